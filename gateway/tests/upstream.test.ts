import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServer } from '@apollo/server';
import { ApolloServerPluginInlineTraceDisabled } from '@apollo/server/plugin/disabled';
import { ApolloServerPluginSubscriptionCallback } from '@apollo/server/plugin/subscriptionCallback';
import { startStandaloneServer } from '@apollo/server/standalone';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { readSettings } from '@supergraph/platform/config';
import { nobody } from '@supergraph/platform/context';
import { withInternalKey } from '@supergraph/platform/internal-key';
import { createRemoteSubgraph } from '@supergraph/platform/remote';
import { type Callbacks, createCallbacks } from '@supergraph/platform/remote-callbacks';
import type { SubgraphAnswer, SubgraphClient } from '@supergraph/platform/subgraph';
import { testSettings } from '@supergraph/platform/testing';
import { parse } from 'graphql';
import { createClient } from 'graphql-ws';
import { useServer } from 'graphql-ws/use/ws';
import { pino } from 'pino';
import { WebSocket, WebSocketServer } from 'ws';
import { createConnector, isReachable } from '../src/connections.ts';
import { startTestGateway, type TestGateway } from '../testing.ts';
import { accounts, fixture, organizations, type PeopleState } from './fixtures.ts';

// Subgraphs of others: they know nothing of our identity, and send events in a protocol of their choice.
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const until = async (holds: () => boolean, ms = 10_000) => {
  for (const end = Date.now() + ms; !holds() && Date.now() < end;) await sleep(10);
  expect(holds()).toBe(true);
};
const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});
const lines: string[] = [];
const log = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
const settings = { internalKey: 'k'.repeat(64) };

const tickerSdl = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key"])
  type Query { latest: Tick broken: Int }
  type Subscription { ticked(count: Int!): Tick endless: Tick refused: Tick failing: Tick }
  type Tick @key(fields: "id") { id: ID! number: Int }
`;
const watching = { open: 0, ended: 0 };
const tick = (number: number) => ({ id: `t${number}`, number });
const tickerResolvers = {
  Query: { latest: () => tick(9) },
  Subscription: {
    ticked: {
      subscribe: async function* (_: unknown, { count }: { count: number }) {
        for (let number = 1; number <= count; number++) yield { ticked: tick(number) };
      },
    },
    endless: {
      subscribe: async function* () {
        watching.open += 1;
        try {
          for (let number = 1; ; number++) {
            yield { endless: tick(number) };
            await sleep(20);
          }
        } finally {
          watching.ended += 1;
        }
      },
    },
    refused: {
      subscribe: () => {
        throw new Error('not today');
      },
    },
    failing: {
      subscribe: async function* () {
        yield { failing: tick(1) };
        throw new Error('it broke');
      },
    },
  },
};
const tickerSchema = () => buildSubgraphSchema([{ typeDefs: parse(tickerSdl), resolvers: tickerResolvers as never }]);
const notes = fixture('notes', 'type Tick @key(fields: "id") @public { id: ID! note: String }', {
  Tick: { __resolveReference: ({ id }: { id: string }) => ({ id, note: `about ${id}` }) },
});
const state: PeopleState = { keySet: { keys: [] }, keySetAsked: 0, ended: [], memberships: new Map() };

/** A gateway over the remote ticker; it serves callbacks where its clients may call back. */
async function serve(makeClient: (callbacks: Callbacks) => SubgraphClient, heartbeatMs = 200): Promise<TestGateway> {
  const address = { url: '' };
  const callbacks = createCallbacks({ address: () => address.url, heartbeatMs });
  const client = makeClient(callbacks);
  const gateway = await startTestGateway({
    subgraphs: [accounts(state), organizations(state), notes, { ...client, sdl: tickerSdl }],
    clients: [client],
    log,
    routes: (app) => void app.use('/callback', (request, response) => callbacks.handle(request, response)),
  });
  address.url = `http://127.0.0.1:${gateway.port}/callback`;
  closing.push(
    () => client.close(),
    () => callbacks.close(),
    () => gateway.stop(),
  );
  return gateway;
}
const subscribe = (gateway: TestGateway, query: string) => {
  const client = createClient({ url: gateway.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
  closing.push(() => client.dispose());
  return client.iterate({ query });
};
const collect = async (results: AsyncIterable<unknown>) => {
  const all: unknown[] = [];
  for await (const result of results) all.push(result);
  return all;
};
const ask = async ({ url }: TestGateway, query: string) => {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
  return (await response.json()) as { data?: unknown; errors?: { extensions: unknown }[] };
};
const unavailable = expect.objectContaining({ extensions: expect.objectContaining({ code: 'UPSTREAM_UNAVAILABLE' }) });
const events = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ data: { ticked: { number: index + 1, note: `about t${index + 1}` } } }));

