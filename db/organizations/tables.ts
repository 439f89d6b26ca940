import {
  createdAt,
  currentPerson,
  currentTenant,
  deadLetterTable,
  id,
  idempotencyTable,
  inboxTable,
  moment,
  outboxTable,
  publicRead,
  tenantOnly,
} from '@supergraph/platform/columns';
import { sql, type SQL } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  boolean,
  char,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgPolicy,
  pgSchema,
  primaryKey,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';

export const schema = pgSchema('organizations');

export const organizationStatus = schema.enum('organization_status', ['ACTIVE', 'SUSPENDED', 'DELETION_SCHEDULED', 'DELETED']);
export const suspensionCause = schema.enum('suspension_cause', ['PLATFORM', 'NO_OWNER']);
export const membershipStatus = schema.enum('membership_status', ['ACTIVE', 'SUSPENDED', 'REMOVED', 'LEFT']);
export const joinMethod = schema.enum('join_method', ['CREATED', 'INVITED', 'DOMAIN', 'ADDED']);
export const invitationStatus = schema.enum('invitation_status', ['PENDING', 'ACCEPTED', 'DECLINED', 'REVOKED', 'EXPIRED']);
export const accountKind = schema.enum('account_kind', ['PERSON', 'SERVICE']);
export const accountStatus = schema.enum('account_status', ['ACTIVE', 'SUSPENDED']);

/** The case-folded address and the hash of a link that `asInvited` and `asHolder` set for this transaction. */
const invitedAddress: SQL = sql`nullif(current_setting('app.invited_address', true), '')`;
const invitationLink: SQL = sql`nullif(current_setting('app.invitation_link', true), '')`;

/** Whether the transaction reads invitations at all: asked first, because looking for them costs a scan per row. */
const invitationsAreOpen: SQL = sql`(${invitedAddress} is not null or ${invitationLink} is not null)`;

/**
 * A further way to read rows. As a CASE the planner cannot turn it into an index condition and guesses that half of the
 * rows pass; plainly ORed with the tenant's policy it would read and sort whole tenants for one page.
 */
const readable = (name: string, condition: SQL) =>
  pgPolicy(name, { as: 'permissive', for: 'select', to: 'public', using: sql`case when ${condition} then true else false end` });

