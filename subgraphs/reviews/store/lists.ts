import { kindMeans, ratingSummaries, reviewEdits, reviewReplies, reviewReports, reviews } from '@supergraph/db/reviews/tables';
import type { Db } from '@supergraph/platform/database';
import { type KeyPart, keyset, type Page } from '@supergraph/platform/page';
import { and, type AnyColumn, count, eq, gte, inArray, isNotNull, isNull, or, type SQL, sql } from 'drizzle-orm';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import { type Edit, type RatingScope, type Report, type Review, reviewColumns, type ReviewStatus, type Summary } from './rows.ts';

/** What a list of reviews hangs from: a thing, a seller or an author. */
export type ListOwner = RatingScope | 'AUTHOR';
export type OrderField = 'TOP' | 'NEWEST' | 'HIGHEST' | 'LOWEST' | 'MOST_HELPFUL';
export interface Order {
  readonly field: OrderField;
  readonly direction: 'ASC' | 'DESC';
}

export interface Filter {
  readonly ratings?: readonly number[] | undefined;
  readonly verified?: boolean | undefined;
  readonly withText?: boolean | undefined;
  readonly locale?: string | undefined;
  readonly search?: string | undefined;
  readonly unanswered?: boolean | undefined;
  readonly since?: Date | undefined;
}

/** Which part of which list, and whose unpublished reviews may be in it. */
export interface Listing {
  readonly page: Page;
  readonly order: Order;
  readonly filter: Filter;
  readonly statuses: readonly ReviewStatus[];
  readonly unpublishedOf: 'ANYBODY' | 'NOBODY' | { readonly userId: string };
}

/** The mean of a kind before there are reviews: the middle of the scale. */
export const firstMean = 3;

type OrderColumns = Record<'id' | 'helpfulness' | 'verified' | 'rating' | 'helpfulCount', AnyColumn>;

/** Every order goes one way in all of its parts, so that a page is one index range. */
function partsOf({ field, direction }: Order, columns: OrderColumns): KeyPart[] {
  const leading: Record<OrderField, Omit<KeyPart, 'direction'>[]> = {
    TOP: [
      { column: columns.helpfulness, type: 'double precision' },
      { column: columns.verified, type: 'boolean' },
    ],
    NEWEST: [],
    HIGHEST: [{ column: columns.rating, type: 'bigint' }],
    LOWEST: [{ column: sql`(-${columns.rating})`, type: 'bigint' }],
    MOST_HELPFUL: [{ column: columns.helpfulCount, type: 'bigint' }],
  };
  return [...leading[field], { column: columns.id, type: 'uuid' as const }].map((part) => ({ ...part, direction }));
}

/** A review's key values in an order, for its cursor. */
export function keyOf({ field }: Order, review: Review): (string | number | boolean)[] {
  if (field === 'TOP') return [review.helpfulness, review.verified, review.id];
  if (field === 'HIGHEST') return [review.rating, review.id];
  if (field === 'LOWEST') return [-review.rating, review.id];
  if (field === 'MOST_HELPFUL') return [review.helpfulCount, review.id];
  return [review.id];
}

const live = isNull(reviews.deletedAt);

function ownedBy(owner: ListOwner): { readonly key: AnyPgColumn; readonly kind: SQL | undefined } {
  if (owner === 'AUTHOR') return { key: reviews.authorId, kind: undefined };
  if (owner === 'SELLER') return { key: reviews.ownerId, kind: undefined };
  return { key: reviews.subjectId, kind: eq(reviews.kind, owner) };
}

function visible({ statuses, unpublishedOf }: Listing): SQL | undefined {
  const published = eq(reviews.status, 'PUBLISHED');
  if (statuses.length === 1 && statuses[0] === 'PUBLISHED') return published;
  const wanted = inArray(reviews.status, [...statuses]);
  if (unpublishedOf === 'ANYBODY') return wanted;
  if (unpublishedOf === 'NOBODY') return and(wanted, published);
  return and(wanted, or(published, eq(reviews.authorId, unpublishedOf.userId)));
}

const answered = sql`exists (select 1 from ${reviewReplies} where ${reviewReplies.reviewId} = ${reviews.id})`;

