import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, EventEngine, LiveTransport } from './bus.ts';
import { createLanes, handledAtOnce, type Lanes, pauseBeforeNextTry } from './delivery.ts';
import { fits, type Envelope } from './events.ts';

/**
 * The event engine of one process: `publish` resolves when every consumer has handled the event. What is not yet
 * safe stays in the outbox, so nothing is lost when the process dies.
 */
export function createInProcessEngine({ retryDelaysMs }: { readonly retryDelaysMs?: readonly number[] } = {}): EventEngine {
  const pauseAfter: PauseAfter = retryDelaysMs ? (_error, attempts) => retryDelaysMs[attempts - 1] : pauseBeforeNextTry;
  const consumers = new Map<Consumer, Receiving>();
  return {
    async publish(envelope) {
      const interested = [...consumers].filter(([{ patterns }]) => patterns.some((pattern) => fits(pattern, envelope.name)));
      await Promise.all(interested.map(([consumer, receiving]) => deliver(consumer, envelope, pauseAfter, receiving)));
    },
    consume: (consumer) => {
      const ending = new AbortController();
      consumers.set(consumer, { ending, lanes: createLanes(handledAtOnce) });
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

interface Receiving {
  readonly ending: AbortController;
  readonly lanes: Lanes;
}

async function deliver(consumer: Consumer, envelope: Envelope, pauseAfter: PauseAfter, { ending, lanes }: Receiving): Promise<void> {
  const { signal } = ending;
  for (let attempt = 1; ; attempt++) {
    const failure = await lanes.inSlot(() => {
      signal.throwIfAborted();
      return handleOnce(consumer, envelope);
    });
    if (!failure) return;
    const pauseMs = pauseAfter(failure.reason, attempt);
    if (pauseMs === undefined) return consumer.setAside(envelope, failure.reason, attempt);
    await sleep(pauseMs, undefined, { signal });
  }
}

async function handleOnce(consumer: Consumer, envelope: Envelope): Promise<{ readonly reason: unknown } | undefined> {
  try {
    await consumer.handle(envelope);
    return undefined;
  } catch (reason) {
    return { reason };
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
