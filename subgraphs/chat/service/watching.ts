import type { Edge } from '@supergraph/platform/page';
import type { Context } from '../context.ts';
import { admitted } from '../feed/gate.ts';
import { type Seat, takeSeat } from '../feed/hub.ts';
import type { Change } from '../feed/rows.ts';
import { type Conversation, findAddition, findChange, keptDays, type Message, type Participant, reading } from '../store/index.ts';
import { requirePlace } from './access.ts';
import { cursorExpired, isChangeCursor, messageCursor, openChangeCursor, openMessageCursor } from './cursors.ts';

const dayMs = 86_400_000;

/** Every durable change of a conversation behind a cursor, or from now on: in order and once. */
export async function watchChanges(ctx: Context, conversationId: string, after: string | null): Promise<AsyncGenerator<Change, void>> {
  const { conversation, place, behind } = await admitted(async () => {
    const fresh = await requireFreshPlace(ctx, conversationId);
    if (after === null) return { ...fresh, behind: fresh.conversation.lastChange };
    return { ...fresh, behind: await resumeBehind(ctx, fresh, openChangeCursor(ctx, conversationId, after)) };
  });
  return seated(ctx, takeSeat(ctx, conversation, { place, behind, wants: () => true }), (change) => change);
}

/** The new messages of a conversation behind a message's or the conversation's own cursor, or from now on. */
export async function watchMessages(
  ctx: Context,
  conversationId: string,
  after: string | null,
): Promise<AsyncGenerator<Edge<Message>, void>> {
  const { conversation, place, seq, behind } = await admitted(async () => {
    const fresh = await requireFreshPlace(ctx, conversationId);
    if (after !== null && isChangeCursor(ctx, conversationId, after))
      return { ...fresh, seq: 0, behind: await resumeBehind(ctx, fresh, openChangeCursor(ctx, conversationId, after)) };
    const from = after === null ? fresh.conversation.lastSeq : openMessageCursor(ctx, conversationId, after);
    return { ...fresh, seq: from, behind: await behindMessage(ctx, fresh, from) };
  });
  const wants = (change: Change) => change.kind === 'MESSAGE_ADDED' && change.seq !== null && change.seq > seq;
  return seated(ctx, takeSeat(ctx, conversation, { place, behind, wants }), ({ message }) =>
    message ? { node: message, cursor: messageCursor(ctx, conversationId, message.seq) } : null,
  );
}

interface Standing {
  readonly conversation: Conversation;
  readonly place: Participant;
}

/** What this request may have loaded before says nothing about now. */
function requireFreshPlace(ctx: Context, conversationId: string): Promise<Standing> {
  ctx.loaders.conversationById.clear(conversationId);
  ctx.loaders.viewerPlace.clear(conversationId);
  return requirePlace(ctx, conversationId);
}

/** Nothing before one's joining is replayed; what is gone from the log, or older than 30 days, cannot be. */
async function resumeBehind(ctx: Context, { conversation, place }: Standing, number: number): Promise<number> {
  const behind = Math.max(number, place.fromChange);
  if (number > conversation.lastChange || number < 0) throw cursorExpired();
  if (behind >= conversation.lastChange) return behind;
  const next = await reading(ctx, (db) => findChange(db, conversation.id, behind + 1));
  if (!next || next.at.getTime() < ctx.now().getTime() - keptDays * dayMs) throw cursorExpired();
  return behind;
}

async function behindMessage(ctx: Context, standing: Standing, seq: number): Promise<number> {
  const { conversation } = standing;
  if (seq === conversation.lastSeq) return conversation.lastChange;
  if (seq > conversation.lastSeq || seq < 0) throw cursorExpired();
  const next = await reading(ctx, (db) => findAddition(db, conversation.id, seq + 1));
  if (!next) throw cursorExpired();
  return resumeBehind(ctx, standing, next.number - 1);
}

/** The seat's changes as a subscription gives them out; whoever stops reading gives the seat back. */
function seated<Result>(ctx: Context, seat: Seat, present: (change: Change) => Result | null): AsyncGenerator<Result, void> {
  const results = presented(ctx, seat, present);
  const end = results.return.bind(results);
  // A generator that was never started skips its `finally`, so the seat is given back here.
  results.return = (value) => {
    seat.leave();
    return end(value);
  };
  return results;
}

async function* presented<Result>(ctx: Context, seat: Seat, present: (change: Change) => Result | null): AsyncGenerator<Result, void> {
  try {
    for await (const change of seat.changes) {
      remember(ctx, change);
      const result = present(change);
      if (result !== null) yield result;
    }
  } finally {
    seat.leave();
  }
}

/** What the feed has read for everybody is not asked for again by each subscriber. */
function remember({ loaders }: Context, { conversation, message, answered, reactions }: Change): void {
  loaders.conversationById.clear(conversation.id).prime(conversation.id, conversation);
  loaders.viewerPlace.clear(conversation.id);
  loaders.pinnedOf.clear(conversation.id);
  if (answered) loaders.messageById.clear(answered.id).prime(answered.id, answered);
  if (!message) return;
  loaders.messageById.clear(message.id).prime(message.id, message);
  loaders.versionsOf.clear(message.id);
  loaders.reactionsOf.clear(message.id).prime(message.id, reactions);
}
