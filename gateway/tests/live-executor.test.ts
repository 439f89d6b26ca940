import { jest } from '@jest/globals';
import { nobody } from '@supergraph/platform/context';
import { createLog } from '@supergraph/platform/log';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import { buildSchema, type DocumentNode, parse } from 'graphql';
import type { Answer } from '../src/answer.ts';
import type { Executor, SubscriptionRequest } from '../src/executor.ts';
import { createGeneration, createLiveExecutor } from '../src/live-executor.ts';
import { warm } from '../src/warming.ts';
import { openGraph } from '../src/supergraph.ts';
import type { SourceListener, SupergraphSource } from '../src/supergraph-source.ts';

const log = createLog('silent', 'test');
const tick = () => new Promise((resolve) => setImmediate(resolve));
const document = parse('subscription { ticked }');
const several = parse('query A { a } query B { a } fragment F on Query { a }');
const request: SubscriptionRequest = {
  document,
  operationName: undefined,
  variables: undefined,
  identity: nobody('request-1'),
  signal: new AbortController().signal,
};

/** An executor whose subscriptions wait for ever; `field` is all that it offers. */
function waiting(field = 'ticked'): Executor {
  const schema = buildSchema(`type Query { a: Int } type Subscription { ${field}: Int }`);
  const answer: Answer = { data: '{}' };
  return {
    schema,
    facts: { types: new Map(), scopes: new Set() },
    execute: () => Promise.resolve(answer),
    executeInParts: () => Promise.resolve(answer),
    warm: () => undefined,
    subscribe: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const stream = (async function* () {
        yield answer;
        await promise;
      })();
      const end = stream.return.bind(stream);
      stream.return = (value) => {
        resolve();
        return end(value);
      };
      return Promise.resolve(stream);
    },
  };
}

const open = async (executor: Executor) => {
  const stream = await executor.subscribe(request);
  if (!(Symbol.asyncIterator in stream)) throw new Error('it did not begin');
  expect(await stream.next()).toEqual({ done: false, value: { data: '{}' } });
  return stream;
};
const changed = {
  done: false,
  value: { errors: [expect.objectContaining({ extensions: { code: 'CONFLICT', reason: 'SUPERGRAPH_CHANGED' } })] },
};

describe('subscriptions across swaps', () => {
  test('keep at most ten retired executors alive; those of older ones are to subscribe again', async () => {
    const released: number[] = [];
    const live = createLiveExecutor(createGeneration(waiting(), () => released.push(0)));
    const streams = [];
    for (let number = 1; number <= 11; number++) {
      streams.push(await open(live.current));
      live.swap(createGeneration(waiting(), () => released.push(number)));
    }
    expect(await streams[0]?.next()).toEqual(changed);
    expect(await streams[0]?.next()).toEqual({ done: true, value: undefined });
    expect(released).toEqual([0]);
    const second = streams[1]?.next();
    await tick();
    await streams[1]?.return();
    expect(await second).toEqual({ done: true, value: undefined });
    expect(released).toEqual([0, 1]);
    await Promise.all(streams.map((stream) => stream.return()));
    expect(released).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });
  test('one that is still beginning is judged by the supergraph that came meanwhile', async () => {
    const begun = Promise.withResolvers<void>();
    const slow = waiting();
    const live = createLiveExecutor(
      createGeneration({ ...slow, subscribe: async (given) => begun.promise.then(() => slow.subscribe(given)) }, () => undefined),
    );
    const opening = live.current.subscribe(request);
    live.swap(createGeneration(waiting('other'), () => undefined));
    begun.resolve();
    const stream = (await opening) as AsyncGenerator<Answer, void>;
    expect(await stream.next()).toEqual(changed);
  });
  test('an executor without subscriptions is released at once', () => {
    const release = jest.fn();
    const live = createLiveExecutor(createGeneration(waiting(), release));
    const swapped = jest.fn();
    const forget = live.onSwap(swapped);
    live.swap(createGeneration(waiting(), () => undefined));
    forget();
    live.swap(createGeneration(waiting(), () => undefined));
    expect([release.mock.calls.length, swapped.mock.calls.length]).toEqual([1, 1]);
  });
});

