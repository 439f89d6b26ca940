import {
  createdAt,
  currentPerson,
  deadLetterTable,
  id,
  idempotencyTable,
  inboxTable,
  moment,
  outboxTable,
  quotaLimitsTable,
  tenantOnly,
  tenantOrNone,
} from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  boolean,
  check,
  foreignKey,
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

export const chat = pgSchema('chat');

export const conversationKind = chat.enum('conversation_kind', ['DIRECT', 'GROUP']);
export const conversationRole = chat.enum('conversation_role', ['OWNER', 'ADMIN', 'MEMBER']);
export const notifyLevel = chat.enum('notify_level', ['ALL', 'MENTIONS', 'NONE']);
export const messageKind = chat.enum('message_kind', ['TEXT', 'SYSTEM']);
export const memberStatus = chat.enum('member_status', ['ACTIVE', 'SUSPENDED', 'REMOVED']);
export const changeKind = chat.enum('change_kind', [
  'MESSAGE_ADDED',
  'MESSAGE_EDITED',
  'MESSAGE_DELETED',
  'REACTIONS_CHANGED',
  'PARTICIPANT_ADDED',
  'PARTICIPANT_CHANGED',
  'PARTICIPANT_REMOVED',
  'CONVERSATION_CHANGED',
  'PINS_CHANGED',
]);

/** A number of a message or change; far below 2⁵³. */
const number = () => bigint({ mode: 'number' });

/** Names of people, copied from accounts, so that mentions can be read and notices can name their author. */
export const people = chat.table(
  'people',
  {
    userId: uuid().primaryKey(),
    handle: text().notNull(),
    displayName: text().notNull(),
    version: integer().notNull(),
  },
  (table) => [index('people_handle').on(table.handle)],
);

/** Who belongs to which tenant, copied from organizations. */
export const tenantMembers = chat.table(
  'tenant_members',
  {
    organizationId: uuid().notNull(),
    userId: uuid().notNull(),
    status: memberStatus().notNull(),
    epoch: integer().notNull(),
  },
  (table) => [
    primaryKey({ name: 'tenant_members_key', columns: [table.organizationId, table.userId] }),
    index('tenant_members_of_person').on(table.userId, table.organizationId),
    pgPolicy('person_reads_own', { as: 'permissive', for: 'select', to: 'public', using: sql`${table.userId} = ${currentPerson}` }),
    tenantOnly(table.organizationId),
  ],
);

export const conversations = chat.table(
  'conversations',
  {
    id: id(),
    /** The tenant whose space it is; null in the space of people in general. */
    organizationId: uuid(),
    kind: conversationKind().notNull(),
    /** The space and both people of a direct talk, in order; null for groups. */
    pair: text(),
    name: text(),
    topic: text(),
    subjectType: text(),
    subjectId: text(),
    createdById: uuid().notNull(),
    /** The number of the newest message; the next one is given under this row's lock. */
    lastSeq: number().notNull().default(0),
    /** The number of the newest durable change; given under this row's lock too. */
    lastChange: number().notNull().default(0),
    participantCount: integer().notNull().default(0),
    historyForNewcomers: boolean().notNull().default(true),
    onlyAdminsPost: boolean().notNull().default(false),
    onlyAdminsInvite: boolean().notNull().default(false),
    receipts: boolean().notNull().default(true),
    retentionDays: integer(),
    version: integer().notNull().default(1),
    createdAt: createdAt(),
    archivedAt: moment(),
  },
  (table) => [
    uniqueIndex('conversations_pair').on(table.pair),
    index('conversations_subject').on(table.subjectType, table.subjectId, table.id),
    // Unique, so that rows can point at it together with the tenant.
    uniqueIndex('conversations_of_tenant').on(table.organizationId, table.id),
    check('conversations_direct_has_pair', sql`(${table.kind} = 'DIRECT') = (${table.pair} is not null)`),
    check('conversations_retention', sql`${table.retentionDays} between 1 and 3650`),
    tenantOrNone(table.organizationId),
  ],
);

/**
 * The keys that tie a row to its conversation and take it away with it: the second one to a conversation of its own
 * tenant. A row without a tenant is one of people in general, which the first one alone holds.
 */
const ofConversation = (name: string, { organizationId, conversationId }: { organizationId: AnyPgColumn; conversationId: AnyPgColumn }) => [
  foreignKey({ name: `${name}_conversation`, columns: [conversationId], foreignColumns: [conversations.id] }).onDelete('cascade'),
  foreignKey({
    name: `${name}_of_tenant`,
    columns: [organizationId, conversationId],
    foreignColumns: [conversations.organizationId, conversations.id],
  }).onDelete('cascade'),
];

