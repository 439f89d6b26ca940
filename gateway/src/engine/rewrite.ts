import type { FetchDataRewrite } from '@apollo/query-planner';
import type { Kinds } from './kinds.ts';
import { isTree, own, type Tree } from './tree.ts';

const fragment = '... on ';

/** Changes names or values in a representation or an answer, as the plan asks: a subgraph may know a type by another name. */
export function rewrite(kinds: Kinds, rewrites: readonly FetchDataRewrite[] | undefined, value: unknown): void {
  for (const one of rewrites ?? []) {
    const last = one.path.at(-1);
    if (last !== undefined) eachAt(kinds, one.path, 0, value, (object) => apply(one, last, object));
  }
}

function apply(one: FetchDataRewrite, key: string, object: Tree): void {
  if (one.kind === 'ValueSetter') {
    object[key] = one.setValueTo as unknown;
    return;
  }
  const value = own(object, key);
  if (value === undefined || value === null) return;
  object[one.renameKeyTo] = value;
  object[key] = undefined;
}

/** Every object at the path without its last element. */
function eachAt(kinds: Kinds, path: readonly string[], at: number, value: unknown, change: (object: Tree) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) eachAt(kinds, path, at, item, change);
    return;
  }
  if (!isTree(value)) return;
  if (at === path.length - 1) return change(value);
  const step = path[at] as string;
  if (!step.startsWith(fragment)) return eachAt(kinds, path, at + 1, own(value, step), change);
  if (kinds.holds(value, step.slice(fragment.length), true)) eachAt(kinds, path, at + 1, value, change);
}

/** The value that a path of a context leads to: `..` is the object around, keys and fragments go down from there. */
export function valueFrom(kinds: Kinds, path: readonly string[], parents: readonly Tree[]): unknown {
  const ups = path.findIndex((step) => step !== '..');
  let value: unknown = parents[ups - 1];
  for (const step of path.slice(ups)) {
    if (!isTree(value)) return undefined;
    if (!step.startsWith(fragment)) value = own(value, step);
    else if (!kinds.holds(value, step.slice(fragment.length), true)) return undefined;
  }
  return value;
}
