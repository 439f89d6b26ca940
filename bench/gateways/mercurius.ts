import type { AddressInfo } from 'node:net';
import mercurius from '@mercuriusjs/gateway';
import Fastify from 'fastify';
import { readOptions, serveParent } from '../processes/child.ts';
import type { GatewayOptions } from './options.ts';

/** Mercurius composes the services' contracts by itself; it shares nothing between requests. */
const { services, variant } = readOptions<GatewayOptions>();
const app = Fastify();
await app.register(mercurius.default, {
  graphiql: false,
  path: '/graphql',
  ...(variant === 'jit' ? { jit: 1 } : {}),
  gateway: { services: services.map(({ name, url, sdl }) => ({ name, url, schema: sdl, mandatory: true })) },
});
await app.listen({ host: '127.0.0.1', port: 0 });
serveParent({ port: (app.server.address() as AddressInfo).port, path: '/graphql' });
