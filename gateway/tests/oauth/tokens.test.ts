import { decodeJwt } from 'jose';
import * as openid from 'openid-client';
import { eventually } from '../support/eventually.ts';
import { give, type Person } from '../support/journey.ts';
import { register } from '../support/people.ts';
import { openWebBrowser } from '../support/web-browser.ts';
import {
  type Client,
  codeForm,
  errorOf,
  letIn,
  newClient,
  post,
  type Provider,
  redirectUri,
  startProvider,
  tokensFor,
  viewerBy,
} from './support.ts';

// What becomes of tokens: refreshed, stolen, looked into, revoked.
let provider: Provider;
let ana: Person;
let shop: Client;
let other: Client;
beforeAll(async () => {
  provider = await startProvider();
  ana = await register(provider.world, 'Ana');
  shop = await newClient(provider, ana);
  other = await newClient(provider, ana, { name: 'Other' });
});
afterAll(async () => {
  await provider?.end();
});

const refresh = ({ config }: Pick<Client, 'config'>, refreshToken: string | undefined) =>
  openid.refreshTokenGrant(config, refreshToken ?? '');
const refused = (token: string) =>
  eventually('the end of the token at the graph', async () => (await viewerBy(provider, token))?.startsWith('UNAUTHENTICATED'), 5_000);
const eventsOf = async ({ token }: Person): Promise<{ name: string; client: { id: string } | null }[]> => {
  const events = '{ viewer { securityEvents(first: 20) { nodes { name client { id } } } } }';
  return (await give(provider.world, events, { token })).securityEvents.nodes;
};

describe('a refresh token', () => {
  test('rotates; the access token from before stays good', async () => {
    const first = await tokensFor(shop, ana);
    const second = await refresh(shop, first.refreshToken);
    const third = await refresh(shop, second.refresh_token);
    expect(new Set([first.refreshToken, second.refresh_token, third.refresh_token]).size).toBe(3);
    for (const token of [first.accessToken, second.access_token, third.access_token]) expect(await viewerBy(provider, token)).toBe(ana.id);
    const sessions = [first.accessToken, second.access_token, third.access_token].map((token) => decodeJwt(token)['sid']);
    expect(new Set(sessions).size).toBe(1);
  });

  test('that twenty use at the same moment rotates once: all get the same successor, and it is good', async () => {
    for (let round = 0; round < 3; round += 1) {
      const { refreshToken } = await tokensFor(shop, ana);
      const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(shop, refreshToken)));
      const successors = new Set(answers.map((answer) => answer.refresh_token));
      expect(successors.size).toBe(1);
      const [row] = await provider.inDatabase(
        (sql) => sql<{ count: number }[]>`select count(*)::int as count from accounts.refresh_tokens
          where session_id = ${String(decodeJwt(answers[0]?.access_token ?? '')['sid'])}`,
      );
      expect(row?.count).toBe(2);
      expect((await refresh(shop, [...successors][0])).access_token).toBeTruthy();
    }
  });

  test('shown again while its successor lies unused gives the same one; by then nobody is accused', async () => {
    const { refreshToken, accessToken } = await tokensFor(shop, ana);
    const [one, two] = [await refresh(shop, refreshToken), await refresh(shop, refreshToken)];
    expect(two.refresh_token).toBe(one.refresh_token);
    expect(await viewerBy(provider, accessToken)).toBe(ana.id);
  });

  test.each([
    ['10 seconds later', true],
    ['after its successor was used', false],
  ])('shown again %s ends the newest with it; the person is told, and their other sessions go on', async (_when, isLate) => {
    const bo = await register(provider.world, 'Bo');
    const { refreshToken, accessToken } = await tokensFor(shop, bo);
    let newest = await refresh(shop, refreshToken);
    if (!isLate) newest = await refresh(shop, newest.refresh_token);
    else
      await provider.inDatabase(
        (sql) => sql`update accounts.refresh_tokens set consumed_at = consumed_at - interval '10.1 seconds'
          where session_id = ${String(decodeJwt(accessToken)['sid'])} and consumed_at is not null`,
      );
    expect(await errorOf(refresh(shop, refreshToken))).toBe('invalid_grant');
    expect(await errorOf(refresh(shop, newest.refresh_token))).toBe('invalid_grant');
    for (const token of [accessToken, newest.access_token]) await refused(token);
    expect(await viewerBy(provider, bo.token)).toBe(bo.id);
    expect(await eventsOf(bo)).toContainEqual({ name: 'session.compromised', client: { id: shop.id } });
  });

  test('in the hands of another client is refused and not used up, nor does it end anything', async () => {
    const { refreshToken } = await tokensFor(shop, ana);
    expect(await errorOf(refresh(other, refreshToken))).toBe('invalid_grant');
    const next = await refresh(shop, refreshToken);
    expect(next.access_token).toBeTruthy();
    // Not even within the grace is the successor given to somebody else.
    const later = await tokensFor(shop, ana);
    await refresh(shop, later.refreshToken);
    expect(await errorOf(refresh(other, later.refreshToken))).toBe('invalid_grant');
  });

  test('of rubbish, of another kind or of nothing is refused', async () => {
    const { accessToken, id_token: idToken = '' } = await tokensFor(shop, ana);
    for (const token of ['rubbish', accessToken, idToken, shop.secret ?? '', `~${'a'.repeat(43)}`, 'x'.repeat(5_000)])
      expect([token.slice(0, 20), await errorOf(refresh(shop, token))]).toEqual([token.slice(0, 20), 'invalid_grant']);
    const form = { grant_type: 'refresh_token', client_id: shop.id, client_secret: shop.secret ?? '' };
    expect((await post(provider, '/oauth/token', form)).body.error).toBe('invalid_request');
    for (const grant of ['password', 'implicit', 'urn:ietf:params:oauth:grant-type:jwt-bearer', ''])
      expect([grant, (await post(provider, '/oauth/token', { ...form, grant_type: grant })).status]).toEqual([grant, 400]);
  });
});

