import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createHash, randomUUID } from 'node:crypto';
import * as openid from 'openid-client';
import { ask } from '../support/app-process.ts';
import { eventually } from '../support/eventually.ts';
import { give } from '../support/journey.ts';
import { password, register } from '../support/people.ts';
import { codeOf } from '../support/totp.ts';
import { openWebBrowser } from '../support/web-browser.ts';
import { ada, allow, bruno, exchange, isTaken, type OAuthWorld, post, shopCallback, signInToApp, startOAuth, typeIn } from './support.ts';

// Strangers' clients against the program as a newcomer starts it.
let oauth: OAuthWorld;
beforeAll(async () => {
  oauth = await startOAuth({ SIGNING_KEY_LEAD_SECONDS: '0' });
});
afterAll(async () => {
  await oauth?.end();
});

const viewer = '{ viewer { id kind } }';
const errorOf = async (answer: Promise<unknown>): Promise<string> => {
  try {
    await answer;
    return 'no error';
  } catch (error) {
    const { error: code, code: other, cause } = error as { error?: string; code?: string; cause?: { error?: string } };
    return code ?? cause?.error ?? other ?? String(error);
  }
};

describe('a confidential client', () => {
  test.each([
    ['in the header', (secret: string) => openid.ClientSecretBasic(secret)],
    ['in the body', (secret: string) => openid.ClientSecretPost(secret)],
  ])('signs a person in with its secret %s', async (_where, authentication) => {
    const client = await oauth.register();
    const config = await oauth.configurationOf(client, authentication(client.secret ?? ''));
    const nonce = openid.randomNonce();
    const authorization = await oauth.authorize(config, { scope: 'openid profile email accounts:read', nonce });
    expect(authorization.page.html).toContain('Sign in to Shop');
    const consent = await typeIn(authorization, ada.email);
    expect(consent.html).toContain('Allow Shop?');
    expect(consent.html).toContain('See your account: profile, address, sessions and what happened to it');
    const { url } = await authorization.browser.submit(consent, 'allow');
    expect(url.searchParams.get('iss')).toBe(oauth.app.url);
    const checks = { pkceCodeVerifier: authorization.verifier, expectedState: authorization.state, expectedNonce: nonce };
    const tokens = await openid.authorizationCodeGrant(config, url, checks);
    expect(tokens.claims()).toMatchObject({ sub: ada.id, iss: oauth.app.url, acr: 'aal1', amr: ['pwd'], nonce });
    expect(decodeProtectedHeader(tokens.access_token)).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
    expect(decodeJwt(tokens.access_token)).toMatchObject({
      iss: oauth.app.url,
      aud: `${oauth.app.url}/graphql`,
      sub: ada.id,
      client_id: client.id,
      scope: 'openid profile email accounts:read',
      kind: 'PERSON',
      roles: ['USER'],
    });
    expect(await openid.fetchUserInfo(config, tokens.access_token, ada.id)).toMatchObject({
      name: ada.displayName,
      preferred_username: ada.handle,
      email: ada.email,
      email_verified: true,
    });
    expect((await ask(oauth.app, viewer, { token: tokens.access_token })).data).toEqual({ viewer: { id: ada.id, kind: 'PERSON' } });
    const denied = await ask(oauth.app, 'mutation { markAllNotificationsRead(input: {}) { count } }', { token: tokens.access_token });
    expect(denied.errors?.[0]?.extensions).toMatchObject({ code: expect.stringMatching(/FORBIDDEN|GRAPHQL_VALIDATION_FAILED/) });
  });

  test('is known by its secret alone', async () => {
    const client = await oauth.register();
    const fields = { grant_type: 'refresh_token', refresh_token: 'x', client_id: client.id };
    expect((await post(oauth.app, '/oauth/token', { ...fields, client_secret: 'wrong' })).body.error).toBe('invalid_client');
    expect((await post(oauth.app, '/oauth/token', fields)).body.error).toBe('invalid_client');
    expect((await post(oauth.app, '/oauth/token', { ...fields, client_secret: client.secret ?? '' })).body.error).toBe('invalid_grant');
    const { secret } = await give(
      oauth.world,
      'mutation ($input: RotateClientSecretInput!) { rotateClientSecret(input: $input) { secret } }',
      {
        input: { clientId: client.id },
        token: await oauth.tokenOf(ada.email),
      },
    );
    expect((await post(oauth.app, '/oauth/token', { ...fields, client_secret: client.secret ?? '' })).body.error).toBe('invalid_client');
    expect((await post(oauth.app, '/oauth/token', { ...fields, client_secret: secret })).body.error).toBe('invalid_grant');
  });
});

