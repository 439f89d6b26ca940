import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RequestHandler } from 'express';
import { checkDomains, type RuntimeSettings } from '@supergraph/platform/config';
import { openFoundation } from '@supergraph/platform/foundation';
import type { Log } from '@supergraph/platform/log';
import { createCallbacks } from '@supergraph/platform/remote-callbacks';
import { createRemoteRoutes } from '@supergraph/platform/remote-routes';
import { type Runtime, seedAll, startRuntime } from '@supergraph/platform/runtime';
import { startTracing } from '@supergraph/platform/start-tracing';
import { sdlOf, type SubgraphClient, type SubgraphDefinition } from '@supergraph/platform/subgraph';
import { registry } from '@supergraph/subgraphs/registry';
import { Registry } from 'prom-client';
import { playgroundPage } from './samples.ts';
import { openCache } from './src/cache/cache.ts';
import { composeSubgraphs, isComposedFrom } from './src/compose.ts';
import { createConnector, isReachable } from './src/connections.ts';
import { publicContract } from './src/contracts.ts';
import { createClientMetrics, createEngineMetrics } from './src/engine-metrics.ts';
import { createExecutor } from './src/gateway.ts';
import type { GatewayPlugin } from './src/http/apollo-lane.ts';
import { createIdentifier } from './src/identify.ts';
import { createMailPage } from './src/mail-page.ts';
import type { OverrideOptions } from './src/overrides.ts';
import { createPlayground } from './src/playground.ts';
import { startServer } from './src/server.ts';
import { openGraph } from './src/supergraph.ts';
import { supergraphFile } from './src/supergraph-file.ts';
import { fixedSupergraph, type SupergraphSource } from './src/supergraph-source.ts';

/** The whole program, serving. */
export interface App {
  readonly port: number;
  readonly adminPort: number;
  readonly runtime: Runtime;
  stop(): Promise<void>;
}

/** The domains of the registry, loaded, in alphabetical order. */
export const loadDomains = async (): Promise<SubgraphDefinition[]> =>
  (await Promise.all(Object.values(registry).map((load) => load()))).map(({ subgraph }) => subgraph);

/** What a program may bring beside its settings. */
export interface AppOptions {
  /** Gives supergraphs in place of SUPERGRAPH and of the domains' own. */
  readonly source?: (clients: ReadonlyMap<string, SubgraphClient>) => SupergraphSource;
  /** Decides labels of `@override(label:)`. */
  readonly decideOverride?: OverrideOptions['decide'];
  /** Plugins of Apollo Server; with any, all requests over HTTP take its pipeline. */
  readonly plugins?: readonly GatewayPlugin[];
}

