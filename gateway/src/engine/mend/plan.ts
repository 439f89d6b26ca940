import type { FetchNode, PlanNode, QueryPlan, QueryPlanSelectionNode, SubscriptionNode } from '@apollo/query-planner';
import { type FieldNode, Kind, parse, print, stripIgnoredCharacters, visit } from 'graphql';
import type { Kinds } from '../kinds.ts';
import { splitFetch } from './split-fetch.ts';
import type { StandIn, SupergraphWithStandIns } from './stand-ins.ts';

/**
 * Writes a plan that was made with stand-ins as the subgraphs understand it: they are asked for the real fields, the
 * answers are kept under the names of the stand-ins, and representations have them under the real names again.
 */
export function mendPlan(plan: QueryPlan, mended: SupergraphWithStandIns, kinds: Kinds): QueryPlan {
  const { standIns } = mended;
  if (standIns.size === 0 || !plan.node) return plan;
  const mendFetch = (fetch: FetchNode): FetchNode => ({
    ...fetch,
    operation: realDocument(fetch.operation, standIns),
    ...(fetch.requires ? { requires: realNames(fetch.requires, standIns) } : {}),
  });
  const mendPrimary = ({ primary, rest, ...node }: SubscriptionNode): SubscriptionNode => ({
    ...node,
    primary: mendFetch(primary),
    ...(rest ? { rest: mend(rest) } : {}),
  });
  const mend = (node: PlanNode): PlanNode =>
    node.kind === 'Fetch' ? together(splitFetch(node, mended, kinds).map(mendFetch)) : mapNodes(node, mend);
  return { ...plan, node: plan.node.kind === 'Subscription' ? mendPrimary(plan.node) : mend(plan.node) };
}

/** What waits for a fetch by its id waits for all of its parts. */
function together(fetches: readonly FetchNode[]): PlanNode {
  const [first, ...more] = fetches;
  if (first && more.length === 0) return first;
  if (first?.id === undefined) return { kind: 'Parallel', nodes: [...fetches] };
  return {
    kind: 'Sequence',
    nodes: fetches.map(({ id, ...fetch }, index) => (index < more.length ? fetch : { ...fetch, id: id as string })),
  };
}

type Mend = (node: PlanNode) => PlanNode;

/** The same part of a plan with other parts below it. */
export function mapNodes(node: Exclude<PlanNode, FetchNode>, change: Mend): PlanNode {
  switch (node.kind) {
    case 'Sequence':
    case 'Parallel':
      return { ...node, nodes: node.nodes.map(change) };
    case 'Flatten':
      return { ...node, node: change(node.node) };
    case 'Condition': {
      const { ifClause, elseClause } = node;
      return { ...node, ...(ifClause ? { ifClause: change(ifClause) } : {}), ...(elseClause ? { elseClause: change(elseClause) } : {}) };
    }
    case 'Defer': {
      const changePart = <Part extends { readonly node?: PlanNode }>(part: Part): Part =>
        part.node ? { ...part, node: change(part.node) } : part;
      return { ...node, primary: changePart(node.primary), deferred: node.deferred.map(changePart) };
    }
  }
}

type StandIns = ReadonlyMap<string, StandIn>;

function realDocument(text: string, standIns: StandIns): string {
  let changed = false;
  const document = visit(parse(text, { noLocation: true }), {
    Field: (node): FieldNode | undefined => {
      const real = standIns.get(node.name.value);
      if (!real) return undefined;
      changed = true;
      const given = [...real.arguments, ...(node.arguments ?? [])];
      return { ...node, alias: node.alias ?? node.name, name: { kind: Kind.NAME, value: real.name }, arguments: given };
    },
  });
  return changed ? stripIgnoredCharacters(print(document)) : text;
}

/** Selections under the names that subgraphs know; as in a document, the alias is where the value is kept. */
export const realNames = (selections: readonly QueryPlanSelectionNode[], standIns: StandIns): QueryPlanSelectionNode[] =>
  selections.map((node) => {
    if (node.kind === 'InlineFragment') return { ...node, selections: realNames(node.selections, standIns) };
    const real = standIns.get(node.name);
    return {
      ...node,
      ...(real ? { alias: node.alias ?? node.name, name: real.name } : {}),
      ...(node.selections ? { selections: realNames(node.selections, standIns) } : {}),
    };
  });
