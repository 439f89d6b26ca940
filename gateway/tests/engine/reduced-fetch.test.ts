import type { SubgraphRequest } from '@supergraph/platform/subgraph';
import { stripIgnoredCharacters } from 'graphql';
import { createEngineCache } from '../../src/cache/engine-cache.ts';
import { createMemoryStore } from '../../src/cache/memory-store.ts';
import { fixture } from '../fixtures.ts';
import { smallGraph } from './small-graph.ts';

/* Fetches of fewer fields, for objects that lack what others require: beside the cache, and with several keys. */

type Row = Record<string, any>;

/** What a service was asked since the last look: the fields of each fetch of entities, and the representations. */
const askedOf = (service: ReturnType<typeof fixture>) =>
  service.requests
    .splice(0)
    .map(({ query, variables }) => [/\{_entities\([^)]*\)(.*)\}/.exec(stripIgnoredCharacters(query))?.[1], variables?.['representations']])
    .toSorted(([one], [other]) => (String(one) < String(other) ? -1 : 1));
/** Answers as ever, but forgets a field of some entities, so that those have less than others. */
const forgetting =
  (service: ReturnType<typeof fixture>, field: string, ...ids: string[]) =>
  async (request: SubgraphRequest) => {
    const { disturb } = service;
    service.disturb = undefined;
    const { data } = await service.execute(request);
    service.disturb = disturb;
    const { representations = [] } = (request.variables ?? {}) as { representations?: Row[] };
    const { _entities: entities } = data as { _entities: Row[] };
    for (const [index, entity] of entities.entries()) if (ids.includes(representations[index]?.['id'] as string)) delete entity[field];
    return { data };
  };

describe('an object that lacks what a field requires, where entities are remembered', () => {
  const ids = ['p1', 'p2'];
  const catalog = fixture(
    'catalog',
    `type Query @public { clock: String! products: [Product!]! @cacheControl(maxAge: 60) } type Product @key(fields: "id") @public { id: ID! }`,
    { Query: { clock: () => 'now', products: () => ids.map((id) => ({ id })) } },
  );
  const costs = fixture('costs', 'type Product @key(fields: "id") @public { id: ID! cost: Int duty: Int }', {
    Product: { __resolveReference: ({ id }: Row) => (id === hidden ? null : { id, cost: 9, duty: 3 }) },
  });
  let hidden: string | undefined;
  const delivery = fixture(
    'delivery',
    `type Product @key(fields: "id") @public {
      id: ID!
      cost: Int @external
      duty: Int @external
      levy: Int @requires(fields: "duty") @cacheControl(maxAge: 60)
      fee: Int @requires(fields: "cost") @cacheControl(maxAge: 60)
    }`,
    { Product: { __resolveReference: (row: Row) => row, levy: ({ duty }: Row) => duty + 1, fee: ({ cost }: Row) => cost + 1 } },
  );
  const document = '{ clock products { levy fee } }';
  const open = () => {
    const store = createMemoryStore({ bytes: 1_000_000, now: () => Date.now() });
    return { store, graph: smallGraph([catalog, costs, delivery], true, createEngineCache({ store })) };
  };

  beforeEach(() => {
    hidden = undefined;
    for (const one of [catalog, costs, delivery]) {
      one.requests.length = 0;
      one.disturb = undefined;
    }
  });

  test('goes with a fetch of its own, of which nothing is remembered in the place of the whole one', async () => {
    const { graph } = open();
    costs.disturb = forgetting(costs, 'cost', 'p2');
    const first = await graph.run(document);
    expect(first.data.products).toEqual([
      { levy: 4, fee: 10 },
      { levy: 4, fee: null },
    ]);
    expect(askedOf(delivery)).toEqual([
      ['{...on Product{fee levy}}', [{ __typename: 'Product', id: 'p1', cost: 9, duty: 3 }]],
      ['{...on Product{levy}}', [{ __typename: 'Product', id: 'p2', duty: 3 }]],
    ]);
    costs.disturb = undefined;
    const whole = [
      { levy: 4, fee: 10 },
      { levy: 4, fee: 10 },
    ];
    expect((await graph.run(document)).data.products).toEqual(whole);
    expect(askedOf(delivery)).toEqual([['{...on Product{fee levy}}', [{ __typename: 'Product', id: 'p2', cost: 9, duty: 3 }]]]);
    expect((await graph.run(document)).data.products).toEqual(whole);
    expect(askedOf(delivery)).toEqual([]);
  });

  test('does not lose to what is remembered, and is not asked for it', async () => {
    const { graph } = open();
    await graph.run(document);
    expect(askedOf(delivery)).toHaveLength(1);
    costs.disturb = forgetting(costs, 'cost', 'p2');
    expect((await graph.run(document)).data.products).toEqual([
      { levy: 4, fee: 10 },
      { levy: 4, fee: null },
    ]);
    expect(askedOf(delivery)).toEqual([['{...on Product{levy}}', [{ __typename: 'Product', id: 'p2', duty: 3 }]]]);
  });

  test('is asked for again when what it lacks is there, also if the whole answer was kept', async () => {
    const { graph, store } = open();
    hidden = 'p2';
    const kept = '{ products { levy fee } }';
    const lacking = [
      { levy: 4, fee: 10 },
      { levy: null, fee: null },
    ];
    expect(await graph.run(kept)).toEqual({ data: { products: lacking }, errors: [] });
    hidden = undefined;
    store.touch(['Product:p2']);
    expect((await graph.run(kept)).data.products[1]).toEqual({ levy: 4, fee: 10 });
  });
});

