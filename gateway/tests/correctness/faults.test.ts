import { type Arena, createArena } from './arena.ts';
import type { SubgraphOfWorld } from './services.ts';

/*
 * Where Apollo's planner gives a wrong answer and says nothing. Each test shows the wrong answer of plain
 * `@apollo/gateway` first, so that a planner that was mended is noticed, and then the right one of ours.
 */

type Row = Record<string, any>;
const rates: Record<string, number> = { EUR: 10, USD: 20, GBP: 30 };
const currency = 'enum Currency { EUR USD GBP }';
const same = (reference: Row) => reference;

const expectData = async (arena: Arena, document: string, plain: unknown, ours: unknown) => {
  expect(await arena.runPlain(document)).toEqual({ data: plain, errors: [] });
  expect(await arena.runOurs(document)).toEqual({ data: ours, errors: [] });
};

describe('a subgraph is not entered again by a key that it cannot resolve', () => {
  const known = { id: '1', upc: 'u1' };
  const arena = createArena([
    {
      name: 'delivery',
      sdl: `type Query { product: Product }
        type Product @key(fields: "id", resolvable: false) @key(fields: "upc") {
          id: ID! upc: ID! price: Int @external shipping: Int @requires(fields: "price")
        }`,
      resolvers: {
        Query: { product: () => known },
        Product: {
          __resolveReference: (reference: Row) => (reference['upc'] === known.upc ? { ...known, ...reference } : null),
          shipping: ({ price }: Row) => price * 2,
        },
      },
    },
    {
      name: 'catalog',
      sdl: 'type Product @key(fields: "id") @key(fields: "upc") { id: ID! upc: ID! price: Int }',
      resolvers: { Product: { __resolveReference: () => ({ ...known, price: 5 }) } },
    },
    {
      name: 'carts',
      sdl: 'type Query { inCart: Product } type Product @key(fields: "upc") { upc: ID! }',
      resolvers: { Query: { inCart: () => ({ upc: 'u1' }) }, Product: { __resolveReference: same } },
    },
  ]);
  test('after a detour for a required field', () =>
    expectData(arena, '{ product { shipping } }', { product: { shipping: null } }, { product: { shipping: 10 } }));
  test('when it was entered by the other key before', () =>
    expectData(arena, '{ inCart { shipping } }', { inCart: { shipping: null } }, { inCart: { shipping: 10 } }));
});

const catalog: SubgraphOfWorld = {
  name: 'catalog',
  sdl: `${currency} enum Unit { CM INCH }
    type Query { product: Product }
    type Product @key(fields: "id") { id: ID! name: String price(currency: Currency! = GBP): Int box: Box }
    type Box @shareable { size(unit: Unit = CM): Int label: String }`,
  resolvers: {
    Query: { product: () => ({ id: '1', name: 'Tea', box: { label: 'L' } }) },
    Product: {
      __resolveReference: () => ({ id: '1', name: 'Tea', box: { label: 'L' } }),
      price: (_: unknown, args: { currency: string }) => rates[args.currency],
    },
    Box: { size: (_: unknown, { unit }: { unit: string }) => (unit === 'CM' ? 254 : 100) },
  },
};

