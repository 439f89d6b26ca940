import type { PlanNode } from '@apollo/query-planner';
import type { PlanFacts } from './compiled-fetch.ts';
import { fetchStep } from './fetch.ts';
import type { Step } from './run.ts';
import type { PlanPath } from './walk.ts';

const nothing: Step = () => undefined;

/** Compiles a plan, or a part of one, in which nothing is deferred. */
export function compilePlan(node: PlanNode | undefined, facts: PlanFacts): Step {
  return node ? compileNode(node, [], facts) : nothing;
}

function compileNode(node: PlanNode, path: PlanPath, facts: PlanFacts): Step {
  switch (node.kind) {
    case 'Sequence':
      return inSequence(node.nodes.map((one) => compileNode(one, path, facts)));
    case 'Parallel':
      return atOnce(node.nodes.map((one) => compileNode(one, path, facts)));
    case 'Flatten':
      return compileNode(node.node, [...path, ...node.path.map(String)], facts);
    case 'Fetch':
      return fetchStep(node, path, facts);
    case 'Condition':
    case 'Defer':
      throw new Error(`a part of a plan that runs as it stands has no ${node.kind}`);
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
