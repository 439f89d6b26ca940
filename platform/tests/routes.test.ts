import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { nobody, type RequestContext } from '../src/context.ts';
import { DatabaseUnavailable } from '../src/database.ts';
import { createLog } from '../src/log.ts';
import { createRemoteRoutes } from '../src/remote-routes.ts';
import { covers, type RouteHandler, runRoutes, type RunningRoutes } from '../src/routes.ts';
import { serveSubgraph } from '../src/service-server.ts';
import { testSettings } from '../src/testing.ts';

const log = createLog('silent', 'test');
const settings = testSettings();
const identity = { ...nobody('request-1'), client: { ipAddress: '192.0.2.9', userAgent: 'A browser' } };
const servers: Server[] = [];
afterAll(() => servers.forEach((server) => server.close()));

/** Serves it on a free port; the address. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const run = (handle: RouteHandler, paths = ['/shop/']): RunningRoutes =>
  runRoutes({ paths, open: () => Promise.resolve(handle) }, { settings, log }, (who) => ({ ...who, log }) as unknown as RequestContext);

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

test.each([
  ['/oauth/token', true],
  ['/oauth/token/', false],
  ['/oauth/tokens', false],
  ['/pages/', true],
  ['/pages/a/b', true],
  ['/pages', false],
  ['/', false],
])('%s is served: %s', (path, isServed) => {
  expect(covers(['/oauth/token', '/pages/'], path)).toBe(isServed);
});

test('routes are opened with the first request, once, and again when that failed', async () => {
  let opened = 0;
  const open = () => {
    opened += 1;
    if (opened === 1) return Promise.reject(new Error('not yet'));
    return Promise.resolve<RouteHandler>(async (_request, response) => void response.end('open'));
  };
  const routes = runRoutes({ paths: ['/'], open }, { settings, log }, (who) => ({ ...who, log }) as unknown as RequestContext);
  const url = await serve((request, response) => void routes.handle(request, response, identity));
  expect(opened).toBe(0);
  expect((await fetch(url)).status).toBe(500);
  expect(await (await fetch(url)).text()).toBe('open');
  expect(await (await fetch(url)).text()).toBe('open');
  expect(opened).toBe(2);
});

test.each([
  ['an outage of the database', new DatabaseUnavailable('CONNECTION', 'gone'), 503, 'UPSTREAM_UNAVAILABLE'],
  ['anything else', new Error('a secret detail'), 500, 'INTERNAL_SERVER_ERROR'],
])('%s is told without a detail', async (_what, fault, status, code) => {
  const routes = run(() => Promise.reject(fault));
  const url = await serve((request, response) => void routes.handle(request, response, identity));
  const response = await fetch(`${url}/shop/x`);
  expect(response.status).toBe(status);
  const text = await response.text();
  expect(JSON.parse(text)).toMatchObject({ errors: [{ extensions: { code } }] });
  expect(text).not.toContain('secret');
});

describe('a domain that runs as a service', () => {
  const seen: { url: string | undefined; headers: IncomingMessage['headers']; body: string; who: unknown }[] = [];
  const handle: RouteHandler = async (request, response, ctx) => {
    seen.push({ url: request.url, headers: request.headers, body: await bodyOf(request), who: ctx.client });
    response.setHeader('set-cookie', ['a=1', 'b=2']);
    response.writeHead(303, { location: '/shop/next', 'x-own': 'yes' }).end('moved');
  };

  async function start() {
    const subgraph = {
      name: 'shop',
      routes: run(handle),
      execute: () => Promise.reject(new Error()),
      subscribe: () => Promise.reject(new Error()),
    };
    const service = await serveSubgraph({ subgraph, settings, port: 0, host: '127.0.0.1', log });
    const remote = createRemoteRoutes({ name: 'shop', url: `http://127.0.0.1:${service.port}/graphql`, paths: ['/shop/'], settings, log });
    const url = await serve((request, response) => void remote.handle(request, response, identity));
    return { service, remote, url };
  }

  test('gets the request as it is, with a word on who sends it, and gives its answer as it is', async () => {
    const { service, remote, url } = await start();
    const forged = {
      'x-request-context': 'forged',
      'x-forwarded-for': '10.0.0.1',
      forwarded: 'for=10.0.0.1',
      cookie: 'c=3',
      dpop: 'proof',
    };
    const response = await fetch(`${url}/shop/a?b=c`, { method: 'POST', body: 'a=1&b=2', redirect: 'manual', headers: forged });
    expect([response.status, response.headers.get('location'), response.headers.get('x-own')]).toEqual([303, '/shop/next', 'yes']);
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.text()).toBe('moved');
    expect(seen.at(-1)).toMatchObject({
      url: '/shop/a?b=c',
      body: 'a=1&b=2',
      who: identity.client,
      headers: { cookie: 'c=3', dpop: 'proof' },
    });
    for (const name of ['x-forwarded-for', 'forwarded']) expect(seen.at(-1)?.headers[name]).toBeUndefined();
    expect(seen.at(-1)?.headers['x-request-context']).not.toBe('forged');
    await remote.close();
    await service.stop();
  });

  test('takes requests of the gateway alone', async () => {
    const { service, remote } = await start();
    const count = seen.length;
    for (const headers of [{ 'x-other': 'nothing' }, { 'x-request-context': 'forged' }] as Record<string, string>[])
      expect((await fetch(`http://127.0.0.1:${service.port}/shop/a`, { headers })).status).toBe(401);
    expect((await fetch(`http://127.0.0.1:${service.port}/other`)).status).toBe(404);
    expect(seen).toHaveLength(count);
    await remote.close();
    await service.stop();
  });

  test('is told to be away when it is', async () => {
    const { service, remote, url } = await start();
    await service.stop();
    const response = await fetch(`${url}/shop/a`);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'UPSTREAM_UNAVAILABLE' } }] });
    await remote.close();
  });
});
