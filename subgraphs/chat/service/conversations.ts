import { idempotency, outbox } from '@supergraph/db/chat/tables';
import { hasPermission } from '@supergraph/platform/access';
import { requireViewer } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { badInput, conflict, forbidden, notFound, staleVersion } from '@supergraph/platform/errors';
import { idempotent } from '@supergraph/platform/idempotency';
import { parseInput } from '@supergraph/platform/input';
import { emit } from '@supergraph/platform/outbox';
import { type Connection, type PageArguments, readPage, toConnection } from '@supergraph/platform/page';
import { conversationCreated, conversationUpdated, participantAdded } from '@supergraph/schema/events/chat';
import type { Context } from '../context.ts';
import { directKey } from '../loaders.ts';
import { canManage, largestGroup, pairOf, sharesReceipts } from '../policy.ts';
import { groupQuota, quotas } from '../quotas.ts';
import {
  type Conversation,
  countConversations,
  countParticipants,
  countUnread,
  findByPairs,
  findConversations,
  findForSubject,
  findPresent,
  insertConversation,
  insertParticipants,
  listConversations,
  type Listed,
  type ListFilter,
  listParticipants,
  lockConversation,
  type NewChange,
  only,
  type Participant,
  reading,
  recordChanges,
  type Role,
  writing,
} from '../store/index.ts';
import { changing, findConversation, touched } from './access.ts';
import { ConversationEdit, NewConversation, StartDirect } from './input.ts';
import { noticeAdded } from './notices.ts';
import { reachable, requireReachable } from './people.ts';

/** How a conversation looks in an event. */
const told = ({ id, organizationId, kind, subjectType, subjectId }: Conversation) => ({
  conversationId: id,
  organizationId,
  kind,
  subject: subjectType && subjectId ? { type: subjectType, id: subjectId } : null,
});

/** Lets people take part from now on: rows, log and events. The conversation's row must be locked or new. */
export async function join(
  ctx: Context,
  tx: Db,
  conversation: Conversation,
  people: readonly { userId: string; role: Role }[],
): Promise<{ conversation: Conversation; joined: Participant[] }> {
  const at = ctx.now();
  const { id: conversationId, organizationId, lastSeq, lastChange, participantCount } = conversation;
  if (organizationId && conversation.kind === 'GROUP')
    await quotas.requireWithin(tx, organizationId, groupQuota, participantCount + people.length);
  const fromSeq = conversation.kind === 'GROUP' && conversation.historyForNewcomers ? 1 : lastSeq + 1;
  const joined = await insertParticipants(
    tx,
    people.map((person) => ({
      ...person,
      conversationId,
      organizationId,
      fromSeq,
      // Only what comes after everybody's joining is news to them.
      fromChange: lastChange + people.length,
      lastReadSeq: lastSeq,
      joinedAt: at,
      activityAt: at,
    })),
  );
  const changes: NewChange[] = joined.map(({ id, userId }) => ({ kind: 'PARTICIPANT_ADDED', participantId: id, userId }));
  const set = { participantCount: conversation.participantCount + joined.length, archivedAt: null };
  const grown = await recordChanges(tx, conversation, changes, { at, set });
  for (const { userId, role } of joined)
    await emit(ctx, tx, outbox, participantAdded, { conversationId, userId, role }, { organizationId });
  return { conversation: grown, joined };
}

/** The viewer's talk with one other person in the chosen space; both starting it at once get the same one. */
export async function startDirect(ctx: Context, input: unknown): Promise<Conversation> {
  const { userId: other } = parseInput(StartDirect, input);
  const { userId } = requireViewer(ctx);
  if (other === userId) throw badInput([{ path: 'userId', message: 'must be somebody else' }]);
  const organizationId = ctx.organization?.id ?? null;
  const pair = pairOf(organizationId, userId, other);
  const conversation = await writing(ctx, async (tx) => {
    const [known] = await findByPairs(tx, [pair]);
    if (known) return comeBack(ctx, tx, known, [userId, other]);
    if (!(await reachable(tx, organizationId, [other])).has(other)) throw notFound('User');
    const made = await insertConversation(tx, { organizationId, kind: 'DIRECT', pair, createdById: userId, createdAt: ctx.now() });
    // Somebody else made it between our look and our insert, which has waited for their commit.
    if (!made) return only(await findByPairs(tx, [pair]));
    const { conversation: begun } = await join(
      ctx,
      tx,
      made,
      [userId, other].map((one) => ({ userId: one, role: 'MEMBER' as const })),
    );
    await emit(ctx, tx, outbox, conversationCreated, told(begun), { organizationId });
    return begun;
  });
  touched(ctx, conversation.id);
  return conversation;
}

