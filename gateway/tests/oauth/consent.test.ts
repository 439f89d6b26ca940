import { decodeJwt } from 'jose';
import * as openid from 'openid-client';
import { give, type Person } from '../support/journey.ts';
import { password, register, registerAdministrator } from '../support/people.ts';
import { codeOf } from '../support/totp.ts';
import {
  again,
  askFor,
  type Client,
  errorOf,
  exchange,
  goThrough,
  letIn,
  newClient,
  offers,
  openBrowserFor,
  type Page,
  type Provider,
  startProvider,
  tokensFor,
} from './support.ts';

// What people are asked, and what clients may ask for.
let provider: Provider;
let ana: Person;
let shop: Client;
beforeAll(async () => {
  provider = await startProvider();
  ana = await register(provider.world, 'Ana');
  shop = await newClient(provider, ana, { scopes: ['accounts:read', 'chat:read'] });
});
afterAll(async () => {
  await provider?.end();
});

const errorIn = (url: URL): string | null => url.searchParams.get('error');
const isLetIn = (client: Client, url: URL): boolean => url.href.startsWith(client.redirectUri) && url.searchParams.has('code');

async function addTotp(person: Person): Promise<string> {
  const { enrollmentId, secret } = await give(
    provider.world,
    'mutation ($input: StartTotpEnrollmentInput!) { startTotpEnrollment(input: $input) { enrollmentId secret } }',
    { input: {}, token: person.token },
  );
  // One of the step before, so that the present one is still good.
  const input = { enrollmentId, code: codeOf(secret, -1) };
  await give(provider.world, 'mutation ($input: ConfirmTotpEnrollmentInput!) { confirmTotpEnrollment(input: $input) { user { id } } }', {
    input,
    token: person.token,
  });
  return secret as string;
}

