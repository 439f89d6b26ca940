import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createCalls } from '@supergraph/platform/calls';
import type { RuntimeSettings } from '@supergraph/platform/config';
import type { Identity, Viewer } from '@supergraph/platform/context';
import { createInProcessEngine, createInProcessLive } from '@supergraph/platform/in-process-bus';
import { createLog, type Log } from '@supergraph/platform/log';
import { type Runtime, seedAll, startRuntime } from '@supergraph/platform/runtime';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import { createTestDatabase } from '@supergraph/platform/test-database';
import type { TouchRule } from '@supergraph/platform/touches';
import { patienceMs, person, type RunOptions, type RunResult, testSettings } from '@supergraph/platform/testing';
import { createWorkerRuntime } from '@supergraph/platform/workers-runtime';
import { registry } from '@supergraph/subgraphs/registry';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import postgres, { type Sql } from 'postgres';
import { Registry } from 'prom-client';
import { type Answer, answerObject, refusedWith } from './src/answer.ts';
import { openCache } from './src/cache/cache.ts';
import { composeSubgraphs } from './src/compose.ts';
import { createClientMetrics, createEngineMetrics } from './src/engine-metrics.ts';
import type { Executor, ExecutorRequest } from './src/executor.ts';
import { publicContract } from './src/contracts.ts';
import { createExecutor } from './src/gateway.ts';
import { createIdentifier } from './src/identify.ts';
import { createOperations, isChecked } from './src/operations.ts';
import { type RunningGateway, type ServerOptions, startServer } from './src/server.ts';
import { openGraph } from './src/supergraph.ts';
import { fixedSupergraph, type SupergraphSource } from './src/supergraph-source.ts';

/** A key of accounts for tests, and tokens signed with it. */
export interface TestKey {
  readonly keySet: { readonly keys: readonly object[] };
  /** A token that holds, but for what `claims` and `header` change; `undefined` leaves a claim out. */
  sign(claims?: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
}

/** Makes a signing key as accounts has one. */
export async function createTestKey(publicUrl: string, kid = 'test', alg: 'ES256' | 'RS256' = 'ES256'): Promise<TestKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const now = () => Math.floor(Date.now() / 1_000);
  const claimsOfAda = {
    sub: 'ada',
    sid: 'session-1',
    client_id: 'tests',
    scope: 'app',
    roles: ['USER'],
    kind: 'PERSON',
    locale: 'en',
    zoneinfo: 'UTC',
  };
  return {
    keySet: { keys: [{ ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }] },
    sign: (claims = {}, header = {}) => {
      const token = { iss: publicUrl, aud: `${publicUrl}/graphql`, jti: 'token-1', iat: now(), exp: now() + 300 };
      const payload: JWTPayload = { ...token, ...claimsOfAda, acr: 'aal1', amr: ['pwd'], auth_time: now(), ...claims };
      // Headers that nobody knows may be said to be needed.
      const crit = Object.fromEntries(Object.keys(header).map((name) => [name, true]));
      return new SignJWT(payload).setProtectedHeader({ alg, kid, typ: 'at+jwt', ...header }).sign(privateKey, { crit });
    },
  };
}

export interface TestGatewayOptions extends Partial<Omit<ServerOptions, 'settings' | 'graph' | 'identifier' | 'log'>> {
  readonly subgraphs: readonly (SubgraphClient & { readonly sdl: string })[];
  /** Clients that stand in for those of the same name, such as remote ones. */
  readonly clients?: readonly SubgraphClient[];
  readonly settings?: Partial<RuntimeSettings>;
  readonly fetchMs?: number;
  /** Where the supergraph comes from; composed of the subgraphs unless given. */
  readonly source?: SupergraphSource;
  readonly log?: Log;
  /** Which events outdate what is remembered; nothing is, unless the settings say so. */
  readonly touches?: readonly TouchRule[];
}

export interface TestGateway extends RunningGateway {
  readonly url: string;
  readonly socketUrl: string;
  readonly settings: RuntimeSettings;
  readonly live: ReturnType<typeof createInProcessLive>;
}

