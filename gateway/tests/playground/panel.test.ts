import type { Fetcher } from '@graphiql/toolkit';
import { explaining, listening } from '../../playground/explain.ts';
import { drawWaterfall, entitiesOf, type Line, remarkOn, subgraphsOf } from '../../playground/waterfall.ts';
import type { Explained, ToldFetch, ToldFetchTiming, ToldNode } from '../../src/explained.ts';

const fetched = (fetch: number, subgraph: string, path = ''): ToldFetch => ({ kind: 'Fetch', fetch, subgraph, path, asks: '{ id }' });
const timed = (fetch: number, startedAtMs: number, tookMs: number, more: Partial<ToldFetchTiming> = {}): ToldFetchTiming => ({
  fetch,
  subgraph: 's',
  path: '',
  startedAtMs,
  tookMs,
  outcome: 'ok',
  ...more,
});
const explained = (root: ToldNode | undefined, fetches: readonly ToldFetchTiming[], planKnown = true): Explained => ({
  plan: { ...(root ? { root } : {}), text: 'QueryPlan {}' },
  timings: { totalMs: 100, planningMs: planKnown ? 0 : 20, planKnown, fetches, writingMs: 10 },
});
const outline = (lines: readonly Line[]) =>
  lines.map(
    (line) => `${'  '.repeat(line.depth)}${line.kind === 'fetch' ? `${line.fetch.subgraph} ${line.fetch.path}`.trim() : line.text}`,
  );

describe('the drawing', () => {
  test('has a line for each fetch, in the order of the plan, below what says how they run', () => {
    const root: ToldNode = {
      kind: 'Sequence',
      nodes: [
        fetched(1, 'catalog'),
        { kind: 'Parallel', nodes: [fetched(2, 'reviews', 'products.@'), fetched(3, 'inventory', 'products.@')] },
      ],
    };
    const lines = drawWaterfall(explained(root, [timed(1, 0, 40), timed(2, 40, 30), timed(3, 40, 50)]));
    expect(outline(lines)).toEqual([
      'plan (known)',
      'one after the other',
      '  catalog',
      '  side by side',
      '    reviews products.@',
      '    inventory products.@',
      'write the answer',
    ]);
    expect(lines.flatMap((line) => (line.kind === 'group' ? [] : [line.bars]))).toEqual([
      [],
      [{ left: 0, width: 40 }],
      [{ left: 40, width: 30 }],
      [{ left: 40, width: 50 }],
      [{ left: 90, width: 10 }],
    ]);
    expect(subgraphsOf(lines)).toEqual(['catalog', 'reviews', 'inventory']);
  });
  test('shows planning where a plan was made, and every bar within the lane and wide enough to be seen', () => {
    const lines = drawWaterfall(explained(fetched(1, 'catalog'), [timed(1, 99.99, 0.01), timed(1, 50, 500)], false));
    expect(lines[0]).toEqual({ kind: 'own', depth: 0, text: 'plan', bars: [{ left: 0, width: 20 }] });
    for (const line of lines) {
      if (line.kind === 'group') continue;
      for (const { left, width } of line.bars) {
        expect(width).toBeGreaterThan(0.5);
        expect(left).toBeGreaterThanOrEqual(0);
        expect(left + width).toBeLessThanOrEqual(100);
      }
    }
  });
  test('tells deferred parts, events and plans without fetches', () => {
    const deferred: ToldNode = {
      kind: 'Defer',
      primary: { node: fetched(1, 'catalog') },
      deferred: [{ label: 'stars', path: 'products', after: [1], node: fetched(2, 'reviews', 'products.@') }],
    };
    expect(outline(drawWaterfall(explained(deferred, []))).slice(1, -1)).toEqual([
      'at once',
      '  catalog',
      'later, as stars, at products',
      '  reviews products.@',
    ]);
    const event: ToldNode = { kind: 'Subscription', primary: fetched(1, 'chat'), rest: fetched(2, 'accounts', 'message.author') };
    expect(outline(drawWaterfall(explained(event, []))).slice(1, -1)).toEqual([
      'the event comes from',
      '  chat',
      'then',
      '  accounts message.author',
    ]);
    expect(outline(drawWaterfall(explained(undefined, [])))).toEqual(['plan (known)', 'write the answer']);
  });
  test.each([
    [[], 'there was nothing to ask for'],
    [[timed(1, 0, 1)], ''],
    [[timed(1, 0, 1, { outcome: 'errors', errors: 1 })], '1 error'],
    [[timed(1, 0, 1, { outcome: 'errors', errors: 2 }), timed(1, 0, 1, { outcome: 'unavailable', errors: 1 })], 'no answer, 3 errors'],
    [[timed(1, 0, 1, { outcome: 'abandoned' })], 'given up'],
    [[timed(1, 0, 0, { outcome: 'known' })], 'all known from other fetches'],
    [[timed(1, 0, 1, { outcome: 'remembered' })], 'all remembered'],
    [[timed(1, 0, 0, { outcome: 'known' }), timed(1, 0, 1, { outcome: 'remembered' })], 'all remembered'],
    [[timed(1, 0, 1, { outcome: 'remembered' }), timed(1, 0, 1)], ''],
    [[timed(1, 0, 1, { shared: true })], 'shared'],
  ])('says what became of a fetch: %j', (timings, remark) => {
    expect(remarkOn(timings)).toBe(remark);
  });
  test('sums entities over the parts of a fetch', () => {
    expect(entitiesOf([timed(1, 0, 1)])).toBeUndefined();
    expect(
      entitiesOf([
        timed(1, 0, 1, { entities: { wanted: 600, asked: 400, remembered: 100 } }),
        timed(1, 0, 1, { entities: { wanted: 20, asked: 5, remembered: 15 } }),
      ]),
    ).toEqual({ wanted: 620, asked: 405, remembered: 115 });
  });
});

