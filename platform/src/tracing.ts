import { randomUUID } from 'node:crypto';
import {
  type Attributes,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { withDeadline } from './deadline.ts';

export { SpanKind };

/** A stretch of work that is recorded. Attributes hold names and numbers, never what people sent. */
export interface Recorded {
  /** The W3C trace context for all that works for it. */
  readonly traceparent: string;
  set(attributes: Attributes): void;
  /** Ends it; a reason says that it failed. */
  end(failure?: string): void;
}

export interface Stretch {
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
  /** When it began, as `performance.now()` tells it; now unless given. */
  readonly startTime?: number;
  /** A trace that led here without being the parent. */
  readonly link?: string | undefined;
}

/** The context that a request's work carries; recorded where its trace is sampled. */
export interface Entered {
  readonly traceparent: string;
  readonly recorded: Recorded | undefined;
}

const traceparentForm = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Whether a text has the form that W3C gave trace contexts. */
export const isTraceparent = (text: string): boolean => traceparentForm.test(text);

/** The id under which logs and traces show a request; undefined without a context. */
export const traceIdOf = (traceparent: string | null | undefined): string | undefined => traceparent?.slice(3, 35);

/** Whether a context asks for its trace to be recorded. */
export const isSampled = (traceparent: string | null | undefined): traceparent is string =>
  typeof traceparent === 'string' && (Number.parseInt(traceparent.slice(-1), 16) & TraceFlags.SAMPLED) !== 0;

/**
 * Begins a request's work, below the context that it came with or in a trace of its own. There is always a context to
 * hand on, because logs and events are told apart by it.
 */
export function enterTrace(name: string, parent: string | null, stretch: Stretch = {}): Entered {
  const span = begin(name, parent, stretch);
  if (span.isRecording()) return { traceparent: textOf(span.spanContext()), recorded: recordedBy(span) };
  const context = span.spanContext();
  return { traceparent: isSpanContextValid(context) ? textOf(context) : (parent ?? stretch.link ?? unsampled()), recorded: undefined };
}

/** Records a stretch of work for a request whose trace is sampled; for all others there is nothing to do. */
export function record(name: string, parent: string | null | undefined, stretch: Stretch = {}): Recorded | undefined {
  if (!isSampled(parent)) return undefined;
  const span = begin(name, parent, stretch);
  return span.isRecording() ? recordedBy(span) : undefined;
}

/** Runs work below a context, recorded as a stretch of its own where the trace is sampled; what it throws is thrown on. */
export async function recordWork<Result>(
  name: string,
  parent: string | null,
  stretch: Stretch,
  work: (traceparent: string | null) => Promise<Result>,
): Promise<Result> {
  const recorded = record(name, parent, stretch);
  const traceparent = recorded?.traceparent ?? parent;
  try {
    const result = await withDeadline({ deadline: Infinity, traceparent }, () => work(traceparent));
    recorded?.end();
    return result;
  } catch (error) {
    recorded?.end(error instanceof Error ? error.name : 'Error');
    throw error;
  }
}

const faults = new Set<unknown>(['INTERNAL_SERVER_ERROR', 'UPSTREAM_UNAVAILABLE']);

/** The code of the first error that is not the client's, if there is one. */
export function faultOf(
  errors: readonly { readonly extensions?: Readonly<Record<string, unknown>> | undefined }[] = [],
): string | undefined {
  const codes = errors.map(({ extensions }) => extensions?.['code']);
  return codes.find((code): code is string => faults.has(code));
}

function begin(name: string, parent: string | null, { kind, attributes, startTime, link }: Stretch): Span {
  const context = parent === null ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, contextOf(parent));
  // Its spans do nothing until `startTracing` has loaded an SDK, or a program around us has registered its own.
  return trace.getTracer('supergraph').startSpan(
    name,
    {
      ...(kind === undefined ? {} : { kind }),
      ...(attributes ? { attributes } : {}),
      ...(startTime === undefined ? {} : { startTime }),
      ...(isSampled(link) ? { links: [{ context: contextOf(link) }] } : {}),
    },
    context,
  );
}

const recordedBy = (span: Span): Recorded => ({
  traceparent: textOf(span.spanContext()),
  set: (attributes) => void span.setAttributes(attributes),
  end: (failure) => {
    if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
    span.end();
  },
});

const contextOf = (traceparent: string): SpanContext => ({
  traceId: traceparent.slice(3, 35),
  spanId: traceparent.slice(36, 52),
  traceFlags: Number.parseInt(traceparent.slice(53), 16),
  isRemote: true,
});

const textOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;

/** A context for what nobody records. */
const unsampled = (): string => `00-${randomUUID().replaceAll('-', '')}-${randomUUID().replaceAll('-', '').slice(16)}-00`;
