import { idInput, parseInput } from '@supergraph/platform/input';
import { ratingUpdated, reviewPublished } from '@supergraph/schema/events/reviews';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { forget } from '../loaders.ts';
import type { Review, Summary } from '../store/rows.ts';
import { kindInput, subjectInput } from './checks.ts';
import { findReview, findSummary } from './reading.ts';
import { requireSubject } from './standing.ts';

/** The reviews of a thing that become public, from now on. */
export async function watchReviews(ctx: Context, raw: unknown): Promise<AsyncGenerator<Review>> {
  const subject = parseInput(z.strictObject({ kind: kindInput, id: z.string() }), raw);
  await requireSubject(ctx, subject);
  const events = ctx.bus.subscribe(
    reviewPublished,
    ({ subjectType, subjectId }) => subjectType === subject.kind && subjectId === subject.id,
    ctx.signal,
  );
  return follow();

  async function* follow(): AsyncGenerator<Review> {
    for await (const { payload } of events) {
      forget(ctx.loaders);
      const review = await findReview(ctx, payload.reviewId);
      if (review?.status === 'PUBLISHED') yield review;
    }
  }
}

const watched = z.strictObject({
  subjects: z
    .array(subjectInput.extend({ id: idInput }))
    .min(1, 'must not be empty')
    .max(100, 'must be at most 100'),
});

/** The ratings of some things that change, from now on. */
export async function watchRatings(ctx: Context, raw: unknown): Promise<AsyncGenerator<Summary>> {
  const { subjects } = parseInput(watched, { subjects: raw });
  const wanted = new Set(subjects.map(({ kind, id }) => `${kind}:${id}`));
  const events = ctx.bus.subscribe(ratingUpdated, ({ subjectType, subjectId }) => wanted.has(`${subjectType}:${subjectId}`), ctx.signal);
  return follow();

  async function* follow(): AsyncGenerator<Summary> {
    for await (const { payload } of events) {
      forget(ctx.loaders);
      yield await findSummary(ctx, payload.subjectType, payload.subjectId);
    }
  }
}
