import {
  createdAt,
  currentPerson,
  currentTenant,
  deadLetterTable,
  id,
  inboxTable,
  moment,
  outboxTable,
  tenantOnly,
  updatedAt,
} from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgPolicy,
  pgSchema,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';

export const notifications = pgSchema('notifications');

export const urgency = notifications.enum('urgency', ['LOW', 'NORMAL', 'HIGH', 'URGENT']);
export const feedEntryKind = notifications.enum('feed_entry_kind', ['ADDED', 'UPDATED', 'REMOVED', 'COUNTS']);

/** Values of a template, as the sender gave them. */
export type Values = Readonly<Record<string, string | number | boolean | null>>;

/** What one event brought into a notice of several, so that it can be taken out again. */
export interface FactContent {
  readonly kind: string;
  readonly urgency: (typeof urgency.enumValues)[number];
  readonly actorId: string | null;
  readonly subject: { readonly type: string; readonly id: string } | null;
  readonly data: Values;
  readonly expiresAt: string | null;
}

/** A number of a person's feed; far below 2⁵³. */
const number = () => bigint({ mode: 'number' });

/**
 * Whose rows a transaction may touch: its person's, or for the length of an event those of its recipients; worked out
 * once per statement.
 */
const readers = sql`(select string_to_array(coalesce(nullif(current_setting('app.recipient_ids', true), ''), current_setting('app.user_id', true)), ',')::uuid[])`;

/**
 * Written so that no index serves it and that the planner takes it for nearly always true: it then goes by the
 * statement's own condition on the recipient and reads a feed in its order, instead of fetching and sorting all of it.
 */
const recipientOnly = (column: AnyPgColumn) => {
  const own = sql`array_position(${readers}, ${column}) is not null`;
  return pgPolicy('recipient_only', { as: 'permissive', for: 'all', to: 'public', using: own, withCheck: own });
};

/** Names of people, copied from accounts. */
export const people = notifications.table('people', {
  userId: uuid().primaryKey(),
  displayName: text().notNull(),
  version: integer().notNull(),
  /** Such a person gets nothing more, and is not named. */
  erasedAt: moment(),
});

/** Who left which tenant; nobody hears of it any more. */
export const departures = notifications.table(
  'departures',
  { organizationId: uuid().notNull(), userId: uuid().notNull(), epoch: integer().notNull(), gone: boolean().notNull() },
  (table) => [
    primaryKey({ name: 'departures_key', columns: [table.organizationId, table.userId] }),
    index('departures_of_person').on(table.userId),
    tenantOnly(table.organizationId),
    pgPolicy('person_erases_own', { as: 'permissive', for: 'select', to: 'public', using: sql`${table.userId} = ${currentPerson}` }),
    pgPolicy('person_deletes_own', { as: 'permissive', for: 'delete', to: 'public', using: sql`${table.userId} = ${currentPerson}` }),
  ],
);

