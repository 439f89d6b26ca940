import type { FetchNode, PlanNode, QueryPlan } from '@apollo/query-planner';
import type { Identity } from '@supergraph/platform/context';
import { DomainError } from '@supergraph/platform/errors';
import type { SubgraphAnswer } from '@supergraph/platform/subgraph';
import { type ExecutionResult, GraphQLError } from 'graphql';
import { unavailableAnswer } from './error-trail.ts';
import type { Engine, Prepared, SubscriptionRequest } from './executor.ts';
import { createTurns } from './turns.ts';

const eventMs = 5_000;
/** An event that a thousand clients hear is completed a thousand times; the domains' queues must have room for others. */
const inTurn = createTurns(64);

/** Subscribes at the domain that owns the event and completes each event with the fields of other domains. */
export async function runSubscription(
  engine: Engine,
  request: SubscriptionRequest,
): Promise<AsyncGenerator<ExecutionResult, void> | ExecutionResult> {
  const errors = engine.variableErrors(request);
  if (errors.length > 0) return { errors };
  const permitted = engine.access.permit(request.document, request.identity);
  const denied = permitted.rootError();
  if (denied) return { data: null, errors: [denied] };
  const prepared = engine.prepare(permitted, request.operationName);
  const { node } = prepared.plan;
  if (node?.kind !== 'Subscription')
    return { errors: [new GraphQLError('this is no subscription', { extensions: { code: 'BAD_REQUEST' } })] };
  const { primary, rest } = node;
  const client = engine.clients.get(primary.serviceName);
  if (!client) return refusal(engine, primary, unavailableAnswer());

  const leaving = new AbortController();
  const source = await client.subscribe({
    query: primary.operation,
    operationName: primary.operationName,
    variables: usedVariables(primary, request),
    identity: request.identity,
    deadline: Number.MAX_SAFE_INTEGER,
    signal: AbortSignal.any([request.signal, leaving.signal]),
  });
  if (!(Symbol.asyncIterator in source)) return refusal(engine, primary, source);
  const events = complete(engine, { request, prepared, primary, rest, accessKey: permitted.key }, source);
  const end = events.return.bind(events);
  // A generator that waits for its source does not hear `return` before the next event.
  events.return = async (value) => {
    leaving.abort();
    await source.return();
    return end(value);
  };
  return events;
}

interface Running {
  readonly request: SubscriptionRequest;
  readonly prepared: Prepared;
  readonly primary: FetchNode;
  readonly rest: PlanNode | undefined;
  readonly accessKey: string;
}

async function* complete(
  engine: Engine,
  running: Running,
  source: AsyncGenerator<SubgraphAnswer, void>,
): AsyncGenerator<ExecutionResult, void> {
  const { request, prepared, primary, rest } = running;
  // The executor knows no SubscriptionNode: an event is a plan whose first fetch is already answered.
  const plan = { kind: 'QueryPlan', node: rest ? { kind: 'Sequence', nodes: [primary, rest] } : primary } as QueryPlan;
  try {
    for await (const answer of source) {
      if (request.signal.aborted) return;
      const identity = await currentIdentity(request);
      if (identity instanceof GraphQLError) return yield { data: null, errors: [identity] };
      const permitted = engine.access.permit(request.document, identity);
      // What may be seen has changed, and the plan with it: the client is to subscribe anew.
      if (permitted.key !== running.accessKey) return yield { data: null, errors: [permitted.rootError() ?? changed()] };
      // The time begins with the turn: waiting for it says nothing about the domains.
      const finish = () =>
        engine.run(prepared, plan, { ...request, identity, deadline: Date.now() + eventMs }, permitted, {
          query: primary.operation,
          answer,
        });
      yield await (rest ? inTurn(finish) : finish());
    }
  } finally {
    await source.return();
  }
}

async function currentIdentity({ identity, refresh }: SubscriptionRequest): Promise<Identity | GraphQLError> {
  try {
    return refresh ? await refresh() : identity;
  } catch (error) {
    if (error instanceof DomainError) return new GraphQLError(error.message, { extensions: error.extensions });
    throw error;
  }
}

const changed = () =>
  new GraphQLError('your permissions have changed; subscribe again', { extensions: { code: 'FORBIDDEN', reason: 'PERMISSIONS_CHANGED' } });

/** The owner's refusal, with its errors where the client expects them. */
function refusal(engine: Engine, { operation: query }: FetchNode, answer: SubgraphAnswer): ExecutionResult {
  const trail = engine.newTrail();
  trail.note({ query, at: [], representations: undefined }, answer);
  return { data: null, errors: trail.errors(null) };
}

function usedVariables({ variableUsages = [] }: FetchNode, { variables }: SubscriptionRequest): Record<string, unknown> {
  return Object.fromEntries(variableUsages.flatMap((name) => (variables && name in variables ? [[name, variables[name]]] : [])));
}
