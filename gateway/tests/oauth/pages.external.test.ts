import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import * as openid from 'openid-client';
import type { Browser, BrowserContextOptions, CDPSession, Page } from 'playwright-core';
import { found } from '../journeys/walks/shop.ts';
import { hardToRead, launchChromium } from '../support/chromium.ts';
import { type Data, give, type Person } from '../support/journey.ts';
import { password, register, signIn } from '../support/people.ts';
import { freePorts } from '../support/services.ts';
import { codeOf } from '../support/totp.ts';
import { type Asked, askFor, type Client, exchange, newClient, type Provider, startProvider } from './support.ts';

// The pages in a real browser, with all headers of production.
const screenshots = join(import.meta.dirname, '../../../.data/screenshots');
let provider: Provider;
let browser: Browser;
/** Runs no scripts at all, so that it shows what is there for those who have none. */
let scriptless: Browser;
let landing: Server;
let at: string;
let ana: Person;
beforeAll(async () => {
  mkdirSync(screenshots, { recursive: true });
  provider = await startProvider({ DEVELOPMENT_TOOLS: 'false' }, 'localhost');
  [browser, scriptless] = await Promise.all([launchChromium(), launchChromium('--blink-settings=scriptEnabled=false')]);
  const [port = 0] = await freePorts(1);
  at = `http://localhost:${port}/callback`;
  landing = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<title>The app</title>Back'));
  await new Promise<void>((listening) => landing.listen(port, listening));
  ana = await register(provider.world, 'Ana');
});
afterAll(async () => {
  await Promise.all([browser?.close(), scriptless?.close()]);
  landing?.close();
  await provider?.end();
});

const newShop = (input: object = {}): Promise<Client> =>
  newClient(provider, ana, { redirectUris: [at], postLogoutRedirectUris: [at], scopes: ['accounts:read', 'chat:read'], ...input });

interface Tab {
  readonly page: Page;
  /** What the browser complained of. */
  readonly problems: string[];
  close(): Promise<void>;
}

async function openTab(options: BrowserContextOptions = {}, inBrowser = browser): Promise<Tab> {
  const context = await inBrowser.newContext({ viewport: { width: 480, height: 640 }, colorScheme: 'light', ...options });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.message));
  // That an answer was an error is said of wrong passwords, too.
  page.on('console', (message) => {
    const text = message.text();
    if (message.type() === 'error' && !text.includes('favicon') && !text.startsWith('Failed to load resource')) problems.push(text);
  });
  page.on('requestfailed', (request) => problems.push(`${request.url()} ${request.failure()?.errorText}`));
  return { page, problems, close: () => context.close() };
}

async function begin(page: Page, client: Client, parameters: Record<string, string> = {}): Promise<Asked> {
  const asked = await askFor(client, { scope: 'openid profile accounts:read', ...parameters });
  await page.goto(asked.url.href);
  return asked;
}

async function typePassword(page: Page, { email }: Pick<Person, 'email'>, word = password): Promise<void> {
  await page.getByLabel('Address or handle').fill(email);
  await page.getByLabel('Password').fill(word);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

/** Who came back, as the client learns it. */
async function cameBack(page: Page, client: Client, asked: Asked): Promise<Data> {
  await page.waitForURL((url) => url.href.startsWith(at));
  return (await exchange(client, { ...asked, back: new URL(page.url()) })).claims();
}

const isWideEnough = (page: Page): Promise<boolean> =>
  page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth);

async function addTotp(person: Person): Promise<string> {
  const { enrollmentId, secret } = await give(
    provider.world,
    'mutation ($input: StartTotpEnrollmentInput!) { startTotpEnrollment(input: $input) { enrollmentId secret } }',
    { input: {}, token: person.token },
  );
  await give(provider.world, 'mutation ($input: ConfirmTotpEnrollmentInput!) { confirmTotpEnrollment(input: $input) { user { id } } }', {
    input: { enrollmentId, code: codeOf(secret, -1) },
    token: person.token,
  });
  return secret as string;
}

