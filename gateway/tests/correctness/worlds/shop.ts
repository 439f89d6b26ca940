import { conflict, notFound } from '@supergraph/platform/errors';
import type { Data, Row, WorldDefinition } from '../world-definition.ts';

/** Several keys, keys of objects, `@requires` in chains, `@provides`, shared value types, missing entities, fields that throw. */
const catalog = `
  scalar JSON
  scalar DateTime
  scalar BigInt
  enum Category { TEA POT CUP }
  enum Unit { MM INCH }
  input NameFilter { startsWith: String = "T" exact: String }
  input ProductFilter { categories: [Category!] maxPrice: Int = 5000 name: NameFilter not: [ProductFilter!] }
  type Query {
    products(first: Int = 3, filter: ProductFilter): [Product!]!
    product(id: ID, upc: String): Product
    maybe: [Product]
    makers: [Maker!]
  }
  type Product @key(fields: "id") @key(fields: "upc") {
    id: ID!
    upc: String!
    name: String! @shareable
    category: Category
    price: Money!
    box: Box
    packing: Packing
    maker: Maker
    related(first: Int! = 2): [Product]
    grid: [[Int]!]
    details: JSON
    listedAt: DateTime
    serial: BigInt
    secret: String
  }
  type Money @shareable { amount: String! currency: String! }
  type Box @shareable { width: Int height: Int }
  type Packing { box: Box unit: Unit }
  type Maker @key(fields: "country { code } number") { country: Country! number: Int! title: String }
  type Country @shareable { code: String! name: String }
`;

const stock = `
  type Query { warehouses: [Warehouse!]! low(limit: Int! = 5): [Product!] }
  type Product @key(fields: "upc") { upc: String! quantity: Int inStock: Boolean! warehouses: [Warehouse!] shelf: Shelf }
  type Warehouse @key(fields: "id") { id: ID! city: String! capacity: Int! holds: [Product!]! }
  type Shelf { row: Int! box: Box level: Level! }
  type Level { number: Int! above: Level }
  type Box @shareable { width: Int height: Int }
`;

const delivery = `
  type Query { couriers(ids: [ID!]! = ["1", "2"]): [Courier]! }
  type Product @key(fields: "id") @key(fields: "upc") {
    id: ID!
    upc: String!
    box: Box @external
    price: Money! @external
    quantity: Int @external
    area: Int @requires(fields: "box { width height }")
    shipping: Money @requires(fields: "price { amount currency } box { width }")
    label(upper: Boolean = false): String @requires(fields: "quantity")
    courier: Courier @requires(fields: "quantity")
  }
  type Box @shareable { width: Int height: Int }
  type Money @shareable { amount: String! currency: String! }
  type Courier @key(fields: "id") { id: ID! name: String! carries: Product }
`;

const reviews = `
  type Query { reviews(stars: [Int!]): [Review!]! latest: Review }
  type Review @key(fields: "id") {
    id: ID!
    stars: Int!
    text: String
    author: User! @provides(fields: "nickname")
    product: Product @provides(fields: "name")
    votes: [Vote!]!
  }
  type Vote { up: Boolean! by: User }
  type User @key(fields: "id") { id: ID! nickname: String @external reviews: [Review!]! }
  type Product @key(fields: "id") { id: ID! name: String! @external reviews(first: Int): [Review!]! rating: Float }
  type Maker @key(fields: "country { code } number") { country: Country! number: Int! praised: Boolean! }
  type Country @shareable { code: String! }
`;

const people = `
  type Query { me: User users(ids: [ID!]): [User]! }
  type User @key(fields: "id") { id: ID! nickname: String @shareable email: String! friend: User favorites: [Product!] mood(loud: Boolean): String }
  type Product @key(fields: "upc", resolvable: false) { upc: String! }
  type Courier @key(fields: "id") { id: ID! person: User }
`;

const product = (id: string, row: object): Row => ({ __typename: 'Product', id, upc: `u${id}`, ...row });

