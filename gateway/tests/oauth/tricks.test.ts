import { give, type Person } from '../support/journey.ts';
import { password, register, registerAdministrator } from '../support/people.ts';
import {
  askFor,
  type Client,
  goThrough,
  letIn,
  newClient,
  offers,
  openBrowserFor,
  type Page,
  type Provider,
  redirectUri,
  startProvider,
  tokensFor,
  type WebBrowser,
} from './support.ts';

// What somebody tries who wants another person's code.
let provider: Provider;
let admin: Person;
let ana: Person;
let mallory: Person;
let shop: Client;
beforeAll(async () => {
  provider = await startProvider();
  admin = await registerAdministrator(provider.world);
  [ana, mallory] = [await register(provider.world, 'Ana'), await register(provider.world, 'Mallory')];
  shop = await newClient(provider, ana);
});
afterAll(async () => {
  await provider?.end();
});

const approve = 'mutation ($input: ApproveInteractionInput!) { approveInteraction(input: $input) { redirectUrl } }';
const deny = 'mutation ($input: DenyInteractionInput!) { denyInteraction(input: $input) { redirectUrl } }';
const idOf = ({ url }: Page): string => url.searchParams.get('interaction') ?? '';
const answer = (who: Person, interactionId: string, mutation = approve) =>
  provider.world.ask(mutation, { input: { interactionId }, token: who.token });
const approvalOf = async (who: Person, interactionId: string): Promise<URL> =>
  new URL((await give(provider.world, approve, { input: { interactionId }, token: who.token })).redirectUrl);
const gotIn = ({ url }: Page): boolean => url.href.startsWith(redirectUri) && url.searchParams.has('code');

/** A browser in which somebody has begun to sign in to the shop. */
async function begun(client: Client = shop): Promise<{ browser: WebBrowser; page: Page; id: string; resume: string }> {
  const browser = openBrowserFor(client);
  const page = await browser.open((await askFor(client)).url);
  return { browser, page, id: idOf(page), resume: `${provider.url}/oauth/authorize/${idOf(page)}` };
}

describe('going on after the answer', () => {
  /** Ways to ask for the rest of an authorization, by the address that the provider gives for it. */
  const waysTo = (resume: string): readonly string[] => [
    resume,
    `${resume}/`,
    `${resume}?approval=`,
    `${resume}?approval=${'a'.repeat(43)}`,
    `${resume}?approval[]=${'a'.repeat(43)}`,
    `${provider.url}/oauth/authorize/x`,
    `${provider.url}/oauth/authorize/${'x'.repeat(200)}`,
    `${provider.url}/oauth/authorize/%2e%2e`,
    `${provider.url}/oauth/authorize/${'y'.repeat(43)}?approval=${'a'.repeat(43)}`,
    resume.replace('/authorize/', '/device/'),
  ];

  test('needs the secret that the answer gave: whoever began it and lured somebody else into answering gets nothing', async () => {
    const { browser, id, resume } = await begun();
    // Mallory has sent Ana a link to the page, and she answers in her own browser.
    const hers = openBrowserFor(shop);
    const answered = await goThrough(hers, await hers.open(`${provider.url}/sign-in?interaction=${id}`), ana);
    expect([gotIn(answered), answered.status]).toEqual([false, 400]);
    expect(answered.html).toContain('role="alert"');
    for (const way of waysTo(resume)) expect([way, gotIn(await mimic(browser, way))]).toEqual([way, false]);
  });

  test('needs the secret of this answer: that of another one opens nothing', async () => {
    const victims = await begun();
    const own = await begun();
    const stolen = await approvalOf(ana, victims.id);
    const mine = await approvalOf(mallory, own.id);
    expect(stolen.searchParams.get('approval')).not.toBe(mine.searchParams.get('approval'));
    const other = `?approval=${mine.searchParams.get('approval')}`;
    for (const way of [`${victims.resume}${other}`, `${own.resume}${other}`, `${provider.url}/oauth/authorize/x${other}`]) {
      const page = await mimic(victims.browser, way);
      expect([way, gotIn(page)]).toEqual([way, false]);
    }
    expect(gotIn(await mimic(victims.browser, stolen.href))).toBe(true);
  });

  test('needs the browser in which it began: nobody is signed in as somebody else by a link', async () => {
    const { id } = await begun();
    const url = await approvalOf(mallory, id);
    const hers = openBrowserFor(shop);
    const page = await hers.open(url);
    expect([gotIn(page), page.status]).toEqual([false, 400]);
    // Not even where she has begun something herself.
    const busy = await begun();
    const mixed = await busy.browser.open(url);
    expect(gotIn(mixed)).toBe(false);
    const swapped = await mimic(busy.browser, url.href);
    expect(gotIn(swapped)).toBe(false);
  });

  test('works once, in the right browser', async () => {
    const { browser, id } = await begun();
    const url = await approvalOf(ana, id);
    expect(gotIn(await browser.open(url))).toBe(true);
    const again = await browser.open(url);
    expect([gotIn(again), again.status]).toEqual([false, 400]);
  });

  /** Sends all cookies that a browser has, wherever they belong. */
  async function mimic(browser: WebBrowser, url: string): Promise<Page> {
    const seen = openBrowserFor(shop);
    for (const [name, { value }] of browser.cookies) seen.cookies.set(`${name.split('@')[0]}@/`, { value, path: '/' });
    return seen.open(url);
  }
});

