import { currentTraceparent } from './deadline.ts';
import { isSampled, isTraceparent, record, type Recorded, SpanKind } from './tracing.ts';

/** Records a statement, whose values stand apart from its text, where the current work's trace is sampled. */
export function recordStatement(text: string): Recorded | undefined {
  const traceparent = currentTraceparent();
  if (!isSampled(traceparent)) return undefined;
  const operation = (/\w+/.exec(text)?.[0] ?? 'SQL').toUpperCase();
  const attributes = { 'db.system.name': 'postgresql', 'db.operation.name': operation, 'db.query.text': text };
  return record(operation, traceparent, { kind: SpanKind.CLIENT, attributes });
}

/**
 * The context of the current work as an SQL comment, so that the database's own views and logs lead to the trace;
 * empty where the trace is not sampled. A text of its own cannot be prepared once for many, so the others go without.
 */
export function traceComment(): string {
  const traceparent = currentTraceparent();
  return isSampled(traceparent) && isTraceparent(traceparent) ? ` /*traceparent='${traceparent}'*/` : '';
}
