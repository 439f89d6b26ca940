import { decodeJwt, decodeProtectedHeader } from 'jose';
import * as openid from 'openid-client';
import { give, type Person } from '../support/journey.ts';
import { register } from '../support/people.ts';
import { openWebBrowser } from '../support/web-browser.ts';
import { found } from '../journeys/walks/shop.ts';
import {
  askFor,
  type Client,
  configure,
  codeForm,
  exchange,
  goThrough,
  letIn,
  newClient,
  openBrowserFor,
  post,
  type Provider,
  redirectUri,
  startProvider,
  tokensFor,
  viewerBy,
} from './support.ts';

// The authorization code flow, with clients as strangers would write them.
let provider: Provider;
let ana: Person;
let shop: Client;
beforeAll(async () => {
  provider = await startProvider();
  ana = await register(provider.world, 'Ana');
  shop = await newClient(provider, ana);
});
afterAll(async () => {
  await provider?.end();
});

describe('a client', () => {
  test('finds the provider at both addresses, and its keys', async () => {
    const read = async (path: string) => {
      const response = await fetch(`${provider.url}${path}`);
      return { type: response.headers.get('content-type'), body: (await response.json()) as Record<string, unknown> };
    };
    const [one, other] = [await read('/.well-known/openid-configuration'), await read('/.well-known/oauth-authorization-server')];
    expect(one.body).toEqual(other.body);
    expect(one.type).toContain('application/json');
    const { url } = provider;
    expect(one.body).toMatchObject({
      issuer: url,
      authorization_endpoint: `${url}/oauth/authorize`,
      token_endpoint: `${url}/oauth/token`,
      jwks_uri: `${url}/oauth/jwks`,
      pushed_authorization_request_endpoint: `${url}/oauth/par`,
      device_authorization_endpoint: `${url}/oauth/device_authorization`,
      introspection_endpoint: `${url}/oauth/introspect`,
      revocation_endpoint: `${url}/oauth/revoke`,
      userinfo_endpoint: `${url}/oauth/userinfo`,
      end_session_endpoint: `${url}/oauth/end_session`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      id_token_signing_alg_values_supported: ['ES256'],
    });
    expect(one.body['grant_types_supported']).toEqual(
      expect.arrayContaining(['authorization_code', 'refresh_token', 'client_credentials', 'urn:ietf:params:oauth:grant-type:device_code']),
    );
    expect(one.body['grant_types_supported']).not.toContain('implicit');
    expect(one.body['grant_types_supported']).not.toContain('password');
    const keys = await fetch(`${url}/oauth/jwks`);
    expect(keys.headers.get('cache-control')).toContain('max-age=300');
    const { keys: list } = (await keys.json()) as { keys: Record<string, unknown>[] };
    expect(list).toHaveLength(1);
    // Public parts alone.
    expect(Object.keys(list[0] ?? {}).toSorted()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
  });

  test.each([
    ['in the body', openid.ClientSecretPost],
    ['in the header', openid.ClientSecretBasic],
  ])('with a secret %s signs a person in; its tokens are what they should be', async (_where, method) => {
    const config = await configure(provider.url, shop.id, undefined, method(shop.secret));
    const granted = await letIn(shop, ana, { parameters: { scope: 'openid profile email accounts:read' } });
    expect(granted.back.searchParams.get('iss')).toBe(provider.url);
    const tokens = await exchange({ config }, granted);
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 600, scope: 'openid profile email accounts:read' });
    expect(tokens.claims()).toMatchObject({ sub: ana.id, aud: shop.id, iss: provider.url, acr: 'aal1', amr: ['pwd'] });
    expect(decodeProtectedHeader(tokens.access_token)).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
    const claims = decodeJwt(tokens.access_token);
    expect(claims).toMatchObject({
      iss: provider.url,
      aud: `${provider.url}/graphql`,
      sub: ana.id,
      client_id: shop.id,
      scope: 'openid profile email accounts:read',
      roles: ['USER'],
      acr: 'aal1',
    });
    for (const claim of ['sid', 'auth_time', 'jti', 'iat', 'exp', 'amr']) expect(claims).toHaveProperty(claim);
    expect(await viewerBy(provider, tokens.access_token)).toBe(ana.id);
    // What was not asked for is not granted.
    const write = 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { id } } }';
    const { codes } = await provider.world.ask(write, { input: { version: 1, bio: 'x' }, token: tokens.access_token });
    expect(codes).toEqual(['FORBIDDEN SCOPE_MISSING']);
  });

  test('without its secret, or with another one, is refused and spends nothing', async () => {
    const granted = await letIn(shop, ana);
    for (const secret of ['', 'wrong', shop.id]) {
      const { status, body } = await post(provider, '/oauth/token', codeForm(shop, granted, { client_secret: secret }));
      expect([secret, status, body.error]).toEqual([secret, 401, 'invalid_client']);
    }
    const { client_secret: _none, ...nothing } = codeForm(shop, granted) as Record<string, string>;
    expect((await post(provider, '/oauth/token', nothing)).body.error).toBe('invalid_client');
    expect((await exchange(shop, granted)).access_token).toBeTruthy();
  });

  test.each([
    ['on loopback comes back at any port', ['http://127.0.0.1/callback'], 'http://127.0.0.1:53412/callback'],
    ['on loopback in IPv6 comes back at any port', ['http://[::1]/callback'], 'http://[::1]:4711/callback'],
    ['on loopback by name comes back at any port', ['http://localhost/callback'], 'http://localhost:4712/callback'],
    ['on loopback and elsewhere comes back at any port', ['https://shop.example/callback', 'http://127.0.0.1/cb'], 'http://127.0.0.1:9/cb'],
    [
      'on loopback and elsewhere comes back elsewhere',
      ['http://127.0.0.1/cb', 'https://shop.example/callback'],
      'https://shop.example/callback',
    ],
    ['comes back at a scheme of its own', ['com.example.shop:/callback'], 'com.example.shop:/callback'],
  ])('without a secret %s', async (_what, redirectUris, at) => {
    const registered = await newClient(provider, ana, { type: 'PUBLIC', redirectUris });
    const client = { ...registered, redirectUri: at };
    expect(client.secret).toBeUndefined();
    const tokens = await tokensFor(client, ana, { parameters: { redirect_uri: at } });
    expect(tokens.claims()?.sub).toBe(ana.id);
    const next = await openid.refreshTokenGrant(client.config, tokens.refreshToken);
    expect(next.refresh_token).not.toBe(tokens.refreshToken);
  });

  test('is told of a wish that it must not have: none of these ends at a code', async () => {
    const wishes: readonly (readonly [string, Record<string, string | undefined>, string])[] = [
      ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
      ['PKCE in the clear', { code_challenge_method: 'plain' }, 'invalid_request'],
      ['PKCE without its method', { code_challenge_method: undefined }, 'invalid_request'],
      ['a token at once', { response_type: 'token' }, 'unsupported_response_type'],
      ['an ID token at once', { response_type: 'code id_token' }, 'unsupported_response_type'],
      ['a scope that it has not', { scope: 'openid accounts:write' }, 'invalid_scope'],
      ['a scope that there is not', { scope: 'openid rubbish:read' }, 'invalid_scope'],
      ['the scope of our own client', { scope: 'openid app' }, 'invalid_scope'],
      ['a prompt that there is not', { prompt: 'rubbish' }, 'invalid_request'],
      ['no prompt and one', { prompt: 'none login' }, 'invalid_request'],
      ['another server', { resource: 'https://elsewhere.example/graphql' }, 'invalid_target'],
      ['a request object', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
    ];
    for (const [name, parameters, error] of wishes) {
      const { url, state } = await askFor(shop, parameters);
      const { url: back } = await openBrowserFor(shop).open(url);
      // What was to come in a fragment is told there.
      const told = new URLSearchParams(back.search || back.hash.slice(1));
      expect([name, told.get('error'), told.get('code'), told.get('state'), told.get('iss')]).toEqual([
        name,
        error,
        null,
        state,
        provider.url,
      ]);
    }
  });

  test('with a wrong verifier, or none, gets nothing; the code is still there for who knows it', async () => {
    const granted = await letIn(shop, ana);
    for (const verifier of [openid.randomPKCECodeVerifier(), '', 'short']) {
      const { status, body } = await post(provider, '/oauth/token', codeForm(shop, granted, { code_verifier: verifier }));
      expect([verifier, status, ['invalid_grant', 'invalid_request'].includes(body.error)]).toEqual([verifier, 400, true]);
    }
    expect((await exchange(shop, granted)).access_token).toBeTruthy();
  });

  test('names the same redirect URI again, and its own code', async () => {
    const two = await newClient(provider, ana, { redirectUris: [redirectUri, 'https://shop.example/other'] });
    const granted = await letIn(two, ana);
    const another = codeForm(two, granted, { redirect_uri: 'https://shop.example/other' });
    expect((await post(provider, '/oauth/token', another)).body.error).toBe('invalid_grant');
    const foreign = codeForm(two, granted, { client_id: shop.id, client_secret: shop.secret ?? '' });
    expect((await post(provider, '/oauth/token', foreign)).body.error).toBe('invalid_grant');
    expect((await exchange(two, granted)).access_token).toBeTruthy();
  });

  test('pushes its wish beforehand; what was pushed cannot be changed, nor used by another client', async () => {
    const verifier = openid.randomPKCECodeVerifier();
    const state = openid.randomState();
    const url = await openid.buildAuthorizationUrlWithPAR(shop.config, {
      redirect_uri: redirectUri,
      scope: 'openid accounts:read',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
    });
    expect([...url.searchParams.keys()].toSorted()).toEqual(['client_id', 'request_uri']);
    const other = await newClient(provider, ana, { name: 'Other', redirectUris: ['https://other.example/callback'] });
    const stolen = new URL(url);
    stolen.searchParams.set('client_id', other.id);
    const refused = await openWebBrowser([redirectUri, other.redirectUri]).open(stolen);
    expect(refused.url.href).toContain(`${other.redirectUri}?error=`);
    expect(offersCode(refused.url)).toBe(false);
    const changed = new URL(url);
    changed.searchParams.set('redirect_uri', 'https://evil.example/');
    const browser = openBrowserFor(shop);
    const page = await goThrough(browser, await browser.open(changed), ana);
    expect(page.url.href).toContain(redirectUri);
    const tokens = await openid.authorizationCodeGrant(shop.config, page.url, { pkceCodeVerifier: verifier, expectedState: state });
    expect(tokens.access_token).toBeTruthy();
    const again = await openBrowserFor(shop).open(url);
    expect([again.url.searchParams.get('error'), offersCode(again.url)]).toEqual(['invalid_request_uri', false]);
    const bad = { client_id: shop.id, client_secret: shop.secret ?? '', response_type: 'code', redirect_uri: 'https://evil.example/' };
    expect(await post(provider, '/oauth/par', bad)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });
  const offersCode = (url: URL): boolean => url.searchParams.has('code');

  test('may be limited to one organization: its tokens work in that one, chosen by itself, and in no other', async () => {
    const [acme, umbrella] = [await found(provider.world, ana, 'Acme'), await found(provider.world, ana, 'Umbrella')];
    const member = await newClient(provider, ana, { name: 'Member', scopes: ['accounts:read', 'organizations:read'] });
    const parameters = { scope: 'openid accounts:read organizations:read' };
    const tokens = await tokensFor(member, ana, { parameters, organization: acme });
    const here = '{ currentOrganization { id } }';
    const { accessToken: token } = tokens;
    expect(await give(provider.world, here, { token })).toEqual({ id: acme });
    expect(await give(provider.world, here, { token, organizationId: acme })).toEqual({ id: acme });
    expect((await provider.world.ask(here, { token, organizationId: umbrella })).codes).toEqual(['NOT_FOUND']);
    const next = await openid.refreshTokenGrant(member.config, tokens.refreshToken);
    expect((await provider.world.ask(here, { token: next.access_token, organizationId: umbrella })).codes).toEqual(['NOT_FOUND']);
    const apps = '{ viewer { authorizedApps { client { id } organization { id } scopes } } }';
    const { authorizedApps } = await give(provider.world, apps, { token: ana.token });
    expect(authorizedApps).toContainEqual({
      client: { id: member.id },
      organization: { id: acme },
      scopes: ['openid', 'accounts:read', 'organizations:read'],
    });
    const bo = await register(provider.world, 'Bo');
    const browser = openBrowserFor(member);
    const { url } = await askFor(member, parameters);
    const refused = await goThrough(browser, await browser.open(url), bo, { organization: acme });
    expect([refused.status, refused.url.pathname]).toEqual([400, '/sign-in']);
    expect(refused.html).toContain('role="alert"');
  });
});

test('a page of a client may call the token endpoint from its own origin; other sites may not', async () => {
  const page = await newClient(provider, ana, { type: 'PUBLIC', redirectUris: ['https://spa.example/callback'] });
  const tokens = await tokensFor(page, ana);
  const ask = (origin: string) =>
    post(
      provider,
      '/oauth/token',
      { grant_type: 'refresh_token', refresh_token: tokens.refreshToken, client_id: page.id },
      { origin, 'content-type': 'application/x-www-form-urlencoded' },
    );
  const foreign = await ask('https://evil.example');
  expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
  const own = await ask('https://spa.example');
  expect(own.headers.get('access-control-allow-origin')).toBe('https://spa.example');
});