describe('a public client', () => {
  const native = { type: 'PUBLIC', redirectUris: ['http://127.0.0.1/callback', 'com.example.shop:/callback'] };

  test.each(['http://127.0.0.1:50123/callback', 'com.example.shop:/callback'])('gets its code at %s', async (redirectUri) => {
    const config = await oauth.configurationOf(await oauth.register(native));
    const authorization = await oauth.authorize(config, { redirect_uri: redirectUri });
    const url = await allow(authorization, ada.email);
    expect(url.href.startsWith(redirectUri)).toBe(true);
    const tokens = await exchange(config, authorization, url);
    expect(await isTaken(oauth.app, tokens.access_token)).toBe(true);
    expect((await openid.refreshTokenGrant(config, tokens.refresh_token ?? '')).access_token).toBeTruthy();
  });

  test('proves with PKCE S256 that the code is its own', async () => {
    const client = await oauth.register(native);
    const config = await oauth.configurationOf(client);
    const redirect_uri = 'com.example.shop:/callback';
    for (const [code_challenge_method, code_challenge] of [
      ['plain', 'a'.repeat(43)],
      ['S256', ''],
    ] as const) {
      const { page } = await oauth.authorize(config, { redirect_uri, code_challenge, code_challenge_method });
      expect(page.url.searchParams.get('error')).toBe('invalid_request');
    }
    const authorization = await oauth.authorize(config, { redirect_uri });
    const url = await allow(authorization, ada.email);
    const other = { ...authorization, verifier: openid.randomPKCECodeVerifier() };
    expect(await errorOf(exchange(config, other, url))).toBe('invalid_grant');
  });
});

describe('consent', () => {
  test('is asked for once, and again for more; a person can refuse', async () => {
    const person = await register(oauth.world, 'Ana');
    const config = await oauth.configurationOf(await oauth.register({ scopes: ['accounts:read', 'chat:read'] }));
    await signInToApp(oauth, config, person);
    const again = await oauth.authorize(config);
    expect((await typeIn(again, person.email, password)).url.searchParams.get('code')).toBeTruthy();
    // The browser is signed in by now.
    const silent = await oauth.authorize(config, {}, again.browser);
    expect(silent.page.url.searchParams.get('code')).toBeTruthy();
    const more = await oauth.authorize(config, { scope: 'openid profile accounts:read chat:read' }, again.browser);
    expect(more.page.html).toContain('Read your conversations');
    const denied = await more.browser.submit(more.page, 'deny');
    expect(denied.url.searchParams.get('error')).toBe('access_denied');
    expect(denied.url.searchParams.get('iss')).toBe(oauth.app.url);
  });

  test('is asked for once more when the client wants that', async () => {
    const person = await register(oauth.world, 'Bea');
    const config = await oauth.configurationOf(await oauth.register());
    await signInToApp(oauth, config, person);
    const asked = await oauth.authorize(config, { prompt: 'consent' });
    expect((await typeIn(asked, person.email, password)).html).toContain('Allow Shop?');
  });

  test('is not asked for by the platform itself', async () => {
    const token = await oauth.tokenOf(bruno.email);
    const client = await oauth.register({ name: 'The platform', firstParty: true, scopes: ['app'] }, token);
    const config = await oauth.configurationOf(client);
    const authorization = await oauth.authorize(config, { scope: 'openid app' });
    const back = await typeIn(authorization, ada.email);
    const tokens = await exchange(config, authorization, back.url);
    expect((await ask(oauth.app, '{ viewer { email } }', { token: tokens.access_token })).data).toEqual({ viewer: { email: ada.email } });
    const { errors } = await ask(oauth.app, 'mutation ($input: CreateOAuthClientInput!) { createOAuthClient(input: $input) { secret } }', {
      variables: { input: { name: 'Mine', type: 'CONFIDENTIAL', redirectUris: [shopCallback], firstParty: true } },
      token: await oauth.tokenOf(ada.email),
    });
    expect(errors?.[0]?.extensions['code']).toBe('FORBIDDEN');
  });

  test('can be taken back, with all that came from it', async () => {
    const person = await register(oauth.world, 'Cleo');
    const config = await oauth.configurationOf(await oauth.register());
    const [first, second] = [await signInToApp(oauth, config, person), await signInToApp(oauth, config, person)];
    const { authorizedApps } = await give(oauth.world, '{ viewer { authorizedApps { id scopes client { name } lastUsedAt } } }', {
      token: person.token,
    });
    expect(authorizedApps).toEqual([
      { id: expect.any(String), scopes: ['accounts:read', 'openid', 'profile'], client: { name: 'Shop' }, lastUsedAt: expect.any(String) },
    ]);
    await give(oauth.world, 'mutation ($input: RevokeAppGrantInput!) { revokeAppGrant(input: $input) { revokedAppGrantId } }', {
      input: { appGrantId: authorizedApps[0].id },
      token: person.token,
    });
    for (const { access_token, refresh_token } of [first, second]) {
      await eventually('the end at the graph', async () => !(await isTaken(oauth.app, access_token)));
      expect(await errorOf(openid.refreshTokenGrant(config, refresh_token ?? ''))).toBe('invalid_grant');
    }
    expect(await isTaken(oauth.app, person.token)).toBe(true);
    const again = await oauth.authorize(config);
    expect((await typeIn(again, person.email, password)).html).toContain('Allow Shop?');
  });

  test('can be limited to one organization', async () => {
    const person = await register(oauth.world, 'Dora');
    const found = async (name: string) =>
      (
        await give(
          oauth.world,
          'mutation ($input: CreateOrganizationInput!) { createOrganization(input: $input) { organization { id } } }',
          { input: { name }, token: person.token },
        )
      ).organization.id as string;
    const [here, elsewhere] = [await found('Here'), await found('Elsewhere')];
    const config = await oauth.configurationOf(await oauth.register({ scopes: ['organizations:read'] }));
    const authorization = await oauth.authorize(config, { scope: 'openid organizations:read' });
    const consent = await typeIn(authorization, person.email, password);
    expect(consent.html).toContain('In Elsewhere alone');
    const { url } = await authorization.browser.submit(consent, 'allow', { organization: here });
    const tokens = await exchange(config, authorization, url);
    const current = '{ currentOrganization { id } }';
    const token = tokens.access_token;
    // Chosen by itself, and no other.
    expect((await oauth.world.ask(current, { token })).data).toEqual({ currentOrganization: { id: here } });
    expect((await oauth.world.ask(current, { token, organizationId: elsewhere })).codes).toEqual(['NOT_FOUND']);
    const next = await openid.refreshTokenGrant(config, tokens.refresh_token ?? '');
    expect((await oauth.world.ask(current, { token: next.access_token })).data).toEqual({ currentOrganization: { id: here } });
    const strange = await oauth.authorize(config, { scope: 'openid organizations:read', prompt: 'consent' });
    const asked = await typeIn(strange, person.email, password);
    expect((await strange.browser.submit(asked, 'allow', { organization: randomUUID() })).html).toContain('Organization not found');
  });
});

