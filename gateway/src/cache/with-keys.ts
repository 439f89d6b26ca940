import {
  type FieldNode,
  type GraphQLCompositeType,
  isLeafType,
  isObjectType,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
  getNamedType,
} from 'graphql';
import type { FetchReader } from './read-fetch.ts';
import { objectsOf } from './policy.ts';

/**
 * The selections with the type's name and the key of each entity that may stand there. Undefined where an entity could
 * not be told by them: what holds it must not be kept, since nothing would outdate it.
 */
export function withKeys(reader: FetchReader, type: GraphQLCompositeType, set: SelectionSetNode): SelectionSetNode | undefined {
  const { facts, schema } = reader;
  const entities = objectsOf(schema, type).filter((name) => facts.types.get(name)?.isEntity);
  // An object here that is an interface in the whole graph does not say what it is.
  if (isObjectType(type) && reader.kinds.of(type.name).size > 1) return undefined;
  if (entities.length === 0) return set;
  const keys = entities.map((name) => keyOf(reader, name));
  if (!keys.every((key) => key !== undefined)) return undefined;
  // One name for values of two types would be a conflict.
  if (new Set(keys.map(({ type: kind, key }) => `${key} ${kind}`)).size > 1) return undefined;
  if (isObjectType(type)) return withFields(set, ['__typename', ...keys.map(({ key }) => key)]);
  const selections = withFields(set, ['__typename']).selections;
  return { ...set, selections: [...selections, ...keys.map(({ key }, index) => onType(entities[index] ?? '', key))] };
}

/** The field that an entity is known by, where the subgraph has it and whoever reads the entity may read it. */
function keyOf({ facts, schema }: FetchReader, typeName: string): { readonly key: string; readonly type: string } | undefined {
  const known = facts.types.get(typeName);
  const type = schema.getType(typeName);
  if (known?.key === undefined || known.fields.get(known.key)?.rule || !isObjectType(type)) return undefined;
  const field = type.getFields()[known.key];
  if (!field || field.args.length > 0 || !isLeafType(getNamedType(field.type))) return undefined;
  return { key: known.key, type: String(field.type) };
}

const fieldNode = (name: string): FieldNode => ({ kind: Kind.FIELD, name: { kind: Kind.NAME, value: name } });

const isPlain = (selection: SelectionNode, name: string): boolean =>
  selection.kind === Kind.FIELD && selection.name.value === name && !selection.alias && !selection.directives?.length;

function withFields(set: SelectionSetNode, names: readonly string[]): SelectionSetNode {
  const missing = names.filter((name) => !set.selections.some((selection) => isPlain(selection, name)));
  return missing.length > 0 ? { ...set, selections: [...set.selections, ...missing.map(fieldNode)] } : set;
}

const onType = (typeName: string, key: string): SelectionNode => ({
  kind: Kind.INLINE_FRAGMENT,
  typeCondition: { kind: Kind.NAMED_TYPE, name: { kind: Kind.NAME, value: typeName } },
  selectionSet: { kind: Kind.SELECTION_SET, selections: [fieldNode(key)] },
});
