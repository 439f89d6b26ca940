import { setTimeout as sleep } from 'node:timers/promises';
import postgres, { type Sql, type TransactionSql } from 'postgres';
import { z } from 'zod';
import { nobody, type RequestContext } from '../src/context.ts';
import { createTestDatabase, type TestDatabase } from '../src/test-database.ts';
import { defineWorker, type WorkerRuntime } from '../src/workers.ts';
import { createWorkerRuntime, type WorkerRuntimeOptions } from '../src/workers-runtime.ts';
import { effects, log, openProbe, type Probe } from './support/probe.ts';
import { openProxy } from './support/proxy.ts';
import { until } from './support/until.ts';

let database: TestDatabase;
let owner: Sql;
let probe: Probe;
const opened: WorkerRuntime[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
  owner = postgres(database.ownerUrl, { max: 1, onnotice: () => undefined });
  probe = await openProbe(database.ownerUrl);
});
afterEach(async () => {
  for (const runtime of opened.splice(0)) await runtime.stop();
  await owner`delete from worker.schedule`;
  await owner`delete from worker.job`;
});
afterAll(async () => {
  await probe.close();
  await owner.end();
  await database.drop();
});

const open = async (options: Partial<WorkerRuntimeOptions> = {}) => {
  const runtime = await createWorkerRuntime({ url: database.ownerUrl, log, ...options });
  opened.push(runtime);
  return runtime;
};
const contextFor = (requestId: string, signal: AbortSignal) => ({ ...nobody(requestId), signal, log }) as unknown as RequestContext<never>;
const numbered = z.object({ number: z.number() });
type Numbered = z.infer<typeof numbered>;
const workerOf = (name: string, run: (data: Numbered, signal: AbortSignal) => void | Promise<void>) =>
  defineWorker({ name, data: numbered, run: async (ctx, data) => run(data, ctx.signal) });
/** A kind of work that notes what it was given. */
const noting = (name: string) => {
  const ran: number[] = [];
  return { ran, worker: workerOf(name, ({ number }) => void ran.push(number)) };
};
const registered = async (runtime: WorkerRuntime, ...workers: ReturnType<typeof workerOf>[]) => {
  await runtime.register('probe', workers, contextFor);
  return runtime.queueOf('probe');
};

