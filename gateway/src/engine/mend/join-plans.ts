import type { DeferNode, DeferredNode, PlanNode, QueryPlan } from '@apollo/query-planner';
import { Kind, print, type SelectionNode } from 'graphql';
import { mapNodes } from './plan.ts';
import { selectionsOf } from './stand-ins.ts';

/** The plan of some root fields, and what is selected of them. */
export interface PlanOfFields {
  readonly plan: QueryPlan;
  /** With braces around. */
  readonly selections: string;
}

/** One plan of several that run one after the other; what they defer is deferred by the whole. */
export function joinPlans(plans: readonly PlanOfFields[]): QueryPlan {
  const nodes = plans.map(({ plan }, index) => withOwnIds(rootOf(plan), index));
  const steps = nodes.flatMap((node) => stepsOf(node?.kind === 'Defer' ? node.primary.node : node));
  const sequence: PlanNode | undefined = steps.length > 1 ? { kind: 'Sequence', nodes: steps } : steps[0];
  const deferred = nodes.flatMap((node) => (node?.kind === 'Defer' ? node.deferred : []));
  if (deferred.length === 0) return { kind: 'QueryPlan', ...(sequence ? { node: sequence } : {}) };
  const texts = plans.flatMap(({ selections }, index) => {
    const node = nodes[index];
    return node?.kind === 'Defer' ? (node.primary.subselection ?? []) : selections;
  });
  return { kind: 'QueryPlan', node: { kind: 'Defer', primary: { ...together(texts), ...(sequence ? { node: sequence } : {}) }, deferred } };
}

function rootOf({ node }: QueryPlan): PlanNode | undefined {
  if (node?.kind === 'Subscription') throw new Error('a subscription has one root field');
  return node;
}

const stepsOf = (node: PlanNode | undefined): readonly PlanNode[] => (node?.kind === 'Sequence' ? node.nodes : node ? [node] : []);

/** All selections of some texts in one. */
function together(texts: readonly string[]): Pick<DeferNode['primary'], 'subselection'> {
  if (texts.length === 0) return {};
  return { subselection: print({ kind: Kind.SELECTION_SET, selections: texts.flatMap(selectionsIn) }) };
}

const selectionsIn = (text: string): readonly SelectionNode[] =>
  selectionsOf(`...${text}`).selections.flatMap((one) => (one.kind === Kind.INLINE_FRAGMENT ? one.selectionSet.selections : []));

/** Each plan counts its fetches anew; what waits for one of them must not wait for another plan's. */
function withOwnIds(root: PlanNode | undefined, number: number): PlanNode | undefined {
  const own = (id: string): string => `${number}.${id}`;
  const rename = (node: PlanNode): PlanNode => {
    if (node.kind === 'Fetch') return node.id === undefined ? node : { ...node, id: own(node.id) };
    const renamed = mapNodes(node, rename);
    return renamed.kind === 'Defer' ? { ...renamed, deferred: renamed.deferred.map(renameDeferred) } : renamed;
  };
  const renameDeferred = (part: DeferredNode): DeferredNode => ({
    ...part,
    depends: part.depends.map((one) => ({ ...one, id: own(one.id) })),
  });
  return root && rename(root);
}
