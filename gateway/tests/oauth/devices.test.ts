import { decodeJwt } from 'jose';
import * as openid from 'openid-client';
import { give, type Person } from '../support/journey.ts';
import { password, register } from '../support/people.ts';
import { openWebBrowser, type Page, type WebBrowser } from '../support/web-browser.ts';
import { type Client, errorOf, goThrough, newClient, post, type Provider, startProvider, viewerBy } from './support.ts';

// A device without a keyboard: its person signs in elsewhere (RFC 8628).
let provider: Provider;
let ana: Person;
let tv: Client;
beforeAll(async () => {
  provider = await startProvider();
  ana = await register(provider.world, 'Ana');
  tv = await newClient(provider, ana, { name: 'Television', type: 'PUBLIC', redirectUris: [] });
});
afterAll(async () => {
  await provider?.end();
});

const begin = () => openid.initiateDeviceAuthorization(tv.config, { scope: 'openid accounts:read' });
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const poll = async (code: string, client: Client = tv) =>
  (
    await post(provider, '/oauth/token', {
      grant_type: deviceGrant,
      device_code: code,
      client_id: client.id,
      ...(client.secret ? { client_secret: client.secret } : {}),
    })
  ).body;

/** The person opens the address that the device shows, with the code in it or typed. */
async function confirm(browser: WebBrowser, { verification_uri: uri, user_code: code }: openid.DeviceAuthorizationResponse): Promise<Page> {
  const page = await browser.open(uri);
  expect(page.html).toContain('Connect a device');
  return browser.submitById(page, 'op.deviceInputForm', { user_code: code });
}

describe('a device', () => {
  test('waits while its person signs in, makes sure and allows it; then it is in, once', async () => {
    const started = await begin();
    expect(started).toMatchObject({ verification_uri: `${provider.url}/oauth/device`, expires_in: 600 });
    expect(started.verification_uri_complete).toContain(started.user_code);
    expect((await poll(started.device_code)).error).toBe('authorization_pending');
    const browser = openWebBrowser([]);
    const question = await confirm(browser, started);
    expect(question.html).toContain('Television');
    expect(question.html).toContain(started.user_code);
    const signIn = await browser.submitById(question, 'op.deviceConfirmForm');
    expect(signIn.html).toContain('Sign in to Television');
    expect((await poll(started.device_code)).error).toBe('authorization_pending');
    const done = await goThrough(browser, signIn, ana);
    expect(done.html).toContain('Connected');
    const tokens = await poll(started.device_code);
    expect(tokens).toMatchObject({ token_type: 'Bearer', scope: 'openid accounts:read', refresh_token: expect.any(String) });
    expect(await viewerBy(provider, tokens.access_token)).toBe(ana.id);
    expect((await openid.refreshTokenGrant(tv.config, tokens.refresh_token)).access_token).toBeTruthy();
    const { sessions } = await give(provider.world, '{ viewer { sessions { nodes { client { id } } } } }', { token: ana.token });
    expect(sessions.nodes).toContainEqual({ client: { id: tv.id } });
    const sessionId = decodeJwt(tokens.access_token)['sid'];
    const told = await provider.inDatabase(
      (sql) => sql`select envelope->'payload' as payload from accounts.outbox where name = 'accounts.session.started' and key = ${ana.id}`,
    );
    expect(told.map(({ payload }) => payload)).toContainEqual({ userId: ana.id, sessionId, clientId: tv.id, reason: null });
    // The device is in another place than the browser, so that signing out there does not concern it.
    const signOut = await browser.open(`${provider.url}/oauth/end_session`);
    expect((await browser.submitById(signOut, 'op.logoutForm', { logout: 'yes' })).html).toContain('Signed out');
    expect(await viewerBy(provider, tokens.access_token)).toBe(ana.id);
    expect((await poll(started.device_code)).error).toBe('invalid_grant');
  });

  test('is asked about each time, also where the person allowed it before and is signed in', async () => {
    const browser = openWebBrowser([]);
    for (const isSignedIn of [false, true]) {
      const started = await begin();
      const page = await browser.submitById(await confirm(browser, started), 'op.deviceConfirmForm');
      const question = isSignedIn ? page : await browser.submit(page, 'password', { identifier: ana.email, password });
      expect(question.html).toContain('Allow Television?');
      expect((await poll(started.device_code)).error).toBe('authorization_pending');
      expect((await browser.submit(question, 'allow')).html).toContain('Connected');
      expect((await poll(started.device_code)).access_token).toBeTruthy();
    }
  });

  test.each([
    ['cancels before signing in', 'cancel'],
    ['does not allow it', 'deny'],
  ])('whose person %s is told so', async (_what, way) => {
    const started = await begin();
    const browser = openWebBrowser([]);
    const question = await confirm(browser, started);
    if (way === 'cancel') await browser.submitById(question, 'op.deviceConfirmForm', { abort: 'yes' });
    else await goThrough(browser, await browser.submitById(question, 'op.deviceConfirmForm'), ana, { answer: 'deny' });
    expect(await errorOf(openid.pollDeviceAuthorizationGrant(tv.config, { ...started, interval: 0.1 }))).toBe('access_denied');
  });

  test('polls until its person is ready, as a library does it', async () => {
    const started = await begin();
    const waiting = openid.pollDeviceAuthorizationGrant(tv.config, { ...started, interval: 0.1 });
    const browser = openWebBrowser([]);
    const signIn = await browser.submitById(await confirm(browser, started), 'op.deviceConfirmForm');
    await goThrough(browser, signIn, ana);
    expect(await viewerBy(provider, (await waiting).access_token)).toBe(ana.id);
  });

  test("gets nothing with a code that is over, is not there or is another client's", async () => {
    const started = await begin();
    const other = await newClient(provider, ana, { name: 'Radio' });
    expect((await poll(started.device_code, other)).error).toBe('invalid_grant');
    expect((await poll('rubbish')).error).toBe('invalid_grant');
    await provider.inDatabase(
      (sql) => sql`update accounts.oauth_artifacts set expires_at = now() - interval '1 second' where kind = 'DeviceCode'`,
    );
    expect((await poll(started.device_code)).error).toBe('invalid_grant');
    const late = await confirm(openWebBrowser([]), started);
    expect(late.html).toContain('role="alert"');
    expect(late.html).toContain('That code is not right, or it is over.');
  });

  test('that twenty poll for at once is in once at most', async () => {
    const started = await begin();
    const browser = openWebBrowser([]);
    await goThrough(browser, await browser.submitById(await confirm(browser, started), 'op.deviceConfirmForm'), ana);
    const answers = await Promise.all(Array.from({ length: 20 }, () => poll(started.device_code)));
    const won = answers.filter(({ access_token: token }) => token);
    expect(won.length).toBeLessThanOrEqual(1);
    expect(new Set(answers.filter(({ access_token: token }) => !token).map(({ error }) => error))).toEqual(new Set(['invalid_grant']));
    for (const { refresh_token: token } of won) expect(await errorOf(openid.refreshTokenGrant(tv.config, token))).toBe('invalid_grant');
  });
});

