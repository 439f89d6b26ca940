import { DatabaseUnavailable } from '@supergraph/platform/database';

/** A database that does not answer is no fault of the client's, and worth another try. */
export const isOutage = (error: unknown): boolean =>
  error instanceof DatabaseUnavailable || (error instanceof Error && error.cause !== undefined && isOutage(error.cause));

/** What a client is told then, in the form of RFC 6749, 5.2. */
export const outage = {
  status: 503,
  headers: { 'retry-after': '1', 'cache-control': 'no-store' },
  body: { error: 'temporarily_unavailable', error_description: 'this is not available right now; try again in a moment' },
} as const;
