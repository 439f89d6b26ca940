import { AsyncLocalStorage } from 'node:async_hooks';

interface Underway {
  readonly after: Set<() => void>;
  isOver: boolean;
}

const transactions = new AsyncLocalStorage<Underway>();

/**
 * Does the work once the transaction around it has committed, however often it was asked for there; never when it is
 * rolled back, and at once where none is underway. For hints: the process may die in between.
 */
export function afterCommit(work: () => void): void {
  const underway = transactions.getStore();
  if (underway && !underway.isOver) underway.after.add(work);
  else work();
}

/** Runs a transaction, and when it has committed what `afterCommit` was given meanwhile. */
export async function committing<Result>(transaction: () => Promise<Result>): Promise<Result> {
  const underway: Underway = { after: new Set(), isOver: false };
  try {
    const result = await transactions.run(underway, transaction);
    for (const work of underway.after) work();
    return result;
  } finally {
    // What was begun in the transaction and outlives it waits for nothing.
    underway.isOver = true;
  }
}
