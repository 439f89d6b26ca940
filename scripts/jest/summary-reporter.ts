import type { AggregatedResult, Reporter } from '@jest/reporters';

/** Ends the output with one plain line: `41 passed, 0 failed`. */
export default class SummaryReporter implements Pick<Reporter, 'onRunComplete'> {
  #line = '';

  constructor() {
    // Jest's own summary is printed after all other reporters, so the last line has to wait for the end of the process.
    process.once('exit', () => {
      if (this.#line) console.log(this.#line);
    });
  }

  onRunComplete(_contexts: unknown, results: AggregatedResult): void {
    // A file that cannot be loaded has no failed test, and must not look like a success.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    this.#line = `${results.numPassedTests} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}`;
  }
}
