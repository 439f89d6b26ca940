import { upstreamUnavailable } from '@supergraph/platform/errors';
import { type Log, requestLog } from '@supergraph/platform/log';
import { GraphQLError, OperationTypeNode } from 'graphql';
import { type Answer, type IncrementalAnswer, type Increment, isIncremental, refusedWith } from './answer.ts';
import { toGraphQLError } from './edge-errors.ts';
import type { EdgeMetrics, Via } from './edge-metrics.ts';
import type { ExecutorRequest } from './executor.ts';
import { endingWith } from './generators.ts';
import type { Identified, Identifier } from './identify.ts';
import type { LiveExecutor } from './live-executor.ts';
import type { LoadGuard } from './load.ts';
import type { OpenStreams } from './open-streams.ts';
import type { Checked, Operations } from './operations.ts';
import type { PersistedQueries } from './persisted-queries.ts';
import type { RateLimits } from './rate-limits.ts';
import type { SharedAnswers } from './shared-answers.ts';
import type { SlowReaders } from './slow-readers.ts';
import { stepUpError } from './step-up.ts';

/** What all transports and contracts share. */
export interface Shared {
  readonly persisted: PersistedQueries;
  readonly identifier: Identifier;
  readonly load: LoadGuard;
  readonly slowReaders: SlowReaders;
  readonly streams: OpenStreams;
  readonly rates: RateLimits;
  readonly metrics: EdgeMetrics;
  /** Queries that are under way; undefined where each is worked out for itself. */
  readonly underway: SharedAnswers | undefined;
  readonly log: Log;
  /** How many proxies of ours a request passes before it comes here. */
  readonly trustedProxies: number;
  /** How long an operation may take; subscriptions have no end. */
  readonly operationMs: number;
  /** How often a quiet stream shows that it lives. */
  readonly heartbeatMs: number;
  /** Ends when the server is about to stop. */
  readonly leaving: AbortSignal;
  /** Ends when the server stops. */
  readonly stopping: AbortSignal;
}

/** What serves one contract over all transports. */
export interface Serving extends Shared {
  /** Changes with the supergraph; what was checked runs at the executor that it was checked for. */
  readonly live: LiveExecutor;
  readonly operations: Operations;
}

/** A checked operation, and for whom it runs until when. */
export interface Work {
  readonly checked: Checked;
  readonly identified: Identified;
  /** Ends when the client leaves. */
  readonly signal: AbortSignal;
  readonly via: Via;
}

/** The answer to an operation that may not run. */
export function refuseWith({ metrics }: Pick<Shared, 'metrics'>, via: Via, errors: readonly GraphQLError[]): Answer {
  const answer = refusedWith(...errors);
  metrics.answered(via, answer);
  return answer;
}

/** Runs a query or mutation to its end; never throws. */
export function answerOnce(shared: Shared, work: Work): Promise<Answer> {
  const run = (signal: AbortSignal) => work.checked.executor.execute({ ...requestOf(shared, work), signal });
  return inPlace(shared, work, (leave) => (shared.underway ? shared.underway.answer(work, run) : run(work.signal)).finally(leave));
}

/** The same for a client that reads answers in parts; the later parts do not throw either. */
export function answerInParts(shared: Shared, work: Work): Promise<Answer | IncrementalAnswer> {
  return inPlace<Answer | IncrementalAnswer>(shared, work, async (leave) => {
    const request = requestOf(shared, work);
    const answer = await work.checked.executor.executeInParts(request);
    if (isIncremental(answer)) return { initial: answer.initial, later: laterParts(shared, answer.later, request.deadline, leave) };
    leave();
    return answer;
  });
}

const requestOf = ({ operationMs }: Shared, { checked, identified, signal }: Work): ExecutorRequest => ({
  document: checked.document,
  operationName: checked.operationName,
  variables: checked.variables,
  identity: identified.identity,
  signal,
  deadline: Date.now() + operationMs,
  explain: identified.explain,
});

async function inPlace<Result extends Answer | IncrementalAnswer>(
  { load, log, metrics }: Shared,
  { checked, identified, via }: Work,
  run: (leave: () => void) => Promise<Result>,
): Promise<Result | Answer> {
  const refused = stepUpError(checked, identified);
  const leave = refused ? undefined : load.enter(weightOf(checked));
  if (!leave) return refuseWith({ metrics }, via, [refused ?? overloaded()]);
  const begun = performance.now();
  const answer = await run(leave).catch((error: unknown) => {
    leave();
    return refusedWith(toGraphQLError(error, requestLog(log, identified.identity)));
  });
  const ran = { operation: checked.operation.operation, tookMs: performance.now() - begun };
  if (isIncremental(answer)) metrics.answered({ ...via, transport: 'multipart' }, answer.initial, ran);
  else metrics.answered(via, answer, ran);
  return answer;
}

