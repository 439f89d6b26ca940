import { eventTopic, type LiveTransport } from '@supergraph/platform/bus';
import type { RuntimeSettings } from '@supergraph/platform/config';
import type { Envelope } from '@supergraph/platform/events';
import type { Log } from '@supergraph/platform/log';
import type { Policies } from '@supergraph/platform/policies';
import type { TouchRule } from '@supergraph/platform/touches';
import type { Registry } from 'prom-client';
import type { CacheOf } from '../engine/engine-cache.ts';
import { createEngineCache } from './engine-cache.ts';
import { createMemoryStore } from './memory-store.ts';
import { type CacheMetrics, createCacheMetrics } from './metrics.ts';
import { createRedisStore } from './redis-store.ts';
import { type CacheStore, nothingFound } from './store.ts';

/** What the gateway remembers, for all engines that it runs one after the other. */
export interface Cache {
  /** Undefined where nothing is to be remembered. */
  readonly of: CacheOf | undefined;
  close(): Promise<void>;
}

export interface CacheOptions {
  readonly settings: Pick<RuntimeSettings, 'cacheMb' | 'redisUrl'>;
  readonly live: LiveTransport;
  /** What administrators forbid: what is remembered is the same for everybody, and so is forgotten while anything is forbidden to some. */
  readonly policies?: Pick<Policies, 'state' | 'onChange'>;
  /** Which events outdate what. */
  readonly rules: readonly TouchRule[];
  readonly log: Log;
  readonly metrics?: Registry;
}

/** Opens the cache: in Redis with REDIS_URL, else in this process; none at all with CACHE_MB=0. */
export function openCache({ settings, live, policies, rules, log, metrics }: CacheOptions): Cache {
  if (settings.cacheMb === 0) return { of: undefined, close: () => Promise.resolve() };
  const counters = metrics && createCacheMetrics(metrics);
  const store = settings.redisUrl
    ? createRedisStore({ url: settings.redisUrl, log })
    : createMemoryStore({ bytes: settings.cacheMb * 1_048_576 });
  const hearing = whileHearing(store, live);
  const heard = policies ? whileUngoverned(hearing, policies) : hearing;
  const endTouching = touchOnEvents(heard, { live, rules, log, metrics: counters });
  return {
    of: createEngineCache({ store: heard, metrics: counters }),
    close: () => {
      endTouching();
      return heard.close();
    },
  };
}

/** A store that has nothing while events of other processes cannot be heard, and begins anew when they can. */
export function whileHearing(store: CacheStore, { onConnection }: Pick<LiveTransport, 'onConnection'>): CacheStore {
  if (!onConnection) return store;
  let hearing = false;
  const end = onConnection((connected) => {
    hearing = connected;
    store.clear();
  });
  return {
    ...store,
    find: (keys) => (hearing ? store.find(keys) : nothingFound(keys)),
    keep: (entries, moment) => {
      if (hearing) store.keep(entries, moment);
    },
    close: () => {
      end();
      return store.close();
    },
  };
}

/** A store that has nothing while stored policies are in force. */
export function whileUngoverned(store: CacheStore, policies: Pick<Policies, 'state' | 'onChange'>): CacheStore {
  const end = policies.onChange(() => store.clear());
  return {
    ...store,
    find: (keys) => (policies.state === 'ACTIVE' ? nothingFound(keys) : store.find(keys)),
    keep: (entries, moment) => {
      if (policies.state !== 'ACTIVE') store.keep(entries, moment);
    },
    close: () => {
      end();
      return store.close();
    },
  };
}

interface Touching {
  readonly live: LiveTransport;
  readonly rules: readonly TouchRule[];
  readonly log: Log;
  readonly metrics: CacheMetrics | undefined;
}

/** Outdates what events tell of; the result ends it. */
export function touchOnEvents(store: CacheStore, { live, rules, log, metrics }: Touching): () => void {
  const endings = [...Map.groupBy(rules, ({ event }) => event)].map(([event, own]) =>
    live.listen(eventTopic(event), (message) => {
      try {
        const { payload } = JSON.parse(message) as Envelope;
        const tags = [...new Set(own.flatMap(({ tagsOf }) => tagsOf(payload)))];
        store.touch(tags);
        metrics?.touched(event, tags.length);
      } catch (error) {
        log.warn({ error, event }, 'an event could not be read; everything that is remembered counts as outdated');
        store.clear();
      }
    }),
  );
  return () => endings.forEach((end) => end());
}
