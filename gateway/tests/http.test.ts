import { connect } from 'node:net';
import { eventTopic } from '@supergraph/platform/bus';
import { SignJWT } from 'jose';
import { createTestKey, startTestGateway, type TestGateway, type TestKey } from '../testing.ts';
import { accounts, catalog, type Fixture, type MembershipRow, organizations, type PeopleState, reviews, watchers } from './fixtures.ts';

const state: PeopleState = { keySet: null, keySetAsked: 0, ended: [], memberships: new Map() };
const tenants = organizations(state);
const people = accounts(state);
const shop = catalog();
const all: Fixture[] = [people, tenants, shop, reviews()];
let key: TestKey;
let gateway: TestGateway;
const origin = 'http://graph.test';

beforeAll(async () => {
  key = await createTestKey(origin);
  state.keySet = key.keySet;
  state.ended = ['ended-before'];
  gateway = await startTestGateway({ subgraphs: all, settings: { development: false } });
});
afterAll(() => gateway.stop());

const send = async (body: unknown, headers: Record<string, string> = {}, init: RequestInit = {}) => {
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...init,
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: JSON.parse(text || 'null') as { data?: any; errors?: { message: string; extensions: Record<string, any> }[] },
  };
};
const ask = (query: string, headers: Record<string, string> = {}, variables: Record<string, unknown> = {}) =>
  send({ query, variables }, headers);
const bearer = async (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) => ({
  authorization: `Bearer ${await key.sign(claims, header)}`,
});

describe('the HTTP face', () => {
  test('errors are JSON everywhere, and no framework shows', async () => {
    for (const [path, init, status] of [
      ['/nothing', {}, 404],
      ['/graphql', { method: 'DELETE' }, 405],
      ['/graphql', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":' }, 400],
    ] as const) {
      const response = await fetch(`http://127.0.0.1:${gateway.port}${path}`, init);
      expect(response.status).toBe(status);
      expect(response.headers.get('content-type')).toContain('application/json');
      expect(response.headers.get('x-powered-by')).toBeNull();
      expect(await response.json()).toEqual({ errors: [{ message: expect.any(String), extensions: { code: expect.any(String) } }] });
    }
  });
  test('security headers are set and only listed origins may read', async () => {
    const preflight = (from: string) =>
      fetch(gateway.url, { method: 'OPTIONS', headers: { origin: from, 'access-control-request-method': 'POST' } });
    expect((await preflight('https://app.test')).headers.get('access-control-allow-origin')).toBe('https://app.test');
    expect((await preflight('https://evil.test')).headers.get('access-control-allow-origin')).toBeNull();
    const { headers } = await ask('{ reviewCount }');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
  });
  test('a client that hangs up ends its subgraph calls', async () => {
    const { aborted, open } = watchers;
    const own = await startTestGateway({ subgraphs: all, operationMs: 60_000, fetchMs: 60_000 });
    const body = JSON.stringify({ query: '{ slow }' });
    const socket = connect(own.port, '127.0.0.1');
    socket.write(`POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
    while (watchers.open === open) await new Promise((resolve) => setTimeout(resolve, 5));
    socket.destroy();
    while (watchers.aborted === aborted) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(watchers.aborted).toBe(aborted + 1);
    await own.stop();
  });
  test('keys, health and metrics have their places', async () => {
    const jwks = await fetch(`http://127.0.0.1:${gateway.port}/oauth/jwks`);
    expect([jwks.headers.get('cache-control'), await jwks.json()]).toEqual(['public, max-age=300', key.keySet]);
    const admin = (path: string) => fetch(`http://127.0.0.1:${gateway.adminPort}${path}`);
    expect(await (await admin('/health/live')).json()).toEqual({ ok: true });
    expect(await (await admin('/health/ready')).json()).toEqual({ ok: true, problems: [], warnings: [] });
    expect(await (await admin('/metrics')).text()).toContain('gateway_sockets_open');
    expect((await admin('/')).status).toBe(404);
  });
  test('a taken port is named, with its holder and the mend', async () => {
    await expect(startTestGateway({ subgraphs: all, settings: { port: gateway.port } })).rejects.toThrow(
      new RegExp(`port ${gateway.port} is taken by .*pid ${process.pid}.*\\n.*mend: .*PORT`),
    );
  });
  test('too many operations at once are refused with 503 and Retry-After', async () => {
    const held = catalog();
    const released = Promise.withResolvers<void>();
    held.disturb = async () => {
      await released.promise;
      return { data: { slow: null } };
    };
    const own = await startTestGateway({ subgraphs: [people, tenants, held, reviews()], load: { concurrent: 2 }, fetchMs: 20_000 });
    const headers = { 'content-type': 'application/json' };
    // Equal queries would be answered once.
    const post = (number: number) =>
      fetch(own.url, { method: 'POST', headers, body: JSON.stringify({ query: `{ slow${number}: slow }` }) });
    const served = [post(1), post(2)];
    while (held.requests.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const refused of await Promise.all([post(3), post(4), post(5)])) {
      expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
      expect(await refused.json()).toMatchObject({ errors: [{ extensions: { code: 'UPSTREAM_UNAVAILABLE' } }] });
    }
    released.resolve();
    expect((await Promise.all(served)).map(({ status }) => status)).toEqual([200, 200]);
    await own.stop();
  });
  test('requests in flight are answered while the gateway stops', async () => {
    const own = await startTestGateway({ subgraphs: all, fetchMs: 200 });
    const { open } = watchers;
    const answer = fetch(own.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ slow reviewCount }' }),
    });
    while (watchers.open === open) await new Promise((resolve) => setTimeout(resolve, 5));
    await own.stop();
    expect(await (await answer).json()).toMatchObject({ data: { reviewCount: 3 } });
  });
});

