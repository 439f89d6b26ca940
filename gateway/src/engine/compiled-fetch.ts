import type { FetchNode } from '@apollo/query-planner';
import { type Asked, askedBy } from './errors.ts';
import type { IsWanted } from './is-wanted.ts';
import type { Kinds } from './kinds.ts';
import type { Requirements } from './requirements.ts';
import type { Run } from './run.ts';
import { emptyTree } from './tree.ts';
import type { PlanPath } from './walk.ts';

/** What a plan is compiled with. */
export interface PlanFacts {
  readonly kinds: Kinds;
  readonly requirements: Requirements;
  readonly isWanted: IsWanted;
  /** What an object gets depends on where it stands, so that no two places may share one. */
  readonly hasContexts: boolean;
}

/** A fetch as it was compiled: what the plan says, and what can be known before it runs. */
export interface CompiledFetch {
  readonly node: FetchNode;
  readonly path: PlanPath;
  readonly kinds: Kinds;
  readonly asked: () => Asked;
}

/** A fetch at a place; its document is read only when something goes wrong. */
export function compileFetch(node: FetchNode, path: PlanPath, kinds: Kinds): CompiledFetch {
  let asked: Asked | undefined;
  return { node, path, kinds, asked: () => (asked ??= askedBy(node.operation)) };
}

/** The client's variables that a fetch uses. */
export function pickVariables({ variableUsages = [] }: FetchNode, { variables }: Pick<Run, 'variables'>): Record<string, unknown> {
  const picked = emptyTree();
  for (const name of variableUsages) if (Object.hasOwn(variables, name) && variables[name] !== undefined) picked[name] = variables[name];
  return picked;
}
