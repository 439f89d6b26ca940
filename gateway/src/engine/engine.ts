import { randomUUID } from 'node:crypto';
import { type Identity, nobody } from '@supergraph/platform/context';
import { type Log, requestLog } from '@supergraph/platform/log';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import type { GraphQLFormattedError } from 'graphql';
import type { Answer, IncrementalAnswer } from '../answer.ts';
import { createEdgeAccess, type Permitted } from '../edge-access.ts';
import type { Executor } from '../executor.ts';
import { createAsk } from './ask.ts';
import { hasDefer, runDeferred } from './defer.ts';
import type { CacheOf, WorkedOut } from './engine-cache.ts';
import { type Mask, onOurSide, toClientErrors, toTold, unavailable } from './errors.ts';
import { type EngineMetrics, type FetchReport, noMetrics } from './fetch-report.ts';
import { findFlaws, findForbiddenNull, type Flaw } from './flaws.ts';
import { buildGraph } from './graph.ts';
import { introspectionText } from './introspect.ts';
import { type Observed, observed } from './observe.ts';
import { type Operation, prepareOperation } from './operation.ts';
import { type Engine, type Planned, planFor } from './planned.ts';
import type { Recording } from './recording.ts';
import { rememberOperations } from './remember-operations.ts';
import type { ObjectShape } from './shape.ts';
import { createSharing } from './sharing.ts';
import { runSubscription } from './subscription.ts';
import { emptyTree, type Path, type Tree } from './tree.ts';
import type { Writing } from './write.ts';

export interface EngineOptions {
  readonly supergraphSdl: string;
  readonly clients: ReadonlyMap<string, SubgraphClient>;
  readonly log: Log;
  readonly fetchMs?: number;
  readonly generateCode?: boolean;
  readonly shareRequests?: boolean;
  readonly metrics?: EngineMetrics | undefined;
  /** Remembers answers and entities; without it everybody is asked anew. */
  readonly cache?: CacheOf | undefined;
}

/** Builds the engine for one supergraph. Throws when the supergraph is none. */
export function createEngine(options: EngineOptions): Executor {
  const { clients, log, fetchMs = 2_000, generateCode = true, metrics = noMetrics } = options;
  const graph = buildGraph(options.supergraphSdl);
  const cache = options.cache?.(graph, options.supergraphSdl);
  const asking = { clients, log, fetchMs, sharing: options.shareRequests === false ? undefined : createSharing() };
  // A plan is for all who ask; everything else is said of one request.
  const mask = createMask(() => log);
  const maskFor = (identity: Identity) => createMask(() => requestLog(log, identity));
  const engine: Engine = {
    graph,
    access: createEdgeAccess(graph.schema, graph.facts),
    clients,
    log,
    cache,
    maskFor,
    prepare: rememberOperations(
      (permitted, { operationName, overrides, variables = {} }, inParts) =>
        prepareOperation({ graph, generateCode, mask, cache }, { permitted, operationName, variables, inParts, overrides }),
      metrics,
    ),
    begin: (operation, request, arrived) => {
      const { identity, recording } = request;
      const report = recording ? reportTo(metrics, recording) : metrics.fetched;
      return {
        data: emptyTree(),
        variables: request.variables ?? {},
        identity,
        ask: createAsk(asking, { ...request, operation: operation.definition.operation, report }),
        tell: (error) => toTold(error, maskFor(identity)),
        errors: [],
        unknown: new Set(),
        entities: new Map(),
        entityCache: cache?.entitiesFor(operation, identity),
        since: undefined,
        arrived,
        report,
        recording,
      };
    },
    finish: (operation, { shape, write }, run, permitted, { at, root, data } = { at: [], root: shape, data: run.data }) => {
      const writing: Writing = {
        introspect: (nodes) => introspectionText(graph.schema, operation.document, operation.definition, nodes, run.variables),
        flawed: false,
      };
      const startedAt = run.recording && performance.now();
      const text = write(run.data, writing);
      const errors = toClientErrors(run.errors, { shape: root, data, isRequired: operation.isRequired });
      if (writing.flawed) noteFlaws(requestLog(log, run.identity), findFlaws(shape, run, at), errors, permitted);
      if (text === undefined && errors.length === 0)
        errors.push({
          ...placeOfNull(shape, run.data, at),
          message: onOurSide,
          extensions: maskFor(run.identity)({ message: 'an answer broke the schema' }),
        });
      if (startedAt !== undefined) run.recording?.wrote(performance.now() - startedAt);
      return { data: text ?? 'null', ...(errors.length > 0 ? { errors } : {}) };
    },
  };
  return {
    schema: graph.schema,
    facts: graph.facts,
    execute: (request) => observed(request, (one) => execute(engine, one)),
    executeInParts: (request) => observed(request, (one) => executeInParts(engine, one)),
    subscribe: (request) => runSubscription(engine, request),
    warm: (document, operationName) => {
      // Whoever may see everything; others' plans are made when they come.
      const permitted = engine.access.permit(document, { ...nobody('warm'), service: 'gateway' });
      engine.prepare(permitted, { operationName, variables: undefined }, false);
    },
  };
}