describe('what a client may ask of signing in', () => {
  test('prompt=none needs a browser that is signed in, prompt=login asks again, max_age when it is too long ago', async () => {
    const person = await register(oauth.world, 'Esra');
    const config = await oauth.configurationOf(await oauth.register());
    const nobody = await oauth.authorize(config, { prompt: 'none' });
    expect(nobody.page.url.searchParams.get('error')).toBe('login_required');
    const first = await oauth.authorize(config);
    await allow(first, person.email, password);
    expect((await oauth.authorize(config, { prompt: 'none' }, first.browser)).page.url.searchParams.get('code')).toBeTruthy();
    expect((await oauth.authorize(config, { prompt: 'login' }, first.browser)).page.html).toContain('Sign in to Shop');
    expect((await oauth.authorize(config, { max_age: '0' }, first.browser)).page.html).toContain('Sign in to Shop');
    expect((await oauth.authorize(config, { max_age: '3600' }, first.browser)).page.url.searchParams.get('code')).toBeTruthy();
    const other = await oauth.authorize(config, { prompt: 'none', scope: 'openid' }, first.browser);
    expect(other.page.url.searchParams.get('code')).toBeTruthy();
  });

  test('acr_values=aal2 asks for two factors of whoever has them', async () => {
    const person = await register(oauth.world, 'Farid');
    const config = await oauth.configurationOf(await oauth.register());
    const before = await oauth.authorize(config);
    await allow(before, person.email, password);
    const secret = await enrollTotp(person.token);
    const asked = await oauth.authorize(config, { acr_values: 'aal2' }, before.browser);
    expect(asked.page.html).toContain('Sign in to Shop');
    const second = await typeIn(asked, person.email, password);
    expect(second.html).toContain('One more proof');
    const wrong = await asked.browser.submit(second, 'second', { code: '000000' });
    expect(wrong.html).toContain('That is not right');
    const back = await asked.browser.submit(wrong, 'second', { code: codeOf(secret, 1) });
    const tokens = await exchange(config, asked, back.url);
    expect(tokens.claims()).toMatchObject({ acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] });
    expect(decodeJwt(tokens.access_token)['acr']).toBe('aal2');
  });

  async function enrollTotp(token: string): Promise<string> {
    const { enrollmentId, secret } = await give(
      oauth.world,
      'mutation ($input: StartTotpEnrollmentInput!) { startTotpEnrollment(input: $input) { enrollmentId secret } }',
      { input: {}, token },
    );
    await give(oauth.world, 'mutation ($input: ConfirmTotpEnrollmentInput!) { confirmTotpEnrollment(input: $input) { user { id } } }', {
      input: { enrollmentId, code: codeOf(secret) },
      token,
    });
    return secret;
  }

  test('requests can be pushed beforehand', async () => {
    const config = await oauth.configurationOf(await oauth.register());
    const verifier = openid.randomPKCECodeVerifier();
    const url = await openid.buildAuthorizationUrlWithPAR(config, {
      redirect_uri: shopCallback,
      scope: 'openid',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    expect([...url.searchParams.keys()].toSorted()).toEqual(['client_id', 'request_uri']);
    const browser = openWebBrowser([shopCallback]);
    const page = await browser.open(url);
    const back = await typeIn({ browser, page }, ada.email);
    const { url: address } = back.status === 0 ? back : await browser.submit(back, 'allow');
    const tokens = await openid.authorizationCodeGrant(config, address, { pkceCodeVerifier: verifier });
    expect(tokens.claims()?.sub).toBe(ada.id);
    // Good for one authorization.
    expect((await openWebBrowser([shopCallback]).open(url)).url.searchParams.get('error')).toBe('invalid_request_uri');
  });
});

describe('a code', () => {
  test('that is used twice ends what it gave, and the person is told', async () => {
    const person = await register(oauth.world, 'Grace');
    const config = await oauth.configurationOf(await oauth.register());
    const authorization = await oauth.authorize(config);
    const url = await allow(authorization, person.email, password);
    const tokens = await exchange(config, authorization, url);
    expect(await errorOf(exchange(config, authorization, url))).toBe('invalid_grant');
    await eventually('the end at the graph', async () => !(await isTaken(oauth.app, tokens.access_token)));
    expect(await errorOf(openid.refreshTokenGrant(config, tokens.refresh_token ?? ''))).toBe('invalid_grant');
    expect(await errorOf(openid.fetchUserInfo(config, tokens.access_token, person.id))).not.toBe('no error');
    const { securityEvents } = await give(oauth.world, '{ viewer { securityEvents { nodes { name client { name } } } } }', {
      token: person.token,
    });
    expect(securityEvents.nodes).toContainEqual({ name: 'session.compromised', client: { name: 'Shop' } });
  });

  test('that twenty use at once is used by nobody in the end', async () => {
    const person = await register(oauth.world, 'Hiro');
    const config = await oauth.configurationOf(await oauth.register());
    const authorization = await oauth.authorize(config);
    const url = await allow(authorization, person.email, password);
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => exchange(config, authorization, url)));
    const won = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(won.length).toBeLessThanOrEqual(1);
    for (const { access_token, refresh_token } of won) {
      await eventually('the end at the graph', async () => !(await isTaken(oauth.app, access_token)));
      expect(await errorOf(openid.refreshTokenGrant(config, refresh_token ?? ''))).toBe('invalid_grant');
    }
    const { sessions } = await give(oauth.world, '{ viewer { sessions { nodes { client { name } } } } }', { token: person.token });
    expect(sessions.nodes.filter((each: { client: { name: string } }) => each.client.name === 'Shop')).toEqual([]);
  });
});

