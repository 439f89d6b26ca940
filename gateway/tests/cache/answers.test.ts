import { nobody } from '@supergraph/platform/context';
import { organizationWith } from '@supergraph/platform/testing';
import { parse } from 'graphql';
import { isIncremental } from '../../src/answer.ts';
import { createMemoryStore } from '../../src/cache/memory-store.ts';
import { ada, bob, openWorld, staff, type World } from './support/world.ts';

let world: World;
beforeEach(() => {
  world = openWorld();
});
const titleOf = async (id: string, options = {}) => (await world.ask(`{ product(id: "${id}") { title } }`, options)).data.product?.title;
const nobodyAsked = { shop: 0, rates: 0 };

describe('whole answers', () => {
  test('the same question is answered from memory until the time is over', async () => {
    const first = await world.ask('{ product(id: "1") { title rating { average } } }');
    expect(world.asked()).toEqual({ shop: 1, rates: 1 });
    world.rows[0]!.title = 'changed in silence';
    expect((await world.ask('{ product(id: "1") { title rating { average } } }')).data).toEqual(first.data);
    expect(world.asked()).toEqual(nobodyAsked);
    world.advance(30_000);
    expect(await titleOf('1')).toBe('changed in silence');
  });

  test('nothing of what was added to tell entities is seen', async () => {
    const bare = openWorld({ cached: false });
    for (const document of [
      '{ product(id: "1") { label } newest { title rating { count } } }',
      '{ products { nodes { title maker { name } rated { stars } } totalCount } }',
      '{ shelf { ... on Product { title } ... on Poster { label } } }',
      '{ things { label __typename } }',
      '{ product(id: "9") { id: title x: id } best { id rating { average } } }',
      '{ mine { owner lines { title } } }',
    ])
      for (const viewer of [null, ada]) {
        const expected = await bare.ask(document, { as: viewer });
        expect(expected.errors).toBeUndefined();
        for (const round of ['asked', 'kept'])
          expect([round, (await world.ask(document, { as: viewer })).data]).toEqual([round, expected.data]);
      }
  });

  test('other variables, operations and labels are other questions; what is not used is none', async () => {
    const document = 'query A($name: String) { greeting(name: $name) } query B { greeting(name: "B") }';
    const greet = async (operationName: string, variables = {}) =>
      (await world.ask(document, { operationName, variables })).data.greeting as string;
    expect([await greet('A', { name: 'x' }), await greet('A', { name: 'y' }), await greet('B')]).toEqual(['hello x', 'hello y', 'hello B']);
    expect(world.asked().shop).toBe(3);
    await greet('A', { name: 'x', unused: Math.random() });
    expect(world.asked().shop).toBe(0);
    expect(await greet('A', {})).toBe('hello you');
    expect((await world.ask(document, { operationName: 'A', variables: { name: null } })).data.greeting).toBe('hello null');
  });

  test('graphs that share a store do not share answers', async () => {
    const store = createMemoryStore({ bytes: 1_000_000 });
    const [one, same, other] = [
      openWorld({ store: () => store }),
      openWorld({ store: () => store }),
      openWorld({ store: () => store, extraSdl: 'extend type Query { more: Int @public }' }),
    ];
    for (const each of [one, same, other]) await each.ask('{ greeting }');
    expect([one.asked().shop, same.asked().shop, other.asked().shop]).toEqual([1, 0, 1]);
  });

  test('who wants to see how an answer comes about gets a new one', async () => {
    await world.ask('{ greeting }');
    await world.ask('{ greeting }', { explain: true });
    expect(world.asked().shop).toBe(2);
  });
});

