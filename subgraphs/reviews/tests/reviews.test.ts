import { organizationWith, person, testSubgraph } from '@supergraph/platform/testing';
import { notificationRequested } from '@supergraph/schema/events/notifications';
import {
  ratingUpdated,
  reviewDeleted,
  reviewEdited,
  reviewPublished,
  reviewRejected,
  replyPosted,
  reviewRemoved,
  reviewReported,
  reviewSubmitted,
} from '@supergraph/schema/events/reviews';
import { v7 } from 'uuid';
import { subgraph } from '../index.ts';
import { documents, entity, moderator, permission, worldOf } from './world.ts';

const facts = new Map<string, { sellerId: string; status: string }>();
let catalogIsDown = false;
const asked: string[][] = [];
const tests = testSubgraph(subgraph, {
  answers: {
    catalog: (_document, { ids }) => {
      if (catalogIsDown) throw new Error('down');
      asked.push(ids as string[]);
      return {
        productFacts: (ids as string[]).flatMap((id) =>
          facts.has(id) ? [{ productId: id, title: 'Asked', version: 1, ...facts.get(id) }] : [],
        ),
      };
    },
  },
});
const { run, emitted, advance, stopClock, subscribe, owner: database, close } = tests;
const { product, submit, submitted, ratingOf } = worldOf(tests);
afterAll(close);

const read = async (id: string, as: ReturnType<typeof person> | null = null) =>
  (await run(documents.review, { variables: { id }, as })).data.review;
const moderate = (review: { id: string; version: number }, decision: string, reason?: string, as = moderator) =>
  run(documents.moderate, { input: { id: review.id, version: review.version, decision, reason }, as });
const update = (review: { id: string; version: number }, input: Record<string, unknown>, as: ReturnType<typeof person>) =>
  run(documents.update, { input: { id: review.id, version: review.version, ...input }, as });
const setModeration = (seller: ReturnType<typeof organizationWith>, input: Record<string, unknown>) =>
  run(documents.settings, { input, in: seller });
const issuesOf = (answer: Awaited<ReturnType<typeof run>>) => {
  const issues = (answer.errors?.[0]?.extensions?.['issues'] ?? []) as { path: string }[];
  return issues.map(({ path }) => path);
};
const notices = async (userId: string) =>
  (await emitted(notificationRequested.of('reviews'))).filter(({ recipientIds }) => recipientIds.includes(userId)).map(({ kind }) => kind);

test('one review per person and thing: a second one names the first, also when several arrive at once', async () => {
  const { id } = await product();
  const as = person();
  const answers = await Promise.all(Array.from({ length: 6 }, () => submit(id, as)));
  const made = answers.filter(({ data }) => data).map(({ data }) => data.submitReview.review.id);
  expect(made).toHaveLength(1);
  const refused = answers.filter(({ data }) => !data);
  expect(new Set(refused.map(({ errors }) => errors?.[0]?.extensions?.['reviewId']))).toEqual(new Set(made));
  expect(new Set(refused.flatMap(({ codes }) => codes))).toEqual(new Set(['CONFLICT']));
  expect(await ratingOf(id)).toMatchObject({ count: 1 });
  const { data } = await run(documents.remove, { input: { id: made[0] }, as });
  expect(data.deleteReview).toMatchObject({ deletedId: made[0], rating: { average: null, count: 0 } });
  expect(await submitted(id, as)).toMatchObject({ status: 'PUBLISHED' });
});

test('a repeated idempotency key makes one review; another input under it is a conflict', async () => {
  const { id } = await product();
  const as = person();
  const answers = await Promise.all([1, 2, 3].map(() => submit(id, as, { idempotencyKey: 'k', body: 'Once' })));
  expect(new Set(answers.map(({ data }) => data.submitReview.review.id)).size).toBe(1);
  expect(await submit(id, as, { idempotencyKey: 'k', body: 'Twice' })).toMatchObject({
    codes: ['CONFLICT'],
    reasons: ['IDEMPOTENCY_KEY_REUSED'],
  });
});