describe('a refresh token', () => {
  test("gives fewer scopes, never more, and is its client's alone", async () => {
    const person = await register(oauth.world, 'Ines');
    const config = await oauth.configurationOf(await oauth.register());
    const { refresh_token = '' } = await signInToApp(oauth, config, person);
    const stranger = await oauth.configurationOf(await oauth.register({ name: 'Stranger' }));
    expect(await errorOf(openid.refreshTokenGrant(stranger, refresh_token))).toBe('invalid_grant');
    expect(await errorOf(openid.refreshTokenGrant(config, refresh_token, { scope: 'openid chat:read' }))).toBe('invalid_scope');
    const narrow = await openid.refreshTokenGrant(config, refresh_token, { scope: 'openid' });
    expect(decodeJwt(narrow.access_token)['scope']).toBe('openid');
    const wide = await openid.refreshTokenGrant(config, narrow.refresh_token ?? '');
    expect(decodeJwt(wide.access_token)['scope']).toBe('openid profile accounts:read');
  });

  test('that twenty use at once is rotated once, and each gets the same successor', async () => {
    const person = await register(oauth.world, 'Jonas');
    const config = await oauth.configurationOf(await oauth.register());
    const { refresh_token = '' } = await signInToApp(oauth, config, person);
    const answers = await Promise.all(Array.from({ length: 20 }, () => openid.refreshTokenGrant(config, refresh_token)));
    expect(new Set(answers.map((answer) => answer.refresh_token)).size).toBe(1);
    const next = answers[0]?.refresh_token ?? '';
    expect((await openid.refreshTokenGrant(config, next)).refresh_token).not.toBe(next);
    // The first one is shown once more when its successor is used: that is theft, and ends the family.
    expect(await errorOf(openid.refreshTokenGrant(config, refresh_token))).toBe('invalid_grant');
    await eventually('the end at the graph', async () => !(await isTaken(oauth.app, answers[0]?.access_token ?? '')));
    expect(await isTaken(oauth.app, person.token)).toBe(true);
  });

  test("of the graph's own sign-in is changed at the same endpoint", async () => {
    const person = await register(oauth.world, 'Keiko');
    const fields = { grant_type: 'refresh_token', client_id: 'first-party', refresh_token: person.refreshToken };
    const { status, body, headers } = await post(oauth.app, '/oauth/token', fields);
    expect(status).toBe(200);
    expect(headers.get('cache-control')).toContain('no-store');
    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'app', expires_in: 600 });
    expect(await isTaken(oauth.app, body.access_token)).toBe(true);
    expect(await isTaken(oauth.app, person.token)).toBe(true);
  });
});

