import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { createClient } from 'graphql-ws';
import { parse } from 'graphql';
import { Registry } from 'prom-client';
import { WebSocket } from 'ws';
import { defaultLimits, limitError } from '../../src/limits.ts';
import { createLoadGuard } from '../../src/load.ts';
import { fakeExecutor, type FakeGraph, startFakeGraph } from '../support/fake-graph.ts';
import { json, query, type Request, send } from '../support/http.ts';
import { until } from '../support/until.ts';

const sdl = `
  scalar JSON
  type Query {
    hello: String
    echo(value: JSON): JSON
    item: Item
    items(first: Int = 20): ItemConnection @listSize(slicingArguments: ["first"], sizedFields: ["nodes"])
  }
  type ItemConnection { nodes: [Item!]! }
  type Item { id: ID! name: String dear: Int @cost(weight: 1000) items(first: Int): ItemConnection }
`;
const graphs: FakeGraph[] = [];
const start = async (options: Parameters<typeof startFakeGraph>[1] = {}) => {
  const graph = await startFakeGraph(fakeExecutor(sdl), options);
  graphs.push(graph);
  return graph;
};
let graph: FakeGraph;
beforeAll(async () => {
  graph = await start({ settings: { development: false } });
});
beforeEach(() => {
  graph.executor.asked.length = 0;
});
afterAll(() => Promise.all(graphs.map((one) => one.stop())));

const times = (count: number, text: (index: number) => string) => Array.from({ length: count }, (_, index) => text(index)).join(' ');

