import type { FetchNode, PlanNode, QueryPlan } from '@apollo/query-planner';
import { mapNodes } from './mend/plan.ts';

/** The same plan with other fetches. */
export const mapFetches = (node: PlanNode, change: (fetch: FetchNode) => FetchNode): PlanNode =>
  node.kind === 'Fetch' ? change(node) : mapNodes(node, (one) => mapFetches(one, change));

/** All fetches of a plan that ends; of a subscription those that complete an event. */
export function fetchesOf({ node }: QueryPlan): readonly FetchNode[] {
  const found: FetchNode[] = [];
  const note = (fetch: FetchNode) => {
    found.push(fetch);
    return fetch;
  };
  const ending = node?.kind === 'Subscription' ? node.rest : node;
  if (ending) mapFetches(ending, note);
  return found;
}
