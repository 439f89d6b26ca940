import { buildSubgraphSchema } from '@apollo/subgraph';
import { enforceAccess } from '@supergraph/platform/access';
import { type DocumentNode, execute, type ExecutionResult, type GraphQLSchema, parse } from 'graphql';
import type { SubgraphSource } from './subgraphs.ts';

/** An operation as a gateway asks it of a subgraph. */
export interface Operation {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

const documentsKept = 500;

/** A function that answers operations with graphql-js, the access rules in force; each document is parsed once. */
export function createRunner({ sdl, resolvers }: SubgraphSource): (operation: Operation, context: unknown) => Promise<ExecutionResult> {
  const schema: GraphQLSchema = enforceAccess(buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: resolvers as never }]));
  const documents = new Map<string, DocumentNode>();
  const read = (query: string): DocumentNode => {
    const known = documents.get(query);
    if (known) return known;
    const document = parse(query);
    if (documents.size >= documentsKept) documents.clear();
    documents.set(query, document);
    return document;
  };
  return async ({ query, operationName, variables }, contextValue) =>
    execute({ schema, document: read(query), variableValues: variables, operationName, contextValue });
}
