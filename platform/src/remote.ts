import { setTimeout as sleep } from 'node:timers/promises';
import { createGuard, wasRefused } from './breaker.ts';
import type { RuntimeSettings } from './config.ts';
import { parseAnswer, unavailable } from './graphql-answer.ts';
import { signIdentity } from './identity-token.ts';
import { type Log, requestLog } from './log.ts';
import { Outage, Unwanted } from './outage.ts';
import { createPoster, type HttpAnswer } from './remote-http.ts';
import type { CallbackExtension, Callbacks } from './remote-callbacks.ts';
import { createRemoteStreams } from './remote-stream.ts';
import { identityHeader } from './service-server.ts';
import type { SubgraphAnswer, SubgraphClient, SubgraphRequest } from './subgraph.ts';

export interface RemoteOptions {
  readonly name: string;
  /** Where the service answers, such as http://127.0.0.1:4101/graphql. */
  readonly url: string;
  readonly settings: Pick<RuntimeSettings, 'internalKey'>;
  readonly log: Log;
  /** What it learns of who asks: a token signed for it, or nothing, for services that are not ours. */
  readonly identity?: 'signed' | 'none';
  readonly subscriptions?: SubscriptionWay;
}

/** How a service sends events: over a WebSocket (graphql-transport-ws), at its own address unless given, or by calling back. */
export type SubscriptionWay =
  | { readonly over: 'websocket'; readonly url?: string | undefined }
  | { readonly over: 'callback'; readonly callbacks: Callbacks };

const bounds = { connections: 32, waiting: 256, responseBytes: 10 * 1_048_576, connectMs: 1_000 };

/** A subgraph that runs as a service: asked over HTTP with a deadline, bounds, a breaker and one careful retry. */
export function createRemoteSubgraph({
  name,
  url,
  settings,
  log,
  identity: told = 'signed',
  subscriptions,
}: RemoteOptions): SubgraphClient {
  const poster = createPoster(url, bounds);
  const guard = createGuard({ isOutage: (error) => error instanceof Outage, concurrent: bounds.connections, waiting: bounds.waiting });
  const sign =
    told === 'none'
      ? undefined
      : ({ identity, deadline }: Pick<SubgraphRequest, 'identity' | 'deadline'>) =>
          signIdentity(settings.internalKey, name, identity, deadline);
  const budget = createBudget();

  const ask = async (request: SubgraphRequest, callback?: CallbackExtension): Promise<SubgraphAnswer> => {
    const { deadline, signal } = request;
    const headers = ['content-type', 'application/json', 'accept', callback ? callbackAccept : 'application/json'];
    if (sign) headers.push(identityHeader, sign(request));
    if (request.identity.traceparent) headers.push('traceparent', request.identity.traceparent);
    return readHttp(await poster.post({ body: bodyOf(request, callback), headers, deadline, signal }), request.wantsText);
  };
  const attempt = (request: SubgraphRequest) => guard.run(() => ask(request));
  const again = async (request: SubgraphRequest, error: unknown): Promise<SubgraphAnswer> => {
    if (!(error instanceof Outage) || !error.retryable || !isQuery(request.query) || !budget.spend()) throw error;
    await sleep(10 + Math.random() * 40);
    return attempt(request);
  };

  const orUnavailable =
    ({ identity }: SubgraphRequest) =>
    (error: unknown): SubgraphAnswer => {
      if (!(error instanceof Unwanted) && !wasRefused(error))
        requestLog(log, identity).warn({ subgraph: name, error }, 'a subgraph did not answer');
      return unavailable();
    };
  const streams =
    subscriptions?.over === 'callback'
      ? createCallbackStreams(subscriptions.callbacks, (request, callback) =>
          guard.run(() => ask({ ...request, deadline: Date.now() + beginMs }, callback)).catch(orUnavailable(request)),
        )
      : createRemoteStreams({ url: subscriptions?.url ?? url, log, signFor: sign });

  return {
    name,
    isRemote: true,
    guardState: () => guard.state,
    execute: (request) => {
      budget.earn();
      return attempt(request)
        .catch((error: unknown) => again(request, error))
        .catch(orUnavailable(request));
    },
    subscribe: (request) => Promise.resolve(streams.open(request)),
    close: async () => {
      await streams.close();
      await poster.close();
    },
  };
}

/** How long a service may take to say that it will call back. */
const beginMs = 5_000;
const callbackAccept = 'application/json;callbackSpec=1.0, application/json';

/** Subscriptions whose events the service posts to us. */
function createCallbackStreams(
  callbacks: Callbacks,
  begin: (request: SubgraphRequest, callback: CallbackExtension) => Promise<SubgraphAnswer>,
) {
  return {
    open: async (request: SubgraphRequest): Promise<AsyncGenerator<SubgraphAnswer, void> | SubgraphAnswer> => {
      const leaving = new AbortController();
      const expected = callbacks.expect(AbortSignal.any([request.signal, leaving.signal]));
      if (!expected) return unavailable();
      const answer = await begin(request, expected.extension);
      if (!answer.errors?.length) return expected.answers;
      leaving.abort();
      return answer;
    },
    close: () => Promise.resolve(),
  };
}

/** Only what cannot change anything may be sent twice. */
const isQuery = (document: string): boolean => /^\s*(query\b|\{)/.test(document) && !/\bmutation\b/.test(document);

/** The request as JSON text; the variables as their caller has written them. */
function bodyOf({ query, operationName, variables, variablesText }: SubgraphRequest, subscription?: CallbackExtension): string {
  const text = variablesText ?? (variables ? JSON.stringify(variables) : undefined);
  const name = operationName ? `,"operationName":${JSON.stringify(operationName)}` : '';
  const extensions = subscription ? `,"extensions":${JSON.stringify({ subscription })}` : '';
  return `{"query":${JSON.stringify(query)}${name}${text === undefined ? '' : `,"variables":${text}`}${extensions}}`;
}

function readHttp({ status, type, text }: HttpAnswer, wantsText = false): SubgraphAnswer {
  // A document that it refuses is an answer, too: it says nothing against the rest of what it serves.
  const isRefusal = (status === 400 || status === 422) && isJson(type);
  if ((status !== 200 && !isRefusal) || !isJson(type)) {
    if (status === 401) throw new Outage('it refuses our identity; mend: give both sides the same INTERNAL_KEY', false);
    throw new Outage(`it answered with status ${status} and type ${type || 'none'}`, status === 503);
  }
  const answer = parseAnswer(text);
  if (isRefusal && !answer.errors) throw new Outage(`it answered with status ${status} and no error`, false);
  return wantsText ? { ...answer, text } : answer;
}

const isJson = (type: string): boolean => /^application\/(graphql-response\+)?json\b/.test(type);

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
