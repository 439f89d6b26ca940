import { asc, inArray, isNull, lt, sql } from 'drizzle-orm';
import { eventTopic, type EventEngine, type LiveTransport } from './bus.ts';
import type { outboxTable } from './columns.ts';
import type { Db } from './database.ts';
import { type Envelope, type EventContract, type EventOrigin, toEnvelope } from './events.ts';
import type { Log } from './log.ts';

export type OutboxTable = ReturnType<typeof outboxTable>;

/** Origin of an event that also tells the relay that something waits. */
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
  const envelope = toEnvelope(ctx, contract, payload, 'organizationId' in options ? options.organizationId : undefined);
  await tx.insert(outbox).values({ eventId: envelope.eventId, name: envelope.name, key: envelope.key, envelope });
  ctx.outboxWritten?.();
}

const batchSize = 100;
const idlePollMs = 1_000;
/** After a hint the writing transaction may still be open, so the relay looks again soon. */
const hintedPollsMs = [2, 10, 40, 150, 400];
const keptHours = 24;

export interface Relay {
  /** Something was written; look soon. */
  wake(): void;
  /** Sends everything that waits now; the number of events sent. */
  drain(): Promise<number>;
  stop(): Promise<void>;
}

/**
 * Carries a domain's outbox to the event engine: one relay at a time per domain (an advisory lock, so that events of
 * one key never overtake each other), claimed with SKIP LOCKED, marked after the engine's confirmation.
 */
export function startRelay(options: {
  domain: string;
  db: Db;
  outbox: OutboxTable;
  engine: EventEngine;
  live: LiveTransport;
  log: Log;
}): Relay {
  const { domain, log } = options;
  let stopped = false;
  let hints: number[] = [];
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<number> | null = null;

  const runOnce = (): Promise<number> => {
    running ??= sendWaiting(options).finally(() => {
      running = null;
    });
    return running;
  };
  const schedule = (delay: number) => {
    if (stopped) return;
    clearTimeout(timer);
    timer = setTimeout(() => void round(), delay);
  };
  const round = async () => {
    let next = hints.shift() ?? idlePollMs;
    try {
      if ((await runOnce()) > 0) next = 0;
    } catch (error) {
      log.warn({ error }, `the event relay of ${domain} could not send; it tries again`);
      next = idlePollMs;
    }
    schedule(next);
  };
  schedule(0);
  return {
    wake: () => {
      hints = [...hintedPollsMs];
      schedule(hints.shift() ?? 0);
    },
    drain: async () => {
      // A round under way may have looked before the latest commit, so only a round begun now counts.
      await running?.catch(() => 0);
      let total = 0;
      for (let sent = await runOnce(); sent > 0; sent = await runOnce()) total += sent;
      return total;
    },
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running?.catch((error: unknown) =>
        log.warn({ error }, `the event relay of ${domain} stopped in the middle; it resumes at the next start`),
      );
    },
  };
}

interface Round {
  readonly sent: number;
  readonly failure: Error | undefined;
}

async function sendWaiting(options: Parameters<typeof startRelay>[0]): Promise<number> {
  const { sent, failure } = await options.db.transaction((tx) => sendBatch(options, tx));
  // Thrown after the commit: what was confirmed stays marked.
  if (failure) throw failure;
  return sent;
}

async function sendBatch({ domain, outbox, engine, live }: Parameters<typeof startRelay>[0], tx: Db): Promise<Round> {
  const [lock] = await tx.execute<{ held: boolean }>(
    sql`select pg_try_advisory_xact_lock(hashtextextended(${`relay:${domain}`}, 0)) as held`,
  );
  if (!lock?.held) return { sent: 0, failure: undefined };
  const rows = await tx
    .select({ position: outbox.position, envelope: outbox.envelope })
    .from(outbox)
    .where(isNull(outbox.publishedAt))
    .orderBy(asc(outbox.position))
    .limit(batchSize)
    .for('update', { skipLocked: true });
  if (rows.length === 0) return { sent: 0, failure: undefined };
  const { sent, failure } = await publishByKey(rows as Waiting[], engine, live);
  if (sent.length > 0)
    await tx
      .update(outbox)
      .set({ publishedAt: sql`now()` })
      .where(inArray(outbox.position, sent));
  return { sent: sent.length, failure };
}

type Waiting = { readonly position: number; readonly envelope: Envelope };

/** Keys travel side by side, the events of one key one after the other; a key stops at its first failure. */
async function publishByKey(
  rows: readonly Waiting[],
  engine: EventEngine,
  live: LiveTransport,
): Promise<{ sent: number[]; failure: Error | undefined }> {
  const lanes = Map.groupBy(rows, ({ envelope }) => envelope.key);
  const sent: number[] = [];
  const outcomes = await Promise.allSettled(
    [...lanes.values()].map(async (lane) => {
      for (const { position, envelope } of lane) {
        live.broadcast(eventTopic(envelope.name), JSON.stringify(envelope));
        await engine.publish(envelope);
        sent.push(position);
      }
    }),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  return { sent, failure: failed && new Error('an event was not confirmed', { cause: failed.reason }) };
}

/** Removes what was published long ago; returns how many rows went. */
export async function sweepOutbox(db: Db, outbox: OutboxTable, now: Date): Promise<number> {
  const old = new Date(now.getTime() - keptHours * 3_600_000);
  const gone = await db.delete(outbox).where(lt(outbox.publishedAt, old)).returning({ position: outbox.position });
  return gone.length;
}
