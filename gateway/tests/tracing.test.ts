import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLog } from '@supergraph/platform/log';
import { createRemoteSubgraph } from '@supergraph/platform/remote';
import { type RunningServer, serveSubgraph } from '@supergraph/platform/service-server';
import { startTracing } from '@supergraph/platform/start-tracing';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import { isTraceparent, traceIdOf } from '@supergraph/platform/tracing';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { startTestGateway, type TestGateway } from '../testing.ts';
import { accounts, catalog, type Fixture, organizations, type PeopleState, reviews } from './fixtures.ts';
import { type ReceivedSpan, type SpanReceiver, startSpanReceiver } from './support/span-receiver.ts';

const log = createLog(process.env['TEST_LOG_LEVEL'] ?? 'silent', 'test');
const internalKey = 'k'.repeat(64);
const state: PeopleState = { keySet: { keys: [] }, keySetAsked: 0, ended: [], memberships: new Map() };
const people = accounts(state);
const shop = catalog();
/** Served over HTTP; the others run inside the gateway. */
const opinions = reviews();

let receiver: SpanReceiver;
let service: RunningServer;
let remote: SubgraphClient;
let gateway: TestGateway;

beforeAll(async () => {
  receiver = await startSpanReceiver();
  service = await serveSubgraph({ subgraph: opinions, settings: { internalKey }, port: 0, host: '127.0.0.1', log });
  remote = createRemoteSubgraph({ name: 'reviews', url: `http://127.0.0.1:${service.port}/graphql`, settings: { internalKey }, log });
  gateway = await startTestGateway({ subgraphs: [people, organizations(state), shop, opinions], clients: [remote] });
});
afterAll(async () => {
  await gateway.stop();
  await remote.close();
  await service.stop();
  await receiver.close();
});

const traced = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const sampled = `00-${traced.traceId}-${traced.spanId}-01`;
const unsampled = `00-${traced.traceId}-${traced.spanId}-00`;
const overFive = '{ products(first: 2) { nodes { name seller { name } reviews { body } } } }';

