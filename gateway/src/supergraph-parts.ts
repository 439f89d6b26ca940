import {
  type ConstDirectiveNode,
  type DefinitionNode,
  type DocumentNode,
  type EnumValueDefinitionNode,
  type FieldDefinitionNode,
  type InputValueDefinitionNode,
  Kind,
  parse,
  type TypeDefinitionNode,
} from 'graphql';

/** A subgraph as a supergraph names it. */
export interface NamedSubgraph {
  readonly name: string;
  /** Where it says that the subgraph is; may be empty. */
  readonly url: string;
}

/** The subgraphs that a supergraph is made of. */
export function subgraphsOf(supergraph: DocumentNode): readonly NamedSubgraph[] {
  const graphs = supergraph.definitions.find(
    (definition) => definition.kind === Kind.ENUM_TYPE_DEFINITION && definition.name.value === 'join__Graph',
  );
  if (graphs?.kind !== Kind.ENUM_TYPE_DEFINITION) return [];
  return (graphs.values ?? []).flatMap(({ directives }) => {
    const graph = directives?.find(({ name }) => name.value === 'join__graph');
    return graph ? [{ name: argumentOf(graph, 'name') ?? '', url: argumentOf(graph, 'url') ?? '' }] : [];
  });
}

/** How a supergraph names the specifications that it is written with. */
export interface Specs {
  /** The name of `@tag`; undefined where the supergraph has none. */
  readonly tag: string | undefined;
  /** The name of `@inaccessible`. */
  readonly inaccessible: string | undefined;
  /** Whether a type belongs to federation and not to the graph. */
  isMachinery(typeName: string): boolean;
}

/** Reads a supergraph's `@link`s. */
export function linkedSpecs({ definitions }: DocumentNode): Specs {
  const names = new Map<string, string>();
  for (const definition of definitions) {
    if (definition.kind !== Kind.SCHEMA_DEFINITION && definition.kind !== Kind.SCHEMA_EXTENSION) continue;
    for (const link of definition.directives?.filter(({ name }) => name.value === 'link') ?? []) {
      const spec = /\/([^/]+)\/v\d+\.\d+$/.exec(argumentOf(link, 'url') ?? '')?.[1];
      if (spec) names.set(spec, argumentOf(link, 'as') ?? spec);
    }
  }
  const own = new Set(names.values());
  return {
    tag: names.get('tag'),
    inaccessible: names.get('inaccessible'),
    isMachinery: (typeName) => typeName.includes('__') && own.has(typeName.split('__')[0] ?? ''),
  };
}

const typeKinds: ReadonlySet<string> = new Set([
  Kind.OBJECT_TYPE_DEFINITION,
  Kind.INTERFACE_TYPE_DEFINITION,
  Kind.UNION_TYPE_DEFINITION,
  Kind.ENUM_TYPE_DEFINITION,
  Kind.INPUT_OBJECT_TYPE_DEFINITION,
  Kind.SCALAR_TYPE_DEFINITION,
]);

/** What may be hidden of a graph. */
export type Hideable = TypeDefinitionNode | FieldDefinitionNode | InputValueDefinitionNode | EnumValueDefinitionNode;

export const isTypeDefinition = (definition: DefinitionNode): definition is TypeDefinitionNode => typeKinds.has(definition.kind);

/** Parses a supergraph, with locations; throws an Error that names its fault. */
export function parseSupergraph(supergraphSdl: string): DocumentNode {
  const document = parse(supergraphSdl);
  if (subgraphsOf(document).length === 0)
    throw new Error(
      'it is no supergraph: it names no subgraph\nmend: use the file that composition writes, not the schema that clients see',
    );
  return document;
}

/** An argument's text, where it is a string. */
export function argumentOf({ arguments: given }: ConstDirectiveNode, name: string): string | undefined {
  const value = given?.find((argument) => argument.name.value === name)?.value;
  return value?.kind === Kind.STRING ? value.value : undefined;
}
