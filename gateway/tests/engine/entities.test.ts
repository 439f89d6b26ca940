import { gates, goods, openShop } from './shop.ts';

const world = openShop();
const asked = (name: string) =>
  world.subgraphs.get(name)!.requests.map(({ variables }) => (variables?.['representations'] as unknown[] | undefined)?.length ?? 0);

beforeEach(() => {
  gates.clear();
  for (const one of world.subgraphs.values()) {
    one.requests.length = 0;
    one.disturb = undefined;
  }
});

test('an entity is asked for once, however often the answer refers to it', async () => {
  const { data, errors } = await world.run('{ goods(first: 7) { name maker { title } } }');
  expect(asked('makers')).toEqual([3]);
  expect(errors).toBeUndefined();
  expect(data.goods.map(({ maker }: any) => maker?.title ?? null)).toEqual([
    'maker 0',
    'maker 1',
    null,
    'maker 0',
    'maker 1',
    null,
    'maker 0',
  ]);
});

test('what was asked along one path is not asked again along another', async () => {
  const { data } = await world.run('{ goods(first: 2) { maker { title } } product(id: "3") { maker { title } other: name } }');
  expect(asked('makers').reduce((sum, count) => sum + count, 0)).toBe(2);
  expect(data.product).toEqual({ maker: { title: 'maker 0' }, other: 'product 3' });
});

test('two places that ask differently of one entity each get what they asked for', async () => {
  const { data } = await world.run(
    '{ a: product(id: "4") { price twin { price(unit: "USD") } } b: product(id: "4") { price: name twin { id: price } } }',
  );
  expect(data).toEqual({ a: { price: 4, twin: { price: 8 } }, b: { price: 'product 4', twin: { id: 4 } } });
});

test('more entities than a subgraph takes at once are asked for in parts', async () => {
  const { data, errors } = await world.run('{ goods(first: 1200) { price } }');
  expect(errors).toBeUndefined();
  expect(asked('prices')).toEqual([500, 500, 200]);
  expect(data.goods).toEqual(goods.map(({ id }) => ({ price: Number(id) })));
});

test('the error of one entity stands at each place that refers to it, in the client’s names', async () => {
  const { data, errors } = await world.run(
    '{ list: goods(first: 2) { cost: price(unit: "BAD") twin { twin { cost: price(unit: "BAD") } } } }',
  );
  expect(data.list.map(({ cost }: any) => cost)).toEqual([0, null]);
  expect(errors.map(({ path }: any) => path.join('.')).toSorted()).toEqual(['list.1.cost', 'list.1.twin.twin.cost']);
  expect(JSON.stringify(errors)).not.toMatch(/inner words|_k\d/);
});

test.each([
  ['too few', [{ price: 1 }]],
  ['too many', [{ price: 1 }, { price: 2 }, { price: 3 }]],
  ['no list', { price: 1 }],
  ['nothing', null],
])('%s entities are an error of their fields, and the rest of the answer stands', async (_, entities) => {
  world.subgraphs.get('prices')!.disturb = () => Promise.resolve({ data: { _entities: entities } });
  const { data, errors } = await world.run('{ goods(first: 2) { name price offers { amount } } }');
  expect(data).toBeNull();
  expect(errors.map(({ path, extensions }: any) => [path.join('.'), extensions.code])).toEqual(
    ['goods.0.price', 'goods.0.offers', 'goods.1.price', 'goods.1.offers'].map((path) => [path, 'UPSTREAM_UNAVAILABLE']),
  );
  const nullable = await world.run('{ goods(first: 2) { name price } }');
  expect(nullable.data).toEqual({
    goods: [
      { name: 'product 0', price: null },
      { name: 'product 1', price: null },
    ],
  });
});

test('an entity of another type, or none at all, harms nobody else', async () => {
  world.subgraphs.get('prices')!.disturb = () =>
    Promise.resolve({ data: { _entities: [{ __typename: 'Maker', _k1: 7, price: 7 }, 'text', { __typename: 'Product', _k1: 9 }] } });
  const { data, errors } = await world.run('{ goods(first: 3) { price } }');
  expect(data).toEqual({ goods: [{ price: null }, { price: null }, { price: 9 }] });
  expect(errors.map(({ path }: any) => path.join('.'))).toEqual(['goods.0.price', 'goods.1.price']);
});

test('nothing is asked of anybody for objects that are not there', async () => {
  expect(await world.run('{ product(id: "none") { name price maker { title } } }')).toEqual({ data: { product: null } });
  expect(asked('prices')).toEqual([]);
});
