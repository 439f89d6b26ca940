import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { type ExecutionResult, GraphQLError, type GraphQLFormattedError, type GraphQLSchema, parse, subscribe } from 'graphql';
import { enforceAccess } from './access.ts';
import type { GuardState } from './breaker.ts';
import { createBus, type EventEngine, type LiveTransport } from './bus.ts';
import type { Calls } from './calls.ts';
import { z } from 'zod';
import type { deadLetterTable, idempotencyTable, inboxTable, outboxTable } from './columns.ts';
import type { RuntimeSettings } from './config.ts';
import { type ConsumerDefinition, sweepInbox, toConsumer } from './consumers.ts';
import { type Identity, nobody, type RequestContext } from './context.ts';
import { type Database, DatabaseUnavailable, NoTenantChosen } from './database.ts';
import { withDeadline } from './deadline.ts';
import { badInput, DomainError, upstreamUnavailable } from './errors.ts';
import { type Log, requestLog } from './log.ts';
import { sweepIdempotencyKeys } from './idempotency.ts';
import { afterCommit } from './after-commit.ts';
import { type Relay, startRelay, sweepOutbox } from './outbox.ts';
import { type PersonalData, personalFields, personEraser } from './personal-data.ts';
import { createOperations, isChecked, resolveEveryField } from './operations.ts';
import type { Policies } from './policies.ts';
import { type DomainRoutes, runRoutes, type RunningRoutes } from './routes.ts';
import { scalarResolvers } from './scalars.ts';
import { tenantEraser, type TenantRows } from './tenant-erasure.ts';
import type { TouchRule } from './touches.ts';
import { defineWorker, type WorkerDefinition, type WorkerRuntime } from './workers.ts';

/** All that the rest of the program sees of a domain. */
export interface SubgraphDefinition<L = unknown> {
  readonly name: string;
  /** The domain's `schema.graphql`; `db/<name>/migrations` is found from it. */
  readonly sdl: URL;
  readonly resolvers: object;
  readonly loaders: (ctx: RequestContext<L>) => L;
  readonly tables: {
    readonly outbox: ReturnType<typeof outboxTable>;
    readonly inbox: ReturnType<typeof inboxTable>;
    readonly deadLetters: ReturnType<typeof deadLetterTable>;
    readonly idempotency?: ReturnType<typeof idempotencyTable>;
  };
  readonly consumers?: readonly ConsumerDefinition[];
  readonly workers?: readonly WorkerDefinition<never>[];
  /** How what is kept of a deleted tenant is erased; whoever keeps rows of tenants says so. */
  readonly tenantRows?: TenantRows;
  /** What it holds of people, and how that is told and erased; whoever keeps ids of people says so. */
  readonly personalData?: PersonalData;
  /** Which events outdate what others may remember of this domain's fields; needed where fields have `@cacheControl`. */
  readonly touches?: readonly TouchRule[];
  /** What it serves over HTTP beside the graph. */
  readonly routes?: DomainRoutes<L>;
  /** Runs once after the migrations, before the first request: makes keys and other things that must be there. */
  readonly prepare?: (ctx: RequestContext<L>) => Promise<void>;
  /** Fills an empty domain with sample data; runs when `SEED=demo` and may be repeated. */
  readonly seed?: (ctx: RequestContext<L>) => Promise<void>;
}

/** Declares a domain. */
export const defineSubgraph = <L>(definition: SubgraphDefinition<L>): SubgraphDefinition => definition as unknown as SubgraphDefinition;

/** What a domain stands on while it runs. */
export interface Services {
  readonly settings: RuntimeSettings;
  readonly database: Database;
  readonly engine: EventEngine;
  readonly live: LiveTransport;
  readonly workers: WorkerRuntime;
  readonly calls: Calls;
  readonly policies: Policies;
  readonly log: Log;
  readonly now: () => Date;
}

