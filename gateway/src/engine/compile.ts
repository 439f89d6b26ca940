import type { PlanNode, QueryPlan } from '@apollo/query-planner';
import { fetchStep } from './fetch.ts';
import type { Kinds } from './kinds.ts';
import type { Step } from './run.ts';
import type { PlanPath } from './walk.ts';

/** What a plan's conditions depend on: the values of `@skip` and `@include` variables. */
export type Conditions = (variable: string) => boolean;

/** The top of a plan: a condition on the whole operation is decided first. */
export function chosenNode(plan: QueryPlan, conditions: Conditions): QueryPlan['node'] {
  let { node } = plan;
  while (node?.kind === 'Condition') node = conditions(node.condition) ? node.ifClause : node.elseClause;
  return node;
}

const nothing: Step = () => undefined;

/** Compiles a plan without deferred parts, for one set of conditions. */
export function compilePlan(node: PlanNode | undefined, kinds: Kinds, conditions: Conditions): Step {
  return node ? compileNode(node, [], kinds, conditions) : nothing;
}

function compileNode(node: PlanNode, path: PlanPath, kinds: Kinds, conditions: Conditions): Step {
  switch (node.kind) {
    case 'Sequence':
      return inSequence(node.nodes.map((one) => compileNode(one, path, kinds, conditions)));
    case 'Parallel':
      return atOnce(node.nodes.map((one) => compileNode(one, path, kinds, conditions)));
    case 'Flatten':
      return compileNode(node.node, [...path, ...node.path.map(String)], kinds, conditions);
    case 'Condition': {
      const branch = conditions(node.condition) ? node.ifClause : node.elseClause;
      return branch ? compileNode(branch, path, kinds, conditions) : nothing;
    }
    case 'Fetch':
      return fetchStep(node, path, kinds);
    case 'Defer':
      throw new Error('deferred parts are compiled apart');
  }
}

const inSequence =
  (steps: readonly Step[]): Step =>
  async (run) => {
    for (const step of steps) await step(run);
  };

function atOnce(steps: readonly Step[]): Step {
  return (run) => {
    const waiting = steps.map((step) => step(run)).filter((one) => one !== undefined);
    return waiting.length === 0 ? undefined : Promise.all(waiting).then(() => undefined);
  };
}
