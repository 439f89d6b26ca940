import type { Identity } from '@supergraph/platform/context';
import type { Log } from '@supergraph/platform/log';
import type { SubgraphAnswer, SubgraphClient, SubgraphRequest } from '@supergraph/platform/subgraph';
import { OperationTypeNode } from 'graphql';
import { unavailableAnswer } from './errors.ts';
import type { Ask } from './run.ts';

export interface AskOptions {
  readonly clients: ReadonlyMap<string, SubgraphClient>;
  readonly log: Log;
  /** How long one subgraph may take for a query; mutations get the whole deadline. */
  readonly fetchMs: number;
}

/** For whom a plan runs, and until when. */
export interface Asking {
  readonly operation: OperationTypeNode;
  readonly identity: Identity;
  /** Ends when the client leaves. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly deadline: number;
}

/** Asks subgraphs for one run; what cannot be had in time is an answer that says so. */
export function createAsk({ clients, log, fetchMs }: AskOptions, { operation, identity, signal, deadline }: Asking): Ask {
  return (request) => {
    const client = clients.get(request.service);
    if (!client || signal.aborted) return Promise.resolve(unavailableAnswer());
    return askInTime(client, log, signal, {
      query: request.query,
      operationName: request.operationName,
      variables: request.variables(),
      identity,
      // A mutation that was begun gets all the time there is: cutting it off tells nothing about its effect.
      deadline: operation === OperationTypeNode.MUTATION ? deadline : Math.min(deadline, Date.now() + fetchMs),
    });
  };
}

/** Lets a client that keeps the deadline itself be the first to give up. */
const graceMs = 20;

/** Asks a subgraph, but does not wait for it beyond the deadline, nor when the client has left. */
async function askInTime(
  client: SubgraphClient,
  log: Log,
  signal: AbortSignal,
  request: Omit<SubgraphRequest, 'signal'>,
): Promise<SubgraphAnswer> {
  const ended = new AbortController();
  const { promise, resolve } = Promise.withResolvers<SubgraphAnswer>();
  const give = () => {
    ended.abort();
    resolve(unavailableAnswer());
  };
  const timer = setTimeout(give, Math.max(0, request.deadline - Date.now()) + graceMs);
  signal.addEventListener('abort', give, { once: true });
  try {
    return await Promise.race([client.execute({ ...request, signal: ended.signal }), promise]);
  } catch (error) {
    log.error({ subgraph: client.name, error }, 'a subgraph threw instead of answering');
    return unavailableAnswer();
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', give);
  }
}
