import { createdAt, currentPerson, currentTenant, id, moment, tenantOnly } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import { foreignKey, index, integer, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { invitationLink, invitationStatus, invitedAddress, readable, schema } from './schema.ts';
import { organizations } from './organizations.ts';
import { roles } from './members.ts';

export const invitations = schema.table(
  'invitations',
  {
    id: id(),
    organizationId: uuid().notNull(),
    email: text().notNull(),
    emailFold: text().notNull(),
    roleId: uuid().notNull(),
    status: invitationStatus().notNull().default('PENDING'),
    /** Null: nobody did; the domain of the address let them in. */
    invitedById: uuid(),
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
    // For each status an index of its own: behind the tenants' door the planner looks up no status in a common one.
    index('invitations_waiting')
      .on(table.organizationId, table.id)
      .where(sql`${table.status} = 'PENDING'`),
    index('invitations_in_vain')
      .on(table.organizationId, table.id)
      .where(sql`${table.status} in ('DECLINED', 'REVOKED', 'EXPIRED')`),
    index('invitations_of_address')
      .on(table.emailFold, table.id)
      .where(sql`${table.status} = 'PENDING'`),
    index('invitations_of_any_status').on(table.emailFold, table.id),
    index('invitations_of_invitee')
      .on(table.inviteeUserId, table.id)
      .where(sql`${table.inviteeUserId} is not null`),
    index('invitations_of_inviter')
      .on(table.invitedById, table.id)
      .where(sql`${table.invitedById} is not null`),
    index('invitations_of_role').on(table.organizationId, table.roleId),
    foreignKey({ name: 'invitations_organization', columns: [table.organizationId], foreignColumns: [organizations.id] }),
    foreignKey({
      name: 'invitations_role',
      columns: [table.organizationId, table.roleId],
      foreignColumns: [roles.organizationId, roles.id],
    }),
    // Behind no tenant's door alone: what a person asks in one tenant never shows rows of another.
    readable('person_reads_own', sql`${currentTenant} is null and ${currentPerson} in (${table.inviteeUserId}, ${table.invitedById})`),
    readable('address_reads', sql`${table.emailFold} = ${invitedAddress}`),
    readable('link_reads', sql`${table.tokenHash} = ${invitationLink}`),
    tenantOnly(table.organizationId),
  ],
);

export const mailQueue = schema.table(
  'mail_queue',
  {
    id: id(),
    organizationId: uuid().notNull(),
    /** Address, subject and text, encrypted; emptied when the mail is sent. */
    sealed: text(),
    createdAt: createdAt(),
    attempts: integer().notNull().default(0),
    /** So long nobody tries it: somebody sends it, or it could not be sent. */
    nextTryAt: moment(),
    sentAt: moment(),
  },
  (table) => [
    index('mail_queue_waiting')
      .on(table.organizationId, table.id)
      .where(sql`${table.sentAt} is null`),
    tenantOnly(table.organizationId),
  ],
);
