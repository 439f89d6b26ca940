import type { FetchOutcome } from '../explained.ts';
import type { CompiledFetch } from './compiled-fetch.ts';

/** What came of a fetch. */
export interface FetchReport {
  readonly fetch: Pick<CompiledFetch, 'node' | 'path'>;
  /** Both as `performance.now()` tells them. */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly outcome: FetchOutcome;
  readonly errors: number;
  /** How many objects of the answer want an entity; 0 for root fields. */
  readonly wanted: number;
  /** How many entities were asked for. */
  readonly asked: number;
  /** How many entities were known from earlier requests, and not asked for; what is left of `wanted` was asked for once instead of often. */
  readonly remembered: number;
  /** The same question of somebody else was under way already. */
  readonly isShared: boolean;
}

/** Hears what engines do. */
export interface EngineMetrics {
  /** A plan was made, or could not be. */
  readonly planned: (tookMs: number, isMade: boolean) => void;
  /** A plan was there already. */
  readonly planFound: () => void;
  /** So many more planned operations are in memory, or fewer. */
  readonly kept: (change: number) => void;
  readonly fetched: (report: FetchReport) => void;
}

const nothing = () => undefined;

/** Hears and forgets. */
export const noMetrics: EngineMetrics = { planned: nothing, planFound: nothing, kept: nothing, fetched: nothing };
