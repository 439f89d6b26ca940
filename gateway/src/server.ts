import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RuntimeSettings } from '@supergraph/platform/config';
import { DomainError } from '@supergraph/platform/errors';
import type { Log } from '@supergraph/platform/log';
import type { RunningRoutes } from '@supergraph/platform/routes';
import { adminServer, closeGracefully, harden, listen } from '@supergraph/platform/service-server';
import express, { type ErrorRequestHandler, type Express, type RequestHandler, type Response } from 'express';
import { assemble, type Assembly, type ServingOptions } from './assemble.ts';
import { capConnections } from './connection-caps.ts';
import { contractFor, type ContractServings, pathOf } from './contract-servings.ts';
import { credentialsOf } from './credentials.ts';
import { toGraphQLError } from './edge-errors.ts';
import type { GatewayPlugin } from './http/apollo-lane.ts';
import { createCommonHeaders } from './http/common-headers.ts';
import { directLane } from './http/direct-lane.ts';
import { answerRoute, routesOf } from './http/domain-routes.ts';
import { errorReplyOf } from './http/entrance.ts';
import { createEventRoute, createGraphQLRoute, type Place, type Route } from './http/graphql-route.ts';
import type { Lane } from './http/lane.ts';
import { errorReply, refuse, type Reply } from './http/reply.ts';
import { guestOf } from './identify.ts';
import { answerFaults } from './server-faults.ts';
import { serveSockets } from './sockets.ts';

export interface ServerOptions extends ServingOptions {
  /** What keeps the gateway from serving, beside its own stopping. */
  readonly problems?: () => Promise<readonly string[]>;
  /** Answers `GET /`. */
  readonly playground?: RequestHandler;
  /** Adds addresses of the gateway's own; they come before the 404. */
  readonly routes?: (app: Express) => void;
  /** What domains serve beside the graph. */
  readonly domainRoutes?: readonly RunningRoutes[];
  /** Plugins of Apollo Server; with any, all requests over HTTP take its pipeline. */
  readonly plugins?: readonly GatewayPlugin[];
  /** How long a stopping gateway goes on serving while load balancers turn away. */
  readonly lameDuckMs?: number;
  readonly socketsPerAddress?: number;
  /** In milliseconds: how long headers and whole requests may take to arrive. */
  readonly timeouts?: { readonly headersTimeout: number; readonly requestTimeout: number };
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
  const assembly = await assemble(options);
  try {
    return await serve(options, assembly);
  } catch (error) {
    await assembly.close();
    throw error;
  }
}

async function serve(options: ServerOptions, assembly: Assembly): Promise<RunningGateway> {
  const { settings, graph } = options;
  const { shared, servings, metrics } = assembly;
  const lane = await chooseLane(servings, options.plugins);
  const server = createServer({ maxHeaderSize: 16_384, connectionsCheckingInterval: 1_000 }, frontDoor(options, assembly, lane));
  harden(server);
  Object.assign(server, options.timeouts);
  answerFaults(server);
  capConnections(server, options.socketsPerAddress ?? 20_000);
  const sockets = serveSockets({ server, shared, servings, origins: (request) => originsOf(settings, request), metrics });
  const ready = async () => {
    const problems = shared.leaving.aborted ? ['the gateway is stopping'] : await (options.problems?.() ?? []);
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
      assembly.leave();
      await sleep(options.lameDuckMs ?? (settings.production ? 2_000 : 0));
      const closed = closeGracefully(server, stopWithinMs);
      assembly.stop();
      sockets.stop();
      await closed;
      await lane.stop();
      await assembly.close();
      await admin.stop();
    },
  };
}

/** Requests go straight to the executor, unless plugins of Apollo Server want to see them. */
async function chooseLane(servings: ContractServings, plugins: readonly GatewayPlugin[] = []): Promise<Lane> {
  if (plugins.length === 0) return directLane;
  const { createApolloLane } = await import('./http/apollo-lane.ts');
  return createApolloLane(servings, plugins);
}

/** The graph's own addresses are answered at once, all others by express. */
function frontDoor(options: ServerOptions, { shared, servings, limits }: Assembly, lane: Lane): RequestListener {
  const headers = createCommonHeaders(options.settings);
  const routes = new Map<string | undefined, Route>();
  for (const contract of servings.keys()) {
    const place: Place = { shared, limits, servingOf: (identified) => contractFor(servings, contract, identified) };
    routes.set(pathOf(contract), createGraphQLRoute(place, lane));
    routes.set(`${pathOf(contract)}/stream`, createEventRoute(place));
  }
  const others = createOtherRoutes(options);
  const { domainRoutes = [], settings } = options;
  return (request, response) => {
    const { url = '/', method } = request;
    const path = url.split('?', 1)[0] ?? '/';
    const domain = routesOf(domainRoutes, path);
    if (domain) {
      const common = shared.leaving.aborted ? { ...headers.of(request), connection: 'close' } : headers.of(request);
      for (const [name, value] of Object.entries(common)) response.setHeader(name, value);
      const identity = guestOf(credentialsOf(request, settings.trustedProxies));
      return void answerRoute(domain, request, response, { identity, rates: shared.rates, load: shared.load });
    }
    if (method === 'OPTIONS') return void response.writeHead(204, headers.ofPreflight(request)).end();
    const common = shared.leaving.aborted ? { ...headers.of(request), connection: 'close' } : headers.of(request);
    const route = routes.get(path);
    if (route) return void route(request, response, common);
    for (const [name, value] of Object.entries(common)) response.setHeader(name, value);
    others(request, response);
  };
}

function createOtherRoutes({ identifier, playground, routes, log }: ServerOptions): Express {
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
