import { idempotency } from '@supergraph/db/reviews/tables';
import { requireViewer } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { isUniqueViolation } from '@supergraph/platform/errors';
import { idempotent } from '@supergraph/platform/idempotency';
import { optional, parseInput } from '@supergraph/platform/input';
import { reviewSubmitted } from '@supergraph/schema/events/reviews';
import { z } from 'zod';
import type { SubjectKind } from '../aspects.ts';
import type { Context } from '../context.ts';
import { forget } from '../loaders.ts';
import { countSameText, findReviews, findReviewsBy, insertReview, lockPerson } from '../store/reviews.ts';
import type { Review, Subject } from '../store/rows.ts';
import { isSuspicious, textHashOf } from '../text-filter.ts';
import { aspectsInput, bodyInput, starsInput, subjectInput, titleInput } from './checks.ts';
import { contributionOf, moveRating } from './rating.ts';
import { alreadyReviewed, keepPace, requireEligible, requireSubject } from './standing.ts';
import { tellPublished, tellReview } from './telling.ts';

const newReview = (kind: SubjectKind) =>
  z.strictObject({
    subject: subjectInput,
    rating: starsInput,
    title: optional(titleInput).transform((title) => title ?? null),
    body: optional(bodyInput).transform((body) => body ?? null),
    aspects: optional(aspectsInput(kind)).transform((aspects) => aspects ?? {}),
    idempotencyKey: optional(z.string().min(1, 'must not be empty').max(200, 'must have at most 200 characters')),
  });
type NewReview = z.infer<ReturnType<typeof newReview>>;

/** How many other reviews of one author may have the same text before somebody looks. */
const sameTextsAllowed = 2;

/** Whether somebody should look at a text before it is public. */
export async function needsModerator(
  tx: Db,
  authorId: string,
  text: { title: string | null; body: string | null },
  reviewId?: string,
): Promise<boolean> {
  if (isSuspicious([text.title, text.body])) return true;
  const hash = textHashOf(text);
  return hash !== null && (await countSameText(tx, authorId, hash, reviewId)) >= sameTextsAllowed;
}

/** Reviews a thing in the viewer's name, once per thing; where the seller or the filter wants it, a moderator looks first. */
export async function submitReview(ctx: Context, raw: { readonly subject: { readonly kind: SubjectKind } }): Promise<Review> {
  const { idempotencyKey, ...input } = parseInput(newReview(raw.subject.kind), raw);
  const { userId } = requireViewer(ctx);
  const subject = await requireSubject(ctx, input.subject);
  try {
    const review = await ctx.db.transaction(async (tx) => {
      const id = await idempotent(
        ctx,
        tx,
        idempotency,
        { operation: 'submitReview', key: idempotencyKey, input },
        async () => (await write(ctx, tx, userId, subject, input)).id,
      );
      const [made] = await findReviews(tx, [id]);
      return made;
    });
    forget(ctx.loaders);
    if (!review) throw alreadyReviewed(undefined);
    return review;
  } catch (error) {
    if (!isUniqueViolation(error, 'reviews_one_per_person')) throw error;
    const [earlier] = await findReviewsBy(ctx.db, userId, subject.kind, [subject.id]);
    throw alreadyReviewed(earlier?.id);
  }
}

async function write(ctx: Context, tx: Db, userId: string, subject: Subject, input: Omit<NewReview, 'idempotencyKey'>): Promise<Review> {
  await lockPerson(tx, userId);
  const { verified, policy } = await requireEligible(ctx, tx, userId, subject);
  await keepPace(ctx, tx, 'REVIEW', userId);
  const { rating, title, body, aspects } = input;
  const waits = policy.moderation === 'BEFORE' || (await needsModerator(tx, userId, { title, body }));
  const now = ctx.now();
  const values = {
    kind: subject.kind,
    subjectId: subject.id,
    ownerId: subject.ownerId,
    authorId: userId,
    rating,
    title,
    body,
    locale: ctx.viewer?.locale ?? null,
    textHash: textHashOf({ title, body }),
    verified,
    status: waits ? ('PENDING' as const) : ('PUBLISHED' as const),
    createdAt: now,
    publishedAt: waits ? null : now,
  };
  const review = await insertReview(tx, values, aspects);
  await moveRating(ctx, tx, review, null, contributionOf(review, aspects));
  await tellReview(ctx, tx, reviewSubmitted, review);
  if (!waits) await tellPublished(ctx, tx, review);
  return review;
}