const data = (): Data => ({
  Product: [
    product('1', {
      name: 'Tea',
      category: 'TEA',
      cents: 300,
      box: { width: 10, height: 20, unit: 'MM' },
      makerNumber: 1,
      quantity: 7,
      related: ['2', 'gone', '3'],
      grid: [[1, null], []],
      details: { a: [1, { b: null }], __proto__: undefined },
      listedAt: '2024-01-01T00:00:00.000Z',
      serial: 9007199254740991,
    }),
    product('2', {
      name: 'Pot',
      category: 'POT',
      cents: 2000,
      box: { width: 4, height: null, unit: 'INCH' },
      makerNumber: 2,
      quantity: 0,
      related: ['1'],
      grid: null,
      details: [1, 'two', false],
      serial: 12,
    }),
    product('3', {
      name: 'Cup',
      category: null,
      cents: 900,
      box: null,
      makerNumber: 1,
      quantity: null,
      related: [],
      grid: [[3]],
      details: 'text',
    }),
    // Stock does not know this one.
    product('4', {
      name: 'Tray',
      category: 'CUP',
      cents: 1500,
      box: { width: 1, height: 2 },
      makerNumber: 3,
      related: null,
      details: null,
    }),
  ],
  Maker: [
    { __typename: 'Maker', country: { code: 'DE', name: 'Germany' }, number: 1, title: 'Anna', praised: true },
    { __typename: 'Maker', country: { code: 'DE', name: 'Germany' }, number: 2, title: null, praised: false },
    { __typename: 'Maker', country: { code: 'FR', name: null }, number: 1, title: 'Luc', praised: true },
  ],
  Warehouse: [
    { __typename: 'Warehouse', id: '1', city: 'Bonn', capacity: 10, holds: ['1', '2'] },
    { __typename: 'Warehouse', id: '2', city: 'Lyon', capacity: null, holds: ['3'] },
  ],
  Courier: [
    { __typename: 'Courier', id: '1', name: 'Swift', carries: '1', person: '2' },
    { __typename: 'Courier', id: '2', name: 'Slow', carries: null, person: null },
  ],
  Review: [
    {
      __typename: 'Review',
      id: '1',
      stars: 5,
      text: 'good',
      author: '1',
      product: '1',
      votes: [
        { up: true, by: '2' },
        { up: false, by: null },
      ],
    },
    { __typename: 'Review', id: '2', stars: 2, text: null, author: '2', product: '1', votes: [] },
    { __typename: 'Review', id: '3', stars: 4, text: 'fine', author: '3', product: '2', votes: [{ up: true, by: '3' }] },
    { __typename: 'Review', id: '4', stars: 1, text: 'lost', author: '1', product: null, votes: [] },
  ],
  User: [
    { __typename: 'User', id: '1', nickname: 'ada', email: 'ada@example.com', friend: '2', favorites: ['1', '3'] },
    { __typename: 'User', id: '2', nickname: null, email: 'bob@example.com', friend: '3', favorites: [] },
    { __typename: 'User', id: '3', nickname: 'cy', email: null, friend: null, favorites: null },
  ],
});

const find = (rows: Row[] | undefined, id: unknown): Row | null => rows?.find((row) => row['id'] === id) ?? null;
const findAll = (rows: Row[] | undefined, ids: unknown): (Row | null)[] | null =>
  Array.isArray(ids) ? ids.map((id) => find(rows, id)) : null;

interface Filter {
  readonly categories?: readonly string[] | null;
  readonly maxPrice?: number | null;
  readonly name?: { startsWith?: string | null; exact?: string | null } | null;
  readonly not?: readonly Filter[] | null;
}

function passes(row: Row, filter: Filter | null | undefined): boolean {
  if (!filter) return true;
  const { categories, maxPrice, name, not } = filter;
  if (categories && !categories.includes(row['category'])) return false;
  if (typeof maxPrice === 'number' && row['cents'] > maxPrice) return false;
  if (name?.exact && row['name'] !== name.exact) return false;
  if (name?.startsWith && !row['name'].startsWith(name.startsWith)) return false;
  return !not?.some((one) => passes(row, one));
}

