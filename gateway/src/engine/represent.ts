import type { FetchDataRewrite, QueryPlanSelectionNode } from '@apollo/query-planner';
import { toJson } from './json.ts';
import type { Kinds } from './kinds.ts';
import { merge } from './merge.ts';
import { rewrite } from './rewrite.ts';
import { emptyTree, isTree, own, type Tree } from './tree.ts';

/** Makes of an object what a subgraph needs to find its entity; undefined where the object lacks what is required. */
export interface Representer {
  /** JSON text; equal for equal representations, so it serves as a key, too. */
  readonly text: (entity: Tree) => string | undefined;
  readonly object: (entity: Tree) => Tree | undefined;
}

/** Compiles a fetch's `requires`. */
export function createRepresenter(
  kinds: Kinds,
  requires: readonly QueryPlanSelectionNode[],
  rewrites: readonly FetchDataRewrite[] | undefined,
): Representer {
  return isFlat(requires) && !rewrites?.length ? flat(kinds, requires) : deep(kinds, requires, rewrites);
}

/** Fields of leaves under type conditions: nearly all keys look like this. */
const isFlat = (requires: readonly QueryPlanSelectionNode[]): boolean =>
  requires.every(
    (node) =>
      node.kind === 'InlineFragment' && node.typeCondition && node.selections.every((field) => field.kind === 'Field' && !field.selections),
  );

function flat(kinds: Kinds, requires: readonly QueryPlanSelectionNode[]): Representer {
  const several = deep(kinds, requires, undefined);
  const keysByType = new Map<unknown, Keys | 'several'>();
  const keysOf = (typeName: unknown): Keys | 'several' => {
    const known = keysByType.get(typeName);
    if (known) return known;
    const keys = readKeys(kinds, requires, typeName);
    // Names of types come from subgraphs; only those that the fetch asks for are worth a memory.
    if (keys.length > 0) keysByType.set(typeName, keys);
    return keys;
  };
  return {
    text: (entity) => {
      const keys = keysOf(entity['__typename']);
      if (keys === 'several') return several.text(entity);
      if (keys.length === 0) return undefined;
      let text = '{';
      for (const { key, label } of keys) {
        const value = own(entity, key);
        if (value === undefined) return undefined;
        text += label + toJson(value);
      }
      return `${text}}`;
    },
    object: (entity) => {
      const keys = keysOf(entity['__typename']);
      if (keys === 'several') return several.object(entity);
      const found = emptyTree();
      for (const { key, name } of keys) found[name] = own(entity, key);
      return found;
    },
  };
}

/** Where a value is kept, and what the subgraph calls it. */
type Keys = readonly { readonly key: string; readonly name: string; readonly label: string }[];

/** Two fragments for one type may be filled apart: one of them may lack something. */
function readKeys(kinds: Kinds, requires: readonly QueryPlanSelectionNode[], typeName: unknown): Keys | 'several' {
  const fitting = requires.filter(
    (node) => node.kind === 'InlineFragment' && node.typeCondition && kinds.of(node.typeCondition).has(typeName),
  );
  if (fitting.length > 1) return 'several';
  const fields = fitting.flatMap((node) => node.selections ?? []);
  return fields.map((field, index) => {
    const { name, alias = name } = field.kind === 'Field' ? field : { name: '' };
    return { key: alias, name, label: `${index === 0 ? '' : ','}${JSON.stringify(name)}:` };
  });
}

function deep(kinds: Kinds, requires: readonly QueryPlanSelectionNode[], rewrites: readonly FetchDataRewrite[] | undefined): Representer {
  const object = (entity: Tree): Tree | undefined => {
    const found = project(kinds, entity, requires);
    if (!found?.['__typename']) return undefined;
    rewrite(kinds, rewrites, found);
    return found;
  };
  return {
    object,
    text: (entity) => {
      const found = object(entity);
      return found && toJson(found);
    },
  };
}

/** What the selections ask for; null as a whole where a part is missing. */
function project(kinds: Kinds, source: Tree, selections: readonly QueryPlanSelectionNode[]): Tree | null {
  const found = emptyTree();
  for (const selection of selections) {
    if (selection.kind === 'Field') {
      const { name, alias = name } = selection;
      const value = own(source, alias);
      if (value === undefined) return null;
      found[name] = selection.selections ? projectValue(kinds, value, selection.selections) : value;
    } else if (selection.typeCondition && kinds.holds(source, selection.typeCondition, false)) {
      const part = project(kinds, source, selection.selections);
      if (part) merge(found, part);
    }
  }
  return found;
}

function projectValue(kinds: Kinds, value: unknown, selections: readonly QueryPlanSelectionNode[]): unknown {
  if (Array.isArray(value)) return value.map((item) => projectValue(kinds, item, selections));
  return isTree(value) ? project(kinds, value, selections) : null;
}
