import { type DocumentNode, execute, type GraphQLFieldResolver, parse } from 'graphql';
import { type Answered, type Arena, createArena } from './arena.ts';
import { findIn, readSdl, type SdlFacts, type TypeFacts } from './sdl-facts.ts';
import { upstreamUnavailable } from '@supergraph/platform/errors';
import type { SubgraphAnswer } from '@supergraph/platform/subgraph';
import type { GraphQLResolveInfo, SelectionSetNode } from 'graphql';

/** An object of the data; references to others are for the world's fields to follow. */
export type Row = { readonly __typename?: string; [field: string]: any };
/** The rows of each object type. */
export type Data = Record<string, Row[]>;
type Arguments = Record<string, any>;
/** Computes a field of the whole graph; `data` holds everything, whoever owns it. */
export type FieldFunction = (row: Row, args: Arguments, data: Data) => unknown;
type Fields = Readonly<Record<string, Readonly<Record<string, FieldFunction>>>>;

/** A small product: subgraphs, their data, and what each field means, whichever subgraph it comes from. */
export interface WorldDefinition {
  readonly name: string;
  /** SDL by subgraph, without the federation link. */
  readonly subgraphs: Readonly<Record<string, string>>;
  /** Makes the data anew. */
  readonly data: () => Data;
  /** By type (or interface) and field; a field without a function is read from its row. */
  readonly fields: Fields;
  /** By subgraph: what differs there, such as a field whose requirement arrives in another form. */
  readonly own?: Readonly<Record<string, Fields>>;
  /** By subgraph: which entities it does not know. */
  readonly missing?: Readonly<Record<string, (row: Row) => boolean>>;
  /** Subgraphs that cannot be reached: one error without a path, and no data. */
  readonly down?: readonly string[];
  /** Subgraphs that answer null and give no reason, which is no answer: the gateway says that they cannot be reached. */
  readonly mute?: readonly string[];
}

export interface World {
  readonly name: string;
  readonly arena: Arena;
  /** Subgraphs that know an interface of others as an object. */
  readonly interfaceObjects: readonly string[];
  /** Forgets what mutations did. */
  reset(): void;
  /** What the operation answers when there is no federation at all: graphql-js over all the data. */
  truth(document: string | DocumentNode, variables?: Readonly<Record<string, unknown>>): Promise<Answered>;
}

/** Where a row keeps what came with a representation, and which external fields come along. */
const given = Symbol('given');
const provided = Symbol('provided');

/** Starts a world's subgraphs, both gateways before them, and the answers' judge. */
export function createWorld(definition: WorldDefinition): World {
  const state = { data: definition.data() };
  const facts = new Map(Object.entries(definition.subgraphs).map(([name, sdl]) => [name, readSdl(sdl)]));
  const kinship = kinshipOf([...facts.values()]);
  const ask = (fields: Fields, typeName: string, fieldName: string, row: Row, args: Arguments): unknown => {
    const owner = [typeName, ...kinship.interfacesOf(typeName)].find((name) => fields[name]?.[fieldName]);
    const compute = owner && fields[owner]?.[fieldName];
    return compute ? compute(row, args, state.data) : row[fieldName];
  };
  const arena = createArena(
    [...facts].map(([name, types]) => ({
      name,
      sdl: definition.subgraphs[name] ?? '',
      resolvers: resolversOf({ name, types, definition, kinship, ask, rows: () => state.data }),
    })),
  );
  for (const name of definition.down ?? []) arena.service(name).disturb = () => Promise.resolve(unreachable());
  for (const name of definition.mute ?? []) arena.service(name).disturb = () => Promise.resolve({ data: null });
  const fieldResolver: GraphQLFieldResolver<Row | undefined, unknown> = (row = {}, args, _, { parentType, fieldName }) => {
    const owners = [...facts].filter(([, types]) => resolves(types, kinship, parentType.name, fieldName)).map(([name]) => name);
    if (isAll(owners, (name) => definition.down?.includes(name) || definition.mute?.includes(name))) throw upstreamUnavailable();
    if (isAll(owners, (name) => definition.missing?.[name]?.(row))) return null;
    return ask(definition.fields, parentType.name, fieldName, row, args);
  };
  return {
    name: definition.name,
    arena,
    interfaceObjects: Object.entries(definition.subgraphs)
      .filter(([, sdl]) => sdl.includes('@interfaceObject'))
      .map(([name]) => name),
    reset: () => (state.data = definition.data()),
    truth: async (document, variables = {}) => {
      const parsed = typeof document === 'string' ? parse(document) : document;
      const { data, errors = [] } = await execute({ schema: arena.schema, document: parsed, variableValues: variables, fieldResolver });
      const found = errors.map(({ message, path, originalError, extensions }) => {
        const own = (originalError as { extensions?: Record<string, unknown> } | undefined)?.extensions;
        return { message, path: path ?? [], extensions: { code: 'INTERNAL_SERVER_ERROR', ...extensions, ...own } };
      });
      return JSON.parse(JSON.stringify({ data, errors: found })) as Answered;
    },
  };
}

const isAll = (names: readonly string[], holds: (name: string) => boolean | undefined): boolean => names.length > 0 && names.every(holds);

function unreachable(): SubgraphAnswer {
  const { message, extensions } = upstreamUnavailable();
  return { data: null, errors: [{ message, extensions }] };
}

interface Kinship {
  interfacesOf(typeName: string): readonly string[];
  /** The object types behind a name; the name itself where it is no interface. */
  objectsOf(typeName: string): readonly string[];
}

