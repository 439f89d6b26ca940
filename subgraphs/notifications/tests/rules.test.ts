import { observeQueries } from '@supergraph/platform/database';
import { organizationWith, person } from '@supergraph/platform/testing';
import { userDeleted, userUpdated } from '@supergraph/schema/events/accounts';
import { notificationRead, notificationRequested } from '@supergraph/schema/events/notifications';
import { memberAdded, memberRemoved, organizationDeleted } from '@supergraph/schema/events/organizations';
import { tenantErased } from '@supergraph/schema/events/platform';
import { v7 } from 'uuid';
import { documents, feedWorld } from './world.ts';

const { run, deliver, emitted, settle, advance, owner, context, close, register, ask, withdraw, userOf, feedOf, countsOf, change, listen } =
  feedWorld();
afterAll(close);

const hour = 3_600_000;

describe('taking requests in', () => {
  test('a fact makes one notice per recipient for ever, however often the event comes', async () => {
    const [ana, bo] = [await register('Ana'), await register('Bo')];
    const request = await ask([ana, bo]);
    const { eventId } = await deliver(notificationRequested.of('chat'), request);
    await deliver(notificationRequested.of('chat'), request, { eventId });
    await change(documents.markRead, ana, { all: true });
    await ask([ana], { dedupeKey: request.dedupeKey, kind: 'DIRECT_MESSAGE' });
    expect((await feedOf(ana)).nodes).toHaveLength(1);
    expect((await feedOf(bo)).nodes).toHaveLength(1);
    expect(await countsOf(ana)).toMatchObject({ unread: 0, unseen: 0 });
  });

  test('another domain may use the same key for a fact of its own', async () => {
    const ana = await register('Ana');
    const { dedupeKey } = await ask([ana]);
    await ask([ana], { dedupeKey, kind: 'NEWS' }, 'tasks');
    await withdraw([dedupeKey], 'tasks');
    expect((await feedOf(ana)).nodes).toMatchObject([{ kind: 'MENTION' }]);
  });

  test('the actor is never told of their own act', async () => {
    const [ana, bo] = [await register('Ana'), await register('Bo')];
    await ask([ana, bo], { actorId: ana.userId });
    expect((await feedOf(ana)).nodes).toEqual([]);
    expect((await feedOf(bo)).nodes).toMatchObject([{ title: 'Ana mentioned you in Lunch', actor: { id: ana.userId } }]);
  });

  test('unread notices of one group join: counted up, newest actor first, unseen again, one row; after reading a new one begins', async () => {
    const [ana, bo, cy] = [await register('Ana'), await register('Bo'), await register('Cy')];
    await ask([ana], { groupKey: 'g', actorId: bo.userId });
    await change(documents.seen, ana, {});
    await ask([ana], { groupKey: 'g', actorId: cy.userId });
    await ask([ana], { groupKey: 'g', actorId: bo.userId });
    const { nodes } = await feedOf(ana);
    expect(nodes).toMatchObject([
      {
        count: 3,
        title: 'Bo and Cy mentioned you in Lunch',
        body: '3 new messages',
        actor: { id: bo.userId },
        otherActors: [{ id: cy.userId }],
        seenAt: null,
      },
    ]);
    expect(await countsOf(ana)).toMatchObject({ unseen: 1, unread: 1 });
    await change(documents.markRead, ana, { ids: [nodes[0].id] });
    await ask([ana], { groupKey: 'g', actorId: bo.userId });
    expect((await feedOf(ana)).nodes).toMatchObject([{ count: 1, readAt: null }, { count: 3 }]);
  });

  test('in a group the most pressing kind speaks, and the category counts follow it', async () => {
    const ana = await register('Ana');
    await ask([ana], { groupKey: 'c', kind: 'GROUP_MESSAGE', urgency: 'LOW' });
    expect((await countsOf(ana)).byCategory).toEqual([{ category: 'chat.group', unread: 1 }]);
    await ask([ana], { groupKey: 'c', kind: 'MENTION' });
    await ask([ana], { groupKey: 'c', kind: 'GROUP_MESSAGE', urgency: 'LOW' });
    expect((await feedOf(ana)).nodes).toMatchObject([{ kind: 'MENTION', count: 3 }]);
    expect((await countsOf(ana)).byCategory).toEqual([{ category: 'chat.mention', unread: 1 }]);
  });

  test('events for one recipient that come at once give rising places without gaps, and exact counts', async () => {
    const [ana, bo] = [await register('Ana'), await register('Bo')];
    await Promise.all(Array.from({ length: 8 }, (_, n) => ask(n % 2 ? [ana, bo] : [bo, ana], { groupKey: n < 4 ? 'same' : null })));
    expect(await countsOf(ana)).toMatchObject({ unseen: 5, unread: 5 });
    expect((await feedOf(ana)).nodes.map(({ count }: { count: number }) => count).toSorted()).toEqual([1, 1, 1, 1, 4]);
    const sql = await owner();
    const rows = await sql`select seq::int as seq from notifications.feed_log where recipient_id = ${ana.userId} order by seq`;
    expect(rows.map(({ seq }) => seq as number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('an event for 500 people is one event, told with a handful of statements', async () => {
    const crowd = Array.from({ length: 500 }, () => person());
    let statements = 0;
    const stop = observeQueries(() => statements++);
    await ask(crowd);
    stop();
    // One for each person would be 500; the relay's own looks add a few where the machine is slow.
    expect(statements).toBeLessThan(100);
    expect(await countsOf(crowd[499] as (typeof crowd)[number])).toMatchObject({ unread: 1 });
  });

  test('a missing template or value never stops the notice: it has the plain sentence; unknown kinds go to the other category', async () => {
    const ana = await register('Ana');
    await ask([ana], { data: {} });
    await ask([ana], { kind: 'CONSTRUCTOR', data: {} }, 'tasks');
    await ask([ana], { kind: 'INVITED', data: { organizationName: ' <b>Harbor</b>\u202E\nBooks ' } }, 'organizations');
    expect((await feedOf(ana)).nodes).toMatchObject([
      { title: 'Somebody invited you to <b>Harbor</b> Books', category: { key: 'organizations.membership' } },
      { title: 'There is something new in tasks', category: { key: 'tasks.other' } },
      { title: 'You were mentioned in a conversation', category: { key: 'chat.mention' } },
    ]);
  });

  test('what is asked for a later time comes then', async () => {
    const ana = await register('Ana');
    const notBefore = new Date((await context()).now().getTime() + hour).toISOString();
    await ask([ana], { notBefore });
    await settle();
    expect((await feedOf(ana)).nodes).toEqual([]);
    advance(hour + 1_000);
    await settle();
    expect((await feedOf(ana)).nodes).toHaveLength(1);
  });

  test('only a web address becomes the place to act', async () => {
    const ana = await register('Ana');
    await ask([ana], { data: { conversationName: 'x', actionUrl: 'javascript:alert(1)' } });
    await ask([ana], { data: { conversationName: 'x', actionUrl: 'https://example.com/c/1' } });
    expect((await feedOf(ana)).nodes).toMatchObject([{ actionUrl: 'https://example.com/c/1' }, { actionUrl: null }]);
  });
});

describe('taking facts back', () => {
  test('a withdrawn notice disappears and the counts follow; it never comes again, and coming twice changes nothing', async () => {
    const ana = await register('Ana');
    const { dedupeKey } = await ask([ana]);
    const stream = await listen(documents.changed, ana);
    const { eventId } = await withdraw([dedupeKey]);
    const event = await stream.next();
    expect(event).toMatchObject({ kind: 'REMOVED', notification: null, counts: { unread: 0, unseen: 0 } });
    expect(event.notificationId).toEqual(expect.any(String));
    await stream.close();
    await withdraw([dedupeKey]);
    await ask([ana], { dedupeKey });
    expect(eventId).toBeDefined();
    expect((await feedOf(ana)).nodes).toEqual([]);
    expect(await countsOf(ana)).toMatchObject({ unread: 0, unseen: 0, byCategory: [] });
  });

  test('a withdrawal that overtakes its request wins', async () => {
    const ana = await register('Ana');
    const dedupeKey = v7();
    await withdraw([dedupeKey]);
    await ask([ana], { dedupeKey });
    expect((await feedOf(ana)).nodes).toEqual([]);
  });

  test('a notice of several facts says one less, and goes back to what is left', async () => {
    const [ana, bo, cy] = [await register('Ana'), await register('Bo'), await register('Cy')];
    const subject = (id: string) => ({ type: 'Message', id });
    const first = await ask([ana], { groupKey: 'g', actorId: bo.userId, subject: subject('1') });
    const second = await ask([ana], { groupKey: 'g', actorId: cy.userId, subject: subject('2') });
    await withdraw([second.dedupeKey]);
    expect((await feedOf(ana)).nodes).toMatchObject([{ count: 1, subject: subject('1'), actor: { id: bo.userId }, otherActors: [] }]);
    expect(await countsOf(ana)).toMatchObject({ unread: 1 });
    await withdraw([first.dedupeKey, second.dedupeKey]);
    expect((await feedOf(ana)).nodes).toEqual([]);
    expect(await countsOf(ana)).toMatchObject({ unread: 0, unseen: 0 });
  });

  test('a request and its withdrawal at once leave nothing', async () => {
    const ana = await register('Ana');
    const dedupeKey = v7();
    await Promise.all([ask([ana], { dedupeKey }), withdraw([dedupeKey])]);
    expect((await feedOf(ana)).nodes).toEqual([]);
    expect(await countsOf(ana)).toMatchObject({ unread: 0 });
  });
});

describe('the life of a notice', () => {
  test('seen up to a cursor, and no further', async () => {
    const ana = await register('Ana');
    for (const kind of ['MENTION', 'DIRECT_MESSAGE', 'MENTION']) await ask([ana], { kind });
    const { edges, nodes } = await feedOf(ana);
    const { counts, notifications } = await change(documents.seen, ana, { upTo: edges[1].cursor });
    expect(counts).toMatchObject({ unseen: 1, unread: 3 });
    expect(notifications.map(({ id }: { id: string }) => id)).toEqual([nodes[1].id, nodes[2].id]);
    expect(await countsOf(ana)).toEqual(counts);
  });

  test('reading implies seen, is told to the sender once with its keys, and can be taken back', async () => {
    const ana = await register('Ana');
    const { dedupeKey } = await ask([ana], { kind: 'DIRECT_MESSAGE' });
    const id = (await feedOf(ana)).nodes[0].id as string;
    for (const _ of [1, 2]) {
      const { counts, notifications } = await change(documents.markRead, ana, { ids: [id, id] });
      expect(counts).toEqual({ unseen: 0, unread: 0, byCategory: [] });
      expect(notifications).toMatchObject([{ id, seenAt: expect.any(String), readAt: expect.any(String) }]);
    }
    const told = (await emitted(notificationRead)).filter(({ userId }) => userId === ana.userId);
    expect(told).toEqual([{ userId: ana.userId, notificationIds: [id], dedupeKeys: [dedupeKey] }]);
    const back = await change(documents.unread, ana, { id });
    expect(back).toMatchObject({
      counts: { unseen: 0, unread: 1, byCategory: [{ category: 'chat.direct', unread: 1 }] },
      notifications: [{ id, readAt: null, seenAt: expect.any(String) }],
    });
  });

  test('read by subject, up to a cursor, and all of a filter', async () => {
    const ana = await register('Ana');
    const subject = { type: 'Message', id: 'm1' };
    await ask([ana], { kind: 'DIRECT_MESSAGE' });
    await ask([ana], { subject });
    await ask([ana], {});
    await ask([ana], { kind: 'GROUP_MESSAGE' });
    expect((await change(documents.markRead, ana, { subject })).counts.unread).toBe(3);
    const { edges } = await feedOf(ana);
    expect((await change(documents.markRead, ana, { upTo: edges[2].cursor })).counts.unread).toBe(2);
    expect((await change(documents.markRead, ana, { all: true, filter: { categories: ['chat.group'] } })).counts).toMatchObject({
      unread: 1,
      byCategory: [{ category: 'chat.mention', unread: 1 }],
    });
    expect((await change(documents.markRead, ana, { all: true })).counts).toMatchObject({ unread: 0, unseen: 0 });
  });

  test('archived ones do not count, and come back as they were', async () => {
    const ana = await register('Ana');
    await ask([ana], { groupKey: 'g' });
    await ask([ana]);
    const id = (await feedOf(ana)).nodes[1].id as string;
    expect((await change(documents.archive, ana, { ids: [id] })).counts).toMatchObject({ unread: 1, unseen: 1 });
    await ask([ana], { groupKey: 'g' });
    expect((await feedOf(ana)).nodes).toHaveLength(2);
    expect((await feedOf(ana, { filter: { archived: true } })).nodes).toMatchObject([{ id }]);
    expect((await change(documents.unarchive, ana, { id })).counts).toMatchObject({ unread: 3, unseen: 3 });
    expect((await change(documents.archive, ana, { filter: { categories: ['chat.mention'] } })).counts).toMatchObject({
      unread: 0,
      unseen: 0,
    });
    expect((await feedOf(ana)).nodes).toEqual([]);
  });

  test('a snoozed one is out of sight and uncounted until its time, then unseen again at the top with a new cursor', async () => {
    const ana = await register('Ana');
    await ask([ana], { kind: 'DIRECT_MESSAGE' });
    await ask([ana]);
    const before = await feedOf(ana);
    const id = before.nodes[1].id as string;
    await change(documents.markRead, ana, { all: true });
    const until = new Date((await context()).now().getTime() + hour);
    const { counts, notifications } = await change(documents.snooze, ana, { id, until });
    expect(counts).toMatchObject({ unread: 0 });
    expect(notifications).toMatchObject([{ id, snoozedUntil: until.toISOString() }]);
    expect((await feedOf(ana)).nodes).toHaveLength(1);
    expect((await feedOf(ana, { filter: { snoozed: true } })).nodes).toMatchObject([{ id }]);
    advance(hour / 2);
    await settle();
    expect((await feedOf(ana)).nodes).toHaveLength(1);
    advance(hour / 2 + 2_000);
    await settle();
    const after = await feedOf(ana);
    expect(after.nodes[0]).toMatchObject({ id, readAt: null, seenAt: null });
    expect(before.edges.map(({ cursor }: { cursor: string }) => cursor)).not.toContain(after.edges[0].cursor);
    expect(await countsOf(ana)).toMatchObject({ unread: 1, unseen: 1 });
  });

  test('a snooze that was replaced or ended does not wake', async () => {
    const ana = await register('Ana');
    await ask([ana]);
    const id = (await feedOf(ana)).nodes[0].id as string;
    const now = (await context()).now().getTime();
    await change(documents.snooze, ana, { id, until: new Date(now + hour) });
    await change(documents.snooze, ana, { id, until: new Date(now + 3 * hour) });
    advance(2 * hour);
    await settle();
    expect((await feedOf(ana)).nodes).toEqual([]);
    await change(documents.archive, ana, { ids: [id] });
    advance(2 * hour);
    await settle();
    expect((await feedOf(ana)).nodes).toEqual([]);
  });

  test('an unread one takes its group up again, unless a newer one does', async () => {
    const ana = await register('Ana');
    await ask([ana], { groupKey: 'g' });
    const first = (await feedOf(ana)).nodes[0].id as string;
    await change(documents.markRead, ana, { all: true });
    await change(documents.unread, ana, { id: first });
    await ask([ana], { groupKey: 'g' });
    expect((await feedOf(ana)).nodes).toMatchObject([{ id: first, count: 2 }]);
    await change(documents.markRead, ana, { all: true });
    await ask([ana], { groupKey: 'g' });
    await change(documents.unread, ana, { id: first });
    await ask([ana], { groupKey: 'g' });
    expect((await feedOf(ana)).nodes).toMatchObject([{ count: 2 }, { id: first, count: 2 }]);
  });

  test('parallel changes by one person keep the counts exact', async () => {
    const ana = await register('Ana');
    for (let n = 0; n < 6; n++) await ask([ana]);
    const ids = (await feedOf(ana)).nodes.map(({ id }: { id: string }) => id) as string[];
    await Promise.all([
      ...ids.map((id) => change(documents.markRead, ana, { ids: [id] })),
      change(documents.seen, ana, {}),
      change(documents.archive, ana, { ids: ids.slice(0, 3) }),
      ask([ana]),
    ]);
    expect(await countsOf(ana)).toMatchObject({ unread: 1, byCategory: [{ category: 'chat.mention', unread: 1 }] });
  });

  test('many at once are one COUNTS event', async () => {
    const ana = await register('Ana');
    for (let n = 0; n < 6; n++) await Promise.all(Array.from({ length: 20 }, () => ask([ana])));
    const stream = await listen(documents.changed, ana);
    const { notifications, counts } = await change(documents.markRead, ana, { all: true });
    expect(notifications).toHaveLength(100);
    expect(counts).toEqual({ unseen: 0, unread: 0, byCategory: [] });
    expect(await stream.next()).toMatchObject({ kind: 'COUNTS', notification: null, notificationId: null, counts });
    await stream.close();
  });
});

describe('a feed of thousands', () => {
  test('is seen, read and archived whole, and withdrawals of many facts follow', async () => {
    const ana = await register('Ana');
    const sql = await owner();
    await sql`insert into notifications.notifications (id, recipient_id, seq, domain, kind, category, urgency, data, group_open)
      select gen_random_uuid(), ${ana.userId}, n, 'chat', 'MENTION', case when n % 2 = 0 then 'chat.mention' else 'chat.group' end, 'NORMAL', '{}', false from generate_series(1, 2100) n`;
    await sql`insert into notifications.feed_heads (recipient_id, last_seq, unseen, unread, unread_by_category)
      values (${ana.userId}, 2100, 2100, 2100, '{"chat.mention": 1050, "chat.group": 1050}')`;
    expect((await change(documents.seen, ana, {})).counts).toMatchObject({ unseen: 0, unread: 2100 });
    expect((await change(documents.markRead, ana, { all: true, filter: { categories: ['chat.group'] } })).counts).toEqual({
      unseen: 0,
      unread: 1050,
      byCategory: [{ category: 'chat.mention', unread: 1050 }],
    });
    const read = (await emitted(notificationRead)).filter(({ userId }) => userId === ana.userId);
    expect(read.map(({ notificationIds }) => notificationIds.length)).toEqual([500, 500, 50]);
    expect((await change(documents.archive, ana, { filter: {} })).counts).toEqual({ unseen: 0, unread: 0, byCategory: [] });
    expect((await feedOf(ana)).nodes).toEqual([]);
    const many = [];
    for (let n = 0; n < 5; n++) many.push(await ask([ana], { groupKey: 'g' }));
    await withdraw([...many.slice(1).map(({ dedupeKey }) => dedupeKey), ...Array.from({ length: 400 }, () => v7())]);
    expect((await feedOf(ana)).nodes).toMatchObject([{ count: 1 }]);
  });
});

describe('who may see and change', () => {
  test('the database itself shows no row without a person, and another person none of these', async () => {
    const ana = await register('Ana');
    await ask([ana], { groupKey: 'g', organizationId: v7() });
    const sql = await owner();
    const visibleTo = (userId: string) =>
      sql.begin(async (tx) => {
        await tx`set local role supergraph_notifications`;
        await tx`select set_config('app.user_id', ${userId}, true)`;
        const [rows] = await tx`select (select count(*)::int from notifications.notifications) as notices,
          (select count(*)::int from notifications.notification_facts where recipient_id = ${ana.userId}) as facts,
          (select count(*)::int from notifications.feed_heads) as heads, (select count(*)::int from notifications.feed_log) as log`;
        return rows;
      });
    expect(await visibleTo(ana.userId)).toEqual({ notices: 1, facts: 1, heads: 1, log: 1 });
    expect(await visibleTo(v7())).toEqual({ notices: 0, facts: 0, heads: 0, log: 0 });
    // Consumers speak for nobody: they may ask who was told of a fact, and no more.
    expect(await visibleTo('')).toEqual({ notices: 0, facts: 1, heads: 0, log: 0 });
  });

  test('nobody but the owner sees a notice or a count, administrators and who acts as the person included', async () => {
    const ana = await register('Ana');
    await ask([ana]);
    const id = (await feedOf(ana)).nodes[0].id as string;
    const strangers = [person(), person({ roles: ['USER', 'ADMIN'] }), { ...ana, actorId: v7() }];
    for (const as of strangers) {
      expect(await run(documents.read, { variables: { id }, as })).toMatchObject({ data: { notification: null }, codes: [] });
      expect((await run(documents.reference, { variables: { id }, as })).data._entities).toEqual([null]);
      expect(await userOf(as, {}, ana.userId)).toEqual({ unreadNotificationCount: null, notificationCounts: null, notifications: null });
    }
    expect(await run(documents.read, { variables: { id: 'nonsense' }, as: ana })).toMatchObject({
      data: { notification: null },
      codes: [],
    });
    expect(await run(documents.read, { variables: { id }, as: ana })).toMatchObject({ data: { notification: { id, otherActors: [] } } });
    expect((await run(documents.seen, { input: {}, as: { ...ana, actorId: v7() } })).codes).toEqual(['FORBIDDEN']);
  });

  test("a stranger's notice is NOT_FOUND for every change, like an unknown one, and nothing changes", async () => {
    const [ana, bo] = [await register('Ana'), await register('Bo')];
    await ask([ana, bo]);
    const id = (await feedOf(ana)).nodes[0].id as string;
    const own = (await feedOf(bo)).nodes[0].id as string;
    const until = new Date((await context()).now().getTime() + hour);
    for (const wanted of [id, v7()]) {
      for (const [document, input] of [
        [documents.markRead, { ids: [own, wanted] }],
        [documents.unread, { id: wanted }],
        [documents.archive, { ids: [own, wanted] }],
        [documents.unarchive, { id: wanted }],
        [documents.snooze, { id: wanted, until }],
      ] as const)
        expect((await run(document, { input, as: bo })).codes).toEqual(['NOT_FOUND']);
    }
    expect(await countsOf(ana)).toMatchObject({ unread: 1, unseen: 1 });
    expect(await countsOf(bo)).toMatchObject({ unread: 1, unseen: 1 });
  });

  test('guests sign in, and tokens need their scope', async () => {
    const ana = await register('Ana');
    for (const [document, input] of [
      [documents.seen, {}],
      [documents.markRead, { all: true }],
      [documents.unread, { id: v7() }],
      [documents.archive, { filter: {} }],
      [documents.unarchive, { id: v7() }],
      [documents.snooze, { id: v7(), until: new Date() }],
    ] as const) {
      expect((await run(document, { input, as: null })).codes).toEqual(['UNAUTHENTICATED']);
      expect((await run(document, { input, as: { ...ana, scopes: ['notifications:read'] } })).codes).toEqual(['FORBIDDEN']);
    }
    expect((await run(documents.read, { variables: { id: v7() }, as: null })).codes).toEqual(['UNAUTHENTICATED']);
    expect((await run(documents.feed, { variables: { user: ana.userId }, as: { ...ana, scopes: [] } })).codes).toContain('FORBIDDEN');
    await expect(listen(documents.changed, { ...ana, scopes: [] })).rejects.toThrow('FORBIDDEN');
  });

  test('bad input names every part', async () => {
    const ana = await register('Ana');
    const now = (await context()).now().getTime();
    const issues = async (document: string, input: unknown) => {
      const { codes, errors } = await run(document, { input, as: ana });
      expect(codes).toEqual(['BAD_USER_INPUT']);
      const found = (errors?.[0]?.extensions?.['issues'] ?? []) as { path: string }[];
      return found.map(({ path }) => path);
    };
    expect(await issues(documents.snooze, { id: 'x', until: new Date(now - 1) })).toEqual(['id', 'until']);
    expect(await issues(documents.snooze, { id: v7(), until: new Date(now + 400 * 24 * hour) })).toEqual(['until']);
    expect(await issues(documents.seen, { upTo: 'x' })).toEqual(['upTo']);
    expect(await issues(documents.markRead, {})).toEqual(['']);
    expect(await issues(documents.markRead, { ids: [v7()], all: true })).toEqual(['']);
    expect(await issues(documents.markRead, { ids: [v7()], filter: {} })).toEqual(['filter']);
    expect(await issues(documents.markRead, { ids: [] })).toEqual(['ids']);
    expect(await issues(documents.archive, { filter: { archived: true, snoozed: true } })).toEqual(['filter.snoozed']);
    expect(await issues(documents.archive, {})).toEqual(['']);
    expect(await issues(documents.unread, { id: 'x' })).toEqual(['id']);
    expect((await run(documents.feed, { variables: { user: ana.userId, first: 0 }, as: ana })).codes).toEqual(['BAD_USER_INPUT']);
  });
});

describe('the feed', () => {
  test('the second page follows the first, also backward; cursors of another person are refused', async () => {
    const [ana, bo] = [await register('Ana'), await register('Bo')];
    for (const name of ['a', 'b', 'c', 'd', 'e']) await ask([ana], { data: { conversationName: name } });
    const titles = (page: { nodes: { title: string }[] }) => page.nodes.map(({ title }) => title.at(-1)).join('');
    const first = await feedOf(ana, { first: 2 });
    expect([titles(first), first.pageInfo.hasNextPage]).toEqual(['ed', true]);
    const second = await feedOf(ana, { first: 2, after: first.pageInfo.endCursor });
    expect([titles(second), second.pageInfo.hasNextPage]).toEqual(['cb', true]);
    const third = await feedOf(ana, { first: 2, after: second.pageInfo.endCursor });
    expect([titles(third), third.pageInfo.hasNextPage]).toEqual(['a', false]);
    expect(titles(await feedOf(ana, { last: 2, before: third.pageInfo.startCursor }))).toBe('cb');
    await expect(feedOf(bo, { after: first.pageInfo.endCursor })).rejects.toThrow('BAD_USER_INPUT');
  });

  test('filters narrow it', async () => {
    const ana = await register('Ana');
    const organizationId = v7();
    const subject = { type: 'Review', id: 'r1' };
    await ask([ana], { organizationId });
    await ask([ana], { subject });
    await ask([ana], { kind: 'DIRECT_MESSAGE' });
    await change(documents.markRead, ana, { subject });
    const kinds = async (filter: unknown) => (await feedOf(ana, { filter })).nodes.length as number;
    expect(await kinds({ organizationId })).toBe(1);
    expect(await kinds({ subject })).toBe(1);
    expect(await kinds({ unreadOnly: true })).toBe(2);
    expect(await kinds({ unseenOnly: true, categories: ['chat.direct', 'nothing'] })).toBe(1);
  });

  test('a page asks for the names of all actors at once', async () => {
    const ana = await register('Ana');
    for (const name of ['Bo', 'Cy', 'Di', 'Ed']) await ask([ana], { actorId: (await register(name)).userId });
    let statements = 0;
    const stop = observeQueries((text) => (statements += text.includes('"people"') ? 1 : 0));
    expect((await feedOf(ana)).nodes[0].title).toBe('Ed mentioned you in Lunch');
    stop();
    expect(statements).toBe(1);
  });

  test('a long feed is read and counted through an index', async () => {
    const ana = await register('Ana');
    const sql = await owner();
    await sql`insert into notifications.notifications (id, recipient_id, seq, domain, kind, category, urgency, data, group_open, seen_at, read_at)
      select gen_random_uuid(), case when n % 4 = 0 then ${ana.userId}::uuid else gen_random_uuid() end, n, 'chat', 'MENTION', 'chat.mention', 'NORMAL', '{}', false,
        case when n % 40 = 0 then null else now() end, case when n % 40 = 0 then null else now() end from generate_series(1, 8000) n`;
    await sql`analyze notifications.notifications`;
    const plan = (unreadOnly: boolean) =>
      sql.begin(async (tx) => {
        // As the domain itself, so that the policies take part.
        await tx`set local role supergraph_notifications`;
        await tx`select set_config('app.user_id', ${ana.userId}, true)`;
        return JSON.stringify(
          await tx`explain select * from notifications.notifications where recipient_id = ${ana.userId} and archived_at is null and snoozed_until is null
            and ${unreadOnly ? tx`read_at is null` : tx`true`} order by seq desc limit 21`,
        );
      });
    expect(await plan(false)).toMatch(/Index Scan Backward using notifications_feed/);
    const unread = await plan(true);
    expect(unread).toMatch(/Index Scan Backward using notifications_unread/);
    expect((await feedOf(ana)).nodes).toHaveLength(20);
  });

  test('every category stands in the catalogue once, with a mode for each channel', async () => {
    const { data } = await run(documents.categories);
    const keys = data.notificationCategories.map(({ key }: { key: string }) => key);
    expect(keys).toEqual([...new Set<string>(keys)].toSorted((a, b) => (a < b ? -1 : 1)));
    expect(keys).toEqual(
      expect.arrayContaining(['accounts.security', 'chat.direct', 'chat.other', 'organizations.membership', 'reviews.own']),
    );
    expect(data.notificationCategories[0]).toMatchObject({
      key: 'accounts.other',
      domain: 'accounts',
      defaults: [{ channel: 'IN_APP' }, {}, {}],
    });
    expect(data.notificationCategories.find(({ key }: { key: string }) => key === 'accounts.security').mandatoryChannels).toEqual([
      'IN_APP',
    ]);
  });
});

describe('what other domains tell', () => {
  test("an actor's name follows accounts, older versions are dropped, and goes with the account", async () => {
    const [ana, bo] = [await register('Ana'), await register('Bo')];
    await ask([ana], { actorId: bo.userId, data: { conversationName: 'Lunch', authorName: 'Bo' } });
    const profile = { userId: bo.userId, handle: 'bo', avatarFileId: null, locale: null, timeZone: null };
    await deliver(userUpdated, { ...profile, displayName: 'Bodo', version: 3 });
    await deliver(userUpdated, { ...profile, displayName: 'Old', version: 2 });
    expect((await feedOf(ana)).nodes[0].title).toBe('Bodo mentioned you in Lunch');
    await deliver(userDeleted, { userId: bo.userId });
    await settle();
    expect((await feedOf(ana)).nodes[0]).toMatchObject({ title: 'Somebody mentioned you in Lunch', actor: null });
  });

  test("a deleted person's feed is gone with all that belongs to it, also when the event comes twice, and nothing comes after", async () => {
    const ana = await register('Ana');
    await ask([ana], { groupKey: 'g' });
    const { eventId } = await deliver(userDeleted, { userId: ana.userId });
    await deliver(userDeleted, { userId: ana.userId }, { eventId });
    await settle();
    await ask([ana]);
    const sql = await owner();
    const [left] = await sql`select (select count(*) from notifications.notifications where recipient_id = ${ana.userId})
      + (select count(*) from notifications.notification_facts where recipient_id = ${ana.userId})
      + (select count(*) from notifications.feed_log where recipient_id = ${ana.userId})
      + (select count(*) from notifications.feed_heads where recipient_id = ${ana.userId}) as rows`;
    expect(Number(left?.['rows'])).toBe(0);
  });

  test('who leaves a tenant gets nothing more from it, and its notices lose title and body; the notice of the end keeps them', async () => {
    const ana = await register('Ana');
    const organizationId = v7();
    const membership = { organizationId, membershipId: v7(), userId: ana.userId };
    await ask([ana], { organizationId, groupKey: 'g' });
    await ask([ana], { organizationId, kind: 'REMOVED', data: { organizationName: 'Acme' } }, 'organizations');
    await ask([ana]);
    const ended = { ...membership, epoch: 2, reason: 'REMOVED' as const };
    const { eventId } = await deliver(memberRemoved, ended);
    await deliver(memberRemoved, ended, { eventId });
    await deliver(memberAdded, { ...membership, epoch: 1, roleKey: 'MEMBER', permissions: [], teamIds: [] });
    await ask([ana], { organizationId });
    expect((await feedOf(ana)).nodes).toMatchObject([
      { title: 'Somebody mentioned you in Lunch' },
      { title: 'You are no longer a member of Acme' },
      { title: 'This was about an organization that you have left', body: null },
    ]);
    await deliver(memberAdded, { ...membership, epoch: 3, roleKey: 'MEMBER', permissions: [], teamIds: [] });
    await ask([ana], { organizationId, groupKey: 'g' });
    expect((await feedOf(ana)).nodes).toHaveLength(4);
  });

  test("a deleted tenant's notices leave every feed, counts follow, and it is told once", async () => {
    const [ana, bo] = [await register('Ana'), await register('Bo')];
    const { id: organizationId } = organizationWith([]);
    await ask([ana, bo], { organizationId, groupKey: 'g' });
    await ask([ana], { organizationId, groupKey: 'g' });
    await ask([ana]);
    const { eventId } = await deliver(organizationDeleted, { organizationId });
    await deliver(organizationDeleted, { organizationId }, { eventId });
    await settle();
    expect((await feedOf(ana)).nodes).toMatchObject([{ organization: null }]);
    expect(await countsOf(ana)).toMatchObject({ unread: 1, unseen: 1 });
    expect(await countsOf(bo)).toMatchObject({ unread: 0, unseen: 0 });
    expect((await emitted(tenantErased.of('notifications'))).filter((event) => event.organizationId === organizationId)).toHaveLength(1);
  });
});
