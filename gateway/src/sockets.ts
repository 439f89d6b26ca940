import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { DomainError } from '@supergraph/platform/errors';
import { jsonText } from '@supergraph/platform/service-server';
import { type ExecutionArgs, GraphQLError } from 'graphql';
import { type Context, handleProtocols, makeServer, type SubscribePayload } from 'graphql-ws';
import { Gauge, type Registry } from 'prom-client';
import { type WebSocket, WebSocketServer } from 'ws';
import { admit } from './admission.ts';
import { type Answer, answerObject, formatError } from './answer.ts';
import { contractAt, contractFor, type ContractServings } from './contract-servings.ts';
import { credentialsOf } from './credentials.ts';
import { toGraphQLError } from './edge-errors.ts';
import type { Identified } from './identify.ts';
import { isChecked } from './operations.ts';
import { answerOnce, beginStream, type Shared, type Work } from './serving.ts';

export interface Sockets {
  /** Closes all sockets with 1001, so that clients come back elsewhere. */
  stop(): void;
}

export interface SocketOptions {
  readonly server: Server;
  readonly shared: Shared;
  readonly servings: ContractServings;
  readonly origins: (request: IncomingMessage) => ReadonlySet<string>;
  readonly metrics: Registry;
  readonly operationsPerSocket?: number;
}

interface Extra {
  readonly socket: WebSocket;
  readonly request: IncomingMessage;
  readonly leaving: AbortController;
  /** The contract of the path that the client came to. */
  readonly contract: string;
  /** The size of the message that is being read. */
  messageBytes: number;
  identified?: Identified;
  expiry?: NodeJS.Timeout;
}

type SocketContext = Context<Record<string, unknown>, Extra>;

const largestMessage = 131_072;
const pingEveryMs = 12_000;
const close = { forbidden: 4403, goingAway: 1001, tryAgain: 1013, internal: 4500 };
/** How long a client may take to agree that its socket closes. */
const farewellMs = 3_000;
const longestTimer = 2_147_483_647;

/** Operations of all kinds over graphql-transport-ws on /graphql. */
export function serveSockets({ server, shared, servings, origins, metrics, operationsPerSocket = 50 }: SocketOptions): Sockets {
  const { identifier, log } = shared;
  const webSockets = new WebSocketServer({
    noServer: true,
    maxPayload: largestMessage,
    perMessageDeflate: false,
    handleProtocols: (protocols) => handleProtocols(protocols),
  });
  const open = new Set<Extra>();
  const gauge = new Gauge({ name: 'gateway_sockets_open', help: 'WebSockets that are open right now', registers: [metrics] });

  const protocol = makeServer<Record<string, unknown>, Extra>({
    onConnect: (ctx) => connect(shared, ctx),
    onSubscribe: (ctx, _id, payload) => prepare(servings, ctx, payload, operationsPerSocket),
    // Answers pass through the protocol's library untouched, until `onNext` makes their message.
    execute: ({ contextValue }) => answerOnce(shared, contextValue as Work) as never,
    subscribe: ({ contextValue }) => beginStream(shared, contextValue as Work) as never,
    onNext: (_ctx, _id, _payload, _args, result) => answerObject(result as unknown as Answer),
    onError: (_ctx, _id, _payload, errors) => errors.map((error) => ('toJSON' in error ? formatError(error) : error)),
    jsonMessageReplacer: (_key, value: unknown) => (typeof value === 'bigint' ? (JSON.parse(jsonText(value)) as unknown) : value),
  });

  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { origin } = request.headers;
    const contract = contractAt(request.url?.split('?')[0]);
    if (!contract) return refuse(socket, '404 Not Found');
    if (origin && !origins(request).has(origin)) return refuse(socket, '403 Forbidden');
    if (shared.stopping.aborted) return refuse(socket, '503 Service Unavailable');
    webSockets.handleUpgrade(request, socket, head, (opened) => attend(opened, request, contract));
  });

  const attend = (socket: WebSocket, request: IncomingMessage, contract: string): void => {
    const extra: Extra = { socket, request, contract, leaving: new AbortController(), messageBytes: 0 };
    open.add(extra);
    gauge.set(open.size);
    const unwatch = shared.slowReaders.watch(request.socket, () => socket.terminate());
    const stopPinging = pingRegularly(socket);
    const closed = protocol.opened(
      toProtocolSocket(extra, (error) => log.warn({ error }, 'a socket message failed')),
      extra,
    );
    // A frame that is too large or broken: `ws` closes by itself.
    socket.on('error', (error) => log.debug({ error }, 'a socket failed'));
    socket.once('close', (code, reason) => {
      extra.leaving.abort();
      clearTimeout(extra.expiry);
      stopPinging();
      unwatch();
      open.delete(extra);
      gauge.set(open.size);
      closed(code, String(reason)).catch((error: unknown) => log.warn({ error }, 'a socket did not end cleanly'));
    });
  };
  const forget = identifier.onSessionEnded((sessionId) => {
    for (const { socket, identified } of open)
      if (identified?.identity.viewer?.sessionId === sessionId) socket.close(close.forbidden, 'the session has ended');
  });
  return {
    stop: () => {
      forget();
      for (const { socket } of open) socket.close(close.goingAway, 'the server restarts');
      setTimeout(() => open.forEach(({ socket }) => socket.terminate()), farewellMs).unref();
      webSockets.close();
    },
  };
}