describe('a service account', () => {
  test('acts by client credentials in its organization alone, until its token is revoked', async () => {
    const owner = await register(oauth.world, 'Leila');
    const { organization } = await give(
      oauth.world,
      'mutation ($input: CreateOrganizationInput!) { createOrganization(input: $input) { organization { id } } }',
      { input: { name: 'Works' }, token: owner.token },
    );
    const { user } = await give(
      oauth.world,
      'mutation ($input: CreateServiceAccountInput!) { createServiceAccount(input: $input) { user { id } } }',
      {
        input: { organizationId: organization.id, handle: `robot_${Date.now().toString(36)}`, displayName: 'Robot' },
        token: owner.token,
        organizationId: organization.id,
      },
    );
    const client = await oauth.register(
      { name: 'Robot', type: 'SERVICE', redirectUris: [], scopes: ['organizations:read', 'accounts:read'], serviceAccountId: user.id },
      owner.token,
    );
    const config = await oauth.configurationOf(client);
    const tokens = await openid.clientCredentialsGrant(config, { scope: 'organizations:read accounts:read' });
    expect(tokens.refresh_token).toBeUndefined();
    const token = tokens.access_token;
    expect(decodeJwt(token)).toMatchObject({ sub: user.id, kind: 'SERVICE', client_id: client.id, organization_id: organization.id });
    await eventually('the membership of the service account', async () => {
      const { data } = await oauth.world.ask('{ viewer { id kind } currentOrganization { id } }', { token });
      return data?.currentOrganization?.id === organization.id && data.viewer.kind === 'SERVICE' && data.viewer.id === user.id;
    });
    expect(await errorOf(openid.clientCredentialsGrant(config, { scope: 'chat:read' }))).toBe('invalid_scope');
    expect((await openid.tokenIntrospection(config, token)).active).toBe(true);
    await openid.tokenRevocation(config, token);
    await eventually('the end at the graph', async () => !(await isTaken(oauth.app, token)));
    expect((await openid.tokenIntrospection(config, token)).active).toBe(false);
    // Its next token is another one.
    const next = await openid.clientCredentialsGrant(config, { scope: 'organizations:read' });
    expect(await isTaken(oauth.app, next.access_token)).toBe(true);
    const stranger = await register(oauth.world, 'Mateo');
    const foreign = await oauth.world.ask('mutation ($input: CreateOAuthClientInput!) { createOAuthClient(input: $input) { secret } }', {
      input: { name: 'Thief', type: 'SERVICE', serviceAccountId: user.id },
      token: stranger.token,
    });
    expect(foreign.codes).toEqual(['NOT_FOUND']);
  });
});

describe('a device', () => {
  test('is connected by a code that its person types elsewhere', async () => {
    const config = await oauth.configurationOf(await oauth.register({ name: 'Television', type: 'PUBLIC', redirectUris: [] }));
    const begun = await openid.initiateDeviceAuthorization(config, { scope: 'openid accounts:read' });
    expect(begun).toMatchObject({
      verification_uri: `${oauth.app.url}/oauth/device`,
      user_code: expect.stringMatching(/^[A-Z]{4}-[A-Z]{4}$/),
    });
    const poll = () =>
      openid.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:device_code', { device_code: begun.device_code });
    expect(await errorOf(poll())).toBe('authorization_pending');
    const browser = openWebBrowser([]);
    const input = await browser.open(begun.verification_uri);
    const wrong = await browser.submitById(input, 'op.deviceInputForm', { user_code: 'BBBB-BBBB' });
    expect(wrong.html).toContain('That code is not right');
    const confirm = await browser.submitById(await browser.open(begun.verification_uri), 'op.deviceInputForm', {
      user_code: begun.user_code,
    });
    expect(confirm.html).toContain('Television');
    expect(confirm.html).toContain(begun.user_code);
    const page = await browser.submitById(confirm, 'op.deviceConfirmForm');
    const consent = await typeIn({ browser, page }, ada.email);
    const done = await browser.submit(consent, 'allow');
    expect(done.html).toContain('Connected');
    const tokens = await poll();
    expect(decodeJwt(tokens.access_token)).toMatchObject({ sub: ada.id, scope: 'openid accounts:read' });
    expect(await errorOf(poll())).toBe('invalid_grant');
  });

  test('is refused by its person', async () => {
    const config = await oauth.configurationOf(await oauth.register({ name: 'Television', type: 'PUBLIC', redirectUris: [] }));
    const begun = await openid.initiateDeviceAuthorization(config, { scope: 'openid' });
    const browser = openWebBrowser([]);
    const confirm = await browser.submitById(await browser.open(begun.verification_uri), 'op.deviceInputForm', {
      user_code: begun.user_code,
    });
    await browser.submitById(confirm, 'op.deviceConfirmForm', { abort: 'yes' });
    const poll = openid.genericGrantRequest(config, 'urn:ietf:params:oauth:grant-type:device_code', { device_code: begun.device_code });
    expect(await errorOf(poll)).toBe('access_denied');
  });
});

