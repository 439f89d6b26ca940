import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { nobody } from '@supergraph/platform/context';
import { createLog } from '@supergraph/platform/log';
import { createRemoteSubgraph } from '@supergraph/platform/remote';
import { type RunningServer, serveSubgraph } from '@supergraph/platform/service-server';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import { patienceMs } from '@supergraph/platform/testing';
import { parse } from 'graphql';
import { Registry } from 'prom-client';
import { composeSubgraphs } from '../src/compose.ts';
import { createEngineMetrics } from '../src/engine-metrics.ts';
import { createExecutor } from '../src/gateway.ts';
import { startTestGateway, type TestGateway } from '../testing.ts';
import { accounts, catalog, type Fixture, organizations, type PeopleState, reviews } from './fixtures.ts';

const log = createLog(process.env['TEST_LOG_LEVEL'] ?? 'silent', 'test');
const internalKey = 'k'.repeat(64);
const state: PeopleState = { keySet: { keys: [] }, keySetAsked: 0, ended: [], memberships: new Map() };
const opinions = reviews();
/** Until a test takes it away. */
let service: RunningServer;
let remote: SubgraphClient;
let gateway: TestGateway;

beforeAll(async () => {
  service = await serveSubgraph({ subgraph: opinions, settings: { internalKey }, port: 0, host: '127.0.0.1', log });
  remote = createRemoteSubgraph({ name: 'reviews', url: `http://127.0.0.1:${service.port}/graphql`, settings: { internalKey }, log });
  gateway = await startTestGateway({ subgraphs: [accounts(state), organizations(state), catalog(), opinions], clients: [remote] });
});
afterAll(async () => {
  await gateway.stop();
  await remote.close();
});

const send = async (query: string) => {
  const body = JSON.stringify({ query });
  const response = await fetch(gateway.url, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  return (await response.json()) as { data: unknown; errors?: unknown };
};

/** An engine of its own, measured by a registry of its own. */
function engineOver(clients: readonly Fixture[], registry: Registry) {
  const { supergraphSdl } = composeSubgraphs(clients.map(({ name, sdl }) => ({ name, sdl })));
  const metrics = createEngineMetrics(registry);
  const executor = createExecutor({ supergraphSdl, clients: new Map(clients.map((one) => [one.name, one])), log, metrics });
  return {
    execute: (query: string) =>
      executor.execute({
        document: parse(query),
        operationName: undefined,
        variables: {},
        identity: nobody('request'),
        signal: new AbortController().signal,
        deadline: Date.now() + patienceMs,
      }),
  };
}

/** Every sample that operators can see, by its name with labels. */
async function look(): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]));
}

/** By how much samples grew meanwhile. */
async function growth(work: () => Promise<unknown>): Promise<(sample: string) => number> {
  const before = await look();
  await work();
  const after = await look();
  return (sample) => (after.get(sample) ?? 0) - (before.get(sample) ?? 0);
}

test('plans are counted with their duration, those that were there already apart', async () => {
  const query = '{ product(id: "1") { name price } }';
  const grew = await growth(async () => {
    for (let run = 0; run < 3; run++) await send(query);
  });
  expect(grew('gateway_plan_duration_seconds_count{outcome="made"}')).toBe(1);
  expect(grew('gateway_plan_duration_seconds_sum{outcome="made"}')).toBeGreaterThan(0);
  expect(grew('gateway_plan_cache_hits_total')).toBe(2);
  expect(grew('gateway_operations_kept')).toBe(1);
});

test('fetches are counted by subgraph and outcome, with their duration', async () => {
  const grew = await growth(async () => {
    await send('{ product(id: "1") { name seller { name } } }');
    await send('{ product(id: "3") { stars } }');
  });
  const count = (subgraph: string, outcome: string) =>
    grew(`gateway_fetch_duration_seconds_count{subgraph="${subgraph}",outcome="${outcome}"}`);
  expect([count('catalog', 'ok'), count('accounts', 'ok'), count('reviews', 'errors'), count('reviews', 'ok')]).toEqual([2, 1, 1, 0]);
  expect(grew('gateway_fetch_duration_seconds_sum{subgraph="catalog",outcome="ok"}')).toBeGreaterThan(0);
});

test('entities that are asked for once instead of often are counted', async () => {
  const grew = await growth(() => send('{ a: product(id: "2") { seller { name } } b: product(id: "2") { seller { name } } }'));
  expect(grew('gateway_entities_asked_total{subgraph="accounts"}')).toBe(1);
  expect(grew('gateway_entities_saved_total{subgraph="accounts",source="request"}')).toBe(1);
  expect(grew('gateway_entities_saved_total{subgraph="accounts",source="cache"}')).toBe(0);
});

test('questions of several requests that were asked once are counted', async () => {
  const shop = catalog();
  const answering = Promise.withResolvers<void>();
  const slow: typeof shop = {
    ...shop,
    isRemote: true,
    execute: async (request) => {
      await answering.promise;
      return shop.execute(request);
    },
  };
  const registry = new Registry();
  const { execute } = engineOver([slow], registry);
  const asked = Array.from({ length: 3 }, () => execute('{ products { nodes { name } } }'));
  answering.resolve();
  await Promise.all(asked);
  expect(shop.requests).toHaveLength(1);
  expect(await registry.getSingleMetricAsString('gateway_fetches_shared_total')).toContain('{subgraph="catalog"} 2');
});

test('the breaker of a remote subgraph shows that it is open, and the fetches that found nobody', async () => {
  const closed = 'gateway_subgraph_breaker_state{subgraph="reviews"}';
  expect((await look()).get(closed)).toBe(0);
  await service.stop();
  const grew = await growth(async () => {
    for (let run = 0; run < 12; run++) await send('{ reviewCount }');
  });
  const after = await look();
  expect(after.get(closed)).toBeGreaterThan(0);
  expect(after.get('gateway_subgraph_calls_running{subgraph="reviews"}')).toBe(0);
  expect(after.get('gateway_subgraph_calls_waiting{subgraph="reviews"}')).toBe(0);
  expect(grew('gateway_fetch_duration_seconds_count{subgraph="reviews",outcome="unavailable"}')).toBe(12);
});

test('labels are few: subgraphs and outcomes, whatever clients call their operations', async () => {
  const ours = async () => [...(await look()).keys()].filter((sample) => sample.startsWith('gateway_'));
  const before = await ours();
  for (let run = 0; run < 5; run++) await send(`query Named${run} { product(id: "1") { name } }`);
  expect(await ours()).toEqual(before);
});

test('the delay of the event loop is measured', async () => {
  const samples = await look();
  expect([...samples.keys()].filter((sample) => sample.startsWith('nodejs_eventloop_lag'))).toContain('nodejs_eventloop_lag_p99_seconds');
});

test('operations are no longer counted when their documents are gone', async () => {
  const registry = new Registry();
  const { execute } = engineOver([catalog()], registry);
  const kept = async () => (await registry.getSingleMetric('gateway_operations_kept')?.get())?.values[0]?.value;
  for (const name of ['A', 'B', 'C']) await execute(`query ${name} { product(id: "1") { name } }`);
  expect(await kept()).toBe(3);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let turn = 0; turn < 100 && (await kept()) !== 0; turn++) {
    collect();
    await sleep(10);
  }
  expect(await kept()).toBe(0);
});
