import { randomUUID } from 'node:crypto';
import { nobody } from '@supergraph/platform/context';
import type { Log } from '@supergraph/platform/log';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import type { DocumentNode, GraphQLFormattedError } from 'graphql';
import type { Answer, IncrementalAnswer } from '../answer.ts';
import { createEdgeAccess, type Permitted } from '../edge-access.ts';
import type { Executor, ExecutorRequest } from '../executor.ts';
import { createAsk } from './ask.ts';
import { conditionsOf } from './conditions.ts';
import { hasDefer, runDeferred } from './defer.ts';
import { type Mask, onOurSide, toClientErrors, toTold, unavailable } from './errors.ts';
import { findFlaws, findForbiddenNull } from './flaws.ts';
import { buildGraph } from './graph.ts';
import { introspectionText } from './introspect.ts';
import { type Operation, prepareOperation } from './operation.ts';
import { type Engine, planFor } from './planned.ts';
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
}

const operationsPerDocument = 50;

/** Builds the engine for one supergraph. Throws when the supergraph is none. */
export function createEngine(options: EngineOptions): Executor {
  const { clients, log, fetchMs = 2_000, generateCode = true } = options;
  const graph = buildGraph(options.supergraphSdl);
  const asking = { clients, log, fetchMs, share: options.shareRequests === false ? undefined : createSharing() };
  const mask = createMask(log);
  const tell = (error: GraphQLFormattedError) => toTold(error, mask);
  const engine: Engine = {
    graph,
    access: createEdgeAccess(graph.schema, graph.facts),
    clients,
    log,
    mask,
    prepare: rememberOperations((permitted, { operationName, overrides, variables = {} }, inParts) =>
      prepareOperation({ graph, generateCode, mask }, { permitted, operationName, variables, inParts, overrides }),
    ),
    begin: ({ definition }, request, arrived) => ({
      data: emptyTree(),
      variables: request.variables ?? {},
      ask: createAsk(asking, { ...request, operation: definition.operation }),
      tell,
      errors: [],
      entities: new Map(),
      arrived,
    }),
    finish: (operation, { shape, write }, run, permitted, { at, root } = { at: [], root: shape }) => {
      const writing: Writing = {
        introspect: (nodes) => introspectionText(graph.schema, operation.document, operation.definition, nodes, run.variables),
        flawed: false,
      };
      const text = write(run.data, writing);
      const errors = toClientErrors(run.errors, root);
      if (writing.flawed) noteFlaws(log, shape, run.data, at, errors, permitted);
      if (text === undefined && errors.length === 0)
        errors.push({
          ...placeOfNull(shape, run.data, at),
          message: onOurSide,
          extensions: mask({ message: 'an answer broke the schema' }),
        });
      return { data: text ?? 'null', ...(errors.length > 0 ? { errors } : {}) };
    },
  };
  return {
    schema: graph.schema,
    facts: graph.facts,
    execute: (request) => execute(engine, request),
    executeInParts: (request) => executeInParts(engine, request),
    subscribe: (request) => runSubscription(engine, request),
    warm: (document, operationName) => {
      // Whoever may see everything; others' plans are made when they come.
      const permitted = engine.access.permit(document, { ...nobody('warm'), service: 'gateway' });
      engine.prepare(permitted, { operationName, variables: undefined }, false);
    },
  };
}

async function execute(engine: Engine, request: ExecutorRequest): Promise<Answer> {
  const planned = planFor(engine, request, false);
  if ('refused' in planned) return planned.refused;
  const { operation, permitted } = planned;
  const run = engine.begin(operation, request);
  await operation.stepOf(wholeNode(operation.plan))(run);
  return engine.finish(operation, operation, run, permitted);
}

async function executeInParts(engine: Engine, request: ExecutorRequest): Promise<Answer | IncrementalAnswer> {
  if (!hasDefer(request.document)) return execute(engine, request);
  const planned = planFor(engine, request, true);
  if ('refused' in planned) return planned.refused;
  const { node } = planned.operation.plan;
  return node?.kind === 'Defer' ? runDeferred(engine, request, planned, node) : execute(engine, request);
}

const wholeNode = ({ node }: Operation['plan']) => (node?.kind === 'Subscription' ? undefined : node);

/** Says why the writer put null where there is data, or where somebody may not look. */
function noteFlaws(log: Log, shape: ObjectShape, data: Tree, at: Path, errors: GraphQLFormattedError[], permitted: Permitted): void {
  for (const flaw of findFlaws(shape, data, at)) {
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
    log.warn({ path: path.join('.'), expected: flaw.expected }, 'a subgraph answered with a value that the schema does not allow');
    errors.push({ path, ...unavailable() });
  }
}

const placeOfNull = (shape: ObjectShape, data: Tree, at: Path) => {
  const path = findForbiddenNull(shape, data, at);
  return path ? { path } : {};
};

function createMask(log: Log): Mask {
  return (error) => {
    const errorId = randomUUID();
    log.error({ errorId, error: error instanceof Error ? error : new Error(error.message) }, 'an operation failed at the edge');
    return { code: 'INTERNAL_SERVER_ERROR', errorId };
  };
}

type Prepare = Engine['prepare'];

/** Operations live as long as their documents, a few for each: who may see different things, or skips some, runs a different plan. */
function rememberOperations(prepare: Prepare): Prepare {
  const known = new WeakMap<DocumentNode, Map<string, () => Operation>>();
  return (permitted, request, inParts) => {
    const operations = known.get(permitted.document) ?? new Map<string, () => Operation>();
    known.set(permitted.document, operations);
    const overrides = [...(request.overrides ?? [])].flatMap(([label, on]) => (on ? [label] : []));
    const conditions = conditionsOf(permitted.document, request.operationName).keyOf(request.variables ?? {});
    const key = JSON.stringify([request.operationName, permitted.key, inParts, overrides, conditions]);
    const found = operations.get(key);
    if (found) return found();
    if (operations.size >= operationsPerDocument) operations.clear();
    const made = attempt(() => prepare(permitted, request, inParts));
    operations.set(key, made);
    return made();
  };
}

/** What came of it, also when it failed: what cannot be planned is not planned again for every request. */
function attempt<Result>(work: () => Result): () => Result {
  try {
    const result = work();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
