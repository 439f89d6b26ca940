import type { FetchNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import type { FieldNode } from 'graphql';
import type { Kinds } from '../kinds.ts';
import { type EntityDocument, readEntityDocument } from './entity-document.ts';
import type { StandIn, SupergraphWithStandIns } from './stand-ins.ts';

/** How a required value is reached from an entity: real names, and the types that they are required of. */
type Place = readonly { readonly on: string | undefined; readonly name: string }[];

/** A value that is required, and the stand-in that it is asked for by. */
interface Need {
  readonly place: Place;
  readonly standIn: string;
}

/** Fields that can be asked for with one representation. */
interface Group {
  readonly fields: Set<FieldNode>;
  readonly types: Set<string>;
  readonly needs: Need[];
}

type StandIns = ReadonlyMap<string, StandIn>;

/**
 * Splits a fetch of entities whose representations would have to hold two values under one name: fields that require
 * the same field with different arguments are asked for apart.
 */
export function splitFetch(
  fetch: FetchNode,
  { standIns, requiredBy }: Pick<SupergraphWithStandIns, 'standIns' | 'requiredBy'>,
  kinds: Kinds,
): readonly FetchNode[] {
  const { requires = [], serviceName } = fetch;
  const match = createMatch(kinds);
  const needs = needsOf(requires, standIns);
  if (!needs.some((one) => needs.some((other) => match.conflict(one, other)))) return [fetch];
  const document = readEntityDocument(fetch.operation);
  const groups: Group[] = [];
  for (const { node, typeName } of document.fields) {
    const own = needsOf(requiredBy(serviceName, typeName, node.name.value), standIns, typeName);
    const fitting = groups.find((group) => !own.some((one) => group.needs.some((other) => match.conflict(one, other))));
    const group = fitting ?? { fields: new Set(), types: new Set(), needs: [] };
    if (!fitting) groups.push(group);
    group.fields.add(node);
    group.types.add(typeName);
    group.needs.push(...own);
  }
  if (groups.length === 1) return [fetch];
  return groups.map((group) => {
    const others = groups.filter((one) => one !== group).flatMap((one) => one.needs);
    const isOfOthers = (need: Need) => !group.needs.some((own) => match.same(own, need)) && others.some((one) => match.same(one, need));
    const fits = (node: QueryPlanSelectionNode) =>
      node.kind === 'Field' || [...group.types].some((typeName) => match.overlap(typeName, node.typeCondition));
    return { ...askFor(fetch, document, group.fields), requires: without(isOfOthers, requires.filter(fits), standIns) };
  });
}

/** The same fetch for some fields of its document only; what its representations hold is left as it is. */
export function askFor(fetch: FetchNode, document: EntityDocument, fields: ReadonlySet<FieldNode>): FetchNode {
  const { text, variables } = document.only(fields);
  const { variableUsages, contextRewrites } = fetch;
  return {
    ...fetch,
    operation: text,
    ...(variableUsages ? { variableUsages: variableUsages.filter((name) => variables.has(name)) } : {}),
    ...(contextRewrites ? { contextRewrites: contextRewrites.filter(({ renameKeyTo }) => variables.has(renameKeyTo)) } : {}),
  };
}

function createMatch(kinds: Kinds) {
  const overlap = (one: string | undefined, other: string | undefined): boolean =>
    one === undefined || other === undefined || [...kinds.of(one)].some((name) => kinds.of(other).has(name));
  const atOnePlace = (one: Need, other: Need): boolean =>
    one.place.length === other.place.length &&
    one.place.every((step, index) => step.name === other.place[index]?.name && overlap(step.on, other.place[index]?.on));
  return {
    overlap,
    same: (one: Need, other: Need) => one.standIn === other.standIn && atOnePlace(one, other),
    conflict: (one: Need, other: Need) => one.standIn !== other.standIn && atOnePlace(one, other),
  };
}

/** The needs among some selections on a type. */
const needsOf = (selections: readonly QueryPlanSelectionNode[], standIns: StandIns, on?: string, at: Place = []): Need[] =>
  selections.flatMap((node) => {
    if (node.kind === 'InlineFragment') return needsOf(node.selections, standIns, node.typeCondition ?? on, at);
    const need = needAt(node.name, standIns, on, at);
    const below = needsOf(node.selections ?? [], standIns, undefined, need.place);
    return standIns.has(node.name) ? [need, ...below] : below;
  });

const needAt = (name: string, standIns: StandIns, on: string | undefined, at: Place): Need => ({
  place: [...at, { on, name: standIns.get(name)?.name ?? name }],
  standIn: name,
});

/** Selections without some needs, and without the objects that were there for them alone. */
const without = (
  isUnwanted: (need: Need) => boolean,
  selections: readonly QueryPlanSelectionNode[],
  standIns: StandIns,
  on?: string,
  at: Place = [],
): QueryPlanSelectionNode[] =>
  selections.flatMap((node): QueryPlanSelectionNode[] => {
    if (node.kind === 'InlineFragment')
      return [{ ...node, selections: without(isUnwanted, node.selections, standIns, node.typeCondition ?? on, at) }];
    const need = needAt(node.name, standIns, on, at);
    if (standIns.has(node.name) && isUnwanted(need)) return [];
    if (!node.selections) return [node];
    const below = without(isUnwanted, node.selections, standIns, undefined, need.place);
    return below.length > 0 ? [{ ...node, selections: below }] : [];
  });