export const participants = chat.table(
  'participants',
  {
    id: id(),
    conversationId: uuid().notNull(),
    organizationId: uuid(),
    userId: uuid().notNull(),
    role: conversationRole().notNull().default('MEMBER'),
    joinedAt: createdAt(),
    leftAt: moment(),
    /** While the tenant suspends the member: the place stays, but nothing is seen. */
    suspendedAt: moment(),
    /** The first message that this person may see. */
    fromSeq: number().notNull(),
    /** The change with which they joined; earlier ones are never replayed to them. */
    fromChange: number().notNull(),
    lastReadSeq: number().notNull().default(0),
    lastReadAt: moment(),
    unreadCount: integer().notNull().default(0),
    mentionCount: integer().notNull().default(0),
    /** The first message that they marked as unread; counters begin there instead of behind what was read. */
    unreadFrom: number(),
    notify: notifyLevel().notNull().default('ALL'),
    mutedUntil: moment(),
    pinned: boolean().notNull().default(false),
    archived: boolean().notNull().default(false),
    draft: text(),
    /** When something was last said, or when they joined; the order of their list. */
    activityAt: createdAt(),
  },
  (table) => [
    uniqueIndex('participants_live')
      .on(table.conversationId, table.userId)
      .where(sql`${table.leftAt} is null`),
    index('participants_of_person').on(table.userId, table.id),
    index('participants_page')
      .on(table.conversationId, table.id)
      .where(sql`${table.leftAt} is null`),
    index('participants_list')
      .on(table.userId, table.archived, table.activityAt, table.id)
      .where(sql`${table.leftAt} is null`),
    index('participants_unread')
      .on(table.userId)
      .where(sql`${table.leftAt} is null and (${table.unreadCount} > 0 or ${table.unreadFrom} is not null)`),
    check('participants_counters', sql`${table.unreadCount} >= 0 and ${table.mentionCount} >= 0`),
    ...ofConversation('participants', table),
    tenantOrNone(table.organizationId),
  ],
);

export const messages = chat.table(
  'messages',
  {
    id: id(),
    conversationId: uuid().notNull(),
    organizationId: uuid(),
    seq: number().notNull(),
    kind: messageKind().notNull().default('TEXT'),
    authorId: uuid(),
    /** Markdown as its author wrote it; null once deleted. */
    body: text(),
    /** Of the first text, so that a repeated send is known even after an edit. */
    bodyHash: text().notNull(),
    clientMessageId: text(),
    mentionedUserIds: uuid()
      .array()
      .notNull()
      .default(sql`'{}'`),
    mentionsAll: boolean().notNull().default(false),
    replyToId: uuid(),
    threadCount: integer().notNull().default(0),
    system: jsonb(),
    pinnedAt: moment(),
    version: integer().notNull().default(1),
    createdAt: createdAt(),
    editedAt: moment(),
    deletedAt: moment(),
    deletedById: uuid(),
  },
  (table) => [
    uniqueIndex('messages_place').on(table.conversationId, table.seq),
    uniqueIndex('messages_client_id').on(table.conversationId, table.authorId, table.clientMessageId),
    index('messages_pinned')
      .on(table.conversationId, table.seq)
      .where(sql`${table.pinnedAt} is not null`),
    index('messages_by_author').on(table.conversationId, table.authorId, table.createdAt),
    index('messages_of_author')
      .on(table.authorId, table.id)
      .where(sql`${table.authorId} is not null`),
    index('messages_by_time').on(table.conversationId, table.createdAt, table.seq),
    index('messages_thread')
      .on(table.conversationId, table.replyToId, table.seq)
      .where(sql`${table.replyToId} is not null`),
    ...ofConversation('messages', table),
    tenantOrNone(table.organizationId),
  ],
);

/** Texts that an edit replaced. */
export const messageVersions = chat.table(
  'message_versions',
  {
    messageId: uuid().notNull(),
    version: integer().notNull(),
    conversationId: uuid().notNull(),
    organizationId: uuid(),
    body: text().notNull(),
    at: moment().notNull(),
  },
  (table) => [
    primaryKey({ name: 'message_versions_key', columns: [table.messageId, table.version] }),
    ...ofConversation('message_versions', table),
    index('message_versions_of_conversation').on(table.conversationId),
    tenantOrNone(table.organizationId),
  ],
);

export const reactions = chat.table(
  'reactions',
  {
    messageId: uuid().notNull(),
    emoji: text().notNull(),
    userId: uuid().notNull(),
    conversationId: uuid().notNull(),
    organizationId: uuid(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ name: 'reactions_key', columns: [table.messageId, table.emoji, table.userId] }),
    ...ofConversation('reactions', table),
    index('reactions_of_conversation').on(table.conversationId),
    index('reactions_of_person').on(table.userId),
    tenantOrNone(table.organizationId),
  ],
);

/** Durable changes of a conversation in the order in which they became visible: what subscriptions replay. */
export const changeLog = chat.table(
  'change_log',
  {
    conversationId: uuid().notNull(),
    number: number().notNull(),
    organizationId: uuid(),
    kind: changeKind().notNull(),
    messageId: uuid(),
    /** Of the message that changed, so that nobody hears of what lies before their view. */
    seq: number(),
    participantId: uuid(),
    userId: uuid(),
    at: moment().notNull(),
  },
  (table) => [
    primaryKey({ name: 'change_log_key', columns: [table.conversationId, table.number] }),
    index('change_log_messages')
      .on(table.conversationId, table.seq)
      .where(sql`${table.kind} = 'MESSAGE_ADDED'`),
    ...ofConversation('change_log', table),
    tenantOrNone(table.organizationId),
  ],
);

export const outbox = outboxTable(chat);
export const inbox = inboxTable(chat);
export const idempotency = idempotencyTable(chat);
export const deadLetters = deadLetterTable(chat);
export const quotaLimits = quotaLimitsTable(chat);
