import type { Hints } from '../generate-values.ts';
import type { Data, WorldDefinition } from '../world-definition.ts';

/** Fields that moved from one subgraph to another, some of them for a part of the callers, and shareable chains. */
const old = `
  type Query { products: [Product!]! first: Product @shareable top: Top @shareable }
  type Product @key(fields: "id") {
    id: ID!
    name: String @shareable
    price: Int
    stock: Int
    rank: Int
    parts: [Part!] @shareable
    box: Box @shareable
  }
  type Part @shareable { name: String! weight: Int more: More }
  type More @shareable { note: String deeper: Deeper }
  type Deeper @shareable { value: Int! }
  type Box @shareable { width: Int }
  type Top @shareable { product: Product label: String }
`;

const fresh = `
  type Query { first: Product @shareable top: Top @shareable recent: [Product] }
  type Product @key(fields: "id") {
    id: ID!
    name: String @shareable
    price: Int @override(from: "old")
    stock: Int @override(from: "old", label: "percent(0)")
    rank: Int @override(from: "old", label: "new-rank")
    parts: [Part!] @shareable
    box: Box @shareable
    doubled: Int @requires(fields: "size")
    size: Int @external
  }
  type Part @shareable { name: String! weight: Int more: More }
  type More @shareable { note: String deeper: Deeper }
  type Deeper @shareable { value: Int! }
  type Box @shareable { width: Int }
  type Top @shareable { product: Product label: String }
`;

const sizes = `
  type Product @key(fields: "id") { id: ID! size: Int box: Box @shareable weight(unit: String! = "g"): String }
  type Box @shareable { width: Int }
`;

const asked = (place: string) => () => {
  throw new Error(`${place} has moved and was asked of the old subgraph`);
};

export const overrides: WorldDefinition = {
  name: 'overrides',
  subgraphs: { old, fresh, sizes },
  data: (): Data => ({
    Product: ['1', '2', '3'].map((id) => ({
      __typename: 'Product',
      id,
      name: id === '3' ? null : `product ${id}`,
      price: Number(id) * 10,
      stock: 5,
      rank: id === '2' ? null : 1,
      size: id === '1' ? null : 4,
      box: id === '2' ? null : { width: Number(id) },
      parts:
        id === '3'
          ? null
          : [
              { name: 'lid', weight: null, more: { note: 'round', deeper: { value: 1 } } },
              { name: 'pot', weight: 7, more: { note: null, deeper: { value: null } } },
            ],
    })),
  }),
  fields: {
    Query: {
      products: (_, __, { Product }) => Product,
      first: (_, __, { Product }) => Product?.[0],
      top: (_, __, { Product }) => ({ product: Product?.[1], label: 'top' }),
      recent: (_, __, { Product }) => [Product?.[2], null, Product?.[0]],
    },
    Product: {
      doubled: ({ size }) => (size === null ? null : size * 2),
      weight: ({ id }, { unit }) => `${id}${unit}`,
    },
  },
  own: { old: { Product: { price: asked('price') } } },
};

export const overridesHints: Hints = { unit: ['g', 'kg'] };
