import { upstreamUnavailable } from '@supergraph/platform/errors';
import type { SubgraphAnswer } from '@supergraph/platform/subgraph';
import { GraphQLError, type GraphQLFormattedError, Kind, parse, type SelectionSetNode } from 'graphql';
import { LRUCache } from 'lru-cache';

type Path = readonly (string | number)[];
type Tree = Record<string, unknown>;

/** One fetch of a plan: where it hangs in the answer, what it asked and, for entities, of whom. */
export interface Fetch {
  readonly query: string;
  /** Response keys, and `@` for each list. */
  readonly at: Path;
  readonly representations: readonly Tree[] | undefined;
}

/** Collects what went wrong while one plan ran, with each error's place in the client's answer. */
export interface ErrorTrail {
  /** Notes a fetch's answer and gives back the data to merge. */
  note(fetch: Fetch, answer: SubgraphAnswer): Tree | null | undefined;
  /** The errors so far, their paths cut where the client's answer has nothing to show. */
  errors(data: Tree | null | undefined): GraphQLError[];
}

const mostErrorsOfFetch = 100;

/** Begins the trail of one run; `mask` makes an error that may leave of one that may not. */
export function createErrorTrail(mask: (error: GraphQLFormattedError) => Readonly<Record<string, unknown>>): ErrorTrail {
  // Merging keeps the first object under each name, so that this sees what the executor sees.
  const root: Tree = Object.create(null) as Tree;
  const found: { readonly path: Path | undefined; readonly message: string; readonly extensions: Readonly<Record<string, unknown>> }[] = [];

  const note = (fetch: Fetch, { data, errors = [] }: SubgraphAnswer) => {
    // Entities are placed before their data is merged, while they look as they did when they were asked for.
    const places = errors.length > 0 ? placesOf(root, fetch) : [];
    for (const error of errors.slice(0, mostErrorsOfFetch)) {
      const { message, extensions } = publicError(error, mask);
      for (const path of pathsOf(fetch, places, error.path, data)) found.push({ path, message, extensions });
    }
    if (data && fetch.at.length === 0 && !fetch.representations) for (const [key, value] of Object.entries(data)) root[key] ??= value;
    return data;
  };
  return {
    note,
    errors: (data) => {
      const distinct = new Map<string, GraphQLError>();
      for (const { path, message, extensions } of found) {
        const shown = path && visiblePath(path, data);
        const key = JSON.stringify([shown, message, extensions['code']]);
        if (!distinct.has(key)) distinct.set(key, new GraphQLError(message, { ...(shown ? { path: shown } : {}), extensions }));
      }
      return [...distinct.values()];
    },
  };
}

const hidden = new Set(['serviceName', 'stacktrace', 'exception', 'response', 'valueCompletion', 'http', 'service', 'url']);

function publicError(error: GraphQLFormattedError, mask: (error: GraphQLFormattedError) => Readonly<Record<string, unknown>>) {
  const code = error.extensions?.['code'];
  // A document that the gateway itself wrote was refused: the client can do nothing about it.
  if (typeof code !== 'string' || (code.startsWith('GRAPHQL_') && !error.message.startsWith('Variable "$')))
    return { message: 'something went wrong on our side', extensions: mask(error) };
  if (code.startsWith('GRAPHQL_')) return { message: error.message, extensions: { code: 'BAD_USER_INPUT' } };
  return {
    message: error.message,
    extensions: Object.fromEntries(Object.entries(error.extensions ?? {}).filter(([key]) => !hidden.has(key))),
  };
}

/** Where an error of a fetch stands in the answer; one without a path stands at every field that was asked for. */
function pathsOf(fetch: Fetch, places: readonly Path[], path: Path | undefined, data: Tree | null | undefined): (Path | undefined)[] {
  if (fetch.representations) {
    if (typeof path?.[1] === 'number') return [[...(places[path[1]] ?? fixedPart(fetch.at)), ...path.slice(2)]];
    const keys = entityKeys(fetch.query);
    const all = fetch.representations.flatMap((representation, index) => {
      const own = keys.get(String(representation['__typename'])) ?? [...keys.values()].flat();
      return own.map((key) => [...(places[index] ?? fixedPart(fetch.at)), key]);
    });
    return all.slice(0, mostErrorsOfFetch);
  }
  const place = places[0] ?? fixedPart(fetch.at);
  if (path) return [[...place, ...path]];
  if (data) return [undefined];
  return rootKeys(fetch.query).map((key) => [...place, key]);
}