describe('who asks', () => {
  const who = '{ viewer { id email ip agent scopes } }';
  test('a token that holds names its viewer; "app" stands for all but administration', async () => {
    const { body } = await ask(who, {
      ...(await bearer({ scope: 'app extra:read' })),
      'user-agent': 'tests/1',
      'x-forwarded-for': '6.6.6.6',
      'x-request-context': 'forged',
      'x-user-id': 'root',
    });
    expect(body).toEqual({
      data: {
        viewer: {
          id: 'ada',
          email: 'ada@example.com',
          ip: '127.0.0.1',
          agent: 'tests/1',
          scopes: ['app', 'extra:read', 'catalog:write', 'catalog:margin'],
        },
      },
    });
    expect((await ask('mutation { write }', await bearer({ scope: 'app' }))).body).toEqual({ data: { write: 'written' } });
    expect((await ask('mutation { write }', await bearer({ scope: '' }))).body.errors?.[0]?.extensions).toMatchObject({
      code: 'FORBIDDEN',
      reason: 'SCOPE_MISSING',
    });
  });
  test('no token is a guest', async () => {
    expect((await ask('{ viewer { id } }')).body).toEqual({ data: { viewer: null } });
  });
  test('every forgery is 401', async () => {
    const other = await createTestKey(origin);
    const now = Math.floor(Date.now() / 1_000);
    const good = await key.sign();
    const [head, payload, signature] = good.split('.') as [string, string, string];
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const hmac = await new SignJWT({ iss: origin, aud: `${origin}/graphql`, sub: 'ada', client_id: 'x', jti: '1', iat: now, exp: now + 60 })
      .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid: 'test' })
      .sign(new TextEncoder().encode(JSON.stringify(key.keySet.keys[0])));
    const forgeries: Record<string, string> = {
      'another key': await other.sign(),
      'an unknown kid': await other.sign({}, { kid: 'unknown' }),
      'no algorithm': `${encode({ alg: 'none', typ: 'at+jwt', kid: 'test' })}.${payload}.`,
      'HMAC with the public key': hmac,
      'an altered payload': `${head}.${encode({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), sub: 'root' })}.${signature}`,
      'an embedded key': await other.sign({}, { jwk: other.keySet.keys[0] }),
      'typ JWT': await key.sign({}, { typ: 'JWT' }),
      'an id token': await key.sign({}, { typ: undefined }),
      'another issuer': await key.sign({ iss: 'https://evil.test' }),
      'another audience': await key.sign({ aud: 'https://evil.test/graphql' }),
      expired: await key.sign({ exp: now - 61 }),
      'not yet': await key.sign({ nbf: now + 120 }),
      'from the future': await key.sign({ iat: now + 120 }),
      ...Object.fromEntries(
        await Promise.all(
          ['exp', 'iat', 'sub', 'client_id', 'jti', 'aud', 'iss'].map(
            async (claim) => [`without ${claim}`, await key.sign({ [claim]: undefined })] as const,
          ),
        ),
      ),
    };
    for (const [name, token] of Object.entries(forgeries)) {
      const { status, body, headers } = await ask(who, { authorization: `Bearer ${token}` });
      expect([name, status, body.errors?.[0]?.extensions['code'], headers.get('www-authenticate')]).toEqual([
        name,
        401,
        'UNAUTHENTICATED',
        'Bearer',
      ]);
    }
    expect((await ask(who, { authorization: 'Basic YTpi' })).status).toBe(401);
    expect((await ask(who, await bearer({ exp: now - 30 }))).status).toBe(200);
  });
  test('keys are cached, and asked for again when a new one appears', async () => {
    const asked = state.keySetAsked;
    await Promise.all(Array.from({ length: 5 }, async () => ask(who, await bearer())));
    expect(state.keySetAsked).toBe(asked);
    const own = await startTestGateway({ subgraphs: all });
    const before = state.keySetAsked;
    const next = await createTestKey(origin, 'next', 'RS256');
    const post = async (token: string) =>
      (
        await fetch(own.url, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
          body: '{"query":"{ reviewCount }"}',
        })
      ).status;
    state.keySet = next.keySet;
    expect(await post(await next.sign())).toBe(200);
    expect(state.keySetAsked - before).toBe(1);
    // Many that nobody signed cost a few questions, since they wait for one another.
    const junk = await next.sign({}, { kid: 'never' });
    expect(await Promise.all(Array.from({ length: 20 }, () => post(junk)))).toEqual(Array.from({ length: 20 }, () => 401));
    expect(state.keySetAsked - before).toBeLessThan(6);
    // A key may sign as soon as it is there.
    const newer = await createTestKey(origin, 'newer', 'ES256');
    state.keySet = { keys: [...next.keySet.keys, ...newer.keySet.keys] };
    expect(await post(await newer.sign())).toBe(200);
    state.keySet = key.keySet;
    await own.stop();
  });
  test('without accounts a token cannot be judged: 503, not 401; guests go on', async () => {
    const dead = accounts(state);
    dead.disturb = () => Promise.resolve({ errors: [{ message: 'away', extensions: { code: 'UPSTREAM_UNAVAILABLE' } }] });
    const own = await startTestGateway({ subgraphs: [dead, tenants, shop, reviews()] });
    const post = (headers: object = {}) =>
      fetch(own.url, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: '{"query":"{ reviewCount }"}' });
    expect((await post(await bearer())).status).toBe(503);
    expect((await post()).status).toBe(200);
    await own.stop();
  });
  test('an ended session is refused, whether it ended before the start or now', async () => {
    expect((await ask(who, await bearer({ sid: 'ended-before' }))).body.errors?.[0]?.extensions['reason']).toBe('SESSION_ENDED');
    const later = await bearer({ sid: 'ends-now' });
    expect((await ask(who, later)).status).toBe(200);
    gateway.live.broadcast(eventTopic('accounts.session.ended'), JSON.stringify({ payload: { userId: 'ada', sessionId: 'ends-now' } }));
    expect((await ask(who, later)).status).toBe(401);
  });
});

