import type { FetchNode } from '@apollo/query-planner';
import { compileFetch, type PlanFacts } from './compiled-fetch.ts';
import { fetchEntities } from './fetch-entities.ts';
import { fetchRoot } from './fetch-root.ts';
import type { Step } from './run.ts';
import type { PlanPath } from './walk.ts';

/** Compiles a fetch of root fields or of entities. */
export function fetchStep(node: FetchNode, path: PlanPath, facts: PlanFacts): Step {
  const fetch = compileFetch(node, path, facts.kinds);
  const step = node.requires ? fetchEntities(fetch, node.requires, facts) : fetchRoot(fetch);
  const { id } = node;
  if (id === undefined) return step;
  return (run) => {
    const waiting = step(run);
    if (waiting) return waiting.then(() => run.arrived?.(id));
    run.arrived?.(id);
    return undefined;
  };
}
