import { once } from 'node:events';
import { eventTopic } from '@supergraph/platform/bus';
import { WebSocket } from 'ws';
import { createTestKey, startTestGateway, type TestGateway, type TestKey } from '../testing.ts';
import { accounts, catalog, organizations, type PeopleState, reviews } from './fixtures.ts';

const state: PeopleState = { keySet: null, keySetAsked: 0, ended: [], memberships: new Map() };
const origin = 'http://graph.test';
let gateway: TestGateway;
let first: TestKey;
let second: TestKey;

beforeAll(async () => {
  [first, second] = [await createTestKey(origin, 'first'), await createTestKey(origin, 'second')];
  state.keySet = first.keySet;
  gateway = await startTestGateway({ subgraphs: [accounts(state), organizations(state), catalog(), reviews()] });
});
afterAll(() => gateway.stop());

const statusOf = async (token: string) =>
  (
    await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: '{"query":"{ viewer { id } }"}',
    })
  ).status;
const open = async (token: string) => {
  const socket = new WebSocket(gateway.socketUrl, 'graphql-transport-ws');
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } }));
  await once(socket, 'message');
  return socket;
};
const rotated = (keySet: unknown, emergency: boolean) => {
  state.keySet = keySet;
  gateway.live.broadcast(eventTopic('accounts.signing_key.rotated'), JSON.stringify({ payload: { kid: 'second', emergency } }));
};

test('a change of keys refuses nothing that holds', async () => {
  const token = await first.sign();
  expect(await statusOf(token)).toBe(200);
  const socket = await open(token);
  const asked = state.keySetAsked;
  rotated({ keys: [...second.keySet.keys, ...first.keySet.keys] }, false);
  expect([await statusOf(token), await statusOf(await second.sign())]).toEqual([200, 200]);
  expect(state.keySetAsked).toBe(asked + 1);
  expect(socket.readyState).toBe(WebSocket.OPEN);
  socket.close();
});

test('what a removed key signed is refused at once, and its sockets are closed with 4403', async () => {
  const [stolen, good] = [await first.sign({ sid: 'one' }), await second.sign({ sid: 'two' })];
  const [robbed, kept] = [await open(stolen), await open(good)];
  const closed = once(robbed, 'close');
  rotated(second.keySet, true);
  expect((await closed)[0]).toBe(4403);
  expect([await statusOf(stolen), await statusOf(good)]).toEqual([401, 200]);
  expect(kept.readyState).toBe(WebSocket.OPEN);
  kept.close();
});