/** What makes a page hard to use with a screen reader or without a mouse; runs in the page. */
function obstaclesOf(): string[] {
  const problems: string[] = [];
  const visible = (element: Element) => element.checkVisibility();
  if (document.documentElement.lang !== 'en') problems.push('no language');
  if (!document.querySelector('meta[name=viewport]')) problems.push('no viewport');
  const [heading, ...others] = document.querySelectorAll('h1');
  if (!heading || others.length > 0) problems.push('not one heading');
  if (document.title !== heading?.textContent) problems.push(`titled ${document.title}`);
  if (document.querySelectorAll('main').length !== 1) problems.push('not one main part');
  for (const field of document.querySelectorAll<HTMLInputElement>('input:not([type=hidden])')) {
    const name = field.labels?.[0]?.textContent.trim() ?? field.getAttribute('aria-label');
    if (visible(field) && !name) problems.push(`a field without a label: ${field.name}`);
  }
  for (const button of document.querySelectorAll('button'))
    if (visible(button) && !button.textContent.trim()) problems.push('a button without a name');
  for (const image of document.querySelectorAll('img')) if (!image.hasAttribute('alt')) problems.push('a picture without words');
  for (const { tabIndex, tagName } of document.querySelectorAll<HTMLElement>('*'))
    if (tabIndex > 0) problems.push(`${tagName} jumps the queue`);
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  if (new Set(ids).size !== ids.length) problems.push('an id twice');
  for (const element of document.querySelectorAll('[aria-describedby]'))
    if (!document.getElementById(element.getAttribute('aria-describedby') ?? '')) problems.push('described by nothing');
  return problems;
}

describe('a person signs in', () => {
  test('with a password, allows the app and is back there; the browser complains of nothing', async () => {
    const { page, problems, close } = await openTab();
    const costa = await register(provider.world, 'Costa');
    const { version } = await give(provider.world, '{ viewer { version } }', { token: costa.token });
    await give(provider.world, 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { id } } }', {
      input: { version, displayName: 'Ana Costa' },
      token: costa.token,
    });
    const shop = await newShop({ name: 'Corner Shop' });
    const asked = await begin(page, shop);
    await page.screenshot({ path: join(screenshots, 'sign-in.png') });
    await typePassword(page, costa);
    await page.getByRole('heading', { name: 'Allow Corner Shop?' }).waitFor();
    await page.screenshot({ path: join(screenshots, 'consent.png') });
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    expect(await cameBack(page, shop, asked)).toMatchObject({ sub: costa.id, acr: 'aal1' });
    expect(problems).toEqual([]);
    await close();
  });

  test('and does not allow the app, which is told so', async () => {
    const { page, problems, close } = await openTab();
    await begin(page, await newShop());
    await typePassword(page, ana);
    await page.getByRole('button', { name: 'Do not allow' }).click();
    await page.waitForURL((url) => url.href.startsWith(at));
    expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied');
    expect(problems).toEqual([]);
    await close();
  });

  test('with a code of an authenticator app', async () => {
    const bo = await register(provider.world, 'Bo');
    const secret = await addTotp(bo);
    const { page, problems, close } = await openTab();
    const shop = await newShop();
    const asked = await begin(page, shop);
    await typePassword(page, bo);
    await page.getByRole('heading', { name: 'One more proof' }).waitFor();
    const field = page.getByLabel('Code of your authenticator app');
    expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);
    await field.fill('000000');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('alert').getByText('That is not right').waitFor();
    await field.fill(codeOf(secret));
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    expect(await cameBack(page, shop, asked)).toMatchObject({ sub: bo.id, acr: 'aal2' });
    expect(problems).toEqual([]);
    await close();
  });

  test('with a passkey alone; one that does not answer is told of, and can be tried again', async () => {
    const cleo = await register(provider.world, 'Cleo');
    const { page, problems, close } = await openTab();
    const shop = await newShop();
    const asked = await begin(page, shop);
    const authenticator = await addAuthenticator(page);
    await registerPasskey(page, cleo);
    await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await page.getByRole('heading', { name: 'Sign in with a passkey' }).waitFor();
    await authenticator.isVerified(false);
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByRole('alert').getByText('The passkey did not answer').waitFor();
    await authenticator.isVerified(true);
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    expect(await cameBack(page, shop, asked)).toMatchObject({ sub: cleo.id, acr: 'aal2', amr: ['hwk', 'mfa'] });
    expect(problems).toEqual([]);
    await close();
  });

  test('with a passkey after the password', async () => {
    const fay = await register(provider.world, 'Fay');
    const { page, problems, close } = await openTab();
    const shop = await newShop();
    const asked = await begin(page, shop);
    await addAuthenticator(page);
    await registerPasskey(page, fay);
    await typePassword(page, fay);
    await page.getByRole('heading', { name: 'One more proof' }).waitFor();
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    expect(await cameBack(page, shop, asked)).toMatchObject({ sub: fay.id, acr: 'aal2' });
    expect(problems).toEqual([]);
    await close();
  });

  test('as somebody else than who was there: the first one is signed out', async () => {
    const dora = await register(provider.world, 'Dora');
    const { page, problems, close } = await openTab();
    const shop = await newShop();
    const first = await begin(page, shop);
    await typePassword(page, ana);
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    expect(await cameBack(page, shop, first)).toMatchObject({ sub: ana.id });
    const second = await begin(page, shop, { prompt: 'consent' });
    await page.getByText(`signed in as ${ana.displayName}`).waitFor();
    await page.getByRole('button', { name: 'Use another account' }).click();
    await typePassword(page, dora);
    await page.getByText(`signed in as ${dora.displayName}`).waitFor();
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    expect(await cameBack(page, shop, second)).toMatchObject({ sub: dora.id });
    expect(problems).toEqual([]);
    await close();
  });

  test('and out again, and is asked before', async () => {
    const { page, problems, close } = await openTab();
    const shop = await newShop();
    const asked = await begin(page, shop);
    await typePassword(page, ana);
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    await page.waitForURL((url) => url.href.startsWith(at));
    const { id_token: idToken = '' } = await exchange(shop, { ...asked, back: new URL(page.url()) });
    await page.goto(openid.buildEndSessionUrl(shop.config, { id_token_hint: idToken, post_logout_redirect_uri: at, state: 'bye' }).href);
    expect(await page.evaluate(obstaclesOf)).toEqual([]);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL(`${at}?state=bye`);
    await begin(page, shop);
    await page.getByLabel('Password').waitFor();
    expect(problems).toEqual([]);
    await close();
  });

  test('to an app that wants its answer in a form', async () => {
    const { page, problems, close } = await openTab();
    await begin(page, await newShop(), { response_mode: 'form_post' });
    await typePassword(page, ana);
    await page.getByRole('button', { name: 'Allow', exact: true }).click();
    await page.waitForURL(at);
    expect(problems).toEqual([]);
    await close();
  });
});

