import { type Identity, reaches, type Viewer } from '@supergraph/platform/context';
import type { FactContent } from '@supergraph/db/notifications/tables';
import type { Head, Notice } from './store/rows.ts';

/** A feed is its owner's alone: not an administrator's who acts as a person, nor a token's that works in one organization alone. */
export const ownsFeed = (asking: Pick<Identity, 'organization'> & { readonly viewer: Asking | null }, userId: string): boolean =>
  asking.viewer !== null && asking.viewer.actorId === null && asking.viewer.userId === userId && reaches(asking, null);
type Asking = Pick<Viewer, 'userId' | 'actorId'>;

/** How many people a notice names at most. */
export const mostActors = 50;

/** How far ahead a notice may be snoozed. */
export const longestSnoozeMs = 366 * 86_400_000;

const ranks = { LOW: 0, NORMAL: 1, HIGH: 2, URGENT: 3 } as const;

type Placed = Pick<Notice, 'archivedAt' | 'snoozedUntil'>;
type Counted = Placed & Pick<Notice, 'seenAt' | 'readAt' | 'category'>;

/** Whether a notice stands in the feed, and so counts. */
export const inFeed = ({ archivedAt, snoozedUntil }: Placed): boolean => archivedAt === null && snoozedUntil === null;

/** The counts after one notice changed; null stands for one that was not there, or is gone. */
export function recount(head: Head, before: Counted | null, after: Counted | null): Head {
  return counted(counted(head, before, -1), after, 1);
}

function counted(head: Head, notice: Counted | null, sign: 1 | -1): Head {
  if (!notice || !inFeed(notice)) return head;
  const unseen = head.unseen + (notice.seenAt === null ? sign : 0);
  if (notice.readAt !== null) return { ...head, unseen };
  const { [notice.category]: unread = 0, ...others } = head.unreadByCategory;
  const left = unread + sign;
  return {
    ...head,
    unseen,
    unread: head.unread + sign,
    unreadByCategory: left === 0 ? others : { ...others, [notice.category]: left },
  };
}

/** What a notice of several facts says: the most pressing one, the latest of equals. Latest first; null when there is none. */
export const leading = (contents: readonly FactContent[]): FactContent | null =>
  contents.reduce<FactContent | null>((best, next) => (best && ranks[best.urgency] >= ranks[next.urgency] ? best : next), null);

/** Whether a fact that joins a notice speaks for it from now on. */
export const speaksFor = (joining: Pick<FactContent, 'urgency'>, notice: Pick<Notice, 'urgency'>): boolean =>
  ranks[joining.urgency] >= ranks[notice.urgency];

/** The people of a notice after one more did it: latest first, each once. */
export const withActor = (actorIds: readonly string[], actorId: string | null): string[] =>
  actorId === null ? [...actorIds] : [actorId, ...actorIds.filter((id) => id !== actorId)].slice(0, mostActors);