/** Starts the graph: embedded domains here, subgraphs with a SUBGRAPH_<NAME>_URL over HTTP, the gateway before them. */
export async function startApp(settings: RuntimeSettings, log: Log, options: AppOptions = {}): Promise<App> {
  // A supergraph that comes from elsewhere may have subgraphs of its own.
  checkDomains(options.source ? { ...settings, subgraphUrls: new Map() } : settings, Object.keys(registry));
  const domains = await loadDomains();
  const isOurs = (name: string) => domains.some((domain) => domain.name === name);
  const embedded = domains.filter(({ name }) => !settings.subgraphUrls.has(name));
  const foundation = await openFoundation(settings, { alone: embedded.length === domains.length, log });
  const metrics = new Registry();
  // What has begun is ended in reverse, so that nothing looks for a database that is gone.
  const undo: (() => unknown)[] = [() => foundation.leave()];
  try {
    undo.push(await startTracing({ settings, service: 'gateway', log }));
    const address = { callback: settings.callbackUrl ?? `${settings.publicUrl}/callback` };
    const callbacks = createCallbacks({ address: () => address.callback });
    undo.push(() => callbacks.close());
    const connector = createConnector({ settings, log, isOurs, callbacks });
    const watch = createClientMetrics(metrics);
    const connect = (name: string, url: string) => watch(connector(name, url));
    const remotes = [...settings.subgraphUrls].map(([name, url]) => connect(name, url));
    const runtime = await startRuntime(embedded, { ...foundation, settings, log, remotes });
    undo.push(() => runtime.stop());
    if (settings.seed === 'demo') await seedAll(embedded, runtime);
    const engineMetrics = createEngineMetrics(metrics);
    const cache = openCache({
      settings,
      live: foundation.live,
      policies: runtime.policies,
      rules: domains.flatMap(({ touches = [] }) => touches),
      log,
      metrics,
    });
    undo.push(() => cache.close());
    const graph = await openGraph({
      source: options.source?.(runtime.clients) ?? sourceOf(domains, settings),
      build: (supergraphSdl, clients) =>
        createExecutor({ supergraphSdl, clients, log, generateCode: settings.generatedCode, metrics: engineMetrics, cache: cache.of }),
      clients: runtime.clients,
      connect: (name, url) => (isReachable(url) ? connect(name, url) : undefined),
      overrides: { active: settings.overrideLabels, ...(options.decideOverride ? { decide: options.decideOverride } : {}) },
      log,
    });
    undo.push(() => graph.close());
    const scopes = () => graph.of(publicContract).current.facts.scopes;
    const identifier = createIdentifier({ settings, calls: runtime.calls, live: foundation.live, scopes, log });
    undo.push(() => identifier.close());
    const domainRoutes = routesOf(domains, runtime, settings, log);
    undo.push(() => domainRoutes.close());
    const server = await startServer({
      settings,
      domainRoutes: domainRoutes.all,
      graph,
      identifier,
      log,
      metrics,
      databaseUrl: foundation.databaseUrl,
      ...(options.plugins ? { plugins: options.plugins } : {}),
      problems: () => runtime.problems(),
      routes: (app) => void app.use('/callback', (request, response) => callbacks.handle(request, response)),
      ...(settings.development ? { playground: developmentPages(settings) } : {}),
    });
    undo.push(() => server.stop());
    // A free port is known only now.
    if (settings.port === 0 && !settings.callbackUrl) address.callback = `http://127.0.0.1:${server.port}/callback`;
    const stop = async () => {
      for (const step of undo.toReversed()) await step();
    };
    return { port: server.port, adminPort: server.adminPort, runtime, stop };
  } catch (error) {
    for (const step of undo.toReversed()) await step();
    throw error;
  }
}

/** What domains serve beside the graph: those of this process themselves, those that run as a service through it. */
function routesOf(domains: readonly SubgraphDefinition[], runtime: Runtime, settings: RuntimeSettings, log: Log) {
  const here = [...runtime.subgraphs.values()].flatMap(({ routes }) => routes ?? []);
  const remote = domains.flatMap(({ name, routes }) => {
    const url = settings.subgraphUrls.get(name);
    return routes && url ? [createRemoteRoutes({ name, url, paths: routes.paths, settings, log })] : [];
  });
  return { all: [...here, ...remote], close: () => Promise.all(remote.map((routes) => routes.close())) };
}

/** The file that SUPERGRAPH names, watched; else the graph of the domains as they are. */
const sourceOf = (domains: readonly SubgraphDefinition[], settings: RuntimeSettings): SupergraphSource =>
  settings.supergraph ? supergraphFile(settings.supergraph) : fixedSupergraph(supergraphOf(domains, settings));

/** The composed graph: the committed file where it fits the domains' SDL, else composed now and kept for the next start. */
function supergraphOf(domains: readonly SubgraphDefinition[], settings: RuntimeSettings): string {
  const subgraphs = domains.map((domain) => ({ name: domain.name, sdl: sdlOf(domain) }));
  const kept = join(settings.dataDirectory, 'supergraph.graphql');
  for (const file of [new URL('../schema/supergraph.graphql', import.meta.url), kept]) {
    const text = readIfThere(file);
    if (text !== undefined && isComposedFrom(text, subgraphs)) return text;
  }
  const { supergraphSdl } = composeSubgraphs(subgraphs);
  mkdirSync(settings.dataDirectory, { recursive: true });
  writeFileSync(kept, supergraphSdl);
  return supergraphSdl;
}

function readIfThere(file: URL | string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The playground, and the mails that were captured. */
function developmentPages(settings: RuntimeSettings): RequestHandler {
  const playground = createPlayground(playgroundPage);
  const mails = createMailPage(settings);
  return async (request, response, next) => {
    if (!(await playground(request, response)) && !(await mails(request, response))) next();
  };
}
