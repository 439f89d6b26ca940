import type { RequestContext } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { loadById, loadManyBy } from '@supergraph/platform/loader';
import { findProducts } from './register.ts';
import { countPages, findPages, findSummaries, type Listing, type ListOwner } from './store/lists.ts';
import { findAspectSummaries } from './store/ratings.ts';
import { findEntitlements, findMemberships, findPolicies, findSuspended } from './store/register.ts';
import { findAspects, findReplies, findReviews, findReviewsBy, findVotes, findWaitingEdits } from './store/reviews.ts';
import type { Review, Summary } from './store/rows.ts';

/** A list's page, or with `listing: null` its owner's rating alone. */
export interface ListKey {
  readonly owner: ListOwner;
  readonly id: string;
  readonly listing: Listing | null;
}

interface ListRead {
  readonly summary: Summary | null;
  readonly rows: readonly Review[];
}

/** A page of twenty things names its listing a hundred times. All listings are made by one function, so their parts stand in one order. */
const texts = new WeakMap<Listing, string>();

function textOfListing(listing: Listing): string {
  const known = texts.get(listing) ?? JSON.stringify(listing);
  texts.set(listing, known);
  return known;
}

const keyText = ({ owner, id, listing }: ListKey) => `${owner}:${id}:${listing ? textOfListing(listing) : ''}`;
const groupOf = ({ owner, listing }: ListKey) => `${owner}:${listing ? textOfListing(listing) : ''}`;

interface Group {
  readonly owner: ListOwner;
  readonly listing: Listing | null;
  readonly ids: string[];
}

/** Ratings of things whose page is asked for too come with the page, so that both are of one moment and one statement. */
function groupsOf(keys: readonly ListKey[]): Group[] {
  const pages = Map.groupBy(
    keys.filter(({ listing }) => listing !== null),
    groupOf,
  );
  const withPage = new Set(keys.filter(({ listing }) => listing !== null).map(({ owner, id }) => `${owner}:${id}`));
  const alone = Map.groupBy(
    keys.filter(({ owner, id, listing }) => listing === null && !withPage.has(`${owner}:${id}`)),
    groupOf,
  );
  return [...pages.values(), ...alone.values()].flatMap((group) => {
    const [first] = group;
    return first ? [{ owner: first.owner, listing: first.listing, ids: [...new Set(group.map(({ id }) => id))] }] : [];
  });
}

async function readGroup(db: Db, { owner, listing, ids }: Group): Promise<[string, ListRead][]> {
  if (listing) return (await findPages(db, owner, ids, listing)).map((page) => [keyText({ owner, id: page.id, listing }), page]);
  if (owner === 'AUTHOR') return [];
  return (await findSummaries(db, owner, ids)).map((summary) => [keyText({ owner, id: summary.id, listing }), { summary, rows: [] }]);
}

/** One statement reads its own moment; several share one, so that a list and a rating never disagree. */
async function readGroups(db: Db, groups: readonly Group[]): Promise<Map<string, ListRead>> {
  const read = async (tx: Db) => {
    const found = new Map<string, ListRead>();
    for (const group of groups) for (const [key, list] of await readGroup(tx, group)) found.set(key, list);
    return found;
  };
  if (groups.length < 2) return read(db);
  return db.transaction(read, { isolationLevel: 'repeatable read', accessMode: 'read only' });
}

async function readLists(db: Db, keys: readonly ListKey[]): Promise<ListRead[]> {
  const found = await readGroups(db, groupsOf(keys));
  const summaries = new Map<string, Summary>(
    [...found.values()].flatMap(({ summary }) => (summary ? [[`${summary.scope}:${summary.id}`, summary] as const] : [])),
  );
  return keys.map((key) => found.get(keyText(key)) ?? { summary: summaries.get(`${key.owner}:${key.id}`) ?? null, rows: [] });
}

type CountKey = ListKey & { readonly listing: Listing };

