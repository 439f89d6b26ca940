import { outbox } from '@supergraph/db/chat/tables';
import { badInput, conflict, forbidden, rateLimited, staleVersion } from '@supergraph/platform/errors';
import { hashOf } from '@supergraph/platform/idempotency';
import { parseInput } from '@supergraph/platform/input';
import { emit } from '@supergraph/platform/outbox';
import { messageDeleted, messageEdited, messageSent } from '@supergraph/schema/events/chat';
import type { Context } from '../context.ts';
import {
  canDelete,
  canMentionAll,
  canPin,
  canPost,
  canSeeMessage,
  editRefusal,
  mentionsIn,
  mostEmoji,
  mostPins,
  rateWindow,
  secondsToWait,
} from '../policy.ts';
import {
  countAnswer,
  countMentions,
  countMessage,
  deleteReactions,
  deleteVersions,
  findByClientId,
  findByHandles,
  findMessages,
  findPinned,
  findPresent,
  findReactions,
  insertMessage,
  insertReaction,
  insertVersion,
  listSendingTimes,
  type Message,
  only,
  recordChanges,
  uncountMessage,
  updateMessage,
} from '../store/index.ts';
import { changing, changingMessage, type Held } from './access.ts';
import { MessageEdit, NewMessage, OneMessage, Pinning, Reacting } from './input.ts';
import { noticeMessage, withdrawNotices } from './notices.ts';
import { stoppedTyping } from './typing.ts';

type Wanted = ReturnType<typeof NewMessage.parse>;

/** Sends a message, once per client id, and gives it the conversation's next number. */
export async function sendMessage(ctx: Context, input: unknown): Promise<Message> {
  const wanted = parseInput(NewMessage, input);
  const message = await changing(ctx, wanted.conversationId, async (held) => (await earlier(held, wanted)) ?? send(ctx, held, wanted));
  if (message.authorId) stoppedTyping(ctx, message.conversationId, message.authorId);
  if (message.replyToId) ctx.loaders.messageById.clear(message.replyToId);
  return message;
}

/** What this client id sent before; the conversation's lock keeps two from sending at once. */
async function earlier({ tx, place }: Held, { conversationId, clientMessageId, body }: Wanted): Promise<Message | null> {
  const message = await findByClientId(tx, conversationId, place.userId, clientMessageId);
  if (message && message.bodyHash !== hashOf(body))
    throw conflict('this clientMessageId was used with another body; use a new one', { reason: 'CLIENT_MESSAGE_ID_REUSED' });
  return message;
}

async function send(ctx: Context, held: Held, wanted: Wanted): Promise<Message> {
  const { tx, conversation, place, at } = held;
  const { id: conversationId, organizationId } = conversation;
  const { body, clientMessageId, replyToId } = wanted;
  if (!canPost(conversation, place)) throw forbidden('only owners and admins write here');
  // The other one of a direct talk is gone: erased, or no longer a member.
  if (conversation.kind === 'DIRECT' && conversation.participantCount < 2)
    throw forbidden('this person cannot be reached', { reason: 'NOT_REACHABLE' });
  await checkRate(held);
  if (replyToId) await requireAnswerable(held, replyToId);
  const mentions = await readMentions(held, body);
  const seq = conversation.lastSeq + 1;
  const message = await insertMessage(tx, {
    conversationId,
    organizationId,
    seq,
    authorId: place.userId,
    body,
    bodyHash: hashOf(body),
    clientMessageId,
    replyToId: replyToId ?? null,
    createdAt: at,
    ...mentions,
  });
  if (replyToId) await countAnswer(tx, replyToId);
  const hearers = await countMessage(tx, { conversationId, seq, authorId: place.userId, at, ...mentions });
  await recordChanges(tx, conversation, [{ kind: 'MESSAGE_ADDED', messageId: message.id, seq }], { at, set: { lastSeq: seq } });
  const told = { messageId: message.id, conversationId, organizationId, seq, authorId: place.userId, hasAttachments: false };
  await emit(ctx, tx, outbox, messageSent, { ...told, mentionedUserIds: mentions.mentionedUserIds }, { organizationId });
  await noticeMessage(ctx, tx, conversation, message, hearers);
  return message;
}

async function checkRate({ tx, place, at }: Held): Promise<void> {
  const since = new Date(at.getTime() - rateWindow.ms);
  const { conversationId, userId: authorId } = place;
  const times = await listSendingTimes(tx, { conversationId, authorId, since, limit: rateWindow.messages });
  const wait = secondsToWait(times, at);
  if (wait !== null) throw rateLimited(wait);
}

async function requireAnswerable({ tx, place }: Held, replyToId: string): Promise<void> {
  const [answered] = await findMessages(tx, [replyToId]);
  if (!answered || !canSeeMessage(place, answered)) throw badInput([{ path: 'replyToId', message: 'is no message of this conversation' }]);
}

async function readMentions(
  { tx, conversation, place }: Held,
  body: string,
): Promise<{ mentionedUserIds: string[]; mentionsAll: boolean }> {
  const { handles, all } = mentionsIn(body);
  const called = await findByHandles(tx, conversation.id, handles);
  return { mentionedUserIds: called.filter((userId) => userId !== place.userId), mentionsAll: all && canMentionAll(conversation, place) };
}

