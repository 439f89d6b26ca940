import { readFileSync } from 'node:fs';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { enforceAccess } from '@supergraph/platform/access';
import type { Identity } from '@supergraph/platform/context';
import { conflict, notFound } from '@supergraph/platform/errors';
import { createLog } from '@supergraph/platform/log';
import { publicErrors, type SubgraphAnswer, type SubgraphClient, type SubgraphRequest } from '@supergraph/platform/subgraph';
import { execute, type ExecutionResult, parse, subscribe } from 'graphql';

export interface FixtureContext extends Identity {
  readonly signal: AbortSignal;
}

export interface Fixture extends SubgraphClient {
  readonly sdl: string;
  /** What was asked, newest last. */
  readonly requests: SubgraphRequest[];
  /** Replaces the answers while it is set. */
  disturb: ((request: SubgraphRequest) => Promise<SubgraphAnswer>) | undefined;
}

const shared = readFileSync(new URL('../../schema/shared.graphql', import.meta.url), 'utf8');
const log = createLog(process.env['TEST_LOG_LEVEL'] ?? 'silent', 'fixture');

/** A small subgraph in this process, its access rules in force. */
export function fixture(name: string, sdl: string, resolvers: object): Fixture {
  const text = `${shared}\n${sdl}`;
  const schema = enforceAccess(buildSubgraphSchema([{ typeDefs: parse(text), resolvers: resolvers as never }]));
  const requests: SubgraphRequest[] = [];
  const present = ({ data, errors }: ExecutionResult): SubgraphAnswer => ({
    data,
    ...(errors ? { errors: publicErrors(errors, log) } : {}),
  });
  const argumentsOf = ({ query, variables, operationName, identity, signal }: SubgraphRequest) => ({
    schema,
    document: parse(query),
    variableValues: variables,
    operationName,
    contextValue: { ...identity, signal },
  });
  return {
    name,
    sdl: text,
    requests,
    disturb: undefined,
    async execute(request) {
      requests.push(request);
      if (this.disturb) return this.disturb(request);
      return present(await execute(argumentsOf(request)));
    },
    async subscribe(request) {
      requests.push(request);
      const result = await subscribe(argumentsOf(request));
      if (!(Symbol.asyncIterator in result)) return present(result);
      const stream = (async function* () {
        for await (const event of result) yield present(event);
      })();
      request.signal.addEventListener('abort', () => void result.return(undefined));
      return stream;
    },
    close: () => Promise.resolve(),
  };
}

export const products = [
  { id: '1', name: 'Tea', price: 300, margin: 10 },
  { id: '2', name: 'Pot', price: 2_000, margin: 20 },
  { id: '3', name: 'Cup', price: 900, margin: 30 },
];

export const catalogSdl = `
  type Query {
    products(first: Int = 20): ProductConnection! @public @listSize(slicingArguments: ["first"], sizedFields: ["nodes", "edges"], requireOneSlicingArgument: false)
    product(id: ID!): Product @public
    found: [Found!]! @public
    slow: String @public
    secret: String @authenticated
    requiredSecret: String! @authenticated
    hidden: String @inaccessible @tag(name: "internal")
    echo(text: String!, times: Int): String @public
    bag: [Bag!] @public
  }
  type Mutation { rename(id: ID!, name: String!): Product @public write: String @requiresScopes(scopes: [["catalog:write"]]) }
  type Subscription {
    priceChanged(id: ID!, count: Int = 3): Product @public
    secretChanged: Product @authenticated
    endless: Product @public
  }
  union Found = Product | Shop
  interface Bag { id: ID! content: String }
  type OpenBag implements Bag @public { id: ID! content: String }
  type ClosedBag implements Bag @public { id: ID! content: String @authenticated }
  type Shop @key(fields: "id") @public { id: ID! title: String! }
  type ProductConnection @public { nodes: [Product!]! edges: [ProductEdge!]! }
  type ProductEdge @public { node: Product! cursor: String! }
  type Product @key(fields: "id") @public {
    id: ID!
    name: String!
    price: Int!
    dear: Int @cost(weight: 1000)
    seller: User
    margin: Int! @requiresScopes(scopes: [["catalog:margin"]])
    notes: String @authenticated
    related(first: Int): ProductConnection
  }
  type User @key(fields: "id", resolvable: false) @public { id: ID! }
`;

