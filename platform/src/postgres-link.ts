import postgres, { type Options, type PendingQuery, type Row, type Sql } from 'postgres';
import type { Log } from './log.ts';

/** How the bus talks to PostgreSQL: with the rights of the address itself, since its tables belong to no domain. */
export interface Link {
  readonly sql: Sql;
  /** Awaits a statement for at most five seconds; a connection that does not answer is given up. */
  readonly ask: <Rows extends readonly Row[]>(query: PendingQuery<Rows>) => Promise<Rows>;
  close(): Promise<void>;
}

const answerLimitMs = 5_000;
const probeEveryMs = 10_000;
const pausesMs = [50, 200, 500, 1_000];

const optionsOf = (name: string) => ({
  fetch_types: false,
  connect_timeout: 5,
  backoff: (retries: number) => (retries === 0 ? 0 : Math.min(0.5, 0.025 * 2 ** retries)),
  onnotice: () => undefined,
  connection: { application_name: `supergraph ${name}`, TimeZone: 'UTC' },
});

/** Opens a small pool; connections are made when the first statement needs them. */
export function openLink(url: string, name: string, poolSize = 4): Link {
  const sql = postgres(url, { ...optionsOf(name), max: poolSize, max_queue: 1_000, max_pipeline: 0 } as Options<Record<string, never>>);
  return { sql, ask: within, close: () => sql.end({ timeout: 2 }) };
}

/** What the patched driver shows of a running statement. */
interface RunningQuery {
  readonly state: { drop(): void } | null;
  cancel(): Promise<unknown> | null;
}

async function within<Rows extends readonly Row[]>(query: PendingQuery<Rows>): Promise<Rows> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const running = query as unknown as RunningQuery;
    // A cancel that does not arrive changes nothing: the connection is dropped all the same.
    if (!running.state) void running.cancel();
    running.state?.drop();
    late.reject(new Error(`PostgreSQL did not answer within ${answerLimitMs} ms`));
  }, answerLimitMs);
  try {
    return await Promise.race([query, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

export interface Listening {
  close(): Promise<void>;
}

export interface ListeningOptions {
  readonly url: string;
  readonly name: string;
  readonly channel: string;
  readonly log: Log;
  readonly onNotification: (payload: string) => void;
  /** Runs on the listening connection each time it has (again) begun to listen; what was told before is lost. */
  readonly onReady: (sql: Sql) => Promise<void>;
  readonly onLost?: () => void;
}

/** Keeps one connection that listens to a channel, and makes a new one whenever it is lost. */
export function keepListening(options: ListeningOptions): Listening {
  const stopping = new AbortController();
  const done = listenUntil(stopping.signal, options);
  return {
    close: async () => {
      stopping.abort();
      await done;
    },
  };
}

async function listenUntil(signal: AbortSignal, options: ListeningOptions): Promise<void> {
  for (let failures = 0; !signal.aborted;) {
    const began = Date.now();
    try {
      await listenOnce(signal, options);
    } catch (error) {
      // Once per outage: it is tried again every second.
      if (failures === 0 && !signal.aborted)
        options.log.warn({ error }, `the ${options.name} lost PostgreSQL; it connects again by itself`);
    } finally {
      options.onLost?.();
    }
    failures = Date.now() - began > 10_000 ? 1 : failures + 1;
    await pause(pausesMs[failures - 1] ?? 1_000, signal);
  }
}

/** Listens until the connection is lost (throws) or the signal ends it (returns). */
async function listenOnce(signal: AbortSignal, { url, name, channel, onNotification, onReady }: ListeningOptions): Promise<void> {
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => undefined); // Heard below; until then nobody may be waiting for it.
  const listener = {
    onnotify: (_channel: string, payload: string) => onNotification(payload),
    onclose: () => lost.reject(new Error('the connection was closed')),
  };
  const sql = postgres(url, { ...optionsOf(name), ...listener, max: 1, idle_timeout: 0, max_lifetime: null } as Options<
    Record<string, never>
  >);
  try {
    const start = async () => {
      await within(sql`listen ${sql(channel)}`);
      await onReady(sql);
    };
    await Promise.race([start(), lost.promise]);
    while (!signal.aborted) {
      await Promise.race([pause(probeEveryMs, signal), lost.promise]);
      if (!signal.aborted) await Promise.race([within(sql`select 1`), lost.promise]);
    }
  } finally {
    await sql.end({ timeout: 0 });
  }
}

/** Waits; an ended signal ends the wait without an error. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const woken = Promise.withResolvers<void>();
  const wake = () => woken.resolve();
  const timer = setTimeout(wake, ms);
  signal.addEventListener('abort', wake, { once: true });
  await woken.promise;
  clearTimeout(timer);
  signal.removeEventListener('abort', wake);
}
