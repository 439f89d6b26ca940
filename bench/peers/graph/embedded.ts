import { withDeadline } from '@supergraph/platform/deadline';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import { createRunner } from './execute.ts';
import type { SubgraphSource } from './subgraphs.ts';

/** A subgraph inside the gateway's process, asked by a function call and with a deadline, as an embedded domain is. */
export function createEmbedded(source: SubgraphSource): SubgraphClient {
  const run = createRunner(source);
  return {
    name: source.name,
    execute: (request) => withDeadline({ deadline: request.deadline, signal: request.signal }, () => run(request, request.identity)),
    subscribe: () => Promise.resolve({ errors: [{ message: 'there are no subscriptions here' }] }),
    close: () => Promise.resolve(),
  };
}
