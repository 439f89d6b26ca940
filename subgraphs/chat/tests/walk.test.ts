import { observeQueries } from '@supergraph/platform/database';
import { v7 } from 'uuid';
import type { Context } from '../context.ts';
import { createLoaders } from '../loaders.ts';
import { watchTyping } from '../service/typing.ts';
import { watchChanges } from '../service/watching.ts';
import { chatWorld, documents, take, within } from './world.ts';

const world = chatWorld();
const { run, crowd, people, group, say, saySure, see, watch, subscribe, context, owner, advance, stopClock, close } = world;
afterAll(close);

const changed = ({
  data,
}: {
  data: { conversationChanged: { kind: string; cursor: string; message: { seq: number; body: string } | null } };
}) => data.conversationChanged;

test('two who start a direct talk at the same moment get one conversation', async () => {
  const { ana, bo } = await people();
  const start = [1, 2, 3].flatMap(() => [
    run(documents.direct, { input: { userId: bo.userId }, as: ana }),
    run(documents.direct, { input: { userId: ana.userId }, as: bo }),
  ]);
  const answers = await Promise.all(start);
  expect(answers.flatMap(({ codes }) => codes)).toEqual([]);
  expect(new Set(answers.map(({ data }) => data.startDirectConversation.conversation.id)).size).toBe(1);
});

test('a group is watched, cut off and resumed: every change once and in order', async () => {
  const { ana, bo, cy } = await people();
  const { id, cursor } = await group(ana, [bo, cy]);
  const live = await watch(bo, id, cursor);
  const clientMessageId = v7();
  await saySure(ana, id, 'one', { clientMessageId });
  await saySure(ana, id, 'one', { clientMessageId });
  await saySure(ana, id, 'two');
  const third = await saySure(ana, id, 'three');
  const first = (await take(live, 3)).map(changed);
  expect(first.map(({ kind, message }) => [kind, message?.seq])).toEqual([1, 2, 3].map((seq) => ['MESSAGE_ADDED', seq]));
  await live.return();

  const four = await saySure(ana, id, 'four');
  for (const body of ['five', 'six', 'seven', 'eight']) await saySure(ana, id, body);
  await run(documents.edit, { input: { id: third.id, version: 1, body: 'three, mended' }, as: ana });
  await run(documents.delete, { input: { id: third.id }, as: ana });
  await run(documents.react, { input: { id: four.id, emoji: '👍', on: true }, as: cy });
  const resumed = await watch(bo, id, first.at(-1)?.cursor);
  const expected = [...Array.from({ length: 5 }, () => 'MESSAGE_ADDED'), 'MESSAGE_EDITED', 'MESSAGE_DELETED', 'REACTIONS_CHANGED'];
  expect((await take(resumed, 8)).map((answer) => changed(answer).kind)).toEqual(expected);
  await saySure(ana, id, 'nine');
  expect((await take(resumed, 1)).map((answer) => changed(answer).message)).toEqual([{ seq: 9, body: 'nine' }]);
  await resumed.return();

  expect((await see(bo, id)).viewer).toMatchObject({ unreadCount: 8 });
  await run(documents.read, { input: { conversationId: id, seq: 9 }, as: bo });
  expect((await see(bo, id)).viewer).toMatchObject({ unreadCount: 0, lastReadSeq: 9 });
});

test('messageAdded begins behind the cursor of a page and shares its cursors', async () => {
  const { ana, bo } = await people();
  const { id } = await group(ana, [bo]);
  for (const body of ['one', 'two', 'three']) await saySure(ana, id, body);
  const { edges } = (await run(documents.messages, { variables: { id, first: 3 }, as: bo })).data.conversation.messages;
  const stream = await watch(bo, id, edges[0].cursor, documents.added);
  await saySure(ana, id, 'four');
  const answers = await take(stream, 3);
  expect(answers.map(({ data }) => data.messageAdded.node.seq)).toEqual([2, 3, 4]);
  expect(answers.slice(0, 2).map(({ data }) => data.messageAdded.cursor)).toEqual([edges[1].cursor, edges[2].cursor]);
  await stream.return();
});

test('messageAdded begins behind the cursor of the conversation, too', async () => {
  const { ana, bo } = await people();
  const { id } = await group(ana, [bo]);
  await saySure(ana, id, 'before');
  const { cursor } = (await run(documents.see, { variables: { id }, as: bo })).data.conversation;
  await saySure(ana, id, 'after');
  const stream = await watch(bo, id, cursor, documents.added);
  expect((await take(stream, 1)).map(({ data }) => data.messageAdded.node.body)).toEqual(['after']);
  await stream.return();
});

