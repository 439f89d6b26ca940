import { v7 } from 'uuid';
import { type Data, give, type Person, type World } from '../../support/journey.ts';
import { hears } from '../../support/listen.ts';
import { register } from '../../support/people.ts';
import { group, say, saySure, talk } from './talks.ts';
import type { Walk } from './walk.ts';

interface Launch {
  readonly world: World;
  readonly id: string;
  readonly ana: Person;
  readonly bo: Person;
  readonly cy: Person;
  readonly dan: Person;
}

/** A direct talk that both start at once, and a group that is watched, cut off, read, joined and left. */
export const walkChat: Walk = async (world) => {
  const [ana, bo, cy] = [await register(world, 'Ana'), await register(world, 'Bo'), await register(world, 'Cy')];
  const dan = await register(world, 'Dan');
  // Chat has to hear of all of them first.
  for (const other of [ana, bo, cy]) await talk(world, dan, other);
  const [one, other] = await Promise.all([talk(world, ana, bo), talk(world, bo, ana)]);
  expect(one.id).toBe(other.id);

  const { id, cursor, participantCount } = await group(world, ana, [bo, cy], { historyForNewcomers: false });
  expect(participantCount).toBe(3);
  const launch: Launch = { world, id, ana, bo, cy, dan };
  await resume(launch, await watch(launch, cursor));
  await markRead(launch);
  await type(launch);
  await keepOut(launch);
  await joinLate(launch);
  await remove(launch);
  await readBothWays(launch);
};

const changed = `subscription ($id: ID!, $after: String) { conversationChanged(conversationId: $id, after: $after) {
  cursor kind message { seq body author { displayName } reactions { emoji count } }
} }`;

/** Three messages, of which one was sent twice, come once each; the cursor of the last. */
async function watch({ world, id, ana, bo }: Launch, after: string): Promise<string> {
  const live = world.subscribe(changed, { variables: { id, after }, token: bo.token });
  await saySure(world, ana, id, 'one');
  const repeated = v7();
  await Promise.all([say(world, ana, id, 'two', repeated), say(world, ana, id, 'two', repeated)]);
  await saySure(world, ana, id, 'three');
  const heard = [await live.next(), await live.next(), await live.next()].map(({ conversationChanged }) => conversationChanged);
  expect(heard.map(({ kind, message }) => [kind, message.seq, message.body, message.author.displayName])).toEqual(
    ['one', 'two', 'three'].map((body, index) => ['MESSAGE_ADDED', index + 1, body, ana.displayName]),
  );
  await live.close();
  return heard.at(-1).cursor as string;
}

/** What happened while nobody listened comes in order, and then what happens. */
async function resume({ world, id, ana, bo, cy }: Launch, after: string): Promise<void> {
  const four = await saySure(world, ana, id, 'four');
  const five = await saySure(world, ana, id, 'five');
  for (const body of ['six', 'seven', 'eight']) await saySure(world, ana, id, body);
  const act = (query: string, input: object, { token }: Person) => give(world, query, { input, token });
  await act('mutation ($input: EditMessageInput!) { editMessage(input: $input) { message { id } } }', { ...pick(four), body: 'FOUR' }, ana);
  await act('mutation ($input: DeleteMessageInput!) { deleteMessage(input: $input) { message { id } } }', { id: five.id }, ana);
  const react = 'mutation ($input: ReactToMessageInput!) { reactToMessage(input: $input) { message { id } } }';
  await act(react, { id: four.id, emoji: '👍', on: true }, cy);

  const resumed = world.subscribe(changed, { variables: { id, after }, token: bo.token });
  const kinds: string[] = [];
  while (kinds.length < 8) kinds.push((await resumed.next()).conversationChanged.kind);
  const added = Array.from({ length: 5 }, () => 'MESSAGE_ADDED');
  expect(kinds).toEqual([...added, 'MESSAGE_EDITED', 'MESSAGE_DELETED', 'REACTIONS_CHANGED']);
  await saySure(world, ana, id, 'nine');
  expect((await resumed.next()).conversationChanged).toMatchObject({ kind: 'MESSAGE_ADDED', message: { seq: 9, body: 'nine' } });
  await resumed.close();
}

const pick = ({ id, version }: { id: string; version: number }) => ({ id, version });

const viewOf = ({ world, id }: Launch, { token }: Person): Promise<Data> =>
  give(world, 'query ($id: ID!) { conversation(id: $id) { viewer { unreadCount lastReadSeq } typing { displayName } } }', {
    variables: { id },
    token,
  });

