import type { Explained, ToldFetchTiming } from '../explained.ts';
import { type ExplainedPlan, explainPlan } from './explain-plan.ts';
import type { FetchReport } from './fetch-report.ts';
import type { Operation } from './operation.ts';

/** Notes how one operation, or one event, is answered, for whoever asked to be told. */
export interface Recording {
  /** `tookMs` is 0 for what was planned before. */
  planned(operation: Operation, tookMs: number, isKnown: boolean): void;
  fetched(report: FetchReport): void;
  wrote(tookMs: number): void;
  /** What is known so far; undefined where nothing was planned. */
  told(): Explained | undefined;
}

const toHundredths = (ms: number): number => Math.round(ms * 100) / 100;

/** Begins to note. */
export function createRecording(): Recording {
  const startedAt = performance.now();
  const reports: FetchReport[] = [];
  let planning: { readonly operation: Operation; readonly tookMs: number; readonly isKnown: boolean } | undefined;
  let writingMs = 0;
  return {
    planned: (operation, tookMs, isKnown) => {
      planning = { operation, tookMs, isKnown };
    },
    fetched: (report) => void reports.push(report),
    wrote: (tookMs) => {
      writingMs += tookMs;
    },
    told: () => {
      if (!planning) return undefined;
      const explained = explainPlan(planning.operation);
      return {
        plan: explained.told,
        timings: {
          totalMs: toHundredths(performance.now() - startedAt),
          planningMs: toHundredths(planning.tookMs),
          planKnown: planning.isKnown,
          fetches: reports.map((report) => tellFetch(report, startedAt, explained)),
          writingMs: toHundredths(writingMs),
        },
      };
    },
  };
}

function tellFetch(report: FetchReport, since: number, { numberOf, pathOf }: ExplainedPlan): ToldFetchTiming {
  const { fetch, startedAt, endedAt, outcome, wanted, asked, remembered, isShared, errors } = report;
  return {
    fetch: numberOf(fetch.node),
    subgraph: fetch.node.serviceName,
    path: pathOf(fetch.path),
    startedAtMs: toHundredths(startedAt - since),
    tookMs: toHundredths(endedAt - startedAt),
    outcome,
    ...(wanted > 0 ? { entities: { wanted, asked, remembered } } : {}),
    ...(isShared ? { shared: true } : {}),
    ...(errors > 0 ? { errors } : {}),
  };
}
