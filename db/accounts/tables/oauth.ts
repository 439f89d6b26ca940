import { createdAt, id, moment } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import { boolean, index, integer, jsonb, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { users } from './people.ts';
import { accounts, oauthClientType } from './schema.ts';

/** Programs that people sign in to with their account, and programs that act for a service account. */
export const oauthClients = accounts.table(
  'oauth_clients',
  {
    /** `client_id`. */
    id: text().primaryKey(),
    name: text().notNull(),
    logoUrl: text(),
    type: oauthClientType().notNull(),
    /** Null for public clients, which cannot keep a secret. */
    secretHash: text(),
    redirectUris: text().array().notNull(),
    postLogoutRedirectUris: text().array().notNull(),
    scopes: text().array().notNull(),
    /** One of the platform's own: nobody is asked for consent. */
    firstParty: boolean().notNull().default(false),
    /** The account that a SERVICE client acts for. */
    serviceAccountId: uuid().references(() => users.id),
    /** Who may change it; null for what the platform made itself. */
    ownerId: uuid().references(() => users.id),
    createdAt: createdAt(),
    disabledAt: moment(),
    version: integer().notNull().default(1),
  },
  (table) => [
    index('oauth_clients_owner_page').on(table.ownerId, table.createdAt, table.id),
    index('oauth_clients_page').on(table.createdAt, table.id),
    index('oauth_clients_service')
      .on(table.serviceAccountId)
      .where(sql`${table.serviceAccountId} is not null`),
  ],
);

/** What people allowed clients; it is asked once per client and set of scopes. */
export const appGrants = accounts.table(
  'app_grants',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    clientId: text()
      .notNull()
      .references(() => oauthClients.id),
    scopes: text().array().notNull(),
    /** The one organization in which the client may act for the person. */
    organizationId: uuid(),
    grantedAt: createdAt(),
    lastUsedAt: moment(),
    revokedAt: moment(),
  },
  (table) => [
    uniqueIndex('app_grants_pair')
      .on(table.userId, table.clientId)
      .where(sql`${table.revokedAt} is null`),
    index('app_grants_client').on(table.clientId),
    index('app_grants_organization')
      .on(table.organizationId)
      .where(sql`${table.organizationId} is not null and ${table.revokedAt} is null`),
  ],
);

/** What the OAuth provider keeps between two requests: interactions, codes, grants, its own sessions; all of it sealed. */
export const oauthArtifacts = accounts.table(
  'oauth_artifacts',
  {
    kind: text().notNull(),
    /** SHA-256 of its id, which is a secret for most. */
    idHash: text().notNull(),
    sealed: text().notNull(),
    grantId: text(),
    uidHash: text(),
    userCodeHash: text(),
    userId: uuid(),
    clientId: text(),
    /** What we note beside it. */
    details: jsonb().$type<Record<string, unknown>>(),
    createdAt: createdAt(),
    expiresAt: moment().notNull(),
    consumedAt: moment(),
  },
  (table) => [
    primaryKey({ name: 'oauth_artifacts_key', columns: [table.kind, table.idHash] }),
    index('oauth_artifacts_grant')
      .on(table.grantId)
      .where(sql`${table.grantId} is not null`),
    uniqueIndex('oauth_artifacts_uid')
      .on(table.kind, table.uidHash)
      .where(sql`${table.uidHash} is not null`),
    uniqueIndex('oauth_artifacts_user_code')
      .on(table.userCodeHash)
      .where(sql`${table.userCodeHash} is not null`),
    index('oauth_artifacts_user')
      .on(table.userId)
      .where(sql`${table.userId} is not null`),
    index('oauth_artifacts_expiring').on(table.expiresAt),
  ],
);
