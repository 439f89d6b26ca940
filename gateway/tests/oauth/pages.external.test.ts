import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import * as openid from 'openid-client';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { demo } from '@supergraph/schema/demo';
import { contrastOf, launchChromium } from '../support/chromium.ts';
import { give, type Person } from '../support/journey.ts';
import { password, register } from '../support/people.ts';
import { freePorts } from '../support/services.ts';
import { codeOf } from '../support/totp.ts';
import { ada, type Client, type OAuthWorld, shopCallback, startOAuth } from './support.ts';

// The pages on which people sign in to apps, in a real browser.
let oauth: OAuthWorld;
let browser: Browser;
let client: Client;
let config: openid.Configuration;
const screenshots = join(import.meta.dirname, '../../../.data/screenshots');

beforeAll(async () => {
  const [port = 0] = await freePorts(1);
  // Authenticators know `localhost`, and no address of numbers.
  oauth = await startOAuth({ PORT: String(port), PUBLIC_URL: `http://localhost:${port}`, HOST: '127.0.0.1' });
  Object.assign(oauth.app, { url: `http://localhost:${port}` });
  client = await oauth.register();
  config = await oauth.configurationOf(client);
  browser = await launchChromium();
  mkdirSync(screenshots, { recursive: true });
});
afterAll(async () => {
  await browser?.close();
  await oauth?.end();
});

interface Visit {
  readonly context: BrowserContext;
  readonly page: Page;
  readonly verifier: string;
  readonly problems: string[];
  /** Waits until the app is told; the tokens that it gets. */
  arrive(): Promise<Awaited<ReturnType<typeof openid.authorizationCodeGrant>>>;
}

/** A browser that an app has just sent to sign in. */
async function visit(options: BrowserContextOptions = {}, parameters: Record<string, string> = {}): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 480, height: 640 }, ...options });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of 4\d\d/.test(message.text())) problems.push(message.text());
  });
  await context.route(`${shopCallback}*`, (route) => route.fulfill({ contentType: 'text/html', body: '<h1>Back in the shop</h1>' }));
  const verifier = openid.randomPKCECodeVerifier();
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: shopCallback,
    scope: 'openid profile accounts:read',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...parameters,
  });
  await page.goto(url.href);
  const arrive = async () => {
    await page.getByRole('heading', { name: 'Back in the shop' }).waitFor();
    return openid.authorizationCodeGrant(config, new URL(page.url()), { pkceCodeVerifier: verifier });
  };
  return { context, page, verifier, problems, arrive };
}