/** Changes one's own message; who is newly mentioned is told, others are not told again. */
export async function editMessage(ctx: Context, input: unknown): Promise<Message> {
  const { id, version, body } = parseInput(MessageEdit, input);
  return changingMessage(ctx, id, async (held, message) => {
    const { tx, conversation, place, at } = held;
    const refusal = editRefusal(message, place.userId, at);
    if (refusal !== null) throw forbidden(refusal);
    if (message.version !== version) throw staleVersion(message.version);
    if (message.body === body) return message;
    const mentions = await readMentions(held, body);
    const { conversationId, organizationId, seq } = message;
    await insertVersion(tx, {
      messageId: id,
      version,
      conversationId,
      organizationId,
      body: message.body ?? '',
      at: message.editedAt ?? message.createdAt,
    });
    const edited = await updateMessage(tx, id, { body, editedAt: at, version: version + 1, ...mentions });
    await moveMentions(ctx, held, message, edited);
    await recordChanges(tx, conversation, [{ kind: 'MESSAGE_EDITED', messageId: id, seq }], { at });
    await emit(ctx, tx, outbox, messageEdited, { messageId: id, conversationId }, { organizationId });
    return edited;
  });
}

async function moveMentions(ctx: Context, { tx, conversation }: Held, before: Message, after: Message): Promise<void> {
  // Where everybody is called before or after, single handles no longer tell who gained or lost a mention.
  if (before.mentionsAll || after.mentionsAll) {
    if (before.mentionsAll === after.mentionsAll) return;
    const kept = new Set(before.mentionsAll ? after.mentionedUserIds : before.mentionedUserIds);
    await countMentions(tx, after, null, after.mentionsAll ? 1 : -1);
    await countMentions(tx, after, [...kept], after.mentionsAll ? -1 : 1);
    return;
  }
  const gained = after.mentionedUserIds.filter((userId) => !before.mentionedUserIds.includes(userId));
  const lost = before.mentionedUserIds.filter((userId) => !after.mentionedUserIds.includes(userId));
  await countMentions(tx, after, gained, 1);
  await countMentions(tx, after, lost, -1);
  if (gained.length > 0) await noticeMessage(ctx, tx, conversation, after, await findPresent(tx, conversation.id, gained));
}

/** Takes a message's text away from everybody; its place stays. */
export async function deleteMessage(ctx: Context, input: unknown): Promise<Message> {
  const { id } = parseInput(OneMessage, input);
  return changingMessage(ctx, id, async ({ tx, conversation, place, at }, message) => {
    if (!canDelete(conversation, place, message)) throw forbidden('only its author, and in groups owners and admins, delete a message');
    if (message.deletedAt) return message;
    const { conversationId, organizationId, seq } = message;
    const empty = { body: null, pinnedAt: null, mentionedUserIds: [], mentionsAll: false };
    const deleted = await updateMessage(tx, id, { ...empty, deletedAt: at, deletedById: place.userId, version: message.version + 1 });
    await deleteVersions(tx, id);
    await deleteReactions(tx, id);
    await countMentions(tx, message, message.mentionsAll ? null : message.mentionedUserIds, -1);
    await uncountMessage(tx, message);
    await recordChanges(tx, conversation, [{ kind: 'MESSAGE_DELETED', messageId: id, seq }], { at });
    await emit(ctx, tx, outbox, messageDeleted, { messageId: id, conversationId }, { organizationId });
    await withdrawNotices(ctx, tx, conversation, message);
    return deleted;
  });
}

/** Removes the earlier texts of one's own message for good. */
export async function eraseEarlierVersions(ctx: Context, input: unknown): Promise<Message> {
  const { id } = parseInput(OneMessage, input);
  return changingMessage(ctx, id, async ({ tx, place }, message) => {
    if (message.authorId !== place.userId) throw forbidden('only its author erases earlier texts');
    await deleteVersions(tx, id);
    return message;
  });
}

/** Sets or takes back a reaction; doing it twice changes nothing. */
export async function reactToMessage(ctx: Context, input: unknown): Promise<Message> {
  const { id, emoji, on } = parseInput(Reacting, input);
  return changingMessage(ctx, id, async ({ tx, conversation, place, at }, message) => {
    if (message.deletedAt) throw forbidden('a deleted message takes no reactions');
    const { userId } = place;
    const { conversationId, organizationId, seq } = message;
    if (on) {
      const used = new Set((await findReactions(tx, [id])).map((reaction) => reaction.emoji));
      if (!used.has(emoji) && used.size >= mostEmoji)
        throw conflict(`a message has at most ${mostEmoji} emoji`, { reason: 'TOO_MANY_REACTIONS' });
    }
    const changed = on
      ? await insertReaction(tx, { messageId: id, emoji, userId, conversationId, organizationId, createdAt: at })
      : await deleteReactions(tx, id, { userId, emoji });
    if (changed) await recordChanges(tx, conversation, [{ kind: 'REACTIONS_CHANGED', messageId: id, seq }], { at });
    return only(await findMessages(tx, [id]));
  });
}

/** Pins a message for everybody, or takes the pin away. */
export async function pinMessage(ctx: Context, input: unknown): Promise<Message> {
  const { id, pinned } = parseInput(Pinning, input);
  return changingMessage(ctx, id, async ({ tx, conversation, place, at }, message) => {
    if (!canPin(conversation, place)) throw forbidden('only owners and admins pin messages');
    if (pinned && message.deletedAt) throw forbidden('a deleted message cannot be pinned');
    if ((message.pinnedAt !== null) === pinned) return message;
    if (pinned && (await findPinned(tx, [conversation.id])).length >= mostPins)
      throw conflict(`a conversation has at most ${mostPins} pinned messages`, { reason: 'TOO_MANY_PINS' });
    await recordChanges(tx, conversation, [{ kind: 'PINS_CHANGED', messageId: id, seq: message.seq }], { at });
    return updateMessage(tx, id, { pinnedAt: pinned ? at : null });
  });
}
