import { pipeline } from 'node:stream/promises';
import { Pool } from 'undici';
import type { RuntimeSettings } from './config.ts';
import { signIdentity } from './identity-token.ts';
import { type Log, requestLog } from './log.ts';
import { refuseRoute, type RunningRoutes } from './routes.ts';
import { identityHeader } from './service-server.ts';

export interface RemoteRoutesOptions {
  readonly name: string;
  /** Where the service's graph answers; its routes are at the same origin. */
  readonly url: string;
  readonly paths: readonly string[];
  readonly settings: Pick<RuntimeSettings, 'internalKey'>;
  readonly log: Log;
}

const bounds = { connections: 32, connectTimeout: 1_000, headersTimeout: 30_000, bodyTimeout: 30_000 };

/** What concerns one connection alone (RFC 9110, 7.6.1), and what we say ourselves of who asks. */
const notPassedOn = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'host',
  'expect',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  identityHeader,
]);

/** Passes requests on to a domain that runs as a service, with a signed word on where they come from. */
export function createRemoteRoutes({ name, url, paths, settings, log }: RemoteRoutesOptions): RunningRoutes & { close(): Promise<void> } {
  const pool = new Pool(new URL(url).origin, bounds);
  return {
    paths,
    async handle(request, response, identity) {
      const leaving = new AbortController();
      response.once('close', () => leaving.abort());
      const headers: Record<string, string | string[]> = {};
      for (const [header, value] of Object.entries(request.headers))
        if (value !== undefined && !notPassedOn.has(header)) headers[header] = value;
      headers[identityHeader] = signIdentity(settings.internalKey, name, identity, Date.now() + bounds.headersTimeout);
      const hasBody = request.method !== 'GET' && request.method !== 'HEAD' && request.method !== 'OPTIONS';
      try {
        const answer = await pool.request({
          path: request.url ?? '/',
          method: request.method ?? 'GET',
          headers,
          body: hasBody ? request : null,
          signal: leaving.signal,
        });
        response.statusCode = answer.statusCode;
        for (const [header, value] of Object.entries(answer.headers))
          if (value !== undefined && !notPassedOn.has(header)) response.setHeader(header, value);
        await pipeline(answer.body, response);
      } catch (error) {
        if (leaving.signal.aborted) return;
        requestLog(log, identity).warn({ subgraph: name, error }, 'a service did not answer one of its routes');
        refuseRoute(response, 503, 'UPSTREAM_UNAVAILABLE', 'this is not available right now; try again in a moment');
      }
    },
    close: () => pool.destroy(),
  };
}
