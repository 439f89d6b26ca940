import { rmSync } from 'node:fs';
import { type AppProcess, makeDataDirectory, startAppProcess } from '../../gateway/tests/support/app-process.ts';
import { median, megabytes, residentBytes, seconds } from '../measure.ts';
import { atMost } from '../results/figures.ts';
import type { Findings, Scenario } from '../results/parts.ts';
import { askProducts } from './query.ts';

const warmStarts = 5;
const queries = 500;
const limits = { firstMs: 20_000, warmMs: 4_000, residentBytes: 350 * 1_048_576 };

interface Started {
  readonly app: AppProcess;
  readonly servingMs: number;
  readonly answeredMs: number;
}

async function startUntilAnswered(dataDirectory: string): Promise<Started> {
  const began = performance.now();
  const app = await startAppProcess({ dataDirectory });
  const servingMs = performance.now() - began;
  try {
    await askProducts(app.url);
    return { app, servingMs, answeredMs: performance.now() - began };
  } catch (error) {
    await app.end();
    throw error;
  }
}

/** Starts again and again on what the first start left; the last program is left running. */
async function startWarm(
  dataDirectory: string,
  times: number,
  tell: (line: string) => void,
): Promise<{ answered: number[]; app: AppProcess }> {
  const answered: number[] = [];
  for (;;) {
    const { app, servingMs, answeredMs } = await startUntilAnswered(dataDirectory);
    answered.push(answeredMs);
    tell(`warm start ${answered.length}: serving after ${seconds(servingMs)}, answered after ${seconds(answeredMs)}`);
    if (answered.length === times) return { answered, app };
    await app.end();
  }
}

async function run(tell: (line: string) => void, quick: boolean): Promise<Findings> {
  const dataDirectory = makeDataDirectory();
  const times = quick ? 1 : warmStarts;
  let running: AppProcess | undefined;
  try {
    const first = await startUntilAnswered(dataDirectory);
    running = first.app;
    tell(`first start: serving after ${seconds(first.servingMs)}, answered after ${seconds(first.answeredMs)}`);
    await running.end();
    running = undefined;
    const { answered, app } = await startWarm(dataDirectory, times, tell);
    running = app;
    const fresh = residentBytes(app.child.pid);
    for (let sent = 0; sent < queries; sent++) await askProducts(app.url);
    const used = residentBytes(app.child.pid);
    return {
      figures: [
        atMost('first start ever, until the first answer', first.answeredMs, limits.firstMs, seconds),
        atMost(`warm start, until the first answer (median of ${times})`, median(answered), limits.warmMs, seconds),
        { what: 'warm start, the slowest', value: seconds(Math.max(...answered)) },
        atMost('resident memory after the start, without PostgreSQL', fresh, limits.residentBytes, megabytes),
        atMost(`resident memory after ${queries} product queries, without PostgreSQL`, used, limits.residentBytes, megabytes),
      ],
      notes: ['A first start creates the PostgreSQL cluster, migrates every domain and writes the sample data.'],
    };
  } finally {
    await running?.end();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

/** How long a person waits for the program, and what it takes of the machine. */
export const start: Scenario = { title: 'Start', run };
