import { observeQueries } from '@supergraph/platform/database';
import { readPage } from '@supergraph/platform/page';
import { organizationWith, person, testSubgraph } from '@supergraph/platform/testing';
import { demoPeople, demoProductCount, demoProductId, demoSellers } from '@supergraph/schema/demo';
import { ratingUpdated } from '@supergraph/schema/events/reviews';
import { sql } from 'drizzle-orm';
import type { Context } from '../context.ts';
import { subgraph } from '../index.ts';
import { seed } from '../seed.ts';
import { type OrderField, pagesQuery } from '../store/lists.ts';
import { entity, moderator, permission } from './world.ts';

const tests = testSubgraph(subgraph);
const { run, context, emitted, owner, close } = tests;
afterAll(close);

let ctx: Context;
beforeAll(async () => {
  ctx = await context();
  await seed(ctx);
  await (await owner())`analyze reviews.reviews, reviews.rating_summaries, reviews.subjects`;
});

const products = (...numbers: number[]) => ({ representations: numbers.map((n) => ({ __typename: 'Product', id: demoProductId(n) })) });
const range = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);
const sellerOf = (n: number) => organizationWith([permission], { id: demoSellers[n]?.id ?? '' });

/** How many statements of ours one operation takes. */
async function statements(work: () => Promise<unknown>): Promise<string[]> {
  const seen: string[] = [];
  const stop = observeQueries((statement) => {
    // The relay looks into the outbox by itself.
    if (/"outbox"/.test(statement)) return;
    if (
      /"(reviews|rating_summaries|subjects|review_\w+|aspect_summaries|policies|entitlements|members|suspended_people)"/.test(statement) ||
      /^set transaction/i.test(statement)
    )
      seen.push(statement);
  });
  try {
    await work();
  } finally {
    stop();
  }
  return seen;
}

test('the samples are about 1,500 reviews whose ratings equal a recount, told once each, and come once', async () => {
  const db = await owner();
  await seed(ctx);
  const [total] = await db<
    { count: number; mean: number }[]
  >`select count(*)::int as count, avg(rating)::float as mean from reviews.reviews`;
  expect(total?.count).toBeGreaterThan(1_300);
  expect(total?.count).toBeLessThan(1_700);
  expect(total?.mean).toBeGreaterThan(3.7);
  expect(total?.mean).toBeLessThan(4.3);
  const wrong = await db`
    select s.id from reviews.rating_summaries s
    left join lateral (select count(*)::int as count, coalesce(sum(rating), 0)::int as sum, (count(*) filter (where verified))::int as verified from reviews.reviews r
      where case s.scope when 'SELLER' then r.owner_id else r.subject_id end = s.id) recount on true
    where (s.count, s.sum, s.verified_count) <> (recount.count, recount.sum, recount.verified)`;
  expect(wrong).toHaveLength(0);
  const [rated] = await db<{ count: number }[]>`select count(*)::int as count from reviews.rating_summaries where scope = 'PRODUCT'`;
  const told = await emitted(ratingUpdated);
  expect(told).toHaveLength(rated?.count ?? 0);
  expect(new Set(told.map(({ subjectId }) => subjectId)).size).toBe(told.length);
  const ownReviews =
    await db`select id from reviews.reviews where author_id = any(${demoSellers[0]?.members.map((n) => demoPeople[n]?.id ?? '') ?? []}) and owner_id = ${demoSellers[0]?.id ?? ''}`;
  expect(ownReviews).toHaveLength(0);
});

test('the rating of 100 products is one statement, and the criteria of all of them a second', async () => {
  const ratings = entity('Product', 'rating { average count histogram { count } }');
  expect(await statements(() => run(ratings, { variables: products(...range(1, 100)) }))).toHaveLength(1);
  const withAspects = entity('Product', 'rating { count aspects { code average } }');
  expect(await statements(() => run(withAspects, { variables: products(...range(1, 100)) }))).toHaveLength(2);
});

