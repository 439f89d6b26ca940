import { pino, type Logger } from 'pino';
import type { Identity } from './context.ts';
import { traceIdOf } from './tracing.ts';

export type Log = Logger;

/** Wraps a secret so that printing, logging or serializing it never shows it. */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  /** The secret itself; call it where it is used and nowhere else. */
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return '[redacted]';
  }
  toJSON(): string {
    return '[redacted]';
  }
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[redacted]';
  }
}

/** Fields that may be logged; everything else is dropped, because what is not foreseen may be personal. */
const allowed = new Set([
  'service',
  'trace',
  'requestId',
  'tenant',
  'userId',
  'operation',
  'code',
  'errorId',
  'event',
  'eventId',
  'consumer',
  'worker',
  'durationMs',
  'attempts',
  'count',
  'port',
  'signal',
  'status',
  'subgraph',
  'reason',
  'error',
  'migration',
  'path',
  'method',
  'pid',
  'mend',
  'directory',
]);

/** Keeps an error's type, message and stack; a driver's query parameters and details never reach the log. */
const describeError = (error: unknown) =>
  error instanceof Error
    ? { type: error.name, message: maskSecrets(error.message), stack: maskSecrets(error.stack ?? ''), ...causeOf(error) }
    : { message: maskSecrets(String(error)) };

const causeOf = (error: Error): { cause?: string } =>
  error.cause instanceof Error ? { cause: maskSecrets(`${error.cause.name}: ${error.cause.message}`) } : {};

/** Blanks what looks like a credential inside free text: tokens, passwords in addresses, statement parameters. */
export function maskSecrets(text: string): string {
  return text
    .replaceAll(/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, '[redacted]')
    .replaceAll(/\bpat_\w+/g, '[redacted]')
    .replaceAll(/(\w+:\/\/[^:/\s]*):[^@\s]+@/g, '$1:[redacted]@')
    .replaceAll(/\nparams: .*/g, '\nparams: [redacted]')
    .replaceAll(/(bearer|password|secret|token)(["']?\s*[:=]\s*["']?)[^\s"',}]+/gi, '$1$2[redacted]');
}

function onlyAllowed(record: Record<string, unknown>): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(record)) {
    if (!allowed.has(key)) continue;
    kept[key] = key === 'error' ? describeError(value) : typeof value === 'string' ? maskSecrets(value) : value;
  }
  return kept;
}

/** A JSON log on standard error; `level` as pino has them, or `silent`. */
export function createLog(level: string, service: string): Log {
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: onlyAllowed, bindings: onlyAllowed },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}

type Requester = Pick<Identity, 'requestId' | 'traceparent' | 'viewer' | 'organization'>;

/** A log whose lines tell which request, trace, person and tenant they are about. */
export const requestLog = (log: Log, { requestId, traceparent, viewer, organization }: Requester): Log =>
  log.child({
    requestId,
    ...(traceparent ? { trace: traceIdOf(traceparent) } : {}),
    ...(viewer ? { userId: viewer.userId } : {}),
    ...(organization ? { tenant: organization.id } : {}),
  });
