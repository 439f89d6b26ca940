import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RuntimeSettings } from '@supergraph/platform/config';
import { DomainError } from '@supergraph/platform/errors';
import type { Log } from '@supergraph/platform/log';
import { adminServer, closeGracefully, harden, listen } from '@supergraph/platform/service-server';
import cors from 'cors';
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express';
import helmet from 'helmet';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { contractFor, type ContractServings, pathOf } from './contract-servings.ts';
import { contracts, publicContract } from './contracts.ts';
import { credentialsOf } from './credentials.ts';
import { createEventStreamHandler } from './event-stream.ts';
import { createHttpGraphQL, type HttpGraphQL } from './http-graphql.ts';
import type { Identified, Identifier } from './identify.ts';
import type { Limits } from './limits.ts';
import { createLoadGuard, type LoadOptions } from './load.ts';
import { createOperations, warm } from './operations.ts';
import { type Serving, statusOf, toGraphQLError } from './serving.ts';
import { createSlowReaders, type SlowReaderOptions } from './slow-readers.ts';
import { serveSockets } from './sockets.ts';
import type { Graph } from './supergraph.ts';

export interface ServerOptions {
  readonly settings: RuntimeSettings;
  readonly graph: Graph;
  readonly identifier: Identifier;
  readonly log: Log;
  /** What keeps the gateway from serving, beside its own stopping. */
  readonly problems?: () => Promise<readonly string[]>;
  /** Answers `GET /`. */
  readonly playground?: RequestHandler;
  /** Adds pages of others, such as the login; they come before the 404. */
  readonly routes?: (app: Express) => void;
  readonly limits?: Partial<Limits>;
  readonly load?: Omit<LoadOptions, 'metrics'>;
  readonly slowReaders?: SlowReaderOptions;
  readonly operationMs?: number;
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
  const { settings, graph, identifier, log } = options;
  const metrics = new Registry();
  collectDefaultMetrics({ register: metrics });
  const stopping = new AbortController();
  const shared = {
    identifier,
    log,
    load: createLoadGuard({ ...options.load, metrics }),
    slowReaders: createSlowReaders(options.slowReaders),
    operationMs: options.operationMs ?? 5_000,
    stopping: stopping.signal,
  };
  const servings = new Map(contracts.map(({ name }) => [name, { ...shared, ...ofContract(options, name) }]));
  const graphql = new Map<string, HttpGraphQL>();
  for (const [contract, serving] of servings) graphql.set(contract, await createHttpGraphQL(serving));
  await graph.warmWith(async (contract, next, previous) => {
    const documents = previous ? await servings.get(contract)?.operations.carryOver(previous, next) : [];
    await warm(next, documents ?? [], log);
  });
  let leaving = false;
  const app = buildApp(options, servings, graphql, () => leaving);
  const server = createServer({ maxHeaderSize: 16_384 }, app);
  harden(server);
  capSockets(server, options.socketsPerAddress ?? 20_000);
  const sockets = serveSockets({ server, servings, origins: (request) => originsOf(settings, request), metrics });
  const ready = async () => {
    const problems = leaving ? ['the gateway is stopping'] : await (options.problems?.() ?? []);
    return { ok: problems.length === 0, problems, warnings: graph.warnings() };
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
      for (const { stop } of graphql.values()) await stop();
      shared.load.close();
      shared.slowReaders.close();
      identifier.close();
      await admin.stop();
    },
  };
}

function ofContract({ graph, settings, limits }: ServerOptions, contract: string): Pick<Serving, 'live' | 'operations'> {
  const live = graph.of(contract);
  return { live, operations: createOperations(() => live.current, { development: settings.development, ...(limits ? { limits } : {}) }) };
}

