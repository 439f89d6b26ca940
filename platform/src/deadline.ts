import { AsyncLocalStorage } from 'node:async_hooks';

/** Until when an answer is of use, in milliseconds since 1970, what ends the work before that, and which trace it belongs to. */
export interface Deadline {
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
  /** As W3C trace context; that of the work around it unless given. */
  readonly traceparent?: string | null | undefined;
}

const storage = new AsyncLocalStorage<Deadline>();

/** Runs the function with a deadline; inside another one the nearer of the two counts, and both signals do. */
export function withDeadline<Result>(given: Deadline, work: () => Result | PromiseLike<Result>): Promise<Result> {
  const outer = storage.getStore();
  const nearest = outer
    ? {
        deadline: Math.min(given.deadline, outer.deadline),
        signal: either(given.signal, outer.signal),
        traceparent: given.traceparent ?? outer.traceparent,
      }
    : given;
  // A query is sent when it is awaited, so it is awaited in here.
  return storage.run(nearest, async () => await work());
}

/** Runs the function free of the caller's deadline and signal, for work that outlives its request. */
export function withoutDeadline<Result>(work: () => Result | PromiseLike<Result>): Promise<Result> {
  return storage.exit(async () => await work());
}

/** Milliseconds until the deadline, zero or less when it has passed, Infinity without one. */
export function remaining(): number {
  const current = storage.getStore();
  return current ? current.deadline - Date.now() : Infinity;
}

/** What ends the current work early, if anything does. */
export function currentSignal(): AbortSignal | undefined {
  return storage.getStore()?.signal;
}

/** The W3C trace context of the current work. */
export const currentTraceparent = (): string | null | undefined => storage.getStore()?.traceparent;

function either(first: AbortSignal | undefined, second: AbortSignal | undefined): AbortSignal | undefined {
  if (!first || first === second) return second;
  return second ? AbortSignal.any([first, second]) : first;
}
