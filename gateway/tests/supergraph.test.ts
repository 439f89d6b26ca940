import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IntrospectAndCompose } from '@apollo/gateway';
import { createRemoteSubgraph } from '@supergraph/platform/remote';
import { createLog } from '@supergraph/platform/log';
import { serveSubgraph } from '@supergraph/platform/service-server';
import { createClient as createEventClient } from 'graphql-sse';
import { type Client, createClient } from 'graphql-ws';
import { pino } from 'pino';
import { WebSocket } from 'ws';
import { composeSubgraphs } from '../src/compose.ts';
import { supergraphFile } from '../src/supergraph-file.ts';
import { fixedSupergraph, managedSupergraph } from '../src/supergraph-source.ts';
import { createTestKey, startTestGateway, type TestGateway, type TestKey } from '../testing.ts';
import { accounts, catalog, fixture, organizations, type PeopleState, reviews, reviewsSdl } from './fixtures.ts';

const state: PeopleState = { keySet: null, keySetAsked: 0, ended: [], memberships: new Map() };
const log = createLog(process.env['TEST_LOG_LEVEL'] ?? 'silent', 'test');
const shop = catalog();
const people = [accounts(state), organizations(state)];
const served = [...people, shop, reviews()];
const directory = mkdtempSync(join(tmpdir(), 'supergraph-file-'));
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const until = async (holds: () => boolean | Promise<boolean>, ms = 20_000) => {
  for (const end = Date.now() + ms; !(await holds()) && Date.now() < end;) await sleep(20);
  expect(await holds()).toBe(true);
};

/** The composed graph of all domains; `change` alters one domain's SDL. */
const compose = (name = '', change: (sdl: string) => string = (sdl) => sdl) =>
  composeSubgraphs(served.map((one) => ({ name: one.name, sdl: one.name === name ? change(one.sdl) : one.sdl }))).supergraphSdl;
const withoutRating = compose('reviews', (sdl) => sdl.replace('rating: Float! ', ''));
const replace = (path: string, text: string) => {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
};

let key: TestKey;
const closing: (() => Promise<unknown> | void)[] = [];
beforeAll(async () => {
  key = await createTestKey('http://graph.test');
  state.keySet = key.keySet;
});
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
  rmSync(directory, { recursive: true, force: true });
});

let files = 0;
const newFile = (text: string): string => {
  const path = join(directory, `supergraph-${(files += 1)}.graphql`);
  writeFileSync(path, text);
  return path;
};
async function serve(path: string, options: Partial<Parameters<typeof startTestGateway>[0]> = {}): Promise<TestGateway> {
  const gateway = await startTestGateway({ subgraphs: served, source: supergraphFile(path, { settleMs: 30, pollMs: 200 }), ...options });
  closing.push(() => gateway.stop());
  return gateway;
}
const ask = async (gateway: TestGateway, query: string, token?: string) => {
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token ? { authorization: `Bearer ${token}` } : {}) },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as { data?: any; errors?: { message: string; extensions: Record<string, unknown> }[] };
};
const ready = async (gateway: TestGateway) => {
  const response = await fetch(`http://127.0.0.1:${gateway.adminPort}/health/ready`);
  return [response.status, await response.json()] as [number, { ok: boolean; problems: string[]; warnings: string[] }];
};
const socketTo = (gateway: TestGateway): Client => {
  const client = createClient({ url: gateway.socketUrl, webSocketImpl: WebSocket, retryAttempts: 0 });
  closing.push(() => client.dispose());
  return client;
};
const collect = async (results: AsyncIterable<unknown>) => {
  const all: any[] = [];
  for await (const result of results) all.push(result);
  return all;
};
const hasRating = async (gateway: TestGateway) =>
  (await ask(gateway, '{ product(id: "0") { rating } }')).errors?.[0]?.extensions['code'] !== 'GRAPHQL_VALIDATION_FAILED';