/** `item { items { nodes { items { nodes … { id }` of exactly so many levels. */
function deep(levels: number): string {
  const fields = ['item', ...Array.from({ length: levels - 2 }, (_, index) => (index % 2 === 0 ? 'items(first: 1)' : 'nodes'))];
  const leaf = (levels - 2) % 2 === 0 ? 'id' : '__typename';
  return `${fields.map((field) => `{ ${field} `).join('')}{ ${leaf} }${' }'.repeat(fields.length)}`;
}
/** A document of exactly so many tokens. */
const literal = (tokens: number) => `{ echo(value: [${times(tokens - 9, () => '1')}]) }`;
const spread = (count: number) => `{ item { ${times(count, () => '...F')} } } fragment F on Item { ${times(99, () => 'id')} }`;
const value = (depth: number) => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`) as unknown;
const withValue = (depth: number) => ({ query: 'query ($value: JSON) { echo(value: $value) }', variables: { value: value(depth) } });

type Operation = { readonly query: string; readonly variables?: Record<string, unknown> };
const cases: [name: string, below: Operation, above: Operation, reason: string, limit: number][] = [
  ['tokens', { query: literal(2_000) }, { query: literal(2_001) }, 'TOKEN_LIMIT', 2_000],
  ['selections', { query: spread(9) }, { query: spread(10) }, 'SELECTION_LIMIT', 1_000],
  ['depth', { query: deep(15) }, { query: deep(16) }, 'DEPTH_LIMIT', 15],
  [
    'aliases',
    { query: `{ ${times(1, () => 'item')} { ${times(30, (index) => `a${index}: id`)} } }` },
    { query: `{ item { ${times(31, (index) => `a${index}: id`)} } }` },
    'ALIAS_LIMIT',
    30,
  ],
  [
    'aliases of __typename',
    { query: `{ item { ${times(30, (index) => `a${index}: __typename`)} } }` },
    { query: `{ item { ${times(31, (index) => `a${index}: __typename`)} } }` },
    'ALIAS_LIMIT',
    30,
  ],
  ['root fields', { query: `{ ${times(20, () => 'hello')} }` }, { query: `{ ${times(21, () => 'hello')} }` }, 'ROOT_FIELD_LIMIT', 20],
  [
    'directives',
    { query: `{ item { ${times(10, () => 'id @include(if: true)')} } }` },
    { query: `{ item { ${times(11, () => 'id @include(if: true)')} } }` },
    'DIRECTIVE_LIMIT',
    10,
  ],
  ['variables inside each other', withValue(50), withValue(51), 'VARIABLE_DEPTH_LIMIT', 50],
  // items 1 + 100 × (Item 1 + items 1 + 47 × 1), and one more per item.
  [
    'cost',
    { query: '{ items(first: 100) { nodes { items(first: 47) { nodes { id } } } } }' },
    { query: '{ items(first: 100) { nodes { items(first: 49) { nodes { id } } } } }' },
    'COST_LIMIT',
    5_000,
  ],
  [
    'cost by weight',
    { query: '{ items(first: 4) { nodes { dear } } }' },
    { query: '{ items(first: 5) { nodes { dear } } }' },
    'COST_LIMIT',
    5_000,
  ],
  [
    'cost by a variable',
    { query: 'query ($n: Int) { items(first: $n) { nodes { items(first: 100) { nodes { id } } } } }', variables: { n: 48 } },
    { query: 'query ($n: Int) { items(first: $n) { nodes { items(first: 100) { nodes { id } } } } }', variables: { n: 50 } },
    'COST_LIMIT',
    5_000,
  ],
  [
    'cost by the default of a variable',
    { query: 'query ($n: Int = 48) { items(first: $n) { nodes { items(first: 100) { nodes { id } } } } }' },
    { query: 'query ($n: Int = 50) { items(first: $n) { nodes { items(first: 100) { nodes { id } } } } }' },
    'COST_LIMIT',
    5_000,
  ],
  // items 1 + 20 × (Item 1 + items 1 + first × 1).
  [
    'cost by the default of the schema',
    { query: '{ items { nodes { items(first: 247) { nodes { id } } } } }' },
    { query: '{ items { nodes { items(first: 249) { nodes { id } } } } }' },
    'COST_LIMIT',
    5_000,
  ],
];

describe('what an operation may ask for', () => {
  test.each(cases)('%s: just below runs, just above is never planned', async (_name, below, above, reason, limit) => {
    expect(await send(graph, { body: below })).toMatchObject({ status: 200 });
    expect(graph.executor.asked).toHaveLength(1);
    const refused = await send(graph, { body: above });
    expect(refused.status).toBe(400);
    const { data, errors } = JSON.parse(refused.text);
    expect([data, errors.length, errors[0].extensions]).toEqual([undefined, 1, expect.objectContaining({ reason, limit })]);
    expect(errors[0].message).toMatch(/may have \d+.*; /);
    expect(graph.executor.asked).toHaveLength(1);
  });
  test('the same over WebSocket', async () => {
    const client = createClient({ url: graph.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
    for (const [, below, above, reason] of cases) {
      graph.executor.asked.length = 0;
      await client.iterate({ ...below }).next();
      await expect(client.iterate({ ...above }).next()).rejects.toMatchObject([{ extensions: { reason } }]);
      expect(graph.executor.asked).toHaveLength(1);
    }
    await client.dispose();
  });
  test('of five errors or more in a document five are told, without suggestions', async () => {
    const { status, text } = await send(graph, query('{ helo a b c d e f g }'));
    expect([status, JSON.parse(text).errors.length]).toEqual([400, 5]);
    expect(text).not.toContain('Did you mean');
    expect(JSON.parse((await send(graph, query('{ a b c d }'))).text).errors).toHaveLength(4);
  });
  test('introspection is for development', async () => {
    expect((await send(graph, query('{ __schema { types { name } } }'))).text).toContain('GRAPHQL_VALIDATION_FAILED');
    const open = await start({ settings: { development: true } });
    expect((await send(open, query('{ __schema { types { name } } }'))).status).toBe(200);
  });
  test('64 KB of body are read, counted after decompression; more is not', async () => {
    const body = (size: number) => {
      const text = JSON.stringify({ query: '{ hello }', variables: { filler: '' } });
      return text.replace('""', `"${'x'.repeat(size - text.length)}"`);
    };
    const zipped = (size: number): Request => ({ headers: { ...json, 'content-encoding': 'gzip' }, body: gzipSync(body(size)) });
    for (const request of [{ body: body(65_536) }, zipped(65_536)]) expect((await send(graph, request)).status).toBe(200);
    for (const request of [{ body: body(65_537) }, zipped(65_537), zipped(5_000_000)]) {
      const { status, text } = await send(graph, request);
      expect([status, JSON.parse(text).errors[0].extensions]).toEqual([413, { code: 'BAD_REQUEST', reason: 'BODY_LIMIT', limit: 65_536 }]);
    }
    expect(graph.executor.asked).toHaveLength(2);
    // Without a length that could be looked at.
    const chunked = await fetch(graph.url, {
      method: 'POST',
      headers: json,
      duplex: 'half',
      body: new Blob([body(70_000)]).stream(),
    } as RequestInit);
    expect(chunked.status).toBe(413);
  });
  test('64 KB of message are an operation over WebSocket', async () => {
    const client = createClient({ url: graph.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
    const filled = (size: number) => client.iterate({ query: '{ hello }', variables: { filler: 'x'.repeat(size) } }).next();
    expect((await filled(65_000)).value).toEqual({ data: { hello: 'world' } });
    await expect(filled(66_000)).rejects.toMatchObject([{ extensions: { reason: 'BODY_LIMIT', limit: 65_536 } }]);
    await client.dispose();
  });
});

/** How many nodes of a document the limits look at; a Proxy counts who reads a node's kind. */
function visitsOf(text: string): number {
  let visits = 0;
  const counting = <Node extends object>(node: Node): Node =>
    new Proxy(node, {
      get: (target, key, receiver) => {
        if (key === 'kind') visits += 1;
        const found: unknown = Reflect.get(target, key, receiver);
        return typeof found === 'object' && found !== null ? counting(found) : found;
      },
    });
  limitError(counting(parse(text)), defaultLimits, false);
  return visits;
}

test.each([
  [
    'fragments that double each other',
    `{ item { ...F0 } } ${times(60, (index) => `fragment F${index} on Item { ...F${index + 1} ...F${index + 1} }`)} fragment F60 on Item { id }`,
  ],
  [
    'fragments that contain themselves',
    `{ item { ...A } } ${times(1, () => 'fragment A on Item { ...B ...B } fragment B on Item { ...A ...A }')}`,
  ],
  [
    'fragments that all contain all',
    `{ item { ...F0 } } ${times(30, (index) => `fragment F${index} on Item { ${times(30, (other) => `...F${other}`)} }`)}`,
  ],
  ['a thousand levels', `${'{ item '.repeat(600)}{ id }${' }'.repeat(600)}`],
  ['two thousand fields', `{ ${times(1_990, () => 'hello')} }`],
])('a document of %s is looked at once', async (_name, text) => {
  const tokens = text.match(/\w+|\.\.\.|[{}]/g)?.length ?? 0;
  expect(visitsOf(text)).toBeLessThan(3 * tokens);
  const { status } = await send(graph, query(text));
  expect([status, graph.executor.asked]).toEqual([400, []]);
});

describe('what a connection may do', () => {
  const answerOf = async (port: number, text: string, more?: (socket: ReturnType<typeof connect>) => void) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.on('data', (data) => (answer += String(data)));
    socket.write(text);
    more?.(socket);
    await once(socket, 'close');
    return answer;
  };
  const failure = (status: string) =>
    new RegExp(
      `^HTTP/1.1 ${status}[\\s\\S]*content-type: application/json[\\s\\S]*\\{"errors":\\[\\{"message":"[^"]+","extensions":\\{"code":"BAD_REQUEST"\\}\\}\\]\\}$`,
    );

  test('16 KB of headers are read; more is 431', async () => {
    const withHeader = (size: number) => send(graph, { ...query('{ hello }'), headers: { ...json, 'x-filler': 'x'.repeat(size) } });
    expect((await withHeader(15_500)).status).toBe(200);
    expect((await withHeader(16_500)).status).toBe(431);
    expect(await answerOf(graph.port, `GET /graphql HTTP/1.1\r\nhost: x\r\nx-filler: ${'x'.repeat(17_000)}\r\n\r\n`)).toMatch(
      failure('431'),
    );
  });
  test('what is no HTTP is told so', async () => {
    expect(await answerOf(graph.port, 'HELO graph\r\n\r\n')).toMatch(failure('400'));
  });
  test('headers and bodies that do not come are waited for only so long', async () => {
    const hasty = await start({ timeouts: { headersTimeout: 300, requestTimeout: 600 } });
    expect(await answerOf(hasty.port, 'POST /graphql HTTP/1.1\r\nhost: x\r\n')).toMatch(failure('408'));
    expect(
      await answerOf(
        hasty.port,
        `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 20\r\n\r\n{"query"`,
      ),
    ).toMatch(failure('408'));
    expect((await send(hasty, query('{ hello }'))).status).toBe(200);
  });
  test('one address may have so many connections', async () => {
    const narrow = await start({ socketsPerAddress: 2 });
    const sockets = [connect(narrow.port, '127.0.0.1'), connect(narrow.port, '127.0.0.1')];
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const third = connect(narrow.port, '127.0.0.1');
    await once(third, 'close');
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, false]);
    sockets[0]?.destroy();
    await until(async () => (await send(narrow, query('{ hello }')).catch(() => undefined))?.status === 200);
    sockets[1]?.destroy();
  });
  test('a socket may send messages of 128 KB in 32 pieces, uncompressed', async () => {
    const open = async () => {
      const socket = new WebSocket(graph.socketUrl, 'graphql-transport-ws');
      await once(socket, 'open');
      expect(socket.extensions).toBe('');
      socket.send('{"type":"connection_init"}');
      await once(socket, 'message');
      return socket;
    };
    const ping = (size: number) => `{"type":"ping","payload":{"text":"${'x'.repeat(size - 37)}"}}`;
    const pieces = (socket: WebSocket, count: number) => {
      const text = '{"type":"ping"}';
      for (let index = 0; index < count; index++) {
        const last = index === count - 1;
        socket.send(last ? text.slice(index) : (text[index] ?? ''), { fin: last });
      }
    };
    const well = await open();
    well.send(ping(131_072));
    expect(String((await once(well, 'message'))[0])).toContain('pong');
    pieces(well, 12);
    expect(String((await once(well, 'message'))[0])).toBe('{"type":"pong"}');
    well.close();
    const large = await open();
    large.send(ping(131_073));
    expect((await once(large, 'close'))[0]).toBe(1009);
    const many = await open();
    for (let index = 0; index < 40; index++) many.send(index === 0 ? '{' : ' ', { fin: false });
    expect((await once(many, 'close'))[0]).toBe(1008);
  });
});

describe('how much runs at once', () => {
  const guardOf = (loopDelayMs: number) => createLoadGuard({ concurrent: 16, loopDelayMs, metrics: new Registry() });
  const fill = (guard: ReturnType<typeof guardOf>, cost: number) => {
    let count = 0;
    while (guard.enter(cost)) count += 1;
    return count;
  };

  test('dear operations fill three quarters of the places, cheap ones all', () => {
    const guard = guardOf(60_000);
    expect([fill(guard, 101), fill(guard, 100)]).toEqual([12, 4]);
    guard.close();
  });
  test('while the event loop is late one dear operation runs, or a few cheap ones', async () => {
    for (const [cost, most] of [
      [101, 1],
      [100, 2],
    ] as const) {
      const guard = guardOf(-1);
      // Lateness is looked at every half second.
      const places: (() => void)[] = [];
      await until(() => {
        for (const leave of places.splice(0)) leave();
        for (let leave = guard.enter(cost); leave; leave = guard.enter(cost)) places.push(leave);
        return places.length === most;
      });
      guard.close();
    }
  });
});