describe('introspection', () => {
  test('tells a client of its own tokens as RFC 7662 has it', async () => {
    const tokens = await tokensFor(shop, ana);
    expect(await openid.tokenIntrospection(shop.config, tokens.accessToken)).toMatchObject({
      active: true,
      sub: ana.id,
      client_id: shop.id,
      scope: 'openid accounts:read',
      iss: provider.url,
      token_type: 'Bearer',
      exp: expect.any(Number),
      iat: expect.any(Number),
    });
    expect(await openid.tokenIntrospection(shop.config, tokens.refreshToken)).toMatchObject({
      active: true,
      sub: ana.id,
      client_id: shop.id,
    });
    const hinted = { token_type_hint: 'access_token' };
    expect(await openid.tokenIntrospection(shop.config, tokens.refreshToken, hinted)).toMatchObject({ active: true });
  });

  test('says of what is over, of others and of rubbish that it is not active, and no more', async () => {
    const tokens = await tokensFor(shop, ana);
    const used = await tokensFor(shop, ana);
    await refresh(shop, used.refreshToken);
    for (const token of [tokens.accessToken, tokens.refreshToken, ana.token, ana.refreshToken])
      expect(await openid.tokenIntrospection(other.config, token)).toEqual({ active: false });
    const forged = tokens.accessToken.replace(/\.[^.]+$/, '.AAAA');
    for (const token of ['rubbish', 'a.b.c', forged, tokens.id_token ?? '', used.refreshToken, `~${tokens.accessToken}`, `~~${forged}`])
      expect([token.slice(0, 12), await openid.tokenIntrospection(shop.config, token)]).toEqual([token.slice(0, 12), { active: false }]);
  });

  test('is for clients that show who they are', async () => {
    const { accessToken } = await tokensFor(shop, ana);
    const answer = await post(provider, '/oauth/introspect', { token: accessToken, client_id: shop.id, client_secret: 'wrong' });
    expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
    expect((await post(provider, '/oauth/introspect', { token: accessToken })).status).toBe(400);
    const empty = { client_id: shop.id, client_secret: shop.secret ?? '' };
    expect((await post(provider, '/oauth/introspect', empty)).body.error).toBe('invalid_request');
  });
});

describe('revocation', () => {
  test.each(['refresh token', 'access token'])(
    'of the %s ends both at the graph within 5 seconds, and closes open sockets',
    async (kind) => {
      const tokens = await tokensFor(shop, ana);
      const kept = await tokensFor(shop, ana);
      const socket = provider.world.subscribe('subscription { sessionEnded { reason } }', { token: tokens.accessToken });
      const sid = decodeJwt(tokens.accessToken)['sid'];
      const told = (name: string) =>
        provider.inDatabase(
          (sql) =>
            sql`select envelope->'payload' as payload from accounts.outbox where name = ${name} and envelope->'payload'->>'sessionId' = ${String(sid)}`,
        );
      const session = { userId: ana.id, sessionId: sid, clientId: shop.id };
      expect([...(await told('accounts.session.started'))]).toEqual([{ payload: { ...session, reason: null } }]);
      await openid.tokenRevocation(shop.config, kind === 'refresh token' ? tokens.refreshToken : tokens.accessToken);
      await refused(tokens.accessToken);
      const farewell = await socket.ended();
      if (farewell) expect(farewell).toMatchObject({ code: 4403 });
      else expect(await socket.next()).toEqual({ sessionEnded: { reason: 'REVOKED' } });
      expect(await errorOf(refresh(shop, tokens.refreshToken))).toBe('invalid_grant');
      expect(await openid.tokenIntrospection(shop.config, tokens.accessToken)).toEqual({ active: false });
      expect(await errorOf(openid.fetchUserInfo(shop.config, tokens.accessToken, ana.id))).toBe('invalid_token');
      expect([...(await told('accounts.session.ended'))]).toEqual([{ payload: { ...session, reason: 'REVOKED' } }]);
      const events = '{ viewer { securityEvents(first: 20) { nodes { name target client { id } details } } } }';
      const { securityEvents } = await give(provider.world, events, { token: ana.token });
      const entry = { name: 'session.ended', target: sid, client: { id: shop.id }, details: { reason: 'REVOKED' } };
      expect(securityEvents.nodes).toContainEqual(entry);
      // What the person let it do before is another session.
      expect(await viewerBy(provider, kept.accessToken)).toBe(ana.id);
      expect(await viewerBy(provider, ana.token)).toBe(ana.id);
    },
  );

  test('by another client, or of rubbish, ends nothing', async () => {
    const tokens = await tokensFor(shop, ana);
    for (const token of [tokens.accessToken, tokens.refreshToken, ana.token, ana.refreshToken])
      await openid.tokenRevocation(other.config, token).catch((error: unknown) => {
        if (!(error instanceof openid.ResponseBodyError)) throw error;
      });
    for (const token of ['rubbish', 'a.b.c', `~${tokens.accessToken}x`]) await openid.tokenRevocation(shop.config, token);
    expect(await viewerBy(provider, tokens.accessToken)).toBe(ana.id);
    expect(await viewerBy(provider, ana.token)).toBe(ana.id);
    expect((await refresh(shop, tokens.refreshToken)).access_token).toBeTruthy();
  });
});

