import type { AspectRatings } from '@supergraph/db/reviews/tables';
import { requireViewer } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { conflict, forbidden, notFound, staleVersion } from '@supergraph/platform/errors';
import { idInput, optional, parseInput } from '@supergraph/platform/input';
import { reviewDeleted, reviewEdited } from '@supergraph/schema/events/reviews';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { forget } from '../loaders.ts';
import { canSeeReview } from '../policy.ts';
import {
  archiveWaitingEdit,
  deleteWaitingEdit,
  eraseReview,
  findAspectRatings,
  findWaitingEdits,
  insertEdit,
  lockPerson,
  lockReview,
  replaceAspects,
  updateReview,
} from '../store/reviews.ts';
import type { Edit, Review } from '../store/rows.ts';
import { textHashOf } from '../text-filter.ts';
import { aspectsInput, bodyInput, starsInput, titleInput, versionInput } from './checks.ts';
import { findSummary } from './reading.ts';
import { contributionOf, moveRating } from './rating.ts';
import { findPolicy } from './standing.ts';
import { needsModerator } from './submit-review.ts';
import { tellReview } from './telling.ts';

/** What an author says: it can wait, stand, or have stood. */
interface Text {
  readonly rating: number;
  readonly title: string | null;
  readonly body: string | null;
  readonly aspects: AspectRatings;
}

const nullOr = <T>(schema: z.ZodType<T>) => z.nullable(schema).optional();
// Only products can be reviewed so far; the criteria of other kinds come with them.
const changedReview = z.strictObject({
  id: idInput,
  version: versionInput,
  rating: optional(starsInput),
  title: nullOr(titleInput),
  body: nullOr(bodyInput),
  aspects: nullOr(aspectsInput('PRODUCT')),
});

/** A review that the caller may see, locked until the transaction ends, or NOT_FOUND. */
export async function lockVisible(ctx: Pick<Context, 'viewer'>, tx: Db, id: string): Promise<Review> {
  const review = await lockReview(tx, id);
  if (!review || !canSeeReview(ctx.viewer, review)) throw notFound('Review');
  return review;
}

async function lockOwn(ctx: Context, tx: Db, id: string): Promise<Review> {
  const { userId } = requireViewer(ctx);
  await lockPerson(tx, userId);
  const review = await lockVisible(ctx, tx, id);
  if (review.authorId !== userId) throw forbidden('only its author may change a review');
  return review;
}

/** Changes the viewer's review: at once, or where a moderator has to look first, as a change that waits. */
export async function changeReview(ctx: Context, raw: unknown): Promise<Review> {
  const input = parseInput(changedReview, raw);
  const { userId } = requireViewer(ctx);
  const changed = await ctx.db.transaction(async (tx) => {
    const review = await lockOwn(ctx, tx, input.id);
    if (review.version !== input.version) throw staleVersion(review.version);
    if (review.status === 'REJECTED' || review.status === 'REMOVED')
      throw conflict('a moderator took this review away; delete it to write another one', { reason: 'INVALID_STATE' });
    const current = { ...review, aspects: await findAspectRatings(tx, review.id) };
    const [waiting] = review.hasWaitingEdit ? await findWaitingEdits(tx, [review.id]) : [];
    const next = merge(waiting ?? current, input);
    const policy = await findPolicy(tx, review.ownerId);
    const waits = review.status === 'PUBLISHED' && (policy.moderation === 'BEFORE' || (await needsModerator(tx, userId, next, review.id)));
    if (!waits) return applyText(ctx, tx, review, current, next);
    await deleteWaitingEdit(tx, review.id);
    await insertEdit(tx, { ...next, reviewId: review.id, waiting: true, submittedAt: ctx.now() });
    return updateReview(tx, review.id, { hasWaitingEdit: true, version: review.version + 1 });
  });
  forget(ctx.loaders);
  return changed;
}

const merge = (
  base: Text,
  input: Partial<{ rating: number | undefined; title: string | null; body: string | null; aspects: AspectRatings | null }>,
): Text => ({
  rating: input.rating ?? base.rating,
  title: input.title === undefined ? base.title : input.title,
  body: input.body === undefined ? base.body : input.body,
  aspects: input.aspects === undefined ? base.aspects : (input.aspects ?? {}),
});

/** Puts a text in place of the present one, which is kept for moderators. */
async function applyText(ctx: Context, tx: Db, review: Review, former: Text, next: Text): Promise<Review> {
  const { rating, title, body, aspects } = next;
  await insertEdit(tx, {
    reviewId: review.id,
    waiting: false,
    rating: former.rating,
    title: former.title,
    body: former.body,
    aspects: former.aspects,
    submittedAt: review.editedAt ?? review.createdAt,
  });
  await deleteWaitingEdit(tx, review.id);
  await replaceAspects(tx, review.id, aspects);
  const changed = await updateReview(tx, review.id, {
    rating,
    title,
    body,
    textHash: textHashOf(next),
    hasWaitingEdit: false,
    editedAt: ctx.now(),
    version: review.version + 1,
  });
  await moveRating(ctx, tx, review, contributionOf(review, former.aspects), contributionOf(changed, aspects));
  await tellReview(ctx, tx, reviewEdited, changed);
  return changed;
}

/** Lets the waiting change of a published review take effect. */
export async function approveEdit(ctx: Context, tx: Db, review: Review, edit: Edit): Promise<Review> {
  const former = { ...review, aspects: await findAspectRatings(tx, review.id) };
  return applyText(ctx, tx, review, former, edit);
}

/** Sets the waiting change aside, among the former texts. */
export async function refuseEdit(tx: Db, review: Review, reason: string | null): Promise<Review> {
  await archiveWaitingEdit(tx, review.id);
  return updateReview(tx, review.id, { hasWaitingEdit: false, rejectionReason: reason, version: review.version + 1 });
}

const deletedReview = z.strictObject({ id: idInput });

/** Deletes the viewer's review and gives its thing's rating. */
export async function deleteReview(ctx: Context, raw: unknown) {
  const { id } = parseInput(deletedReview, raw);
  const review = await ctx.db.transaction(async (tx) => {
    const own = await lockOwn(ctx, tx, id);
    const aspects = await findAspectRatings(tx, id);
    await eraseReview(tx, id, ctx.now());
    await moveRating(ctx, tx, own, contributionOf(own, aspects), null);
    await tellReview(ctx, tx, reviewDeleted, { ...own, version: own.version + 1 });
    return own;
  });
  forget(ctx.loaders);
  return { deletedId: id, rating: await findSummary(ctx, review.kind, review.subjectId) };
}
