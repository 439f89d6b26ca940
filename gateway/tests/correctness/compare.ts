import type { Answered, AnswerError } from './arena.ts';

type Path = readonly (string | number)[];

/**
 * An error as answers are compared. What plain Apollo adds (`serviceName`, `valueCompletion`) is left out, and so is what an
 * internal error says, since we mask it.
 */
export interface PlainError {
  readonly path: Path | null;
  readonly message: string;
  readonly code: unknown;
}

/** What is compared of an answer: the text of `data`, with its keys as they came and sorted, and the distinct errors in any order. */
export interface Comparable {
  readonly data: string;
  readonly sorted: string;
  readonly errors: readonly PlainError[];
}

/** The one normalization; all three answers go through it. */
export function toComparable({ data, errors }: Answered): Comparable {
  const distinct = new Map(errors.map(toPlainError).map((error) => [JSON.stringify(error), error]));
  return {
    data: JSON.stringify(data ?? null),
    sorted: JSON.stringify(sortKeys(data ?? null)),
    errors: [...distinct].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, error]) => error),
  };
}

function toPlainError({ path, message, extensions }: AnswerError): PlainError {
  const code = extensions?.['code'];
  return { path: path ?? null, message: code === 'INTERNAL_SERVER_ERROR' ? 'masked' : message, code };
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, item]) => [key, sortKeys(item)] as const);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

type Unordered = Pick<Comparable, 'sorted' | 'errors'>;

/** Whether two answers are equal after the normalization; the order of keys is for the judge without federation to see. */
export const isSame = (a: Unordered, b: Unordered): boolean =>
  a.sorted === b.sorted && JSON.stringify(a.errors) === JSON.stringify(b.errors);

/**
 * graphql-js says this when a resolver gives what the schema does not allow; who merges answers of several subgraphs may find
 * it without hearing it, and words it otherwise.
 */
export const isCompletionFault = ({ message }: AnswerError): boolean =>
  message.startsWith('Cannot return null for non-nullable field') || /^Enum ".*" cannot represent value/.test(message);

/**
 * What is wrong with an answer beside the one without federation, or undefined. Data are equal to the letter. An error of a
 * place that the answer shows as null is there with its path, message and code. Where null went up to a parent, one error
 * below that parent is enough, since the specification leaves open which of several is told.
 */
export function faultOf(answer: Answered, truth: Answered): string | undefined {
  const [given, right] = [toComparable(answer), toComparable(truth)];
  if (given.sorted !== right.sorted) return 'data differ from what graphql-js answers over all the data';
  if (given.data !== right.data) return 'keys stand in another order than the specification wants';
  const placedRight = truth.errors.map((raw) => ({ raw, error: toPlainError(raw), place: placeOf(raw.path ?? [], truth.data) }));
  for (const { raw, error, place } of placedRight) {
    if (isCompletionFault(raw)) continue;
    const there = given.errors.filter(({ path }) => path && startsWith(path, place));
    const told =
      place.length === error.path?.length ? there.some((one) => JSON.stringify(one) === JSON.stringify(error)) : there.length > 0;
    if (!told) return `no error tells of ${JSON.stringify(raw)}`;
  }
  for (const error of given.errors) {
    if (!error.path) return `an error has no path: ${JSON.stringify(error)}`;
    const place = placeOf(error.path, answer.data);
    if (!placedRight.some((one) => JSON.stringify(one.place) === JSON.stringify(place)))
      return `an error too many: ${JSON.stringify(error)}`;
  }
  return undefined;
}

const startsWith = (path: Path, start: Path): boolean => start.every((step, index) => path[index] === step);

/** The path as far as an answer shows it: it ends at the null that the error left. */
export function placeOf(path: Path, data: unknown): Path {
  let current = data;
  for (const [index, step] of path.entries()) {
    if (current === null || typeof current !== 'object' || !Object.hasOwn(current, step)) return path.slice(0, index);
    current = (current as Record<string | number, unknown>)[step];
  }
  return path;
}
