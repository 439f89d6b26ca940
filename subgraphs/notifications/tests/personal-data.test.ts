import { exportOf, staysOf, tracesOf } from '@supergraph/platform/personal-data-testing';
import { userDeleted } from '@supergraph/schema/events/accounts';
import { memberRemoved } from '@supergraph/schema/events/organizations';
import { personErased } from '@supergraph/schema/events/platform';
import { v7 } from 'uuid';
import { personalData } from '../service/personal-data.ts';
import { deleteSome } from '../store/personal-data.ts';
import { asPerson } from '@supergraph/platform/database';
import { feedWorld } from './world.ts';

const graph = feedWorld();
const { deliver, settle, emitted, owner, context, close, register, ask, feedOf } = graph;
afterAll(close);

const membership = (userId: string) => ({ organizationId: v7(), membershipId: v7(), userId, epoch: 2, reason: 'REMOVED' as const });

test('a person gets what they were told, page by page, and nothing of others', async () => {
  const [lena, otto] = [await register('Lenaquill'), await register('Ottobright')];
  for (const name of ['Lunch', 'Dinner', 'Supper'])
    await ask([lena, otto], { actorId: otto.userId, data: { conversationName: name, authorName: 'Ottobright' } });
  await ask([otto], { data: { conversationName: 'Breakfast' } });
  const left = membership(lena.userId);
  await deliver(memberRemoved, left);
  const files = await exportOf(graph, lena.userId);
  expect(files['profile']).toEqual([{ userId: lena.userId, displayName: 'Lenaquill' }]);
  expect(files['notifications']?.map(({ data }) => (data as { conversationName: string }).conversationName)).toEqual([
    'Lunch',
    'Dinner',
    'Supper',
  ]);
  expect(files['departures']).toEqual([{ organizationId: left.organizationId, gone: true }]);
  expect(JSON.stringify(files)).not.toMatch(new RegExp(`ottobright|Breakfast|${otto.userId}`, 'i'));
});

test('erasure leaves ids where it is said, and no name; it is answered each time and changes nothing the second time', async () => {
  const [lena, otto] = [await register('Quillfeather'), await register('Otto')];
  await ask([lena], { groupKey: 'g', data: { conversationName: 'Pelican room' } });
  await ask([otto], { actorId: lena.userId, data: { conversationName: 'Lunch', authorName: 'Quillfeather' } });
  await deliver(memberRemoved, membership(lena.userId));
  const sql = await owner();
  expect(await tracesOf(sql, 'notifications', ['quillfeather', 'pelican'])).toEqual(
    expect.arrayContaining(['people.display_name', 'notifications.data']),
  );
  await deliver(userDeleted, { userId: lena.userId });
  await settle();
  expect(await tracesOf(sql, 'notifications', ['quillfeather', 'pelican'])).toEqual([]);
  const left = new Set(staysOf(personalData));
  // What was merged into the notice of somebody else names its actor by id, like the notice.
  expect((await tracesOf(sql, 'notifications', [lena.userId])).filter((column) => !left.has(column))).toEqual([]);
  expect((await feedOf(otto)).nodes[0]).toMatchObject({ title: 'Somebody mentioned you in Lunch', actor: null });
  await deliver(userDeleted, { userId: lena.userId });
  await ask([lena], { data: { conversationName: 'Pelican room' } });
  await settle();
  expect(await tracesOf(sql, 'notifications', ['quillfeather', 'pelican'])).toEqual([]);
  expect((await emitted(personErased.of('notifications'))).filter(({ userId }) => userId === lena.userId)).toHaveLength(2);
  expect((await feedOf(otto)).nodes).toHaveLength(1);
});

test('an erasure that ended between two steps goes on where it stood', async () => {
  const [lena, otto] = [await register('Lena'), await register('Otto')];
  for (const name of ['One', 'Two', 'Three']) await ask([lena, otto], { data: { conversationName: name } });
  const ctx = await context();
  const step = () => asPerson(ctx.db, lena.userId, (tx) => deleteSome(tx, lena.userId, 2));
  expect(await step()).toBe(true);
  const [some] = await (await owner())`select count(*)::int as left from notifications.notifications where recipient_id = ${lena.userId}`;
  expect(some).toEqual({ left: 1 });
  await deliver(userDeleted, { userId: lena.userId });
  await settle();
  const left = new Set(staysOf(personalData));
  expect((await tracesOf(await owner(), 'notifications', [lena.userId])).filter((column) => !left.has(column))).toEqual([]);
  expect((await feedOf(otto)).nodes).toHaveLength(3);
});