export const notices = notifications.table(
  'notifications',
  {
    id: id(),
    recipientId: uuid().notNull(),
    /** Where it stands in the feed: the number of its last appearance, given under the lock of the recipient's head. */
    seq: number().notNull(),
    domain: text().notNull(),
    kind: text().notNull(),
    category: text().notNull(),
    urgency: urgency().notNull(),
    organizationId: uuid(),
    /** Values only: sentences are made when they are read. */
    data: jsonb().$type<Values>().notNull(),
    /** Newest first, each once; at most 50. */
    actorIds: uuid()
      .array()
      .notNull()
      .default(sql`'{}'`),
    subjectType: text(),
    subjectId: text(),
    groupKey: text(),
    /** Whether further events of the group join it: one such notice per group. */
    groupOpen: boolean().notNull(),
    count: integer().notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    seenAt: moment(),
    readAt: moment(),
    archivedAt: moment(),
    snoozedUntil: moment(),
    expiresAt: moment(),
    /** When its words were taken away, because the recipient left the tenant. */
    strippedAt: moment(),
  },
  (table) => [
    uniqueIndex('notifications_open_group')
      .on(table.recipientId, table.domain, table.groupKey)
      .where(sql`${table.groupOpen}`),
    index('notifications_feed')
      .on(table.recipientId, table.seq)
      .where(sql`${table.archivedAt} is null and ${table.snoozedUntil} is null`),
    index('notifications_unread')
      .on(table.recipientId, table.seq)
      .where(sql`${table.readAt} is null and ${table.archivedAt} is null and ${table.snoozedUntil} is null`),
    index('notifications_unseen')
      .on(table.recipientId, table.seq)
      .where(sql`${table.seenAt} is null and ${table.archivedAt} is null and ${table.snoozedUntil} is null`),
    index('notifications_archived')
      .on(table.recipientId, table.seq)
      .where(sql`${table.archivedAt} is not null`),
    index('notifications_snoozed')
      .on(table.recipientId, table.seq)
      .where(sql`${table.snoozedUntil} is not null`),
    index('notifications_by_category').on(table.recipientId, table.category, table.seq),
    index('notifications_by_subject').on(table.recipientId, table.subjectType, table.subjectId, table.seq),
    index('notifications_of_tenant')
      .on(table.organizationId, table.recipientId, table.seq)
      .where(sql`${table.organizationId} is not null`),
    check('notifications_read_is_seen', sql`${table.readAt} is null or ${table.seenAt} is not null`),
    check('notifications_one_place', sql`${table.archivedAt} is null or ${table.snoozedUntil} is null`),
    check('notifications_count', sql`${table.count} > 0`),
    recipientOnly(table.recipientId),
    // A deleted tenant's notices are found and erased behind the tenant's door, which no request of a person opens here.
    pgPolicy('tenant_finds', {
      as: 'permissive',
      for: 'select',
      to: 'public',
      using: sql`${currentPerson} is null and ${table.organizationId} = ${currentTenant}`,
    }),
  ],
);

/** Which facts were told to whom, for ever: a fact makes at most one notice per recipient. */
export const facts = notifications.table(
  'notification_facts',
  {
    recipientId: uuid().notNull(),
    domain: text().notNull(),
    dedupeKey: text().notNull(),
    notificationId: uuid().notNull(),
    seq: number().notNull(),
    /** Only where several facts may share a notice. */
    content: jsonb().$type<FactContent>(),
    withdrawnAt: moment(),
  },
  (table) => [
    primaryKey({ name: 'notification_facts_key', columns: [table.recipientId, table.domain, table.dedupeKey] }),
    index('notification_facts_told').on(table.domain, table.dedupeKey, table.recipientId),
    index('notification_facts_of_notice').on(table.recipientId, table.notificationId, table.seq),
    recipientOnly(table.recipientId),
    // A withdrawal names facts and not people; only consumers, which speak for nobody, may ask who was told.
    pgPolicy('consumers_ask_who', { as: 'permissive', for: 'select', to: 'public', using: sql`${currentPerson} is null` }),
  ],
);

/** Facts that were taken back, for ever: whoever was not told yet never will be. */
export const withdrawals = notifications.table(
  'withdrawals',
  { domain: text().notNull(), dedupeKey: text().notNull(), at: moment().notNull() },
  (table) => [primaryKey({ name: 'withdrawals_key', columns: [table.domain, table.dedupeKey] })],
);

/** One row per person, locked for each change of their feed: gives the numbers and holds the counts. */
export const heads = notifications.table(
  'feed_heads',
  {
    recipientId: uuid().primaryKey(),
    lastSeq: number().notNull().default(0),
    unseen: integer().notNull().default(0),
    unread: integer().notNull().default(0),
    /** Unread ones by category; zeros are left out. */
    unreadByCategory: jsonb().$type<Readonly<Record<string, number>>>().notNull().default({}),
  },
  (table) => [
    check('feed_heads_counts', sql`${table.unseen} >= 0 and ${table.unread} >= ${table.unseen}`),
    recipientOnly(table.recipientId),
  ],
);

/** What happened in a person's feed, without gaps: what subscriptions replay. Kept for 30 days. */
export const feedLog = notifications.table(
  'feed_log',
  {
    recipientId: uuid().notNull(),
    seq: number().notNull(),
    kind: feedEntryKind().notNull(),
    notificationId: uuid(),
    at: moment().notNull(),
  },
  (table) => [
    primaryKey({ name: 'feed_log_key', columns: [table.recipientId, table.seq] }),
    index('feed_log_old').on(table.recipientId, table.at),
    recipientOnly(table.recipientId),
  ],
);

export const outbox = outboxTable(notifications);
export const inbox = inboxTable(notifications);
export const deadLetters = deadLetterTable(notifications);