test('what is sent while a stream is opened and not yet read is not lost', async () => {
  const { ana, bo } = await people();
  const { id } = await group(ana, [bo]);
  const stream = await watch(bo, id);
  await Promise.all(Array.from({ length: 8 }, (_, n) => saySure(ana, id, `message ${n}`)));
  const seqs = (await take(stream, 8)).map((answer) => changed(answer).message?.seq);
  expect(seqs).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  await stream.return();
});

test('a change whose wake-up was lost arrives with the look of every second', async () => {
  const { ana, bo } = await people();
  const { id } = await group(ana, [bo]);
  const stream = await watch(bo, id);
  const next = stream.next();
  const sql = await owner();
  // Written behind the program's back, so nobody is woken.
  await sql`insert into chat.change_log (conversation_id, number, kind, at) select id, last_change + 1, 'CONVERSATION_CHANGED', now() from chat.conversations where id = ${id}`;
  await sql`update chat.conversations set last_change = last_change + 1 where id = ${id}`;
  expect((await within(next)).value).toMatchObject({ data: { conversationChanged: { kind: 'CONVERSATION_CHANGED' } } });
  await stream.return();
});

test('somebody who is added without history sees nothing before their number', async () => {
  const { ana, bo, dan } = await people();
  const { id, cursor } = await group(ana, [bo], { settings: { historyForNewcomers: false } });
  const old = await saySure(ana, id, 'before');
  await run(documents.add, { input: { conversationId: id, userIds: [dan.userId] }, as: ana });
  const answer = await saySure(ana, id, 'after', { replyToId: old.id });
  expect((await run(documents.messages, { variables: { id }, as: dan })).data.conversation.messages).toMatchObject({
    nodes: [{ seq: 2, body: 'after' }],
    pageInfo: { hasPreviousPage: false },
  });
  expect((await run(documents.messages, { variables: { id, around: old.id }, as: dan })).codes).toEqual(['NOT_FOUND']);
  expect(
    (await run(documents.messages, { variables: { id, last: 5, before: undefined }, as: dan })).data.conversation.messages.nodes,
  ).toHaveLength(1);
  expect((await run(documents.message, { variables: { id: old.id }, as: dan })).data.message).toBeNull();
  expect((await run(documents.message, { variables: { id: answer.id }, as: dan })).data.message).toMatchObject({ replyTo: null });
  expect((await say(dan, id, 'an answer', { replyToId: old.id })).codes).toEqual(['BAD_USER_INPUT']);
  expect((await run(documents.react, { input: { id: old.id, emoji: '👍', on: true }, as: dan })).codes).toEqual(['NOT_FOUND']);

  const stream = await watch(dan, id, cursor);
  await run(documents.edit, { input: { id: old.id, version: 1, body: 'before, mended' }, as: ana });
  await saySure(ana, id, 'last');
  expect((await take(stream, 2)).map((told) => changed(told).message?.body)).toEqual(['after', 'last']);
  await stream.return();
});

test('who is removed hears nothing more: the stream ends at once and the conversation is gone', async () => {
  const { ana, bo, cy } = await people();
  const { id } = await group(ana, [bo, cy]);
  const [stream, typing] = [await watch(cy, id), await watch(cy, id, undefined, documents.typed)];
  const [next, nextTyping] = [stream.next(), typing.next()];
  await run(documents.remove, { input: { conversationId: id, userId: cy.userId }, as: ana });
  await saySure(ana, id, 'without Cy');
  expect(await within(next)).toMatchObject({ done: true });
  expect(await within(nextTyping)).toMatchObject({ done: true });
  expect(await see(cy, id)).toBeNull();
  await expect(watch(cy, id)).rejects.toThrow('NOT_FOUND');
});

test('who comes back begins anew: what happened in between is not replayed', async () => {
  const { ana, bo } = await people();
  const { id, cursor } = await group(ana, [bo], { settings: { historyForNewcomers: false } });
  await run(documents.leave, { input: { conversationId: id }, as: bo });
  await saySure(ana, id, 'in between');
  await run(documents.add, { input: { conversationId: id, userIds: [bo.userId] }, as: ana });
  const stream = await watch(bo, id, cursor);
  await saySure(ana, id, 'welcome');
  expect((await take(stream, 1)).map((answer) => changed(answer).message?.body)).toEqual(['welcome']);
  await stream.return();
});

