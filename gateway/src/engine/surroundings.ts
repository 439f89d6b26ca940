import type { FetchDataKeyRenamer, FetchNode, QueryPlan } from '@apollo/query-planner';
import { toJson } from './json.ts';
import type { Kinds } from './kinds.ts';
import { fetchesOf } from './plan-fetches.ts';
import { valueFrom } from './rewrite.ts';
import type { Run } from './run.ts';
import type { Tree } from './tree.ts';
import { placesAt, type PlanPath } from './walk.ts';

/** What a fetch takes from its surroundings, beside the client's variables. */
export type Extra = Readonly<Record<string, unknown>>;

/** What a fetch of fewer fields takes from its surroundings. */
export const pickExtra = ({ contextRewrites = [] }: FetchNode, extra: Extra): Extra =>
  Object.fromEntries(Object.entries(extra).filter(([name]) => contextRewrites.some(({ renameKeyTo }) => renameKeyTo === name)));

/** Whether some fetch of a plan takes anything from its surroundings. */
export const hasContexts = (plan: QueryPlan): boolean => fetchesOf(plan).some(({ contextRewrites = [] }) => contextRewrites.length > 0);

/** What stands around an entity may be an argument of its fields: entities with the same surroundings go together. */
export function groupByContext(
  kinds: Kinds,
  path: PlanPath,
  contexts: readonly FetchDataKeyRenamer[],
  run: Pick<Run, 'data'>,
): [Extra, Tree[]][] {
  const groups = new Map<string, [Extra, Tree[]]>();
  for (const [object, places] of placesAt(run.data, path)) {
    const parents = places[0]?.parents ?? [];
    const extra = Object.fromEntries(
      contexts.flatMap(({ path: from, renameKeyTo }) => {
        const value = valueFrom(kinds, from, parents);
        return value === undefined ? [] : [[renameKeyTo, value]];
      }),
    );
    const key = toJson(extra);
    const group = groups.get(key);
    if (group) group[1].push(object);
    else groups.set(key, [extra, [object]]);
  }
  return [...groups.values()];
}
