import { buildSubgraphSchema } from '@apollo/subgraph';
import { DomainError } from '@supergraph/platform/errors';
import type { SubgraphAnswer, SubgraphClient, SubgraphRequest } from '@supergraph/platform/subgraph';
import { type DocumentNode, execute, type GraphQLError, type GraphQLFormattedError, type GraphQLSchema, parse, validate } from 'graphql';

/** One subgraph of a world: its SDL without the federation link, and its resolvers. */
export interface SubgraphOfWorld {
  readonly name: string;
  readonly sdl: string;
  readonly resolvers: object;
}

/** A subgraph that runs in this process; graphql-js validates and executes what it is asked. */
export interface Service extends SubgraphClient {
  readonly sdl: string;
  /** What was asked, newest last. */
  readonly requests: SubgraphRequest[];
  /** Gives the answer in the service's stead while it is set; `answer` is what the service would have said. */
  disturb: ((request: SubgraphRequest, answer: () => Promise<SubgraphAnswer>) => Promise<unknown>) | undefined;
}

const imports = [
  '@key',
  '@requires',
  '@provides',
  '@external',
  '@shareable',
  '@override',
  '@inaccessible',
  '@interfaceObject',
  '@tag',
  '@extends',
  '@context',
  '@fromContext',
];

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ${JSON.stringify([...imports, 'FieldSet', 'ContextFieldValue'])})`;

/** Puts the federation link before a subgraph's SDL. */
export const linked = (sdl: string): string => `${link}\n${sdl}`;

/** Starts a subgraph in this process. */
export function startService({ name, sdl, resolvers }: SubgraphOfWorld): Service {
  const text = linked(sdl);
  const schema = buildSubgraphSchema([{ typeDefs: parse(text), resolvers: resolvers as never }]);
  const documents = new Map<string, DocumentNode | readonly GraphQLError[]>();
  const requests: SubgraphRequest[] = [];
  const answer = async (request: SubgraphRequest): Promise<SubgraphAnswer> => {
    const document = documents.get(request.query) ?? read(schema, request.query);
    documents.set(request.query, document);
    // Answers come in another order than the questions went.
    for (let turn = request.query.length % 3; turn > 0; turn--) await new Promise((resolve) => setImmediate(resolve));
    if (!('kind' in document)) return { errors: document.map(toPlainError) };
    const { data, errors } = await execute({ schema, document, variableValues: request.variables, operationName: request.operationName });
    // As it would come over the wire: nothing is shared with the service's own data.
    return JSON.parse(JSON.stringify({ data, ...(errors ? { errors: errors.map(toPlainError) } : {}) })) as SubgraphAnswer;
  };
  return {
    name,
    sdl: text,
    requests,
    disturb: undefined,
    execute(request) {
      requests.push(request);
      return this.disturb ? (this.disturb(request, () => answer(request)) as Promise<SubgraphAnswer>) : answer(request);
    },
    subscribe: () => Promise.resolve({ errors: [{ message: 'no subscriptions here' }] }),
    close: () => Promise.resolve(),
  };
}

function read(schema: GraphQLSchema, query: string): DocumentNode | readonly GraphQLError[] {
  const document = parse(query);
  const errors = validate(schema, document);
  return errors.length > 0 ? errors : document;
}

/** What a subgraph of ours says: domain errors with their code, everything else masked. */
function toPlainError({ message, path, originalError, extensions }: GraphQLError): GraphQLFormattedError {
  const place = path ? { path } : {};
  if (originalError instanceof DomainError) return { message, ...place, extensions: { ...originalError.extensions } };
  if (!path) return { message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } };
  return { message, ...place, extensions: { code: 'INTERNAL_SERVER_ERROR', ...extensions } };
}
