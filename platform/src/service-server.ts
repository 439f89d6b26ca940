import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { type ExecutionArgs, GraphQLError, parse } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { Registry } from 'prom-client';
import { WebSocketServer } from 'ws';
import type { RuntimeSettings } from './config.ts';
import { domainMetrics } from './domain-metrics.ts';
import { DomainError, type ErrorCode } from './errors.ts';
import { type CarriedIdentity, verifyIdentity } from './identity-token.ts';
import type { Log } from './log.ts';
import { describePortError } from './port.ts';
import { covers, type RunningRoutes } from './routes.ts';
import type { SubgraphAnswer, SubgraphClient, SubgraphRequest } from './subgraph.ts';
import { faultOf, record, SpanKind } from './tracing.ts';

/** The header that carries the signed identity. */
export const identityHeader = 'x-request-context';

export interface RunningServer {
  readonly port: number;
  stop(): Promise<void>;
}

export interface ServeOptions {
  readonly subgraph: Pick<SubgraphClient, 'name' | 'execute' | 'subscribe'> & { readonly routes?: RunningRoutes };
  readonly settings: Pick<RuntimeSettings, 'internalKey'>;
  readonly port: number;
  readonly host: string;
  readonly log: Log;
}

const largestBody = 1_048_576;
const stopWithinMs = 10_000;

/** Serves one domain to the gateway and to other domains: POST and WebSocket on /graphql, signed identities only. */
export async function serveSubgraph({ subgraph, settings, port, host, log }: ServeOptions): Promise<RunningServer> {
  const server = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    answer(request, response).catch((error: unknown) => {
      log.error({ error }, 'a request to the service failed');
      sendError(response, 500, 'INTERNAL_SERVER_ERROR', 'something went wrong on our side');
    });
  });
  harden(server);

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url?.split('?')[0] ?? '/';
    if (subgraph.routes && covers(subgraph.routes.paths, path)) return answerRoute(subgraph.routes, request, response);
    if (path !== '/graphql') return sendError(response, 404, 'NOT_FOUND', 'only /graphql is served here');
    if (request.method !== 'POST') return sendError(response, 405, 'BAD_REQUEST', 'send a POST', { allow: 'POST' });
    const carried = await identityOf(request.headers[identityHeader]);
    if (!carried) return sendError(response, 401, 'UNAUTHENTICATED', 'the internal token does not hold');
    const body = await readJson(request);
    if (body instanceof DomainError) return sendError(response, body.extensions['status'] as number, body.code, body.message);
    const leaving = new AbortController();
    response.once('close', () => leaving.abort());
    const recorded = record(`answer ${subgraph.name}`, carried.identity.traceparent, { kind: SpanKind.SERVER });
    const identity = recorded ? { ...carried.identity, traceparent: recorded.traceparent } : carried.identity;
    const result = await subgraph.execute({ ...body, ...carried, identity, signal: leaving.signal });
    recorded?.end(faultOf(result.errors));
    sendJson(response, 200, result);
  };
  const answerRoute = async (routes: RunningRoutes, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const carried = await identityOf(request.headers[identityHeader]);
    if (!carried) return sendError(response, 401, 'UNAUTHENTICATED', 'the internal token does not hold');
    await routes.handle(request, response, carried.identity);
  };
  const identityOf = async (token: unknown): Promise<CarriedIdentity | undefined> => {
    if (typeof token !== 'string') return undefined;
    return verifyIdentity(settings.internalKey, subgraph.name, token).catch(() => undefined);
  };

  const sockets = serveSockets(server, subgraph, identityOf);
  await listen(server, port, host);
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      await sockets.dispose();
      await closeGracefully(server);
    },
  };
}

type Operation = Pick<SubgraphRequest, 'query' | 'operationName' | 'variables'>;
type WaitingOperation = { readonly begin: () => ReturnType<SubgraphClient['subscribe']> };

function serveSockets(
  server: Server,
  subgraph: ServeOptions['subgraph'],
  identityOf: (token: unknown) => Promise<CarriedIdentity | undefined>,
) {
  const webSockets = new WebSocketServer({ noServer: true, maxPayload: largestBody, perMessageDeflate: false });
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    if (request.url?.split('?')[0] !== '/graphql') return void socket.end('HTTP/1.1 404 Not Found\r\n\r\n');
    webSockets.handleUpgrade(request, socket, head, (opened) => webSockets.emit('connection', opened, request));
  });
  return useServer<Record<string, unknown>>(
    {
      onSubscribe: async (ctx, _id, payload) => {
        const carried = await identityOf(payload.extensions?.['identity'] ?? ctx.connectionParams?.['identity']);
        if (!carried) return [new GraphQLError('the internal token does not hold', { extensions: { code: 'UNAUTHENTICATED' } })];
        const waiting: WaitingOperation = { begin: () => beginStream(subgraph, payload, carried) };
        return {
          schema: undefined,
          document: parse(payload.query),
          operationName: payload.operationName,
          contextValue: waiting,
        } as unknown as ExecutionArgs;
      },
      execute: begin,
      subscribe: begin,
      onError: (_ctx, _id, _payload, errors) => errors.map(({ message, extensions }) => ({ message, extensions })),
      onNext: (_ctx, _id, _payload, _args, result) => result,
    },
    webSockets,
  );
}

