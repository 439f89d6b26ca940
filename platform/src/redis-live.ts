import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import type { LiveTransport } from './bus.ts';
import { createTopics } from './in-process-bus.ts';
import type { Log } from './log.ts';

const prefix = 'supergraph:live:';
const connectLimitMs = 5_000;
const waitingAtMost = 10_000;

/**
 * Live hints between processes by Redis. Each process hears all topics, so that none is missed while a subscription is
 * being set up; its own broadcasts reach its listeners directly.
 */
export function createRedisLive({ url, log }: { readonly url: string; readonly log: Log }): LiveTransport {
  const topics = createTopics();
  const origin = randomUUID();
  const sender = connect(url, log);
  const receiver = connect(url, log);
  let waiting = 0;

  receiver.on('pmessage', (_pattern, name, message) => {
    const topic = name.slice(prefix.length);
    if (!topics.has(topic) || message.startsWith(origin)) return;
    topics.tell(topic, message.slice(origin.length));
  });
  // Asked for again by the client itself after each reconnect, once it has worked.
  const listen = () =>
    receiver.psubscribe(`${prefix}*`).catch((error: unknown) => {
      if (receiver.status === 'end') return;
      log.warn({ error }, 'Redis could not be listened to; it is tried again');
      setTimeout(() => void listen(), 1_000).unref();
    });
  void listen();

  const send = async (topic: string, message: string) => {
    waiting += 1;
    try {
      await sender.publish(prefix + topic, origin + message);
    } catch (error) {
      log.debug({ error }, 'a live message was lost; those who listen read again when they reconnect');
    } finally {
      waiting -= 1;
    }
  };
  return {
    broadcast: (topic, message) => {
      topics.tell(topic, message);
      if (waiting < waitingAtMost) void send(topic, message);
    },
    listen: topics.listen,
    close: async () => {
      topics.clear();
      await Promise.all([leave(sender), leave(receiver)]);
    },
  };
}

function connect(url: string, log: Log): Redis {
  const redis = new Redis(url, {
    connectTimeout: connectLimitMs,
    keepAlive: 10_000,
    maxRetriesPerRequest: 1,
    retryStrategy: (times) => Math.min(1_000, 50 * 2 ** times),
  });
  let lost = false;
  redis.on('error', (error: unknown) => {
    // Once per outage: it is tried again every second.
    if (!lost) log.warn({ error }, 'Redis is out of reach; live messages between processes are lost until it is back');
    lost = true;
  });
  redis.on('ready', () => {
    lost = false;
  });
  return redis;
}

async function leave(redis: Redis): Promise<void> {
  if (redis.status !== 'ready') return redis.disconnect();
  try {
    await redis.quit();
  } catch {
    // It was lost at this very moment, which is as good.
    redis.disconnect();
  }
}
