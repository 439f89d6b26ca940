import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, EventEngine, LiveTransport } from './bus.ts';
import { createLanes, type Lanes, pauseBeforeNextTry } from './delivery.ts';
import { fits, type Envelope } from './events.ts';

/** Events of one consumer that are handled at once; more would only wait for its database. */
const slots = 4;

interface Served {
  readonly signal: AbortSignal;
  readonly lanes: Lanes;
}

/**
 * The event engine of one process: `publish` resolves when every consumer has handled the event. What is not yet
 * safe stays in the outbox, so nothing is lost when the process dies.
 */
export function createInProcessEngine({ retryDelaysMs }: { readonly retryDelaysMs?: readonly number[] } = {}): EventEngine {
  const pauseAfter: PauseAfter = retryDelaysMs ? (_error, attempts) => retryDelaysMs[attempts - 1] : pauseBeforeNextTry;
  const consumers = new Map<Consumer, Served & { readonly ending: AbortController }>();
  return {
    async publish(envelope) {
      const interested = [...consumers].filter(([{ patterns }]) => patterns.some((pattern) => fits(pattern, envelope.name)));
      await Promise.all(interested.map(([consumer, served]) => deliver(consumer, envelope, pauseAfter, served)));
    },
    consume: (consumer) => {
      const ending = new AbortController();
      consumers.set(consumer, { ending, signal: ending.signal, lanes: createLanes(slots) });
      return Promise.resolve(() => {
        // It stays known: what it misses from now on is not safe, and waits in the outbox for the next start.
        ending.abort(new Error(`${consumer.name} takes no more events`));
        return Promise.resolve();
      });
    },
    close: () => {
      for (const { ending } of consumers.values()) ending.abort(new Error('the event engine is closed'));
      return Promise.resolve();
    },
  };
}

type PauseAfter = (error: unknown, attempts: number) => number | undefined;

async function deliver(consumer: Consumer, envelope: Envelope, pauseAfter: PauseAfter, { signal, lanes }: Served): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    try {
      // Only while it is handled: an event that rests between two tries holds up nobody.
      return await lanes.inSlot(() => consumer.handle(envelope));
    } catch (error) {
      const pauseMs = pauseAfter(error, attempt);
      if (pauseMs === undefined) return consumer.setAside(envelope, error, attempt);
      await sleep(pauseMs, undefined, { signal });
    }
  }
}

/** Who listens to what in this process. */
export function createTopics() {
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);
  return {
    tell: (topic: string, message: string): void => void emitter.emit(topic, message),
    has: (topic: string): boolean => emitter.listenerCount(topic) > 0,
    listen: (topic: string, listener: (message: string) => void) => {
      emitter.on(topic, listener);
      return () => void emitter.off(topic, listener);
    },
    clear: () => void emitter.removeAllListeners(),
  };
}

/** Live hints inside one process. */
export function createInProcessLive(): LiveTransport {
  const topics = createTopics();
  return {
    broadcast: topics.tell,
    listen: topics.listen,
    close: () => {
      topics.clear();
      return Promise.resolve();
    },
  };
}