/** What an audit event says beside its name; values are plain and hold no secret. */
export type AuditDetails = Readonly<Record<string, unknown>>;

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
  },
  (table) => [
    uniqueIndex('organizations_slug').on(table.slug),
    index('organizations_name_page').on(table.name, table.id),
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

export const memberships = schema.table(
  'memberships',
  {
    id: id(),
    organizationId: uuid().notNull(),
    userId: uuid().notNull(),
    roleId: uuid().notNull(),
    status: membershipStatus().notNull().default('ACTIVE'),
    joinedBy: joinMethod().notNull(),
    title: text(),
    version: integer().notNull().default(1),
    joinedAt: createdAt(),
    endedAt: moment(),
  },
  (table) => [
    uniqueIndex('memberships_live')
      .on(table.organizationId, table.userId)
      .where(sql`${table.status} in ('ACTIVE', 'SUSPENDED')`),
    // Unique, so that rows of teams can point at it together with the tenant.
    uniqueIndex('memberships_page').on(table.organizationId, table.id),
    index('memberships_of_role').on(table.organizationId, table.roleId, table.id),
    index('memberships_of_person').on(table.userId, table.id),
    foreignKey({ name: 'memberships_organization', columns: [table.organizationId], foreignColumns: [organizations.id] }),
    foreignKey({
      name: 'memberships_role',
      columns: [table.organizationId, table.roleId],
      foreignColumns: [roles.organizationId, roles.id],
    }),
    readable('person_reads_own', sql`${table.userId} = ${currentPerson}`),
    tenantOnly(table.organizationId),
  ],
);

/** The tenants of the person whom the transaction speaks for; row-level security leaves their own memberships alone. */
const ownTenants: SQL = sql`select own.organization_id from organizations.memberships own where own.user_id = ${currentPerson} and own.status in ('ACTIVE', 'SUSPENDED')`;

export const roles = schema.table(
  'roles',
  {
    id: id(),
    organizationId: uuid().notNull(),
    key: text().notNull(),
    name: text().notNull(),
    builtIn: boolean().notNull().default(false),
    /** Of a custom role; what a built-in one holds stands in the code, so that new keys reach it. */
    permissions: text()
      .array()
      .notNull()
      .default(sql`'{}'`),
    version: integer().notNull().default(1),
    createdAt: createdAt(),
  },
  (table) => [
    unique('roles_key').on(table.organizationId, table.key),
    unique('roles_tenant_id').on(table.organizationId, table.id),
    foreignKey({ name: 'roles_organization', columns: [table.organizationId], foreignColumns: [organizations.id] }),
    readable('members_read', sql`${table.organizationId} in (${ownTenants})`),
    readable(
      'invited_read',
      sql`${invitationsAreOpen} and exists (select 1 from organizations.invitations invited where invited.organization_id = ${table.organizationId} and invited.role_id = ${table.id})`,
    ),
    tenantOnly(table.organizationId),
  ],
);

export const invitations = schema.table(
  'invitations',
  {
    id: id(),
    organizationId: uuid().notNull(),
    email: text().notNull(),
    emailFold: text().notNull(),
    roleId: uuid().notNull(),
    status: invitationStatus().notNull().default('PENDING'),
    invitedById: uuid().notNull(),
    inviteeUserId: uuid(),
    /** Teams to join; those that are gone when it is accepted are left out. */
    teamIds: uuid()
      .array()
      .notNull()
      .default(sql`'{}'`),
    tokenHash: text().notNull(),
    /** How often a link was made; notices of one round are one fact. */
    round: integer().notNull().default(1),
    expiresAt: moment().notNull(),
    createdAt: createdAt(),
    answeredAt: moment(),
  },
  (table) => [
    uniqueIndex('invitations_pending')
      .on(table.organizationId, table.emailFold)
      .where(sql`${table.status} = 'PENDING'`),
    uniqueIndex('invitations_link').on(table.tokenHash),
    index('invitations_page').on(table.organizationId, table.id),
    index('invitations_of_address')
      .on(table.emailFold, table.id)
      .where(sql`${table.status} = 'PENDING'`),
    index('invitations_of_role').on(table.organizationId, table.roleId),
    foreignKey({ name: 'invitations_organization', columns: [table.organizationId], foreignColumns: [organizations.id] }),
    foreignKey({
      name: 'invitations_role',
      columns: [table.organizationId, table.roleId],
      foreignColumns: [roles.organizationId, roles.id],
    }),
    readable('address_reads', sql`${table.emailFold} = ${invitedAddress}`),
    readable('link_reads', sql`${table.tokenHash} = ${invitationLink}`),
    tenantOnly(table.organizationId),
  ],
);

export const teams = schema.table(
  'teams',
  {
    id: id(),
    organizationId: uuid().notNull(),
    name: text().notNull(),
    version: integer().notNull().default(1),
    createdAt: createdAt(),
  },
  (table) => [
    uniqueIndex('teams_name').on(table.organizationId, sql`lower(${table.name})`),
    unique('teams_tenant_id').on(table.organizationId, table.id),
    foreignKey({ name: 'teams_organization', columns: [table.organizationId], foreignColumns: [organizations.id] }),
    readable('members_read', sql`${table.organizationId} in (${ownTenants})`),
    readable(
      'invited_read',
      sql`${invitationsAreOpen} and exists (select 1 from organizations.invitations invited where invited.organization_id = ${table.organizationId} and ${table.id} = any(invited.team_ids))`,
    ),
    tenantOnly(table.organizationId),
  ],
);

export const teamMembers = schema.table(
  'team_members',
  {
    organizationId: uuid().notNull(),
    teamId: uuid().notNull(),
    membershipId: uuid().notNull(),
  },
  (table) => [
    primaryKey({ name: 'team_members_key', columns: [table.organizationId, table.teamId, table.membershipId] }),
    index('team_members_of_member').on(table.organizationId, table.membershipId),
    foreignKey({
      name: 'team_members_team',
      columns: [table.organizationId, table.teamId],
      foreignColumns: [teams.organizationId, teams.id],
    }),
    foreignKey({
      name: 'team_members_membership',
      columns: [table.organizationId, table.membershipId],
      foreignColumns: [memberships.organizationId, memberships.id],
    }),
    readable(
      'person_reads_own',
      sql`${currentPerson} is not null and exists (select 1 from organizations.memberships own where own.id = ${table.membershipId} and own.user_id = ${currentPerson})`,
    ),
    tenantOnly(table.organizationId),
  ],
);

export const settings = schema.table(
  'settings',
  {
    organizationId: uuid().primaryKey(),
    requireMfa: boolean().notNull().default(false),
    defaultRoleId: uuid().notNull(),
    invitationDays: integer().notNull().default(7),
    guestsSeeMembers: boolean().notNull().default(false),
    allowedInviteDomains: text()
      .array()
      .notNull()
      .default(sql`'{}'`),
    locale: text().notNull(),
    timeZone: text().notNull(),
    currency: char({ length: 3 }).notNull(),
    weekStartsOn: integer().notNull().default(1),
    version: integer().notNull().default(1),
  },
  (table) => [
    foreignKey({ name: 'settings_organization', columns: [table.organizationId], foreignColumns: [organizations.id] }),
    foreignKey({
      name: 'settings_role',
      columns: [table.organizationId, table.defaultRoleId],
      foreignColumns: [roles.organizationId, roles.id],
    }),
    readable('members_read', sql`${table.organizationId} in (${ownTenants})`),
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
  (table) => [index('people_address').on(table.emailFold)],
);

export const mailQueue = schema.table(
  'mail_queue',
  {
    id: id(),
    organizationId: uuid().notNull(),
    /** Address, subject and text, encrypted; emptied when the mail is sent. */
    sealed: text(),
    createdAt: createdAt(),
    sentAt: moment(),
  },
  (table) => [
    index('mail_queue_waiting')
      .on(table.organizationId, table.id)
      .where(sql`${table.sentAt} is null`),
    tenantOnly(table.organizationId),
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
    index('audit_events_page').on(table.organizationId, table.id),
    index('audit_events_actor').on(table.organizationId, table.actorId, table.id),
    index('audit_events_target').on(table.organizationId, table.target, table.id),
    index('audit_events_at').on(table.at),
    foreignKey({ name: 'audit_events_organization', columns: [table.organizationId], foreignColumns: [organizations.id] }),
    readable('old_found', forgettable(table.at)),
    pgPolicy('old_deleted', { as: 'permissive', for: 'delete', to: 'public', using: forgettable(table.at) }),
    tenantOnly(table.organizationId),
  ],
);

export const outbox = outboxTable(schema);
export const inbox = inboxTable(schema);
export const idempotency = idempotencyTable(schema);
export const deadLetters = deadLetterTable(schema);
