import { decodeJwt } from 'jose';
import * as openid from 'openid-client';
import { eventually } from '../support/eventually.ts';
import { type Data, give, type Person } from '../support/journey.ts';
import { register, registerAdministrator } from '../support/people.ts';
import { found } from '../journeys/walks/shop.ts';
import {
  askFor,
  type Client,
  codeForm,
  configure,
  errorOf,
  goThrough,
  letIn,
  newClient,
  openBrowserFor,
  post,
  type Provider,
  startProvider,
  tokensFor,
  viewerBy,
} from './support.ts';

// Who may no longer: suspended people, disabled clients, apps that people want no more, service accounts.
let provider: Provider;
let admin: Person;
let owner: Person;
beforeAll(async () => {
  provider = await startProvider();
  admin = await registerAdministrator(provider.world);
  owner = await register(provider.world, 'Owner');
});
afterAll(async () => {
  await provider?.end();
});

const refused = (token: string) =>
  eventually('the end of the token at the graph', async () => (await viewerBy(provider, token))?.startsWith('UNAUTHENTICATED'), 5_000);
const change = (who: Person, input: object): Promise<Data> =>
  give(
    provider.world,
    'mutation ($input: UpdateOAuthClientInput!) { updateOAuthClient(input: $input) { client { version enabled redirectUris } } }',
    {
      input,
      token: who.token,
    },
  );

test('a suspended person has no tokens, no code, no refresh and no browser that is signed in; after it they sign in anew', async () => {
  const ana = await register(provider.world, 'Ana');
  const shop = await newClient(provider, owner);
  const browser = openBrowserFor(shop);
  const tokens = await tokensFor(shop, ana, { browser });
  const granted = await letIn(shop, ana, { browser });
  const waiting = await askFor(shop, { prompt: 'consent' });
  const question = await browser.open(waiting.url);
  await give(provider.world, 'mutation ($input: SuspendUserInput!) { suspendUser(input: $input) { user { status } } }', {
    input: { userId: ana.id, reason: 'sells what is not hers' },
    token: admin.token,
  });
  await refused(tokens.accessToken);
  expect(await errorOf(openid.refreshTokenGrant(shop.config, tokens.refreshToken))).toBe('invalid_grant');
  expect((await post(provider, '/oauth/token', codeForm(shop, granted))).body.error).toBe('invalid_grant');
  expect(await errorOf(openid.fetchUserInfo(shop.config, tokens.accessToken, ana.id))).toBe('invalid_token');
  expect(await openid.tokenIntrospection(shop.config, tokens.refreshToken)).toEqual({ active: false });
  // What she had open asks who she is, and does not let her in.
  const answered = await goThrough(browser, question, ana);
  expect([answered.url.pathname, answered.url.searchParams.has('code')]).toEqual(['/sign-in', false]);
  expect((await browser.open((await askFor(shop, { prompt: 'none' })).url)).url.searchParams.get('error')).toBe('login_required');
  await give(provider.world, 'mutation ($input: ReinstateUserInput!) { reinstateUser(input: $input) { user { status } } }', {
    input: { userId: ana.id },
    token: admin.token,
  });
  expect((await browser.open((await askFor(shop, { prompt: 'none' })).url)).url.searchParams.get('error')).toBe('login_required');
  expect(await errorOf(openid.refreshTokenGrant(shop.config, tokens.refreshToken))).toBe('invalid_grant');
  expect(await viewerBy(provider, (await tokensFor(shop, ana, { browser })).accessToken)).toBe(ana.id);
});

