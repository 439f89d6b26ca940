import { setTimeout as sleep } from 'node:timers/promises';
import { and, asc, inArray, isNull, lt, notInArray, sql } from 'drizzle-orm';
import { eventTopic, type EventEngine, type LiveTransport } from './bus.ts';
import type { outboxTable } from './columns.ts';
import type { Db } from './database.ts';
import { withoutDeadline } from './deadline.ts';
import { type Envelope, type EventContract, type EventOrigin, toEnvelope } from './events.ts';
import type { Log } from './log.ts';

export type OutboxTable = ReturnType<typeof outboxTable>;

/** Origin of an event that also tells the relay, after the commit, that something waits. */
export interface Emitter extends EventOrigin {
  readonly outboxWritten: () => void;
}

/**
 * Writes an event into the domain's outbox, in the transaction of the change it tells of. Its tenant is the request's
 * chosen organization unless `organizationId` names another.
 */
export async function emit<Payload>(
  ctx: EventOrigin & Partial<Pick<Emitter, 'outboxWritten'>>,
  tx: Db,
  outbox: OutboxTable,
  contract: EventContract<Payload>,
  payload: Payload,
  options: { readonly organizationId?: string | null } = {},
): Promise<void> {
  await emitAll(ctx, tx, outbox, contract, [payload], options);
}

const rowsAtOnce = 500;

/** Writes many events of one kind, in their order and with few statements. */
export async function emitAll<Payload>(
  ctx: EventOrigin & Partial<Pick<Emitter, 'outboxWritten'>>,
  tx: Db,
  outbox: OutboxTable,
  contract: EventContract<Payload>,
  payloads: readonly Payload[],
  options: { readonly organizationId?: string | null } = {},
): Promise<void> {
  const organizationId = 'organizationId' in options ? options.organizationId : undefined;
  const rows = payloads.map((payload) => {
    const envelope = toEnvelope(ctx, contract, payload, organizationId);
    return { eventId: envelope.eventId, name: envelope.name, key: envelope.key, envelope };
  });
  for (let from = 0; from < rows.length; from += rowsAtOnce) await tx.insert(outbox).values(rows.slice(from, from + rowsAtOnce));
  ctx.outboxWritten?.();
}

/** How many keys travel at the same time; a slow consumer leaves the rest in the outbox, not in memory. */
const keysAtMost = 100;
const idlePollMs = 1_000;
/** While another process's relay has the lock, which may have looked before the hint, this one tries again soon. */
const retriesMs = [10, 40, 150, 400];
/** How long a round keeps its transaction open for confirmations; what takes longer is marked by a later round. */
const roundMs = 250;
/** A key that could not be sent lets the others go first. */
const restMs = 2_000;
const stopMs = 2_000;
const toldAtMost = 10_000;
const keptHours = 24;

export interface Relay {
  /** Begins to send by itself; only after all consumers of the process are known, or they would miss what waits. */
  start(): void;
  /** Something was written and committed; look at once. */
  wake(): void;
  /** Sends everything that waits now; the number of events sent. */
  drain(): Promise<number>;
  stop(): Promise<void>;
}

interface RelayOptions {
  readonly domain: string;
  readonly db: Db;
  readonly outbox: OutboxTable;
  readonly engine: EventEngine;
  readonly live: LiveTransport;
  readonly log: Log;
}

/**
 * Carries a domain's outbox to the event engine: one relay at a time per domain (an advisory lock, so that events of
 * one key never overtake each other), claimed with SKIP LOCKED, marked after the engine's confirmation.
 */