export const shop: WorldDefinition = {
  name: 'shop',
  subgraphs: { catalog, stock, delivery, reviews, people },
  data,
  missing: { stock: ({ __typename, id }) => __typename === 'Product' && id === '4' },
  fields: {
    Query: {
      products: (_, { first, filter }, { Product = [] }) => Product.filter((row) => passes(row, filter)).slice(0, first ?? 1),
      product: (_, { id, upc }, { Product = [] }) => Product.find((row) => row['id'] === id || row['upc'] === upc) ?? null,
      maybe: (_, __, { Product }) => findAll(Product, ['2', 'gone', '1', '4']),
      makers: (_, __, { Maker }) => Maker,
      warehouses: (_, __, { Warehouse }) => Warehouse,
      low: (_, { limit }, { Product = [] }) => Product.filter(({ id, quantity }) => id !== '4' && (quantity ?? 0) < limit),
      couriers: (_, { ids }, { Courier }) => findAll(Courier, ids),
      reviews: (_, { stars }, { Review = [] }) => Review.filter((row) => !stars || stars.includes(row['stars'])),
      latest: (_, __, { Review }) => find(Review, '4'),
      me: (_, __, { User }) => find(User, '1'),
      users: (_, { ids }, { User }) => findAll(User, ids ?? ['1', '2', '3']),
    },
    Product: {
      price: ({ cents, price }) => price ?? { amount: String(cents), currency: 'EUR' },
      maker: ({ makerNumber }, _, { Maker }) => Maker?.[makerNumber - 1],
      related: ({ related }, { first }, { Product }) => findAll(Product, related)?.slice(0, first),
      packing: ({ box }) => ({ box, unit: box?.unit ?? null }),
      secret: ({ id }) => {
        if (id === '2') throw notFound('Secret');
        return `secret of ${id}`;
      },
      inStock: ({ quantity }) => (quantity === null ? null : quantity > 0),
      warehouses: ({ id }, _, { Warehouse = [] }) => Warehouse.filter((row) => row['holds'].includes(id)),
      shelf: ({ quantity, box }) =>
        quantity === null
          ? null
          : { row: quantity, box, level: { number: 1, above: { number: 2, above: quantity ? null : { number: null } } } },
      area: ({ box }) => (box ? (box.width ?? 0) * (box.height ?? 1) : null),
      shipping: (row) => {
        const { amount, currency } = row['price'] ?? { amount: String(row['cents']), currency: 'EUR' };
        return row['box'] ? { amount: String(Number(amount) + row['box'].width), currency } : null;
      },
      label: ({ quantity }, { upper }) => (quantity === undefined ? null : upper ? `${quantity} LEFT` : `${quantity} left`),
      courier: ({ quantity }, _, { Courier }) => (quantity === undefined ? null : find(Courier, quantity ? '1' : '2')),
      reviews: ({ id }, { first }, { Review = [] }) => Review.filter((row) => row['product'] === id).slice(0, first ?? undefined),
      rating: ({ id }) => {
        if (id === '3') throw conflict('not yet', { reason: 'TOO_EARLY' });
        return Number(id) + 0.5;
      },
    },
    Warehouse: { holds: ({ holds }, _, { Product }) => findAll(Product, holds) },
    Courier: { carries: ({ carries }, _, { Product }) => find(Product, carries), person: ({ person }, _, { User }) => find(User, person) },
    Review: {
      author: ({ author }, _, { User }) => find(User, author),
      product: ({ product: id }, _, { Product }) => find(Product, id),
    },
    Vote: { by: ({ by }, _, { User }) => find(User, by) },
    User: {
      friend: ({ friend }, _, { User }) => find(User, friend),
      favorites: ({ favorites }, _, { Product }) => findAll(Product, favorites),
      reviews: ({ id }, _, { Review = [] }) => Review.filter((row) => row['author'] === id),
      mood: ({ nickname }, { loud }) => {
        if (!nickname) throw new Error('no mood without a name');
        return loud ? 'GREAT' : 'great';
      },
    },
  },
};

export const shopHints = {
  upc: ['u1', 'u2', 'u9'],
  startsWith: ['T', 'P', ''],
  exact: ['Tea'],
  maxPrice: [100, 1000, 3000],
  first: [0, 1, 2, 5],
  ids: ['1', '2', '3', '9'],
};
