import type { FetchNode } from '@apollo/query-planner';
import type { Asked } from './errors.ts';
import type { Kinds } from './kinds.ts';
import type { Run } from './run.ts';
import { emptyTree } from './tree.ts';
import type { PlanPath } from './walk.ts';

/** A fetch as it was compiled: what the plan says, and what can be known before it runs. */
export interface CompiledFetch {
  readonly node: FetchNode;
  readonly path: PlanPath;
  readonly kinds: Kinds;
  readonly asked: () => Asked;
}

/** The client's variables that a fetch uses. */
export function pickVariables({ variableUsages = [] }: FetchNode, { variables }: Pick<Run, 'variables'>): Record<string, unknown> {
  const picked = emptyTree();
  for (const name of variableUsages) if (Object.hasOwn(variables, name) && variables[name] !== undefined) picked[name] = variables[name];
  return picked;
}
