import { once } from 'node:events';
import { eventTopic } from '@supergraph/platform/bus';
import { createLog } from '@supergraph/platform/log';
import { createRemoteSubgraph } from '@supergraph/platform/remote';
import { type RunningServer, serveSubgraph } from '@supergraph/platform/service-server';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import { createClient as createEventClient } from 'graphql-sse';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { createTestKey, startTestGateway, type TestGateway, type TestKey } from '../testing.ts';
import { accounts, catalog, organizations, type PeopleState, reviews, watchers } from './fixtures.ts';

const log = createLog(process.env['TEST_LOG_LEVEL'] ?? 'silent', 'test');
const internalKey = 'k'.repeat(64);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** The limit is for a slow machine, not a promise of speed. */
const until = async (holds: () => boolean | Promise<boolean>, ms = 20_000) => {
  for (const end = Date.now() + ms; !(await holds()) && Date.now() < end;) await sleep(10);
  expect(await holds()).toBe(true);
};

let key: TestKey;
const state: PeopleState = { keySet: null, keySetAsked: 0, ended: [], memberships: new Map() };
const gateways: TestGateway[] = [];
const services: RunningServer[] = [];
const clients: SubgraphClient[] = [];
let embedded: TestGateway;
let remote: TestGateway;

beforeAll(async () => {
  key = await createTestKey('http://graph.test');
  state.keySet = key.keySet;
  const local = () => [accounts(state), organizations(state), catalog(), reviews()];
  embedded = await startTestGateway({ subgraphs: local(), slowReaders: { behindMs: 700, mostBytes: 200_000 } });
  const served = local();
  for (const subgraph of served) {
    const service = await serveSubgraph({ subgraph, settings: { internalKey }, port: 0, host: '127.0.0.1', log });
    services.push(service);
    clients.push(
      createRemoteSubgraph({ name: subgraph.name, url: `http://127.0.0.1:${service.port}/graphql`, settings: { internalKey }, log }),
    );
  }
  remote = await startTestGateway({ subgraphs: served, clients });
  gateways.push(embedded, remote);
});
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(services.map((service) => service.stop()));
});

const openSockets = async (gateway: TestGateway) => {
  const metrics = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text();
  return Number(/^gateway_sockets_open (\d+)$/m.exec(metrics)?.[1]);
};
const clientOf = (gateway: TestGateway, connectionParams: Record<string, unknown> = {}, { lazy = true } = {}): Client =>
  createClient({
    url: gateway.socketUrl,
    webSocketImpl: WebSocket,
    connectionParams,
    retryAttempts: 0,
    lazy,
    onNonLazyError: () => undefined,
  });
const collect = async (results: AsyncIterable<unknown>) => {
  const all: any[] = [];
  for await (const result of results) all.push(result);
  return all;
};
const query = 'subscription ($id: ID!) { priceChanged(id: $id) { name price reviews { body } rating } }';
const expected = [1, 2, 3].map((price) => ({
  data: { priceChanged: { name: 'Pot', price, reviews: [{ body: 'about 2' }], rating: 2.5 } },
}));

describe.each([
  ['embedded', () => embedded],
  ['remote', () => remote],
])('subscriptions with %s subgraphs', (_name, gatewayOf) => {
  test('over graphql-ws carry fields of two domains', async () => {
    const client = clientOf(gatewayOf());
    expect(await collect(client.iterate({ query, variables: { id: '2' } }))).toEqual(expected);
    expect(await collect(client.iterate({ query: '{ products(first: 1) { nodes { rating } } }' }))).toEqual([
      { data: { products: { nodes: [{ rating: 1.5 }] } } },
    ]);
    await client.dispose();
  });
  test('over graphql-sse carry the same', async () => {
    const client = createEventClient({ url: `${gatewayOf().url}/stream`, retryAttempts: 0 });
    expect(await collect(client.iterate({ query, variables: { id: '2' } }))).toEqual(expected);
    expect(await collect(client.iterate({ query: '{ reviewCount }' }))).toEqual([{ data: { reviewCount: 3 } }]);
    expect(await collect(client.iterate({ query: '{ nothing }' }))).toEqual([
      { errors: [expect.objectContaining({ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } })] },
    ]);
    client.dispose();
  });
  test('end at the owner when the client leaves', async () => {
    for (const leave of ['complete', 'close', 'stream'] as const) {
      const { aborted } = watchers;
      if (leave === 'stream') {
        const client = createEventClient({ url: `${gatewayOf().url}/stream`, retryAttempts: 0 });
        const got = Promise.withResolvers<unknown>();
        const end = client.subscribe(
          { query: 'subscription { endless { name } }' },
          { next: got.resolve, error: got.reject, complete: () => undefined },
        );
        expect(await got.promise).toEqual({ data: { endless: { name: 'Tea' } } });
        end();
      } else {
        const client = clientOf(gatewayOf());
        const stream = client.iterate({ query: 'subscription { endless { name } }' });
        expect((await stream.next()).value).toEqual({ data: { endless: { name: 'Tea' } } });
        if (leave === 'complete') await stream.return?.();
        else client.terminate();
      }
      await until(() => watchers.aborted === aborted + 1);
    }
  });
  test('a denied root field is refused without asking anybody', async () => {
    const client = clientOf(gatewayOf());
    expect(await collect(client.iterate({ query: 'subscription { secretChanged { name } }' }))).toEqual([
      { data: null, errors: [expect.objectContaining({ path: ['secretChanged'], extensions: { code: 'UNAUTHENTICATED' } })] },
    ]);
    await client.dispose();
  });
});

