import { AsyncLocalStorage } from 'node:async_hooks';

/** Until when an answer is of use, in milliseconds since 1970, and what ends the work before that. */
export interface Deadline {
  readonly deadline: number;
  readonly signal?: AbortSignal | undefined;
}

const storage = new AsyncLocalStorage<Deadline>();

/** Runs the function with a deadline; inside another one the nearer of the two counts, and both signals do. */
export function withDeadline<Result>({ deadline, signal }: Deadline, work: () => Result | PromiseLike<Result>): Promise<Result> {
  const outer = storage.getStore();
  const nearest = outer ? { deadline: Math.min(deadline, outer.deadline), signal: either(signal, outer.signal) } : { deadline, signal };
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

function either(first: AbortSignal | undefined, second: AbortSignal | undefined): AbortSignal | undefined {
  if (!first || first === second) return second;
  return second ? AbortSignal.any([first, second]) : first;
}
