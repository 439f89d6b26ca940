import { organizationWith, person } from '@supergraph/platform/testing';
import { userDeleted, userRegistered, userUpdated } from '@supergraph/schema/events/accounts';
import {
  conversationCreated,
  messageDeleted,
  messageEdited,
  messageSent,
  participantAdded,
  participantRemoved,
} from '@supergraph/schema/events/chat';
import { notificationRequested, notificationWithdrawn } from '@supergraph/schema/events/notifications';
import {
  memberReinstated,
  memberRemoved,
  memberSuspended,
  organizationDeleted,
  quotaChanged,
} from '@supergraph/schema/events/organizations';
import { tenantErased } from '@supergraph/schema/events/platform';
import { v7 } from 'uuid';
import { chatWorld, documents, within } from './world.ts';

const world = chatWorld();
const {
  run,
  register,
  crowd,
  people,
  tenant,
  group,
  say,
  saySure,
  see,
  watch,
  deliver,
  emitted,
  settle,
  owner,
  advance,
  stopClock,
  close,
} = world;
afterAll(close);

const issues = ({ errors }: { errors: Awaited<ReturnType<typeof run>>['errors'] }) =>
  (errors?.[0]?.extensions?.['issues'] as { path: string }[] | undefined)?.map(({ path }) => path);