describe('a plain Apollo subgraph that calls back', () => {
  const seen: IncomingHttpHeaders[] = [];
  let gateway: TestGateway;
  let url: string;
  beforeAll(async () => {
    const server = new ApolloServer({
      schema: tickerSchema(),
      plugins: [ApolloServerPluginSubscriptionCallback({ retry: { retries: 0 } }), ApolloServerPluginInlineTraceDisabled()],
    });
    ({ url } = await startStandaloneServer(server, {
      listen: { port: 0, host: '127.0.0.1' },
      context: ({ req }) => {
        seen.push(req.headers);
        return Promise.resolve({});
      },
    }));
    closing.push(() => server.stop());
    gateway = await serve((callbacks) =>
      createRemoteSubgraph({ name: 'ticker', url, settings, log, identity: 'none', subscriptions: { over: 'callback', callbacks } }),
    );
  });

  test('its events are completed with the fields of others, and its end is the end', async () => {
    expect(await collect(subscribe(gateway, 'subscription { ticked(count: 4) { number note } }'))).toEqual(events(4));
  });
  test('it is told nothing of who asks but the trace', async () => {
    expect(await ask(gateway, '{ latest { number note } }')).toEqual({ data: { latest: { number: 9, note: 'about t9' } } });
    for (const headers of seen) {
      expect(headers).not.toHaveProperty('x-request-context');
      expect(headers).not.toHaveProperty('authorization');
      expect(headers['traceparent']).toMatch(/^00-/);
    }
  });
  test('it stops when the client leaves', async () => {
    const { open, ended } = watching;
    const stream = subscribe(gateway, 'subscription { endless { number } }');
    expect((await stream.next()).value).toEqual({ data: { endless: { number: 1 } } });
    expect(watching).toEqual({ open: open + 1, ended });
    await stream.return?.();
    await until(() => watching.ended === ended + 1);
  });
  test('what it refuses or breaks off reaches the client as an error', async () => {
    for (const [field, count] of [
      ['refused', 1],
      ['failing', 2],
    ] as const) {
      const answers = (await collect(subscribe(gateway, `subscription { ${field} { number } }`))) as SubgraphAnswer[];
      expect(answers).toHaveLength(count);
      expect(answers.at(-1)?.errors).toHaveLength(1);
      expect(Object.values(answers.at(-1)?.data ?? {})).toEqual(answers.at(-1)?.data ? [null] : []);
    }
  });
  test('a subgraph that cannot reach us cannot begin', async () => {
    const nowhere = createCallbacks({ address: () => 'http://127.0.0.1:9/callback' });
    closing.push(() => nowhere.close());
    const other = await serve(() =>
      createRemoteSubgraph({
        name: 'ticker',
        url,
        settings,
        log,
        identity: 'none',
        subscriptions: { over: 'callback', callbacks: nowhere },
      }),
    );
    expect(await collect(subscribe(other, 'subscription { ticked(count: 1) { number } }'))).toEqual([
      { data: null, errors: [unavailable] },
    ]);
  });
  test('a document that it refuses is an answer: the breaker stays closed', async () => {
    const client = createRemoteSubgraph({ name: 'ticker', url, settings, log, identity: 'none' });
    closing.push(() => client.close());
    const request = { identity: nobody('r'), signal: new AbortController().signal };
    for (let step = 0; step < 15; step++) {
      const { errors } = await client.execute({ ...request, query: '{ nothing }', deadline: Date.now() + 5_000 });
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'GRAPHQL_VALIDATION_FAILED' });
    }
    expect(await client.execute({ ...request, query: '{ latest { number } }', deadline: Date.now() + 5_000 })).toEqual({
      data: { latest: { number: 9 } },
    });
  });
  test('no secret of the protocol is logged', () => {
    expect(lines.join('\n')).not.toMatch(/verifier|callback\/[0-9a-f]{8}-/);
  });
});

