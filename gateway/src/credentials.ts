import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { plainAddress } from './address-group.ts';
import type { Credentials } from './identify.ts';

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** What a request tells about its sender; connection parameters of a WebSocket come before its headers. */
export function credentialsOf(
  request: IncomingMessage,
  trustedProxies: number,
  parameters: Readonly<Record<string, unknown>> = {},
): Credentials {
  const { headers } = request;
  const given = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    authorization: text(given['authorization']) ?? text(headers.authorization),
    proof: text(given['dpop']) ?? text(headers['dpop']),
    method: request.method ?? 'GET',
    path: (request.url ?? '/').split('?', 1)[0] ?? '/',
    organizationId: text(given['organizationid']) ?? text(given['x-organization-id']) ?? text(headers['x-organization-id']),
    ipAddress: addressOf(request, trustedProxies),
    userAgent: text(headers['user-agent']) ?? null,
    traceparent: text(headers['traceparent']),
    explain: (text(given['x-explain']) ?? text(headers['x-explain'])) === '1',
  };
}

/**
 * Where a request comes from. Each of our own proxies adds whom it heard to the end of `x-forwarded-for`; what stands
 * before that was written by the client and is not believed.
 */
export function addressOf({ headers, socket }: IncomingMessage, trustedProxies: number): string | null {
  const heard = socket.remoteAddress ? plainAddress(socket.remoteAddress) : null;
  if (trustedProxies === 0) return heard;
  const forwarded = String(headers['x-forwarded-for'] ?? '').split(',');
  const told = plainAddress(forwarded.at(-trustedProxies)?.trim() ?? '');
  return isIP(told) === 0 ? heard : told;
}
