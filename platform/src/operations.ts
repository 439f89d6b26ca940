import {
  defaultFieldResolver,
  type DocumentNode,
  execute,
  type ExecutionArgs,
  type ExecutionResult,
  GraphQLError,
  type GraphQLSchema,
  getNamedType,
  isObjectType,
  isScalarType,
  Kind,
  type ListValueNode,
  type ObjectValueNode,
  parse,
  TypeInfo,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { compileQuery, isCompiledQuery } from 'graphql-jit';
import { LRUCache } from 'lru-cache';

/** What one run of a checked operation needs. */
export type OperationRun = Pick<ExecutionArgs, 'contextValue' | 'operationName' | 'variableValues'>;

/** An operation of a subgraph that may run. */
export interface CheckedOperation {
  readonly document: DocumentNode;
  execute(run: OperationRun): ExecutionResult | Promise<ExecutionResult>;
}

/** The operations that a subgraph is asked, each parsed and checked once. */
export interface Operations {
  /** The operation, or all that is wrong with it. */
  read(query: string): CheckedOperation | readonly GraphQLError[];
}

const operationsKept = 500;
/** Compiling costs as much as some twenty runs; what is asked only once is not worth it. */
const runsBeforeCompiling = 2;

/** Keeps what the gateway asks of a schema; what is asked again and again is compiled to code. */
export function createOperations(schema: GraphQLSchema): Operations {
  const known = new LRUCache<string, CheckedOperation | readonly GraphQLError[]>({ max: operationsKept });
  return {
    read: (query) => {
      const found = known.get(query) ?? check(schema, query);
      known.set(query, found);
      return found;
    },
  };
}

export const isChecked = (read: CheckedOperation | readonly GraphQLError[]): read is CheckedOperation => 'document' in read;

function check(schema: GraphQLSchema, query: string): CheckedOperation | readonly GraphQLError[] {
  try {
    const document = parse(query, { maxTokens: 20_000 });
    const errors = validate(schema, document, undefined, { maxErrors: 5 });
    return errors.length > 0 ? errors : { document, execute: executorOf(schema, document) };
  } catch (error) {
    if (error instanceof GraphQLError) return [error];
    throw error;
  }
}

function executorOf(schema: GraphQLSchema, document: DocumentNode): CheckedOperation['execute'] {
  const operations = document.definitions.filter((definition) => definition.kind === Kind.OPERATION_DEFINITION);
  const name = operations.length === 1 ? operations[0]?.name?.value : undefined;
  let runs = 0;
  let compiled: ReturnType<typeof compile>;
  return (run) => {
    if (++runs === runsBeforeCompiling && operations.length === 1 && !hasVariablesInScalars(schema, document))
      compiled = compile(schema, document);
    if (!compiled || (run.operationName && run.operationName !== name)) return execute({ schema, document, ...run });
    return compiled(undefined, run.contextValue, { ...run.variableValues });
  };
}

/**
 * Gives every field a resolver. Compiled code reads a field without one as it stands, while graphql-js calls what is a
 * function and waits for what is a promise; a connection's `totalCount`, for one, is a function.
 */
export function resolveEveryField(schema: GraphQLSchema): GraphQLSchema {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    for (const field of Object.values(type.getFields())) field.resolve ??= defaultFieldResolver;
  }
  return schema;
}

/** Whether a scalar's literal, such as one of JSON, has variables in it: compiled code takes them for null. */
function hasVariablesInScalars(schema: GraphQLSchema, document: DocumentNode): boolean {
  const types = new TypeInfo(schema);
  let found = false;
  const look = (node: ObjectValueNode | ListValueNode) => {
    if (!isScalarType(getNamedType(types.getInputType()))) return;
    visit(node, { Variable: () => void (found = true) });
  };
  visit(document, visitWithTypeInfo(types, { ObjectValue: look, ListValue: look }));
  return found;
}

/** Code for the document's only operation; undefined for what the compiler does not know, which graphql-js runs. */
function compile(schema: GraphQLSchema, document: DocumentNode) {
  const result = compileQuery(schema, document, undefined, { disablingCapturingStackErrors: true });
  return isCompiledQuery(result) ? result.query : undefined;
}
