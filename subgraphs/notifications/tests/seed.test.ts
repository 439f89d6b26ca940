import { person } from '@supergraph/platform/testing';
import { userRegistered } from '@supergraph/schema/events/accounts';
import { demoPeople } from '@supergraph/schema/demo';
import { seed } from '../seed.ts';
import { feedWorld } from './world.ts';

const { context, deliver, feedOf, countsOf, owner, ask, close } = feedWorld();
afterAll(close);

test('the first sample person finds a dozen notices, some unread, whose counts are exact, also when the sample is made twice', async () => {
  const ctx = await context();
  for (const { id, handle, displayName, email } of demoPeople.slice(0, 7))
    await deliver(userRegistered, { userId: id, kind: 'PERSON', handle, displayName, email, locale: null, timeZone: null, version: 1 });
  await seed(ctx);
  await seed(ctx);
  const first = person({ userId: demoPeople[0]?.id ?? '' });
  const { nodes } = await feedOf(first);
  expect(nodes).toHaveLength(11);
  expect(nodes[0]).toMatchObject({ title: 'Bruno Costa sent you 2 messages' });
  expect((await feedOf(first, { filter: { archived: true } })).nodes).toHaveLength(1);
  expect(await countsOf(first)).toEqual({
    unseen: 5,
    unread: 7,
    byCategory: [
      { category: 'accounts.security', unread: 1 },
      { category: 'chat.direct', unread: 1 },
      { category: 'chat.group', unread: 1 },
      { category: 'chat.mention', unread: 1 },
      { category: 'reviews.own', unread: 2 },
      { category: 'reviews.received', unread: 1 },
    ],
  });
  const plain = nodes.filter(({ title }: { title: string }) => /Somebody|something new/.test(title));
  expect(plain).toEqual([]);
  await ask([first]);
  expect((await countsOf(first)).unread).toBe(8);
});

test('every head equals a recount of its notices', async () => {
  const sql = await owner();
  const wrong = await sql`select h.recipient_id from notifications.feed_heads h
    left join lateral (select count(*) filter (where seen_at is null) as unseen, count(*) filter (where read_at is null) as unread
      from notifications.notifications n where n.recipient_id = h.recipient_id and archived_at is null and snoozed_until is null) n on true
    where (h.unseen, h.unread) is distinct from (n.unseen::int, n.unread::int)`;
  expect(wrong).toHaveLength(0);
});
