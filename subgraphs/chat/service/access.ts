import type { Db } from '@supergraph/platform/database';
import { requireViewer } from '@supergraph/platform/context';
import { notFound } from '@supergraph/platform/errors';
import type { Context } from '../context.ts';
import { conversationTouched } from '../feed/hub.ts';
import { canSeeMessage } from '../policy.ts';
import { type Conversation, findMessages, findPlace, lockConversation, type Message, type Participant, writing } from '../store/index.ts';

/** A conversation that the viewer may see, or null. */
export async function findConversation(ctx: Context, id: string): Promise<Conversation | null> {
  if (!isId(id)) return null;
  const [conversation, place] = await Promise.all([ctx.loaders.conversationById.load(id), ctx.loaders.viewerPlace.load(id)]);
  return conversation && place ? conversation : null;
}

/** A message that the viewer may see, or null. */
export async function findMessage(ctx: Context, id: string): Promise<Message | null> {
  if (!isId(id)) return null;
  const message = await ctx.loaders.messageById.load(id);
  if (!message) return null;
  return canSeeMessage(await ctx.loaders.viewerPlace.load(message.conversationId), message) ? message : null;
}

const isId = (id: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id);

/** A conversation that the viewer takes part in, with their place in it; throws NOT_FOUND. */
export async function requirePlace(ctx: Context, id: string): Promise<{ conversation: Conversation; place: Participant }> {
  const conversation = await findConversation(ctx, id);
  const place = conversation && (await ctx.loaders.viewerPlace.load(id));
  if (!conversation || !place) throw notFound('Conversation');
  return { conversation, place };
}

/** A conversation that is being changed: nobody else gives numbers in it until the transaction ends. */
export interface Held {
  readonly tx: Db;
  readonly conversation: Conversation;
  readonly place: Participant;
  readonly at: Date;
}

/** Changes a conversation in which the viewer takes part, and wakes those who listen once that is committed. */
export async function changing<Result>(ctx: Context, conversationId: string, work: (held: Held) => Promise<Result>): Promise<Result> {
  const { userId } = requireViewer(ctx);
  const result = await writing(ctx, async (tx) => {
    const conversation = await lockConversation(tx, conversationId);
    const place = conversation && (await findPlace(tx, conversationId, userId));
    if (!conversation || !place) throw notFound('Conversation');
    return work({ tx, conversation, place, at: ctx.now() });
  });
  touched(ctx, conversationId);
  return result;
}

/** Changes the conversation of a message that the viewer may see. */
export async function changingMessage<Result>(
  ctx: Context,
  id: string,
  work: (held: Held, message: Message) => Promise<Result>,
): Promise<Result> {
  const seen = await findMessage(ctx, id);
  if (!seen) throw notFound('Message');
  const result = await changing(ctx, seen.conversationId, async (held) => {
    // Read again under the lock: what was loaded before may be stale.
    const [message] = await findMessages(held.tx, [id]);
    if (!message || !canSeeMessage(held.place, message)) throw notFound('Message');
    return work(held, message);
  });
  ctx.loaders.messageById.clear(id);
  ctx.loaders.reactionsOf.clear(id);
  ctx.loaders.versionsOf.clear(id);
  return result;
}

/** Forgets what this request remembers of a conversation, and tells the readers of its log. */
export function touched(ctx: Context, conversationId: string): void {
  ctx.loaders.conversationById.clear(conversationId);
  ctx.loaders.viewerPlace.clear(conversationId);
  ctx.loaders.pinnedOf.clear(conversationId);
  ctx.bus.send(conversationTouched, { conversationId });
}
