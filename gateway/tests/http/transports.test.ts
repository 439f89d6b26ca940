import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client/core';
import { createClient as createEventClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { fakeExecutor, type FakeGraph, startFakeGraph } from '../support/fake-graph.ts';
import { json } from '../support/http.ts';
import { openStreams, source, ticks, ticksSdl } from '../support/ticks.ts';
import { until } from '../support/until.ts';

const multipart = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json';

const executor = (extra: Partial<Parameters<typeof fakeExecutor>[1]> = {}) =>
  fakeExecutor(ticksSdl, { subscribe: (request) => Promise.resolve(ticks(request)), ...extra });
const graphs: FakeGraph[] = [];
const start = async (...[given = executor(), options = {}]: [ReturnType<typeof executor>?, Parameters<typeof startFakeGraph>[1]?]) => {
  const started = await startFakeGraph(given, options);
  graphs.push(started);
  return started;
};
let graph: FakeGraph;
beforeAll(async () => {
  graph = await start(executor(), { heartbeatMs: 50 });
});
afterAll(() => Promise.all(graphs.map((one) => one.stop())));
beforeEach(() => {
  source.gate = undefined;
});
afterEach(() => until(() => source.running === 0));

const subscription = 'subscription ($count: Int, $size: Int) { ticks(count: $count, size: $size) }';
const events = [1, 2, 3].map((nth) => ({ data: { ticks: String(nth) } }));
const never = () => new Promise<never>(() => undefined);

/** Subscribes with a protocol's own client and gives back what it was told, and how to leave. */
type Subscribe = (
  to: FakeGraph,
  variables: object,
  next: (result: any) => void,
  token?: string,
) => { done: Promise<unknown>; leave(): void };

const overSockets: Subscribe = (to, variables, next, token) => {
  const client = createClient({
    url: to.socketUrl,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: token ? { authorization: `Bearer ${token}` } : {},
  });
  const done = new Promise<unknown>((resolve) => {
    client.subscribe({ query: subscription, variables: { ...variables } }, { next, error: resolve, complete: () => resolve('complete') });
  });
  return { done: done.finally(() => client.dispose()), leave: () => client.terminate() };
};
const overEvents: Subscribe = (to, variables, next, token) => {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const client = createEventClient({ url: `${to.url}/stream`, retryAttempts: 0, headers });
  const done = new Promise<unknown>((resolve) => {
    client.subscribe({ query: subscription, variables: { ...variables } }, { next, error: resolve, complete: () => resolve('complete') });
  });
  return { done, leave: () => client.dispose() };
};
const overMultipart: Subscribe = (to, variables, next, token) => {
  const headers: Record<string, string> = token ? { authorization: `Bearer ${token}` } : {};
  const client = new ApolloClient({ link: new HttpLink({ uri: to.url, headers }), cache: new InMemoryCache() });
  let leave: () => void = () => undefined;
  const done = new Promise<unknown>((resolve) => {
    const observed = client.subscribe({ query: gql(subscription), variables, errorPolicy: 'all', fetchPolicy: 'no-cache' });
    const watching = observed.subscribe({
      next: ({ data, error }) => (error ? resolve(error) : next({ data })),
      error: resolve,
      complete: () => resolve('complete'),
    });
    leave = () => watching.unsubscribe();
  });
  return { done, leave: () => leave() };
};

const transports: [name: string, subscribe: Subscribe][] = [
  ['WebSocket by graphql-ws', overSockets],
  ['server-sent events by graphql-sse', overEvents],
  ['multipart by Apollo Client', overMultipart],
];

describe.each(transports)('a subscription over %s', (_name, subscribe) => {
  test('brings each event as it comes, then ends', async () => {
    const seen: unknown[] = [];
    // The next event comes only when the one before was seen, so each was sent by itself; quiet times do no harm.
    source.gate = async (nth) => {
      await until(() => seen.length === nth - 1);
      if (nth === 2) await new Promise((resolve) => setTimeout(resolve, 200));
    };
    expect(await subscribe(graph, {}, (result) => seen.push(result)).done).toBe('complete');
    expect(seen).toEqual(events);
  });
  test('ends at its source when the client leaves', async () => {
    const before = source.begun;
    source.gate = (nth) => (nth === 1 ? Promise.resolve() : never());
    const { leave } = subscribe(graph, { count: 9 }, () => leave());
    await until(() => source.begun === before + 1);
    await until(() => source.running === 0);
  });
  test('is refused where it is not valid, and told when it cannot begin', async () => {
    const broken = await start(
      executor({ subscribe: () => Promise.resolve({ errors: [{ message: 'the owner refuses', extensions: { code: 'FORBIDDEN' } }] }) }),
    );
    const seen: unknown[] = [];
    const outcome = await subscribe(broken, {}, (result) => seen.push(result)).done;
    expect(JSON.stringify([seen, (outcome as { errors?: unknown }).errors ?? outcome])).toContain('the owner refuses');
    const failing = await start(executor({ subscribe: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.1')) }));
    const masked = JSON.stringify([seen, await subscribe(failing, {}, (result) => seen.push(result)).done, seen]);
    expect(masked).not.toContain('ECONN');
  });
  test('ends with its session, its token, and the server', async () => {
    const own = await start();
    source.gate = (nth) => (nth === 1 ? Promise.resolve() : never());
    const endings: [string, () => unknown][] = [
      ['SESSION_ENDED', () => own.identifier.endSession('session of ada')],
      ['TOKEN_EXPIRED', () => undefined],
      ['stop', () => own.stop()],
    ];
    for (const [reason, end] of endings) {
      own.identifier.expiresAt = reason === 'TOKEN_EXPIRED' ? Date.now() + 1_500 : null;
      const seen: any[] = [];
      const { done, leave } = subscribe(own, {}, (result) => seen.push(result), 'ada');
      await until(() => seen.length === 1);
      expect(seen).toEqual([events[0]]);
      end();
      const outcome = await done;
      if (subscribe === overSockets) expect(outcome).toMatchObject({ code: reason === 'stop' ? 1001 : 4403 });
      else if (reason !== 'stop') expect(JSON.stringify([seen, (outcome as { errors?: unknown }).errors])).toContain(reason);
      else expect(outcome).not.toBe('complete');
      leave();
    }
  });
  test('which one stops reading is cut, and nobody else notices', async () => {
    const own = await start(executor(), { slowReaders: { behindMs: 400, mostBytes: 300_000 } });
    const socket = await subscribeAndStall(own, subscribe);
    await until(() => source.running === 1);
    const seen: unknown[] = [];
    expect(await subscribe(own, { count: 3 }, (result) => seen.push(result)).done).toBe('complete');
    expect(seen).toHaveLength(3);
    await until(() => source.running === 0);
    socket.destroy();
    expect(await openStreams(own)).toBe(0);
  });
});

/** Asks for far more than the kernel's buffers take, and reads nothing of it. */
async function subscribeAndStall(to: FakeGraph, subscribe: Subscribe): Promise<Socket | (WebSocket & { destroy(): void })> {
  const body = JSON.stringify({ query: subscription, variables: { count: 1_000, size: 50_000 } });
  if (subscribe === overSockets) {
    const socket = new WebSocket(to.socketUrl, 'graphql-transport-ws');
    await once(socket, 'open');
    socket.send('{"type":"connection_init"}');
    await once(socket, 'message');
    socket.pause();
    socket.send(`{"id":"1","type":"subscribe","payload":${body}}`);
    return Object.assign(socket, { destroy: () => socket.terminate() });
  }
  const [path, accept] = subscribe === overEvents ? ['/graphql/stream', 'text/event-stream'] : ['/graphql', multipart];
  const socket = connect(to.port, '127.0.0.1');
  socket.pause();
  socket.write(
    `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\naccept: ${accept}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  return socket;
}

describe('what is written', () => {
  const streamed = async (accept: string, path = '', body: object = { query: subscription }) => {
    const response = await fetch(`${graph.url}${path}`, { method: 'POST', headers: { ...json, accept }, body: JSON.stringify(body) });
    return { status: response.status, type: response.headers.get('content-type'), text: await response.text(), headers: response.headers };
  };
  const part = (text: string) => `\r\ncontent-type: application/json\r\n\r\n${text}\r\n--graphql`;

  test('multipart: the boundary at once, payloads, heartbeats, the last boundary', async () => {
    const quick = await streamed(multipart);
    expect([quick.status, quick.type]).toEqual([200, 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0']);
    expect(quick.text).toBe(`\r\n--graphql${events.map((event) => part(`{"payload":${JSON.stringify(event)}}`)).join('')}--\r\n`);
    expect(quick.headers.get('x-accel-buffering')).toBe('no');
    source.gate = () => new Promise((resolve) => setTimeout(resolve, 120));
    expect((await streamed(multipart)).text).toContain(part('{}'));
  });
  test('multipart: a document that is not valid is a plain 400; queries are answered as ever', async () => {
    const invalid = await streamed(multipart, '', { query: 'subscription { nothing }' });
    expect([invalid.status, invalid.type]).toEqual([400, 'application/json; charset=utf-8']);
    expect(await streamed(multipart, '', { query: '{ hello }' })).toMatchObject({ status: 200, text: '{"data":{"hello":"world"}}' });
  });
  test('server-sent events: a comment at once, events, comments while it is quiet', async () => {
    const quick = await streamed('text/event-stream', '/stream');
    expect([quick.status, quick.type]).toEqual([200, 'text/event-stream; charset=utf-8']);
    expect(quick.text).toBe(
      `:\n\n${events.map((event) => `event: next\ndata: ${JSON.stringify(event)}\n\n`).join('')}event: complete\ndata:\n\n`,
    );
    source.gate = () => new Promise((resolve) => setTimeout(resolve, 120));
    expect((await streamed('text/event-stream', '/stream')).text).toMatch(/^:\n\n:\n\n/);
  });
  test('server-sent events: line breaks between the tokens of an answer do not end its event', async () => {
    const pretty = await start(executor({ execute: () => Promise.resolve({ data: '{\n  "hello": "a\\nb"\r\n}' }) }));
    const client = createEventClient({ url: `${pretty.url}/stream`, retryAttempts: 0 });
    expect(await client.iterate({ query: '{ hello }' }).next()).toMatchObject({ value: { data: { hello: 'a\nb' } } });
    client.dispose();
  });
  test('server-sent events by GET, as EventSource asks; mutations are not', async () => {
    const response = await fetch(`${graph.url}/stream?query=${encodeURIComponent('subscription { ticks }')}`, {
      headers: { accept: 'text/event-stream' },
    });
    expect(await response.text()).toContain('data: {"data":{"ticks":"3"}}');
    const refused = await streamed('*/*', '/stream');
    expect([refused.status, JSON.parse(refused.text)]).toEqual([
      406,
      { errors: [{ message: expect.stringContaining('text/event-stream'), extensions: { code: 'BAD_REQUEST' } }] },
    ]);
  });
  test('WebSocket: the text of an answer as it is', async () => {
    const exact = await start(executor({ execute: () => Promise.resolve({ data: '{"hello" : 12345678901234567890}' }) }));
    const socket = new WebSocket(exact.socketUrl, 'graphql-transport-ws');
    const messages: string[] = [];
    socket.on('message', (data) => messages.push((data as Buffer).toString()));
    await once(socket, 'open');
    socket.send('{"type":"connection_init"}');
    await until(() => messages.length === 1);
    // What clients choose must not be taken for what stands for an answer.
    socket.send('{"type":"ping","payload":{"payload":"1"}}');
    socket.send('{"id":"\\"payload\\":\\"1\\"}","type":"subscribe","payload":{"query":"{ hello }"}}');
    socket.send('{"id":"2","type":"subscribe","payload":{"query":"{ nothing }"}}');
    await until(() => messages.length === 5);
    expect(new Set(messages)).toEqual(
      new Set([
        '{"type":"connection_ack"}',
        '{"type":"pong","payload":{"payload":"1"}}',
        '{"id":"\\"payload\\":\\"1\\"}","type":"next","payload":{"data":{"hello" : 12345678901234567890}}}',
        '{"id":"\\"payload\\":\\"1\\"}","type":"complete"}',
        messages.find((message) => message.startsWith('{"id":"2","type":"error"')),
      ]),
    );
    socket.close();
  });
});

test('a query whose client ends it over a WebSocket is ended', async () => {
  let ended = 0;
  const hanging = await start(
    executor({
      execute: ({ signal }) =>
        new Promise((resolve) =>
          signal.addEventListener('abort', () => {
            ended += 1;
            resolve({ data: 'null' });
          }),
        ),
    }),
  );
  const client = createClient({ url: hanging.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0, lazy: false });
  const end = client.subscribe({ query: '{ hello }' }, { next: () => undefined, error: () => undefined, complete: () => undefined });
  await until(() => hanging.executor.asked.length === 1);
  end();
  await until(() => ended === 1);
  await client.dispose();
});
