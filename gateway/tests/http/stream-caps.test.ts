import { once } from 'node:events';
import { WebSocket } from 'ws';
import { addressGroup } from '../../src/address-group.ts';
import { fakeExecutor, type FakeGraph, startFakeGraph } from '../support/fake-graph.ts';
import { json, send } from '../support/http.ts';
import { openStreams, source, ticks, ticksSdl } from '../support/ticks.ts';
import { until } from '../support/until.ts';

const multipart = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json';
const executor = () => fakeExecutor(ticksSdl, { subscribe: (request) => Promise.resolve(ticks(request)) });
const graphs: FakeGraph[] = [];
const start = async (settings: object) => {
  const started = await startFakeGraph(executor(), { settings });
  graphs.push(started);
  return started;
};
const never = () => new Promise<never>(() => undefined);
afterAll(() => Promise.all(graphs.map((one) => one.stop())));

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:DB8:0:0:1:2:3:4', '2001:db8:0:0::/64'],
  ['2001:db8:1::', '2001:db8:1:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['64:ff9b::192.0.2.1', '64:ff9b:0:0::/64'],
  ['', ''],
])('%s counts as %s', (address, group) => expect(addressGroup(address)).toBe(group));

describe('how many streams', () => {
  const open = async (to: FakeGraph, token?: string) => {
    const socket = new WebSocket(to.socketUrl, 'graphql-transport-ws');
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    const outcome = await new Promise<string>((resolve) => {
      socket.once('open', () => resolve('open')).once('error', (error) => resolve(error.message));
    });
    if (outcome !== 'open') return { outcome, closed, socket };
    const acknowledged = once(socket, 'message').then(() => 'acknowledged');
    socket.send(JSON.stringify({ type: 'connection_init', payload: token ? { authorization: `Bearer ${token}` } : {} }));
    return { outcome: await Promise.race([acknowledged, closed]), closed, socket };
  };
  const stream = (to: FakeGraph, headers: Record<string, string> = {}) =>
    fetch(to.url, {
      method: 'POST',
      headers: { ...json, accept: multipart, ...headers },
      body: JSON.stringify({ query: 'subscription { ticks }' }),
    });

  test('one user may have, over all transports', async () => {
    source.gate = never;
    const own = await start({ streamsPerUser: 2 });
    const first = await open(own, 'ada');
    const second = await stream(own, { authorization: 'Bearer ada' });
    expect([first.outcome, second.status]).toEqual(['acknowledged', 200]);
    const third = await open(own, 'ada');
    expect([third.outcome, await third.closed]).toEqual([4429, 4429]);
    const fourth = await stream(own, { authorization: 'Bearer ada' });
    expect([fourth.status, fourth.headers.get('retry-after'), await fourth.json()]).toEqual([
      429,
      '1',
      {
        errors: [
          {
            message: expect.stringContaining('one user may have 2 streams'),
            extensions: { code: 'RATE_LIMITED', reason: 'STREAM_LIMIT', limit: 2, retryAfterSeconds: 1 },
          },
        ],
      },
    ]);
    expect((await open(own, 'bruno')).outcome).toBe('acknowledged');
    first.socket.close();
    await first.closed;
    await until(async () => (await openStreams(own)) === 2);
    expect((await open(own, 'ada')).outcome).toBe('acknowledged');
    await second.body?.cancel();
  });
  test('one address may have, a /64 of IPv6 being one', async () => {
    source.gate = never;
    const own = await start({ streamsPerAddress: 2, trustedProxies: 1 });
    const from = (address: string) => stream(own, { 'x-forwarded-for': `6.6.6.6, ${address}` });
    expect((await from('2001:db8:0:1::a')).status).toBe(200);
    expect((await from('2001:db8::1:ffff:0:0:b')).status).toBe(200);
    expect((await from('2001:0db8:0000:0001:8000::')).status).toBe(429);
    expect((await from('2001:db8:0:2::a')).status).toBe(200);
    expect([(await from('192.0.2.1')).status, (await from('::ffff:192.0.2.1')).status, (await from('192.0.2.1')).status]).toEqual([
      200, 200, 429,
    ]);
    // Sockets of this machine itself.
    expect([(await open(own)).outcome, (await open(own)).outcome]).toEqual(['acknowledged', 'acknowledged']);
    expect((await open(own)).outcome).toContain('429');
    expect((await send(own, { body: { query: '{ hello }' } })).status).toBe(200);
    await own.stop();
  });
});
