import type { RuntimeSettings } from '@supergraph/platform/config';
import type { Log } from '@supergraph/platform/log';
import type { Redis } from 'ioredis';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { createRateLimits, noRateLimits, type RateLimits } from './rate-limits.ts';

export interface RateLimitStoreOptions {
  readonly settings: Pick<RuntimeSettings, 'rateLimits' | 'rateLimitStore'>;
  readonly redis: Redis | undefined;
  /** The database that gateways share; only asked where the settings say so. */
  readonly databaseUrl: string | undefined;
  readonly log: Log;
}

export interface OpenRateLimits extends RateLimits {
  close(): Promise<void>;
}

const duration = 60;

/** Keeps what callers have spent in memory, or where several gateways see it; memory stands in for a store that does not answer. */
export async function openRateLimits({ settings, redis, databaseUrl, log }: RateLimitStoreOptions): Promise<OpenRateLimits> {
  const { rateLimits: points, rateLimitStore: store } = settings;
  if (points.guest === 0 && points.user === 0 && points.client === 0) return { ...noRateLimits, close: () => Promise.resolve() };
  const { RateLimiterMemory, RateLimiterPostgres, RateLimiterRedis } = await import('rate-limiter-flexible');
  const table = store === 'postgres' ? await openTable(databaseUrl, log) : undefined;
  const limiterOf = (name: string, most: number): RateLimiterAbstract => {
    const shape = { points: most, duration, keyPrefix: `supergraph:rate:${name}` };
    const memory = new RateLimiterMemory(shape);
    if (store === 'redis' && redis)
      return new RateLimiterRedis({ ...shape, storeClient: redis, rejectIfRedisNotReady: true, insuranceLimiter: memory });
    if (!table) return memory;
    return new RateLimiterPostgres({
      ...shape,
      storeClient: table,
      storeType: 'client',
      schemaName: table.schema,
      tableName: table.table,
      tableCreated: true,
      insuranceLimiter: memory,
    });
  };
  const onFailure = (error: unknown) => log.warn({ error }, 'what was spent could not be counted');
  const limits = createRateLimits({ points, limiterOf, onFailure });
  return { ...limits, close: async () => table?.close() };
}

async function openTable(databaseUrl: string | undefined, log: Log) {
  if (!databaseUrl) throw new Error('rate limits are to be kept in PostgreSQL, but no database was named');
  const { openRateLimitTable } = await import('@supergraph/platform/rate-limit-table');
  return openRateLimitTable(databaseUrl, log);
}
