import { ApolloServer, HeaderMap, type ApolloServerPlugin, type BaseContext } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import type { GatewayInterface } from '@apollo/server-gateway-interface';
import { expressMiddleware } from '@as-integrations/express5';
import { jsonText } from '@supergraph/platform/service-server';
import type { RequestHandler } from 'express';
import { GraphQLError, type GraphQLFormattedError, parse } from 'graphql';
import { type Answer, formatError } from './answer.ts';
import type { Identified } from './identify.ts';
import { type Checked, isChecked } from './operations.ts';
import { answerOnce, type Serving, statusOf, toGraphQLError } from './serving.ts';

interface HttpContext extends BaseContext {
  readonly identified: Identified;
  readonly signal: AbortSignal;
  checked?: Checked | readonly GraphQLError[];
}

export interface HttpGraphQL {
  /** Expects the parsed body, and `identified` and `signal` in `response.locals`. */
  readonly handler: RequestHandler;
  readonly stop: () => Promise<void>;
}

/** Queries and mutations over HTTP: Apollo Server speaks the protocol, the executor does the work. */
export async function createHttpGraphQL(serving: Serving): Promise<HttpGraphQL> {
  const log = serving.log;
  const server = new ApolloServer<HttpContext>({
    gateway: gatewayOf(serving),
    plugins: [
      checking(serving),
      ApolloServerPluginLandingPageDisabled(),
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
    ],
    csrfPrevention: true,
    // Documents are checked by `operations`, introspection included.
    introspection: true,
    documentStore: null,
    // Statuses are chosen in one place, by code.
    status400ForVariableCoercionErrors: false,
    includeStacktraceInErrorResponses: false,
    allowBatchedHttpRequests: false,
    stopOnTerminationSignals: false,
    nodeEnv: 'production',
    logger: {
      debug: () => undefined,
      info: () => undefined,
      // At start it warns of its own next major version, which is no news to an operator.
      warn: (text: string) => log.debug(text),
      error: (text: string) => log.error(text),
    },
    formatError: (formatted, error) => maskUnexpected(formatted, error, serving),
    stringifyResult: jsonText,
  });
  await server.start();
  const handler = expressMiddleware(server, { context: ({ res }) => Promise.resolve({ ...(res.locals as HttpContext) }) });
  return { handler: handler, stop: () => server.stop() };
}

/** The gateway as Apollo Server wants to see it: a schema and a function that runs operations. */
function gatewayOf(serving: Serving): GatewayInterface {
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
          const { checked, identified, signal } = context as HttpContext;
          return toResult(await answerOnce(serving, checked as Checked, identified, signal));
        },
      });
    },
    stop: () => Promise.resolve(forget()),
  };
}

/** Apollo Server passes errors on as it gets them only where they are GraphQLErrors. */
const toResult = ({ data, errors }: Answer) => ({
  ...(data === undefined ? {} : { data: JSON.parse(data) as Record<string, unknown> }),
  ...(errors
    ? {
        errors: errors.map(
          ({ message, path, extensions }) => new GraphQLError(message, { path: path ?? null, extensions: extensions ?? null }),
        ),
      }
    : {}),
});

/** Stands in for a document that was refused, until its errors are answered. */
const nothing = parse('{ __typename }');

/** Checks a document as soon as its text is known; Apollo Server neither parses nor validates it again. */
function checking({ operations }: Serving): ApolloServerPlugin<HttpContext> {
  return {
    requestDidStart: () =>
      Promise.resolve({
        didResolveSource: (requestContext) => {
          const { request, source, contextValue } = requestContext;
          const checked = operations.check({ query: source, operationName: request.operationName, variables: request.variables });
          contextValue.checked = checked;
          (requestContext as { document?: unknown }).document = isChecked(checked) ? checked.document : nothing;
          return Promise.resolve();
        },
        responseForOperation: ({ contextValue }) => {
          const { checked } = contextValue;
          if (checked && isChecked(checked)) return Promise.resolve(null);
          const errors = checked?.map(formatError);
          return Promise.resolve({
            http: { status: 400, headers: new HeaderMap() },
            body: { kind: 'single', singleResult: { errors: errors ?? [] } },
          });
        },
        willSendResponse: ({ response }) => {
          response.http.headers.set('cache-control', 'no-store');
          if (response.body.kind !== 'single' || response.body.singleResult.data !== undefined) return Promise.resolve();
          const code = response.body.singleResult.errors?.[0]?.extensions?.['code'];
          if (response.http.status === undefined && code !== undefined) response.http.status = statusOf(code);
          if (response.http.status === 503) response.http.headers.set('retry-after', '1');
          return Promise.resolve();
        },
      }),
  };
}

/** Codes that Apollo Server gives to requests which it refuses itself. */
const protocolCodes = new Set([
  'BAD_REQUEST',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
  'OPERATION_RESOLUTION_FAILURE',
]);

function maskUnexpected(formatted: GraphQLFormattedError, error: unknown, { log }: Serving): GraphQLFormattedError {
  const code = formatted.extensions?.['code'];
  if (code !== 'INTERNAL_SERVER_ERROR' || formatted.extensions?.['errorId']) return formatted;
  if (typeof code === 'string' && protocolCodes.has(code)) return formatted;
  const { message, extensions } = toGraphQLError(error instanceof Error ? error : new Error(formatted.message), log);
  return { message, extensions, ...(formatted.path ? { path: formatted.path } : {}) };
}
