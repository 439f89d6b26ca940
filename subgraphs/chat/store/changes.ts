import { changeLog, conversations } from '@supergraph/db/chat/tables';
import { asTenant, type Db } from '@supergraph/platform/database';
import { and, asc, eq, gt, inArray, lt, lte } from 'drizzle-orm';
import { updateConversationRow } from './conversations.ts';
import { findMessages, findReactions } from './messages.ts';
import { findParticipants } from './participants.ts';
import type { Conversation, LoggedChange, Message, Participant, Reaction } from './rows.ts';

export const keptDays = 30;
const dayMs = 86_400_000;

export type NewChange = Pick<LoggedChange, 'kind'> & Partial<Pick<LoggedChange, 'messageId' | 'seq' | 'participantId' | 'userId'>>;

/** Gives changes their numbers and logs them; the conversation's row must be locked. `set` is what else changes in it. */
export async function recordChanges(
  tx: Db,
  conversation: Conversation,
  changes: readonly NewChange[],
  { at, set = {} }: { at: Date; set?: Partial<Conversation> },
): Promise<Conversation> {
  const { id: conversationId, organizationId, lastChange } = conversation;
  const rows = changes.map((change, index) => ({ ...change, conversationId, organizationId, number: lastChange + index + 1, at }));
  if (rows.length > 0) await tx.insert(changeLog).values(rows);
  const now = lastChange + rows.length;
  if (Math.floor(now / 100) > Math.floor(lastChange / 100)) await forgetOldChanges(tx, conversationId, at);
  return updateConversationRow(tx, conversationId, { ...set, lastChange: now });
}

/** Every hundredth change of a conversation cleans up behind itself, so that no worker has to visit every tenant. */
async function forgetOldChanges(tx: Db, conversationId: string, now: Date): Promise<void> {
  await tx
    .delete(changeLog)
    .where(and(eq(changeLog.conversationId, conversationId), lt(changeLog.at, new Date(now.getTime() - keptDays * dayMs))));
}

/** One logged change. */
export async function findChange(db: Db, conversationId: string, number: number): Promise<LoggedChange | null> {
  const [row] = await db
    .select()
    .from(changeLog)
    .where(and(eq(changeLog.conversationId, conversationId), eq(changeLog.number, number)));
  return row ?? null;
}

/** The change with which a message was added. */
export async function findAddition(db: Db, conversationId: string, seq: number): Promise<LoggedChange | null> {
  const [row] = await db
    .select()
    .from(changeLog)
    .where(and(eq(changeLog.conversationId, conversationId), eq(changeLog.kind, 'MESSAGE_ADDED'), eq(changeLog.seq, seq)));
  return row ?? null;
}

/** Changes in order, with the rows that they are about: five statements, however many listen. */
export interface ChangeBatch {
  readonly changes: readonly LoggedChange[];
  readonly conversation: Conversation | null;
  readonly messages: ReadonlyMap<string, Message>;
  readonly participants: ReadonlyMap<string, Participant>;
  readonly reactions: ReadonlyMap<string, readonly Reaction[]>;
}

/** Reads on in a conversation's log. */
export function readChanges(
  db: Db,
  { id, organizationId }: Pick<Conversation, 'id' | 'organizationId'>,
  { behind, upTo, limit }: { behind: number; upTo?: number; limit: number },
): Promise<ChangeBatch> {
  const read = async (tx: Db): Promise<ChangeBatch> => {
    const changes = await tx
      .select()
      .from(changeLog)
      .where(
        and(eq(changeLog.conversationId, id), gt(changeLog.number, behind), upTo === undefined ? undefined : lte(changeLog.number, upTo)),
      )
      .orderBy(asc(changeLog.number))
      .limit(limit);
    const [conversation] = changes.length > 0 ? await tx.select().from(conversations).where(eq(conversations.id, id)) : [];
    const changed = await known(
      changes.map(({ messageId }) => messageId),
      (ids) => findMessages(tx, ids),
    );
    const answered = await known(
      changed.map(({ replyToId }) => replyToId),
      (ids) => findMessages(tx, ids),
    );
    const people = await known(
      changes.map(({ participantId }) => participantId),
      (ids) => findParticipants(tx, ids),
    );
    const reactions = await known(
      changed.map((message) => message.id),
      (ids) => findReactions(tx, ids),
    );
    return {
      changes,
      conversation: conversation ?? null,
      messages: new Map([...answered, ...changed].map((message) => [message.id, message])),
      participants: new Map(people.map((participant) => [participant.id, participant])),
      reactions: Map.groupBy(reactions, ({ messageId }) => messageId),
    };
  };
  return organizationId === null ? read(db) : asTenant(db, organizationId, read);
}

async function known<Row>(ids: readonly (string | null)[], find: (ids: readonly string[]) => Promise<Row[]>): Promise<Row[]> {
  const wanted = [...new Set(ids.filter((id) => id !== null))];
  return wanted.length > 0 ? find(wanted) : [];
}

/** The newest change of each of these conversations, all of one space. */
export function findLastChanges(
  db: Db,
  organizationId: string | null,
  ids: readonly string[],
): Promise<Pick<Conversation, 'id' | 'lastChange'>[]> {
  const read = (tx: Db) =>
    tx
      .select({ id: conversations.id, lastChange: conversations.lastChange })
      .from(conversations)
      .where(inArray(conversations.id, [...ids]));
  return organizationId === null ? read(db) : asTenant(db, organizationId, read);
}
