import { messages, messageVersions, reactions } from '@supergraph/db/chat/tables';
import type { Db } from '@supergraph/platform/database';
import { keyset, type Page } from '@supergraph/platform/page';
import { and, asc, count, desc, eq, gt, gte, inArray, isNotNull, isNull, lte, ne, or, type SQL, sql } from 'drizzle-orm';
import { type Message, type MessageVersion, only, type Participant, type Reaction } from './rows.ts';

/** Messages by id, in any order; unknown ids are left out. */
export const findMessages = (db: Db, ids: readonly string[]): Promise<Message[]> =>
  db
    .select()
    .from(messages)
    .where(inArray(messages.id, [...ids]));

/** Where a message stands. */
export interface Place {
  readonly conversationId: string;
  readonly seq: number;
}

/** Messages by conversation and number. */
export const findMessagesAt = (db: Db, places: readonly Place[]): Promise<Message[]> =>
  db
    .select()
    .from(messages)
    .where(or(...places.map(({ conversationId, seq }) => and(eq(messages.conversationId, conversationId), eq(messages.seq, seq)))));

/** The message that an author sent under this client id. */
export async function findByClientId(db: Db, conversationId: string, authorId: string, clientMessageId: string): Promise<Message | null> {
  const [row] = await db
    .select()
    .from(messages)
    .where(
      and(eq(messages.conversationId, conversationId), eq(messages.authorId, authorId), eq(messages.clientMessageId, clientMessageId)),
    );
  return row ?? null;
}

/** When a person last said something in a conversation, the latest first. */
export async function listSendingTimes(
  db: Db,
  where: { conversationId: string; authorId: string; since: Date; limit: number },
): Promise<Date[]> {
  const rows = await db
    .select({ at: messages.createdAt })
    .from(messages)
    .where(
      and(eq(messages.conversationId, where.conversationId), eq(messages.authorId, where.authorId), gt(messages.createdAt, where.since)),
    )
    .orderBy(desc(messages.createdAt))
    .limit(where.limit);
  return rows.map(({ at }) => at);
}

const inView = (place: Participant, threadOf: string | undefined): SQL | undefined =>
  and(
    eq(messages.conversationId, place.conversationId),
    gte(messages.seq, place.fromSeq),
    threadOf ? eq(messages.replyToId, threadOf) : undefined,
  );

/** A page of what a participant may see, by number. */
export function listMessages(
  db: Db,
  page: Page,
  place: Participant,
  { threadOf }: { threadOf?: string | undefined } = {},
): Promise<Message[]> {
  const { where, orderBy } = keyset(page, [{ column: messages.seq, direction: 'ASC', type: 'bigint' }]);
  return db
    .select()
    .from(messages)
    .where(and(inView(place, threadOf), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
}

/** The pinned messages of conversations, by number. */
export const findPinned = (db: Db, conversationIds: readonly string[]): Promise<Message[]> =>
  db
    .select()
    .from(messages)
    .where(and(inArray(messages.conversationId, [...conversationIds]), isNotNull(messages.pinnedAt)))
    .orderBy(asc(messages.seq));

/** The number of the first message of a moment or later; null when there is none. */
export async function findSeqFrom(db: Db, conversationId: string, from: Date): Promise<number | null> {
  const [row] = await db
    .select({ seq: messages.seq })
    .from(messages)
    .where(and(eq(messages.conversationId, conversationId), gte(messages.createdAt, from)))
    .orderBy(asc(messages.createdAt), asc(messages.seq))
    .limit(1);
  return row?.seq ?? null;
}

/** Inserts a message. */
export const insertMessage = async (tx: Db, values: typeof messages.$inferInsert): Promise<Message> =>
  only(await tx.insert(messages).values(values).returning());

/** Changes a message's row. */
export const updateMessage = async (tx: Db, id: string, set: Partial<Message>): Promise<Message> =>
  only(await tx.update(messages).set(set).where(eq(messages.id, id)).returning());

/** One more answer to a message. */
export async function countAnswer(tx: Db, id: string): Promise<void> {
  await tx
    .update(messages)
    .set({ threadCount: sql`${messages.threadCount} + 1` })
    .where(eq(messages.id, id));
}

/** How many messages of others, and how many that mention the person, stand behind one number and up to another. */
export async function countBetween(
  db: Db,
  place: Participant,
  { behind, upTo }: { behind: number; upTo: number },
): Promise<{ unread: number; mentions: number }> {
  const mentioned = sql`${messages.mentionsAll} or ${place.userId}::uuid = any(${messages.mentionedUserIds})`;
  const [row] = await db
    .select({ unread: count(), mentions: sql<number>`count(*) filter (where ${mentioned})::integer` })
    .from(messages)
    .where(
      and(
        eq(messages.conversationId, place.conversationId),
        gt(messages.seq, Math.max(behind, place.fromSeq - 1)),
        lte(messages.seq, upTo),
        eq(messages.kind, 'TEXT'),
        isNull(messages.deletedAt),
        or(isNull(messages.authorId), ne(messages.authorId, place.userId)),
      ),
    );
  return { unread: row?.unread ?? 0, mentions: row?.mentions ?? 0 };
}

/** Keeps the text that an edit replaces. */
export async function insertVersion(tx: Db, values: MessageVersion): Promise<void> {
  await tx.insert(messageVersions).values(values);
}

/** Earlier texts of messages, the oldest first. */
export const findVersions = (db: Db, messageIds: readonly string[]): Promise<MessageVersion[]> =>
  db
    .select()
    .from(messageVersions)
    .where(inArray(messageVersions.messageId, [...messageIds]))
    .orderBy(asc(messageVersions.version));

/** Forgets a message's earlier texts. */
export async function deleteVersions(tx: Db, messageId: string): Promise<void> {
  await tx.delete(messageVersions).where(eq(messageVersions.messageId, messageId));
}

/** Reactions to messages in the order in which they came. */
export const findReactions = (db: Db, messageIds: readonly string[]): Promise<Reaction[]> =>
  db
    .select()
    .from(reactions)
    .where(inArray(reactions.messageId, [...messageIds]))
    .orderBy(asc(reactions.createdAt), asc(reactions.emoji), asc(reactions.userId));

/** Sets a reaction; false when it was set already. */
export async function insertReaction(tx: Db, values: typeof reactions.$inferInsert): Promise<boolean> {
  const rows = await tx.insert(reactions).values(values).onConflictDoNothing().returning({ emoji: reactions.emoji });
  return rows.length > 0;
}

/** Takes a reaction back, or all of a message's; false when there was none. */
export async function deleteReactions(tx: Db, messageId: string, one?: { userId: string; emoji: string }): Promise<boolean> {
  const rows = await tx
    .delete(reactions)
    .where(and(eq(reactions.messageId, messageId), one && eq(reactions.userId, one.userId), one && eq(reactions.emoji, one.emoji)))
    .returning({ emoji: reactions.emoji });
  return rows.length > 0;
}
