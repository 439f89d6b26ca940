import type { Person } from '../support/journey.ts';
import { register } from '../support/people.ts';
import { askFor, type Client, exchange, letIn, newClient, type Provider, startProvider, viewerBy } from './support.ts';

// Whatever somebody sends, the answer says what is wrong with it, in the form of its endpoint, and nothing breaks.
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

const rubbish: Readonly<Record<string, string>> = {
  nothing: '',
  'a zero': '\u0000',
  'a zero in it': 'a\u0000b',
  'half a character': '\ud800',
  'a number': '-1',
  'much of it': 'x'.repeat(20_000),
  markup: '"><script>alert(1)</script>',
  'a statement': "'; drop table accounts.users; --",
  'an object': '{"$gt":""}',
  'a path': '../../../etc/passwd',
  'a line': 'a\r\nset-cookie: a=b',
  'a mark of ours': '~~',
  'another alphabet': 'ключ 🔑',
};

const secretOf = ({ id, secret = '' }: Client) => ({ client_id: id, client_secret: secret });
/** A request of each endpoint that would be right, by its path. */
const forms = (): Readonly<Record<string, Record<string, string>>> => ({
  '/oauth/token': {
    ...secretOf(shop),
    grant_type: 'authorization_code',
    code: 'x',
    redirect_uri: shop.redirectUri,
    code_verifier: 'x'.repeat(43),
    refresh_token: 'x',
    scope: 'openid',
    resource: `${provider.url}/graphql`,
    device_code: 'x',
  },
  '/oauth/introspect': { ...secretOf(shop), token: 'x', token_type_hint: 'access_token' },
  '/oauth/revoke': { ...secretOf(shop), token: 'x', token_type_hint: 'access_token' },
  '/oauth/device_authorization': { ...secretOf(shop), scope: 'openid' },
  '/oauth/par': { ...secretOf(shop), response_type: 'code', redirect_uri: shop.redirectUri, scope: 'openid', state: 's', nonce: 'n' },
  '/oauth/userinfo': { access_token: 'x' },
});

async function send(path: string, init: RequestInit): Promise<{ status: number; text: string; headers: Headers }> {
  const response = await fetch(`${provider.url}${path}`, { method: 'POST', redirect: 'manual', ...init });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

test.each(['/oauth/token', '/oauth/introspect', '/oauth/revoke', '/oauth/device_authorization', '/oauth/par', '/oauth/userinfo'])(
  '%s answers rubbish in each of its fields in JSON, without a fault',
  async (path) => {
    const right = forms()[path] ?? {};
    for (const grant of path === '/oauth/token'
      ? ['authorization_code', 'refresh_token', 'client_credentials', 'urn:ietf:params:oauth:grant-type:device_code']
      : ['']) {
      for (const field of Object.keys(right)) {
        for (const [name, value] of Object.entries(rubbish)) {
          const form = { ...right, ...(grant && field !== 'grant_type' ? { grant_type: grant } : {}), [field]: value };
          const { status, text, headers } = await send(path, { body: new URLSearchParams(form) });
          expect([path, grant, field, name, status < 500]).toEqual([path, grant, field, name, true]);
          if (text) expect(headers.get('content-type')).toContain('application/json');
          if (status >= 400) expect(JSON.parse(text)).toHaveProperty('error');
          expect(headers.get('set-cookie') ?? '').not.toContain('a=b');
        }
      }
    }
  },
);

test.each(['/oauth/token', '/oauth/introspect', '/oauth/revoke', '/oauth/par'])(
  '%s takes forms alone, each field once, and not too much of them',
  async (path) => {
    const right = forms()[path] ?? {};
    const twice = new URLSearchParams(right);
    twice.append('client_id', shop.id);
    const bodies: Record<string, RequestInit> = {
      JSON: { body: JSON.stringify(right), headers: { 'content-type': 'application/json' } },
      text: { body: 'hello', headers: { 'content-type': 'text/plain' } },
      'a field twice': { body: twice },
      'a megabyte': { body: new URLSearchParams({ ...right, state: 'x'.repeat(1_000_000) }) },
      'ten thousand fields': { body: new URLSearchParams(Array.from({ length: 10_000 }, (_, at) => [`f${at}`, 'x'])) },
      nothing: {},
      'a broken escape': { body: 'client_id=%zz&token=%', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      'a broken header': { body: new URLSearchParams({ token: 'x' }), headers: { authorization: 'Basic %%%' } },
      'no password in the header': { body: new URLSearchParams({ token: 'x' }), headers: { authorization: `Basic ${btoa('a')}` } },
      'a zero in the header': { body: new URLSearchParams({ token: 'x' }), headers: { authorization: `Basic ${btoa('%00:%00')}` } },
    };
    for (const [name, init] of Object.entries(bodies)) {
      const { status } = await send(path, init);
      expect([path, name, status >= 400 && status < 500]).toEqual([path, name, true]);
    }
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
      const { status } = await send(path, { method });
      expect([path, method, status >= 400 && status < 500]).toEqual([path, method, true]);
    }
  },
);

test('an authorization with rubbish in each of its fields is refused on a page, or at the address that is registered', async () => {
  const { url: right } = await askFor(shop);
  const fields = [
    ...right.searchParams.keys(),
    'prompt',
    'max_age',
    'acr_values',
    'id_token_hint',
    'login_hint',
    'request',
    'request_uri',
    'resource',
    'response_mode',
    'ui_locales',
    'claims',
    'dpop_jkt',
    'display',
  ];
  for (const field of fields) {
    for (const [name, value] of Object.entries(rubbish)) {
      if (value.length > 10_000) continue; // More than headers may have.
      const url = new URL(right);
      url.searchParams.set(field, value);
      const { status, text, headers } = await send(url.pathname + url.search, { method: 'GET' });
      expect([field, name, status < 500]).toEqual([field, name, true]);
      const location = headers.get('location');
      if (location)
        expect(new URL(location, provider.url).href.startsWith(shop.redirectUri) || location.includes('/sign-in?interaction=')).toBe(true);
      expect(text).not.toContain('<script>alert');
    }
  }
});

test.each([
  '/sign-in',
  '/oauth/device',
  '/oauth/end_session',
  '/oauth/end_session/confirm',
  '/oauth/authorize/x',
  '/oauth/device/x',
  '/oauth/rubbish',
  '/oauth/external/x/start',
])('the page %s answers rubbish without a fault', async (path) => {
  for (const value of Object.values(rubbish)) {
    const fields = {
      interaction: value,
      step: value,
      user_code: value,
      xsrf: value,
      logout: value,
      approval: value,
      id_token_hint: value,
      client_id: value,
      identifier: value,
      password: value,
      flow: value,
      code: value,
      assertion: value,
      organization: value,
    };
    const search = value.length > 500 ? '' : `?${new URLSearchParams(fields).toString()}`;
    for (const init of [{ method: 'GET' }, { body: new URLSearchParams(fields), headers: { origin: provider.url } }]) {
      const { status, text } = await send(`${path}${search}`, init);
      expect([path, value.slice(0, 20), status < 500]).toEqual([path, value.slice(0, 20), true]);
      expect(text).not.toContain('<script>alert');
    }
  }
  expect(
    (
      await send(path, {
        method: 'GET',
        headers: { cookie: 'signed-in=x; signed-in.sig=x; resume=%00; interaction="; sign-in=x; device=x' },
      })
    ).status,
  ).toBeLessThan(500);
});

test('a code is still good after all that', async () => {
  expect(await viewerBy(provider, (await exchange(shop, await letIn(shop, ana))).access_token)).toBe(ana.id);
});