describe('a token', () => {
  test('tells its own client about itself', async () => {
    const client = await oauth.register();
    const config = await oauth.configurationOf(client);
    const { access_token, refresh_token = '' } = await signInToApp(oauth, config, await register(oauth.world, 'Nadia'));
    expect(await openid.tokenIntrospection(config, access_token)).toMatchObject({
      active: true,
      client_id: client.id,
      token_type: 'Bearer',
      scope: 'openid profile accounts:read',
      aud: `${oauth.app.url}/graphql`,
    });
    expect(await openid.tokenIntrospection(config, refresh_token)).toMatchObject({ active: true, client_id: client.id });
    const stranger = await oauth.configurationOf(await oauth.register({ name: 'Stranger' }));
    for (const token of [access_token, refresh_token, 'rubbish', `${access_token}x`])
      expect(await openid.tokenIntrospection(stranger, token)).toEqual({ active: false });
    await openid.tokenRevocation(stranger, refresh_token);
    expect((await openid.tokenIntrospection(config, refresh_token)).active).toBe(true);
    const ours = await oauth.configurationOf(await oauth.register({ name: 'Ours', firstParty: true }, await oauth.tokenOf(bruno.email)));
    expect((await openid.tokenIntrospection(ours, access_token)).active).toBe(true);
  });

  test.each(['access_token', 'refresh_token'] as const)('ends with its session when its %s is revoked, sockets too', async (which) => {
    const config = await oauth.configurationOf(await oauth.register({ scopes: ['accounts:read', 'notifications:read'] }));
    const tokens = await signInToApp(oauth, config, await register(oauth.world, 'Oskar'), {
      scope: 'openid accounts:read notifications:read',
    });
    const socket = oauth.world.subscribe('subscription { securityEventAdded { node { name } } }', { token: tokens.access_token });
    await openid.tokenRevocation(config, tokens[which] ?? '');
    await eventually('the end at the graph', async () => !(await isTaken(oauth.app, tokens.access_token)));
    expect(await errorOf(openid.refreshTokenGrant(config, tokens.refresh_token ?? ''))).toBe('invalid_grant');
    expect((await openid.tokenIntrospection(config, tokens.access_token)).active).toBe(false);
    expect(await socket.ended()).toMatchObject({ code: 4403 });
  });
});

