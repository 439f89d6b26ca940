import { type DocumentNode, Kind, type TypeDefinitionNode, type TypeNode } from 'graphql';
import { type Hideable, isTypeDefinition } from './supergraph-parts.ts';

/** The names of the types that clients can get to from the root fields, by what is not hidden. */
export function reachableTypes(supergraph: DocumentNode, isHidden: (node: Hideable) => boolean): ReadonlySet<string> {
  const types = new Map(supergraph.definitions.flatMap((node) => (isTypeDefinition(node) ? [[node.name.value, node] as const] : [])));
  const implementers = implementersOf(types.values());
  const reached = new Set<string>();
  const waiting = rootsOf(supergraph);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const type = types.get(name);
    if (!type || reached.has(name) || isHidden(type)) continue;
    reached.add(name);
    waiting.push(...neighborsOf(type, isHidden), ...(implementers.get(name) ?? []));
  }
  return reached;
}

/** Operations begin at the root types; directives have arguments. */
function rootsOf({ definitions }: DocumentNode): string[] {
  const roots: string[] = [];
  for (const definition of definitions) {
    if (definition.kind === Kind.SCHEMA_DEFINITION) roots.push(...definition.operationTypes.map(({ type }) => type.name.value));
    if (definition.kind === Kind.DIRECTIVE_DEFINITION) roots.push(...(definition.arguments ?? []).map(({ type }) => nameOf(type)));
  }
  return roots;
}

function implementersOf(types: Iterable<TypeDefinitionNode>): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const type of types) {
    if (!('interfaces' in type)) continue;
    for (const { name } of type.interfaces ?? []) found.set(name.value, [...(found.get(name.value) ?? []), type.name.value]);
  }
  return found;
}

function neighborsOf(type: TypeDefinitionNode, isHidden: (node: Hideable) => boolean): string[] {
  switch (type.kind) {
    case Kind.OBJECT_TYPE_DEFINITION:
    case Kind.INTERFACE_TYPE_DEFINITION: {
      const fields = (type.fields ?? []).filter((field) => !isHidden(field));
      const values = fields.flatMap((field) => [field, ...(field.arguments ?? []).filter((argument) => !isHidden(argument))]);
      return [...values.map((value) => nameOf(value.type)), ...(type.interfaces ?? []).map(({ name }) => name.value)];
    }
    case Kind.INPUT_OBJECT_TYPE_DEFINITION:
      return (type.fields ?? []).filter((field) => !isHidden(field)).map((field) => nameOf(field.type));
    case Kind.UNION_TYPE_DEFINITION:
      return (type.types ?? []).map(({ name }) => name.value);
    case Kind.ENUM_TYPE_DEFINITION:
    case Kind.SCALAR_TYPE_DEFINITION:
      return [];
  }
}

const nameOf = (type: TypeNode): string => (type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type));