async function typeIn(page: Page, identifier: string, secret: string): Promise<void> {
  await page.getByLabel('Address or handle').fill(identifier);
  await page.getByLabel('Password').fill(secret);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

test('a person signs in, sees what the app wants, and allows it', async () => {
  const { page, arrive, problems, context } = await visit();
  await page.screenshot({ path: join(screenshots, 'sign-in.png') });
  await typeIn(page, ada.email, demo.password);
  await page.getByRole('heading', { name: 'Allow Shop?' }).waitFor();
  await page.getByText('See your account: profile, address, sessions and what happened to it').waitFor();
  await page.screenshot({ path: join(screenshots, 'consent.png') });
  await page.getByRole('button', { name: 'Allow', exact: true }).click();
  expect((await arrive()).claims()?.sub).toBe(ada.id);
  expect(problems).toEqual([]);
  await context.close();
});

test('whoever signs in wrongly is told, and keeps what they typed', async () => {
  const { page, problems, context } = await visit();
  await typeIn(page, 'nobody', 'wrong wrong wrong');
  const alert = page.getByRole('alert');
  await alert.waitFor();
  expect(await alert.innerText()).toBe('That is not right. Check it and try once more.');
  expect(await page.getByLabel('Address or handle').inputValue()).toBe('nobody');
  expect(await page.getByLabel('Password').getAttribute('aria-invalid')).toBe('true');
  expect(await page.getByLabel('Password').getAttribute('aria-describedby')).toBe(await alert.getAttribute('id'));
  expect(await page.getByLabel('Password').evaluate((element) => element === document.activeElement)).toBe(true);
  expect(problems).toEqual([]);
  await context.close();
});

test('a person uses another account, and does not allow it', async () => {
  const { page, context } = await visit();
  const [first, person] = [await register(oauth.world, 'First'), await register(oauth.world, 'Other')];
  await typeIn(page, first.email, password);
  await page.getByRole('button', { name: 'Use another account' }).click();
  await typeIn(page, person.email, password);
  await page.getByText(`You are signed in as ${person.displayName}`).waitFor();
  await page.getByRole('button', { name: 'Do not allow' }).click();
  await page.getByRole('heading', { name: 'Back in the shop' }).waitFor();
  expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied');
  await context.close();
});

test('everything but passkeys works without JavaScript, second factor and trusted device too', async () => {
  const person = await register(oauth.world, 'Plain');
  const { secret } = await enrollTotp(person);
  const first = await visit({ javaScriptEnabled: false });
  await typeIn(first.page, person.email, password);
  await first.page.getByRole('heading', { name: 'One more proof' }).waitFor();
  await first.page.getByLabel('Code of your authenticator app, or a recovery code').fill('000000');
  await first.page.getByRole('button', { name: 'Continue' }).click();
  await first.page.getByRole('alert').waitFor();
  await first.page.getByLabel('Code of your authenticator app, or a recovery code').fill(codeOf(secret, 1));
  await first.page.getByLabel('Ask for no code on this device for 30 days').check();
  await first.page.getByRole('button', { name: 'Continue' }).click();
  await first.page.getByRole('button', { name: 'Allow', exact: true }).click();
  expect((await first.arrive()).claims()).toMatchObject({ sub: person.id, acr: 'aal2' });
  // The browser is trusted now: the password is enough.
  const storageState = await first.context.storageState();
  await first.context.close();
  const trusted = { ...storageState, cookies: storageState.cookies.filter(({ name }) => name === 'device') };
  expect(trusted.cookies).toHaveLength(1);
  const second = await visit({ javaScriptEnabled: false, storageState: trusted });
  await typeIn(second.page, person.email, password);
  expect((await second.arrive()).claims()).toMatchObject({ sub: person.id, acr: 'aal1' });
  await second.context.close();
});

async function enrollTotp({ token }: Person): Promise<{ secret: string }> {
  const { enrollmentId, secret } = await give(
    oauth.world,
    'mutation ($input: StartTotpEnrollmentInput!) { startTotpEnrollment(input: $input) { enrollmentId secret } }',
    { input: {}, token },
  );
  await give(oauth.world, 'mutation ($input: ConfirmTotpEnrollmentInput!) { confirmTotpEnrollment(input: $input) { user { id } } }', {
    input: { enrollmentId, code: codeOf(secret) },
    token,
  });
  return { secret };
}

describe('a passkey', () => {
  /** A browser with an authenticator that knows its owner, or does not. */
  async function withAuthenticator(isUserVerified = true): Promise<Visit & { authenticatorId: string }> {
    const visitor = await visit();
    const session = await visitor.context.newCDPSession(visitor.page);
    await session.send('WebAuthn.enable');
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified,
        automaticPresenceSimulation: true,
      },
    });
    return { ...visitor, authenticatorId };
  }

  /** Registers a passkey as a page of the platform would. */
  async function addPasskey({ page }: Visit, { token }: Person): Promise<void> {
    const { options } = await give(
      oauth.world,
      'mutation ($input: StartPasskeyRegistrationInput!) { startPasskeyRegistration(input: $input) { options } }',
      { input: {}, token },
    );
    const response = await page.evaluate(async (json) => {
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json as never);
      return ((await navigator.credentials.create({ publicKey })) as PublicKeyCredential).toJSON();
    }, options as unknown);
    const added = await give(
      oauth.world,
      'mutation ($input: FinishPasskeyRegistrationInput!) { finishPasskeyRegistration(input: $input) { credential { label } } }',
      {
        input: { response, label: 'This computer' },
        token,
      },
    );
    expect(added.credential.label).toBe('This computer');
  }

  test('alone signs a person in, as good as two factors', async () => {
    const person = await register(oauth.world, 'Keyed');
    const visitor = await withAuthenticator();
    await addPasskey(visitor, person);
    await visitor.page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await visitor.page.getByRole('button', { name: 'Use a passkey' }).click();
    await visitor.page.getByRole('button', { name: 'Allow', exact: true }).click();
    expect((await visitor.arrive()).claims()).toMatchObject({ sub: person.id, acr: 'aal2', amr: ['hwk', 'mfa'] });
    expect(visitor.problems).toEqual([]);
    await visitor.context.close();
  });

  test('is a second factor after the password', async () => {
    const person = await register(oauth.world, 'Doubled');
    const visitor = await withAuthenticator();
    await addPasskey(visitor, person);
    await typeIn(visitor.page, person.email, password);
    await visitor.page.getByRole('heading', { name: 'One more proof' }).waitFor();
    await visitor.page.getByRole('button', { name: 'Use a passkey' }).click();
    await visitor.page.getByRole('button', { name: 'Allow', exact: true }).click();
    expect((await visitor.arrive()).claims()).toMatchObject({ sub: person.id, acr: 'aal2' });
    await visitor.context.close();
  });

  test('that is not there is told of, and the password still opens', async () => {
    const person = await register(oauth.world, 'Keyless');
    const visitor = await withAuthenticator();
    await visitor.page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await visitor.page.getByRole('button', { name: 'Use a passkey' }).click();
    await visitor.page.getByRole('alert').waitFor();
    await visitor.page.getByRole('link', { name: 'Sign in with a password' }).click();
    await typeIn(visitor.page, person.email, password);
    await visitor.page.getByRole('button', { name: 'Allow', exact: true }).click();
    expect((await visitor.arrive()).claims()?.sub).toBe(person.id);
    await visitor.context.close();
  });
});