function fits(filter: Filter): SQL | undefined {
  return and(
    filter.ratings && inArray(reviews.rating, [...filter.ratings]),
    filter.verified === undefined ? undefined : eq(reviews.verified, filter.verified),
    filter.withText === undefined ? undefined : filter.withText ? isNotNull(reviews.body) : isNull(reviews.body),
    filter.locale === undefined ? undefined : eq(reviews.locale, filter.locale),
    filter.search === undefined ? undefined : sql`${reviews.searchVector} @@ websearch_to_tsquery('simple', ${filter.search})`,
    filter.unanswered === undefined ? undefined : filter.unanswered ? sql`not ${answered}` : answered,
    filter.since && gte(reviews.createdAt, filter.since),
  );
}

/** The ids are one parameter, so that the statement's text stays the same for any number of them. */
const wantedIds = (ids: readonly string[]) => sql`unnest(${`{${ids.join(',')}}`}::uuid[]) as wanted(id)`;
const wantedId = sql<string>`wanted.id`;

const summaryColumns = {
  count: ratingSummaries.count,
  sum: ratingSummaries.sum,
  stars1: ratingSummaries.stars1,
  stars2: ratingSummaries.stars2,
  stars3: ratingSummaries.stars3,
  stars4: ratingSummaries.stars4,
  stars5: ratingSummaries.stars5,
  verifiedCount: ratingSummaries.verifiedCount,
  version: ratingSummaries.version,
};
type SummaryFields = { readonly [Name in keyof typeof summaryColumns]: number | null };

/** A seller's things are all products. */
const kindOf = (scope: RatingScope) => (scope === 'SELLER' ? 'PRODUCT' : scope);
const meanOf = (scope: RatingScope) =>
  sql<number>`(select ${kindMeans.mean} from ${kindMeans} where ${kindMeans.kind} = ${kindOf(scope)})`.mapWith((mean: unknown) =>
    mean === null ? firstMean : Number(mean),
  );
const toMean = (mean: number | null) => mean ?? firstMean;

const toSummary = (scope: RatingScope, id: string, row: SummaryFields, mean: number | null): Summary => ({
  scope,
  id,
  count: row.count ?? 0,
  sum: row.sum ?? 0,
  stars: [row.stars1 ?? 0, row.stars2 ?? 0, row.stars3 ?? 0, row.stars4 ?? 0, row.stars5 ?? 0],
  verifiedCount: row.verifiedCount ?? 0,
  mean: toMean(mean),
  version: row.version ?? 0,
});

/** The ratings of many things; a thing without reviews has an empty one. */
export async function findSummaries(db: Db, scope: RatingScope, ids: readonly string[]): Promise<Summary[]> {
  const rows = await db
    .select({ id: wantedId, mean: meanOf(scope), ...summaryColumns })
    .from(wantedIds(ids))
    .leftJoin(ratingSummaries, and(eq(ratingSummaries.scope, scope), eq(ratingSummaries.id, wantedId)));
  return rows.map(({ id, mean, ...row }) => toSummary(scope, id, row, mean));
}

/** One list's page and its owner's rating, of one moment; authors have no rating. */
export interface PageOfOwner {
  readonly id: string;
  readonly summary: Summary | null;
  readonly rows: Review[];
}

/** The statement behind `findPages`: for each owner one index range of up to `page.size + 1` reviews. */
export function pagesQuery(db: Db, owner: ListOwner, ids: readonly string[], listing: Listing) {
  const { key, kind } = ownedBy(owner);
  const { where, orderBy } = keyset(listing.page, partsOf(listing.order, reviews));
  const page = db
    .select(reviewColumns)
    .from(reviews)
    .where(and(kind, eq(key, wantedId), live, visible(listing), fits(listing.filter), where))
    .orderBy(...orderBy)
    .limit(listing.page.size + 1)
    .as('page');
  const { id, ...others } = reviewColumnsOf(page);
  const scope = owner === 'AUTHOR' ? null : owner;
  return db
    .select({ ownerKey: wantedId, mean: meanOf(scope ?? 'PRODUCT'), summary: summaryColumns, review: { id, ...others } })
    .from(wantedIds(ids))
    .leftJoin(ratingSummaries, scope === null ? sql`false` : and(eq(ratingSummaries.scope, scope), eq(ratingSummaries.id, wantedId)))
    .leftJoinLateral(page, sql`true`)
    .orderBy(...keyset(listing.page, partsOf(listing.order, page)).orderBy);
}