describe.each([
  ['embedded', () => embedded],
  ['remote', () => remote],
])('in an organization, with %s subgraphs', (name, gatewayOf) => {
  const organizationId = `acme-${name}`;
  const row = {
    organizationId,
    membershipId: 'm1',
    roleKey: 'ADMIN',
    permissions: ['people.budget.read'],
    teamIds: [],
    requireMfa: false,
    status: 'ACTIVE',
    epoch: 1,
  };
  const become = (membership: typeof row | null, event: string) => {
    const of = `ada ${organizationId}`;
    if (membership) state.memberships.set(of, membership);
    else state.memberships.delete(of);
    gatewayOf().live.broadcast(eventTopic(event), JSON.stringify({ payload: { organizationId, userId: 'ada' } }));
  };
  const enter = async () => {
    become(row, 'organizations.member.added');
    // One socket for all that is asked, also while nothing runs.
    return clientOf(gatewayOf(), { authorization: `Bearer ${await key.sign()}`, 'x-organization-id': organizationId }, { lazy: false });
  };
  const budget = '{ currentOrganization { budget } }';
  const outcome = (error: unknown) => {
    const [first] = error as { extensions: Record<string, unknown> }[];
    return [first?.extensions['code'], first?.extensions['reason']];
  };
  const ask = (client: Client, document: string) =>
    collect(client.iterate({ query: document })).then(
      ([answer]) => (answer.errors ? outcome(answer.errors) : answer.data),
      (error: unknown) => outcome(error),
    );

  test('what is asked over an open socket holds by the membership of now', async () => {
    const client = await enter();
    expect(await ask(client, budget)).toEqual({ currentOrganization: { budget: 7 } });
    become({ ...row, permissions: [] }, 'organizations.role.updated');
    expect(await ask(client, budget)).toEqual(['FORBIDDEN', 'PERMISSION_MISSING']);
    become({ ...row, requireMfa: true }, 'organizations.organization.updated');
    expect(await ask(client, budget)).toEqual(['UNAUTHENTICATED', 'STEP_UP_REQUIRED']);
    expect(await ask(client, '{ currentOrganization { id settings { requireMfa } } }')).toMatchObject({ currentOrganization: {} });
    become(null, 'organizations.member.removed');
    for (const document of [budget, 'mutation { write }', 'subscription { endless { name } }'])
      expect(await ask(client, document)).toEqual(['NOT_FOUND', undefined]);
    await client.dispose();
  });
  test('a subscription ends with the next event when the membership is gone, or asks for more', async () => {
    for (const [membership, event, told] of [
      [{ ...row, requireMfa: true }, 'organizations.organization.updated', ['UNAUTHENTICATED', 'STEP_UP_REQUIRED']],
      [null, 'organizations.role.updated', ['NOT_FOUND', undefined]],
    ] as const) {
      const client = await enter();
      const stream = client.iterate({ query: 'subscription { priceChanged(id: "1", count: 1000000) { price } }' });
      expect((await stream.next()).value).toMatchObject({ data: { priceChanged: { price: 1 } } });
      become(membership, event);
      const events = await collect(stream);
      expect(outcome(events.at(-1).errors)).toEqual(told);
      await client.dispose();
    }
  });
  test('a quiet subscription ends by itself for whom is removed or suspended, and for nobody else', async () => {
    for (const event of ['organizations.member.removed', 'organizations.member.suspended']) {
      const client = await enter();
      const stream = client.iterate({ query: 'subscription { endless { name } }' });
      expect((await stream.next()).value).toMatchObject({ data: { endless: { name: 'Tea' } } });
      const { aborted } = watchers;
      const other = JSON.stringify({ payload: { organizationId, userId: 'bob' } });
      gatewayOf().live.broadcast(eventTopic(event), other);
      expect(await ask(client, budget)).toEqual({ currentOrganization: { budget: 7 } });
      expect(watchers.aborted).toBe(aborted);
      become(null, event);
      const events = await collect(stream);
      expect(outcome(events.at(-1).errors)).toEqual(['NOT_FOUND', undefined]);
      await until(() => watchers.aborted === aborted + 1);
      await client.dispose();
    }
  });
});

