import { rmSync } from 'node:fs';
import { type AppProcess, makeDataDirectory, startAppProcess } from '../../gateway/tests/support/app-process.ts';
import { median, megabytes, residentBytes, restingBytes, seconds } from '../measure.ts';
import { atMost } from '../results/figures.ts';
import type { Findings, Scenario } from '../results/parts.ts';
import { askProducts } from './query.ts';

const warmStarts = 5;
const queries = 500;
const atOnce = 4;
/** Node takes what the machine has to spare and gives it back at rest; this keeps it small while it works, too. */
const smallHeap = '--max-old-space-size=192 --max-semi-space-size=16';
const limits = { firstMs: 20_000, warmMs: 4_000, residentBytes: 350 * 1_048_576 };

interface Started {
  readonly app: AppProcess;
  readonly servingMs: number;
  readonly answeredMs: number;
}

async function startUntilAnswered(dataDirectory: string, environment: Record<string, string> = {}): Promise<Started> {
  const began = performance.now();
  const app = await startAppProcess({ dataDirectory, environment });
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

async function askMany(url: string): Promise<void> {
  const lane = async () => {
    for (let sent = 0; sent < queries / atOnce; sent++) await askProducts(url);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

async function measureMemory(url: string, pid: number | undefined) {
  const answered = residentBytes(pid);
  const rested = await restingBytes(pid);
  await askMany(url);
  const used = residentBytes(pid);
  return { answered, rested, used, restedAgain: await restingBytes(pid) };
}

async function measureSmallHeap(dataDirectory: string): Promise<number | undefined> {
  const { app } = await startUntilAnswered(dataDirectory, { NODE_OPTIONS: smallHeap });
  try {
    await askMany(app.url);
    return residentBytes(app.child.pid);
  } finally {
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
    const memory = await measureMemory(app.url, app.child.pid);
    await app.end();
    running = undefined;
    const small = await measureSmallHeap(dataDirectory);
    const among = `${queries} product queries, ${atOnce} at a time`;
    return {
      figures: [
        atMost('first start ever, until the first answer', first.answeredMs, limits.firstMs, seconds),
        atMost(`warm start, until the first answer (median of ${times})`, median(answered), limits.warmMs, seconds),
        { what: 'warm start, the slowest', value: seconds(Math.max(...answered)) },
        { what: 'resident memory at the first answer', value: megabytes(memory.answered) },
        atMost('resident memory at rest after the start', memory.rested, limits.residentBytes, megabytes),
        { what: `resident memory right after ${among}`, value: megabytes(memory.used) },
        atMost('resident memory at rest after those', memory.restedAgain, limits.residentBytes, megabytes),
        atMost('resident memory right after as many, with a small heap', small, limits.residentBytes, megabytes),
      ],
      notes: [
        'A first start creates the PostgreSQL cluster, migrates every domain and writes the sample data.',
        'Memory is that of the program without PostgreSQL, of the last warm start. At rest: not fallen any more for ten seconds.',
        `A small heap: NODE_OPTIONS="${smallHeap}"; it costs some processor time.`,
      ],
    };
  } finally {
    await running?.end();
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}

/** How long a person waits for the program, and what it takes of the machine. */
export const start: Scenario = { title: 'Start', run };
