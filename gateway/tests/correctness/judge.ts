import { type DocumentNode, print } from 'graphql';
import type { Answered } from './arena.ts';
import { faultOf, isSame, toComparable } from './compare.ts';
import { explain, type Trial } from './differences.ts';
import type { GeneratedOperation } from './operation-model.ts';
import type { World } from './world.ts';

/** What came of one operation: `fault` is a difference that nothing explains. */
export interface Verdict {
  readonly trial: Trial;
  /** The known differences that explain why plain Apollo answers otherwise; empty when it does not. */
  readonly explainedBy: string;
  readonly fault: string | undefined;
}

/** Runs one operation three times over the same data: by us, by plain Apollo, and by graphql-js without federation. */
export async function judge(world: World, document: DocumentNode, variables: GeneratedOperation['variables']): Promise<Verdict> {
  const { arena } = world;
  const run = (inClosures: boolean): Promise<Answered> => {
    world.reset();
    const answer = arena.runOurs(document, variables, { inClosures });
    return answer.catch((error: unknown) => ({ data: undefined, errors: [{ message: `threw ${String(error)}` }] }));
  };
  const ours = await run(false);
  const composed = await run(true);
  world.reset();
  const plain = await arena.runPlain(document, variables).catch((error: unknown) => error as Error);
  world.reset();
  const truth = await world.truth(document, variables);
  const trial: Trial = { world, document, variables, ours, plain, truth };
  const fault = faultOf(ours, truth) ?? faultOfClosures(ours, composed);
  if (fault) return { trial, explainedBy: '', fault };
  const explainedBy = await explain(trial);
  return explainedBy
    ? { trial, explainedBy: explainedBy.toSorted().join(', '), fault }
    : { trial, explainedBy: '', fault: 'plain Apollo answers otherwise, and no known difference explains it' };
}

function faultOfClosures(ours: Answered, composed: Answered): string | undefined {
  const [generated, other] = [toComparable(ours), toComparable(composed)];
  const isEqual = generated.data === other.data && isSame(generated, other);
  return isEqual ? undefined : `without generated code the answer is another one: ${written(composed)}`;
}

/** A document whose conditions are variables runs once more with each the other way round. */
export function variantsOf({ variables }: GeneratedOperation): readonly GeneratedOperation['variables'][] {
  if (!('yes' in variables || 'no' in variables)) return [variables];
  const flipped = Object.entries(variables).map(([name, value]) => [name, name === 'yes' || name === 'no' ? !value : value]);
  return [variables, Object.fromEntries(flipped)];
}

function written(answer: Answered): string {
  const { data, errors } = toComparable(answer);
  return `${data} ${JSON.stringify(errors)}`;
}

/** All that somebody needs who mends a fault. */
export function describeFault({ trial, fault }: Verdict): string {
  const { world, document, variables, ours, plain, truth } = trial;
  return [
    `world ${world.name}: ${fault}`,
    print(document),
    `variables ${JSON.stringify(variables)}`,
    `ours  ${written(ours)}`,
    `plain ${plain instanceof Error ? `threw ${plain.message}` : written(plain)}`,
    `truth ${written(truth)}`,
  ].join('\n');
}
