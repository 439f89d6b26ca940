import { badInput, type Issue, notFound } from '@supergraph/platform/errors';
import { type Connection, type Page, type PageArguments, readPage, toConnection } from '@supergraph/platform/page';
import type { Context } from '../context.ts';
import { placeKey, type ReactionGroup } from '../loaders.ts';
import { canSeeMessage, canSeeReceipt, canSeeVersions } from '../policy.ts';
import {
  type Conversation,
  findSeqFrom,
  listMessages,
  type Message,
  type MessageVersion,
  type Participant,
  reading,
} from '../store/index.ts';
import { findMessage, requirePlace } from './access.ts';
import { messageCursor, messageScope } from './cursors.ts';

export interface HistoryArguments extends PageArguments {
  readonly around?: string | null | undefined;
  readonly from?: Date | null | undefined;
  readonly threadOf?: string | null | undefined;
}

/** A page of a conversation's messages by number: from an end, behind a cursor, around a message or from a moment on. */
export async function pageOfMessages(ctx: Context, conversation: Conversation, args: HistoryArguments): Promise<Connection<Message>> {
  const { place } = await requirePlace(ctx, conversation.id);
  const page = readPage(ctx, args, messageScope(conversation.id));
  refuseMixedPlaces(args);
  const threadOf = args.threadOf ? (await requireSeen(ctx, conversation, args.threadOf)).id : undefined;
  const list = (part: Page) => reading(ctx, (db) => listMessages(db, part, place, { threadOf }));
  if (args.around) return around(ctx, page, await requireSeen(ctx, conversation, args.around), list);
  const start = args.from ? await pageFrom(ctx, page, place, args.from) : page;
  return toConnection(ctx, start, await list(start), ({ seq }) => [seq]);
}

function refuseMixedPlaces({ around, from, after, before, last }: HistoryArguments): void {
  const issues: Issue[] = [];
  const cursors = after != null || before != null || last != null;
  if (around != null && cursors) issues.push({ path: 'around', message: 'cannot be combined with after, before or last' });
  if (from != null && cursors) issues.push({ path: 'from', message: 'cannot be combined with after, before or last' });
  if (around != null && from != null) issues.push({ path: 'from', message: 'cannot be combined with around' });
  if (issues.length > 0) throw badInput(issues);
}

async function requireSeen(ctx: Context, conversation: Conversation, id: string): Promise<Message> {
  const message = await findMessage(ctx, id);
  if (message?.conversationId !== conversation.id) throw notFound('Message');
  return message;
}

async function around(ctx: Context, page: Page, middle: Message, list: (page: Page) => Promise<Message[]>): Promise<Connection<Message>> {
  const older = Math.floor((page.size - 1) / 2);
  const [before, from] = await Promise.all([
    older > 0
      ? list({ ...page, size: older, backward: true, position: [middle.seq] })
      : list({ ...page, size: 0, backward: true, position: [middle.seq] }),
    list({ ...page, size: page.size - older, backward: false, position: [middle.seq - 1] }),
  ]);
  const nodes = [...before.slice(0, older).toReversed(), ...from.slice(0, page.size - older)];
  const edges = nodes.map((node) => ({ node, cursor: messageCursor(ctx, node.conversationId, node.seq) }));
  return {
    edges,
    nodes,
    pageInfo: {
      hasPreviousPage: before.length > older,
      hasNextPage: from.length > page.size - older,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

async function pageFrom(ctx: Context, page: Page, place: Participant, from: Date): Promise<Page> {
  const seq = await reading(ctx, (db) => findSeqFrom(db, place.conversationId, from));
  // Nothing is that new: an empty page behind every number.
  if (seq === null) return { ...page, position: [Number.MAX_SAFE_INTEGER] };
  return seq <= place.fromSeq ? page : { ...page, position: [seq - 1] };
}

/** The pinned messages that the viewer sees. */
export async function listPinned(ctx: Context, { id }: Conversation): Promise<Message[]> {
  const [pinned, place] = await Promise.all([ctx.loaders.pinnedOf.load(id), ctx.loaders.viewerPlace.load(id)]);
  return pinned.filter((message) => canSeeMessage(place, message));
}

/** The newest message that the viewer sees. */
export async function findLastMessage(ctx: Context, { id, lastSeq }: Conversation): Promise<Message | null> {
  const place = lastSeq > 0 ? await ctx.loaders.viewerPlace.load(id) : null;
  if (!place || place.fromSeq > lastSeq) return null;
  return ctx.loaders.messageAt.load(placeKey(id, lastSeq));
}

/** The message that this one answers, if the viewer sees it. */
export async function findAnswered(ctx: Context, { replyToId, conversationId }: Message): Promise<Message | null> {
  if (!replyToId) return null;
  const [answered, place] = await Promise.all([ctx.loaders.messageById.load(replyToId), ctx.loaders.viewerPlace.load(conversationId)]);
  return answered && canSeeMessage(place, answered) ? answered : null;
}

/** Reactions by emoji, in the order in which the emoji came. */
export async function listReactions(ctx: Context, { id }: Message): Promise<ReactionGroup[]> {
  const byEmoji = Map.groupBy(await ctx.loaders.reactionsOf.load(id), ({ emoji }) => emoji);
  return [...byEmoji].map(([emoji, reactions]) => ({ emoji, count: reactions.length, reactions }));
}

/** Earlier texts, for the author and for the owners and admins of the group; null for others. */
export async function listEarlierVersions(ctx: Context, message: Message): Promise<readonly MessageVersion[] | null> {
  const { conversation, place } = await requirePlace(ctx, message.conversationId);
  return canSeeVersions(conversation, place, message) ? ctx.loaders.versionsOf.load(message.id) : null;
}

/** How far somebody has read, where the viewer may know. */
export async function readReceipt(ctx: Context, participant: Participant): Promise<Pick<Participant, 'lastReadSeq' | 'lastReadAt'> | null> {
  const conversation = await ctx.loaders.conversationById.load(participant.conversationId);
  return conversation && canSeeReceipt(conversation, participant, ctx.viewer?.userId) ? participant : null;
}