describe('consent', () => {
  test('is asked once for the same scopes or fewer, and again for more', async () => {
    const browser = openBrowserFor(shop);
    const first = await browser.open((await askFor(shop, { scope: 'openid accounts:read' })).url);
    expect(first.html).toContain('Sign in to Shop');
    const question = await browser.submit(first, 'password', { identifier: ana.email, password });
    expect(question.html).toContain('Allow Shop?');
    expect(question.html).toContain('See your account');
    expect(question.html).not.toContain('Read your conversations');
    expect(isLetIn(shop, (await browser.submit(question, 'allow')).url)).toBe(true);
    // In the browser where she is signed in nothing is asked at all; in another one only who she is.
    for (const scope of ['openid accounts:read', 'accounts:read'])
      expect(isLetIn(shop, (await browser.open((await askFor(shop, { scope, nonce: undefined })).url)).url)).toBe(true);
    const other = openBrowserFor(shop);
    const page = await other.open((await askFor(shop)).url);
    expect(isLetIn(shop, (await other.submit(page, 'password', { identifier: ana.handle, password })).url)).toBe(true);
    const more = await browser.open((await askFor(shop, { scope: 'openid accounts:read chat:read' })).url);
    expect([offers(more, 'password'), offers(more, 'allow')]).toEqual([false, true]);
    expect(more.html).toContain('Read your conversations');
    expect(isLetIn(shop, (await browser.submit(more, 'allow')).url)).toBe(true);
    expect(isLetIn(shop, (await browser.open((await askFor(shop)).url)).url)).toBe(true);
  });

  test('that is not given is told to the client as access_denied, and asked again the next time', async () => {
    const bo = await register(provider.world, 'Bo');
    const browser = openBrowserFor(shop);
    for (let time = 0; time < 2; time += 1) {
      const { url, state } = await askFor(shop);
      const back = await goThrough(browser, await browser.open(url), bo, { answer: 'deny' });
      const told = Object.fromEntries(back.url.searchParams);
      expect(told).toMatchObject({ error: 'access_denied', state, iss: provider.url });
      expect(told).not.toHaveProperty('code');
    }
    const { authorizedApps } = await give(provider.world, '{ viewer { authorizedApps { id } } }', { token: bo.token });
    expect(authorizedApps).toEqual([]);
  });

  test('and what became of it are in the log, as is what is done with clients; the person sees what they did', async () => {
    const cleo = await register(provider.world, 'Cleo');
    const desk = await newClient(provider, cleo, { name: 'Diary' });
    const denied = openBrowserFor(desk);
    await goThrough(denied, await denied.open((await askFor(desk)).url), cleo, { answer: 'deny' });
    await letIn(desk, cleo);
    const change = 'mutation ($input: UpdateOAuthClientInput!) { updateOAuthClient(input: $input) { client { name } } }';
    await give(provider.world, change, { input: { clientId: desk.id, version: desk.version, name: 'Journal' }, token: cleo.token });
    const rotate = 'mutation ($input: RotateClientSecretInput!) { rotateClientSecret(input: $input) { secret } }';
    const { secret } = await give(provider.world, rotate, { input: { clientId: desk.id }, token: cleo.token });
    const { securityEvents } = await give(
      provider.world,
      '{ viewer { securityEvents(first: 50) { nodes { name target client { name } details } } } }',
      { token: cleo.token },
    );
    const named = (name: string) => securityEvents.nodes.filter((event: { name: string }) => event.name === name);
    expect(named('oauth_client.created')).toMatchObject([{ details: { name: 'Diary', enabled: true } }]);
    expect(named('oauth_client.changed')).toMatchObject([{ target: desk.id, details: { name: 'Journal' } }]);
    expect(named('oauth_client.secret_rotated')).toMatchObject([{ target: desk.id }]);
    expect(named('app.authorized')).toMatchObject([{ client: { name: 'Journal' } }]);
    const administrator = await registerAdministrator(provider.world);
    const { nodes } = await give(
      provider.world,
      '{ auditEvents(first: 5, filter: { names: ["app.denied"] }) { nodes { target client { name } } } }',
      {
        token: administrator.token,
      },
    );
    expect(nodes).toContainEqual({ target: desk.id, client: { name: 'Journal' } });
    for (const text of [desk.secret, secret]) expect(JSON.stringify(securityEvents)).not.toContain(text);
  });

  test('is no question of our own clients, which administrators alone register', async () => {
    const admin = await registerAdministrator(provider.world);
    const input = { name: 'Desk', firstParty: true, scopes: ['accounts:read', 'app'], redirectUris: ['https://desk.example/callback'] };
    await expect(newClient(provider, ana, input)).rejects.toThrow('PERMISSION_MISSING');
    const desk = await newClient(provider, admin, input);
    const browser = openBrowserFor(desk);
    const page = await browser.open((await askFor(desk, { scope: 'openid app' })).url);
    const back = await browser.submit(page, 'password', { identifier: ana.email, password });
    expect(isLetIn(desk, back.url)).toBe(true);
    const tokens = await tokensFor(desk, ana, { browser, parameters: { scope: 'openid app' } });
    // The scope of our own clients stands for what people may do.
    const rename = 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { bio } } }';
    const { version } = await give(provider.world, '{ viewer { version } }', { token: tokens.accessToken });
    const input2 = { version, bio: 'At the desk' };
    expect(await give(provider.world, rename, { input: input2, token: tokens.accessToken })).toEqual({ user: { bio: 'At the desk' } });
  });

  test('for an app on a device is asked each time, since another program may have taken its address', async () => {
    const phone = await newClient(provider, ana, { name: 'Phone', type: 'PUBLIC', redirectUris: ['com.example.phone:/callback'] });
    const browser = openBrowserFor(phone);
    await letIn(phone, ana, { browser });
    const page = await browser.open((await askFor(phone)).url);
    const signedIn = offers(page, 'password') ? await browser.submit(page, 'password', { identifier: ana.email, password }) : page;
    expect(offers(signedIn, 'allow')).toBe(true);
  });

  test('is what the tokens can do: narrower at a refresh, never wider', async () => {
    const tokens = await tokensFor(shop, ana, { parameters: { scope: 'openid accounts:read chat:read' } });
    const refresh = (refreshToken: string, scope?: string) =>
      openid.refreshTokenGrant(shop.config, refreshToken, scope === undefined ? {} : { scope });
    const narrow = await refresh(tokens.refreshToken, 'chat:read');
    expect([narrow.scope, decodeJwt(narrow.access_token)['scope']]).toEqual(['chat:read', 'chat:read']);
    expect((await provider.world.ask('{ viewer { id } }', { token: narrow.access_token })).codes).toEqual(['FORBIDDEN SCOPE_MISSING']);
    for (const scope of ['chat:read chat:write', 'openid accounts:read chat:read app', 'rubbish', ' '])
      expect([scope, await errorOf(refresh(narrow.refresh_token ?? '', scope))]).toEqual([scope, 'invalid_scope']);
    // A refusal has not used it up, and what was left out once is not lost.
    const whole = await refresh(narrow.refresh_token ?? '');
    expect(whole.scope).toBe('openid accounts:read chat:read');
  });
});

