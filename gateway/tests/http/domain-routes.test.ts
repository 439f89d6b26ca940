import type { RunningRoutes } from '@supergraph/platform/routes';
import { fakeExecutor, type FakeGraph, startFakeGraph } from '../support/fake-graph.ts';

const graphs: FakeGraph[] = [];
afterAll(() => Promise.all(graphs.map((graph) => graph.stop())));

/** A gateway whose domain serves /shop/ beside the graph; how it is asked. */
async function start(handle: RunningRoutes['handle'], options: Parameters<typeof startFakeGraph>[1] = {}) {
  const graph = await startFakeGraph(fakeExecutor('type Query { hello: String }'), {
    domainRoutes: [{ paths: ['/shop/'], handle }],
    ...options,
  });
  graphs.push(graph);
  return (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${graph.port}${path}`, init);
}

const open: RunningRoutes['handle'] = (request, response, { viewer, client }) => {
  response.end(JSON.stringify({ viewer, client, method: request.method, cookie: request.headers.cookie ?? null }));
  return Promise.resolve();
};

test('a domain answers below its paths, for somebody who has not said who they are', async () => {
  const ask = await start(open);
  const headers = { authorization: 'Bearer rubbish', cookie: 'a=1', 'user-agent': 'Test' };
  const response = await ask('/shop/cart?x=1', { method: 'OPTIONS', headers });
  expect(await response.json()).toEqual({
    viewer: null,
    client: { ipAddress: '127.0.0.1', userAgent: 'Test' },
    method: 'OPTIONS',
    cookie: 'a=1',
  });
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  expect((await ask('/shop')).status).toBe(404);
  expect((await ask('/shopping')).status).toBe(404);
});

test('an address asks for so much in a minute, of graph and routes together', async () => {
  const ask = await start(open, { settings: { rateLimits: { guest: 35, user: 0, client: 0 } } });
  const statuses = [];
  for (let count = 0; count < 5; count += 1) statuses.push((await ask('/shop/cart')).status);
  expect(statuses).toEqual([200, 200, 200, 429, 429]);
  const refused = await ask('/shop/cart');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'RATE_LIMITED' } }] });
});

test('what is too much at once is refused, and the place is free again afterwards', async () => {
  const waiting: (() => void)[] = [];
  const slow: RunningRoutes['handle'] = (_request, response) =>
    new Promise((done) => {
      waiting.push(() => {
        response.end('done');
        done();
      });
    });
  const ask = await start(slow, { load: { concurrent: 1 } });
  const first = ask('/shop/a');
  while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  const second = await ask('/shop/b');
  expect([second.status, second.headers.get('retry-after')]).toEqual([503, '1']);
  waiting.shift()?.();
  expect((await first).status).toBe(200);
  const third = ask('/shop/c');
  while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  waiting.shift()?.();
  expect((await third).status).toBe(200);
});
