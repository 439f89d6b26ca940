import { GraphQLError } from 'graphql';
import type { Identified } from './identify.ts';
import { type Checked, isChecked, type SentOperation } from './operations.ts';
import type { Serving } from './serving.ts';

/** An operation as the gateway understood it: with its text, and what checking it gave. */
export interface Admission {
  readonly sent: SentOperation;
  readonly checked: Checked | readonly GraphQLError[];
}

/** What a document costs that is refused: work, though none that its sender has something of. */
const refusedCost = (query: string): number => 10 + Math.ceil(query.length / 20);

/** Decides whether what a client sent may run; the same for every transport. */
export async function admit({ operations, persisted, rates }: Serving, sent: SentOperation, identified: Identified): Promise<Admission> {
  const { identity } = identified;
  const unknown = { sent: { ...sent, query: undefined, extensions: undefined } };
  const spent = rates.spentError(identity);
  if (spent) return { ...unknown, checked: [spent] };
  const full = identity.organization?.requestsPerMinute === undefined ? undefined : await rates.countRequest(identity);
  if (full) return { ...unknown, checked: [full] };
  const found = await persisted.textOf(sent, identified);
  if (found instanceof GraphQLError) return { ...unknown, checked: [(await rates.spend(identity, 1)) ?? found] };
  const { query, operationName, variables, extensions, keep } = found;
  const checked = operations.check({ query, operationName, variables });
  if (isChecked(checked)) keep?.();
  const tooDear = await rates.spend(identity, isChecked(checked) ? Math.max(1, checked.cost) : refusedCost(query));
  return { sent: { query, operationName, variables, extensions }, checked: tooDear ? [tooDear] : checked };
}