describe('what outdates an answer', () => {
  const touch = (...tags: string[]) => world.store.touch(tags);

  test('a change of an entity in it, wherever it stands', async () => {
    const list = '{ products { nodes { title } } }';
    const union = '{ shelf { ... on Product { title } } }';
    for (const document of [list, union, '{ things { label } }', '{ best { rating { average } } }']) {
      await world.ask(document);
      world.asked();
      touch('Product:2.5', 'Poster:1', 'Maker:1');
      await world.ask(document);
      expect([document, world.asked()]).toEqual([document, nobodyAsked]);
      touch('Product:1');
      await world.ask(document);
      expect([document, world.asked()]).not.toEqual([document, nobodyAsked]);
    }
  });

  test('a change of which ones there are outdates lists, counts and what was not found, and no single one', async () => {
    const asks = [
      '{ products { nodes { title } } }',
      '{ products { totalCount } }',
      '{ product(id: "9") { title } }',
      '{ other: product(id: "8") { title } }',
      '{ product(id: "1") { title } }',
    ];
    for (const document of asks) await world.ask(document);
    touch('Product');
    const again: number[] = [];
    for (const document of asks) {
      world.asked();
      await world.ask(document);
      again.push(world.asked().shop);
    }
    expect(again).toEqual([1, 1, 1, 1, 0]);
  });

  test('a list of what another domain adds has a tag of its own', async () => {
    const document = '{ product(id: "1") { rated { stars } } }';
    await world.ask(document);
    for (const tag of ['Rate', 'Rate:r1']) {
      world.asked();
      touch(tag);
      await world.ask(document);
      expect(world.asked().rates).toBe(1);
    }
  });

  test('a mutation that went through outdates what is known of its domain, for everybody', async () => {
    await world.ask('{ products { nodes { title } } }');
    expect(await titleOf('1', { as: ada })).toBe('title 1');
    await world.ask('mutation { rename(id: "1", title: "renamed") { title } }', { as: bob });
    expect(await titleOf('1', { as: ada })).toBe('renamed');
    expect((await world.ask('{ products { nodes { title } } }')).data.products.nodes[0].title).toBe('renamed');
  });

  test('an answer that was begun before a change is not kept after it', async () => {
    const gate = Promise.withResolvers<void>();
    const { shop } = world;
    const begun = Promise.withResolvers<void>();
    shop.disturb = async (request) => {
      shop.disturb = undefined;
      const answer = await shop.execute(request);
      begun.resolve();
      await gate.promise;
      return answer;
    };
    const slow = titleOf('1');
    await begun.promise;
    world.rows[0]!.title = 'new';
    touch('Product:1');
    gate.resolve();
    expect(await slow).toBe('title 1');
    expect(await titleOf('1')).toBe('new');
  });
});

test('who asks after a change does not get the answer to somebody who asked before, though it is on its way', async () => {
  const own = openWorld({ remote: true });
  const held: (() => void)[] = [];
  const { shop } = own;
  shop.disturb = async (request) => {
    const answer = await shop.execute.call({ ...shop, disturb: undefined }, request);
    await new Promise<void>((resolve) => held.push(resolve));
    return answer;
  };
  const ask = async () => (await own.ask('{ product(id: "1") { title } }')).data.product.title as string;
  const until = async (count: number) => {
    while (held.length < count) await new Promise((resolve) => setImmediate(resolve));
  };
  const [one, two] = [ask(), ask()];
  await until(1);
  own.rows[0]!.title = 'new';
  own.store.touch(['Product:1']);
  const three = ask();
  await until(2);
  held.forEach((release) => release());
  expect(await Promise.all([one, two, three])).toEqual(['title 1', 'title 1', 'new']);
  shop.disturb = undefined;
  expect(await ask()).toBe('new');
  expect(held.length).toBe(2);
});

