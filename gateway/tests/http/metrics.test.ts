import { createClient as createEventClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { Registry } from 'prom-client';
import { WebSocket } from 'ws';
import { createEdgeMetrics } from '../../src/edge-metrics.ts';
import { fakeExecutor, type FakeGraph, startFakeGraph } from '../support/fake-graph.ts';
import { get, json, query, send } from '../support/http.ts';
import { ticks } from '../support/ticks.ts';

const sdl = `
  type Query { hello: String part: String fail: String away: String }
  type Mutation { change: String }
  type Subscription { ticks(count: Int, size: Int): String }
`;
const answers: Record<string, object> = {
  hello: { data: '{"hello":"world"}' },
  part: { data: '{"part":null}', errors: [{ message: 'x', path: ['part'], extensions: { code: 'NOT_FOUND' } }] },
  fail: { data: 'null', errors: [{ message: 'x', extensions: { code: 'INTERNAL_SERVER_ERROR' } }] },
  away: { errors: [{ message: 'x', extensions: { code: 'UPSTREAM_UNAVAILABLE' } }] },
  change: { data: '{"change":"done"}' },
};
const executor = () =>
  fakeExecutor(sdl, {
    execute: ({ document }) => Promise.resolve(answers[/\w+(?=[\s}]*$)/.exec(document.loc?.source.body ?? '')?.[0] ?? ''] ?? {}),
    executeInParts: () =>
      Promise.resolve({
        initial: { data: '{"hello":"world"}' },
        later: (async function* () {
          yield [];
        })(),
      }),
    subscribe: (request) => Promise.resolve(ticks(request)),
  });

const counted = async (graph: FakeGraph, name: string) =>
  Object.fromEntries(
    [...(await graph.metrics()).matchAll(new RegExp(`^${name}\\{(.*)\\} (\\d+)$`, 'gm'))].map(([, labels = '', count]) => [
      labels.replaceAll(/\w+="([^"]*)"/g, '$1'),
      Number(count),
    ]),
  );

test.each([
  ['direct', []],
  ['apollo', [{}]],
])('requests are counted by way and outcome on the %s lane, refusals by reason, durations by kind', async (lane, plugins) => {
  const graph = await startFakeGraph(executor(), { plugins });
  for (const name of ['hello', 'part', 'fail', 'away']) await send(graph, query(`{ ${name} }`));
  await send(graph, query('mutation { change }'));
  await send(graph, get({ query: '{ hello }' }));
  await send(graph, query('{ nothing }'));
  await send(graph, query(`{ ${'hello '.repeat(21)} }`));
  await send(graph, { body: '{' });
  await send(graph, { ...query('{ hello }'), headers: { ...json, authorization: 'Bearer nobody' } });
  await send(graph, { ...query('{ hello }'), headers: { ...json, accept: 'text/csv' } });
  const accept = 'multipart/mixed;deferSpec=20220824,application/json';
  await send(graph, { ...query('{ ... @defer { hello } }'), headers: { ...json, accept } });
  expect(await counted(graph, 'gateway_requests_total')).toEqual({
    [`${lane},http,ok`]: 3,
    [`${lane},http,partial`]: 1,
    [`${lane},http,failed`]: 2,
    [`${lane},http,refused`]: 5,
    [`${lane},multipart,ok`]: 1,
  });
  expect(await counted(graph, 'gateway_refusals_total')).toEqual({
    GRAPHQL_VALIDATION_FAILED: 1,
    ROOT_FIELD_LIMIT: 1,
    HTTP_400: 1,
    UNAUTHENTICATED: 1,
    HTTP_406: 1,
  });
  expect(await counted(graph, 'gateway_request_duration_seconds_count')).toEqual({
    'http,query': 5,
    'http,mutation': 1,
    'multipart,query': 1,
  });
  await graph.stop();
});

test('streams are counted by transport while they are open, and as requests', async () => {
  const graph = await startFakeGraph(executor());
  const sockets = createClient({ url: graph.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0, lazy: false });
  const events = createEventClient({ url: `${graph.url}/stream`, retryAttempts: 0 });
  const subscription = 'subscription { ticks }';
  const read = async (results: AsyncIterable<unknown>) => {
    let count = 0;
    for await (const _ of results) count += 1;
    return count;
  };
  expect(await read(sockets.iterate({ query: subscription }))).toBe(3);
  expect((await sockets.iterate({ query: '{ hello }' }).next()).done).toBe(false);
  await expect(sockets.iterate({ query: '{ nothing }' }).next()).rejects.toBeTruthy();
  expect(await read(events.iterate({ query: subscription }))).toBe(3);
  const accept = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json';
  await send(graph, { ...query(subscription), headers: { ...json, accept } });
  expect(await counted(graph, 'gateway_streams_open')).toEqual({ websocket: 1, sse: 0, multipart: 0 });
  expect(await counted(graph, 'gateway_requests_total')).toEqual({
    'direct,websocket,ok': 2,
    'direct,websocket,refused': 1,
    'direct,sse,ok': 1,
    'direct,multipart,ok': 1,
  });
  const foreign = new WebSocket(graph.socketUrl, 'graphql-transport-ws', { origin: 'https://evil.test' });
  await new Promise((resolve) => foreign.once('error', resolve));
  expect(await counted(graph, 'gateway_refusals_total')).toEqual({ GRAPHQL_VALIDATION_FAILED: 1, ORIGIN: 1 });
  await sockets.dispose();
  events.dispose();
  await graph.stop();
});

test('reasons are words of ours, and not too many', async () => {
  const registry = new Registry();
  const metrics = createEdgeMetrics(registry);
  const via = { lane: 'direct', transport: 'http' } as const;
  for (let nth = 0; nth < 300; nth++) metrics.refused(via, `REASON_${nth}`);
  metrics.refused(via, 'not a word"}');
  const text = await registry.metrics();
  expect(text.match(/^gateway_refusals_total\{/gm)).toHaveLength(101);
  expect(text).toContain('gateway_refusals_total{reason="OTHER"} 201');
});
