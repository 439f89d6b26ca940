import { serveParent } from '../processes/child.ts';
import { percentile } from '../measure.ts';
import { generateLoad, type LoadPlan } from './generator.ts';

/** One round as it leaves the load generator's process. */
export interface LoadRound {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were right. */
  readonly answers: number;
  readonly wrong: number;
  readonly firstWrong: string | undefined;
  readonly lastNumber: number;
}

serveParent(undefined, {
  round: async (plan: LoadPlan): Promise<LoadRound> => {
    const { latencies, tookMs, ...rest } = await generateLoad(plan);
    const sorted = [...latencies];
    return {
      requestsPerSecond: (latencies.length * 1_000) / tookMs,
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      answers: latencies.length,
      ...rest,
    };
  },
});
