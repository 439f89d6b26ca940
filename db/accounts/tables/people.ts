import { createdAt, id, moment } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import { check, index, integer, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { accounts, linkPurpose, platformRole, userKind, userStatus } from './schema.ts';

export const users = accounts.table(
  'users',
  {
    id: id(),
    kind: userKind().notNull().default('PERSON'),
    /** Lower-case by its alphabet, so it is its own case-folded form. */
    handle: text().notNull(),
    displayName: text().notNull(),
    bio: text(),
    status: userStatus().notNull().default('ACTIVE'),
    /** Always verified: an address that is not yet lives in a registration. */
    email: text(),
    emailFold: text(),
    locale: text(),
    timeZone: text(),
    roles: platformRole().array().notNull().default(['USER']),
    /** That of a service account, which belongs to one; null for people. */
    organizationId: uuid(),
    version: integer().notNull().default(1),
    erasesAt: moment(),
    /** What a search looks into. */
    searchText: text()
      .notNull()
      .generatedAlwaysAs(sql`lower(handle || ' ' || display_name)`),
    createdAt: createdAt(),
  },
  (table) => [
    uniqueIndex('users_handle').on(table.handle),
    uniqueIndex('users_email_fold').on(table.emailFold),
    index('users_created').on(table.createdAt, table.id),
    index('users_search').using('gin', sql`${table.searchText} gin_trgm_ops`),
    index('users_admins')
      .on(table.id)
      .where(sql`'ADMIN' = any(${table.roles})`),
    index('users_moderators')
      .on(table.id)
      .where(sql`'MODERATOR' = any(${table.roles})`),
    // What is rare is found without everybody else.
    index('users_not_active')
      .on(table.status, table.createdAt, table.id)
      .where(sql`${table.status} <> 'ACTIVE'`),
    index('users_services')
      .on(table.createdAt, table.id)
      .where(sql`${table.kind} = 'SERVICE'`),
    index('users_organization')
      .on(table.organizationId)
      .where(sql`${table.organizationId} is not null`),
    index('users_erasing')
      .on(table.erasesAt)
      .where(sql`${table.status} = 'DELETION_SCHEDULED'`),
    check('users_handle_form', sql`${table.handle} ~ '^[a-z0-9_]{3,30}$'`),
  ],
);

/** Given-up handles; without an end for ever. */
export const heldHandles = accounts.table('held_handles', {
  handle: text().primaryKey(),
  /** Who may have it back; nobody once the account is erased. */
  userId: uuid(),
  until: moment(),
});

export const registrations = accounts.table(
  'registrations',
  {
    id: id(),
    email: text().notNull(),
    emailFold: text().notNull(),
    handle: text().notNull(),
    displayName: text().notNull(),
    passwordHash: text().notNull(),
    locale: text(),
    timeZone: text(),
    createdAt: createdAt(),
    expiresAt: moment().notNull(),
  },
  (table) => [index('registrations_email').on(table.emailFold, table.id), index('registrations_expiring').on(table.expiresAt)],
);

/** Addresses that people want to have, and those that they had. */
export const emailChanges = accounts.table(
  'email_changes',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    email: text().notNull(),
    /** Null for a first address: whom another provider brought may have had none. */
    previousEmail: text(),
    createdAt: createdAt(),
    /** When the link to the new address is no longer valid. */
    expiresAt: moment().notNull(),
    confirmedAt: moment(),
  },
  (table) => [index('email_changes_user').on(table.userId, table.id)],
);

/** Links in mails: only the hash of their secret is kept. */
export const secretLinks = accounts.table(
  'secret_links',
  {
    id: id(),
    purpose: linkPurpose().notNull(),
    hash: text().notNull(),
    registrationId: uuid().references(() => registrations.id, { onDelete: 'cascade' }),
    userId: uuid().references(() => users.id),
    emailChangeId: uuid().references(() => emailChanges.id, { onDelete: 'cascade' }),
    createdAt: createdAt(),
    expiresAt: moment().notNull(),
    consumedAt: moment(),
  },
  (table) => [
    uniqueIndex('secret_links_hash').on(table.hash),
    index('secret_links_registration').on(table.registrationId),
    index('secret_links_user').on(table.userId),
    index('secret_links_email_change').on(table.emailChangeId),
    index('secret_links_expiring').on(table.expiresAt),
  ],
);
