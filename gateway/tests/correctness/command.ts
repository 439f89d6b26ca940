import { parseArgs } from 'node:util';
import { runWorld, type WorldReport } from './run.ts';
import { createWorld } from './world.ts';
import { worlds } from './worlds.ts';

/* `npm run correctness -- --runs 5000 --seed 7 --world shop`: many generated operations over all worlds, or over one. */

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5000' }, seed: { type: 'string' }, world: { type: 'string' } },
});
const chosen = worlds.filter(([{ name }]) => !values.world || name === values.world);
if (chosen.length === 0) throw new Error(`there is no world ${values.world}; mend: one of ${worlds.map(([{ name }]) => name).join(', ')}`);
const seed = whole('seed', values.seed ?? String(Math.floor(Math.random() * 2 ** 31)));
const runs = Math.ceil(whole('runs', values.runs) / chosen.length);

console.log(`seed ${seed}, ${runs} operations for each of ${chosen.length} worlds`);
const reports: WorldReport[] = [];
for (const [definition, hints] of chosen) {
  const begin = performance.now();
  const report = await runWorld(createWorld(definition), hints, { seed, runs });
  reports.push(report);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  const explained = [...report.explained].map(([name, count]) => `${name} ${count}`).join('; ');
  console.log(`${report.world}: ${report.runs} runs in ${seconds} s, ${report.faults} unexplained; explained: ${explained || 'none'}`);
  for (const example of report.examples) console.log(`\nseed ${seed}, ${example}\n`);
}
const sum = (count: (report: WorldReport) => number): number => reports.reduce((total, report) => total + count(report), 0);
console.log(`${sum(({ runs: done }) => done)} runs, ${sum(({ faults }) => faults)} unexplained differences`);
if (sum(({ faults }) => faults) > 0) process.exitCode = 1;

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} is ${text}; mend: a whole number`);
  return value;
}
