import type { Viewer } from '@supergraph/platform/context';
import { person } from '@supergraph/platform/testing';
import { documents, feedWorld } from './world.ts';

const { run, ask, withdraw, register, feedOf, countsOf, change, listen, owner, context, settle, advance, close } = feedWorld();
afterAll(close);

const day = 86_400_000;
const tell = (recipient: Viewer, text: string) => ask([recipient], { data: { conversationName: text } });

test('a walk: two streams, notices that join, a repeat by the broker, a break, reading elsewhere, and a deleted comment', async () => {
  const [ana, bo] = [await register('Ana'), await register('Bo')];
  const [phone, laptop] = [await listen(documents.changed, ana), await listen(documents.changed, ana)];

  // Bo assigns her a task and mentions her in a comment three times.
  const assigned = await ask([ana], { kind: 'ASSIGNED', actorId: bo.userId, subject: { type: 'Task', id: 't1' } }, 'tasks');
  const mentions = [];
  for (let n = 0; n < 3; n++) mentions.push(await ask([ana], { actorId: bo.userId, groupKey: 'comments:t1' }));
  const seen = [];
  for (let n = 0; n < 4; n++) seen.push([await phone.next(), await laptop.next()]);
  for (const [one, other] of seen) expect(one).toEqual(other);
  expect(seen.map(([event]) => event.kind)).toEqual(['ADDED', 'ADDED', 'UPDATED', 'UPDATED']);
  const last = seen.at(-1)?.[0];
  expect(last).toMatchObject({ notification: { count: 3, title: 'Bo mentioned you in Lunch' } });
  expect((await feedOf(ana)).nodes).toMatchObject([{ count: 3 }, { count: 1, category: { key: 'tasks.other' } }]);
  expect(last.counts).toEqual(await countsOf(ana));
  expect(last.counts).toMatchObject({ unread: 2, unseen: 2 });

  // The broker delivers the same once more: nothing changes.
  await ask([ana], assigned, 'tasks');
  for (const mention of mentions) await ask([ana], mention);
  expect(await countsOf(ana)).toEqual(last.counts);

  // She cuts one stream, four more come, she resumes: exactly four.
  await laptop.close();
  for (const text of ['w', 'x', 'y', 'z']) await tell(ana, text);
  const back = await listen(documents.changed, ana, last.cursor);
  const missed = [await back.next(), await back.next(), await back.next(), await back.next()];
  expect(missed.map(({ notification }) => notification.title.at(-1))).toEqual(['w', 'x', 'y', 'z']);
  for (const event of missed) expect((await phone.next()).cursor).toBe(event.cursor);

  // She reads on the phone, the laptop hears of it.
  const { counts } = await change(documents.markRead, ana, { subject: { type: 'Task', id: 't1' } });
  expect(await back.next()).toMatchObject({ kind: 'UPDATED', counts });
  expect(await phone.next()).toMatchObject({ kind: 'UPDATED', counts });

  // Bo deletes the comments: the notice disappears, counts fall, the other device sees it.
  await withdraw(mentions.map(({ dedupeKey }) => dedupeKey));
  const removed = await back.next();
  expect(removed).toMatchObject({ kind: 'REMOVED', notification: null, notificationId: last.notificationId });
  expect(removed.counts).toEqual(await countsOf(ana));
  expect(removed.counts).toMatchObject({ unread: 4, byCategory: [{ category: 'chat.mention', unread: 4 }] });
  await Promise.all([back.close(), phone.close()]);
});

test('new notices are heard without joins and readings, and nobody else hears them', async () => {
  const [ana, bo] = [await register('Ana'), await register('Bo')];
  const [hers, his] = [await listen(documents.added, ana), await listen(documents.added, bo)];
  await ask([ana], { groupKey: 'g' });
  await ask([ana], { groupKey: 'g' });
  await change(documents.markRead, ana, { all: true });
  await tell(ana, 'second');
  await tell(bo, 'his');
  expect((await hers.next()).node.title).toBe('Somebody mentioned you in Lunch');
  const second = await hers.next();
  expect(second).toMatchObject({ node: { title: 'Somebody mentioned you in second' } });
  expect((await feedOf(ana)).edges[0].cursor).toBe(second.cursor);
  expect((await his.next()).node.title).toBe('Somebody mentioned you in his');
  await Promise.all([hers.close(), his.close()]);
});

test('a stream resumes behind a cursor of the feed, while events keep coming: each once, in order', async () => {
  const ana = await register('Ana');
  await tell(ana, '0');
  const { edges } = await feedOf(ana);
  const numbers = Array.from({ length: 30 }, (_, n) => String(n + 1));
  for (const text of numbers.slice(0, 15)) await tell(ana, text);
  const stream = await listen(documents.added, ana, edges[0].cursor);
  const coming = (async () => {
    for (const text of numbers.slice(15)) await tell(ana, text);
  })();
  const titles = [];
  for (let n = 0; n < 30; n++) titles.push((await stream.next()).node.title.split(' ').at(-1));
  await coming;
  expect(titles).toEqual(numbers);
  await stream.close();
});

