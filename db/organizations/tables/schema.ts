import { currentPerson, deadLetterTable, idempotencyTable, inboxTable, outboxTable } from '@supergraph/platform/columns';
import { sql, type SQL } from 'drizzle-orm';
import { pgPolicy, pgSchema } from 'drizzle-orm/pg-core';

export const schema = pgSchema('organizations');

export const organizationStatus = schema.enum('organization_status', ['ACTIVE', 'SUSPENDED', 'DELETION_SCHEDULED', 'DELETED']);
export const suspensionCause = schema.enum('suspension_cause', ['PLATFORM', 'NO_OWNER']);
export const membershipStatus = schema.enum('membership_status', ['ACTIVE', 'SUSPENDED', 'REMOVED', 'LEFT']);
export const joinMethod = schema.enum('join_method', ['CREATED', 'INVITED', 'DOMAIN', 'ADDED']);
export const invitationStatus = schema.enum('invitation_status', ['PENDING', 'ACCEPTED', 'DECLINED', 'REVOKED', 'EXPIRED']);
export const domainStatus = schema.enum('domain_status', ['PENDING', 'VERIFIED', 'FAILED']);
export const accountKind = schema.enum('account_kind', ['PERSON', 'SERVICE']);
export const accountStatus = schema.enum('account_status', ['ACTIVE', 'SUSPENDED']);

/** The case-folded address and the hash of a link that `asInvited` and `asHolder` set for this transaction. */
export const invitedAddress: SQL = sql`nullif(current_setting('app.invited_address', true), '')`;
export const invitationLink: SQL = sql`nullif(current_setting('app.invitation_link', true), '')`;

/** Whether the transaction reads invitations at all: asked first, because looking for them costs a scan per row. */
export const invitationsAreOpen: SQL = sql`(${invitedAddress} is not null or ${invitationLink} is not null)`;

/** The tenants of the person whom the transaction speaks for; row-level security leaves their own memberships alone. */
export const ownTenants: SQL = sql`select own.organization_id from organizations.memberships own where own.user_id = ${currentPerson} and own.status in ('ACTIVE', 'SUSPENDED')`;

/**
 * A further way to read rows. As a CASE the planner cannot turn it into an index condition and guesses that half of the
 * rows pass; plainly ORed with the tenant's policy it would read and sort whole tenants for one page.
 */
export const readable = (name: string, condition: SQL) =>
  pgPolicy(name, { as: 'permissive', for: 'select', to: 'public', using: sql`case when ${condition} then true else false end` });

export const outbox = outboxTable(schema);
export const inbox = inboxTable(schema);
export const idempotency = idempotencyTable(schema);
export const deadLetters = deadLetterTable(schema);