describe('an interaction', () => {
  test('is answered once, by whichever of twenty comes first', async () => {
    const { id } = await begun();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, at) => answer(at % 2 ? ana : mallory, id, at % 3 ? approve : deny)));
    expect(answers.filter(({ codes }) => codes.length === 0)).toHaveLength(1);
    expect(new Set(answers.flatMap(({ codes }) => codes))).toEqual(new Set(['NOT_FOUND']));
    expect((await answer(ana, id)).codes).toEqual(['NOT_FOUND']);
    expect(await give(provider.world, 'query ($id: ID!) { oauthInteraction(id: $id) { id } }', { variables: { id } })).toBeNull();
    const page = await openBrowserFor(shop).open(`${provider.url}/sign-in?interaction=${id}`);
    expect([page.status, offers(page, 'password')]).toEqual([404, false]);
  });

  test('is answered by a person in a session of their own, and by no token that they gave away', async () => {
    const { id } = await begun();
    const app = await newClient(provider, ana, { name: 'App', scopes: ['accounts:read', 'accounts:write'] });
    const { accessToken } = await tokensFor(app, ana, { parameters: { scope: 'openid accounts:read accounts:write' } });
    const { secret } = await give(
      provider.world,
      'mutation ($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { secret } }',
      { input: { name: 'Program', scopes: ['accounts:read', 'accounts:write'] }, token: ana.token },
    );
    const { tokens } = await give(
      provider.world,
      'mutation ($input: StartImpersonationInput!) { startImpersonation(input: $input) { tokens { accessToken } } }',
      { input: { userId: ana.id, reason: 'looks into a ticket' }, token: admin.token },
    );
    for (const [name, token] of Object.entries({ app: accessToken, personal: secret as string, acting: tokens.accessToken as string }))
      for (const mutation of [approve, deny])
        expect([name, (await answer({ ...ana, token }, id, mutation)).codes]).toEqual([name, ['FORBIDDEN OWN_SESSION_NEEDED']]);
    for (const mutation of [approve, deny])
      expect((await provider.world.ask(mutation, { input: { interactionId: id } })).codes[0]).toMatch(/^UNAUTHENTICATED/);
    // It still waits.
    expect((await answer(ana, id)).codes).toEqual([]);
  });

  test.each(['', 'x', '~'.repeat(5), 'a'.repeat(43), '../../etc', '<script>', 'a'.repeat(500)])('of the id %s is none', async (id) => {
    const page = await openBrowserFor(shop).open(`${provider.url}/sign-in?interaction=${encodeURIComponent(id)}`);
    expect([page.status, page.html.includes('<script>')]).toEqual([404, false]);
    expect(['BAD_USER_INPUT', 'NOT_FOUND']).toContain((await answer(ana, id)).codes[0]);
  });
});

