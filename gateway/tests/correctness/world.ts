import { upstreamUnavailable } from '@supergraph/platform/errors';
import type { SubgraphAnswer } from '@supergraph/platform/subgraph';
import { type DocumentNode, execute, type FieldNode, type GraphQLFieldResolver, parse } from 'graphql';
import { type Answered, type Arena, createArena } from './arena.ts';
import { kinshipOf, resolves } from './kinship.ts';
import { readSdl } from './sdl-facts.ts';
import type { Arguments, Fields, Row, WorldDefinition } from './world-definition.ts';
import { resolversOf } from './world-resolvers.ts';

/** A world that runs: both gateways, and what is true. */
export interface World {
  readonly name: string;
  readonly arena: Arena;
  /** Subgraphs that know an interface of others as an object. */
  readonly interfaceObjects: readonly string[];
  readonly rivals: readonly (readonly string[])[];
  /** Whether a subgraph answers null and gives no reason. */
  readonly isSilent: boolean;
  /** Forgets what mutations did. */
  reset(): void;
  /** What the operation answers when there is no federation at all: graphql-js over all the data. */
  truth(document: string | DocumentNode, variables?: Readonly<Record<string, unknown>>): Promise<Answered>;
  /** The fields of a document that are selected of some object that is really there. */
  selected(document: DocumentNode, variables: Readonly<Record<string, unknown>>): Promise<ReadonlySet<FieldNode>>;
}

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
    rivals: definition.rivals ?? [],
    isSilent: definition.mute !== undefined,
    reset: () => (state.data = definition.data()),
    selected: async (document, variables) => {
      state.data = definition.data();
      const nodes = new Set<FieldNode>();
      const noting: typeof fieldResolver = (row, args, context, info) => {
        for (const node of info.fieldNodes) nodes.add(node);
        return fieldResolver(row, args, context, info);
      };
      await execute({ schema: arena.schema, document, variableValues: variables, fieldResolver: noting });
      return nodes;
    },
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
