import { createHash, randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { fakeExecutor, type FakeGraph, startFakeGraph } from '../support/fake-graph.ts';
import { send } from '../support/http.ts';

const redisUrl = process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379';
const graphs: FakeGraph[] = [];
const start = async (url = redisUrl, settings: object = {}) => {
  const graph = await startFakeGraph(fakeExecutor('type Query { hello: String }'), { settings: { redisUrl: url, ...settings } });
  graphs.push(graph);
  return graph;
};
afterAll(() => Promise.all(graphs.map((graph) => graph.stop())));
const ask = async (graph: FakeGraph, body: object) => JSON.parse((await send(graph, { body })).text);

test('gateways that share Redis know what one of them was told, and go on without it', async () => {
  const query = `query Shared${randomUUID().replaceAll('-', '')} { hello }`;
  const sha256Hash = createHash('sha256').update(query).digest('hex');
  const extensions = { persistedQuery: { version: 1, sha256Hash } };
  const world = { data: { hello: 'world' } };
  const notFound = { errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }] };
  const [one, other] = [await start(), await start()];
  const redis = new Redis(redisUrl);
  expect(await ask(other, { extensions })).toEqual(notFound);
  expect(await ask(one, { query, extensions })).toEqual(world);
  const key = `supergraph:apq:${sha256Hash}`;
  while ((await redis.exists(key)) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(await ask(other, { extensions })).toEqual(world);
  expect(await redis.ttl(key)).toBeGreaterThan(80_000);
  await redis.del(key);
  await redis.quit();
  const alone = await start('redis://127.0.0.1:1');
  expect(await ask(alone, { extensions })).toEqual(notFound);
  expect(await ask(alone, { query, extensions })).toEqual(world);
  expect(await ask(alone, { extensions })).toEqual(world);
});

test('gateways that share Redis count together what was spent, and each by itself without it', async () => {
  // A user of this run alone.
  const authorization = `Bearer ${randomUUID()}`;
  const settings = { rateLimits: { guest: 0, user: 3, client: 0 }, rateLimitStore: 'redis' as const };
  const spend = async (graph: FakeGraph) =>
    (await send(graph, { body: { query: '{ hello }' }, headers: { 'content-type': 'application/json', authorization } })).status;
  const [one, other] = [await start(redisUrl, settings), await start(redisUrl, settings)];
  expect([await spend(one), await spend(other), await spend(one), await spend(other), await spend(one)]).toEqual([200, 200, 200, 429, 429]);
  const alone = await start('redis://127.0.0.1:1', settings);
  expect([await spend(alone), await spend(alone), await spend(alone), await spend(alone)]).toEqual([200, 200, 200, 429]);
});