test('an error in one event does not end the stream', async () => {
  const opinions = reviews();
  let calls = 0;
  opinions.disturb = async ({ variables }) => {
    calls += 1;
    if (calls === 2) throw new Error('down');
    return { data: { _entities: ((variables?.['representations'] ?? []) as object[]).map(() => ({ stars: calls })) } };
  };
  const gateway = await startTestGateway({ subgraphs: [accounts(state), organizations(state), catalog(), opinions] });
  gateways.push(gateway);
  const client = clientOf(gateway);
  const events = await collect(client.iterate({ query: 'subscription { priceChanged(id: "1") { price stars } }' }));
  expect(events).toEqual([
    { data: { priceChanged: { price: 1, stars: 1 } } },
    {
      data: { priceChanged: { price: 2, stars: null } },
      errors: [expect.objectContaining({ path: ['priceChanged', 'stars'], extensions: { code: 'UPSTREAM_UNAVAILABLE' } })],
    },
    { data: { priceChanged: { price: 3, stars: 3 } } },
  ]);
  await client.dispose();
});

test('a subscription outlives a restart of its service and tells that events may be missing', async () => {
  const subgraph = catalog();
  const first = await serveSubgraph({ subgraph, settings: { internalKey }, port: 0, host: '127.0.0.1', log });
  const client = createRemoteSubgraph({ name: 'catalog', url: `http://127.0.0.1:${first.port}/graphql`, settings: { internalKey }, log });
  const leaving = new AbortController();
  const identity = {
    requestId: 'r',
    viewer: null,
    organization: null,
    service: null,
    client: { ipAddress: null, userAgent: null },
    traceparent: null,
  };
  const stream = await client.subscribe({
    query: 'subscription { endless { name } }',
    identity,
    deadline: Date.now() + 60_000,
    signal: leaving.signal,
  });
  if (!(Symbol.asyncIterator in stream)) throw new Error('no stream');
  expect((await stream.next()).value).toEqual({ data: { endless: { name: 'Tea' } } });
  const cut = stream.next();
  await first.stop();
  expect((await cut).value).toMatchObject({ errors: [{ extensions: { code: 'UPSTREAM_UNAVAILABLE', reason: 'EVENTS_MAY_BE_MISSING' } }] });
  const second = await serveSubgraph({ subgraph, settings: { internalKey }, port: first.port, host: '127.0.0.1', log });
  expect((await stream.next()).value).toEqual({ data: { endless: { name: 'Tea' } } });
  leaving.abort();
  expect((await stream.next()).done).toBe(true);
  await client.close();
  await second.stop();
});