function reviewColumnsOf<Columns extends object>(page: Columns): Pick<Columns, keyof typeof reviewColumns & keyof Columns> {
  return Object.fromEntries(Object.keys(reviewColumns).map((name) => [name, page[name as keyof Columns]])) as Pick<
    Columns,
    keyof typeof reviewColumns & keyof Columns
  >;
}

/** One page each of many owners' reviews, with the owners' ratings, in one statement. */
export async function findPages(db: Db, owner: ListOwner, ids: readonly string[], listing: Listing): Promise<PageOfOwner[]> {
  const found = await pagesQuery(db, owner, ids, listing);
  const groups = Map.groupBy(found, ({ ownerKey }) => ownerKey);
  return [...groups].map(([id, rows]) => ({
    id,
    summary: owner === 'AUTHOR' ? null : toSummary(owner, id, rows[0]?.summary ?? emptySummary, rows[0]?.mean ?? null),
    rows: rows.flatMap(({ review }) => (review && review.id !== null ? [review] : [])),
  }));
}

const emptySummary: SummaryFields = {
  count: 0,
  sum: 0,
  stars1: 0,
  stars2: 0,
  stars3: 0,
  stars4: 0,
  stars5: 0,
  verifiedCount: 0,
  version: 0,
};

/** How many reviews of each owner's list there are. */
export function countPages(db: Db, owner: ListOwner, ids: readonly string[], listing: Listing): Promise<{ id: string; total: number }[]> {
  const { key, kind } = ownedBy(owner);
  return db
    .select({ id: sql<string>`${key}`, total: count() })
    .from(reviews)
    .where(and(kind, inArray(key, [...ids]), live, visible(listing), fits(listing.filter)))
    .groupBy(key);
}

const waits = sql`(${reviews.status} = 'PENDING' or ${reviews.hasWaitingEdit})`;
const stateOf = (statuses: readonly ReviewStatus[] | undefined) => (statuses ? inArray(reviews.status, [...statuses]) : undefined);

/** What waits for a moderator, the longest waiting first. */
export function listWaiting(db: Db, page: Page, filter: Filter, statuses: readonly ReviewStatus[] | undefined): Promise<Review[]> {
  const { where, orderBy } = keyset(page, [{ column: reviews.id, direction: 'ASC', type: 'uuid' }]);
  return db
    .select(reviewColumns)
    .from(reviews)
    .where(and(waits, live, stateOf(statuses), fits(filter), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
}

/** How many reviews wait for a moderator. */
export async function countWaiting(db: Db, filter: Filter, statuses: readonly ReviewStatus[] | undefined): Promise<number> {
  const [row] = await db
    .select({ total: count() })
    .from(reviews)
    .where(and(waits, live, stateOf(statuses), fits(filter)));
  return row?.total ?? 0;
}

const formerOf = (reviewId: string) => and(eq(reviewEdits.reviewId, reviewId), eq(reviewEdits.waiting, false));

/** A review's former texts, newest first. */
export function listFormerTexts(db: Db, page: Page, reviewId: string): Promise<Edit[]> {
  const { where, orderBy } = keyset(page, [{ column: reviewEdits.id, direction: 'DESC', type: 'uuid' }]);
  return db
    .select()
    .from(reviewEdits)
    .where(and(formerOf(reviewId), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
}

/** How many former texts a review has. */
export async function countFormerTexts(db: Db, reviewId: string): Promise<number> {
  const [row] = await db.select({ total: count() }).from(reviewEdits).where(formerOf(reviewId));
  return row?.total ?? 0;
}

/** A review's reports, newest first. */
export function listReports(db: Db, page: Page, reviewId: string): Promise<Report[]> {
  const { where, orderBy } = keyset(page, [{ column: reviewReports.id, direction: 'DESC', type: 'uuid' }]);
  return db
    .select()
    .from(reviewReports)
    .where(and(eq(reviewReports.reviewId, reviewId), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
}

/** How many reports a review has. */
export async function countReports(db: Db, reviewId: string): Promise<number> {
  const [row] = await db.select({ total: count() }).from(reviewReports).where(eq(reviewReports.reviewId, reviewId));
  return row?.total ?? 0;
}
