import { type AsyncMessage, type Channel, Connection } from 'rabbitmq-client';
import type { Consumer, EventEngine } from './bus.ts';
import { createLanes, handledAtOnce, pauseBeforeNextTry } from './delivery.ts';
import type { Envelope } from './events.ts';
import type { Log } from './log.ts';
import { pause } from './postgres-link.ts';

export interface RabbitOptions {
  readonly url: string;
  readonly log: Log;
}

const exchange = 'supergraph.events';
const deadExchange = 'supergraph.dead';
/** Where a consumer's events wait. */
const queueOf = (consumer: string) => `supergraph.${consumer}`;

const declareLimitMs = 2_000;
const confirmLimitMs = 5_000;
const publishedAtOnce = 5_000;
/** Unconfirmed events of a consumer in this process; behind a poison event its key waits among them. */
const prefetch = 250;
const reconnectPauseMs = 500;
const stopLimitMs = 5_000;
/** Deaths of processes count as deliveries; what is beyond this goes to the dead queue and not into nothing. */
const deliveryLimit = 1_000;

/**
 * An event engine on RabbitMQ: one durable quorum queue per consumer, bound to a topic exchange by its patterns.
 * Relays declare nothing: until a consumer has declared the exchange they keep their events, and from its first start
 * on a consumer's queue keeps what it wants.
 */
export function createRabbitEngine({ url, log }: RabbitOptions): EventEngine {
  const connection = new Connection({
    url,
    acquireTimeout: confirmLimitMs,
    connectionTimeout: 5_000,
    retryLow: 100,
    retryHigh: 1_000,
    noDelay: true,
  });
  let lost = false;
  connection.on('error', (error: unknown) => {
    // Once per outage: it is tried again about every second.
    if (!lost) log.warn({ error }, 'RabbitMQ is out of reach; events wait until it is back');
    lost = true;
  });
  connection.on('connection', () => {
    lost = false;
  });
  const publisher = createPublisher(connection, log);
  const running = new Set<Subscription>();
  return {
    publish: publisher.publish,
    consume: async (consumer) => {
      const subscription = subscribe(connection, consumer, log);
      running.add(subscription);
      // Without RabbitMQ the domain starts all the same; then nothing can be published that its queue could miss.
      const patience = new AbortController();
      await Promise.race([subscription.declared, pause(lost ? 0 : declareLimitMs, patience.signal)]);
      patience.abort();
      return async () => {
        running.delete(subscription);
        await subscription.stop();
      };
    },
    close: async () => {
      await Promise.all([...running].map((subscription) => subscription.stop()));
      const hard = setTimeout(() => connection.unsafeDestroy(), stopLimitMs);
      await publisher.close().catch((error: unknown) => log.debug({ error }, 'the publishing channel was closed already'));
      await connection.close();
      clearTimeout(hard);
    },
  };
}

function createPublisher(connection: Connection, log: Log) {
  const sender = connection.createPublisher({ confirm: true });
  const unwanted = new Set<string>();
  let waiting = 0;
  sender.on('basic.return', ({ routingKey }) => {
    if (unwanted.has(routingKey) || unwanted.size >= 1_000) return;
    unwanted.add(routingKey);
    log.info({ event: routingKey }, 'no consumer has ever asked for this event; it is not kept');
  });
  return {
    publish: async (envelope: Envelope): Promise<void> => {
      if (waiting >= publishedAtOnce) throw new Error('too many events wait to be published');
      waiting += 1;
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => late.reject(new Error(`RabbitMQ did not confirm within ${confirmLimitMs} ms`)), confirmLimitMs);
      const sent = sender.send(
        { exchange, routingKey: envelope.name, messageId: envelope.eventId, durable: true, mandatory: true },
        envelope,
      );
      try {
        await Promise.race([sent, late.promise]);
      } finally {
        clearTimeout(timer);
        waiting -= 1;
      }
    },
    close: () => sender.close(),
  };
}

interface Subscription {
  /** Resolves when the queue exists, so that nothing published from now on is missed. */
  readonly declared: Promise<void>;
  stop(): Promise<void>;
}