test('20 products with rating and 3 reviews each are one statement, as are the reviews of 50', async () => {
  const page = entity(
    'Product',
    'rating { average count } reviews(first: 3) { totalCount nodes { id rating title body author { id } } pageInfo { hasNextPage endCursor } }',
  );
  let answer: Awaited<ReturnType<typeof run>> | undefined;
  expect(await statements(async () => (answer = await run(page, { variables: products(...range(1, 20)) })))).toHaveLength(1);
  for (const { rating, reviews } of answer?.data._entities ?? []) {
    expect(reviews.totalCount).toBe(rating.count);
    expect(reviews.nodes).toHaveLength(Math.min(3, rating.count));
    expect(reviews.pageInfo.hasNextPage).toBe(rating.count > 3);
  }
  expect(await statements(() => run(page, { variables: products(...range(1, 50)) }))).toHaveLength(1);
});

test("replies, criteria, votes, the viewer's own review and eligibility of a page are one statement each", async () => {
  const page = entity(
    'Product',
    'viewerReview { id } viewerReviewEligibility { allowed reason } reviews(first: 5) { nodes { id viewerVote reply { body } aspects { code } } }',
  );
  const as = person({ userId: demoPeople[9]?.id ?? '' });
  const seen = await statements(() => run(page, { variables: products(...range(1, 20)), as }));
  // List, own reviews, register, memberships, suspension, entitlements, policies, votes, replies, criteria.
  expect(seen.slice(10)).toEqual([]);
});

test('a rating and two lists of one request are of one moment', async () => {
  const page = entity(
    'Product',
    'rating { count } top: reviews(first: 2) { nodes { id } } low: reviews(first: 2, orderBy: { field: LOWEST, direction: DESC }) { nodes { rating } }',
  );
  const seen = await statements(() => run(page, { variables: products(1, 2) }));
  expect(seen.join()).toMatch(/repeatable read/i);
});

const fullest = async () => {
  const [row] = await (await owner())<
    { id: string; count: number }[]
  >`select id, count from reviews.rating_summaries where scope = 'PRODUCT' order by count desc, id limit 1`;
  return { representations: [{ __typename: 'Product', id: row?.id }], count: row?.count ?? 0, id: row?.id ?? '' };
};

test.each(['TOP', 'NEWEST', 'HIGHEST', 'LOWEST', 'MOST_HELPFUL'] as const)(
  'the order %s is total: pages of 3 join into the whole list, both ways and from both ends',
  async (field) => {
    const { representations, count } = await fullest();
    for (const direction of ['ASC', 'DESC']) {
      const query = entity(
        'Product',
        `reviews(first: $first, after: $after, last: $last, before: $before, orderBy: { field: ${field}, direction: ${direction} }) { edges { cursor node { id rating verified helpfulCount } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } totalCount }`,
        '$first: Int, $after: String, $last: Int, $before: String',
      );
      const page = async (args: Record<string, unknown>) =>
        (await run(query, { variables: { representations, ...args } })).data._entities[0].reviews;
      const whole = (await page({ first: 100 })).edges.map(({ node }: { node: { id: string } }) => node.id);
      expect(whole).toHaveLength(count);
      const forward: string[] = [];
      for (let after: string | null = null, more = true; more;) {
        const { edges, pageInfo } = await page({ first: 3, after });
        forward.push(...edges.map(({ node }: { node: { id: string } }) => node.id));
        expect(pageInfo.hasPreviousPage).toBe(after !== null);
        after = pageInfo.endCursor;
        more = pageInfo.hasNextPage;
      }
      expect(forward).toEqual(whole);
      const backward: string[] = [];
      for (let before: string | null = null, more = true; more;) {
        const { edges, pageInfo } = await page({ last: 3, before });
        backward.unshift(...edges.map(({ node }: { node: { id: string } }) => node.id));
        before = pageInfo.startCursor;
        more = pageInfo.hasPreviousPage;
      }
      expect(backward).toEqual(whole);
    }
  },
);

test('a cursor of another product, order or filter is refused', async () => {
  const query = entity(
    'Product',
    'reviews(first: 1, after: $after, filter: $filter) { nodes { id } pageInfo { endCursor } }',
    '$after: String, $filter: ReviewFilter',
  );
  const { representations } = await fullest();
  const after = (await run(query, { variables: { representations } })).data._entities[0].reviews.pageInfo.endCursor;
  expect((await run(query, { variables: { representations, after } })).codes).toEqual([]);
  expect((await run(query, { variables: { representations, after, filter: { verified: true } } })).codes).toEqual(['BAD_USER_INPUT']);
  expect((await run(query, { variables: { ...products(320), after } })).codes).toEqual(['BAD_USER_INPUT']);
});