describe('drained', () => {
  const later = (minutes: number, from = Date.now()) => new Date(from + minutes * 60_000);

  test('work is added with the transaction that decides it, or not at all', async () => {
    const runtime = await open({ poll: false });
    const { ran, worker } = noting('note');
    const queue = await registered(runtime, worker);
    await probe.db.transaction(async (tx) => {
      await tx.insert(effects).values({ key: 'work', number: 1 });
      await queue.enqueue(tx, worker, { number: 1 });
    });
    const undone = probe.db.transaction(async (tx) => {
      await queue.enqueue(tx, worker, { number: 2 });
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');
    expect(await runtime.drain()).toBe(1);
    expect(ran).toEqual([1]);
    expect(await runtime.drain()).toBe(0);
  });

  test('work for later runs when its time has come by the given clock, before or behind the real one', async () => {
    for (const start of ['2020-01-01T12:00:00Z', '2040-01-01T12:00:00Z']) {
      let now = new Date(start);
      const runtime = await open({ poll: false, now: () => now });
      const { ran, worker } = noting('later');
      const queue = await registered(runtime, worker);
      await queue.enqueue(probe.db, worker, { number: 10 }, { startAfter: later(10, now.getTime()) });
      await queue.enqueue(probe.db, worker, { number: 0 });
      await runtime.drain();
      expect(ran).toEqual([0]);
      now = later(10, now.getTime());
      await runtime.drain();
      expect(ran).toEqual([0, 10]);
    }
  });

  test('while one with its key waits, another is not added', async () => {
    const runtime = await open({ poll: false });
    const { ran, worker } = noting('once');
    const queue = await registered(runtime, worker);
    for (const number of [1, 2]) await queue.enqueue(probe.db, worker, { number }, { singletonKey: 'a' });
    await queue.enqueue(probe.db, worker, { number: 3 }, { singletonKey: 'b' });
    await queue.enqueue(probe.db, worker, { number: 4 });
    await queue.enqueue(probe.db, worker, { number: 5 });
    await runtime.drain();
    expect(new Set(ran)).toEqual(new Set([1, 3, 4, 5]));
    await queue.enqueue(probe.db, worker, { number: 6 }, { singletonKey: 'a' });
    await runtime.drain();
    expect(ran).toContain(6);
  });

  test('what fails waits longer each time, and is told apart from what its data breaks', async () => {
    const runtime = await open({ poll: false });
    let tries = 0;
    const failing = workerOf('failing', () => {
      tries += 1;
      throw new Error('no luck with password=hunter2');
    });
    const queue = await registered(runtime, failing);
    await queue.enqueue(probe.db, failing, { number: 1 });
    expect(await runtime.drain()).toBe(1);
    expect(await runtime.drain()).toBe(0);
    expect(tries).toBe(1);
    const [job] =
      await owner`select state, start_after > now() as waits, output::text as output from worker.job where name = 'probe.failing'`;
    expect(job).toMatchObject({ state: 'retry', waits: true });
    expect(job?.['output']).toContain('no luck');
    expect(job?.['output']).not.toContain('hunter2');
  });

  test("a domain's role adds its own work and sees no data, not even its own", async () => {
    const runtime = await open({ poll: false });
    const { worker } = noting('note');
    const queue = await registered(runtime, worker);
    await queue.enqueue(probe.db, worker, { number: 1 });
    const asRole = (work: (tx: TransactionSql) => Promise<unknown>) =>
      owner.begin(async (tx) => {
        await tx`set local role supergraph_probe`;
        await work(tx);
      });
    await expect(asRole((tx) => tx`select data from worker.job_common`)).rejects.toThrow('permission denied');
    await expect(asRole((tx) => tx`select id from worker.job`)).rejects.toThrow('permission denied');
    await expect(asRole((tx) => tx`delete from worker.job_common`)).rejects.toThrow('permission denied');
    const others = asRole((tx) => tx`insert into worker.job_common (name, policy, keep_until) values ('dead', 'standard', now())`);
    await expect(others).rejects.toThrow('row-level security');
  });
});

describe('running', () => {
  test('added work runs by itself, work for later not before its time', async () => {
    const runtime = await open();
    const { ran, worker } = noting('note');
    const queue = await registered(runtime, worker);
    await queue.enqueue(probe.db, worker, { number: 1 });
    await until(() => ran.length === 1);
    const startAfter = new Date(Date.now() + 1_000);
    await queue.enqueue(probe.db, worker, { number: 2 }, { startAfter });
    await until(() => ran.length === 2);
    expect(Date.now()).toBeGreaterThanOrEqual(startAfter.getTime());
  });

  test('two processes share the work and never run one piece twice', async () => {
    const [one, two] = [await open(), await open()];
    const ran: number[] = [];
    const byProcess: [number, number] = [0, 0];
    const counting = (process: 0 | 1) =>
      workerOf('shared', async ({ number }) => {
        byProcess[process] += 1;
        // Else the first process might have done everything before the second looks.
        await until(() => Math.min(...byProcess) > 0);
        ran.push(number);
      });
    const [first, second] = [counting(0), counting(1)];
    const queue = await registered(one, first);
    await registered(two, second);
    await probe.db.transaction(async (tx) => {
      for (let number = 0; number < 60; number += 1) await queue.enqueue(tx, first, { number });
    });
    await until(() => ran.length >= 60);
    await sleep(200);
    expect(ran.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, number) => number));
    expect(Math.min(...byProcess)).toBeGreaterThan(0);
  });

  test('a schedule is kept for its work, and ends with it', async () => {
    const runtime = await open();
    const daily = defineWorker({ name: 'daily', data: z.object({}), schedule: '30 3 * * *', run: () => Promise.resolve() });
    await runtime.register('probe', [daily], contextFor);
    expect(await owner`select name, cron, timezone from worker.schedule`).toMatchObject([
      { name: 'probe.daily', cron: '30 3 * * *', timezone: 'UTC' },
    ]);
    await runtime.register('probe', [], contextFor);
    expect(await owner`select name from worker.schedule`).toHaveLength(0);
  });

  test('stopping lets work finish', async () => {
    const runtime = await createWorkerRuntime({ url: database.ownerUrl, log });
    let state = 'waiting';
    const slow = workerOf('slow', async (_data, signal) => {
      state = 'begun';
      await sleep(400, undefined, { signal });
      state = 'done';
    });
    const queue = await registered(runtime, slow);
    await queue.enqueue(probe.db, slow, { number: 1 });
    await until(() => state === 'begun');
    await runtime.stop();
    expect(state).toBe('done');
    expect(await owner`select state from worker.job where name = 'probe.slow'`).toMatchObject([{ state: 'completed' }]);
  });

  test('what failed for good is kept aside', async () => {
    const runtime = await open();
    const { ran, worker } = noting('hopeless');
    const queue = await registered(runtime, worker);
    await owner`update worker.queue set retry_limit = 0 where name = 'probe.hopeless'`;
    await queue.enqueue(probe.db, worker, { number: 'none' } as never);
    await until(async () => (await owner`select 1 from worker.job where name = 'dead' and source_name = 'probe.hopeless'`).length === 1);
    expect(ran).toEqual([]);
  });

  test('work goes on after the database was away', async () => {
    const proxy = await openProxy(database.ownerUrl);
    const runtime = await open({ url: proxy.url });
    const { ran, worker } = noting('note');
    const queue = await registered(runtime, worker);
    proxy.break();
    await sleep(1_500);
    await queue.enqueue(probe.db, worker, { number: 1 });
    proxy.mend();
    await until(() => ran.length === 1);
    await runtime.stop();
    opened.pop();
    await proxy.close();
  });
});
