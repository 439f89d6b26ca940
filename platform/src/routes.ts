import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RuntimeSettings } from './config.ts';
import type { Identity, RequestContext } from './context.ts';
import { DatabaseUnavailable } from './database.ts';
import { withDeadline } from './deadline.ts';
import { type Log, requestLog } from './log.ts';

/** Answers one request over HTTP that is not for the graph; whoever asks is nobody yet. */
export type RouteHandler<L = unknown> = (request: IncomingMessage, response: ServerResponse, ctx: RequestContext<L>) => Promise<void>;

/** What a domain serves beside the graph, such as OAuth's endpoints. */
export interface DomainRoutes<L = unknown> {
  /** Paths of the public address: `/oauth/` with all that is below it, others as they are. */
  readonly paths: readonly string[];
  /** Called before the first request. */
  readonly open: (ground: { readonly settings: RuntimeSettings; readonly log: Log }) => Promise<RouteHandler<L>>;
}

/** A domain's routes while it runs, in this process or behind HTTP. */
export interface RunningRoutes {
  readonly paths: readonly string[];
  /** Always answers; never rejects. */
  handle(request: IncomingMessage, response: ServerResponse, identity: Identity): Promise<void>;
}

/** In milliseconds: how long a request may take. */
const routeDeadlineMs = 20_000;

/** Whether a path belongs to what is served. */
export const covers = (paths: readonly string[], path: string): boolean =>
  paths.some((each) => path === each || (each.endsWith('/') && path.startsWith(each)));

/** Several routes of a domain as one: the first that covers a path answers. */
export const joinRoutes = <L>(...all: readonly DomainRoutes<L>[]): DomainRoutes<L> => ({
  paths: all.flatMap(({ paths }) => paths),
  open: async (ground) => {
    const handlers = await Promise.all(all.map(async (routes) => ({ paths: routes.paths, handle: await routes.open(ground) })));
    return async (request, response, ctx) => {
      const path = request.url?.split('?')[0] ?? '/';
      await handlers.find(({ paths }) => covers(paths, path))?.handle(request, response, ctx);
    };
  },
});

/** Opens a domain's routes with the first request, each of which gets a context of its own. */
export function runRoutes<L>(
  { paths, open }: DomainRoutes<L>,
  ground: { readonly settings: RuntimeSettings; readonly log: Log },
  contextFor: (identity: Identity, deadline: number, signal: AbortSignal) => RequestContext<L>,
): RunningRoutes {
  let opening: Promise<RouteHandler<L>> | undefined;
  const handler = (): Promise<RouteHandler<L>> => {
    opening ??= open(ground).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  return {
    paths,
    async handle(request, response, identity) {
      const leaving = new AbortController();
      response.once('close', () => leaving.abort());
      try {
        const handle = await handler();
        const deadline = Date.now() + routeDeadlineMs;
        const { signal } = leaving;
        const ctx = contextFor(identity, deadline, signal);
        await withDeadline({ deadline, signal, traceparent: identity.traceparent }, () => handle(request, response, ctx));
      } catch (error) {
        if (error instanceof DatabaseUnavailable)
          return refuseRoute(response, 503, 'UPSTREAM_UNAVAILABLE', 'this is not available right now; try again in a moment');
        requestLog(ground.log, identity).error({ error }, 'a request to a route failed unexpectedly');
        refuseRoute(response, 500, 'INTERNAL_SERVER_ERROR', 'something went wrong on our side');
      }
    },
  };
}

/** Answers with an error of the same form as the graph's, unless an answer has begun. */
export function refuseRoute(response: ServerResponse, status: number, code: string, message: string): void {
  if (response.headersSent) return void response.destroy();
  response.statusCode = status;
  response.setHeader('content-type', 'application/json; charset=utf-8');
  response.setHeader('cache-control', 'no-store');
  response.end(JSON.stringify({ errors: [{ message, extensions: { code } }] }));
}
