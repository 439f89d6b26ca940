import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Consumer, EventEngine, LiveTransport } from './bus.ts';
import { fits, type Envelope } from './events.ts';

/** How often and how long a consumer's event is tried before it is set aside: about 4 seconds in all. */
const retryDelaysMs = [50, 200, 750, 3_000];

/**
 * The event engine of one process: `publish` resolves when every consumer has handled the event. What is not yet
 * safe stays in the outbox, so nothing is lost when the process dies.
 */
export function createInProcessEngine(options: { readonly retryDelaysMs?: readonly number[] } = {}): EventEngine {
  const delays = options.retryDelaysMs ?? retryDelaysMs;
  const consumers = new Set<Consumer>();
  const closing = new AbortController();
  return {
    async publish(envelope) {
      const interested = [...consumers].filter(({ patterns }) => patterns.some((pattern) => fits(pattern, envelope.name)));
      await Promise.all(interested.map((consumer) => deliver(consumer, envelope, delays, closing.signal)));
    },
    consume: (consumer) => {
      consumers.add(consumer);
      return Promise.resolve(() => {
        consumers.delete(consumer);
        return Promise.resolve();
      });
    },
    close: () => {
      closing.abort();
      consumers.clear();
      return Promise.resolve();
    },
  };
}

async function deliver(consumer: Consumer, envelope: Envelope, delays: readonly number[], signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await consumer.handle(envelope);
    } catch (error) {
      const delay = delays[attempt - 1];
      if (delay === undefined) return consumer.setAside(envelope, error, attempt);
      await sleep(delay, undefined, { signal });
    }
  }
}

/** Live hints inside one process. */
export function createInProcessLive(): LiveTransport {
  const emitter = new EventEmitter();
  emitter.setMaxListeners(0);
  return {
    broadcast: (topic, message) => void emitter.emit(topic, message),
    listen: (topic, listener) => {
      emitter.on(topic, listener);
      return () => void emitter.off(topic, listener);
    },
    close: () => {
      emitter.removeAllListeners();
      return Promise.resolve();
    },
  };
}
