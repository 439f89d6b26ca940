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