describe('an opened graph', () => {
  const links =
    'schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.5") { query: Query } type Query { a: Int }';
  const supergraph = (name: string, ...graphs: string[]) =>
    `# ${name}\n${links} enum join__Graph { ${graphs.map((graph) => `${graph.toUpperCase().replace(/\W/g, '_')} @join__graph(name: "${graph}", url: "http://${graph}.test/graphql")`).join(' ')} }`;
  const client = (name: string, close = () => Promise.resolve()): SubgraphClient => ({
    name,
    execute: () => Promise.resolve({ data: {} }),
    subscribe: () => Promise.resolve({ data: null }),
    close,
  });
  const source = (first: string) => {
    let listener: SourceListener | undefined;
    const made: SupergraphSource = {
      open: (given) => {
        listener = given;
        return Promise.resolve({ supergraphSdl: first, close: () => Promise.resolve() });
      },
    };
    return { made, change: (text: string) => listener?.changed(text) };
  };
  const settled = async (holds: () => boolean) => {
    for (let turns = 0; turns < 100 && !holds(); turns++) await tick();
    expect(holds()).toBe(true);
  };

  test('warms the first executor and each later one before it is used; one that cannot be warmed is used all the same', async () => {
    const { made, change } = source(supergraph('first', 'a'));
    const warmed: (readonly [DocumentNode, string | undefined])[] = [];
    const graph = await openGraph({
      source: made,
      clients: new Map([['a', client('a')]]),
      contracts: [{ name: 'public', include: [], exclude: [] }],
      log,
      build: () => ({ ...waiting(), warm: (...asked) => void warmed.push([asked[0], asked[1]]) }),
    });
    const calls: (readonly [Executor, Executor | undefined])[] = [];
    await graph.warmWith(async (_contract, next, previous) => {
      calls.push([next, previous]);
      expect(previous).toBe(calls.length === 1 ? undefined : graph.of('public').current);
      await warm(next, [document, several], log);
    });
    const first = graph.of('public').current;
    change(supergraph('second', 'a'));
    await settled(() => graph.of('public').current !== first);
    expect(calls).toEqual([
      [first, undefined],
      [graph.of('public').current, first],
    ]);
    const all = [
      [document, undefined],
      [several, 'A'],
      [several, 'B'],
    ];
    expect(warmed).toEqual([...all, ...all]);
    await graph.warmWith(() => Promise.reject(new Error('cold')));
    const second = graph.of('public').current;
    change(supergraph('third', 'a'));
    await settled(() => graph.of('public').current !== second);
    expect(graph.warnings()).toEqual([]);
    await graph.close();
  });
  test('of many changes builds only the newest', async () => {
    const { made, change } = source(supergraph('first', 'a'));
    const built: string[] = [];
    const build = (sdl: string) => {
      built.push(sdl);
      return waiting();
    };
    const graph = await openGraph({ source: made, clients: new Map([['a', client('a')]]), log, build });
    for (const name of ['second', 'third', 'fourth']) change(supergraph(name, 'a'));
    await graph.close();
    expect(built.map((sdl) => sdl.split('\n')[0])).toEqual(['# first', '# second', '# fourth']);
  });
  test('connects subgraphs that only the supergraph knows, and lets go of them a minute after their last use', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    const { made, change } = source(supergraph('first', 'a', 'b-2'));
    const closed: string[] = [];
    const connected: string[] = [];
    const seen: ReadonlyMap<string, SubgraphClient>[] = [];
    const graph = await openGraph({
      source: made,
      clients: new Map([['a', client('a')]]),
      connect: (name, url) => {
        connected.push(`${name} ${url}`);
        return client(name, () => Promise.resolve(void closed.push(name)));
      },
      build: (_, clients) => {
        seen.push(clients);
        return waiting();
      },
      log,
    });
    change(supergraph('second', 'a', 'c'));
    await settled(() => seen.length === 2);
    await tick();
    expect(seen.map((clients) => [...clients.keys()])).toEqual([
      ['a', 'b-2'],
      ['a', 'c'],
    ]);
    jest.advanceTimersByTime(59_000);
    expect(closed).toEqual([]);
    jest.advanceTimersByTime(2_000);
    await tick();
    expect([connected, closed]).toEqual([['b-2 http://b-2.test/graphql', 'c http://c.test/graphql'], ['b-2']]);
    await graph.close();
    expect(closed).toEqual(['b-2', 'c']);
    jest.useRealTimers();
  });
  test("finds a subgraph by its setting's name, where capitals and underscores are all there is", async () => {
    const { made } = source(supergraph('first', 'Product-reviews2'));
    const clients: ReadonlyMap<string, SubgraphClient>[] = [];
    const build = (_: string, found: ReadonlyMap<string, SubgraphClient>) => {
      clients.push(found);
      return waiting();
    };
    const served = client('product_reviews2');
    await (await openGraph({ source: made, clients: new Map([['product_reviews2', served]]), log, build })).close();
    expect(clients[0]?.get('Product-reviews2')).toBe(served);
  });
});