test('a disabled client is nobody, and its tokens end; enabled again it begins anew', async () => {
  const ana = await register(provider.world, 'Ana');
  const shop = await newClient(provider, owner);
  const tokens = await tokensFor(shop, ana);
  const granted = await letIn(shop, ana);
  const open = await openBrowserFor(shop).open((await askFor(shop)).url);
  const changed = await change(owner, { clientId: shop.id, version: shop.version, enabled: false });
  expect(changed.client.enabled).toBe(false);
  await refused(tokens.accessToken);
  expect(await errorOf(openid.refreshTokenGrant(shop.config, tokens.refreshToken))).toBe('invalid_client');
  expect((await post(provider, '/oauth/token', codeForm(shop, granted))).body.error).toBe('invalid_client');
  const page = await openBrowserFor(shop).open((await askFor(shop)).url);
  expect([page.status, page.url.pathname]).toEqual([400, '/oauth/authorize']);
  const late = await openBrowserFor(shop).submit(open, 'password', { identifier: ana.email, password: 'x' });
  expect([late.status, late.url.pathname]).toEqual([404, '/sign-in']);
  await change(owner, { clientId: shop.id, version: changed.client.version, enabled: true });
  expect(await errorOf(openid.refreshTokenGrant(shop.config, tokens.refreshToken))).toBe('invalid_grant');
  expect(await viewerBy(provider, (await tokensFor(shop, ana)).accessToken)).toBe(ana.id);
});

test('a redirect URI that a client gave up leads nowhere any more', async () => {
  const shop = await newClient(provider, owner);
  const { client } = await change(owner, {
    clientId: shop.id,
    version: shop.version,
    redirectUris: ['https://shop.example/new'],
  });
  expect(client.redirectUris).toEqual(['https://shop.example/new']);
  const page = await openBrowserFor(shop).open((await askFor(shop)).url);
  expect([page.status, page.url.pathname]).toEqual([400, '/oauth/authorize']);
});

test('with a new secret the old one is worth nothing at once, and people stay signed in', async () => {
  const ana = await register(provider.world, 'Ana');
  const shop = await newClient(provider, owner);
  const tokens = await tokensFor(shop, ana);
  const rotate = 'mutation ($input: RotateClientSecretInput!) { rotateClientSecret(input: $input) { secret client { id } } }';
  const input = { clientId: shop.id };
  expect((await provider.world.ask(rotate, { input, token: ana.token })).codes).toEqual(['NOT_FOUND']);
  const { secret } = await give(provider.world, rotate, { input, token: owner.token });
  expect(secret).not.toBe(shop.secret);
  expect(await errorOf(openid.refreshTokenGrant(shop.config, tokens.refreshToken))).toBe('invalid_client');
  const config = await configure(provider.url, shop.id, secret);
  expect(await viewerBy(provider, (await openid.refreshTokenGrant(config, tokens.refreshToken)).access_token)).toBe(ana.id);
  const phone = await newClient(provider, owner, { type: 'PUBLIC', redirectUris: ['com.example.phone:/callback'] });
  expect((await provider.world.ask(rotate, { input: { clientId: phone.id }, token: owner.token })).codes).toEqual(['CONFLICT NO_SECRET']);
});

