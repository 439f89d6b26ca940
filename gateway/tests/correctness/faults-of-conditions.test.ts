import { createArena } from './arena.ts';

/*
 * Where Apollo's planner loses what `@skip` and `@include` say. As in faults.test.ts, the wrong answer of plain
 * `@apollo/gateway` comes first and the right one of ours second.
 */

const asked: string[] = [];
const arena = createArena([
  {
    name: 'people',
    sdl: `type Query { one: User all: [User]! } type Mutation { add: User! }
      type User @key(fields: "id") { id: ID! name: String best: User bad: Int! }`,
    resolvers: {
      Query: { one: () => ({ id: '1' }), all: () => [{ id: '1' }, null] },
      Mutation: {
        add: () => {
          asked.push('add');
          return { id: '3' };
        },
      },
      User: {
        __resolveReference: (reference: object) => reference,
        name: ({ id }: { id: string }) => `name ${id}`,
        best: () => ({ id: '2' }),
        bad: () => {
          asked.push('bad');
          return null;
        },
      },
    },
  },
]);
beforeEach(() => asked.splice(0));

describe('an object of which every field is left out is still there', () => {
  const both = 'query ($in: Boolean!, $out: Boolean!)';
  const variables = { in: true, out: false };
  test.each([
    ['an object', `${both} { one @include(if: $in) { name @include(if: $out) } }`, { one: null }, { one: {} }],
    ['a list that may not be null', `${both} { all @include(if: $in) { name @include(if: $out) } }`, null, { all: [{}, null] }],
  ])('%s', async (_, document, plain, ours) => {
    expect(await arena.runPlain(document, variables)).toEqual({ data: plain, errors: [] });
    expect(await arena.runOurs(document, variables)).toEqual({ data: ours, errors: [] });
  });
  test('and a mutation runs though nothing is selected of what it gives', async () => {
    const document = `mutation ($in: Boolean!, $out: Boolean!) { add @include(if: $in) { id @include(if: $out) } }`;
    expect(await arena.runPlain(document, variables)).toEqual({ data: null, errors: [] });
    expect(asked.splice(0)).toEqual([]);
    expect(await arena.runOurs(document, variables)).toEqual({ data: { add: {} }, errors: [] });
    expect(asked).toEqual(['add']);
  });
});

describe('what is left out is not asked for', () => {
  test('where both directives stand on it, below another condition', async () => {
    const document = 'query ($out: Boolean!) { one @skip(if: $out) { best @skip(if: true) @include(if: true) { bad } best { id } } }';
    expect(await arena.runPlain(document, { out: false })).toMatchObject({
      data: { one: { best: null } },
      errors: [{ path: ['one', 'best', 'bad'] }],
    });
    expect(asked.splice(0)).toEqual(['bad']);
    expect(await arena.runOurs(document, { out: false })).toEqual({ data: { one: { best: { id: '2' } } }, errors: [] });
    expect(asked).toEqual([]);
  });
});

describe('a field beside one that is left out', () => {
  const requiring = createArena([
    {
      name: 'catalog',
      sdl: 'type Query { product: Product } type Product @key(fields: "id") { id: ID! price: Int }',
      resolvers: { Query: { product: () => ({ id: '1', price: 5 }) } },
    },
    {
      name: 'delivery',
      sdl: 'type Product @key(fields: "id") { id: ID! price: Int @external shipping: Int @requires(fields: "price") weight: Int }',
      resolvers: {
        Product: { __resolveReference: (row: object) => row, shipping: ({ price }: { price: number }) => price + 1, weight: () => 7 },
      },
    },
  ]);
  test('is not lost with what only the left out one requires', async () => {
    const document = 'query ($out: Boolean!) { product { weight shipping @include(if: $out) } }';
    expect(await requiring.runPlain(document, { out: false })).toEqual({ data: { product: { weight: null } }, errors: [] });
    expect(await requiring.runOurs(document, { out: false })).toEqual({ data: { product: { weight: 7 } }, errors: [] });
    expect(await requiring.runOurs(document, { out: true })).toEqual({ data: { product: { weight: 7, shipping: 6 } }, errors: [] });
  });
});