test('a long history is read around its middle, by date, and both ways: every number once', async () => {
  const { ana, bo } = await people();
  const { id } = await group(ana, [bo]);
  const sql = await owner();
  await sql`insert into chat.messages (id, conversation_id, seq, author_id, body, body_hash, created_at)
    select gen_random_uuid(), ${id}, n, ${ana.userId}, 'number ' || n, '', timestamptz '2026-01-01' + n * interval '1 minute' from generate_series(1, 3000) n`;
  await sql`update chat.conversations set last_seq = 3000 where id = ${id}`;
  const page = async (variables: object) =>
    (await run(documents.messages, { variables: { id, ...variables }, as: bo })).data.conversation.messages;
  const numbers = ({ nodes }: { nodes: { seq: number }[] }) => nodes.map(({ seq }) => seq);

  const dated = await page({ from: '2026-01-02T00:00:00.000Z', first: 3 });
  expect(numbers(dated)).toEqual([1440, 1441, 1442]);
  const [found] = await sql`select id from chat.messages where conversation_id = ${id} and seq = 1500`;
  const middle = found?.['id'];
  const around = await page({ around: middle, first: 5 });
  expect(around).toMatchObject({ pageInfo: { hasNextPage: true, hasPreviousPage: true } });
  expect(numbers(around)).toEqual([1498, 1499, 1500, 1501, 1502]);
  const after = await page({ first: 3, after: around.pageInfo.endCursor });
  const before = await page({ last: 3, before: around.pageInfo.startCursor });
  expect([...numbers(before), ...numbers(around), ...numbers(after)]).toEqual([
    1495, 1496, 1497, 1498, 1499, 1500, 1501, 1502, 1503, 1504, 1505,
  ]);
  expect(numbers(await page({ last: 2 }))).toEqual([2999, 3000]);
  expect(await page({ from: '2027-01-01T00:00:00.000Z' })).toMatchObject({ nodes: [], pageInfo: { hasNextPage: false } });
  expect((await run(documents.messages, { variables: { id, around: middle, last: 2 }, as: bo })).codes).toEqual(['BAD_USER_INPUT']);

  await sql`analyze chat.messages`;
  const plans = [
    await sql`explain select * from chat.messages where conversation_id = ${id} and seq >= 1 and seq > 1500 order by seq limit 21`,
    await sql`explain select seq from chat.messages where conversation_id = ${id} and created_at >= '2026-01-02' order by created_at, seq limit 1`,
  ];
  for (const plan of plans) expect(JSON.stringify(plan)).toContain('Index');
});

test('200 listeners of one conversation cost no more queries than a few, and all hear everything in order', async () => {
  const { ana } = await people();
  const others = await crowd(100);
  const { id } = await group(ana, others);
  const document = `subscription ($id: ID!) { conversationChanged(conversationId: $id) { kind message { seq body author { id } replyTo { id } reactions { emoji viewerReacted } } conversation { name } } }`;
  const streams = await Promise.all([...others, ...others].map((as) => subscribe(document, { variables: { id }, as })));
  const reads = streams.map((stream) => take(stream, 3));
  const statements: string[] = [];
  const stop = observeQueries((statement) => statements.push(statement));
  const answered = await saySure(ana, id, 'one');
  await saySure(ana, id, 'two', { replyToId: answered.id });
  await saySure(ana, id, 'three');
  const heard = await within(Promise.all(reads));
  stop();
  expect(new Set(heard.map((answers) => answers.map((answer) => changed(answer).message?.seq).join()))).toEqual(new Set(['1,2,3']));
  const readings = statements.filter(
    (statement) => /^select/i.test(statement) && /"(change_log|messages|reactions|conversations)"/.test(statement),
  );
  // One for each listener and message would be 600; the look of every second adds a few where the machine is slow.
  expect(readings.length).toBeLessThan(150);
  await Promise.all(streams.map((stream) => stream.return()));
});

test('a cursor that is unknown, foreign or too old is refused, so that the client reads the messages instead', async () => {
  const { ana, bo } = await people();
  const [{ id, cursor }, other] = [await group(ana, [bo]), await group(ana, [bo])];
  await saySure(ana, id, 'old');
  await expect(watch(bo, id, other.cursor)).rejects.toThrow('CURSOR_EXPIRED');
  await expect(watch(bo, id, 'nonsense')).rejects.toThrow('CURSOR_EXPIRED');
  await expect(watch(bo, id, other.cursor, documents.added)).rejects.toThrow('CURSOR_EXPIRED');
  advance(31 * 86_400_000);
  await expect(watch(bo, id, cursor)).rejects.toThrow('CURSOR_EXPIRED');
  const fresh = await watch(bo, id, (await see(bo, id)).cursor);
  await saySure(ana, id, 'new');
  expect((await take(fresh, 1)).map((answer) => changed(answer).message?.body)).toEqual(['new']);
  await fresh.return();
});

