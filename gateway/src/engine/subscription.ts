import type { SubscriptionNode } from '@apollo/query-planner';
import type { Identity } from '@supergraph/platform/context';
import { createLanes } from '@supergraph/platform/delivery';
import { DomainError } from '@supergraph/platform/errors';
import type { SubgraphAnswer } from '@supergraph/platform/subgraph';
import { faultOf } from '@supergraph/platform/tracing';
import { GraphQLError } from 'graphql';
import { type Answer, refusedWith } from '../answer.ts';
import type { SubscriptionRequest } from '../executor.ts';
import { type Engine, type Planned, planFor } from './planned.ts';
import { unavailableAnswer } from './errors.ts';
import { compileFetch, type CompiledFetch, pickVariables } from './compiled-fetch.ts';
import { takeRoot } from './fetch-root.ts';
import { type Observed, observe } from './observe.ts';
import { readable } from './readable.ts';
import type { Step } from './run.ts';

const eventMs = 5_000;
/** An event that a thousand clients hear is completed a thousand times; the domains' queues must have room for others. */
const lanes = createLanes(64);

/** A subscription, compiled once for all of its events. */
interface Compiled extends Planned {
  readonly request: Observed<SubscriptionRequest>;
  readonly event: CompiledFetch;
  /** Fetches what other subgraphs have of an event; absent where the owner has it all. */
  readonly rest: Step | undefined;
}

/** Subscribes at the subgraph that owns the event and completes each event with the fields of others. */
export async function runSubscription(engine: Engine, request: SubscriptionRequest): Promise<AsyncGenerator<Answer, void> | Answer> {
  // It may last for days: what is observed is its beginning, and then each event by itself.
  const { request: observed, end } = observe(request);
  try {
    const begun = await begin(engine, observed);
    end(Symbol.asyncIterator in begun ? undefined : faultOf(begun.errors));
    return begun;
  } finally {
    end('it could not begin');
  }
}

async function begin(engine: Engine, request: Observed<SubscriptionRequest>): Promise<AsyncGenerator<Answer, void> | Answer> {
  const planned = planFor(engine, request, false);
  if ('refused' in planned) return planned.refused;
  const denied = planned.permitted.rootError();
  if (denied) return { data: 'null', ...refusedWith(denied) };
  const { node } = planned.operation.plan;
  if (node?.kind !== 'Subscription')
    return refusedWith(new GraphQLError('this is no subscription', { extensions: { code: 'BAD_REQUEST' } }));
  const compiled = compile(engine, request, planned, node);
  const { primary } = node;
  const client = engine.clients.get(primary.serviceName);
  if (!client) return refusal(engine, compiled, unavailableAnswer());

  const leaving = endingWithSignal(request.signal);
  const variables = pickVariables(primary, { variables: request.variables ?? {} });
  const source = await client.subscribe({
    query: primary.operation,
    operationName: primary.operationName,
    variables,
    identity: request.identity,
    deadline: Number.MAX_SAFE_INTEGER,
    signal: leaving.signal,
  });
  if (!(Symbol.asyncIterator in source)) return refusal(engine, compiled, source);
  const watch = watchIdentity(request, leaving);
  const events = complete(engine, compiled, source, watch);
  const end = events.return.bind(events);
  // A generator that waits for its source does not hear `return` before the next event.
  events.return = async (value) => {
    watch.stop();
    leaving.abort();
    await source.return();
    return end(value);
  };
  return events;
}

/** Aborts with a signal that ends with the subscription; `AbortSignal.any` costs ten thousand idle ones some megabytes. */
function endingWithSignal(signal: AbortSignal): AbortController {
  const ending = new AbortController();
  if (signal.aborted) ending.abort();
  else signal.addEventListener('abort', () => ending.abort(), { once: true });
  return ending;
}

function compile(
  { graph }: Engine,
  request: Observed<SubscriptionRequest>,
  planned: Planned,
  { primary, rest }: SubscriptionNode,
): Compiled {
  return {
    ...planned,
    request,
    event: compileFetch(primary, [], graph.kinds),
    rest: rest && planned.operation.stepOf(rest),
  };
}

/** What is known of the caller while no event comes. */
interface IdentityWatch {
  /** Why the caller may hear no more; undefined while they may. */
  readonly refused: () => GraphQLError | undefined;
  readonly stop: () => void;
}

/** Ends a quiet subscription when its caller may hear no more, without waiting for an event. */
function watchIdentity(request: SubscriptionRequest, leaving: AbortController): IdentityWatch {
  let refused: GraphQLError | undefined;
  const check = async () => {
    const identity = await currentIdentity(request);
    if (!(identity instanceof GraphQLError)) return;
    refused = identity;
    leaving.abort();
  };
  // What goes wrong otherwise is told with the next event, which asks again.
  const stop = request.onDoubt?.(() => void check().catch(() => undefined));
  return { refused: () => refused, stop: () => stop?.() };
}

async function* complete(
  engine: Engine,
  compiled: Compiled,
  source: AsyncGenerator<SubgraphAnswer, void>,
  watch: IdentityWatch,
): AsyncGenerator<Answer, void> {
  const { request, permitted, rest } = compiled;
  try {
    for await (const event of source) {
      if (request.signal.aborted) return;
      const identity = await currentIdentity(request);
      if (identity instanceof GraphQLError) return yield { data: 'null', ...refusedWith(identity) };
      const now = engine.access.permit(request.document, identity);
      // What may be seen has changed, and the plan with it: the client is to subscribe anew.
      if (now.key !== permitted.key) return yield { data: 'null', ...refusedWith(now.rootError() ?? changed()) };
      const finish = () => answerTo(engine, compiled, identity, event);
      yield await (rest ? lanes.inSlot(finish) : finish());
    }
    const refused = watch.refused();
    if (refused) yield { data: 'null', ...refusedWith(refused) };
  } finally {
    watch.stop();
    await source.return();
  }
}

/** The answer to an event: what its owner said, then the rest of the plan. */
async function answerTo(engine: Engine, compiled: Compiled, identity: Identity, event: SubgraphAnswer): Promise<Answer> {
  const { operation, permitted, rest, request } = compiled;
  // The time begins with the turn: waiting for it says nothing about the domains.
  const now = { ...request, identity, deadline: Date.now() + eventMs };
  const { request: observed, tell, end } = observe(now, { name: 'event', link: request.identity.traceparent });
  observed.recording?.planned(operation, 0, true);
  try {
    const run = engine.begin(operation, observed);
    takeRoot(compiled.event, run, readable(event));
    await rest?.(run);
    const answer = engine.finish(operation, operation, run, permitted);
    end(faultOf(answer.errors));
    return tell(answer);
  } finally {
    end('it could not be answered');
  }
}

/** The owner's refusal, with its errors where the client expects them. */
const refusal = async (engine: Engine, compiled: Compiled, answer: SubgraphAnswer): Promise<Answer> => ({
  ...(await answerTo(engine, { ...compiled, rest: undefined }, compiled.request.identity, answer)),
  data: 'null',
});

async function currentIdentity({ identity, refresh }: SubscriptionRequest): Promise<Identity | GraphQLError> {
  try {
    return refresh ? await refresh() : identity;
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    if (error instanceof DomainError) return new GraphQLError(error.message, { extensions: error.extensions });
    throw error;
  }
}

const changed = () =>
  new GraphQLError('your permissions have changed; subscribe again', { extensions: { code: 'FORBIDDEN', reason: 'PERMISSIONS_CHANGED' } });