const begin = (args: ExecutionArgs) => (args.contextValue as WaitingOperation).begin() as never;

/** A stream whose `return` ends its source at once, also while it waits for the next event. */
async function beginStream(
  subgraph: ServeOptions['subgraph'],
  { query, operationName, variables }: Operation,
  { identity }: CarriedIdentity,
) {
  const leaving = new AbortController();
  const stream = await subgraph.subscribe({
    query,
    operationName,
    variables,
    identity,
    deadline: Number.MAX_SAFE_INTEGER,
    signal: leaving.signal,
  });
  if (!(Symbol.asyncIterator in stream)) return stream;
  const end = stream.return.bind(stream);
  stream.return = (value) => {
    leaving.abort();
    return end(value);
  };
  return stream;
}

export interface AdminOptions {
  readonly port: number;
  readonly host: string;
  /** Warnings keep nobody from serving. */
  readonly ready: () => Promise<{ readonly ok: boolean; readonly problems: readonly string[]; readonly warnings?: readonly string[] }>;
  /** Shown beside what the domains measure. */
  readonly metrics?: Registry;
}

/** Serves /health/live, /health/ready and /metrics on a port of their own. */
export async function adminServer({ port, host, ready, metrics }: AdminOptions): Promise<RunningServer> {
  const answer = async (path: string | undefined, response: ServerResponse): Promise<void> => {
    if (path === '/health/live') return sendJson(response, 200, { ok: true });
    if (path === '/health/ready') {
      const state = await ready();
      return sendJson(response, state.ok ? 200 : 503, state);
    }
    if (path !== '/metrics') return sendError(response, 404, 'NOT_FOUND', 'only /health/live, /health/ready and /metrics are served here');
    const shown = Registry.merge(metrics ? [metrics, domainMetrics] : [domainMetrics]);
    response.writeHead(200, { 'content-type': shown.contentType }).end(await shown.metrics());
  };
  const server = createServer((request, response) => {
    answer(request.url?.split('?')[0], response).catch(() =>
      sendError(response, 500, 'INTERNAL_SERVER_ERROR', 'something went wrong on our side'),
    );
  });
  harden(server);
  await listen(server, port, host, 'ADMIN_PORT');
  return { port: (server.address() as AddressInfo).port, stop: () => closeGracefully(server) };
}

/** Bounds how long a client may take for its headers, its request and its silence; call it before `listen`. */
export function harden(server: Server): void {
  server.headersTimeout = 10_000;
  server.requestTimeout = 20_000;
  server.keepAliveTimeout = 65_000;
  server.maxHeadersCount = 100;
  const quiet = new Set<Socket>();
  silent.set(server, quiet);
  server.on('connection', (socket: Socket) => {
    quiet.add(socket);
    socket.once('close', () => quiet.delete(socket));
  });
  server.on('request', ({ socket }: IncomingMessage) => quiet.delete(socket));
  server.on('upgrade', ({ socket }: IncomingMessage) => quiet.delete(socket));
}

/** Connections that have not asked for anything yet: Node counts them neither as idle nor as busy. */
const silent = new WeakMap<Server, ReadonlySet<Socket>>();

/** Begins to listen; rejects when the port cannot be had, naming the variable that sets it. */
export function listen(server: Server, port: number, host: string, variable = 'PORT'): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: unknown) => reject(describePortError(error, port, variable));
    server.once('error', refuse);
    server.listen(port, host, () => {
      server.off('error', refuse);
      resolve();
    });
  });
}

/** Takes no new connections, waits for requests in flight for a while, then cuts what is left. */
export function closeGracefully(server: Server, withinMs = stopWithinMs): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), withinMs);
    // A connection is idle only when its last answer has left, which may be later than now.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(sweep);
      resolve();
    });
    server.closeIdleConnections();
    for (const socket of silent.get(server) ?? []) socket.destroy();
  });
}

async function readJson(request: IncomingMessage): Promise<Operation | DomainError> {
  const refuse = (status: number, message: string) => new DomainError('BAD_USER_INPUT', message, { status });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBody) return refuse(413, `the body must have at most ${largestBody} bytes`);
    chunks.push(chunk);
  }
  try {
    const body = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Operation | null;
    if (typeof body?.query !== 'string') return refuse(400, 'the body must be an object with a "query"');
    return { query: body.query, operationName: body.operationName, variables: body.variables };
  } catch {
    return refuse(400, 'the body must be JSON');
  }
}

function sendError(
  response: ServerResponse,
  status: number,
  code: ErrorCode | 'INTERNAL_SERVER_ERROR' | 'BAD_REQUEST',
  message: string,
  headers: Record<string, string> = {},
): void {
  const answer: SubgraphAnswer = { errors: [{ message, extensions: { code } }] };
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  sendJson(response, status, answer);
}

/** Integers beyond 2^53 leave as text, since JSON numbers would lose digits. */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    // A replacer is called for every member, which costs several times the writing; most answers have no such integer.
    return JSON.stringify(value, (_key, member: unknown) =>
      typeof member === 'bigint' ? (Number.isSafeInteger(Number(member)) ? Number(member) : String(member)) : member,
    );
  }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  if (response.headersSent || response.destroyed) return;
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(jsonText(body));
}
