import { createLog } from '@supergraph/platform/log';
import { startTracing } from '@supergraph/platform/start-tracing';
import { Registry } from 'prom-client';
import { createEngineMetrics } from '../../src/engine-metrics.ts';
import { startSpanReceiver } from '../support/span-receiver.ts';
import { openWorld } from './support/world.ts';

/* Entities that are remembered from earlier requests are told apart from those that one request asks for once only. */

/** The clock keeps the whole answer from being remembered; the second product is wanted twice. */
const document = '{ clock products { nodes { related { rating { average } } } } }';
const partly = '{ clock products { nodes { rating { average } } } }';

test('timings say how many entities are asked for, and how many are remembered', async () => {
  const world = openWorld();
  const ratings = async (query: string) => {
    const { explained } = await world.ask(query, { explain: true });
    return explained?.timings.fetches.filter(({ subgraph }) => subgraph === 'rates').map(({ outcome, entities }) => [outcome, entities]);
  };
  expect(await ratings(document)).toEqual([['ok', { wanted: 2, asked: 1, remembered: 0 }]]);
  expect(await ratings(document)).toEqual([['remembered', { wanted: 2, asked: 0, remembered: 1 }]]);
  expect(await ratings(partly)).toEqual([['ok', { wanted: 2, asked: 1, remembered: 1 }]]);
  expect(await ratings(partly)).toEqual([['remembered', { wanted: 2, asked: 0, remembered: 2 }]]);
});

test('what is remembered has its time, too: it is looked for when it is wanted', async () => {
  const world = openWorld();
  await world.ask(partly);
  const { explained } = await world.ask(partly, { explain: true });
  const [shop, rates] = explained?.timings.fetches ?? [];
  expect(rates?.startedAtMs).toBeGreaterThanOrEqual((shop?.startedAtMs ?? 0) + (shop?.tookMs ?? 0) - 0.02);
  expect(rates?.tookMs).toBeGreaterThanOrEqual(0);
});

test('metrics count both apart, and no fetch where nobody was asked', async () => {
  const registry = new Registry();
  const world = openWorld({ engineMetrics: createEngineMetrics(registry) });
  const samples = async () => {
    const text = await registry.metrics();
    return text
      .split('\n')
      .filter((line) => line.includes('subgraph="rates"') && /^gateway_(entities_|fetch_duration_seconds_count)/.test(line));
  };
  await world.ask(document);
  expect(await samples()).toEqual([
    'gateway_fetch_duration_seconds_count{subgraph="rates",outcome="ok"} 1',
    'gateway_entities_asked_total{subgraph="rates"} 1',
    'gateway_entities_saved_total{subgraph="rates",source="request"} 1',
  ]);
  await world.ask(document);
  await world.ask(partly);
  expect(await samples()).toEqual([
    'gateway_fetch_duration_seconds_count{subgraph="rates",outcome="ok"} 2',
    'gateway_entities_asked_total{subgraph="rates"} 2',
    'gateway_entities_saved_total{subgraph="rates",source="request"} 2',
    'gateway_entities_saved_total{subgraph="rates",source="cache"} 2',
  ]);
});

test('spans of fetches say both', async () => {
  const receiver = await startSpanReceiver();
  const tracing = { endpoint: receiver.url, headers: {}, sampler: 'always_on', ratio: 1, serviceName: undefined };
  const stop = await startTracing({ settings: { tracing }, service: 'gateway', log: createLog('silent', 'test') });
  try {
    const world = openWorld();
    for (const query of [document, partly]) await world.ask(query);
  } finally {
    await stop();
    await receiver.close();
  }
  const entities = receiver.spans
    .filter(({ name }) => name === 'fetch rates')
    .map(({ attributes }) => ['wanted', 'asked', 'remembered'].map((what) => Number(attributes[`entities.${what}`])));
  expect(entities).toEqual([
    [2, 1, 0],
    [2, 1, 1],
  ]);
});
