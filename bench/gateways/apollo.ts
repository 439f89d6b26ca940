import { readFileSync } from 'node:fs';
import { ApolloGateway } from '@apollo/gateway';
import { ApolloServer } from '@apollo/server';
import { startStandaloneServer } from '@apollo/server/standalone';
import { readOptions, serveParent } from '../processes/child.ts';
import type { GatewayOptions } from './options.ts';

/** Plain Apollo, as its documentation starts it; it shares nothing between requests. */
const { supergraphFile } = readOptions<GatewayOptions>();
const gateway = new ApolloGateway({ supergraphSdl: readFileSync(supergraphFile, 'utf8') });
const server = new ApolloServer({ gateway, stopOnTerminationSignals: false });
const { url } = await startStandaloneServer(server, { listen: { host: '127.0.0.1', port: 0 } });
serveParent({ port: Number(new URL(url).port), path: '/' });