test('a notice that is gone is not replayed as a new one', async () => {
  const ana = await register('Ana');
  await tell(ana, 'start');
  const { edges } = await feedOf(ana);
  const { dedupeKey } = await tell(ana, 'gone');
  await tell(ana, 'stays');
  await withdraw([dedupeKey]);
  const added = await listen(documents.added, ana, edges[0].cursor);
  expect((await added.next()).node.title).toMatch(/stays$/);
  const changed = await listen(documents.changed, ana, edges[0].cursor);
  const kinds = [(await changed.next()).kind, (await changed.next()).kind, (await changed.next()).kind];
  expect(kinds).toEqual(['ADDED', 'ADDED', 'REMOVED']);
  await Promise.all([added.close(), changed.close()]);
});

test('a cursor of somebody else, of nobody, or older than 30 days is expired; the newest one never is', async () => {
  const [ana, bo] = [await register('Ana'), await register('Bo')];
  await tell(ana, 'first');
  await tell(ana, 'second');
  await tell(bo, 'his');
  const [newest, older] = (await feedOf(ana)).edges.map(({ cursor }: { cursor: string }) => cursor);
  const expired = /CURSOR_EXPIRED/;
  for (const after of ['nonsense', (await feedOf(bo)).edges[0].cursor as string])
    await expect(listen(documents.changed, ana, after)).rejects.toThrow(expired);
  await (await listen(documents.changed, ana, older)).close();
  const sql = await owner();
  await sql`update notifications.feed_log set at = now() - interval '31 days' where recipient_id = ${ana.userId}`;
  await expect(listen(documents.added, ana, older)).rejects.toThrow(expired);
  const stream = await listen(documents.added, ana, newest);
  await tell(ana, 'third');
  expect((await stream.next()).node.title).toMatch(/third$/);
  await stream.close();
});

test('the log forgets what is older than 30 days as it goes', async () => {
  const ana = await register('Ana');
  for (let n = 0; n < 99; n++) await tell(ana, 'old');
  const sql = await owner();
  await sql`update notifications.feed_log set at = now() - interval '31 days' where recipient_id = ${ana.userId}`;
  await tell(ana, 'new');
  const [left] = await sql`select count(*)::int as rows from notifications.feed_log where recipient_id = ${ana.userId}`;
  expect(left?.['rows']).toBe(1);
});

test('a change that no hint told of is heard within the next looks', async () => {
  const ana = await register('Ana');
  await tell(ana, 'known');
  const stream = await listen(documents.changed, ana);
  const sql = await owner();
  const { id } = (await feedOf(ana)).nodes[0];
  await sql`with head as (update notifications.feed_heads set last_seq = last_seq + 1 where recipient_id = ${ana.userId} returning last_seq)
    insert into notifications.feed_log (recipient_id, seq, kind, notification_id, at) select ${ana.userId}, last_seq, 'UPDATED', ${id}, now() from head`;
  expect(await stream.next()).toMatchObject({ kind: 'UPDATED', notificationId: id });
  await stream.close();
});

test('a reader that is 1,000 behind is ended and may resume', async () => {
  const ana = await register('Ana');
  await tell(ana, 'start');
  const { edges } = await feedOf(ana);
  const sql = await owner();
  await sql`with head as (update notifications.feed_heads set last_seq = last_seq + 1001 where recipient_id = ${ana.userId} returning last_seq)
    insert into notifications.feed_log (recipient_id, seq, kind, at) select ${ana.userId}, n, 'COUNTS', now() from head, generate_series(last_seq - 1000, last_seq) n`;
  const stream = await listen(documents.changed, ana, edges[0].cursor);
  let cursor = '';
  await expect(
    (async () => {
      for (;;) cursor = (await stream.next()).cursor;
    })(),
  ).rejects.toThrow('SLOW_CONSUMER');
  const again = await listen(documents.changed, ana, cursor);
  expect((await again.next()).kind).toBe('COUNTS');
  await again.close();
});

test('a woken notice is heard as an update with a new cursor', async () => {
  const ana = await register('Ana');
  await tell(ana, 'later');
  const { nodes } = await feedOf(ana);
  await change(documents.snooze, ana, { id: nodes[0].id, until: new Date((await context()).now().getTime() + day) });
  const stream = await listen(documents.changed, ana);
  advance(day + 2_000);
  await settle();
  const woken = await stream.next();
  expect(woken).toMatchObject({ kind: 'UPDATED', notificationId: nodes[0].id, counts: { unread: 1, unseen: 1 } });
  expect((await feedOf(ana)).edges[0].cursor).toBe(woken.cursor);
  await stream.close();
});

test('who was never told anything has an empty feed and zero counts', async () => {
  const nobody = person();
  expect((await feedOf(nobody)).nodes).toEqual([]);
  expect(await countsOf(nobody)).toEqual({ unseen: 0, unread: 0, byCategory: [] });
  const { data } = await run(documents.seen, { input: {}, as: nobody });
  expect(data.markNotificationsSeen).toEqual({ counts: { unseen: 0, unread: 0, byCategory: [] }, notifications: [] });
});
