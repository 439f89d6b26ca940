import { generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';
import type * as openid from 'openid-client';
import { demo } from '@supergraph/schema/demo';
import { give } from '../support/journey.ts';
import { password, register } from '../support/people.ts';
import { openWebBrowser } from '../support/web-browser.ts';
import { ada, allow, bruno, exchange, type OAuthWorld, shopCallback, signInToApp, startOAuth, typeIn } from './support.ts';

// What those try who want what is not theirs.
let oauth: OAuthWorld;
beforeAll(async () => {
  oauth = await startOAuth();
});
afterAll(async () => {
  await oauth?.end();
});

describe('redirects', () => {
  let id = '';
  let config: openid.Configuration;
  beforeAll(async () => {
    const client = await oauth.register({ redirectUris: [shopCallback, 'http://localhost/callback'] });
    id = client.id;
    config = await oauth.configurationOf(client);
    await oauth.register({ name: 'Another', redirectUris: ['https://other.example/callback'] });
  });

  test.each([
    'https://evil.example/callback',
    'https://shop.example/',
    'https://shop.example/callback/',
    'https://shop.example/callback/../callback',
    'https://shop.example/callback/%2e%2e/callback',
    'https://shop.example/Callback',
    'https://shop.example/callback?next=https://evil.example',
    'https://shop.example/callback#fragment',
    'https://shop.example:8443/callback',
    'https://shop.example.evil.example/callback',
    'https://shop.example@evil.example/callback',
    'https://user@shop.example/callback',
    'https://ѕhop.example/callback',
    'https://shop.example\\@evil.example/callback',
    'https:/shop.example/callback',
    '//shop.example/callback',
    'http://shop.example/callback',
    'http://localhost.evil.example/callback',
    'http://localhost:1234/callback/other',
    'https://localhost/callback',
    'https://other.example/callback',
    'javascript:alert(1)',
    'data:text/html,hello',
    'https://shop.example/callback https://evil.example',
    '',
  ])('never lead to %s', async (redirect_uri) => {
    // An address that is not registered is told nothing, neither a code nor an error.
    const url = new URL(`${oauth.app.url}/oauth/authorize`);
    url.search = new URLSearchParams({
      client_id: id,
      response_type: 'code',
      scope: 'openid',
      redirect_uri,
      code_challenge: 'a'.repeat(43),
      code_challenge_method: 'S256',
    }).toString();
    const response = await fetch(url, { redirect: 'manual' });
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBeNull();
    const page = await response.text();
    expect(page).toContain('redirect_uri');
    expect(page).toContain('Go back to the app and begin again');
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  });

  test('need to be named where there are several, and once', async () => {
    const base = { client_id: id, response_type: 'code', scope: 'openid', code_challenge: 'a'.repeat(43), code_challenge_method: 'S256' };
    const several = new URLSearchParams([
      ...Object.entries(base),
      ['redirect_uri', shopCallback],
      ['redirect_uri', 'https://evil.example/'],
    ]);
    for (const query of [new URLSearchParams(base), several]) {
      const response = await fetch(`${oauth.app.url}/oauth/authorize?${query.toString()}`, { redirect: 'manual' });
      expect([response.status, response.headers.get('location')]).toEqual([400, null]);
    }
  });

  test.each(['token', 'id_token', 'code token', 'code id_token', 'none'])('give no %s', async (response_type) => {
    const { page } = await oauth.authorize(config, { response_type, nonce: 'n' });
    const told = new URLSearchParams(page.url.search || page.url.hash.slice(1));
    expect(told.get('error') ?? 'shown').toMatch(/unsupported_response_type|unauthorized_client|shown/);
    expect(told.get('access_token') ?? told.get('id_token')).toBeNull();
  });

  test.each([
    [
      'an exact address is wanted',
      ['https://*.example/callback', 'https://shop.example/callback#x', 'https://user:secret@shop.example/', 'shop.example/callback'],
    ],
    ['codes must not travel in the open', ['http://shop.example/callback', 'ftp://shop.example/callback']],
    [
      'browsers keep these for themselves',
      ['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'about:blank', 'shop:/callback'],
    ],
  ])('are registered with care: %s', async (_why, redirectUris) => {
    const { codes, errors } = await oauth.world.ask(
      'mutation ($input: CreateOAuthClientInput!) { createOAuthClient(input: $input) { secret } }',
      {
        input: { name: 'Careless', type: 'CONFIDENTIAL', redirectUris, scopes: ['fly:away'] },
        token: await oauth.tokenOf(ada.email),
      },
    );
    expect(codes).toEqual(['BAD_USER_INPUT']);
    const issues = (errors[0]?.extensions['issues'] ?? []) as { path: string }[];
    const paths = issues.map(({ path }) => path);
    expect(paths).toEqual(redirectUris.map((_uri, index) => `redirectUris.${index}`));
  });
});

describe('answering for somebody else', () => {
  const approve = 'mutation ($input: ApproveInteractionInput!) { approveInteraction(input: $input) { redirectUrl } }';

  /** The attacker's browser began; the victim answers in the graph. */
  async function begun() {
    const config = await oauth.configurationOf(await oauth.register());
    const authorization = await oauth.authorize(config);
    const interactionId = authorization.page.url.searchParams.get('interaction') ?? '';
    return { config, authorization, interactionId };
  }

  test('whoever answers is not the one who began: neither browser gets a code', async () => {
    const { authorization, interactionId } = await begun();
    const victim = await register(oauth.world, 'Victim');
    const { redirectUrl } = await give(oauth.world, approve, { input: { interactionId }, token: victim.token });
    // The attacker knows where it goes on, but not the secret.
    const address = new URL(redirectUrl);
    const guesses = [`${address.origin}${address.pathname}`, `${address.origin}${address.pathname}?approval=${'a'.repeat(43)}`];
    for (const guess of guesses) expect((await authorization.browser.open(guess)).html).toContain('did not begin in this browser');
    // The victim has the secret, but not the browser.
    expect((await openWebBrowser([shopCallback]).open(redirectUrl)).html).toContain('This did not work');
    // Only both together lead on.
    expect((await authorization.browser.open(redirectUrl)).url.searchParams.get('code')).toBeTruthy();
  });

  test('an interaction is answered once', async () => {
    const { interactionId } = await begun();
    const { token } = await register(oauth.world, 'Once');
    const answers = await Promise.all([1, 2, 3].map(() => oauth.world.ask(approve, { input: { interactionId }, token })));
    expect(answers.map(({ codes }) => codes[0] ?? 'done').toSorted()).toEqual(['NOT_FOUND', 'NOT_FOUND', 'done']);
    const deny = 'mutation ($input: DenyInteractionInput!) { denyInteraction(input: $input) { redirectUrl } }';
    expect((await oauth.world.ask(deny, { input: { interactionId }, token })).codes).toEqual(['NOT_FOUND']);
    const { data } = await oauth.world.ask('query ($id: ID!) { oauthInteraction(id: $id) { id } }', { variables: { id: interactionId } });
    expect(data).toEqual({ oauthInteraction: null });
    expect((await oauth.world.ask(approve, { input: { interactionId: '~abc' }, token })).codes).toEqual(['BAD_USER_INPUT']);
  });

  test('no app lets another one in, and nobody who acts for a person', async () => {
    const { interactionId } = await begun();
    const person = await register(oauth.world, 'Host');
    const config = await oauth.configurationOf(await oauth.register({ scopes: ['accounts:read', 'accounts:write'] }));
    const app = await signInToApp(oauth, config, person, { scope: 'openid accounts:write' });
    const { secret } = await give(
      oauth.world,
      'mutation ($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { secret } }',
      {
        input: { name: 'script', scopes: ['accounts:write'] },
        token: person.token,
      },
    );
    const { tokens } = await give(
      oauth.world,
      'mutation ($input: StartImpersonationInput!) { startImpersonation(input: $input) { tokens { accessToken } } }',
      {
        input: { userId: person.id, reason: 'test' },
        token: await oauth.tokenOf(bruno.email),
      },
    );
    for (const token of [app.access_token, secret, tokens.accessToken])
      expect((await oauth.world.ask(approve, { input: { interactionId }, token })).codes).toEqual(['FORBIDDEN OWN_SESSION_NEEDED']);
    expect((await oauth.world.ask(approve, { input: { interactionId } })).codes).toEqual(['UNAUTHENTICATED']);
    expect((await oauth.world.ask(approve, { input: { interactionId }, token: person.token })).codes).toEqual([]);
  });

  test('a client that wants the person to sign in anew gets no proof of before', async () => {
    const config = await oauth.configurationOf(await oauth.register());
    const person = await register(oauth.world, 'Stale');
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    const authorization = await oauth.authorize(config, { prompt: 'login' });
    const interactionId = authorization.page.url.searchParams.get('interaction') ?? '';
    const input = { interactionId };
    expect((await oauth.world.ask(approve, { input, token: person.token })).codes).toEqual(['UNAUTHENTICATED STEP_UP_REQUIRED']);
  });

  test('forms of other sites are not taken', async () => {
    const { authorization } = await begun();
    const { page } = authorization;
    const body = new URLSearchParams({ step: 'password', identifier: ada.email, password: demo.password });
    const origins: Record<string, string>[] = [
      {},
      { origin: 'null' },
      { origin: 'https://evil.example' },
      { origin: page.url.origin, 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of origins) expect((await fetch(page.url, { method: 'POST', body, headers, redirect: 'manual' })).status).toBe(403);
    expect((await fetch(page.url, { method: 'POST', body, headers: { origin: page.url.origin }, redirect: 'manual' })).status).toBe(303);
    expect((await fetch(page.url, { method: 'PUT', headers: { origin: page.url.origin } })).status).toBe(405);
    const large = new URLSearchParams({ step: 'password', identifier: 'x'.repeat(70_000) });
    expect((await fetch(page.url, { method: 'POST', body: large, headers: { origin: page.url.origin } })).status).toBe(413);
  });

  test('a proof of one interaction is none of another, nor one that was tampered with', async () => {
    const [first, second] = [await begun(), await begun()];
    const person = await register(oauth.world, 'Proof');
    const consent = await typeIn(first.authorization, person.email, password);
    expect(consent.html).toContain('Allow Shop?');
    const kept = first.authorization.browser.cookies.get('sign-in@/');
    const { browser } = second.authorization;
    browser.cookies.set('sign-in@/', kept ?? { value: '', path: '/' });
    expect((await browser.open(second.authorization.page.url)).html).toContain('Sign in to Shop');
    first.authorization.browser.cookies.set('sign-in@/', { value: `${kept?.value.slice(0, -4)}AAAA`, path: '/' });
    expect((await first.authorization.browser.open(consent.url)).html).toContain('Sign in to Shop');
  });

  test('pages are shown by nobody else, and kept by nobody', async () => {
    const { authorization } = await begun();
    const { headers } = authorization.page;
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('referrer-policy')).toBe('same-origin');
    for (const line of authorization.browser.cookies.values()) expect(line.value).not.toContain(ada.email);
  });

  test('what people type is text', async () => {
    const { authorization } = await begun();
    const wrong = await typeIn(authorization, '"><script>alert(1)</script>', 'x');
    expect(wrong.html).not.toContain('<script>alert');
    expect(wrong.html).toContain('That is not right');
    const client = await oauth.register({ name: '<img src=x onerror=alert(1)>' });
    const { page } = await oauth.authorize(await oauth.configurationOf(client));
    expect(page.html).not.toContain('<img src=x');
  });
});

describe('what passes for an access token', () => {
  const answers = new Map<string, string>();
  beforeAll(async () => {
    const person = await register(oauth.world, 'Owner');
    const client = await oauth.register();
    const config = await oauth.configurationOf(client);
    const authorization = await oauth.authorize(config);
    const url = await allow(authorization, person.email, password);
    const tokens = await exchange(config, authorization, url);
    const [head = '', payload = '', signature = ''] = tokens.access_token.split('.');
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const decode = (text: string) => JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>;
    const { keys } = (await (await fetch(`${oauth.app.url}/oauth/jwks`)).json()) as { keys: JWK[] };
    const own = await generateKeyPair('ES256', { extractable: true });
    const rsa = await generateKeyPair('RS256', { extractable: true });
    const header = decode(head) as { alg: string; kid: string };
    const sign = (key: Parameters<SignJWT['sign']>[0], more: Record<string, unknown>, claims: Record<string, unknown> = {}) =>
      new SignJWT({ ...decode(payload), ...claims }).setProtectedHeader({ ...header, ...more }).sign(key);
    const publicKey = await importJWK(keys[0] as JWK, 'ES256');
    expect(publicKey).toBeTruthy();
    for (const [name, token] of Object.entries({
      'an ID token': tokens.id_token ?? '',
      'a refresh token': tokens.refresh_token ?? '',
      'a code': url.searchParams.get('code') ?? '',
      'a client secret': client.secret ?? '',
      'a signature of another key': await sign(own.privateKey, {}),
      'an embedded key': await sign(own.privateKey, { jwk: keys[0] }),
      'an address of keys': await sign(own.privateKey, { jku: 'https://evil.example/jwks' }),
      'a key of another kind': await sign(rsa.privateKey, { alg: 'RS256' }),
      'HMAC with the public key': await sign(new TextEncoder().encode(JSON.stringify(keys[0])), { alg: 'HS256' }),
      'no algorithm': `${encode({ ...header, alg: 'none' })}.${payload}.`,
      'no signature': `${head}.${payload}.`,
      'another person': `${head}.${encode({ ...decode(payload), sub: ada.id })}.${signature}`,
      'more scopes': `${head}.${encode({ ...decode(payload), scope: 'app' })}.${signature}`,
      'an extension that nobody knows': await sign(own.privateKey, { crit: ['b64'], b64: true }),
    }))
      answers.set(name, token);
  });

  test.each([
    'an ID token',
    'a refresh token',
    'a code',
    'a client secret',
    'a signature of another key',
    'an embedded key',
    'an address of keys',
    'a key of another kind',
    'HMAC with the public key',
    'no algorithm',
    'no signature',
    'another person',
    'more scopes',
    'an extension that nobody knows',
  ])('%s does not: over HTTP, WebSocket, server-sent events, and at the provider', async (name) => {
    const token = answers.get(name) ?? '';
    expect(token).not.toBe('');
    expect((await oauth.world.ask('{ viewer { id } }', { token })).codes[0]).toMatch(/^UNAUTHENTICATED/);
    const document = 'subscription { sessionEnded { reason } }';
    for (const stream of [oauth.world.subscribe(document, { token }), oauth.world.listen(document, { token })]) {
      await expect(stream.next()).rejects.toBeDefined();
      await stream.close();
    }
    const userinfo = await fetch(`${oauth.app.url}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } });
    expect(userinfo.status).toBe(401);
  });
});