function subscribe(connection: Connection, consumer: Consumer, log: Log): Subscription {
  const stopping = new AbortController();
  const declared = Promise.withResolvers<void>();
  const ended = (async () => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        await receiveOnce(connection, consumer, log, stopping.signal, () => {
          failures = 0;
          declared.resolve();
        });
      } catch (error) {
        if (failures === 0 && !stopping.signal.aborted)
          log.warn({ consumer: consumer.name, error }, 'events cannot be received; it is tried again');
        failures += 1;
      }
      await pause(reconnectPauseMs, stopping.signal);
    }
    declared.resolve();
  })();
  return {
    declared: declared.promise,
    stop: async () => {
      stopping.abort();
      await ended;
    },
  };
}

/** Receives over one channel until it is lost or the signal ends it. What was not acknowledged goes back in its order. */
async function receiveOnce(
  connection: Connection,
  consumer: Consumer,
  log: Log,
  signal: AbortSignal,
  onDeclared: () => void,
): Promise<void> {
  const channel = await connection.acquire();
  const ending = new AbortController();
  const end = () => ending.abort();
  const lanes = createLanes(handledAtOnce);
  const closed = Promise.withResolvers<void>();
  channel.on('close', () => {
    end();
    closed.resolve();
  });
  channel.on('basic.cancel', end);
  signal.addEventListener('abort', end, { once: true });
  try {
    await declare(channel, consumer);
    onDeclared();
    await channel.basicQos({ prefetchCount: prefetch });
    const receive = (message: AsyncMessage) => {
      const envelope = message.body as Envelope;
      void lanes.run(envelope.key, async () => {
        if (!(await handleUntilDone(consumer, envelope, lanes, ending.signal, log))) return;
        if (channel.active) channel.basicAck({ deliveryTag: message.deliveryTag });
      });
    };
    if (!signal.aborted) await channel.basicConsume({ queue: queueOf(consumer.name) }, receive);
    if (signal.aborted) end();
    await ended(ending.signal);
  } finally {
    signal.removeEventListener('abort', end);
    end();
    // The queue stays ours until the last handler is done: cancelling first would let the next process overtake it.
    await lanes.idle();
    if (channel.active) await channel.close();
  }
}

async function ended(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
}

async function declare(channel: Channel, { name, patterns }: Consumer): Promise<void> {
  const queue = queueOf(name);
  await channel.exchangeDeclare({ exchange, type: 'topic', durable: true });
  await channel.exchangeDeclare({ exchange: deadExchange, type: 'fanout', durable: true });
  await channel.queueDeclare({ queue: deadExchange, durable: true });
  await channel.queueBind({ exchange: deadExchange, queue: deadExchange });
  await channel.queueDeclare({
    queue,
    durable: true,
    arguments: {
      'x-queue-type': 'quorum',
      'x-single-active-consumer': true,
      'x-delivery-limit': deliveryLimit,
      'x-dead-letter-exchange': deadExchange,
    },
  });
  for (const pattern of patterns) await channel.queueBind({ exchange, queue, routingKey: pattern });
}

/** Tries until the event is handled or set aside; false when the subscription ended first. Pauses take no slot. */
async function handleUntilDone(
  consumer: Consumer,
  envelope: Envelope,
  lanes: ReturnType<typeof createLanes>,
  signal: AbortSignal,
  log: Log,
): Promise<boolean> {
  for (let attempts = 1; ; attempts++) {
    const pauseMs = await lanes.inSlot(() => tryOnce(consumer, envelope, attempts, signal, log));
    if (pauseMs === undefined) return true;
    await pause(pauseMs, signal);
    if (signal.aborted) return false;
  }
}

/** Undefined when the event is done with, or how long to wait before it is tried again. */
async function tryOnce(
  consumer: Consumer,
  envelope: Envelope,
  attempts: number,
  signal: AbortSignal,
  log: Log,
): Promise<number | undefined> {
  if (signal.aborted) return 0;
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
      return reconnectPauseMs;
    }
  }
}