/** One operation for a subgraph, with who asks and until when. */
export interface SubgraphRequest {
  readonly query: string;
  readonly operationName?: string | null | undefined;
  readonly variables?: Readonly<Record<string, unknown>> | null | undefined;
  /** The JSON text of the variables, in place of them; only for what is asked over a wire. */
  readonly variablesText?: string | undefined;
  /** The caller has a use for the answer's text; only for what is asked over a wire. */
  readonly wantsText?: boolean | undefined;
  readonly identity: Identity;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

export interface SubgraphAnswer {
  readonly data?: Record<string, unknown> | null | undefined;
  readonly errors?: readonly GraphQLFormattedError[] | undefined;
  /** The whole answer as JSON text, where it was wanted: `parseAnswer` makes objects of it for whoever else waits for the same. */
  readonly text?: string | undefined;
}

/** A subgraph as its callers see it: inside this process or behind HTTP, they cannot tell which. */
export interface SubgraphClient {
  readonly name: string;
  /** It is asked over a wire, where text is what counts. */
  readonly isRemote?: boolean;
  /** How those are doing that are asked over a wire: whether the breaker lets calls through, and how many there are. */
  readonly guardState?: () => GuardState;
  execute(request: SubgraphRequest): Promise<SubgraphAnswer>;
  /** An answer instead of a stream means that the subscription could not begin. */
  subscribe(request: SubgraphRequest): Promise<AsyncGenerator<SubgraphAnswer, void> | SubgraphAnswer>;
  close(): Promise<void>;
}

export interface RunningSubgraph extends SubgraphClient {
  readonly schema: GraphQLSchema;
  readonly sdl: string;
  readonly relay: Relay;
  readonly routes?: RunningRoutes;
  /** A context for work that no client asked for. */
  systemContext(requestId?: string): RequestContext;
}

/** The domain's whole SDL: the shared definitions, then its own. */
export const sdlOf = ({ sdl }: Pick<SubgraphDefinition, 'sdl'>): string =>
  `${readFileSync(new URL('../../schema/shared.graphql', sdl), 'utf8')}\n${readFileSync(sdl, 'utf8')}`;

/** The domain's migrations folder. */
export const migrationsOf = ({ name, sdl }: Pick<SubgraphDefinition, 'name' | 'sdl'>): URL => new URL(`../../db/${name}/migrations`, sdl);

/** The domain's executable schema, its access rules in force. */
export function schemaOf(definition: SubgraphDefinition): GraphQLSchema {
  const schema = buildSubgraphSchema([
    { typeDefs: parse(sdlOf(definition)), resolvers: { ...scalarResolvers, ...definition.resolvers } as never },
    ...(definition.personalData ? [personalFields(definition.personalData)] : []),
  ]);
  return resolveEveryField(enforceAccess(schema, definition.name));
}

const largestEntityBatch = 500;

/** Starts a domain on a migrated database: relay, consumers and workers run, operations are answered. */
export async function startSubgraph(definition: SubgraphDefinition, services: Services): Promise<RunningSubgraph> {
  const { name } = definition;
  const { database, engine, live, settings } = services;
  const log = services.log.child({ subgraph: name });
  const schema = schemaOf(definition);
  const bus = createBus(live);
  const stopping = new AbortController();
  const relay = startRelay({ domain: name, db: database.db, outbox: definition.tables.outbox, engine, live, log });
  const wakeRelay = () => relay.wake();
  const shared = {
    db: database.db,
    bus,
    workers: services.workers.queueOf(name),
    call: services.calls.as(name),
    policies: services.policies,
    settings,
    now: services.now,
    outboxWritten: () => afterCommit(wakeRelay),
  };
  const contextFor = (identity: Identity, deadline: number, signal: AbortSignal): RequestContext => {
    const ctx = {
      ...shared,
      ...identity,
      deadline,
      signal,
      log: requestLog(log, identity),
      loaders: undefined as unknown,
    };
    ctx.loaders = definition.loaders(ctx);
    return ctx;
  };
  const systemContext = (requestId: string = randomUUID(), signal: AbortSignal = stopping.signal, traceparent: string | null = null) =>
    contextFor({ ...nobody(requestId), service: name, traceparent }, Date.now() + 60_000, signal);

  await definition.prepare?.(systemContext());
  const erasers = [
    ...(definition.tenantRows ? [tenantEraser(name, definition.tenantRows, definition.tables.outbox)] : []),
    ...(definition.personalData ? [personEraser(name, definition.personalData, definition.tables)] : []),
  ];
  const consumers = [...(definition.consumers ?? []), ...erasers.flatMap((eraser) => eraser.consumers)];
  const endConsumers = consumers.length
    ? await engine.consume(
        toConsumer({
          domain: name,
          db: database.db,
          inbox: definition.tables.inbox,
          deadLetters: definition.tables.deadLetters,
          definitions: consumers,
          contextFor: ({ eventId }, traceparent) => systemContext(eventId, stopping.signal, traceparent) as RequestContext<never>,
        }),
      )
    : undefined;
  await services.workers.register(
    name,
    [...(definition.workers ?? []), ...erasers.map(({ worker }) => worker), sweeperOf(definition)],
    (requestId, signal) => systemContext(requestId, signal) as RequestContext<never>,
  );
  for (const { announce } of erasers) await announce(systemContext());

  const operations = createOperations(schema);
  const publish: Publish = (errors, requestsLog) => publicErrors(errors, requestsLog, settings.development);
  const refuse = (errors: readonly GraphQLError[], { identity }: SubgraphRequest): SubgraphAnswer => ({
    errors: publish(errors, requestLog(log, identity)),
  });

  return {
    name,
    schema,
    sdl: sdlOf(definition),
    relay,
    ...(definition.routes ? { routes: runRoutes(definition.routes, { settings, log }, contextFor) } : {}),
    systemContext,
    async execute(request) {
      const operation = operations.read(request.query);
      if (!isChecked(operation)) return refuse(operation, request);
      const tooMany = entityBatchIssue(request);
      if (tooMany) return refuse([tooMany], request);
      const { deadline, signal, identity } = request;
      const ctx = contextFor(identity, deadline, signal);
      const result = await withDeadline({ deadline, signal, traceparent: identity.traceparent }, () =>
        operation.execute({
          variableValues: request.variables,
          operationName: request.operationName,
          contextValue: ctx,
        }),
      );
      return present(result, ctx.log, publish);
    },
    async subscribe(request) {
      const operation = operations.read(request.query);
      if (!isChecked(operation)) return refuse(operation, request);
      const signal = AbortSignal.any([request.signal, stopping.signal]);
      const ctx = contextFor(request.identity, Number.MAX_SAFE_INTEGER, signal);
      const result = await subscribe({
        schema,
        document: operation.document,
        variableValues: request.variables,
        operationName: request.operationName,
        contextValue: ctx,
      });
      if (!(Symbol.asyncIterator in result)) return present(result, ctx.log, publish);
      return presentEach(result, ctx.log, publish, signal);
    },
    async close() {
      stopping.abort();
      await endConsumers?.();
      await relay.stop();
    },
  };
}

/** Removes what is kept only so that nothing happens twice: published events, inbox entries and answers by key. */
const sweeperOf = ({ tables }: SubgraphDefinition) =>
  defineWorker({
    name: 'sweep',
    schedule: '17 * * * *',
    data: z.object({}),
    run: async (ctx) => {
      await sweepOutbox(ctx.db, tables.outbox, ctx.now());
      await sweepInbox(ctx.db, tables.inbox, ctx.now());
      if (tables.idempotency) await sweepIdempotencyKeys(ctx.db, tables.idempotency, ctx.now());
    },
  });

function entityBatchIssue({ variables }: SubgraphRequest): GraphQLError | undefined {
  const representations = variables?.['representations'];
  if (!Array.isArray(representations) || representations.length <= largestEntityBatch) return undefined;
  const { message, extensions } = badInput([{ path: 'representations', message: `must be at most ${largestEntityBatch}` }]);
  return new GraphQLError(message, { extensions });
}

type Publish = (errors: readonly GraphQLError[], log: Log) => GraphQLFormattedError[];

const present = (result: ExecutionResult, log: Log, publish: Publish): SubgraphAnswer => ({
  data: result.data,
  ...(result.errors ? { errors: publish(result.errors, log) } : {}),
});

async function* presentEach(
  results: AsyncGenerator<ExecutionResult, void, void>,
  log: Log,
  publish: Publish,
  signal: AbortSignal,
): AsyncGenerator<SubgraphAnswer, void> {
  const end = () => void results.return(undefined);
  signal.addEventListener('abort', end, { once: true });
  try {
    for await (const result of results) yield present(result, log, publish);
  } catch (error) {
    // A source that throws ends its stream with one last answer that says why.
    yield { errors: publish([new GraphQLError('the stream ended', { originalError: error as Error })], log) };
  } finally {
    signal.removeEventListener('abort', end);
    await results.return(undefined);
  }
}

/** What GraphQL says of a field whose resolver is missing, or gives nothing; it holds names of the schema alone. */
const aboutResolvers = /^Cannot return null for non-nullable field \w+\.\w+\.?$/;

/**
 * Turns errors into what may leave the service; the unexpected is logged under an id and masked. `development` names
 * fields that have no value and must: it concerns whoever writes their resolvers.
 */
export function publicErrors(errors: readonly GraphQLError[], log: Log, development = false): GraphQLFormattedError[] {
  return errors.map((error) => {
    const place = { ...(error.locations ? { locations: error.locations } : {}), ...(error.path ? { path: error.path } : {}) };
    const cause = error.originalError;
    const known = knownError(cause);
    if (known) return { message: known.message, ...place, extensions: known.extensions };
    const told = codeOf(error);
    if (told) return { message: error.message, ...place, extensions: told };
    const errorId = randomUUID();
    log.error({ errorId, error: cause ?? error }, 'an operation failed unexpectedly');
    const found = development && aboutResolvers.test(error.message) ? { found: error.message } : {};
    return { message: 'something went wrong on our side', ...place, extensions: { code: 'INTERNAL_SERVER_ERROR', errorId, ...found } };
  });
}

function knownError(error: unknown): DomainError | undefined {
  if (error instanceof DomainError) return error;
  if (error instanceof DatabaseUnavailable) return upstreamUnavailable();
  if (error instanceof NoTenantChosen)
    return badInput([{ path: 'X-Organization-Id', message: 'is missing; name the organization to act in' }]);
  if (error instanceof Error && error.cause instanceof Error) return knownError(error.cause);
  return undefined;
}

/** What an error of a GraphQLError's making may say; undefined when it is a fault of ours: a resolver that broke the schema's word. */
function codeOf(error: GraphQLError): Record<string, unknown> | undefined {
  if (error.originalError && !(error.originalError instanceof GraphQLError)) return undefined;
  // Errors of compiled operations have extensions only where the resolver's error had some.
  const { extensions = {} } = error as Partial<GraphQLError>;
  if (typeof extensions['code'] === 'string') return extensions;
  // Raised before anything ran: a bad document or a bad variable.
  return error.path ? undefined : { code: 'GRAPHQL_VALIDATION_FAILED' };
}
