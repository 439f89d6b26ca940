import type { Consumer } from './bus.ts';
import { createLanes, handledAtOnce, pauseBeforeNextTry } from './delivery.ts';
import type { Envelope } from './events.ts';
import type { Log } from './log.ts';
import { type Link, pause } from './postgres-link.ts';

/** How many events a process takes at once for a consumer. */
const takenAtOnce = 50;
/** More is taken only while it works on fewer keys, so that one slow key holds up no other. */
const keysAtMost = 16;
const settlePauseMs = 500;

interface Held {
  readonly position: number;
  readonly envelope: Envelope;
  readonly attempts: number;
}

/** Events of one key that were taken together, oldest first. */
type Lane = readonly Held[];

export interface Deliveries {
  /** Something may wait: looks now. */
  wake(): void;
  /** Finishes what is being handled and gives the rest back. */
  stop(): Promise<void>;
}

export interface DeliveriesOptions {
  readonly link: Link;
  readonly consumer: Consumer;
  readonly log: Log;
  /** The number this process holds at the moment; undefined while it has no connection. */
  readonly holder: () => number | undefined;
}

/** What became of a lane's events: told to the database until it has heard. */
interface Outcome {
  readonly handled: readonly number[];
  readonly failed?: { readonly position: number; readonly attempts: number; readonly pauseMs: number };
  readonly returned: readonly number[];
}

/** Takes a consumer's waiting events, hands them over in order per key, and tells the database what became of them. */
export function startDeliveries(options: DeliveriesOptions): Deliveries {
  const { link, consumer, log, holder } = options;
  const stopping = new AbortController();
  const lanes = createLanes(handledAtOnce);
  /** The keys this process works on. */
  const held = new Set<string>();
  const timers = new Set<NodeJS.Timeout>();
  let taking: Promise<void> | null = null;
  let again = false;
  /** A look left out what this process holds, so there may be more when it is done with that. */
  let leftOut = false;

  const wake = () => {
    again = true;
    taking ??= takeAll().finally(() => {
      taking = null;
      // Something may have been told between the last look and now.
      if (again && !stopping.signal.aborted && holder() !== undefined) wake();
    });
  };
  const wakeIn = (ms: number) => {
    const timer = setTimeout(() => {
      timers.delete(timer);
      wake();
    }, ms);
    timers.add(timer);
  };

  async function takeAll(): Promise<void> {
    while (again && !stopping.signal.aborted) {
      again = false;
      leftOut ||= held.size > 0;
      const claimant = holder();
      if (claimant === undefined || held.size >= keysAtMost) return;
      try {
        const taken = await claim(link, consumer.name, claimant, [...held], takenAtOnce);
        if (taken.length === takenAtOnce) again = true;
        for (const [key, lane] of Map.groupBy(taken, ({ envelope }) => envelope.key)) beginLane(key, lane, claimant);
      } catch (error) {
        log.warn({ consumer: consumer.name, error }, 'events could not be taken; it is tried again');
        return;
      }
    }
  }

  function beginLane(key: string, lane: Lane, claimant: number): void {
    held.add(key);
    void lanes.run(key, async () => {
      const outcome = await lanes.inSlot(() => handleLane(consumer, lane, stopping.signal, log));
      await settle(outcome, claimant);
      held.delete(key);
      if (outcome.failed) wakeIn(outcome.failed.pauseMs);
      if (!leftOut) return;
      leftOut = false;
      wake();
    });
  }

  async function settle(outcome: Outcome, claimant: number): Promise<void> {
    for (;;) {
      try {
        return await record(link, outcome, claimant);
      } catch (error) {
        log.warn({ consumer: consumer.name, error }, 'what became of events could not be recorded; it is tried again');
        // When the process stops, the events are sent again at the next start, and their inbox knows them.
        if (stopping.signal.aborted) return;
        await pause(settlePauseMs, stopping.signal);
      }
    }
  }

  return {
    wake,
    stop: async () => {
      stopping.abort();
      for (const timer of timers) clearTimeout(timer);
      await taking;
      await lanes.idle();
    },
  };
}

async function claim({ sql, ask }: Link, consumer: string, claimant: number, busy: string[], most: number): Promise<Lane> {
  const rows = await ask(sql<{ position: string; envelope: string; attempts: number }[]>`
    select claimed as position, claimed_envelope as envelope, claimed_attempts as attempts
    from bus.claim(${consumer}, ${claimant}, array(select json_array_elements_text(${JSON.stringify(busy)}::text::json)), ${most})`);
  return rows
    .map(({ position, envelope, attempts }) => ({ position: Number(position), envelope: JSON.parse(envelope) as Envelope, attempts }))
    .sort((one, other) => one.position - other.position);
}

/** Hands events over one after the other; the first that fails ends the lane, since no later one may overtake it. */
async function handleLane(consumer: Consumer, lane: Lane, signal: AbortSignal, log: Log): Promise<Outcome> {
  const handled: number[] = [];
  for (const [at, held] of lane.entries()) {
    const following = () => lane.slice(at + 1).map(({ position }) => position);
    if (signal.aborted) return { handled, returned: [held.position, ...following()] };
    const pauseMs = await handleOne(consumer, held, log);
    if (pauseMs !== undefined)
      return { handled, failed: { position: held.position, attempts: held.attempts + 1, pauseMs }, returned: following() };
    handled.push(held.position);
  }
  return { handled, returned: [] };
}

/** Undefined when the event is done with, or how long to wait before it is tried again. */
async function handleOne(consumer: Consumer, { envelope, attempts: before }: Held, log: Log): Promise<number | undefined> {
  const attempts = before + 1;
  try {
    await consumer.handle(envelope);
    return undefined;
  } catch (reason) {
    const pauseMs = pauseBeforeNextTry(reason, attempts);
    if (pauseMs !== undefined) return pauseMs;
    try {
      await consumer.setAside(envelope, reason, attempts);
      return undefined;
    } catch (error) {
      log.warn({ consumer: consumer.name, eventId: envelope.eventId, error }, 'an event could not be set aside; it is tried again');
      return settlePauseMs;
    }
  }
}

async function record({ sql, ask }: Link, { handled, failed, returned }: Outcome, claimant: number): Promise<void> {
  const positions = (list: readonly number[]) => `{${list.join(',')}}`;
  // One statement: no moment at which a later event of the key is free and the failed one is not yet waiting.
  await ask(sql`
    with handled as (delete from bus.deliveries where position = any (${positions(handled)}::bigint[]))
    update bus.deliveries set
      holder = null,
      attempts = case when position = ${failed?.position ?? 0}::bigint then ${failed?.attempts ?? 0}::integer else attempts end,
      retry_at = case when position = ${failed?.position ?? 0}::bigint
        then clock_timestamp() + make_interval(secs => ${(failed?.pauseMs ?? 0) / 1_000}::double precision) else retry_at end
    where holder = ${claimant}::integer and position = any (${positions(failed ? [failed.position, ...returned] : returned)}::bigint[])`);
}