describe('close codes', () => {
  const openRaw = async (gateway: TestGateway, options: { protocol?: string; origin?: string } = {}) => {
    const socket = new WebSocket(
      gateway.socketUrl,
      options.protocol ?? 'graphql-transport-ws',
      options.origin ? { origin: options.origin } : {},
    );
    const closed = once(socket, 'close').then(([code]) => code as number);
    await once(socket, 'open');
    return { socket, closed, send: (message: unknown) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)) };
  };
  const acknowledged = async (gateway: TestGateway, payload: object = {}) => {
    const raw = await openRaw(gateway);
    const answer = once(raw.socket, 'message');
    raw.send({ type: 'connection_init', payload });
    await answer;
    return raw;
  };

  test('a dead, forged or malformed token is 4403, no token is a guest', async () => {
    for (const authorization of [
      `Bearer ${await key.sign({ exp: 1 })}`,
      'Bearer rubbish',
      'Basic YTpi',
      `Bearer ${await (await createTestKey('http://graph.test')).sign()}`,
    ]) {
      const { send, closed } = await openRaw(embedded);
      send({ type: 'connection_init', payload: { authorization } });
      expect(await closed).toBe(4403);
    }
    const { send, closed } = await openRaw(embedded);
    send({ type: 'connection_init', payload: { organizationId: 'acme' } });
    expect(await closed).toBe(4403);
    (await acknowledged(embedded)).socket.close();
  });
  test('the protocol has its own: 4400, 4401, 4406, 4409, 4429 and 1009', async () => {
    const bad = await openRaw(embedded);
    bad.send('{"type":');
    expect(await bad.closed).toBe(4400);
    const early = await openRaw(embedded);
    early.send({ type: 'subscribe', id: '1', payload: { query: '{ reviewCount }' } });
    expect(await early.closed).toBe(4401);
    const twice = await acknowledged(embedded);
    twice.send({ type: 'connection_init' });
    expect(await twice.closed).toBe(4429);
    const double = await acknowledged(embedded);
    for (const _ of [1, 2]) double.send({ type: 'subscribe', id: '1', payload: { query: 'subscription { endless { name } }' } });
    expect(await double.closed).toBe(4409);
    const large = await acknowledged(embedded);
    large.send({ type: 'ping', payload: { text: 'x'.repeat(140_000) } });
    expect(await large.closed).toBe(1009);
  });
  test('another origin is refused before the handshake', async () => {
    const foreign = new WebSocket(embedded.socketUrl, 'graphql-transport-ws', { origin: 'https://evil.test' });
    const [error] = (await once(foreign, 'error')) as [Error];
    expect(error.message).toContain('403');
    (await openRaw(embedded, { origin: 'https://app.test' })).socket.close();
  });
  test('a socket ends with its token, and with its session', async () => {
    const short = await acknowledged(embedded, { authorization: `Bearer ${await key.sign({ exp: Math.floor(Date.now() / 1_000) + 1 })}` });
    expect(await short.closed).toBe(4403);
    const session = await acknowledged(embedded, { authorization: `Bearer ${await key.sign({ sid: 'to-end' })}` });
    embedded.live.broadcast(
      eventTopic('accounts.session.ended'),
      JSON.stringify({ payload: { userId: 'ada', sessionId: 'to-end', clientId: 'tests', reason: 'SIGNED_OUT' } }),
    );
    expect(await session.closed).toBe(4403);
  });
  test('50 operations run at once, the 51st is refused and the socket stays', async () => {
    const { socket, send } = await acknowledged(embedded);
    const messages: { type: string; id: string; payload?: { message: string }[] }[] = [];
    socket.on('message', (data) => messages.push(JSON.parse((data as Buffer).toString('utf8'))));
    for (let id = 1; id <= 51; id++) send({ type: 'subscribe', id: String(id), payload: { query: 'subscription { endless { name } }' } });
    await until(() => messages.length === 51);
    expect(messages.filter(({ type }) => type === 'next')).toHaveLength(50);
    expect(messages.find(({ type }) => type === 'error')?.payload?.[0]).toMatchObject({
      extensions: { reason: 'OPERATION_LIMIT', limit: 50 },
    });
    socket.close();
  });
  test('limits hold on sockets', async () => {
    const client = clientOf(embedded);
    await expect(
      collect(
        client.iterate({
          query: `{ ${'a: reviewCount '.repeat(31)} }`.replaceAll(/a:/g, () => `a${Math.random().toString(36).slice(2)}:`),
        }),
      ),
    ).rejects.toMatchObject([{ extensions: { reason: 'ALIAS_LIMIT' } }]);
    await client.dispose();
  });
  test('a subscriber that stops reading is cut, others do not notice', async () => {
    const text = 'x'.repeat(60_000);
    await until(async () => (await openSockets(embedded)) === 0);
    const slow = await acknowledged(embedded);
    slow.socket.pause();
    for (let id = 0; id < 45; id++)
      slow.send({
        type: 'subscribe',
        id: String(id),
        payload: { query: 'query ($text: String!) { a: echo(text: $text, times: 20) }', variables: { text } },
      });
    // Reading on before it is cut would make it a reader again.
    await until(async () => (await openSockets(embedded)) === 0);
    slow.socket.resume();
    expect(await slow.closed).toBe(1006);
  });
  test('1001 at the stop of the server, and streams are cut without "complete"', async () => {
    const gateway = await startTestGateway({ subgraphs: [accounts(state), organizations(state), catalog(), reviews()] });
    const raw = await acknowledged(gateway);
    raw.send({ type: 'subscribe', id: '1', payload: { query: 'subscription { endless { name } }' } });
    await once(raw.socket, 'message');
    const response = await fetch(`${gateway.url}/stream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: 'subscription { endless { name } }' }),
    });
    const text = response.text();
    await gateway.stop();
    expect(await raw.closed).toBe(1001);
    expect(await text).not.toContain('event: complete');
  });
});

test('an event stream ends with its session', async () => {
  const response = await fetch(`${embedded.url}/stream`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'text/event-stream',
      authorization: `Bearer ${await key.sign({ sid: 'stream-session' })}`,
    },
    body: JSON.stringify({ query: 'subscription { endless { name } }' }),
  });
  expect(response.status).toBe(200);
  embedded.live.broadcast(eventTopic('accounts.session.ended'), JSON.stringify({ payload: { sessionId: 'stream-session' } }));
  expect(await response.text()).toContain('SESSION_ENDED');
});
