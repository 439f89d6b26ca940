import type { Identity } from '@supergraph/platform/context';
import { type Log, requestLog } from '@supergraph/platform/log';
import type { SubgraphAnswer, SubgraphClient, SubgraphRequest } from '@supergraph/platform/subgraph';
import { record, type Recorded, SpanKind } from '@supergraph/platform/tracing';
import { OperationTypeNode } from 'graphql';
import type { FetchOutcome } from '../explained.ts';
import { unavailableAnswer } from './errors.ts';
import type { FetchReport } from './fetch-report.ts';
import { readable } from './readable.ts';
import type { Ask, FetchRequest } from './run.ts';
import { askerOf, type Sharing } from './sharing.ts';

export interface AskOptions {
  readonly clients: ReadonlyMap<string, SubgraphClient>;
  readonly log: Log;
  /** How long one subgraph may take for a query; mutations get the whole deadline. */
  readonly fetchMs: number;
  /** Absent where equal questions are all asked. */
  readonly sharing: Sharing | undefined;
}

/** For whom a plan runs, and until when. */
export interface Asking {
  readonly operation: OperationTypeNode;
  readonly identity: Identity;
  /** Ends when the client leaves. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** Hears what came of each fetch. */
  readonly report: (report: FetchReport) => void;
}

/** Asks subgraphs for one run; what cannot be had in time is an answer that says so. */
export function createAsk({ clients, log, fetchMs, sharing }: AskOptions, asking: Asking): Ask {
  const { operation, identity, signal } = asking;
  const isMutation = operation === OperationTypeNode.MUTATION;
  let asker: string | undefined;
  return async (request) => {
    const client = clients.get(request.service);
    const ended = beginFetch(request, client, asking);
    if (!client || signal.aborted) return ended.with(unavailableAnswer(), false);
    // A mutation that was begun gets all the time there is: cutting it off tells nothing about its effect.
    const deadline = isMutation ? asking.deadline : Math.min(asking.deadline, Date.now() + fetchMs);
    let isShared = true;
    const begin = (question: Question) => (ending: AbortSignal) => {
      isShared = false;
      return client.execute({ ...question, identity: ended.identity, deadline, signal: ending });
    };
    const work = (): ((ending: AbortSignal) => Promise<SubgraphAnswer>) => {
      const question = questionFor(client, request);
      if (!client.isRemote || isMutation || !sharing) return begin(question);
      asker ??= askerOf(identity);
      const key = [request.service, asker, request.since ?? '', request.query, question.variablesText].join('\n');
      return (ending) => sharing.ask(key, ending, begin({ ...question, wantsText: true }));
    };
    const answer = await inTime({ service: request.service, log: () => requestLog(log, identity), signal, deadline }, work());
    if (isMutation) sharing?.changed();
    return ended.with(readable(answer), isShared);
  };
}

/** Begins to measure a fetch, and to record it where the request's trace is sampled: its work then hangs below it. */
function beginFetch(
  { fetch, service, entities: asked, wanted, remembered }: FetchRequest,
  client: SubgraphClient | undefined,
  { identity, signal, report }: Asking,
) {
  const kind = client?.isRemote ? SpanKind.CLIENT : SpanKind.INTERNAL;
  const span = record(`fetch ${service}`, identity.traceparent, { kind, attributes: { subgraph: service } });
  const startedAt = performance.now();
  return {
    identity: span ? { ...identity, traceparent: span.traceparent } : identity,
    /** The answer, when it is told what came of the fetch. */
    with: (answer: SubgraphAnswer, isShared: boolean): SubgraphAnswer => {
      const outcome = outcomeOf(answer, signal);
      const { length: errors } = answer.errors ?? [];
      const counts = { errors, wanted, asked, remembered, isShared };
      report({ fetch, startedAt, endedAt: performance.now(), outcome, ...counts });
      if (span) endSpan(span, outcome, counts);
      return answer;
    },
  };
}

function endSpan(
  span: Recorded,
  outcome: FetchOutcome,
  { errors, wanted, asked, remembered, isShared }: Pick<FetchReport, 'errors' | 'wanted' | 'asked' | 'remembered' | 'isShared'>,
) {
  const entities = { 'entities.wanted': wanted, 'entities.asked': asked, 'entities.remembered': remembered };
  span.set({ outcome, errors, shared: isShared, ...(wanted > 0 ? entities : {}) });
  span.end(outcome === 'unavailable' ? 'UPSTREAM_UNAVAILABLE' : undefined);
}

function outcomeOf({ data, errors }: SubgraphAnswer, signal: AbortSignal): FetchOutcome {
  if (!errors || errors.length === 0) return 'ok';
  if (data || errors[0]?.extensions?.['code'] !== 'UPSTREAM_UNAVAILABLE') return 'errors';
  return signal.aborted ? 'abandoned' : 'unavailable';
}

type Question = Omit<SubgraphRequest, 'identity' | 'deadline' | 'signal'>;

/** Over a wire variables travel as text, which is there already; inside the process as they are. */
const questionFor = ({ isRemote }: SubgraphClient, { query, operationName, variables, variablesText }: FetchRequest): Question =>
  isRemote ? { query, operationName, variablesText: variablesText() } : { query, operationName, variables: variables() };

/** Lets a client that keeps the deadline itself be the first to give up. */
const graceMs = 20;

interface Bounds {
  readonly service: string;
  readonly log: () => Log;
  readonly signal: AbortSignal;
  readonly deadline: number;
}

/** Does not wait for an answer beyond the deadline, nor when the client has left. */
async function inTime(
  { service, log, signal, deadline }: Bounds,
  work: (ending: AbortSignal) => Promise<SubgraphAnswer>,
): Promise<SubgraphAnswer> {
  const ended = new AbortController();
  const { promise, resolve } = Promise.withResolvers<SubgraphAnswer>();
  const give = () => {
    ended.abort();
    resolve(unavailableAnswer());
  };
  const timer = setTimeout(give, Math.max(0, deadline - Date.now()) + graceMs);
  signal.addEventListener('abort', give, { once: true });
  try {
    return await Promise.race([work(ended.signal), promise]);
  } catch (error) {
    log().error({ subgraph: service, error }, 'a subgraph threw instead of answering');
    return unavailableAnswer();
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', give);
  }
}
