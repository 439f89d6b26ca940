import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { give, type Person } from '../support/journey.ts';
import { register } from '../support/people.ts';
import { askFor, type Client, newClient, offers, openBrowserFor, type Page, type Provider, redirectUri, startProvider } from './support.ts';
import { unsigned } from './forged.ts';

// Another provider that people may sign in with, and that lies, or that somebody lies through.
const algorithm = 'RS256';
const us = 'us';
const ours = await generateKeyPair(algorithm);
const foreign = await generateKeyPair(algorithm);

/** What the provider answers where it is asked for tokens and for claims; a test says it anew. */
interface Answers {
  token: (nonce: string, response: ServerResponse) => Promise<object | undefined>;
  userinfo: object | undefined;
}
let answers: Answers;
let nonce = '';
/** What nobody was to ask for. */
const strayed: string[] = [];
let elsewhere: Server;
let issuer: string;
let provider: Provider;
let ana: Person;
let shop: Client;

const answer = (response: ServerResponse, body: object): void =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

async function serve({ url = '/' }: IncomingMessage, response: ServerResponse): Promise<void> {
  if (url === '/.well-known/openid-configuration')
    return answer(response, {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: [algorithm],
    });
  if (url === '/jwks')
    return answer(response, { keys: [{ ...(await exportJWK(ours.publicKey)), kid: 'theirs', use: 'sig', alg: algorithm }] });
  if (url === '/userinfo' && answers.userinfo) return answer(response, answers.userinfo);
  if (url !== '/token') {
    strayed.push(url);
    return void response.writeHead(404).end();
  }
  const body = await answers.token(nonce, response);
  if (body) answer(response, body);
}

