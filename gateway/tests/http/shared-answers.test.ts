import { setTimeout as sleep } from 'node:timers/promises';
import { getOperationAST, OperationTypeNode } from 'graphql';
import { createClient } from 'graphql-sse';
import type { Answer } from '../../src/answer.ts';
import { fakeExecutor, type FakeGraph, startFakeGraph } from '../support/fake-graph.ts';
import { json, send } from '../support/http.ts';

const sdl = 'type Query { hello(to: String): String other: String } type Mutation { change: String } type Subscription { changed: String }';
const asHeader = (user: string) => ({ ...json, authorization: `Bearer ${user}` });

interface Run {
  readonly signal: AbortSignal;
  answer(data: string): void;
}

/** A graph whose queries wait until a test answers them; mutations are answered at once. */
async function waitingGraph(options: Parameters<typeof startFakeGraph>[1] = {}) {
  const runs: Run[] = [];
  const events = Promise.withResolvers<void>();
  const executor = fakeExecutor(sdl, {
    execute: ({ document, signal }) => {
      if (getOperationAST(document)?.operation === OperationTypeNode.MUTATION) return Promise.resolve({ data: '{"change":"done"}' });
      const { promise, resolve } = Promise.withResolvers<Answer>();
      runs.push({ signal, answer: (data) => resolve({ data }) });
      return promise;
    },
    subscribe: () =>
      Promise.resolve(
        (async function* () {
          await events.promise;
          yield { data: '{"changed":"now"}' };
        })(),
      ),
  });
  const graph = await startFakeGraph(executor, options);
  graphs.push(graph);
  const { identifier } = graph;
  const { identify } = identifier;
  let arrived = 0;
  identifier.identify = (credentials) => {
    arrived += 1;
    return identify(credentials);
  };
  const ask = (query: string, headers: Record<string, string> = json, variables?: object) =>
    send(graph, { body: { query, variables }, headers }).then(({ text }) => JSON.parse(text).data as unknown);
  return { graph, ask, runs, arrived: () => arrived, tell: () => events.resolve() };
}
type WaitingGraph = Awaited<ReturnType<typeof waitingGraph>>;

/** Lets requests be under way together; begins anew where a slow machine let more time pass between them than they may share. */
async function together<Asked>(
  ask: (world: WaitingGraph) => readonly Asked[],
  options?: Parameters<typeof waitingGraph>[0],
): Promise<WaitingGraph & { readonly waiting: readonly Asked[] }> {
  for (;;) {
    const world = await waitingGraph(options);
    const began = performance.now();
    const waiting = ask(world);
    await until(() => world.arrived() === waiting.length);
    await settled();
    if (performance.now() - began < 900) return { ...world, waiting };
    for (const run of world.runs) run.answer('{"hello":"too late"}');
  }
}

const graphs: FakeGraph[] = [];
afterAll(() => Promise.all(graphs.map((graph) => graph.stop())));

const until = async (holds: () => boolean) => {
  while (!holds()) await sleep(5);
};
/** Long enough for what has arrived to be begun, should it. */
const settled = () => sleep(100);
const query = 'query ($to: String) { hello(to: $to) }';

describe.each([
  ['direct', []],
  ['apollo', [{}]],
])('on the %s lane', (_lane, plugins) => {
  test('equal queries of guests that are under way are worked out once, later ones anew', async () => {
    const { ask, runs, waiting } = await together((world) => [world.ask(query), world.ask(query), world.ask(query)], { plugins });
    expect(runs).toHaveLength(1);
    runs[0]!.answer('{"hello":"all"}');
    expect(await Promise.all(waiting)).toEqual([{ hello: 'all' }, { hello: 'all' }, { hello: 'all' }]);
    const later = ask(query);
    await until(() => runs.length > 1);
    runs[1]!.answer('{"hello":"again"}');
    expect(await later).toEqual({ hello: 'again' });
  });
});

test('nothing is shared with another caller, other variables or another query', async () => {
  const { ask, runs } = await waitingGraph();
  const waiting = [
    ask(query),
    ask(query, asHeader('ada')),
    ask(query, asHeader('bob')),
    ask(query, asHeader('ada'), { to: 'x' }),
    ask('{ other }', asHeader('ada')),
  ];
  await until(() => runs.length === waiting.length);
  for (const [index, run] of runs.entries()) run.answer(`{"n":${index}}`);
  const answers = (await Promise.all(waiting)) as { n: number }[];
  expect(answers.map(({ n }) => n).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4]);
});

test('mutations are never shared', async () => {
  const { graph, ask } = await waitingGraph();
  await Promise.all([ask('mutation { change }', asHeader('ada')), ask('mutation { change }', asHeader('ada'))]);
  expect(graph.executor.asked).toHaveLength(2);
});

test('whoever has changed something does not get what was begun before', async () => {
  const { ask, runs } = await waitingGraph();
  const before = ask(query, asHeader('ada'));
  await until(() => runs.length === 1);
  await ask('mutation { change }', asHeader('ada'));
  const after = ask(query, asHeader('ada'));
  await until(() => runs.length === 2);
  runs[1]!.answer('{"hello":"new"}');
  expect(await after).toEqual({ hello: 'new' });
  runs[0]!.answer('{"hello":"old"}');
  expect(await before).toEqual({ hello: 'old' });
});

test('nor does whoever was told of a change', async () => {
  const { graph, ask, runs, tell } = await waitingGraph();
  const client = createClient({ url: `${graph.url}/stream`, retryAttempts: 0 });
  const events = client.iterate({ query: 'subscription { changed }' });
  const first = events.next();
  await until(() => graph.executor.asked.length === 1);
  const before = ask(query);
  await until(() => runs.length === 1);
  tell();
  expect((await first).value).toEqual({ data: { changed: 'now' } });
  const after = ask(query);
  await until(() => runs.length === 2);
  for (const run of runs) run.answer('{"hello":"you"}');
  expect(await Promise.all([before, after])).toEqual([{ hello: 'you' }, { hello: 'you' }]);
  client.dispose();
});

test('who leaves ends nobody else’s wait; the work ends with the last', async () => {
  let leaving: AbortController[] = [];
  const { runs, waiting } = await together(({ graph }) => {
    leaving = [new AbortController(), new AbortController()];
    return leaving.map(({ signal }) =>
      fetch(graph.url, { method: 'POST', headers: json, body: JSON.stringify({ query }), signal }).catch(({ name }: Error) => name),
    );
  });
  expect(runs).toHaveLength(1);
  leaving[0]!.abort();
  await settled();
  expect(runs[0]!.signal.aborted).toBe(false);
  leaving[1]!.abort();
  await until(() => runs[0]!.signal.aborted);
  expect(await Promise.all(waiting)).toEqual(['AbortError', 'AbortError']);
});

test('it can be switched off', async () => {
  const { ask, runs } = await waitingGraph({ shareAnswers: false });
  const waiting = [ask(query), ask(query)];
  await until(() => runs.length === 2);
  for (const run of runs) run.answer('{"hello":"each"}');
  expect(await Promise.all(waiting)).toEqual([{ hello: 'each' }, { hello: 'each' }]);
});
