import { upstreamUnavailable } from '@supergraph/platform/errors';

const atOnce = 8;
const mostWaiting = 10_000;

let running = 0;
const waiting: (() => void)[] = [];

/**
 * Lets a few readers of this process at the database at once. When thousands of clients come back in the same second
 * they are let in one after the other, and leave room for everybody else's queries.
 */
export async function admitted<Result>(work: () => Promise<Result>): Promise<Result> {
  if (running >= atOnce) {
    if (waiting.length >= mostWaiting) throw upstreamUnavailable();
    const turn = Promise.withResolvers<void>();
    waiting.push(turn.resolve);
    await turn.promise;
  } else running++;
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    // Whoever is next takes over the place, so the count stays.
    if (next) next();
    else running--;
  }
}
