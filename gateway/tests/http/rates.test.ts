import { person } from '@supergraph/platform/testing';
import { createTestDatabase } from '@supergraph/platform/test-database';
import { readSettings } from '@supergraph/platform/config';
import { nobody, type Identity } from '@supergraph/platform/context';
import { createClient as createEventClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { WebSocket } from 'ws';
import { createRateLimits } from '../../src/rate-limits.ts';
import { fakeExecutor, type FakeGraph, startFakeGraph } from '../support/fake-graph.ts';
import { json, send } from '../support/http.ts';

const sdl = 'type Query { hello: String items(first: Int): [Item!]! @listSize(slicingArguments: ["first"]) } type Item { id: ID! }';
const graphs: FakeGraph[] = [];
const start = async (options: Parameters<typeof startFakeGraph>[1]) => {
  const graph = await startFakeGraph(fakeExecutor(sdl), options);
  graphs.push(graph);
  return graph;
};
afterAll(() => Promise.all(graphs.map((graph) => graph.stop())));

const items = (first: number) => `{ items(first: ${first}) { id } }`;
const limits = { guest: 100, user: 200, client: 300 };
const ask = async (graph: FakeGraph, query: string, headers: Record<string, string> = {}) => {
  const { status, text, headers: answered } = await send(graph, { body: { query }, headers: { ...json, ...headers } });
  return {
    status,
    retryAfter: answered['retry-after'],
    error: JSON.parse(text).errors?.[0] as undefined | { message: string; extensions: Record<string, unknown> },
  };
};
const refusal = (details: object) => ({
  status: 429,
  retryAfter: expect.stringMatching(/^[1-9]\d?$/),
  error: {
    message: expect.any(String),
    extensions: { code: 'RATE_LIMITED', reason: 'COST_PER_MINUTE', retryAfterSeconds: expect.any(Number), ...details },
  },
});

describe.each([
  ['direct', []],
  ['apollo', [{}]],
])('points of cost in a minute, on the %s lane', (_lane, plugins) => {
  test('are what guests of one address have; what costs less goes on longest', async () => {
    const graph = await start({ settings: { rateLimits: limits, trustedProxies: 1 }, plugins });
    const from = (address: string) => ({ 'x-forwarded-for': address });
    const here = from('192.0.2.1');
    expect((await ask(graph, items(60), here)).status).toBe(200);
    const refused = await ask(graph, items(50), here);
    expect(refused).toEqual(refusal({ cost: 50, limit: 100 }));
    expect(refused.retryAfter).toBe(String(refused.error?.extensions['retryAfterSeconds']));
    expect(refused.error?.message).toMatch(/costs 50 points, more than is left of the 100/);
    // Asking cost a point: 39 are left.
    expect((await ask(graph, items(38), here)).status).toBe(200);
    expect((await ask(graph, '{ hello }', here)).status).toBe(200);
    expect(await ask(graph, '{ hello }', here)).toEqual(refusal({ cost: 1, limit: 100 }));
    // Nothing is left, so nothing is even looked at.
    expect(await ask(graph, '{ syntax', here)).toEqual(refusal({ limit: 100 }));
    expect((await ask(graph, '{ hello }', from('192.0.2.2'))).status).toBe(200);
    expect(graph.executor.asked).toHaveLength(4);
  });
});

test('IPv6 guests of one /64 share them', async () => {
  const graph = await start({ settings: { rateLimits: limits, trustedProxies: 1 } });
  const from = (address: string) => ask(graph, items(60), { 'x-forwarded-for': address });
  expect((await from('2001:db8::1')).status).toBe(200);
  expect((await from('2001:db8::ffff:1')).status).toBe(429);
  expect((await from('2001:db8:0:1::1')).status).toBe(200);
});
test('users have their own wherever they are, and share those of their app', async () => {
  const graph = await start({ settings: { rateLimits: limits } });
  const as = (token: string, first: number) => ask(graph, items(first), { authorization: `Bearer ${token}` });
  expect((await as('ada/shop', 150)).status).toBe(200);
  expect(await as('ada/shop', 60)).toEqual(refusal({ cost: 60, limit: 200 }));
  expect((await as('bruno/shop', 140)).status).toBe(200);
  // 150 + 1 + 140 of 300 are spent.
  expect(await as('cleo/shop', 20)).toEqual(refusal({ cost: 20, limit: 300 }));
  expect((await as('cleo/other', 20)).status).toBe(200);
  expect((await as('bruno/other', 40)).status).toBe(200);
  expect((await ask(graph, items(60))).status).toBe(200);
});
test('documents that are refused cost by their length', async () => {
  const graph = await start({ settings: { rateLimits: limits } });
  expect((await ask(graph, '{ nothing }')).status).toBe(400);
  expect((await ask(graph, `{ ${'nothing '.repeat(200)} }`)).status).toBe(429);
  expect((await ask(graph, items(80))).status).toBe(200);
});
test('the same holds over WebSocket and server-sent events', async () => {
  const graph = await start({ settings: { rateLimits: limits } });
  const sockets = createClient({ url: graph.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
  const events = createEventClient({ url: `${graph.url}/stream`, retryAttempts: 0 });
  expect((await sockets.iterate({ query: items(60) }).next()).value).toEqual({ data: { hello: 'world' } });
  await expect(sockets.iterate({ query: items(60) }).next()).rejects.toMatchObject([
    { extensions: { code: 'RATE_LIMITED', retryAfterSeconds: expect.any(Number) } },
  ]);
  expect((await events.iterate({ query: items(60) }).next()).value).toMatchObject({ errors: [{ extensions: { code: 'RATE_LIMITED' } }] });
  await sockets.dispose();
  events.dispose();
});
const none = () => Promise.reject(new Error('no organization has a limit here'));

describe('requests of an organization', () => {
  const from = (userId: string, id: string, requestsPerMinute?: number): Identity => ({
    ...nobody('1'),
    viewer: person({ userId }),
    organization: {
      id,
      membershipId: 'm',
      role: 'MEMBER',
      permissions: [],
      ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
    },
  });

  test('are counted for all of its members together, against its own limit', async () => {
    const limiter = new RateLimiterMemory({ points: 1_000_000, duration: 60 });
    const limiterOf = () => limiter;
    const rates = createRateLimits({
      points: limits,
      limiterOf,
      organizations: () => Promise.resolve(limiter),
      onFailure: () => undefined,
    });
    const codes = [];
    for (const who of ['ada', 'bo', 'ada', 'bo']) codes.push((await rates.countRequest(from(who, 'shop', 3)))?.extensions['code']);
    expect(codes).toEqual([undefined, undefined, undefined, 'RATE_LIMITED']);
    expect((await rates.countRequest(from('ada', 'shop', 3)))?.extensions).toEqual({
      code: 'RATE_LIMITED',
      reason: 'REQUESTS_PER_MINUTE',
      quota: 'api.requests_per_minute',
      limit: 3,
      retryAfterSeconds: expect.any(Number),
    });
    // A higher limit counts at once, and others are not touched.
    expect(await rates.countRequest(from('ada', 'shop', 10))).toBeUndefined();
    expect(await rates.countRequest(from('ada', 'other', 1))).toBeUndefined();
    expect(await rates.countRequest(from('ada', 'third'))).toBeUndefined();
    expect(await rates.countRequest(nobody('1'))).toBeUndefined();
  });

  test('are let through where they cannot be counted', async () => {
    const failures: unknown[] = [];
    const limiterOf = () => new RateLimiterMemory({ points: 1, duration: 60 });
    const rates = createRateLimits({ points: limits, limiterOf, organizations: none, onFailure: (error) => failures.push(error) });
    expect(await rates.countRequest(from('ada', 'shop', 0))).toBeUndefined();
    expect(failures).toHaveLength(1);
  });
});

test('a minute later all of them are there again', async () => {
  const limiterOf = (keyPrefix: string, points: number) => new RateLimiterMemory({ keyPrefix, points, duration: 1 });
  const failures: unknown[] = [];
  const rates = createRateLimits({ points: limits, limiterOf, organizations: none, onFailure: (error) => failures.push(error) });
  const guest: Identity = { ...nobody('1'), client: { ipAddress: '192.0.2.1', userAgent: null } };
  expect(await rates.spend(guest, 100)).toBeUndefined();
  expect(await rates.spend(guest, 1)).toMatchObject({ extensions: { retryAfterSeconds: 1 } });
  expect(rates.spentError(guest)).toMatchObject({ extensions: { limit: 100 } });
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  expect([rates.spentError(guest), await rates.spend(guest, 100), failures]).toEqual([undefined, undefined, []]);
});
test('addresses beyond those that are told apart are one crowd', async () => {
  const limiterOf = (keyPrefix: string, points: number) => new RateLimiterMemory({ keyPrefix, points, duration: 60 });
  const rates = createRateLimits({ points: limits, limiterOf, organizations: none, onFailure: () => undefined, mostAddresses: 2 });
  const from = (ipAddress: string) => rates.spend({ ...nobody('1'), client: { ipAddress, userAgent: null } }, 60);
  const codes = [];
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4']) codes.push((await from(address))?.extensions['code']);
  expect(codes).toEqual([undefined, undefined, undefined, 'RATE_LIMITED']);
});
test('a store that fails lets callers through', async () => {
  const limiter = new RateLimiterMemory({ points: 1, duration: 60 });
  limiter.consume = () => Promise.reject(new Error('disk full'));
  const failures: unknown[] = [];
  const rates = createRateLimits({
    points: limits,
    limiterOf: () => limiter,
    organizations: none,
    onFailure: (error) => failures.push(error),
  });
  expect(await rates.spend({ ...nobody('1'), viewer: person() }, 50)).toBeUndefined();
  expect(failures).toHaveLength(2);
});
test('gateways that share PostgreSQL count together', async () => {
  const database = await createTestDatabase();
  const settings = { rateLimits: limits, rateLimitStore: 'postgres' as const };
  const [one, other] = [
    await start({ settings, databaseUrl: database.ownerUrl }),
    await start({ settings, databaseUrl: database.ownerUrl }),
  ];
  expect((await ask(one, items(60))).status).toBe(200);
  expect((await ask(other, items(60))).status).toBe(429);
  expect((await ask(other, items(30))).status).toBe(200);
  expect((await ask(one, items(10))).status).toBe(429);
  await Promise.all([one.stop(), other.stop()]);
  graphs.splice(graphs.indexOf(one), 1);
  graphs.splice(graphs.indexOf(other), 1);
  await database.drop();
});
test('developers never meet them, production has them', () => {
  expect(readSettings({}).rateLimits).toEqual({ guest: 0, user: 0, client: 0 });
  const production = {
    NODE_ENV: 'production',
    DATABASE_URL: 'postgres://a@b/c',
    PUBLIC_URL: 'https://a.test',
    INTERNAL_KEY: 'k'.repeat(32),
  };
  expect(readSettings(production)).toMatchObject({ rateLimits: { guest: 60_000, user: 120_000, client: 0 }, rateLimitStore: 'memory' });
  expect(readSettings({ RATE_LIMIT_PER_GUEST: '5', REDIS_URL: 'redis://a' })).toMatchObject({
    rateLimits: { guest: 5 },
    rateLimitStore: 'redis',
  });
  expect(() => readSettings({ RATE_LIMIT_STORE: 'redis' })).toThrow(/RATE_LIMIT_STORE=redis .*mend: .*REDIS_URL/);
  expect(() => readSettings({ RATE_LIMIT_PER_USER: '-1' })).toThrow(/RATE_LIMIT_PER_USER must be at least 0/);
});
