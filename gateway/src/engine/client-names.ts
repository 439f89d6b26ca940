import type { DeferNode, FetchNode, PlanNode, QueryPlan, QueryPlanSelectionNode, SubscriptionNode } from '@apollo/query-planner';
import { type FieldNode, Kind, parse, print, visit } from 'graphql';

type Names = ReadonlyMap<string, string>;
type Node = PlanNode | SubscriptionNode;

/** A plan as a client would write it, and the numbers of its fetches: of those that run and of those here. */
export interface NamedPlan {
  readonly plan: QueryPlan;
  readonly numbers: ReadonlyMap<FetchNode, number>;
}

/** Puts the client's names in the place of the keys that an operation was planned with. Fetches count from 1. */
export function withClientNames({ node }: QueryPlan, names: Names): NamedPlan {
  const numbers = new Map<FetchNode, number>();
  const nameFetch = (fetch: FetchNode): FetchNode => {
    const { operationDocumentNode: _document, requires, ...rest } = fetch;
    const named = { ...rest, operation: nameText(rest.operation, names), ...(requires ? { requires: nameAll(requires, names) } : {}) };
    const number = numbers.size / 2 + 1;
    numbers.set(fetch, number).set(named, number);
    return named;
  };
  const nameDefer = ({ primary, deferred, ...rest }: DeferNode): DeferNode => ({
    ...rest,
    primary: nameParts(primary),
    deferred: deferred.map((part) => ({ ...nameParts(part), queryPath: part.queryPath.map((step) => nameKey(step, names)) })),
  });
  const nameParts = <Part extends { readonly subselection?: string; readonly node?: PlanNode }>(part: Part): Part => ({
    ...part,
    ...(part.subselection === undefined ? {} : { subselection: nameText(part.subselection, names) }),
    ...(part.node ? { node: nameNode(part.node) } : {}),
  });
  const nameNode = (one: PlanNode): PlanNode => {
    switch (one.kind) {
      case 'Sequence':
      case 'Parallel':
        return { ...one, nodes: one.nodes.map(nameNode) };
      case 'Flatten':
        return { ...one, path: one.path.map((step) => nameKey(String(step), names)), node: nameNode(one.node) };
      case 'Condition':
        throw new Error('conditions are decided before planning');
      case 'Defer':
        return nameDefer(one);
      case 'Fetch':
        return nameFetch(one);
    }
  };
  const nameRoot = (one: Node): Node =>
    one.kind === 'Subscription'
      ? { ...one, primary: nameFetch(one.primary), ...(one.rest ? { rest: nameNode(one.rest) } : {}) }
      : nameNode(one);
  return { plan: { kind: 'QueryPlan', ...(node ? { node: nameRoot(node) } : {}) }, numbers };
}

/** A key as the client calls it. */
export const nameKey = (key: string, names: Names): string => names.get(key) ?? key;

function nameText(document: string, names: Names): string {
  const named = visit(parse(document, { noLocation: true }), {
    Field: (field) => nameField(field, names),
    // Block strings would break lines.
    StringValue: (value) => (value.block ? { ...value, block: false } : undefined),
  });
  return print(named);
}

function nameField(field: FieldNode, names: Names): FieldNode | undefined {
  const name = field.alias && names.get(field.alias.value);
  if (name === undefined) return undefined;
  const { alias: _alias, ...rest } = field;
  return name === field.name.value ? rest : { ...rest, alias: { kind: Kind.NAME, value: name } };
}

const nameAll = (selections: readonly QueryPlanSelectionNode[], names: Names): QueryPlanSelectionNode[] =>
  selections.map((node) => {
    const below = node.selections ? { selections: nameAll(node.selections, names) } : {};
    if (node.kind === 'InlineFragment') return { ...node, ...below };
    const { alias, ...rest } = node;
    const name = nameKey(alias ?? node.name, names);
    return { ...rest, ...(name === node.name ? {} : { alias: name }), ...below };
  });
