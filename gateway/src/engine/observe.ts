import { enterTrace, faultOf, SpanKind } from '@supergraph/platform/tracing';
import { getOperationAST, type GraphQLFormattedError } from 'graphql';
import { type Answer, type IncrementalAnswer, type Increment, isIncremental } from '../answer.ts';
import type { ExecutorRequest } from '../executor.ts';
import type { Explained } from '../explained.ts';
import { createRecording, type Recording } from './recording.ts';

type AnyRequest = Omit<ExecutorRequest, 'deadline'>;

/** A request below a trace context of its own; with a recording where it wants to be told how it was done. */
export type Observed<Request extends AnyRequest = ExecutorRequest> = Request & { readonly recording?: Recording | undefined };

/** One operation, or one event, while it is answered. */
export interface Observation<Request extends AnyRequest> {
  readonly request: Observed<Request>;
  /** The answer, or a part of it, with what was asked to be told so far. */
  readonly tell: <Told extends Pick<Answer, 'extensions'>>(answer: Told, what?: keyof Explained) => Told;
  /** Ends what is recorded of it; only the first call counts. */
  readonly end: (failure?: string) => void;
}

export interface Occasion {
  /** What is observed, where it is not the operation itself. */
  readonly name?: string;
  /** The trace that led to it, in place of a parent. */
  readonly link?: string | null;
}

/** Begins to observe: a span where the trace is sampled, a recording where somebody asked for it, and else next to nothing. */
export function observe<Request extends AnyRequest>(request: Request, { name, link }: Occasion = {}): Observation<Request> {
  const { identity } = request;
  const operation = getOperationAST(request.document, request.operationName);
  const type = operation?.operation ?? 'query';
  const { traceparent, recorded } = enterTrace(name ?? type, link ? null : identity.traceparent, {
    kind: SpanKind.SERVER,
    attributes: { 'graphql.operation.type': type, ...(operation?.name ? { 'graphql.operation.name': operation.name.value } : {}) },
    ...(link ? { link } : {}),
  });
  const recording = request.explain ? createRecording() : undefined;
  let ended = false;
  return {
    request: { ...request, recording, identity: traceparent === identity.traceparent ? identity : { ...identity, traceparent } },
    tell: (answer, what) => {
      const told = recording?.told();
      return told ? { ...answer, extensions: { ...answer.extensions, ...(what ? { [what]: told[what] } : told) } } : answer;
    },
    end: (failure) => {
      if (ended) return;
      ended = true;
      recorded?.end(failure);
    },
  };
}

/** Answers an operation and observes it. */
export async function observed<Result extends Answer | IncrementalAnswer>(
  request: ExecutorRequest,
  answer: (request: Observed) => Promise<Result>,
): Promise<Result>;
export async function observed(
  request: ExecutorRequest,
  answer: (request: Observed) => Promise<Answer | IncrementalAnswer>,
): Promise<Answer | IncrementalAnswer> {
  const observation = observe(request);
  try {
    const result = await answer(observation.request);
    if (isIncremental(result)) return inParts(observation, result);
    observation.end(faultOf(result.errors));
    return observation.tell(result);
  } catch (error) {
    observation.end(error instanceof Error ? error.name : 'Error');
    throw error;
  }
}

/** The first part tells the plan, and each part the timings as they are by then; the observation ends with the last one. */
function inParts({ tell, end }: Observation<ExecutorRequest>, { initial, later }: IncrementalAnswer): IncrementalAnswer {
  const parts = tellEach(initial.errors ?? [], later, { tell, end });
  const close = parts.return.bind(parts);
  // A generator that never began skips its `finally`.
  parts.return = async (value) => {
    end();
    await later.return();
    return close(value);
  };
  return { initial: tell(initial), later: parts };
}

async function* tellEach(
  first: readonly GraphQLFormattedError[],
  later: IncrementalAnswer['later'],
  { tell, end }: Pick<Observation<ExecutorRequest>, 'tell' | 'end'>,
): AsyncGenerator<readonly Increment[], void> {
  const errors = [...first];
  try {
    for await (const increments of later) {
      errors.push(...increments.flatMap((increment) => increment.errors ?? []));
      yield [...increments.slice(0, -1), ...increments.slice(-1).map((last) => tell(last, 'timings'))];
    }
  } finally {
    end(faultOf(errors));
  }
}