test('by keyboard alone: focus is where one begins, and goes on in the order of reading', async () => {
  const { page, problems, close } = await openTab();
  const shop = await newShop();
  const asked = await begin(page, shop);
  const focused = () =>
    page.evaluate(() => document.activeElement?.getAttribute('name') ?? document.activeElement?.textContent?.trim() ?? '');
  const isSeen = () => page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle !== 'none');
  const order = [await focused()];
  for (let step = 0; step < 3; step += 1) {
    await page.keyboard.press('Tab');
    order.push(await focused());
    expect(await isSeen()).toBe(true);
  }
  expect(order).toEqual(['identifier', 'password', 'Sign in', 'Sign in with a passkey']);
  for (let step = 0; step < 3; step += 1) await page.keyboard.press('Shift+Tab');
  await page.keyboard.type(ana.handle);
  await page.keyboard.press('Tab');
  await page.keyboard.type(password);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Allow' }).waitFor();
  const buttons: string[] = [];
  while (buttons.at(-1) !== 'Use another account') {
    await page.keyboard.press('Tab');
    buttons.push(await focused());
    expect(buttons.length).toBeLessThan(10);
  }
  expect(buttons).toEqual(['Allow', 'Do not allow', 'Use another account']);
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Shift+Tab');
  await page.keyboard.press('Enter');
  expect(await cameBack(page, shop, asked)).toMatchObject({ sub: ana.id });
  expect(problems).toEqual([]);
  await close();
});

