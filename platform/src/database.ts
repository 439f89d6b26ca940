import { DrizzleQueryError } from 'drizzle-orm/errors';
import type { PgDatabase } from 'drizzle-orm/pg-core';
import { drizzle, PostgresJsPreparedQuery, type PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js';
import postgres, { type Options, type Sql, type TransactionSql } from 'postgres';
import { committing } from './after-commit.ts';
import { currentSignal, remaining } from './deadline.ts';
import type { Log } from './log.ts';
import { recordStatement, traceComment } from './traced-statements.ts';

/** The database or a transaction of it: whatever runs queries. */
export type Db = PgDatabase<PostgresJsQueryResultHKT, Record<string, never>>;

export interface Database {
  readonly db: Db;
  /** The driver itself, for LISTEN and NOTIFY; its queries have the same deadlines. */
  readonly sql: Sql;
  /** Waits up to two seconds for running queries and closes all connections. */
  close(): Promise<void>;
  /** Asks the server for an answer; throws DatabaseUnavailable. */
  ping(): Promise<void>;
}

export interface DatabaseOptions {
  readonly url: string;
  /** Its role `supergraph_<domain>` is what the connections may do; null keeps the rights of the address itself. */
  readonly domain: string | null;
  /** How many connections at most; 10 unless said otherwise. */
  readonly poolSize?: number | undefined;
  /** How many queries may wait for a connection; the next one is refused. 200 unless said otherwise. */
  readonly queueSize?: number | undefined;
  /** How long one statement may take, waiting for a connection included; 5000 ms unless said otherwise. */
  readonly statementTimeoutMs?: number | undefined;
  readonly log?: Pick<Log, 'warn'> | undefined;
  readonly applicationName?: string | undefined;
}

/** Why the database did not answer. */
export type UnavailableReason = 'DEADLINE' | 'ABORTED' | 'OVERLOADED' | 'CONNECTION';

/** The database did not answer in time or not at all; whether a write took place is not known. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
  readonly reason: UnavailableReason;
  constructor(reason: UnavailableReason, message: string, cause?: unknown) {
    super(message, { cause });
    this.reason = reason;
  }
}

/** The role that a domain's connections take; it owns nothing and is subject to row-level security. */
export const domainRole = (domain: string): string => `supergraph_${domain}`;

const defaultStatementMs = 5_000;
const preparedStatements = 500;
/** By how much this side gives up before the limit, so that the caller has its answer within it. */
const earlierMs = 200;
/** How long a COMMIT or ROLLBACK may take when the deadline has passed. */
const endingMs = 500;

/** Opens the domain's pool; connections are made when the first query needs them. */
export function openDatabase(options: DatabaseOptions): Database {
  const statementMs = options.statementTimeoutMs ?? defaultStatementMs;
  const sql = postgres(options.url, {
    max: options.poolSize ?? 10,
    max_queue: options.queueSize ?? 200,
    // One statement at a time per connection: a cancelled one can then never be mistaken for its neighbor.
    max_pipeline: 0,
    fetch_types: false,
    connect_timeout: Math.ceil(statementMs / 1_000),
    backoff: (retries: number) => (retries === 0 ? 0 : Math.min(0.5, 0.025 * 2 ** retries) * (0.5 + Math.random() / 2)),
    onnotice: () => undefined,
    onquery: guardWith(statementMs, options.log),
    connection: {
      application_name: options.applicationName ?? `supergraph ${options.domain ?? 'owner'}`,
      ...(options.domain !== null && { role: domainRole(options.domain) }),
      TimeZone: 'UTC',
      statement_timeout: statementMs,
      idle_in_transaction_session_timeout: 15_000,
    },
  } as Options<Record<string, never>>);
  const db: Db = drizzle({ client: clientFor(sql), casing: 'snake_case' });
  return {
    db,
    sql,
    close: () => sql.end({ timeout: 2 }),
    ping: async () => {
      await sql`select 1`;
    },
  };
}

type QueryListener = (statement: string) => void;
const listeners = new Set<QueryListener>();

/** Calls the listener with the text of each statement that this process sends, until `stop` is called. */
export function observeQueries(listener: QueryListener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export { asPerson, asTenant, inScope, inTenant, NoTenantChosen } from './tenants.ts';

// ——— Deadlines and faults of the driver ———

/** What the patched driver (patches/postgres+3.4.9.patch) tells of a query. */
interface DriverQuery {
  readonly strings: readonly string[];
  readonly tagged: boolean;
  /** Where it runs; null while it waits for a connection. */
  readonly state: { drop(): void } | null;
  resolve: (this: DriverQuery, value: unknown) => void;
  reject: (this: DriverQuery, error: unknown) => void;
  cancel(): Promise<unknown> | null;
}

/** Gives every query its deadline, on this side and on the server's; false keeps it from being sent. */
function guardWith(statementMs: number, log: Pick<Log, 'warn'> | undefined) {
  return (statement: DriverQuery): boolean => {
    // The end of a transaction must reach the server even when nobody waits any more, or its connection would be lost.
    const ending = statement.tagged && /^(commit|rollback)/.test(statement.strings[0] ?? '');
    const left = ending ? Math.max(remaining(), endingMs) : remaining();
    const signal = ending ? undefined : currentSignal();
    if (left <= 0) return refuse(statement, 'DEADLINE', 'no time was left to ask the database');
    if (signal?.aborted) return refuse(statement, 'ABORTED', 'the request ended before the database was asked');
    const text = statement.strings.join('?');
    for (const listener of listeners) listener(text);
    guard(statement, { signal, log, recorded: recordStatement(text), forMs: Math.min(left, statementMs - earlierMs) });
    return true;
  };
}

interface Watch {
  readonly signal: AbortSignal | undefined;
  readonly log: Pick<Log, 'warn'> | undefined;
  readonly recorded: ReturnType<typeof recordStatement>;
  readonly forMs: number;
}

/**
 * What watches over one query, on the query itself. No function is made for a query: one that holds it keeps it, and all
 * that waits for it, through several collections of young garbage, which cost more than the query's own objects.
 */
class Guard {
  readonly statement: GuardedQuery;
  readonly watch: Watch;
  readonly timer: NodeJS.Timeout;
  readonly resolve: DriverQuery['resolve'];
  readonly reject: DriverQuery['reject'];
  constructor(statement: GuardedQuery, watch: Watch) {
    this.statement = statement;
    this.watch = watch;
    this.resolve = statement.resolve;
    this.reject = statement.reject;
    this.timer = setTimeout(passDeadline, watch.forMs, this);
    if (watch.signal) guardsUnder(watch.signal).add(this);
  }

  settle(error?: unknown): void {
    clearTimeout(this.timer);
    if (this.watch.signal) guardsUnder(this.watch.signal).delete(this);
    this.watch.recorded?.end(error === undefined ? undefined : error instanceof Error ? error.name : 'Error');
  }

  giveUp(reason: UnavailableReason, message: string): void {
    const { statement, watch } = this;
    const running = statement.state;
    if (!running) {
      statement.reject(new DatabaseUnavailable(reason, message));
      void statement.cancel();
      return;
    }
    // The connection is not used again: what the server still sends on it, or a late cancel, can hit nobody else.
    statement.cancel()?.catch((error: unknown) => watch.log?.warn({ error }, 'a statement could not be cancelled on the server'));
    running.drop();
    statement.reject(new DatabaseUnavailable(reason, message));
  }
}

const guards = new WeakMap<AbortSignal, Set<Guard>>();

/** What waits for the database under a signal, which is listened to once, however many queries a request has. */
function guardsUnder(signal: AbortSignal): Set<Guard> {
  const known = guards.get(signal);
  if (known) return known;
  const fresh = new Set<Guard>();
  guards.set(signal, fresh);
  signal.addEventListener('abort', passAbort, { once: true });
  return fresh;
}

function passAbort(this: AbortSignal): void {
  for (const each of guards.get(this) ?? []) each.giveUp('ABORTED', 'the request ended while the database was asked');
}

interface GuardedQuery extends DriverQuery {
  guard?: Guard;
}

function guard(statement: GuardedQuery, watch: Watch): void {
  statement.guard = new Guard(statement, watch);
  statement.resolve = resolveGuarded;
  statement.reject = rejectGuarded;
}

function resolveGuarded(this: GuardedQuery, value: unknown): void {
  this.guard?.settle();
  this.guard?.resolve.call(this, value);
}

function rejectGuarded(this: GuardedQuery, error: unknown): void {
  const reason = translated(error);
  this.guard?.settle(reason);
  this.guard?.reject.call(this, reason);
}

const passDeadline = (watching: Guard): void => watching.giveUp('DEADLINE', 'the database did not answer in time');

function refuse(statement: DriverQuery, reason: UnavailableReason, message: string): false {
  statement.reject(new DatabaseUnavailable(reason, message));
  return false;
}

const connectionFaults = new Set([
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_WRITE_AFTER_END',
  '57P01',
  '57P02',
  '57P03',
  '57P05',
  '25P03',
  '53100',
  '53200',
  '53300',
  '58030',
]);

function translated(error: unknown): unknown {
  if (typeof error !== 'object' || error === null || !('code' in error) || typeof error.code !== 'string') return error;
  const { code } = error;
  if (code === '57014') return new DatabaseUnavailable('DEADLINE', 'the database did not answer in time', error);
  if (code === 'QUEUE_FULL') return new DatabaseUnavailable('OVERLOADED', 'too many queries wait for the database', error);
  if (connectionFaults.has(code) || code.startsWith('08')) {
    return new DatabaseUnavailable('CONNECTION', 'the connection to the database is lost', error);
  }
  return error;
}

/** What drizzle needs of the driver, with statements prepared once per connection and faults of transactions translated. */
function clientFor(sql: Sql): Sql {
  const worthPreparing = recurringStatements();
  const send = (through: Pick<Sql, 'unsafe'>, text: string, values: never[] = []) => {
    const comment = traceComment();
    return comment
      ? through.unsafe(text + comment, values, { prepare: false })
      : through.unsafe(text, values, { prepare: worthPreparing(text) });
  };
  const client = {
    options: sql.options,
    unsafe: (text: string, values?: never[]) => send(sql, text, values),
    begin: async (work: (tx: TransactionSql) => unknown) => {
      try {
        return await committing(() => sql.begin((tx) => work(transactionFor(tx))));
      } catch (error) {
        throw translated(error);
      }
    },
  };
  function transactionFor(tx: TransactionSql): TransactionSql {
    const transaction = {
      unsafe: (text: string, values?: never[]) => send(tx, text, values),
      savepoint: (work: (inner: TransactionSql) => unknown) => tx.savepoint((inner) => work(transactionFor(inner))),
    };
    return transaction as unknown as TransactionSql;
  }
  return client as unknown as Sql;
}

/** Statements are prepared from their second use on and up to a limit, because lists of ids give endlessly many texts. */
function recurringStatements(): (text: string) => boolean {
  const once = new Set<string>();
  const recurring = new Set<string>();
  return (text) => {
    if (recurring.has(text)) return true;
    if (recurring.size >= preparedStatements) return false;
    if (once.delete(text)) {
      recurring.add(text);
      return true;
    }
    if (once.size >= preparedStatements) once.clear();
    once.add(text);
    return false;
  };
}

// drizzle wraps every fault in an error that quotes the statement and its parameters; an unavailable database is no
// fault of the statement, and callers tell it by its class.
interface Fallible {
  queryWithCache: (this: Fallible, text: string, values: unknown[], run: () => Promise<unknown>) => Promise<unknown>;
}
const prepared = PostgresJsPreparedQuery.prototype as unknown as Fallible;
const inherited = prepared.queryWithCache;
prepared.queryWithCache = async function queryWithCache(this: Fallible, ...args) {
  try {
    return await inherited.apply(this, args);
  } catch (error) {
    throw error instanceof DrizzleQueryError && error.cause instanceof DatabaseUnavailable ? error.cause : error;
  }
};
