import { createdAt, id, moment } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import { bigint, boolean, index, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { users } from './people.ts';
import { accounts } from './schema.ts';

export const passwords = accounts.table(
  'passwords',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    hash: text().notNull(),
    createdAt: createdAt(),
    changedAt: createdAt(),
    lastUsedAt: moment(),
  },
  (table) => [uniqueIndex('passwords_user').on(table.userId)],
);

/** Authenticator apps; one that is not confirmed yet is an enrollment and counts for nothing. */
export const totpCredentials = accounts.table(
  'totp_credentials',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    /** The session that began the enrollment, and alone may confirm it. */
    sessionId: uuid().notNull(),
    label: text().notNull(),
    sealedSecret: text().notNull(),
    createdAt: createdAt(),
    /** When the enrollment is no longer valid. */
    expiresAt: moment().notNull(),
    confirmedAt: moment(),
    lastUsedAt: moment(),
  },
  (table) => [
    index('totp_credentials_user').on(table.userId),
    index('totp_credentials_expiring')
      .on(table.expiresAt)
      .where(sql`${table.confirmedAt} is null`),
  ],
);

/** The time steps whose code an account has used up, whichever app made it. */
export const totpSteps = accounts.table(
  'totp_steps',
  { userId: uuid().notNull(), step: bigint({ mode: 'number' }).notNull(), usedAt: moment().notNull() },
  (table) => [primaryKey({ name: 'totp_steps_key', columns: [table.userId, table.step] }), index('totp_steps_used').on(table.usedAt)],
);

/** Only a keyed hash of each code is kept. Codes that were made together are one credential. */
export const recoveryCodes = accounts.table(
  'recovery_codes',
  {
    id: id(),
    setId: uuid().notNull(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    hash: text().notNull(),
    createdAt: createdAt(),
    consumedAt: moment(),
  },
  (table) => [uniqueIndex('recovery_codes_hash').on(table.userId, table.hash)],
);

export const passkeys = accounts.table(
  'passkeys',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    /** What the authenticator calls it, in base64url. */
    credentialId: text().notNull(),
    /** COSE, in base64url. */
    publicKey: text().notNull(),
    counter: bigint({ mode: 'number' }).notNull(),
    transports: text().array().notNull(),
    backedUp: boolean().notNull(),
    /** Whether its authenticator was seen to make sure who its owner is: only such a one opens the account alone. */
    verifiesUser: boolean().notNull().default(false),
    label: text().notNull(),
    createdAt: createdAt(),
    lastUsedAt: moment(),
    /** Set when its counter went back: somebody may have copied it. */
    disabledAt: moment(),
  },
  (table) => [uniqueIndex('passkeys_credential').on(table.credentialId), index('passkeys_user').on(table.userId)],
);

/** Clients that need no second factor for a while; only the hash of their secret is kept. */
export const trustedDevices = accounts.table(
  'trusted_devices',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    hash: text().notNull(),
    createdAt: createdAt(),
    lastUsedAt: moment(),
    expiresAt: moment().notNull(),
  },
  (table) => [
    uniqueIndex('trusted_devices_hash').on(table.hash),
    index('trusted_devices_user').on(table.userId),
    index('trusted_devices_expiring').on(table.expiresAt),
  ],
);