describe('a supergraph that changes while it runs', () => {
  test('ten times under load: no request fails, no subscription misses an event', async () => {
    const path = newFile(compose());
    const gateway = await serve(path);
    let asking = true;
    const answers: unknown[] = [];
    const requests = Array.from({ length: 4 }, async (_, index) => {
      for (let count = 0; asking; count++, await sleep(5))
        answers.push(await ask(gateway, `{ product(id: "2") { name reviews { body } a${(count + index) % 7}: price } }`));
    });
    const query = 'subscription { priceChanged(id: "2", count: 2000) { price reviews { body } } }';
    const events = createEventClient({ url: `${gateway.url}/stream`, retryAttempts: 0 });
    closing.push(() => events.dispose());
    const seen: any[][] = [[], []];
    const streams = [socketTo(gateway).iterate({ query }), events.iterate({ query })];
    const subscriptions = streams.map(async (stream, index) => {
      for await (const event of stream) seen[index]?.push(event);
    });
    for (let round = 1; round <= 10; round++) {
      replace(path, round % 2 ? withoutRating : compose());
      await until(async () => (await hasRating(gateway)) === (round % 2 === 0));
    }
    const before = seen.map(({ length }) => length);
    await until(() => seen.every(({ length }, index) => length > (before[index] ?? 0) + 5));
    asking = false;
    await Promise.all(requests);
    for (const stream of streams) await stream.return?.();
    await Promise.all(subscriptions);
    expect(answers.length).toBeGreaterThan(20);
    for (const answer of answers) {
      expect(answer).toEqual({ data: { product: expect.objectContaining({ name: 'Pot', reviews: [{ body: 'about 2' }] }) } });
    }
    for (const events of seen) {
      expect(events).toEqual(events.map((_, index) => ({ data: { priceChanged: { price: index + 1, reviews: [{ body: 'about 2' }] } } })));
    }
    expect(await ready(gateway)).toEqual([200, { ok: true, problems: [], warnings: [] }]);
  }, 120_000);

  test('a request that has begun ends on the supergraph that it was checked for', async () => {
    const path = newFile(compose());
    const gateway = await serve(path);
    const asked = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    shop.disturb = async (request) => {
      shop.disturb = undefined;
      asked.resolve();
      await go.promise;
      return shop.execute(request);
    };
    const answer = ask(gateway, '{ product(id: "1") { rating } }');
    await asked.promise;
    replace(path, withoutRating);
    await until(async () => !(await hasRating(gateway)));
    go.resolve();
    expect(await answer).toEqual({ data: { product: { rating: 1.5 } } });
  });

  test('documents are checked anew: what was refused is allowed, what was allowed is refused', async () => {
    const path = newFile(withoutRating);
    const gateway = await serve(path);
    const query = '{ product(id: "1") { rating } }';
    const refused = { errors: [expect.objectContaining({ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } })] };
    expect(await ask(gateway, query)).toEqual(refused);
    replace(path, compose());
    await until(() => hasRating(gateway));
    expect(await ask(gateway, query)).toEqual({ data: { product: { rating: 1.5 } } });
    replace(path, withoutRating);
    await until(async () => !(await hasRating(gateway)));
    expect(await ask(gateway, query)).toEqual(refused);
  });

  test('a subscription that no longer fits is told so, others on its socket go on', async () => {
    const path = newFile(compose());
    const gateway = await serve(path);
    const client = socketTo(gateway);
    const fitting = collect(client.iterate({ query: 'subscription { priceChanged(id: "1", count: 200) { price } }' }));
    const query = 'subscription { priceChanged(id: "1", count: 100000) { rating } }';
    const outdated = [
      collect(client.iterate({ query })),
      collect(createEventClient({ url: `${gateway.url}/stream`, retryAttempts: 0 }).iterate({ query })),
      collect(client.iterate({ query: 'subscription { endless { rating } }' })),
    ];
    await sleep(100);
    replace(path, withoutRating);
    for (const seen of await Promise.all(outdated)) {
      expect(seen.length).toBeGreaterThan(1);
      expect(seen.slice(0, -1).every(({ errors }) => !errors)).toBe(true);
      expect(seen.at(-1)).toEqual({
        errors: [{ message: expect.stringContaining('subscribe again'), extensions: { code: 'CONFLICT', reason: 'SUPERGRAPH_CHANGED' } }],
      });
    }
    expect(await fitting).toHaveLength(200);
  });

  test("people's own clients may ask for the scopes of the new supergraph", async () => {
    const path = newFile(compose());
    const gateway = await serve(path);
    const token = await key.sign();
    const scopes = async () => (await ask(gateway, '{ viewer { scopes } }', token)).data.viewer.scopes as string[];
    expect(await scopes()).not.toContain('reviews:count');
    replace(
      path,
      compose('reviews', (sdl) => sdl.replace('reviewCount: Int @public', 'reviewCount: Int @requiresScopes(scopes: [["reviews:count"]])')),
    );
    await until(async () => (await scopes()).includes('reviews:count'));
  });
});

