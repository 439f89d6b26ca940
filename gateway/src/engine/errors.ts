import { upstreamUnavailable } from '@supergraph/platform/errors';
import type { SubgraphAnswer } from '@supergraph/platform/subgraph';
import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLFormattedError,
  Kind,
  parse,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { IsRequired } from './is-wanted.ts';
import type { FieldShape, ObjectShape, ValueShape } from './shape.ts';
import { isTree, own, type Path, type Tree } from './tree.ts';

/** What may be told of an error, whatever place it has. */
export interface Told {
  readonly message: string;
  readonly extensions: Readonly<Record<string, unknown>>;
}

/** An error and its place, in the plan's names; without one it concerns the whole answer. */
export interface PlacedError extends Told {
  readonly path: Path | undefined;
}

/** Makes of an error that may not leave what may stand in its place, and notes it under an id. */
export type Mask = (error: GraphQLFormattedError) => Readonly<Record<string, unknown>>;

/** More errors than this of one fetch say nothing new. */
export const mostErrors = 100;

/** What is said of everything that the client cannot mend. */
export const onOurSide = 'something went wrong on our side';
const hidden = new Set(['serviceName', 'stacktrace', 'exception', 'response', 'valueCompletion', 'http', 'service', 'url']);

/** What may leave of a subgraph's error: message, code and details, but no names of services or places. */
export function toTold(error: GraphQLFormattedError, mask: Mask): Told {
  const code = String(error.extensions?.['code']);
  // What nobody has masked, or a document of the gateway's own that was refused: the client can do nothing about it.
  if (isInternal(error) || (code.startsWith('GRAPHQL_') && !error.message.startsWith('Variable "$')))
    return { message: onOurSide, extensions: mask(error) };
  if (code.startsWith('GRAPHQL_')) return { message: error.message, extensions: { code: 'BAD_USER_INPUT' } };
  const extensions = Object.fromEntries(Object.entries(error.extensions ?? {}).filter(([key]) => !hidden.has(key)));
  return { message: error.message, extensions };
}

/** Our own services mask what is unexpected, and give it an id; others may tell more than they should. */
const isInternal = ({ extensions }: GraphQLFormattedError): boolean =>
  typeof extensions?.['code'] !== 'string' || (extensions['code'] === 'INTERNAL_SERVER_ERROR' && typeof extensions['errorId'] !== 'string');

/** What stands for a subgraph that cannot be asked or answers rubbish; it names neither the subgraph nor its place. */
export function unavailable(): Told {
  const { message, extensions } = upstreamUnavailable();
  return { message, extensions: { ...extensions } };
}

export const unavailableAnswer = (): SubgraphAnswer => ({ data: null, errors: [unavailable()] });

/** The whole answer, as far as errors are placed in it. */
export interface Whole {
  readonly shape: ObjectShape;
  readonly data: Tree;
  readonly isRequired: IsRequired;
}

/** An error as clients read it, its path in their names and cut where they asked for nothing; each error once. */
export function toClientErrors(errors: readonly PlacedError[], whole: Whole): GraphQLFormattedError[] {
  const distinct = new Map<string, GraphQLFormattedError>();
  const placed = errors.flatMap((error) => {
    const visible = error.path && visiblePath(error.path, whole);
    // A plan asks for what is selected of some objects only of all that stand at the same path.
    if (visible?.ofOthers !== undefined && !whole.isRequired(visible.ofOthers)) return [];
    return [{ ...error, shown: visible?.shown }];
  });
  // What concerns only fields that the client did not ask for says nothing beside what it did ask for.
  const isPlaced = ({ message, extensions }: Told) =>
    placed.some((other) => other.shown?.length && other.message === message && other.extensions['code'] === extensions['code']);
  for (const { shown: found, message, extensions } of placed) {
    const shown = found?.length ? found : undefined;
    if (found && !shown && isPlaced({ message, extensions })) continue;
    const key = JSON.stringify([shown, message, extensions['code']]);
    if (!distinct.has(key)) distinct.set(key, { message, ...(shown ? { path: shown } : {}), extensions });
  }
  return [...distinct.values()];
}

interface VisiblePath {
  readonly shown: Path;
  /** The key at which it was cut, where that is selected of objects of other types. */
  readonly ofOthers?: string;
}

