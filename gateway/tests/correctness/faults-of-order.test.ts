import { type Answered, createArena } from './arena.ts';

/*
 * Where Apollo's planner does not let the root fields of a mutation run one after the other, each completed before the
 * next begins (GraphQL specification, "Normal and Serial Execution"). As in faults.test.ts, what plain `@apollo/gateway`
 * does comes first and what we do second.
 */

type Reference = { id: string };
const done: string[] = [];
const run = (_: unknown, { text }: { text: string }) => ({ id: `${done.push(text)}`, text });
const arena = createArena([
  {
    name: 'left',
    sdl: `type Query { idle: Int } type Mutation { left(text: String! = "?"): Item } type Item @key(fields: "id") { id: ID! text: String }`,
    resolvers: { Mutation: { left: run }, Item: { __resolveReference: ({ id }: Reference) => ({ id, text: done[Number(id) - 1] }) } },
  },
  {
    name: 'right',
    sdl: `type Mutation { right(text: String! = "?"): Item! }
      type Item @key(fields: "id") { id: ID! seen: [String!] more: More } type More @key(fields: "id") { id: ID! }`,
    resolvers: {
      Mutation: { right: run },
      Item: {
        __resolveReference: ({ id }: Reference) => ({ id }),
        // What was done when this was asked for.
        seen: () => [...done],
        more: ({ id }: Reference) => ({ id }),
      },
    },
  },
  {
    name: 'depths',
    sdl: 'type More @key(fields: "id") { id: ID! deep: [String!] }',
    resolvers: { More: { __resolveReference: ({ id }: Reference) => ({ id }), deep: () => [...done] } },
  },
]);
type Run = (document: string, variables: Readonly<Record<string, unknown>>) => Promise<Answered>;
const orderOf = async (gateway: Run, document: string, variables = {}) => {
  done.length = 0;
  const { errors } = await gateway(document, variables);
  expect(errors).toEqual([]);
  return done.join(' ');
};
const asked = async (document: string) => {
  for (const { requests } of arena.services) requests.length = 0;
  done.length = 0;
  const answer = await arena.runOurs(document);
  const services = arena.services.flatMap(({ name, requests }) => requests.map(() => name));
  return { answer, services };
};
beforeEach(() => {
  done.length = 0;
});

describe('root fields of a mutation run in the order of the document', () => {
  test.each<[string, string, string, string]>([
    [
      'where fragments stand around some of them',
      'mutation { ... on Mutation { a: left(text: "a") { id } } b: right(text: "b") { id } ... on Mutation { c: left(text: "c") { id } } }',
      'a c b',
      'a b c',
    ],
    [
      'where the fragments have no type',
      'mutation { ... { a: left(text: "a") { id } } b: right(text: "b") { id } ... { c: left(text: "c") { id } } }',
      'a c b',
      'a b c',
    ],
    [
      'where the fragments have names, and others within',
      `mutation { ...A b: right(text: "b") { id } ...C d: right(text: "d") { id } }
       fragment A on Mutation { ... on Mutation { a: left(text: "a") { id } } } fragment C on Mutation { ...Within }
       fragment Within on Mutation { c: left(text: "c") { id } }`,
      'a b c d',
      'a b c d',
    ],
    [
      'where fragments of both subgraphs mix',
      'mutation { ... on Mutation { a: left(text: "a") { id } b: right(text: "b") { id } } c: left(text: "c") { id } ... on Mutation { d: right(text: "d") { id } } }',
      'a b d c',
      'a b c d',
    ],
    [
      'one that stands twice runs at its first mention',
      'mutation { ... on Mutation { a: left(text: "a") { id } } b: right(text: "b") { id } ... on Mutation { c: left(text: "c") { id } a: left(text: "a") { text } } }',
      'a c b',
      'a b c',
    ],
    [
      'where one subgraph has those of a fragment',
      'mutation { a: left(text: "a") { id } ...Rest } fragment Rest on Mutation { __typename b: left(text: "b") { text } }',
      'b a',
      'a b',
    ],
    [
      'where subgraphs alternate',
      'mutation { a: left(text: "a") { id } b: right(text: "b") { id } c: left(text: "c") { id } d: right(text: "d") { id } }',
      'a b c d',
      'a b c d',
    ],
  ])('%s', async (_, document, plain, ours) => {
    expect(await orderOf(arena.runPlain, document)).toBe(plain);
    expect(await orderOf(arena.runOurs, document)).toBe(ours);
  });

  const conditional = `mutation ($yes: Boolean!, $no: Boolean = false) {
    ... on Mutation @include(if: $yes) { a: left(text: "a") { id } }
    b: right(text: "b") @skip(if: $no) { id }
    ...Rest @skip(if: $no)
    e: right(text: "e") { id }
    ... on Mutation @include(if: $yes) @skip(if: $no) { f: left(text: "f") { id } }
  }
  fragment Rest on Mutation { c: left(text: "c") @include(if: $yes) { id } ... @skip(if: $yes) { d: left(text: "d") { id } } }`;
  test.each([
    [{ yes: true }, 'a b c e f'],
    [{ yes: false }, 'b d e'],
    [{ yes: true, no: true }, 'a e'],
    [{ yes: false, no: true }, 'e'],
  ])('with conditions that are variables, %j', async (variables, ours) => {
    expect(await orderOf(arena.runOurs, conditional, variables)).toBe(ours);
  });
  test('with conditions, where plain Apollo moves what one fragment holds', async () => {
    const document = `mutation ($yes: Boolean!) {
      ... @include(if: $yes) { a: left(text: "a") { id } } b: right(text: "b") { id } ... @include(if: $yes) { c: left(text: "c") { id } }
    }`;
    expect(await orderOf(arena.runPlain, document, { yes: true })).toBe('a c b');
    expect(await orderOf(arena.runOurs, document, { yes: true })).toBe('a b c');
  });

  test('and their answers stand in that order, too', async () => {
    const document =
      'mutation { ... on Mutation { a: left { id } __typename } b: right { id } ... on Mutation { c: left { id } a: left { text } } }';
    const { data } = await arena.runOurs(document);
    expect(JSON.stringify(data)).toBe(
      JSON.stringify({ a: { id: '1', text: '?' }, __typename: 'Mutation', b: { id: '2' }, c: { id: '3' } }),
    );
  });
});

