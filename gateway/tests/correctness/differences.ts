import { type DocumentNode, print } from 'graphql';
import type { Answered } from './arena.ts';
import { isCompletionFault, isSame, placeOf, type PlainError, toComparable } from './compare.ts';
import { askForTypes, keepOnly, leaveOut, oneByOne, renameKeys } from './rewrites.ts';
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

/**
 * The known ways in which plain Apollo is wrong. They only count where our answer is what graphql-js answers over all the
 * data without federation; each is recognized in the answers or proved by asking plain Apollo otherwise.
 */
export const reasons = {
  'planner-throws':
    'the planner fails on an abstract type condition inside an interface that is an @interfaceObject somewhere; faults-of-types.test.ts shows when',
  'shared-response-key':
    "the planner merges a client's field with one that a key or @requires needs when both have one response key; with keys that occur nowhere else plain Apollo answers as we do",
  'lost-condition':
    '@skip and @include change what the rest of an operation answers; with what is left out taken out of the document plain Apollo answers as we do',
  'lost-object':
    'the planner drops a field that leads to an object of which no condition selects anything, where an interface is spread over its types; asked for the type as well plain Apollo answers as we do; faults-of-types.test.ts shows it',
  'mutations-meet':
    'the planner lets root fields of a mutation run in another order, or before what other subgraphs have of the one before is there, where the specification wants one completed before the next ("Normal and Serial Execution"); asked for one by one plain Apollo answers as we do; faults-of-order.test.ts shows it',
  'rival-requirements': 'the planner fetches a field once for two that require it with different arguments; faults.test.ts shows it',
  context: 'the executor does not know `contextRewrites`, so that fields with @fromContext get no argument',
  'interface-object':
    'a subgraph that knows an interface as an @interfaceObject is asked for objects without their key, for fields of other types, or its name for the interface takes the place of the type; faults-of-types.test.ts shows when',
  'schema-is-kept':
    'a value that the schema does not allow is an error of its place, says the specification; plain Apollo hides it in `valueCompletion`, or leaves it out when there is any other error',
  'silence-is-told': 'a subgraph that answers null and gives no reason has not answered; plain Apollo shows nulls without an error',
  'error-without-path': 'an error that names no place stands at every field that was asked for; plain Apollo leaves it without one',
  'error-of-another-place':
    'plain Apollo finds the place of an entity by its number among all objects of a list, though it asked only for those that are there and of the right type, and gives up at a list of lists',
  'error-of-a-hidden-field':
    'plain Apollo tells of fields that the client did not ask for, or not of an object that is there; without the latter in the document it answers as we do',
} as const;
export type Reason = keyof typeof reasons;

/** Why plain Apollo answers otherwise: nothing when it does not, undefined when no reason is known. */
export async function explain(trial: Trial): Promise<readonly Reason[] | undefined> {
  const { plain, world, document } = trial;
  const direct = plain instanceof Error ? undefined : explainErrors(trial, plain);
  if (direct) return direct;
  for (const [reason, remedy] of remedies) {
    const mended = await remedy(trial);
    const rest = mended && explainErrors(trial, mended);
    if (rest) return [reason, ...rest];
  }
  if (plain instanceof Error && plain.message.startsWith('We should have an edge from')) return ['planner-throws'];
  const plan = world.arena.plan(document);
  if (plan.includes('$contextualArgument')) return ['context'];
  if (plain instanceof Error) return undefined;
  const text = print(document);
  if (world.rivals.some((fields) => fields.every((field) => text.includes(field)))) return ['rival-requirements'];
  return world.interfaceObjects.some((subgraph) => plan.includes(`Fetch(service: "${subgraph}")`)) ? ['interface-object'] : undefined;
}

type Remedy = (trial: Trial) => Promise<Answered | undefined>;

const keys: Remedy = async ({ world, document, variables }) => {
  const { document: renamed, restore } = renameKeys(world.arena.schema, document);
  world.reset();
  return world.arena.runPlain(renamed, variables).then(restore, () => undefined);
};

/** Without the conditions, which the other remedies do not need to know of. */
const withoutConditions =
  (remedy: Remedy): Remedy =>
  async (trial) => {
    const { document, restore } = leaveOut(trial.document, trial.variables);
    const mended = await remedy({ ...trial, document });
    return mended && restore(mended);
  };

