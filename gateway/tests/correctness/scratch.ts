import fc from 'fast-check';
import { print, validate } from 'graphql';
import { operations } from './generate.ts';
import { writeOperation } from './operation-model.ts';
import { judge, describeFault, variantsOf } from './judge.ts';
import { createWorld } from './world.ts';
const [file, name, seed = '1', runs = '200', show = '3'] = process.argv.slice(2);
const mod = await import(`./worlds/${file}.ts`);
const world = createWorld(mod[name!]);
const arb = operations(world.arena.schema, mod[`${name}Hints`] ?? {});
const counts = new Map<string, number>();
let shown = 0;
const t0 = performance.now();
let n = 0,
  size = 0;
for (const m of fc.sample(arb, { seed: Number(seed), numRuns: Number(runs) })) {
  const op = writeOperation(world.arena.schema, m);
  const e = validate(world.arena.schema, op.document);
  if (e.length) {
    console.log('INVALID', print(op.document), String(e[0]));
    continue;
  }
  size += print(op.document).length;
  for (const variables of variantsOf(op)) {
    n++;
    const verdict = await judge(world, op.document, variables).catch((e) => {
      console.log('JUDGE THREW', e, print(op.document), variables);
      return undefined;
    });
    if (!verdict) continue;
    const key = verdict.fault ? `FAULT ${verdict.fault.slice(0, 40)}` : (verdict.explainedBy ?? 'same');
    counts.set(key, (counts.get(key) ?? 0) + 1);
    if (verdict.fault && shown < Number(show) && print(op.document).length < 700) {
      shown++;
      console.log('-----\n' + describeFault(verdict));
    }
  }
}
console.log(n, 'runs', Math.round(performance.now() - t0), 'ms', Math.round(size / n), counts);