describe('the apps of a person', () => {
  const apps = '{ viewer { authorizedApps { id client { id name } scopes organization { id } grantedAt lastUsedAt } } }';
  const revoke = 'mutation ($input: RevokeAppGrantInput!) { revokeAppGrant(input: $input) { revokedAppGrantId } }';

  test('are those that they let in, and no others see them', async () => {
    const [ana, bo] = [await register(provider.world, 'Ana'), await register(provider.world, 'Bo')];
    const [shop, desk] = [await newClient(provider, owner), await newClient(provider, owner, { name: 'Desk' })];
    await tokensFor(shop, ana);
    await letIn(desk, ana);
    const { authorizedApps } = await give(provider.world, apps, { token: ana.token });
    expect(authorizedApps).toEqual([
      expect.objectContaining({ client: { id: desk.id, name: 'Desk' }, lastUsedAt: null }),
      expect.objectContaining({
        client: { id: shop.id, name: 'Shop' },
        scopes: ['openid', 'accounts:read'],
        organization: null,
        lastUsedAt: expect.any(String),
      }),
    ]);
    const read = 'query ($id: ID!) { user(id: $id) { id authorizedApps { id } } }';
    expect(await give(provider.world, read, { variables: { id: ana.id }, token: bo.token })).toEqual({ id: ana.id, authorizedApps: null });
    const foreign = { input: { appGrantId: authorizedApps[0].id }, token: bo.token };
    expect((await provider.world.ask(revoke, foreign)).codes).toEqual(['NOT_FOUND']);
  });

  test('end with all their tokens, on every device, when the person wants it; others go on, and consent is asked anew', async () => {
    const [ana, bo] = [await register(provider.world, 'Ana'), await register(provider.world, 'Bo')];
    const [shop, desk] = [await newClient(provider, owner), await newClient(provider, owner, { name: 'Desk' })];
    const browser = openBrowserFor(shop);
    const all = [await tokensFor(shop, ana, { browser }), await tokensFor(shop, ana)];
    const kept = [await tokensFor(desk, ana), await tokensFor(shop, bo)];
    const granted = await letIn(shop, ana);
    const { authorizedApps } = await give(provider.world, apps, { token: ana.token });
    const { id } = authorizedApps.find(({ client }: Data) => client.id === shop.id);
    expect(await give(provider.world, revoke, { input: { appGrantId: id }, token: ana.token })).toEqual({ revokedAppGrantId: id });
    for (const { accessToken, refreshToken } of all) {
      await refused(accessToken);
      expect(await errorOf(openid.refreshTokenGrant(shop.config, refreshToken))).toBe('invalid_grant');
    }
    expect((await post(provider, '/oauth/token', codeForm(shop, granted))).body.error).toBe('invalid_grant');
    for (const { accessToken, claims } of kept) expect(await viewerBy(provider, accessToken)).toBe(claims()?.sub);
    expect(await viewerBy(provider, ana.token)).toBe(ana.id);
    const silent = await browser.open((await askFor(shop, { prompt: 'none' })).url);
    expect(['login_required', 'consent_required']).toContain(silent.url.searchParams.get('error'));
    expect((await provider.world.ask(revoke, { input: { appGrantId: id }, token: ana.token })).codes).toEqual(['NOT_FOUND']);
    const { securityEvents } = await give(provider.world, '{ viewer { securityEvents(first: 5) { nodes { name } } } }', {
      token: ana.token,
    });
    expect(securityEvents.nodes).toContainEqual({ name: 'app.revoked' });
  });
});

