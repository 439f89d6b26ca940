import fc from 'fast-check';
import { validate } from 'graphql';
import { operations } from './generate.ts';
import type { Hints } from './generate-values.ts';
import { describeFault, judge, variantsOf, type Verdict } from './judge.ts';
import { type OperationModel, writeOperation } from './operation-model.ts';
import { makeSmallest } from './smaller.ts';
import type { World } from './world.ts';

/** What came of many operations over one world. */
export interface WorldReport {
  readonly world: string;
  /** Operations that ran, the turned round conditions included. */
  readonly runs: number;
  /** How often each known difference was seen. */
  readonly explained: ReadonlyMap<string, number>;
  readonly faults: number;
  /** The first fault of each kind, made as small as it gets. */
  readonly examples: readonly string[];
}

/** Runs generated operations over a world and counts what differs; the same seed draws the same operations. */
export async function runWorld(
  world: World,
  hints: Hints,
  { seed, runs }: { readonly seed: number; readonly runs: number },
): Promise<WorldReport> {
  const arbitrary = operations(world.arena.schema, hints);
  const explained = new Map<string, number>();
  const firsts = new Map<string, OperationModel>();
  let [count, faults] = [0, 0];
  for (const model of fc.sample(arbitrary, { seed, numRuns: runs })) {
    for (const verdict of await verdictsOf(world, model)) {
      count += 1;
      if (verdict.explainedBy && !verdict.fault) explained.set(verdict.explainedBy, (explained.get(verdict.explainedBy) ?? 0) + 1);
      if (!verdict.fault) continue;
      faults += 1;
      const kind = kindOf(verdict.fault);
      if (!firsts.has(kind)) firsts.set(kind, model);
    }
  }
  const examples: string[] = [];
  for (const [kind, model] of firsts) examples.push(await shrink(world, model, kind));
  return { world: world.name, runs: count, explained, faults, examples };
}

/** What a fault says before it goes into details. */
const kindOf = (fault: string): string => fault.split(':')[0] ?? fault;

async function verdictsOf(world: World, model: OperationModel): Promise<Verdict[]> {
  const { schema } = world.arena;
  const operation = writeOperation(schema, model);
  const [error] = validate(schema, operation.document);
  if (error) throw new Error(`the generator wrote a document that is not valid: ${error.message}`);
  const verdicts: Verdict[] = [];
  for (const variables of variantsOf(operation)) verdicts.push(await judge(world, operation.document, variables));
  return verdicts;
}

async function shrink(world: World, model: OperationModel, kind: string): Promise<string> {
  let found: Verdict | undefined;
  await makeSmallest(model, async (candidate) => {
    // Without an argument that must be there a document is no longer valid, and no example.
    const fault = await verdictsOf(world, candidate).then(
      (verdicts) => verdicts.find(({ fault }) => fault && kindOf(fault) === kind),
      () => undefined,
    );
    found = fault ?? found;
    return fault !== undefined;
  });
  return found ? describeFault(found) : 'no smaller operation fails';
}
