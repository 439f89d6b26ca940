import { products, type Review, reviews, users } from './data.ts';

/** One subgraph of the benchmark: its contract and what answers it. */
export interface SubgraphSource {
  readonly name: string;
  readonly sdl: string;
  readonly resolvers: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const userById = new Map(users.map((user) => [user.id, user]));
const productByUpc = new Map(products.map((product) => [product.upc, product]));
const reviewById = new Map(reviews.map((review) => [review.id, review]));
const reviewsByUpc = Map.groupBy(reviews, ({ upc }) => upc);
/** What everybody is shown to have written. */
const ownReviews = reviews.slice(0, 2);

/** Says that everything may be read by anybody, so that rules are in force and let all pass. */
const open = 'directive @public on OBJECT | FIELD_DEFINITION\n';

/** Federation 1 in its form, since one of the peers reads nothing newer; composition brings it up to date for the others. */
const accounts: SubgraphSource = {
  name: 'accounts',
  sdl: `${open}
    extend type Query @public { me: User users: [User] user(id: ID!): User }
    type User @key(fields: "id") @public { id: ID! name: String username: String birthday: Int }`,
  resolvers: {
    Query: { me: () => users[0], users: () => users, user: (_: unknown, { id }: { id: string }) => userById.get(id) },
    User: { __resolveReference: ({ id }: { id: string }) => userById.get(id) },
  },
};

const inventory: SubgraphSource = {
  name: 'inventory',
  sdl: `${open}
    extend type Product @key(fields: "upc") @public {
      upc: String! @external
      weight: Int @external
      price: Int @external
      inStock: Boolean
      shippingEstimate: Int @requires(fields: "price weight")
    }`,
  resolvers: {
    Product: {
      __resolveReference: (reference: { upc: string }) => ({ ...reference, inStock: productByUpc.get(reference.upc)?.inStock }),
      shippingEstimate: ({ price, weight }: { price: number | null; weight: number | null }) =>
        price === null || weight === null ? null : price > 1_000 ? 0 : Math.trunc(weight / 2),
    },
  },
};

const catalog: SubgraphSource = {
  name: 'products',
  sdl: `${open}
    extend type Query @public { topProducts(first: Int = 5): [Product] }
    type Product @key(fields: "upc") @public { upc: String! name: String price: Int weight: Int }`,
  resolvers: {
    Query: { topProducts: (_: unknown, { first }: { first: number }) => products.slice(0, first) },
    Product: { __resolveReference: ({ upc }: { upc: string }) => productByUpc.get(upc) },
  },
};

const opinions: SubgraphSource = {
  name: 'reviews',
  sdl: `${open}
    type Review @key(fields: "id") @public { id: ID! body: String product: Product author: User @provides(fields: "username") }
    extend type User @key(fields: "id") @public { id: ID! @external username: String @external reviews: [Review] }
    extend type Product @key(fields: "upc") @public { upc: String! @external reviews: [Review] }`,
  resolvers: {
    Review: {
      __resolveReference: ({ id }: { id: string }) => reviewById.get(id),
      author: ({ authorId }: Review) => userById.get(authorId),
      product: ({ upc }: Review) => ({ upc }),
    },
    User: { __resolveReference: ({ id }: { id: string }) => userById.get(id), reviews: () => ownReviews },
    Product: {
      __resolveReference: ({ upc }: { upc: string }) => ({ upc }),
      reviews: ({ upc }: { upc: string }) => reviewsByUpc.get(upc) ?? [],
    },
  },
};

export const subgraphs: readonly SubgraphSource[] = [accounts, inventory, catalog, opinions];
