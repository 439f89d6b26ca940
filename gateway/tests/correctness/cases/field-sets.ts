import { conflict } from '@supergraph/platform/errors';
import { by, type CaseGroup, type Row, same } from './case.ts';

const products: Row[] = [
  { id: '1', name: 'Tea', price: 300, box: { width: 2, sides: [{ size: 1 }, { size: 2 }] }, category: { id: 'c', kind: 'hot' } },
  { id: '2', name: 'Pot', price: null, box: null, category: { id: 'd', kind: null } },
];
const catalog = {
  name: 'catalog',
  sdl: `type Query { products: [Product!]! product(id: ID!): Product }
    enum Currency { EUR USD }
    type Product @key(fields: "id") { id: ID! name: String price: Int cost(currency: Currency!): Int box: Box category: Category things: [Thing!] }
    type Box @shareable { width: Int sides: [Side!] }
    type Side @shareable { size: Int! }
    type Category @key(fields: "id") { id: ID! kind: String }
    union Thing = Nut | Bolt
    type Nut @shareable { weight: Int } type Bolt @shareable { length: Int }`,
  resolvers: {
    Query: { products: () => products, product: (_: unknown, { id }: Row) => by(products)({ id }) },
    Product: {
      __resolveReference: by(products),
      cost: ({ price }: Row, { currency }: Row) => (price === null ? null : currency === 'USD' ? price * 2 : price),
      things: () => [
        { __typename: 'Bolt', length: 4 },
        { __typename: 'Nut', weight: 3 },
      ],
    },
    Category: { __resolveReference: ({ id }: Row) => ({ id, kind: id === 'c' ? 'hot' : null }) },
  },
};
const stock = {
  name: 'stock',
  sdl: 'type Product @key(fields: "id") { id: ID! quantity: Int sold: Int }',
  resolvers: {
    Product: {
      __resolveReference: ({ id }: Row) => ({ id, quantity: id === '1' ? 7 : 0 }),
      sold: ({ id }: Row) => {
        if (id === '2') throw conflict('not counted yet');
        return 3;
      },
    },
  },
};
const delivery = {
  name: 'delivery',
  sdl: `enum Currency { EUR USD }
    type Product @key(fields: "id") {
      id: ID! price: Int @external cost(currency: Currency!): Int @external quantity: Int @external sold: Int @external box: Box @external category: Category @external things: [Thing!] @external
      shipping: Int @requires(fields: "price")
      customs: Int @requires(fields: "cost(currency: USD)")
      effort: Int @requires(fields: "price quantity")
      demand: String @requires(fields: "sold")
      volume: Int @requires(fields: "box { width sides { size } }")
      warm: Boolean @requires(fields: "category { kind }")
      parcels: [String!] @requires(fields: "things { ... on Nut { weight } ... on Bolt { length } }")
      strict: Int! @requires(fields: "price")
    }
    type Box @shareable { width: Int sides: [Side!] } type Side @shareable { size: Int! }
    type Category @key(fields: "id") { id: ID! kind: String @external }
    union Thing = Nut | Bolt
    type Nut @shareable { weight: Int } type Bolt @shareable { length: Int }`,
  resolvers: {
    Product: {
      __resolveReference: same,
      shipping: ({ price }: Row) => (price ?? 0) + 1,
      customs: ({ cost }: Row) => (cost ?? 0) + 2,
      demand: ({ sold }: Row) => `${sold} of them`,
      effort: ({ price, quantity }: Row) => (price ?? 0) * quantity,
      volume: ({ box }: Row) => (box ? box.width * box.sides.reduce((sum: number, { size }: Row) => sum + size, 0) : null),
      warm: ({ category }: Row) => category.kind === 'hot',
      parcels: ({ things }: Row) => things.map(({ weight, length }: Row) => `${weight ?? 'no'} ${length ?? 'no'}`),
      strict: ({ price }: Row) => price,
    },
  },
};
const planning = {
  name: 'planning',
  sdl: 'type Product @key(fields: "id") { id: ID! shipping: Int @external effort: Int @external total: Int @requires(fields: "shipping effort") }',
  resolvers: { Product: { __resolveReference: same, total: ({ shipping, effort }: Row) => shipping + effort } },
};