test('filters narrow list and count alike', async () => {
  const query = entity(
    'Product',
    'reviews(first: 100, filter: $filter) { nodes { id rating verified title body reply { body } createdAt locale } totalCount }',
    '$filter: ReviewFilter',
  );
  const { representations } = await fullest();
  const list = async (filter: Record<string, unknown>) => {
    const { nodes, totalCount } = (await run(query, { variables: { representations, filter } })).data._entities[0].reviews;
    expect(totalCount).toBe(nodes.length);
    return nodes as { rating: number; verified: boolean; body: string | null; title: string | null; reply: unknown; createdAt: string }[];
  };
  const all = await list({});
  expect(await list({ ratings: [5, 4] })).toHaveLength(all.filter(({ rating }) => rating >= 4).length);
  expect(await list({ verified: true })).toHaveLength(all.filter(({ verified }) => verified).length);
  expect(await list({ withText: false })).toHaveLength(all.filter(({ body }) => body === null).length);
  expect(await list({ unanswered: false })).toHaveLength(all.filter(({ reply }) => reply).length);
  expect(await list({ unanswered: true })).toHaveLength(all.filter(({ reply }) => !reply).length);
  expect(await list({ locale: 'de' })).toEqual([]);
  const since = all.map(({ createdAt }) => createdAt).toSorted()[1];
  expect(await list({ since })).toHaveLength(all.length - 1);
  const words = (all.find(({ body }) => body)?.body ?? '').split(' ');
  const word = words.find((part) => /^[a-z]{4,}$/.test(part)) ?? '';
  expect((await list({ search: word })).every(({ title, body }) => `${title} ${body}`.toLowerCase().includes(word))).toBe(true);
  expect(await list({ search: word })).not.toEqual([]);
  expect(await list({ statuses: ['PENDING'] })).toEqual([]);
});

test('bad filters and page sizes are named at once', async () => {
  const query = entity('Product', 'reviews(filter: $filter) { totalCount }', '$filter: ReviewFilter');
  const { codes, errors } = await run(query, { variables: { ...products(1), filter: { ratings: [0, 6], search: ' ', statuses: [] } } });
  expect(codes).toEqual(['BAD_USER_INPUT']);
  expect(errors?.[0]?.extensions?.['issues']).toHaveLength(4);
  expect((await run(entity('Product', 'reviews(first: 101) { totalCount }'), { variables: products(1) })).codes).toEqual([
    'BAD_USER_INPUT',
  ]);
});

test("a seller's rating is the sum over its products, and its received reviews are for its own eyes", async () => {
  const seller = demoSellers[0]?.id ?? '';
  const query = entity(
    'Organization',
    'productRating { count average aspects { code count } } receivedReviews(first: 2, after: $after) { nodes { id subject { ... on Product { id } } } totalCount pageInfo { endCursor hasNextPage } } reviewModeration { moderation verifiedOnly }',
    '$after: String',
  );
  const representations = [{ __typename: 'Organization', id: seller }];
  const first = (await run(query, { variables: { representations }, in: sellerOf(0) })).data._entities[0];
  expect(first.receivedReviews.totalCount).toBe(first.productRating.count);
  expect(first.reviewModeration).toEqual({ moderation: 'AFTER', verifiedOnly: false });
  const second = (await run(query, { variables: { representations, after: first.receivedReviews.pageInfo.endCursor }, in: sellerOf(0) }))
    .data._entities[0];
  expect(second.receivedReviews.nodes).toHaveLength(2);
  expect(second.receivedReviews.nodes[0].id < first.receivedReviews.nodes[1].id).toBe(true);
  expect((await run(query, { variables: { representations }, in: sellerOf(1) })).data._entities[0]).toMatchObject({
    productRating: { count: first.productRating.count },
    receivedReviews: null,
    reviewModeration: null,
  });
  expect((await run(query, { variables: { representations }, in: organizationWith([]) })).codes).toEqual(['FORBIDDEN', 'FORBIDDEN']);
});

