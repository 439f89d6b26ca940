import { eventually } from '../support/eventually.ts';
import { createWorld, give, type World } from '../support/journey.ts';
import { register } from '../support/people.ts';
import { type Services, startServices } from '../support/services.ts';
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

test('every service ends in order when it is told to', async () => {
  await world.close();
  const codes = await Promise.all([...graph.services.values()].map(async (service) => [service.name, await service.end()]));
  expect(codes).toEqual([...graph.services.keys()].map((name) => [name, 0]));
});
