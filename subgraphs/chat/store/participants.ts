import { participants } from '@supergraph/db/chat/tables';
import type { Db } from '@supergraph/platform/database';
import { keyset, type Page } from '@supergraph/platform/page';
import { and, asc, count, eq, gt, gte, inArray, isNotNull, isNull, lte, ne, type SQL, sql } from 'drizzle-orm';
import { only, type Participant } from './rows.ts';

/** Has not left; suspended people keep their place but see nothing. */
const present = isNull(participants.leftAt);
const live = and(present, isNull(participants.suspendedAt)) as SQL;
const of = (conversationId: string, userId: string) =>
  and(eq(participants.conversationId, conversationId), eq(participants.userId, userId));

/** Where a person takes part, of these conversations. */
export const findPlaces = (db: Db, userId: string, conversationIds: readonly string[]): Promise<Participant[]> =>
  db
    .select()
    .from(participants)
    .where(and(eq(participants.userId, userId), inArray(participants.conversationId, [...conversationIds]), live));

/** A person's place in a conversation. */
export async function findPlace(db: Db, conversationId: string, userId: string): Promise<Participant | null> {
  const [row] = await db
    .select()
    .from(participants)
    .where(and(of(conversationId, userId), live));
  return row ?? null;
}

/** A person's place, locked: counters can then be set without losing what a sender adds. */
export async function lockPlace(tx: Db, conversationId: string, userId: string): Promise<Participant | null> {
  const [row] = await tx
    .select()
    .from(participants)
    .where(and(of(conversationId, userId), live))
    .for('update');
  return row ?? null;
}

/** The places that these people have, suspended ones too. */
export const findPresent = (db: Db, conversationId: string, userIds: readonly string[]): Promise<Participant[]> =>
  db
    .select()
    .from(participants)
    .where(and(eq(participants.conversationId, conversationId), inArray(participants.userId, [...userIds]), present));

/** Participants by id. */
export const findParticipants = (db: Db, ids: readonly string[]): Promise<Participant[]> =>
  db
    .select()
    .from(participants)
    .where(inArray(participants.id, [...ids]));

/** Narrows people to those who have read up to a message. */
interface Readers {
  readonly readUpTo?: number;
}
const peopleOf = (conversationId: string, { readUpTo }: Readers) =>
  and(
    eq(participants.conversationId, conversationId),
    present,
    readUpTo === undefined ? undefined : gte(participants.lastReadSeq, readUpTo),
  );

