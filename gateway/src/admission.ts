import type { GraphQLError } from 'graphql';
import type { Checked, SentOperation } from './operations.ts';
import type { Serving } from './serving.ts';

/** An operation as the gateway understood it: with its text, and what checking it gave. */
export interface Admission {
  readonly sent: SentOperation;
  readonly checked: Checked | readonly GraphQLError[];
}

/** Decides whether what a client sent may run; the same for every transport. */
export function admit({ operations }: Serving, sent: SentOperation): Promise<Admission> {
  const { query = '', operationName, variables } = sent;
  return Promise.resolve({ sent, checked: operations.check({ query, operationName, variables }) });
}