/** Who was taken out of a direct talk, because their membership ended, begins anew in it once they can be reached again. */
async function comeBack(ctx: Context, tx: Db, known: Conversation, people: readonly string[]): Promise<Conversation> {
  if ((await findPresent(tx, known.id, people)).length === people.length) return known;
  const conversation = (await lockConversation(tx, known.id)) ?? known;
  const present = new Set((await findPresent(tx, known.id, people)).map(({ userId }) => userId));
  const absent = people.filter((userId) => !present.has(userId));
  const fine = await reachable(tx, known.organizationId, absent);
  const back = absent.filter((userId) => fine.has(userId) || userId === ctx.viewer?.userId);
  if (back.length === 0) return conversation;
  const { conversation: grown } = await join(
    ctx,
    tx,
    conversation,
    back.map((userId) => ({ userId, role: 'MEMBER' as const })),
  );
  return grown;
}

/** Makes a group in the viewer's name. */
export async function createConversation(ctx: Context, input: unknown): Promise<Conversation> {
  const { idempotencyKey, ...wanted } = parseInput(NewConversation, input);
  const { userId } = requireViewer(ctx);
  const organizationId = ctx.organization?.id ?? null;
  if (ctx.organization && !hasPermission(ctx, 'chat.conversation.create'))
    throw forbidden('making conversations here needs the permission chat.conversation.create', { reason: 'PERMISSION_MISSING' });
  const conversation = await writing(ctx, async (tx) => {
    const request = { operation: `createConversation:${organizationId}`, key: idempotencyKey, input: wanted };
    const id = await idempotent(ctx, tx, idempotency, request, () => makeGroup(ctx, tx, wanted, { organizationId, userId }));
    return only(await findConversations(tx, [id]));
  });
  touched(ctx, conversation.id);
  return conversation;
}

type Wanted = Omit<ReturnType<typeof NewConversation.parse>, 'idempotencyKey'>;

async function makeGroup(
  ctx: Context,
  tx: Db,
  { name, topic, settings, subject, userIds }: Wanted,
  { organizationId, userId }: { organizationId: string | null; userId: string },
): Promise<string> {
  await requireReachable(tx, organizationId, userIds);
  const others = [...new Set(userIds)].filter((id) => id !== userId);
  if (others.length + 1 > largestGroup) throw groupIsFull();
  const made = await insertConversation(tx, {
    organizationId,
    kind: 'GROUP',
    name,
    topic: topic || null,
    subjectType: subject?.type ?? null,
    subjectId: subject?.id ?? null,
    createdById: userId,
    createdAt: ctx.now(),
    ...settings,
  });
  if (!made) throw new Error('a group was taken for a direct talk');
  const people = [{ userId, role: 'OWNER' as const }, ...others.map((id) => ({ userId: id, role: 'MEMBER' as const }))];
  const { conversation, joined } = await join(ctx, tx, made, people);
  await emit(ctx, tx, outbox, conversationCreated, told(conversation), { organizationId });
  await noticeAdded(
    ctx,
    tx,
    conversation,
    joined.filter((participant) => participant.userId !== userId),
    userId,
  );
  return conversation.id;
}

/** Groups have at most 1,000 people. */
export const groupIsFull = () =>
  conflict(`a group has at most ${largestGroup} people`, { reason: 'QUOTA_EXCEEDED', quota: 'chat.group_size', limit: largestGroup });

