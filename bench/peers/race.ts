import type { LoadPlan } from '../load/generator.ts';
import type { LoadRound } from '../load/process.ts';
import { machineMs, median, milliseconds, perSecond, processorMs, residentBytes } from '../measure.ts';
import type { Checked } from './compare.ts';
import type { Failure, Field } from './field.ts';
import type { GatewayName } from './gateways.ts';
import { operation } from './graph/query.ts';
import type { PeerScenario, PeerScenarioName } from './scenarios.ts';

/** How long and how often is measured. */
export interface Pace {
  readonly rounds: number;
  readonly roundMs: number;
  readonly warmUpMs: number;
}

/** Medians over the rounds of one gateway in one scenario. */
export interface Row {
  readonly scenario: PeerScenarioName;
  readonly gateway: GatewayName;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMsPerRequest: number;
  readonly rssMb: number;
  readonly rounds: number;
}

/** What explains a row. */
export interface Detail {
  readonly gateway: GatewayName;
  /** Upstream requests for each request: of one that was alone, and under load. */
  readonly fetchesAlone: number;
  readonly fetches: number;
  /** Resident memory after the last round in parts of that after the first. */
  readonly memoryGrowth: number;
  readonly answers: number;
  readonly wrong: number;
  readonly firstWrong: string | undefined;
  /** How busy the load generator and the upstream were, in parts of one core. */
  readonly driverBusy: number;
  /** What other programs used meanwhile, in parts of one core. */
  readonly othersBusy: number;
}

interface Sample extends LoadRound {
  readonly cpuMs: number;
  readonly rss: number;
  readonly fetches: number;
  readonly driverBusy: number;
  readonly othersBusy: number;
}

export interface Raced {
  readonly rows: readonly Row[];
  readonly details: readonly Detail[];
  readonly failures: readonly Failure[];
}

const connections = 50;
const pauseMs = 300;

/** Lets the gateways take turns, round after round; one that fails in the middle is out and told. */
export async function race(
  field: Field,
  scenario: PeerScenario,
  checked: readonly Checked[],
  pace: Pace,
  tell: (line: string) => void,
): Promise<Raced> {
  const samples = new Map<Checked, Sample[]>(checked.map((runner) => [runner, []]));
  const failures: Failure[] = [];
  const run = createRounds(field, scenario);
  const attempt = async (runner: Checked, durationMs: number): Promise<Sample | undefined> => {
    try {
      return await run(runner, durationMs);
    } catch (error) {
      samples.delete(runner);
      failures.push({ gateway: runner.gateway, reason: `it failed under load: ${(error as Error).message}` });
      tell(`${runner.gateway.name} failed under load: ${(error as Error).message.split('\n')[0]}`);
      return undefined;
    }
  };
  for (const runner of samples.keys()) {
    const warm = await attempt(runner, pace.warmUpMs);
    if (warm) tell(`warm-up, ${runner.gateway.name}: ${perSecond(warm.requestsPerSecond)}`);
  }
  for (let round = 1; round <= pace.rounds; round++) {
    for (const [runner, taken] of samples) {
      const sample = await attempt(runner, pace.roundMs);
      if (!sample) continue;
      taken.push(sample);
      const { requestsPerSecond, p50Ms, p99Ms, wrong, firstWrong } = sample;
      const fault = wrong > 0 ? `, ${wrong} wrong answers (${firstWrong})` : '';
      tell(
        `round ${round}, ${runner.gateway.name}: ${perSecond(requestsPerSecond)}, p50 ${milliseconds(p50Ms)}, p99 ${milliseconds(p99Ms)}${fault}`,
      );
    }
  }
  const finished = [...samples].filter(([, taken]) => taken.some(({ answers }) => answers > 0));
  for (const [{ gateway }, taken] of samples)
    if (taken.every(({ answers }) => answers === 0)) failures.push({ gateway, reason: `no answer was right: ${taken[0]?.firstWrong}` });
  return {
    rows: finished.map(([runner, taken]) => toRow(scenario, runner, taken)),
    details: finished.map(([runner, taken]) => toDetail(runner, taken)),
    failures,
  };
}

function createRounds({ load, upstream }: Field, { distinct }: PeerScenario) {
  let firstNumber = 1_000_000;
  const used = (...pids: readonly number[]) => pids.reduce((sum, pid) => sum + (processorMs(pid) ?? Number.NaN), 0);
  const look = async (pid: number) => ({
    at: performance.now(),
    gateway: used(pid),
    drivers: used(load.pid, upstream.pid, process.pid),
    machine: machineMs() ?? Number.NaN,
    requests: await upstream.ask<number>('requests'),
  });
  return async ({ process: { pid, ready }, bytes }: Checked, durationMs: number): Promise<Sample> => {
    const plan: LoadPlan = { ...ready, query: operation, distinct, connections, durationMs, bytes, firstNumber };
    const before = await look(pid);
    const round = await load.ask<LoadRound>('round', plan);
    const after = await look(pid);
    firstNumber = round.lastNumber + 1;
    const served = round.answers + round.wrong;
    const took = after.at - before.at;
    const [gateway, drivers] = [after.gateway - before.gateway, after.drivers - before.drivers];
    const rss = residentBytes(pid) ?? Number.NaN;
    // What the last round left behind must not count against the next one.
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
    return {
      ...round,
      cpuMs: gateway / served,
      rss,
      fetches: (after.requests - before.requests) / served,
      driverBusy: drivers / took,
      othersBusy: Math.max(0, after.machine - before.machine - gateway - drivers) / took,
    };
  };
}

const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

function toRow({ name: scenario }: PeerScenario, { gateway: { name: gateway } }: Checked, samples: readonly Sample[]): Row {
  const middle = (of: (sample: Sample) => number) => median(samples.map(of));
  return {
    scenario,
    gateway,
    requestsPerSecond: rounded(
      middle((sample) => sample.requestsPerSecond),
      1,
    ),
    p50Ms: rounded(
      middle((sample) => sample.p50Ms),
      2,
    ),
    p99Ms: rounded(
      middle((sample) => sample.p99Ms),
      2,
    ),
    cpuMsPerRequest: rounded(
      middle((sample) => sample.cpuMs),
      3,
    ),
    rssMb: rounded(middle((sample) => sample.rss) / 1_048_576, 1),
    rounds: samples.length,
  };
}

function toDetail({ gateway: { name: gateway }, fetches: fetchesAlone }: Checked, samples: readonly Sample[]): Detail {
  const sum = (of: (sample: Sample) => number) => samples.reduce((total, sample) => total + of(sample), 0);
  return {
    gateway,
    fetchesAlone,
    fetches: rounded(median(samples.map(({ fetches }) => fetches)), 2),
    memoryGrowth: rounded((samples.at(-1)?.rss ?? Number.NaN) / (samples[0]?.rss ?? Number.NaN), 2),
    answers: sum(({ answers }) => answers),
    wrong: sum(({ wrong }) => wrong),
    firstWrong: samples.find(({ firstWrong }) => firstWrong)?.firstWrong,
    driverBusy: rounded(median(samples.map(({ driverBusy }) => driverBusy)), 2),
    othersBusy: rounded(median(samples.map(({ othersBusy }) => othersBusy)), 2),
  };
}
