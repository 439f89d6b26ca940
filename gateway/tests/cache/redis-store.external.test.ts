import { createLog } from '@supergraph/platform/log';
import { leaveRedis, openRedis } from '@supergraph/platform/redis';
import { external } from '@supergraph/platform/tests/support/external';
import { openProxy } from '@supergraph/platform/tests/support/proxy';
import { createRedisStore } from '../../src/cache/redis-store.ts';
import type { CacheStore } from '../../src/cache/store.ts';
import { describeHistory } from './support/history.ts';
import { describeStore, momentOf, ready } from './support/stores.ts';
import { openWorld } from './support/world.ts';

const log = createLog('silent', 'test');
let number = 0;
const freshName = () => `test-${process.pid}-${(number += 1)}`;
/** Patient, since the tests' machine may be slow; being quick is a test of its own. */
const open = async (options: Partial<Parameters<typeof createRedisStore>[0]> = {}) => {
  const store = createRedisStore({ url: external.redis, log, name: freshName(), answerMs: 5_000, ...options });
  await ready(store);
  return store;
};

describeStore('in Redis', { open: (now) => open({ now }) });
describeHistory('in Redis', { open: (now) => open({ now }), runs: 20 });

const keep = async (store: CacheStore, key: string, tags: readonly string[] = []) => {
  store.keep([{ key, text: key, tags, expiresAt: Date.now() + 60_000 }], await momentOf(store));
  return (await store.find([key])).entries[0]?.text;
};
const find = async (store: CacheStore, key: string) => (await store.find([key])).entries[0]?.text;

test('several gateways share what is kept, and each one touches it for all', async () => {
  const name = freshName();
  const [one, two] = [await open({ name }), await open({ name })];
  expect(await keep(one, 'a', ['T:1'])).toBe('a');
  expect(await find(two, 'a')).toBe('a');
  two.touch(['T:1']);
  expect(await find(two, 'a')).toBeUndefined();
  expect(await find(one, 'a')).toBeUndefined();
  await Promise.all([one.close(), two.close()]);
});

test('a gateway that begins does not trust what others kept while nobody may have listened', async () => {
  const name = freshName();
  const one = await open({ name });
  await keep(one, 'a');
  await one.close();
  const two = await open({ name });
  expect(await find(two, 'a')).toBeUndefined();
  await two.close();
});

test('a Redis that was emptied or has thrown its state away outdates everything', async () => {
  const name = freshName();
  const store = await open({ name });
  await keep(store, 'a', ['T:1']);
  const redis = openRedis({ url: external.redis, log, lost: 'the test fails' });
  await redis.del(`supergraph:{${name}}:state`);
  expect(await find(store, 'a')).toBeUndefined();
  expect(await keep(store, 'b')).toBe('b');
  await leaveRedis(redis);
  await store.close();
});

test('what it could not be told of is outdated when it is back', async () => {
  const proxy = await openProxy(external.redis);
  const store = await open({ url: proxy.url });
  expect(await keep(store, 'a', ['T:1'])).toBe('a');
  proxy.break();
  store.touch(['T:1']);
  expect(await find(store, 'a')).toBeUndefined();
  proxy.mend();
  await ready(store);
  expect(await find(store, 'a')).toBeUndefined();
  expect(await keep(store, 'a')).toBe('a');
  await store.close();
  await proxy.close();
});

describe('while Redis is away', () => {
  test('everything is answered as without it, and remembered again when it is back', async () => {
    const proxy = await openProxy(external.redis);
    const store = await open({ url: proxy.url });
    const world = openWorld({ store: () => store });
    const greet = async () => (await world.ask('{ greeting }')).data.greeting as string;
    expect([await greet(), await greet(), world.asked().shop]).toEqual(['hello you', 'hello you', 1]);
    proxy.break();
    expect([await greet(), await greet(), world.asked().shop]).toEqual(['hello you', 'hello you', 2]);
    proxy.mend();
    await ready(store);
    await greet();
    world.asked();
    expect([await greet(), world.asked().shop]).toEqual(['hello you', 0]);
    await store.close();
    await proxy.close();
  });

  test('one that holds its connections and says nothing holds nobody up', async () => {
    const proxy = await openProxy(external.redis);
    const store = await open({ url: proxy.url, answerMs: 50 });
    const world = openWorld({ store: () => store });
    await world.ask('{ greeting }');
    proxy.freeze();
    for (const name of 'abcdefghijkl') expect((await world.ask(`{ greeting(name: "${name}") }`)).data.greeting).toBe(`hello ${name}`);
    // Nobody looks any more, but for a probe each second.
    const outcomes = Array.from({ length: 20 }, () =>
      Promise.race([Promise.resolve(store.find(['x'])).then(() => 'at once'), new Promise((resolve) => setImmediate(resolve, 'waits'))]),
    );
    expect((await Promise.all(outcomes)).filter((outcome) => outcome === 'at once').length).toBeGreaterThanOrEqual(19);
    store.touch(['T:1']);
    proxy.thaw();
    await ready(store);
    expect(await keep(store, 'again')).toBe('again');
    await store.close();
    await proxy.close();
  });
});