describe('who shares an answer', () => {
  const draft = '{ product(id: "3") { title } products { totalCount } }';

  test('people who ask for themselves share what is public; who acts for somebody else sees more, and is always asked for', async () => {
    const seen = async (options: object) => {
      const { data } = await world.ask(draft, options);
      return [data.product?.title, data.products.totalCount, world.asked().shop] as unknown[];
    };
    expect(await seen({ as: ada, in: staff })).toEqual(['title 3', 3, 1]);
    expect(await seen({})).toEqual([undefined, 2, 1]);
    expect(await seen({ as: ada })).toEqual([undefined, 2, 0]);
    expect(await seen({ as: bob })).toEqual([undefined, 2, 0]);
    expect(await seen({ as: bob, in: staff })).toEqual(['title 3', 3, 1]);
    expect(await seen({ as: bob, in: { ...staff, permissions: [] } })).toEqual([undefined, 2, 1]);
    expect(await seen({ as: bob, in: organizationWith(['shop.write']) })).toEqual(['title 3', 3, 1]);
    expect(await seen({ as: { ...bob, roles: ['USER', 'ADMIN'] } })).toEqual([undefined, 2, 1]);
    expect(await seen({ as: { ...bob, kind: 'SERVICE' } })).toEqual([undefined, 2, 1]);
    expect((await world.ask(draft, { as: ada, in: staff })).cache).toBeUndefined();
    world.asked();
    expect(await seen({})).toEqual([undefined, 2, 0]);
  });

  test('what is private is kept for its viewer alone, and for guests not at all', async () => {
    const owner = async (options: object) => {
      const { data } = await world.ask('{ mine { owner } }', options);
      return [data.mine?.owner, world.asked().shop] as unknown[];
    };
    expect(await owner({ as: ada })).toEqual(['ada', 1]);
    expect(await owner({ as: ada })).toEqual(['ada', 0]);
    expect(await owner({ as: bob })).toEqual(['bob', 1]);
    expect(await owner({ as: ada, in: staff })).toEqual(['ada', 1]);
    expect(await owner({ as: { ...ada, sessionId: 'another' } })).toEqual(['ada', 1]);
    expect(await owner({})).toEqual([undefined, 1]);
    expect(await owner({})).toEqual([undefined, 1]);
  });

  test('an answer to which access was denied is not kept, and none is given to whom it is denied', async () => {
    const document = '{ product(id: "1") { margin } }';
    expect((await world.ask(document, { as: ada })).data.product.margin).toBe(7);
    const denied = await world.ask(document);
    expect([denied.data.product.margin, denied.errors?.length]).toEqual([null, 1]);
    expect((await world.ask(document, { as: ada })).data.product.margin).toBe(7);
  });
});