const send = async (query: string, headers: Record<string, string> = {}, variables = {}) => {
  const body = JSON.stringify({ query, variables });
  const response = await fetch(gateway.url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
  return (await response.json()) as { data?: unknown; errors?: unknown };
};

/** What is recorded of some work, with a sampler; the spans are sent when it is over. */
async function recording(
  work: () => Promise<unknown>,
  { sampler = 'parentbased_always_on', ratio = 1 } = {},
): Promise<readonly ReceivedSpan[]> {
  const before = receiver.spans.length;
  const tracing = { endpoint: receiver.url, headers: { 'x-key': 'for the collector' }, sampler, ratio, serviceName: undefined };
  const stop = await startTracing({ settings: { tracing }, service: 'gateway', log });
  try {
    await work();
  } finally {
    await stop();
  }
  return receiver.spans.slice(before);
}

const only = (spans: readonly ReceivedSpan[], name: string): ReceivedSpan => {
  const found = spans.filter((span) => span.name === name);
  if (found.length !== 1) throw new Error(`${found.length} spans are called "${name}": ${JSON.stringify(spans.map((span) => span.name))}`);
  return found[0] as ReceivedSpan;
};
const lastIdentity = ({ requests }: Fixture) => requests.at(-1)?.identity;

describe('spans', () => {
  test("of one query over two embedded subgraphs and a remote one hang together below the client's span", async () => {
    const spans = await recording(() => send(overFive, { traceparent: sampled }));
    const query = only(spans, 'query');
    const inTrace = spans.filter(({ traceId }) => traceId === traced.traceId);
    expect(new Set(inTrace.map(({ name }) => name))).toEqual(
      new Set(['query', 'plan', 'fetch catalog', 'fetch accounts', 'fetch reviews', 'answer reviews']),
    );
    expect(query).toMatchObject({ parentSpanId: traced.spanId, kind: 2, service: 'gateway', failed: false });
    for (const name of ['plan', 'fetch catalog', 'fetch accounts'])
      expect(only(inTrace, name)).toMatchObject({ parentSpanId: query.spanId, kind: 1 });
    expect(only(inTrace, 'fetch reviews')).toMatchObject({ parentSpanId: query.spanId, kind: 3 });
    expect(only(inTrace, 'answer reviews')).toMatchObject({ parentSpanId: only(inTrace, 'fetch reviews').spanId, kind: 2 });
    expect(only(inTrace, 'fetch accounts').attributes).toMatchObject({
      subgraph: 'accounts',
      outcome: 'ok',
      'entities.wanted': 2,
      'entities.remembered': 0,
    });
  });
  test('each subgraph gets the context of its own fetch, embedded or remote', async () => {
    const spans = await recording(() => send(overFive, { traceparent: sampled }));
    expect(lastIdentity(shop)?.traceparent).toBe(`00-${traced.traceId}-${only(spans, 'fetch catalog').spanId}-01`);
    expect(lastIdentity(opinions)?.traceparent).toBe(`00-${traced.traceId}-${only(spans, 'answer reviews').spanId}-01`);
  });
  test("a known plan is not planned again, and an operation without a client's context begins a trace of its own", async () => {
    const spans = await recording(() => send(overFive));
    const query = only(spans, 'query');
    expect(query.parentSpanId).toBeUndefined();
    expect(spans.filter(({ traceId }) => traceId === query.traceId).map(({ name }) => name)).not.toContain('plan');
  });
  test('name the operation, and hold neither variables nor tokens nor texts', async () => {
    const query = 'query Price($text: String!) { echo(text: $text) }';
    const spans = await recording(() => send(query, { traceparent: sampled }, { text: 'a secret wish' }));
    expect(only(spans, 'query').attributes).toEqual({ 'graphql.operation.type': 'query', 'graphql.operation.name': 'Price' });
    expect(receiver.text()).not.toContain('a secret wish');
    expect(receiver.headers()['x-key']).toBe('for the collector');
  });
  test("fail with what is our fault, not with what is the client's", async () => {
    const ours = await recording(async () => {
      shop.disturb = () => Promise.reject(new Error('connect ECONNREFUSED'));
      await send('{ product(id: "1") { name } }', { traceparent: sampled });
      shop.disturb = undefined;
    });
    expect(only(ours, 'query').failed).toBe(true);
    expect(only(ours, 'fetch catalog')).toMatchObject({ failed: true, attributes: { outcome: 'unavailable' } });
    const theirs = await recording(() => send('mutation { rename(id: "1", name: "taken") { id } }', { traceparent: sampled }));
    expect(only(theirs, 'mutation').failed).toBe(false);
    expect(only(theirs, 'fetch catalog')).toMatchObject({ failed: false, attributes: { outcome: 'errors' } });
  });
  test('of a subscription: its beginning, and each event in a trace of its own that links to it', async () => {
    const spans = await recording(async () => {
      const client = createClient({ url: gateway.socketUrl, webSocketImpl: WebSocket });
      for await (const _ of client.iterate({ query: 'subscription { priceChanged(id: "1", count: 2) { price rating } }' })) continue;
      await client.dispose();
    });
    const begun = only(spans, 'subscription');
    const events = spans.filter(({ name }) => name === 'event');
    expect(events).toHaveLength(2);
    expect(new Set([begun.traceId, ...events.map(({ traceId }) => traceId)]).size).toBe(3);
    for (const event of events) {
      expect(event).toMatchObject({ parentSpanId: undefined, links: [{ traceId: begun.traceId }] });
      expect(spans).toContainEqual(expect.objectContaining({ name: 'fetch reviews', parentSpanId: event.spanId }));
    }
  });
});

describe('sampling', () => {
  test.each([
    ['parentbased_always_on', 1, unsampled, false],
    ['parentbased_always_on', 1, undefined, true],
    ['parentbased_always_off', 1, undefined, false],
    ['parentbased_always_off', 1, sampled, true],
    ['parentbased_traceidratio', 0, undefined, false],
    ['parentbased_traceidratio', 0, sampled, true],
    ['traceidratio', 0, sampled, false],
    ['traceidratio', 1, unsampled, true],
    ['always_on', 1, unsampled, true],
    ['always_off', 1, sampled, false],
  ])('%s with %d and a client that sends %s', async (sampler, ratio, traceparent, isRecorded) => {
    const spans = await recording(() => send(overFive, traceparent ? { traceparent } : {}), { sampler, ratio });
    expect(spans.length > 0).toBe(isRecorded);
    // Whatever was decided is what the subgraphs are told.
    expect(lastIdentity(shop)?.traceparent).toMatch(isRecorded ? /-01$/ : /-00$/);
    if (traceparent) expect(traceIdOf(lastIdentity(shop)?.traceparent)).toBe(traced.traceId);
  });
});

describe('without a collector', () => {
  test("a client's context goes on as it is; where there is none, an operation gets one of its own", async () => {
    const stop = await startTracing({ settings: { tracing: undefined }, service: 'gateway', log });
    await send(overFive, { traceparent: sampled });
    expect(lastIdentity(shop)?.traceparent).toBe(sampled);
    expect(lastIdentity(opinions)?.traceparent).toBe(sampled);
    await send(overFive);
    await send(overFive, { traceparent: '00-rubbish' });
    const [one, other] = shop.requests.slice(-2).map(({ identity }) => identity.traceparent ?? '');
    expect(isTraceparent(one ?? '')).toBe(true);
    expect(traceIdOf(one)).not.toBe(traceIdOf(other));
    expect(traceIdOf(opinions.requests.at(-1)?.identity.traceparent)).toBe(traceIdOf(other));
    await stop();
  });
  test('a collector that is away or hangs keeps nobody from answering and stopping', async () => {
    const hanging = createServer(() => undefined);
    await new Promise<void>((listening) => hanging.listen(0, '127.0.0.1', listening));
    for (const port of [9, (hanging.address() as AddressInfo).port]) {
      const tracing = { endpoint: `http://127.0.0.1:${port}`, headers: {}, sampler: 'always_on', ratio: 1, serviceName: 'shop' };
      const stop = await startTracing({ settings: { tracing }, service: 'gateway', log });
      expect((await send(overFive)).errors).toBeUndefined();
      await stop();
    }
    hanging.closeAllConnections();
    await new Promise((closed) => hanging.close(closed));
  });
});
