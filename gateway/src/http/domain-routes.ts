import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Identity } from '@supergraph/platform/context';
import { covers, refuseRoute, type RunningRoutes } from '@supergraph/platform/routes';
import type { GraphQLError } from 'graphql';
import type { LoadGuard } from '../load.ts';
import { overloaded } from '../serving.ts';
import type { RateLimits } from '../rate-limits.ts';

/** What one request costs its address, in the points that guests have; some write a row before anybody has said who they are. */
const routeCost = 10;

/** The routes that a path belongs to; undefined for the gateway's own. */
export const routesOf = (domainRoutes: readonly RunningRoutes[], path: string): RunningRoutes | undefined =>
  domainRoutes.find(({ paths }) => covers(paths, path));

/** Lets a domain answer, unless too much runs, or was asked from that address within a minute. */
export async function answerRoute(
  routes: RunningRoutes,
  request: IncomingMessage,
  response: ServerResponse,
  { identity, rates, load }: { readonly identity: Identity; readonly rates: RateLimits; readonly load: LoadGuard },
): Promise<void> {
  const refusal = rates.spentError(identity) ?? (await rates.spend(identity, routeCost));
  if (refusal) return refuse(response, refusal);
  const leave = load.enter(routeCost);
  if (!leave) return refuse(response, overloaded());
  await routes.handle(request, response, identity).finally(leave);
}

function refuse(response: ServerResponse, { message, extensions }: GraphQLError): void {
  response.setHeader('retry-after', Number(extensions['retryAfterSeconds'] ?? 1));
  const code = extensions['code'] === 'RATE_LIMITED' ? 'RATE_LIMITED' : 'UPSTREAM_UNAVAILABLE';
  refuseRoute(response, code === 'RATE_LIMITED' ? 429 : 503, code, message);
}