describe('a program that acts for a service account', () => {
  const viewer = '{ viewer { id kind } currentOrganization { id } }';

  async function hireRobot() {
    const acme = await found(provider.world, owner, 'Acme');
    const { user: robot } = await give(
      provider.world,
      'mutation ($input: CreateServiceAccountInput!) { createServiceAccount(input: $input) { user { id } } }',
      {
        input: { organizationId: acme, handle: `robot_${Date.now().toString(36)}`, displayName: 'Robot' },
        token: owner.token,
        organizationId: acme,
      },
    );
    const input = { name: 'Robot', type: 'SERVICE', redirectUris: [], scopes: ['accounts:read', 'organizations:read'] };
    const client = await newClient(provider, owner, { ...input, serviceAccountId: robot.id });
    return { acme, robot: robot.id as string, client };
  }
  const tokenOf = (client: { config: openid.Configuration }, scope = 'accounts:read organizations:read') =>
    openid.clientCredentialsGrant(client.config, { scope });

  test('gets a token of its own, which works in its organization alone, and no refresh token', async () => {
    const { acme, robot, client } = await hireRobot();
    const other = await found(provider.world, owner, 'Umbrella');
    const answer = await tokenOf(client);
    expect(answer).toMatchObject({ token_type: 'bearer', scope: 'accounts:read organizations:read' });
    expect(answer.refresh_token).toBeUndefined();
    expect(decodeJwt(answer.access_token)).toMatchObject({ sub: robot, client_id: client.id, kind: 'SERVICE', roles: [] });
    const token = answer.access_token;
    await eventually('its membership', async () => (await provider.world.ask(viewer, { token })).codes.length === 0);
    const seen = await provider.world.ask(viewer, { token });
    expect(seen.data).toEqual({ viewer: { id: robot, kind: 'SERVICE' }, currentOrganization: { id: acme } });
    expect((await provider.world.ask(viewer, { token, organizationId: other })).codes).toEqual(['NOT_FOUND']);
    expect(await openid.tokenIntrospection(client.config, token)).toMatchObject({ active: true, client_id: client.id });
    expect((await fetch(`${provider.url}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(401);
    expect(await errorOf(tokenOf(client, 'accounts:read accounts:write'))).toBe('invalid_scope');
    expect(await errorOf(tokenOf(client, 'app'))).toBe('invalid_scope');
    expect(
      (await provider.world.ask('{ viewer { id } }', { token: (await tokenOf(client, 'organizations:read')).access_token })).codes,
    ).toEqual(['FORBIDDEN SCOPE_MISSING']);
  });

  test('revokes its token by itself: refused at the graph within 5 seconds, its socket closed; another one goes on', async () => {
    const { robot, client } = await hireRobot();
    const [one, two] = [await tokenOf(client), await tokenOf(client)];
    await eventually('its membership', async () => (await viewerBy(provider, one.access_token)) === robot);
    const socket = provider.world.subscribe('subscription { securityEventAdded { node { name } } }', { token: one.access_token });
    const stranger = await newClient(provider, owner);
    await openid.tokenRevocation(stranger.config, one.access_token).catch((error: unknown) => {
      if (!(error instanceof openid.ResponseBodyError)) throw error;
    });
    expect(await viewerBy(provider, one.access_token)).toBe(robot);
    await openid.tokenRevocation(client.config, one.access_token);
    await refused(one.access_token);
    expect(await socket.ended()).toMatchObject({ code: 4403 });
    expect(await openid.tokenIntrospection(client.config, one.access_token)).toEqual({ active: false });
    expect(await viewerBy(provider, two.access_token)).toBe(robot);
  });

  test.each([
    ['is disabled', (client: Client) => change(owner, { clientId: client.id, version: client.version, enabled: false })],
    [
      'gets a new secret',
      (client: Client) =>
        give(provider.world, 'mutation ($input: RotateClientSecretInput!) { rotateClientSecret(input: $input) { client { id } } }', {
          input: { clientId: client.id },
          token: owner.token,
        }),
    ],
  ])('loses its tokens within 5 seconds when its client %s; another client of the same account goes on', async (_, act) => {
    const { robot, client } = await hireRobot();
    const more = { name: 'Kin', type: 'SERVICE', redirectUris: [], serviceAccountId: robot };
    const kin = await newClient(provider, owner, more);
    const [token, kept] = [(await tokenOf(client)).access_token, (await tokenOf(kin, 'accounts:read')).access_token];
    await eventually('its membership', async () => (await viewerBy(provider, token)) === robot);
    const socket = provider.world.subscribe('subscription { securityEventAdded { node { name } } }', { token });
    await act(client);
    await refused(token);
    expect(await socket.ended()).toMatchObject({ code: 4403 });
    expect(await errorOf(tokenOf(client))).toBe('invalid_client');
    expect(await openid.tokenIntrospection(kin.config, kept)).toMatchObject({ active: true });
    expect(await viewerBy(provider, kept)).toBe(robot);
  });

  test('is no client that people sign in to, and other clients get no token of their own', async () => {
    const { client } = await hireRobot();
    const page = await openBrowserFor({ redirectUri: 'https://shop.example/' }).open(
      (await askFor(client, { redirect_uri: 'https://shop.example/callback' })).url,
    );
    expect([page.status, page.url.pathname]).toEqual([400, '/oauth/authorize']);
    expect(await errorOf(tokenOf(await newClient(provider, owner), 'accounts:read'))).toBe('invalid_request');
  });

  test('ends with the account: no new token, and the old one is refused', async () => {
    const { acme, robot, client } = await hireRobot();
    const { access_token: token } = await tokenOf(client);
    await eventually('its membership', async () => (await viewerBy(provider, token)) === robot);
    const members = 'query { currentOrganization { members(first: 20) { nodes { id user { id } } } } }';
    const { members: list } = await give(provider.world, members, { token: owner.token, organizationId: acme });
    const membership = list.nodes.find(({ user }: Data) => user.id === robot);
    await give(
      provider.world,
      'mutation ($input: RemoveOrganizationMemberInput!) { removeOrganizationMember(input: $input) { __typename } }',
      {
        input: { membershipId: membership.id },
        token: owner.token,
        organizationId: acme,
      },
    );
    await eventually('the end of the account', async () => (await errorOf(tokenOf(client))) === 'invalid_client');
    await refused(token);
  });
});
