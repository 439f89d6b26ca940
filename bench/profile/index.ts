import type { LoadPlan } from '../load/generator.ts';
import type { LoadRound } from '../load/process.ts';
import { perSecond } from '../measure.ts';
import { type Checked, compareAnswers } from '../peers/compare.ts';
import { type Field, openField } from '../peers/field.ts';
import { gateways, isOurs } from '../peers/gateways.ts';
import { operation } from '../peers/graph/query.ts';
import { type PeerScenario, peerScenarios } from '../peers/scenarios.ts';
import type { Figure } from '../results/figures.ts';
import type { Findings, Scenario } from '../results/parts.ts';
import { partsOf } from './parts.ts';
import type { Profile, SelfTime } from './profiler.ts';

const pace = { warmUpMs: 6_000, roundMs: 10_000 };
const quickPace: typeof pace = { warmUpMs: 1_500, roundMs: 2_000 };
const dearestShown = 8;

type Tell = (line: string) => void;

/** Looks at our gateway under the load of one scenario. */
async function profile(scenario: PeerScenario, { warmUpMs, roundMs }: typeof pace, tell: Tell): Promise<Findings> {
  const field = await openField(scenario, gateways.filter(isOurs), tell);
  try {
    const { checked, failures } = await compareAnswers(field);
    const [runner] = checked;
    if (!runner) throw new Error(`our gateway gives a wrong answer: ${failures[0]?.reason}`);
    await loadFor(field, runner, scenario, warmUpMs);
    await runner.process.ask('beginProfile');
    const { answers, wrong, requestsPerSecond } = await loadFor(field, runner, scenario, roundMs);
    const found = await runner.process.ask<Profile>('endProfile');
    if (wrong > 0) throw new Error(`${wrong} answers were wrong`);
    tell(`${scenario.name}: ${perSecond(requestsPerSecond)} while it was looked at`);
    return { figures: figuresOf(scenario, found, answers), notes: [dearest(scenario, found, answers)] };
  } finally {
    await field.end();
  }
}

let firstNumber = 100_000_000;

async function loadFor({ load }: Field, { process, bytes }: Checked, { distinct }: PeerScenario, durationMs: number): Promise<LoadRound> {
  const plan: LoadPlan = { ...process.ready, query: operation, distinct, connections: 50, durationMs, bytes, firstNumber };
  const round = await load.ask<LoadRound>('round', plan);
  firstNumber = round.lastNumber + 1;
  return round;
}

const perRequest = (ms: number, answers: number): string => `${(ms / answers).toFixed(3)} ms`;

function figuresOf({ name }: PeerScenario, found: Profile, answers: number): Figure[] {
  const all = found.functions.reduce((sum, { ms }) => sum + ms, 0);
  const figure = (what: string, ms: number): Figure => ({
    what: `\`${name}\`: ${what}`,
    value: `${perRequest(ms, answers)} (${((ms / all) * 100).toFixed(1)} %)`,
  });
  return [figure('one request', all), ...partsOf(found).map(({ what, ms }) => figure(what, ms))];
}

function dearest({ name }: PeerScenario, { functions }: Profile, answers: number): string {
  const show = (self: SelfTime) => `${self.name || '(nameless)'}${placeOf(self)} ${perRequest(self.ms, answers)}`;
  const list = functions.toSorted((a, b) => b.ms - a.ms).slice(0, dearestShown);
  return `\`${name}\`, the functions that took longest by themselves: ${list.map(show).join(', ')}.`;
}

/** The last two steps of a file's path. */
const placeOf = ({ url }: SelfTime): string => (url ? ` (${url.split('/').slice(-2).join('/')})` : '');

async function run(tell: Tell, quick: boolean): Promise<Findings> {
  const chosen = quick ? quickPace : pace;
  const figures: Figure[] = [];
  const notes: string[] = ['Processor time of our gateway, without idling, by V8’s sampling profiler; looking costs some of it.'];
  for (const scenario of peerScenarios) {
    const found = await profile(scenario, chosen, tell);
    figures.push(...found.figures);
    notes.push(...(found.notes ?? []));
  }
  return { figures, notes };
}

/** Where our gateway spends its time in the scenarios in which it meets its peers. */
export const whereTimeGoes: Scenario = { title: 'Where the time goes', run };
