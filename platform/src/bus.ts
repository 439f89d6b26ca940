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

/** Turns a listener into an async generator with a bounded buffer. Listening begins at the first call of `next`. */
export async function* stream<Item>(listen: (push: (item: Item) => void) => () => void, signal: AbortSignal): AsyncGenerator<Item, void> {
  if (signal.aborted) return;
  const waiting: Item[] = [];
  let overflown = false;
  let wake: () => void = () => undefined;
  const stop = listen((item) => {
    if (waiting.length >= bufferLimit) overflown = true;
    else waiting.push(item);
    wake();
  });
  const onAbort = () => wake();
  signal.addEventListener('abort', onAbort);
  try {
    while (!signal.aborted) {
      if (overflown) throw conflict('the subscriber reads too slowly; resume from the last cursor', { reason: 'SLOW_CONSUMER' });
      const item = waiting.shift();
      if (item !== undefined) {
        yield item;
        continue;
      }
      const woken = Promise.withResolvers<void>();
      wake = woken.resolve;
      if (waiting.length === 0 && !signal.aborted && !overflown) await woken.promise;
    }
  } finally {
    stop();
    signal.removeEventListener('abort', onAbort);
  }
}

/**
 * The domains' view of a live transport. A subscriber listens from the moment `subscribe` is called, not from its
 * first `next`, so that reading state afterwards misses nothing.
 */
export function createBus(live: LiveTransport): Bus {
  return {
    subscribe: (contract, wanted, signal) =>
      eager(
        (push) =>
          live.listen(eventTopic(contract.name), (message) => {
            const envelope = JSON.parse(message) as Envelope;
            const payload = contract.payload.safeParse(envelope.payload);
            if (payload.success && wanted(payload.data))
              push({
                eventId: envelope.eventId,
                occurredAt: envelope.occurredAt,
                organizationId: envelope.organizationId,
                payload: payload.data,
              });
          }),
        signal,
      ),
    signals: (kind, wanted, signal) =>
      eager(
        (push) =>
          live.listen(kind.topic, (message) => {
            const payload = kind.payload.safeParse(JSON.parse(message));
            if (payload.success && wanted(payload.data)) push(payload.data);
          }),
        signal,
      ),
    send: (kind, payload) => live.broadcast(kind.topic, JSON.stringify(payload)),
  };
}

function eager<Item>(listen: (push: (item: Item) => void) => () => void, signal: AbortSignal): AsyncGenerator<Item, void> {
  const early: Item[] = [];
  let deliver = (item: Item) => {
    if (early.length <= bufferLimit) early.push(item);
  };
  const stop = listen((item) => deliver(item));
  signal.addEventListener('abort', stop, { once: true });
  const generator = stream<Item>((push) => {
    early.splice(0).forEach(push);
    deliver = push;
    return () => {
      stop();
      signal.removeEventListener('abort', stop);
    };
  }, signal);
  const end = generator.return.bind(generator);
  // A generator that was never started skips its `finally`, so its listener is removed here.
  generator.return = (value) => {
    stop();
    return end(value);
  };
  return generator;
}
