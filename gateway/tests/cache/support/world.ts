import { randomUUID } from 'node:crypto';
import { type ChosenOrganization, nobody, type Viewer } from '@supergraph/platform/context';
import { createLog } from '@supergraph/platform/log';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import { organizationWith, person } from '@supergraph/platform/testing';
import { parse } from 'graphql';
import type { CacheMetrics } from '../../../src/cache/metrics.ts';
import { createEngineCache } from '../../../src/cache/engine-cache.ts';
import { createMemoryStore } from '../../../src/cache/memory-store.ts';
import type { CacheStore } from '../../../src/cache/store.ts';
import { composeSubgraphs } from '../../../src/compose.ts';
import type { EngineMetrics } from '../../../src/engine/fetch-report.ts';
import type { Executor, ExecutorRequest } from '../../../src/executor.ts';
import type { Explained } from '../../../src/explained.ts';
import { createExecutor } from '../../../src/gateway.ts';
import { type Fixture, fixture, type FixtureContext } from '../../fixtures.ts';

const shopSdl = `
  type Query {
    products(first: Int = 20): ProductConnection! @public @cacheControl(maxAge: 60)
    product(id: ID!): Product @public @cacheControl(maxAge: 60)
    newest: Product @public @cacheControl(maxAge: 60)
    fresh: Product @public
    shelf: [OnShelf!]! @public @cacheControl(maxAge: 60)
    things: [Thing!]! @public @cacheControl(maxAge: 60)
    greeting(name: String = "you"): String! @public @cacheControl(maxAge: 60)
    clock: String! @public
    mine: Basket @public @cacheControl(maxAge: 60, scope: PRIVATE)
    drafts: [Product!]! @policy(policies: [["org:shop.write"]]) @cacheControl(maxAge: 60)
    never: Int @public @cacheControl(maxAge: 0)
  }
  type Mutation { rename(id: ID!, title: String!): Product @public }
  type Subscription { renamed: Product @public @cacheControl(maxAge: 60) }
  union OnShelf = Product | Poster
  interface Thing { label: String! }
  type Poster implements Thing @key(fields: "id") @public { id: ID! label: String! }
  type Note implements Thing @public { label: String! @cacheControl(maxAge: 5) }
  type Basket @public { owner: String! lines: [Product!]! @cacheControl(inheritMaxAge: true) }
  type ProductConnection @public @cacheControl(inheritMaxAge: true) { nodes: [Product!]! @cacheControl(inheritMaxAge: true) totalCount: Int! }
  type Product implements Thing @key(fields: "id") @public {
    id: ID!
    label: String!
    title: String! @cacheControl(maxAge: 40)
    price: Money @cacheControl(inheritMaxAge: true)
    maker: Maker @cacheControl(inheritMaxAge: true)
    margin: Int @authenticated
    notes: [Note!] @cacheControl(maxAge: 10)
    related: Product
  }
  type Maker @public @cacheControl(maxAge: 20) { name: String! }
`;

const ratesSdl = `
  type Query { best: Product @public @cacheControl(maxAge: 30) }
  type Product @key(fields: "id") @public {
    id: ID!
    rating: Rating @cacheControl(maxAge: 30)
    views: Int
    words(locale: String): [String!] @cacheControl(maxAge: 30)
    myRating: Int @cacheControl(maxAge: 30, scope: PRIVATE)
    staffRating: Int @requiresScopes(scopes: [["rates"]]) @cacheControl(maxAge: 30)
    rated: [Rate!] @cacheControl(maxAge: 30)
  }
  type Rating @public { average: Float! count: Int! }
  type Rate @key(fields: "id") @public { id: ID! stars: Int! }
`;

export interface Row {
  id: string;
  title: string;
  listed: boolean;
  stars: number;
}

export interface World {
  readonly shop: Fixture;
  readonly rates: Fixture;
  readonly store: CacheStore;
  readonly executor: Executor;
  readonly rows: Row[];
  /** Moves the clock that entries grow old by, in ms. */
  advance(ms: number): void;
  ask(document: string, options?: AskOptions): Promise<Asked>;
  /** How many requests each subgraph got since the last look. */
  asked(): { shop: number; rates: number };
}

export interface AskOptions {
  readonly as?: Viewer | null;
  readonly in?: ChosenOrganization | null;
  readonly variables?: Record<string, unknown>;
  readonly operationName?: string;
  readonly explain?: boolean;
  readonly requestId?: string;
}

export interface Asked {
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of any shape
  readonly data: any;
  readonly errors: readonly { readonly message: string }[] | undefined;
  readonly cache: { readonly maxAge: number; readonly scope: string } | undefined;
  /** How it was done, for whoever asked for that. */
  readonly explained: Explained | undefined;
}

export const ada = person({ userId: 'ada', scopes: [] });
export const bob = person({ userId: 'bob', scopes: [] });
export const staff = organizationWith(['shop.write'], { id: 'acme' });

export interface WorldOptions {
  readonly store?: (now: () => number) => CacheStore;
  readonly metrics?: CacheMetrics;
  readonly engineMetrics?: EngineMetrics;
  /** False: the same graph without a cache. */
  readonly cached?: boolean;
  /** The subgraphs are asked as over a wire, and equal questions in flight are asked once. */
  readonly remote?: boolean;
  /** Makes it another graph. */
  readonly extraSdl?: string;
}

export const someRows = (): Row[] => ['1', '2', '3'].map((id) => ({ id, title: `title ${id}`, listed: id !== '3', stars: Number(id) }));

