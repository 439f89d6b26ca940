import type { FetchNode, PlanNode, QueryPlan } from '@apollo/query-planner';
import { mapNodes } from '../engine/mend/plan.ts';

/** The same plan with other fetches. */
export const mapFetches = (node: PlanNode, change: (fetch: FetchNode) => FetchNode): PlanNode =>
  node.kind === 'Fetch' ? change(node) : mapNodes(node, (one) => mapFetches(one, change));

/** All fetches of a plan that ends. */
export function fetchesOf({ node }: QueryPlan): readonly FetchNode[] {
  const found: FetchNode[] = [];
  const note = (fetch: FetchNode) => {
    found.push(fetch);
    return fetch;
  };
  if (node && node.kind !== 'Subscription') mapFetches(node, note);
  return found;
}
