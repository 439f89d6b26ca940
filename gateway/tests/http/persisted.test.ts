import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client/core';
import { ApolloLink } from '@apollo/client/link';
import { createPersistedQueryLink } from '@apollo/client/link/persisted-queries';
import { readSettings } from '@supergraph/platform/config';
import { describeStartFailure } from '@supergraph/platform/start-failure';
import { createClient as createEventClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { print } from 'graphql';
import { WebSocket } from 'ws';
import { fakeExecutor, type FakeExecutor, type FakeGraph, startFakeGraph } from '../support/fake-graph.ts';
import { get, send } from '../support/http.ts';

const sdl = `
  type Query { hello(name: String): String items(first: Int): [Item!]! @listSize(slicingArguments: ["first"]) }
  type Item { id: ID! }
  type Subscription { ticks: Int }
`;
const executor = (warm: FakeExecutor['warm'] = () => undefined) =>
  fakeExecutor(sdl, {
    warm,
    subscribe: () =>
      Promise.resolve(
        (async function* () {
          yield { data: '{"ticks":1}' };
        })(),
      ),
  });
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const persistedQuery = (text: string) => ({ version: 1, sha256Hash: sha256(text) });
const hello = '{ hello }';
const world = { data: { hello: 'world' } };
const notFound = { errors: [{ message: 'PersistedQueryNotFound', extensions: { code: 'PERSISTED_QUERY_NOT_FOUND' } }] };
const graphs: FakeGraph[] = [];
const start = async (...options: Parameters<typeof startFakeGraph> | []) => {
  const [given = executor(), more = {}] = options;
  const graph = await startFakeGraph(given, more);
  graphs.push(graph);
  return graph;
};
afterAll(() => Promise.all(graphs.map((graph) => graph.stop())));
const ask = async (graph: FakeGraph, body: object) => {
  const { status, text } = await send(graph, { body });
  return { status, body: JSON.parse(text) };
};

describe.each([
  ['direct', []],
  ['apollo', [{}]],
])('automatic persisted queries on the %s lane', (_lane, plugins) => {
  let graph: FakeGraph;
  beforeAll(async () => {
    graph = await start(executor(), { plugins });
  });

  test('an unknown hash is asked for, then known, by POST and by GET', async () => {
    const extensions = { persistedQuery: persistedQuery(hello) };
    expect(await ask(graph, { extensions })).toEqual({ status: 200, body: notFound });
    expect(await ask(graph, { query: hello, extensions })).toEqual({ status: 200, body: world });
    expect(await ask(graph, { extensions })).toEqual({ status: 200, body: world });
    const byGet = await send(graph, get({ extensions: JSON.stringify(extensions) }));
    expect([byGet.status, JSON.parse(byGet.text)]).toEqual([200, world]);
  });
  test('a hash of another text and unknown versions are refused', async () => {
    const wrong = await ask(graph, { query: hello, extensions: { persistedQuery: persistedQuery('{ other }') } });
    expect(wrong).toMatchObject({ status: 400, body: { errors: [{ extensions: { code: 'BAD_REQUEST', reason: 'HASH_MISMATCH' } }] } });
    for (const bad of [
      { version: 2, sha256Hash: sha256(hello) },
      { version: 1 },
      { version: 1, sha256Hash: 7 },
      { version: 1, sha256Hash: 'x'.repeat(201) },
    ])
      expect(await ask(graph, { extensions: { persistedQuery: bad } })).toMatchObject({
        status: 400,
        body: { errors: [{ extensions: { code: 'BAD_REQUEST' } }] },
      });
    expect(await ask(graph, { extensions: { persistedQuery: { version: 1, sha256Hash: '__proto__' } } })).toEqual({
      status: 200,
      body: notFound,
    });
  });
  test('what is not valid is not kept', async () => {
    const bad = '{ nothing }';
    expect((await ask(graph, { query: bad, extensions: { persistedQuery: persistedQuery(bad) } })).status).toBe(400);
    expect((await ask(graph, { extensions: { persistedQuery: persistedQuery(bad) } })).body).toEqual(notFound);
  });
  test('Apollo Client sends the hash, then the text, then the hash alone', async () => {
    const bodies: string[] = [];
    const noting: typeof fetch = (input, init) => {
      bodies.push(`${init?.method} ${(init?.body as string | undefined) ?? new URL(input as string).search}`);
      return fetch(input, init);
    };
    for (const useGETForHashedQueries of [false, true]) {
      const link = ApolloLink.from([
        createPersistedQueryLink({ sha256, useGETForHashedQueries }),
        new HttpLink({ uri: graph.url, fetch: noting }),
      ]);
      const client = new ApolloClient({ link, cache: new InMemoryCache() });
      const document = useGETForHashedQueries
        ? gql`
            query B {
              hello
            }
          `
        : gql`
            query A {
              hello
            }
          `;
      for (let time = 0; time < 2; time++)
        expect((await client.query({ query: document, fetchPolicy: 'network-only' })).data).toEqual({ hello: 'world' });
      client.stop();
    }
    expect(bodies.map((text) => `${text.split(' ')[0]} ${/[?&{"]query(=|":)/.test(text) ? 'text' : 'hash'}`)).toEqual([
      'POST hash',
      'POST text',
      'POST hash',
      'GET hash',
      'POST text',
      'GET hash',
    ]);
  });
});

test('hashes work over WebSocket and server-sent events', async () => {
  const graph = await start();
  const ticks = 'subscription { ticks }';
  await ask(graph, { query: hello, extensions: { persistedQuery: persistedQuery(hello) } });
  const sockets = createClient({ url: graph.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
  const events = createEventClient({ url: `${graph.url}/stream`, retryAttempts: 0 });
  const collect = async (results: AsyncIterable<unknown>) => {
    const all = [];
    for await (const result of results) all.push(result);
    return all;
  };
  const byHash = { query: '', extensions: { persistedQuery: persistedQuery(ticks) } };
  await expect(collect(sockets.iterate(byHash))).rejects.toMatchObject([{ message: 'PersistedQueryNotFound' }]);
  expect(await collect(events.iterate(byHash))).toEqual([notFound]);
  expect(await collect(events.iterate({ ...byHash, query: ticks }))).toEqual([{ data: { ticks: 1 } }]);
  for (const client of [sockets, events]) {
    expect(await collect(client.iterate(byHash))).toEqual([{ data: { ticks: 1 } }]);
    expect(await collect(client.iterate({ query: '', extensions: { persistedQuery: persistedQuery(hello) } }))).toEqual([world]);
  }
  await sockets.dispose();
  events.dispose();
});

describe('operations from a manifest', () => {
  const folder = mkdtempSync(join(tmpdir(), 'manifest-'));
  const operation = (name: string, body: string) => ({ id: `${name}-1`, name, type: 'query', body });
  const manifestOf = (operations: object[], more: object = {}) => {
    const path = join(folder, `${randomUUID()}.json`);
    writeFileSync(path, JSON.stringify({ format: 'apollo-persisted-query-manifest', version: 1, operations, ...more }));
    return path;
  };
  const hi = operation('Hi', 'query Hi($name: String) { hello(name: $name) }');
  const byId = (sha256Hash: string) => ({ extensions: { persistedQuery: { version: 1, sha256Hash } } });

  test('run by id, beside others', async () => {
    const warmed: string[] = [];
    const graph = await start(
      executor((document) => void warmed.push(print(document))),
      { settings: { persistedOperations: manifestOf([hi]) } },
    );
    expect(warmed[0]).toContain('query Hi');
    expect((await ask(graph, { ...byId('Hi-1'), variables: { name: 'Ada' } })).body).toEqual(world);
    expect(graph.executor.asked.at(-1)).toMatchObject({ variables: { name: 'Ada' } });
    expect((await ask(graph, { query: hello })).body).toEqual(world);
  });
  test.each([
    ['direct', []],
    ['apollo', [{}]],
  ])('run alone where nothing else may, on the %s lane', async (_lane, plugins) => {
    const settings = { persistedOperations: manifestOf([hi]), persistedOperationsOnly: true };
    const graph = await start(executor(), { settings, plugins });
    expect((await ask(graph, byId('Hi-1'))).body).toEqual(world);
    expect((await ask(graph, { query: hi.body })).body).toEqual(world);
    graph.executor.asked.length = 0;
    const refusals: [object, string][] = [
      [{ query: hello }, 'PERSISTED_OPERATIONS_ONLY'],
      [{ query: `${hi.body} ` }, 'PERSISTED_OPERATIONS_ONLY'],
      [{ query: hello, extensions: { persistedQuery: persistedQuery(hello) } }, 'PERSISTED_OPERATIONS_ONLY'],
      [byId('Hi-2'), 'PERSISTED_OPERATION_UNKNOWN'],
      [{ extensions: { persistedQuery: persistedQuery(hello) } }, 'PERSISTED_OPERATION_UNKNOWN'],
    ];
    for (const [body, reason] of refusals)
      expect(await ask(graph, body)).toEqual({
        status: 403,
        body: { errors: [{ message: expect.stringContaining('manifest'), extensions: { code: 'FORBIDDEN', reason } }] },
      });
    expect(graph.executor.asked).toEqual([]);
    const client = createClient({ url: graph.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
    await expect(client.iterate({ query: hello }).next()).rejects.toMatchObject([{ extensions: { reason: 'PERSISTED_OPERATIONS_ONLY' } }]);
    await client.dispose();
  });

  const broken = join(folder, 'broken.json');
  writeFileSync(broken, '{');
  test.each<[name: string, path: () => string, message: RegExp]>([
    ['that is not there', () => join(folder, 'nowhere.json'), /nowhere\.json, which cannot be read: ENOENT/],
    ['that is no JSON', () => broken, /broken\.json, which cannot be read/],
    ['of another format', () => manifestOf([], { format: 'relay' }), /format must be "apollo-persisted-query-manifest"/],
    ['without an id', () => manifestOf([{ ...hi, id: '' }]), /operations\.0\.id/],
    ['with an id twice', () => manifestOf([hi, hi]), /an id stands more than once/],
    ['with a syntax error', () => manifestOf([hi, operation('Bad', 'query Bad {')]), /Bad \(Bad-1\): Syntax Error/],
    [
      'with a field that is gone',
      () => manifestOf([hi, operation('Old', 'query Old { gone }')]),
      /Old \(Old-1\): Cannot query field "gone"/,
    ],
    ['with another name than its text', () => manifestOf([operation('Hi', 'query Ho { hello }')]), /Hi \(Hi-1\): name one of/],
    [
      'beyond a limit',
      () => manifestOf([operation('Dear', 'query Dear { items(first: 5001) { id } }')]),
      /Dear \(Dear-1\): .*points of cost/,
    ],
  ])('a manifest %s stops the start', async (_name, path, message) => {
    const warm: FakeExecutor['warm'] = (_document, name) => {
      if (name === 'Riddle') throw new Error('no plan');
    };
    const failure = await startFakeGraph(executor(warm), { settings: { persistedOperations: path() } }).catch((error: unknown) => error);
    const told = describeStartFailure(failure);
    expect(told).toMatch(message);
    expect(told).toMatch(/^PERSISTED_OPERATIONS .*\nmend: /s);
    expect(told).not.toContain('    at ');
  });
  test('to run nothing else needs a manifest', () => {
    expect(() => readSettings({ PERSISTED_OPERATIONS_ONLY: 'true' })).toThrow(/PERSISTED_OPERATIONS_ONLY .*mend: .*PERSISTED_OPERATIONS/);
  });
});