test('a wrong password is announced, the field says so, and what was typed above it stays', async () => {
  const { page, close } = await openTab();
  await begin(page, await newShop());
  await typePassword(page, ana, 'not it');
  const alert = page.getByRole('alert');
  expect(await alert.innerText()).toBe('That is not right. Check it and try once more.');
  const field = page.getByLabel('Password');
  expect(await field.getAttribute('aria-invalid')).toBe('true');
  expect(await field.getAttribute('aria-describedby')).toBe(await alert.getAttribute('id'));
  expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);
  expect(await field.inputValue()).toBe('');
  expect(await page.getByLabel('Address or handle').inputValue()).toBe(ana.email);
  // Going back and reloading send no password again.
  await typePassword(page, ana);
  await page.getByRole('heading', { name: 'Allow' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Allow' }).waitFor();
  await close();
});

test('without scripts all works but passkeys, which say so', async () => {
  const eve = await register(provider.world, 'Eve');
  const { page, close } = await openTab({ javaScriptEnabled: false }, scriptless);
  const shop = await newShop();
  const asked = await begin(page, shop);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.locator('noscript', { has: page.locator('p') }).waitFor();
  await page.getByRole('link', { name: 'Sign in with a password' }).click();
  await typePassword(page, ana);
  await page.getByRole('button', { name: 'Allow', exact: true }).click();
  expect(await cameBack(page, shop, asked)).toMatchObject({ sub: ana.id });
  const other = await begin(page, shop, { prompt: 'login' });
  await typePassword(page, eve);
  await page.getByRole('button', { name: 'Allow', exact: true }).click();
  await page.locator('noscript button').click();
  expect(await cameBack(page, shop, other)).toMatchObject({ sub: eve.id });
  await close();
});

test('every page is readable in light and dark, fits 320 pixels and is whole for screen readers', async () => {
  const long = 'W'.repeat(100);
  const fay = await register(provider.world, 'Fay');
  await found(provider.world, fay, long);
  const gil = await register(provider.world, 'Gil');
  await addTotp(gil);
  const shop = await newShop({ name: long });
  const device = await newClient(provider, ana, { name: long, type: 'PUBLIC', redirectUris: [] });
  const { page, problems, close } = await openTab({ viewport: { width: 320, height: 640 } });
  const seen: string[] = [];
  const look = async (name: string): Promise<void> => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      expect([name, colorScheme, await page.evaluate(hardToRead)]).toEqual([name, colorScheme, []]);
    }
    expect([name, await isWideEnough(page)]).toEqual([name, true]);
    expect([name, await page.evaluate(obstaclesOf)]).toEqual([name, []]);
    seen.push(await page.title());
  };
  await begin(page, shop);
  await look('signing in');
  await typePassword(page, { email: `${'w'.repeat(200)}@example.org` });
  await page.getByRole('alert').waitFor();
  await look('a wrong password');
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await page.getByRole('button', { name: 'Use a passkey' }).waitFor();
  await look('a passkey');
  await page.getByRole('link', { name: 'Sign in with a password' }).click();
  await typePassword(page, gil);
  await page.getByLabel('Code of your').waitFor();
  await look('a second factor');
  await begin(page, shop);
  await typePassword(page, fay);
  await page.getByText('Where may it act for you?').waitFor();
  await look('consent');
  await page.goto(`${provider.url}/sign-in?interaction=none`);
  await look('nothing there');
  await page.goto((await askFor(shop, { redirect_uri: `https://evil.example/${long}` })).url.href);
  await look('an error');
  for (const path of [
    '/sign-up',
    '/reset-password',
    '/reset-password?token=t',
    '/verify-email?token=t',
    '/revert-email-change?token=t',
    '/invitations',
  ]) {
    await page.goto(`${provider.url}${path}`);
    await look(path);
  }
  await page.goto(`${provider.url}/oauth/device`);
  await look('a device');
  await page.getByLabel('Code that your device shows').fill('WRONG');
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('alert').waitFor();
  await look('a wrong code of a device');
  const started = await openid.initiateDeviceAuthorization(device.config, { scope: 'openid' });
  await page.getByLabel('Code that your device shows').fill(started.user_code);
  await page.getByRole('button', { name: 'Continue' }).click();
  await page.getByRole('heading', { name: 'Is this your device?' }).waitFor();
  await look('making sure of a device');
  await page.getByRole('button', { name: 'It is mine: continue' }).click();
  await typePassword(page, fay);
  await page.getByRole('button', { name: 'Allow', exact: true }).click();
  await page.getByRole('heading', { name: 'Connected' }).waitFor();
  await look('a connected device');
  await page.goto(`${provider.url}/oauth/end_session`);
  await look('signing out');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Signed out' }).waitFor();
  await look('signed out');
  expect(seen).toHaveLength(19);
  expect(problems).toEqual([]);
  await close();
});

async function addAuthenticator(page: Page): Promise<{ isVerified(isVerified: boolean): Promise<void> }> {
  const session: CDPSession = await page.context().newCDPSession(page);
  await session.send('WebAuthn.enable');
  const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  return {
    isVerified: async (isUserVerified) => void (await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified })),
  };
}

/** Makes a passkey in this browser, as a settings page would. */
async function registerPasskey(page: Page, person: Person): Promise<void> {
  const { token } = await signIn(provider.world, person.email);
  const { options } = await give(
    provider.world,
    'mutation ($input: StartPasskeyRegistrationInput!) { startPasskeyRegistration(input: $input) { options } }',
    { input: {}, token },
  );
  const response = await page.evaluate(async (json) => {
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(json as PublicKeyCredentialCreationOptionsJSON);
    return JSON.stringify(await navigator.credentials.create({ publicKey }));
  }, options as object);
  await give(
    provider.world,
    'mutation ($input: FinishPasskeyRegistrationInput!) { finishPasskeyRegistration(input: $input) { credential { id } } }',
    { input: { response: JSON.parse(response) as object }, token },
  );
}
