import closeWithGrace from 'close-with-grace';
import type { Log } from './log.ts';

/** A program ends by force when it takes longer, in milliseconds. */
const longestMs = 15_000;

/** One of the steps in which a program ends, in their order. */
export interface ClosingStep {
  readonly what: string;
  readonly end: () => unknown;
}

/** Ends the program step by step when it is told to or when nobody caught an error; whatever keeps it from ending in order is logged. */
export function closeInOrder(log: Log, steps: readonly ClosingStep[]): void {
  let at = '';
  const logger = { error: (reason: unknown) => log.error({ error: reason, step: at }, 'the program did not end in order') };
  closeWithGrace({ delay: longestMs, logger }, async ({ err }) => {
    if (err) log.fatal({ error: err }, 'the program ends because of an error that nobody caught');
    for (const { what, end } of steps) {
      at = what;
      await end();
    }
  });
}
