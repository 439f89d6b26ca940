import { entityTag, listTag } from '@supergraph/platform/touches';
import { isTree, own, type Tree } from '../engine/tree.ts';
import type { SupergraphFacts } from '../supergraph-facts.ts';

/** More than this outdates an answer so often that it is not worth keeping. */
export const mostTags = 2_000;

/** The tag of an object that says what it is; undefined for what is no entity, null for an entity that cannot be told. */
export function tagOf(facts: SupergraphFacts, object: Tree): string | null | undefined {
  const typeName = own(object, '__typename');
  const type = typeof typeName === 'string' ? facts.types.get(typeName) : undefined;
  if (!type?.isEntity) return undefined;
  const key = type.key === undefined ? undefined : own(object, type.key);
  return typeof key === 'string' || typeof key === 'number' ? entityTag(typeName as string, key) : null;
}

type Optional = ReadonlyMap<string, readonly string[]>;

/**
 * Adds the tags of everything in some data that is an entity; where one is missing that `optional` knows by name, the
 * tag of those that there are. False where something cannot be told, or is too much.
 */
export function addTags(facts: SupergraphFacts, optional: Optional, data: unknown, tags: Set<string>): boolean {
  if (Array.isArray(data)) return data.every((item) => addTags(facts, optional, item, tags));
  if (!isTree(data)) return true;
  const tag = tagOf(facts, data);
  if (tag === null) return false;
  if (tag !== undefined) tags.add(tag);
  return addTagsBelow(facts, optional, data, tags);
}

/** The same for all that hangs from an object. */
export function addTagsBelow(facts: SupergraphFacts, optional: Optional, object: Tree, tags: Set<string>): boolean {
  for (const name of Object.keys(object)) {
    const value = object[name];
    if (value === null || value === undefined) for (const typeName of optional.get(name) ?? []) tags.add(listTag(typeName));
    else if (typeof value === 'object' && !addTags(facts, optional, value, tags)) return false;
  }
  return tags.size <= mostTags;
}
