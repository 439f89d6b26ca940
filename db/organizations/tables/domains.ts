import { createdAt, currentTenant, id, moment, tenantOnly } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import { boolean, foreignKey, index, integer, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { roles } from './members.ts';
import { organizations } from './organizations.ts';
import { domainStatus, invitedAddress, readable, schema } from './schema.ts';

export const domains = schema.table(
  'domains',
  {
    id: id(),
    organizationId: uuid().notNull(),
    name: text().notNull(),
    status: domainStatus().notNull().default('PENDING'),
    /** What the TXT record must say; no secret, for it is published. */
    challenge: text().notNull(),
    autoJoin: boolean().notNull().default(false),
    joinRoleId: uuid().notNull(),
    verifiedAt: moment(),
    /** When the proof was last repeated, and how often in a row it failed. */
    checkedAt: moment(),
    failures: integer().notNull().default(0),
    createdAt: createdAt(),
  },
  (table) => [
    uniqueIndex('domains_name').on(table.organizationId, table.name),
    uniqueIndex('domains_verified')
      .on(table.name)
      .where(sql`${table.status} = 'VERIFIED'`),
    index('domains_of_role').on(table.organizationId, table.joinRoleId),
    index('domains_checked')
      .on(table.checkedAt)
      .where(sql`${table.status} = 'VERIFIED'`),
    foreignKey({ name: 'domains_organization', columns: [table.organizationId], foreignColumns: [organizations.id] }),
    foreignKey({
      name: 'domains_role',
      columns: [table.organizationId, table.joinRoleId],
      foreignColumns: [roles.organizationId, roles.id],
    }),
    // Whose verified address is of the domain may know that it lets them in.
    readable(
      'address_finds',
      sql`${table.status} = 'VERIFIED' and ${table.autoJoin} and ${table.name} = split_part(${invitedAddress}, '@', 2)`,
    ),
    // The daily proof looks through all tenants, and behind no tenant's door alone.
    readable('proof_finds', sql`${currentTenant} is null and ${table.status} = 'VERIFIED'`),
    tenantOnly(table.organizationId),
  ],
);
