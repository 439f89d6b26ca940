import type { IncomingMessage } from 'node:http';
import { DomainError } from '@supergraph/platform/errors';
import { type ExecutionArgs, GraphQLError } from 'graphql';
import { type Context, makeServer, type Server as ProtocolServer, type SubscribePayload } from 'graphql-ws';
import type { WebSocket } from 'ws';
import { admit } from './admission.ts';
import { type Answer, answerText, formatError } from './answer.ts';
import { contractFor, type ContractServings } from './contract-servings.ts';
import { credentialsOf } from './credentials.ts';
import { toGraphQLError } from './edge-errors.ts';
import type { Via } from './edge-metrics.ts';
import type { Identified } from './identify.ts';
import type { StreamPlace } from './open-streams.ts';
import { isChecked } from './operations.ts';
import { answerOnce, beginStream, refuseWith, type Shared, type Work } from './serving.ts';
import type { TextCarrier } from './text-carrier.ts';

/** What belongs to one socket. */
export interface Connection {
  readonly socket: WebSocket;
  /** What the client came with; forgotten once it is known who that is. */
  request: IncomingMessage | undefined;
  /** The contract of the path that the client came to. */
  readonly contract: string;
  readonly place: StreamPlace;
  readonly carrier: TextCarrier;
  /** Ends the operations that run, by their id. */
  readonly running: Map<string, AbortController>;
  /** What the protocol still runs; the ids of others have been ended by the client. */
  operations: Readonly<Record<string, unknown>>;
  /** The size of the message that is being read. */
  messageBytes: number;
  identified?: Identified;
  expiry?: NodeJS.Timeout;
}

export interface ProtocolOptions {
  readonly shared: Shared;
  readonly servings: ContractServings;
  readonly operationsPerSocket: number;
}

/** 4429 is how the protocol's clients know that they must not try again by themselves. */
export const closeCodes = { forbidden: 4403, tooMany: 4429, goingAway: 1001, tryAgain: 1013, internal: 4500 };

export const via: Via = { lane: 'direct', transport: 'websocket' };
const longestTimer = 2_147_483_647;

/** The protocol graphql-transport-ws; how its messages reach a socket is for others. */
export const createProtocol = (options: ProtocolOptions): ProtocolServer<Connection> =>
  makeServer<Record<string, unknown>, Connection>({
    onConnect: (ctx) => connect(options.shared, ctx.extra, ctx.connectionParams),
    onSubscribe: (ctx, id, payload) => prepare(options, ctx, id, payload),
    // Answers pass through the protocol's library untouched, and their text stays out of its messages until they leave.
    execute: ({ contextValue }) => answerOnce(options.shared, contextValue as Work) as never,
    subscribe: ({ contextValue }) => beginStream(options.shared, contextValue as Work) as never,
    onNext: ({ extra }, _id, _payload, _args, result) => extra.carrier.hold(answerText(result as unknown as Answer)),
    onError: (_ctx, _id, _payload, errors) => errors.map((error) => ('toJSON' in error ? formatError(error) : error)),
  });

async function connect(
  { identifier, log, trustedProxies }: Shared,
  connection: Connection,
  parameters: Readonly<Record<string, unknown>> = {},
): Promise<boolean | void> {
  const { request, socket, place } = connection;
  if (!request) return false;
  connection.request = undefined;
  try {
    const identified = await identifier.identify(credentialsOf(request, trustedProxies, parameters));
    const tooMany = place.claim(identified.identity.viewer?.userId);
    if (tooMany) {
      socket.close(closeCodes.tooMany, 'too many sockets of one user');
      return false;
    }
    connection.identified = identified;
    if (identified.expiresAt === null) return;
    const left = Math.min(Math.max(0, identified.expiresAt - Date.now()), longestTimer);
    connection.expiry = setTimeout(() => socket.close(closeCodes.forbidden, 'the access token has expired'), left);
  } catch (error) {
    if (error instanceof DomainError && error.code !== 'UPSTREAM_UNAVAILABLE') return false;
    toGraphQLError(error, log);
    socket.close(closeCodes.tryAgain, 'try again shortly');
    return false;
  }
}

async function prepare(
  { shared, servings, operationsPerSocket }: ProtocolOptions,
  { extra, subscriptions }: Context<Record<string, unknown>, Connection>,
  id: string,
  payload: SubscribePayload,
): Promise<ExecutionArgs | GraphQLError[]> {
  const { identified, messageBytes } = extra;
  extra.operations = subscriptions;
  const refuse = (errors: readonly GraphQLError[]): GraphQLError[] => {
    refuseWith(shared, via, errors);
    return [...errors];
  };
  if (!identified) return refuse([refusal('the connection is not ready', 'NOT_CONNECTED', 0)]);
  const most = operationsPerSocket;
  if (Object.keys(subscriptions).length > most)
    return refuse([refusal(`a socket may run ${most} operations at once; end one first, or open another socket`, 'OPERATION_LIMIT', most)]);
  const serving = contractFor(servings, extra.contract, identified);
  const { bodyBytes } = serving.operations.limits;
  if (messageBytes > bodyBytes)
    return refuse([
      refusal(`an operation with its variables may have ${bodyBytes} bytes; send files through the files domain`, 'BODY_LIMIT', bodyBytes),
    ]);
  const leaving = new AbortController();
  extra.running.set(id, leaving);
  const now = await identified.refresh().catch((error: unknown) => toGraphQLError(error, shared.log));
  if (now instanceof GraphQLError) return refuse([now]);
  const { checked } = await admit(serving, { ...payload, query: payload.query || undefined }, now);
  if (!isChecked(checked)) return refuse(checked);
  const work: Work = { checked, identified: now, signal: leaving.signal, via };
  // The protocol reads nothing of the arguments but which operation is meant.
  return { document: checked.document, operationName: checked.operationName, contextValue: work } as unknown as ExecutionArgs;
}

const refusal = (message: string, reason: string, limit: number): GraphQLError =>
  new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', reason, limit } });

/** Ends the operations that the client has ended; with `all`, every one. */
export function endOperations({ running, operations }: Connection, all = false): void {
  for (const [id, leaving] of running) {
    if (!all && id in operations) continue;
    running.delete(id);
    leaving.abort();
  }
}