test('every bad field of a review is named at once, and nothing is written', async () => {
  const { id } = await product();
  const aspects = [
    { code: 'QUALITY', rating: 6 },
    { code: 'QUALITY', rating: 3 },
    { code: 'SMELL', rating: 3 },
  ];
  const answer = await submit(id, person(), { rating: 0, title: 'x'.repeat(121), body: 'y'.repeat(5_001), aspects, idempotencyKey: '' });
  expect(answer.codes).toEqual(['BAD_USER_INPUT']);
  expect(issuesOf(answer).toSorted()).toEqual([
    'aspects.0.rating',
    'aspects.1.code',
    'aspects.2.code',
    'body',
    'idempotencyKey',
    'rating',
    'title',
  ]);
  expect((await submit(id, person(), { rating: 6 })).codes).toEqual(['BAD_USER_INPUT']);
  expect((await submit(id, person(), { rating: 4.5 })).data).toBeUndefined();
  expect(await ratingOf(id)).toMatchObject({ count: 0 });
});

test('markup is plain text and comes out unchanged', async () => {
  const { id } = await product();
  const body = '<script>alert(1)</script> & <b>bold</b>\nnext line';
  expect(await submitted(id, person(), { body, title: 'a < b' })).toMatchObject({ body, title: 'a < b' });
});

test('a guest, a token without the scope and a stranger to moderation are turned away from every mutation', async () => {
  const { id, seller } = await product();
  const review = await submitted(id);
  const inputs = {
    submit: { subject: { kind: 'PRODUCT', id }, rating: 3 },
    update: { id: review.id, version: 1 },
    remove: { id: review.id },
    vote: { id: review.id, vote: 'HELPFUL' },
    reply: { id: review.id, body: 'x' },
    unreply: { id: review.id },
    report: { id: review.id, reason: 'SPAM' },
    moderate: { id: review.id, version: 1, decision: 'REMOVE', reason: 'x' },
    settings: { verifiedOnly: true },
  };
  for (const [name, input] of Object.entries(inputs)) {
    const document = documents[name as keyof typeof inputs];
    expect((await run(document, { input, as: null })).codes).toEqual(['UNAUTHENTICATED']);
    expect((await run(document, { input, as: person({ scopes: [] }), in: seller })).codes).toEqual(['FORBIDDEN']);
  }
  const stranger = person();
  for (const name of ['update', 'remove', 'reply', 'unreply', 'moderate'] as const)
    expect((await run(documents[name], { input: inputs[name], as: stranger })).codes).toEqual(['FORBIDDEN']);
  expect((await run(documents.settings, { input: inputs.settings, in: organizationWith([]) })).codes).toEqual(['FORBIDDEN']);
  expect((await run(documents.settings, { input: inputs.settings })).codes).toEqual(['BAD_USER_INPUT']);
  expect((await run(documents.settings, { input: {}, in: seller })).codes).toEqual(['BAD_USER_INPUT']);
  expect(await read(review.id)).toMatchObject({ version: 1, status: 'PUBLISHED' });
});

test('an unknown review is NOT_FOUND in every mutation, and so is a hidden one', async () => {
  const { id, owner, seller } = await product();
  await setModeration(seller, { moderation: 'BEFORE' });
  const author = person();
  const hidden = await submitted(id, author);
  expect(hidden.status).toBe('PENDING');
  for (const reviewId of [v7(), hidden.id]) {
    for (const [document, input] of [
      [documents.update, { version: 1 }],
      [documents.remove, {}],
      [documents.vote, { vote: 'HELPFUL' }],
      [documents.reply, { body: 'x' }],
      [documents.unreply, {}],
      [documents.report, { reason: 'SPAM' }],
    ] as const)
      expect((await run(document, { input: { id: reviewId, ...input }, as: owner })).codes).toEqual(['NOT_FOUND']);
    expect(await read(reviewId, owner)).toBeNull();
  }
  expect((await moderate({ id: v7(), version: 1 }, 'PUBLISH')).codes).toEqual(['NOT_FOUND']);
  expect(await read(hidden.id, author)).toMatchObject({ status: 'PENDING' });
  expect(await read(hidden.id, moderator)).toMatchObject({ status: 'PENDING' });
  const entities = await run(
    `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Review { rating } } }`,
    { variables: { representations: [{ __typename: 'Review', id: hidden.id }] } },
  );
  expect(entities).toMatchObject({ data: { _entities: [null] }, codes: [] });
});