/** Serves hand-made subgraphs on free ports, as `main.ts` serves the domains. */
export async function startTestGateway(given: TestGatewayOptions): Promise<TestGateway> {
  const { subgraphs, clients = [], fetchMs, source, touches = [], ...options } = given;
  const settings = testSettings({ publicUrl: 'http://graph.test', corsOrigins: ['https://app.test'], ...options.settings });
  const log = options.log ?? createLog(settings.logLevel, 'gateway');
  const live = createInProcessLive();
  const calls = createCalls();
  const all = new Map<string, SubgraphClient>([...subgraphs, ...clients].map((client) => [client.name, client]));
  for (const client of all.values()) calls.connect(client);
  const metrics = new Registry();
  const engineMetrics = createEngineMetrics(metrics);
  const watch = createClientMetrics(metrics);
  for (const client of all.values()) watch(client);
  const cache = openCache({ settings, live, rules: touches, log, metrics });
  const graph = await openGraph({
    source: source ?? fixedSupergraph(composeSubgraphs(subgraphs.map(({ name, sdl }) => ({ name, sdl }))).supergraphSdl),
    build: (supergraphSdl, clients) =>
      createExecutor({ supergraphSdl, clients, log, metrics: engineMetrics, cache: cache.of, ...(fetchMs ? { fetchMs } : {}) }),
    clients: all,
    log,
  });
  const identifier = createIdentifier({ settings, calls, live, scopes: () => graph.of(publicContract).current.facts.scopes, log });
  // A slow machine must not look like an overloaded gateway.
  const load = { loopDelayMs: 60_000, ...options.load };
  const running = await startServer({ ...options, load, settings, graph, identifier, log, metrics });
  const stop = async () => {
    await running.stop();
    await graph.close();
    await cache.close();
    rmSync(settings.dataDirectory, { recursive: true, force: true });
  };
  return {
    ...running,
    stop,
    settings,
    live,
    url: `http://127.0.0.1:${running.port}/graphql`,
    socketUrl: `ws://127.0.0.1:${running.port}/graphql`,
  };
}

export interface TestGraph {
  /** The person that asks unless a test says otherwise; may do what people's own clients may do. */
  readonly viewer: Viewer;
  /** Runs an operation through the composed graph, limits and access rules in force. */
  run(document: string, options?: Omit<RunOptions, 'service'>): Promise<RunResult>;
  /** Begins a subscription; rejects when it cannot begin. */
  subscribe(document: string, options?: Omit<RunOptions, 'service'>): Promise<AsyncGenerator<ReturnType<typeof answerObject>, void>>;
  /** Sends and handles all events and work that wait. */
  settle(): Promise<void>;
  /** Moves the clock that `ctx.now()` shows. */
  advance(ms: number): void;
  runtime(): Promise<Runtime>;
  /** The owner's connection, which sees behind the row-level security. */
  owner(): Promise<Sql>;
  /** Fills the domains with the sample world. */
  seed(): Promise<void>;
  close(): Promise<void>;
}

/** The named domains, composed into one graph on a fresh copy of the migrated database: journeys across domains. */
export const testGraph = (...domains: readonly string[]): TestGraph => testGraphWith({}, ...domains);

