import { createdAt, currentPerson, currentTenant, id, tenantOnly } from '@supergraph/platform/columns';
import { sql, type SQL } from 'drizzle-orm';
import { type AnyPgColumn, foreignKey, index, integer, jsonb, pgPolicy, text, uuid } from 'drizzle-orm/pg-core';
import { accountKind, accountStatus, readable, schema } from './schema.ts';
import { organizations } from './organizations.ts';

/** What an audit event says beside its name; values are plain and hold no secret. */
export type AuditDetails = Readonly<Record<string, unknown>>;

/** What is copied of people from accounts: to find members by name and invited addresses that belong to somebody. */
export const people = schema.table(
  'people',
  {
    userId: uuid().primaryKey(),
    kind: accountKind().notNull().default('PERSON'),
    status: accountStatus().notNull().default('ACTIVE'),
    handle: text().notNull().default(''),
    displayName: text().notNull().default(''),
    emailFold: text(),
    locale: text(),
    version: integer().notNull().default(0),
  },
  (table) => [
    index('people_address').on(table.emailFold),
    index('people_name_search').using('gin', sql`${table.displayName} gin_trgm_ops`),
    index('people_handle_search').using('gin', sql`${table.handle} gin_trgm_ops`),
  ],
);

/** Behind no tenant's door, and older than the log is kept: what the function that forgets may find and delete. */
const forgettable = (at: AnyPgColumn): SQL => sql`${currentTenant} is null and ${at} < now() - interval '400 days'`;

/** What was done in a tenant. The service's role may add and read; two functions alone delete, of what is old or erased. */
export const auditEvents = schema.table(
  'audit_events',
  {
    id: id(),
    organizationId: uuid().notNull(),
    /** `<thing>.<past verb>` */
    name: text().notNull(),
    at: createdAt(),
    /** Null: nobody asked for it, it followed. */
    actorId: uuid(),
    /** The id of what it was done to. */
    target: text(),
    details: jsonb().$type<AuditDetails>().notNull(),
  },
  (table) => [
    index('audit_events_by_time').on(table.organizationId, table.at, table.id),
    index('audit_events_by_actor').on(table.organizationId, table.actorId, table.at, table.id),
    index('audit_events_by_target').on(table.organizationId, table.target, table.at, table.id),
    index('audit_events_by_name').on(table.organizationId, table.name, table.at, table.id),
    index('audit_events_of_person')
      .on(table.actorId, table.id)
      .where(sql`${table.actorId} is not null`),
    index('audit_events_at').on(table.at),
    foreignKey({ name: 'audit_events_organization', columns: [table.organizationId], foreignColumns: [organizations.id] }),
    readable('person_reads_own', sql`${currentTenant} is null and ${table.actorId} = ${currentPerson}`),
    readable('old_found', forgettable(table.at)),
    pgPolicy('old_deleted', { as: 'permissive', for: 'delete', to: 'public', using: forgettable(table.at) }),
    tenantOnly(table.organizationId),
  ],
);
