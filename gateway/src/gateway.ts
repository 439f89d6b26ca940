import type { Log } from '@supergraph/platform/log';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import type { Executor } from './executor.ts';
import type { CacheOf } from './engine/engine-cache.ts';
import { createEngine } from './engine/engine.ts';
import type { EngineMetrics } from './engine/fetch-report.ts';

export interface ExecutorOptions {
  readonly supergraphSdl: string;
  /** The domains by name, embedded or remote. */
  readonly clients: ReadonlyMap<string, SubgraphClient>;
  readonly log: Log;
  /** How long one subgraph may take for a query; mutations get the whole deadline. */
  readonly fetchMs?: number;
  /** False where code must not be generated at run time; the same is then done by closures. */
  readonly generateCode?: boolean;
  /** False where each request asks for itself, although an equal one is on its way for the same caller. */
  readonly shareRequests?: boolean;
  /** Hears what the engine does. */
  readonly metrics?: EngineMetrics | undefined;
  /** Remembers answers and entities; without it everybody is asked anew. */
  readonly cache?: CacheOf | undefined;
}

/** Runs operations over a composed supergraph: Apollo's planner decides who is asked for what, our engine does it. */
export const createExecutor = (options: ExecutorOptions): Executor => createEngine(options);
