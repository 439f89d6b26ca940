import { createdAt, currentPerson, id, moment, tenantOnly } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import { boolean, foreignKey, index, integer, primaryKey, text, unique, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { invitationsAreOpen, joinMethod, membershipStatus, ownTenants, readable, schema } from './schema.ts';
import { organizations } from './organizations.ts';

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
    /** What the person is called, copied so that pages by name are read in their order. */
    memberName: text().notNull().default(''),
    version: integer().notNull().default(1),
    joinedAt: createdAt(),
    endedAt: moment(),
    /** Went while the tenant kept them from acting, and so comes back only by somebody's invitation. */
    leftSuspended: boolean().notNull().default(false),
  },
  (table) => [
    uniqueIndex('memberships_live')
      .on(table.organizationId, table.userId)
      .where(sql`${table.status} in ('ACTIVE', 'SUSPENDED')`),
    // Unique, so that rows of teams can point at it together with the tenant.
    uniqueIndex('memberships_page').on(table.organizationId, table.id),
    // For each status an index of its own: behind the tenants' door the planner looks up no status in a common one.
    index('memberships_suspended')
      .on(table.organizationId, table.id)
      .where(sql`${table.status} = 'SUSPENDED'`),
    index('memberships_ended')
      .on(table.organizationId, table.id)
      .where(sql`${table.status} in ('REMOVED', 'LEFT')`),
    index('memberships_by_name').on(table.organizationId, table.memberName, table.id),
    index('memberships_suspended_by_name')
      .on(table.organizationId, table.memberName, table.id)
      .where(sql`${table.status} = 'SUSPENDED'`),
    index('memberships_ended_by_name')
      .on(table.organizationId, table.memberName, table.id)
      .where(sql`${table.status} in ('REMOVED', 'LEFT')`),
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
