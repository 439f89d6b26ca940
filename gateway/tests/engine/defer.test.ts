import { person } from '@supergraph/platform/testing';
import { nobody } from '@supergraph/platform/context';
import { type Increment, type IncrementalAnswer, isIncremental } from '../../src/answer.ts';
import { gates, opened, openShop } from './shop.ts';

const world = openShop();
afterEach(() => gates.clear());

const begin = async (query: string, variables: Record<string, unknown> = {}, signedIn = false): Promise<IncrementalAnswer> => {
  const identity = signedIn ? { ...nobody('test'), viewer: person() } : undefined;
  const answer = await world.executor.executeInParts(world.request(query, variables, identity));
  if (!isIncremental(answer)) throw new Error(`nothing is deferred: ${JSON.stringify(answer)}`);
  return answer;
};
const shown = (increments: readonly Increment[]) => increments.map(({ data, ...rest }) => ({ ...rest, data: JSON.parse(data) as unknown }));
const parts = async (answer: IncrementalAnswer) => {
  const found = [];
  for await (const increments of answer.later) found.push(shown(increments));
  return found;
};

test('what is deferred comes later, at its places and under its label', async () => {
  const answer = await begin('{ goods(first: 2) { name ... @defer(label: "cost") { price } } }');
  expect(opened(answer.initial)).toEqual({ data: { goods: [{ name: 'product 0' }, { name: 'product 1' }] } });
  expect(await parts(answer)).toEqual([
    [
      { label: 'cost', path: ['goods', 0], data: { price: 0 } },
      { label: 'cost', path: ['goods', 1], data: { price: 1 } },
    ],
  ]);
});

test('the first part does not wait for a slow subgraph, and parts come as they get ready', async () => {
  gates.set('prices', Promise.withResolvers());
  gates.set('makers', Promise.withResolvers());
  const answer = await begin(
    '{ product(id: "1") { name ... @defer(label: "slow") { price } ... @defer(label: "slower") { maker { title } } } }',
  );
  expect(opened(answer.initial)).toEqual({ data: { product: { name: 'product 1' } } });
  gates.get('makers')!.resolve();
  const first = await answer.later.next();
  expect(shown(first.value as Increment[])).toEqual([{ label: 'slower', path: ['product'], data: { maker: { title: 'maker 1' } } }]);
  gates.get('prices')!.resolve();
  expect(await parts(answer)).toEqual([[{ label: 'slow', path: ['product'], data: { price: 1 } }]]);
});

test('a deferred part may defer again', async () => {
  const answer = await begin(
    '{ product(id: "1") { name ... @defer(label: "outer") { price ... @defer(label: "inner") { maker { title } } } } }',
  );
  const labels = (await parts(answer)).flat();
  expect(labels).toContainEqual({ label: 'outer', path: ['product'], data: { price: 1 } });
  expect(labels).toContainEqual({ label: 'inner', path: ['product'], data: { maker: { title: 'maker 1' } } });
  expect(labels).toHaveLength(2);
});

test('aliases and arguments keep the client’s names', async () => {
  const answer = await begin('{ list: goods(first: 1) { ... @defer { a: price b: price(unit: "USD") } title: name } }');
  expect(opened(answer.initial)).toEqual({ data: { list: [{ title: 'product 0' }] } });
  expect(await parts(answer)).toEqual([[{ path: ['list', 0], data: { a: 0, b: 0 } }]]);
});

test('errors stand in the part that they belong to, with their place in the whole answer', async () => {
  const answer = await begin('{ goods(first: 2) { name ... @defer { cost: price(unit: "BAD") } } }');
  expect(opened(answer.initial).errors).toBeUndefined();
  const [increments = []] = await parts(answer);
  expect(increments.map(({ data }) => data)).toEqual([{ cost: 0 }, { cost: null }]);
  expect(increments.flatMap(({ errors = [] }) => errors).map(({ path, extensions }) => [path, extensions?.['code']])).toEqual([
    [['goods', 1, 'cost'], 'INTERNAL_SERVER_ERROR'],
  ]);
});

test('a field that the caller may not see is refused in its part', async () => {
  const query = '{ product(id: "1") { name ... @defer { maker { title secret } } } }';
  const [refused = []] = await parts(await begin(query));
  expect(refused).toMatchObject([
    {
      path: ['product'],
      data: { maker: { title: 'maker 1', secret: null } },
      errors: [{ path: ['product', 'maker', 'secret'], extensions: { code: 'UNAUTHENTICATED' } }],
    },
  ]);
  const [given = []] = await parts(await begin(query, {}, true));
  expect(given).toEqual([{ path: ['product'], data: { maker: { title: 'maker 1', secret: 's' } } }]);
});

test('a condition decides whether anything is deferred', async () => {
  const query = 'query ($later: Boolean!) { product(id: "1") { name ... @defer(if: $later) { price } } }';
  expect(await parts(await begin(query, { later: true }))).toEqual([[{ path: ['product'], data: { price: 1 } }]]);
  const whole = await world.executor.executeInParts(world.request(query, { later: false }));
  expect(isIncremental(whole)).toBe(false);
  expect(opened(whole as never)).toEqual({ data: { product: { name: 'product 1', price: 1 } } });
});

test('what stands nowhere has no later part', async () => {
  const answer = await begin('{ product(id: "none") { name ... @defer { price } } }');
  expect(opened(answer.initial)).toEqual({ data: { product: null } });
  expect(await parts(answer)).toEqual([]);
});

test('a mutation may defer what it shows', async () => {
  const answer = await begin('mutation { rename(id: "1", name: "new") { name ... @defer { price } } }');
  expect(opened(answer.initial)).toEqual({ data: { rename: { name: 'new' } } });
  expect(await parts(answer)).toEqual([[{ path: ['rename'], data: { price: 1 } }]]);
});

test('several root fields of a mutation may defer what they show, each after its own fetch', async () => {
  const fields = [
    'a: rename(id: "1", name: "one") { name ... @defer(label: "a") { price } }',
    'b: rename(id: "2", name: "two") { price }',
    'c: rename(id: "3", name: "three") { name ... @defer(label: "c") { price ... @defer(label: "maker") { maker { title } } } }',
    'd: rename(id: "4", name: "four") { name }',
  ];
  const answer = await begin(
    `mutation { ${fields.join(' ')} ...E } fragment E on Mutation { e: rename(id: "5", name: "five") { ...N } } fragment N on Product { name }`,
  );
  expect(opened(answer.initial)).toEqual({
    data: { a: { name: 'one' }, b: { price: 2 }, c: { name: 'three' }, d: { name: 'four' }, e: { name: 'five' } },
  });
  const later = (await parts(answer)).flat();
  expect(later).toHaveLength(3);
  expect(later).toContainEqual({ label: 'a', path: ['a'], data: { price: 1 } });
  expect(later).toContainEqual({ label: 'c', path: ['c'], data: { price: 3 } });
  expect(later).toContainEqual({ label: 'maker', path: ['c'], data: { maker: { title: 'maker 0' } } });
});

test('clients that read whole answers get one', async () => {
  expect(await world.run('{ product(id: "1") { name ... @defer { price ... @defer { maker { title } } } } }')).toEqual({
    data: { product: { name: 'product 1', price: 1, maker: { title: 'maker 1' } } },
  });
});
