import type { Person } from '../support/journey.ts';
import { register } from '../support/people.ts';
import { askFor, type Client, newClient, post, type Provider, redirectUri, startProvider } from './support.ts';

// A browser is sent nowhere that the client has not registered, whatever else is wrong with what it asks for.
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

describe('where a browser is sent', () => {
  const https: readonly (readonly [string, string])[] = [
    ['another host', 'https://evil.example/callback'],
    ['a host that ends alike', 'https://evilshop.example/callback'],
    ['a host that begins alike', 'https://shop.example.evil.example/callback'],
    ['below it', 'https://shop.example/callback/evil'],
    ['a slash more', 'https://shop.example/callback/'],
    ['above it', 'https://shop.example/'],
    ['another host behind a user', 'https://shop.example@evil.example/callback'],
    ['a user', 'https://ana@shop.example/callback'],
    ['a fragment', 'https://shop.example/callback#evil'],
    ['back from below', 'https://shop.example/callback/../evil'],
    ['back from below, to it', 'https://shop.example/evil/../callback'],
    ['back from below, encoded', 'https://shop.example/callback/..%2fevil'],
    ['a letter encoded', 'https://shop.example/%63allback'],
    ['a query more', 'https://shop.example/callback?next=https://evil.example'],
    ['an empty query', 'https://shop.example/callback?'],
    ['an open redirect', 'https://shop.example/redirect?to=https://evil.example'],
    ['without TLS', 'http://shop.example/callback'],
    ['another case', 'https://shop.example/Callback'],
    ['another case of the host', 'https://SHOP.example/callback'],
    ['a port', 'https://shop.example:8443/callback'],
    ['the port that it has anyway', 'https://shop.example:443/callback'],
    ['a letter that looks alike', 'https://shоp.example/callback'],
    ['that letter as browsers write it', 'https://xn--shp-rmc.example/callback'],
    ['a dot at the end of the host', 'https://shop.example./callback'],
    ['a backslash', 'https://evil.example\\.shop.example/callback'],
    ['a backslash and a user', 'https://shop.example\\@evil.example/callback'],
    ['a space before it', ' https://shop.example/callback'],
    ['a line behind it', 'https://shop.example/callback\n'],
    ['a tab in it', 'https://shop.exa\tmple/callback'],
    ['a zero in it', 'https://shop.example/callback\u0000'],
    ['two at once', 'https://shop.example/callback https://evil.example/'],
    ['a script', 'javascript:alert(1)'],
    ['a document', 'data:text/html,<script>alert(1)</script>'],
    ['no host', '/callback'],
    ['no scheme', '//evil.example/callback'],
    ['markup', 'https://evil.example/"><script>alert(1)</script>'],
    ['what another client has', 'https://other.example/callback'],
  ];
  const loopback: readonly (readonly [string, string])[] = [
    ['another path', 'http://127.0.0.1:5000/other'],
    ['another name of it', 'http://localhost:5000/callback'],
    ['its other family', 'http://[::1]:5000/callback'],
    ['with TLS', 'https://127.0.0.1:5000/callback'],
    ['a host that begins alike', 'http://127.0.0.1.evil.example/callback'],
    ['another host behind a user', 'http://127.0.0.1:80@evil.example/callback'],
    ['another machine of the network', 'http://127.0.0.2/callback'],
    ['every machine', 'http://0.0.0.0/callback'],
    ['a query', 'http://127.0.0.1:5000/callback?a=b'],
    ['no port that there is', 'http://127.0.0.1:99999/callback'],
  ];
  const own: readonly (readonly [string, string])[] = [
    ['another path', 'com.example.shop:/other'],
    ['another scheme', 'com.example.evil:/callback'],
    ['a host', 'com.example.shop://callback'],
    ['a slash more', 'com.example.shop:/callback/'],
    ['two slashes', 'com.example.shop:///callback'],
  ];

  async function refusesAll(client: Client, tries: readonly (readonly [string, string])[]): Promise<void> {
    for (const [name, uri] of tries) {
      for (const wish of [{}, { response_type: 'token' }, { scope: 'rubbish' }, { prompt: 'none' }]) {
        const { url } = await askFor(client, { redirect_uri: uri, ...wish });
        const response = await fetch(url, { redirect: 'manual' });
        const html = await response.text();
        expect([name, response.status, response.headers.get('location')]).toEqual([name, 400, null]);
        expect(html).toContain('role="alert"');
        expect(html).toContain('redirect_uri');
        expect(html).not.toContain('<script');
      }
      const form = {
        client_id: client.id,
        response_type: 'code',
        redirect_uri: uri,
        code_challenge: 'a'.repeat(43),
        code_challenge_method: 'S256',
      };
      const pushed = await post(provider, '/oauth/par', { ...form, ...(client.secret ? { client_secret: client.secret } : {}) });
      expect([name, pushed.status, pushed.body.request_uri]).toEqual([name, 400, undefined]);
    }
  }

  test('is registered, to the letter', async () => {
    await newClient(provider, ana, { name: 'Other', redirectUris: ['https://other.example/callback'] });
    await refusesAll(shop, https);
  });

  test('is registered but for the port, on loopback', async () => {
    await refusesAll(await newClient(provider, ana, { type: 'PUBLIC', redirectUris: ['http://127.0.0.1/callback'] }), loopback);
  });

  test('is registered, to the letter, at a scheme of an app', async () => {
    await refusesAll(await newClient(provider, ana, { type: 'PUBLIC', redirectUris: ['com.example.shop:/callback'] }), own);
  });

  test('is said where two are registered, once, and by a client that there is', async () => {
    const two = await newClient(provider, ana, { redirectUris: [redirectUri, 'https://shop.example/two'] });
    const unnamed = (await askFor(two, { redirect_uri: undefined })).url;
    const twice = (await askFor(two)).url;
    twice.searchParams.append('redirect_uri', 'https://evil.example/');
    const robotless = (await askFor(two, { client_id: 'nobody' })).url;
    robotless.searchParams.set('client_id', 'nobody');
    const none = (await askFor(two)).url;
    none.searchParams.delete('client_id');
    const doubled = (await askFor(two)).url;
    doubled.searchParams.append('client_id', shop.id);
    for (const [name, url] of Object.entries({ unnamed, twice, robotless, none, doubled })) {
      const response = await fetch(url, { redirect: 'manual' });
      expect([name, response.status, response.headers.get('location')]).toEqual([name, 400, null]);
      expect(await response.text()).toContain('role="alert"');
    }
  });

  test('must be a place that is safe to register', async () => {
    const uris = [
      'http://shop.example/callback',
      'https://shop.example/callback#part',
      'https://ana:secret@shop.example/callback',
      'https://*.shop.example/callback',
      'javascript:alert(1)',
      'data:text/html,x',
      'shop:/callback',
      'file:///etc/passwd',
      'https://shop.example\\callback',
      'callback',
      '',
    ];
    for (const uri of uris) await expect(newClient(provider, ana, { redirectUris: [uri] })).rejects.toThrow('BAD_USER_INPUT');
  });
});
