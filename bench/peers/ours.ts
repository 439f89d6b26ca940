import { readFileSync } from 'node:fs';
import { createInProcessLive } from '@supergraph/platform/in-process-bus';
import { createRemoteSubgraph } from '@supergraph/platform/remote';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import type { GatewayOptions } from '../gateways/options.ts';
import { readOptions, serveParent } from '../processes/child.ts';
import { profiling } from '../profile/profiler.ts';
import { benchLog, productionSettings, serveGateway } from '../serve-gateway.ts';
import { createEmbedded } from './graph/embedded.ts';
import { subgraphs } from './graph/subgraphs.ts';
import { limits } from './limits.ts';

/**
 * The gateway of this repository as its users get it: limits, access rules and masking on. `variant` says whether the
 * subgraphs are asked over HTTP or run inside this process.
 */
const { variant, services, supergraphFile, shareUpstream, shareInbound } = readOptions<GatewayOptions>();
const settings = productionSettings();
const log = benchLog(settings);
const clients: readonly SubgraphClient[] =
  variant === 'in-process'
    ? subgraphs.map(createEmbedded)
    : services.map(({ name, url }) => createRemoteSubgraph({ name, url, settings, log }));
const { port } = await serveGateway({
  settings,
  log,
  supergraphSdl: readFileSync(supergraphFile, 'utf8'),
  clients,
  live: createInProcessLive(),
  limits,
  shareRequests: shareUpstream,
  shareAnswers: shareInbound,
});
serveParent({ port, path: '/graphql' }, profiling());
