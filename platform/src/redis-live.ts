import { randomUUID } from 'node:crypto';
import type { LiveTransport } from './bus.ts';
import { createConnectionState } from './connection-state.ts';
import { createTopics } from './in-process-bus.ts';
import type { Log } from './log.ts';
import { leaveRedis, openRedis } from './redis.ts';

const prefix = 'supergraph:live:';
const waitingAtMost = 10_000;

/**
 * Live hints between processes by Redis. Each process hears all topics, so that none is missed while a subscription is
 * being set up; its own broadcasts reach its listeners directly.
 */
export function createRedisLive({ url, log }: { readonly url: string; readonly log: Log }): LiveTransport {
  const topics = createTopics();
  const origin = randomUUID();
  const lost = 'live messages between processes are lost until it is back';
  const sender = openRedis({ url, log, lost });
  const receiver = openRedis({ url, log, lost });
  const connection = createConnectionState();
  let waiting = 0;

  receiver.on('pmessage', (_pattern, name, message) => {
    const topic = name.slice(prefix.length);
    if (!topics.has(topic) || message.startsWith(origin)) return;
    topics.tell(topic, message.slice(origin.length));
  });
  const listen = async (): Promise<void> => {
    try {
      await receiver.psubscribe(`${prefix}*`);
      connection.set(true);
    } catch (error) {
      if (receiver.status !== 'ready') return;
      log.warn({ error }, 'Redis could not be listened to; it is tried again');
      setTimeout(() => void listen(), 1_000).unref();
    }
  };
  receiver.on('ready', () => void listen());
  receiver.on('close', () => connection.set(false));

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
    onConnection: connection.watch,
    close: async () => {
      topics.clear();
      await Promise.all([leaveRedis(sender), leaveRedis(receiver)]);
    },
  };
}