describe('a root field of a mutation is complete before the next one begins', () => {
  test.each<[string, string, unknown, unknown]>([
    [
      'where another subgraph has a part of it',
      'mutation { a: left(text: "a") { seen } b: left(text: "b") { text } }',
      { a: { seen: ['a', 'b'] }, b: { text: 'b' } },
      { a: { seen: ['a'] }, b: { text: 'b' } },
    ],
    [
      'where each of them goes on elsewhere',
      'mutation { a: left(text: "a") { seen } b: left(text: "b") { seen } c: left(text: "c") { seen } }',
      { a: { seen: ['a', 'b', 'c'] }, b: { seen: ['a', 'b', 'c'] }, c: { seen: ['a', 'b', 'c'] } },
      { a: { seen: ['a'] }, b: { seen: ['a', 'b'] }, c: { seen: ['a', 'b', 'c'] } },
    ],
    [
      'where the way to a part is long',
      'mutation { a: left(text: "a") { more { deep } } b: left(text: "b") { id } }',
      { a: { more: { deep: ['a', 'b'] } }, b: { id: '2' } },
      { a: { more: { deep: ['a'] } }, b: { id: '2' } },
    ],
    [
      'where a fragment holds them',
      'mutation { ...Both } fragment Both on Mutation { a: left(text: "a") { seen } b: left(text: "b") { id } }',
      { a: { seen: ['b', 'a'] }, b: { id: '1' } },
      { a: { seen: ['a'] }, b: { id: '2' } },
    ],
    [
      'where the part is asked for at the second mention',
      'mutation { a: left(text: "a") { id } b: left(text: "b") { id } a: left(text: "a") { seen } }',
      { a: { id: '1', seen: ['a', 'b'] }, b: { id: '2' } },
      { a: { id: '1', seen: ['a'] }, b: { id: '2' } },
    ],
  ])('%s', async (_, document, plain, ours) => {
    expect((await arena.runPlain(document)).data).toEqual(plain);
    done.length = 0;
    expect(await arena.runOurs(document)).toEqual({ data: ours, errors: [] });
  });

  test.each<[string, string, readonly string[]]>([
    ['that one subgraph completes travel in one fetch', 'a: left { id } b: left { text } c: left { id }', ['left']],
    ['travel together up to the one that goes on elsewhere', 'a: left { id } b: left { seen }', ['left', 'right']],
    [
      'travel together again after one that went on elsewhere',
      'a: left { seen } b: left { id } c: left { text }',
      ['left', 'left', 'right'],
    ],
    ['of two subgraphs each take one fetch', 'a: left { id } b: left { id } c: right { seen } d: right { id }', ['left', 'right']],
  ])('root fields %s', async (_, fields, services) => {
    const { answer, services: made } = await asked(`mutation { ${fields} }`);
    expect(made).toEqual(services);
    expect(answer.errors).toEqual([]);
  });
});
