import type { SubgraphRequest } from '@supergraph/platform/subgraph';
import { parse } from 'graphql';
import { fixture } from '../fixtures.ts';
import { smallGraph } from './small-graph.ts';

type Row = Record<string, any>;

const rates: Record<string, number> = { EUR: 10, USD: 20, GBP: 30 };
const enums = 'enum Currency { EUR USD GBP } enum Unit { CM INCH }';
const priced = (_: unknown, { currency }: { currency: string }) => (currency === 'GBP' ? null : rates[currency]);
const sized = (_: unknown, { unit }: { unit: string }) => (unit === 'CM' ? 254 : 100);

const catalog = fixture(
  'catalog',
  `${enums}
  type Query @public { product: Product items: [Item!]! }
  type Subscription @public { productChanged: Product }
  interface Item { id: ID! price(currency: Currency! = USD): Int }
  type Product implements Item @key(fields: "id") @public {
    id: ID! name: String price(currency: Currency! = USD): Int boxes(first: Int): [Box!]! gift: Item
  }
  type Film implements Item @key(fields: "id") @public { id: ID! price(currency: Currency! = USD): Int }
  type Box @shareable @public { size(unit: Unit = CM): Int label: String }`,
  {
    Query: {
      product: () => ({ id: 'p1', name: 'Tea' }),
      items: () => [
        { __typename: 'Product', id: 'p1' },
        { __typename: 'Film', id: 'f1' },
      ],
    },
    Subscription: {
      productChanged: {
        subscribe: async function* () {
          yield { productChanged: { id: 'p1' } };
        },
      },
    },
    Product: {
      __resolveReference: ({ id }: Row) => ({ id, name: 'Tea' }),
      price: priced,
      boxes: (_: unknown, { first = 2 }: { first?: number }) => ['S', 'L'].slice(0, first).map((label) => ({ label })),
      gift: () => ({ __typename: 'Film', id: 'f1' }),
    },
    Film: { __resolveReference: ({ id }: Row) => ({ id }), price: priced },
    Box: { size: sized },
  },
);

const told = (name: string) => (given: Row) => JSON.stringify([name, given[name]]);
const delivery = fixture(
  'delivery',
  `${enums}
  interface Item { id: ID! price(currency: Currency! = USD): Int }
  type Product implements Item @key(fields: "id") @public {
    id: ID!
    price(currency: Currency! = USD): Int @external
    boxes(first: Int): [Box!]! @external
    gift: Item @external
    dollars: String @requires(fields: "price(currency: USD)")
    usual: String @requires(fields: "price")
    euros(prefix: String): String @requires(fields: "price(currency: EUR)")
    pounds: String @requires(fields: "price(currency: GBP)")
    inches: String @requires(fields: "boxes { size(unit: INCH) }")
    centimeters: String @requires(fields: "boxes { size(unit: CM) }")
    firstBox: String @requires(fields: "boxes(first: 1) { label size(unit: CM) }")
    giftDollars: String @requires(fields: "gift { price(currency: USD) }")
    giftEuros: String @requires(fields: "gift { ... on Film { price(currency: EUR) } }")
    crate: Crate @requires(fields: "price(currency: USD)")
    weight: Int
  }
  type Crate @key(fields: "id") @public { id: ID! }
  type Film implements Item @key(fields: "id") @public {
    id: ID!
    price(currency: Currency! = USD): Int @external
    dollars: String @requires(fields: "price(currency: USD)")
    euros: String @requires(fields: "price(currency: EUR)")
  }
  type Box @shareable @public { size(unit: Unit = CM): Int label: String }`,
  {
    Product: {
      __resolveReference: (reference: Row) => reference,
      dollars: told('price'),
      usual: told('price'),
      euros: (given: Row, { prefix = '' }: { prefix?: string }) => prefix + told('price')(given),
      pounds: told('price'),
      inches: told('boxes'),
      centimeters: told('boxes'),
      firstBox: told('boxes'),
      giftDollars: ({ gift }: Row) => told('price')(gift),
      giftEuros: ({ gift }: Row) => told('price')(gift),
      crate: ({ price }: Row) => ({ id: `c${price}` }),
      weight: () => 7,
    },
    Film: { __resolveReference: (reference: Row) => reference, dollars: told('price'), euros: told('price') },
  },
);