describe('what a client asks for does not take the place of what a plan needs', () => {
  const arena = createArena([
    catalog,
    {
      name: 'delivery',
      sdl: `${currency} enum Unit { CM INCH }
        type Product @key(fields: "id") {
          id: ID! price(currency: Currency! = GBP): Int @external box: Box @external
          shipping: Int @requires(fields: "price(currency: USD)") fee: Int @requires(fields: "box { size(unit: INCH) }") weight: Int
        }
        type Box { size(unit: Unit = CM): Int @external }`,
      resolvers: {
        Product: {
          __resolveReference: same,
          shipping: ({ price }: Row) => price + 1,
          fee: ({ box }: Row) => box.size + 1,
          weight: () => 7,
        },
      },
    },
  ]);
  const wrong = (document: string, plain: Row, ours: Row) => expectData(arena, document, { product: plain }, { product: ours });

  test('a field with other arguments, asked for before the one that requires it', () =>
    wrong('{ product { price(currency: EUR) shipping } }', { price: 10, shipping: 11 }, { price: 10, shipping: 21 }));
  test('a field with other arguments, asked for after the one that requires it', () =>
    wrong('{ product { shipping price(currency: EUR) } }', { shipping: 21, price: 20 }, { shipping: 21, price: 10 }));
  test('a field whose argument is left to its default', () =>
    wrong('{ product { shipping price } }', { shipping: 21, price: 20 }, { shipping: 21, price: 30 }));
  test('a field with other arguments inside of a required object', () =>
    wrong('{ product { fee box { size } } }', { fee: 101, box: { size: 100 } }, { fee: 101, box: { size: 254 } }));
  test('another field under the name of the required one', () =>
    wrong('{ product { shipping price: id } }', { shipping: 21, price: 20 }, { shipping: 21, price: '1' }));
  test('a field inside of a required object under the name of the required one', () =>
    wrong('{ product { fee box { size: label } } }', { fee: 101, box: { size: null } }, { fee: 101, box: { size: 'L' } }));
  test('another field under the name of a key', () =>
    wrong('{ product { id: name weight } }', { id: '1', weight: 7 }, { id: 'Tea', weight: 7 }));
  test('another field under the name of __typename', () =>
    wrong('{ product { __typename: name weight } }', { __typename: 'Product', weight: 7 }, { __typename: 'Tea', weight: 7 }));
  test('a leaf under the name of a required object', async () => {
    const document = '{ product { box: id fee } }';
    const plain = await arena.runPlain(document);
    expect(plain).toMatchObject({ data: { product: { box: '1', fee: null } }, errors: [{ path: ['product', 'fee'] }] });
    expect(await arena.runOurs(document)).toEqual({ data: { product: { box: '1', fee: 101 } }, errors: [] });
  });
});

describe('a client does not choose which entity is asked for', () => {
  const arena = createArena([
    {
      name: 'catalog',
      sdl: 'type Query { product: Product } type Product @key(fields: "id") { id: ID! }',
      resolvers: { Query: { product: () => ({ id: '1' }) } },
    },
    {
      name: 'stock',
      sdl: 'type Product @key(fields: "id") { id: ID! note: String weight: Int }',
      resolvers: { Product: { __resolveReference: ({ id }: Row) => ({ id, note: '2', weight: 5 }) } },
    },
    {
      name: 'delivery',
      sdl: 'type Product @key(fields: "id") { id: ID! weight: Int @external address: String @requires(fields: "weight") }',
      resolvers: { Product: { __resolveReference: same, address: ({ id }: Row) => `where ${id} goes` } },
    },
  ]);
  test('by putting a text under the name of the key', () =>
    expectData(
      arena,
      '{ product { address id: note } }',
      { product: { address: 'where 2 goes', id: '2' } },
      { product: { address: 'where 1 goes', id: '2' } },
    ));
});

describe('two fields that require one field with different arguments each get their own', () => {
  const arena = createArena([
    catalog,
    {
      name: 'delivery',
      sdl: `${currency} type Product @key(fields: "id") {
          id: ID! price(currency: Currency! = GBP): Int @external
          shipping: Int @requires(fields: "price(currency: USD)") tax: Int @requires(fields: "price(currency: EUR)")
        }`,
      resolvers: {
        Product: { __resolveReference: same, shipping: ({ price }: Row) => price + 1, tax: ({ price }: Row) => price + 2 },
      },
    },
  ]);
  const right = { shipping: 21, tax: 12 };
  test('side by side', () => expectData(arena, '{ product { shipping tax } }', { product: { shipping: 11, tax: 12 } }, { product: right }));
  test('the other way round', () =>
    expectData(arena, '{ product { tax shipping } }', { product: { tax: 22, shipping: 21 } }, { product: right }));
  test('brought together by merging', () =>
    expectData(arena, '{ a: product { shipping } a: product { tax } }', { a: { shipping: 11, tax: 12 } }, { a: right }));
  test('beside the client asking for it too', () =>
    expectData(
      arena,
      '{ product { shipping tax price } }',
      { product: { shipping: 11, tax: 12, price: 10 } },
      { product: { ...right, price: 30 } },
    ));
  test('under conditions', async () => {
    const document = '{ product { ... on Product @include(if: true) { shipping } ... on Product @skip(if: false) { tax } } }';
    expect(await arena.runPlain(document)).toMatchObject({ data: { product: null }, errors: [{}] });
    expect(await arena.runOurs(document)).toEqual({ data: { product: right }, errors: [] });
  });
});