async function markRead(launch: Launch): Promise<void> {
  const { world, id, bo } = launch;
  expect((await viewOf(launch, bo)).viewer).toEqual({ unreadCount: 8, lastReadSeq: 0 });
  const mark = `mutation ($input: MarkConversationReadInput!) {
    markConversationRead(input: $input) { view { unreadCount lastReadSeq } }
  }`;
  const read = { unreadCount: 0, lastReadSeq: 9 };
  expect((await give(world, mark, { input: { conversationId: id, seq: 9 }, token: bo.token })).view).toEqual(read);
  expect((await viewOf(launch, bo)).viewer).toEqual(read);
}

async function type(launch: Launch): Promise<void> {
  const { world, id, ana, bo } = launch;
  const typing = world.subscribe('subscription ($id: ID!) { typingChanged(conversationId: $id) { users { displayName } } }', {
    variables: { id },
    token: bo.token,
  });
  const set = (on: boolean) =>
    give(world, 'mutation ($input: SetTypingInput!) { setTyping(input: $input) { ok } }', {
      input: { conversationId: id, typing: on },
      token: ana.token,
    });
  const typist = { users: [{ displayName: ana.displayName }] };
  expect(
    await hears(
      typing,
      () => set(true),
      ({ typingChanged }) => typingChanged.users.length > 0,
    ),
  ).toEqual({ typingChanged: typist });
  await set(false);
  await typing.next(({ typingChanged }) => typingChanged.users.length === 0);
  await typing.close();
}

async function keepOut({ world, id, dan }: Launch): Promise<void> {
  expect((await say(world, dan, id, 'let me in')).codes).toEqual(['NOT_FOUND']);
  const outsider = world.subscribe(changed, { variables: { id }, token: dan.token });
  await expect(outsider.next()).rejects.toThrow('NOT_FOUND');
  await outsider.close();
}

const history = `query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String, $around: ID) {
  conversation(id: $id) {
    messages(first: $first, after: $after, last: $last, before: $before, around: $around) {
      nodes { id seq } pageInfo { startCursor endCursor hasNextPage hasPreviousPage }
    }
  }
}`;

async function pageOf({ world, id }: Launch, { token }: Person, variables: object): Promise<Data> {
  return (await give(world, history, { variables: { id, ...variables }, token })).messages;
}
const numbersOf = (page: Data): number[] => (page.nodes as { seq: number }[]).map(({ seq }) => seq);

async function joinLate(launch: Launch): Promise<void> {
  const { world, id, ana, dan } = launch;
  const [old] = (await pageOf(launch, ana, { first: 1 })).nodes;
  await give(
    world,
    'mutation ($input: AddConversationParticipantsInput!) { addConversationParticipants(input: $input) { conversation { id } } }',
    { input: { conversationId: id, userIds: [dan.id] }, token: ana.token },
  );
  await saySure(world, ana, id, 'ten');
  expect(numbersOf(await pageOf(launch, dan, { first: 10 }))).toEqual([10]);
  const around = await world.ask(history, { variables: { id, around: old.id }, token: dan.token });
  expect(around.codes).toEqual(['NOT_FOUND']);
}

/** Who is removed hears nothing more. */
async function remove(launch: Launch): Promise<void> {
  const { world, id, ana, cy } = launch;
  const live = world.subscribe(changed, { variables: { id }, token: cy.token });
  await hears(live, () => saySure(world, ana, id, 'Are you there?'));
  await give(
    world,
    'mutation ($input: RemoveConversationParticipantInput!) { removeConversationParticipant(input: $input) { conversation { id } } }',
    { input: { conversationId: id, userId: cy.id }, token: ana.token },
  );
  await saySure(world, ana, id, 'without Cy');
  await live.ended();
  await expect(live.next(({ conversationChanged }) => conversationChanged.message?.body === 'without Cy')).rejects.toThrow('ended');
  expect(await viewOf(launch, cy)).toBeNull();
}

async function readBothWays(launch: Launch): Promise<void> {
  const { ana } = launch;
  const all = await pageOf(launch, ana, { first: 50 });
  const middle = await pageOf(launch, ana, { around: all.nodes[4].id, first: 3 });
  const before = await pageOf(launch, ana, { last: 50, before: middle.pageInfo.startCursor });
  const after = await pageOf(launch, ana, { first: 50, after: middle.pageInfo.endCursor });
  expect([before, middle, after].flatMap(numbersOf)).toEqual(numbersOf(all));
  expect(numbersOf(middle)).toEqual([4, 5, 6]);
}
