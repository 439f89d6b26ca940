import type { GraphQLFormattedError, OperationTypeNode } from 'graphql';
import { Counter, Histogram, type Registry } from 'prom-client';
import type { Answer } from './answer.ts';
import type { Transport } from './open-streams.ts';

/** Which way an operation took. */
export interface Via {
  readonly lane: 'direct' | 'apollo';
  readonly transport: Transport;
}

/** Measures what clients ask and get, whatever it is made of. */
export interface EdgeMetrics {
  /** An operation was answered, or a subscription has begun; with `ran` where it ran to its end. */
  answered(
    via: Via,
    answer: Pick<Answer, 'data' | 'errors'>,
    ran?: { readonly operation: OperationTypeNode; readonly tookMs: number },
  ): void;
  /** A request was refused before there was an operation. */
  refused(via: Via, reason: string): void;
}

type Outcome = 'ok' | 'partial' | 'refused' | 'failed';

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const failures = new Set<unknown>(['INTERNAL_SERVER_ERROR', 'UPSTREAM_UNAVAILABLE']);
const reasonsTold = 100;

/** Labels are few: reasons are words of our own, and beyond a hundred they are one. */
export function createEdgeMetrics(registry: Registry): EdgeMetrics {
  const registers = [registry];
  const requests = new Counter({
    name: 'gateway_requests_total',
    help: 'Operations by the way that they took and by how they ended; partial: data with errors',
    labelNames: ['lane', 'transport', 'outcome'],
    registers,
  });
  const refusals = new Counter({
    name: 'gateway_refusals_total',
    help: 'Requests and operations that were refused, by the reason that their client was told',
    labelNames: ['reason'],
    registers,
  });
  const durations = new Histogram({
    name: 'gateway_request_duration_seconds',
    help: 'How long operations took that ran',
    labelNames: ['transport', 'operation'],
    buckets: seconds,
    registers,
  });
  const reasons = new Set<string>();
  const tell = ({ lane, transport }: Via, outcome: Outcome) => requests.inc({ lane, transport, outcome });
  const refuse = (reason: string) => {
    const isKnown = reasons.has(reason);
    const isTold = isKnown || (reasons.size < reasonsTold && /^[A-Z][A-Z_0-9]{1,60}$/.test(reason));
    if (isTold && !isKnown) reasons.add(reason);
    refusals.inc({ reason: isTold ? reason : 'OTHER' });
  };
  return {
    answered: (via, { data, errors }, ran) => {
      const outcome = outcomeOf(data, errors);
      tell(via, outcome);
      if (outcome === 'refused') refuse(reasonOf(errors?.[0]));
      if (ran) durations.observe({ transport: via.transport, operation: ran.operation }, ran.tookMs / 1_000);
    },
    refused: (via, reason) => {
      tell(via, 'refused');
      refuse(reason);
    },
  };
}

function outcomeOf(data: Answer['data'], errors: Answer['errors'] = []): Outcome {
  if (errors.length === 0) return 'ok';
  if (data !== undefined && data !== 'null') return 'partial';
  return failures.has(errors[0]?.extensions?.['code']) ? 'failed' : 'refused';
}

/** The word for why an error came to be. */
export function reasonOf(error: GraphQLFormattedError | undefined): string {
  const { reason, code } = error?.extensions ?? {};
  if (typeof reason === 'string') return reason;
  return typeof code === 'string' ? code : 'UNKNOWN';
}
