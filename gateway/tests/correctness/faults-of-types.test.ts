import { createArena } from './arena.ts';

/*
 * Where Apollo's planner or executor stumbles over an interface that one subgraph knows as an `@interfaceObject`.
 * As in faults.test.ts, the wrong answer of plain `@apollo/gateway` comes first and the right one of ours second.
 */

const works: Record<string, { __typename: string; id: string; title: string; pages?: number; minutes?: number }> = {
  b1: { __typename: 'Book', id: 'b1', title: 'Dune', pages: 3 },
  m1: { __typename: 'Map', id: 'm1', title: 'Bonn', pages: 1 },
  f1: { __typename: 'Film', id: 'f1', title: 'Heat', minutes: 90 },
};
type Reference = { id: string; title?: string };
const known = ({ id }: Reference) => works[id];
const arena = createArena([
  {
    name: 'works',
    sdl: `type Query { all: [Media!]! items: [Item]! }
      interface Media @key(fields: "id") { id: ID! title: String! }
      interface Printed { pages: Int }
      type Book implements Media & Printed @key(fields: "id") { id: ID! title: String! pages: Int }
      type Map implements Media & Printed @key(fields: "id") { id: ID! title: String! pages: Int }
      type Film implements Media @key(fields: "id") { id: ID! title: String! minutes: Int }
      union Screened = Film
      union Item = Book | Map | Film`,
    resolvers: {
      Query: { all: () => Object.values(works), items: () => Object.values(works) },
      Media: { __resolveReference: known },
      Book: { __resolveReference: known },
      Map: { __resolveReference: known },
      Film: { __resolveReference: known },
    },
  },
  {
    name: 'ratings',
    sdl: `type Query { best: [Media!]! }
      type Media @key(fields: "id") @interfaceObject { id: ID! rating: Int title: String! @external slug: String! @requires(fields: "title") }`,
    resolvers: {
      Query: { best: () => Object.keys(works).map((id) => ({ id })) },
      Media: {
        __resolveReference: (reference: Reference) => reference,
        rating: () => 5,
        slug: ({ title }: Reference) => title?.toLowerCase(),
      },
    },
  },
]);

describe('a valid operation is planned, where plain Apollo throws', () => {
  test.each([
    ['another interface', '{ best { ... on Printed { pages } } }', [{ pages: 3 }, { pages: 1 }, {}]],
    [
      'another interface beside fields of its own',
      '{ best { rating ... on Printed { pages } id } }',
      [
        { rating: 5, pages: 3, id: 'b1' },
        { rating: 5, pages: 1, id: 'm1' },
        { rating: 5, id: 'f1' },
      ],
    ],
    ['the interface again below another', '{ best { ... on Printed { ... on Media { rating } } } }', [{ rating: 5 }, { rating: 5 }, {}]],
    ['only __typename', '{ best { ... on Screened { __typename } } }', [{}, {}, { __typename: 'Film' }]],
  ])('%s', async (_, document, best) => {
    await expect(arena.runPlain(document)).rejects.toThrow('We should have an edge from Media(ratings) for __typename');
    expect(await arena.runOurs(document)).toEqual({ data: { best }, errors: [] });
  });
});

test('the type of an object is not overwritten by the name that one subgraph has for its interface', async () => {
  const document = '{ items { ... on Book { rating ... on Media { __typename } } } }';
  expect(await arena.runPlain(document)).toEqual({ data: { items: [{}, {}, {}] }, errors: [] });
  expect(await arena.runOurs(document)).toEqual({ data: { items: [{ rating: 5, __typename: 'Book' }, {}, {}] }, errors: [] });
});