/** Requires what is itself required with arguments, and has arguments of its own. */
const offers = fixture(
  'offers',
  `type Product @key(fields: "id") @public {
    id: ID!
    dollars: String @external
    euros(prefix: String): String @external
    offer: String @requires(fields: "dollars euros(prefix: \\"at \\")")
    other: String @requires(fields: "euros(prefix: \\"for \\")")
  }
  type Crate @key(fields: "id") @public { id: ID! color: String }`,
  {
    Crate: { __resolveReference: ({ id }: Row) => ({ id, color: `red ${id}` }) },
    Product: {
      __resolveReference: (reference: Row) => reference,
      offer: ({ dollars, euros }: Row) => `${dollars} ${euros}`,
      other: ({ euros }: Row) => euros,
    },
  },
);

const graph = smallGraph([catalog, delivery, offers]);
const euros = '["price",10]';
const dollars = '["price",20]';
const inches = '["boxes",[{"size":100},{"size":100}]]';
const centimeters = '["boxes",[{"size":254},{"size":254}]]';

/** Answers as ever, but what is asked for a crate comes after all else. */
const lateCrate = async (request: SubgraphRequest) => {
  if (request.query.includes('crate')) await new Promise((resolve) => setTimeout(resolve, 50));
  delivery.disturb = undefined;
  const answer = delivery.execute(request);
  delivery.disturb = lateCrate;
  return answer;
};

beforeEach(() => {
  delivery.disturb = undefined;
  catalog.requests.length = 0;
  delivery.requests.length = 0;
});

describe('fields that require one field with different arguments', () => {
  test.each<[string, string, unknown]>([
    ['each get their own', '{ product { dollars euros } }', { dollars, euros }],
    ['also where one of them leaves the argument to its default', '{ product { usual euros } }', { usual: dollars, euros }],
    ['also when it is null', '{ product { pounds euros } }', { pounds: '["price",null]', euros }],
    ['and three of them', '{ product { euros pounds dollars weight } }', { euros, pounds: '["price",null]', dollars, weight: 7 }],
    [
      'beside what the client asks for',
      '{ product { euros price(currency: GBP) dollars name } }',
      { euros, price: null, dollars, name: 'Tea' },
    ],
    ['in the objects of a list', '{ product { inches centimeters } }', { inches, centimeters }],
    [
      'under arguments of the list itself',
      '{ product { firstBox inches boxes(first: 1) { size } } }',
      { firstBox: '["boxes",[{"label":"S","size":254}]]', inches, boxes: [{ size: 254 }] },
    ],
    [
      'in an interface',
      '{ product { giftDollars giftEuros gift { id } } }',
      { giftDollars: dollars, giftEuros: euros, gift: { id: 'f1' } },
    ],
  ])('%s', async (_, document, product) => {
    expect(await graph.run(document)).toEqual({ data: { product }, errors: [] });
  });

  test('may be required with arguments themselves', async () => {
    expect(await graph.run('{ product { offer other euros(prefix: "or ") } }')).toEqual({
      data: { product: { offer: `${dollars} at ${euros}`, other: `for ${euros}`, euros: `or ${euros}` } },
      errors: [],
    });
  });

  test('are asked for in as few fetches as can be', async () => {
    await graph.run('{ product { dollars weight inches } }');
    expect(delivery.requests).toHaveLength(1);
    await graph.run('{ product { dollars euros weight inches centimeters } }');
    expect(delivery.requests).toHaveLength(3);
  });

  test('under conditions, each with its own variables', async () => {
    const document = `query ($yes: Boolean!, $no: Boolean!, $prefix: String) {
      product { ... on Product @include(if: $yes) { dollars } ...Rest @skip(if: $no) weight @include(if: $no) }
    } fragment Rest on Product { euros(prefix: $prefix) name }`;
    expect(await graph.run(document, { yes: true, no: false, prefix: 'in ' })).toEqual({
      data: { product: { dollars, euros: `in ${euros}`, name: 'Tea' } },
      errors: [],
    });
  });

  test('of several types, each with what it needs alone', async () => {
    const document = '{ items { ... on Product { dollars euros weight } ... on Film { euros } } }';
    const items = [{ dollars, euros, weight: 7 }, { euros }];
    expect(await graph.run(document)).toEqual({ data: { items }, errors: [] });
    const asked = delivery.requests.map(({ variables }) => variables?.['representations']);
    expect(asked).toEqual([
      [
        { __typename: 'Product', id: 'p1', price: 20 },
        { __typename: 'Film', id: 'f1', price: 10 },
      ],
      [{ __typename: 'Product', id: 'p1', price: 10 }],
    ]);
  });

  test('of an event', async () => {
    expect(await graph.listen('subscription { productChanged { euros dollars } }')).toEqual([
      { data: { productChanged: { euros, dollars } }, errors: [] },
    ]);
  });

  test('deferred, and what a deferred part builds on', async () => {
    const [first, ...later] = await graph.runInParts('{ product { name ... @defer { dollars euros } } }');
    expect(first).toEqual({ data: { product: { name: 'Tea' } }, errors: [] });
    expect(later).toEqual([{ path: ['product'], data: { dollars, euros }, errors: [] }]);
  });

  test('before a deferred part that builds on one of them', async () => {
    delivery.disturb = lateCrate;
    const [first, ...later] = await graph.runInParts('{ product { euros crate { id ... @defer { color } } } }');
    expect(first).toEqual({ data: { product: { euros, crate: { id: 'c20' } } }, errors: [] });
    expect(later).toEqual([{ path: ['product', 'crate'], data: { color: 'red c20' }, errors: [] }]);
  });

  test('and a value that cannot be had is an error of what was asked for, without a name of ours', async () => {
    catalog.disturb = () => Promise.resolve({ data: null, errors: [{ message: 'closed', extensions: { code: 'UPSTREAM_UNAVAILABLE' } }] });
    const answer = await graph.run('{ product { dollars euros } }');
    catalog.disturb = undefined;
    expect(answer).toEqual({
      data: { product: null },
      errors: [{ message: 'closed', path: ['product'], extensions: { code: 'UPSTREAM_UNAVAILABLE' } }],
    });
  });
});

