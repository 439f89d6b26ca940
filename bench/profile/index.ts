import { peerScenarios } from '../peers/scenarios.ts';
import type { Figure } from '../results/figures.ts';
import type { Findings, Scenario } from '../results/parts.ts';
import { type Look, lookAtGateway, lookAtProducts, type Pace } from './looks.ts';
import { partsOf } from './parts.ts';
import type { SelfTime } from './profiler.ts';

const pace: Pace = { warmUpMs: 6_000, roundMs: 10_000 };
const quickPace: Pace = { warmUpMs: 1_500, roundMs: 2_000 };
const dearestShown = 8;

const perRequest = (ms: number, answers: number): string => `${(ms / answers).toFixed(3)} ms`;

function figuresOf({ name, profile, answers }: Look): Figure[] {
  const all = profile.functions.reduce((sum, { ms }) => sum + ms, 0);
  const figure = (what: string, ms: number): Figure => ({
    what: `\`${name}\`: ${what}`,
    value: `${perRequest(ms, answers)} (${((ms / all) * 100).toFixed(1)} %)`,
  });
  return [figure('one request', all), ...partsOf(profile).map(({ what, ms }) => figure(what, ms))];
}

function dearest({ name, profile, answers }: Look): string {
  const show = (self: SelfTime) => `${self.name || '(nameless)'}${placeOf(self)} ${perRequest(self.ms, answers)}`;
  const list = profile.functions.toSorted((a, b) => b.ms - a.ms).slice(0, dearestShown);
  return `\`${name}\`, the functions that took longest by themselves: ${list.map(show).join(', ')}.`;
}

/** The last two steps of a file's path. */
const placeOf = ({ url }: SelfTime): string => (url ? ` (${url.split('/').slice(-2).join('/')})` : '');

async function run(tell: (line: string) => void, quick: boolean): Promise<Findings> {
  const chosen = quick ? quickPace : pace;
  const looks: Look[] = [];
  for (const scenario of peerScenarios) {
    tell(`looking at our gateway in ${scenario.name} …`);
    looks.push(await lookAtGateway(scenario, chosen, tell));
  }
  tell('looking at the product query …');
  looks.push(await lookAtProducts(chosen));
  return {
    figures: looks.flatMap(figuresOf),
    notes: [
      'Time of the main thread for each request, without idling, by V8’s sampling profiler; looking costs some of it, and so does waiting for a core that others use.',
      ...looks.map(dearest),
    ],
  };
}

/** Where our gateway, and the whole program, spend their time. */
export const whereTimeGoes: Scenario = { title: 'Where the time goes', run };
