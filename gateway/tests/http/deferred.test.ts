import { connect } from 'node:net';
import { ApolloClient, gql, HttpLink, InMemoryCache } from '@apollo/client/core';
import { Defer20220824Handler } from '@apollo/client/incremental';
import type { Increment } from '../../src/answer.ts';
import type { ExecutorRequest } from '../../src/executor.ts';
import { endingWith } from '../../src/generators.ts';
import { fakeExecutor, type FakeGraph, startFakeGraph } from '../support/fake-graph.ts';
import { json, send } from '../support/http.ts';
import { until } from '../support/until.ts';

const sdl = `
  type Query { product: Product }
  type Mutation { rename: Product }
  type Subscription { changed: Product }
  type Product { id: ID! name: String stock: Int reviews: [Review!] }
  type Review { id: ID! body: String }
`;
const query =
  '{ product { id name ...Later @defer(label: "later") ... @defer { reviews { id body } } } } fragment Later on Product { stock }';
const initial = { data: '{"product":{"id":"1","name":"Tea","__typename":"Product"}}' };
const stock: Increment = { path: ['product'], label: 'later', data: '{"stock":7,"__typename":"Product"}' };
const reviews: Increment = {
  path: ['product'],
  data: '{"reviews":[{"id":"r1","body":null,"__typename":"Review"}],"__typename":"Product"}',
  errors: [{ message: 'a part does not answer', path: ['product', 'reviews', 0, 'body'], extensions: { code: 'UPSTREAM_UNAVAILABLE' } }],
  extensions: { timings: { totalMs: 3 } },
};

/** What one test lets happen after the first part. */
interface Script {
  later(request: ExecutorRequest): AsyncGenerator<readonly Increment[], void>;
}
const script: Script = { later: () => parts() };
// oxlint-disable-next-line typescript/require-await -- parts that are there at once
async function* parts(): AsyncGenerator<readonly Increment[], void> {
  yield [stock];
  yield [reviews];
}
const never = (request: ExecutorRequest, onEnd: () => void) => {
  const ended = Promise.withResolvers<void>();
  request.signal.addEventListener('abort', () => ended.resolve());
  return endingWith(
    (async function* (): AsyncGenerator<readonly Increment[], void> {
      yield [stock];
      await ended.promise;
      onEnd();
    })(),
    () => ended.resolve(),
  );
};

const whole = { data: '{"product":{"id":"1","name":"Tea","stock":7,"reviews":[]}}' };
const executor = () =>
  fakeExecutor(sdl, {
    execute: () => Promise.resolve(whole),
    executeInParts: (request) => Promise.resolve({ initial, later: script.later(request) }),
  });
const accept = 'multipart/mixed;deferSpec=20220824,application/graphql-response+json,application/json;q=0.9';
const deferring = { body: { query }, headers: { ...json, accept } };
const runningIn = async (graph: FakeGraph) => Number(/^gateway_operations_running (\d+)$/m.exec(await graph.metrics())?.[1]);

let direct: FakeGraph;
let apollo: FakeGraph;
beforeAll(async () => {
  const options = { operationMs: 300, slowReaders: { behindMs: 300, mostBytes: 200_000 } };
  direct = await startFakeGraph(executor(), options);
  apollo = await startFakeGraph(executor(), { ...options, plugins: [{}] });
});
afterAll(() => Promise.all([direct.stop(), apollo.stop()]));
beforeEach(() => {
  script.later = () => parts();
});

const head = 'content-type: application/json; charset=utf-8\r\n\r\n';
const first = `\r\n---\r\n${head}{"data":${initial.data},"hasNext":true}\r\n---\r\n`;