describe('a subgraph that is entered by several keys', () => {
  const works: Row[] = [
    { __typename: 'Book', id: 'b1', code: 'B', title: 'Dune' },
    { __typename: 'Map', id: 'm1', code: 'M', title: 'Bonn' },
    { __typename: 'Film', id: 'f1', code: 'F', title: 'Heat' },
  ];
  const media = fixture(
    'media',
    `type Query @public { found: [Found!]! }
    interface Media @key(fields: "id") @key(fields: "code place { name }") { id: ID! code: ID! place: Place! title: String! }
    type Book implements Media @key(fields: "id") @key(fields: "code place { name }") @public { id: ID! code: ID! place: Place! title: String! }
    type Map implements Media @key(fields: "id") @key(fields: "code place { name }") @public { id: ID! code: ID! place: Place! title: String! }
    type Film implements Media @key(fields: "id") @key(fields: "code place { name }") @public { id: ID! code: ID! place: Place! title: String! }
    type Place @shareable @public { name: String! }
    union Found = Book | Map | Film`,
    { Query: { found: () => works.map((row) => ({ ...row, place: { name: `of ${row['id']}` } })) } },
  );
  const ratings = fixture(
    'ratings',
    `type Media @key(fields: "code place { name }") @key(fields: "id") @interfaceObject @public {
      id: ID!
      code: ID!
      place: Place!
      title: String! @external
      stars: Int @cacheControl(maxAge: 60)
      slug: String @requires(fields: "title") @cacheControl(maxAge: 60)
    }
    type Place @shareable @public { name: String! }`,
    {
      Media: {
        __resolveReference: (reference: Row) => reference,
        stars: ({ id, place }: Row) => (id ? 1 : place.name.length),
        slug: ({ title }: Row) => title.toLowerCase(),
      },
    },
  );
  const graph = smallGraph([media, ratings]);

  const byId = (id: string, more: Row = {}) => ({ __typename: 'Media', id, ...more });
  const byCode = (code: string, name: string, more: Row = {}) => ({ __typename: 'Media', code, place: { name }, ...more });
  beforeEach(() => {
    ratings.requests.length = 0;
    media.disturb = undefined;
  });

  test.each<[string, string, unknown, unknown]>([
    [
      'by the key that the plan has for all of them',
      '{ found { ... on Media { stars slug } } }',
      [
        { stars: 1, slug: 'dune' },
        { stars: 1, slug: 'bonn' },
        { stars: 1, slug: 'heat' },
      ],
      [['{...on Media{stars slug}}', [byId('b1', { title: 'Dune' }), byId('m1', { title: 'Bonn' }), byId('f1', { title: 'Heat' })]]],
    ],
    [
      'by whichever key an object has, where it goes without the others',
      '{ found { ... on Media { stars } ... on Film { slug } ... on Book { code place { name } } } }',
      [{ stars: 5, code: 'B', place: { name: 'of b1' } }, { stars: 1 }, { stars: 1, slug: 'heat' }],
      [
        ['{...on Media{slug stars}}', [byId('f1', { title: 'Heat' })]],
        ['{...on Media{stars}}', [byCode('B', 'of b1')]],
        ['{...on Media{stars}}', [byId('m1')]],
      ],
    ],
    [
      'by a key of several fields, where the plan chooses that',
      '{ found { ... on Media { code place { name } } ... on Film { slug } ... on Book { stars } } }',
      [
        { code: 'B', place: { name: 'of b1' }, stars: 5 },
        { code: 'M', place: { name: 'of m1' } },
        { code: 'F', place: { name: 'of f1' }, slug: 'heat' },
      ],
      [
        ['{...on Media{slug}}', [byCode('F', 'of f1', { title: 'Heat' })]],
        ['{...on Media{stars}}', [byCode('B', 'of b1')]],
      ],
    ],
  ])('%s', async (_, document, found, asked) => {
    expect(await graph.run(document)).toEqual({ data: { found }, errors: [] });
    expect(askedOf(ratings)).toEqual(asked);
  });

  test('not by one of which a part is missing', async () => {
    const rows = works.map(({ __typename, id, code, title }) => ({
      __typename,
      id,
      code,
      title,
      place: id === 'b1' ? {} : { name: `of ${id}` },
    }));
    media.disturb = () => Promise.resolve({ data: { found: rows } });
    const { data } = await graph.run(
      '{ found { ... on Media { id code place { name } } ... on Film { slug } ... on Map { stars } ... on Book { stars } } }',
    );
    expect(data).toBeNull();
    expect(askedOf(ratings).flatMap(([, representations]) => representations as Row[])).toEqual(
      expect.arrayContaining([byId('b1'), byCode('F', 'of f1', { title: 'Heat' }), byCode('M', 'of m1')]),
    );
  });

  test('where entities are remembered: what was reduced is asked for anew, and always right', async () => {
    const store = createMemoryStore({ bytes: 1_000_000, now: () => Date.now() });
    const remembering = smallGraph([media, ratings], true, createEngineCache({ store }));
    const document = '{ found { ... on Media { stars } ... on Film { slug } } }';
    const right = { found: [{ stars: 1 }, { stars: 1 }, { stars: 1, slug: 'heat' }] };
    for (const _ of [1, 2, 3]) {
      expect(await remembering.run(document)).toEqual({ data: right, errors: [] });
      expect(askedOf(ratings)).toEqual([
        ['{...on Media{slug stars}}', [byId('f1', { title: 'Heat' })]],
        ['{...on Media{stars}}', [byId('b1'), byId('m1')]],
      ]);
    }
  });
});
