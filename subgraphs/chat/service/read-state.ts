import { requireViewer } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { badInput, notFound } from '@supergraph/platform/errors';
import { parseInput } from '@supergraph/platform/input';
import type { Context } from '../context.ts';
import {
  type Conversation,
  countBetween,
  findConversations,
  lockPlace,
  only,
  type Participant,
  updateParticipant,
  writing,
} from '../store/index.ts';
import { Reading, View } from './input.ts';

interface HeldPlace {
  readonly tx: Db;
  readonly place: Participant;
  readonly conversation: Conversation;
}

/**
 * Changes the viewer's own place. It is locked before the newest number is read: a sender either has counted its
 * message by then, or waits for the lock and counts it afterwards.
 */
async function changingPlace(ctx: Context, conversationId: string, work: (held: HeldPlace) => Promise<Participant>): Promise<Participant> {
  const { userId } = requireViewer(ctx);
  const changed = await writing(ctx, async (tx) => {
    const place = await lockPlace(tx, conversationId, userId);
    if (!place) throw notFound('Conversation');
    return work({ tx, place, conversation: only(await findConversations(tx, [conversationId])) });
  });
  ctx.loaders.viewerPlace.clear(conversationId);
  return changed;
}

/** Moves "read up to" to a number, never back. */
export async function markRead(ctx: Context, input: unknown): Promise<Participant> {
  const { conversationId, seq } = parseInput(Reading, input);
  return changingPlace(ctx, conversationId, async ({ tx, place, conversation: { lastSeq } }) => {
    if (seq > lastSeq) throw badInput([{ path: 'seq', message: `must be at most ${lastSeq}, the newest message` }]);
    if (seq <= place.lastReadSeq && place.unreadFrom === null) return place;
    const lastReadSeq = Math.max(seq, place.lastReadSeq);
    const counters = await countersBehind(tx, place, lastReadSeq, lastSeq);
    return updateParticipant(tx, place.id, { lastReadSeq, lastReadAt: ctx.now(), unreadFrom: null, ...counters });
  });
}

type Counters = Pick<Participant, 'unreadCount' | 'mentionCount'>;

/** Counts the smaller side: what is left, or what was read just now. */
async function countersBehind(tx: Db, place: Participant, read: number, lastSeq: number): Promise<Counters> {
  if (read === lastSeq) return { unreadCount: 0, mentionCount: 0 };
  if (place.unreadFrom === null && read - place.lastReadSeq < lastSeq - read) {
    const { unread, mentions } = await countBetween(tx, place, { behind: place.lastReadSeq, upTo: read });
    return { unreadCount: Math.max(0, place.unreadCount - unread), mentionCount: Math.max(0, place.mentionCount - mentions) };
  }
  const { unread, mentions } = await countBetween(tx, place, { behind: read, upTo: lastSeq });
  return { unreadCount: unread, mentionCount: mentions };
}

/** Marks a conversation as unread from a message on; what others saw as read stays read. */
export async function markUnread(ctx: Context, input: unknown): Promise<Participant> {
  const { conversationId, seq } = parseInput(Reading, input);
  return changingPlace(ctx, conversationId, async ({ tx, place, conversation: { lastSeq } }) => {
    if (seq > lastSeq || seq < place.fromSeq) throw badInput([{ path: 'seq', message: 'is no message of this conversation' }]);
    const { unread, mentions } = await countBetween(tx, place, { behind: seq - 1, upTo: lastSeq });
    return updateParticipant(tx, place.id, { unreadFrom: seq, unreadCount: unread, mentionCount: mentions });
  });
}

/** Changes how the viewer sees a conversation. */
export async function setView(ctx: Context, input: unknown): Promise<Participant> {
  const { conversationId, draft, ...wanted } = parseInput(View, input);
  const set = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
  return changingPlace(ctx, conversationId, async ({ tx, place }) => {
    const changes = { ...set, ...(draft === undefined ? {} : { draft: draft || null }) };
    return Object.keys(changes).length === 0 ? place : updateParticipant(tx, place.id, changes);
  });
}