test('only participants see a conversation and its messages; every change of a stranger is NOT_FOUND', async () => {
  const { ana, bo, dan } = await people();
  const { id } = await group(ana, [bo]);
  const message = await saySure(ana, id, 'secret');
  for (const as of [dan, person({ roles: ['ADMIN', 'MODERATOR'] })]) {
    expect(await see(as, id)).toBeNull();
    expect((await run(documents.message, { variables: { id: message.id }, as })).data.message).toBeNull();
    const entities = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Conversation { name } ... on Message { body } } }`;
    const of = [
      { __typename: 'Conversation', id },
      { __typename: 'Message', id: message.id },
    ];
    expect((await run(entities, { variables: { of }, as })).data._entities).toEqual([null, null]);
    const conversation = { conversationId: id };
    const answers = await Promise.all([
      run(documents.update, { input: { id, version: 1, name: 'Mine' }, as }),
      run(documents.add, { input: { ...conversation, userIds: [dan.userId] }, as }),
      run(documents.remove, { input: { ...conversation, userId: bo.userId }, as }),
      run(documents.role, { input: { ...conversation, userId: bo.userId, role: 'ADMIN' }, as }),
      run(documents.leave, { input: conversation, as }),
      run(documents.view, { input: { ...conversation, pinned: true }, as }),
      say(as, id, 'hello'),
      run(documents.edit, { input: { id: message.id, version: 1, body: 'x' }, as }),
      run(documents.delete, { input: { id: message.id }, as }),
      run(documents.erase, { input: { id: message.id }, as }),
      run(documents.react, { input: { id: message.id, emoji: '👍', on: true }, as }),
      run(documents.read, { input: { ...conversation, seq: 1 }, as }),
      run(documents.unread, { input: { ...conversation, seq: 1 }, as }),
    ]);
    expect(new Set(answers.map(({ codes }) => codes.join()))).toEqual(new Set(['NOT_FOUND']));
  }
  expect((await run(documents.see, { variables: { id: 'no id' }, as: dan })).data.conversation).toBeNull();
});

test('a guest is asked to sign in, and a token without the scope may neither read nor write', async () => {
  expect((await run(documents.see, { variables: { id: v7() }, as: null })).codes).toEqual(['UNAUTHENTICATED']);
  expect((await run(documents.see, { variables: { id: v7() }, as: person({ scopes: [] }) })).codes).toEqual(['FORBIDDEN']);
  expect((await say(person({ scopes: ['chat:read'] }), v7(), 'x')).codes).toEqual(['FORBIDDEN']);
});

test('a direct talk has no roles, cannot be left and cannot grow', async () => {
  const { ana, bo, cy } = await people();
  const { data } = await run(documents.direct, { input: { userId: bo.userId }, as: ana });
  const conversationId = data.startDirectConversation.conversation.id;
  const refused = await Promise.all([
    run(documents.leave, { input: { conversationId }, as: ana }),
    run(documents.add, { input: { conversationId, userIds: [cy.userId] }, as: ana }),
    run(documents.remove, { input: { conversationId, userId: bo.userId }, as: ana }),
    run(documents.role, { input: { conversationId, userId: bo.userId, role: 'OWNER' }, as: ana }),
    run(documents.update, { input: { id: conversationId, version: 1, name: 'Us' }, as: ana }),
  ]);
  expect(refused.map(({ codes }) => codes)).toEqual(refused.map(() => ['FORBIDDEN']));
  expect((await run(documents.direct, { input: { userId: ana.userId }, as: ana })).codes).toEqual(['BAD_USER_INPUT']);
  expect((await run(documents.direct, { input: { userId: v7() }, as: ana })).codes).toEqual(['NOT_FOUND']);
  const direct = `query ($id: ID!) { _entities(representations: [{ __typename: "User", id: $id }]) { ... on User { directConversation { id } } } }`;
  expect((await run(direct, { variables: { id: bo.userId }, as: ana })).data._entities[0].directConversation).toEqual({
    id: conversationId,
  });
  expect((await run(direct, { variables: { id: bo.userId }, as: cy })).data._entities[0].directConversation).toBeNull();
});

test('creating a group checks every field, makes one per idempotency key, and is told to the other domains', async () => {
  const { ana, bo } = await people();
  const bad = await run(documents.create, {
    input: { name: ' ', userIds: [bo.userId], topic: 'x'.repeat(1_001), subject: { type: '-', id: '1' } },
    as: ana,
  });
  expect(issues(bad)).toEqual(['name', 'topic', 'subject.type']);
  expect(issues(await run(documents.create, { input: { name: 'x', userIds: [bo.userId, v7()] }, as: ana }))).toEqual(['userIds.1']);
  const input = { name: 'Once', userIds: [bo.userId], subject: { type: 'Order', id: 'o-1' }, idempotencyKey: 'k1' };
  const answers = await Promise.all([1, 2, 3].map(() => run(documents.create, { input, as: ana })));
  const ids = new Set(answers.map(({ data }) => data.createConversation.conversation.id));
  expect(ids.size).toBe(1);
  const [conversationId] = [...ids];
  expect((await run(documents.create, { input: { ...input, name: 'Other' }, as: ana })).codes).toEqual(['CONFLICT']);
  expect(await emitted(conversationCreated)).toContainEqual({
    conversationId,
    organizationId: null,
    kind: 'GROUP',
    subject: { type: 'Order', id: 'o-1' },
  });
  expect(await emitted(participantAdded)).toContainEqual({ conversationId, userId: bo.userId, role: 'MEMBER' });
  const asked = (await emitted(notificationRequested.of('chat'))).filter(({ groupKey }) => groupKey === conversationId);
  expect(asked).toMatchObject([{ kind: 'ADDED_TO_GROUP', recipientIds: [bo.userId], data: { conversationName: 'Once' } }]);
  const forSubject = `query { conversationForSubject(type: "Order", id: "o-1") { id } }`;
  expect((await run(forSubject, { as: bo })).data.conversationForSubject).toEqual({ id: conversationId });
  expect((await run(forSubject, { as: person() })).data.conversationForSubject).toBeNull();
});

test('in a tenant groups need the permission, people must be active members, and other tenants see nothing', async () => {
  const { ana, bo, cy } = await people();
  const chosen = await tenant([ana, bo]);
  const input = { name: 'Inside', userIds: [bo.userId] };
  expect((await run(documents.create, { input, as: ana, in: { ...chosen, permissions: [] } })).codes).toEqual(['FORBIDDEN']);
  expect(issues(await run(documents.create, { input: { ...input, userIds: [cy.userId] }, as: ana, in: chosen }))).toEqual(['userIds.0']);
  expect((await run(documents.direct, { input: { userId: cy.userId }, as: ana, in: chosen })).codes).toEqual(['NOT_FOUND']);
  const { id } = await group(ana, [bo], {}, { in: chosen });
  const sent = await run(documents.send, { input: { conversationId: id, clientMessageId: 'a', body: 'inside' }, as: ana, in: chosen });
  expect(sent.codes).toEqual([]);
  const seeIn = async (as: typeof ana, where: typeof chosen | null) =>
    (await run(documents.see, { variables: { id }, as, in: where })).data.conversation;
  expect(await seeIn(bo, chosen)).toMatchObject({ id, lastMessage: { body: 'inside' }, viewer: { unreadCount: 1 } });
  expect([await seeIn(bo, null), await seeIn(bo, organizationWith([]))]).toEqual([null, null]);
  expect((await say(bo, id, 'from outside')).codes).toEqual(['NOT_FOUND']);
  expect(
    (await emitted()).filter(({ name, organizationId }) => name.startsWith('chat.') && organizationId === chosen.id).length,
  ).toBeGreaterThan(2);
});

test('roles: admins invite and remove members, owners do all, the last owner stays one', async () => {
  const { ana, bo, cy, dan } = await people();
  const { id } = await group(ana, [bo, cy], { settings: { onlyAdminsInvite: true, onlyAdminsPost: true } });
  const conversationId = id;
  const add = (as: typeof ana) => run(documents.add, { input: { conversationId, userIds: [dan.userId, bo.userId] }, as });
  expect((await add(bo)).codes).toEqual(['FORBIDDEN']);
  expect((await say(bo, id, 'may I?')).codes).toEqual(['FORBIDDEN']);
  expect((await run(documents.role, { input: { conversationId, userId: bo.userId, role: 'ADMIN' }, as: bo })).codes).toEqual(['FORBIDDEN']);
  await run(documents.role, { input: { conversationId, userId: bo.userId, role: 'ADMIN' }, as: ana });
  expect((await add(bo)).data.addConversationParticipants.conversation.participantCount).toBe(4);
  expect((await say(bo, id, 'I may')).codes).toEqual([]);
  expect((await run(documents.remove, { input: { conversationId, userId: ana.userId }, as: bo })).codes).toEqual(['FORBIDDEN']);
  expect((await run(documents.remove, { input: { conversationId, userId: v7() }, as: bo })).codes).toEqual(['NOT_FOUND']);
  expect(
    (await run(documents.remove, { input: { conversationId, userId: dan.userId }, as: bo })).data.removeConversationParticipant.conversation
      .participantCount,
  ).toBe(3);
  expect(await emitted(participantRemoved)).toContainEqual({ conversationId, userId: dan.userId, role: 'MEMBER' });
  expect((await run(documents.role, { input: { conversationId, userId: ana.userId, role: 'MEMBER' }, as: ana })).reasons).toEqual([
    'LAST_OWNER',
  ]);
});

test('the last owner who leaves hands over to the longest admin, else to the longest member; an empty group closes', async () => {
  const { ana, bo, cy } = await people();
  const { id } = await group(ana, [bo, cy]);
  const conversationId = id;
  await run(documents.role, { input: { conversationId, userId: cy.userId, role: 'ADMIN' }, as: ana });
  const left = await run(documents.leave, { input: { conversationId }, as: ana });
  expect(left.data.leaveConversation).toEqual({ conversationId, conversation: null });
  const roles = `query ($id: ID!) { conversation(id: $id) { participants { totalCount nodes { role user { id } } } } }`;
  const { participants } = (await run(roles, { variables: { id }, as: bo })).data.conversation;
  expect(participants).toEqual({
    totalCount: 2,
    nodes: expect.arrayContaining([
      { role: 'OWNER', user: { id: cy.userId } },
      { role: 'MEMBER', user: { id: bo.userId } },
    ]),
  });
  await run(documents.leave, { input: { conversationId }, as: cy });
  await run(documents.leave, { input: { conversationId }, as: bo });
  const sql = await owner();
  expect(await sql`select participant_count, archived_at is not null as closed from chat.conversations where id = ${id}`).toMatchObject([
    { participant_count: 0, closed: true },
  ]);
});

test('a stale version of a group or a message is refused with the current one', async () => {
  const { ana, bo } = await people();
  const { id } = await group(ana, [bo]);
  const updated = await run(documents.update, {
    input: { id, version: 1, name: 'New', topic: 'Plans', settings: { onlyAdminsPost: true } },
    as: ana,
  });
  expect(updated.data.updateConversation.conversation).toEqual({
    name: 'New',
    topic: 'Plans',
    version: 2,
    settings: { onlyAdminsPost: true },
  });
  const stale = await run(documents.update, { input: { id, version: 1, name: 'Newer' }, as: ana });
  expect(stale.errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', currentVersion: 2 });
  expect((await run(documents.update, { input: { id, version: 2, name: 'x' }, as: bo })).codes).toEqual(['FORBIDDEN']);
  const message = await saySure(ana, id, 'one');
  const edits = await Promise.all(
    ['two', 'three'].map((body) => run(documents.edit, { input: { id: message.id, version: 1, body }, as: ana })),
  );
  expect(edits.flatMap(({ codes }) => codes)).toEqual(['CONFLICT']);
});

test('numbers are gapless and the same client id sends once, for ever and in parallel', async () => {
  const { ana, bo, cy } = await people();
  const { id } = await group(ana, [bo, cy]);
  const input = { conversationId: id, clientMessageId: 'same', body: 'only once' };
  const repeated = await Promise.all([1, 2, 3].map(() => run(documents.send, { input, as: ana })));
  expect(new Set(repeated.map(({ data }) => data.sendMessage.message.id)).size).toBe(1);
  const all = await Promise.all([ana, bo, cy].flatMap((as) => [1, 2, 3, 4].map((n) => saySure(as, id, `number ${n}`))));
  expect(all.map(({ seq }) => Number(seq)).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, n) => n + 2));
  const [message] = repeated;
  await run(documents.edit, { input: { id: message?.data.sendMessage.message.id, version: 1, body: 'changed since' }, as: ana });
  advance(40 * 86_400_000);
  expect((await run(documents.send, { input, as: ana })).data.sendMessage.message).toMatchObject({ seq: 1, body: 'changed since' });
  expect((await run(documents.send, { input: { ...input, body: 'another' }, as: ana })).codes).toEqual(['CONFLICT']);
  expect((await run(documents.send, { input, as: bo })).data.sendMessage.message.seq).toBe(14);
  expect((await emitted(messageSent)).filter(({ conversationId }) => conversationId === id)).toHaveLength(14);
});

test('a body has 1 to 8,000 printable characters and is kept as it was written', async () => {
  const { ana, bo } = await people();
  const { id } = await group(ana, [bo]);
  const bad = ['', ' \n ', 'x'.repeat(8_001), 'a\u0000b', Array.from({ length: 51 }, (_, n) => `@person${n}`).join(' ')];
  for (const body of bad) expect(issues(await say(ana, id, body))).toEqual(['body']);
  expect(issues(await run(documents.send, { input: { conversationId: 'x', clientMessageId: '' }, as: ana }))).toEqual([
    'conversationId',
    'clientMessageId',
    'body',
  ]);
  const markdown = '    code\n\n<b>never HTML</b>\t- list ';
  expect((await say(ana, id, markdown)).data.sendMessage.message.body).toBe(markdown);
  expect((await say(ana, id, 'x'.repeat(8_000))).codes).toEqual([]);
});

test('mentions count for participants alone; @all in large groups only from admins', async () => {
  const { ana, bo, cy, dan } = await people();
  await deliver(userUpdated, {
    userId: bo.userId,
    handle: 'bo_the_new',
    displayName: 'Bo',
    avatarFileId: null,
    locale: null,
    timeZone: null,
    version: 3,
  });
  await deliver(userUpdated, {
    userId: bo.userId,
    handle: 'bo_the_old',
    displayName: 'Bo',
    avatarFileId: null,
    locale: null,
    timeZone: null,
    version: 2,
  });
  await deliver(userRegistered, {
    userId: dan.userId,
    kind: 'PERSON',
    handle: 'dan_outside',
    displayName: 'Dan',
    email: null,
    locale: null,
    timeZone: null,
    version: 2,
  });
  const { id } = await group(ana, [bo, cy]);
  const { data } = await say(ana, id, 'ask @Bo_the_new, @bo_the_old or @dan_outside, not mail@bo_the_new');
  expect(data.sendMessage.message).toMatchObject({ mentions: [{ id: bo.userId }], mentionsAll: false });
  expect((await see(bo, id)).viewer).toMatchObject({ unreadCount: 1, mentionCount: 1 });
  expect((await see(cy, id)).viewer).toMatchObject({ unreadCount: 1, mentionCount: 0 });
  await saySure(bo, id, '@all look');
  expect((await see(cy, id)).viewer).toMatchObject({ unreadCount: 2, mentionCount: 1 });
  const large = await group(ana, await crowd(20).then((others) => [bo, ...others]));
  expect((await say(bo, large.id, '@all')).data.sendMessage.message.mentionsAll).toBe(false);
  expect((await say(ana, large.id, '@all')).data.sendMessage.message.mentionsAll).toBe(true);
});

test('an edit is its author’s for 24 hours; earlier texts are for the author and admins and can be erased', async () => {
  const { ana, bo, cy } = await people();
  const { id } = await group(ana, [bo, cy]);
  const message = await saySure(bo, id, 'frist');
  expect((await run(documents.edit, { input: { id: message.id, version: 1, body: 'x' }, as: ana })).codes).toEqual(['FORBIDDEN']);
  const edited = await run(documents.edit, { input: { id: message.id, version: 1, body: 'first' }, as: bo });
  expect(edited.data.editMessage.message).toMatchObject({ body: 'first', version: 2, editedAt: expect.any(String) });
  const versions = async (as: typeof ana) =>
    (await run(documents.message, { variables: { id: message.id }, as })).data.message.earlierVersions;
  expect([await versions(bo), await versions(ana), await versions(cy)]).toEqual([[{ body: 'frist' }], [{ body: 'frist' }], null]);
  expect((await run(documents.erase, { input: { id: message.id }, as: ana })).codes).toEqual(['FORBIDDEN']);
  expect((await run(documents.erase, { input: { id: message.id }, as: bo })).data.eraseEarlierVersions.message.earlierVersions).toEqual([]);
  advance(24 * 3_600_000 + 1_000);
  expect((await run(documents.edit, { input: { id: message.id, version: 2, body: 'late' }, as: bo })).codes).toEqual(['FORBIDDEN']);
  expect(await emitted(messageEdited)).toContainEqual({ messageId: message.id, conversationId: id });
});

test('a deleted message keeps its place alone: text, reactions, counters and notices go', async () => {
  const { ana, bo, cy } = await people();
  const { id } = await group(ana, [bo, cy]);
  const message = await saySure(bo, id, 'oops @all');
  await run(documents.react, { input: { id: message.id, emoji: '🎉', on: true }, as: cy });
  expect((await run(documents.delete, { input: { id: message.id }, as: cy })).codes).toEqual(['FORBIDDEN']);
  const gone = await Promise.all([1, 2].map(() => run(documents.delete, { input: { id: message.id }, as: ana })));
  for (const { data } of gone)
    expect(data.deleteMessage.message).toMatchObject({ body: null, deletedBy: { id: ana.userId }, reactions: [] });
  expect((await see(cy, id)).viewer).toMatchObject({ unreadCount: 0, mentionCount: 0 });
  expect((await see(cy, id)).lastMessage).toEqual({ seq: 1, body: null });
  expect((await run(documents.edit, { input: { id: message.id, version: 2, body: 'back' }, as: bo })).codes).toEqual(['FORBIDDEN']);
  expect((await run(documents.react, { input: { id: message.id, emoji: '🎉', on: true }, as: cy })).codes).toEqual(['FORBIDDEN']);
  const key = `chat.message:${message.id}`;
  expect((await emitted(notificationWithdrawn.of('chat'))).filter((notice) => notice.key === key)).toEqual([{ key, dedupeKeys: [key] }]);
  expect((await emitted(messageDeleted)).filter(({ messageId }) => messageId === message.id)).toHaveLength(1);
});

test('a reaction is one per person and emoji, at most 20 emoji', async () => {
  const { ana, bo } = await people();
  const { id } = await group(ana, [bo]);
  const message = await saySure(ana, id, 'vote');
  const react = (as: typeof ana, emoji: string, on = true) => run(documents.react, { input: { id: message.id, emoji, on }, as });
  for (const emoji of ['x', '👍👍', '', '1']) expect((await react(bo, emoji)).codes).toEqual(['BAD_USER_INPUT']);
  await Promise.all([react(bo, '👍'), react(bo, '👍'), react(ana, '👍')]);
  expect((await react(bo, '👩‍👩‍👧')).data.reactToMessage.message.reactions).toMatchObject([
    { emoji: '👍', count: 2, viewerReacted: true },
    { emoji: '👩‍👩‍👧', count: 1 },
  ]);
  expect((await react(bo, '👍', false)).data.reactToMessage.message.reactions[0]).toMatchObject({
    count: 1,
    viewerReacted: false,
    users: [{ id: ana.userId }],
  });
  for (let n = 0; n < 18; n++) await react(bo, String.fromCodePoint(0x1f400 + n));
  expect((await react(bo, '🚀')).reasons).toEqual(['TOO_MANY_REACTIONS']);
});

test('what is read only moves up, one’s own messages are never unread, and a mark does not take receipts back', async () => {
  const { ana, bo } = await people();
  const { id } = await group(ana, [bo]);
  for (let n = 1; n <= 8; n++) await saySure(ana, id, `number ${n}`);
  const read = async (seq: number) =>
    (await run(documents.read, { input: { conversationId: id, seq }, as: bo })).data?.markConversationRead.view;
  expect(await read(2)).toMatchObject({ lastReadSeq: 2, unreadCount: 6 });
  expect(await read(6)).toMatchObject({ lastReadSeq: 6, unreadCount: 2 });
  expect(await read(3)).toMatchObject({ lastReadSeq: 6, unreadCount: 2 });
  expect((await Promise.all([8, 7, 5].map(read))).length).toBe(3);
  expect((await see(bo, id)).viewer).toMatchObject({ lastReadSeq: 8, unreadCount: 0 });
  expect((await see(ana, id)).viewer).toMatchObject({ lastReadSeq: 8, unreadCount: 0 });
  expect(await read(9)).toBeUndefined();
  const marked = await run(documents.unread, { input: { conversationId: id, seq: 7 }, as: bo });
  expect(marked.data.markConversationUnread.view).toEqual({ lastReadSeq: 8, unreadCount: 2, markedUnread: true });
  expect((await run(documents.unread, { input: { conversationId: id, seq: 99 }, as: bo })).codes).toEqual(['BAD_USER_INPUT']);
  const receipts = `query ($id: ID!) { conversation(id: $id) { participants { nodes { lastReadSeq user { id } } } } }`;
  expect((await run(receipts, { variables: { id }, as: ana })).data.conversation.participants.nodes).toContainEqual({
    lastReadSeq: 8,
    user: { id: bo.userId },
  });
  await saySure(bo, id, 'mine');
  expect((await see(bo, id)).viewer).toMatchObject({ lastReadSeq: 9, unreadCount: 0, markedUnread: false });
});

test('counters stay right when messages are sent and read at the same time', async () => {
  const { ana, bo, cy } = await people();
  const { id } = await group(ana, [bo, cy]);
  await Promise.all([
    ...Array.from({ length: 9 }, (_, n) => saySure(ana, id, `from Ana ${n}`)),
    ...Array.from({ length: 9 }, (_, n) => saySure(cy, id, `from Cy ${n}`)),
    ...Array.from({ length: 6 }, async () => {
      const { lastSeq } = await see(bo, id);
      await run(documents.read, { input: { conversationId: id, seq: lastSeq }, as: bo });
    }),
  ]);
  const { viewer, lastSeq } = await see(bo, id);
  expect(lastSeq).toBe(18);
  expect(viewer.unreadCount).toBe(18 - viewer.lastReadSeq);
});

test('more than 10 messages in 5 seconds are refused with the time to wait, but a repeat is not', async () => {
  const { ana, bo } = await people();
  const { id } = await group(ana, [bo]);
  stopClock();
  const answers = [];
  for (let n = 0; n < 11; n++) answers.push(await say(ana, id, `number ${n}`));
  expect(answers.at(-1)?.errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', retryAfterSeconds: expect.any(Number) });
  expect((await say(bo, id, 'another person')).codes).toEqual([]);
  advance(5_000);
  expect((await say(ana, id, 'again')).codes).toEqual([]);
});

test('notices are reduced by level and muting, carry no text, and a mention outranks', async () => {
  const ana = await register('author_ana');
  const { bo, cy, dan } = await people();
  const eve = await register('eve_mentioned');
  const { id } = await group(ana, [bo, cy, dan, eve]);
  const view = (as: typeof ana, input: object) => run(documents.view, { input: { conversationId: id, ...input }, as });
  await view(cy, { notify: 'MENTIONS' });
  const muted = await view(dan, { mutedUntil: '2100-01-01T00:00:00.000Z', pinned: true, archived: true, draft: ' soon ' });
  expect(muted.data.setConversationView.view).toMatchObject({
    mutedUntil: '2100-01-01T00:00:00.000Z',
    pinned: true,
    archived: true,
    draft: 'soon',
  });
  const { data } = await say(ana, id, 'secret words for @eve_mentioned');
  const dedupeKey = `chat.message:${data.sendMessage.message.id}`;
  const asked = (await emitted(notificationRequested.of('chat'))).filter((notice) => notice.dedupeKey === dedupeKey);
  expect(asked.map(({ kind, recipientIds }) => [kind, recipientIds])).toEqual(
    expect.arrayContaining([
      ['GROUP_MESSAGE', [bo.userId]],
      ['MENTION', [eve.userId]],
    ]),
  );
  expect(asked).toHaveLength(2);
  expect(asked[0]).toMatchObject({ groupKey: id, actorId: ana.userId, data: { conversationName: 'Launch', authorName: 'AUTHOR_ANA' } });
  expect(JSON.stringify(await emitted())).not.toContain('secret words');
  await run(documents.edit, { input: { id: data.sendMessage.message.id, version: 1, body: 'for @eve_mentioned @all' }, as: ana });
  expect(
    (await run(documents.view, { input: { conversationId: id, draft: null, mutedUntil: null }, as: dan })).data.setConversationView.view,
  ).toMatchObject({ draft: null, mutedUntil: null, pinned: true });
});

test('the viewer’s list shows the latest activity first, its second page follows, and others’ lists are null', async () => {
  const { ana, bo } = await people();
  const ids: string[] = [];
  for (let n = 0; n < 3; n++) {
    ids.unshift((await group(ana, [bo])).id);
    advance(1_000);
  }
  await saySure(ana, ids[2]!, 'up');
  const mine = async (variables: object, as = bo) =>
    (await run(documents.mine, { variables: { user: bo.userId, ...variables }, as })).data._entities[0];
  const first = await mine({ first: 2 });
  expect(first).toMatchObject({ unreadConversationCount: 1, conversations: { totalCount: 3, nodes: [{ id: ids[2] }, { id: ids[0] }] } });
  const second = await mine({ first: 2, after: first.conversations.pageInfo.endCursor });
  expect(second.conversations).toMatchObject({ nodes: [{ id: ids[1] }], pageInfo: { hasNextPage: false } });
  expect((await mine({ filter: { unread: true } })).conversations.nodes).toEqual([{ id: ids[2] }]);
  expect((await mine({ filter: { archived: true } })).conversations.totalCount).toBe(0);
  expect((await mine({ filter: { kind: 'DIRECT', pinned: false } })).conversations.nodes).toEqual([]);
  expect(await mine({}, ana)).toEqual({ unreadConversationCount: null, conversations: null });
});

test('a thread shows the answers to a message alone', async () => {
  const { ana, bo } = await people();
  const { id } = await group(ana, [bo]);
  const question = await saySure(ana, id, 'question');
  await saySure(ana, id, 'aside');
  await saySure(bo, id, 'answer', { replyToId: question.id });
  const { messages } = (await run(documents.messages, { variables: { id, threadOf: question.id }, as: ana })).data.conversation;
  expect(messages.nodes).toEqual([{ seq: 3, body: 'answer' }]);
  expect((await run(documents.message, { variables: { id: question.id }, as: ana })).data.message.threadCount).toBe(1);
});

test('a membership that ends takes everything of the tenant away and ends streams, also when it is told twice', async () => {
  const { ana, bo } = await people();
  const chosen = await tenant([ana, bo]);
  const { id } = await group(ana, [bo], {}, { in: chosen });
  const direct = await run(documents.direct, { input: { userId: bo.userId }, as: ana, in: chosen });
  const stream = await world.subscribe(documents.changed, { variables: { id }, as: bo, in: chosen });
  const next = stream.next();
  const ended = { organizationId: chosen.id, membershipId: v7(), userId: bo.userId };
  const { eventId } = await deliver(memberRemoved, { ...ended, epoch: 9, reason: 'REMOVED' as const });
  await deliver(memberRemoved, { ...ended, epoch: 9, reason: 'REMOVED' as const }, { eventId });
  await deliver(memberReinstated, { ...ended, epoch: 8, reason: 'REINSTATED' as const });
  expect(await within(next)).toMatchObject({ done: true });
  const seen = async (conversationId: string) =>
    (await run(documents.see, { variables: { id: conversationId }, as: bo, in: chosen })).data.conversation;
  expect([await seen(id), await seen(direct.data.startDirectConversation.conversation.id)]).toEqual([null, null]);
  expect((await run(documents.see, { variables: { id }, as: ana, in: chosen })).data.conversation.participantCount).toBe(1);
});

test('a suspended member sees nothing until they are reinstated', async () => {
  const { ana, bo } = await people();
  const chosen = await tenant([ana, bo]);
  const { id } = await group(ana, [bo], {}, { in: chosen });
  const member = { organizationId: chosen.id, membershipId: v7(), userId: bo.userId };
  const seen = async () => (await run(documents.see, { variables: { id }, as: bo, in: chosen })).data.conversation;
  await deliver(memberSuspended, { ...member, epoch: 8, reason: 'SUSPENDED' as const });
  expect(await seen()).toBeNull();
  await deliver(memberReinstated, { ...member, epoch: 9, reason: 'REINSTATED' as const });
  expect(await seen()).toMatchObject({ id });
  const stream = await world.subscribe(documents.changed, { variables: { id }, as: bo, in: chosen });
  const next = stream.next();
  await run(documents.send, { input: { conversationId: id, clientMessageId: 'x', body: 'welcome' }, as: ana, in: chosen });
  expect((await within(next)).value).toMatchObject({ data: { conversationChanged: { kind: 'MESSAGE_ADDED' } } });
  await stream.return();
});

test('an erased person leaves groups and tenants, direct talks stay with the other one', async () => {
  const { ana, bo } = await people();
  const chosen = await tenant([ana, bo]);
  const [open, inside] = [await group(bo, [ana]), await group(bo, [ana], {}, { in: chosen })];
  const { data } = await run(documents.direct, { input: { userId: ana.userId }, as: bo });
  const directId = data.startDirectConversation.conversation.id;
  await saySure(bo, directId, 'remember me');
  const { eventId } = await deliver(userDeleted, { userId: bo.userId });
  await deliver(userDeleted, { userId: bo.userId }, { eventId });
  await settle();
  expect(await see(bo, open.id)).toBeNull();
  expect(await see(ana, open.id)).toMatchObject({ participantCount: 1 });
  expect((await run(documents.see, { variables: { id: inside.id }, as: ana, in: chosen })).data.conversation.participantCount).toBe(1);
  expect(await see(ana, directId)).toMatchObject({ lastMessage: { body: 'remember me' } });
  expect((await say(ana, directId, 'are you there?')).reasons).toEqual(['NOT_REACHABLE']);
});

test('a deleted tenant with more than one batch of rows is erased to the last one, and others keep theirs', async () => {
  const { ana, bo } = await people();
  const [chosen, other] = [await tenant([ana, bo]), await tenant([ana, bo])];
  const [doomed, kept] = [await group(ana, [bo], {}, { in: chosen }), await group(ana, [bo], {}, { in: other })];
  const sql = await owner();
  for (const [id, space] of [
    [doomed.id, chosen.id],
    [kept.id, other.id],
  ])
    await sql`
      insert into chat.messages (id, conversation_id, organization_id, seq, body, body_hash)
      select gen_random_uuid(), ${id as string}, ${space as string}, 1000 + n, 'bulk', 'bulk' from generate_series(1, 2500) n`;
  await deliver(organizationDeleted, { organizationId: chosen.id });
  await settle();
  const count = async (space: string) =>
    Number((await sql`select count(*) as total from chat.messages where organization_id = ${space} and body = 'bulk'`)[0]?.['total']);
  expect([await count(chosen.id), await count(other.id)]).toEqual([0, 2500]);
});

test('in a suspended tenant people read and say nothing', async () => {
  const { ana, bo } = await people();
  const chosen = await tenant([ana, bo]);
  const { id } = await group(ana, [bo], {}, { in: chosen });
  const resting = { ...chosen, inactive: true };
  const said = await run(documents.send, { input: { conversationId: id, clientMessageId: 'x', body: 'late' }, as: ana, in: resting });
  expect(said).toMatchObject({ codes: ['FORBIDDEN'], reasons: ['ORGANIZATION_INACTIVE'] });
  expect((await run(documents.see, { variables: { id }, as: bo, in: resting })).data.conversation).toMatchObject({ id });
});

test('groups of a tenant are as large as its limit allows; of several who want the last place one gets it', async () => {
  const { ana, bo, cy, dan } = await people();
  const chosen = await tenant([ana, bo, cy, dan]);
  const setLimit = (limit: number | null) =>
    deliver(quotaChanged, { organizationId: chosen.id, key: 'chat.group_size', limit }, { organizationId: chosen.id });
  const { id } = await group(ana, [bo], {}, { in: chosen });
  await setLimit(3);
  const add = (who: typeof cy) => run(documents.add, { input: { conversationId: id, userIds: [who.userId] }, as: ana, in: chosen });
  const answers = await Promise.all([add(cy), add(dan)]);
  expect(answers.filter(({ codes }) => codes.length === 0)).toHaveLength(1);
  expect(answers.filter(({ reasons }) => reasons[0] === 'QUOTA_EXCEEDED')).toHaveLength(1);
  const refused = answers.find(({ reasons }) => reasons[0]);
  expect(refused?.errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', quota: 'chat.group_size', limit: 3 });
  // A lower limit takes nobody out, and keeps everybody else out.
  await setLimit(2);
  expect((await run(documents.see, { variables: { id }, as: ana, in: chosen })).data.conversation.participantCount).toBe(3);
  const create = { name: 'Three', userIds: [bo.userId, cy.userId], idempotencyKey: v7() };
  expect((await run(documents.create, { input: create, as: ana, in: chosen })).reasons).toEqual(['QUOTA_EXCEEDED']);
  // Groups of no tenant have no such limit.
  expect((await run(documents.create, { input: { ...create, idempotencyKey: v7() }, as: ana })).codes).toEqual([]);
  await setLimit(null);
  expect((await run(documents.create, { input: { ...create, idempotencyKey: v7() }, as: ana, in: chosen })).codes).toEqual([]);
});

test('a deleted tenant’s conversations are erased, which is told', async () => {
  const { ana, bo } = await people();
  const chosen = await tenant([ana, bo]);
  const { id } = await group(ana, [bo], {}, { in: chosen });
  await run(documents.send, { input: { conversationId: id, clientMessageId: 'x', body: 'gone' }, as: ana, in: chosen });
  const { eventId } = await deliver(organizationDeleted, { organizationId: chosen.id });
  await deliver(organizationDeleted, { organizationId: chosen.id }, { eventId });
  await settle();
  const sql = await owner();
  const [left] =
    await sql`select (select count(*) from chat.conversations where organization_id = ${chosen.id}) + (select count(*) from chat.messages where organization_id = ${chosen.id})
    + (select count(*) from chat.change_log where organization_id = ${chosen.id}) + (select count(*) from chat.tenant_members where organization_id = ${chosen.id}) as rows`;
  expect(Number(left?.['rows'])).toBe(0);
  expect((await emitted(tenantErased.of('chat'))).filter(({ organizationId }) => organizationId === chosen.id)).toHaveLength(1);
});

test('the lists of people and conversations are read through an index', async () => {
  const sql = await owner();
  await sql`insert into chat.conversations (id, kind, created_by_id) select gen_random_uuid(), 'GROUP', gen_random_uuid() from generate_series(1, 3000)`;
  const userId = v7();
  await sql`insert into chat.participants (id, conversation_id, user_id, from_seq, from_change, activity_at)
    select gen_random_uuid(), id, case when random() < 0.1 then ${userId}::uuid else gen_random_uuid() end, 1, 0, now() - random() * interval '1 year' from chat.conversations`;
  await sql`analyze chat.participants`;
  const list =
    await sql`explain select * from chat.participants where user_id = ${userId} and archived = false and left_at is null order by activity_at desc, id desc limit 21`;
  expect(JSON.stringify(list)).toContain('participants_list');
  const [some] = await sql`select conversation_id from chat.participants limit 1`;
  const inside =
    await sql`explain select * from chat.participants where conversation_id = ${some?.['conversation_id']} and left_at is null order by id limit 21`;
  expect(JSON.stringify(inside)).toContain('Index');
});

test('a stream of a stranger does not begin', async () => {
  const { ana, bo, dan } = await people();
  const { id } = await group(ana, [bo]);
  for (const document of [documents.changed, documents.added, documents.typed])
    await expect(watch(dan, id, undefined, document)).rejects.toThrow('NOT_FOUND');
});

test('owners and admins pin messages, which go with deletion; both people of a direct talk may', async () => {
  const { ana, bo, dan } = await people();
  const { id } = await group(ana, [bo]);
  const [one, two] = [await saySure(bo, id, 'one'), await saySure(bo, id, 'two')];
  const pin = (as: typeof ana, message: string, pinned = true) => run(documents.pin, { input: { id: message, pinned }, as });
  expect((await pin(bo, one.id)).codes).toEqual(['FORBIDDEN']);
  expect((await pin(dan, one.id)).codes).toEqual(['NOT_FOUND']);
  await pin(ana, two.id);
  await pin(ana, two.id);
  expect((await pin(ana, one.id)).data.pinMessage.message.conversation.pinned).toEqual([{ seq: 1 }, { seq: 2 }]);
  expect((await pin(ana, two.id, false)).data.pinMessage.message.conversation.pinned).toEqual([{ seq: 1 }]);
  await run(documents.delete, { input: { id: one.id }, as: bo });
  const pinned = `query ($id: ID!) { conversation(id: $id) { pinned { seq } } }`;
  expect((await run(pinned, { variables: { id }, as: bo })).data.conversation.pinned).toEqual([]);
  expect((await pin(ana, one.id)).codes).toEqual(['FORBIDDEN']);
  const sql = await owner();
  await sql`insert into chat.messages (id, conversation_id, seq, author_id, body, body_hash, pinned_at) select gen_random_uuid(), ${id}, 2 + n, ${ana.userId}, 'x', '', now() from generate_series(1, 50) n`;
  expect((await pin(ana, two.id)).reasons).toEqual(['TOO_MANY_PINS']);
});

test('who has read a message is shown page by page, unless receipts are off', async () => {
  const { ana, bo, cy } = await people();
  const { id } = await group(ana, [bo, cy]);
  await saySure(ana, id, 'read me');
  await run(documents.read, { input: { conversationId: id, seq: 1 }, as: cy });
  const readers = `query ($id: ID!, $first: Int, $after: String) { conversation(id: $id) { readBy(seq: 1, first: $first, after: $after) { totalCount nodes { user { id } } pageInfo { endCursor hasNextPage } } } }`;
  const read = async (variables: object) => (await run(readers, { variables: { id, ...variables }, as: bo })).data.conversation.readBy;
  const first = await read({ first: 1 });
  expect(first).toMatchObject({ totalCount: 2, pageInfo: { hasNextPage: true } });
  const second = await read({ first: 1, after: first.pageInfo.endCursor });
  const ids = [...first.nodes, ...second.nodes].map(({ user }: { user: { id: string } }) => user.id);
  expect(new Set(ids)).toEqual(new Set([ana.userId, cy.userId]));
  await run(documents.update, { input: { id, version: 1, settings: { receipts: false } }, as: ana });
  expect(await read({})).toBeNull();
});