function kinshipOf(subgraphs: readonly SdlFacts[]): Kinship {
  const types = subgraphs.flatMap((facts) => [...facts.values()]);
  const interfacesOf = (typeName: string) => [
    ...new Set(types.filter(({ name }) => name === typeName).flatMap(({ interfaces }) => interfaces)),
  ];
  const objects = [...new Set(types.filter(({ isInterface }) => !isInterface).map(({ name }) => name))];
  return {
    interfacesOf,
    objectsOf: (typeName) => {
      const behind = objects.filter((name) => name !== typeName && interfacesOf(name).includes(typeName));
      return behind.length > 0 ? behind : [typeName];
    },
  };
}

const resolves = (types: SdlFacts, kinship: Kinship, typeName: string, fieldName: string): boolean =>
  [typeName, ...kinship.interfacesOf(typeName)].some((name) => {
    const type = types.get(name);
    const field = type?.fields.get(fieldName);
    return field !== undefined && !field.external && !type?.isInterface;
  });

interface Owner {
  readonly name: string;
  readonly types: SdlFacts;
  readonly definition: WorldDefinition;
  readonly kinship: Kinship;
  readonly ask: (fields: Fields, typeName: string, fieldName: string, row: Row, args: Arguments) => unknown;
  readonly rows: () => Data;
}

function resolversOf(owner: Owner): object {
  return Object.fromEntries(
    [...owner.types.values()].map((type) => [
      type.name,
      {
        ...(type.keys.length > 0 ? { __resolveReference: (reference: Row) => findEntity(owner, type, reference) } : {}),
        ...(type.isInterface
          ? { __resolveType: ({ __typename }: Row) => __typename }
          : Object.fromEntries([...type.fields.keys()].map((field) => [field, resolverOf(owner, type, field)]))),
      },
    ]),
  );
}

function resolverOf(owner: Owner, type: TypeFacts, fieldName: string) {
  const { definition, ask, name } = owner;
  const field = type.fields.get(fieldName);
  const special = definition.own?.[name]?.[type.name]?.[fieldName];
  const fields: Fields = special ? { [type.name]: { [fieldName]: special } } : definition.fields;
  return (source: Row | undefined, args: Arguments, _: unknown, info: GraphQLResolveInfo): unknown => {
    const row: Row = source ?? {};
    if (field?.external) return externalValue(owner, type, row, info, args);
    const known = field?.requires ? { ...withoutExternals(owner, type, row), ...(row[given as never] as Row) } : row;
    const value = ask(fields, type.name, fieldName, known, args);
    return field?.provides ? mark(value, field.provides) : value;
  };
}

/** A subgraph that does not own a field knows it only where a `@provides` says so. */
function externalValue(
  { definition, ask, kinship }: Owner,
  type: TypeFacts,
  row: Row,
  { fieldName }: GraphQLResolveInfo,
  args: Arguments,
): unknown {
  const set = row[provided as never] as SelectionSetNode | undefined;
  const applies = (condition: string) => condition === type.name || kinship.interfacesOf(type.name).includes(condition);
  const below = set ? findIn(set, fieldName, applies) : null;
  if (below === null) throw new Error(`${type.name}.${fieldName} was asked of a subgraph that does not own it`);
  const value = ask(definition.fields, type.name, fieldName, row, args);
  return below ? mark(value, below) : value;
}

/** What a field with `@requires` may see: nothing of others but what was handed over or provided. */
function withoutExternals(owner: Owner, type: TypeFacts, row: Row): Row {
  const set = row[provided as never] as SelectionSetNode | undefined;
  const seen: Row = { ...row };
  for (const [name, { external }] of type.fields)
    if (external && !(set && findIn(set, name, (condition) => condition === type.name) !== null)) delete seen[name];
  return seen;
}

function mark(value: unknown, set: SelectionSetNode): unknown {
  if (Array.isArray(value)) return value.map((item) => mark(item, set));
  return value && typeof value === 'object' ? { ...value, [provided]: set } : value;
}

function findEntity({ name, definition, kinship, ask, rows }: Owner, type: TypeFacts, reference: Row): Row | null {
  const candidates = kinship.objectsOf(type.name).flatMap((object) => rows()[object] ?? []);
  const fits = (set: SelectionSetNode, typeName: string, row: Row, wanted: Row): boolean =>
    set.selections.every((selection) => {
      if (selection.kind !== 'Field') return false;
      const field = selection.name.value;
      const actual = ask(definition.fields, typeName, field, row, {});
      return agree(
        actual,
        wanted[field],
        (item, part) => !selection.selectionSet || fits(selection.selectionSet, item.__typename ?? '', item, part),
      );
    });
  const found = type.keys.map((key) => candidates.find((row) => fits(key, row.__typename ?? type.name, row, reference))).find(Boolean);
  if (!found || definition.missing?.[name]?.(found)) return null;
  return { ...found, [given]: reference };
}

function agree(actual: unknown, wanted: unknown, sameObject: (actual: Row, wanted: Row) => boolean): boolean {
  if (actual === null || actual === undefined || wanted === null || wanted === undefined) return false;
  if (Array.isArray(actual))
    return (
      Array.isArray(wanted) && actual.length === wanted.length && actual.every((item, index) => agree(item, wanted[index], sameObject))
    );
  if (typeof actual === 'object') return typeof wanted === 'object' && sameObject(actual as Row, wanted as Row);
  return String(actual) === String(wanted);
}
