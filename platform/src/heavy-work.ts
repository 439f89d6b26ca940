import { availableParallelism } from 'node:os';
import pLimit from 'p-limit';
import { Counter, Gauge, Histogram } from 'prom-client';
import { currentSignal, remaining } from './deadline.ts';
import { domainMetrics } from './domain-metrics.ts';
import { DomainError, upstreamUnavailable } from './errors.ts';

/** Node's own threads, which do heavy work and reading of files and looking up of names alike. */
const threads = Number(process.env['UV_THREADPOOL_SIZE']) || 4;

/**
 * How much heavy work goes on at once: as much as there are processors, since more takes each other's cache, and so much
 * that one thread is left for what is light.
 */
const lanes = Math.max(1, Math.min(availableParallelism(), threads - 1));

export interface HeavyWorkOptions {
  /** What its metrics begin with, such as `accounts_password_hashes`. */
  readonly name: string;
  /** How many are let in for each lane, those who wait included. */
  readonly admittedPerLane: number;
  /** What whoever is refused is told, and the `reason`. */
  readonly refusal: { readonly message: string; readonly reason: string; readonly retryAfterSeconds: number };
}

/** Work for Node's threads in a bounded number of lanes, with a bounded number of those who wait. */
export interface HeavyWork {
  readonly lanes: number;
  readonly mostAdmitted: number;
  /** Does work that will want a lane; RATE_LIMITED, before any of it is done, where too many want one. */
  admit<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Does one piece of heavy work when it is its turn; who has left by then is passed over. */
  inTurn<Result>(piece: () => Promise<Result>): Promise<Result>;
}

/** Bounds a kind of heavy work in this process, and measures how full it is. */
export function createHeavyWork({ name, admittedPerLane, refusal }: HeavyWorkOptions): HeavyWork {
  const limit = pLimit(lanes);
  const mostAdmitted = admittedPerLane * lanes;
  let admitted = 0;
  const { refused, seconds } = measure(name, { running: () => limit.activeCount, admitted: () => admitted });
  const tooMany = () => {
    const { message, ...details } = refusal;
    return new DomainError('RATE_LIMITED', `${message}, try again in ${details.retryAfterSeconds} s`, details);
  };
  return {
    lanes,
    mostAdmitted,
    admit: async (work) => {
      if (admitted >= mostAdmitted) {
        refused.inc();
        throw tooMany();
      }
      admitted += 1;
      try {
        return await work();
      } finally {
        admitted -= 1;
      }
    },
    inTurn: (piece) =>
      limit(async () => {
        if (remaining() <= 0 || currentSignal()?.aborted) throw upstreamUnavailable('the request ended before it was its turn');
        const end = seconds.startTimer();
        try {
          return await piece();
        } finally {
          end();
        }
      }),
  };
}

function measure(name: string, full: { readonly running: () => number; readonly admitted: () => number }) {
  const registers = [domainMetrics];
  const gauge = (what: string, help: string, read: () => number) =>
    new Gauge({
      name: `${name}_${what}`,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge('lanes', 'How much of this work may go on at once', () => lanes);
  gauge('running', 'How much of it goes on', full.running);
  gauge('admitted', 'How many want it, those who wait included', full.admitted);
  return {
    refused: new Counter({ name: `${name}_refused_total`, help: 'How many were refused because too many waited', registers }),
    seconds: new Histogram({
      name: `${name}_seconds`,
      help: 'How long each piece took once it was its turn',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1],
      registers,
    }),
  };
}
