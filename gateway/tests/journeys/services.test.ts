import { createCalls } from '@supergraph/platform/calls';
import { createLog } from '@supergraph/platform/log';
import { createRemoteSubgraph } from '@supergraph/platform/remote';
import { SignJWT } from 'jose';
import { eventually } from '../support/eventually.ts';
import { createWorld, give, type World } from '../support/journey.ts';
import { register } from '../support/people.ts';
import { internalKey, type Services, startServices } from '../support/services.ts';
import { holdStock } from './walks/hold-stock.ts';
import { walks } from './walks/all.ts';
import { addProduct, openShop } from './walks/shop.ts';

// Every domain is a process of its own, as at a large company: the same walks must lead to the same places.
let graph: Services;
let world: World;
beforeAll(async () => {
  graph = await startServices();
  world = createWorld(graph.gateway);
});
afterAll(async () => {
  await world?.close();
  await graph?.end();
});

test.each(walks)('a client walks through %s', async (_name, walk) => walk(world));

test('every service takes requests of the gateway alone, for the graph and for what else it serves', async () => {
  const { token } = await register(world, 'Outsider');
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { identity: { requestId: 'r', viewer: { userId: 'x', roles: ['ADMIN'] } }, deadline: Date.now() + 60_000 };
  for (const { name, url } of graph.services.values()) {
    const life = { iat: Math.floor(Date.now() / 1_000), exp: Math.floor(Date.now() / 1_000) + 60 };
    const sign = (key: string, more: object = {}, typ = 'internal-identity+jwt') =>
      new SignJWT({ ...claims, ...life, aud: name, ...more }).setProtectedHeader({ alg: 'HS256', typ }).sign(new TextEncoder().encode(key));
    const forgeries: Record<string, Record<string, string>> = {
      nothing: {},
      'a token of ours for people': { authorization: `Bearer ${token}` },
      'the same as an identity': { 'x-request-context': token },
      'no algorithm': {
        'x-request-context': `${encode({ alg: 'none', typ: 'internal-identity+jwt' })}.${encode({ ...claims, ...life, aud: name })}.`,
      },
      'another key': { 'x-request-context': await sign('some other key that is long enough') },
      'the key itself, not that of the service': { 'x-request-context': await sign(internalKey) },
      'another type': { 'x-request-context': await sign(internalKey, {}, 'JWT') },
    };
    const headers = { 'content-type': 'application/json' };
    const paths = name === 'accounts' ? ['/graphql', '/oauth/token', '/sign-in'] : ['/graphql'];
    for (const [what, forged] of Object.entries(forgeries))
      for (const path of paths) {
        const body = JSON.stringify({ query: '{ __typename _service { sdl } }' });
        const response = await fetch(new URL(path, url), { method: 'POST', headers: { ...headers, ...forged }, body });
        expect([name, path, what, response.status]).toEqual([name, path, what, 401]);
        expect(await response.text()).not.toContain('type Query');
      }
  }
});

test('another domain holds stock, all or nothing, and what is not paid can be ordered again', async () => {
  const inventory = createRemoteSubgraph({
    name: 'inventory',
    url: graph.services.get('inventory')?.url ?? '',
    settings: { internalKey },
    log: createLog('silent', 'orders'),
  });
  const calls = createCalls({ deadlineMs: 60_000 });
  calls.connect(inventory);
  try {
    await holdStock(world, calls.as('orders'));
  } finally {
    await inventory.close();
  }
});

test('a service that dies takes its own fields with it and nothing else, and comes back', async () => {
  const shop = await openShop(world, await register(world, 'Ana'), 'Steady Shop');
  const { id } = await addProduct(shop, 'Tea');
  const options = { variables: { id } };
  const read = 'query ($id: ID!) { product(id: $id) { title rating { count } availability { status } } }';
  const whole = { title: `Tea ${shop.word}`, rating: { count: 0 }, availability: { status: 'OUT_OF_STOCK' } };
  await eventually('the product everywhere', async () => {
    expect(await give(world, read, options)).toEqual(whole);
    return true;
  });

  expect(await graph.services.get('reviews')?.end('SIGKILL')).toBeNull();
  const { data, errors } = await world.ask(read, options);
  expect(data.product).toEqual({ ...whole, rating: null });
  expect(errors).toMatchObject([{ path: ['product', 'rating'], extensions: { code: 'UPSTREAM_UNAVAILABLE' } }]);
  // What needs no reviews has no errors.
  expect((await world.ask('query ($id: ID!) { product(id: $id) { title } }', options)).errors).toEqual([]);

  await graph.restart('reviews');
  await eventually('reviews at the gateway', async () => {
    expect(await give(world, read, options)).toEqual(whole);
    return true;
  });
});

test('while organizations is away, its members read on and change nothing', async () => {
  const shop = await openShop(world, await register(world, 'Rae'), 'Resting Shop');
  const { id } = await addProduct(shop, 'Soap');
  const read = () => shop.try('query ($id: ID!) { product(id: $id) { id } }', { variables: { id } });
  const archive = () =>
    shop.try('mutation ($input: ArchiveProductInput!) { archiveProduct(input: $input) { product { id } } }', { input: { id, version: 0 } });
  expect((await read()).codes).toEqual([]);
  expect(await graph.services.get('organizations')?.end('SIGKILL')).toBeNull();
  // What is known counts for a few seconds as it is, and then for reading alone.
  await eventually('what was known to be no longer certain', async () => (await archive()).codes[0] === 'UPSTREAM_UNAVAILABLE');
  expect(await read()).toMatchObject({ data: { product: { id } }, codes: [] });
  // Who was not known before gets no further than the gateway.
  const stranger = await register(world, 'Sol');
  const unknown = await world.ask('{ products(first: 1) { nodes { id } } }', {
    token: stranger.token,
    organizationId: shop.organizationId,
  });
  expect(unknown.codes).toEqual(['UPSTREAM_UNAVAILABLE']);
  await graph.restart('organizations');
  await eventually('organizations at the gateway', async () => (await archive()).codes[0]?.startsWith('CONFLICT'));
});

test('every service ends in order when it is told to', async () => {
  await world.close();
  const ends = await Promise.all([...graph.services.values()].map(async (service) => ({ service, code: await service.end() })));
  const wrong = ends.filter(({ code }) => code !== 0);
  expect(wrong.map(({ service, code }) => `${service.name} ended with ${code}:\n${service.output().slice(-2_000)}`)).toEqual([]);
});
