import { conversations, participants } from '@supergraph/db/chat/tables';
import type { Db } from '@supergraph/platform/database';
import { keyset, type Page } from '@supergraph/platform/page';
import { and, count, desc, eq, gt, inArray, isNotNull, isNull, not, or, type SQL } from 'drizzle-orm';
import { type Conversation, only, type Participant } from './rows.ts';

/** Conversations by id, in any order; unknown ids are left out. */
export const findConversations = (db: Db, ids: readonly string[]): Promise<Conversation[]> =>
  db
    .select()
    .from(conversations)
    .where(inArray(conversations.id, [...ids]));

/** A conversation, locked until the transaction ends: its next numbers are the holder's to give. */
export async function lockConversation(tx: Db, id: string): Promise<Conversation | null> {
  const [row] = await tx.select().from(conversations).where(eq(conversations.id, id)).for('update');
  return row ?? null;
}

/** Direct talks by their pairs. */
export const findByPairs = (db: Db, pairs: readonly string[]): Promise<Conversation[]> =>
  db
    .select()
    .from(conversations)
    .where(inArray(conversations.pair, [...pairs]));

/** Inserts a conversation; null when its pair has one already. */
export async function insertConversation(tx: Db, values: typeof conversations.$inferInsert): Promise<Conversation | null> {
  const [row] = await tx.insert(conversations).values(values).onConflictDoNothing({ target: conversations.pair }).returning();
  return row ?? null;
}

/** Changes a conversation's row. */
export const updateConversationRow = async (tx: Db, id: string, set: Partial<Conversation>): Promise<Conversation> =>
  only(await tx.update(conversations).set(set).where(eq(conversations.id, id)).returning());

/** The newest conversation about a thing in which a person takes part. */
export async function findForSubject(db: Db, subject: { type: string; id: string }, userId: string): Promise<Conversation | null> {
  const [row] = await db
    .select({ conversation: conversations })
    .from(conversations)
    .innerJoin(participants, and(eq(participants.conversationId, conversations.id), eq(participants.userId, userId), live))
    .where(and(eq(conversations.subjectType, subject.type), eq(conversations.subjectId, subject.id)))
    .orderBy(desc(conversations.id))
    .limit(1);
  return row?.conversation ?? null;
}

/** What a person's list is narrowed to. */
export interface ListFilter {
  readonly archived: boolean;
  readonly pinned: boolean | undefined;
  readonly unread: boolean | undefined;
  readonly kind: Conversation['kind'] | undefined;
}
/** A conversation in a person's list, with their place in it. */
export interface Listed {
  readonly conversation: Conversation;
  readonly place: Participant;
}

const live = and(isNull(participants.leftAt), isNull(participants.suspendedAt)) as SQL;
const hasUnread = or(gt(participants.unreadCount, 0), isNotNull(participants.unreadFrom)) as SQL;

function listed(userId: string, { archived, pinned, unread, kind }: ListFilter): SQL | undefined {
  return and(
    eq(participants.userId, userId),
    eq(participants.archived, archived),
    live,
    pinned === undefined ? undefined : eq(participants.pinned, pinned),
    unread === undefined ? undefined : unread ? hasUnread : not(hasUnread),
    kind && eq(conversations.kind, kind),
  );
}

/** A person's conversations, the latest activity first. */
export function listConversations(db: Db, page: Page, userId: string, filter: ListFilter): Promise<Listed[]> {
  const { where, orderBy } = keyset(page, [
    { column: participants.activityAt, direction: 'DESC', type: 'timestamptz' },
    { column: participants.id, direction: 'DESC', type: 'uuid' },
  ]);
  return db
    .select({ conversation: conversations, place: participants })
    .from(participants)
    .innerJoin(conversations, eq(conversations.id, participants.conversationId))
    .where(and(listed(userId, filter), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
}

/** How many conversations a person's list has. */
export async function countConversations(db: Db, userId: string, filter: ListFilter): Promise<number> {
  const [row] = await db
    .select({ total: count() })
    .from(participants)
    .innerJoin(conversations, eq(conversations.id, participants.conversationId))
    .where(listed(userId, filter));
  return row?.total ?? 0;
}

/** In how many of a person's conversations something is unread. */
export async function countUnread(db: Db, userId: string): Promise<number> {
  const [row] = await db
    .select({ total: count() })
    .from(participants)
    .where(and(eq(participants.userId, userId), eq(participants.archived, false), live, hasUnread));
  return row?.total ?? 0;
}