/** What changes something is the last to be refused, like what costs little: somebody waits for it, and it cannot be read elsewhere. */
const weightOf = ({ operation, cost }: Checked): number => (operation.operation === OperationTypeNode.MUTATION ? 0 : cost);

/** Lets the executor, which keeps the deadline itself, be the first to give up. */
const graceMs = 250;

/** Passes deferred parts on until the last, a failure or the deadline; `leave` is called when they have ended. */
function laterParts(
  { log }: Shared,
  later: IncrementalAnswer['later'],
  deadline: number,
  leave: () => void,
): AsyncGenerator<readonly Increment[], void> {
  const ended = Promise.withResolvers<undefined>();
  const timer = setTimeout(ended.resolve, Math.max(0, deadline - Date.now()) + graceMs, undefined);
  const end = () => {
    clearTimeout(timer);
    ended.resolve(undefined);
    leave();
    // Parts that somebody still waits for hear of it when they come.
    later.return().catch((error: unknown) => log.debug({ error }, 'deferred parts did not end cleanly'));
  };
  const parts = async function* (): AsyncGenerator<readonly Increment[], void> {
    try {
      for (;;) {
        const next = await Promise.race([later.next(), ended.promise]);
        if (!next) return yield [failedPart(tooLate())];
        if (next.done) return;
        yield next.value;
      }
    } catch (error) {
      yield [failedPart(toGraphQLError(error, log))];
    } finally {
      end();
    }
  };
  return endingWith(parts(), end);
}

const tooLate = () => new GraphQLError('the rest took too long, ask for it again', { extensions: upstreamUnavailable().extensions });

const failedPart = (error: GraphQLError): Increment => ({ path: [], data: 'null', errors: refusedWith(error).errors });

/** Begins a subscription, or answers with why it cannot begin; never throws, and neither does the stream. */
export async function beginStream(
  { load, log, metrics, underway }: Shared,
  { checked, identified, signal, via }: Work,
): Promise<AsyncGenerator<Answer, void> | Answer> {
  const refused = stepUpError(checked, identified);
  const leave = refused ? undefined : load.enter(weightOf(checked));
  if (!leave) return refuseWith({ metrics }, via, [refused ?? overloaded()]);
  const { executor, document, operationName, variables } = checked;
  const { identity, onDoubt, explain } = identified;
  const refresh = async () => {
    const now = await identified.refresh();
    const refusedNow = stepUpError(checked, now);
    if (refusedNow) throw refusedNow;
    return now.identity;
  };
  try {
    const stream = await executor.subscribe({ document, operationName, variables, identity, signal, refresh, onDoubt, explain });
    const hasBegun = Symbol.asyncIterator in stream;
    metrics.answered(via, hasBegun ? {} : stream);
    return hasBegun ? unbreakable(stream, () => requestLog(log, identity), underway) : stream;
  } catch (error) {
    return refuseWith({ metrics }, via, [toGraphQLError(error, requestLog(log, identity))]);
  } finally {
    leave();
  }
}

function unbreakable(
  stream: AsyncGenerator<Answer, void>,
  log: () => Log,
  underway: SharedAnswers | undefined,
): AsyncGenerator<Answer, void> {
  const guarded = async function* () {
    try {
      for await (const event of stream) {
        // Whoever asks because of it must see what it tells of.
        underway?.changed();
        yield event;
      }
    } catch (error) {
      yield refusedWith(toGraphQLError(error, log()));
    }
  };
  return endingWith(guarded(), () => stream.return());
}

/** The error of a subscription that came where answers are single. */
export const wrongTransport = () =>
  new GraphQLError(
    'subscriptions travel by WebSocket (graphql-transport-ws on /graphql), as server-sent events (/graphql/stream), or by multipart (accept: multipart/mixed;subscriptionSpec=1.0)',
    { extensions: { code: 'BAD_REQUEST', reason: 'SUBSCRIPTION_TRANSPORT' } },
  );

/** What is told where too much runs. */
export const overloaded = () =>
  new GraphQLError('the service is overloaded, try again shortly', { extensions: upstreamUnavailable().extensions });
