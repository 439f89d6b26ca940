import { randomUUID } from 'node:crypto';
import { sql as query } from 'drizzle-orm';
import { type Db as BossDatabase, fromDrizzle, type Job, PgBoss } from 'pg-boss';
import postgres, { type Sql } from 'postgres';
import type { RequestContext } from './context.ts';
import { domainRole } from './database.ts';
import type { Log } from './log.ts';
import type { WorkerDefinition, WorkerRuntime } from './workers.ts';

export interface WorkerRuntimeOptions {
  /** The owner's address of the database that keeps the work. */
  readonly url: string;
  readonly log: Log;
  readonly now?: () => Date;
  /** False where only `drain` shall run work, as in tests. */
  readonly poll?: boolean;
}

type ContextFor = (requestId: string, signal: AbortSignal) => RequestContext<never>;

interface Registered {
  readonly queue: string;
  readonly definition: WorkerDefinition<never>;
  readonly contextFor: ContextFor;
}

const schema = 'worker';
const pollingSeconds = 1;
const batchSize = 20;
const retries = { retryLimit: 8, retryDelay: 2, retryBackoff: true, retryDelayMax: 3_600 };
const runSeconds = 120;

const queueName = (domain: string, worker: string) => `${domain}.${worker}`;

/** Background work kept by pg-boss in the schema `worker`, on one connection for all domains of the process. */
export async function createWorkerRuntime(options: WorkerRuntimeOptions): Promise<WorkerRuntime> {
  const { log, now = () => new Date(), poll = true } = options;
  // pg-boss opens transactions by plain statements, so all of them must meet on one connection.
  const sql = postgres(options.url, {
    max: 1,
    fetch_types: false,
    onnotice: () => undefined,
    connection: { application_name: 'supergraph workers', TimeZone: 'UTC' },
  });
  const boss = new PgBoss({ db: adapterOf(sql), schema, schedule: poll, supervise: poll });
  boss.on('error', (error) => log.warn({ error }, 'background work could not be looked after; it goes on'));
  await boss.start();
  const registered = new Map<string, Registered>();
  const stopping = new AbortController();

  const runOne = async ({ definition, contextFor }: Registered, job: Job<unknown>): Promise<void> => {
    const signal = AbortSignal.any([stopping.signal, job.signal ?? AbortSignal.timeout(runSeconds * 1_000)]);
    const data = definition.data.parse(job.data);
    await definition.run(contextFor(job.id, signal), data);
  };
  return {
    queueOf: (domain) => ({
      enqueue: async (tx, worker, data, { startAfter, singletonKey } = {}) => {
        // Under the policy `short` one waiting job per key is kept; work without a key gets one of its own.
        await boss.send(queueName(domain, worker.name), data as object, {
          singletonKey: singletonKey ?? randomUUID(),
          ...(startAfter ? { startAfter } : {}),
          db: fromDrizzle(tx, query),
        });
      },
    }),
    register: async (domain, workers, contextFor) => {
      await grantTo(sql, domainRole(domain));
      for (const definition of workers) {
        const queue = queueName(domain, definition.name);
        const entry = { queue, definition, contextFor };
        registered.set(queue, entry);
        await boss.createQueue(queue, { policy: 'short', ...retries, expireInSeconds: runSeconds });
        if (!poll) continue;
        await boss.work<unknown>(queue, { pollingIntervalSeconds: pollingSeconds, batchSize: 1 }, async (jobs) => {
          for (const job of jobs) await logged(log, queue, () => runOne(entry, job));
        });
        if (definition.schedule) await boss.schedule(queue, definition.schedule, {});
      }
    },
    drain: async () => {
      let ran = 0;
      for (const entry of registered.values()) ran += await drainQueue(boss, sql, entry, now(), (job) => runOne(entry, job), log);
      return ran;
    },
    stop: async () => {
      stopping.abort();
      await boss.stop({ graceful: true, timeout: 5_000 });
      await sql.end({ timeout: 2 });
    },
  };
}

async function logged(log: Log, worker: string, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    log.error({ worker, error }, 'background work failed; it is tried again with growing waits');
    throw error;
  }
}

async function drainQueue(
  boss: PgBoss,
  sql: Sql,
  { queue }: Registered,
  now: Date,
  run: (job: Job<unknown>) => Promise<void>,
  log: Log,
): Promise<number> {
  let ran = 0;
  for (;;) {
    // The caller's clock may be ahead of the server's.
    await sql`update ${sql(schema)}.job set start_after = now() where name = ${queue} and state in ('created', 'retry') and start_after <= ${now.toISOString()}::timestamptz`;
    const jobs = await boss.fetch<unknown>(queue, { batchSize });
    if (jobs.length === 0) return ran;
    for (const job of jobs) {
      try {
        await logged(log, queue, () => run(job));
        await boss.complete(queue, job.id);
      } catch (error) {
        await boss.fail(queue, job.id, { message: error instanceof Error ? error.name : 'unknown' });
      }
      ran += 1;
    }
  }
}

function adapterOf(sql: Sql): BossDatabase {
  return {
    executeSql: async (text, values) => {
      // pg-boss's own statements, never a client's text; several of them at once only without values.
      const rows = values?.length ? await sql.unsafe(text, values.map(toParameter) as never[]) : await sql.unsafe(text).simple();
      return { rows: [...(rows as unknown as Iterable<unknown>)].flat() };
    },
  };
}

const toParameter = (value: unknown): unknown => (value instanceof Date ? value.toISOString() : value);

/** What a domain's role needs to add work inside its own transactions, and no more. */
async function grantTo(sql: Sql, role: string): Promise<void> {
  await sql`grant usage on schema ${sql(schema)} to ${sql(role)}`;
  await sql`grant select, insert on all tables in schema ${sql(schema)} to ${sql(role)}`;
  await sql`grant execute on all functions in schema ${sql(schema)} to ${sql(role)}`;
}
