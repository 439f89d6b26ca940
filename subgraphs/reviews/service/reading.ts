import { optional, parseInput } from '@supergraph/platform/input';
import { type Connection, type PageArguments, readPage, toConnection } from '@supergraph/platform/page';
import { z } from 'zod';
import type { SubjectKind } from '../aspects.ts';
import type { Context } from '../context.ts';
import { canSeeInside, canSeeReview, isModerator } from '../policy.ts';
import {
  countFormerTexts,
  countReports,
  countWaiting,
  type Filter,
  keyOf,
  type Listing,
  type ListOwner,
  listFormerTexts,
  listReports,
  listWaiting,
  type Order,
} from '../store/lists.ts';
import type { Edit, Report, Review, ReviewStatus, Summary } from '../store/rows.ts';
import { isId } from './checks.ts';

const statusInput = z.enum(['PENDING', 'PUBLISHED', 'REJECTED', 'REMOVED']);
const filterInput = z.strictObject({
  ratings: optional(
    z.array(z.int().min(1, 'must be at least 1').max(5, 'must be at most 5')).min(1, 'must not be empty').max(5, 'must be at most 5'),
  ),
  verified: optional(z.boolean()),
  withText: optional(z.boolean()),
  locale: optional(z.string().min(1, 'must not be empty').max(35, 'must have at most 35 characters')),
  search: optional(z.string().trim().min(1, 'must not be empty').max(200, 'must have at most 200 characters')),
  statuses: optional(z.array(statusInput).min(1, 'must not be empty').max(4, 'must be at most 4')),
  unanswered: optional(z.boolean()),
  since: optional(z.date()),
});
const listInput = z.strictObject({ filter: optional(filterInput) });

export interface ReviewListArguments extends PageArguments {
  readonly filter?: unknown;
  readonly orderBy?: Order | null | undefined;
}

/** Reads the filter of a list; its states stand apart, because they decide what may be seen. */
function readFilter(input: unknown): { filter: Filter; statuses: ReviewStatus[] | undefined } {
  const { statuses, ...filter } = parseInput(listInput, { filter: input }).filter ?? { statuses: undefined };
  return { filter, statuses };
}

const unfiltered = (filter: Filter) => Object.values(filter).every((value) => value === undefined);

/** A page of what hangs from a thing or a seller; unpublished reviews only where they are asked for, and may be seen. */
export async function pageOfReviews(
  ctx: Context,
  owner: ListOwner,
  id: string,
  args: ReviewListArguments,
  usual: Order['field'],
): Promise<Connection<Review> | null> {
  const { filter, statuses = ['PUBLISHED'] } = readFilter(args.filter);
  const unpublishedOf = isModerator(ctx.viewer) ? 'ANYBODY' : ctx.viewer ? { userId: ctx.viewer.userId } : 'NOBODY';
  return pageOf(ctx, owner, id, args, { order: args.orderBy ?? { field: usual, direction: 'DESC' }, filter, statuses, unpublishedOf });
}

const everyStatus: readonly ReviewStatus[] = ['PENDING', 'PUBLISHED', 'REJECTED', 'REMOVED'];

/** A page of what a person wrote: all of it for themselves and moderators, the published reviews for others. */
export function pageOfAuthor(ctx: Context, userId: string, args: PageArguments): Promise<Connection<Review> | null> {
  const all = ctx.viewer?.userId === userId || isModerator(ctx.viewer);
  const order = { field: 'NEWEST', direction: 'DESC' } as const;
  return pageOf(ctx, 'AUTHOR', userId, args, {
    order,
    filter: {},
    statuses: all ? everyStatus : ['PUBLISHED'],
    unpublishedOf: all ? 'ANYBODY' : 'NOBODY',
  });
}

