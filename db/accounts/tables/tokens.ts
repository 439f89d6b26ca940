import { createdAt, id, moment } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import { index, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { users } from './people.ts';
import { accounts } from './schema.ts';

/** Personal access tokens: only the hash is kept. */
export const accessTokens = accounts.table(
  'access_tokens',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id),
    /** The person who made it; another one than its account where that is a service account. */
    createdById: uuid().notNull(),
    name: text().notNull(),
    /** The part of the token that anybody may see. */
    prefix: text().notNull(),
    hash: text().notNull(),
    scopes: text().array().notNull(),
    organizationId: uuid(),
    /** How sure its maker was proved to be. */
    acr: text().notNull(),
    createdAt: createdAt(),
    expiresAt: moment().notNull(),
    lastUsedAt: moment(),
    warnedAt: moment(),
    revokedAt: moment(),
  },
  (table) => [
    uniqueIndex('access_tokens_hash').on(table.hash),
    index('access_tokens_user_page').on(table.userId, table.id),
    index('access_tokens_organization')
      .on(table.organizationId)
      .where(sql`${table.organizationId} is not null and ${table.revokedAt} is null`),
    index('access_tokens_expiring')
      .on(table.expiresAt)
      .where(sql`${table.warnedAt} is null and ${table.revokedAt} is null`),
    index('access_tokens_revoked')
      .on(table.revokedAt)
      .where(sql`${table.revokedAt} is not null`),
  ],
);