describe('a supergraph that does not hold', () => {
  const lines: any[] = [];
  let path: string;
  let gateway: TestGateway;
  beforeAll(async () => {
    path = newFile(compose());
    gateway = await serve(path, { log: pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) }) });
  });
  const ghost = composeSubgraphs([...served, fixture('ghost', 'type Query { boo: String @public }', {})]).supergraphSdl;

  test.each([
    ['half a file', () => compose().slice(0, 3_000), /does not hold:\n- Syntax Error.* \(line \d+, column \d+\)\nmend: /],
    ['an empty file', () => '', /does not hold:\n- Syntax Error.* \(line \d+, column \d+\)\nmend: /],
    ['the schema that clients see', () => 'type Query { a: Int }', /it is no supergraph[\s\S]*\nmend: /],
    ['an unknown type', () => compose().replace('stars: Int', 'stars: Nope'), /- Unknown type Nope.*\nmend: /],
    ['a subgraph that nobody serves', () => ghost, /nobody serves: ghost\nmend: set SUBGRAPH_GHOST_URL/],
    [
      'a fault that only shows in the API schema',
      () => compose().replace(/type Review\s+@join__type\(graph: REVIEWS, key: "id"\)/, '$& @inaccessible'),
      /- the contract "public" does not hold:\n- Type "Review" is @inaccessible but is referenced by "Product.reviews"/,
    ],
  ])('%s: the old one runs on, the log and readiness say why', async (_name, text, problem) => {
    lines.length = 0;
    replace(path, text());
    await until(async () => problem.test((await ready(gateway))[1].warnings.join()));
    expect(await ready(gateway)).toEqual([200, { ok: true, problems: [], warnings: [expect.stringMatching(problem)] }]);
    expect(lines).toContainEqual(expect.objectContaining({ level: 50, reason: expect.stringMatching(problem) }));
    expect(await ask(gateway, '{ product(id: "1") { rating } }')).toEqual({ data: { product: { rating: 1.5 } } });
    replace(path, compose());
    await until(async () => (await ready(gateway))[1].warnings.length === 0);
  });
  test('a file that is gone', async () => {
    rmSync(path);
    await until(async () => (await ready(gateway))[1].warnings.length > 0);
    expect((await ready(gateway))[1].warnings[0]).toMatch(/cannot be read \(ENOENT\)\nmend: /);
    writeFileSync(path, withoutRating);
    await until(async () => !(await hasRating(gateway)));
    expect((await ready(gateway))[1].warnings).toEqual([]);
  });
  test('at the start nothing serves', async () => {
    await expect(serve(newFile('type Query { a: Int }'))).rejects.toThrow(/it is no supergraph[\s\S]*mend: /);
    await expect(serve(join(directory, 'nowhere.graphql'))).rejects.toThrow(/cannot be read \(ENOENT\)\nmend: /);
  });
});

describe('a watched file', () => {
  test.each([
    ['written in place', (path: string, text: string) => writeFileSync(path, text)],
    ['replaced by renaming', replace],
    [
      'behind a link to another folder, as mounted volumes have it',
      (path: string, text: string) => {
        const target = join(mkdtempSync(join(directory, 'volume-')), 'supergraph.graphql');
        writeFileSync(target, text);
        rmSync(path);
        symlinkSync(target, path);
      },
    ],
  ])('is read again when it is %s', async (_name, write) => {
    const path = newFile('first');
    const seen: string[] = [];
    const failed: string[] = [];
    const source = supergraphFile(path, { settleMs: 20, pollMs: 100 });
    const { supergraphSdl, close } = await source.open({ changed: (text) => seen.push(text), failed: (problem) => failed.push(problem) });
    expect(supergraphSdl).toBe('first');
    for (const text of ['second', 'third']) {
      write(path, text);
      await until(() => seen.at(-1) === text);
    }
    await close();
    write(path, 'fourth');
    await sleep(250);
    expect([seen.at(-1), failed]).toEqual(['third', []]);
  });
  test('is noticed by polling alone where the folder tells nothing', async () => {
    const folder = mkdtempSync(join(directory, 'far-'));
    const target = join(folder, 'target.graphql');
    writeFileSync(target, 'first');
    const link = join(directory, 'link.graphql');
    symlinkSync(target, link);
    const seen: string[] = [];
    const opened = await supergraphFile(link, { settleMs: 10, pollMs: 50 }).open({
      changed: (text) => seen.push(text),
      failed: () => undefined,
    });
    // The link's own folder hears nothing of its target.
    writeFileSync(target, 'second');
    await until(() => seen.at(-1) === 'second');
    await opened.close();
  });
});

describe('sources', () => {
  test("Apollo's managers can be one: subgraphs are introspected and composed, again and again", async () => {
    const settings = { internalKey: 'k'.repeat(64) };
    let { sdl } = reviews();
    const changing = { ...reviews(), execute: reviews().execute };
    changing.execute = async (request) =>
      request.query.includes('_service') ? { data: { _service: { sdl } } } : reviews().execute(request);
    const clients = [];
    for (const subgraph of [...people, shop, changing]) {
      const service = await serveSubgraph({ subgraph, settings, port: 0, host: '127.0.0.1', log });
      const client = createRemoteSubgraph({ name: subgraph.name, url: `http://127.0.0.1:${service.port}/graphql`, settings, log });
      closing.push(
        () => service.stop(),
        () => client.close(),
      );
      clients.push(client);
    }
    const byName = new Map(clients.map((client) => [client.name, client]));
    const manager = new IntrospectAndCompose({
      subgraphs: clients.map(({ name }) => ({ name, url: 'http://unused.test' })),
      pollIntervalInMs: 50,
      subgraphHealthCheck: true,
    });
    const gateway = await startTestGateway({ subgraphs: served, clients, source: managedSupergraph(manager, byName) });
    closing.push(() => gateway.stop());
    expect(await ask(gateway, '{ product(id: "1") { name rating } }')).toEqual({ data: { product: { name: 'Tea', rating: 1.5 } } });
    sdl = sdl.replace(reviewsSdl, reviewsSdl.replace('rating: Float! ', ''));
    await until(async () => !(await hasRating(gateway)));
  });
  test('a fixed one never changes', async () => {
    const gateway = await startTestGateway({ subgraphs: served, source: fixedSupergraph(withoutRating) });
    closing.push(() => gateway.stop());
    expect(await hasRating(gateway)).toBe(false);
  });
});
