import { organizationWith, person, testSubgraph } from '@supergraph/platform/testing';
import { userDeleted, userReinstated, userSuspended } from '@supergraph/schema/events/accounts';
import { productArchived, productChanged, productPublished, productUnpublished } from '@supergraph/schema/events/catalog';
import {
  memberAdded,
  memberReinstated,
  memberRemoved,
  memberSuspended,
  memberUpdated,
  organizationArchived,
  organizationDeleted,
  organizationReinstated,
  organizationRestored,
  organizationSuspended,
  roleDeleted,
  roleUpdated,
} from '@supergraph/schema/events/organizations';
import { tenantErased } from '@supergraph/schema/events/platform';
import { v7 } from 'uuid';
import type { Context } from '../context.ts';
import { subgraph } from '../index.ts';
import { entitle } from '../service/entitle.ts';
import { documents, entity, membershipEvent, permission, productEvent, worldOf } from './world.ts';

const tests = testSubgraph(subgraph);
const { run, deliver, settle, emitted, context, owner: database, close } = tests;
const { product, submit, submitted, ratingOf } = worldOf(tests);
afterAll(close);

const reviewed = async () => {
  const world = await product();
  const author = person();
  return { ...world, author, review: await submitted(world.id, author, { body: 'Words', title: 'Title' }) };
};
const replyAs = async (reviewId: string, as: ReturnType<typeof person>) =>
  (await run(documents.reply, { input: { id: reviewId, body: 'Hi' }, as })).codes;

test('an unpublished or archived product takes no new reviews; what exists stays; older versions are dropped', async () => {
  const { id, seller } = await reviewed();
  const closed = { productId: id, sellerId: seller.id };
  await deliver(productUnpublished, { ...closed, version: 3 });
  expect(await submit(id)).toMatchObject({ codes: ['FORBIDDEN'], reasons: ['SUBJECT_CLOSED'] });
  expect(await ratingOf(id)).toMatchObject({ count: 1 });
  await deliver(productChanged, productEvent(id, seller.id, 2));
  expect((await submit(id)).reasons).toEqual(['SUBJECT_CLOSED']);
  const { eventId } = await deliver(productPublished, productEvent(id, seller.id, 4));
  await deliver(productPublished, productEvent(id, seller.id, 4), { eventId });
  expect((await submit(id)).codes).toEqual([]);
  await deliver(productArchived, { ...closed, version: 5 });
  expect((await submit(id)).reasons).toEqual(['SUBJECT_CLOSED']);
  const unheard = v7();
  await deliver(productArchived, { productId: unheard, sellerId: seller.id, version: 7 });
  await deliver(productPublished, productEvent(unheard, seller.id, 6));
  expect((await submit(unheard)).reasons).toEqual(['SUBJECT_CLOSED']);
});

test("who is on the seller's side follows its members' events, older ones dropped and repeated ones harmless", async () => {
  const { id, seller, review } = await reviewed();
  const member = person();
  const change = (epoch: number) => ({ organizationId: seller.id, membershipId: v7(), userId: member.userId, epoch });
  expect(await replyAs(review.id, member)).toEqual(['FORBIDDEN']);
  const { eventId } = await deliver(memberAdded, membershipEvent(seller.id, member.userId, [], 2));
  await deliver(memberAdded, membershipEvent(seller.id, member.userId, [permission], 2), { eventId });
  expect(await replyAs(review.id, member)).toEqual(['FORBIDDEN']);
  await deliver(memberUpdated, membershipEvent(seller.id, member.userId, [permission], 3));
  expect(await replyAs(review.id, member)).toEqual([]);
  await deliver(memberUpdated, membershipEvent(seller.id, member.userId, [], 2));
  expect(await replyAs(review.id, member)).toEqual([]);
  await deliver(memberSuspended, { ...change(4), reason: 'SUSPENDED' as const });
  expect(await replyAs(review.id, member)).toEqual(['FORBIDDEN']);
  expect((await submit(id, member)).reasons).toEqual(['OWN_SUBJECT']);
  await deliver(memberReinstated, { ...change(5), reason: 'REINSTATED' as const });
  expect(await replyAs(review.id, member)).toEqual([]);
  await deliver(roleUpdated, { organizationId: seller.id, roleId: v7(), key: 'ADMIN', permissions: [], epoch: 6 });
  expect(await replyAs(review.id, member)).toEqual(['FORBIDDEN']);
  await deliver(roleDeleted, {
    organizationId: seller.id,
    roleId: v7(),
    key: 'ADMIN',
    replacementKey: 'SUPPORT',
    permissions: [permission],
    epoch: 7,
  });
  expect(await replyAs(review.id, member)).toEqual([]);
  const removal = await deliver(memberRemoved, { ...change(8), reason: 'LEFT' as const });
  await deliver(memberRemoved, { ...change(8), reason: 'LEFT' as const }, { eventId: removal.eventId });
  await deliver(memberAdded, membershipEvent(seller.id, member.userId, [permission], 7));
  expect((await submit(id, member)).codes).toEqual([]);
});

test('a suspended person writes nothing until they are reinstated', async () => {
  const { id } = await product();
  const as = person();
  const { eventId } = await deliver(userSuspended, { userId: as.userId, reason: null });
  await deliver(userSuspended, { userId: as.userId, reason: null }, { eventId });
  expect(await submit(id, as)).toMatchObject({ codes: ['FORBIDDEN'], reasons: ['SUSPENDED'] });
  await deliver(userReinstated, { userId: as.userId, reason: null });
  expect((await submit(id, as)).codes).toEqual([]);
});