test('parts are written as the draft of 2022-08-24 has them, the same on both lanes', async () => {
  const [one, other] = [await send(direct, deferring), await send(apollo, deferring)];
  expect(one.text).toBe(
    `${first}${head}{"hasNext":true,"incremental":[{"path":["product"],"label":"later","data":${stock.data}}]}\r\n---\r\n` +
      `${head}{"hasNext":true,"incremental":[{"path":["product"],"errors":${JSON.stringify(reviews.errors)},"data":${reviews.data},"extensions":{"timings":{"totalMs":3}}}]}\r\n---\r\n` +
      `${head}{"hasNext":false}\r\n-----\r\n`,
  );
  expect(one.headers['content-type']).toBe('multipart/mixed; boundary="-"; deferSpec=20220824');
  expect(one).toEqual(other);
});

describe.each([
  ['direct', () => direct],
  ['apollo', () => apollo],
])('on the %s lane', (_lane, graphOf) => {
  test('Apollo Client shows the first part, then what was deferred', async () => {
    const gate = Promise.withResolvers<void>();
    script.later = async function* () {
      yield [stock];
      await gate.promise;
      yield [reviews];
    };
    const client = new ApolloClient({
      link: new HttpLink({ uri: graphOf().url }),
      cache: new InMemoryCache(),
      incrementalHandler: new Defer20220824Handler(),
    });
    const seen: any[] = [];
    const done = Promise.withResolvers<void>();
    const watching = client.watchQuery({ query: gql(query), errorPolicy: 'all' }).subscribe(({ data, dataState, error }) => {
      if (data) seen.push({ data: JSON.parse(JSON.stringify(data)), dataState, error: error?.message });
      // Only what was flushed by itself can be seen before the gate opens.
      if (seen.at(-1)?.data.product.stock === 7) gate.resolve();
      if (dataState === 'complete') done.resolve();
    });
    await done.promise;
    watching.unsubscribe();
    expect(seen[0].data.product).toEqual({ __typename: 'Product', id: '1', name: 'Tea' });
    expect(seen.at(-1)).toMatchObject({
      data: { product: { name: 'Tea', stock: 7, reviews: [{ id: 'r1', body: null }] } },
      error: expect.stringContaining('a part does not answer'),
    });
    client.stop();
  });
  test('who does not accept parts, or asks for none, gets a whole answer', async () => {
    for (const other of [
      'application/json',
      '*/*',
      'multipart/mixed, application/json',
      'multipart/mixed;subscriptionSpec=1.0,application/json',
    ]) {
      const { text, headers } = await send(graphOf(), { body: { query }, headers: { ...json, accept: other } });
      expect([text, headers['content-type']]).toEqual([`{"data":${whole.data}}`, 'application/json; charset=utf-8']);
    }
    const plain = await send(graphOf(), { body: { query: '{ product { id } }' }, headers: { ...json, accept } });
    expect([plain.text, plain.headers['content-type']]).toEqual([
      `{"data":${whole.data}}`,
      'application/graphql-response+json; charset=utf-8',
    ]);
    expect((await send(graphOf(), { body: { query }, headers: { ...json, accept: 'multipart/mixed;deferSpec=20220824' } })).status).toBe(
      406,
    );
  });
  test('an answer that turned out to be whole is sent as one', async () => {
    const refusing = fakeExecutor(sdl, {
      executeInParts: () => Promise.resolve({ errors: [{ message: 'bad', extensions: { code: 'BAD_USER_INPUT' } }] }),
    });
    const graph = await startFakeGraph(refusing, { plugins: graphOf() === apollo ? [{}] : [] });
    const { status, text } = await send(graph, deferring);
    expect([status, text]).toEqual([400, '{"errors":[{"message":"bad","extensions":{"code":"BAD_USER_INPUT"}}]}']);
    await graph.stop();
  });
  test('a client that leaves ends the rest and gives its place back', async () => {
    for (const after of ['first part', 'nothing'] as const) {
      let ended = 0;
      script.later = (request) => never(request, () => (ended += 1));
      const socket = connect(graphOf().port, '127.0.0.1');
      const body = JSON.stringify({ query });
      socket.write(
        `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\naccept: ${accept}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
      if (after === 'first part') await new Promise((resolve) => socket.once('data', resolve));
      socket.destroy();
      await until(async () => (await runningIn(graphOf())) === 0);
      if (after === 'first part') await until(() => ended === 1);
    }
  });
  test('what takes too long is told, and the answer ends', async () => {
    script.later = (request) => never({ ...request, signal: new AbortController().signal }, () => undefined);
    const { text } = await send(graphOf(), deferring);
    expect(text).toContain('"data":{"stock":7');
    expect(text).toMatch(
      /"incremental":\[\{"path":\[\],"errors":\[\{"message":"the rest took too long[^\]]*"code":"UPSTREAM_UNAVAILABLE"[^\]]*\],"data":null\}\]/,
    );
    expect(text.endsWith('{"hasNext":false}\r\n-----\r\n')).toBe(true);
    expect(await runningIn(graphOf())).toBe(0);
  });
  test('a part that fails unexpectedly is masked', async () => {
    script.later = async function* () {
      yield [stock];
      throw new Error('connect ECONNREFUSED 10.0.0.1');
    };
    const { text } = await send(graphOf(), deferring);
    expect(text).toContain('something went wrong on our side');
    expect(text).not.toContain('ECONN');
    expect(text.endsWith('{"hasNext":false}\r\n-----\r\n')).toBe(true);
  });
  test('a client that stops reading is cut, and its source waits meanwhile', async () => {
    const large: Increment = { path: ['product'], data: JSON.stringify({ name: 'x'.repeat(100_000) }) };
    let produced = 0;
    let ended = false;
    script.later = async function* () {
      try {
        for (;;) {
          produced += 1;
          yield [large];
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        ended = true;
      }
    };
    const patient = await startFakeGraph(executor(), {
      operationMs: 60_000,
      slowReaders: { behindMs: 300, mostBytes: 200_000 },
      plugins: graphOf() === apollo ? [{}] : [],
    });
    const socket = connect(patient.port, '127.0.0.1');
    socket.pause();
    const body = JSON.stringify({ query });
    socket.write(
      `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\naccept: ${accept}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    await until(() => ended);
    // What the kernel's buffers took, and no more.
    expect(produced).toBeLessThan(200);
    expect((await send(patient, { body: { query: '{ product { id } }' } })).status).toBe(200);
    socket.destroy();
    await patient.stop();
  });
});

test.each([
  [
    'a label twice',
    '{ product { ... @defer(label: "a") { stock } ... @defer(label: "a") { name } } }',
    'the label "a" of @defer stands more than once',
  ],
  [
    'a label from a variable',
    'query ($l: String) { product { ... @defer(label: $l) { stock } } }',
    'the label of @defer must be written out',
  ],
  [
    'a subscription',
    'subscription { changed { ...F } } fragment F on Product { ... @defer { stock } }',
    '@defer must not stand in a subscription',
  ],
  [
    'root fields of a mutation',
    'mutation { ...F } fragment F on Mutation { ... @defer { rename { id } } }',
    '@defer must not stand on root fields of a mutation',
  ],
  ['a field', '{ product { name @defer } }', 'Directive "@defer" may not be used on FIELD.'],
])('@defer is refused with %s', async (_name, text, message) => {
  const { status, text: answer } = await send(direct, { body: { query: text } });
  expect([status, JSON.parse(answer).errors.map((error: Error) => error.message)]).toEqual([400, [message]]);
});
test('@defer that is switched off, below a mutation or inside its fields is fine', async () => {
  for (const text of [
    'subscription { changed { ... @defer(if: false) { stock } } }',
    'mutation { rename { ... @defer { stock } } }',
    '{ ... @defer { product { id } } }',
  ])
    expect((await send(direct, { body: { query: text } })).text).not.toContain('GRAPHQL_VALIDATION_FAILED');
});