test('who is more than 1,000 changes behind is ended and can resume from the last cursor', async () => {
  const { ana, bo } = await people();
  const { id, cursor } = await group(ana, [bo]);
  const sql = await owner();
  await sql`insert into chat.change_log (conversation_id, number, kind, at) select id, last_change + n, 'CONVERSATION_CHANGED', now() from chat.conversations, generate_series(1, 1200) n where id = ${id}`;
  await sql`update chat.conversations set last_change = last_change + 1200 where id = ${id}`;
  advance(-31 * 86_400_000);
  const stream = await watch(bo, id, cursor);
  const answers = await take(stream, 1_001);
  expect(answers.at(-1).errors[0].extensions).toMatchObject({ code: 'CONFLICT', reason: 'SLOW_CONSUMER' });
  const resumed = await watch(bo, id, changed(answers[999]).cursor);
  expect(await take(resumed, 200)).toHaveLength(200);
  await resumed.return();
});

test('typing is told to the others as a whole list, ends by itself, and with a message', async () => {
  const { ana, bo, cy } = await people();
  const { id } = await group(ana, [bo, cy]);
  const stream = await watch(bo, id, undefined, documents.typed);
  stopClock();
  const type = (as: typeof ana, typing = true) => run(documents.typing, { input: { conversationId: id, typing }, as });
  const typists = async () => (await take(stream, 1)).map(({ data }) => data.typingChanged.users.map((user: { id: string }) => user.id));
  let next = typists();
  await type(bo);
  await type(ana);
  expect(await next).toEqual([[ana.userId]]);
  next = typists();
  await type(cy);
  expect(await next).toEqual([[ana.userId, cy.userId]]);
  next = typists();
  await saySure(ana, id, 'done');
  expect(await next).toEqual([[cy.userId]]);
  const asked = async (as: typeof ana) =>
    (await run(`query ($id: ID!) { conversation(id: $id) { typing { id } } }`, { variables: { id }, as })).data.conversation.typing;
  expect([await asked(bo), await asked(cy)]).toEqual([[{ id: cy.userId }], [{ id: bo.userId }]]);
  next = typists();
  advance(6_000);
  expect(await asked(bo)).toEqual([]);
  await type(ana, false);
  expect(await next).toEqual([[]]);
  expect((await run(documents.typing, { input: { conversationId: id, typing: true }, as: (await people()).dan })).codes).toEqual([
    'NOT_FOUND',
  ]);
  await stream.return();
});

test('a listener who goes while waiting goes at once', async () => {
  const { ana, bo } = await people();
  const { id } = await group(ana, [bo]);
  const ctx = { ...(await context()), viewer: { ...bo, scopes: [] }, signal: new AbortController().signal } as Context;
  const loaders = createLoaders(ctx);
  const streams: AsyncGenerator<unknown, void>[] = [
    await watchChanges({ ...ctx, loaders }, id, null),
    await watchTyping({ ...ctx, loaders }, id),
  ];
  for (const stream of streams) {
    const next = stream.next();
    await within(stream.return(undefined));
    expect(await within(next)).toMatchObject({ done: true });
  }
});

test('a listener who leaves more than 1,000 live changes unread is ended, others are not slowed', async () => {
  const { ana, bo, cy } = await people();
  const { id } = await group(ana, [bo, cy]);
  const [lazy, busy] = [await watch(bo, id), await watch(cy, id)];
  const sql = await owner();
  await sql`insert into chat.change_log (conversation_id, number, kind, at) select id, last_change + n, 'CONVERSATION_CHANGED', now() from chat.conversations, generate_series(1, 990) n where id = ${id}`;
  await sql`update chat.conversations set last_change = last_change + 990 where id = ${id}`;
  await saySure(ana, id, 'look');
  expect(await take(busy, 991)).toHaveLength(991);
  await sql`insert into chat.change_log (conversation_id, number, kind, at) select id, last_change + n, 'CONVERSATION_CHANGED', now() from chat.conversations, generate_series(1, 20) n where id = ${id}`;
  await sql`update chat.conversations set last_change = last_change + 20 where id = ${id}`;
  await saySure(ana, id, 'look again');
  expect(await take(busy, 21)).toHaveLength(21);
  expect((await take(lazy, 1))[0].errors[0].extensions).toMatchObject({ reason: 'SLOW_CONSUMER' });
  await busy.return();
});
