import {
  aspectSummaries,
  type AspectRatings,
  entitlements,
  kindMeans,
  outbox,
  ratingSummaries,
  reviewAspects,
  reviewReplies,
  reviews,
  reviewVotes,
  subjects,
} from '@supergraph/db/reviews/tables';
import type { Db } from '@supergraph/platform/database';
import { emit } from '@supergraph/platform/outbox';
import { seedId, seedRandom, seedTime } from '@supergraph/platform/seed';
import { demoPeople, demoProductCount, demoProductId, type DemoSeller, demoSellerOf } from '@supergraph/schema/demo';
import { ratingUpdated } from '@supergraph/schema/events/reviews';
import { aspectsOf } from './aspects.ts';
import type { Context } from './context.ts';
import { answers, ofSeller, remarks, titles } from './seed-texts.ts';
import { averageOf, contributionOf, differenceOf, scoreOf } from './service/rating.ts';
import { textHashOf } from './text-filter.ts';

/** Between two sample reviews, so that they spread over some months. */
const minutesApart = 150;
const rowsPerInsert = 500;
type Stars = 1 | 2 | 3 | 4 | 5;
type Random = () => number;

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

function starsOf(random: Random): Stars {
  const chance = random();
  if (chance < 0.45) return 5;
  if (chance < 0.75) return 4;
  if (chance < 0.88) return 3;
  return chance < 0.95 ? 2 : 1;
}

function textOf(random: Random, seller: DemoSeller, stars: Stars): { title: string | null; body: string | null } {
  if (random() < 0.12) return { title: null, body: null };
  const [pleased, others] = ofSeller[seller.slug] ?? [[], []];
  const own = pick(random, stars >= 4 ? pleased : others);
  const remark = pick(random, remarks[stars]);
  return { title: random() < 0.8 ? pick(random, titles[stars]) : null, body: random() < 0.7 ? `${own} ${remark}` : own };
}

const aspectsFor = (random: Random, stars: Stars): AspectRatings =>
  random() < 0.25
    ? Object.fromEntries(aspectsOf('PRODUCT').map(({ code }) => [code, Math.min(5, Math.max(1, stars + Math.floor(random() * 3) - 1))]))
    : {};

/** Different people of those who do not belong to the seller. */
function reviewersOf(random: Random, seller: Pick<DemoSeller, 'members'>, count: number): string[] {
  const strangers = demoPeople.filter((_, index) => !seller.members.includes(index)).map(({ id }) => ({ id, rank: random() }));
  return strangers
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, count)
    .map(({ id }) => id);
}

function makeWorld() {
  const random = seedRandom('reviews');
  const rows: (typeof reviews.$inferInsert & { id: string; authorId: string; aspects: AspectRatings; createdAt: Date })[] = [];
  const replies: (typeof reviewReplies.$inferInsert)[] = [];
  const votes: (typeof reviewVotes.$inferInsert)[] = [];
  let number = 0;
  for (let product = 1; product <= demoProductCount; product++) {
    const seller = demoSellerOf(product);
    for (const authorId of reviewersOf(random, seller, Math.floor(random() * 10.5))) {
      const at = ++number * minutesApart;
      const rating = starsOf(random);
      const text = textOf(random, seller, rating);
      const id = seedId('review', at);
      const createdAt = seedTime(at);
      const verdicts = votesOn(random, id, authorId, createdAt);
      const helpfulCount = verdicts.filter(({ value }) => value === 'HELPFUL').length;
      votes.push(...verdicts);
      rows.push({
        id,
        kind: 'PRODUCT',
        subjectId: demoProductId(product),
        ownerId: seller.id,
        authorId,
        rating,
        ...text,
        textHash: textHashOf(text),
        locale: 'en',
        verified: random() < 0.7,
        status: 'PUBLISHED',
        helpfulCount,
        notHelpfulCount: verdicts.length - helpfulCount,
        createdAt,
        publishedAt: createdAt,
        aspects: aspectsFor(random, rating),
      });
      if (random() < (rating <= 2 ? 0.6 : 0.08)) replies.push(replyTo(random, id, seller, rating, at));
    }
  }
  return { rows, replies, votes };
}

function votesOn(random: Random, reviewId: string, authorId: string, createdAt: Date): (typeof reviewVotes.$inferInsert)[] {
  const voters = random() < 0.4 ? reviewersOf(random, { members: [] }, Math.floor(random() * 7)) : [];
  return voters
    .filter((voterId) => voterId !== authorId)
    .map((voterId) => ({ reviewId, voterId, value: random() < 0.8 ? ('HELPFUL' as const) : ('NOT_HELPFUL' as const), votedAt: createdAt }));
}

const replyTo = (random: Random, reviewId: string, seller: DemoSeller, rating: Stars, at: number): typeof reviewReplies.$inferInsert => ({
  reviewId,
  organizationId: seller.id,
  replierId: demoPeople[seller.members[0] ?? 0]?.id ?? null,
  body: pick(random, answers[rating >= 4 ? 0 : 1]),
  createdAt: seedTime(at + 24 * 60),
});

