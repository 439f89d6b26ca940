import type { IncomingHttpHeaders } from 'node:http';
import {
  ApolloServer,
  type ApolloServerPlugin,
  type BaseContext,
  HeaderMap,
  type HTTPGraphQLRequest,
  type HTTPGraphQLResponse,
} from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { GatewayInterface } from '@apollo/server-gateway-interface';
import { jsonText } from '@supergraph/platform/service-server';
import { type DocumentNode, GraphQLError, type GraphQLFormattedError, Kind, OperationTypeNode } from 'graphql';
import { type Answer, answerObject, type Increment, type IncrementalAnswer, isIncremental } from '../answer.ts';
import { headersOf, statusOf, toGraphQLError } from '../edge-errors.ts';
import { endingWith } from '../generators.ts';
import type { ContractServings } from '../contract-servings.ts';
import type { Identified } from '../identify.ts';
import type { LiveExecutor } from '../live-executor.ts';
import { isChecked } from '../operations.ts';
import { answerInParts, answerOnce, refuseWith, type Serving } from '../serving.ts';
import { partsType } from './accept.ts';
import { cacheHeaders } from './cache-headers.ts';
import type { Exchange, Lane } from './lane.ts';
import type { Reply } from './reply.ts';

/** What plugins find in `contextValue`. */
export interface PluginContext extends BaseContext {
  readonly identified: Identified;
}

/** A plugin of Apollo Server, as composition roots hand it in. */
export type GatewayPlugin = ApolloServerPlugin<PluginContext>;

interface LaneContext extends PluginContext {
  readonly exchange: Exchange;
  /** Deferred parts that run: who leaves ends them. And how long caches on the way may keep the answer. */
  readonly running: { later?: IncrementalAnswer['later']; cache?: Answer['cache'] };
}

/** The way through Apollo Server's pipeline, for the sake of its plugins. What is answered is the same. */
export async function createApolloLane(servings: ContractServings, plugins: readonly GatewayPlugin[]): Promise<Lane> {
  const servers = new Map<LiveExecutor, ApolloServer<LaneContext>>();
  for (const serving of servings.values()) servers.set(serving.live, await startApolloServer(serving, plugins));
  const [first] = servers.values();
  return {
    name: 'apollo',
    answer: async (exchange) => {
      const running: LaneContext['running'] = {};
      const context = () => Promise.resolve<LaneContext>({ exchange, identified: exchange.identified, running });
      const server = servers.get(exchange.serving.live);
      if (!server) throw new Error('no server was started for this contract');
      const response = await server.executeHTTPGraphQLRequest({ httpGraphQLRequest: requestOf(exchange), context });
      const reply = toReply(response, () => running.later?.return());
      return { ...reply, headers: { ...cacheHeaders(running), ...reply.headers } };
    },
    page: async ({ headers }) => {
      const httpGraphQLRequest = { method: 'GET', headers: headerMap(headers), search: '', body: {} };
      const context = () => Promise.reject(new GraphQLError('there is no page here', { extensions: { code: 'NOT_FOUND' } }));
      const response = await first?.executeHTTPGraphQLRequest({ httpGraphQLRequest, context });
      return response?.headers.get('content-type')?.startsWith('text/html') ? toReply(response) : undefined;
    },
    stop: async () => {
      for (const server of servers.values()) await server.stop();
    },
  };
}

async function startApolloServer(serving: Serving, plugins: readonly GatewayPlugin[]): Promise<ApolloServer<LaneContext>> {
  const { log } = serving;
  const carried = new WeakMap<GraphQLError, GraphQLFormattedError>();
  const server = new ApolloServer<LaneContext>({
    gateway: gatewayOf(serving, carried),
    plugins: [pipeline, ...plugins, ...disabledUnlessGiven(plugins)],
    // The entrance of both lanes has looked at all of these.
    csrfPrevention: false,
    persistedQueries: false,
    introspection: true,
    allowBatchedHttpRequests: false,
    documentStore: null,
    status400ForVariableCoercionErrors: false,
    includeStacktraceInErrorResponses: false,
    stopOnTerminationSignals: false,
    nodeEnv: 'production',
    logger: {
      debug: () => undefined,
      info: () => undefined,
      // At start it warns of its own next major version, which is no news to an operator.
      warn: (text: string) => log.debug(text),
      error: (text: string) => log.error(text),
    },
    formatError: (formatted, error) => carried.get(error as GraphQLError) ?? maskUnexpected(formatted, error, serving),
    stringifyResult: jsonText,
  });
  await server.start();
  return server;
}

/** Plugins that Apollo Server adds by itself, unless a composition root wants them. */
function disabledUnlessGiven(plugins: readonly GatewayPlugin[]): ApolloServerPlugin[] {
  const idOf = (plugin: object) => (plugin as { __internal_plugin_id__?: string }).__internal_plugin_id__;
  const given = new Set(plugins.map(idOf));
  return [
    ApolloServerPluginLandingPageDisabled(),
    ApolloServerPluginCacheControlDisabled(),
    ApolloServerPluginUsageReportingDisabled(),
    ApolloServerPluginSchemaReportingDisabled(),
  ].filter((plugin) => !given.has(idOf(plugin)));
}

