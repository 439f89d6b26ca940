import type { SubgraphAnswer, SubgraphRequest } from '@supergraph/platform/subgraph';
import fc from 'fast-check';
import type { CacheStore } from '../../../src/cache/store.ts';
import type { Fixture } from '../../fixtures.ts';
import { ada, type Asked, type AskOptions, bob, openWorld, type Row, staff, type World } from './world.ts';
import { ready } from './stores.ts';

export interface HistoryUnderTest {
  open(now: () => number): Promise<CacheStore>;
  readonly remote?: boolean;
  readonly runs: number;
}

/** What may happen, in any order. */
type Step =
  | { readonly kind: 'begin'; readonly question: number; readonly asker: number }
  | { readonly kind: 'finish'; readonly which: number }
  | { readonly kind: 'change'; readonly row: number; readonly listed: boolean }
  | { readonly kind: 'deliver' }
  | { readonly kind: 'wait'; readonly ms: number };

const questions = [
  '{ product(id: "1") { title rating { average } } }',
  '{ product(id: "2") { title } }',
  '{ products { nodes { id title rating { average } } totalCount } }',
  '{ fresh { id rating { average } } }',
  '{ best { id rating { average } } newest { id title } }',
  '{ mine { owner lines { id title } } }',
  '{ shelf { ... on Product { id title } } }',
] as const;
const askers: readonly AskOptions[] = [{}, { as: ada }, { as: bob }, { as: ada, in: staff }];

/** Over a wire fewer questions are asked, so that equal ones meet. */
const stepsOf = (remote: boolean): fc.Arbitrary<Step[]> => {
  const question = fc.nat(remote ? 1 : questions.length - 1);
  const asker = fc.nat(remote ? 0 : askers.length - 1);
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('begin' as const), question, asker }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('finish' as const), which: fc.nat(9) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('change' as const), row: fc.nat(2), listed: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('deliver' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1_000, max: 40_000 }) }) },
  );
  return fc.array(step, { minLength: 5, maxLength: 60 });
};

/** Whatever is read, changed and told in whatever order: no answer is older than the last change that was heard of. */
export function describeHistory(name: string, { open, runs, remote = false }: HistoryUnderTest): void {
  describe(name, () => {
    let world: World;
    let clock = Date.now;
    beforeAll(async () => {
      const store = await open(() => clock());
      world = openWorld({
        remote,
        store: (now) => {
          clock = now;
          return store;
        },
      });
    });
    afterAll(() => world.store.close());

    test('no answer is older than the last event that was heard', async () => {
      await fc.assert(
        fc.asyncProperty(stepsOf(remote), async (steps) => {
          await begin(world);
          const history = openHistory(world, remote);
          for (const one of steps) await history.take(one);
          await history.end();
        }),
        { numRuns: runs },
      );
    });
  });
}

async function begin({ rows, store }: World): Promise<void> {
  for (const row of rows) Object.assign(row, { title: `${row.id} v0`, stars: 0, listed: true });
  store.clear();
  await ready(store);
}

/** A request that a subgraph has read the data for, and not yet answered. */
interface Held {
  readonly requestId: string;
  readonly release: () => void;
}

/** Whether a row was listed, by its version. */
type Past = ReadonlyMap<string, boolean[]>;

/** Turns of the event loop after which nothing happens in this process any more. */
const manyTurns = 20;

