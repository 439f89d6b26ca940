import type { RequestContext } from '@supergraph/platform/context';
import { asPerson, type Db } from '@supergraph/platform/database';
import { loadById } from '@supergraph/platform/loader';
import { ownsFeed } from './policy.ts';
import { findPeople } from './store/facts.ts';
import { findHeads } from './store/feeds.ts';
import { findNotices } from './store/notices.ts';

/** Loaders live for one request, and open the viewer's own rows alone. */
export function createLoaders(ctx: Pick<RequestContext, 'db' | 'viewer' | 'organization'>) {
  const { db, viewer } = ctx;
  const own = async <Row>(work: (tx: Db, userId: string) => Promise<Row[]>): Promise<Row[]> =>
    viewer && ownsFeed(ctx, viewer.userId) ? asPerson(db, viewer.userId, (tx) => work(tx, viewer.userId)) : [];
  return {
    noticeById: loadById(
      (ids) => own((tx) => findNotices(tx, ids)),
      (notice) => notice.id,
    ),
    headByPerson: loadById(
      (ids) => own((tx) => findHeads(tx, ids)),
      (head) => head.recipientId,
    ),
    personById: loadById(
      (ids) => findPeople(db, ids),
      (person) => person.userId,
    ),
  };
}
export type Loaders = ReturnType<typeof createLoaders>;