export function startRelay(options: RelayOptions): Relay {
  const { domain, log } = options;
  const lanes = createKeyLanes(options);
  let active = false;
  let isLooking = false;
  let isHinted = false;
  let retries: number[] = [];
  let timer: NodeJS.Timeout | undefined;
  let dueAt = Infinity;
  let running: Promise<Round> | null = null;

  // Whoever woke the relay may be a request; its deadline does not bind what is sent for everybody.
  const runOnce = (hinted = false) =>
    (running ??= withoutDeadline(() => runRound(options, lanes, hinted)).finally(() => {
      running = null;
    }));
  /** An earlier look stays: many hints must not put it off for ever. */
  const schedule = (delay: number) => {
    const at = Date.now() + delay;
    if (!active || at >= dueAt) return;
    clearTimeout(timer);
    dueAt = at;
    timer = setTimeout(() => void look(), delay);
  };
  const look = async () => {
    dueAt = Infinity;
    if (isLooking) return;
    isLooking = true;
    // A round that is under way may have looked before what the hint tells of was committed.
    await Promise.allSettled([running]);
    const next = await lookOnce();
    isLooking = false;
    schedule(isHinted ? 0 : next);
  };
  /** In how many milliseconds to look again. */
  const lookOnce = async (): Promise<number> => {
    const hinted = isHinted;
    isHinted = false;
    try {
      const { isElsewhere, isFull } = await runOnce(hinted);
      if (isElsewhere) return retries.shift() ?? idlePollMs;
      return isFull ? 0 : idlePollMs;
    } catch (error) {
      log.warn({ error }, `the event relay of ${domain} could not send; it tries again`);
      return idlePollMs;
    }
  };
  const wake = () => {
    isHinted = true;
    retries = [...retriesMs];
    schedule(0);
  };
  lanes.onLateConfirmation(wake);
  return {
    start: () => {
      active = true;
      schedule(0);
    },
    wake,
    drain: async () => {
      lanes.endRest();
      // A round that is under way may have looked before the caller committed; it logs its own failure.
      await Promise.allSettled([running]);
      let total = 0;
      for (;;) {
        const { sent } = await runOnce();
        total += sent;
        // Keys that are under way may have kept others from being read.
        const travelling = lanes.underway();
        if (sent === 0 && !(await lanes.settled()) && travelling === 0) return total;
      }
    },
    stop: async () => {
      active = false;
      clearTimeout(timer);
      try {
        await running;
        await Promise.race([lanes.settled(), sleep(stopMs, undefined, { ref: false })]);
        await mark(options.db, options.outbox, lanes.confirmed());
      } catch (error) {
        log.warn({ error }, `the event relay of ${domain} stopped in the middle; it resumes at the next start`);
      }
    },
  };
}

type Waiting = { readonly position: number; readonly envelope: Envelope };
type Lanes = ReturnType<typeof createKeyLanes>;

interface Round {
  /** How many events were marked as published. */
  readonly sent: number;
  /** Another process's relay is at it. */
  readonly isElsewhere: boolean;
  /** More may wait than there was room for. */
  readonly isFull: boolean;
}

const nothing: Round = { sent: 0, isElsewhere: false, isFull: false };

async function runRound(options: RelayOptions, lanes: Lanes, hinted: boolean): Promise<Round> {
  // Most looks without a hint find nothing: those cost one statement.
  if (!hinted && lanes.underway() === 0 && lanes.confirmed().length === 0 && !(await isWaiting(options))) return nothing;
  const batch = await options.db.transaction((tx) => sendBatch(options, lanes, tx));
  if (!batch) return { ...nothing, isElsewhere: true };
  const { marked, isFull, failure } = batch;
  // After the commit: until then they could be sent, and have to be marked, once more.
  lanes.forget(marked);
  if (failure) throw failure;
  return { sent: marked.length, isElsewhere: false, isFull };
}

async function isWaiting({ db, outbox }: RelayOptions): Promise<boolean> {
  const rows = await db.select({ position: outbox.position }).from(outbox).where(isNull(outbox.publishedAt)).limit(1);
  return rows.length > 0;
}

interface Batch {
  readonly marked: readonly number[];
  readonly isFull: boolean;
  readonly failure: Error | undefined;
}

/** What was sent and confirmed; null while another process's relay has the lock. */
async function sendBatch({ domain, outbox }: RelayOptions, lanes: Lanes, tx: Db): Promise<Batch | null> {
  const [lock] = await tx.execute<{ held: boolean }>(
    sql`select pg_try_advisory_xact_lock(hashtextextended(${`relay:${domain}`}, 0)) as held`,
  );
  if (!lock?.held) return null;
  const room = keysAtMost - lanes.underway();
  const claimed = await claimWaiting(tx, outbox, lanes, room);
  const failure = await lanes.send(claimed);
  const marked = lanes.confirmed();
  await mark(tx, outbox, marked);
  return { marked, isFull: room > 0 && claimed.length >= room, failure };
}