const fixedPart = (at: Path): Path => (at.includes('@') ? at.slice(0, at.indexOf('@')) : at);

/** The place of each representation, or of the one object that a fetch without representations hangs from. */
function placesOf(root: Tree, { at, representations }: Fetch): Path[] {
  const candidates: { path: Path; entity: Tree }[] = [];
  walk(root, at, [], (path, entity) => candidates.push({ path, entity }));
  if (!representations) return candidates.map(({ path }) => path);
  return match(candidates, representations, true) ?? match(candidates, representations, false) ?? [];
}

function walk(value: unknown, [head, ...rest]: Path, path: Path, found: (path: Path, entity: Tree) => void): void {
  if (value === null || typeof value !== 'object') return;
  if (Array.isArray(value)) {
    const after = head === '@' ? rest : [head as string, ...rest];
    for (const [index, item] of value.entries()) walk(item, head === undefined ? [] : after, [...path, index], found);
    return;
  }
  if (head === undefined) return found(path, value as Tree);
  walk((value as Tree)[head], rest, [...path, head], found);
}

/** Representations are some of the entities, in their order. */
function match(
  candidates: readonly { path: Path; entity: Tree }[],
  representations: readonly Tree[],
  withType: boolean,
): Path[] | undefined {
  const places: Path[] = [];
  let next = 0;
  for (const representation of representations) {
    while (next < candidates.length && !fits(representation, (candidates[next] as { entity: Tree }).entity, withType)) next++;
    const candidate = candidates[next++];
    if (!candidate) return undefined;
    places.push(candidate.path);
  }
  return places;
}

function fits(wanted: unknown, actual: unknown, withType: boolean): boolean {
  if (wanted === null || typeof wanted !== 'object') return wanted === actual;
  if (Array.isArray(wanted))
    return Array.isArray(actual) && wanted.length === actual.length && wanted.every((item, index) => fits(item, actual[index], withType));
  if (actual === null || typeof actual !== 'object') return false;
  return Object.entries(wanted).every(
    ([key, value]) => (key === '__typename' && !withType) || fits(value, (actual as Tree)[key], withType),
  );
}

/** Fields that only the plan needed are unknown to the client, so the path ends above them. */
function visiblePath(path: Path, data: Tree | null | undefined): Path {
  let current: unknown = data;
  for (const [index, step] of path.entries()) {
    if (current === null || current === undefined || typeof current !== 'object') return path;
    if (!Object.hasOwn(current, step)) return path.slice(0, index);
    current = (current as Tree)[step];
  }
  return path;
}

const keysOfFetches = new LRUCache<string, { readonly root: readonly string[]; readonly entities: ReadonlyMap<string, readonly string[]> }>(
  { max: 1_000 },
);
const rootKeys = (query: string): readonly string[] => keysOf(query).root;
const entityKeys = (query: string): ReadonlyMap<string, readonly string[]> => keysOf(query).entities;

function keysOf(query: string) {
  const known = keysOfFetches.get(query);
  if (known) return known;
  const operation = parse(query).definitions.find((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const root: string[] = [];
  const entities = new Map<string, readonly string[]>();
  for (const selection of operation?.selectionSet.selections ?? []) {
    if (selection.kind !== Kind.FIELD) continue;
    root.push(selection.alias?.value ?? selection.name.value);
    for (const fragment of selection.selectionSet?.selections ?? [])
      if (fragment.kind === Kind.INLINE_FRAGMENT && fragment.typeCondition)
        entities.set(fragment.typeCondition.name.value, fieldKeys(fragment.selectionSet));
  }
  const keys = { root, entities };
  keysOfFetches.set(query, keys);
  return keys;
}

const fieldKeys = ({ selections }: SelectionSetNode): string[] =>
  selections.flatMap((selection) => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return fieldKeys(selection.selectionSet);
    if (selection.kind !== Kind.FIELD || selection.name.value === '__typename') return [];
    return [selection.alias?.value ?? selection.name.value];
  });

/** What stands in for a subgraph that cannot be asked; it names neither the subgraph nor its place. */
export function unavailableAnswer(): SubgraphAnswer {
  const { message, extensions } = upstreamUnavailable();
  return { data: null, errors: [{ message, extensions: { ...extensions } }] };
}