test('what is not public appears in no list, count or rating of others, but in those of the author and of moderators', async () => {
  const { id, seller } = await product();
  await setModeration(seller, { moderation: 'BEFORE' });
  const author = person();
  const review = await submitted(id, author);
  const query = entity(
    'Product',
    'rating { count } viewerReview { id } reviews { totalCount } all: reviews(filter: { statuses: [PENDING, PUBLISHED] }) { nodes { id } totalCount }',
  );
  const ask = async (as: ReturnType<typeof person> | null) =>
    (await run(query, { variables: { representations: [{ __typename: 'Product', id }] }, as })).data._entities[0];
  const nothing = { rating: { count: 0 }, reviews: { totalCount: 0 } };
  expect(await ask(person())).toMatchObject({ ...nothing, viewerReview: null, all: { nodes: [], totalCount: 0 } });
  expect(await ask(null)).toMatchObject({ ...nothing, viewerReview: null, all: { nodes: [] } });
  expect(await ask(author)).toMatchObject({
    ...nothing,
    viewerReview: { id: review.id },
    all: { nodes: [{ id: review.id }], totalCount: 1 },
  });
  expect(await ask(moderator)).toMatchObject({ ...nothing, all: { nodes: [{ id: review.id }] } });
  const written = entity('User', 'reviews { totalCount nodes { id } }');
  const writtenFor = async (as: ReturnType<typeof person>) =>
    (await run(written, { variables: { representations: [{ __typename: 'User', id: author.userId }] }, as })).data._entities[0].reviews
      .totalCount;
  expect(await Promise.all([author, moderator, person()].map(writtenFor))).toEqual([1, 1, 0]);
});

test('a product that the register does not know is asked for at catalog once; drafts and unknown ones are NOT_FOUND, as when catalog is down', async () => {
  const known = v7();
  const draft = v7();
  facts.set(known, { sellerId: v7(), status: 'ACTIVE' }).set(draft, { sellerId: v7(), status: 'DRAFT' });
  expect(await submitted(known)).toMatchObject({ status: 'PUBLISHED' });
  const before = asked.length;
  expect(await submitted(known)).toMatchObject({ status: 'PUBLISHED' });
  expect(asked.length).toBe(before);
  for (const id of [draft, v7()]) expect((await submit(id)).codes).toEqual(['NOT_FOUND']);
  catalogIsDown = true;
  expect((await submit(v7())).codes).toEqual(['NOT_FOUND']);
  catalogIsDown = false;
  for (const kind of ['RECIPE', 'COURSE'])
    expect((await run(documents.submit, { input: { subject: { kind, id: known }, rating: 3 } })).codes).toEqual(['NOT_FOUND']);
});

test('before publication a moderator looks: publishing, rejecting with a reason, restoring', async () => {
  const { id, seller, owner } = await product();
  await setModeration(seller, { moderation: 'BEFORE' });
  const author = person();
  const review = await submitted(id, author, { rating: 3 });
  const queue = (await run(`{ reviewModerationQueue(last: 1) { nodes { id } } }`, { as: moderator })).data.reviewModerationQueue;
  expect(queue.nodes).toEqual([{ id: review.id }]);
  expect(issuesOf(await moderate(review, 'REJECT'))).toEqual(['reason']);
  expect((await moderate({ ...review, version: 9 }, 'PUBLISH')).errors?.[0]?.extensions).toMatchObject({
    code: 'CONFLICT',
    currentVersion: 1,
  });
  expect((await moderate(review, 'RESTORE')).reasons).toEqual(['INVALID_STATE']);
  const rejected = (await moderate(review, 'REJECT', 'Not about the product')).data.moderateReview.review;
  expect(rejected).toMatchObject({ status: 'REJECTED', rejectionReason: 'Not about the product', version: 2 });
  expect(await read(review.id, author)).toMatchObject({ rejectionReason: 'Not about the product' });
  expect((await update(rejected, { body: 'Please' }, author)).reasons).toEqual(['INVALID_STATE']);
  const restored = (await moderate(rejected, 'RESTORE')).data.moderateReview.review;
  expect(restored).toMatchObject({ status: 'PUBLISHED', rejectionReason: null });
  expect(await ratingOf(id)).toMatchObject({ average: 3, count: 1 });
  expect(await notices(author.userId)).toEqual(['REJECTED', 'PUBLISHED']);
  expect(await notices(owner.userId)).toEqual(['RECEIVED']);
  const removed = (await moderate(restored, 'REMOVE', 'After all')).data.moderateReview.review;
  expect(removed.status).toBe('REMOVED');
  expect(await ratingOf(id)).toMatchObject({ average: null, count: 0 });
  for (const contract of [reviewSubmitted, reviewRejected, reviewPublished, reviewRemoved])
    expect((await emitted(contract)).filter(({ reviewId }) => reviewId === review.id)).toHaveLength(1);
});

