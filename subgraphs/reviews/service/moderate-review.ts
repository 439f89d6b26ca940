import type { Db } from '@supergraph/platform/database';
import { badInput, conflict, staleVersion } from '@supergraph/platform/errors';
import { idInput, optional, parseInput, text } from '@supergraph/platform/input';
import { reviewRejected, reviewRemoved } from '@supergraph/schema/events/reviews';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { forget } from '../loaders.ts';
import { archiveWaitingEdit, closeReports, findAspectRatings, findWaitingEdits, updateReview } from '../store/reviews.ts';
import type { Review, ReviewStatus } from '../store/rows.ts';
import { versionInput } from './checks.ts';
import { approveEdit, lockVisible, refuseEdit } from './edit-review.ts';
import { contributionOf, moveRating } from './rating.ts';
import { tellAuthor, tellPublished, tellReview } from './telling.ts';

const decided = z.strictObject({
  id: idInput,
  version: versionInput,
  decision: z.enum(['PUBLISH', 'REJECT', 'REMOVE', 'RESTORE']),
  reason: optional(text({ min: 1, max: 1_000 })).transform((reason) => reason ?? null),
});
type Decision = z.infer<typeof decided>['decision'];

/** A moderator's decision on a review, or on the change of it that waits. */
export async function moderateReview(ctx: Context, raw: unknown): Promise<Review> {
  const { id, version, decision, reason } = parseInput(decided, raw);
  if (reason === null && (decision === 'REJECT' || decision === 'REMOVE'))
    throw badInput([{ path: 'reason', message: 'is needed; the author will see it' }]);
  const review = await ctx.db.transaction(async (tx) => {
    const found = await lockVisible(ctx, tx, id);
    if (found.version !== version) throw staleVersion(found.version);
    return decide(ctx, tx, found, decision, reason);
  });
  forget(ctx.loaders);
  return review;
}

async function decide(ctx: Context, tx: Db, review: Review, decision: Decision, reason: string | null): Promise<Review> {
  const [waiting] = review.status === 'PUBLISHED' && review.hasWaitingEdit ? await findWaitingEdits(tx, [review.id]) : [];
  if (decision === 'PUBLISH' && waiting) {
    const changed = await approveEdit(ctx, tx, { ...review, rejectionReason: null }, waiting);
    await tellAuthor(ctx, tx, changed, 'PUBLISHED', String(changed.version));
    return changed;
  }
  if (decision === 'REJECT' && waiting) {
    const changed = await refuseEdit(tx, review, reason);
    await tellAuthor(ctx, tx, changed, 'REJECTED', String(changed.version));
    return changed;
  }
  return moveTo(ctx, tx, review, nextState(review.status, decision), reason);
}

const allowed: Readonly<Record<Decision, { readonly from: readonly ReviewStatus[]; readonly to: ReviewStatus }>> = {
  PUBLISH: { from: ['PENDING'], to: 'PUBLISHED' },
  REJECT: { from: ['PENDING'], to: 'REJECTED' },
  REMOVE: { from: ['PUBLISHED', 'PENDING'], to: 'REMOVED' },
  RESTORE: { from: ['REMOVED', 'REJECTED'], to: 'PUBLISHED' },
};

/** Where a decision leads from a state; CONFLICT when it leads nowhere. */
export function nextState(status: ReviewStatus, decision: Decision): ReviewStatus {
  const { from, to } = allowed[decision];
  if (!from.includes(status))
    throw conflict(`a review that is ${status} cannot be decided ${decision}`, { reason: 'INVALID_STATE', status });
  return to;
}

async function moveTo(ctx: Context, tx: Db, review: Review, status: ReviewStatus, reason: string | null): Promise<Review> {
  const now = ctx.now();
  const aspects = await findAspectRatings(tx, review.id);
  const published = status === 'PUBLISHED';
  // What waits goes with a review that goes; a decision answers all open reports.
  if (!published && review.hasWaitingEdit) await archiveWaitingEdit(tx, review.id);
  await closeReports(tx, review.id, now);
  const changed = await updateReview(tx, review.id, {
    status,
    rejectionReason: published ? null : reason,
    openReports: 0,
    version: review.version + 1,
    ...(published ? { publishedAt: now } : { hasWaitingEdit: false }),
  });
  await moveRating(ctx, tx, review, contributionOf(review, aspects), contributionOf(changed, aspects));
  if (published) await tellPublished(ctx, tx, changed);
  else await tellReview(ctx, tx, status === 'REJECTED' ? reviewRejected : reviewRemoved, changed);
  await tellAuthor(ctx, tx, changed, published ? 'PUBLISHED' : 'REJECTED', String(changed.version));
  return changed;
}
