import { answersTable, createdAt, id, keepersTable, moment, publicRead, tenantOnly } from '@supergraph/platform/columns';
import { sql, type SQL } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgPolicy,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { organizationStatus, schema, suspensionCause } from './schema.ts';

const halted = (status: AnyPgColumn): SQL => sql`${status} in ('SUSPENDED', 'DELETION_SCHEDULED')`;
const deleted = (status: AnyPgColumn): SQL => sql`${status} = 'DELETED'`;

export const organizations = schema.table(
  'organizations',
  {
    id: id(),
    slug: text().notNull(),
    name: text().notNull(),
    status: organizationStatus().notNull().default('ACTIVE'),
    /** Why it is suspended: the platform's decision, or because no active owner was left. */
    suspendedBecause: suspensionCause(),
    version: integer().notNull().default(1),
    /** Rises with every change of what a membership context holds, and with every change that is told to others. */
    epoch: integer().notNull().default(1),
    /** Live memberships; kept under the row's lock, which every change of members takes. */
    memberCount: integer().notNull().default(0),
    createdAt: createdAt(),
    deletionScheduledAt: moment(),
    /** Where a deletion that is called off leads back to. */
    statusBefore: organizationStatus(),
    erasesAt: moment(),
    /** When the domains were asked to erase; from then on nothing changes and nothing leads back. */
    erasingAt: moment(),
  },
  (table) => [
    index('organizations_erasable')
      .on(table.erasesAt)
      .where(sql`${table.erasesAt} is not null`),
    uniqueIndex('organizations_slug').on(table.slug),
    index('organizations_name_page').on(table.name, table.id),
    // Behind row-level security the planner does not know how rare a status is; an index of its own tells it.
    index('organizations_halted').on(table.id).where(halted(table.status)),
    index('organizations_halted_by_name').on(table.name, table.id).where(halted(table.status)),
    index('organizations_deleted').on(table.id).where(deleted(table.status)),
    index('organizations_deleted_by_name').on(table.name, table.id).where(deleted(table.status)),
    index('organizations_name_search').using('gin', sql`${table.name} gin_trgm_ops`),
    index('organizations_slug_search').using('gin', sql`${table.slug} gin_trgm_ops`),
    check('organizations_member_count', sql`${table.memberCount} >= 0`),
    publicRead('organization', sql`true`),
    tenantOnly(table.id),
  ],
);

export const slugHolds = schema.table(
  'slug_holds',
  {
    slug: text().primaryKey(),
    organizationId: uuid().notNull(),
    heldUntil: moment().notNull(),
  },
  (table) => [
    publicRead('slug_hold', sql`true`),
    pgPolicy('renewable', { as: 'permissive', for: 'update', to: 'public', using: sql`${table.heldUntil} <= now()`, withCheck: sql`true` }),
    tenantOnly(table.organizationId),
  ],
);

export const quotas = schema.table(
  'quotas',
  {
    organizationId: uuid().notNull(),
    key: text().notNull(),
    /** Null is unlimited, as is a missing row. */
    limit: bigint({ mode: 'number' }),
  },
  (table) => [
    primaryKey({ name: 'quotas_key', columns: [table.organizationId, table.key] }),
    foreignKey({ name: 'quotas_organization', columns: [table.organizationId], foreignColumns: [organizations.id] }),
    tenantOnly(table.organizationId),
  ],
);

/** What domains told last of a quota's use, or what was counted here; seats are counted when they are asked for. */
export const quotaUsage = schema.table(
  'quota_usage',
  {
    organizationId: uuid().notNull(),
    key: text().notNull(),
    used: bigint({ mode: 'number' }).notNull().default(0),
    countedAt: moment().notNull(),
    /** Whether the owners were told that little is left; each time is a fact of its own. */
    near: boolean().notNull().default(false),
    nearRound: integer().notNull().default(0),
  },
  (table) => [
    primaryKey({ name: 'quota_usage_key', columns: [table.organizationId, table.key] }),
    foreignKey({ name: 'quota_usage_organization', columns: [table.organizationId], foreignColumns: [organizations.id] }),
    check('quota_usage_used', sql`${table.used} >= 0`),
    tenantOnly(table.organizationId),
  ],
);

/** The domains that keep rows of tenants, as each of them told at its last start. */
export const erasingDomains = keepersTable(schema, 'erasing_domains');

/** Who was asked to erase a tenant's rows, and has. */
export const erasures = answersTable(schema, 'erasures', 'organization_id', (table) => [
  foreignKey({ name: 'erasures_organization', columns: [table.subjectId], foreignColumns: [organizations.id] }),
  tenantOnly(table.subjectId),
]);
