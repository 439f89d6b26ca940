import { randomUUID } from 'node:crypto';
import { type CallDomain, nobody } from './context.ts';
import { currentTraceparent } from './deadline.ts';
import { DomainError, type ErrorCode, upstreamUnavailable } from './errors.ts';
import type { SubgraphAnswer, SubgraphClient } from './subgraph.ts';

/** How one domain asks another at once: the same in process and over HTTP. */
export interface Calls {
  /** Makes a domain reachable. */
  connect(client: SubgraphClient): void;
  /** The door of one calling domain. */
  as(caller: string): CallDomain;
}

const defaultDeadlineMs = 2_000;
const codes = new Set<string>([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'BAD_USER_INPUT',
  'CONFLICT',
  'RATE_LIMITED',
  'UPSTREAM_UNAVAILABLE',
] satisfies ErrorCode[]);

/** Keeps the clients of all domains; a domain asks with its own identity and a deadline of 2 s. */
export function createCalls(options: { readonly deadlineMs?: number } = {}): Calls {
  const clients = new Map<string, SubgraphClient>();
  return {
    connect: (client) => void clients.set(client.name, client),
    as:
      (caller) =>
      async <Data>(domain: string, document: string, variables?: Record<string, unknown>) => {
        const client = clients.get(domain);
        if (!client) throw upstreamUnavailable();
        const ms = options.deadlineMs ?? defaultDeadlineMs;
        const identity = { ...nobody(randomUUID()), service: caller, traceparent: currentTraceparent() ?? null };
        const request = { query: document, variables, identity, deadline: Date.now() + ms, signal: AbortSignal.timeout(ms) };
        return readAnswer<Data>(await raceSignal(client.execute(request), request.signal));
      },
  };
}

function raceSignal<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(upstreamUnavailable());
  signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', onAbort));
}

function readAnswer<Data>({ data, errors }: SubgraphAnswer): Data {
  const first = errors?.[0];
  if (!first) return data as Data;
  const { code, ...details } = first.extensions ?? {};
  if (typeof code === 'string' && codes.has(code)) throw new DomainError(code as ErrorCode, first.message, details);
  throw new Error(`an internal operation failed: ${first.message}`);
}