/** The oldest events of keys that do not travel or rest, as many as there is room for. */
async function claimWaiting(tx: Db, outbox: OutboxTable, lanes: Lanes, room: number): Promise<Waiting[]> {
  if (room <= 0) return [];
  const left = lanes.occupied();
  const rows = await tx
    .select({ position: outbox.position, envelope: outbox.envelope })
    .from(outbox)
    .where(and(isNull(outbox.publishedAt), left.length > 0 ? notInArray(outbox.key, left) : undefined))
    .orderBy(asc(outbox.position))
    .limit(room)
    .for('update', { skipLocked: true });
  return rows as Waiting[];
}

async function mark(db: Db, outbox: OutboxTable, positions: number[]): Promise<void> {
  if (positions.length === 0) return;
  await db
    .update(outbox)
    .set({ publishedAt: sql`now()` })
    .where(inArray(outbox.position, positions));
}

/**
 * Keys travel side by side, the events of one key one after the other; a key stops at its first failure. A key whose
 * event is not confirmed within its round stays occupied, while later rounds go on with the other keys.
 */
function createKeyLanes({ engine, live, log, domain }: RelayOptions) {
  const running = new Map<string, Promise<void>>();
  const resting = new Map<string, number>();
  const confirmed = new Set<number>();
  /** Broadcast already, so that those who listen live do not hear each try. */
  const told = new Set<number>();
  let tellLate: () => void = () => undefined;

  async function travel(lane: readonly Waiting[], round: { over: boolean; failure: Error | undefined }): Promise<void> {
    for (const { position, envelope } of lane) {
      if (round.over) return;
      try {
        tell(position, envelope);
        await engine.publish(envelope);
        confirmed.add(position);
        if (round.over) tellLate();
      } catch (error) {
        resting.set(envelope.key, Date.now() + restMs);
        round.failure ??= error instanceof Error ? error : new Error(String(error));
        if (round.over) log.warn({ error }, `the event relay of ${domain} could not send; it tries again`);
        return;
      }
    }
  }

  function tell(position: number, envelope: Envelope): void {
    if (told.has(position)) return;
    // What another process's relay sent in the end is never forgotten otherwise.
    if (told.size >= toldAtMost) told.clear();
    told.add(position);
    live.broadcast(eventTopic(envelope.name), JSON.stringify(envelope));
  }

  return {
    onLateConfirmation: (listener: () => void) => {
      tellLate = listener;
    },
    occupied: (): string[] => {
      for (const [key, until] of resting) if (until <= Date.now()) resting.delete(key);
      return [...running.keys(), ...resting.keys()];
    },
    /** Resolves when every lane arrived or the round is over; the first failure, if any. */
    send: async (rows: readonly Waiting[]): Promise<Error | undefined> => {
      const round = { over: false, failure: undefined as Error | undefined };
      const unsent = rows.filter(({ position }) => !confirmed.has(position));
      const begun = [...Map.groupBy(unsent, ({ envelope }) => envelope.key)].map(([key, lane]) => {
        const arrived = travel(lane, round).finally(() => running.delete(key));
        running.set(key, arrived);
        return arrived;
      });
      const over = Promise.withResolvers<void>();
      const timer = setTimeout(over.resolve, roundMs);
      await Promise.race([Promise.all(begun), over.promise]);
      clearTimeout(timer);
      round.over = true;
      return round.failure;
    },
    underway: (): number => running.size,
    endRest: () => resting.clear(),
    confirmed: () => [...confirmed],
    forget: (positions: readonly number[]) => {
      for (const position of positions) {
        confirmed.delete(position);
        told.delete(position);
      }
    },
    /** Waits for the lanes under way; false when there is none and nothing to mark. */
    settled: async (): Promise<boolean> => {
      await Promise.all(running.values());
      return confirmed.size > 0;
    },
  };
}

/** Removes what was published long ago; returns how many rows went. */
export async function sweepOutbox(db: Db, outbox: OutboxTable, now: Date): Promise<number> {
  const old = new Date(now.getTime() - keptHours * 3_600_000);
  const gone = await db.delete(outbox).where(lt(outbox.publishedAt, old)).returning({ position: outbox.position });
  return gone.length;
}
