import type { WorldDefinition } from '../world-definition.ts';

/** `@context` and `@fromContext`: a field's argument comes from an object above it, perhaps by way of another subgraph. */
const shop = `
  type Query { carts: [Cart!]! cart: Cart wish: Wish }
  type Cart @key(fields: "id") @context(name: "owner") { id: ID! currency: String! buyer: Buyer! lines: [Line!]! best: Line }
  type Wish @key(fields: "id") @context(name: "owner") { id: ID! currency: String! line: Line }
  type Buyer @key(fields: "id") { id: ID! name: String }
  type Line @key(fields: "id") {
    id: ID!
    title: String
    price(currency: String @fromContext(field: "$owner { currency }")): String
    inner: Inner
  }
  type Inner @key(fields: "id") { id: ID! tag(currency: String @fromContext(field: "$owner { currency }"), loud: Boolean = false): String! }
`;

const buyers = `
  type Buyer @key(fields: "id") { id: ID! country: String vip: Boolean! }
  type Cart @key(fields: "id") { id: ID! total: Int! }
  type Line @key(fields: "id") { id: ID! stock: Int }
`;

export const context: WorldDefinition = {
  name: 'context',
  subgraphs: { shop, buyers },
  data: () => ({
    Cart: [
      { __typename: 'Cart', id: '1', currency: 'EUR', buyer: '1', lines: ['1', '2'], total: 5 },
      { __typename: 'Cart', id: '2', currency: 'USD', buyer: '2', lines: ['3', '4'], total: 7 },
    ],
    Wish: [{ __typename: 'Wish', id: '1', currency: 'GBP', line: '5' }],
    Buyer: [
      { __typename: 'Buyer', id: '1', name: 'Ada', country: 'DE', vip: true },
      { __typename: 'Buyer', id: '2', name: null, country: null, vip: false },
    ],
    Line: ['EUR', 'EUR', 'USD', 'USD', 'GBP'].map((currency, index) => ({
      __typename: 'Line',
      id: String(index + 1),
      title: `line ${index + 1}`,
      amount: index * 10,
      stock: index || null,
      currency,
    })),
    Inner: ['EUR', 'EUR', 'USD', 'USD', 'GBP'].map((currency, index) => ({ __typename: 'Inner', id: `i${index + 1}`, currency })),
  }),
  fields: {
    Query: {
      carts: (_, __, { Cart }) => Cart,
      cart: (_, __, { Cart }) => Cart?.[1],
      wish: (_, __, { Wish }) => Wish?.[0],
    },
    Cart: {
      buyer: ({ buyer }, _, { Buyer }) => Buyer?.find(({ id }) => id === buyer),
      lines: ({ lines }, _, { Line }) => lines.map((wanted: string) => Line?.find(({ id }) => id === wanted)),
      best: ({ lines }, _, { Line }) => Line?.find(({ id }) => id === lines[1]),
    },
    Wish: { line: ({ line }, _, { Line }) => Line?.find(({ id }) => id === line) },
    Line: {
      // Every line belongs to one owner, so that what its context says is known without one.
      price: ({ amount, currency }) => `${amount} ${currency}`,
      inner: ({ id }, _, { Inner }) => Inner?.find((row) => row['id'] === `i${id}`),
    },
    Inner: { tag: ({ id, currency }, { loud }) => `${id} ${currency}${loud ? '!' : ''}` },
  },
  own: {
    shop: {
      Line: { price: ({ amount }, { currency }) => `${amount} ${currency}` },
      Inner: { tag: ({ id }, { currency, loud }) => `${id} ${currency}${loud ? '!' : ''}` },
    },
  },
};
