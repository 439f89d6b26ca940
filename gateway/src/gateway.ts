import { randomUUID } from 'node:crypto';
import { operationFromDocument, ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, type Schema, Supergraph } from '@apollo/federation-internals';
import { buildOperationContext, executeQueryPlan, type GraphQLDataSource } from '@apollo/gateway';
import { QueryPlanner } from '@apollo/query-planner';
import { badInput } from '@supergraph/platform/errors';
import type { Log } from '@supergraph/platform/log';
import type { SubgraphAnswer, SubgraphClient } from '@supergraph/platform/subgraph';
import { jsonText } from '@supergraph/platform/service-server';
import { type DocumentNode, type ExecutionResult, getOperationAST, getVariableValues, GraphQLError, type GraphQLSchema } from 'graphql';
import { type Answer, formatError } from './answer.ts';
import { createEdgeAccess, type Permitted } from './edge-access.ts';
import { createErrorTrail, type ErrorTrail, unavailableAnswer } from './error-trail.ts';
import type { Engine, Executor, ExecutorRequest, Prepared, Replacement } from './executor.ts';
import { runSubscription } from './subscriptions.ts';
import { readFacts } from './supergraph-facts.ts';

export interface ExecutorOptions {
  readonly supergraphSdl: string;
  /** The domains by name, embedded or remote. */
  readonly clients: ReadonlyMap<string, SubgraphClient>;
  readonly log: Log;
  /** How long one subgraph may take for a query; mutations get the whole deadline. */
  readonly fetchMs?: number;
}

const plansPerDocument = 50;

/** Runs operations over a composed supergraph with Apollo's planner and executor. */
export function createExecutor({ supergraphSdl, clients, log, fetchMs = 2_000 }: ExecutorOptions): Executor {
  const supergraph = Supergraph.build(supergraphSdl, {
    supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES,
    validateSupergraph: false,
  });
  const apiSchema: Schema = supergraph.apiSchema();
  const schema = apiSchema.toGraphQLJSSchema();
  const supergraphSchema = supergraph.schema.toGraphQLJSSchema();
  const planner = new QueryPlanner(supergraph);
  const facts = readFacts(supergraphSdl);
  const access = createEdgeAccess(schema, facts);
  const prepared = new WeakMap<DocumentNode, Map<string, Prepared>>();

  const prepare = ({ document, key }: Permitted, operationName: string | undefined): Prepared => {
    const plans = prepared.get(document) ?? new Map<string, Prepared>();
    prepared.set(document, plans);
    const planKey = `${operationName ?? ''}\n${key}`;
    const known = plans.get(planKey);
    if (known) return known;
    const options = operationName ? { operationName } : undefined;
    const made = {
      plan: planner.buildQueryPlan(operationFromDocument(apiSchema, document, options)),
      context: buildOperationContext({ schema, operationDocument: document, ...options }),
    };
    if (plans.size >= plansPerDocument) plans.clear();
    plans.set(planKey, made);
    return made;
  };

  const mask = (error: unknown): { code: string; errorId: string } => {
    const errorId = randomUUID();
    log.error(
      { errorId, error: error instanceof Error ? error : new Error((error as { message?: string }).message ?? 'unknown') },
      'an operation failed at the edge',
    );
    return { code: 'INTERNAL_SERVER_ERROR', errorId };
  };
  const newTrail = () => createErrorTrail(mask);

  const run: Engine['run'] = async ({ context }, plan, request, permitted, replace) => {
    const trail = newTrail();
    const sources = dataSources(clients, request, context.operation.operation, fetchMs, trail, log, replace);
    const outcome = await executeQueryPlan(plan, sources, toRequestContext(request, log), context, supergraphSchema, apiSchema);
    const completed = permitted.restore(outcome.data, request.operationName);
    const errors = [...trail.errors(outcome.data), ...completed.errors];
    // Thrown while merging: an answer that did not fit the plan. Its message may name services.
    if (outcome.errors?.length && errors.length === 0)
      errors.push(new GraphQLError('something went wrong on our side', { extensions: mask(outcome.errors[0]) }));
    if (!completed.data && errors.length === 0)
      errors.push(new GraphQLError('something went wrong on our side', { extensions: mask(new Error('an answer broke the schema')) }));
    return { data: completed.data ?? null, ...(errors.length > 0 ? { errors } : {}) };
  };

  const engine: Engine = { schema, clients, access, prepare, run, newTrail, variableErrors: (request) => variableErrors(schema, request) };
  const execute = async (request: ExecutorRequest): Promise<Answer> => {
    const errors = engine.variableErrors(request);
    if (errors.length > 0) return toAnswer({ errors });
    const permitted = access.permit(request.document, request.identity);
    const ready = prepare(permitted, request.operationName);
    return toAnswer(await run(ready, ready.plan, request, permitted));
  };
  return {
    schema,
    facts,
    execute,
    executeInParts: execute,
    subscribe: async (request) => {
      const stream = await runSubscription(engine, request);
      return Symbol.asyncIterator in stream ? answersOf(stream) : toAnswer(stream);
    },
  };
}