describe('fields of an interface that a subgraph knows as an object', () => {
  const media = fixture(
    'media',
    `${enums} type Query @public { shelf: [Media!]! }
    interface Media @key(fields: "id") { id: ID! price(currency: Currency! = USD): Int }
    type Book implements Media @key(fields: "id") @public { id: ID! price(currency: Currency! = USD): Int }
    type Song implements Media @key(fields: "id") @public { id: ID! price(currency: Currency! = USD): Int }`,
    {
      Query: {
        shelf: () => [
          { __typename: 'Book', id: 'b1' },
          { __typename: 'Song', id: 's1' },
        ],
      },
      Book: { price: priced },
      Song: { price: priced },
    },
  );
  const taxes = fixture(
    'taxes',
    `${enums}
    type Media @key(fields: "id") @interfaceObject @public {
      id: ID!
      price(currency: Currency! = USD): Int @external
      tax: String @requires(fields: "price(currency: EUR)")
      duty: String @requires(fields: "price(currency: USD)")
    }`,
    { Media: { __resolveReference: (reference: Row) => reference, tax: told('price'), duty: told('price') } },
  );
  const shelf = smallGraph([media, taxes]);

  test('get their own, too', async () => {
    const both = { tax: euros, duty: dollars };
    expect(await shelf.run('{ shelf { tax duty } }')).toEqual({ data: { shelf: [both, both] }, errors: [] });
    expect(await shelf.run('{ shelf { ... on Book { tax } ... on Song { duty tax } } }')).toEqual({
      data: { shelf: [{ tax: euros }, { duty: dollars, tax: euros }] },
      errors: [],
    });
  });
});

describe('the fields that stand in', () => {
  test('are known to nobody else', async () => {
    const { data } = await graph.run('{ __type(name: "Product") { fields { name } } box: __type(name: "Box") { fields { name } } }');
    const names = [...data.__type.fields, ...data.box.fields].map(({ name }: Row) => name);
    expect(names).toEqual(expect.arrayContaining(['price', 'dollars', 'size']));
    expect(names.filter((name: string) => name.startsWith('_'))).toEqual([]);
    expect([...(graph.executor.facts.types.get('Product')?.fields.keys() ?? [])].filter((name) => name.startsWith('_'))).toEqual([]);
    expect(graph.executor.schema.getType('Item')).toMatchObject({ name: 'Item' });
    expect(() => graph.executor.warm(parse('{ product { _r0_price } }'))).toThrow();
  });
});
