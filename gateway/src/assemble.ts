import { setImmediate as turn } from 'node:timers/promises';
import type { RuntimeSettings } from '@supergraph/platform/config';
import type { Log } from '@supergraph/platform/log';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { ContractServings } from './contract-servings.ts';
import { contracts } from './contracts.ts';
import { createEdgeMetrics } from './edge-metrics.ts';
import type { Identifier } from './identify.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { createLoadGuard, type LoadOptions } from './load.ts';
import { createOpenStreams } from './open-streams.ts';
import { createOperations } from './operations.ts';
import { emptyManifest, type Manifest, readManifest, warmManifest, warmOperation } from './persisted-operations.ts';
import { createPersistedQueries } from './persisted-queries.ts';
import { createQueryStore } from './query-store.ts';
import { openRateLimits } from './rate-limit-store.ts';
import { connectRedis } from './redis.ts';
import type { Serving, Shared } from './serving.ts';
import { createSharedAnswers } from './shared-answers.ts';
import { createSlowReaders, type SlowReaderOptions } from './slow-readers.ts';
import type { Graph } from './supergraph.ts';
import { warm } from './warming.ts';

export interface ServingOptions {
  readonly settings: RuntimeSettings;
  readonly graph: Graph;
  readonly identifier: Identifier;
  readonly log: Log;
  /** What is measured, beside what is measured here. */
  readonly metrics?: Registry;
  /** The database that several gateways share. */
  readonly databaseUrl?: string;
  readonly limits?: Partial<Limits>;
  readonly load?: Omit<LoadOptions, 'metrics'>;
  readonly slowReaders?: SlowReaderOptions;
  readonly operationMs?: number;
  readonly heartbeatMs?: number;
  /** Whether equal queries of one caller that are under way are worked out once; they are unless said otherwise. */
  readonly shareAnswers?: boolean;
}

/** What serves each contract, with its metrics and its end. */
export interface Assembly {
  readonly shared: Shared;
  readonly servings: ContractServings;
  readonly limits: Limits;
  readonly metrics: Registry;
  /** New work is still taken, but load balancers are told to turn away. */
  readonly leave: () => void;
  readonly stop: () => void;
  readonly close: () => Promise<void>;
}

/** Puts together what serves the graph; throws a SettingsError where registered operations do not fit it. */
export async function assemble(options: ServingOptions): Promise<Assembly> {
  const { settings, graph, identifier, log } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const operations = new Map(
    contracts.map(({ name }) => {
      const live = graph.of(name);
      return [name, { live, operations: createOperations(() => live.current, { development: settings.development, limits }) }];
    }),
  );
  const manifest = settings.persistedOperations ? readManifest(settings.persistedOperations) : emptyManifest;
  warmManifest(
    manifest,
    [...operations.values()].map((one) => one.operations),
  );
  const metrics = options.metrics ?? new Registry();
  collectDefaultMetrics({ register: metrics });
  const leaving = new AbortController();
  const stopping = new AbortController();
  const redis = settings.redisUrl ? await connectRedis(settings.redisUrl, log) : undefined;
  const rates = await openRateLimits({ settings, redis, databaseUrl: options.databaseUrl, log }).catch((error: unknown) => {
    redis?.disconnect();
    throw error;
  });
  const store = createQueryStore({ redis, log });
  const shared: Shared = {
    identifier,
    log,
    persisted: createPersistedQueries({ store, manifest, isLimited: () => settings.persistedOperationsOnly }),
    load: createLoadGuard({ ...options.load, metrics }),
    slowReaders: createSlowReaders(options.slowReaders),
    streams: createOpenStreams({ perUser: settings.streamsPerUser, perAddress: settings.streamsPerAddress }, metrics),
    rates,
    metrics: createEdgeMetrics(metrics),
    underway: options.shareAnswers === false ? undefined : createSharedAnswers(),
    trustedProxies: settings.trustedProxies,
    operationMs: options.operationMs ?? 5_000,
    heartbeatMs: options.heartbeatMs ?? 12_000,
    leaving: leaving.signal,
    stopping: stopping.signal,
  };
  const servings = new Map([...operations].map(([name, own]) => [name, { ...shared, ...own }]));
  await keepWarm(graph, servings, manifest, log);
  return {
    shared,
    servings,
    limits,
    metrics,
    leave: () => leaving.abort(),
    stop: () => stopping.abort(),
    close: async () => {
      shared.load.close();
      shared.slowReaders.close();
      identifier.close();
      await rates.close();
      redis?.disconnect();
    },
  };
}

/** Gets each later supergraph ready for what clients are known to ask. */
async function keepWarm(
  graph: Graph,
  servings: ReadonlyMap<string, Serving>,
  { operations: registered }: Manifest,
  log: Log,
): Promise<void> {
  await graph.warmWith(async (contract, next, previous) => {
    const operations = servings.get(contract)?.operations;
    if (!previous || !operations) return;
    for (const operation of registered) {
      await turn();
      const problem = warmOperation(operation, operations, next);
      if (problem) log.debug({ contract, operation: operation.name, problem }, 'a registered operation does not fit the new supergraph');
    }
    await warm(next, await operations.carryOver(previous, next), log);
  });
}