const reportTo =
  (metrics: EngineMetrics, recording: Recording) =>
  (report: FetchReport): void => {
    metrics.fetched(report);
    recording.fetched(report);
  };

async function execute(engine: Engine, request: Observed): Promise<Answer> {
  const planned = planFor(engine, request, false);
  if ('refused' in planned) return planned.refused;
  const work = (since?: string) => workOut(engine, request, planned, since);
  return engine.cache ? engine.cache.answer(planned, request, work) : (await work()).answer;
}

async function workOut(engine: Engine, request: Observed, { operation, permitted }: Planned, since?: string): Promise<WorkedOut> {
  const run = { ...engine.begin(operation, request), since };
  await operation.stepOf(wholeNode(operation.plan))(run);
  return { answer: engine.finish(operation, operation, run, permitted), run };
}

async function executeInParts(engine: Engine, request: Observed): Promise<Answer | IncrementalAnswer> {
  if (!hasDefer(request.document)) return execute(engine, request);
  const planned = planFor(engine, request, true);
  if ('refused' in planned) return planned.refused;
  const { node } = planned.operation.plan;
  if (node?.kind !== 'Defer') return execute(engine, request);
  const answer = await runDeferred(engine, request, planned, node);
  engine.cache?.changed(planned.operation);
  return answer;
}

const wholeNode = ({ node }: Operation['plan']) => (node?.kind === 'Subscription' ? undefined : node);

/** Says why the writer put null where there is data, or where somebody may not look. */
function noteFlaws(log: Log, flaws: readonly Flaw[], errors: GraphQLFormattedError[], permitted: Permitted): void {
  for (const flaw of flaws) {
    const { path } = flaw;
    if (flaw.kind === 'closed') {
      const { message, extensions } = permitted.refusal(flaw.closedAs);
      errors.push({ path, message, extensions });
      continue;
    }
    if (flaw.kind === 'hole') {
      errors.push({ path, ...flaw.tell() });
      continue;
    }
    // A subgraph that says why a value is not there has done what it must.
    if (flaw.kind === 'missing' && errors.some((one) => !one.path || startsWith(one.path, path))) continue;
    const { kind, expected } = flaw;
    log.warn({ path: path.join('.'), expected, kind }, 'a subgraph answered with something that the schema does not allow');
    errors.push({ path, ...unavailable() });
  }
}

const startsWith = (path: Path, start: Path): boolean => start.every((step, index) => path[index] === step);

const placeOfNull = (shape: ObjectShape, data: Tree, at: Path) => {
  const path = findForbiddenNull(shape, data, at);
  return path ? { path } : {};
};

function createMask(log: () => Log): Mask {
  return (error) => {
    const errorId = randomUUID();
    log().error({ errorId, error: error instanceof Error ? error : new Error(error.message) }, 'an operation failed at the edge');
    return { code: 'INTERNAL_SERVER_ERROR', errorId };
  };
}