const requires: CaseGroup = {
  rule: '@requires brings fields of others to a subgraph',
  subgraphs: [catalog, stock, delivery, planning],
  cases: [
    {
      name: 'one field, which the client does not see',
      document: '{ products { shipping } }',
      data: { products: [{ shipping: 301 }, { shipping: 1 }] },
      asked: ['catalog', 'delivery'],
    },
    {
      name: 'one field, which the client wants too',
      document: '{ products { price shipping } }',
      data: {
        products: [
          { price: 300, shipping: 301 },
          { price: null, shipping: 1 },
        ],
      },
    },
    { name: 'a null is a value', document: '{ product(id: "2") { shipping warm } }', data: { product: { shipping: 1, warm: false } } },
    { name: 'a field with an argument', document: '{ product(id: "1") { customs } }', data: { product: { customs: 602 } } },
    {
      name: 'a field with an argument, asked for with another one',
      document: '{ product(id: "1") { cost(currency: EUR) customs } }',
      data: { product: { cost: 300, customs: 602 } },
    },
    {
      name: 'fields of two subgraphs',
      document: '{ products { effort } }',
      data: { products: [{ effort: 2100 }, { effort: 0 }] },
      asked: ['catalog', 'delivery', 'stock'],
    },
    { name: 'objects and lists', document: '{ products { volume } }', data: { products: [{ volume: 6 }, { volume: null }] } },
    {
      name: 'objects that the client sees otherwise',
      document: '{ products { box { width sides { __typename } } volume } }',
      data: {
        products: [
          { box: { width: 2, sides: [{ __typename: 'Side' }, { __typename: 'Side' }] }, volume: 6 },
          { box: null, volume: null },
        ],
      },
    },
    { name: 'a union', document: '{ product(id: "1") { parcels } }', data: { product: { parcels: ['no 4', '3 no'] } } },
    { name: 'what requires what requires', document: '{ product(id: "1") { total } }', data: { product: { total: 2401 } } },
    {
      name: 'a client that names something else so',
      document: '{ product(id: "1") { price: name shipping } }',
      data: { product: { price: 'Tea', shipping: 301 } },
    },
    {
      name: 'a null where none may be, after all',
      document: '{ products { name } product(id: "2") { name strict } }',
      data: { products: [{ name: 'Tea' }, { name: 'Pot' }], product: null },
      errors: [[['product', 'strict'], 'INTERNAL_SERVER_ERROR']],
    },
    {
      name: 'a field that fails: the error stands at the object, since the client does not know the field',
      document: '{ products { demand shipping } }',
      data: {
        products: [
          { demand: '3 of them', shipping: 301 },
          { demand: 'null of them', shipping: 1 },
        ],
      },
      errors: [[['products', 1], 'CONFLICT']],
    },
    {
      name: 'a field that fails and that the client asked for',
      document: '{ product(id: "2") { demand sold } }',
      data: { product: { demand: 'null of them', sold: null } },
      errors: [[['product', 'sold'], 'CONFLICT']],
    },
    {
      name: 'many at once',
      document: '{ product(id: "1") { shipping customs effort volume warm total } }',
      data: { product: { shipping: 301, customs: 602, effort: 2100, volume: 6, warm: true, total: 2401 } },
    },
  ],
};

const provides: CaseGroup = {
  rule: '@provides saves a fetch',
  subgraphs: [
    {
      name: 'people',
      sdl: `type Query { people: [Person!]! }
        interface Being { id: ID! }
        type Person implements Being @key(fields: "id") { id: ID! name: String @shareable city: City @shareable age: Int }
        type Robot implements Being @key(fields: "id") { id: ID! name: String @shareable model: String }
        type City @key(fields: "id") { id: ID! name: String @shareable mayor: Person }`,
      resolvers: {
        Query: { people: () => [{ id: 'p' }] },
        Person: { __resolveReference: same, name: () => 'Ada', city: () => ({ id: 'c' }), age: () => 36 },
        Robot: { __resolveReference: same, name: () => 'R2', model: () => 'D2' },
        City: { __resolveReference: same, name: () => 'Bonn', mayor: () => ({ id: 'p' }) },
      },
    },
    {
      name: 'posts',
      sdl: `type Query {
          post: Post
          author: Person @provides(fields: "name city { name }")
          either: Either @provides(fields: "... on Person { name }")
          being: Being @provides(fields: "... on Robot { name }")
        }
        type Post @key(fields: "id") { id: ID! by: Person @provides(fields: "name") reader: Person }
        interface Being { id: ID! }
        union Either = Person | Robot
        type Person implements Being @key(fields: "id") { id: ID! name: String @external city: City @external posts: [Post!] }
        type Robot implements Being @key(fields: "id") { id: ID! name: String @external }
        type City @key(fields: "id") { id: ID! name: String @external }`,
      resolvers: {
        Query: {
          post: () => ({ id: '1' }),
          author: () => ({ id: 'p', name: 'Ada', city: { id: 'c', name: 'Bonn' } }),
          either: () => ({ __typename: 'Person', id: 'p', name: 'Ada' }),
          being: () => ({ __typename: 'Robot', id: 'r', name: 'R2' }),
        },
        Post: { __resolveReference: same, by: () => ({ id: 'p', name: 'Ada' }), reader: () => ({ id: 'p' }) },
        Person: { __resolveReference: same, posts: () => [{ id: '1' }] },
      },
    },
  ],
  cases: [
    { name: 'of an object', document: '{ post { by { name } } }', data: { post: { by: { name: 'Ada' } } }, asked: ['posts'] },
    {
      name: 'only on the field that says so',
      document: '{ post { by { name } reader { name } } }',
      data: { post: { by: { name: 'Ada' }, reader: { name: 'Ada' } } },
      asked: ['people', 'posts'],
    },
    {
      name: 'of an object below an object',
      document: '{ author { name city { name } } }',
      data: { author: { name: 'Ada', city: { name: 'Bonn' } } },
      asked: ['posts'],
    },
    {
      name: 'and what is not provided is fetched',
      document: '{ author { name age city { name mayor { age } } } }',
      data: { author: { name: 'Ada', age: 36, city: { name: 'Bonn', mayor: { age: 36 } } } },
    },
    {
      name: 'of a union',
      document: '{ either { ... on Person { name } ... on Robot { model } } }',
      data: { either: { name: 'Ada' } },
      asked: ['posts'],
    },
    {
      name: 'of an interface',
      document: '{ being { ... on Robot { name } ... on Person { age } } }',
      data: { being: { name: 'R2' } },
      asked: ['posts'],
    },
    {
      name: 'not below another field',
      document: '{ post { by { posts { by { name } reader { city { name } } } } } }',
      data: { post: { by: { posts: [{ by: { name: 'Ada' }, reader: { city: { name: 'Bonn' } } }] } } },
    },
  ],
};

export const fieldSets: readonly CaseGroup[] = [requires, provides];
