import { buildSubgraphSchema } from '@apollo/subgraph';
import { enforceAccess } from '@supergraph/platform/access';
import { createOperations, isChecked, resolveEveryField } from '@supergraph/platform/operations';
import { type ExecutionResult, parse } from 'graphql';
import type { SubgraphSource } from './subgraphs.ts';

/** An operation as a gateway asks it of a subgraph. */
export interface Operation {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** A function that answers operations as the domains do: access rules in force, what is asked again and again compiled. */
export function createRunner({ sdl, resolvers }: SubgraphSource): (operation: Operation, context: unknown) => Promise<ExecutionResult> {
  const schema = resolveEveryField(enforceAccess(buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: resolvers as never }])));
  const operations = createOperations(schema);
  return async ({ query, operationName, variables }, contextValue) => {
    const operation = operations.read(query);
    if (!isChecked(operation)) return { errors: operation };
    return operation.execute({ contextValue, variableValues: variables, operationName });
  };
}