describe('an app that an administrator lets in', () => {
  test('has what the scopes say and not their power over the platform, nor may it change how they sign in', async () => {
    const administrator = await registerAdministrator(provider.world);
    const app = await newClient(provider, ana, { name: 'Curious', scopes: ['accounts:read', 'accounts:write'] });
    const { accessToken } = await tokensFor(app, administrator, { parameters: { scope: 'openid accounts:read accounts:write' } });
    expect(decodeJwt(accessToken)['roles']).toEqual(['USER']);
    expect(decodeJwt(administrator.token)['roles']).toContain('ADMIN');
    const codesOf = async (document: string, input?: object) =>
      (await provider.world.ask(document, { token: accessToken, ...(input ? { input } : {}) })).codes;
    expect(await codesOf('{ viewer { id handle } }')).toEqual([]);
    expect(await codesOf('{ signingKeys { kid } }')).toEqual(['FORBIDDEN PERMISSION_MISSING']);
    const change = 'mutation ($input: ChangePasswordInput!) { changePassword(input: $input) { user { id } } }';
    expect(await codesOf(change, { newPassword: 'nine loud geese came by' })).toEqual(['UNAUTHENTICATED STEP_UP_REQUIRED']);
    const create = 'mutation ($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { secret } }';
    expect(await codesOf(create, { name: 'Mine now', scopes: ['accounts:read'] })).toEqual(['UNAUTHENTICATED STEP_UP_REQUIRED']);
    const begin = 'mutation ($input: StartSignInInput!) { startSignIn(input: $input) { flow { id } } }';
    expect(await codesOf(begin, { purpose: 'STEP_UP' })).toEqual(['FORBIDDEN STEP_UP_IMPOSSIBLE']);
  });
});