function openHistory(world: World, remote: boolean) {
  const past: Past = new Map(world.rows.map(({ id }) => [id, [true]]));
  const heard = new Map(world.rows.map(({ id }) => [id, 0]));
  const untold: { readonly id: string; readonly version: number }[] = [];
  const held: Held[] = [];
  const asking = new Set<string>();
  const failures: unknown[] = [];
  let asked = 0;
  for (const subgraph of [world.shop, world.rates]) subgraph.disturb = (request) => answerLate(subgraph, request, held);

  const begin = (question: number, asker: number): void => {
    const requestId = `${(asked += 1)}`;
    const since = new Map(heard);
    const options: AskOptions = askers[asker] ?? {};
    asking.add(requestId);
    world
      .ask(questions[question] ?? '', { ...options, requestId })
      .then((answer) => checkAnswer(answer, options, { since, past }))
      .catch((error: unknown) => failures.push(error))
      .finally(() => asking.delete(requestId));
  };
  const change = (row: Row, listed: boolean): void => {
    const versions = past.get(row.id) ?? [];
    const version = versions.push(listed) - 1;
    Object.assign(row, { title: `${row.id} v${version}`, stars: version, listed });
    untold.push({ id: row.id, version });
  };
  const deliver = (): void => {
    const event = untold.shift();
    if (!event) return;
    world.store.touch([`Product:${event.id}`, 'Product']);
    heard.set(event.id, event.version);
  };
  /** Everybody who asks is done, or waits for a subgraph; over a wire perhaps for the answer to somebody else. */
  const isSettled = (turns: number) =>
    remote ? turns > manyTurns : [...asking].every((id) => held.some(({ requestId }) => requestId === id));
  const settle = async (): Promise<void> => {
    let turns = 0;
    do await new Promise((resolve) => setImmediate(resolve));
    while (!isSettled((turns += 1)));
    if (failures.length > 0) throw failures[0];
  };
  const take = async (step: Step): Promise<void> => {
    if (step.kind === 'wait') world.advance(step.ms);
    if (step.kind === 'change') change(world.rows[step.row] as Row, step.listed);
    if (step.kind === 'deliver') deliver();
    if (step.kind === 'finish') held.splice(step.which % Math.max(1, held.length), 1)[0]?.release();
    if (step.kind === 'begin') begin(step.question, step.asker);
    await settle();
  };
  const finishAll = async () => {
    while (held.length > 0) await take({ kind: 'finish', which: 0 });
  };
  return {
    take,
    /** When all is told, everybody sees what is there, from memory or not. */
    end: async (): Promise<void> => {
      await finishAll();
      while (untold.length > 0) deliver();
      for (const asker of askers.keys())
        for (const question of questions.keys()) {
          begin(question, asker);
          await settle();
          await finishAll();
        }
    },
  };
}

/** Reads the data now and hands the answer out when it is released. */
async function answerLate(subgraph: Fixture, request: SubgraphRequest, held: Held[]): Promise<SubgraphAnswer> {
  const answer = await subgraph.execute.call({ ...subgraph, disturb: undefined }, request);
  const { promise, resolve } = Promise.withResolvers<void>();
  held.push({ requestId: request.identity.requestId, release: resolve });
  await promise;
  return answer;
}

interface Bounds {
  /** The versions that were heard of when the question was asked. */
  readonly since: ReadonlyMap<string, number>;
  readonly past: Past;
}

interface Shown {
  readonly id?: string;
  readonly title?: string;
  readonly rating?: { readonly average: number };
}

function checkAnswer({ data, errors }: Asked, { as, in: organization }: AskOptions, bounds: Bounds): void {
  expect(errors).toBeUndefined();
  const staff = organization !== undefined;
  checkShown(data.product, undefined, bounds);
  for (const one of [data.fresh, data.best, data.newest, ...(data.shelf ?? []), ...(data.mine?.lines ?? [])])
    checkShown(one, undefined, bounds);
  if ('mine' in data) expect(data.mine?.owner).toBe(as?.userId);
  if (!data.products) return;
  const shown: readonly Shown[] = data.products.nodes;
  expect(data.products.totalCount).toBe(shown.length);
  for (const one of shown) checkShown(one, staff ? undefined : true, bounds);
  for (const [id, versions] of bounds.past) {
    if (shown.some((one) => one.id === id)) continue;
    // Once in the time since the last event that was heard of it was indeed not listed.
    expect([id, !staff && versions.slice(bounds.since.get(id)).includes(false)]).toEqual([id, true]);
  }
}

function checkShown(one: Shown | null | undefined, listed: boolean | undefined, { since, past }: Bounds): void {
  if (!one) return;
  const [titleId, titleVersion] = one.title?.split(' v') ?? [one.id];
  const id = titleId ?? '';
  const heard = since.get(id) ?? 0;
  for (const version of [titleVersion, one.rating?.average])
    if (version !== undefined) expect(Number(version)).toBeGreaterThanOrEqual(heard);
  if (listed !== undefined && titleVersion !== undefined) expect(past.get(id)?.[Number(titleVersion)]).toBe(listed);
}