beforeAll(async () => {
  elsewhere = createServer((request, response) => void serve(request, response));
  await new Promise<void>((listening) => elsewhere.listen(0, '127.0.0.1', listening));
  issuer = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}`;
  provider = await startProvider({
    EXTERNAL_PARTNER_ISSUER: issuer,
    EXTERNAL_PARTNER_CLIENT_ID: us,
    EXTERNAL_PARTNER_CLIENT_SECRET: 'a secret that both know, long enough for HMAC',
    EXTERNAL_PARTNER_TRUSTS_ADDRESSES: 'true',
  });
  ana = await register(provider.world, 'Ana');
  shop = await newClient(provider, ana);
});
afterAll(async () => {
  await provider?.end();
  elsewhere.close();
  elsewhere.closeAllConnections();
});

const seconds = () => Math.floor(Date.now() / 1_000);
/** The claims of somebody whose address is Ana's, as they say. */
const claims = (changes: JWTPayload = {}): JWTPayload => ({
  iss: issuer,
  aud: us,
  sub: 'mallory',
  iat: seconds(),
  exp: seconds() + 300,
  nonce,
  email: ana.email,
  email_verified: true,
  ...changes,
});
const sign = (payload: JWTPayload, key = ours.privateKey) =>
  new SignJWT(payload).setProtectedHeader({ alg: algorithm, kid: 'theirs' }).sign(key);
const withToken = (idToken: string) => ({ access_token: 'a', token_type: 'Bearer', id_token: idToken });

/** Goes there and comes back with what the provider was told to answer. */
async function visit(told: Partial<Answers>): Promise<Page> {
  answers = { token: async () => withToken(await sign(claims())), userinfo: undefined, ...told };
  const browser = openBrowserFor(shop);
  const page = await browser.open((await askFor(shop)).url);
  const started = `${provider.url}/oauth/external/partner/start?interaction=${page.url.searchParams.get('interaction')}`;
  const sent = await fetch(started, { redirect: 'manual' });
  const [cookie = ''] = (sent.headers.getSetCookie()[0] ?? '').split(';');
  browser.cookies.set('visit@/', { value: cookie.slice(cookie.indexOf('=') + 1), path: '/' });
  const there = new URL(sent.headers.get('location') ?? '');
  nonce = there.searchParams.get('nonce') ?? '';
  const back = new URL(there.searchParams.get('redirect_uri') ?? '');
  back.search = new URLSearchParams({ code: 'c', state: there.searchParams.get('state') ?? '' }).toString();
  return browser.open(back);
}

const isIn = (page: Page): boolean => offers(page, 'allow') || page.url.href.startsWith(redirectUri);
const identities = async () =>
  (await give(provider.world, '{ viewer { externalIdentities { id } } }', { token: ana.token })).externalIdentities as unknown[];

describe('who somebody is', () => {
  const lies: Record<string, () => Promise<string>> = {
    'under another key': () => sign(claims(), foreign.privateKey),
    'under no key': () => Promise.resolve(unsigned({ alg: 'none' }, claims())),
    'under the secret': () =>
      new SignJWT(claims())
        .setProtectedHeader({ alg: 'HS256' })
        .sign(new TextEncoder().encode('a secret that both know, long enough for HMAC')),
    'by another issuer': () => sign(claims({ iss: 'https://evil.example' })),
    'by an issuer in another case': () => sign(claims({ iss: issuer.toUpperCase() })),
    'by an issuer with a slash more': () => sign(claims({ iss: `${issuer}/` })),
    'for somebody else': () => sign(claims({ aud: 'them' })),
    'for us and others, asked for by others': () => sign(claims({ aud: [us, 'them'], azp: 'them' })),
    'for another visit': () => sign(claims({ nonce: 'n'.repeat(43) })),
    'for no visit': () => sign(claims({ nonce: undefined })),
    'and that is over': () => sign(claims({ iat: seconds() - 700, exp: seconds() - 600 })),
    'without an end': () => sign(claims({ exp: undefined })),
    'without a name': () => sign(claims({ sub: undefined })),
    'with an empty name': () => sign(claims({ sub: '' })),
    'with a name that is none': () => sign(claims({ sub: 7 as never })),
    'in rubbish': () => Promise.resolve('a.b.c'),
  };

  test.each(Object.keys(lies))('is not believed %s', async (name) => {
    const page = await visit({ token: async () => withToken(await lies[name]!()) });
    expect([page.status, isIn(page)]).toEqual([400, false]);
    expect(page.html).toContain('Partner did not sign you in');
  });

  test('is not believed without an ID token, nor when its claims are somebody else’s', async () => {
    const page = await visit({ token: () => Promise.resolve({ access_token: 'a', token_type: 'Bearer' }) });
    expect([page.status, isIn(page)]).toEqual([400, false]);
    const mixed = await visit({
      token: async () => withToken(await sign(claims({ email: undefined, email_verified: undefined }))),
      userinfo: { sub: 'ana', email: ana.email, email_verified: true },
    });
    expect([mixed.status, isIn(mixed)]).toEqual([400, false]);
    expect(await identities()).toEqual([]);
  });

  test.each<readonly [string, JWTPayload]>([
    ['is not said to be proved', { email_verified: undefined }],
    ['is said not to be proved', { email_verified: false }],
    ['is said to be proved in a word', { email_verified: 'true' }],
    ['is said to be proved in a number', { email_verified: 1 }],
    ['is one of several', { email: ['ana'] }],
  ])('opens no account here by an address that %s', async (name, changes) => {
    const page = await visit({ token: async () => withToken(await sign(claims({ sub: name, ...changes }))) });
    expect(page.html).not.toContain(ana.displayName);
    expect(await identities()).toEqual([]);
  });

  test.each<readonly [string, JWTPayload]>([
    ['a zero in all of it', { sub: 'zero\u0000', name: 'a\u0000', preferred_username: 'b\u0000', locale: 'c\u0000' }],
    ['what turns the writing', { sub: 'turned', name: '\u202Eevil', preferred_username: '\u202Eevil' }],
    ['half a letter', { sub: 'half\uD800', name: '\uD800', preferred_username: '\uDC00' }],
    ['half a letter at the end of what fits', { sub: 'end', name: `${'a'.repeat(99)}😀`, preferred_username: `${'b'.repeat(199)}😀` }],
    ['far too much', { sub: 's'.repeat(5_000), name: 'n'.repeat(50_000), preferred_username: 'u'.repeat(50_000) }],
    ['markup', { sub: '<script>', name: '"><script>alert(1)</script>', preferred_username: '<b>', picture: 'javascript:alert(1)' }],
    ['things that are no text', { sub: 'things', name: { a: 1 }, preferred_username: ['x'], locale: 5 }],
  ])('may be told with %s: it is taken or refused, and nothing breaks', async (_what, changes) => {
    const page = await visit({
      token: async () => withToken(await sign(claims({ email: undefined, ...changes }))),
      userinfo: { sub: changes.sub },
    });
    expect(page.status).toBeLessThan(500);
    expect(page.html).not.toContain('<script>alert');
    expect(page.html).not.toContain(ana.displayName);
  });
});

describe('a provider that wants to hurt', () => {
  test('sends us nowhere: an answer that leads elsewhere is none', async () => {
    strayed.length = 0;
    const page = await visit({
      token: (_nonce, response) => {
        response.writeHead(307, { location: `${issuer}/inside` }).end();
        return Promise.resolve(undefined);
      },
    });
    expect([isIn(page), page.html.includes('role="alert"')]).toEqual([false, true]);
    expect(strayed).toEqual([]);
  });

  test('holds nobody up by an answer that has no end', async () => {
    let sent = 0;
    const page = await visit({
      token: (_nonce, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.write('{"access_token":"');
        const more = () => {
          let goesOn = !response.destroyed;
          while (goesOn) {
            sent += 65_536;
            goesOn = response.write('a'.repeat(65_536));
          }
        };
        response.on('drain', more);
        response.on('error', () => undefined);
        more();
        return Promise.resolve(undefined);
      },
    });
    expect([isIn(page), page.html.includes('role="alert"')]).toEqual([false, true]);
    expect(sent).toBeLessThan(16 * 1_048_576);
  });
});
