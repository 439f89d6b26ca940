import { setTimeout as sleep } from 'node:timers/promises';
import { Pool } from 'undici';
import { percentile, processorMs } from '../measure.ts';

export interface Target {
  readonly url: string;
  readonly path: string;
  readonly method: 'GET' | 'POST';
  /** The body of a request by its number; absent where there is none. */
  readonly bodyOf?: (number: number) => string;
  /** The process that serves. */
  readonly pid: number | undefined;
}

export interface Round {
  readonly answers: number;
  readonly perSecond: number;
  /** Processor time of the serving process for each request; NaN where it is not known. */
  readonly processorMs: number;
  readonly p50: number;
  readonly p99: number;
}

const connections = 16;
let lastNumber = 0;

/** Keeps 16 connections busy, each with one request after the other; an answer that is not 200 ends the run. */
export async function loadFor(target: Target, durationMs: number): Promise<Round> {
  const pool = new Pool(target.url, { connections, pipelining: 1 });
  const latencies: number[] = [];
  const usedBefore = processorMs(target.pid) ?? Number.NaN;
  const began = performance.now();
  const end = began + durationMs;
  const work = async () => {
    while (performance.now() < end) {
      const sent = performance.now();
      const { statusCode, body } = await pool.request({
        path: target.path,
        method: target.method,
        ...(target.bodyOf ? { body: target.bodyOf(lastNumber++), headers: { 'content-type': 'application/json' } } : {}),
      });
      const size = (await body.arrayBuffer()).byteLength;
      if (statusCode !== 200 || size === 0) throw new Error(`${target.url}${target.path} answered ${statusCode} with ${size} bytes`);
      latencies.push(performance.now() - sent);
    }
  };
  try {
    await Promise.all(Array.from({ length: connections }, work));
    const took = performance.now() - began;
    const used = (processorMs(target.pid) ?? Number.NaN) - usedBefore;
    const perRequest = { answers: latencies.length, perSecond: (latencies.length * 1_000) / took, processorMs: used / latencies.length };
    return { ...perRequest, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
  } finally {
    await pool.destroy();
    // What the last round left behind must not count against the next one.
    await sleep(200);
  }
}