const toAnswer = ({ data, errors }: ExecutionResult): Answer => ({
  ...(data === undefined ? {} : { data: jsonText(data) }),
  ...(errors?.length ? { errors: errors.map(formatError) } : {}),
});

function answersOf(stream: AsyncGenerator<ExecutionResult, void>): AsyncGenerator<Answer, void> {
  const answers = (async function* () {
    for await (const result of stream) yield toAnswer(result);
  })();
  const end = answers.return.bind(answers);
  answers.return = async (value) => {
    await stream.return();
    return end(value);
  };
  return answers;
}

function dataSources(
  clients: ExecutorOptions['clients'],
  request: ExecutorRequest,
  operation: string,
  fetchMs: number,
  trail: ErrorTrail,
  log: Log,
  replace: Replacement | undefined,
): Record<string, GraphQLDataSource> {
  const sources = Object.create(null) as Record<string, GraphQLDataSource>;
  for (const [name, client] of clients) {
    sources[name] = {
      process: async (options) => {
        const { query = '', operationName, variables } = options.request;
        const at = ('pathInIncomingRequest' in options ? options.pathInIncomingRequest : undefined) ?? [];
        const representations = variables?.['representations'] as readonly Record<string, unknown>[] | undefined;
        // A mutation that was begun gets all the time there is: cutting it off tells nothing about its effect.
        const deadline = operation === 'mutation' ? request.deadline : Math.min(request.deadline, Date.now() + fetchMs);
        const answer =
          replace?.query === query
            ? replace.answer
            : await ask(client, { query, operationName, variables, identity: request.identity, deadline, signal: request.signal }, log);
        return { data: trail.note({ query, at: at, representations }, answer) };
      },
    };
  }
  return sources;
}

/** Lets a client that keeps the deadline itself be the first to give up. */
const graceMs = 20;

/** Asks a subgraph, but does not wait for it beyond the deadline, nor when the client has left. */
async function ask(client: SubgraphClient, request: Parameters<SubgraphClient['execute']>[0], log: Log): Promise<SubgraphAnswer> {
  const ended = new AbortController();
  const { promise, resolve } = Promise.withResolvers<SubgraphAnswer>();
  const give = () => {
    ended.abort();
    resolve(unavailableAnswer());
  };
  if (request.signal.aborted) return unavailableAnswer();
  const timer = setTimeout(give, Math.max(0, request.deadline - Date.now()) + graceMs);
  request.signal.addEventListener('abort', give, { once: true });
  try {
    const answer = client.execute({ ...request, signal: ended.signal });
    return await Promise.race([answer, promise]);
  } catch (error) {
    log.error({ subgraph: client.name, error }, 'a subgraph threw instead of answering');
    return unavailableAnswer();
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener('abort', give);
  }
}

type GatewayRequestContext = Parameters<typeof executeQueryPlan>[2];

/** The few members that Apollo's executor reads. */
const toRequestContext = ({ variables, document }: ExecutorRequest, log: Log) =>
  ({
    request: { variables: variables ?? {} },
    document,
    context: {},
    metrics: {},
    logger: {
      debug: () => undefined,
      info: () => undefined,
      warn: (text: string) => log.warn(text),
      error: (text: string) => log.error(text),
    },
  }) as unknown as GatewayRequestContext;

function variableErrors(
  schema: GraphQLSchema,
  { document, operationName, variables }: Pick<ExecutorRequest, 'document' | 'operationName' | 'variables'>,
): readonly GraphQLError[] {
  const operation = getOperationAST(document, operationName);
  if (!operation)
    return [
      new GraphQLError('the document holds no operation of that name; name one of its operations', {
        extensions: { code: 'OPERATION_RESOLUTION_FAILURE' },
      }),
    ];
  const { errors } = getVariableValues(schema, operation.variableDefinitions ?? [], { ...variables }, { maxErrors: 5 });
  if (!errors) return [];
  const issues = errors.map(({ message, nodes }) => ({ path: variableName(nodes?.[0]), message }));
  return [new GraphQLError(issues.map(({ message }) => message).join('; '), { extensions: badInput(issues).extensions })];
}

const variableName = (node: unknown): string =>
  (node as { variable?: { name: { value: string } } } | undefined)?.variable?.name.value ?? '';