describe('a required field of one implementation', () => {
  test('does not make a subgraph be asked for others without a key', async () => {
    const document = '{ items { ... on Media { title ... on Film { slug } } } }';
    const titles = [{ title: 'Dune' }, { title: 'Bonn' }];
    expect(await arena.runPlain(document)).toMatchObject({
      data: { items: [...titles, null] },
      errors: [{ path: ['items', '@', '_entities'] }],
    });
    expect(arena.service('ratings').requests.at(-1)?.variables?.['representations']).toContainEqual({ __typename: 'Book', title: 'Dune' });
    expect(await arena.runOurs(document)).toEqual({ data: { items: [...titles, { title: 'Heat', slug: 'heat' }] }, errors: [] });
  });
  test('is not asked of others', async () => {
    const document = '{ items { ... on Film { slug } ... on Book { rating } } }';
    expect(await arena.runPlain(document)).toMatchObject({
      data: { items: [{ rating: null }, {}, { slug: 'heat' }] },
      errors: [{ path: ['items', 0, 'slug'] }],
    });
    expect(await arena.runOurs(document)).toEqual({ data: { items: [{ rating: 5 }, {}, { slug: 'heat' }] }, errors: [] });
  });
  test('does not cost others the fields that require nothing', async () => {
    const document = '{ items { ... on Media { rating } ... on Film { slug } } }';
    expect(await arena.runPlain(document)).toEqual({
      data: { items: [{ rating: null }, { rating: null }, { rating: 5, slug: 'heat' }] },
      errors: [],
    });
    expect(await arena.runOurs(document)).toEqual({
      data: { items: [{ rating: 5 }, { rating: 5 }, { rating: 5, slug: 'heat' }] },
      errors: [],
    });
  });
});

describe('an object of which nothing is selected is still there, where plain Apollo loses it', () => {
  const rows = [
    { __typename: 'Song', id: 's1', next: { id: 's1' }, encore: null },
    { __typename: 'Film', id: 'f1', next: { __typename: 'Film', id: 'f2' }, encore: { __typename: 'Song', id: 's1' } },
    { __typename: 'Clip', length: 1 },
  ];
  const byId = ({ id }: Reference) => rows.find((row) => row.id === id);
  const stage = createArena([
    {
      name: 'stage',
      sdl: `type Query { playing: [Playable] first: Playable }
        interface Playable { length: Int }
        type Song implements Playable @key(fields: "id") { id: ID! length: Int }
        type Film implements Playable @key(fields: "id") { id: ID! length: Int }
        type Clip implements Playable { length: Int }`,
      resolvers: { Query: { playing: () => rows, first: () => rows[0] } },
    },
    {
      name: 'works',
      sdl: `interface Media { id: ID! next: Media encore: Media }
        type Song implements Media @key(fields: "id") { id: ID! next: Song encore: Song }
        type Film implements Media @key(fields: "id") { id: ID! next: Media encore: Media }`,
      resolvers: { Song: { __resolveReference: byId }, Film: { __resolveReference: byId } },
    },
  ]);
  test.each<[string, unknown, unknown]>([
    [
      '{ playing { ... on Media { next { ... on Film { id } } } } }',
      { playing: [{ next: null }, { next: { id: 'f2' } }, {}] },
      { playing: [{ next: {} }, { next: { id: 'f2' } }, {}] },
    ],
    [
      '{ playing { ...M } } fragment M on Media { again: next { ... on Media { ... on Film { __typename } } } encore { ... on Film { id } } }',
      { playing: [{ again: null, encore: null }, { again: { __typename: 'Film' }, encore: {} }, {}] },
      { playing: [{ again: {}, encore: null }, { again: { __typename: 'Film' }, encore: {} }, {}] },
    ],
    [
      '{ first { length ... on Media { next { ... on Film { id } ... on Film { next { id } } } encore { ... on Film { id } } } } }',
      { first: { length: null, next: null, encore: null } },
      { first: { length: null, next: {}, encore: null } },
    ],
  ])('%s', async (document, plain, ours) => {
    expect(await stage.runPlain(document)).toEqual({ data: plain, errors: [] });
    expect(await stage.runOurs(document)).toEqual({ data: ours, errors: [] });
  });
  test('and is not asked for its type where something is selected of each', async () => {
    for (const { requests } of stage.services) requests.length = 0;
    await stage.runOurs(
      '{ first { length ... on Media { next { id ... on Film { id } } encore { ... on Song { id } ... on Film { id } } } } }',
    );
    expect(stage.services.flatMap(({ requests }) => requests.map(({ query }) => query)).join()).not.toContain('_type:');
  });
});
