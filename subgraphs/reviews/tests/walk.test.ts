import { person, testSubgraph } from '@supergraph/platform/testing';
import { userDeleted } from '@supergraph/schema/events/accounts';
import { ratingUpdated } from '@supergraph/schema/events/reviews';
import { subgraph } from '../index.ts';
import { entitle } from '../service/entitle.ts';
import type { Context } from '../context.ts';
import { documents, entity, moderator, worldOf } from './world.ts';

const tests = testSubgraph(subgraph);
const { run, context, advance, emitted, deliver, settle, subscribe, close } = tests;
const { product, submit, submitted, ratingOf } = worldOf(tests);
afterAll(close);

const received = async (userId: string, productId: string) => {
  const ctx: Context = await context();
  await ctx.db.transaction((tx) => entitle(ctx, tx, { userId, kind: 'PRODUCT', subjectId: productId, since: ctx.now() }));
};

test('the walk, as far as products go', async () => {
  const { id, seller, owner } = await product();
  const u = person();
  const v = person();
  expect(await ratingOf(id)).toMatchObject({ average: null, count: 0, histogram: [0, 0, 0, 0, 0] });

  const updates = await subscribe(
    `subscription ($subjects: [ReviewSubjectInput!]!) { ratingUpdated(subjects: $subjects) { subject { ... on Product { id } } rating { average count } } }`,
    {
      variables: { subjects: [{ kind: 'PRODUCT', id }] },
      as: null,
    },
  );

  const first = await submitted(id, u, { title: 'Good' });
  expect(first).toMatchObject({ status: 'PUBLISHED', verified: false, rating: 4, author: { id: u.userId }, subject: { id } });
  expect((await updates.next()).value).toMatchObject({ data: { ratingUpdated: { subject: { id }, rating: { average: 4, count: 1 } } } });

  const second = await submit(id, u);
  expect(second).toMatchObject({ data: null, codes: ['CONFLICT'] });
  expect(second.errors?.[0]?.extensions?.['reviewId']).toBe(first.id);
  expect(await submit(id, owner)).toMatchObject({ codes: ['FORBIDDEN'], reasons: ['OWN_SUBJECT'] });

  await received(v.userId, id);
  const verified = await submitted(id, v, {
    rating: 5,
    aspects: [
      { code: 'QUALITY', rating: 5 },
      { code: 'VALUE', rating: 4 },
    ],
  });
  expect(verified).toMatchObject({
    verified: true,
    aspects: [
      { code: 'QUALITY', rating: 5 },
      { code: 'VALUE', rating: 4 },
    ],
  });
  expect(await ratingOf(id)).toMatchObject({
    average: 4.5,
    count: 2,
    verifiedCount: 1,
    histogram: [0, 0, 0, 1, 1],
    aspects: [
      { code: 'QUALITY', average: 5, count: 1 },
      { code: 'VALUE', average: 4, count: 1 },
    ],
  });

  await received(u.userId, id);
  const readBack = async (as = person()) => (await run(documents.review, { variables: { id: first.id }, as })).data.review;
  expect(await readBack()).toMatchObject({ verified: true, version: first.version });
  expect(await ratingOf(id)).toMatchObject({ verifiedCount: 2 });
  advance(1_100);
  expect((await emitted(ratingUpdated)).at(-1)).toMatchObject({ subjectId: id, average: 4.5, count: 2 });
  expect((await updates.next()).value).toMatchObject({ data: { ratingUpdated: { rating: { average: 4.5, count: 2 } } } });
  await updates.return();

  const vote = (as = v, value: string | null = 'HELPFUL') => run(documents.vote, { input: { id: first.id, vote: value }, as });
  expect((await vote()).data.voteReview.review).toMatchObject({ helpfulCount: 1, viewerVote: 'HELPFUL' });
  expect((await vote(v, null)).data.voteReview.review).toMatchObject({ helpfulCount: 0, viewerVote: null });
  expect(await vote(u)).toMatchObject({ codes: ['FORBIDDEN'], reasons: ['OWN_REVIEW'] });

  expect((await run(documents.reply, { input: { id: first.id, body: 'Thank you' }, as: owner })).data.replyToReview.review).toMatchObject({
    reply: { body: 'Thank you', author: { id: owner.userId }, organization: { id: seller.id } },
  });
  const edited = await run(documents.update, { input: { id: first.id, version: first.version, rating: 2 }, as: u });
  expect(edited.data.updateReview.review).toMatchObject({ rating: 2, title: 'Good', reply: { body: 'Thank you' } });
  expect(edited.data.updateReview.review.editedAt).not.toBeNull();
  expect(await ratingOf(id)).toMatchObject({ average: 3.5 });

  expect(
    (await run(documents.settings, { input: { moderation: 'BEFORE' }, as: owner, in: seller })).data.setReviewModeration.moderation,
  ).toEqual({ moderation: 'BEFORE', verifiedOnly: false });
  const waiting = await run(documents.update, {
    input: { id: verified.id, version: verified.version, body: 'Even better', rating: 1 },
    as: v,
  });
  expect(waiting.data.updateReview.review).toMatchObject({ rating: 5, body: null, pendingEdit: { rating: 1, body: 'Even better' } });
  expect((await run(documents.review, { variables: { id: verified.id }, as: null })).data.review).toMatchObject({
    rating: 5,
    body: null,
    pendingEdit: null,
  });
  expect(await ratingOf(id)).toMatchObject({ average: 3.5 });
  const approved = await run(documents.moderate, {
    input: { id: verified.id, version: waiting.data.updateReview.review.version, decision: 'PUBLISH' },
    as: moderator,
  });
  expect(approved.data.moderateReview.review).toMatchObject({ rating: 1, body: 'Even better', pendingEdit: null });
  expect(await ratingOf(id)).toMatchObject({ average: 1.5 });

  for (let n = 0; n < 5; n++)
    expect((await run(documents.report, { input: { id: first.id, reason: 'SPAM' }, as: person() })).codes).toEqual([]);
  expect(await ratingOf(id)).toMatchObject({ average: 1, count: 1 });
  expect(await readBack()).toBeNull();
  expect(await readBack(u)).toMatchObject({ status: 'PENDING' });
  const pending = await readBack(moderator);
  const removed = await run(documents.moderate, {
    input: { id: first.id, version: pending.version, decision: 'REMOVE', reason: 'It advertises' },
    as: moderator,
  });
  expect(removed.data.moderateReview.review).toMatchObject({ status: 'REMOVED' });
  expect(await readBack(u)).toMatchObject({ status: 'REMOVED', rejectionReason: 'It advertises' });

  await deliver(userDeleted, { userId: v.userId });
  await settle();
  expect((await run(documents.review, { variables: { id: verified.id } })).data.review).toMatchObject({
    rating: 1,
    body: 'Even better',
    author: null,
  });
  const list = await run(entity('Product', 'reviews { nodes { id } totalCount } rating { count }'), {
    variables: { representations: [{ __typename: 'Product', id }] },
  });
  expect(list.data._entities[0]).toMatchObject({ reviews: { nodes: [{ id: verified.id }], totalCount: 1 }, rating: { count: 1 } });
});
