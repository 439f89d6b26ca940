import { readFileSync } from 'node:fs';
import { createCalls } from '@supergraph/platform/calls';
import { readSettings } from '@supergraph/platform/config';
import { createInProcessLive } from '@supergraph/platform/in-process-bus';
import { createLog } from '@supergraph/platform/log';
import { createRemoteSubgraph } from '@supergraph/platform/remote';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import { createExecutor } from '../../gateway/src/gateway.ts';
import { createIdentifier } from '../../gateway/src/identify.ts';
import { startServer } from '../../gateway/src/server.ts';
import type { GatewayOptions } from '../gateways/options.ts';
import { createPeople } from '../people.ts';
import { readOptions, serveParent } from '../processes/child.ts';
import { createEmbedded } from './graph/embedded.ts';
import { subgraphs } from './graph/subgraphs.ts';
import { limits } from './limits.ts';

/**
 * The gateway of this repository as its users get it: limits, access rules and masking on. `variant` says whether the
 * subgraphs are asked over HTTP or run inside this process.
 */
const options = readOptions<GatewayOptions>();
const internalKey = 'only-for-measuring'.repeat(3);
const settings = {
  ...readSettings({
    NODE_ENV: 'production',
    PUBLIC_URL: 'http://graph.test',
    DATABASE_URL: 'postgres://nobody@127.0.0.1/unused',
    INTERNAL_KEY: internalKey,
    LOG_LEVEL: 'warn',
    PORT: '0',
    ADMIN_PORT: '0',
  }),
  internalKey,
};
const log = createLog(settings.logLevel, 'gateway');

const clientsOf = ({ variant, services }: GatewayOptions): SubgraphClient[] =>
  variant === 'in-process'
    ? subgraphs.map(createEmbedded)
    : services.map(({ name, url }) => createRemoteSubgraph({ name, url, settings, log }));

const clients = new Map(clientsOf(options).map((client) => [client.name, client]));
// The executor knows no such switch yet: whatever it makes of `share`, the scenarios say what they want.
const share = { upstream: options.shareUpstream, inbound: options.shareInbound };
const wiring = { supergraphSdl: readFileSync(options.supergraphFile, 'utf8'), clients, log, share };
const executor = createExecutor(wiring);
const calls = createCalls();
calls.connect(createPeople());
const identifier = createIdentifier({ settings, calls, live: createInProcessLive(), scopes: executor.facts.scopes, log });
const { port } = await startServer({ settings, executor, identifier, log, limits });
serveParent({ port, path: '/graphql' });
