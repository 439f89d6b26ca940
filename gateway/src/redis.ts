import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@supergraph/platform/log';
import { openRedis, type Redis } from '@supergraph/platform/redis';

/** What waits for Redis waits inside a request, so it must not take long; each use has a way without it. */
const commandLimitMs = 250;

/** How long a start waits for the connection; without it the gateway serves, too. */
const patienceMs = 1_000;

/** A connection for what gateways share; commands fail at once while it is lost. */
export async function connectRedis(url: string, log: Log): Promise<Redis> {
  const redis = openRedis({
    url,
    log,
    lost: 'each gateway keeps persisted queries and rate limits for itself until it is back',
    options: { commandTimeout: commandLimitMs, disconnectTimeout: commandLimitMs, maxRetriesPerRequest: 0, enableOfflineQueue: false },
  });
  const ready = new Promise((resolve) => redis.once('ready', resolve));
  await Promise.race([ready, sleep(patienceMs, undefined, { ref: false })]);
  return redis;
}