describe('in which organization', () => {
  const row: MembershipRow = {
    organizationId: 'acme',
    membershipId: 'm1',
    roleKey: 'ADMIN',
    permissions: ['people.budget.read'],
    teamIds: [],
    requireMfa: false,
    status: 'ACTIVE',
    epoch: 1,
  };
  const budget = '{ currentOrganization { id budget } }';
  const inside = async (organizationId: string, claims = {}) => ({ ...(await bearer(claims)), 'x-organization-id': organizationId });

  test('an active membership lends its permissions', async () => {
    state.memberships.set('ada acme', row);
    expect((await ask(budget, await inside('acme'))).body).toEqual({ data: { currentOrganization: { id: 'acme', budget: 7 } } });
    expect((await ask('{ currentOrganization { id } }', await bearer())).body).toEqual({ data: { currentOrganization: null } });
  });
  test('unknown, foreign and deleted are NOT_FOUND before anything runs; guests are UNAUTHENTICATED', async () => {
    state.memberships.set('ada closed', { ...row, organizationId: 'closed', status: 'DELETED' });
    shop.requests.length = 0;
    for (const id of ['unknown', 'closed'])
      expect((await ask('{ products { nodes { id } } }', await inside(id))).body).toEqual({
        errors: [{ message: 'Organization not found', extensions: { code: 'NOT_FOUND' } }],
      });
    expect(await ask(budget, { 'x-organization-id': 'acme' })).toMatchObject({
      status: 401,
      body: { errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] },
    });
    expect(shop.requests).toHaveLength(0);
  });
  test('members read a suspended one', async () => {
    state.memberships.set('ada resting', { ...row, organizationId: 'resting', status: 'SUSPENDED' });
    expect((await ask(budget, await inside('resting'))).body).toEqual({ data: { currentOrganization: { id: 'resting', budget: 7 } } });
  });
  test('the membership is asked for once, and again after a change', async () => {
    const asked = () => tenants.requests.length;
    const headers = await inside('acme');
    await ask(budget, headers);
    const before = asked();
    await ask(budget, headers);
    expect(asked()).toBe(before);
    state.memberships.set('ada acme', { ...row, permissions: [] });
    gateway.live.broadcast(eventTopic('organizations.role.updated'), JSON.stringify({ payload: {} }));
    expect((await ask(budget, headers)).body.errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', reason: 'PERMISSION_MISSING' });
    expect(asked()).toBe(before + 1);
  });
  test('an organization makes as many requests a minute as it may', async () => {
    state.memberships.set('ada busy', { ...row, organizationId: 'busy', requestsPerMinute: 2 });
    const statuses = [];
    for (let count = 0; count < 4; count += 1) statuses.push((await ask(budget, await inside('busy'))).status);
    expect(statuses).toEqual([200, 200, 429, 429]);
    const { body, headers } = await ask(budget, await inside('busy'));
    expect(body.errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', quota: 'api.requests_per_minute', limit: 2 });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    // Without the organization the person goes on.
    expect((await ask('{ viewer { id } }', await bearer())).status).toBe(200);
  });
  test('a second factor is asked for where the organization wants it', async () => {
    state.memberships.set('ada strict', { ...row, organizationId: 'strict', requireMfa: true });
    const refused = await ask(budget, await inside('strict'));
    expect([refused.status, refused.body.errors?.[0]?.extensions]).toEqual([401, { code: 'UNAUTHENTICATED', reason: 'STEP_UP_REQUIRED' }]);
    const open = 'query { __typename currentOrganization { ...F } } fragment F on Organization { id name settings { requireMfa } }';
    expect((await ask(open, await inside('strict'))).body.data.currentOrganization).toEqual({
      id: 'strict',
      name: 'Acme',
      settings: { requireMfa: true },
    });
    expect((await ask('{ currentOrganization { id } reviewCount }', await inside('strict'))).status).toBe(401);
    expect((await ask(budget, await inside('strict', { acr: 'aal2' }))).body.data.currentOrganization.budget).toBe(7);
  });
});

test('nothing internal leaves: no service name, stack or value completion', async () => {
  shop.disturb = () => Promise.resolve({ data: { product: { __typename: 'Product', id: '1', name: null } } });
  const first = await ask('{ product(id: "1") { name } }');
  shop.disturb = () => Promise.reject(new Error('at /srv/catalog.ts connect ECONNREFUSED db.internal:5432'));
  const second = await ask('{ product(id: "1") { name } }');
  shop.disturb = undefined;
  const third = await ask('mutation { rename(id: "1", name: "crash") { name } }');
  for (const { text, headers } of [first, second, third]) {
    expect(text).not.toMatch(/serviceName|catalog|valueCompletion|stack|ECONN|internal:|\.ts/);
    expect(headers.get('x-powered-by')).toBeNull();
  }
});
