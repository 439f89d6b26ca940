import type { SubgraphAnswer } from '@supergraph/platform/subgraph';
import { type CompiledFetch, pickVariables } from './compiled-fetch.ts';
import { type Asked, mostErrors, unavailable } from './errors.ts';
import { toJson } from './json.ts';
import { merge } from './merge.ts';
import { rewrite } from './rewrite.ts';
import type { Run, Step } from './run.ts';
import type { Path } from './tree.ts';
import { placesAt, targetsAt } from './walk.ts';

/** Compiles a fetch of root fields. */
export function fetchRoot(fetch: CompiledFetch): Step {
  const { node, path } = fetch;
  return (run) => {
    if (path.length > 0 && targetsAt(run.data, path).length === 0) return undefined;
    const variables = () => pickVariables(node, run);
    return run
      .ask({
        fetch,
        service: node.serviceName,
        query: node.operation,
        operationName: node.operationName,
        variables,
        variablesText: () => toJson(variables()),
        entities: 0,
        wanted: 0,
        remembered: 0,
        since: run.since,
      })
      .then((answer) => takeRoot(fetch, run, answer));
  };
}

/** Puts the answer to root fields, or an event, where it belongs. */
export function takeRoot({ node, path, kinds, asked }: CompiledFetch, run: Run, { data, errors = [] }: SubgraphAnswer): void {
  const told = errors.slice(0, mostErrors).map((error) => ({ path: error.path, ...run.tell(error) }));
  if (!data && told.length === 0) told.push({ path: undefined, ...unavailable() });
  if (told.length > 0) {
    const places = path.length === 0 ? [[]] : [...placesAt(run.data, path).values()].flat().map((place) => place.path);
    for (const error of told)
      for (const rest of restsOf(error.path, data, asked()))
        for (const place of places.slice(0, mostErrors)) run.errors.push({ ...error, path: rest && [...place, ...rest] });
  }
  if (data) rewrite(kinds, node.outputRewrites, data);
  for (const target of path.length === 0 ? [run.data] : targetsAt(run.data, path)) {
    if (data) merge(target, data);
    else run.unknown.add(target);
  }
}

/** One without a path stands at every field that was asked for, unless there is data: then nobody knows. */
function restsOf(path: Path | undefined, data: unknown, { root }: Asked): readonly (Path | undefined)[] {
  if (path) return [path];
  return data || root.length === 0 ? [undefined] : root.map((key) => [key]);
}