test('the keyboard is enough, and each thing has a name and an outline', async () => {
  const person = await register(oauth.world, 'Typist');
  const { page, arrive, context } = await visit();
  await page.keyboard.type(person.email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(password);
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle);
  expect(outline).toBe('solid');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Allow Shop?' }).waitFor();
  await page.keyboard.press('Tab');
  if ((await page.evaluate(() => (document.activeElement as HTMLInputElement).type)) === 'radio') await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  expect((await arrive()).claims()?.sub).toBe(person.id);
  const again = await visit();
  const unnamed = await again.page.evaluate(() =>
    [...document.querySelectorAll<HTMLInputElement>('input:not([type=hidden])')]
      .filter((input) => (input.labels?.length ?? 0) === 0)
      .map(({ name }) => name),
  );
  expect(unnamed).toEqual([]);
  expect(await again.page.locator('h1').count()).toBe(1);
  expect(await again.page.locator('html').getAttribute('lang')).toBe('en');
  await Promise.all([context.close(), again.context.close()]);
});

test.each(['light', 'dark'] as const)('fits a narrow screen and can be read in %s', async (colorScheme) => {
  const person = await register(oauth.world, 'Reader');
  const { page, context } = await visit({ colorScheme, viewport: { width: 320, height: 568 } });
  for (const step of ['sign in', 'wrong', 'consent']) {
    if (step === 'wrong') await typeIn(page, 'nobody', 'wrong wrong wrong');
    if (step === 'consent') await typeIn(page, person.email, password);
    if (step === 'wrong') await page.getByRole('alert').waitFor();
    if (step === 'consent') await page.getByRole('heading', { name: 'Allow Shop?' }).waitFor();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
    const shown = await page.locator('h1, p, label, legend, button, li, a').all();
    const contrasts = await Promise.all(shown.map((element) => element.evaluate(contrastOf)));
    expect(contrasts.length).toBeGreaterThan(3);
    expect(Math.min(...contrasts)).toBeGreaterThanOrEqual(4.5);
  }
  await context.close();
});
