import {
  type DeferNode,
  type FetchNode,
  type PlanNode,
  prettyFormatQueryPlan,
  type QueryPlanSelectionNode,
  type SubscriptionNode,
} from '@apollo/query-planner';
import { Kind, parse, print, type SelectionSetNode } from 'graphql';
import type { ToldDefer, ToldFetch, ToldNode, ToldPlan } from '../explained.ts';
import { nameKey, withClientNames } from './client-names.ts';
import type { Operation } from './operation.ts';

/** An operation's plan as a person reads it. */
export interface ExplainedPlan {
  readonly told: ToldPlan;
  /** A fetch's number in what is told. */
  readonly numberOf: (fetch: FetchNode) => number;
  /** A path of the plan in the client's names. */
  readonly pathOf: (path: readonly string[]) => string;
}

const known = new WeakMap<Operation, ExplainedPlan>();

/** Tells a plan, once for all who want to be told. */
export function explainPlan(operation: Operation): ExplainedPlan {
  const found = known.get(operation) ?? explain(operation);
  known.set(operation, found);
  return found;
}

function explain({ plan, names }: Operation): ExplainedPlan {
  const named = withClientNames(plan, names);
  const numberOf = (fetch: FetchNode): number => named.numbers.get(fetch) ?? 0;
  const { node } = named.plan;
  const root = node && createTeller(numberOf)(node, []);
  return {
    told: { ...(root ? { root } : {}), text: prettyFormatQueryPlan(named.plan) },
    numberOf,
    pathOf: (path) => path.map((step) => nameKey(step, names)).join('.'),
  };
}

type Teller = (node: PlanNode | SubscriptionNode, path: readonly string[]) => ToldNode;

function createTeller(numberOf: (fetch: FetchNode) => number): Teller {
  const byId = new Map<string, number>();
  const optional = <Key extends string>(key: Key, node: PlanNode | undefined, path: readonly string[]) =>
    (node ? { [key]: tell(node, path) } : {}) as { readonly [K in Key]?: ToldNode };
  const tellFetch = (fetch: FetchNode, path: readonly string[]): ToldFetch => {
    const { id, serviceName, requires, operation, variableUsages = [] } = fetch;
    if (id !== undefined) byId.set(id, numberOf(fetch));
    return {
      kind: 'Fetch',
      fetch: numberOf(fetch),
      subgraph: serviceName,
      path: path.join('.'),
      ...(requires ? { requires: inOneLine(selectionsText(requires)) } : {}),
      asks: inOneLine(askedText(operation)),
      ...(variableUsages.length > 0 ? { variables: variableUsages } : {}),
    };
  };
  const tellDefer = ({ primary, deferred }: DeferNode, path: readonly string[]): ToldDefer => ({
    kind: 'Defer',
    primary: { ...asksOf(primary.subselection), ...optional('node', primary.node, path) },
    deferred: deferred.map(({ label, queryPath, depends, subselection, node }) => ({
      ...(label === undefined ? {} : { label }),
      path: queryPath.join('.'),
      after: depends.flatMap(({ id }) => byId.get(id) ?? []),
      ...asksOf(subselection),
      ...optional('node', node, path),
    })),
  });
  const tell: Teller = (node, path) => {
    switch (node.kind) {
      case 'Sequence':
      case 'Parallel':
        if (node.nodes.length === 1) return tell(node.nodes[0] as PlanNode, path);
        return { kind: node.kind, nodes: node.nodes.map((one) => tell(one, path)) };
      case 'Flatten':
        return tell(node.node, [...path, ...node.path.map(String)]);
      case 'Condition':
        throw new Error('conditions are decided before planning');
      case 'Defer':
        return tellDefer(node, path);
      case 'Subscription':
        return { kind: 'Subscription', primary: tellFetch(node.primary, path), ...optional('rest', node.rest, path) };
      case 'Fetch':
        return tellFetch(node, path);
    }
  };
  return tell;
}

const asksOf = (subselection: string | undefined) => (subselection === undefined ? {} : { asks: inOneLine(askedText(subselection)) });

/** A document's selections and named fragments; of entities what is asked of them. */
function askedText(document: string): string {
  const { definitions } = parse(document, { noLocation: true });
  return definitions
    .map((one) => (one.kind === Kind.OPERATION_DEFINITION ? print(withinEntities(one.selectionSet)) : print(one)))
    .join(' ');
}

function withinEntities(set: SelectionSetNode): SelectionSetNode {
  const [first] = set.selections;
  return first?.kind === Kind.FIELD && first.name.value === '_entities' && first.selectionSet ? first.selectionSet : set;
}

const selectionsText = (selections: readonly QueryPlanSelectionNode[]): string => `{ ${selections.map(selectionText).join(' ')} }`;

function selectionText(node: QueryPlanSelectionNode): string {
  const below = node.selections ? ` ${selectionsText(node.selections)}` : '';
  if (node.kind === 'InlineFragment') return `...${node.typeCondition ? ` on ${node.typeCondition}` : ''}${below}`;
  return `${node.alias ? `${node.alias}: ` : ''}${node.name}${below}`;
}

/** Text in quotes stays as it is. */
const inOneLine = (text: string): string => text.replaceAll(/"(?:[^"\\]|\\.)*"|\s+/g, (found) => (found.startsWith('"') ? found : ' '));
