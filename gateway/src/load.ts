import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';

/** Lets so many operations in at once and refuses the rest at once, before they cost anything. */
export interface LoadGuard {
  /** Takes a place for an operation of this cost; the result gives it back. Undefined when there is none. */
  enter(cost?: number): (() => void) | undefined;
  close(): void;
}

export interface LoadOptions {
  readonly concurrent?: number;
  /** Half of the last half second's turns of the event loop may be late by this much. */
  readonly loopDelayMs?: number;
  readonly metrics: Registry;
}

const sampleMs = 500;
/** Operations of at most this cost are the last to be refused. */
const cheapCost = 100;
/** Of all places, what dear operations may fill, and what cheap ones may when the event loop is late. */
const dearPart = 0.75;
const latePart = 0.125;

const partOf = (cost: number, late: boolean): number => (cost <= cheapCost ? (late ? latePart : 1) : late ? 0 : dearPart);

/** Refuses operations when too many run or the event loop is late. */
export function createLoadGuard({ concurrent = 256, loopDelayMs = 250, metrics }: LoadOptions): LoadGuard {
  const running = new Gauge({ name: 'gateway_operations_running', help: 'Operations that run right now', registers: [metrics] });
  const refused = new Counter({
    name: 'gateway_operations_refused_total',
    help: 'Operations refused because of load',
    registers: [metrics],
  });
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  let late = false;
  let inside = 0;
  const timer = setInterval(() => {
    late = delay.percentile(50) / 1e6 > loopDelayMs;
    delay.reset();
  }, sampleMs);
  timer.unref();
  return {
    enter: (cost = 0) => {
      // Somebody is always let in, or a late loop would never be found to be on time again.
      if (inside > 0 && inside >= concurrent * partOf(cost, late)) {
        refused.inc();
        return undefined;
      }
      inside += 1;
      running.set(inside);
      let left = false;
      return () => {
        if (left) return;
        left = true;
        inside -= 1;
        running.set(inside);
      };
    },
    close: () => {
      clearInterval(timer);
      delay.disable();
    },
  };
}
