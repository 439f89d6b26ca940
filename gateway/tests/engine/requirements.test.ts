import { nobody } from '@supergraph/platform/context';
import { parse } from 'graphql';
import type { Explained } from '../../src/explained.ts';
import { fixture } from '../fixtures.ts';
import { smallGraph } from './small-graph.ts';

type Row = Record<string, any>;

/** What a service was asked: the fields of each fetch of entities, and the representations. */
const askedOf = (service: ReturnType<typeof fixture>) =>
  service.requests
    .filter(({ query }) => query.includes('_entities'))
    .map(({ query, variables }) => [/\{_entities\([^)]*\)(.*)\}/.exec(query)?.[1], variables?.['representations']]);

describe('a fetch of fields with different requirements', () => {
  const products: Row[] = [
    { __typename: 'Product', id: 'p1', price: 3, box: { size: 1, maker: { id: 'm1' } } },
    { __typename: 'Product', id: 'p2', price: null, box: null },
  ];
  const catalog = fixture(
    'catalog',
    `type Query @public { products: [Product!]! }
    type Product @key(fields: "id") @public { id: ID! price: Int box: Box }
    type Box @public { size: Int maker: Maker }
    type Maker @key(fields: "id") @public { id: ID! }`,
    { Query: { products: () => products } },
  );
  const makers = fixture('makers', 'type Maker @key(fields: "id") @public { id: ID! country: String }', {
    Maker: { __resolveReference: ({ id }: Row) => ({ id, country: `of ${id}` }) },
  });
  const costs = fixture('costs', 'type Product @key(fields: "id") @public { id: ID! cost: Int }', {
    Product: { __resolveReference: ({ id }: Row) => ({ id, cost: 9 }) },
  });
  const told = (name: string) => (given: Row) => JSON.stringify(given[name] ?? null);
  const delivery = fixture(
    'delivery',
    `type Product @key(fields: "id") @public {
      id: ID!
      price: Int @external
      cost: Int @external
      box: Box @external
      weight: Int
      shipping: String @requires(fields: "price")
      profit(unit: String!): String @requires(fields: "price cost")
      origin: String @requires(fields: "box { maker { country } }")
      volume: String @requires(fields: "box { size }")
    }
    type Box @public { size: Int @external maker: Maker @external }
    type Maker @key(fields: "id") @public { id: ID! country: String @external }`,
    {
      Product: {
        __resolveReference: (reference: Row) => reference,
        weight: () => 7,
        shipping: told('price'),
        profit: ({ price, cost }: Row, { unit }: Row) => `${unit}${cost - price}`,
        origin: told('box'),
        volume: told('box'),
      },
    },
  );
  const graph = smallGraph([catalog, makers, costs, delivery]);
  const refuse = () => Promise.resolve({ data: null, errors: [{ message: 'closed', extensions: { code: 'UPSTREAM_UNAVAILABLE' } }] });

  beforeEach(() => {
    for (const one of [catalog, makers, costs, delivery]) {
      one.requests.length = 0;
      one.disturb = undefined;
    }
  });

  test('is one fetch as long as objects have what is required; null is something', async () => {
    const { data, errors } = await graph.run('{ products { weight shipping volume } }');
    expect(errors).toEqual([]);
    expect(data.products).toEqual([
      { weight: 7, shipping: '3', volume: '{"size":1}' },
      { weight: 7, shipping: 'null', volume: 'null' },
    ]);
    expect(askedOf(delivery)).toEqual([
      [
        '{...on Product{weight shipping volume}}',
        [
          { __typename: 'Product', id: 'p1', price: 3, box: { size: 1 } },
          { __typename: 'Product', id: 'p2', price: null, box: null },
        ],
      ],
    ]);
  });

  test('loses only those whose requirements another subgraph did not give', async () => {
    const document = 'query ($unit: String!) { products { weight shipping profit(unit: $unit) origin } }';
    costs.disturb = refuse;
    const { data } = await graph.run(document, { unit: '$' });
    expect(data.products).toEqual([
      { weight: 7, shipping: '3', profit: null, origin: '{"maker":{"country":"of m1"}}' },
      { weight: 7, shipping: 'null', profit: null, origin: 'null' },
    ]);
    expect(delivery.requests.map(({ query }) => query).join()).not.toMatch(/profit|unit/);
  });

  test('also where the missing value is deep below an entity: it is not called null', async () => {
    makers.disturb = refuse;
    const { data } = await graph.run('{ products { volume origin } }');
    expect(data.products).toEqual([
      { volume: '{"size":1}', origin: null },
      { volume: 'null', origin: 'null' },
    ]);
    makers.disturb = undefined;
    expect((await graph.run('{ products { origin } }')).data.products[0]).toEqual({ origin: '{"maker":{"country":"of m1"}}' });
  });
});