/** The same with other settings. */
export function testGraphWith(overrides: Partial<RuntimeSettings>, ...domains: readonly string[]): TestGraph {
  const viewer = person();
  const settings = testSettings(overrides);
  let moved = 0;
  let started: ReturnType<typeof startGraph> | undefined;
  const start = () => (started ??= startGraph(domains, settings, () => new Date(Date.now() + moved)));
  const requestOf = (executor: Executor, document: string, options: RunOptions): Answer | Omit<ExecutorRequest, 'signal' | 'deadline'> => {
    const variables = { ...options.variables, ...(options.input === undefined ? {} : { input: options.input }) };
    const checked = createOperations(() => executor, settings).check({ query: document, variables });
    if (!isChecked(checked)) return refusedWith(...checked);
    return { document: checked.document, operationName: undefined, variables, identity: identityOf(executor, viewer, options) };
  };
  return {
    viewer,
    run: async (document, options = {}) => {
      const { executor } = await start();
      const request = requestOf(executor, document, options);
      if (!('document' in request)) return toResult(request);
      return toResult(await executor.execute({ ...request, signal: new AbortController().signal, deadline: Date.now() + patienceMs }));
    },
    subscribe: async (document, options = {}) => {
      const { executor, ended } = await start();
      const request = requestOf(executor, document, options);
      const stream = 'document' in request ? await executor.subscribe({ ...request, signal: ended.signal }) : request;
      if (!(Symbol.asyncIterator in stream)) throw new Error(`the subscription did not begin: ${JSON.stringify(stream.errors)}`);
      return objectsOf(stream);
    },
    settle: async () => (await start()).runtime.settle(),
    advance: (ms) => {
      moved += ms;
    },
    runtime: async () => (await start()).runtime,
    owner: async () => (await start()).owner,
    seed: async () => {
      const { runtime, definitions } = await start();
      await seedAll(definitions, runtime);
    },
    close: async () => {
      // A graph that did not start has told so already.
      await started?.then(
        ({ stop }) => stop(),
        () => undefined,
      );
      rmSync(settings.dataDirectory, { recursive: true, force: true });
    },
  };
}

async function startGraph(domains: readonly string[], settings: RuntimeSettings, now: () => Date) {
  const definitions = await Promise.all(
    domains.map(async (name) => {
      const load = registry[name];
      if (!load) throw new Error(`there is no domain "${name}"\nmend: name one of ${Object.keys(registry).join(', ')}`);
      return (await load()).subgraph;
    }),
  );
  const database = await createTestDatabase();
  const log = createLog(settings.logLevel, 'test');
  const workers = await createWorkerRuntime({ url: database.ownerUrl, log, now, poll: false });
  const engines = { engine: createInProcessEngine({ retryDelaysMs: [5, 10] }), live: createInProcessLive(), workers };
  const runtime = await startRuntime(definitions, {
    ...engines,
    settings,
    databaseUrl: database.url,
    log,
    now,
    migrate: false,
    statementTimeoutMs: patienceMs,
  });
  const { supergraphSdl } = composeSubgraphs([...runtime.subgraphs.values()].map(({ name, sdl }) => ({ name, sdl })));
  const cache = openCache({
    settings,
    live: engines.live,
    policies: runtime.policies,
    rules: definitions.flatMap(({ touches = [] }) => touches),
    log,
  });
  const executor = createExecutor({ supergraphSdl, clients: runtime.clients, log, cache: cache.of });
  const ended = new AbortController();
  const owner = postgres(database.ownerUrl, { max: 1, onnotice: () => undefined });
  const stop = async () => {
    ended.abort();
    await owner.end({ timeout: 2 });
    await cache.close();
    await runtime.stop();
    await database.drop();
  };
  return { runtime, definitions, executor, ended, owner, stop };
}

function identityOf({ facts }: Executor, viewer: Viewer, { as = viewer, in: organization = null, traceparent }: RunOptions): Identity {
  return {
    requestId: randomUUID(),
    viewer: as && as.scopes.includes('*') ? { ...as, scopes: [...facts.scopes, ...as.scopes] } : as,
    organization,
    service: null,
    client: { ipAddress: '192.0.2.1', userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' },
    traceparent: traceparent ?? null,
  };
}

const toResult = ({ data, errors = [] }: Answer): RunResult => ({
  data: data === undefined ? undefined : (JSON.parse(data) as unknown),
  errors: errors.length > 0 ? [...errors] : undefined,
  codes: errors.map(({ extensions }) => extensions?.['code']),
  reasons: errors.map(({ extensions }) => extensions?.['reason']),
});

async function* objectsOf(stream: AsyncGenerator<Answer, void>) {
  try {
    for await (const answer of stream) yield answerObject(answer);
  } finally {
    await stream.return();
  }
}
