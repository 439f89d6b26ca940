import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql as query } from 'drizzle-orm';
import { type Db as BossDatabase, fromDrizzle, type JobWithMetadata, PgBoss } from 'pg-boss';
import postgres, { type Sql } from 'postgres';
import type { RequestContext } from './context.ts';
import { withDeadline } from './deadline.ts';
import { type Log, maskSecrets } from './log.ts';
import { keepListening } from './postgres-link.ts';
import type { WorkerDefinition, WorkerRuntime } from './workers.ts';
import { dueQueues, ensureDeadQueue, ensureQueue, heldBack, letEnqueue, makeDue, removeSchedules, schema } from './workers-store.ts';

export interface WorkerRuntimeOptions {
  /** The owner's address of the database that keeps the work. */
  readonly url: string;
  readonly log: Log;
  readonly now?: () => Date;
  /** False where only `drain` shall run work, as in tests. */
  readonly poll?: boolean;
}

type ContextFor = (requestId: string, signal: AbortSignal) => RequestContext<never>;
type Job = JobWithMetadata<unknown>;

interface Registered {
  readonly queue: string;
  readonly definition: WorkerDefinition<never>;
  readonly contextFor: ContextFor;
  /** pg-boss's own names of what fetches this work. */
  readonly fetchers: readonly string[];
}

const lookEveryMs = 1_000;
/** pg-boss's own polling is only what remains should our look at all queues at once fail. */
const ownPollingSeconds = 30;
const runAtOnce = 2;
const runSeconds = 900;
/** How soon it is seen that a process died with work in its hands: a heartbeat and an interval of supervision. */
const heartbeatSeconds = 10;
const superviseSeconds = 10;
const stopGraceMs = 5_000;
const drainedAtOnce = 20;
const warnEveryMs = 10_000;

const queueName = (domain: string, worker: string) => `${domain}.${worker}`;

/** Background work kept by pg-boss in the schema `worker`: one instance for all domains of the process. */
export async function createWorkerRuntime(options: WorkerRuntimeOptions): Promise<WorkerRuntime> {
  const { url, log, now = () => new Date(), poll = true } = options;
  const sql = postgres(url, {
    max: 3,
    fetch_types: false,
    onnotice: () => undefined,
    connection: { application_name: 'supergraph workers', TimeZone: 'UTC' },
  });
  const boss = new PgBoss({
    db: adapterOf(sql, url, log),
    schema,
    schedule: poll,
    supervise: poll,
    useListenNotify: poll,
    registerInstance: false,
    superviseIntervalSeconds: superviseSeconds,
    monitorIntervalSeconds: superviseSeconds,
  });
  const warn = seldom((error: unknown) => log.warn({ error }, 'background work could not be looked after; it goes on'));
  boss.on('error', warn);
  try {
    await boss.start();
    await ensureDeadQueue(boss);
  } catch (error) {
    await boss.stop({ graceful: false });
    await sql.end({ timeout: 0 });
    throw error;
  }
  const registered = new Map<string, Registered>();
  const stopping = new AbortController();
  if (poll) await boss.work(deadQueue, { pollingIntervalSeconds: 5, includeMetadata: true }, (jobs) => tellDead(jobs, log));

  const run = ({ definition, contextFor, queue }: Registered, job: Job) =>
    told(log, queue, job, async () => {
      const signal = AbortSignal.any([stopping.signal, ...(job.signal ? [job.signal] : [])]);
      const data = definition.data.parse(job.data) as never;
      await withDeadline({ deadline: Date.now() + runSeconds * 1_000, signal }, () => definition.run(contextFor(job.id, signal), data));
    });

  /** One statement finds all queues with due work, instead of one per queue and second. */
  const look = async () => {
    const due = await dueQueues(sql, [...registered.keys()]);
    for (const queue of due) for (const fetcher of registered.get(queue)?.fetchers ?? []) boss.notifyWorker(fetcher);
  };
  let looking = false;
  const timer = setInterval(() => {
    if (!poll || looking || registered.size === 0) return;
    looking = true;
    look()
      .catch(warn)
      .finally(() => {
        looking = false;
      });
  }, lookEveryMs);

  const startFetcher = async (queue: string): Promise<string> => {
    const fetcher: string = await boss.work(
      queue,
      { pollingIntervalSeconds: ownPollingSeconds, notifyPollingIntervalSeconds: ownPollingSeconds, includeMetadata: true },
      async ([job]: Job[]) => {
        const entry = registered.get(queue);
        if (!job || !entry) return;
        await run(entry, job);
        // There may be more; without this the next look would find it.
        boss.notifyWorker(fetcher);
      },
    );
    return fetcher;
  };
  return {
    queueOf: (domain) => ({
      enqueue: async (tx, worker, data, { startAfter, singletonKey } = {}) => {
        // Under the policy `short` one waiting job per key is kept; work without a key gets one of its own.
        await boss.send(queueName(domain, worker.name), data as object, {
          singletonKey: singletonKey ?? randomUUID(),
          ...(poll ? startAfter && { startAfter } : { startAfter: heldBack(startAfter ?? now()) }),
          db: fromDrizzle(tx, query),
        });
      },
    }),
    register: async (domain, workers, contextFor) => {
      await letEnqueue(sql, domain);
      for (const definition of workers) {
        const queue = queueName(domain, definition.name);
        await ensureQueue(boss, queue, { expireInSeconds: runSeconds, heartbeatSeconds, deadLetter: deadQueue });
        registered.set(queue, { queue, definition, contextFor, fetchers: [] });
        if (!poll) continue;
        const fetchers = await Promise.all(Array.from({ length: runAtOnce }, () => startFetcher(queue)));
        registered.set(queue, { queue, definition, contextFor, fetchers });
        if (definition.schedule) await boss.schedule(queue, definition.schedule, {});
      }
      if (poll)
        await removeSchedules(
          boss,
          domain,
          workers.filter(({ schedule }) => schedule).map(({ name }) => queueName(domain, name)),
        );
    },
    drain: async () => {
      let ran = 0;
      for (;;) {
        const due = await (poll ? dueQueues(sql, [...registered.keys()]) : makeDue(sql, [...registered.keys()], now()));
        if (due.length === 0) return ran;
        for (const queue of due) ran += await drainQueue(boss, queue, (job) => run(registered.get(queue) as Registered, job));
      }
    },
    stop: async () => {
      clearInterval(timer);
      const grace = setTimeout(() => stopping.abort(new Error('the process stops')), stopGraceMs);
      await boss.stop({ graceful: true, timeout: stopGraceMs + 1_000 });
      clearTimeout(grace);
      stopping.abort(new Error('the process stops'));
      await sql.end({ timeout: 2 });
    },
  };
}

