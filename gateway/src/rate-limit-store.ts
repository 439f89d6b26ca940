import type { RuntimeSettings } from '@supergraph/platform/config';
import type { Log } from '@supergraph/platform/log';
import type { Redis } from 'ioredis';
import type { RateLimiterAbstract } from 'rate-limiter-flexible';
import { countRequest, createRateLimits, type RateLimits, unlimited } from './rate-limits.ts';

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
  const onFailure = (error: unknown) => log.warn({ error }, 'what was spent could not be counted');
  let opening: ReturnType<typeof openLimiters> | undefined;
  const opened = () => (opening ??= openLimiters(store, redis, databaseUrl, log));
  let ofOrganizations: Promise<RateLimiterAbstract> | undefined;
  const organizations = () => (ofOrganizations ??= opened().then(({ limiterOf }) => limiterOf('organization', anyNumber)));
  const close = async () => (await opening)?.close();
  // The library is not loaded for nothing.
  if (points.guest === 0 && points.user === 0 && points.client === 0)
    return { ...unlimited, countRequest: (identity) => countRequest(identity, organizations, onFailure), close };
  const { limiterOf } = await opened();
  return { ...createRateLimits({ points, limiterOf, organizations, onFailure }), close };
}

/** Organizations have limits of their own, so their limiter only counts; it counts in 32 bits. */
const anyNumber = 2_000_000_000;

async function openLimiters(
  store: RuntimeSettings['rateLimitStore'],
  redis: Redis | undefined,
  databaseUrl: string | undefined,
  log: Log,
): Promise<{ limiterOf: (name: string, most: number) => RateLimiterAbstract; close: () => Promise<void> }> {
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
  return { limiterOf, close: async () => table?.close() };
}

async function openTable(databaseUrl: string | undefined, log: Log) {
  if (!databaseUrl) throw new Error('rate limits are to be kept in PostgreSQL, but no database was named');
  const { openRateLimitTable } = await import('@supergraph/platform/rate-limit-table');
  return openRateLimitTable(databaseUrl, log);
}
