import { asPerson } from '@supergraph/platform/database';
import { exportOf, staysOf, tracesOf } from '@supergraph/platform/personal-data-testing';
import { userDeleted } from '@supergraph/schema/events/accounts';
import { participantRemoved } from '@supergraph/schema/events/chat';
import { personErased } from '@supergraph/schema/events/platform';
import { personalData } from '../service/personal-data.ts';
import { chatWorld, documents } from './world.ts';

const world = chatWorld();
const { run, register, tenant, group, saySure, see, deliver, settle, emitted, owner, context, close } = world;
afterAll(close);

let count = 0;
/** Lena and Otto, who talk directly, in a group, and in a tenant. */
async function talk() {
  const number = ++count;
  const [lena, otto] = [await register(`lenaquill_${number}`), await register(`ottobright_${number}`)];
  const chosen = await tenant([lena, otto]);
  const { data } = await run(documents.direct, { input: { userId: otto.userId }, as: lena });
  const directId: string = data.startDirectConversation.conversation.id;
  const [open, inside] = [await group(lena, [otto]), await group(otto, [lena], { name: 'Inside' }, { in: chosen })];
  const first = await saySure(lena, directId, 'pelican one');
  await run(documents.edit, { input: { id: first.id, version: first.version, body: 'pelican two' }, as: lena });
  const answer = await saySure(otto, directId, 'an answer');
  await run(documents.react, { input: { id: answer.id, emoji: '👍', on: true }, as: lena });
  await run(documents.view, { input: { conversationId: open.id, draft: 'a pelican draft' }, as: lena });
  const say = { input: { conversationId: inside.id, clientMessageId: 'lena-1', body: 'inside, too' }, as: lena, in: chosen };
  expect((await run(documents.send, say)).codes).toEqual([]);
  await saySure(lena, open.id, 'last words');
  return { lena, otto, chosen, directId, open, inside, first };
}
const erase = async (userId: string) => {
  await deliver(userDeleted, { userId });
  await settle();
};
const authors = `query ($id: ID!) { conversation(id: $id) { messages(first: 10) { nodes { body author { id } } } } }`;

test('a person gets what they wrote in every space, with earlier texts, places and reactions, and nothing that others wrote', async () => {
  const { lena, otto, chosen, first } = await talk();
  const files = await exportOf(world, lena.userId);
  expect(files['messages']?.map(({ body }) => body)).toEqual(['pelican two', 'last words', 'inside, too']);
  expect(files['messages']?.at(-1)).toMatchObject({ organizationId: chosen.id });
  expect(files['message-versions']).toEqual([expect.objectContaining({ messageId: first.id, body: 'pelican one' })]);
  expect(files['conversations']?.map(({ name, draft }) => [name, draft])).toEqual([
    [null, null],
    ['Launch', 'a pelican draft'],
    ['Inside', null],
  ]);
  expect(files['reactions']).toEqual([expect.objectContaining({ emoji: '👍' })]);
  expect(files['organizations']).toEqual([{ organizationId: chosen.id, status: 'ACTIVE' }]);
  expect(files['profile']).toEqual([expect.objectContaining({ userId: lena.userId })]);
  const text = JSON.stringify(files);
  expect(text).not.toMatch(/ottobright|an answer/i);
  expect(text).not.toContain(otto.userId);
  expect((await exportOf(world, otto.userId))['messages']?.map(({ body }) => body)).toEqual(['an answer']);
});

test('erasure makes messages nobody’s, ends places and takes what was the author’s alone; a second one changes nothing', async () => {
  const { lena, otto, directId, inside, chosen } = await talk();
  const sql = await owner();
  const names = [(await exportOf(world, lena.userId))['profile']?.[0]?.['handle'] as string, 'pelican one', 'pelican draft', 'lena-1'];
  expect(await tracesOf(sql, 'chat', names)).toEqual(
    expect.arrayContaining(['people.handle', 'message_versions.body', 'participants.draft']),
  );
  await erase(lena.userId);
  expect(await tracesOf(sql, 'chat', [names[0] as string])).toEqual([]);
  const [left] =
    await sql`select (select count(*) from chat.participants where user_id = ${lena.userId} and (draft is not null or left_at is null))
    + (select count(*) from chat.message_versions v join chat.messages m on m.id = v.message_id where m.conversation_id = ${directId}) as rows`;
  expect(Number(left?.['rows'])).toBe(0);
  const allowed = new Set([...staysOf(personalData), 'conversations.pair']);
  expect((await tracesOf(sql, 'chat', [lena.userId])).filter((column) => !allowed.has(column))).toEqual([]);
  expect((await run(authors, { variables: { id: directId }, as: otto })).data.conversation.messages.nodes).toEqual([
    { body: 'pelican two', author: null },
    { body: 'an answer', author: { id: otto.userId } },
  ]);
  expect((await run(authors, { variables: { id: inside.id }, as: otto, in: chosen })).data.conversation.messages.nodes[0]).toEqual({
    body: 'inside, too',
    author: null,
  });
  const state = () => sql`select conversation_id, kind, number from chat.change_log order by conversation_id, number`;
  const before = await state();
  await erase(lena.userId);
  expect(await state()).toEqual(before);
  expect((await emitted(participantRemoved)).filter(({ userId }) => userId === lena.userId)).toHaveLength(3);
  expect((await emitted(personErased.of('chat'))).filter(({ userId }) => userId === lena.userId)).toHaveLength(2);
});

test('an erasure that ended between two steps goes on where it stood', async () => {
  const { lena, otto, open } = await talk();
  const ctx = await context();
  const step = () => asPerson(ctx.db, lena.userId, (tx) => personalData.erase(ctx, tx, lena.userId, 1));
  expect(await step()).toBe(true);
  expect(await step()).toBe(true);
  expect((await exportOf(world, lena.userId))['messages']?.length).toBeGreaterThan(0);
  await erase(lena.userId);
  expect((await exportOf(world, lena.userId))['messages']).toEqual([]);
  expect(await see(otto, open.id)).toMatchObject({ participantCount: 1 });
});
