import type { SubgraphAnswer } from '@supergraph/platform/subgraph';
import { mostErrors, unavailable } from './errors.ts';
import type { Batch, EntityFetch, Target } from './entity-fetch.ts';
import type { Kinds } from './kinds.ts';
import { merge } from './merge.ts';
import { rewrite } from './rewrite.ts';
import type { PendingEntity, Run } from './run.ts';
import { isTree, own, type Tree } from './tree.ts';
import { placesAt } from './walk.ts';

/** Tells each entity what the subgraph said of it. */
export function takeEntities(
  { node, kinds, asked }: EntityFetch,
  run: Run,
  { entities, objects }: Batch,
  { data, errors = [] }: SubgraphAnswer,
): void {
  for (const error of errors.slice(0, mostErrors)) {
    const told = run.tell(error);
    const [root, index, ...rest] = error.path ?? [];
    const one = root === '_entities' && typeof index === 'number' ? entities[index] : undefined;
    // What concerns no single entity concerns them all.
    for (const { answer } of one ? [one] : entities) answer.errors.push({ ...told, rest: one ? rest : undefined });
  }
  const found = data ? own(data, '_entities') : undefined;
  if (!Array.isArray(found) || found.length !== entities.length) {
    if (errors.length === 0) for (const { answer } of entities) answer.errors.push({ ...unavailable(), rest: undefined });
    return;
  }
  for (const [index, entity] of found.entries()) {
    const { answer } = entities[index] as PendingEntity;
    if (entity === null || entity === undefined) continue;
    if (!isTree(entity) || !isOfType(kinds, objects[index] as Tree, entity)) {
      answer.errors.push({ ...unavailable(), rest: undefined });
      continue;
    }
    // What nobody asked for must not take the place of what others answered.
    for (const key of Object.keys(entity)) if (!asked().ofEntities.has(key)) delete entity[key];
    rewrite(kinds, node.outputRewrites, entity);
    answer.entity = entity;
  }
}

/** Whether an entity is what was asked for; it may say more exactly what it is, or less. */
function isOfType(kinds: Kinds, asked: Tree, { __typename: given }: Tree): boolean {
  const wanted = asked['__typename'];
  if (given === undefined || given === wanted || typeof given !== 'string' || typeof wanted !== 'string') return typeof given !== 'object';
  return kinds.of(wanted).has(given) || kinds.of(given).has(wanted);
}

/** Merges entities into the objects that refer to them, and puts their errors there. */
export function put(fetch: EntityFetch, run: Run, targets: readonly Target[]): void {
  let flawed = false;
  for (const { object, entity } of targets) {
    flawed ||= entity.answer.errors.length > 0;
    const found = entity.answer.entity;
    if (found) mergeEntity(fetch.kinds, object, fetch.givesCopies ? structuredClone(found) : found);
    else run.unknown.add(object);
  }
  if (flawed) placeErrors(fetch, run, targets);
}

/** A subgraph may know an interface as an object and call everything by its name; what an object is does not change. */
function mergeEntity(kinds: Kinds, object: Tree, entity: Tree): void {
  const before = object['__typename'];
  merge(object, entity);
  if (kinds.isExact(before)) object['__typename'] = before;
}

/** Of an object of which nothing but its type was asked nothing can be shown. */
const endsOf = (keys: readonly string[]): readonly (readonly string[])[] => (keys.length > 0 ? keys.map((key) => [key]) : [[]]);

function placeErrors({ path, asked }: EntityFetch, run: Run, targets: readonly Target[]): void {
  const places = placesAt(run.data, path);
  let left = mostErrors;
  for (const { object, entity } of targets)
    for (const { rest, message, extensions } of entity.answer.errors)
      for (const place of places.get(object) ?? [])
        for (const end of rest ? [rest] : endsOf(asked().ofEntity(object['__typename']))) {
          if (left-- <= 0) return;
          run.errors.push({ message, extensions, path: [...place.path, ...end] });
        }
}
