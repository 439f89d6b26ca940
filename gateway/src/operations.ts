import { createHash } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import {
  type DocumentNode,
  getOperationAST,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import { LRUCache } from 'lru-cache';
import type { Executor } from './executor.ts';
import { deferRules, usesDefer } from './defer.ts';
import { costError, costOfOperation, defaultLimits, limitError, type Limits, valueError } from './limits.ts';

/** An operation as a client sends it, of any transport. */
export interface SentOperation {
  /** Absent where the client names a persisted operation in `extensions`. */
  readonly query?: string | undefined;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** An operation whose text is known. */
export type OperationText = Pick<SentOperation, 'operationName' | 'variables'> & { readonly query: string };

/** An operation that may be planned. */
export interface Checked {
  /** The one that it was checked for, and no other may run it. */
  readonly executor: Executor;
  readonly document: DocumentNode;
  readonly operation: OperationDefinitionNode;
  /** The operation's own name, also where the client named none. */
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  /** An upper estimate of its work, in the points of `@cost`. */
  readonly cost: number;
  /** Parts of its answer may come later. */
  readonly usesDefer: boolean;
}

/** Parses, bounds and validates operations: the same for HTTP, WebSocket and event streams. */
export interface Operations {
  readonly limits: Limits;
  /** The operation, checked for the current executor or the given one, or all that is wrong with it. */
  check(text: OperationText, executor?: Executor): Checked | readonly GraphQLError[];
  /** Takes the documents last asked for over to an executor that stands in for another, where they still hold; returns them. */
  carryOver(from: Executor, to: Executor): Promise<readonly DocumentNode[]>;
}

const documentsKept = 2_000;
const documentsCarried = 200;

/** A document that may run, as one of its operations. */
interface Known {
  readonly document: DocumentNode;
  readonly usesDefer: boolean;
}

/** Keeps checked documents by their hash, also those that were refused, for each executor by itself. */
export function createOperations(
  current: () => Executor,
  options: { readonly development: boolean; readonly limits?: Partial<Limits> },
): Operations {
  const limits = { ...defaultLimits, ...options.limits };
  const { development } = options;
  const rules = [...specifiedRules, ...deferRules, ...(development ? [] : [NoSchemaIntrospectionCustomRule])];
  const caches = new WeakMap<Executor, LRUCache<string, Known | readonly GraphQLError[]>>();
  const documentsOf = (executor: Executor) => {
    const documents = caches.get(executor) ?? new LRUCache<string, Known | readonly GraphQLError[]>({ max: documentsKept });
    caches.set(executor, documents);
    return documents;
  };

  const read = (executor: Executor, query: string): Known | readonly GraphQLError[] => {
    const documents = documentsOf(executor);
    const hash = createHash('sha256').update(query).digest('base64');
    const known = documents.get(hash);
    if (known) return known;
    const document = readDocument(executor, query);
    documents.set(hash, document);
    return document;
  };
  const readDocument = (executor: Executor, query: string): Known | readonly GraphQLError[] => {
    const document = parseDocument(query, limits);
    if (document instanceof GraphQLError) return [document];
    const tooMuch = limitError(document, limits, development);
    if (tooMuch) return [tooMuch];
    const errors = validate(executor.schema, document, rules, { maxErrors: limits.errors });
    if (errors.length > 0) return errors.slice(0, limits.errors).map((error) => toClientError(error, development));
    return { document, usesDefer: usesDefer(document) };
  };

  return {
    limits,
    check: ({ query, operationName, variables }, executor = current()) => {
      const known = read(executor, query);
      if (!('document' in known)) return known;
      const { document } = known;
      const operation = getOperationAST(document, operationName || undefined);
      if (!operation)
        return [
          new GraphQLError('name one of the document\'s operations in "operationName"', {
            extensions: { code: 'OPERATION_RESOLUTION_FAILURE' },
          }),
        ];
      const given = variables ?? undefined;
      const tooDeep = valueError(given, limits);
      if (tooDeep) return [tooDeep];
      const cost = costOfOperation(executor.facts, document, operation, given);
      if (cost > limits.cost) return [costError(cost, limits)];
      return { ...known, executor, operation, operationName: operation.name?.value, variables: given, cost };
    },
    carryOver: async (from, to) => {
      const carried: [string, Known][] = [];
      for (const [hash, known] of documentsOf(from).entries()) {
        if (carried.length >= documentsCarried) break;
        if (!('document' in known)) continue;
        // One at a time: requests go on meanwhile.
        await turn();
        if (validate(to.schema, known.document, rules, { maxErrors: 1 }).length === 0) carried.push([hash, known]);
      }
      for (const [hash, known] of carried.toReversed()) documentsOf(to).set(hash, known);
      return carried.map(([, { document }]) => document);
    },
  };
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