describe('a token that is bound to a key', () => {
  async function bound() {
    const person = await register(oauth.world, 'Priya');
    const config = await oauth.configurationOf(await oauth.register({ type: 'PUBLIC', redirectUris: [shopCallback] }));
    const pair = await openid.randomDPoPKeyPair('ES256', { extractable: true });
    const handle = openid.getDPoPHandle(config, pair);
    const authorization = await oauth.authorize(config);
    const url = await allow(authorization, person.email, password);
    const checks = { pkceCodeVerifier: authorization.verifier, expectedState: authorization.state };
    const tokens = await openid.authorizationCodeGrant(config, url, checks, undefined, { DPoP: handle });
    return { person, config, pair, handle, tokens };
  }
  const graphOf = () => `${oauth.app.url}/graphql`;
  async function proofOf(
    { privateKey, publicKey }: CryptoKeyPair,
    token: string,
    claims: object = {},
    header: object = {},
  ): Promise<string> {
    const ath = createHash('sha256').update(token).digest('base64url');
    return new SignJWT({ htm: 'POST', htu: graphOf(), ath, jti: randomUUID(), iat: Math.floor(Date.now() / 1_000), ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(publicKey), ...header })
      .sign(privateKey);
  }
  async function show(token: string, proof: string | undefined, scheme = 'DPoP'): Promise<string> {
    const response = await fetch(graphOf(), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `${scheme} ${token}`, ...(proof ? { dpop: proof } : {}) },
      body: JSON.stringify({ query: '{ viewer { id } }' }),
    });
    const { data, errors } = (await response.json()) as {
      data?: { viewer: { id: string } };
      errors?: { extensions: { code: string; reason: string } }[];
    };
    return data?.viewer.id ?? `${errors?.[0]?.extensions.code} ${errors?.[0]?.extensions.reason}`;
  }

  test('is taken with a proof of that key alone', async () => {
    const { person, config, pair, handle, tokens } = await bound();
    const token = tokens.access_token;
    expect(tokens.token_type).toBe('dpop');
    expect(await openid.fetchUserInfo(config, token, person.id, { DPoP: handle })).toMatchObject({ sub: person.id });
    expect(await errorOf(openid.fetchUserInfo(config, token, person.id))).not.toBe('no error');
    const proof = await proofOf(pair, token);
    expect(await show(token, proof)).toBe(person.id);
    expect(await show(token, proof)).toBe('UNAUTHENTICATED DPOP_INVALID');
    expect(await show(token, undefined)).toBe('UNAUTHENTICATED DPOP_MISSING');
    expect(await show(token, await proofOf(pair, token), 'Bearer')).toBe('UNAUTHENTICATED DPOP_MISSING');
    const now = Math.floor(Date.now() / 1_000);
    const other = await generateKeyPair('ES256', { extractable: true });
    for (const stolen of [
      await proofOf(pair, token, { htm: 'GET' }),
      await proofOf(pair, token, { htu: `${oauth.app.url}/graphql/stream` }),
      await proofOf(pair, token, { htu: 'https://evil.example/graphql' }),
      await proofOf(pair, 'another token'),
      await proofOf(pair, token, { iat: now - 300 }),
      await proofOf(pair, token, { iat: now + 300 }),
      await proofOf(pair, token, { jti: undefined }),
      await proofOf(pair, token, {}, { typ: 'jwt' }),
      await proofOf(other, token),
      await proofOf(pair, token, {}, { jwk: await exportJWK(other.publicKey) }),
      'rubbish',
    ])
      expect(await show(token, stolen)).toBe('UNAUTHENTICATED DPOP_INVALID');
    expect(await show(person.token, await proofOf(pair, person.token))).toBe('UNAUTHENTICATED DPOP_INVALID');
  });

  test('is refreshed by the holder of the key', async () => {
    const { config, pair, tokens } = await bound();
    const refresh = tokens.refresh_token ?? '';
    expect(await errorOf(openid.refreshTokenGrant(config, refresh))).toBe('invalid_grant');
    const thief = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
    expect(await errorOf(openid.refreshTokenGrant(config, refresh, undefined, { DPoP: thief }))).toBe('invalid_grant');
    const next = await openid.refreshTokenGrant(config, refresh, undefined, { DPoP: openid.getDPoPHandle(config, pair) });
    expect(next.token_type).toBe('dpop');
    expect(await show(next.access_token, await proofOf(pair, next.access_token))).not.toContain('UNAUTHENTICATED');
    expect(decodeJwt(next.access_token)['cnf']).toEqual(decodeJwt(tokens.access_token)['cnf']);
  });
});

