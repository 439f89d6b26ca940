import type { Db } from '@supergraph/platform/database';
import type { Context } from '../context.ts';
import { conversationTouched } from '../feed/hub.ts';
import {
  type ChangeKind,
  type Conversation,
  listPlacesOf,
  listSuspendedPlaces,
  lockConversation,
  type Participant,
  recordChanges,
  updateParticipant,
} from '../store/index.ts';
import { takeOut } from './participants.ts';

type Effect = (conversation: Conversation, place: Participant) => Promise<unknown>;

/** Conversations are locked in the order of their ids, so that two memberships that end at once cannot block each other. */
async function ofEach(ctx: Context, tx: Db, places: readonly Participant[], effect: Effect): Promise<void> {
  for (const place of places.toSorted((one, other) => (one.conversationId < other.conversationId ? -1 : 1))) {
    const conversation = await lockConversation(tx, place.conversationId);
    if (conversation) await effect(conversation, place);
    ctx.bus.send(conversationTouched, { conversationId: place.conversationId });
  }
}

/** Takes a person out of everything in a space, or of at most so many conversations; whether some are left. */
export async function endPlaces(ctx: Context, tx: Db, userId: string, organizationId: string | null, most?: number): Promise<boolean> {
  const places = await listPlacesOf(tx, userId, organizationId);
  await ofEach(ctx, tx, places.slice(0, most), (conversation, place) => takeOut(ctx, tx, conversation, place));
  return most !== undefined && places.length > most;
}

/** Hides everything in a tenant from a suspended member; their places stay. */
export const suspendPlaces = async (ctx: Context, tx: Db, userId: string, organizationId: string): Promise<void> =>
  ofEach(ctx, tx, await listPlacesOf(tx, userId, organizationId), (conversation, place) =>
    setSuspended(ctx, tx, conversation, place, 'PARTICIPANT_REMOVED'),
  );

/** Shows it to them again. */
export const resumePlaces = async (ctx: Context, tx: Db, userId: string, organizationId: string): Promise<void> =>
  ofEach(ctx, tx, await listSuspendedPlaces(tx, userId, organizationId), (conversation, place) =>
    setSuspended(ctx, tx, conversation, place, 'PARTICIPANT_ADDED'),
  );

async function setSuspended(ctx: Context, tx: Db, conversation: Conversation, place: Participant, kind: ChangeKind): Promise<void> {
  const at = ctx.now();
  const back = kind === 'PARTICIPANT_ADDED';
  await updateParticipant(tx, place.id, {
    suspendedAt: back ? null : at,
    // The log told of their removal, which must not end the streams that they open from now on.
    ...(back ? { fromChange: conversation.lastChange + 1 } : {}),
  });
  await recordChanges(tx, conversation, [{ kind, participantId: place.id, userId: place.userId }], { at });
}
