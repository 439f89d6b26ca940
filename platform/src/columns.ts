import { sql, type SQL } from 'drizzle-orm';
import {
  bigint,
  customType,
  index,
  integer,
  jsonb,
  pgPolicy,
  primaryKey,
  text,
  timestamp,
  uuid,
  type AnyPgColumn,
  type PgSchema,
  type PgTableExtraConfigValue,
} from 'drizzle-orm/pg-core';
import { v7 } from 'uuid';

/** The primary key of a table: a UUIDv7 made by the application, so ids sort by the time they were made. */
export const id = () =>
  uuid()
    .primaryKey()
    .$defaultFn(() => v7());

/** A moment with time zone, to the millisecond, as a `Date`. */
export const moment = () => timestamp({ precision: 3, withTimezone: true, mode: 'date' });

/** When the row was inserted; the database's clock unless a rule gives another. */
export const createdAt = () => moment().notNull().defaultNow();

/** When the row was last changed; starts as the time of insertion and is set by the store on each update. */
export const updatedAt = () => moment().notNull().defaultNow();

/** The text search vector of PostgreSQL, as its text form. */
export const tsvector = customType<{ data: string; driverData: string }>({ dataType: () => 'tsvector' });

/** The tenant that `inTenant` chose for this transaction, or null. */
export const currentTenant: SQL = sql`nullif(current_setting('app.organization_id', true), '')::uuid`;

/** The person that `inTenant`, `asPerson` or `inScope` set for this transaction, or null. */
export const currentPerson: SQL = sql`nullif(current_setting('app.user_id', true), '')::uuid`;

/** Rows are read and written only by the tenant that the column names. */
export const tenantOnly = (column: AnyPgColumn) => onlyWhere(`tenant_only_${snakeCase(column.name)}`, sql`${column} = ${currentTenant}`);

/** Rows are read and written only by the person that the column names. */
export const personOnly = (column: AnyPgColumn) => onlyWhere(`person_only_${snakeCase(column.name)}`, sql`${column} = ${currentPerson}`);

/** Whether the transaction's token works everywhere, and not in one tenant alone. */
const isUnconfined: SQL = sql`coalesce(current_setting('app.confined', true), '') = ''`;

/** Like `tenantOnly`, but rows that belong to no tenant are read and written by everybody whose token is not confined to one. */
export const tenantOrNone = (column: AnyPgColumn) =>
  onlyWhere(
    `tenant_or_none_${snakeCase(column.name)}`,
    sql`case when ${column} is null then ${isUnconfined} else ${column} = ${currentTenant} end`,
  );

/** Opens the rows that fit the condition to every reader, beside what the table's other policies allow. */
export const publicRead = (name: string, condition: SQL) =>
  pgPolicy(`public_read_${snakeCase(name)}`, { as: 'permissive', for: 'select', to: 'public', using: condition });

/** Domain events waiting to be carried; `position` is an identity and not the order of commits. */
export const outboxTable = (schema: PgSchema) =>
  schema.table(
    'outbox',
    {
      position: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
      eventId: uuid().notNull().unique('outbox_event'),
      name: text().notNull(),
      key: text().notNull(),
      envelope: jsonb().notNull(),
      createdAt: createdAt(),
      publishedAt: moment(),
    },
    (table) => [
      index('outbox_waiting_by_key')
        .on(table.key, table.position)
        .where(sql`${table.publishedAt} is null`),
      index('outbox_waiting')
        .on(table.position)
        .where(sql`${table.publishedAt} is null`),
    ],
  );
export type OutboxTable = ReturnType<typeof outboxTable>;

/** Which consumer has already had which event, so that each event has its effect once. */
export const inboxTable = (schema: PgSchema) =>
  schema.table('inbox', { consumer: text().notNull(), eventId: uuid().notNull(), receivedAt: createdAt() }, (table) => [
    primaryKey({ name: 'inbox_key', columns: [table.consumer, table.eventId] }),
    index('inbox_received').on(table.receivedAt),
  ]);
export type InboxTable = ReturnType<typeof inboxTable>;

/** Answers of mutations by idempotency key; `scope` is the user's id or the calling service's name. */
export const idempotencyTable = (schema: PgSchema) =>
  schema.table(
    'idempotency',
    {
      scope: text().notNull(),
      operation: text().notNull(),
      key: text().notNull(),
      inputHash: text().notNull(),
      answer: jsonb(),
      createdAt: createdAt(),
    },
    (table) => [
      primaryKey({ name: 'idempotency_key', columns: [table.scope, table.operation, table.key] }),
      index('idempotency_created').on(table.createdAt),
    ],
  );
export type IdempotencyTable = ReturnType<typeof idempotencyTable>;

/** Events that a consumer could not take after all attempts, set aside for a person. */
export const deadLetterTable = (schema: PgSchema) =>
  schema.table(
    'dead_letter',
    {
      id: id(),
      consumer: text().notNull(),
      eventId: uuid().notNull(),
      name: text().notNull(),
      envelope: jsonb().notNull(),
      reason: text().notNull(),
      attempts: integer().notNull(),
      failedAt: createdAt(),
    },
    (table) => [index('dead_letter_failed').on(table.failedAt)],
  );
export type DeadLetterTable = ReturnType<typeof deadLetterTable>;

/** The domains that keep rows of what this domain gives up, as each of them told at its last start. */
export const keepersTable = (schema: PgSchema, name: string) =>
  schema.table(name, { domain: text().primaryKey(), heardAt: moment().notNull() });
export type KeepersTable = ReturnType<typeof keepersTable>;

/** The limits of tenants that a domain keeps, as organizations told them; without a row, or with null, there is none. */
export const quotaLimitsTable = (schema: PgSchema) =>
  schema.table('quota_limits', { organizationId: uuid().notNull(), key: text().notNull(), most: bigint({ mode: 'number' }) }, (table) => [
    primaryKey({ name: 'quota_limits_key', columns: [table.organizationId, table.key] }),
    tenantOnly(table.organizationId),
  ]);
export type QuotaLimitsTable = ReturnType<typeof quotaLimitsTable>;

type AnswerColumns = Readonly<Record<'subjectId' | 'domain' | 'askedAt' | 'doneAt', AnyPgColumn>>;

/** Who was asked to erase which subject, and has; `subject` is the column that names it, such as `user_id`. */
export const answersTable = (
  schema: PgSchema,
  name: string,
  subject: string,
  more: (table: AnswerColumns) => PgTableExtraConfigValue[] = () => [],
) =>
  schema.table(
    name,
    { subjectId: uuid(subject).notNull(), domain: text().notNull(), askedAt: moment().notNull(), doneAt: moment() },
    (table) => [primaryKey({ name: `${name}_key`, columns: [table.subjectId, table.domain] }), ...more(table)],
  );
export type AnswersTable = ReturnType<typeof answersTable>;

function onlyWhere(name: string, condition: SQL) {
  return pgPolicy(name, { as: 'permissive', for: 'all', to: 'public', using: condition, withCheck: condition });
}

function snakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/\W+/g, '_')
    .toLowerCase();
}
