import { createCalls } from '@supergraph/platform/calls';
import { readSettings } from '@supergraph/platform/config';
import type { LiveTransport } from '@supergraph/platform/bus';
import { settleDown } from '@supergraph/platform/light-start';
import { createLog } from '@supergraph/platform/log';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import { Registry } from 'prom-client';
import { publicContract } from '../gateway/src/contracts.ts';
import { createClientMetrics, createEngineMetrics } from '../gateway/src/engine-metrics.ts';
import { createExecutor } from '../gateway/src/gateway.ts';
import { createIdentifier } from '../gateway/src/identify.ts';
import type { Limits } from '../gateway/src/limits.ts';
import { type RunningGateway, startServer } from '../gateway/src/server.ts';
import { openGraph } from '../gateway/src/supergraph.ts';
import { fixedSupergraph } from '../gateway/src/supergraph-source.ts';
import { createPeople } from './people.ts';

const internalKey = 'only-for-measuring'.repeat(3);

/** All the load comes from one address, which would be refused as one greedy guest. */
const noRateLimits = { RATE_LIMIT_PER_GUEST: '0', RATE_LIMIT_PER_USER: '0' };

/** Settings as a user has them in production; the database that they name is never asked. */
export function productionSettings({
  port = 0,
  publicUrl = 'http://graph.test',
}: { readonly port?: number; readonly publicUrl?: string } = {}) {
  const named = { PUBLIC_URL: publicUrl, DATABASE_URL: 'postgres://nobody@127.0.0.1/unused', INTERNAL_KEY: internalKey };
  const settings = readSettings({
    NODE_ENV: 'production',
    LOG_LEVEL: 'warn',
    ...noRateLimits,
    PORT: String(port),
    ADMIN_PORT: '0',
    ...named,
  });
  return { ...settings, internalKey };
}

export type BenchSettings = ReturnType<typeof productionSettings>;
export const benchLog = ({ logLevel }: BenchSettings) => createLog(logLevel, 'gateway');

export interface GatewayParts {
  readonly settings: BenchSettings;
  readonly log: ReturnType<typeof benchLog>;
  readonly supergraphSdl: string;
  readonly clients: readonly SubgraphClient[];
  readonly live: LiveTransport;
  /** The keys that callers' tokens are signed with. */
  readonly keySet?: unknown;
  readonly limits?: Partial<Limits>;
  /** Whether equal upstream requests in flight are asked once. */
  readonly shareRequests?: boolean;
  /** Whether equal requests of one caller in flight are answered by one run. */
  readonly shareAnswers?: boolean;
}

/** The gateway of this repository, put together as gateway/app.ts does and settled as gateway/main.ts does, before subgraphs of the benchmark. */
export async function serveGateway({
  settings,
  log,
  supergraphSdl,
  clients,
  live,
  keySet,
  limits = {},
  shareRequests = true,
  shareAnswers = true,
}: GatewayParts): Promise<RunningGateway> {
  const metrics = new Registry();
  const watch = createClientMetrics(metrics);
  const engineMetrics = createEngineMetrics(metrics);
  const graph = await openGraph({
    source: fixedSupergraph(supergraphSdl),
    build: (sdl, leased) =>
      createExecutor({
        supergraphSdl: sdl,
        clients: leased,
        log,
        shareRequests,
        generateCode: settings.generatedCode,
        metrics: engineMetrics,
      }),
    clients: new Map(clients.map((client) => [client.name, client.isRemote ? watch(client) : client])),
    log,
  });
  const calls = createCalls();
  calls.connect(createPeople(keySet));
  const identifier = createIdentifier({ settings, calls, live, scopes: () => graph.of(publicContract).current.facts.scopes, log });
  const server = await startServer({ settings, graph, identifier, log, metrics, limits, shareAnswers });
  await settleDown();
  return server;
}
