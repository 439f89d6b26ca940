import type { FetchDataRewrite, QueryPlanSelectionNode } from '@apollo/query-planner';
import { toJson } from './json.ts';
import type { Kinds } from './kinds.ts';
import { merge } from './merge.ts';
import { rewrite } from './rewrite.ts';
import { emptyTree, isTree, own, type Tree } from './tree.ts';

/** Makes of an object what a subgraph needs to find its entity; undefined where the object lacks what is required. */
export interface Representer {
  /** Equal for equal representations, and cheaper than their texts. */
  readonly name: (entity: Tree) => EntityName | undefined;
  /** JSON text. */
  readonly text: (entity: Tree) => string | undefined;
  readonly object: (entity: Tree) => Tree | undefined;
}

/**
 * Compiles a fetch's `requires`. Objects of types for which the fetch is not made as a whole have no representation,
 * and neither have those of which a part is missing, however deep.
 */
export function createRepresenter(
  kinds: Kinds,
  requires: readonly QueryPlanSelectionNode[],
  rewrites: readonly FetchDataRewrite[] | undefined,
  isWhole: (typeName: unknown) => boolean = () => true,
): Representer {
  return isFlat(requires) && !rewrites?.length ? flat(kinds, requires, isWhole) : deep(kinds, requires, rewrites, isWhole);
}

/** What a representation is known by: first what many share, then what tells them apart. */
export interface EntityName {
  readonly group: string;
  readonly value: string;
}

/** Whether an object has all that some selections ask for; null is something. */
export const hasAll = (kinds: Kinds, object: Tree, selections: readonly QueryPlanSelectionNode[]): boolean =>
  project(kinds, object, selections) !== undefined;

/** Fields of leaves under type conditions: nearly all keys look like this. */
const isFlat = (requires: readonly QueryPlanSelectionNode[]): boolean =>
  requires.every(
    (node) =>
      node.kind === 'InlineFragment' && node.typeCondition && node.selections.every((field) => field.kind === 'Field' && !field.selections),
  );

function flat(kinds: Kinds, requires: readonly QueryPlanSelectionNode[], isWhole: (typeName: unknown) => boolean): Representer {
  const keysByType = new Map<unknown, Keys>();
  const keysOf = (typeName: unknown): Keys => {
    const known = keysByType.get(typeName);
    if (known) return known;
    const keys = isWhole(typeName) ? readKeys(kinds, requires, typeName) : [];
    // Names of types come from subgraphs; only those that the fetch asks for are worth a memory.
    if (keys.length > 0) keysByType.set(typeName, keys);
    return keys;
  };
  const text = (entity: Tree): string | undefined => {
    const keys = keysOf(entity['__typename']);
    if (keys.length === 0) return undefined;
    let written = '{';
    for (const { key, label } of keys) {
      const value = own(entity, key);
      if (value === undefined) return undefined;
      written += label + toJson(value);
    }
    return `${written}}`;
  };
  return {
    text,
    name: (entity) => {
      // Nearly all representations are a type and an id, which the answer has as a text already.
      const { [0]: type, [1]: id, length } = keysOf(entity['__typename']);
      const value = length === 2 && type?.name === '__typename' && id ? own(entity, id.key) : undefined;
      if (typeof value === 'string') return { group: id?.group as string, value };
      return wholeName(text(entity));
    },
    object: (entity) => {
      const found = emptyTree();
      for (const { key, name } of keysOf(entity['__typename'])) found[name] = own(entity, key);
      return found;
    },
  };
}

const wholeName = (text: string | undefined): EntityName | undefined => (text === undefined ? undefined : { group: '', value: text });

/** Where a value is kept, and what the subgraph calls it; `group` is it with the type that it is of. */
type Keys = readonly { readonly key: string; readonly name: string; readonly label: string; readonly group: string }[];

function readKeys(kinds: Kinds, requires: readonly QueryPlanSelectionNode[], typeName: unknown): Keys {
  const keysByName = new Map<string, string>();
  for (const node of requires)
    if (node.kind === 'InlineFragment' && node.typeCondition && kinds.of(node.typeCondition).has(typeName))
      for (const field of node.selections) if (field.kind === 'Field') keysByName.set(field.name, field.alias ?? field.name);
  return [...keysByName].map(([name, key], index) => ({
    key,
    name,
    label: `${index === 0 ? '' : ','}${JSON.stringify(name)}:`,
    group: `${String(typeName)}.${name}`,
  }));
}

function deep(
  kinds: Kinds,
  requires: readonly QueryPlanSelectionNode[],
  rewrites: readonly FetchDataRewrite[] | undefined,
  isWhole: (typeName: unknown) => boolean,
): Representer {
  const object = (entity: Tree): Tree | undefined => {
    const found = isWhole(entity['__typename']) ? project(kinds, entity, requires) : undefined;
    if (!found?.['__typename']) return undefined;
    rewrite(kinds, rewrites, found);
    return found;
  };
  const text = (entity: Tree): string | undefined => {
    const found = object(entity);
    return found && toJson(found);
  };
  return { object, text, name: (entity) => wholeName(text(entity)) };
}

/** What the selections ask for; undefined as a whole where a part is missing. */
function project(kinds: Kinds, source: Tree, selections: readonly QueryPlanSelectionNode[]): Tree | undefined {
  const found = emptyTree();
  for (const selection of selections) {
    if (selection.kind === 'Field') {
      const { name, alias = name } = selection;
      const value = own(source, alias);
      const part = selection.selections && value !== undefined ? projectValue(kinds, value, selection.selections) : value;
      if (part === undefined) return undefined;
      found[name] = part;
    } else if (selection.typeCondition && kinds.holds(source, selection.typeCondition, false)) {
      const part = project(kinds, source, selection.selections);
      if (!part) return undefined;
      merge(found, part);
    }
  }
  return found;
}

function projectValue(kinds: Kinds, value: unknown, selections: readonly QueryPlanSelectionNode[]): unknown {
  if (!Array.isArray(value)) return isTree(value) ? project(kinds, value, selections) : null;
  const items = value.map((item) => projectValue(kinds, item, selections));
  return items.includes(undefined) ? undefined : items;
}
