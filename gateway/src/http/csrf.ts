import type { IncomingMessage } from 'node:http';
import { type Reply, refuse } from './reply.ts';

const simpleTypes = new Set(['', 'application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']);
const proofs = ['apollo-require-preflight', 'x-apollo-operation-name'];

export const mediaTypeOf = ({ headers }: IncomingMessage): string =>
  (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

/** Refuses what a foreign page could make a browser send without asking first; the same rule as Apollo Server's. */
export function csrfRefusal(request: IncomingMessage): Reply | undefined {
  const given = mediaTypeOf(request);
  if (!simpleTypes.has(given) || proofs.some((name) => request.headers[name])) return undefined;
  return refuse(
    400,
    `a browser could have been made to send this from a foreign page; send "content-type: application/json" or the header "${proofs[0]}: 1"`,
    { reason: 'CSRF' },
  );
}

/** Refuses bodies that are no JSON, uploads by multipart with the way that they take instead. */
export function bodyTypeRefusal(request: IncomingMessage): Reply | undefined {
  const given = mediaTypeOf(request);
  if (given === 'application/json') return undefined;
  if (given === 'multipart/form-data')
    return refuse(415, 'files are not sent with an operation; upload them through the files domain and name them by id', {
      reason: 'MULTIPART_UPLOAD',
    });
  return refuse(415, 'the body must be JSON, with "content-type: application/json"');
}
