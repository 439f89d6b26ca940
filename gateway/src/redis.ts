import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@supergraph/platform/log';
import { Redis } from 'ioredis';

const connectLimitMs = 5_000;
/** What waits for Redis waits inside a request, so it must not take long; each use has a way without it. */
const commandLimitMs = 250;

/** How long a start waits for the connection; without it the gateway serves, too. */
const patienceMs = 1_000;

/** A connection for what gateways share; commands fail at once while it is lost. */
export async function connectRedis(url: string, log: Log): Promise<Redis> {
  const redis = new Redis(url, {
    connectTimeout: connectLimitMs,
    commandTimeout: commandLimitMs,
    disconnectTimeout: commandLimitMs,
    keepAlive: 10_000,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    retryStrategy: (times) => Math.min(1_000, 50 * 2 ** times),
  });
  let lost = false;
  redis.on('error', (error: unknown) => {
    // Once per outage: it is tried again every second.
    if (!lost)
      log.warn({ error }, 'Redis is out of reach; each gateway keeps persisted queries and rate limits for itself until it is back');
    lost = true;
  });
  redis.on('ready', () => {
    lost = false;
  });
  const ready = new Promise((resolve) => redis.once('ready', resolve));
  await Promise.race([ready, sleep(patienceMs, undefined, { ref: false })]);
  return redis;
}