describe('answers on their way to the page', () => {
  const told = explained(fetched(1, 'catalog'), [timed(1, 0, 1)]);
  const parameters = { query: 'query Shop { id }', operationName: 'Shop' };
  const answering = (answer: unknown): Fetcher => listening((() => Promise.resolve(answer)) as never);
  const read = async (answer: unknown) => {
    const results: unknown[] = [];
    for await (const one of answer as AsyncIterable<unknown>) results.push(one);
    return results;
  };
  async function* stream(...answers: readonly unknown[]) {
    yield* answers;
  }

  test('are shown without plan and timings, which go to the panel', async () => {
    const answer = { data: { id: 1 }, extensions: { ...told, cost: 3 } };
    expect(await answering(answer)(parameters)).toEqual({ data: { id: 1 }, extensions: { cost: 3 } });
    expect(explaining.current().last).toEqual({ name: 'Shop', told, isRunning: false });
    expect(await read(await answering(stream({ data: {}, extensions: told }))({ query: '{ id }' }))).toEqual([{ data: {} }]);
    expect(explaining.current().last).toEqual({ name: 'query', told, isRunning: false });
  });
  test('in parts: the plan of the first and the timings of the last belong together', async () => {
    const later = { ...told.timings, totalMs: 200 };
    const parts = stream(
      [{ data: {}, hasNext: true, extensions: told }],
      [
        {
          incremental: [
            { path: [], data: {} },
            { path: [], data: {}, extensions: { timings: later } },
          ],
          hasNext: true,
        },
        { hasNext: false },
      ],
    );
    expect(await read(await answering(parts)(parameters))).toEqual([
      [{ data: {}, hasNext: true }],
      [
        {
          incremental: [
            { path: [], data: {} },
            { path: [], data: {} },
          ],
          hasNext: true,
        },
        { hasNext: false },
      ],
    ]);
    expect(explaining.current().last?.told).toEqual({ plan: told.plan, timings: later });
  });
  test('a refused operation takes the place of the one before, and tells nothing', async () => {
    await answering({ errors: [{ message: 'no such field' }] })(parameters);
    expect(explaining.current().last).toEqual({ name: 'Shop', told: undefined, isRunning: false });
  });
  test('a stream that is stopped ends its source at once, and what it still says does not disturb the next operation', async () => {
    const silent = Promise.withResolvers<never>();
    let isEnded = false;
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () => silent.promise,
        return: () => {
          isEnded = true;
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    };
    const running = (await answering(source)({ query: 'subscription Live { id }', operationName: 'Live' })) as AsyncGenerator<unknown>;
    void running.next().catch(() => undefined);
    expect(explaining.current().last).toMatchObject({ name: 'Live', isRunning: true });
    await answering({ data: {}, extensions: told })(parameters);
    await running.return(undefined);
    expect(isEnded).toBe(true);
    expect(explaining.current().last).toMatchObject({ name: 'Shop', told });
  });
  test("introspection is nobody's operation, and nothing is asked for while it is off", async () => {
    const before = explaining.current().last;
    await answering({ data: {} })({ query: 'query IntrospectionQuery { id }', operationName: 'IntrospectionQuery' });
    expect(explaining.current().last).toBe(before);
    expect(explaining.headers()).toEqual({ 'x-explain': '1' });
    explaining.turn(false);
    expect(explaining.headers()).toEqual({});
    explaining.turn(true);
  });
});