/** Where work goes that failed for good, with its data, for a person to look at. */
const deadQueue = 'dead';

function tellDead(jobs: readonly Job[], log: Log): Promise<void> {
  for (const { sourceName, sourceId, sourceRetryCount } of jobs)
    log.error(
      { worker: sourceName, reason: `job ${sourceId}`, attempts: (sourceRetryCount ?? 0) + 1 },
      'background work failed for good; mend its cause, then run it again',
    );
  return Promise.resolve();
}

/** Logs a failure and passes on only what may be kept beside the work: no statement's parameters, no stack. */
async function told(log: Log, worker: string, { retryCount }: Job, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    log.error({ worker, attempts: retryCount + 1, error }, 'background work failed; it is tried again with growing waits');
    const sentence = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    // oxlint-disable-next-line preserve-caught-error -- pg-boss stores the cause with all it quotes
    throw new Error(maskSecrets(sentence).slice(0, 500));
  }
}

async function drainQueue(boss: PgBoss, queue: string, run: (job: Job) => Promise<void>): Promise<number> {
  const jobs = await boss.fetch<unknown>(queue, { batchSize: drainedAtOnce, includeMetadata: true });
  for (const job of jobs) {
    try {
      await run(job);
      await boss.complete(queue, job.id);
    } catch (error) {
      await boss.fail(queue, job.id, { message: error instanceof Error ? error.message : 'unknown' });
    }
  }
  // Somebody else may have been faster; then this looks again without turning round at once.
  if (jobs.length === 0) await sleep(10);
  return jobs.length;
}

function adapterOf(sql: Sql, url: string, log: Log): BossDatabase {
  return {
    executeSql: async (text, values) => {
      // pg-boss's own statements, never a client's text; several of them at once only without values.
      const rows = values?.length ? await sql.unsafe(text, values.map(toParameter) as never[]) : await runScript(sql, text);
      return { rows: [...(rows as Iterable<unknown>)].flat() };
    },
    listen: (channel, onNotification, onReconnect) => {
      const listening = keepListening({
        url,
        name: 'background work',
        channel,
        log,
        onNotification,
        onReady: () => {
          onReconnect();
          return Promise.resolve();
        },
      });
      return Promise.resolve(listening);
    },
  };
}

/** A script may open a transaction; it gets a connection to itself, and leaves none open when it fails. */
async function runScript(sql: Sql, text: string): Promise<unknown> {
  if (!/^\s*BEGIN\b/i.test(text)) return sql.unsafe(text).simple();
  const reserved = await sql.reserve();
  try {
    return await reserved.unsafe(text).simple();
  } catch (error) {
    await reserved.unsafe('rollback').catch(() => undefined); // Without a connection there is no transaction either.
    throw error;
  } finally {
    reserved.release();
  }
}

/** Array types are not fetched, so the driver cannot write arrays; their text form is understood by every array type. */
function toParameter(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (!Array.isArray(value)) return value;
  return `{${value.map((item) => (item === null ? 'null' : JSON.stringify(String(toParameter(item))))).join(',')}}`;
}

/** During an outage everything that polls complains; one complaint in ten seconds says it all. */
function seldom(tell: (error: unknown) => void): (error: unknown) => void {
  let next = 0;
  return (error) => {
    if (Date.now() < next) return;
    next = Date.now() + warnEveryMs;
    tell(error);
  };
}
