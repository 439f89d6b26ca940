import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RequestHandler } from 'express';
import { checkDomains, type RuntimeSettings } from '@supergraph/platform/config';
import { openFoundation } from '@supergraph/platform/foundation';
import type { Log } from '@supergraph/platform/log';
import { createRemoteSubgraph } from '@supergraph/platform/remote';
import { type Runtime, seedAll, startRuntime } from '@supergraph/platform/runtime';
import { sdlOf, type SubgraphDefinition } from '@supergraph/platform/subgraph';
import { registry } from '@supergraph/subgraphs/registry';
import { playgroundPage } from './samples.ts';
import { composeSubgraphs, isComposedFrom } from './src/compose.ts';
import { createExecutor } from './src/gateway.ts';
import { createIdentifier } from './src/identify.ts';
import { createPlayground } from './src/playground.ts';
import { startServer } from './src/server.ts';

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

/** Starts the graph: embedded domains here, those with a SUBGRAPH_<NAME>_URL over HTTP, the gateway before them. */
export async function startApp(settings: RuntimeSettings, log: Log): Promise<App> {
  checkDomains(settings, Object.keys(registry));
  const domains = await loadDomains();
  const embedded = domains.filter(({ name }) => !settings.subgraphUrls.has(name));
  const foundation = await openFoundation(settings, { alone: embedded.length === domains.length, log });
  // What has begun is ended in reverse, so that nothing looks for a database that is gone.
  const undo: (() => unknown)[] = [() => foundation.leave()];
  try {
    const remotes = domains.flatMap(({ name }) => {
      const url = settings.subgraphUrls.get(name);
      return url ? [createRemoteSubgraph({ name, url, settings, log })] : [];
    });
    const runtime = await startRuntime(embedded, { ...foundation, settings, log, remotes });
    undo.push(() => runtime.stop());
    if (settings.seed === 'demo') await seedAll(embedded, runtime);
    const executor = createExecutor({ supergraphSdl: supergraphOf(domains, settings), clients: runtime.clients, log });
    const identifier = createIdentifier({ settings, calls: runtime.calls, live: foundation.live, scopes: executor.facts.scopes, log });
    undo.push(() => identifier.close());
    const server = await startServer({
      settings,
      executor,
      identifier,
      log,
      problems: () => runtime.problems(),
      ...(settings.development ? { playground: playgroundHandler() } : {}),
    });
    return {
      port: server.port,
      adminPort: server.adminPort,
      runtime,
      stop: async () => {
        await server.stop();
        await runtime.stop();
        await foundation.leave();
      },
    };
  } catch (error) {
    for (const step of undo.toReversed()) await step();
    throw error;
  }
}

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

function playgroundHandler(): RequestHandler {
  const serve = createPlayground(playgroundPage);
  return async (request, response, next) => {
    if (!(await serve(request, response))) next();
  };
}
