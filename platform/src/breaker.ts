import { BrokenCircuitError, bulkhead, BulkheadRejectedError, circuitBreaker, CircuitState, handleWhen, type IBreaker } from 'cockatiel';

export interface GuardOptions {
  /** Whether an error speaks against the other side; all others do not count. */
  readonly isOutage: (error: unknown) => boolean;
  /** Calls at the same time. */
  readonly concurrent: number;
  /** Calls that may wait for their turn; more are refused at once. */
  readonly waiting: number;
  readonly openMs?: number;
}

/** Bounds calls to one neighbour and stops asking for a while when half of them fail. */
export interface Guard {
  run<Result>(work: () => Promise<Result>): Promise<Result>;
  readonly isOpen: boolean;
  readonly state: GuardState;
}

/** How a neighbour is doing: `half-open` while one call tries whether it is back. */
export interface GuardState {
  readonly breaker: 'closed' | 'half-open' | 'open';
  readonly running: number;
  readonly waiting: number;
}

/** Opens for a second when half of at least ten calls in five seconds failed, then lets one probe through. */
export function createGuard({ isOutage, concurrent, waiting, openMs = 1_000 }: GuardOptions): Guard {
  const breaker = circuitBreaker(handleWhen(isOutage), { halfOpenAfter: openMs, breaker: new RecentHalf() });
  const places = bulkhead(concurrent, waiting);
  return {
    run: (work) => {
      // While one call probes, the others do not wait for its outcome.
      if (breaker.state === CircuitState.HalfOpen) return Promise.reject(new BrokenCircuitError());
      return breaker.execute(() => places.execute(work));
    },
    get isOpen() {
      return breaker.state !== CircuitState.Closed;
    },
    get state() {
      return {
        breaker: nameOf(breaker.state),
        running: concurrent - places.executionSlots,
        waiting: waiting - places.queueSlots,
      };
    },
  };
}

function nameOf(state: CircuitState): GuardState['breaker'] {
  if (state === CircuitState.Closed) return 'closed';
  return state === CircuitState.HalfOpen ? 'half-open' : 'open';
}

/** Whether the guard refused the call before it was made. */
export const wasRefused = (error: unknown): boolean => error instanceof BrokenCircuitError || error instanceof BulkheadRejectedError;

const secondsKept = 5;
const fewestCalls = 10;

/** Counts per second; what is older than five seconds is forgotten, also after a silence. */
class RecentHalf implements IBreaker {
  #seconds = new Map<number, { calls: number; failures: number }>();
  state: unknown = undefined;
  success(state: CircuitState): void {
    if (state === CircuitState.HalfOpen) this.#seconds.clear();
    this.#count(0);
  }
  failure(state: CircuitState): boolean {
    const { calls, failures } = this.#count(1);
    return state !== CircuitState.Closed || (calls >= fewestCalls && failures * 2 >= calls);
  }
  #count(failed: 0 | 1): { calls: number; failures: number } {
    const now = Math.floor(Date.now() / 1_000);
    const current = this.#seconds.get(now) ?? { calls: 0, failures: 0 };
    this.#seconds.set(now, { calls: current.calls + 1, failures: current.failures + failed });
    const sum = { calls: 0, failures: 0 };
    for (const [second, counted] of this.#seconds) {
      if (second <= now - secondsKept) this.#seconds.delete(second);
      else {
        sum.calls += counted.calls;
        sum.failures += counted.failures;
      }
    }
    return sum;
  }
}