/** Ends when somebody leaves; `left` counts who did. */
export const watchers = { open: 0, aborted: 0 };

export function catalog(): Fixture {
  return fixture('catalog', catalogSdl, {
    Query: {
      products: (_: unknown, { first }: { first: number }) => ({ nodes: products.slice(0, first), edges: [] }),
      product: (_: unknown, { id }: { id: string }) => products.find((product) => product.id === id) ?? null,
      found: () => [
        { __typename: 'Shop', id: '1', title: 'Corner' },
        { __typename: 'Product', ...products[0] },
        { __typename: 'Product', ...products[2] },
      ],
      slow: (_: unknown, __: unknown, { signal }: FixtureContext) => {
        watchers.open += 1;
        return new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            watchers.aborted += 1;
            resolve(null);
          });
        });
      },
      secret: () => 'tell nobody',
      requiredSecret: () => 'tell nobody',
      echo: (_: unknown, { text, times = 1 }: { text: string; times?: number }) => text.repeat(times),
      bag: () => [
        { __typename: 'OpenBag', id: '1', content: 'air' },
        { __typename: 'ClosedBag', id: '2', content: 'gold' },
      ],
    },
    Mutation: {
      rename: (_: unknown, { id, name }: { id: string; name: string }) => {
        if (name === 'taken') throw conflict('the name is taken', { reason: 'NAME_TAKEN' });
        if (name === 'crash') throw new Error('connect ECONNREFUSED 10.0.0.1:5432');
        const product = products.find((candidate) => candidate.id === id);
        if (!product) throw notFound('Product');
        return { ...product, name };
      },
      write: () => 'written',
    },
    Subscription: {
      priceChanged: {
        subscribe: async function* (_: unknown, { id, count }: { id: string; count: number }) {
          for (let step = 1; step <= count; step++) {
            await new Promise((resolve) => setTimeout(resolve, 5));
            yield { priceChanged: { ...products.find((product) => product.id === id), price: step } };
          }
        },
      },
      secretChanged: {
        subscribe: async function* () {
          yield { secretChanged: products[0] };
        },
      },
      endless: {
        subscribe: async function* (_: unknown, __: unknown, { signal }: FixtureContext) {
          watchers.open += 1;
          try {
            yield { endless: products[0] };
            await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
          } finally {
            watchers.aborted += 1;
          }
        },
      },
    },
    Product: {
      seller: ({ id }: { id: string }) => ({ id: `u${id}` }),
      __resolveReference: ({ id }: { id: string }) => products.find((product) => product.id === id),
      related: () => ({ nodes: products, edges: [] }),
      notes: () => 'dusty',
    },
    Shop: { __resolveReference: ({ id }: { id: string }) => ({ id, title: 'Corner' }) },
  });
}

export const reviewsSdl = `
  type Query { reviewCount: Int @public }
  type Product @key(fields: "id") @public { id: ID! reviews: [Review!] rating: Float! stars: Int }
  type Review @key(fields: "id") @public { id: ID! body: String! author: User }
  type User @key(fields: "id") @public { id: ID! reviewed: Int }
`;

export function reviews(): Fixture {
  return fixture('reviews', reviewsSdl, {
    Query: { reviewCount: () => 3 },
    Product: {
      __resolveReference: ({ id }: { id: string }) => ({ id }),
      reviews: ({ id }: { id: string }) => [{ id: `r${id}`, body: `about ${id}`, author: { id: `u${id}` } }],
      rating: ({ id }: { id: string }) => Number(id) + 0.5,
      stars: ({ id }: { id: string }) => {
        if (id === '3') throw notFound('Rating');
        return 5;
      },
    },
    User: { __resolveReference: ({ id }: { id: string }) => ({ id }), reviewed: () => 1 },
  });
}