const withTypes =
  (remedy: Remedy): Remedy =>
  async (trial) => {
    const { document, restore } = askForTypes(trial.document);
    const mended = await remedy({ ...trial, document });
    return mended && restore(mended);
  };

const withoutUnselected =
  (remedy: Remedy): Remedy =>
  async (trial) => {
    const { document, restore } = keepOnly(trial.document, await trial.world.selected(trial.document, trial.variables));
    const mended = await remedy({ ...trial, document });
    return mended && restore(mended);
  };

const inTurn: Remedy = async ({ world, document, variables }) => {
  const { document: renamed, restore } = renameKeys(world.arena.schema, document);
  const parts = oneByOne(renamed);
  if (parts.length < 2) return undefined;
  world.reset();
  const answers: Answered[] = [];
  for (const part of parts) {
    const answer = await world.arena.runPlain(part, variables).catch(() => undefined);
    if (!answer) return undefined;
    answers.push(answer);
  }
  const isWhole = answers.every(({ data }) => data);
  return restore({
    data: isWhole ? Object.fromEntries(answers.flatMap(({ data }) => Object.entries(data ?? {}))) : null,
    errors: answers.flatMap(({ errors }) => errors),
  });
};

/** What is wanted of plain Apollo is asked in another way; then it answers as we do. */
const remedies: readonly (readonly [Reason, Remedy])[] = [
  ['shared-response-key', keys],
  ['lost-condition', withoutConditions(keys)],
  ['lost-object', withoutConditions(withTypes(keys))],
  ['error-of-a-hidden-field', withoutConditions(withoutUnselected(keys))],
  ['mutations-meet', withoutConditions(inTurn)],
];

/** The reasons for which errors differ though data are the same, or undefined. */
function explainErrors({ world, ours, truth }: Trial, plain: Answered): readonly Reason[] | undefined {
  const [mine, theirs] = [toComparable(ours), toComparable(plain)];
  if (isSame(mine, theirs)) return [];
  if (mine.sorted !== theirs.sorted) return undefined;
  const faults = new Set(truth.errors.filter(isCompletionFault).map(({ path }) => JSON.stringify(placeOf(path ?? [], truth.data))));
  const [told, toldByPlain] = [mine, theirs].map(({ errors }) => new Set(errors.map((error) => JSON.stringify(error))));
  const found = new Set<Reason>();
  for (const error of mine.errors) {
    if (toldByPlain?.has(JSON.stringify(error))) continue;
    const reason = reasonToTell(error, theirs.errors, {
      isAtFault: faults.has(JSON.stringify(placeOf(error.path ?? [], ours.data))),
      isSilent: world.isSilent,
    });
    if (!reason) return undefined;
    found.add(reason);
  }
  for (const error of theirs.errors) {
    if (told?.has(JSON.stringify(error))) continue;
    const reason = reasonToHide(error, mine.errors, plain);
    if (!reason) return undefined;
    found.add(reason);
  }
  return [...found];
}

/** What may be told at a place: that a value broke the schema there, or that somebody gave no answer. */
interface AtPlace {
  readonly isAtFault: boolean;
  readonly isSilent: boolean;
}

function reasonToTell({ message, code }: PlainError, theirs: readonly PlainError[], { isAtFault, isSilent }: AtPlace): Reason | undefined {
  const alike = theirs.filter((one) => one.message === message);
  if (alike.some(({ path }) => path === null)) return 'error-without-path';
  if (alike.length > 0) return 'error-of-another-place';
  if (isAtFault) return 'schema-is-kept';
  return isSilent && code === 'UPSTREAM_UNAVAILABLE' ? 'silence-is-told' : undefined;
}

function reasonToHide(error: PlainError, mine: readonly PlainError[], { data }: Answered): Reason | undefined {
  const { message, path } = error;
  if (mine.some((one) => one.message === message)) return path ? 'error-of-another-place' : 'error-without-path';
  if (!path) return undefined;
  const place = placeOf(path, data);
  // Nothing is null there: the client's answer has no such place.
  if (place.length < path.length && !isNullAt(data, place)) return 'error-of-a-hidden-field';
  // Several fields of an object that is null may be told; one is enough.
  return mine.some((one) => one.path && JSON.stringify(placeOf(one.path, data)) === JSON.stringify(place)) ? 'schema-is-kept' : undefined;
}

function isNullAt(data: unknown, path: readonly (string | number)[]): boolean {
  let current = data;
  for (const step of path) current = (current as Record<string | number, unknown>)[step];
  return current === null;
}
