import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RuntimeSettings } from '@supergraph/platform/config';
import { DomainError } from '@supergraph/platform/errors';
import type { Log } from '@supergraph/platform/log';
import { adminServer, closeGracefully, harden, listen } from '@supergraph/platform/service-server';
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Response } from 'express';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { capConnections } from './connection-caps.ts';
import { toGraphQLError } from './edge-errors.ts';
import type { Executor } from './executor.ts';
import type { GatewayPlugin } from './http/apollo-lane.ts';
import { createCommonHeaders } from './http/common-headers.ts';
import { createDirectLane } from './http/direct-lane.ts';
import { errorReplyOf } from './http/entrance.ts';
import { createEventRoute, createGraphQLRoute } from './http/graphql-route.ts';
import type { Lane } from './http/lane.ts';
import { errorReply, refuse, type Reply } from './http/reply.ts';
import type { Identifier } from './identify.ts';
import type { Limits } from './limits.ts';
import { createLoadGuard, type LoadOptions } from './load.ts';
import { createOperations } from './operations.ts';
import type { Serving } from './serving.ts';
import { createSlowReaders, type SlowReaderOptions } from './slow-readers.ts';
import { serveSockets } from './sockets.ts';

export interface ServerOptions {
  readonly settings: RuntimeSettings;
  readonly executor: Executor;
  readonly identifier: Identifier;
  readonly log: Log;
  /** What keeps the gateway from serving, beside its own stopping. */
  readonly problems?: () => Promise<readonly string[]>;
  /** Answers `GET /`. */
  readonly playground?: RequestHandler;
  /** Adds pages of others, such as the login; they come before the 404. */
  readonly routes?: (app: Express) => void;
  /** Plugins of Apollo Server; with any, all requests over HTTP take its pipeline. */
  readonly plugins?: readonly GatewayPlugin[];
  readonly limits?: Partial<Limits>;
  readonly load?: Omit<LoadOptions, 'metrics'>;
  readonly slowReaders?: SlowReaderOptions;
  readonly operationMs?: number;
  readonly heartbeatMs?: number;
  /** How long a stopping gateway goes on serving while load balancers turn away. */
  readonly lameDuckMs?: number;
  readonly socketsPerAddress?: number;
}

export interface RunningGateway {
  readonly port: number;
  readonly adminPort: number;
  /** Stops without losing a request; within 15 seconds. */
  stop(): Promise<void>;
}

const stopWithinMs = 10_000;

/** Serves the graph: HTTP, WebSocket and event streams on one port, health and metrics on another. */
export async function startServer(options: ServerOptions): Promise<RunningGateway> {
  const { settings, executor, identifier, log } = options;
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const stopping = new AbortController();
  const serving: Serving = {
    executor,
    identifier,
    log,
    operations: createOperations(executor, { development: settings.development, ...(options.limits ? { limits: options.limits } : {}) }),
    load: createLoadGuard({ ...options.load, metrics }),
    slowReaders: createSlowReaders(options.slowReaders),
    operationMs: options.operationMs ?? 5_000,
    heartbeatMs: options.heartbeatMs ?? 12_000,
    stopping: stopping.signal,
  };
  const lane = await chooseLane(serving, options.plugins);
  let leaving = false;
  const server = createServer(
    { maxHeaderSize: 16_384 },
    frontDoor(options, serving, lane, () => leaving),
  );
  harden(server);
  capConnections(server, options.socketsPerAddress ?? 20_000);
  const sockets = serveSockets({ server, serving, origins: (request) => originsOf(settings, request), metrics });
  const ready = async () => {
    const problems = leaving ? ['the gateway is stopping'] : await (options.problems?.() ?? []);
    return { ok: problems.length === 0, problems };
  };
  await listen(server, settings.port, settings.host);
  const admin = await adminServer({ port: settings.adminPort, host: settings.host, ready, metrics }).catch(async (error: unknown) => {
    await closeGracefully(server, 0);
    throw error;
  });
  return {
    port: (server.address() as AddressInfo).port,
    adminPort: admin.port,
    stop: async () => {
      leaving = true;
      await sleep(options.lameDuckMs ?? (settings.production ? 2_000 : 0));
      const closed = closeGracefully(server, stopWithinMs);
      stopping.abort();
      sockets.stop();
      await closed;
      await lane.stop();
      serving.load.close();
      serving.slowReaders.close();
      identifier.close();
      await admin.stop();
    },
  };
}

/** Requests go straight to the executor, unless plugins of Apollo Server want to see them. */
async function chooseLane(serving: Serving, plugins: readonly GatewayPlugin[] = []): Promise<Lane> {
  if (plugins.length === 0) return createDirectLane(serving);
  const { createApolloLane } = await import('./http/apollo-lane.ts');
  return createApolloLane(serving, plugins);
}

/** The graph's own addresses are answered at once, all others by express. */
function frontDoor(options: ServerOptions, serving: Serving, lane: Lane, isLeaving: () => boolean): RequestListener {
  const headers = createCommonHeaders(options.settings);
  const graph = createGraphQLRoute(serving, lane);
  const events = createEventRoute(serving);
  const others = createOtherRoutes(options, serving);
  return (request, response) => {
    const { url = '/', method } = request;
    if (method === 'OPTIONS') return void response.writeHead(204, headers.ofPreflight(request)).end();
    const path = url.split('?', 1)[0];
    const common = isLeaving() ? { ...headers.of(request), connection: 'close' } : headers.of(request);
    if (path === '/graphql') return void graph(request, response, common);
    if (path === '/graphql/stream') return void events(request, response, common);
    for (const [name, value] of Object.entries(common)) response.setHeader(name, value);
    others(request, response);
  };
}

function createOtherRoutes({ identifier, playground, routes }: ServerOptions, { log }: Serving): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', false);
  app.get('/oauth/jwks', async (_request, response) => {
    const set = await identifier.keySet();
    response.setHeader('cache-control', 'public, max-age=300');
    response.json(set);
  });
  if (playground) app.use(playground);
  routes?.(app);
  app.use((_request, response) => sendReply(response, nothingHere));
  app.use(onError(log));
  return app;
}

const nothingHere = errorReply(404, [{ message: 'there is nothing here; the graph is at /graphql', extensions: { code: 'NOT_FOUND' } }]);

const sendReply = (response: Response, { status, headers, body }: Reply) => void response.status(status).set(headers).send(body);

const onError =
  (log: Log): ErrorRequestHandler =>
  (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    const { status = 500 } = error as { status?: number };
    if (!(error instanceof DomainError) && status < 500) return sendReply(response, refuse(status, 'the request is malformed'));
    sendReply(response, errorReplyOf(toGraphQLError(error, log)));
  };

/** One list for CORS and for the Origin of sockets, and the page that we serve ourselves. */
function originsOf({ corsOrigins, publicUrl }: RuntimeSettings, { headers, socket }: IncomingMessage): ReadonlySet<string> {
  const scheme = 'encrypted' in socket ? 'https' : 'http';
  return new Set([...corsOrigins, new URL(publicUrl).origin, ...(headers.host ? [`${scheme}://${headers.host}`] : [])]);
}
