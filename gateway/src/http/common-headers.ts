import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RuntimeSettings } from '@supergraph/platform/config';
import helmet from 'helmet';
import type { Headers } from './reply.ts';

const allowedHeaders = [
  'content-type',
  'authorization',
  'dpop',
  'x-organization-id',
  'apollo-require-preflight',
  'x-apollo-operation-name',
  'apollographql-client-name',
  'apollographql-client-version',
  'traceparent',
];

/** The headers that every answer has, whatever else is in it. */
export interface CommonHeaders {
  of(request: IncomingMessage): Headers;
  /** What a browser is told that asks before it sends. */
  ofPreflight(request: IncomingMessage): Headers;
}

/** Works out the security headers once; which origins may read is one list, also for WebSockets. */
export function createCommonHeaders({ development, corsOrigins }: Pick<RuntimeSettings, 'development' | 'corsOrigins'>): CommonHeaders {
  const always = { ...securityHeaders(development), vary: 'Origin' };
  const origins = new Set(corsOrigins);
  const of = ({ headers: { origin } }: IncomingMessage): Headers =>
    origin !== undefined && origins.has(origin)
      ? { ...always, 'access-control-allow-origin': origin, 'access-control-expose-headers': 'retry-after' }
      : always;
  const preflight = {
    'access-control-allow-methods': 'GET,POST',
    'access-control-allow-headers': allowedHeaders.join(','),
    'access-control-max-age': '600',
    'content-length': '0',
  };
  return { of, ofPreflight: (request) => ({ ...of(request), ...preflight }) };
}

/** `helmet` sets the same headers on every answer, so it is asked only once. */
function securityHeaders(development: boolean): Headers {
  const headers: Record<string, string> = {};
  const collector = {
    setHeader: (name: string, value: string | number | readonly string[]) => {
      headers[name.toLowerCase()] = String(value);
    },
    removeHeader: () => undefined,
  };
  const write = helmet({ ...(development ? { contentSecurityPolicy: false } : {}), crossOriginEmbedderPolicy: false });
  write({} as IncomingMessage, collector as unknown as ServerResponse, (error) => {
    if (error) throw error as Error;
  });
  return headers;
}
