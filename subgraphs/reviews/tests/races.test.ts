import { person, testSubgraph } from '@supergraph/platform/testing';
import { seedRandom } from '@supergraph/platform/seed';
import { ratingUpdated } from '@supergraph/schema/events/reviews';
import type { Context } from '../context.ts';
import { subgraph } from '../index.ts';
import { entitle } from '../service/entitle.ts';
import { documents, moderator, worldOf } from './world.ts';

const tests = testSubgraph(subgraph);
const { run, context, emitted, advance, owner: database, close } = tests;
const { product, submit } = worldOf(tests);
afterAll(close);

/** Every sum and counter that differs from a recount. */
async function differences(): Promise<unknown[]> {
  const db = await database();
  const ratings = await db`
    select s.scope, s.id from reviews.rating_summaries s
    cross join lateral (
      select count(*)::int as count, coalesce(sum(rating), 0)::int as sum, (count(*) filter (where verified))::int as verified,
        array[(count(*) filter (where rating = 1))::int, (count(*) filter (where rating = 2))::int, (count(*) filter (where rating = 3))::int, (count(*) filter (where rating = 4))::int, (count(*) filter (where rating = 5))::int] as stars
      from reviews.reviews r where r.status = 'PUBLISHED' and r.deleted_at is null and case s.scope when 'SELLER' then r.owner_id else r.subject_id end = s.id
    ) recount
    where (s.count, s.sum, s.verified_count, array[s.stars1, s.stars2, s.stars3, s.stars4, s.stars5]) is distinct from (recount.count, recount.sum, recount.verified, recount.stars)`;
  const aspects = await db`
    select s.scope, s.id, s.code from reviews.aspect_summaries s
    cross join lateral (
      select count(*)::int as count, coalesce(sum(a.rating), 0)::int as sum from reviews.review_aspects a join reviews.reviews r on r.id = a.review_id
      where a.code = s.code and r.status = 'PUBLISHED' and r.deleted_at is null and case s.scope when 'SELLER' then r.owner_id else r.subject_id end = s.id
    ) recount
    where (s.count, s.sum) is distinct from (recount.count, recount.sum)`;
  const counters = await db`
    select r.id from reviews.reviews r
    where r.helpful_count <> (select count(*) from reviews.review_votes v where v.review_id = r.id and v.value = 'HELPFUL')
      or r.not_helpful_count <> (select count(*) from reviews.review_votes v where v.review_id = r.id and v.value = 'NOT_HELPFUL')
      or r.open_reports <> (select count(*) from reviews.review_reports p where p.review_id = r.id and p.resolved_at is null)
      or r.has_waiting_edit <> exists (select 1 from reviews.review_edits e where e.review_id = r.id and e.waiting)`;
  return [...ratings, ...aspects, ...counters];
}

test('after submits, edits, votes, reports, decisions, deliveries and deletes at random, every rating and counter equals a recount', async () => {
  const random = seedRandom('races');
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const { id: first, seller } = await product();
  const products = [first, (await product(seller)).id, (await product()).id];
  const people = Array.from({ length: 12 }, () => person());
  const ctx: Context = await context();
  const known = new Map<string, { id: string; author: (typeof people)[number]; version: number }>();
  const stars = () => 1 + Math.floor(random() * 5);
  const aspects = () => (random() < 0.5 ? [{ code: pick(['QUALITY', 'VALUE', 'DESIGN']), rating: stars() }] : []);
  const codes = new Map<unknown, number>();
  const note = (answer: Awaited<ReturnType<typeof run>>) => {
    for (const code of answer.codes) codes.set(code, (codes.get(code) ?? 0) + 1);
    const review = Object.values(answer.data ?? {})[0] as { review?: { id: string; version: number } } | undefined;
    const held = review?.review && known.get(review.review.id);
    if (held && review?.review) known.set(held.id, { ...held, version: review.review.version });
    return answer;
  };
  const act = async () => {
    const as = pick(people);
    const chance = random();
    const productId = pick(products);
    const input = { rating: stars(), aspects: aspects() };
    const target = known.size > 0 ? pick([...known.values()]) : undefined;
    const vote = pick(['HELPFUL', 'NOT_HELPFUL', null]);
    const decision = pick(['REMOVE', 'RESTORE', 'PUBLISH']);
    if (chance < 0.25 || !target) {
      const { data } = note(await submit(productId, as, input));
      if (data) known.set(data.submitReview.review.id, { id: data.submitReview.review.id, author: as, version: 1 });
      return;
    }
    if (chance < 0.45)
      note(await run(documents.update, { input: { id: target.id, version: target.version, ...input }, as: target.author }));
    else if (chance < 0.65) note(await run(documents.vote, { input: { id: target.id, vote }, as }));
    else if (chance < 0.75) note(await run(documents.report, { input: { id: target.id, reason: 'SPAM' }, as }));
    else if (chance < 0.88)
      note(await run(documents.moderate, { input: { id: target.id, version: target.version, decision, reason: 'x' }, as: moderator }));
    else if (chance < 0.94)
      await ctx.db.transaction((tx) => entitle(ctx, tx, { userId: as.userId, kind: 'PRODUCT', subjectId: productId, since: ctx.now() }));
    else note(await run(documents.remove, { input: { id: target.id }, as: target.author }));
  };
  for (let round = 0; round < 15; round++) {
    await Promise.all(Array.from({ length: 24 }, act));
    if (round % 5 === 0) expect(await differences()).toEqual([]);
    advance(600_000);
  }
  expect(await differences()).toEqual([]);
  expect([...codes.keys()].filter((code) => code === 'INTERNAL_SERVER_ERROR' || code === 'UPSTREAM_UNAVAILABLE')).toEqual([]);
  expect(known.size).toBeGreaterThan(20);

  advance(2_000);
  const told = await emitted(ratingUpdated);
  const db = await database();
  for (const productId of products) {
    const last = told.findLast(({ subjectId }) => subjectId === productId);
    const [now] = await db`select count, version, tell_due as due from reviews.rating_summaries where id = ${productId}`;
    expect({ count: last?.count, version: last?.version, due: false }).toEqual({ ...now });
  }
});

test('forty people reviewing one thing at once are all counted, without an error', async () => {
  const { id } = await product();
  const answers = await Promise.all(Array.from({ length: 40 }, () => submit(id, person(), { rating: 5 })));
  expect(answers.flatMap(({ codes }) => codes)).toEqual([]);
  const [row] = await (await database())`select count, sum from reviews.rating_summaries where id = ${id}`;
  expect({ ...row }).toEqual({ count: 40, sum: 200 });
});

test('two edits of one version: one of them is told the current version', async () => {
  const { id } = await product();
  const as = person();
  const { data } = await submit(id, as);
  const edit = (rating: number) => run(documents.update, { input: { id: data.submitReview.review.id, version: 1, rating }, as });
  const answers = await Promise.all([edit(1), edit(2)]);
  expect(answers.flatMap(({ codes }) => codes)).toEqual(['CONFLICT']);
});