describe('callbacks', () => {
  const startEmitter = async (listener: RequestListener) => {
    const server = createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => {
      server.close();
      server.closeAllConnections();
    });
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const open = async (options: { heartbeatMs?: number; most?: number } = {}) => {
    // With a slash at the end, as people write addresses.
    const callbacks = createCallbacks({ address: () => `${address}/`, ...options });
    const address = await startEmitter((request, response) => void callbacks.handle(request, response));
    closing.push(() => callbacks.close());
    const leaving = new AbortController();
    const expected = callbacks.expect(leaving.signal);
    if (!expected) throw new Error('too many wait');
    const { callbackUrl, subscriptionId: id, verifier } = expected.extension;
    const send = async (change: Record<string, unknown> = {}, init: RequestInit = {}) => {
      const body = JSON.stringify({ kind: 'subscription', action: 'check', id, verifier, ...change });
      const response = await fetch(callbackUrl, { method: 'POST', body, ...init });
      return response.status;
    };
    return { callbacks, expected, leaving, send, address };
  };

  test('are answered as Apollo’s router answers them', async () => {
    const { send, expected, address } = await open();
    const payload = { data: { ticked: 1 } };
    expect(await send()).toBe(204);
    expect(await send({ action: 'next', payload })).toBe(200);
    expect(await send({ verifier: 'wrong' })).toBe(401);
    expect(await send({ verifier: undefined })).toBe(401);
    expect(await send({ id: 'f0e0b0a0-0000-4000-8000-000000000000' })).toBe(400);
    expect(await send({ kind: 'other' })).toBe(400);
    expect(await send({ action: 'dance' })).toBe(400);
    expect(await send({ action: 'next', payload: { hello: 'world' } })).toBe(400);
    expect(await send({}, { body: '{"kind":' })).toBe(400);
    expect(await send({}, { body: '[]' })).toBe(400);
    expect(await send({}, { body: 'x'.repeat(1_100_000) })).toBe(413);
    expect(await send({}, { method: 'GET', body: null })).toBe(405);
    const strange = await fetch(`${address}/f0e0b0a0-0000-4000-8000-000000000000`, { method: 'POST', body: '{}' });
    expect([strange.status, strange.headers.get('subscription-protocol')]).toEqual([404, 'callback/1.0']);
    expect(await send({ action: 'complete', errors: [{ message: 'over', stack: 'at secret.js' }] })).toBe(202);
    expect(await collect(expected.answers)).toEqual([
      payload,
      { data: null, errors: [{ message: 'over', extensions: { code: 'INTERNAL_SERVER_ERROR' } }] },
    ]);
    expect(await send()).toBe(404);
  });
  test('that stop coming end the subscription', async () => {
    const { send, expected } = await open({ heartbeatMs: 300 });
    const answers = collect(expected.answers);
    for (let step = 0; step < 12; step++) {
      await sleep(100);
      expect(await send()).toBe(204);
    }
    expect(await answers).toEqual([
      { data: null, errors: [expect.objectContaining({ extensions: { code: 'UPSTREAM_UNAVAILABLE', reason: 'HEARTBEAT_MISSED' } })] },
    ]);
    expect(await send()).toBe(404);
  });
  test('that nobody reads are kept up to a megabyte', async () => {
    const { send, expected } = await open();
    const payload = { data: { text: 'x'.repeat(300_000) } };
    const statuses = [];
    for (let step = 0; step < 5; step++) statuses.push(await send({ action: 'next', payload }));
    expect(statuses).toEqual([200, 200, 200, 404, 404]);
    const answers = (await collect(expected.answers)) as SubgraphAnswer[];
    expect(answers.at(-1)?.errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', reason: 'SLOW_CONSUMER' });
  });
  test('end with whoever reads them, and with the gateway', async () => {
    const one = await open();
    one.leaving.abort();
    expect(await collect(one.expected.answers)).toEqual([]);
    expect(await one.send()).toBe(404);
    const other = await open();
    const answers = collect(other.expected.answers);
    other.callbacks.close();
    expect(await answers).toEqual([]);
    expect(await other.send()).toBe(404);
  });
  test('are bounded in number', async () => {
    const { callbacks, leaving } = await open({ most: 1 });
    expect(callbacks.expect(leaving.signal)).toBeUndefined();
  });
});

describe('a plain graphql-ws subgraph', () => {
  test('is subscribed to at its own place, without an identity', async () => {
    const schema = tickerSchema();
    const headers: IncomingHttpHeaders[] = [];
    const extensions: unknown[] = [];
    const apollo = new ApolloServer({ schema, plugins: [ApolloServerPluginInlineTraceDisabled()] });
    const { url } = await startStandaloneServer(apollo, { listen: { port: 0, host: '127.0.0.1' } });
    const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1', path: '/events' });
    await once(sockets, 'listening');
    const ws = useServer(
      {
        schema,
        onConnect: ({ extra }) => void headers.push(extra.request.headers),
        onSubscribe: (_ctx, _id, payload) => void extensions.push(payload.extensions),
      },
      sockets,
    );
    closing.push(
      () => apollo.stop(),
      () => ws.dispose(),
    );
    const socketUrl = `ws://127.0.0.1:${(sockets.address() as AddressInfo).port}/events`;
    const gateway = await serve(() =>
      createRemoteSubgraph({ name: 'ticker', url, settings, log, identity: 'none', subscriptions: { over: 'websocket', url: socketUrl } }),
    );
    expect(await collect(subscribe(gateway, 'subscription { ticked(count: 3) { number note } }'))).toEqual(events(3));
    expect(await ask(gateway, '{ latest { note } }')).toEqual({ data: { latest: { note: 'about t9' } } });
    expect(extensions).toEqual([undefined]);
    expect(JSON.stringify(headers)).not.toMatch(/x-request-context|authorization/);
  });
});

describe('settings', () => {
  const environment = {
    SUBGRAPH_CATALOG_URL: 'http://127.0.0.1:9/graphql',
    SUBGRAPH_TICKER_2_URL: 'http://127.0.0.1:9/graphql',
    SUBGRAPH_TICKER_2_SUBSCRIPTIONS: 'callback',
    SUBGRAPH_TICKER_2_IDENTITY: 'signed',
    SUBGRAPH_WEATHER_SUBSCRIPTIONS: 'ws://127.0.0.1:9/events',
    CALLBACK_URL: 'http://gateway.internal:4000/callback',
  };
  test('say how a subgraph sends events and what it learns', () => {
    const { subgraphUrls, subgraphSubscriptions, subgraphIdentities, callbackUrl } = readSettings(environment);
    expect([...subgraphUrls.keys()]).toEqual(['catalog', 'ticker_2']);
    expect(subgraphSubscriptions).toEqual(
      new Map([
        ['ticker_2', 'callback'],
        ['weather', 'ws://127.0.0.1:9/events'],
      ]),
    );
    expect([subgraphIdentities, callbackUrl]).toEqual([new Map([['ticker_2', 'signed']]), environment.CALLBACK_URL]);
  });
  test('that do not hold are named with what they must be', () => {
    const wrong = { SUBGRAPH_A_SUBSCRIPTIONS: 'http://a.test', SUBGRAPH_A_IDENTITY: 'all', CALLBACK_URL: 'gateway' };
    for (const [name, value] of Object.entries(wrong))
      expect(() => readSettings({ [name]: value })).toThrow(new RegExp(`${name} must be `));
  });
  test('give our own domains the identity and others none, unless they say otherwise', async () => {
    const seen: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      const token = request.headers['x-request-context'];
      seen.push(token === undefined ? undefined : 'signed');
      response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":{}}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`;
    const callbacks = createCallbacks({ address: () => '' });
    const read = withInternalKey({ ...testSettings(), ...readSettings({ ...environment, INTERNAL_KEY: 'k'.repeat(32) }) });
    const connect = createConnector({ settings: read, log, isOurs: (name) => name === 'catalog', callbacks });
    for (const name of ['catalog', 'Ticker-2', 'weather']) {
      const client = connect(name, url);
      await client.execute({ query: '{ a }', identity: nobody('r'), deadline: Date.now() + 5_000, signal: new AbortController().signal });
      await client.close();
    }
    server.close();
    callbacks.close();
    expect(seen).toEqual(['signed', 'signed', undefined]);
  });
  test('only an address that leads somewhere is connected to', () => {
    expect(
      ['http://a.test/graphql', 'https://a.test', 'http://catalog.subgraph.internal/graphql', '', 'file:///etc', 'a'].map(isReachable),
    ).toEqual([true, true, false, false, false, false]);
  });
});
