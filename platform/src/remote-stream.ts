import { setTimeout as sleep } from 'node:timers/promises';
import type { GraphQLError } from 'graphql';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { stream } from './bus.ts';
import { DomainError } from './errors.ts';
import { readAnswer, readErrors, unavailable } from './graphql-answer.ts';
import type { Log } from './log.ts';
import type { SubgraphAnswer, SubgraphRequest } from './subgraph.ts';

export interface RemoteStreamOptions {
  /** The address of the service's socket, or its HTTP address where the socket is at the same place. */
  readonly url: string;
  readonly log: Log;
  /** Absent where the service learns nothing of who asks. */
  readonly signFor?: ((request: Pick<SubgraphRequest, 'identity' | 'deadline'>) => string) | undefined;
}

type Message = { readonly answer: SubgraphAnswer } | { readonly ended: readonly GraphQLError[] } | 'cut';

const longestPauseMs = 5_000;
const mostTries = 20;
const largestMessage = 10 * 1_048_576;

/** Takes no message that is larger than an answer over HTTP may be. */
class BoundedSocket extends WebSocket {
  constructor(address: string | URL, protocols?: string | string[]) {
    super(address, protocols, { maxPayload: largestMessage, perMessageDeflate: false, handshakeTimeout: longestPauseMs });
  }
}

/** Subscriptions of one remote domain over one shared socket. */
export function createRemoteStreams({ url, log, signFor }: RemoteStreamOptions) {
  const client = createClient({
    url: url.replace(/^http/, 'ws'),
    webSocketImpl: BoundedSocket,
    lazyCloseTimeout: 1_000,
    // Reconnecting is ours, because each subscription needs a fresh identity then.
    retryAttempts: 0,
    keepAlive: 10_000,
    onNonLazyError: (error) => log.warn({ error }, 'the socket to a subgraph failed'),
  });
  let connected = false;
  let connections = 0;
  client.on('connected', () => {
    connected = true;
    connections += 1;
  });
  client.on('closed', () => {
    connected = false;
  });

  const listenTo = (request: SubgraphRequest, identity: string | undefined) => (push: (message: Message) => void) =>
    client.subscribe(
      {
        query: request.query,
        operationName: request.operationName,
        variables: request.variables,
        ...(identity === undefined ? {} : { extensions: { identity } }),
      },
      {
        next: (result) => push({ answer: safely(result) }),
        error: (error) => push(Array.isArray(error) ? { ended: error as GraphQLError[] } : 'cut'),
        complete: () => push({ ended: [] }),
      },
    );

  /** Goes on after a cut, and says that events may be missing then. */
  async function* open(request: SubgraphRequest): AsyncGenerator<SubgraphAnswer, void> {
    const { signal } = request;
    for (let tries = 0; !signal.aborted; tries++) {
      if (tries > mostTries) return yield unavailable();
      const identity = signFor?.({ identity: request.identity, deadline: Date.now() + 60_000 });
      const before = connected ? connections - 1 : connections;
      for await (const message of stream(listenTo(request, identity), signal)) {
        if (message === 'cut') {
          // What happened until the next connection, nobody tells us.
          if (connections > before) yield unavailable('EVENTS_MAY_BE_MISSING');
          break;
        }
        if ('ended' in message) {
          if (message.ended.length > 0) yield { data: null, errors: readErrors(message.ended) };
          return;
        }
        tries = 0;
        yield message.answer;
      }
      await sleep(Math.min(longestPauseMs, 50 * 2 ** tries) * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined);
    }
  }

  return {
    open: (request: SubgraphRequest): AsyncGenerator<SubgraphAnswer, void> => guarded(open(request)),
    close: async () => client.dispose(),
  };
}

/** What a service says must be GraphQL; what is none is no answer. */
function safely(result: unknown): SubgraphAnswer {
  try {
    return readAnswer(result);
  } catch {
    return unavailable();
  }
}

/** A stream that breaks ends with one answer that says why. */
async function* guarded(source: AsyncGenerator<SubgraphAnswer, void>): AsyncGenerator<SubgraphAnswer, void> {
  try {
    yield* source;
  } catch (error) {
    yield error instanceof DomainError ? { data: null, errors: [{ message: error.message, extensions: error.extensions }] } : unavailable();
  }
}
