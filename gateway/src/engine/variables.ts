import { badInput } from '@supergraph/platform/errors';
import { type DocumentNode, getOperationAST, getVariableValues, GraphQLError, type GraphQLSchema } from 'graphql';

/** What is wrong with a client's variables, all of it, before anything is planned. */
export function variableErrors(
  schema: GraphQLSchema,
  document: DocumentNode,
  operationName: string | undefined,
  variables: Readonly<Record<string, unknown>> | undefined,
): readonly GraphQLError[] {
  const operation = getOperationAST(document, operationName);
  if (!operation)
    return [
      new GraphQLError('the document holds no operation of that name; name one of its operations', {
        extensions: { code: 'OPERATION_RESOLUTION_FAILURE' },
      }),
    ];
  if (!operation.variableDefinitions?.length) return [];
  const { errors } = getVariableValues(schema, operation.variableDefinitions, { ...variables }, { maxErrors: 5 });
  if (!errors) return [];
  const issues = errors.map(({ message, nodes }) => ({ path: variableName(nodes?.[0]), message }));
  return [new GraphQLError(issues.map(({ message }) => message).join('; '), { extensions: badInput(issues).extensions })];
}

const variableName = (node: unknown): string =>
  (node as { variable?: { name: { value: string } } } | undefined)?.variable?.name.value ?? '';
