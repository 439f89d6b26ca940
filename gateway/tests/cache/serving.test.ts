import { eventTopic, type LiveTransport } from '@supergraph/platform/bus';
import { createConnectionState } from '@supergraph/platform/connection-state';
import { defineEvent, toEnvelope } from '@supergraph/platform/events';
import { createInProcessLive } from '@supergraph/platform/in-process-bus';
import { createLog } from '@supergraph/platform/log';
import { entityTag, listTag, touch } from '@supergraph/platform/touches';
import { z } from 'zod';
import { openCache, touchOnEvents, whileHearing } from '../../src/cache/cache.ts';
import { createMemoryStore } from '../../src/cache/memory-store.ts';
import type { CacheStore } from '../../src/cache/store.ts';
import { createTestKey, startTestGateway, type TestGateway, type TestKey } from '../../testing.ts';
import { accounts, type Fixture, organizations, type PeopleState } from '../fixtures.ts';
import { momentOf } from './support/stores.ts';
import { someRows, subgraphsOver } from './support/world.ts';

const renamed = defineEvent('shop.product.renamed', 1, 'id', z.object({ id: z.string() }));
const rated = defineEvent('rates.product.rated', 1, 'id', z.object({ id: z.string() }));
const touches = [
  touch(renamed, ({ id }) => [entityTag('Product', id), listTag('Product')]),
  touch(rated, ({ id }) => [entityTag('Product', id)]),
];
const origin = { viewer: null, organization: null, traceparent: null, now: () => new Date() };
const log = createLog('silent', 'test');

describe('over HTTP', () => {
  const state: PeopleState = { keySet: null, keySetAsked: 0, ended: [], memberships: new Map() };
  const rows = someRows();
  const [shop, rates] = subgraphsOver(rows);
  let key: TestKey;
  let gateway: TestGateway;
  beforeAll(async () => {
    key = await createTestKey('http://graph.test');
    state.keySet = key.keySet;
    const subgraphs: Fixture[] = [shop, rates, accounts(state), organizations(state)];
    gateway = await startTestGateway({ subgraphs, touches, settings: { cacheMb: 8 } });
  });
  afterAll(() => gateway.stop());

  const ask = async (query: string, headers: Record<string, string> = {}) => {
    const body = JSON.stringify({ query });
    const response = await fetch(gateway.url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
    return { control: response.headers.get('cache-control'), vary: response.headers.get('vary'), body: await response.json() };
  };

  test('Cache-Control follows the policy; what caches keep is for the caller alone', async () => {
    const guest = await ask('{ greeting }');
    expect(guest.control).toMatch(/^public, max-age=(60|59)$/);
    expect(guest.vary?.toLowerCase()).toContain('authorization, x-organization-id');
    const bearer = { authorization: `Bearer ${await key.sign()}` };
    expect((await ask('{ greeting }', bearer)).control).toMatch(/^private, max-age=(60|5\d)$/);
    expect((await ask('{ mine { owner } }', bearer)).control).toMatch(/^private, max-age=(60|59)$/);
    for (const query of [
      '{ clock }',
      '{ mine { owner } }',
      'mutation { rename(id: "2", title: "x") { label } }',
      '{ product(id: "1") { margin } }',
      '{ nonsense }',
    ])
      expect([query, (await ask(query)).control]).toEqual([query, 'no-store']);
  });

  test('an event outdates what it touches, and is counted', async () => {
    const title = async () => (await ask('{ product(id: "1") { title } }')).body.data.product.title as string;
    expect(await title()).toBe('title 1');
    rows[0]!.title = 'renamed';
    expect(await title()).toBe('title 1');
    gateway.live.broadcast(eventTopic(renamed.name), JSON.stringify(toEnvelope(origin, renamed, { id: '1' })));
    expect(await title()).toBe('renamed');
    const metrics = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
    expect(metrics).toContain('gateway_cache_lookups_total{kind="answer",outcome="hit"}');
    expect(metrics).toContain('gateway_cache_lookups_total{kind="answer",outcome="miss"}');
    expect(metrics).toContain('gateway_cache_stores_total{kind="answer"}');
    expect(metrics).toContain('gateway_cache_invalidations_total{event="shop.product.renamed"} 2');
  });

  test('an event that cannot be read outdates everything', async () => {
    await ask('{ greeting }');
    shop.requests.splice(0);
    gateway.live.broadcast(eventTopic(rated.name), '{"payload":{"id":7}}');
    await ask('{ greeting }');
    expect(shop.requests.length).toBe(1);
  });
});

describe('listening', () => {
  const entry = (text: string) => ({ key: 'k', text, tags: ['Product:1'], expiresAt: Date.now() + 60_000 });
  const tagged = async (store: CacheStore) => {
    const { moment } = await store.find([]);
    if (moment) store.keep([entry('kept')], moment);
    return (await store.find(['k'])).entries[0]?.text;
  };
  const found = async (store: CacheStore) => (await store.find(['k'])).entries[0]?.text;

  test('while other processes cannot be heard nothing is remembered, and nothing of before afterwards', async () => {
    const connection = createConnectionState();
    const live: LiveTransport = { ...createInProcessLive(), onConnection: connection.watch };
    const store = whileHearing(createMemoryStore({ bytes: 100_000 }), live);
    expect(await tagged(store)).toBeUndefined();
    connection.set(true);
    expect(await tagged(store)).toBe('kept');
    const before = await momentOf(store);
    connection.set(false);
    expect(await found(store)).toBeUndefined();
    store.keep([entry('late')], before);
    connection.set(true);
    expect(await found(store)).toBeUndefined();
    store.keep([entry('begun before the gap')], before);
    expect(await found(store)).toBeUndefined();
    expect(await tagged(store)).toBe('kept');
    connection.missed();
    expect(await found(store)).toBeUndefined();
    await store.close();
    connection.set(true);
  });

  test('two rules for one event touch together; a closed cache listens no more', async () => {
    const live = createInProcessLive();
    const store = createMemoryStore({ bytes: 100_000 });
    const heard: (readonly string[])[] = [];
    const noting: CacheStore = { ...store, touch: (tags) => void heard.push(tags) };
    const end = touchOnEvents(noting, { live, log, metrics: undefined, rules: [...touches, touch(rated, ({ id }) => [`Rate:${id}`])] });
    const tell = () => live.broadcast(eventTopic(rated.name), JSON.stringify(toEnvelope(origin, rated, { id: '1' })));
    tell();
    expect(heard).toEqual([['Product:1', 'Rate:1']]);
    end();
    tell();
    expect(heard.length).toBe(1);
  });

  test('CACHE_MB=0 remembers nothing', async () => {
    const settings = { cacheMb: 0, redisUrl: undefined };
    const cache = openCache({ settings, live: createInProcessLive(), rules: touches, log });
    expect(cache.of).toBeUndefined();
    await cache.close();
  });

  test('a rule for the events of all domains is refused, with its mend', () => {
    const any = defineEvent('*.product.rated', 1, 'id', z.object({ id: z.string() }));
    expect(() => touch(any, () => [])).toThrow(/mend: name each of them/);
  });
});
