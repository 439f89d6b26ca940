import type { QueryPlan, QueryPlanSelectionNode } from '@apollo/query-planner';
import { objectsBelow } from './errors.ts';
import { isKey } from './holes.ts';
import type { Kinds } from './kinds.ts';
import { fetchesOf } from './plan-fetches.ts';
import type { ObjectShape } from './shape.ts';
import type { PlanPath } from './walk.ts';

/** Whether anybody wants a field, by its key, of objects of a type at a path: the client, or another fetch. */
export type IsWanted = (path: PlanPath, typeName: string, key: string) => boolean;

/**
 * Reads who wants what. The planner asks a subgraph that knows an interface as an object for all that is selected of
 * any of its types. In doubt a field is wanted: where it is not the client's own, or an object's type is not known.
 */
export function createIsWanted(kinds: Kinds, shape: ObjectShape, isRequired: IsRequired): IsWanted {
  return (path, typeName, key) => {
    if (!kinds.isExact(typeName)) return true;
    const objects = objectsAt(shape, path);
    const asking = objects.filter(({ fields }) => fields.some(({ dataKey }) => dataKey === key));
    if (asking.length === 0 || asking.some((one) => one.typeName === typeName)) return true;
    if (!objects.some((one) => one.typeName === typeName)) return true;
    return isRequired(key);
  };
}

/** The shapes of all objects that the client selects at a path. */
const objectsAt = (root: ObjectShape, path: PlanPath): readonly ObjectShape[] =>
  path.filter(isKey).reduce<readonly ObjectShape[]>(
    (objects, step) => {
      const fields = objects.flatMap((one) => one.fields.filter(({ dataKey }) => dataKey === step));
      return [...new Set(fields.flatMap(objectsBelow))];
    },
    [root],
  );

/** Whether some fetch of a plan reads a key, wherever that is. */
export type IsRequired = (key: string) => boolean;

export function createIsRequired(plan: QueryPlan): IsRequired {
  let required: ReadonlySet<string> | undefined;
  return (key) => (required ??= requiredKeys(plan)).has(key);
}

function requiredKeys(plan: QueryPlan): ReadonlySet<string> {
  const keys = new Set<string>();
  const note = (selections: readonly QueryPlanSelectionNode[]): void => {
    for (const one of selections) {
      if (one.kind === 'Field') keys.add(one.alias ?? one.name);
      note(one.selections ?? []);
    }
  };
  for (const { requires = [], contextRewrites = [] } of fetchesOf(plan)) {
    note(requires);
    for (const { path } of contextRewrites) for (const step of path) keys.add(step);
  }
  return keys;
}