test("a person's reviews have a second page, and many people's are one statement", async () => {
  const query = entity('User', 'reviews(first: 2, after: $after) { nodes { id } totalCount pageInfo { endCursor } }', '$after: String');
  const representations = [{ __typename: 'User', id: demoPeople[11]?.id }];
  const first = (await run(query, { variables: { representations }, as: null })).data._entities[0].reviews;
  const second = (await run(query, { variables: { representations, after: first.pageInfo.endCursor }, as: null })).data._entities[0]
    .reviews;
  expect(first.totalCount).toBeGreaterThan(4);
  expect(second.nodes[0].id < first.nodes[1].id).toBe(true);
  const everybody = { representations: demoPeople.map(({ id }) => ({ __typename: 'User', id })) };
  expect(await statements(() => run(entity('User', 'reviews(first: 2) { nodes { id } }'), { variables: everybody }))).toHaveLength(1);
});

test('ids that cannot be ids and unknown ones are empty, not errors', async () => {
  const query = entity('Product', 'rating { count } reviews { totalCount } viewerReview { id } viewerReviewEligibility { allowed }');
  const { data, codes } = await run(query, {
    variables: {
      representations: [
        { __typename: 'Product', id: 'x' },
        { __typename: 'Product', id: '01980000-0000-7000-8000-000000000000' },
      ],
    },
  });
  expect(codes).toEqual([]);
  expect(data._entities).toMatchObject([
    { rating: null, reviews: null, viewerReview: null, viewerReviewEligibility: null },
    { rating: { count: 0 }, reviews: { totalCount: 0 }, viewerReview: null, viewerReviewEligibility: null },
  ]);
  expect((await run(`{ review(id: "x") { id } }`)).data.review).toBeNull();
});

test('every order of a list, the queue and the due ratings are read by an index', async () => {
  const db = await owner();
  const { id } = await fullest();
  await db`
    insert into reviews.reviews (id, kind, subject_id, owner_id, author_id, rating, verified, status, helpful_count)
    select gen_random_uuid(), 'PRODUCT', ${id}, gen_random_uuid(), gen_random_uuid(), 1 + n % 5, n % 2 = 0, 'PUBLISHED', n % 50 from generate_series(1, 6000) n`;
  await db`analyze reviews.reviews`;
  const explain = async (query: ReturnType<typeof pagesQuery>) => JSON.stringify(await ctx.db.execute(sql`explain ${query.getSQL()}`));
  const names: Record<OrderField, string> = {
    TOP: 'reviews_top',
    NEWEST: 'reviews_newest',
    HIGHEST: 'reviews_highest',
    LOWEST: 'reviews_lowest',
    MOST_HELPFUL: 'reviews_most_helpful',
  };
  for (const field of Object.keys(names) as OrderField[]) {
    for (const direction of ['ASC', 'DESC'] as const) {
      const listing = {
        page: readPage(ctx, { first: 20 }, field),
        order: { field, direction },
        filter: {},
        statuses: ['PUBLISHED'] as const,
        unpublishedOf: 'NOBODY' as const,
      };
      const plan = await explain(pagesQuery(ctx.db, 'PRODUCT', [id], listing));
      expect(plan).toContain(names[field]);
      expect(plan).not.toContain('Seq Scan on reviews');
    }
  }
  const queue =
    await db`explain select id from reviews.reviews where (status = 'PENDING' or has_waiting_edit) and deleted_at is null order by id limit 21`;
  expect(JSON.stringify(queue)).toContain('reviews_waiting');
  await db`delete from reviews.reviews where owner_id not in ${db(demoSellers.map(({ id: seller }) => seller))}`;
});

test('the moderation queue is for moderators', async () => {
  const queue = `{ reviewModerationQueue { totalCount nodes { id } } }`;
  expect((await run(queue, { as: moderator })).data.reviewModerationQueue).toEqual({ totalCount: 0, nodes: [] });
  expect((await run(queue)).codes).toEqual(['FORBIDDEN']);
  expect((await run(queue, { as: null })).codes).toEqual(['UNAUTHENTICATED']);
  expect(demoProductCount).toBe(320);
});