describe('a client that asks', () => {
  test('for no questions is told that one would be needed, and served where none is', async () => {
    const cleo = await register(provider.world, 'Cleo');
    const browser = openBrowserFor(shop);
    const silent = async (scope = 'openid accounts:read') => {
      const asked = await askFor(shop, { prompt: 'none', scope });
      return { ...asked, back: (await browser.open(asked.url)).url };
    };
    expect(errorIn((await silent()).back)).toBe('login_required');
    await letIn(shop, cleo, { browser });
    const tokens = await exchange(shop, await silent());
    expect(tokens.claims()?.sub).toBe(cleo.id);
    expect(errorIn((await silent('openid accounts:read chat:read')).back)).toBe('consent_required');
  });

  test('for consent gets the question, whatever was allowed before', async () => {
    const browser = openBrowserFor(shop);
    await letIn(shop, ana, { browser });
    const page = await browser.open((await askFor(shop, { prompt: 'consent' })).url);
    expect([offers(page, 'password'), offers(page, 'allow')]).toEqual([false, true]);
    expect(errorIn((await browser.submit(page, 'deny')).url)).toBe('access_denied');
  });

  test.each([
    ['a new sign-in', { prompt: 'login' }],
    ['a sign-in of just now', { max_age: '0' }],
  ])('for %s gets one of a person who is signed in already, and may not go around it', async (_what, parameters) => {
    const browser = openBrowserFor(shop);
    const before = await exchange(shop, await letIn(shop, ana, { browser }));
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    const asked = await askFor(shop, parameters);
    const page = await browser.open(asked.url);
    expect([offers(page, 'password'), offers(page, 'allow')]).toEqual([true, false]);
    // Answering as if the question had been another.
    const forced = await browser.submit({ ...page, html: page.html.replace('value="password"', 'value="allow"') }, 'allow');
    expect([forced.url.pathname, offers(forced, 'password')]).toEqual(['/sign-in', true]);
    const back = await goThrough(browser, page, ana);
    const tokens = await openid.authorizationCodeGrant(shop.config, back.url, {
      pkceCodeVerifier: asked.verifier,
      expectedState: asked.state,
      expectedNonce: asked.nonce,
      ...('max_age' in parameters ? { maxAge: 1 } : {}),
    });
    expect(Number(tokens.claims()?.['auth_time'])).toBeGreaterThan(Number(before.claims()?.['auth_time']));
  });

  test('within a max_age that is not over asks nothing', async () => {
    const browser = openBrowserFor(shop);
    await letIn(shop, ana, { browser });
    const { url } = await browser.open((await askFor(shop, { max_age: '600' })).url);
    expect([isLetIn(shop, url), errorIn(url)]).toEqual([true, null]);
  });

  test('for two factors gets them where the person has two, and is told of one where not', async () => {
    const dora = await register(provider.world, 'Dora');
    const browser = openBrowserFor(shop);
    const parameters = { acr_values: 'aal2' };
    const one = await exchange(shop, await letIn(shop, dora, { browser, parameters }));
    expect(one.claims()).toMatchObject({ acr: 'aal1', amr: ['pwd'] });
    const secret = await addTotp(await again(provider, dora));
    // Signed in with one factor: now there is a second one.
    const asked = await askFor(shop, parameters);
    const page = await browser.open(asked.url);
    expect([offers(page, 'password'), offers(page, 'allow')]).toEqual([true, false]);
    const back = await goThrough(browser, page, dora, { code: () => codeOf(secret) });
    const two = await exchange(shop, { ...asked, back: back.url });
    expect(two.claims()).toMatchObject({ acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] });
    expect(decodeJwt(two.access_token)).toMatchObject({ acr: 'aal2' });
    // Now the browser is known with two.
    const { url } = await browser.open((await askFor(shop, parameters)).url);
    expect([isLetIn(shop, url), errorIn(url)]).toEqual([true, null]);
  });

  test('for two factors is not content with a trusted device, which spares the second one otherwise', async () => {
    const fay = await register(provider.world, 'Fay');
    const secret = await addTotp(fay);
    const browser = openBrowserFor(shop);
    const signInTo = async (parameters: Record<string, string>) => {
      const page = await browser.open((await askFor(shop, { prompt: 'login', ...parameters })).url);
      return browser.submit(page, 'password', { identifier: fay.email, password });
    };
    const second = await signInTo({});
    expect(offers(second, 'second')).toBe(true);
    const question = await browser.submit(second, 'second', { code: codeOf(secret), trust: 'yes' });
    expect(isLetIn(shop, (await browser.submit(question, 'allow')).url)).toBe(true);
    expect(isLetIn(shop, (await signInTo({})).url)).toBe(true);
    expect(offers(await signInTo({ acr_values: 'aal2' }), 'second')).toBe(true);
  });

  test('for two factors is not content with a trusted device that was named elsewhere, whichever way the answer comes', async () => {
    const gil = await register(provider.world, 'Gil');
    const secret = await addTotp(gil);
    const start = 'mutation ($input: StartSignInInput!) { startSignIn(input: $input) { flow { id } } }';
    const proceed =
      'mutation ($input: ContinueSignInInput!) { continueSignIn(input: $input) { flow { deviceToken redirectUrl tokens { accessToken } } } }';
    const begin = async (more: object = {}): Promise<string> =>
      (await give(provider.world, start, { input: { identifier: gil.email, ...more } })).flow.id;
    const prove = (flowId: string, proof: object) => provider.world.ask(proceed, { input: { flowId, ...proof } });
    const flowId = await begin();
    await prove(flowId, { password });
    const { deviceToken } = (await prove(flowId, { totpCode: codeOf(secret), trustDevice: true })).data.continueSignIn.flow;
    const browser = openBrowserFor(shop);
    const waits = async () => browser.open((await askFor(shop, { acr_values: 'aal2' })).url);
    const idOf = ({ url }: Page) => url.searchParams.get('interaction') ?? '';
    // A session that began on the device wants to answer, and then a flow that names both.
    const { tokens } = (await prove(await begin({ deviceToken }), { password })).data.continueSignIn.flow;
    const approve = 'mutation ($input: ApproveInteractionInput!) { approveInteraction(input: $input) { redirectUrl } }';
    const page = await waits();
    const input = { interactionId: idOf(page) };
    expect((await provider.world.ask(approve, { input, token: tokens.accessToken })).codes).toEqual(['UNAUTHENTICATED STEP_UP_REQUIRED']);
    const named = (await prove(await begin({ deviceToken, interactionId: idOf(page) }), { password })).data.continueSignIn.flow;
    expect(named).toEqual({ deviceToken: null, redirectUrl: null, tokens: null });
    // With both it is answered, and says so.
    expect(isLetIn(shop, (await goThrough(browser, page, gil, { code: () => codeOf(secret, 1) })).url)).toBe(true);
  });

  test.each(['consent', 'login'])('with prompt=%s gets somebody else than who is signed in, who is signed out first', async (prompt) => {
    const eve = await register(provider.world, 'Eve');
    const browser = openBrowserFor(shop);
    const before = await tokensFor(shop, ana, { browser });
    const asked = await askFor(shop, { prompt });
    const page = await browser.open(asked.url);
    const other = prompt === 'consent' ? await browser.submit(page, 'other') : page;
    expect(offers(other, 'password')).toBe(true);
    const back = await goThrough(browser, other, eve);
    const tokens = await exchange(shop, { ...asked, back: back.url });
    expect(tokens.claims()?.sub).toBe(eve.id);
    expect(await errorOf(openid.refreshTokenGrant(shop.config, before.refreshToken))).toBe('invalid_grant');
  });
});
