import type { RuntimeSettings } from '@supergraph/platform/config';
import type { Log } from '@supergraph/platform/log';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Executor } from './executor.ts';
import type { Identifier } from './identify.ts';
import type { Limits } from './limits.ts';
import { createLoadGuard, type LoadOptions } from './load.ts';
import { createOperations } from './operations.ts';
import { emptyManifest, readManifest, warmManifest } from './persisted-operations.ts';
import { createPersistedQueries } from './persisted-queries.ts';
import { createQueryStore } from './query-store.ts';
import { connectRedis } from './redis.ts';
import type { Serving } from './serving.ts';
import { createSlowReaders, type SlowReaderOptions } from './slow-readers.ts';

export interface ServingOptions {
  readonly settings: RuntimeSettings;
  readonly executor: Executor;
  readonly identifier: Identifier;
  readonly log: Log;
  readonly limits?: Partial<Limits>;
  readonly load?: Omit<LoadOptions, 'metrics'>;
  readonly slowReaders?: SlowReaderOptions;
  readonly operationMs?: number;
  readonly heartbeatMs?: number;
}

/** What all transports share, with its metrics and its end. */
export interface Assembly {
  readonly serving: Serving;
  readonly metrics: Registry;
  readonly stopping: {
    /** New work is still taken, but load balancers are told to turn away. */
    leave(): void;
    stop(): void;
  };
  close(): Promise<void>;
}

/** Puts together what all transports share; throws a SettingsError where registered operations do not fit the graph. */
export async function assemble(options: ServingOptions): Promise<Assembly> {
  const { settings, executor, identifier, log, limits } = options;
  const operations = createOperations(executor, { development: settings.development, ...(limits ? { limits } : {}) });
  const manifest = settings.persistedOperations ? readManifest(settings.persistedOperations) : emptyManifest;
  warmManifest(manifest, operations, executor);
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const leaving = new AbortController();
  const stopping = new AbortController();
  const redis = settings.redisUrl ? await connectRedis(settings.redisUrl, log) : undefined;
  const store = createQueryStore({ redis, log });
  const serving: Serving = {
    executor,
    identifier,
    log,
    operations,
    persisted: createPersistedQueries({ store, manifest, isLimited: () => settings.persistedOperationsOnly }),
    load: createLoadGuard({ ...options.load, metrics }),
    slowReaders: createSlowReaders(options.slowReaders),
    operationMs: options.operationMs ?? 5_000,
    heartbeatMs: options.heartbeatMs ?? 12_000,
    leaving: leaving.signal,
    stopping: stopping.signal,
  };
  return {
    serving,
    metrics,
    stopping: { leave: () => leaving.abort(), stop: () => stopping.abort() },
    close: () => {
      serving.load.close();
      serving.slowReaders.close();
      identifier.close();
      redis?.disconnect();
      return Promise.resolve();
    },
  };
}
