import { randomUUID } from 'node:crypto';
import { DomainError } from '@supergraph/platform/errors';
import type { Log } from '@supergraph/platform/log';
import { GraphQLError } from 'graphql';
import { proofAlgorithms } from './dpop.ts';

/** Makes of anything thrown an error that may leave; the unexpected is logged under an id. */
export function toGraphQLError(error: unknown, log: Log): GraphQLError {
  if (error instanceof GraphQLError && !error.originalError && typeof error.extensions['code'] === 'string') return error;
  if (error instanceof DomainError) return new GraphQLError(error.message, { extensions: error.extensions });
  const errorId = randomUUID();
  log.error({ errorId, error }, 'the gateway failed unexpectedly');
  return new GraphQLError('something went wrong on our side', { extensions: { code: 'INTERNAL_SERVER_ERROR', errorId } });
}

const statuses: Readonly<Record<string, number>> = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  RATE_LIMITED: 429,
  UPSTREAM_UNAVAILABLE: 503,
  INTERNAL_SERVER_ERROR: 500,
  // What is hidden looks like what is not there, and clients of persisted queries expect to be told with 200.
  NOT_FOUND: 200,
  PERSISTED_QUERY_NOT_FOUND: 200,
};

/** The HTTP status of an answer without data, by the code of its first error. */
export const statusOf = (code: unknown): number => statuses[String(code)] ?? 400;

/** Headers that belong to a status: who may try again, when, and with what. */
export function headersOf(status: number, extensions: Readonly<Record<string, unknown>> | undefined): Record<string, string> {
  if (status === 401) return { 'www-authenticate': challengeOf(extensions?.['reason']) };
  if (status === 503) return { 'retry-after': '1' };
  if (status === 429) return { 'retry-after': String(Number(extensions?.['retryAfterSeconds'] ?? 1)) };
  return {};
}

/** What a token has to come with: by itself, or with a proof of possession (RFC 9449, 7.1). */
function challengeOf(reason: unknown): string {
  if (reason !== 'DPOP_MISSING' && reason !== 'DPOP_INVALID') return 'Bearer';
  return `DPoP error="${reason === 'DPOP_INVALID' ? 'invalid_dpop_proof' : 'invalid_token'}", algs="${proofAlgorithms.join(' ')}"`;
}
