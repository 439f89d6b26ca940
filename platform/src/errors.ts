/** What a caller may be told; everything else leaves as INTERNAL_SERVER_ERROR with an id. */
export type ErrorCode =
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'NOT_FOUND'
  | 'BAD_USER_INPUT'
  | 'CONFLICT'
  | 'RATE_LIMITED'
  | 'UPSTREAM_UNAVAILABLE';

/** One bad field: where it stands in the input (`variants.2.sku`) and what to do about it. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** An error of a rule. Its message and extensions reach the client as they are; graphql-js copies `extensions`. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly extensions: { readonly code: ErrorCode; readonly [key: string]: unknown };
  constructor(code: ErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.extensions = { ...details, code };
  }
  get code(): ErrorCode {
    return this.extensions.code;
  }
}

/** Nobody is signed in, or the credential is not good enough (`reason: STEP_UP_REQUIRED`). */
export const unauthenticated = (message = 'sign in first', details?: Record<string, unknown>) =>
  new DomainError('UNAUTHENTICATED', message, details);

/** The caller may see the thing but not do this to it. */
export const forbidden = (message = 'you may not do this', details?: Record<string, unknown>) =>
  new DomainError('FORBIDDEN', message, details);

/** Unknown, or hidden from the caller: the same answer for both, so that ids cannot be probed. */
export const notFound = (thing: string) => new DomainError('NOT_FOUND', `${thing} not found`);

/** The state does not allow it; `details` carries `reason`, `currentVersion` and the like. */
export const conflict = (message: string, details?: Record<string, unknown>) => new DomainError('CONFLICT', message, details);

/** Every bad field at once. */
export const badInput = (issues: readonly Issue[]) =>
  new DomainError('BAD_USER_INPUT', issues.map(({ path, message }) => (path ? `${path} ${message}` : message)).join('; '), { issues });

/** Too many tries; `retryAfterSeconds` is a whole number of at least 1. */
export const rateLimited = (retryAfterSeconds: number) =>
  new DomainError('RATE_LIMITED', `too many tries, try again in ${Math.max(1, Math.ceil(retryAfterSeconds))} s`, {
    retryAfterSeconds: Math.max(1, Math.ceil(retryAfterSeconds)),
  });

/** Something this service leans on does not answer; the caller may try again. */
export const upstreamUnavailable = (message = 'a part of the system does not answer right now, try again shortly') =>
  new DomainError('UPSTREAM_UNAVAILABLE', message);

/** The edit named a version that is no longer the current one. */
export const staleVersion = (currentVersion: number) =>
  conflict('somebody changed this in the meantime; read it again and repeat the change', { reason: 'STALE_VERSION', currentVersion });

const driverErrorOf = (error: unknown): { code?: unknown; constraint_name?: unknown } => {
  const cause = error instanceof Error && error.cause ? error.cause : error;
  return typeof cause === 'object' && cause !== null ? cause : {};
};

/** Whether a statement broke a unique index or exclusion constraint; with `constraint`, that one. */
export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  const { code, constraint_name: name } = driverErrorOf(error);
  return (code === '23505' || code === '23P01') && (constraint === undefined || name === constraint);
}

/** Whether a statement broke a CHECK constraint; with `constraint`, that one. */
export function isCheckViolation(error: unknown, constraint?: string): boolean {
  const { code, constraint_name: name } = driverErrorOf(error);
  return code === '23514' && (constraint === undefined || name === constraint);
}