async function readCounts(db: Db, keys: readonly CountKey[]): Promise<number[]> {
  const totals = new Map<string, number>();
  for (const [group, members] of Map.groupBy(keys, groupOf)) {
    const [first] = members;
    if (!first) continue;
    for (const { id, total } of await countPages(db, first.owner, [...new Set(members.map(({ id: member }) => member))], first.listing))
      totals.set(`${group}:${id}`, total);
  }
  return keys.map((key) => totals.get(`${groupOf(key)}:${key.id}`) ?? 0);
}

/** Loads by a key of several parts; `read` answers in the order of its keys. */
function loadByParts<Key, Value>(textOf: (key: Key) => string, read: (keys: readonly Key[]) => Promise<readonly Value[]>) {
  const asked = new Map<string, Key>();
  const loader = loadById<string, { readonly text: string; readonly value: Value }>(
    async (texts) => {
      const keys = texts.flatMap((text) => asked.get(text) ?? []);
      const values = await read(keys);
      return keys.flatMap((key, index) => (index in values ? [{ text: textOf(key), value: values[index] as Value }] : []));
    },
    ({ text }) => text,
  );
  return {
    load: async (key: Key): Promise<Value> => {
      asked.set(textOf(key), key);
      const found = await loader.load(textOf(key));
      if (!found) throw new Error('the batch gave no answer for a key');
      return found.value;
    },
    clearAll: () => void loader.clearAll(),
  };
}

/** Loaders live for one request, which has one viewer; what not everybody may see passes the policy in the service. */
export const createLoaders = (ctx: Pick<RequestContext, 'db' | 'viewer' | 'call' | 'log'>) => {
  const { db } = ctx;
  const viewerId = ctx.viewer?.userId;
  const ofViewer = <Row>(find: (userId: string, ids: readonly string[]) => Promise<readonly Row[]>, key: (row: Row) => string) =>
    loadById<string, Row>((ids) => (viewerId ? find(viewerId, ids) : Promise.resolve([])), key);
  return {
    reviewById: loadById(
      (ids) => findReviews(db, ids),
      (review) => review.id,
    ),
    aspectsByReview: loadManyBy(
      (ids) => findAspects(db, ids),
      (aspect) => aspect.reviewId,
    ),
    replyByReview: loadById(
      (ids) => findReplies(db, ids),
      (reply) => reply.reviewId,
    ),
    waitingEditByReview: loadById(
      (ids) => findWaitingEdits(db, ids),
      (edit) => edit.reviewId,
    ),
    lists: loadByParts(keyText, (keys: readonly ListKey[]) => readLists(db, keys)),
    counts: loadByParts(keyText, (keys: readonly CountKey[]) => readCounts(db, keys)),
    aspectsByProduct: loadManyBy(
      (ids) => findAspectSummaries(db, 'PRODUCT', ids),
      (row) => row.id,
    ),
    aspectsBySeller: loadManyBy(
      (ids) => findAspectSummaries(db, 'SELLER', ids),
      (row) => row.id,
    ),
    productById: loadById(
      (ids) => findProducts(ctx, ids),
      (subject) => subject.id,
    ),
    policyBySeller: loadById(
      (ids) => findPolicies(db, ids),
      (policy) => policy.organizationId,
    ),
    viewerVoteByReview: ofViewer(
      (userId, ids) => findVotes(db, userId, ids),
      (vote) => vote.reviewId,
    ),
    viewerReviewByProduct: ofViewer(
      (userId, ids) => findReviewsBy(db, userId, 'PRODUCT', ids),
      (review) => review.subjectId,
    ),
    viewerEntitlementByProduct: ofViewer(
      (userId, ids) => findEntitlements(db, userId, 'PRODUCT', ids),
      (entitlement) => entitlement.subjectId,
    ),
    viewerMembershipBySeller: ofViewer(
      (userId, ids) => findMemberships(db, userId, ids),
      (member) => member.organizationId,
    ),
    suspensionByPerson: loadById(
      (ids) => findSuspended(db, ids),
      (person) => person.userId,
    ),
  };
};
export type Loaders = ReturnType<typeof createLoaders>;

/** Forgets what was read before a change. */
export function forget(loaders: Loaders): void {
  for (const loader of Object.values(loaders)) loader.clearAll();
}