describe('the page for devices', () => {
  test('tells of a code that is not right, and takes one however it is typed', async () => {
    const browser = openWebBrowser([]);
    const page = await browser.open(`${provider.url}/oauth/device`);
    for (const code of ['', 'XXXX-XXXX', '<b>"\'', '1'.repeat(2_000)]) {
      const wrong = await browser.submitById(page, 'op.deviceInputForm', { user_code: code });
      expect(wrong.html).toContain('role="alert"');
      expect(wrong.html).not.toContain('<b>');
    }
    const started = await begin();
    const sloppy = await confirm(browser, { ...started, user_code: ` ${started.user_code.toLowerCase().replace('-', ' ')} ` });
    expect(sloppy.html).toContain('Is this your device?');
  });

  test('lets nobody connect by the answer of somebody who was lured to it', async () => {
    const started = await begin();
    const browser = openWebBrowser([]);
    const signIn = await browser.submitById(await confirm(browser, started), 'op.deviceConfirmForm');
    const id = signIn.url.searchParams.get('interaction') ?? '';
    const hers = openWebBrowser([]);
    const answered = await goThrough(hers, await hers.open(`${provider.url}/sign-in?interaction=${id}`), ana);
    expect(answered.html).not.toContain('Connected');
    for (const way of [id, `${id}/`, 'x', `${id}?approval=${'a'.repeat(43)}`]) {
      for (const [name, { value }] of Array.from(browser.cookies)) browser.cookies.set(`${name.split('@')[0]}@/`, { value, path: '/' });
      expect((await browser.open(`${provider.url}/oauth/device/${way}`)).html).not.toContain('Connected');
    }
    expect((await poll(started.device_code)).error).toBe('authorization_pending');
  });

  test('wants the answer from its own page, and from the browser that read the question', async () => {
    const started = await begin();
    const browser = openWebBrowser([]);
    const question = await confirm(browser, started);
    const stranger = openWebBrowser([]);
    const answered = await stranger.submitById(question, 'op.deviceConfirmForm');
    expect(answered.html).not.toContain('Sign in to Television');
    const forged = { ...question, html: question.html.replace(/name="xsrf" value="[^"]*"/, 'name="xsrf" value="guessed"') };
    expect((await browser.submitById(forged, 'op.deviceConfirmForm')).html).not.toContain('Sign in to Television');
    expect((await poll(started.device_code)).error).toBe('authorization_pending');
  });

  test('stops whoever guesses codes; a right one counts as no guess', async () => {
    const browser = openWebBrowser([]);
    const started = await begin();
    for (let n = 0; n < 60; n += 1) expect((await confirm(browser, started)).status).toBe(200);
    const statuses: number[] = [];
    let page = await browser.open(`${provider.url}/oauth/device`);
    for (let n = 0; n < 60; n += 1) {
      page = await browser.submitById(page, 'op.deviceInputForm', { user_code: 'BBBB-BBBB' });
      statuses.push(page.status);
    }
    expect(new Set(statuses.slice(0, 40))).toEqual(new Set([200]));
    expect(statuses.at(-1)).toBe(429);
    const stopped = await confirm(browser, started);
    expect([stopped.status, stopped.html.includes('Is this your device?')]).toEqual([429, false]);
    expect(stopped.html).toMatch(/Too many tries\. Wait \d+ seconds\./);
  });
});
