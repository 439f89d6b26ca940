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
import type { FieldShape, ObjectShape, ValueShape } from './shape.ts';
import type { Path } from './tree.ts';

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

/** An error as clients read it, its path in their names and cut where they asked for nothing; each error once. */
export function toClientErrors(errors: readonly PlacedError[], shape: ObjectShape): GraphQLFormattedError[] {
  const distinct = new Map<string, GraphQLFormattedError>();
  const placed = errors.map((error) => ({ ...error, shown: error.path && visiblePath(error.path, shape) }));
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

function visiblePath(path: Path, shape: ObjectShape): Path {
  const shown: (string | number)[] = [];
  let objects: readonly ObjectShape[] = [shape];
  let lists = 0;
  for (const step of path) {
    if (typeof step === 'number') {
      if (lists-- <= 0) return shown;
      shown.push(step);
      continue;
    }
    const found = objects.flatMap(({ fields }) => fields.filter(({ dataKey }) => dataKey === step));
    const [first] = found;
    if (!first) return shown;
    shown.push(first.responseKey);
    objects = found.flatMap(objectsBelow);
    lists = first.kind === 'value' ? listsAround(first.value) : 0;
  }
  return shown;
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
