import { GraphQLError } from 'graphql';
import type { Identified } from './identify.ts';
import { type Checked, isChecked, type SentOperation } from './operations.ts';
import type { Serving } from './serving.ts';

/** An operation as the gateway understood it: with its text, and what checking it gave. */
export interface Admission {
  readonly sent: SentOperation;
  readonly checked: Checked | readonly GraphQLError[];
}

/** Decides whether what a client sent may run; the same for every transport. */
export async function admit({ operations, persisted }: Serving, sent: SentOperation, identified: Identified): Promise<Admission> {
  const found = await persisted.textOf(sent, identified);
  if (found instanceof GraphQLError) return { sent: { ...sent, query: undefined, extensions: undefined }, checked: [found] };
  const { query, operationName, variables, extensions, keep } = found;
  const checked = operations.check({ query, operationName, variables });
  if (isChecked(checked)) keep?.();
  return { sent: { query, operationName, variables, extensions }, checked };
}