/** A conversation's people in the order of joining. */
export function listParticipants(db: Db, page: Page, conversationId: string, readers: Readers = {}): Promise<Participant[]> {
  const { where, orderBy } = keyset(page, [{ column: participants.id, direction: 'ASC', type: 'uuid' }]);
  return db
    .select()
    .from(participants)
    .where(and(peopleOf(conversationId, readers), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
}

/** How many people a conversation has. */
export async function countParticipants(db: Db, conversationId: string, readers: Readers): Promise<number> {
  const [row] = await db.select({ total: count() }).from(participants).where(peopleOf(conversationId, readers));
  return row?.total ?? 0;
}

/** Everywhere that a person takes part in the space of the transaction. */
export const listPlacesOf = (tx: Db, userId: string, organizationId: string | null): Promise<Participant[]> =>
  tx
    .select()
    .from(participants)
    .where(
      and(
        eq(participants.userId, userId),
        present,
        organizationId === null ? isNull(participants.organizationId) : eq(participants.organizationId, organizationId),
      ),
    );

/** Inserts participants. */
export const insertParticipants = (tx: Db, values: (typeof participants.$inferInsert)[]): Promise<Participant[]> =>
  tx.insert(participants).values(values).returning();

/** Changes a participant's row. */
export const updateParticipant = async (tx: Db, id: string, set: Partial<Participant>): Promise<Participant> =>
  only(await tx.update(participants).set(set).where(eq(participants.id, id)).returning());

/** Who takes over a group: the longest admin, else the longest member. */
export async function findHeir(tx: Db, conversationId: string): Promise<Participant | null> {
  const [row] = await tx
    .select()
    .from(participants)
    .where(and(eq(participants.conversationId, conversationId), live))
    .orderBy(
      sql`case ${participants.role} when 'OWNER' then 0 when 'ADMIN' then 1 else 2 end`,
      asc(participants.joinedAt),
      asc(participants.id),
    )
    .limit(1);
  return row ?? null;
}

/** Whether somebody else owns the group. */
export async function hasOtherOwner(tx: Db, conversationId: string, userId: string): Promise<boolean> {
  const [row] = await tx
    .select({ id: participants.id })
    .from(participants)
    .where(and(eq(participants.conversationId, conversationId), live, eq(participants.role, 'OWNER'), ne(participants.userId, userId)))
    .limit(1);
  return row !== undefined;
}

/** What a sent message needs to know of everybody else. */
export type Hearer = Pick<Participant, 'userId' | 'notify' | 'mutedUntil' | 'suspendedAt'>;

/** One statement for all: the author has read their own message, everybody else has one more. */
export async function countMessage(
  tx: Db,
  message: { conversationId: string; seq: number; authorId: string; mentionedUserIds: readonly string[]; mentionsAll: boolean; at: Date },
): Promise<Hearer[]> {
  const own = eq(participants.userId, message.authorId);
  const mentioned = message.mentionsAll
    ? sql`true`
    : message.mentionedUserIds.length > 0
      ? inArray(participants.userId, [...message.mentionedUserIds])
      : sql`false`;
  const rows = await tx
    .update(participants)
    .set({
      activityAt: message.at,
      unreadCount: sql`case when ${own} then 0 else ${participants.unreadCount} + 1 end`,
      mentionCount: sql`case when ${own} then 0 when ${mentioned} then ${participants.mentionCount} + 1 else ${participants.mentionCount} end`,
      lastReadSeq: sql`case when ${own} then ${message.seq}::bigint else ${participants.lastReadSeq} end`,
      lastReadAt: sql`case when ${own} then ${message.at.toISOString()}::timestamptz else ${participants.lastReadAt} end`,
      unreadFrom: sql`case when ${own} then null else ${participants.unreadFrom} end`,
    })
    .where(and(eq(participants.conversationId, message.conversationId), present))
    .returning({
      userId: participants.userId,
      notify: participants.notify,
      mutedUntil: participants.mutedUntil,
      suspendedAt: participants.suspendedAt,
    });
  return rows.filter(({ userId }) => userId !== message.authorId);
}

const unreadAt = (seq: number) =>
  and(gt(sql`${seq}::bigint`, sql`coalesce(${participants.unreadFrom} - 1, ${participants.lastReadSeq})`), lte(participants.fromSeq, seq));

/** Takes a deleted message off the counters of those who have not read it. */
export async function uncountMessage(tx: Db, message: { conversationId: string; seq: number; authorId: string | null }): Promise<void> {
  await tx
    .update(participants)
    .set({ unreadCount: sql`greatest(${participants.unreadCount} - 1, 0)` })
    .where(
      and(
        eq(participants.conversationId, message.conversationId),
        present,
        message.authorId ? ne(participants.userId, message.authorId) : undefined,
        unreadAt(message.seq),
      ),
    );
}

/** Adds to or takes from the mention counters of those who have not read the message; null stands for everybody. */
export async function countMentions(
  tx: Db,
  message: { conversationId: string; seq: number; authorId: string | null },
  userIds: readonly string[] | null,
  by: 1 | -1,
): Promise<void> {
  if (userIds?.length === 0) return;
  await tx
    .update(participants)
    .set({ mentionCount: sql`greatest(${participants.mentionCount} + ${by}::integer, 0)` })
    .where(
      and(
        eq(participants.conversationId, message.conversationId),
        present,
        userIds ? inArray(participants.userId, [...userIds]) : undefined,
        message.authorId ? ne(participants.userId, message.authorId) : undefined,
        unreadAt(message.seq),
      ),
    );
}

/** Suspended or present again, wherever the person takes part. */
export const listSuspendedPlaces = (tx: Db, userId: string, organizationId: string): Promise<Participant[]> =>
  tx
    .select()
    .from(participants)
    .where(
      and(eq(participants.userId, userId), eq(participants.organizationId, organizationId), present, isNotNull(participants.suspendedAt)),
    );
