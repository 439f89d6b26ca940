import { outbox } from '@supergraph/db/reviews/tables';
import type { Db } from '@supergraph/platform/database';
import type { RequestContext } from '@supergraph/platform/context';
import { emit } from '@supergraph/platform/outbox';
import { defineWorker } from '@supergraph/platform/workers';
import { ratingUpdated } from '@supergraph/schema/events/reviews';
import { z } from 'zod';
import { firstMean } from '../store/lists.ts';
import { addToSummary, findDueSummaries, findMean, lockSummary, noteTelling, type RatingChange, refreshMeans } from '../store/ratings.ts';
import type { Review, Summary, SummaryRow } from '../store/rows.ts';

type Teller = Pick<RequestContext, 'viewer' | 'organization' | 'traceparent' | 'now' | 'outboxWritten' | 'workers'>;

/** `sum / count` to two decimals, half up, reckoned in whole numbers; null of nothing. */
export const averageOf = (sum: number, count: number): number | null =>
  count === 0 ? null : Math.floor((sum * 200 + count) / (2 * count)) / 100;

/** The mean as if 10 reviews with the mean of the kind were added. */
export const scoreOf = ({ mean, sum, count }: Pick<Summary, 'mean' | 'sum' | 'count'>): number => (10 * mean + sum) / (10 + count);

/** What a review adds to its thing's rating, or null while it is not counted. */
export interface Contribution {
  readonly rating: number;
  readonly verified: boolean;
  readonly aspects: Readonly<Record<string, number>>;
}

/** A review's contribution: published ones count. */
export const contributionOf = (
  review: Pick<Review, 'status' | 'rating' | 'verified'>,
  aspects: Contribution['aspects'],
): Contribution | null => (review.status === 'PUBLISHED' ? { rating: review.rating, verified: review.verified, aspects } : null);

/** The difference that a review's change makes; null for none. */
export function differenceOf(before: Contribution | null, after: Contribution | null): RatingChange | null {
  const stars: [number, number, number, number, number] = [0, 0, 0, 0, 0];
  const aspects = new Map<string, { count: number; sum: number }>();
  let verifiedCount = 0;
  const add = (contribution: Contribution | null, sign: 1 | -1) => {
    if (!contribution) return;
    const place = (contribution.rating - 1) as 0 | 1 | 2 | 3 | 4;
    stars[place] += sign;
    verifiedCount += contribution.verified ? sign : 0;
    for (const [code, rating] of Object.entries(contribution.aspects)) {
      const { count, sum } = aspects.get(code) ?? { count: 0, sum: 0 };
      aspects.set(code, { count: count + sign, sum: sum + sign * rating });
    }
  };
  add(before, -1);
  add(after, 1);
  const changed = [...aspects].filter(([, { count, sum }]) => count !== 0 || sum !== 0).toSorted(([a], [b]) => (a < b ? -1 : 1));
  if (changed.length === 0 && verifiedCount === 0 && stars.every((star) => star === 0)) return null;
  return {
    count: stars.reduce((all, star) => all + star, 0),
    sum: stars.reduce((all, star, index) => all + star * (index + 1), 0),
    stars,
    verifiedCount,
    aspects: new Map(changed),
  };
}

/** Brings the ratings of a review's thing and of its seller up to a change, in the transaction of the change. */
export async function moveRating(
  ctx: Teller,
  tx: Db,
  review: Pick<Review, 'kind' | 'subjectId' | 'ownerId'>,
  before: Contribution | null,
  after: Contribution | null,
): Promise<void> {
  const change = differenceOf(before, after);
  if (!change) return;
  const row = await addToSummary(tx, review.kind, review.subjectId, change);
  await addToSummary(tx, 'SELLER', review.ownerId, change);
  await tell(ctx, tx, row);
}

const pauseMs = 1_000;

/** Tells the others of a rating that this transaction has locked: now, or when the second since the last time is over. */
async function tell(ctx: Teller, tx: Db, row: SummaryRow): Promise<void> {
  const now = ctx.now();
  const again = row.toldAt ? row.toldAt.getTime() + pauseMs : 0;
  if (now.getTime() >= again) return send(ctx, tx, row, now);
  await noteTelling(tx, row.scope, row.id, 'DUE');
  await ctx.workers.enqueue(
    tx,
    tellRating,
    { kind: row.scope, id: row.id },
    { singletonKey: `${row.scope}:${row.id}`, startAfter: new Date(again) },
  );
}

async function send(ctx: Teller, tx: Db, row: SummaryRow, now: Date): Promise<void> {
  if (row.scope === 'SELLER') return;
  const { count, sum, version } = row;
  const mean = (await findMean(tx, row.scope)) ?? firstMean;
  const payload = {
    subjectType: row.scope,
    subjectId: row.id,
    average: averageOf(sum, count),
    count,
    score: scoreOf({ mean, sum, count }),
    histogram: [row.stars1, row.stars2, row.stars3, row.stars4, row.stars5],
    version,
  };
  await emit(ctx, tx, outbox, ratingUpdated, payload, { organizationId: null });
  await noteTelling(tx, row.scope, row.id, { toldAt: now });
}

/** Sends the last state of a rating that changed more than once in a second. */
export async function tellDue(ctx: Teller & Pick<RequestContext, 'db'>, kind: SummaryRow['scope'], id: string): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    const row = await lockSummary(tx, kind, id);
    if (row?.tellDue) await tell(ctx, tx, row);
  });
}

/** Tells one rating; waits its turn under the thing's key. */
export const tellRating = defineWorker({
  name: 'tell-rating',
  data: z.object({ kind: z.enum(['PRODUCT', 'RECIPE', 'COURSE', 'SELLER']), id: z.uuid() }),
  run: (ctx, { kind, id }) => tellDue(ctx, kind, id),
});

const sweepSize = 500;

/** Tells ratings whose own worker was lost. */
export const sweepRatings = defineWorker({
  name: 'sweep-ratings',
  data: z.object({}),
  schedule: '* * * * *',
  run: async (ctx) => {
    const due = await findDueSummaries(ctx.db, new Date(ctx.now().getTime() - 2 * pauseMs), sweepSize);
    for (const { scope, id } of due) await tellDue(ctx, scope, id);
  },
});

/** Computes the mean of each kind anew. */
export const refreshKindMeans = defineWorker({
  name: 'refresh-kind-means',
  data: z.object({}),
  schedule: '10 3 * * *',
  run: (ctx) => refreshMeans(ctx.db, ctx.now()),
});
