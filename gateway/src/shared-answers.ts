import { OperationTypeNode } from 'graphql';
import { type Answer, shareBytes } from './answer.ts';
import { askerOf } from './engine/sharing.ts';
import { createFlights } from './flights.ts';
import type { Work } from './serving.ts';

/** Answers of whole operations, those that are under way worked out once. */
export interface SharedAnswers {
  /** Works an operation out, or waits for the answer to the same query of the same caller. */
  answer(work: Work, run: (signal: AbortSignal) => Promise<Answer>): Promise<Answer>;
  /** Something changed: whoever asks from now on gets nothing that was begun before. */
  changed(): void;
}

/**
 * Lets equal queries of one caller, or of guests, be worked out once while they are under way. A caller who has changed
 * something, or was told of a change, asks anew: so everybody reads what they wrote.
 */
export function createSharedAnswers(): SharedAnswers {
  const flights = createFlights<Answer>();
  const numbers = new WeakMap<object, number>();
  let last = 0;
  /** Documents and executors are the same objects as long as they are the same. */
  const numberOf = (thing: object): number => {
    const known = numbers.get(thing);
    if (known !== undefined) return known;
    last += 1;
    numbers.set(thing, last);
    return last;
  };
  const questionOf = ({ checked: { executor, operation, variables }, identified: { identity } }: Work): string =>
    [numberOf(executor), numberOf(operation), askerOf(identity), variables ? JSON.stringify(variables) : ''].join('\n');
  return {
    answer: async (work, run) => {
      const { operation } = work.checked.operation;
      if (operation !== OperationTypeNode.QUERY) return run(work.signal).finally(() => flights.leaveBehind());
      // Each is told of its own work.
      if (work.identified.explain) return run(work.signal);
      const { answer, hasCompany } = await flights.join(questionOf(work), work.signal, run);
      return hasCompany ? shareBytes(answer) : answer;
    },
    changed: () => flights.leaveBehind(),
  };
}