describe('the end', () => {
  test('a person signs out at the provider', async () => {
    const person = await register(oauth.world, 'Quentin');
    const config = await oauth.configurationOf(await oauth.register({ postLogoutRedirectUris: ['https://shop.example/bye'] }));
    const authorization = await oauth.authorize(config);
    const tokens = await exchange(config, authorization, await allow(authorization, person.email, password));
    const browser = openWebBrowser([shopCallback, 'https://shop.example/bye']);
    for (const [key, value] of authorization.browser.cookies) browser.cookies.set(key, value);
    const url = openid.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token ?? '',
      post_logout_redirect_uri: 'https://shop.example/bye',
      state: 's1',
    });
    const asked = await browser.open(url);
    expect(asked.html).toContain('Sign out?');
    const gone = await browser.submitById(asked, 'op.logoutForm', { logout: 'yes' });
    expect(gone.url.href).toBe('https://shop.example/bye?state=s1');
    await eventually('the end at the graph', async () => !(await isTaken(oauth.app, tokens.access_token)));
    expect((await oauth.authorize(config, { prompt: 'none' }, browser)).page.url.searchParams.get('error')).toBe('login_required');
    const strange = new URL(url);
    strange.searchParams.set('post_logout_redirect_uri', 'https://evil.example/bye');
    expect((await openWebBrowser([]).open(strange)).html).toContain('post_logout_redirect_uri not registered');
  });

  test('a suspended person gets nothing more, anywhere', async () => {
    const person = await register(oauth.world, 'Rosa');
    const config = await oauth.configurationOf(await oauth.register());
    const first = await oauth.authorize(config);
    const tokens = await exchange(config, first, await allow(first, person.email, password));
    const second = await oauth.authorize(config, {}, first.browser);
    const admin = await oauth.tokenOf(bruno.email);
    await give(oauth.world, 'mutation ($input: SuspendUserInput!) { suspendUser(input: $input) { user { status } } }', {
      input: { userId: person.id, reason: 'test' },
      token: admin,
    });
    await eventually('the end at the graph', async () => !(await isTaken(oauth.app, tokens.access_token)));
    expect(await errorOf(openid.refreshTokenGrant(config, tokens.refresh_token ?? ''))).toBe('invalid_grant');
    expect(await errorOf(exchange(config, second, second.page.url))).toBe('invalid_grant');
    const third = await oauth.authorize(config, {}, first.browser);
    expect(third.page.html).toContain('Sign in to Shop');
    expect((await typeIn(third, person.email, password)).html).toContain('That is not right');
  });

  test('a disabled client gets nothing more', async () => {
    const client = await oauth.register();
    const config = await oauth.configurationOf(client);
    const tokens = await signInToApp(oauth, config, await register(oauth.world, 'Samir'));
    const update = 'mutation ($input: UpdateOAuthClientInput!) { updateOAuthClient(input: $input) { client { enabled version } } }';
    const token = await oauth.tokenOf(ada.email);
    expect(await give(oauth.world, update, { input: { clientId: client.id, version: client.version, enabled: false }, token })).toEqual({
      client: { enabled: false, version: client.version + 1 },
    });
    await eventually('the end at the graph', async () => !(await isTaken(oauth.app, tokens.access_token)));
    expect(await errorOf(openid.refreshTokenGrant(config, tokens.refresh_token ?? ''))).toBe('invalid_client');
    expect((await oauth.authorize(config)).page.html).toContain('This did not work');
    expect(
      (await oauth.world.ask(update, { input: { clientId: client.id, version: client.version, enabled: true }, token })).codes,
    ).toEqual(['CONFLICT STALE_VERSION']);
  });
});

test('discovery says the same at both of its addresses, and the keys are where it says', async () => {
  const read = async (path: string) => (await fetch(`${oauth.app.url}${path}`)).json() as Promise<Record<string, unknown>>;
  const [first, second] = [await read('/.well-known/openid-configuration'), await read('/.well-known/oauth-authorization-server')];
  expect(first).toEqual(second);
  expect(first).toMatchObject({
    issuer: oauth.app.url,
    authorization_endpoint: `${oauth.app.url}/oauth/authorize`,
    token_endpoint: `${oauth.app.url}/oauth/token`,
    pushed_authorization_request_endpoint: `${oauth.app.url}/oauth/par`,
    jwks_uri: `${oauth.app.url}/oauth/jwks`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    id_token_signing_alg_values_supported: ['ES256'],
    authorization_response_iss_parameter_supported: true,
  });
  const { keys } = (await read('/oauth/jwks')) as { keys: Record<string, unknown>[] };
  expect(keys.length).toBeGreaterThan(0);
  for (const key of keys) expect(Object.keys(key)).not.toContain('d');
});

test('keys change without a refused request', async () => {
  const person = await register(oauth.world, 'Tove');
  const config = await oauth.configurationOf(await oauth.register());
  const before = await signInToApp(oauth, config, person);
  const waiting = await oauth.authorize(config);
  const url = await allow(waiting, person.email, password);
  const rotate = 'mutation ($input: RotateSigningKeyInput!) { rotateSigningKey(input: $input) { signingKeys { kid state } } }';
  const admin = await oauth.tokenOf(bruno.email);
  await give(oauth.world, rotate, { input: {}, token: admin });
  const after = await exchange(config, waiting, url);
  const [old, fresh] = [decodeProtectedHeader(before.access_token).kid, decodeProtectedHeader(after.access_token).kid];
  expect(fresh).not.toBe(old);
  expect(decodeProtectedHeader(after.id_token ?? '').kid).toBe(fresh);
  for (const { access_token } of [before, after]) expect(await isTaken(oauth.app, access_token)).toBe(true);
  expect((await openid.tokenIntrospection(config, before.access_token)).active).toBe(true);
  expect((await openid.refreshTokenGrant(config, before.refresh_token ?? '')).access_token).toBeTruthy();
  // In an emergency what the old key signed is over at once, and what comes next is signed by another.
  await give(oauth.world, rotate, { input: { emergency: true }, token: admin });
  await eventually('the end of what the key signed', async () => !(await isTaken(oauth.app, after.access_token)));
  const next = await openid.refreshTokenGrant(config, after.refresh_token ?? '');
  expect(await isTaken(oauth.app, next.access_token)).toBe(true);
});