describe('entities', () => {
  const representations = () =>
    world.rates.requests.splice(0).map(({ variables }) => {
      const { representations: list = [] } = (variables ?? {}) as { representations?: { id: string }[] };
      return list.map(({ id }) => id).join();
    });

  test('only those are asked for that are not known', async () => {
    await world.ask('{ product(id: "2") { rating { average } } }');
    expect(representations()).toEqual(['2']);
    const { data } = await world.ask('{ products { nodes { title rating { average } } } }');
    expect(data.products.nodes.map((one: { rating: { average: number } }) => one.rating.average)).toEqual([1, 2]);
    expect(representations()).toEqual(['1']);
  });

  test('they are known also where the whole answer is not kept, and in deferred parts', async () => {
    const document = '{ fresh { title rating { average count } } }';
    for (const _ of [1, 2]) expect((await world.ask(document)).data.fresh.rating).toEqual({ average: 1, count: 1 });
    expect(world.asked()).toEqual({ shop: 2, rates: 1 });
    const request = { operationName: undefined, variables: undefined, identity: nobody('test'), deadline: Date.now() + 5_000 };
    const signal = new AbortController().signal;
    const parts = await world.executor.executeInParts({
      ...request,
      signal,
      document: parse('{ fresh { title ... @defer { rating { average count } } } }'),
    });
    if (!isIncremental(parts)) throw new Error('nothing was deferred');
    const later: string[] = [];
    for await (const increments of parts.later) later.push(...increments.map(({ data }) => data));
    expect(later).toEqual(['{"rating":{"average":1,"count":1}}']);
    expect(world.asked()).toEqual({ shop: 1, rates: 0 });
  });

  test('other arguments and other fields are other questions, one viewer is not another', async () => {
    const words = async (locale: string) =>
      (await world.ask('query ($locale: String) { fresh { words(locale: $locale) } }', { variables: { locale } })).data.fresh
        .words as string[];
    expect([await words('de'), await words('fr'), await words('de')]).toEqual([['de 1'], ['fr 1'], ['de 1']]);
    expect(world.asked().rates).toBe(2);
    await world.ask('{ fresh { rating { count } } }');
    await world.ask('{ fresh { rating { average } } }');
    expect(world.asked().rates).toBe(2);
    const mine = async (options: object) => (await world.ask('{ fresh { myRating } }', options)).data.fresh.myRating as number;
    const longer = { ...bob, userId: 'robert' };
    expect([await mine({ as: ada }), await mine({ as: longer }), await mine({ as: ada }), await mine({})]).toEqual([3, 6, 3, null]);
    expect(world.asked().rates).toBe(3);
  });

  test('a change makes one of them be asked for again', async () => {
    await world.ask('{ products { nodes { rating { average } } } }');
    expect(representations()).toEqual(['1,2']);
    world.rows[1]!.stars = 5;
    world.store.touch(['Product:2']);
    const { data } = await world.ask('{ products { nodes { rating { average } } } }');
    expect(data.products.nodes[1].rating.average).toBe(5);
    expect(representations()).toEqual(['2']);
  });

  test('an answer made of what was known is no fresher than that', async () => {
    await world.ask('{ product(id: "1") { rating { average } } }');
    world.advance(20_000);
    expect((await world.ask('{ newest { label } products { nodes { label rating { average } } } }')).cache?.maxAge).toBe(10);
    world.advance(10_000);
    world.asked();
    await world.ask('{ newest { label } products { nodes { label rating { average } } } }');
    expect(world.asked()).toEqual({ shop: 1, rates: 1 });
    expect(world.rates.requests).toEqual([]);
  });

  test('one with an error is not kept, its neighbours are; one that is missing is not kept', async () => {
    const { rates } = world;
    rates.disturb = () =>
      Promise.resolve({
        data: { _entities: [{ rating: null }, { rating: { average: 2 } }] },
        errors: [{ message: 'broken', path: ['_entities', 0, 'rating'], extensions: { code: 'UPSTREAM_UNAVAILABLE' } }],
      });
    const list = '{ products { nodes { rating { average } } } }';
    const { data, errors } = await world.ask(list);
    expect([data.products.nodes, errors?.length]).toEqual([[{ rating: null }, { rating: { average: 2 } }], 1]);
    rates.disturb = undefined;
    representations();
    expect((await world.ask(list)).data.products.nodes).toEqual([{ rating: { average: 1 } }, { rating: { average: 2 } }]);
    expect(representations()).toEqual(['1']);
    world.store.clear();
    rates.disturb = () => Promise.resolve({ data: { _entities: [null, { rating: { average: 2 } }] } });
    await world.ask(list);
    rates.disturb = undefined;
    world.store.touch(['Product']);
    representations();
    await world.ask(list);
    expect(representations()).toEqual(['1']);
  });

  test('what is merged into one answer does not change what is kept', async () => {
    const document = '{ fresh { maker { name } rated { stars } rating { average } } }';
    const first = (await world.ask(document)).data;
    for (const _ of [1, 2, 3]) expect((await world.ask(document)).data).toEqual(first);
    expect((await world.ask('{ fresh { rated { stars id } } }')).data.fresh.rated).toEqual([{ stars: 3, id: 'r1' }]);
  });

  test('mutations and events are completed with what is there now', async () => {
    await world.ask('{ fresh { rating { average count } } }');
    world.rows[0]!.stars = 4;
    const renamed = await world.ask('mutation { rename(id: "1", title: "x") { rating { average count } } }');
    expect(renamed.data.rename.rating.average).toBe(4);
    const stream = await world.executor.subscribe({
      document: parse('subscription { renamed { rating { average count } } }'),
      operationName: undefined,
      variables: undefined,
      identity: nobody('test'),
      signal: new AbortController().signal,
    });
    if (!(Symbol.asyncIterator in stream)) throw new Error('the subscription did not begin');
    world.rows[0]!.stars = 5;
    expect((await stream.next()).value).toMatchObject({ data: '{"renamed":{"rating":{"average":5,"count":1}}}' });
    await stream.return();
  });
});
