import { createdAt, id, moment } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import { index, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { users } from './people.ts';
import { accounts, externalPurpose } from './schema.ts';

/** Accounts of people at other providers; who they are is issuer and subject together. */
export const externalIdentities = accounts.table(
  'external_identities',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    /** Our name of the provider. */
    provider: text().notNull(),
    issuer: text().notNull(),
    subject: text().notNull(),
    /** What the person knows that account by. */
    label: text().notNull(),
    linkedAt: createdAt(),
    lastUsedAt: moment(),
  },
  (table) => [uniqueIndex('external_identities_who').on(table.issuer, table.subject), index('external_identities_user').on(table.userId)],
);

/** Visits to another provider that are under way; each comes back once, to the browser that went. */
export const externalVisits = accounts.table(
  'external_visits',
  {
    id: id(),
    purpose: externalPurpose().notNull(),
    provider: text().notNull(),
    /** Of the secret that the browser is sent with; null until it goes. */
    stateHash: text(),
    /** Of the secret that the browser keeps; null until it goes. */
    browserHash: text(),
    /** Of the secret in the link that begins a LINK. */
    linkHash: text(),
    /** What the visit needs when it comes back, encrypted. */
    sealed: text().notNull(),
    userId: uuid(),
    /** In which a LINK was asked for; it must not outlive that session. */
    sessionId: uuid(),
    createdAt: createdAt(),
    expiresAt: moment().notNull(),
    consumedAt: moment(),
  },
  (table) => [
    uniqueIndex('external_visits_state')
      .on(table.stateHash)
      .where(sql`${table.stateHash} is not null`),
    uniqueIndex('external_visits_link')
      .on(table.linkHash)
      .where(sql`${table.linkHash} is not null`),
    index('external_visits_expiring').on(table.expiresAt),
  ],
);
