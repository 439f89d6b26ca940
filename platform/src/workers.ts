import type { z } from 'zod';
import type { RequestContext } from './context.ts';
import type { Db } from './database.ts';

/** Background work of a domain: one named kind with checked data, run at least once, also by schedule. */
export interface WorkerDefinition<Data> {
  /** Unique in the domain, in kebab-case. */
  readonly name: string;
  // Not ZodType<Data>: definitions of different data stand in one list.
  readonly data: z.ZodType;
  /** Runs by itself with `{}` as data: five fields of cron, in UTC. */
  readonly schedule?: string;
  readonly run: (ctx: RequestContext<never>, data: Data) => Promise<void>;
}

/** Declares background work; the loaders type of `run`'s context is the domain's own. */
export const defineWorker = <Data, L = never>(
  definition: Omit<WorkerDefinition<Data>, 'run' | 'data'> & {
    data: z.ZodType<Data>;
    run: (ctx: RequestContext<L>, data: Data) => Promise<void>;
  },
): WorkerDefinition<Data> => definition;

export interface EnqueueOptions {
  /** Not before; in seconds' precision. */
  readonly startAfter?: Date;
  /** While one with this key waits, another is not added. */
  readonly singletonKey?: string;
}

/** Lets rules hand work to the background, in the transaction that decides it. */
export interface WorkerQueue {
  enqueue<Data>(tx: Db, worker: WorkerDefinition<Data>, data: Data, options?: EnqueueOptions): Promise<void>;
}

/** The engine that keeps and runs background work for all domains of a process. */
export interface WorkerRuntime {
  queueOf(domain: string): WorkerQueue;
  /** Begins to run a domain's workers; `contextFor` makes a fresh context for each run. */
  register(
    domain: string,
    workers: readonly WorkerDefinition<never>[],
    contextFor: (requestId: string, signal: AbortSignal) => RequestContext<never>,
  ): Promise<void>;
  /** Runs everything that is due now, for tests; the number of runs. */
  drain(): Promise<number>;
  stop(): Promise<void>;
}
