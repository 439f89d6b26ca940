import { DatabaseUnavailable } from './database.ts';
import { DomainError } from './errors.ts';

/** How many events a process hands to one consumer at the same time; more would keep its domain's requests from the database. */
export const handledAtOnce = 4;

/** The pauses between the tries of an event that its consumer refuses: about 4 seconds, then it is set aside. */
const pausesMs = [50, 200, 750, 3_000];
const outagePauseMs = 1_000;
/** An outage says nothing about the event, so it is waited out; the limit keeps a consumer that is always too slow from standing forever. */
const outageTries = 600;

/** How long to wait before an event is tried again after so many tries; undefined when it must be set aside. */
export function pauseBeforeNextTry(error: unknown, attempts: number): number | undefined {
  if (isOutage(error)) return attempts < outageTries ? (pausesMs[attempts - 1] ?? outagePauseMs) : undefined;
  return pausesMs[attempts - 1];
}

/** Whether the consumer's surroundings failed and not the event. */
export function isOutage(error: unknown): boolean {
  if (error instanceof DatabaseUnavailable) return true;
  if (error instanceof DomainError) return error.code === 'UPSTREAM_UNAVAILABLE';
  return error instanceof Error && error.cause !== undefined && isOutage(error.cause);
}

export interface Lanes {
  /** Runs the work after all earlier work of its key; the promise settles with the work. */
  run(key: string, work: () => Promise<void>): Promise<void>;
  /** Runs the work when one of the slots is free. */
  inSlot<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Resolves when nothing runs or waits. */
  idle(): Promise<void>;
}

/** Work of one key runs one after the other, of different keys side by side; what takes a slot, so many at a time. */
export function createLanes(slots: number): Lanes {
  const last = new Map<string, Promise<void>>();
  const waiting: (() => void)[] = [];
  let free = slots;

  const takeSlot = async () => {
    if (free > 0) {
      free -= 1;
      return;
    }
    const turn = Promise.withResolvers<void>();
    waiting.push(turn.resolve);
    await turn.promise;
  };
  const giveSlot = () => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
  return {
    run: (key, work) => {
      const before = last.get(key);
      const running = before ? before.then(work) : work();
      const settled = running
        .catch(() => undefined) // The caller has the same promise and hears of the failure there.
        .then(() => {
          if (last.get(key) === settled) last.delete(key);
        });
      last.set(key, settled);
      return running;
    },
    inSlot: async (work) => {
      await takeSlot();
      try {
        return await work();
      } finally {
        giveSlot();
      }
    },
    idle: async () => {
      while (last.size > 0) await Promise.all(last.values());
    },
  };
}
