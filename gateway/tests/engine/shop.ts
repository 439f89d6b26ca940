import { nobody, type Identity } from '@supergraph/platform/context';
import { createLog } from '@supergraph/platform/log';
import { parse } from 'graphql';
import { type Answer, answerText } from '../../src/answer.ts';
import { composeSubgraphs } from '../../src/compose.ts';
import type { Executor } from '../../src/executor.ts';
import { createExecutor, type ExecutorOptions } from '../../src/gateway.ts';
import { type Fixture, fixture } from '../fixtures.ts';

export const goods = Array.from({ length: 1_200 }, (_, index) => ({ id: `${index}`, name: `product ${index}`, makerId: `${index % 3}` }));
const byId = new Map(goods.map((product) => [product.id, product]));

/** Lets a test decide when a subgraph answers. */
export const gates = new Map<string, PromiseWithResolvers<void>>();
const pass = async (name: string) => gates.get(name)?.promise;

/** A shop: products and makers here, prices there, opinions elsewhere. */
export function shop(): Fixture[] {
  const goodsGraph = fixture(
    'goods',
    `type Query { goods(first: Int = 3): [Product!]! @public product(id: ID!): Product @public }
     type Mutation { rename(id: ID!, name: String!): Product @public }
     type Product @key(fields: "id") @public { id: ID! name: String! maker: Maker twin: Product }
     type Maker @key(fields: "id") @public { id: ID! }`,
    {
      Query: {
        goods: (_: unknown, { first }: { first: number }) => goods.slice(0, first),
        product: (_: unknown, { id }: { id: string }) => byId.get(id) ?? null,
      },
      Mutation: { rename: (_: unknown, { id, name }: { id: string; name: string }) => ({ ...byId.get(id), name }) },
      Product: {
        __resolveReference: ({ id }: { id: string }) => byId.get(id) ?? null,
        maker: ({ makerId }: { makerId: string }) => ({ id: makerId }),
        twin: ({ id }: { id: string }) => byId.get(id) ?? null,
      },
      Maker: { __resolveReference: (maker: object) => maker },
    },
  );
  const makers = fixture(
    'makers',
    `type Query { makers: [Maker!]! @public } type Maker @key(fields: "id") @public { id: ID! title: String! motto: String secret: String @authenticated }`,
    {
      Query: { makers: () => [] },
      Maker: {
        __resolveReference: async ({ id }: { id: string }) => {
          await pass('makers');
          return id === '2' ? null : { id, title: `maker ${id}`, motto: `motto ${id}`, secret: 's' };
        },
      },
    },
  );
  const prices = fixture(
    'prices',
    `type Query { rate: Int @public } type Product @key(fields: "id") @public { id: ID! price(unit: String = "EUR"): Int offers: [Offer!]! } type Offer @public { of: Product! amount: Int }`,
    {
      Query: { rate: () => 1 },
      Product: {
        __resolveReference: async ({ id }: { id: string }) => {
          await pass('prices');
          return { id };
        },
        price: ({ id }: { id: string }, { unit }: { unit: string }) => {
          if (id === '1' && unit === 'BAD') throw new Error('inner words');
          return Number(id) * (unit === 'EUR' ? 1 : 2);
        },
        offers: ({ id }: { id: string }) => [{ of: { id }, amount: 1 }],
      },
    },
  );
  return [goodsGraph, makers, prices];
}

export interface ShopWorld {
  readonly executor: Executor;
  readonly subgraphs: Map<string, Fixture>;
  readonly request: (query: string, variables?: Record<string, unknown>, identity?: Identity) => Parameters<Executor['execute']>[0];
  readonly run: (query: string, variables?: Record<string, unknown>, identity?: Identity) => Promise<any>;
}

export const opened = (answer: Answer) => JSON.parse(answerText(answer));

export function openShop(options: Partial<ExecutorOptions> = {}): ShopWorld {
  const fixtures = shop();
  const { supergraphSdl } = composeSubgraphs(fixtures.map(({ name, sdl }) => ({ name, sdl })));
  const subgraphs = new Map(fixtures.map((one) => [one.name, one]));
  const log = createLog(process.env['TEST_LOG_LEVEL'] ?? 'silent', 'test');
  const executor = createExecutor({ supergraphSdl, clients: subgraphs, log, ...options });
  const request: ShopWorld['request'] = (query, variables = {}, identity = nobody('test')) => ({
    document: parse(query),
    operationName: undefined,
    variables,
    identity,
    signal: new AbortController().signal,
    deadline: Date.now() + 60_000,
  });
  return { executor, subgraphs, request, run: async (...args) => opened(await executor.execute(request(...args))) };
}