/** The gateway as Apollo Server wants to see it: a schema and a function that runs operations. */
function gatewayOf(serving: Serving, carried: WeakMap<GraphQLError, GraphQLFormattedError>): GatewayInterface {
  const { live } = serving;
  let forget: () => void = () => undefined;
  let announce: Parameters<GatewayInterface['onSchemaLoadOrUpdate']>[0] = () => undefined;
  return {
    onSchemaLoadOrUpdate: (callback) => {
      announce = callback;
      return () => undefined;
    },
    load: () => {
      const tell = () => announce({ apiSchema: live.current.schema, coreSupergraphSdl: '' });
      tell();
      forget = live.onSwap(tell);
      return Promise.resolve({
        executor: async ({ context }) => {
          const { exchange, running } = context as LaneContext;
          const { checked, ...work } = exchange;
          const answer = isChecked(checked) ? await answerOnce(serving, { ...work, checked }) : refuseWith(serving, work.via, checked);
          running.cache = answer.cache;
          return toResult(answer, carried);
        },
      });
    },
    stop: () => Promise.resolve(forget()),
  };
}

/** Apollo Server wants errors as objects; how they read was decided before. */
function toResult({ data, errors, extensions }: Answer, carried: WeakMap<GraphQLError, GraphQLFormattedError>) {
  const errorOf = (formatted: GraphQLFormattedError) => {
    const error = new GraphQLError(formatted.message, { path: formatted.path ?? null, extensions: formatted.extensions ?? null });
    carried.set(error, formatted);
    return error;
  };
  return { ...answerObject({ data, extensions }), ...(errors?.length ? { errors: errors.map(errorOf) } : {}) };
}

/** Puts the checked document into Apollo Server's pipeline, which then neither parses nor validates. */
const pipeline: ApolloServerPlugin<LaneContext> = {
  requestDidStart: () =>
    Promise.resolve({
      didResolveSource: (requestContext) => {
        const { checked } = requestContext.contextValue.exchange;
        const document = isChecked(checked) ? checked.document : standIn(requestContext.request.operationName);
        (requestContext as { document?: DocumentNode }).document = document;
        return Promise.resolve();
      },
      responseForOperation: async ({ contextValue: { exchange, running } }) => {
        const { checked, accepted } = exchange;
        if (!isChecked(checked) || !checked.usesDefer || !accepted.parts) return null;
        const result = await answerInParts(exchange.serving, { ...exchange, checked });
        const http = { status: undefined, headers: new HeaderMap() };
        if (!isIncremental(result)) return { http, body: { kind: 'single', singleResult: answerObject(result) } };
        running.later = result.later;
        return { http, body: { kind: 'incremental', ...incrementalResult(result) } };
      },
      willSendResponse: ({ response: { http, body } }) => {
        if (body.kind !== 'single') return Promise.resolve();
        const { data, errors } = body.singleResult;
        const extensions = errors?.[0]?.extensions;
        // Apollo Server says 500 where a plugin threw without naming a status.
        if (data === undefined && (http.status ?? 500) === 500) http.status = statusOf(extensions?.['code']);
        for (const [name, value] of Object.entries(headersOf(http.status ?? 200, extensions))) http.headers.set(name, value);
        return Promise.resolve();
      },
    }),
};

/** Stands in for a document that was refused, so that the pipeline gets as far as its errors. */
const standIn = (operationName: string | undefined): DocumentNode => ({
  kind: Kind.DOCUMENT,
  definitions: [
    {
      kind: Kind.OPERATION_DEFINITION,
      operation: OperationTypeNode.QUERY,
      ...(operationName ? { name: { kind: Kind.NAME, value: operationName } } : {}),
      selectionSet: { kind: Kind.SELECTION_SET, selections: [{ kind: Kind.FIELD, name: { kind: Kind.NAME, value: '__typename' } }] },
    },
  ],
});

function incrementalResult({ initial, later }: IncrementalAnswer) {
  const results = async function* () {
    for await (const increments of later) yield { hasNext: true, incremental: increments.map(incrementObject) };
    yield { hasNext: false };
  };
  return { initialResult: { ...answerObject(initial), hasNext: true }, subsequentResults: results() };
}

const incrementObject = ({ path, label, data, errors, extensions }: Increment) => ({
  path,
  ...(label === undefined ? {} : { label }),
  ...(errors?.length ? { errors } : {}),
  data: JSON.parse(data) as Record<string, unknown>,
  ...(extensions ? { extensions } : {}),
});

/** The request as the entrance of both lanes has understood it. */
function requestOf({ request, sent, accepted }: Exchange): HTTPGraphQLRequest {
  const headers = headerMap(request.headers);
  headers.set('accept', accepted.parts ? `${partsType}, ${accepted.whole}` : accepted.whole);
  // Apollo Server would refuse the lack of a text before it looks at why.
  const given = Object.entries({ ...sent, query: sent.query || '{ __typename }' }).filter(([, value]) => value != null);
  if (request.method !== 'GET') return { method: 'POST', headers, search: '', body: Object.fromEntries(given) };
  const texts = given.map(([name, value]): [string, string] => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
  return { method: 'GET', headers, search: `?${String(new URLSearchParams(texts))}`, body: {} };
}

function headerMap(headers: IncomingHttpHeaders): HeaderMap {
  const map = new HeaderMap();
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) map.set(name, String(value));
  return map;
}

const toReply = ({ status = 200, headers, body }: HTTPGraphQLResponse, end: () => unknown = () => undefined): Reply => ({
  status,
  headers: Object.fromEntries(headers),
  body: body.kind === 'complete' ? body.string : endingWith(body.asyncIterator as AsyncGenerator<string, void>, end),
});

function maskUnexpected(formatted: GraphQLFormattedError, error: unknown, { log }: Serving): GraphQLFormattedError {
  if (formatted.extensions?.['code'] !== 'INTERNAL_SERVER_ERROR' || formatted.extensions['errorId']) return formatted;
  const { message, extensions } = toGraphQLError(error instanceof Error ? error : new Error(formatted.message), log);
  return { message, extensions, ...(formatted.path ? { path: formatted.path } : {}) };
}