function buildApp(
  options: ServerOptions,
  servings: ContractServings,
  graphql: ReadonlyMap<string, HttpGraphQL>,
  isLeaving: () => boolean,
): Express {
  const { settings, identifier, playground } = options;
  const serving = servings.get(publicContract) as Serving;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('trust proxy', false);
  app.use((_request, response, next) => {
    if (isLeaving()) response.setHeader('connection', 'close');
    next();
  });
  app.use(helmet({ contentSecurityPolicy: settings.development ? false : undefined, crossOriginEmbedderPolicy: false }));
  app.use(
    cors({
      origin: [...settings.corsOrigins],
      methods: ['GET', 'POST'],
      allowedHeaders: [
        'content-type',
        'authorization',
        'x-organization-id',
        'apollo-require-preflight',
        'x-apollo-operation-name',
        'apollographql-client-name',
        'apollographql-client-version',
        'traceparent',
      ],
      exposedHeaders: ['retry-after'],
      maxAge: 600,
    }),
  );
  const body = express.json({
    limit: serving.operations.limits.bodyBytes,
    type: ['application/json', 'application/graphql-response+json'],
  });
  const methods: RequestHandler = ({ method }, response, next) => {
    if (method === 'GET' || method === 'POST') return next();
    response.status(405).setHeader('allow', 'GET, POST');
    response.json(errorBody('send a GET or a POST', 'BAD_REQUEST'));
  };
  const entrance: RequestHandler[] = [methods, shed(serving), body, identify(serving)];
  const chosen =
    (handlers: ReadonlyMap<string, RequestHandler>, contract: string): RequestHandler =>
    (request, response, next) =>
      contractFor(handlers, contract, response.locals['identified'] as Identified)(request, response, next);
  const once = new Map([...graphql].map(([contract, { handler }]) => [contract, handler]));
  const streams = new Map([...servings].map(([contract, serving]) => [contract, createEventStreamHandler(serving)]));
  for (const contract of servings.keys()) {
    app.all(pathOf(contract), ...entrance, chosen(once, contract));
    app.all(`${pathOf(contract)}/stream`, ...entrance, chosen(streams, contract));
  }
  app.get('/oauth/jwks', async (_request, response) => {
    const set = await identifier.keySet();
    response.setHeader('cache-control', 'public, max-age=300');
    response.json(set);
  });
  if (playground) app.use(playground);
  options.routes?.(app);
  app.use(
    (_request, response) => void response.status(404).json(errorBody('there is nothing here; the graph is at /graphql', 'NOT_FOUND')),
  );
  app.use(onError(serving));
  return app;
}

const errorBody = (message: string, code: string, details: Record<string, unknown> = {}) => ({
  errors: [{ message, extensions: { ...details, code } }],
});

/** Refuses before the body is read, when it is clear that there is no place. */
const shed =
  ({ load }: Serving): RequestHandler =>
  (_request, response, next) => {
    const leave = load.enter();
    if (!leave) {
      response.status(503).setHeader('retry-after', '1');
      response.json(errorBody('the service is overloaded, try again shortly', 'UPSTREAM_UNAVAILABLE'));
      return;
    }
    leave();
    next();
  };

const identify =
  ({ identifier }: Serving): RequestHandler =>
  async (request, response, next) => {
    const leaving = new AbortController();
    response.once('close', () => leaving.abort());
    // Apollo Server insists on a body, also where there is none.
    request.body ??= {};
    const identified = await identifier.identify(credentialsOf(request));
    response.locals = { identified, signal: leaving.signal };
    next();
  };

const bodyFaults: Readonly<Record<string, string>> = {
  'entity.parse.failed': 'the body is no JSON',
  'encoding.unsupported': 'the content-encoding must be gzip, deflate, br or identity',
  'charset.unsupported': 'the body must be UTF-8',
};

function onError({ log, operations }: Serving): ErrorRequestHandler {
  return (error: unknown, _request, response, next) => {
    if (response.headersSent) return next(error);
    const { type, status = 400 } = error as { type?: string; status?: number };
    if (type === 'entity.too.large') {
      const { bodyBytes: limit } = operations.limits;
      return void response
        .status(413)
        .json(
          errorBody(`a body may have ${limit} bytes; send files through the files domain`, 'BAD_REQUEST', { reason: 'BODY_LIMIT', limit }),
        );
    }
    if (type && bodyFaults[type]) return void response.status(status).json(errorBody(bodyFaults[type], 'BAD_REQUEST'));
    if (!(error instanceof DomainError) && status < 500 && type)
      return void response.status(status).json(errorBody('the request is malformed', 'BAD_REQUEST'));
    const { message, extensions } = toGraphQLError(error, log);
    const answer = statusOf(extensions['code']);
    if (answer === 401) response.setHeader('www-authenticate', 'Bearer');
    if (answer === 503) response.setHeader('retry-after', '1');
    response.status(extensions['code'] === 'INTERNAL_SERVER_ERROR' ? 500 : answer).json({ errors: [{ message, extensions }] });
  };
}

/** One list for CORS and for the Origin of sockets, and the page that we serve ourselves. */
function originsOf({ corsOrigins, publicUrl }: RuntimeSettings, { headers, socket }: IncomingMessage): ReadonlySet<string> {
  const scheme = 'encrypted' in socket ? 'https' : 'http';
  return new Set([...corsOrigins, new URL(publicUrl).origin, ...(headers.host ? [`${scheme}://${headers.host}`] : [])]);
}

function capSockets(server: ReturnType<typeof createServer>, most: number): void {
  const open = new Map<string, number>();
  server.on('connection', (socket) => {
    const address = socket.remoteAddress ?? '';
    const count = (open.get(address) ?? 0) + 1;
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
    if (count > most) socket.destroy();
  });
}