async function connect({ identifier, log }: Shared, ctx: SocketContext): Promise<boolean | void> {
  const { extra, connectionParams = {} } = ctx;
  try {
    const identified = await identifier.identify(credentialsOf(extra.request, connectionParams));
    extra.identified = identified;
    if (identified.expiresAt === null) return;
    const left = identified.expiresAt - Date.now();
    extra.expiry = setTimeout(
      () => extra.socket.close(close.forbidden, 'the access token has expired'),
      Math.min(Math.max(0, left), longestTimer),
    );
  } catch (error) {
    if (error instanceof DomainError && error.code !== 'UPSTREAM_UNAVAILABLE') return false;
    toGraphQLError(error, log);
    extra.socket.close(close.tryAgain, 'try again shortly');
    return false;
  }
}

async function prepare(
  servings: ContractServings,
  { extra, subscriptions }: SocketContext,
  payload: SubscribePayload,
  most: number,
): Promise<ExecutionArgs | GraphQLError[]> {
  const { identified } = extra;
  const refuseWith = (message: string, reason: string, limit: number) => [
    new GraphQLError(message, { extensions: { code: 'BAD_REQUEST', reason, limit } }),
  ];
  if (!identified) return refuseWith('the connection is not ready', 'NOT_CONNECTED', 0);
  if (Object.keys(subscriptions).length > most)
    return refuseWith(`a socket may run ${most} operations at once; end one first, or open another socket`, 'OPERATION_LIMIT', most);
  const serving = contractFor(servings, extra.contract, identified);
  const { bodyBytes } = serving.operations.limits;
  if (extra.messageBytes > bodyBytes)
    return refuseWith(
      `an operation with its variables may have ${bodyBytes} bytes; send files through the files domain`,
      'BODY_LIMIT',
      bodyBytes,
    );
  const { checked } = await admit(serving, { ...payload, query: payload.query || undefined }, identified);
  if (!isChecked(checked)) return [...checked];
  const work: Work = { checked, identified, signal: extra.leaving.signal };
  // The protocol reads nothing of the arguments but which operation is meant.
  return { document: checked.document, operationName: checked.operationName, contextValue: work } as unknown as ExecutionArgs;
}

function toProtocolSocket(extra: Extra, onFailure: (error: unknown) => void) {
  const { socket } = extra;
  return {
    protocol: socket.protocol,
    // Waiting until the bytes have left keeps a slow reader's source waiting, too.
    send: (data: string) =>
      new Promise<void>((resolve) => {
        if (socket.readyState !== socket.OPEN) return resolve();
        socket.send(data, () => resolve());
      }),
    close: (code?: number, reason?: string) => {
      if (socket.readyState === socket.OPEN) socket.close(code, reason);
    },
    onMessage: (handle: (data: string) => Promise<void>) =>
      void socket.on('message', (data) => {
        extra.messageBytes = (data as Buffer).length;
        handle(String(data as Buffer)).catch((error: unknown) => {
          onFailure(error);
          if (socket.readyState === socket.OPEN) socket.close(close.internal, 'something went wrong on our side');
        });
      }),
  };
}

function pingRegularly(socket: WebSocket): () => void {
  let answered = true;
  socket.on('pong', () => {
    answered = true;
  });
  const timer = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, pingEveryMs);
  return () => clearInterval(timer);
}

function refuse(socket: Duplex, status: string): void {
  const body = JSON.stringify({
    errors: [
      {
        message: status.slice(4).toLowerCase(),
        extensions: { code: status.startsWith('404') ? 'NOT_FOUND' : status.startsWith('403') ? 'FORBIDDEN' : 'UPSTREAM_UNAVAILABLE' },
      },
    ],
  });
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
