import { outbox } from '@supergraph/db/chat/tables';
import type { Db } from '@supergraph/platform/database';
import { conflict, forbidden, notFound } from '@supergraph/platform/errors';
import { parseInput } from '@supergraph/platform/input';
import { emit } from '@supergraph/platform/outbox';
import { participantRemoved } from '@supergraph/schema/events/chat';
import type { Context } from '../context.ts';
import { canInvite, canRemove, canSetRoles, largestGroup } from '../policy.ts';
import {
  type Conversation,
  findHeir,
  findPresent,
  hasOtherOwner,
  type NewChange,
  type Participant,
  recordChanges,
  updateParticipant,
} from '../store/index.ts';
import { changing } from './access.ts';
import { groupIsFull, join } from './conversations.ts';
import { NewRole, OneConversation, OnePerson, People } from './input.ts';
import { noticeAdded } from './notices.ts';
import { requireReachable } from './people.ts';
import { stoppedTyping } from './typing.ts';

const directNeverChanges = () =>
  forbidden('a direct talk has its two people for good; archive it instead', { reason: 'DIRECT_CONVERSATION' });

/** Adds people to a group; who takes part already stays as they are. */
export async function addParticipants(ctx: Context, input: unknown): Promise<Conversation> {
  const { conversationId, userIds } = parseInput(People, input);
  return changing(ctx, conversationId, async ({ tx, conversation, place }) => {
    if (conversation.kind === 'DIRECT') throw directNeverChanges();
    if (!canInvite(conversation, place)) throw forbidden('only owners and admins add people here');
    await requireReachable(tx, conversation.organizationId, userIds);
    const present = new Set((await findPresent(tx, conversationId, userIds)).map(({ userId }) => userId));
    const added = [...new Set(userIds)].filter((userId) => !present.has(userId));
    if (added.length === 0) return conversation;
    if (conversation.participantCount + added.length > largestGroup) throw groupIsFull();
    const grown = await join(
      ctx,
      tx,
      conversation,
      added.map((userId) => ({ userId, role: 'MEMBER' as const })),
    );
    await noticeAdded(ctx, tx, grown.conversation, grown.joined, place.userId);
    return grown.conversation;
  });
}

/** Takes somebody out of a group; oneself, it is leaving. */
export async function removeParticipant(ctx: Context, input: unknown): Promise<Conversation> {
  const { conversationId, userId } = parseInput(OnePerson, input);
  const conversation = await changing(ctx, conversationId, async ({ tx, conversation, place }) => {
    if (conversation.kind === 'DIRECT') throw directNeverChanges();
    const [other] = await findPresent(tx, conversationId, [userId]);
    if (!other) throw notFound('Participant');
    if (userId === place.userId) throw forbidden('use leaveConversation to go yourself');
    if (!canRemove(conversation, place, other)) throw forbidden('owners remove anybody, admins remove members');
    return takeOut(ctx, tx, conversation, other);
  });
  stoppedTyping(ctx, conversationId, userId);
  return conversation;
}

/** Leaves a group. */
export async function leave(ctx: Context, input: unknown): Promise<string> {
  const { conversationId } = parseInput(OneConversation, input);
  const userId = await changing(ctx, conversationId, async ({ tx, conversation, place }) => {
    if (conversation.kind === 'DIRECT') throw directNeverChanges();
    await takeOut(ctx, tx, conversation, place);
    return place.userId;
  });
  stoppedTyping(ctx, conversationId, userId);
  return conversationId;
}

/** Ends a place; a group is never left without an owner, and closes when nobody is left. The conversation must be locked. */
export async function takeOut(ctx: Context, tx: Db, conversation: Conversation, gone: Participant): Promise<Conversation> {
  const at = ctx.now();
  const { id: conversationId, organizationId } = conversation;
  await updateParticipant(tx, gone.id, { leftAt: at, draft: null });
  const changes: NewChange[] = [{ kind: 'PARTICIPANT_REMOVED', participantId: gone.id, userId: gone.userId }];
  const heir = conversation.kind === 'GROUP' ? await findHeir(tx, conversationId) : null;
  if (heir && heir.role !== 'OWNER') {
    await updateParticipant(tx, heir.id, { role: 'OWNER' });
    changes.push({ kind: 'PARTICIPANT_CHANGED', participantId: heir.id, userId: heir.userId });
  }
  const left = conversation.participantCount - 1;
  const set = { participantCount: left, ...(left === 0 ? { archivedAt: at } : {}) };
  const smaller = await recordChanges(tx, conversation, changes, { at, set });
  await emit(ctx, tx, outbox, participantRemoved, { conversationId, userId: gone.userId, role: gone.role }, { organizationId });
  return smaller;
}

/** Changes somebody's role. */
export async function setRole(ctx: Context, input: unknown): Promise<Conversation> {
  const { conversationId, userId, role } = parseInput(NewRole, input);
  return changing(ctx, conversationId, async ({ tx, conversation, place, at }) => {
    if (!canSetRoles(conversation, place)) throw forbidden('only the owners of a group give roles');
    const [other] = await findPresent(tx, conversationId, [userId]);
    if (!other) throw notFound('Participant');
    if (other.role === role) return conversation;
    if (other.role === 'OWNER' && !(await hasOtherOwner(tx, conversationId, userId)))
      throw conflict('a group needs an owner; make somebody else one first', { reason: 'LAST_OWNER' });
    await updateParticipant(tx, other.id, { role });
    return recordChanges(tx, conversation, [{ kind: 'PARTICIPANT_CHANGED', participantId: other.id, userId }], { at });
  });
}
