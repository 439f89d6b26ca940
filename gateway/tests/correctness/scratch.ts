import { runWorld } from './run.ts';
import { createWorld } from './world.ts';
const [file, name, seed = '1', runs = '200', n = '1'] = process.argv.slice(2);
const mod = await import(`./worlds/${file}.ts`);
const world = createWorld(mod[name!]);
for (let i = 0; i < Number(n); i++) {
  const t0 = performance.now();
  const report = await runWorld(world, mod[`${name}Hints`] ?? {}, { seed: Number(seed) + i, runs: Number(runs) });
  console.log(report.examples.join('\n----------\n'));
  console.log({ ...report, examples: undefined, ms: Math.round(performance.now() - t0) });
}
