import type { FetchNode } from '@apollo/query-planner';
import type { CompiledFetch } from './compiled-fetch.ts';
import { type Asked, askedBy } from './errors.ts';
import { fetchEntities } from './fetch-entities.ts';
import { fetchRoot } from './fetch-root.ts';
import type { Kinds } from './kinds.ts';
import type { Step } from './run.ts';
import type { PlanPath } from './walk.ts';

/** Compiles a fetch of root fields or of entities. */
export function fetchStep(node: FetchNode, path: PlanPath, kinds: Kinds): Step {
  let asked: Asked | undefined;
  const fetch: CompiledFetch = { node, path, kinds, asked: () => (asked ??= askedBy(node.operation)) };
  const step = node.requires ? fetchEntities(fetch, node.requires) : fetchRoot(fetch);
  const { id } = node;
  if (id === undefined) return step;
  return (run) => {
    const waiting = step(run);
    if (waiting) return waiting.then(() => run.arrived?.(id));
    run.arrived?.(id);
    return undefined;
  };
}
