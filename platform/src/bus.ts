import type { z } from 'zod';
import { conflict } from './errors.ts';
import { type Envelope, type EventContract } from './events.ts';

/** Carries domain events from outboxes to consumers: at least once, in order per key and consumer. */
export interface EventEngine {
  /** Resolves when every consumer's copy is safe; rejects when it must be sent again. */
  publish(envelope: Envelope): Promise<void>;
  /** Makes a consumer known and begins to deliver; `handle` rejects to get the event again. The result ends the delivery. */
  consume(consumer: Consumer): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

export interface Consumer {
  /** The domain's name; its progress is kept under it. */
  readonly name: string;
  /** Names of events, or `*.thing.verb`. */
  readonly patterns: readonly string[];
  readonly handle: (envelope: Envelope) => Promise<void>;
  /** Takes an event that could not be handled after all tries; its key goes on afterwards. */
  readonly setAside: (envelope: Envelope, reason: unknown, attempts: number) => Promise<void>;
}

/** Carries hints to whoever listens right now, in this process or in others; may lose them. */
export interface LiveTransport {
  broadcast(topic: string, message: string): void;
  /** Begins to listen; the result ends it. */
  listen(topic: string, listener: (message: string) => void): () => void;
  /**
   * Tells whether messages of other processes arrive: now, after each change, and once more when some were missed.
   * Absent where there are no other processes. The result ends it.
   */
  readonly onConnection?: (listener: (connected: boolean) => void) => () => void;
  close(): Promise<void>;
}

/** Something that is told and forgotten, such as typing: never stored, may be lost. */
export interface Signal<Payload> {
  readonly topic: string;
  readonly payload: z.ZodType<Payload>;
}

/** Declares a signal by its topic, `<domain>.<thing>`. */
export const defineSignal = <Payload>(topic: string, payload: z.ZodType<Payload>): Signal<Payload> => ({
  topic: `signal:${topic}`,
  payload,
});

/** The topic under which an event's live copy is broadcast. */
export const eventTopic = (name: string) => `event:${name}`;

export interface LiveEvent<Payload> {
  readonly eventId: string;
  readonly occurredAt: string;
  readonly organizationId: string | null;
  readonly payload: Payload;
}

/** What domains see of the bus: live streams for subscriptions, and signals. */
export interface Bus {
  /** Events from now on that `wanted` accepts; ends with `signal`, throws SLOW_CONSUMER when 1,000 wait unread. */
  subscribe<Payload>(
    contract: EventContract<Payload>,
    wanted: (payload: Payload) => boolean,
    signal: AbortSignal,
  ): AsyncGenerator<LiveEvent<Payload>, void>;
  /** Signals from now on that `wanted` accepts. */
  signals<Payload>(kind: Signal<Payload>, wanted: (payload: Payload) => boolean, signal: AbortSignal): AsyncGenerator<Payload, void>;
  /** Tells whoever listens right now. */
  send<Payload>(kind: Signal<Payload>, payload: Payload): void;
}

const bufferLimit = 1_000;

/** Readers that are woken before others get their turn; each costs some ten microseconds. */
const wokenPerTurn = 100;
const toWake: (() => void)[] = [];

/**
 * Wakes a reader soon. What ten thousand readers do with an event would keep everybody else waiting for half a second,
 * and the memory for all of it at once; so they take turns, and other work comes in between.
 */
function wakeInTurn(wake: () => void): void {
  toWake.push(wake);
  if (toWake.length === 1) setImmediate(takeTurn);
}

function takeTurn(): void {
  for (const wake of toWake.splice(0, wokenPerTurn)) wake();
  if (toWake.length > 0) setImmediate(takeTurn);
}

/** Turns a listener into an async generator with a bounded buffer. Listening begins at once, not at the first `next`. */
export function stream<Item>(
  listen: (push: (item: Item) => void, fail: (error: unknown) => void) => () => void,
  signal: AbortSignal,
): AsyncGenerator<Item, void> {
  const waiting: Item[] = [];
  let failure: { readonly error: unknown } | undefined;
  let ended = signal.aborted;
  /** Wakes the reader, where it waits. */
  let wake: (() => void) | undefined;
  let stop: () => void = () => undefined;
  const end = () => {
    ended = true;
    stop();
    signal.removeEventListener('abort', end);
    wake?.();
  };
  const fail = (error: unknown) => {
    failure ??= { error };
    end();
  };
  const push = (item: Item) => {
    if (ended) return;
    if (waiting.length >= bufferLimit)
      return fail(conflict('the subscriber reads too slowly; resume from the last cursor', { reason: 'SLOW_CONSUMER' }));
    waiting.push(item);
    if (waiting.length === 1 && wake) wakeInTurn(wake);
  };
  if (!ended) {
    stop = listen(push, fail);
    if (ended) stop();
    else signal.addEventListener('abort', end);
  }
  const generator = drain();
  const close = generator.return.bind(generator);
  // A generator that never started skips its `finally`, and one that waits takes a `return` only after its next item.
  generator.return = (value) => {
    end();
    return close(value);
  };
  return generator;

  async function* drain(): AsyncGenerator<Item, void> {
    try {
      while (!ended) {
        if (waiting.length === 0) {
          const woken = Promise.withResolvers<void>();
          wake = woken.resolve;
          await woken.promise;
          wake = undefined;
        }
        while (waiting.length > 0 && !ended) yield waiting.shift() as Item;
      }
      if (failure) throw failure.error;
    } finally {
      end();
    }
  }
}

/**
 * The domains' view of a live transport. A subscriber listens from the moment `subscribe` is called, not from its
 * first `next`, so that reading state afterwards misses nothing.
 */
export function createBus(live: LiveTransport): Bus {
  const events = readersOf((contract: Payloads) => (message) => readEvent(contract, message));
  const signals = readersOf((kind: Payloads) => (message) => kind.payload.safeParse(JSON.parse(message)).data);
  return {
    subscribe: <Payload>(contract: EventContract<Payload>, wanted: (payload: Payload) => boolean, signal: AbortSignal) =>
      stream<LiveEvent<Payload>>((push, fail) => {
        const read = events(contract) as (message: string) => LiveEvent<Payload> | undefined;
        const hear = guarded(fail, (message) => {
          const event = read(message);
          if (event && wanted(event.payload)) push(event);
        });
        return live.listen(eventTopic(contract.name), hear);
      }, signal),
    signals: <Payload>(kind: Signal<Payload>, wanted: (payload: Payload) => boolean, signal: AbortSignal) =>
      stream<Payload>((push, fail) => {
        const read = signals(kind) as (message: string) => Payload | undefined;
        const hear = guarded(fail, (message) => {
          const payload = read(message);
          if (payload !== undefined && wanted(payload)) push(payload);
        });
        return live.listen(kind.topic, hear);
      }, signal),
    send: (kind, payload) => live.broadcast(kind.topic, JSON.stringify(payload)),
  };
}

/** What events and signals have in common. */
type Payloads = Pick<Signal<unknown>, 'payload'>;

/** Undefined for an event that its contract does not know. */
function readEvent(contract: Payloads, message: string): LiveEvent<unknown> | undefined {
  const { eventId, occurredAt, organizationId, payload } = JSON.parse(message) as Envelope;
  const read = contract.payload.safeParse(payload);
  return read.success ? { eventId, occurredAt, organizationId, payload: read.data } : undefined;
}

/**
 * What reads the messages of a kind. All who listen get the same message one after the other, so it is read once and
 * frozen: with ten thousand listeners, reading it for each would take seconds, and keeping it for each the memory.
 */
function readersOf<Kind extends object, Result>(
  readerOf: (kind: Kind) => (message: string) => Result,
): (kind: Kind) => (message: string) => Result {
  const known = new WeakMap<Kind, (message: string) => Result>();
  return (kind) => {
    const reader = known.get(kind) ?? rememberingLast(readerOf(kind));
    known.set(kind, reader);
    return reader;
  };
}

function rememberingLast<Result>(read: (message: string) => Result): (message: string) => Result {
  let last: { readonly message: string; readonly result: Result } | undefined;
  return (message) => {
    if (last?.message !== message) last = { message, result: freeze(read(message)) };
    return last.result;
  };
}

function freeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
  return value;
}

/** A listener that throws ends its own stream; whoever broadcasts, and the other listeners, know nothing of it. */
const guarded = (fail: (error: unknown) => void, hear: (message: string) => void) => (message: string) => {
  try {
    hear(message);
  } catch (error) {
    fail(error);
  }
};
