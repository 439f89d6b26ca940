import type { IncomingMessage } from 'node:http';
import type { Credentials } from './identify.ts';

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

/** What a request tells about its sender; connection parameters of a WebSocket come before its headers. */
export function credentialsOf(request: IncomingMessage, parameters: Readonly<Record<string, unknown>> = {}): Credentials {
  const { headers, socket } = request;
  const given = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    authorization: text(given['authorization']) ?? text(headers.authorization),
    organizationId: text(given['organizationid']) ?? text(given['x-organization-id']) ?? text(headers['x-organization-id']),
    // Never from a header: whoever connects could write any address there.
    ipAddress: socket.remoteAddress?.replace(/^::ffff:/, '') ?? null,
    userAgent: text(headers['user-agent']) ?? null,
    traceparent: text(headers['traceparent']),
    explain: (text(given['x-explain']) ?? text(headers['x-explain'])) === '1',
  };
}