async function pageOf(
  ctx: Context,
  owner: ListOwner,
  id: string,
  args: PageArguments,
  wanted: Omit<Listing, 'page'>,
): Promise<Connection<Review> | null> {
  if (!isId(id)) return null;
  const page = readPage(ctx, args, [owner, id, wanted]);
  const { size, backward, position } = page;
  // The scope differs from owner to owner; without it, their pages are one listing and one statement.
  const listing: Listing = { ...wanted, page: { size, backward, position, scope: '' } };
  const { rows } = await ctx.loaders.lists.load({ owner, id, listing });
  const total = () => countOf(ctx, owner, id, { ...listing, page: { ...listing.page, position: null, size: 0 } });
  return toConnection(ctx, page, rows, (review) => keyOf(wanted.order, review), total);
}

/** What a rating counts already is not counted again, so that list and rating cannot disagree. */
async function countOf(ctx: Context, owner: ListOwner, id: string, listing: Listing): Promise<number> {
  const isRating = owner !== 'AUTHOR' && unfiltered(listing.filter) && listing.statuses.join() === 'PUBLISHED';
  if (!isRating) return ctx.loaders.counts.load({ owner, id, listing });
  return (await findSummary(ctx, owner, id)).count;
}

/** The rating of a thing or of a seller. */
export async function findSummary(ctx: Context, scope: Summary['scope'], id: string): Promise<Summary> {
  const { summary } = await ctx.loaders.lists.load({ owner: scope, id, listing: null });
  if (!summary) throw new Error('a rating was not loaded');
  return summary;
}

/** The rating of a thing, or null for what cannot be an id. */
export const findRating = async (ctx: Context, scope: Summary['scope'], id: string): Promise<Summary | null> =>
  isId(id) ? findSummary(ctx, scope, id) : null;

/** A rating's criteria. */
export async function findAspectAverages(ctx: Context, { scope, id }: Summary) {
  if (scope === 'SELLER') return ctx.loaders.aspectsBySeller.load(id);
  return scope === 'PRODUCT' ? ctx.loaders.aspectsByProduct.load(id) : [];
}

/** A review that the viewer may see, or null. */
export async function findReview(ctx: Context, id: string): Promise<Review | null> {
  const review = isId(id) ? await ctx.loaders.reviewById.load(id) : null;
  return review && canSeeReview(ctx.viewer, review) ? review : null;
}

/** The viewer's review of a thing in whatever state, or null. */
export const findViewerReview = async (ctx: Context, kind: SubjectKind, id: string): Promise<Review | null> =>
  kind === 'PRODUCT' && ctx.viewer && isId(id) ? ctx.loaders.viewerReviewByProduct.load(id) : null;

/** The change of a review that waits, for who may see it. */
export const findPendingEdit = async (ctx: Context, review: Review): Promise<Edit | null> =>
  review.hasWaitingEdit && canSeeInside(ctx.viewer, review) ? ctx.loaders.waitingEditByReview.load(review.id) : null;

/** Why a review or a change of it was refused, for who may know. */
export const findRejectionReason = (ctx: Context, review: Review): string | null =>
  canSeeInside(ctx.viewer, review) ? review.rejectionReason : null;

/** What waits for a moderator, the longest waiting first. */
export async function pageOfQueue(ctx: Context, args: ReviewListArguments): Promise<Connection<Review>> {
  const { filter, statuses } = readFilter(args.filter);
  const page = readPage(ctx, args, ['reviewModerationQueue', filter, statuses ?? null]);
  const rows = await listWaiting(ctx.db, page, filter, statuses);
  return toConnection(
    ctx,
    page,
    rows,
    (review) => [review.id],
    () => countWaiting(ctx.db, filter, statuses),
  );
}

/** A review's former texts, newest first. */
export async function pageOfHistory(ctx: Context, { id }: Review, args: PageArguments): Promise<Connection<Edit>> {
  const page = readPage(ctx, args, ['history', id]);
  return toConnection(
    ctx,
    page,
    await listFormerTexts(ctx.db, page, id),
    (edit) => [edit.id],
    () => countFormerTexts(ctx.db, id),
  );
}

/** A review's reports, newest first. */
export async function pageOfReports(ctx: Context, { id }: Review, args: PageArguments): Promise<Connection<Report>> {
  const page = readPage(ctx, args, ['reports', id]);
  return toConnection(
    ctx,
    page,
    await listReports(ctx.db, page, id),
    (report) => [report.id],
    () => countReports(ctx.db, id),
  );
}
