import { currentSignal, remaining } from '@supergraph/platform/deadline';
import { DomainError } from '@supergraph/platform/errors';
import { heavyLanes } from '@supergraph/platform/threads';
import pLimit from 'p-limit';

/** How many are let in, those who wait included; at 30 ms for a hash the last of them waits for 1.5 seconds. */
export const mostAdmitted = 50 * heavyLanes;
const retryAfterSeconds = 2;

// On two processors four hashes at once were a fifth slower than two.
const limit = pLimit(heavyLanes);
let admitted = 0;

const busy = () =>
  new DomainError('RATE_LIMITED', `too many passwords are being checked right now, try again in ${retryAfterSeconds} s`, {
    reason: 'PASSWORDS_BUSY',
    retryAfterSeconds,
  });

const ended = () => new DomainError('UPSTREAM_UNAVAILABLE', 'the request ended before the password was looked at');

/** Does work that will want a hash; RATE_LIMITED, before any of it is done, where too many want one. */
export async function admit<Result>(work: () => Promise<Result>): Promise<Result> {
  if (admitted >= mostAdmitted) throw busy();
  admitted += 1;
  try {
    return await work();
  } finally {
    admitted -= 1;
  }
}

/** Does one hash when it is its turn; who has left by then is passed over. */
export const inTurn = <Result>(hash: () => Promise<Result>): Promise<Result> =>
  limit(() => {
    if (remaining() <= 0 || currentSignal()?.aborted) throw ended();
    return hash();
  });
