import { setTimeout as sleep } from 'node:timers/promises';
import { requireViewer } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { withoutDeadline } from '@supergraph/platform/deadline';
import { conflict } from '@supergraph/platform/errors';
import { hashOf } from '@supergraph/platform/idempotency';
import { stream } from '@supergraph/platform/bus';
import type { Log } from '@supergraph/platform/log';
import { type Edge, makeCursor, openCursor } from '@supergraph/platform/page';
import type { Context } from '../../context.ts';
import { type AuditRow, findAuditHead, hasAudit, listAuditBehind } from '../../store/audit.ts';
import { securityScope } from './read.ts';

const lookEveryMs = 500;
const batchSize = 500;
const mostReplayed = 1_000;

type Listener = (row: AuditRow) => void;

/** The live end of the audit log in this process: one look for all who listen, and none while nobody does. */
class Tail {
  readonly #db: Db;
  readonly #log: Log;
  readonly #listeners = new Map<string, Set<Listener>>();
  #position = 0;
  #running: AbortController | undefined;

  constructor(db: Db, log: Log) {
    this.#db = db;
    this.#log = log;
  }

  /** Begins to listen to what concerns a person; `position` is where the caller found the log before, and duplicates of it may come. */
  listen(userId: string, position: number, listener: Listener): () => void {
    const listeners = this.#listeners.get(userId) ?? new Set();
    this.#listeners.set(userId, listeners.add(listener));
    if (!this.#running) this.#start(position);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(userId);
      if (this.#listeners.size > 0) return;
      this.#running?.abort();
      this.#running = undefined;
    };
  }

  #start(position: number): void {
    const running = new AbortController();
    this.#running = running;
    this.#position = position;
    // It outlives the request that began it.
    void withoutDeadline(() => this.#look(running.signal));
  }

  async #look(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#readOn(signal);
      } catch (error) {
        this.#log.warn({ error }, 'the audit log could not be looked at; it is tried again');
      }
      await sleep(lookEveryMs, undefined, { ref: false });
    }
  }

  async #readOn(signal: AbortSignal): Promise<void> {
    // What is appended behind the head is read the next time, so nobody who joins meanwhile misses it.
    const head = await findAuditHead(this.#db);
    const people = [...this.#listeners.keys()];
    for (let at = 0; at < people.length; at += batchSize) {
      const some = people.slice(at, at + batchSize);
      if (!(await this.#tell(some, signal))) return;
    }
    this.#position = Math.max(this.#position, head.position);
  }

  async #tell(people: readonly string[], signal: AbortSignal): Promise<boolean> {
    for (let behind = this.#position; ;) {
      const rows = await listAuditBehind(this.#db, behind, people, batchSize);
      for (const row of rows) {
        if (signal.aborted) return false;
        behind = row.position;
        for (const listener of this.#listeners.get(row.subjectId ?? '') ?? []) listener(row);
      }
      if (rows.length < batchSize) return true;
    }
  }
}

const tails = new WeakMap<Db, Tail>();

function tailOf({ db, log }: Pick<Context, 'db' | 'log'>): Tail {
  const known = tails.get(db);
  if (known) return known;
  const made = new Tail(db, log);
  tails.set(db, made);
  return made;
}

/** An entry with its place, as pages have it. */
export type SecurityEdge = Edge<AuditRow>;

const scopeOf = (userId: string): string => hashOf(securityScope(userId)).slice(0, 12);

const cursorExpired = () =>
  conflict('this cursor is unknown or too old; read securityEvents, then begin behind the newest', { reason: 'CURSOR_EXPIRED' });

/** What concerns the viewer from now on; with a cursor, first what came behind it, without loss or double. */
export async function watchSecurityEvents(ctx: Context, after: string | null | undefined): Promise<AsyncGenerator<SecurityEdge, void>> {
  const { userId } = requireViewer(ctx);
  const head = await findAuditHead(ctx.db);
  const behind = after ? await positionIn(ctx, userId, after) : head.position;
  const live = stream<AuditRow>((push) => tailOf(ctx).listen(userId, head.position, push), ctx.signal);
  return edgesOf(ctx, userId, behind, live);
}

async function positionIn(ctx: Context, userId: string, cursor: string): Promise<number> {
  const position = Number(openCursor(ctx, cursor, scopeOf(userId))?.[0] ?? Number.NaN);
  if (!Number.isSafeInteger(position) || !(await hasAudit(ctx.db, position, userId))) throw cursorExpired();
  return position;
}

async function* edgesOf(
  ctx: Context,
  userId: string,
  behind: number,
  live: AsyncGenerator<AuditRow, void>,
): AsyncGenerator<SecurityEdge, void> {
  let last = behind;
  const edge = (row: AuditRow): SecurityEdge => {
    last = row.position;
    return { cursor: makeCursor(ctx, scopeOf(userId), [row.position]), node: row };
  };
  try {
    const missed = await listAuditBehind(ctx.db, behind, [userId], mostReplayed + 1);
    if (missed.length > mostReplayed) throw cursorExpired();
    for (const row of missed) yield edge(row);
    for await (const row of live) if (row.position > last) yield edge(row);
  } finally {
    await live.return();
  }
}
