import { asPerson } from '@supergraph/platform/database';
import { exportOf, staysOf, tracesOf } from '@supergraph/platform/personal-data-testing';
import { person, testSubgraph } from '@supergraph/platform/testing';
import { userDeleted, userSuspended } from '@supergraph/schema/events/accounts';
import { personErased } from '@supergraph/schema/events/platform';
import { subgraph } from '../index.ts';
import { entitle } from '../service/entitle.ts';
import { personalData } from '../service/personal-data.ts';
import { documents, worldOf } from './world.ts';

const tests = testSubgraph(subgraph);
const { run, deliver, settle, emitted, context, owner, close } = tests;
const { product, submit, submitted, ratingOf } = worldOf(tests);
afterAll(close);

const erase = async (userId: string) => {
  await deliver(userDeleted, { userId });
  await settle();
};
const sure = async (...request: Parameters<typeof run>) => expect((await run(...request)).codes).toEqual([]);
/** Lena with a published review that she changed, one that a moderator rejected, a vote, a report and an answer. */
async function world() {
  const [lena, otto] = [person(), person()];
  const [tea, pot, shop] = [await product(), await product(), await product()];
  const ctx = await context();
  await ctx.db.transaction((tx) => entitle(ctx, tx, { userId: lena.userId, kind: 'PRODUCT', subjectId: tea.id, since: ctx.now() }));
  const published = await submitted(tea.id, lena, { title: 'Heron tea', body: 'First words of a heron' });
  await sure(documents.update, { input: { id: published.id, version: published.version, body: 'Second words' }, as: lena });
  const hidden = await submitted(pot.id, lena, { body: 'A pelican pot' });
  await (await owner())`update reviews.reviews set status = 'REJECTED' where id = ${hidden.id}`;
  const others = await submitted(tea.id, otto, { body: 'What Otto says' });
  await sure(documents.vote, { input: { id: others.id, vote: 'HELPFUL' }, as: lena });
  await sure(documents.report, { input: { id: others.id, reason: 'SPAM', note: 'a pelican told me' }, as: lena });
  const asked = await submitted(shop.id, otto, { body: 'Is it good?' });
  await sure(documents.reply, { input: { id: asked.id, body: 'It is' }, as: shop.owner });
  return { lena, otto, tea, published, hidden, others, seller: shop.owner };
}

test('a person gets all that they said and did, and nothing that others said', async () => {
  const { lena, otto, tea, published, hidden, others, seller } = await world();
  await deliver(userSuspended, { userId: lena.userId, reason: null });
  const files = await exportOf(tests, lena.userId);
  expect(files['reviews']?.map(({ id, body, status }) => [id, body, status])).toEqual([
    [published.id, 'Second words', 'PUBLISHED'],
    [hidden.id, 'A pelican pot', 'REJECTED'],
  ]);
  expect(files['review-edits']).toEqual([expect.objectContaining({ reviewId: published.id, body: 'First words of a heron' })]);
  expect(files['votes']).toEqual([expect.objectContaining({ reviewId: others.id, value: 'HELPFUL' })]);
  expect(files['reports']).toEqual([expect.objectContaining({ reviewId: others.id, note: 'a pelican told me' })]);
  expect(files['entitlements']).toEqual([expect.objectContaining({ subjectId: tea.id })]);
  expect(files['suspension']).toEqual([{ userId: lena.userId }]);
  const text = JSON.stringify(files);
  expect(text).not.toMatch(/what otto says|hash/i);
  expect(text).not.toContain(otto.userId);
  const sellers = await exportOf(tests, seller.userId);
  expect(sellers['replies']).toEqual([expect.objectContaining({ body: 'It is' })]);
  expect(sellers['memberships']).toEqual([expect.objectContaining({ active: true })]);
});

test('erasure leaves what was published and counts, in nobody’s name, and nothing else; a second one changes nothing', async () => {
  const { lena, tea, published, hidden, others } = await world();
  const sql = await owner();
  const before = await ratingOf(tea.id);
  const hers = () =>
    sql`select id from reviews.reviews where id in ${sql([published.id, hidden.id])} and (text_hash is not null or has_waiting_edit)`;
  expect(await hers()).not.toEqual([]);
  await erase(lena.userId);
  expect(await ratingOf(tea.id)).toEqual(before);
  expect((await run(documents.review, { variables: { id: published.id } })).data.review).toMatchObject({
    body: 'Second words',
    author: null,
  });
  expect((await run(documents.review, { variables: { id: others.id } })).data.review).toMatchObject({ helpfulCount: 1 });
  expect(await hers()).toHaveLength(0);
  const [left] = await sql`select (select count(*)::int from reviews.review_edits where review_id in ${sql([published.id, hidden.id])})
    + (select count(*)::int from reviews.reviews where id = ${hidden.id} and body is not null)
    + (select count(*)::int from reviews.review_reports where review_id = ${others.id} and (note is not null or resolved_at is null))
    + (select open_reports from reviews.reviews where id = ${others.id}) as rows`;
  expect(left).toEqual({ rows: 0 });
  expect(staysOf(personalData)).toEqual([]);
  expect(await tracesOf(sql, 'reviews', [lena.userId])).toEqual([]);
  await erase(lena.userId);
  expect(await ratingOf(tea.id)).toEqual(before);
  expect((await emitted(personErased.of('reviews'))).filter(({ userId }) => userId === lena.userId)).toHaveLength(2);
});

test('answers to retries go with the person', async () => {
  const lena = person();
  const { id } = await product();
  await submit(id, lena, { idempotencyKey: 'once' });
  const sql = await owner();
  expect(await tracesOf(sql, 'reviews', [lena.userId])).toContain('idempotency.scope');
  await erase(lena.userId);
  expect(await tracesOf(sql, 'reviews', [lena.userId])).toEqual([]);
});

test('an erasure that ended between two steps goes on where it stood', async () => {
  const { lena, others } = await world();
  const ctx = await context();
  const step = () => asPerson(ctx.db, lena.userId, (tx) => personalData.erase(ctx, tx, lena.userId, 1));
  for (let n = 0; n < 3; n += 1) expect(await step()).toBe(true);
  expect((await exportOf(tests, lena.userId))['reviews']).toHaveLength(1);
  await erase(lena.userId);
  expect(await tracesOf(await owner(), 'reviews', [lena.userId])).toEqual([]);
  const [row] = await (await owner())`select open_reports from reviews.reviews where id = ${others.id}`;
  expect(row).toEqual({ open_reports: 0 });
});
