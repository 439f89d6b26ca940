import { requireViewer } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { forbidden, notFound } from '@supergraph/platform/errors';
import { idInput, optional, parseInput, text } from '@supergraph/platform/input';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { forget } from '../loaders.ts';
import {
  deleteReply,
  findAspectRatings,
  findVotes,
  insertReport,
  lockPerson,
  saveReply,
  saveVote,
  updateReview,
  type Vote,
} from '../store/reviews.ts';
import type { Review } from '../store/rows.ts';
import { lockVisible } from './edit-review.ts';
import { contributionOf, moveRating } from './rating.ts';
import { keepPace, requireSpeaker } from './standing.ts';
import { tellAuthor, tellReply, tellReported } from './telling.ts';

async function lockForeign(ctx: Context, tx: Db, id: string, userId: string): Promise<Review> {
  await lockPerson(tx, userId);
  const review = await lockVisible(ctx, tx, id);
  if (review.authorId === userId) throw forbidden('this is your own review', { reason: 'OWN_REVIEW' });
  return review;
}

const cast = z.strictObject({ id: idInput, vote: z.enum(['HELPFUL', 'NOT_HELPFUL']).nullish() });

/** Says in the viewer's name whether a review helps; null takes it back. */
export async function voteReview(ctx: Context, raw: unknown): Promise<Review> {
  const { id, vote = null } = parseInput(cast, raw);
  const { userId } = requireViewer(ctx);
  const review = await ctx.db.transaction(async (tx) => {
    const foreign = await lockForeign(ctx, tx, id, userId);
    const [earlier] = await findVotes(tx, userId, [id]);
    const before = earlier?.value ?? null;
    if (before === vote) return foreign;
    await keepPace(ctx, tx, 'VOTE', userId);
    await saveVote(tx, { reviewId: id, voterId: userId, value: vote, votedAt: ctx.now() });
    const change = (kind: Vote) => Number(vote === kind) - Number(before === kind);
    return updateReview(tx, id, {
      helpfulCount: foreign.helpfulCount + change('HELPFUL'),
      notHelpfulCount: foreign.notHelpfulCount + change('NOT_HELPFUL'),
    });
  });
  forget(ctx.loaders);
  return review;
}

/** So many different people's open reports hide a review. */
const reportsToHide = 5;
const reported = z.strictObject({
  id: idInput,
  reason: z.enum(['SPAM', 'OFFENSIVE', 'OFF_TOPIC', 'FALSE_CLAIM', 'PRIVACY', 'OTHER']),
  note: optional(text({ max: 1_000 })).transform((note) => note || null),
});

/** Takes the viewer's report of a review, once; the fifth open one hides it until a moderator decides. */
export async function reportReview(ctx: Context, raw: unknown): Promise<boolean> {
  const { id, reason, note } = parseInput(reported, raw);
  const { userId } = requireViewer(ctx);
  await ctx.db.transaction(async (tx) => {
    const review = await lockForeign(ctx, tx, id, userId);
    await keepPace(ctx, tx, 'REPORT', userId);
    const isNew = await insertReport(tx, { reviewId: id, reporterId: userId, reason, note, createdAt: ctx.now() });
    if (!isNew) return;
    const openReports = review.openReports + 1;
    await tellReported(ctx, tx, review, openReports);
    if (openReports < reportsToHide || review.status !== 'PUBLISHED') {
      await updateReview(tx, id, { openReports });
      return;
    }
    const aspects = await findAspectRatings(tx, id);
    await updateReview(tx, id, { openReports, status: 'PENDING', version: review.version + 1 });
    await moveRating(ctx, tx, review, contributionOf(review, aspects), null);
  });
  forget(ctx.loaders);
  return true;
}

const answer = z.strictObject({ id: idInput, body: text({ min: 1, max: 3_000 }) });

/** Answers a review in the name of its thing's side, or changes the answer. */
export async function replyToReview(ctx: Context, raw: unknown): Promise<Review> {
  const { id, body } = parseInput(answer, raw);
  const { userId } = requireViewer(ctx);
  const review = await ctx.db.transaction(async (tx) => {
    const found = await lockVisible(ctx, tx, id);
    await requireSpeaker(ctx, tx, userId, found.ownerId);
    const isFirst = await saveReply(tx, { reviewId: id, replierId: userId, organizationId: found.ownerId, body, createdAt: ctx.now() });
    if (isFirst) await tellReply(ctx, tx, found, userId);
    await tellAuthor(ctx, tx, found, 'REPLY', 'first');
    return found;
  });
  forget(ctx.loaders);
  return review;
}

const unanswered = z.strictObject({ id: idInput });

/** Deletes the answer to a review. */
export async function deleteReviewReply(ctx: Context, raw: unknown): Promise<Review> {
  const { id } = parseInput(unanswered, raw);
  const { userId } = requireViewer(ctx);
  const review = await ctx.db.transaction(async (tx) => {
    const found = await lockVisible(ctx, tx, id);
    await requireSpeaker(ctx, tx, userId, found.ownerId);
    if (!(await deleteReply(tx, id))) throw notFound('Reply');
    return found;
  });
  forget(ctx.loaders);
  return review;
}
