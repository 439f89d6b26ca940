import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGatewayRuntime, type GatewayConfigSupergraph } from '@graphql-hive/gateway-runtime';
import { unifiedGraphHandler } from '@graphql-hive/router-runtime';
import { useJIT } from '@graphql-mesh/plugin-jit';
import { readOptions, serveParent } from '../processes/child.ts';
import type { GatewayOptions } from './options.ts';

/** Hive Gateway: its default runtime, the same with compiled operations, or with the planner and executor of Hive Router. */
const { supergraphFile, variant, shareUpstream, shareInbound } = readOptions<GatewayOptions>();

const config: GatewayConfigSupergraph = {
  supergraph: readFileSync(supergraphFile, 'utf8'),
  logging: 'warn',
  landingPage: false,
  graphiql: false,
  // Its default is to share.
  transportEntries: { '*.http': { options: { deduplicateInflightRequests: shareUpstream } } },
  inboundInflightRequestDeduplication: shareInbound,
  ...(variant === 'jit' ? { plugins: () => [useJIT() as never] } : {}),
  ...(variant === 'rust' ? { unifiedGraphHandler } : {}),
};
const runtime = createGatewayRuntime(config);
await runtime.getSchema();
const server = createServer(runtime);
server.listen(0, '127.0.0.1', () => serveParent({ port: (server.address() as AddressInfo).port, path: '/graphql' }));