describe('an interface that a subgraph knows as an object', () => {
  const works: Row[] = [
    { __typename: 'Book', id: 'b1', title: 'Dune' },
    { __typename: 'Map', id: 'm1', title: 'Bonn' },
    { __typename: 'Film', id: 'f1', title: 'Heat' },
    { __typename: 'Film', id: 'f2', title: 'Alien' },
  ];
  const media = fixture(
    'media',
    `type Query @public { shelf: [Media!]! found: [Found!]! }
    interface Media @key(fields: "id") { id: ID! title: String! }
    type Book implements Media @key(fields: "id") @public { id: ID! title: String! twin: Media }
    type Map implements Media @key(fields: "id") @public { id: ID! title: String! }
    type Film implements Media @key(fields: "id") @public { id: ID! title: String! twin: Media }
    union Found = Book | Map | Film`,
    { Query: { shelf: () => works, found: () => works } },
  );
  const ratings = fixture(
    'ratings',
    `type Media @key(fields: "id") @interfaceObject @public {
      id: ID!
      title: String! @external
      rating: Int!
      stars: Int
      slug: String! @requires(fields: "title")
      label(of: String!): String @requires(fields: "title")
    }`,
    {
      Media: {
        __resolveReference: (reference: Row) => reference,
        rating: ({ id }: Row) => {
          if (id === 'm1') throw new Error('no rating');
          return 5;
        },
        stars: () => 3,
        slug: ({ title }: Row) => title.toLowerCase(),
        label: ({ title }: Row, { of: prefix }: Row) => `${prefix} ${title}`,
      },
    },
  );
  const graph = smallGraph([media, ratings]);
  const of = (id: string, more: Row = {}) => ({ __typename: 'Media', id, ...more });
  const slugs = [of('f1', { title: 'Heat' }), of('f2', { title: 'Alien' })];

  beforeEach(() => {
    ratings.requests.length = 0;
  });

  test('is asked in one fetch for what is selected of all its types', async () => {
    const { data } = await graph.run('{ found { ... on Media { stars slug } } }');
    expect(data.found).toHaveLength(4);
    expect(data.found[3]).toEqual({ stars: 3, slug: 'alien' });
    expect(askedOf(ratings)).toEqual([['{...on Media{stars slug}}', works.map(({ id, title }) => of(id, { title }))]]);
  });

  test('is asked for what one type requires without those that lack it', async () => {
    const { data, errors } = await graph.run('{ found { ... on Media { stars } ... on Film { slug } } }');
    expect(errors).toEqual([]);
    expect(data.found).toEqual([{ stars: 3 }, { stars: 3 }, { stars: 3, slug: 'heat' }, { stars: 3, slug: 'alien' }]);
    expect(askedOf(ratings)).toEqual([
      ['{...on Media{slug stars}}', slugs],
      ['{...on Media{stars}}', [of('b1'), of('m1')]],
    ]);
  });

  test('is not asked of one type for what is selected of another, though all could be had', async () => {
    const { data, errors } = await graph.run('{ found { ... on Media { title } ... on Film { slug rating } ... on Map { stars } } }');
    expect(errors).toEqual([]);
    expect(data.found[1]).toEqual({ title: 'Bonn', stars: 3 });
    expect(askedOf(ratings)).toEqual(
      expect.arrayContaining([
        ['{...on Media{slug rating}}', slugs],
        ['{...on Media{stars}}', [of('m1')]],
      ]),
    );
    expect(ratings.requests).toHaveLength(2);
  });

  test('is asked with the variables of those fields only that are left', async () => {
    const document = 'query ($of: String!) { found { ... on Media { stars } ... on Film { label(of: $of) } } }';
    const { data, errors } = await graph.run(document, { of: 'the' });
    expect(errors).toEqual([]);
    expect(data.found.slice(1, 3)).toEqual([{ stars: 3 }, { stars: 3, label: 'the Heat' }]);
    const asked = ratings.requests.map(({ query, variables }) => [query.includes('$of'), Object.keys(variables ?? {}).toSorted()]);
    expect(asked).toEqual([
      [true, ['of', 'representations']],
      [false, ['representations']],
    ]);
  });

  test('is told with the fetch of the plan, whatever is made of it', async () => {
    const { extensions } = await graph.executor.execute({
      document: parse('{ found { ... on Media { stars } ... on Film { slug } } }'),
      operationName: undefined,
      variables: {},
      identity: nobody('test'),
      explain: true,
      signal: new AbortController().signal,
      deadline: Date.now() + 5_000,
    });
    const { timings } = extensions as unknown as Explained;
    expect(timings.fetches.map((one) => one.fetch)).toEqual([1, 2, 2]);
  });

  test('is asked of nobody without a key', async () => {
    const { data, errors } = await graph.run('{ found { ... on Media { title } ... on Film { slug } } }');
    expect(errors).toEqual([]);
    expect(data.found.slice(1, 3)).toEqual([{ title: 'Bonn' }, { title: 'Heat', slug: 'heat' }]);
    expect(askedOf(ratings)).toEqual([['{...on Media{slug}}', slugs]]);
  });

  test('has the errors of what was asked of each, at its place', async () => {
    const { data, errors } = await graph.run('{ found { ... on Media { title } ... on Film { slug } ... on Map { stars rating } } }');
    expect(data).toBeNull();
    expect(errors.map(({ path }) => path)).toEqual([['found', 1, 'rating']]);
  });

  test('is asked once of an entity that two places refer to, each for its own', async () => {
    const document = `{ shelf { ...F } found { ...F } } fragment F on Media { ... on Film { slug } ... on Book { stars } }`;
    await graph.run(document);
    const asked = askedOf(ratings);
    expect(asked).toHaveLength(2);
    expect(asked).toEqual(
      expect.arrayContaining([
        ['{...on Media{slug}}', slugs],
        ['{...on Media{stars}}', [of('b1')]],
      ]),
    );
  });
});