test('an edit names the version it read, keeps what it leaves out and the former text for moderators', async () => {
  const { id } = await product();
  const author = person();
  const review = await submitted(id, author, { title: 'First', body: 'One', aspects: [{ code: 'VALUE', rating: 2 }] });
  const second = (await update(review, { body: 'Two', rating: 5 }, author)).data.updateReview.review;
  expect(second).toMatchObject({ version: 2, title: 'First', body: 'Two', rating: 5, aspects: [{ code: 'VALUE', rating: 2 }] });
  expect((await update(review, { body: 'Stale' }, author)).errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', currentVersion: 2 });
  const third = (await update(second, { title: null, aspects: [{ code: 'DESIGN', rating: 1 }] }, author)).data.updateReview.review;
  expect(third).toMatchObject({ title: null, body: 'Two', aspects: [{ code: 'DESIGN', rating: 1 }] });
  expect(await ratingOf(id)).toMatchObject({ average: 5, aspects: [{ code: 'DESIGN', average: 1, count: 1 }] });
  expect(issuesOf(await update(third, { rating: 9, aspects: [{ code: 'NOPE', rating: 1 }] }, author)).toSorted()).toEqual([
    'aspects.0.code',
    'rating',
  ]);
  const history = `query ($id: ID!, $after: String) { review(id: $id) { history(first: 1, after: $after) { nodes { title body rating } totalCount pageInfo { endCursor hasNextPage } } } }`;
  const first = (await run(history, { variables: { id: review.id }, as: moderator })).data.review.history;
  expect(first).toMatchObject({ nodes: [{ title: 'First', body: 'Two', rating: 5 }], totalCount: 2, pageInfo: { hasNextPage: true } });
  const rest = (await run(history, { variables: { id: review.id, after: first.pageInfo.endCursor }, as: moderator })).data.review.history;
  expect(rest).toMatchObject({ nodes: [{ title: 'First', body: 'One', rating: 4 }], pageInfo: { hasNextPage: false } });
  expect((await run(history, { variables: { id: review.id }, as: author })).codes).toEqual(['FORBIDDEN']);
  expect((await emitted(reviewEdited)).filter(({ reviewId }) => reviewId === review.id).map(({ version }) => version)).toEqual([2, 3]);
});

test('before publication a second edit replaces the waiting one, and a refused one leaves the public text', async () => {
  const { id, seller } = await product();
  const author = person();
  const review = await submitted(id, author, { body: 'Public' });
  await setModeration(seller, { moderation: 'BEFORE' });
  const one = (await update(review, { body: 'First try' }, author)).data.updateReview.review;
  const two = (await update(one, { rating: 1 }, author)).data.updateReview.review;
  expect(two).toMatchObject({ body: 'Public', rating: 4, pendingEdit: { body: 'First try', rating: 1 } });
  expect(await read(review.id)).toMatchObject({ body: 'Public', pendingEdit: null });
  const refused = (await moderate(two, 'REJECT', 'Too rude')).data.moderateReview.review;
  expect(refused).toMatchObject({ status: 'PUBLISHED', body: 'Public', pendingEdit: null, rejectionReason: 'Too rude' });
  expect(await read(review.id)).toMatchObject({ rejectionReason: null });
  expect(await ratingOf(id)).toMatchObject({ average: 4 });
});

test('slurs, more than two links, and the same text on a third thing wait for a moderator whatever the policy', async () => {
  const { id } = await product();
  expect(await submitted(id, person(), { body: 'what a fʋcking mess, fuuuuckkk' })).toMatchObject({ status: 'PENDING' });
  const links = (count: number) => Array.from({ length: count }, (_, n) => `https://example.com/${n}`).join(' ');
  expect(await submitted(id, person(), { body: links(3) })).toMatchObject({ status: 'PENDING' });
  expect(await submitted(id, person(), { body: links(2) })).toMatchObject({ status: 'PUBLISHED' });
  const author = person();
  const states: string[] = [];
  for (const body of ['The very best', 'the very  BEST', 'The very best '])
    states.push((await submitted((await product()).id, author, { body })).status);
  expect(states).toEqual(['PUBLISHED', 'PUBLISHED', 'PENDING']);
  const clean = await submitted(id, author, { body: 'Clean' });
  expect((await update(clean, { body: links(3) }, author)).data.updateReview.review).toMatchObject({
    status: 'PUBLISHED',
    body: 'Clean',
    pendingEdit: { body: links(3) },
  });
});

test('sellers that want verified reviewers only take no others, and eligibility says so beforehand', async () => {
  const { id, seller, owner } = await product();
  await setModeration(seller, { verifiedOnly: true });
  const query = entity('Product', 'viewerReviewEligibility { allowed reason verified }');
  const ask = async (as: ReturnType<typeof person> | null) =>
    (await run(query, { variables: { representations: [{ __typename: 'Product', id }] }, as })).data._entities[0].viewerReviewEligibility;
  expect(await ask(null)).toBeNull();
  expect(await ask(person())).toEqual({ allowed: false, reason: 'NOT_VERIFIED', verified: false });
  expect(await ask(owner)).toMatchObject({ reason: 'OWN_SUBJECT' });
  expect(await submit(id)).toMatchObject({ codes: ['FORBIDDEN'], reasons: ['NOT_VERIFIED'] });
  await setModeration(seller, { verifiedOnly: false });
  const as = person();
  expect(await ask(as)).toEqual({ allowed: true, reason: null, verified: false });
  await submitted(id, as);
  expect(await ask(as)).toMatchObject({ reason: 'ALREADY_REVIEWED' });
});

test('a vote is one per person and review, changeable, and can be taken back', async () => {
  const { id } = await product();
  const review = await submitted(id);
  const voter = person();
  const vote = async (value: string | null, as = voter) =>
    (await run(documents.vote, { input: { id: review.id, vote: value }, as })).data.voteReview.review;
  expect(await vote('HELPFUL')).toMatchObject({ helpfulCount: 1, notHelpfulCount: 0, viewerVote: 'HELPFUL', version: 1 });
  expect(await vote('HELPFUL')).toMatchObject({ helpfulCount: 1 });
  expect(await vote('NOT_HELPFUL')).toMatchObject({ helpfulCount: 0, notHelpfulCount: 1, viewerVote: 'NOT_HELPFUL' });
  expect(await vote('HELPFUL', person())).toMatchObject({ helpfulCount: 1, notHelpfulCount: 1 });
  expect(await vote(null)).toMatchObject({ helpfulCount: 1, notHelpfulCount: 0, viewerVote: null });
  expect(await read(review.id)).toMatchObject({ viewerVote: null });
});

test("helpfulness is the lower bound of Wilson's interval, so few votes weigh less than many", async () => {
  const rows = [
    [0, 0],
    [1, 0],
    [10, 0],
    [100, 0],
    [9, 1],
    [0, 5],
    [40, 60],
  ] as const;
  const bound = (helpful: number, not: number) => {
    const n = helpful + not;
    const z = 1.96;
    const p = helpful / n;
    return n === 0 ? 0 : (p + z ** 2 / (2 * n) - z * Math.sqrt((p * (1 - p) + z ** 2 / (4 * n)) / n)) / (1 + z ** 2 / n);
  };
  const db = await database();
  for (const [helpful, not] of rows) {
    const [row] =
      await db`insert into reviews.reviews (id, kind, subject_id, owner_id, rating, verified, status, helpful_count, not_helpful_count) values (gen_random_uuid(), 'PRODUCT', gen_random_uuid(), gen_random_uuid(), 3, false, 'REJECTED', ${helpful}, ${not}) returning helpfulness`;
    expect(row?.['helpfulness']).toBeCloseTo(bound(helpful, not), 10);
  }
});

test('reports count once per person; the fifth hides the review, and what a moderator published again does not count again', async () => {
  const { id } = await product();
  const review = await submitted(id);
  const report = (as: ReturnType<typeof person>) =>
    run(documents.report, { input: { id: review.id, reason: 'OTHER', note: ' rude ' }, as });
  const first = person();
  for (const as of [first, first, person(), person(), person()]) expect((await report(as)).data.reportReview.reported).toBe(true);
  expect(await read(review.id)).toMatchObject({ status: 'PUBLISHED' });
  await report(person());
  expect(await read(review.id)).toBeNull();
  expect(await ratingOf(id)).toMatchObject({ count: 0 });
  const reports = `query ($id: ID!, $after: String) { review(id: $id) { version reports(first: 4, after: $after) { nodes { reason note resolvedAt reporter { id } } totalCount pageInfo { endCursor } } } }`;
  const page = (await run(reports, { variables: { id: review.id }, as: moderator })).data.review;
  expect(page.reports).toMatchObject({ totalCount: 5 });
  const next = (await run(reports, { variables: { id: review.id, after: page.reports.pageInfo.endCursor }, as: moderator })).data.review
    .reports;
  expect(next.nodes).toEqual([{ reason: 'OTHER', note: 'rude', resolvedAt: null, reporter: { id: first.userId } }]);
  await moderate({ id: review.id, version: page.version }, 'PUBLISH');
  expect(await ratingOf(id)).toMatchObject({ count: 1 });
  for (const as of [first, person(), person(), person(), person()]) await report(as);
  expect(await read(review.id)).toMatchObject({ status: 'PUBLISHED' });
  await report(person());
  expect(await read(review.id)).toBeNull();
  expect((await report(person())).codes).toEqual(['NOT_FOUND']);
  const told = (await emitted(reviewReported)).filter(({ reviewId }) => reviewId === review.id);
  expect(told.map(({ openReports }) => openReports)).toEqual([1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
  const own = await submitted((await product()).id, first);
  expect((await run(documents.report, { input: { id: own.id, reason: 'SPAM' }, as: first })).reasons).toEqual(['OWN_REVIEW']);
});

test("the seller's side answers once, may change and delete the answer, and the author hears of it once", async () => {
  const { id, seller, owner } = await product();
  const author = person();
  const review = await submitted(id, author);
  const reply = (body: string, as: ReturnType<typeof person>, chosen: ReturnType<typeof organizationWith> | null = null) =>
    run(documents.reply, { input: { id: review.id, body }, as, in: chosen });
  expect((await reply('x'.repeat(3_001), owner)).codes).toEqual(['BAD_USER_INPUT']);
  expect((await reply('Hi', person(), organizationWith([permission]))).codes).toEqual(['FORBIDDEN']);
  expect((await reply('Hi', owner, organizationWith([], { id: seller.id }))).codes).toEqual(['FORBIDDEN']);
  expect((await reply('Hi', owner)).data.replyToReview.review.reply).toMatchObject({ body: 'Hi', editedAt: null });
  const second = (await reply('Hello', person(), seller)).data.replyToReview.review.reply;
  expect(second).toMatchObject({ body: 'Hello' });
  expect(second.editedAt).not.toBeNull();
  expect(await notices(author.userId)).toContain('REPLY');
  expect((await emitted(replyPosted)).filter(({ reviewId }) => reviewId === review.id)).toEqual([
    { reviewId: review.id, subjectType: 'PRODUCT', subjectId: id, authorId: author.userId, replierId: owner.userId },
  ]);
  const drop = () => run(documents.unreply, { input: { id: review.id }, as: owner });
  expect((await drop()).data.deleteReviewReply.review.reply).toBeNull();
  expect((await drop()).codes).toEqual(['NOT_FOUND']);
});

test('the pace is 10 reviews, 60 votes and 20 reports in an hour, and goes on afterwards', async () => {
  const author = person();
  const products: string[] = [];
  for (let n = 0; n < 11; n++) products.push((await product()).id);
  for (const id of products.slice(0, 10)) await submitted(id, author);
  const limited = await submit(products[10] ?? '', author);
  expect(limited.codes).toEqual(['RATE_LIMITED']);
  expect(limited.errors?.[0]?.extensions?.['retryAfterSeconds']).toBeGreaterThan(3_500);

  const voter = person();
  const review = await submitted(products[10] ?? '');
  const db = await database();
  const crowd = async (table: 'review_votes' | 'review_reports', count: number) => {
    for (let n = 0; n < count; n++) {
      const [made] =
        await db`insert into reviews.reviews (id, kind, subject_id, owner_id, rating, verified, status) values (gen_random_uuid(), 'PRODUCT', gen_random_uuid(), gen_random_uuid(), 3, false, 'PENDING') returning id`;
      if (table === 'review_votes')
        await db`insert into reviews.review_votes (id, review_id, voter_id, value, voted_at) values (gen_random_uuid(), ${made?.['id']}, ${voter.userId}, 'HELPFUL', now())`;
      else
        await db`insert into reviews.review_reports (id, review_id, reporter_id, reason) values (gen_random_uuid(), ${made?.['id']}, ${voter.userId}, 'SPAM')`;
    }
  };
  await crowd('review_votes', 60);
  await crowd('review_reports', 20);
  expect((await run(documents.vote, { input: { id: review.id, vote: 'HELPFUL' }, as: voter })).codes).toEqual(['RATE_LIMITED']);
  expect((await run(documents.report, { input: { id: review.id, reason: 'SPAM' }, as: voter })).codes).toEqual(['RATE_LIMITED']);
  advance(3_601_000);
  expect((await submit((await product()).id, author)).codes).toEqual([]);
  expect((await run(documents.vote, { input: { id: review.id, vote: 'HELPFUL' }, as: voter })).codes).toEqual([]);
});

test('a rating is told at most once a second, and always with the last state', async () => {
  const { id } = await product();
  stopClock();
  for (let n = 0; n < 5; n++) await submitted(id, person(), { rating: 1 + n });
  const told = async () => (await emitted(ratingUpdated)).filter(({ subjectId }) => subjectId === id);
  expect((await told()).map(({ count }) => count)).toEqual([1]);
  advance(1_100);
  expect((await told()).map(({ count, average, histogram }) => ({ count, average, histogram }))).toEqual([
    { count: 1, average: 1, histogram: [1, 0, 0, 0, 0] },
    { count: 5, average: 3, histogram: [1, 1, 1, 1, 1] },
  ]);
  advance(1_100);
  expect(await told()).toHaveLength(2);
});

test('whoever watches a product hears of what becomes public', async () => {
  const { id } = await product();
  const document = `subscription ($subject: ReviewSubjectInput!) { reviewPublished(subject: $subject) { title author { id } } }`;
  const events = await subscribe(document, { variables: { subject: { kind: 'PRODUCT', id } }, as: null });
  await submitted((await product()).id, person(), { title: 'Elsewhere' });
  await submitted(id, person(), { title: 'Here' });
  expect((await events.next()).value).toMatchObject({ data: { reviewPublished: { title: 'Here' } } });
  await events.return();
  await expect(subscribe(document, { variables: { subject: { kind: 'PRODUCT', id: v7() } } })).rejects.toThrow('NOT_FOUND');
  await expect(subscribe(`subscription { ratingUpdated(subjects: []) { rating { count } } }`)).rejects.toThrow('BAD_USER_INPUT');
});

test("a deleted review's words are gone, and the others are told", async () => {
  const { id, owner } = await product();
  const author = person();
  const review = await submitted(id, author, { body: 'Private words' });
  await run(documents.reply, { input: { id: review.id, body: 'An answer' }, as: owner });
  await run(documents.remove, { input: { id: review.id }, as: author });
  expect(await read(review.id, author)).toBeNull();
  expect((await emitted(reviewDeleted)).map(({ reviewId }) => reviewId)).toContain(review.id);
  const [row] =
    await (await database())`select title, body, (select count(*)::int from reviews.review_replies where review_id = r.id) as replies from reviews.reviews r where id = ${review.id}`;
  expect(row).toEqual({ title: null, body: null, replies: 0 });
});

test('the criteria of each kind are listed', async () => {
  const { data } = await run(
    `{ product: reviewAspects(kind: PRODUCT) { code name kind } recipe: reviewAspects(kind: RECIPE) { code } course: reviewAspects(kind: COURSE) { code } }`,
    { as: null },
  );
  expect(data.product[0]).toEqual({ code: 'QUALITY', name: 'Quality', kind: 'PRODUCT' });
  for (const list of [data.product, data.recipe, data.course]) expect(list.length).toBeLessThanOrEqual(6);
});
