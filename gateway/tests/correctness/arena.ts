import { operationFromDocument, ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, type Schema, Supergraph } from '@apollo/federation-internals';
import { buildOperationContext, executeQueryPlan, type GraphQLDataSource } from '@apollo/gateway';
import { prettyFormatQueryPlan, QueryPlanner, type QueryPlan } from '@apollo/query-planner';
import { nobody } from '@supergraph/platform/context';
import { createLog } from '@supergraph/platform/log';
import { type DocumentNode, type GraphQLSchema, parse } from 'graphql';
import type { Answer } from '../../src/answer.ts';
import { composeSubgraphs } from '../../src/compose.ts';
import { createExecutor } from '../../src/gateway.ts';
import { type Service, startService, type SubgraphOfWorld } from './services.ts';

type Path = readonly (string | number)[];

/** One error of an answer, as a client reads it. */
export interface AnswerError {
  readonly message: string;
  readonly path?: Path;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** An answer of whoever ran an operation; the keys of `data` in the order in which they were written. */
export interface Answered {
  readonly data: Record<string, unknown> | null | undefined;
  readonly errors: readonly AnswerError[];
}

type Variables = Readonly<Record<string, unknown>>;

/** Ours and plain Apollo's gateway over the very same subgraphs. */
export interface Arena {
  /** What clients see. */
  readonly schema: GraphQLSchema;
  readonly services: readonly Service[];
  service(name: string): Service;
  runOurs(document: string | DocumentNode, variables?: Variables, options?: RunOptions): Promise<Answered>;
  runPlain(document: string | DocumentNode, variables?: Variables, overrides?: Overrides): Promise<Answered>;
  /** The plan that Apollo's planner makes, printed. */
  plan(document: string | DocumentNode, overrides?: Overrides): string;
}

/** Which labels of `@override` are on. */
type Overrides = ReadonlyMap<string, boolean>;

export interface RunOptions {
  /** How long the client waits. */
  readonly waitMs?: number;
  readonly overrides?: Overrides;
  /** Runs the executor that generates no code. */
  readonly inClosures?: boolean;
}

const log = createLog(process.env['TEST_LOG_LEVEL'] ?? 'silent', 'test');

/** Composes the subgraphs and puts both gateways before them. */
export function createArena(subgraphs: readonly SubgraphOfWorld[], options: { readonly fetchMs?: number } = {}): Arena {
  const services = subgraphs.map(startService);
  const { supergraphSdl } = composeSubgraphs(services.map(({ name, sdl }) => ({ name, sdl })));
  const clients = new Map(services.map((one) => [one.name, one]));
  const start = (generateCode: boolean) => createExecutor({ supergraphSdl, clients, log, generateCode, ...options });
  const generating = start(true);
  const composing = start(false);
  const plain = createPlain(supergraphSdl, services);
  return {
    schema: plain.schema,
    services,
    service: (name) => {
      const found = services.find((service) => service.name === name);
      if (!found) throw new Error(`the world has no subgraph ${name}; it has ${services.map((service) => service.name).join(', ')}`);
      return found;
    },
    runOurs: async (document, variables = {}, { waitMs = 5_000, overrides, inClosures = false } = {}) =>
      readAnswer(
        await (inClosures ? composing : generating).execute({
          document: toDocument(document),
          operationName: undefined,
          variables,
          identity: nobody('correctness'),
          signal: new AbortController().signal,
          deadline: Date.now() + waitMs,
          overrides,
        }),
      ),
    runPlain: (document, variables = {}, overrides) => plain.run(toDocument(document), variables, overrides),
    plan: (document, overrides) => prettyFormatQueryPlan(plain.plan(toDocument(document), overrides)),
  };
}

const toDocument = (document: string | DocumentNode): DocumentNode => (typeof document === 'string' ? parse(document) : document);

/** The one place that knows the form in which our executor answers: `data` is JSON text. */
const readAnswer = ({ data, errors = [] }: Answer): Answered => ({
  data: data === undefined ? undefined : (JSON.parse(data) as Answered['data']),
  errors: JSON.parse(JSON.stringify(errors)) as AnswerError[],
});

type PlainRequestContext = Parameters<typeof executeQueryPlan>[2];

function createPlain(supergraphSdl: string, services: readonly Service[]) {
  const supergraph = Supergraph.build(supergraphSdl, {
    supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES,
    validateSupergraph: false,
  });
  const apiSchema: Schema = supergraph.apiSchema();
  const schema = apiSchema.toGraphQLJSSchema();
  const supergraphSchema = supergraph.schema.toGraphQLJSSchema();
  const planner = new QueryPlanner(supergraph);
  const plan = (document: DocumentNode, overrideConditions: Overrides = new Map()): QueryPlan =>
    planner.buildQueryPlan(operationFromDocument(apiSchema, document), { overrideConditions: new Map(overrideConditions) });
  const sources: Record<string, GraphQLDataSource> = Object.fromEntries(services.map((service) => [service.name, toDataSource(service)]));
  const run = async (document: DocumentNode, variables: Variables, overrides?: Overrides): Promise<Answered> => {
    const context = buildOperationContext({ schema, operationDocument: document });
    const requestContext = { request: { variables }, document, context: {}, metrics: {}, logger: quiet } as unknown as PlainRequestContext;
    const { data, errors = [] } = await executeQueryPlan(
      plan(document, overrides),
      sources,
      requestContext,
      context,
      supergraphSchema,
      apiSchema,
    );
    return JSON.parse(JSON.stringify({ data, errors })) as Answered;
  };
  return { schema, plan, run };
}

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** What `LocalGraphQLDataSource` is: the service called without a wire. */
const toDataSource = (service: Service): GraphQLDataSource => ({
  process: async ({ request: { query = '', variables, operationName } }) => {
    const request = { query, variables: variables ?? {}, operationName, identity: nobody('plain'), deadline: Infinity };
    const { data, errors } = await service.execute({ ...request, signal: new AbortController().signal });
    return { data: data ?? null, ...(errors ? { errors } : {}) };
  },
});
