import { type AppProcess, startAppProcess } from './support/app-process.ts';
import { eventually } from './support/eventually.ts';
import { createWorld, give, type World } from './support/journey.ts';
import { password, register, signIn, signUp } from './support/people.ts';
import { freePorts } from './support/services.ts';
import { openWebBrowser, type Page } from './support/web-browser.ts';
import { found } from './journeys/walks/shop.ts';

// Whoever signs up or opens a link of a mail, in a browser without scripts.
let app: AppProcess;
let world: World;
const other = 'eight brisk otters dive';
beforeAll(async () => {
  const [port = 0] = await freePorts(1);
  app = await startAppProcess({ environment: { SEED: 'none', PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}` } });
  world = createWorld(app);
});
afterAll(async () => {
  await world?.close();
  await app?.end();
});

const browser = openWebBrowser([]);
const linkTo = (address: string, seen: readonly (string | undefined)[] = []): Promise<string> =>
  eventually(`a mail to ${address}`, () => world.mails(address).findLast(({ link }) => link && !seen.includes(link))?.link);
const linksOf = (address: string) => world.mails(address).map(({ link }) => link);
const titleOf = ({ html }: Page): string => /<h1>(.*?)<\/h1>/.exec(html)?.[1] ?? '';
const alertOf = ({ html }: Page): string => /role="alert"[^>]*>(.*?)</.exec(html)?.[1] ?? '';
const outcome = (page: Page) => [page.status, titleOf(page)];
const forgotten = 'mutation ($input: RequestPasswordResetInput!) { requestPasswordReset(input: $input) { emailSentTo } }';
const startedWith = 'mutation ($input: StartSignInInput!) { startSignIn(input: $input) { flow { id } } }';
const changeEmail = 'mutation ($input: ChangeEmailInput!) { changeEmail(input: $input) { user { id } } }';

/** Whether somebody can sign in with a password. */
async function opens(identifier: string, word: string): Promise<boolean> {
  const { flow } = await give(world, startedWith, { input: { identifier } });
  const { data } = await world.ask('mutation ($input: ContinueSignInInput!) { continueSignIn(input: $input) { flow { status } } }', {
    variables: { input: { flowId: flow.id, password: word } },
  });
  return data?.continueSignIn?.flow.status === 'COMPLETED';
}

test('an address is confirmed by the button, not by opening the link; once', async () => {
  const email = 'lena@example.org';
  await give(world, signUp, { input: { email, password, displayName: 'Lena <3', handle: 'lena' } });
  const page = await browser.open(await linkTo(email));
  expect(outcome(page)).toEqual([200, 'Confirm your address']);
  expect(page.headers.get('cache-control')).toBe('no-store');
  expect(page.headers.get('referrer-policy')).toBe('same-origin');
  expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  expect(await opens(email, password)).toBe(false);
  const done = await browser.submitOnly(page);
  expect(outcome(done)).toEqual([200, 'Your address is confirmed']);
  expect(done.html).toContain('Lena &#60;3');
  expect(await opens(email, password)).toBe(true);
  expect(outcome(await browser.submitOnly(page))).toEqual([404, 'This link is no longer valid']);
});

test('a newcomer signs up on a page, which keeps what was typed but the password', async () => {
  const page = await browser.open(`${app.url}/sign-up`);
  const wrong = await browser.submitOnly(page, { name: 'Kit "K"', handle: 'K!', address: 'kit@example.org', password: 'short' });
  expect(wrong.status).toBe(400);
  expect(alertOf(wrong)).toMatch(/The password must have at least 10 characters\./);
  expect(alertOf(wrong)).toMatch(/The handle /);
  expect(wrong.html).toContain('value="Kit &#34;K&#34;"');
  expect(wrong.html).not.toContain('short');
  const typed = { name: 'Kit', handle: 'kit_here', address: 'kit@example.org', password };
  expect(outcome(await browser.submitOnly(wrong, typed))).toEqual([200, 'Look into your mail']);
  await browser.submitOnly(await browser.open(await linkTo('kit@example.org')));
  expect(await opens('kit_here', password)).toBe(true);
  const taken = await browser.submitOnly(page, { ...typed, address: 'other@example.org' });
  expect([taken.status, alertOf(taken)]).toEqual([400, 'This handle is taken; choose another one.']);
  // Whoever has an account is told so by mail alone.
  const again = await browser.submitOnly(page, { ...typed, handle: 'kit_again' });
  expect(outcome(again)).toEqual([200, 'Look into your mail']);
});

test('a forgotten password is replaced by way of the mail, and every session ends', async () => {
  const person = await register(world, 'Mira');
  const seen = linksOf(person.email);
  const asking = await browser.open(`${app.url}/reset-password`);
  expect(alertOf(await browser.submitOnly(asking, { address: 'nobody' }))).toMatch(/^The address /);
  const asked = await browser.submitOnly(asking, { address: person.email });
  expect(outcome(asked)).toEqual([200, 'Look into your mail']);
  const page = await browser.open(await linkTo(person.email, seen));
  // What is wrong with a password is said, and the link can still be used.
  const refused = await browser.submitOnly(page, { password: 'short' });
  expect([refused.status, alertOf(refused)]).toEqual([400, 'The password must have at least 10 characters.']);
  expect(outcome(await browser.submitOnly(page, { password: other }))).toEqual([200, 'Your password is set']);
  expect([await opens(person.email, password), await opens(person.email, other)]).toEqual([false, true]);
  expect((await world.ask('{ viewer { id } }', { token: person.token })).codes[0]).toMatch(/^UNAUTHENTICATED/);
  expect(outcome(await browser.submitOnly(page, { password: other }))).toEqual([404, 'This link is no longer valid']);
  // Whoever has no account sees the same, and a mail tells the truth.
  const stranger = await browser.submitOnly(asking, { address: 'stranger@example.org' });
  expect(outcome(stranger)).toEqual([200, 'Look into your mail']);
  await eventually('the mail to the stranger', () => world.mails('stranger@example.org').length === 1);
});

test('a change of address is confirmed by the new one and undone by the old one', async () => {
  const person = await register(world, 'Nora');
  const seen = linksOf(person.email);
  const email = 'nora.new@example.org';
  await give(world, changeEmail, { input: { email }, token: (await signIn(world, person.email)).token });
  expect(titleOf(await browser.submitOnly(await browser.open(await linkTo(email))))).toBe('Your address is confirmed');
  const page = await browser.open(await linkTo(person.email, seen));
  expect(outcome(page)).toEqual([200, 'Was it not you?']);
  const undone = await browser.submitOnly(page);
  expect(outcome(undone)).toEqual([200, 'The change is undone']);
  expect(undone.html).toContain('href="/reset-password"');
  expect([await opens(person.email, password), await opens(email, password)]).toEqual([true, false]);
});

test('whoever holds the link of an invitation learns who invites, and no more', async () => {
  const owner = await register(world, 'Otis');
  const organizationId = await found(world, owner, 'Otis & Daughters');
  await give(world, 'mutation ($input: InviteMembersInput!) { inviteMembers(input: $input) { invitations { id } } }', {
    input: { invitations: [{ email: 'guest@example.org' }] },
    token: owner.token,
    organizationId,
  });
  const link = await linkTo('guest@example.org');
  const page = await browser.open(link);
  expect(outcome(page)).toEqual([200, 'You are invited to Otis &#38; Daughters']);
  expect(page.html).not.toMatch(/guest@|Otis otis/);
  const dead = `${link.slice(0, -4)}AAAA`;
  expect(outcome(await browser.open(dead))).toEqual([404, 'This invitation is no longer valid']);
});

test('forms of other sites, other methods and links without a token do nothing', async () => {
  const person = await register(world, 'Petra');
  const seen = linksOf(person.email);
  await give(world, forgotten, { input: { email: person.email } });
  const link = await linkTo(person.email, seen);
  const send = (headers: Record<string, string>) =>
    fetch(link, { method: 'POST', body: new URLSearchParams({ password: other }), headers });
  expect((await send({ origin: 'https://evil.example' })).status).toBe(400);
  expect((await send({})).status).toBe(400);
  expect((await send({ origin: app.url, 'sec-fetch-site': 'cross-site' })).status).toBe(400);
  expect(await opens(person.email, other)).toBe(false);
  expect((await fetch(link, { method: 'PUT' })).status).toBe(405);
  expect((await fetch(link.replace('reset-password', 'invitations'), { method: 'POST' })).status).toBe(405);
  for (const path of ['verify-email', 'revert-email-change'])
    expect(outcome(await browser.open(`${app.url}/${path}`))).toEqual([404, 'This link is no longer valid']);
  for (const path of ['verify-email', 'revert-email-change']) {
    const page = await browser.open(`${app.url}/${path}?token=rubbish`);
    expect(outcome(await browser.submitOnly(page))).toEqual([404, 'This link is no longer valid']);
  }
  const large = new URLSearchParams({ password: 'x'.repeat(70_000) });
  expect((await fetch(link, { method: 'POST', body: large, headers: { origin: app.url } })).status).toBe(400);
});

test('links lead to the app that APP_URL names', async () => {
  const own = await startAppProcess({ environment: { SEED: 'none', APP_URL: 'https://shop.example/account/' } });
  const there = createWorld(own);
  try {
    const input = { email: 'rosa@example.org', password, displayName: 'Rosa', handle: 'rosa' };
    await give(there, signUp, { input });
    const link = await eventually('the mail to Rosa', () => there.mails(input.email)[0]?.link);
    expect(link).toMatch(/^https:\/\/shop\.example\/account\/verify-email\?token=[\w-]{43}$/);
  } finally {
    await there.close();
    await own.end();
  }
});
