import { createdAt, id, moment } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import { bigint, index, integer, jsonb, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { accounts, keyState } from './schema.ts';

export const signingKeys = accounts.table(
  'signing_keys',
  {
    kid: text().primaryKey(),
    algorithm: text().notNull(),
    state: keyState().notNull(),
    publicJwk: jsonb().$type<Record<string, unknown>>().notNull(),
    sealedPrivateKey: text().notNull(),
    createdAt: createdAt(),
    activeFrom: moment(),
    removeAfter: moment(),
  },
  (table) => [
    uniqueIndex('signing_keys_one_active')
      .on(table.state)
      .where(sql`${table.state} = 'ACTIVE'`),
  ],
);

/** The service's role may insert and read, nothing else: the migration takes the other rights away. */
export const auditEvents = accounts.table(
  'audit_events',
  {
    id: id(),
    /** Rises in the order of the chain. */
    position: bigint({ mode: 'number' }).notNull(),
    name: text().notNull(),
    at: moment().notNull(),
    actorId: uuid(),
    onBehalfOfId: uuid(),
    clientId: text(),
    organizationId: uuid(),
    target: text(),
    ipAddress: text(),
    details: jsonb().$type<Record<string, unknown>>().notNull(),
    previousHash: text().notNull(),
    hash: text().notNull(),
  },
  (table) => [
    uniqueIndex('audit_events_position').on(table.position),
    index('audit_events_actor').on(table.actorId, table.id),
    index('audit_events_target').on(table.target, table.id),
  ],
);

/** Mails with a secret link, encrypted until they are sent and emptied then. */
export const mailQueue = accounts.table(
  'mail_queue',
  {
    id: id(),
    sealed: text(),
    attempts: integer().notNull().default(0),
    createdAt: createdAt(),
    giveUpAt: moment().notNull(),
    sentAt: moment(),
  },
  (table) => [
    index('mail_queue_waiting')
      .on(table.id)
      .where(sql`${table.sealed} is not null`),
  ],
);
