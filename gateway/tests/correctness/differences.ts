import type { DocumentNode } from 'graphql';
import type { Answered } from './arena.ts';
import { isNullViolation, isSame, placeOf, toComparable } from './compare.ts';
import { renameKeys } from './rename-keys.ts';
import type { World } from './world.ts';

/** One operation and what was answered; `plain` is an Error where plain Apollo threw. */
export interface Trial {
  readonly world: World;
  readonly document: DocumentNode;
  readonly variables: Readonly<Record<string, unknown>>;
  readonly ours: Answered;
  readonly plain: Answered | Error;
  readonly truth: Answered;
}

/** A known way in which plain Apollo is wrong. It only counts where our answer is what graphql-js answers over all the data. */
export interface Difference {
  readonly name: string;
  readonly reason: string;
  explains(trial: Trial): boolean | Promise<boolean>;
}

const sameData = ({ ours, plain }: Trial): boolean => !(plain instanceof Error) && toComparable(ours).sorted === toComparable(plain).sorted;
const plainErrors = ({ plain }: Trial) => (plain instanceof Error ? [] : toComparable(plain).errors);
const messages = (errors: readonly { readonly message: string }[]): string =>
  JSON.stringify([...new Set(errors.map(({ message }) => message))].toSorted());

/** Every difference that is known, in the order in which they are tried. */
export const differences: readonly Difference[] = [
  {
    name: 'planner-throws',
    reason: 'the planner fails on a valid operation, so that plain Apollo answers nothing at all; faults-of-types.test.ts shows when',
    explains: ({ plain }) => plain instanceof Error,
  },
  {
    name: 'null-is-told',
    reason:
      'a null where the schema allows none is an error of its place, says the specification; plain Apollo hides it in `valueCompletion`, or leaves it out when there is any other error',
    explains: (trial) => {
      if (!sameData(trial)) return false;
      const violations = toComparable(trial.truth).errors.filter(isNullViolation);
      const places = violations.map(({ path }) => JSON.stringify(placeOf(path ?? [], trial.truth.data)));
      const { sorted, errors } = toComparable(trial.ours);
      const rest = errors.filter(
        ({ path, code }) => code !== 'INTERNAL_SERVER_ERROR' || !places.includes(JSON.stringify(placeOf(path ?? [], trial.ours.data))),
      );
      const others = plainErrors(trial).filter(
        ({ path, code }) => code !== 'INTERNAL_SERVER_ERROR' || !places.includes(JSON.stringify(placeOf(path ?? [], trial.ours.data))),
      );
      return places.length > 0 && isSame({ sorted, errors: rest }, { sorted, errors: others });
    },
  },
  {
    name: 'error-without-path',
    reason:
      'an error that names no place stands at every field that was asked for, so that a client can tell what is missing; plain Apollo leaves it without one',
    explains: (trial) => sameData(trial) && plainErrors(trial).some(({ path }) => path === null),
  },
  {
    name: 'error-of-another-entity',
    reason:
      'plain Apollo finds the place of an entity by its number among all objects of a list, though it asked only for those that are there and of the right type, so that the path names another one',
    explains: (trial) => sameData(trial) && messages(toComparable(trial.ours).errors) === messages(plainErrors(trial)),
  },
  {
    name: 'shared-response-key',
    reason:
      "the planner merges a client's field with one that a key or @requires needs when both have one response key; with keys that occur nowhere else plain Apollo answers as we do",
    explains: async ({ world, document, variables, ours }) => {
      const { document: renamed, restore } = renameKeys(document);
      world.reset();
      const plain = await world.arena.runPlain(renamed, variables);
      return isSame(toComparable(restore(plain)), toComparable(ours));
    },
  },
];