function visiblePath(path: Path, whole: Whole): VisiblePath {
  const shown: (string | number)[] = [];
  let objects: readonly ObjectShape[] = [whole.shape];
  let others = objects;
  let at: unknown = whole.data;
  let lists = 0;
  for (const step of path) {
    if (typeof step === 'number') {
      if (lists-- <= 0) return { shown };
      shown.push(step);
      at = Array.isArray(at) ? at[step] : undefined;
      continue;
    }
    const found = fieldsOf(objectsOfType(objects, at), step);
    const [first] = found;
    const ofAll = fieldsOf(others, step);
    if (!first) return { shown, ...(ofAll.length > 0 ? { ofOthers: step } : {}) };
    shown.push(first.responseKey);
    objects = objectsBelowAll(found);
    others = objectsBelowAll(ofAll);
    lists = first.kind === 'value' ? listsAround(first.value) : 0;
    at = isTree(at) ? own(at, step) : undefined;
  }
  return { shown };
}

const objectsBelowAll = (fields: readonly FieldShape[]): readonly ObjectShape[] => [...new Set(fields.flatMap(objectsBelow))];

const fieldsOf = (objects: readonly ObjectShape[], key: string): readonly FieldShape[] =>
  objects.flatMap(({ fields }) => fields.filter(({ dataKey }) => dataKey === key));

/** Those that an object may be; all of them where it is not there to tell. */
function objectsOfType(objects: readonly ObjectShape[], object: unknown): readonly ObjectShape[] {
  const typeName = isTree(object) ? object['__typename'] : undefined;
  const fitting = objects.filter((one) => one.typeName === typeName);
  return fitting.length > 0 ? fitting : objects;
}

/** What objects may stand under a field, each with its type. */
const listsAround = (value: ValueShape): number => (value.kind === 'list' ? 1 + listsAround(value.item) : 0);

export const objectsBelow = (field: FieldShape): readonly ObjectShape[] => (field.kind === 'value' ? objectsOf(field.value) : []);

function objectsOf(value: ValueShape): readonly ObjectShape[] {
  if (value.kind === 'list') return objectsOf(value.item);
  if (value.kind === 'object') return [value.shape];
  return value.kind === 'abstract' ? [...value.byType.values(), ...(value.unknown ? [value.unknown] : [])] : [];
}

/**
 * What a fetch asks for, by name: of the root, and of entities of each type. Types are left out: what they are called
 * is known, so that nothing is missing without them. Read only when something went wrong.
 */
export interface Asked {
  readonly root: readonly string[];
  ofEntity(typeName: unknown): readonly string[];
  /** Everything that is asked of entities, whatever their type. */
  readonly ofEntities: ReadonlySet<string>;
}

/** Reads a fetch's document. */
export function askedBy(document: string): Asked {
  const { definitions } = parse(document);
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const one of definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);
  const operation = definitions.find((one) => one.kind === Kind.OPERATION_DEFINITION);
  const root: string[] = [];
  const entities = new Map<unknown, string[]>();
  for (const selection of operation?.selectionSet.selections ?? []) {
    if (selection.kind !== Kind.FIELD || isTypename(selection)) continue;
    root.push(selection.alias?.value ?? selection.name.value);
    for (const below of selection.selectionSet?.selections ?? []) {
      const fragment = fragmentOf(below, fragments);
      const typeName = fragment?.typeCondition?.name.value;
      if (fragment && typeName) entities.set(typeName, [...(entities.get(typeName) ?? []), ...keysOf(fragment.selectionSet, fragments)]);
    }
  }
  const all = [...new Set([...entities.values()].flat())];
  return { root, ofEntity: (typeName) => entities.get(typeName) ?? all, ofEntities: new Set(['__typename', ...all]) };
}

const isTypename = ({ name }: FieldNode): boolean => name.value === '__typename';

type Fragments = ReadonlyMap<string, FragmentDefinitionNode>;

const fragmentOf = (selection: SelectionNode, fragments: Fragments) => {
  if (selection.kind === Kind.FRAGMENT_SPREAD) return fragments.get(selection.name.value);
  return selection.kind === Kind.INLINE_FRAGMENT ? selection : undefined;
};

const keysOf = ({ selections }: SelectionSetNode, fragments: Fragments): string[] =>
  selections.flatMap((selection) => {
    const fragment = fragmentOf(selection, fragments);
    if (fragment) return keysOf(fragment.selectionSet, fragments);
    if (selection.kind !== Kind.FIELD || isTypename(selection)) return [];
    return [selection.alias?.value ?? selection.name.value];
  });
