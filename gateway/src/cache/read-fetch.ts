import type { FetchNode } from '@apollo/query-planner';
import {
  type FieldNode,
  getNamedType,
  type GraphQLCompositeType,
  type GraphQLOutputType,
  type GraphQLSchema,
  isCompositeType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  parse,
  print,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Kinds } from '../engine/kinds.ts';
import type { SupergraphFacts } from '../supergraph-facts.ts';
import { type CachePolicy, fieldPolicy, neverKept, objectsOf, strictest, unbounded } from './policy.ts';
import { withKeys } from './with-keys.ts';

/** What may be kept of a fetch's answers, and what outdates them. */
export interface FetchReading extends CachePolicy {
  /** The fetch's document, which also asks for the keys of all entities that it meets. */
  readonly operation: string;
  /** The entity types of which it tells which ones there are. */
  readonly lists: ReadonlySet<string>;
  /** Entity types by the names under which one of them may be missing. */
  readonly optional: ReadonlyMap<string, readonly string[]>;
}

export interface FetchReader {
  readonly facts: SupergraphFacts;
  readonly kinds: Kinds;
  /** The schema of the subgraph that is asked. */
  readonly schema: GraphQLSchema;
}

interface Found {
  policy: CachePolicy;
  readonly lists: Set<string>;
  readonly optional: Map<string, readonly string[]>;
}

/** What stands around some selections. */
interface Around {
  /** How long their object may be kept, in seconds. */
  readonly maxAge: number;
  /** They are asked of an entity that is known by its key already. */
  readonly ofEntity: boolean;
}

/** Reads a fetch; undefined where nothing of it may be kept. */
export function readFetch(reader: FetchReader, node: FetchNode): FetchReading | undefined {
  // Rewritten answers call things by other names than they were asked by.
  if (node.inputRewrites?.length || node.outputRewrites?.length) return undefined;
  const document = parse(node.operation, { noLocation: true });
  const [definition] = document.definitions;
  if (document.definitions.length !== 1 || definition?.kind !== Kind.OPERATION_DEFINITION) return undefined;
  const root = reader.schema.getRootType(definition.operation);
  if (!root) return undefined;
  const found: Found = { policy: unbounded, lists: new Set(), optional: new Map() };
  const selectionSet = readSet({ ...reader, found }, root, definition.selectionSet, { maxAge: 0, ofEntity: false });
  const { maxAge, scope } = found.policy;
  if (maxAge <= 0 || maxAge === Infinity) return undefined;
  const { lists, optional } = found;
  return { maxAge, scope, lists, optional, operation: print({ ...document, definitions: [{ ...definition, selectionSet }] }) };
}

type Reading = FetchReader & { readonly found: Found };

const refuse = ({ found }: Reading): void => {
  found.policy = neverKept;
};

function readSet(reading: Reading, type: GraphQLCompositeType, set: SelectionSetNode, around: Around): SelectionSetNode {
  return { ...set, selections: set.selections.map((selection) => readSelection(reading, type, selection, around)) };
}

function readSelection(reading: Reading, type: GraphQLCompositeType, selection: SelectionNode, around: Around): SelectionNode {
  if (selection.kind === Kind.FIELD) return readField(reading, type, selection, around);
  const condition = selection.kind === Kind.INLINE_FRAGMENT ? selection.typeCondition : undefined;
  const inner = condition ? reading.schema.getType(condition.name.value) : type;
  if (selection.kind !== Kind.INLINE_FRAGMENT || !isCompositeType(inner)) {
    refuse(reading);
    return selection;
  }
  return { ...selection, selectionSet: readSet(reading, inner, selection.selectionSet, around) };
}

function readField(reading: Reading, type: GraphQLCompositeType, node: FieldNode, around: Around): FieldNode {
  const { facts, schema, found } = reading;
  const name = node.name.value;
  if (name === '__typename') return node;
  if (name === '_entities' && node.selectionSet)
    return { ...node, selectionSet: readSet(reading, type, node.selectionSet, { maxAge: 0, ofEntity: true }) };
  // The key of an entity never changes.
  if (around.ofEntity && facts.types.get(type.name)?.key === name) return node;
  const definition = 'getFields' in type ? type.getFields()[name] : undefined;
  if (!definition) {
    refuse(reading);
    return node;
  }
  const returned = getNamedType(definition.type);
  const policy = fieldPolicy(facts, objectsOf(schema, type), name, returned, around.maxAge);
  found.policy = strictest(found.policy, policy);
  if (!node.selectionSet || !isCompositeType(returned)) return node;
  noteEntities(reading, node, definition.type, returned);
  const inner = readSet(reading, returned, node.selectionSet, { maxAge: policy.maxAge, ofEntity: false });
  const selectionSet = withKeys(reading, returned, inner);
  if (selectionSet) return { ...node, selectionSet };
  refuse(reading);
  return node;
}

function noteEntities({ facts, kinds, schema, found }: Reading, node: FieldNode, type: GraphQLOutputType, returned: GraphQLCompositeType) {
  const entities = objectsOf(schema, returned).filter((name) => facts.types.get(name)?.isEntity);
  if (isList(type)) for (const name of entities) found.lists.add(name);
  else if (entities.length > 0 && !isNonNullType(type)) {
    const key = node.alias?.value ?? node.name.value;
    found.optional.set(key, [...new Set([...(found.optional.get(key) ?? []), ...entities])]);
  }
  for (const name of listedBy(facts, kinds, returned)) found.lists.add(name);
}

const isList = (type: GraphQLOutputType): boolean => isListType(isNonNullType(type) ? type.ofType : type);

/** A connection tells of a list also where only its count is asked for. */
function listedBy(facts: SupergraphFacts, kinds: Kinds, type: GraphQLCompositeType): readonly string[] {
  if (!isObjectType(type)) return [];
  const node = facts.types.get(type.name)?.fields.get('nodes')?.typeName;
  if (node === undefined) return [];
  return [...kinds.of(node)].filter((name) => typeof name === 'string').filter((name) => facts.types.get(name)?.isEntity);
}
