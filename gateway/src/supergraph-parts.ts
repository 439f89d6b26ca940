import { type ConstDirectiveNode, type DocumentNode, Kind, parse } from 'graphql';

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

/** Parses a supergraph; throws an Error that names its fault. */
export function parseSupergraph(supergraphSdl: string): DocumentNode {
  const document = parse(supergraphSdl, { noLocation: true });
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