describe('userinfo', () => {
  test('tells by scope, in the header or in a form, and to nobody else', async () => {
    const of = async (scope: string) => {
      const tokens = await tokensFor(shop, ana, { parameters: { scope } });
      return { tokens, info: await openid.fetchUserInfo(shop.config, tokens.accessToken, ana.id) };
    };
    const bare = (await of('openid accounts:read')).info;
    expect(bare).toMatchObject({ sub: ana.id });
    for (const claim of ['name', 'preferred_username', 'email', 'email_verified', 'updated_at']) expect(bare).not.toHaveProperty(claim);
    const profile = (await of('openid profile')).info;
    expect(profile).toMatchObject({ name: ana.displayName, preferred_username: ana.handle });
    expect(profile).not.toHaveProperty('email');
    const { info, tokens } = await of('openid email');
    expect(info).toMatchObject({ email: ana.email, email_verified: true });
    expect(info).not.toHaveProperty('name');
    expect((await post(provider, '/oauth/userinfo', { access_token: tokens.accessToken })).body).toEqual(info);
    for (const authorization of ['Bearer rubbish', `Bearer ${tokens.refreshToken}`, `Bearer ${ana.token}`, `Bearer ${tokens.id_token}`]) {
      const answer = await fetch(`${provider.url}/oauth/userinfo`, { headers: { authorization } });
      expect([authorization.slice(0, 12), [401, 403].includes(answer.status)]).toEqual([authorization.slice(0, 12), true]);
      expect(answer.headers.get('www-authenticate')).toContain('Bearer');
    }
    // Without `openid` there is nothing to tell.
    const plain = await post(
      provider,
      '/oauth/token',
      codeForm(shop, await letIn(shop, ana, { parameters: { scope: 'accounts:read', nonce: undefined } })),
    );
    expect(plain.body.id_token).toBeUndefined();
    expect(await errorOf(openid.fetchUserInfo(shop.config, plain.body.access_token, ana.id))).toBe('insufficient_scope');
  });
});

test('signing out ends the session of the browser and what the client got by it, unless it was to go on without the person', async () => {
  const back = 'https://shop.example/bye';
  const client = await newClient(provider, ana, { name: 'Leaving', postLogoutRedirectUris: [back] });
  const browser = openWebBrowser([redirectUri, back]);
  const away = await newClient(provider, ana, { name: 'Away' });
  const lasting = await tokensFor(away, ana, { browser, parameters: { scope: 'openid accounts:read offline_access', prompt: 'consent' } });
  const before = await tokensFor(client, ana, { browser });
  const elsewhere = await tokensFor(client, ana);
  const tokens = await tokensFor(client, ana, { browser });
  const end = (parameters: Record<string, string>) => openid.buildEndSessionUrl(client.config, parameters);
  const refusedPage = await browser.open(end({ id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: 'https://evil.example/' }));
  expect([refusedPage.status, refusedPage.url.host]).toEqual([400, new URL(provider.url).host]);
  const question = await browser.open(
    end({ id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: back, state: 'where we were' }),
  );
  expect(question.html).toContain('Sign out?');
  // A link alone signs nobody out.
  expect(await viewerBy(provider, tokens.accessToken)).toBe(ana.id);
  const gone = await browser.submitById(question, 'op.logoutForm', { logout: 'yes' });
  expect([gone.url.href.startsWith(back), gone.url.searchParams.get('state')]).toEqual([true, 'where we were']);
  const silent = await tokensFor(client, ana, { browser, parameters: { prompt: 'none' } }).catch((error: unknown) => error);
  expect(silent).toMatchObject({ error: 'login_required' });
  await refused(tokens.accessToken);
  for (const { refreshToken } of [before, tokens]) expect(await errorOf(refresh(client, refreshToken))).toBe('invalid_grant');
  expect((await refresh(client, elsewhere.refreshToken)).access_token).toBeTruthy();
  expect((await refresh(away, lasting.refreshToken)).access_token).toBeTruthy();
  expect(await viewerBy(provider, ana.token)).toBe(ana.id);
});
