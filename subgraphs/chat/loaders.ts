import type { RequestContext } from '@supergraph/platform/context';
import { loadById, loadManyBy } from '@supergraph/platform/loader';
import { pairOf } from './policy.ts';
import {
  findByPairs,
  findConversations,
  findMessages,
  findMessagesAt,
  findPinned,
  findPlaces,
  findReactions,
  findVersions,
  type Reaction,
  reading,
} from './store/index.ts';

/** The reactions to a message with one emoji. */
export interface ReactionGroup {
  readonly emoji: string;
  readonly count: number;
  readonly reactions: readonly Reaction[];
}

const placeKey = (conversationId: string, seq: number): string => `${conversationId}:${seq}`;
const placeOf = (key: string) => ({ conversationId: key.slice(0, 36), seq: Number(key.slice(37)) });

/** Loaders live for one request; a subscription primes them with what its feed has read. */
export function createLoaders(ctx: Pick<RequestContext, 'db' | 'organization' | 'viewer'>) {
  const userId = ctx.viewer?.userId;
  return {
    conversationById: loadById(
      (ids) => reading(ctx, (db) => findConversations(db, ids)),
      (row) => row.id,
    ),
    /** The viewer's own place, by conversation. */
    viewerPlace: loadById(
      async (ids) => (userId ? reading(ctx, (db) => findPlaces(db, userId, ids)) : []),
      (row) => row.conversationId,
    ),
    messageById: loadById(
      (ids) => reading(ctx, (db) => findMessages(db, ids)),
      (row) => row.id,
    ),
    /** By the key that `placeKey` makes. */
    messageAt: loadById(
      (keys) => reading(ctx, (db) => findMessagesAt(db, keys.map(placeOf))),
      (row) => placeKey(row.conversationId, row.seq),
    ),
    pinnedOf: loadManyBy(
      (ids) => reading(ctx, (db) => findPinned(db, ids)),
      (row) => row.conversationId,
    ),
    reactionsOf: loadManyBy(
      (ids) => reading(ctx, (db) => findReactions(db, ids)),
      (row) => row.messageId,
    ),
    versionsOf: loadManyBy(
      (ids) => reading(ctx, (db) => findVersions(db, ids)),
      (row) => row.messageId,
    ),
    /** The direct talk with another person in the space of the request, by pair. */
    directByPair: loadById(
      (pairs) => reading(ctx, (db) => findByPairs(db, pairs)),
      (row) => row.pair ?? '',
    ),
  };
}
export type Loaders = ReturnType<typeof createLoaders>;

/** The key of `messageAt`. */
export { placeKey };
/** The key of `directByPair` for the viewer and another person. */
export const directKey = (ctx: Pick<RequestContext, 'organization'>, viewerId: string, userId: string): string =>
  pairOf(ctx.organization?.id ?? null, viewerId, userId);