describe('a form', () => {
  const send = async ({ browser, page }: { browser: WebBrowser; page: Page }, headers: Record<string, string>, fields: object) => {
    const cookie = [...browser.cookies].map(([name, { value }]) => `${name.split('@')[0]}=${value}`).join('; ');
    const response = await fetch(page.url, {
      method: 'POST',
      body: new URLSearchParams(fields as Record<string, string>),
      headers: { cookie, ...headers },
      redirect: 'manual',
    });
    return { status: response.status, location: response.headers.get('location'), cookies: response.headers.getSetCookie() };
  };
  const refusedOrigins = (): Record<string, Record<string, string>> => ({
    'another site': { origin: 'https://evil.example' },
    'a sandbox': { origin: 'null' },
    nowhere: {},
    'another port': { origin: 'http://127.0.0.1:1' },
    'another scheme': { origin: provider.url.replace('http:', 'https:') },
    'another site that says it is ours': { origin: provider.url, 'sec-fetch-site': 'cross-site' },
    'another host of the same site': { origin: provider.url, 'sec-fetch-site': 'same-site' },
    'a host that begins alike': { origin: `${provider.url}.evil.example` },
  });

  test('of another site neither signs in nor allows anything', async () => {
    const waiting = await begun(await newClient(provider, ana));
    const question = await waiting.browser.submit(waiting.page, 'password', { identifier: ana.email, password });
    expect(offers(question, 'allow')).toBe(true);
    for (const [name, headers] of Object.entries(refusedOrigins())) {
      const signIn = { step: 'password', identifier: mallory.email, password };
      for (const fields of [signIn, { step: 'allow' }, { step: 'deny' }, { step: 'other' }]) {
        const { status, location, cookies } = await send({ ...waiting, page: question }, headers, fields);
        expect([name, status, location, cookies]).toEqual([name, 403, null, []]);
      }
    }
    expect(gotIn(await waiting.browser.submit(question, 'allow'))).toBe(true);
  });

  test('in one browser answers nothing that another browser was asked', async () => {
    const client = await newClient(provider, ana);
    const hers = await begun(client);
    const question = await hers.browser.submit(hers.page, 'password', { identifier: ana.email, password });
    expect(offers(question, 'allow')).toBe(true);
    const stranger = openBrowserFor(client);
    const page = await stranger.submit(question, 'allow');
    expect([gotIn(page), offers(page, 'password')]).toEqual([false, true]);
    // What proves who she is for one app does so for no other one.
    const other = await begun(client);
    const proof = hers.browser.cookies.get('sign-in@/');
    expect(proof).toBeDefined();
    if (proof) other.browser.cookies.set('sign-in@/', proof);
    const reused = await other.browser.open(other.page.url);
    expect([offers(reused, 'password'), offers(reused, 'allow')]).toEqual([true, false]);
  });

  test('that is too large, of another kind or of a step that there is not changes nothing', async () => {
    const waiting = await begun();
    const own = { origin: provider.url, 'sec-fetch-site': 'same-origin' };
    expect((await send(waiting, own, { step: 'password', identifier: 'x'.repeat(70_000), password: 'x' })).status).toBe(413);
    expect((await send(waiting, own, { step: 'rubbish' })).status).toBe(200);
    expect((await send(waiting, own, { step: 'allow' })).status).toBe(200);
    expect((await send(waiting, own, { step: 'assertion', flow: 'x', assertion: '{' })).status).toBe(400);
    expect((await send(waiting, own, { step: 'second', flow: 'x', code: '123456' })).status).toBe(400);
    expect((await fetch(waiting.page.url, { method: 'PUT' })).status).toBe(405);
    expect(gotIn(await goThrough(waiting.browser, waiting.page, ana))).toBe(true);
  });

  test('with a wrong password says the same for everybody, and what was typed comes back escaped', async () => {
    const texts = new Set<string>();
    for (const identifier of [ana.email, 'nobody@example.org', '"><script>alert(1)</script>']) {
      const { browser, page } = await begun();
      const wrong = await browser.submit(page, 'password', { identifier, password: 'not it' });
      expect(wrong.status).toBe(400);
      expect(wrong.html).not.toContain('<script>');
      texts.add(/role="alert"[^>]*>([^<]*)/.exec(wrong.html)?.[1] ?? 'nothing');
    }
    expect([...texts]).toEqual(['That is not right. Check it and try once more.']);
  });
});

test('cookies of these pages are for us alone, and pages are neither kept nor framed', async () => {
  const { browser, page } = await begun();
  const headers = Object.fromEntries(page.headers);
  expect(headers).toMatchObject({ 'cache-control': 'no-store', 'x-frame-options': 'DENY', 'x-content-type-options': 'nosniff' });
  expect(headers['content-security-policy']).toContain("default-src 'none'");
  expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
  const response = await fetch((await askFor(shop)).url, { redirect: 'manual' });
  for (const cookie of response.headers.getSetCookie()) expect(cookie.toLowerCase()).toMatch(/httponly/);
  for (const cookie of response.headers.getSetCookie()) expect(cookie.toLowerCase()).toMatch(/samesite=lax/);
  expect(browser.cookies.size).toBeGreaterThan(0);
  expect((await letIn(shop, ana)).back.searchParams.has('code')).toBe(true);
});
