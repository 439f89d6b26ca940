import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { Log } from '@supergraph/platform/log';
import {
  type DocumentNode,
  getOperationAST,
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Executor } from './executor.ts';
import { costError, defaultLimits, limitError, type Limits } from './limits.ts';

/** An operation as a client sends it. */
export interface OperationText {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
}

/** An operation that may be planned. */
export interface Checked {
  /** The one that it was checked for, and no other may run it. */
  readonly executor: Executor;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** The operation's own name, also where the client named none. */
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
}

/** Parses, bounds and validates operations: the same for HTTP, WebSocket and event streams. */
export interface Operations {
  readonly limits: Limits;
  /** The checked operation, or all that is wrong with it. */
  check(text: OperationText): Checked | readonly GraphQLError[];
  /** Takes the documents last asked for over to an executor that stands in for another, where they still hold; returns them. */
  carryOver(from: Executor, to: Executor): Promise<readonly DocumentNode[]>;
}

const documentsKept = 2_000;
const documentsCarried = 200;

/** Keeps checked documents by their hash, also those that were refused, for each executor by itself. */
export function createOperations(
  current: () => Executor,
  options: { readonly development: boolean; readonly limits?: Partial<Limits> },
): Operations {
  const limits = { ...defaultLimits, ...options.limits };
  const { development } = options;
  const rules = development ? specifiedRules : [...specifiedRules, NoSchemaIntrospectionCustomRule];
  const caches = new WeakMap<Executor, LRUCache<string, DocumentNode | readonly GraphQLError[]>>();
  const documentsOf = (executor: Executor) => {
    const documents = caches.get(executor) ?? new LRUCache<string, DocumentNode | readonly GraphQLError[]>({ max: documentsKept });
    caches.set(executor, documents);
    return documents;
  };

  const read = (executor: Executor, query: string): DocumentNode | readonly GraphQLError[] => {
    const documents = documentsOf(executor);
    const hash = createHash('sha256').update(query).digest('base64');
    const known = documents.get(hash);
    if (known) return known;
    const document = readDocument(executor, query);
    documents.set(hash, document);
    return document;
  };
  const readDocument = (executor: Executor, query: string): DocumentNode | readonly GraphQLError[] => {
    const document = parseDocument(query, limits);
    if (document instanceof GraphQLError) return [document];
    const tooMuch = limitError(document, limits, development);
    if (tooMuch) return [tooMuch];
    const errors = validate(executor.schema, document, rules, { maxErrors: limits.errors });
    return errors.length > 0 ? errors.slice(0, limits.errors).map((error) => toClientError(error, development)) : document;
  };

  return {
    limits,
    check: ({ query, operationName, variables }) => {
      const executor = current();
      const document = read(executor, query);
      if (!('kind' in document)) return document;
      const operation = getOperationAST(document, operationName || undefined);
      if (!operation)
        return [
          new GraphQLError('name one of the document\'s operations in "operationName"', {
            extensions: { code: 'OPERATION_RESOLUTION_FAILURE' },
          }),
        ];
      const tooDear = costError(executor.facts, document, operation, variables ?? undefined, limits);
      if (tooDear) return [tooDear];
      return { executor, document, operation, operationName: operation.name?.value, variables: variables ?? undefined };
    },
    carryOver: async (from, to) => {
      const carried: [string, DocumentNode][] = [];
      for (const [hash, document] of documentsOf(from).entries()) {
        if (carried.length >= documentsCarried) break;
        if (!('kind' in document)) continue;
        // One at a time: requests go on meanwhile.
        await turn();
        if (validate(to.schema, document, rules, { maxErrors: 1 }).length === 0) carried.push([hash, document]);
      }
      for (const [hash, document] of carried.toReversed()) documentsOf(to).set(hash, document);
      return carried.map(([, document]) => document);
    },
  };
}

/** Plans all operations of documents before somebody asks for them; requests go on meanwhile. */
export async function warm(executor: Executor, documents: readonly DocumentNode[], log: Log): Promise<void> {
  for (const document of documents)
    for (const definition of document.definitions) {
      if (definition.kind !== Kind.OPERATION_DEFINITION) continue;
      await turn();
      try {
        executor.warm(document, definition.name?.value);
      } catch (error) {
        log.debug({ error }, 'an operation could not be planned before it was asked for');
      }
    }
}

/** Whether a check found an operation that may run. */
export const isChecked = (result: Checked | readonly GraphQLError[]): result is Checked => 'document' in result;

function parseDocument(query: string, { tokens }: Limits): DocumentNode | GraphQLError {
  try {
    return parse(query, { maxTokens: tokens });
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error;
    const extensions = { code: 'GRAPHQL_PARSE_FAILED' };
    if (!error.message.includes('tokens'))
      return new GraphQLError(error.message, { source: error.source, positions: error.positions, extensions });
    return new GraphQLError(`a document may have ${tokens} tokens; ask for less, or in several operations`, {
      extensions: { ...extensions, reason: 'TOKEN_LIMIT', limit: tokens },
    });
  }
}

/** Suggestions tell the names of a schema to whoever guesses. */
function toClientError({ message, nodes }: GraphQLError, development: boolean): GraphQLError {
  if (message === 'Validation aborted.')
    return new GraphQLError('the document names too many fields at one place; ask for each field once', {
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED', reason: 'SELECTION_LIMIT' },
    });
  const text = development ? message : message.replace(/ ?Did you mean .*\?$/s, '');
  return new GraphQLError(text, { nodes, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } });
}