/** About 1,500 sample reviews of the sample products, with answers, votes and exact ratings. */
export async function seed(ctx: Context): Promise<void> {
  const [already] = await ctx.db.select({ id: reviews.id }).from(reviews).limit(1);
  if (already) return;
  const { rows, replies, votes } = makeWorld();
  await ctx.db.transaction(async (tx) => {
    const products = Array.from({ length: demoProductCount }, (_, index) => index + 1);
    // Version 0: whatever catalog says of them is newer.
    await tx
      .insert(subjects)
      .values(
        products.map((product) => ({
          kind: 'PRODUCT' as const,
          id: demoProductId(product),
          ownerId: demoSellerOf(product).id,
          status: 'OPEN' as const,
          version: 0,
        })),
      )
      .onConflictDoNothing();
    await inBatches(rows, (batch) => tx.insert(reviews).values(batch));
    await inBatches(
      rows.flatMap(({ id: reviewId, aspects }) => Object.entries(aspects).map(([code, rating]) => ({ reviewId, code, rating }))),
      (batch) => tx.insert(reviewAspects).values(batch),
    );
    await inBatches(replies, (batch) => tx.insert(reviewReplies).values(batch));
    await inBatches(votes, (batch) => tx.insert(reviewVotes).values(batch));
    const received = rows
      .filter(({ verified }) => verified)
      .map(({ authorId: userId, kind, subjectId, createdAt: since }) => ({ userId, kind, subjectId, since }));
    await inBatches(received, (batch) => tx.insert(entitlements).values(batch).onConflictDoNothing());
    await sumUp(ctx, tx, rows);
  });
}

async function inBatches<Row>(rows: readonly Row[], insert: (batch: Row[]) => PromiseLike<unknown>): Promise<void> {
  for (let start = 0; start < rows.length; start += rowsPerInsert) await insert(rows.slice(start, start + rowsPerInsert));
}

type Rows = ReturnType<typeof makeWorld>['rows'];

async function sumUp(ctx: Context, tx: Db, rows: Rows): Promise<void> {
  const mean = rows.reduce((sum, { rating }) => sum + rating, 0) / rows.length;
  await tx.insert(kindMeans).values({ kind: 'PRODUCT', mean });
  const ofProducts = [...Map.groupBy(rows, ({ subjectId }) => subjectId)].map(([id, reviewed]) =>
    summaryOf('PRODUCT', id, reviewed, ctx.now()),
  );
  const ofSellers = [...Map.groupBy(rows, ({ ownerId }) => ownerId)].map(([id, reviewed]) => summaryOf('SELLER', id, reviewed, null));
  const all = [...ofProducts, ...ofSellers];
  await inBatches(
    all.map(({ summary }) => summary),
    (batch) => tx.insert(ratingSummaries).values(batch),
  );
  await inBatches(
    all.flatMap(({ aspects }) => aspects),
    (batch) => tx.insert(aspectSummaries).values(batch),
  );
  for (const { summary } of ofProducts) {
    const { id, count, sum, stars1, stars2, stars3, stars4, stars5, version } = summary;
    const payload = {
      subjectType: 'PRODUCT' as const,
      subjectId: id,
      average: averageOf(sum, count),
      count,
      score: scoreOf({ mean, sum, count }),
      histogram: [stars1, stars2, stars3, stars4, stars5],
      version,
    };
    await emit(ctx, tx, outbox, ratingUpdated, payload, { organizationId: null });
  }
}

function summaryOf(scope: 'PRODUCT' | 'SELLER', id: string, rows: Rows, toldAt: Date | null) {
  const stars: [number, number, number, number, number] = [0, 0, 0, 0, 0];
  const aspects = new Map<string, { count: number; sum: number }>();
  let verifiedCount = 0;
  for (const row of rows) {
    const change = differenceOf(null, contributionOf({ status: 'PUBLISHED', rating: row.rating, verified: row.verified }, row.aspects));
    if (!change) continue;
    change.stars.forEach((count, index) => (stars[index as 0] += count));
    verifiedCount += change.verifiedCount;
    for (const [code, { count, sum }] of change.aspects) {
      const known = aspects.get(code) ?? { count: 0, sum: 0 };
      aspects.set(code, { count: known.count + count, sum: known.sum + sum });
    }
  }
  const [stars1, stars2, stars3, stars4, stars5] = stars;
  const sum = stars.reduce((all, count, index) => all + count * (index + 1), 0);
  return {
    summary: { scope, id, count: rows.length, sum, stars1, stars2, stars3, stars4, stars5, verifiedCount, version: rows.length, toldAt },
    aspects: [...aspects].map(([code, rated]) => ({ scope, id, code, ...rated })),
  };
}
