import { tenantOnly } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import { boolean, char, foreignKey, integer, text, uuid } from 'drizzle-orm/pg-core';
import { roles } from './members.ts';
import { organizations } from './organizations.ts';
import { ownTenants, readable, schema } from './schema.ts';

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
