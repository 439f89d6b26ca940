import { setTimeout as sleep } from 'node:timers/promises';
import type { GraphQLFormattedError } from 'graphql';
import { errors as undiciErrors, Pool } from 'undici';
import { createGuard, wasRefused } from './breaker.ts';
import type { RuntimeSettings } from './config.ts';
import { upstreamUnavailable } from './errors.ts';
import { signIdentity } from './identity-token.ts';
import type { Log } from './log.ts';
import { createRemoteStreams } from './remote-stream.ts';
import { identityHeader } from './service-server.ts';
import type { SubgraphAnswer, SubgraphClient, SubgraphRequest } from './subgraph.ts';

export interface RemoteOptions {
  readonly name: string;
  /** Where the service answers, such as http://127.0.0.1:4101/graphql. */
  readonly url: string;
  readonly settings: Pick<RuntimeSettings, 'internalKey'>;
  readonly log: Log;
}

const bounds = { connections: 32, waiting: 256, responseBytes: 10 * 1_048_576, connectMs: 1_000 };

/** Timers fire a little early or late. */
const clockGrainMs = 10;

/** The other side did not answer as it should. */
class Outage extends Error {
  override readonly name = 'Outage';
  readonly retryable: boolean;
  constructor(message: string, retryable: boolean, options?: ErrorOptions) {
    super(message, options);
    this.retryable = retryable;
  }
}

/** The caller no longer wants the answer; says nothing about the other side. */
class Unwanted extends Error {}

/** What callers get in place of an answer; it names no host and no service. */
export const unavailable = (): SubgraphAnswer => {
  const { message, extensions } = upstreamUnavailable();
  return { data: null, errors: [{ message, extensions: { ...extensions } }] };
};

/** A domain that runs as a service: asked over HTTP with a deadline, bounds, a breaker and one careful retry. */
export function createRemoteSubgraph({ name, url, settings, log }: RemoteOptions): SubgraphClient {
  const { origin, pathname, search } = new URL(url);
  const pool = new Pool(origin, {
    connections: bounds.connections,
    pipelining: 1,
    connectTimeout: bounds.connectMs,
    maxResponseSize: bounds.responseBytes,
  });
  const guard = createGuard({ isOutage: (error) => error instanceof Outage, concurrent: bounds.connections, waiting: bounds.waiting });
  const streams = createRemoteStreams({
    url,
    log,
    signFor: ({ identity, deadline }) => signIdentity(settings.internalKey, name, identity, deadline),
  });
  const budget = createBudget();

  const post = async (request: SubgraphRequest): Promise<SubgraphAnswer> => {
    const left = request.deadline - Date.now();
    if (left <= 0 || request.signal.aborted) throw new Unwanted();
    const { identity, deadline, signal } = request;
    const timeout = AbortSignal.timeout(Math.min(left, 2_147_483_647));
    try {
      const response = await pool.request({
        path: `${pathname}${search}`,
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          [identityHeader]: await signIdentity(settings.internalKey, name, identity, deadline),
          ...(identity.traceparent ? { traceparent: identity.traceparent } : {}),
        },
        body: JSON.stringify({ query: request.query, operationName: request.operationName, variables: request.variables }),
        signal: AbortSignal.any([signal, timeout]),
      });
      return await readAnswer(response);
    } catch (error) {
      // Whoever gives up at the deadline does so because of the other side.
      if (signal.aborted && Date.now() < deadline - clockGrainMs) throw new Unwanted();
      throw toOutage(error);
    }
  };
  const attempt = (request: SubgraphRequest) => guard.run(() => post(request));

  return {
    name,
    execute: async (request) => {
      budget.earn();
      try {
        return await attempt(request).catch(async (error: unknown) => {
          if (!(error instanceof Outage) || !error.retryable || !isQuery(request.query) || !budget.spend()) throw error;
          await sleep(10 + Math.random() * 40);
          return attempt(request);
        });
      } catch (error) {
        if (!(error instanceof Unwanted) && !wasRefused(error)) log.warn({ subgraph: name, error }, 'a subgraph did not answer');
        return unavailable();
      }
    },
    subscribe: (request) => Promise.resolve(streams.open(request)),
    close: async () => {
      await streams.close();
      await pool.destroy();
    },
  };
}

/** Only what cannot change anything may be sent twice. */
const isQuery = (document: string): boolean => /^\s*(query\b|\{)/.test(document) && !/\bmutation\b/.test(document);

type Response = Awaited<ReturnType<Pool['request']>>;

async function readAnswer({ statusCode, headers, body }: Response): Promise<SubgraphAnswer> {
  const type = String(headers['content-type'] ?? '');
  if (statusCode !== 200 || !type.startsWith('application/json')) {
    await body.dump();
    if (statusCode === 401) throw new Outage('it refuses our identity; mend: give both sides the same INTERNAL_KEY', false);
    throw new Outage(`it answered with status ${statusCode} and type ${type || 'none'}`, statusCode === 503);
  }
  return readGraphQL(await body.json());
}

/** Keeps of a subgraph's answer only what an answer consists of. */
export function readGraphQL(answer: unknown): SubgraphAnswer {
  if (!isRecord(answer) || (answer['data'] === undefined && answer['errors'] === undefined))
    throw new Outage('it answered with something that is no GraphQL', false);
  const { data, errors } = answer;
  if (data != null && !isRecord(data)) throw new Outage('its data is no object', false);
  return { data: data, ...(Array.isArray(errors) && errors.length > 0 ? { errors: errors.map(readError) } : {}) };
}

function readError(error: unknown): GraphQLFormattedError {
  const { message, path, extensions } = isRecord(error) ? error : {};
  return {
    message: typeof message === 'string' ? message : 'something went wrong on our side',
    ...(Array.isArray(path) ? { path: path as (string | number)[] } : {}),
    extensions: isRecord(extensions) ? extensions : { code: 'INTERNAL_SERVER_ERROR' },
  };
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

const notReached = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function toOutage(error: unknown): Error {
  if (error instanceof Outage) return error;
  if (error instanceof undiciErrors.ResponseExceededMaxSizeError) return new Outage('its answer is too large', false, { cause: error });
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return new Outage('it could not be asked', notReached.has(code), { cause: error });
}

/** One retry for every ten calls, and a few saved up. */
function createBudget() {
  let saved = 2;
  return {
    earn: () => {
      saved = Math.min(10, saved + 0.1);
    },
    spend: () => {
      if (saved < 1) return false;
      saved -= 1;
      return true;
    },
  };
}
