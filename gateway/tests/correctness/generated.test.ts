import { runWorld } from './run.ts';
import { createWorld } from './world.ts';
import { worlds } from './worlds.ts';

/*
 * A small part of `npm run correctness`, always with the same operations. Our answer to each is the one that graphql-js gives
 * over all the data, and the one of plain Apollo, or differences.ts says why not.
 */

const seed = Number(process.env['CORRECTNESS_SEED'] ?? 1);
const runs = Number(process.env['CORRECTNESS_RUNS'] ?? 20);

test.each(worlds.map(([definition, hints]) => [definition.name, definition, hints] as const))(
  'generated operations over %s',
  async (_, definition, hints) => {
    const { faults, examples } = await runWorld(createWorld(definition), hints, { seed, runs });
    expect({ faults, seed, examples: examples.join('\n\n') }).toEqual({ faults: 0, seed, examples: '' });
  },
  240_000,
);
