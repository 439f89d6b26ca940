import { createdAt, id, moment } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import { bigint, boolean, check, index, integer, jsonb, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
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
    uniqueIndex('signing_keys_one_next')
      .on(table.state)
      .where(sql`${table.state} = 'NEXT'`),
  ],
);

/**
 * Partitioned by month. The service's role reads it, and appends through the function `append_audit` alone, which keeps
 * the chain; a trigger refuses changes to everybody. Months go as a whole, after 400 days, by `drop_audit_months`.
 */
export const auditEvents = accounts.table(
  'audit_events',
  {
    id: uuid().notNull(),
    /** Rises by one, in the order of the chain, which is the order of the commits. */
    position: bigint({ mode: 'number' }).notNull(),
    name: text().notNull(),
    /** By the database's clock, which is one for all processes. */
    at: moment().notNull(),
    actorId: uuid(),
    onBehalfOfId: uuid(),
    /** Whom it concerns, and who may read it. */
    subjectId: uuid(),
    clientId: text(),
    organizationId: uuid(),
    target: text(),
    ipAddress: text(),
    details: jsonb().$type<Record<string, unknown>>().notNull(),
    previousHash: text().notNull(),
    hash: text().notNull(),
  },
  (table) => [
    primaryKey({ name: 'audit_events_key', columns: [table.at, table.position] }),
    index('audit_events_chain').on(table.position),
    index('audit_events_actor').on(table.actorId, table.position),
    index('audit_events_subject').on(table.subjectId, table.position),
    index('audit_events_target').on(table.target, table.position),
    index('audit_events_name').on(table.name, table.position),
    index('audit_events_organization')
      .on(table.organizationId, table.position)
      .where(sql`${table.organizationId} is not null`),
  ],
);

/** The end of the chain, in one row that appending locks. */
export const auditHead = accounts.table(
  'audit_head',
  { one: boolean().primaryKey().default(true), position: bigint({ mode: 'number' }).notNull(), hash: text().notNull() },
  (table) => [check('audit_head_one', sql`${table.one}`)],
);

/** Mails with a secret link, encrypted until they are sent and emptied then. */
export const mailQueue = accounts.table(
  'mail_queue',
  {
    id: id(),
    sealed: text(),
    attempts: integer().notNull().default(0),
    createdAt: createdAt(),
    /** Not before; also while somebody sends it. */
    nextTryAt: createdAt(),
    giveUpAt: moment().notNull(),
    sentAt: moment(),
  },
  (table) => [
    index('mail_queue_due')
      .on(table.nextTryAt)
      .where(sql`${table.sealed} is not null`),
  ],
);