export interface MembershipRow {
  readonly organizationId: string;
  readonly membershipId: string;
  readonly roleKey: string;
  readonly permissions: readonly string[];
  readonly teamIds: readonly string[];
  readonly requireMfa: boolean;
  readonly status: string;
  readonly requestsPerMinute?: number | null;
  readonly epoch: number;
}

export interface TokenRow {
  readonly id: string;
  readonly userId: string;
  readonly kind: string;
  readonly scopes: readonly string[];
  readonly organizationId: string | null;
  readonly acr: string;
  readonly expiresAt: Date;
}

/** What the people's domains answer; tests change it. */
export interface PeopleState {
  /** Personal access tokens by their hash. */
  readonly tokens?: Map<string, TokenRow>;
  /** How often accounts was asked for one. */
  tokensAsked?: number;
  keySet: unknown;
  keySetAsked: number;
  ended: string[];
  readonly memberships: Map<string, MembershipRow>;
}

export const peopleSdl = `
  type Query {
    viewer: User @public
    currentOrganization: Organization @public
    signingKeySet: JSON @inaccessible @tag(name: "internal")
    endedSessions(since: DateTime!): [ID!]! @inaccessible @tag(name: "internal")
    revokedAccessTokens(since: DateTime!): [ID!]! @inaccessible @tag(name: "internal")
    accessTokenContext(hash: String!): TokenContext @inaccessible @tag(name: "internal")
  }
  type TokenContext @tag(name: "internal") @inaccessible { id: ID! userId: ID! kind: String! scopes: [String!]! organizationId: ID acr: String! expiresAt: DateTime! locale: String timeZone: String }
  type User @key(fields: "id") @public { id: ID! name: String email: String! @authenticated ip: String agent: String scopes: [String!]! permissions: [String!]! }
  type Organization @public { id: ID! name: String! settings: OrganizationSettings budget: Int @policy(policies: [["org:people.budget.read"]]) }
  type OrganizationSettings @public { requireMfa: Boolean! }
`;

export function accounts(state: PeopleState): Fixture {
  return fixture('accounts', peopleSdl, {
    Query: {
      viewer: (_: unknown, __: unknown, { viewer }: FixtureContext) => viewer && { id: viewer.userId },
      currentOrganization: (_: unknown, __: unknown, { organization }: FixtureContext) =>
        organization && { id: organization.id, name: 'Acme', settings: { requireMfa: true }, budget: 7 },
      signingKeySet: () => {
        state.keySetAsked += 1;
        return state.keySet;
      },
      endedSessions: () => state.ended,
      revokedAccessTokens: () => [],
      accessTokenContext: (_: unknown, { hash }: { hash: string }) => {
        state.tokensAsked = (state.tokensAsked ?? 0) + 1;
        return state.tokens?.get(hash) ?? null;
      },
    },
    User: {
      __resolveReference: ({ id }: { id: string }) => ({ id }),
      name: ({ id }: { id: string }) => `user ${id}`,
      email: () => 'ada@example.com',
      ip: (_: unknown, __: unknown, { client }: FixtureContext) => client.ipAddress,
      agent: (_: unknown, __: unknown, { client }: FixtureContext) => client.userAgent,
      scopes: (_: unknown, __: unknown, { viewer }: FixtureContext) => viewer?.scopes ?? [],
      permissions: (_: unknown, __: unknown, { organization }: FixtureContext) => organization?.permissions ?? [],
    },
  });
}

export function organizations(state: PeopleState): Fixture {
  const row =
    'type Membership @tag(name: "internal") @inaccessible { organizationId: ID! membershipId: ID! roleKey: String! permissions: [String!]! teamIds: [ID!]! requireMfa: Boolean! status: String! requestsPerMinute: Int epoch: Int! }';
  return fixture(
    'organizations',
    `type Query { membershipContext(userId: ID!, organizationId: ID!): Membership @inaccessible @tag(name: "internal") } ${row}`,
    {
      Query: {
        membershipContext: (_: unknown, { userId, organizationId }: Record<string, string>) =>
          state.memberships.get(`${userId} ${organizationId}`) ?? null,
      },
    },
  );
}