/** A subgraph that sells the rows and one that rates them. */
export const subgraphsOver = (rows: Row[], extraSdl = ''): readonly [Fixture, Fixture] => [
  fixture('shop', shopSdl, shopResolvers(rows)),
  fixture('rates', ratesSdl + extraSdl, ratesResolvers(rows)),
];

/** Two subgraphs over a few rows, with a cache before them. */
export function openWorld({ store: open, metrics, engineMetrics, cached = true, remote = false, extraSdl = '' }: WorldOptions = {}): World {
  let moved = 0;
  const start = Date.now();
  const now = () => start + moved;
  const rows = someRows();
  const store = open ? open(now) : createMemoryStore({ bytes: 1_000_000, now });
  const [shop, rates] = subgraphsOver(rows, extraSdl);
  const { supergraphSdl } = composeSubgraphs([shop, rates]);
  const executor = createExecutor({
    supergraphSdl,
    clients: new Map([shop, rates].map((client) => [client.name, remote ? overAWire(client) : client])),
    log: createLog('silent', 'test'),
    metrics: engineMetrics,
    cache: cached ? createEngineCache({ store, metrics, now }) : undefined,
  });
  const documents = new Map<string, ExecutorRequest['document']>();
  return {
    shop,
    rates,
    store,
    executor,
    rows,
    advance: (ms) => {
      moved += ms;
    },
    ask: async (text, { as = null, in: organization = null, variables, operationName, explain, requestId = randomUUID() } = {}) => {
      const document = documents.get(text) ?? parse(text);
      documents.set(text, document);
      const identity = { ...nobody(requestId), viewer: as, organization };
      const deadline = Date.now() + 10_000;
      const { signal } = new AbortController();
      const answer = await executor.execute({ document, operationName, variables, identity, deadline, explain, signal });
      return {
        data: answer.data === undefined ? undefined : (JSON.parse(answer.data) as unknown),
        errors: answer.errors,
        cache: answer.cache,
        explained: explain ? (answer.extensions as unknown as Explained) : undefined,
      };
    },
    asked: () => ({ shop: shop.requests.splice(0).length, rates: rates.requests.splice(0).length }),
  };
}

const overAWire = (subgraph: Fixture): SubgraphClient => ({
  ...subgraph,
  isRemote: true,
  execute: ({ variablesText = '{}', ...request }) =>
    subgraph.execute({ ...request, variables: JSON.parse(variablesText) as Record<string, unknown> }),
});

const isStaff = ({ organization }: FixtureContext) => organization?.permissions.includes('shop.write') ?? false;

function shopResolvers(rows: readonly Row[]) {
  const visible = (row: Row | undefined, ctx: FixtureContext) => (row && (row.listed || isStaff(ctx)) ? row : null);
  const byId = (id: string, ctx: FixtureContext) =>
    visible(
      rows.find((row) => row.id === id),
      ctx,
    );
  return {
    Query: {
      products: (_: unknown, { first }: { first: number }, ctx: FixtureContext) => {
        const nodes = rows.filter((row) => visible(row, ctx)).slice(0, first);
        return { nodes, totalCount: nodes.length };
      },
      product: (_: unknown, { id }: { id: string }, ctx: FixtureContext) => byId(id, ctx),
      newest: () => rows.findLast(({ listed }) => listed) ?? null,
      fresh: () => rows[0],
      shelf: () => [
        { __typename: 'Product', ...rows[0] },
        { __typename: 'Poster', id: 'p', label: 'poster' },
      ],
      things: () => [
        { __typename: 'Product', ...rows[0] },
        { __typename: 'Note', label: 'note' },
      ],
      greeting: (_: unknown, { name }: { name: string }) => `hello ${name}`,
      clock: () => new Date().toISOString(),
      mine: (_: unknown, __: unknown, { viewer }: FixtureContext) => viewer && { owner: viewer.userId, lines: rows.slice(0, 1) },
      drafts: () => rows.filter(({ listed }) => !listed),
      never: () => 0,
    },
    Subscription: {
      renamed: {
        subscribe: async function* () {
          yield { renamed: rows[0] };
        },
      },
    },
    Mutation: {
      rename: (_: unknown, { id, title }: { id: string; title: string }) => {
        const row = rows.find((one) => one.id === id);
        if (row) row.title = title;
        return row;
      },
    },
    Product: {
      __resolveReference: ({ id }: { id: string }, ctx: FixtureContext) => byId(id, ctx),
      label: ({ title }: Row) => title,
      price: () => ({ amount: '1.00', currency: 'EUR' }),
      maker: () => ({ name: 'maker' }),
      margin: () => 7,
      notes: () => [{ label: 'note' }],
      related: () => rows[1],
    },
    Poster: { __resolveReference: ({ id }: { id: string }) => ({ id, label: 'poster' }) },
  };
}

function ratesResolvers(rows: readonly Row[]) {
  const starsOf = ({ id }: { id: string }) => rows.find((row) => row.id === id)?.stars ?? 0;
  return {
    Query: { best: () => ({ id: '1' }) },
    Product: {
      __resolveReference: ({ id }: { id: string }) => ({ id }),
      rating: (product: { id: string }) => ({ average: starsOf(product), count: 1 }),
      views: () => 1,
      words: ({ id }: { id: string }, { locale }: { locale?: string }) => [`${locale ?? 'en'} ${id}`],
      myRating: (_: unknown, __: unknown, { viewer }: FixtureContext) => viewer?.userId.length ?? null,
      staffRating: () => 5,
      rated: ({ id }: { id: string }) => [{ id: `r${id}`, stars: 3 }],
    },
    Rate: { __resolveReference: ({ id }: { id: string }) => ({ id, stars: 3 }) },
  };
}
