import { setTimeout as sleep } from 'node:timers/promises';
import { Redis, type RedisOptions } from 'ioredis';
import type { Log } from './log.ts';

export type { Redis } from 'ioredis';

const connectLimitMs = 5_000;
const leaveLimitMs = 1_000;

export interface RedisClientOptions {
  readonly url: string;
  readonly log: Log;
  /** What an outage means, for the log. */
  readonly lost: string;
  readonly options?: RedisOptions;
}

/** Opens a client that connects again by itself, and says once per outage that it is one. */
export function openRedis({ url, log, lost, options }: RedisClientOptions): Redis {
  const redis = new Redis(url, {
    connectTimeout: connectLimitMs,
    keepAlive: 10_000,
    maxRetriesPerRequest: 1,
    retryStrategy: (times) => Math.min(1_000, 50 * 2 ** times),
    ...options,
  });
  let isLost = false;
  redis.on('error', (error: unknown) => {
    // It is tried again every second.
    if (!isLost) log.warn({ error }, `Redis is out of reach; ${lost}`);
    isLost = true;
  });
  redis.on('ready', () => {
    isLost = false;
  });
  return redis;
}

/** Ends a client; what it was asked is answered first, where Redis answers. */
export async function leaveRedis(redis: Redis): Promise<void> {
  if (redis.status !== 'ready') return redis.disconnect();
  // It may be lost at this very moment, which is as good.
  const left = redis.quit().catch(() => undefined);
  await Promise.race([left, sleep(leaveLimitMs, undefined, { ref: false })]);
  redis.disconnect();
}