describe('a field that a plan leaves out is an error and not a quiet null', () => {
  const thing = { __typename: 'Thing', id: 't1' };
  const nodes: SubgraphOfWorld = {
    name: 'nodes',
    sdl: `type Query { node: Node other: Int wrap: Wrap nodes: [Node!]! } type Wrap { name: String node: Node }
      interface Node @key(fields: "id") { id: ID! }`,
    resolvers: {
      Query: { node: () => thing, other: () => 1, wrap: () => ({ name: 'box', node: thing }), nodes: () => [thing] },
      Node: { __resolveType: () => 'Thing' },
    },
  };
  const labels = (resolvable: boolean): SubgraphOfWorld => ({
    name: 'labels',
    sdl: `type Query { labeled: Node } type Node @key(fields: "id", resolvable: ${resolvable}) @interfaceObject { id: ID! label: String }`,
    resolvers: { Query: { labeled: () => ({ id: 'n1', label: 'one' }) }, Node: { __resolveReference: same } },
  });
  const books: SubgraphOfWorld = {
    name: 'books',
    sdl: `interface Node @key(fields: "id") { id: ID! label: String }
      type Book implements Node @key(fields: "id") { id: ID! label: String }`,
    resolvers: { Book: { __resolveReference: same } },
  };
  const worlds: readonly (readonly [string, Arena])[] = [
    ['@interfaceObject', createArena([nodes, labels(true)])],
    ['@interfaceObject without a resolvable key', createArena([nodes, labels(false)])],
    [
      'an interface',
      createArena([
        { ...nodes, sdl: nodes.sdl.replace(' @key(fields: "id")', '') },
        { ...books, sdl: books.sdl.replace('Node @key(fields: "id")', 'Node') },
      ]),
    ],
  ];
  describe.each(worlds)('where no implementation is known beside %s', (_, arena) => {
    test.each<[string, unknown, unknown]>([
      ['{ node { label } }', { node: null }, ['node']],
      ['{ node { label } other }', { node: null, other: 1 }, ['node']],
      ['{ first: node { text: label } }', { first: null }, ['first']],
      ['{ wrap { name node { label } } }', { wrap: { name: 'box', node: null } }, ['wrap', 'node']],
    ])('%s', async (document, data, path) => {
      expect(await arena.runPlain(document)).toEqual({ data, errors: [] });
      const ours = await arena.runOurs(document);
      expect(ours).toEqual({ data, errors: [expect.objectContaining({ path })] });
      expect(ours.errors[0]?.extensions?.['code']).toBe('INTERNAL_SERVER_ERROR');
    });
    test('an object that holds nothing else stays', async () => {
      expect(await arena.runPlain('{ wrap { node { label } } }')).toEqual({ data: { wrap: null }, errors: [] });
      expect(await arena.runOurs('{ wrap { node { label } } }')).toEqual({
        data: { wrap: { node: null } },
        errors: [expect.objectContaining({ path: ['wrap', 'node'] })],
      });
    });
    test('a list that may not be null takes the answer with it', async () => {
      expect(await arena.runPlain('{ nodes { label } other }')).toEqual({ data: null, errors: [] });
      const { data, errors } = await arena.runOurs('{ nodes { label } other }');
      expect(data).toBeNull();
      expect(errors.map(({ path }) => path?.[0])).toEqual(['nodes']);
    });
  });
  test('an operation that cannot be planned is answered with a masked error', async () => {
    const arena = createArena([nodes, labels(false)]);
    const document = '{ labeled { id __typename } }';
    await expect(arena.runPlain(document)).rejects.toThrow('Subgraph nodes has no entities defined');
    const { data, errors } = await arena.runOurs(document);
    expect(data?.['labeled'] ?? null).toBeNull();
    expect(errors.map(({ extensions }) => extensions?.['code'])).toEqual(['INTERNAL_SERVER_ERROR']);
    expect(JSON.stringify(errors)).not.toContain('nodes');
  });
});
