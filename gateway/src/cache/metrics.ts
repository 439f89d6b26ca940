import { Counter, type Registry } from 'prom-client';

/** Counts what the cache does. */
export interface CacheMetrics {
  lookedUp(kind: 'answer' | 'entity', hits: number, asked: number): void;
  kept(kind: 'answer' | 'entity', entries: number): void;
  /** By the event that touched something. */
  touched(event: string, tags: number): void;
}

/** Counters of the cache; `event` has as many values as there are events in the rules. */
export function createCacheMetrics(registry: Registry): CacheMetrics {
  const registers = [registry];
  const lookups = new Counter({
    name: 'gateway_cache_lookups_total',
    help: 'Answers and entities that were looked for',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const stores = new Counter({
    name: 'gateway_cache_stores_total',
    help: 'Answers and entities that were kept',
    labelNames: ['kind'],
    registers,
  });
  const invalidations = new Counter({
    name: 'gateway_cache_invalidations_total',
    help: 'Tags that domain events touched',
    labelNames: ['event'],
    registers,
  });
  return {
    lookedUp: (kind, hits, asked) => {
      if (hits > 0) lookups.inc({ kind, outcome: 'hit' }, hits);
      if (asked > hits) lookups.inc({ kind, outcome: 'miss' }, asked - hits);
    },
    kept: (kind, entries) => stores.inc({ kind }, entries),
    touched: (event, tags) => invalidations.inc({ event }, tags),
  };
}
