import type { FetchNode, PlanNode, QueryPlan } from '@apollo/query-planner';
import {
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  print,
  type SelectionNode,
  type SelectionSetNode,
  stripIgnoredCharacters,
} from 'graphql';
import { joinPlans, type PlanOfFields } from './join-plans.ts';
import { mapNodes } from './plan.ts';

type PlanFields = (fields: readonly FieldNode[]) => QueryPlan;
type Plan = (document: DocumentNode) => QueryPlan;
type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

/** Root fields that are planned together, and their plan. */
interface Leg {
  readonly fields: readonly FieldNode[];
  readonly plan: QueryPlan;
  /** The subgraph that has all of it; undefined where others are asked as well. */
  readonly only: string | undefined;
}

/**
 * Plans the root fields of a mutation so that each one is complete before the next one begins, in the order in which
 * they first stand in the document. The planner takes them in the order of its own groups, in which fragments come
 * together, and asks one subgraph for all of its fields that follow each other before it asks others what belongs to
 * the first. Fields that one subgraph completes alone still travel together: it runs them one after the other itself.
 */
export function planInOrder(document: DocumentNode, operationName: string | undefined, plan: Plan): QueryPlan {
  const operation = getOperationAST(document, operationName);
  if (operation?.operation !== OperationTypeNode.MUTATION) return plan(document);
  const groups = rootFields(operation.selectionSet, fragmentsOf(document));
  if (groups.length < 2) return plan(document);
  const planOf = (fields: readonly FieldNode[]) => askInOrder(plan(withFields(document, operation, fields)), fields);
  const whole = planOf(groups.flat());
  if (isFetch(whole.node)) return whole;
  return joinPlans(legsOf(groups, planOf).map((leg): PlanOfFields => ({ plan: leg.plan, selections: print(selectionSet(leg.fields)) })));
}

/** The fields that are planned, each with all of its mentions, as `CollectFields` of the GraphQL specification has them. */
function rootFields(set: SelectionSetNode, fragments: Fragments): FieldNode[][] {
  const groups = new Map<string, FieldNode[]>();
  const collect = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (selection.kind !== Kind.FIELD) {
        const below = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments.get(selection.name.value);
        if (below) collect(below.selectionSet);
        continue;
      }
      // The gateway itself says what the root is, and what the schema.
      if (selection.name.value.startsWith('__')) continue;
      const key = keyOf(selection);
      groups.set(key, [...(groups.get(key) ?? []), selection]);
    }
  };
  collect(set);
  return [...groups.values()];
}

/** Root fields go together as long as one subgraph completes all but the last of them alone. */
function legsOf(groups: readonly (readonly FieldNode[])[], planOf: PlanFields): Leg[] {
  const runs: Leg[][] = [];
  for (const fields of groups) {
    const leg = legOf(fields, planOf);
    const before = runs.at(-1);
    const only = before?.at(-1)?.only;
    if (before && only !== undefined && only === rootFetches(leg.plan.node)[0]?.serviceName) before.push(leg);
    else runs.push([leg]);
  }
  return runs.flatMap((run) => {
    if (run.length === 1) return run;
    const together = legOf(
      run.flatMap(({ fields }) => fields),
      planOf,
    );
    // The planner may have another idea of where to go for all of them.
    return rootFetches(together.plan.node).length === 1 ? [together] : run;
  });
}

function legOf(fields: readonly FieldNode[], planOf: PlanFields): Leg {
  const plan = planOf(fields);
  return { fields, plan, only: isFetch(plan.node) ? plan.node.serviceName : undefined };
}

/** The planner may write fields of one fetch in an order of its own, in which the subgraph would then run them. */
function askInOrder(plan: QueryPlan, fields: readonly FieldNode[]): QueryPlan {
  const order = [...new Set(fields.map(keyOf))];
  const placeOf = (selection: SelectionNode): number => (selection.kind === Kind.FIELD ? order.indexOf(keyOf(selection)) : -1);
  const sort = (fetch: FetchNode): FetchNode => {
    const document = parse(fetch.operation, { noLocation: true });
    const operation = getOperationAST(document);
    if (!operation) return fetch;
    const { selections } = operation.selectionSet;
    const sorted = selections.toSorted((one, other) => placeOf(one) - placeOf(other));
    if (sorted.every((one, index) => one === selections[index])) return fetch;
    return { ...fetch, operation: stripIgnoredCharacters(print(withFields(document, operation, sorted))) };
  };
  const visit = (node: PlanNode): PlanNode => {
    if (node.kind === 'Flatten') return node;
    if (node.kind !== 'Fetch') return mapNodes(node, visit);
    return node.requires ? node : sort(node);
  };
  const { node } = plan;
  return !node || node.kind === 'Subscription' || order.length < 2 ? plan : { ...plan, node: visit(node) };
}

/** The fetches of root fields that a plan begins with; those at a path, and deferred ones, only add to what is there. */
function rootFetches(node: QueryPlan['node']): FetchNode[] {
  switch (node?.kind) {
    case 'Fetch':
      return node.requires ? [] : [node];
    case 'Sequence':
    case 'Parallel':
      return node.nodes.flatMap(rootFetches);
    case 'Defer':
      return rootFetches(node.primary.node);
    default:
      return [];
  }
}

const isFetch = (node: QueryPlan['node']): node is FetchNode => node?.kind === 'Fetch';

const keyOf = ({ alias, name }: FieldNode): string => (alias ?? name).value;

const selectionSet = (selections: readonly SelectionNode[]): SelectionSetNode => ({ kind: Kind.SELECTION_SET, selections });

const withFields = (document: DocumentNode, operation: OperationDefinitionNode, fields: readonly SelectionNode[]): DocumentNode => ({
  ...document,
  definitions: document.definitions.map((one) => (one === operation ? { ...operation, selectionSet: selectionSet(fields) } : one)),
});

function fragmentsOf({ definitions }: DocumentNode): Fragments {
  const fragments = definitions.filter((one) => one.kind === Kind.FRAGMENT_DEFINITION);
  return new Map(fragments.map((one) => [one.name.value, one]));
}