test("a deleted person's text, stars and votes stay without a name, their reports are closed, also when the event comes twice", async () => {
  const { id, author, review, owner } = await reviewed();
  const other = await submitted(id);
  await run(documents.vote, { input: { id: other.id, vote: 'HELPFUL' }, as: author });
  await run(documents.report, { input: { id: other.id, reason: 'SPAM' }, as: author });
  expect(await replyAs(other.id, owner)).toEqual([]);
  const before = await ratingOf(id);
  for (const { userId } of [author, owner]) {
    const { eventId } = await deliver(userDeleted, { userId });
    await deliver(userDeleted, { userId }, { eventId });
    await deliver(userDeleted, { userId });
    await settle();
  }
  expect(await ratingOf(id)).toEqual(before);
  const read = async (reviewId: string) => (await run(documents.review, { variables: { id: reviewId } })).data.review;
  expect(await read(review.id)).toMatchObject({ author: null, body: 'Words', title: 'Title', rating: 4 });
  expect(await read(other.id)).toMatchObject({ helpfulCount: 1, reply: { body: 'Hi', author: null } });
  const [row] =
    await (await database())`select r.open_reports, (select count(*)::int from reviews.review_reports where review_id = r.id and resolved_at is null) as open from reviews.reviews r where id = ${other.id}`;
  expect(row).toEqual({ open_reports: 0, open: 0 });
});

test('nobody answers in the name of a seller that is suspended or about to be deleted, for as long as it is either', async () => {
  const { review, seller, owner } = await reviewed();
  const { id: organizationId } = seller;
  const answer = async () => (await run(documents.reply, { input: { id: review.id, body: 'Hi' }, as: owner })).reasons;
  expect(await answer()).toEqual([]);
  const { eventId } = await deliver(organizationSuspended, { organizationId });
  await deliver(organizationSuspended, { organizationId }, { eventId });
  await deliver(organizationArchived, { organizationId });
  expect(await answer()).toEqual(['ORGANIZATION_INACTIVE']);
  await deliver(organizationRestored, { organizationId });
  expect(await answer()).toEqual(['ORGANIZATION_INACTIVE']);
  await deliver(organizationReinstated, { organizationId });
  expect(await answer()).toEqual([]);
  const inside = { input: { id: review.id, body: 'Hi' }, as: owner, in: { ...seller, inactive: true } };
  expect((await run(documents.reply, inside)).reasons).toEqual(['ORGANIZATION_INACTIVE']);
});

test('a deleted organization leaves nothing behind and says so once', async () => {
  const { id, seller, review, owner } = await reviewed();
  const neighbor = await reviewed();
  await run(documents.settings, { input: { verifiedOnly: true }, as: owner, in: seller });
  const { eventId } = await deliver(organizationDeleted, { organizationId: seller.id }, { organizationId: seller.id });
  await deliver(organizationDeleted, { organizationId: seller.id }, { eventId });
  await settle();
  expect((await run(documents.review, { variables: { id: review.id } })).data.review).toBeNull();
  expect(await ratingOf(id)).toMatchObject({ count: 0 });
  const left = await (await database())`
    select (select count(*)::int from reviews.policies where organization_id = ${seller.id}) + (select count(*)::int from reviews.members where organization_id = ${seller.id})
      + (select count(*)::int from reviews.subjects where owner_id = ${seller.id}) + (select count(*)::int from reviews.rating_summaries where id in (${seller.id}, ${id})) as rows`;
  expect(left[0]).toEqual({ rows: 0 });
  expect(await ratingOf(neighbor.id)).toMatchObject({ count: 1 });
  expect((await emitted(tenantErased.of('reviews'))).filter(({ organizationId }) => organizationId === seller.id)).toHaveLength(1);
});

test('a delivery verifies the review, whether it comes before it or after, once or twice, and a withdrawn review of the seller counts in its sum', async () => {
  const { id, seller } = await product();
  const ctx: Context = await context();
  const give = (userId: string) =>
    ctx.db.transaction((tx) => entitle(ctx, tx, { userId, kind: 'PRODUCT', subjectId: id, since: ctx.now() }));
  const [early, late] = [person(), person()];
  await give(early.userId);
  expect(await submitted(id, early)).toMatchObject({ verified: true });
  const review = await submitted(id, late);
  await Promise.all([give(late.userId), give(late.userId)]);
  expect((await run(documents.review, { variables: { id: review.id } })).data.review).toMatchObject({ verified: true });
  expect(await ratingOf(id)).toMatchObject({ verifiedCount: 2, count: 2 });
  const query = entity('Organization', 'productRating { count verifiedCount }');
  expect(
    (await run(query, { variables: { representations: [{ __typename: 'Organization', id: seller.id }] } })).data._entities[0].productRating,
  ).toEqual({ count: 2, verifiedCount: 2 });
});

test("a seller's settings are read by all and written by the seller alone, in the database itself", async () => {
  const ctx: Context = await context();
  const seller = organizationWith([permission]);
  await run(documents.settings, { input: { moderation: 'BEFORE' }, in: seller });
  const { findPolicies, savePolicy } = await import('../store/register.ts');
  expect(await findPolicies(ctx.db, [seller.id])).toEqual([{ organizationId: seller.id, moderation: 'BEFORE', verifiedOnly: false }]);
  await expect(savePolicy(ctx.db, seller.id, { verifiedOnly: true }, ctx.now())).rejects.toThrow();
});
