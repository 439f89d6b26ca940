import { rmSync } from 'node:fs';
import { makeDataDirectory } from '../../gateway/tests/support/app-process.ts';
import type { LoadPlan } from '../load/generator.ts';
import type { LoadRound } from '../load/process.ts';
import { loadFor, type Target } from '../own/load.ts';
import { productQuery } from '../own/query.ts';
import { compareAnswers } from '../peers/compare.ts';
import { openField } from '../peers/field.ts';
import { gateways, isOurs } from '../peers/gateways.ts';
import { operation } from '../peers/graph/query.ts';
import type { PeerScenario } from '../peers/scenarios.ts';
import { type Started, startProcess } from '../processes/start.ts';
import type { AppOptions } from './app.ts';
import type { Profile } from './profiler.ts';

/** How long a process is kept busy before it is looked at, and while it is. */
export interface Pace {
  readonly warmUpMs: number;
  readonly roundMs: number;
}

/** What was seen of a process, and how many requests it answered meanwhile. */
export interface Look {
  readonly name: string;
  readonly profile: Profile;
  readonly answers: number;
}

type Load = (durationMs: number) => Promise<number>;

async function lookAt(name: string, process: Started<unknown>, load: Load, { warmUpMs, roundMs }: Pace): Promise<Look> {
  await load(warmUpMs);
  await process.ask('beginProfile');
  const answers = await load(roundMs);
  return { name, answers, profile: await process.ask<Profile>('endProfile') };
}

let firstNumber = 100_000_000;

/** Our gateway under the load of one scenario of the peers. */
export async function lookAtGateway(scenario: PeerScenario, pace: Pace, tell: (line: string) => void): Promise<Look> {
  const field = await openField(scenario, gateways.filter(isOurs), tell);
  try {
    const { checked, failures } = await compareAnswers(field);
    const [runner] = checked;
    if (!runner) throw new Error(`our gateway gives a wrong answer: ${failures[0]?.reason}`);
    const { process, bytes } = runner;
    const load: Load = async (durationMs) => {
      const { distinct } = scenario;
      const plan: LoadPlan = { ...process.ready, query: operation, distinct, connections: 50, durationMs, bytes, firstNumber };
      const { answers, wrong, lastNumber } = await field.load.ask<LoadRound>('round', plan);
      if (wrong > 0) throw new Error(`${wrong} answers were wrong`);
      firstNumber = lastNumber + 1;
      return answers;
    };
    return await lookAt(scenario.name, process, load, pace);
  } finally {
    await field.end();
  }
}

/** The whole program under the load of the product query. */
export async function lookAtProducts(pace: Pace): Promise<Look> {
  const dataDirectory = makeDataDirectory();
  try {
    const options: AppOptions = { dataDirectory };
    const app = await startProcess<{ readonly port: number }>({
      entry: 'profile/app.ts',
      options,
      ours: true,
      environment: { NODE_ENV: '' },
    });
    const target: Target = {
      url: `http://127.0.0.1:${app.ready.port}`,
      path: '/graphql',
      method: 'POST',
      bodyOf: (number) => JSON.stringify({ query: productQuery, variables: { number } }),
      pid: app.pid,
    };
    const load: Load = async (durationMs) => (await loadFor(target, durationMs)).answers;
    try {
      return await lookAt('products', app, load, pace);
    } finally {
      await app.ask('stop');
      await app.end();
    }
  } finally {
    rmSync(dataDirectory, { recursive: true, force: true });
  }
}