/** Changes a group's name, topic or settings. */
export async function updateConversation(ctx: Context, input: unknown): Promise<Conversation> {
  const { id, version, name, topic, settings } = parseInput(ConversationEdit, input);
  return changing(ctx, id, async ({ tx, conversation, place, at }) => {
    if (!canManage(conversation, place)) throw forbidden('only owners and admins of a group change it');
    if (conversation.version !== version) throw staleVersion(conversation.version);
    const set = {
      ...(name === undefined ? {} : { name }),
      ...(topic === undefined ? {} : { topic: topic || null }),
      ...Object.fromEntries(Object.entries(settings ?? {}).filter(([, value]) => value !== undefined)),
      version: version + 1,
    };
    const updated = await recordChanges(tx, conversation, [{ kind: 'CONVERSATION_CHANGED' }], { at, set });
    await emit(ctx, tx, outbox, conversationUpdated, told(updated), { organizationId: updated.organizationId });
    return updated;
  });
}

/** A person's own list; null for everybody else. */
export async function pageOfConversations(
  ctx: Context,
  userId: string,
  args: PageArguments & { readonly filter?: { [Key in keyof ListFilter]?: ListFilter[Key] | null } | null },
): Promise<Connection<Conversation> | null> {
  if (ctx.viewer?.userId !== userId) return null;
  const filter: ListFilter = {
    archived: args.filter?.archived ?? false,
    pinned: args.filter?.pinned ?? undefined,
    unread: args.filter?.unread ?? undefined,
    kind: args.filter?.kind ?? undefined,
  };
  const page = readPage(ctx, args, ['conversations', userId, ctx.organization?.id ?? null, filter]);
  const rows = await reading(ctx, (db) => listConversations(db, page, userId, filter));
  for (const { conversation, place } of rows) {
    ctx.loaders.conversationById.prime(conversation.id, conversation);
    ctx.loaders.viewerPlace.prime(conversation.id, place);
  }
  const keyOf = ({ place }: Listed) => [place.activityAt, place.id];
  const total = () => reading(ctx, (db) => countConversations(db, userId, filter));
  const { edges, nodes, ...rest } = toConnection(ctx, page, rows, keyOf, total);
  return {
    ...rest,
    edges: edges.map(({ cursor, node }) => ({ cursor, node: node.conversation })),
    nodes: nodes.map(({ conversation }) => conversation),
  };
}

/** In how many of a person's own conversations something is unread; null for everybody else. */
export const countUnreadConversations = async (ctx: Context, userId: string): Promise<number | null> =>
  ctx.viewer?.userId === userId ? reading(ctx, (db) => countUnread(db, userId)) : null;

/** The direct talk between the viewer and another person. */
export async function findDirect(ctx: Context, userId: string): Promise<Conversation | null> {
  const viewerId = ctx.viewer?.userId;
  if (!viewerId || viewerId === userId) return null;
  const direct = await ctx.loaders.directByPair.load(directKey(ctx, viewerId, userId));
  return direct && findConversation(ctx, direct.id);
}

/** The newest of the viewer's conversations about a thing. */
export const findConversationForSubject = (ctx: Context, subject: { type: string; id: string }): Promise<Conversation | null> => {
  const { userId } = requireViewer(ctx);
  return reading(ctx, (db) => findForSubject(db, subject, userId));
};

/** A conversation's people in the order of joining. */
export async function pageOfParticipants(ctx: Context, conversation: Conversation, args: PageArguments): Promise<Connection<Participant>> {
  const page = readPage(ctx, args, ['participants', conversation.id]);
  const rows = await reading(ctx, (db) => listParticipants(db, page, conversation.id));
  return toConnection(
    ctx,
    page,
    rows,
    ({ id }) => [id],
    () => Promise.resolve(conversation.participantCount),
  );
}

/** Who has read up to a message; null where people do not see that of each other. */
export async function pageOfReaders(
  ctx: Context,
  conversation: Conversation,
  { seq, ...args }: PageArguments & { readonly seq: bigint | number },
): Promise<Connection<Participant> | null> {
  if (!sharesReceipts(conversation)) return null;
  const page = readPage(ctx, args, ['readers', conversation.id, String(seq)]);
  const read = { readUpTo: Number(seq) };
  const rows = await reading(ctx, (db) => listParticipants(db, page, conversation.id, read));
  const total = () => reading(ctx, (db) => countParticipants(db, conversation.id, read));
  return toConnection(ctx, page, rows, ({ id }) => [id], total);
}
