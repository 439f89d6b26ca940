import { createHash, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, decodeJwt, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';
import * as openid from 'openid-client';
import type { Data, Person } from '../support/journey.ts';
import { openEvents, openSocket } from '../support/listen.ts';
import { password, register, registerAdministrator } from '../support/people.ts';
import {
  type Client,
  codeForm,
  errorOf,
  exchange,
  letIn,
  newClient,
  post,
  type Provider,
  startProvider,
  tokensFor,
  type Wish,
} from './support.ts';

// Tokens that are bound to a key are worth nothing without a proof of possession (RFC 9449).
let provider: Provider;
let ana: Person;
let shop: Client;
let phone: Client;
beforeAll(async () => {
  provider = await startProvider();
  ana = await register(provider.world, 'Ana');
  shop = await newClient(provider, ana);
  phone = await newClient(provider, ana, { name: 'Phone', type: 'PUBLIC', redirectUris: ['com.example.phone:/callback'] });
});
afterAll(async () => {
  await provider?.end();
});

interface Pair {
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
  readonly thumbprint: string;
}
async function newPair(alg = 'ES256'): Promise<Pair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { privateKey, jwk, thumbprint: await calculateJwkThumbprint(jwk) };
}

const hashOf = (token: string) => createHash('sha256').update(token).digest('base64url');
const now = () => Math.floor(Date.now() / 1_000);

interface Proof {
  readonly method?: string;
  readonly url?: string;
  readonly token?: string;
  readonly claims?: Record<string, unknown>;
  readonly header?: Record<string, unknown>;
}

function prove({ privateKey, jwk }: Pair, { method = 'POST', url = `${provider.url}/graphql`, token, claims, header }: Proof = {}) {
  const payload = { jti: randomUUID(), htm: method, htu: url, iat: now(), ...(token ? { ath: hashOf(token) } : {}), ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk, ...header }).sign(privateKey);
}

/** Tokens of a person that are bound to a key. */
async function boundTo(pair: Pair, client: Client = shop, wish: Wish = {}) {
  const granted = await letIn(client, ana, wish);
  const { status, body } = await post(provider, '/oauth/token', codeForm(client, granted), {
    dpop: await prove(pair, { url: `${provider.url}/oauth/token` }),
  });
  expect([status, body.token_type]).toEqual([200, 'DPoP']);
  return { token: body.access_token as string, refreshToken: body.refresh_token as string };
}

async function ask(headers: Record<string, string>, search = ''): Promise<{ status: number; body: Data; challenge: string | null }> {
  const response = await fetch(`${provider.url}/graphql${search}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: '{"query":"{ viewer { id } }"}',
  });
  return { status: response.status, body: await response.json(), challenge: response.headers.get('www-authenticate') };
}
const reasonOf = ({ body }: { body: Data }): string => body.errors?.[0]?.extensions?.reason;

describe('a token that is bound to a key', () => {
  test('names the key, and opens the graph with a proof, by any transport', async () => {
    const pair = await newPair();
    const { token } = await boundTo(pair);
    expect(decodeJwt(token)).toMatchObject({ cnf: { jkt: pair.thumbprint } });
    const headers = async (proof: Proof = {}) => ({ authorization: `DPoP ${token}`, dpop: await prove(pair, { token, ...proof }) });
    expect((await ask(await headers())).body).toEqual({ data: { viewer: { id: ana.id } } });
    // Its query is no part of the address.
    expect((await ask(await headers(), '?a=b')).status).toBe(200);
    const read = await fetch(`${provider.url}/graphql?query=%7Bviewer%7Bid%7D%7D`, {
      headers: { ...(await headers({ method: 'GET' })), 'apollo-require-preflight': '1' },
    });
    expect(await read.json()).toEqual({ data: { viewer: { id: ana.id } } });
    const query = 'subscription { securityEventAdded { node { name } } }';
    const streams = [
      openSocket(provider.url, { query, variables: {}, headers: await headers({ method: 'GET' }) }),
      openEvents(provider.url, { query, variables: {}, headers: await headers({ url: `${provider.url}/graphql/stream` }) }),
    ];
    // Both stand once something is heard of.
    const heard = Promise.all(streams.map((stream) => stream.next()));
    let done = false;
    void heard.then(() => (done = true));
    while (!done) {
      await tokensFor(shop, ana);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await heard).toHaveLength(2);
    await Promise.all(streams.map((stream) => stream.close()));
  });

  test('opens userinfo with a proof of the same key, and with nothing else', async () => {
    const pair = await newPair();
    const { token } = await boundTo(pair);
    const url = `${provider.url}/oauth/userinfo`;
    const open = async (scheme: string, dpop?: string) =>
      (await fetch(url, { headers: { authorization: `${scheme} ${token}`, ...(dpop ? { dpop } : {}) } })).status;
    expect(await open('DPoP', await prove(pair, { method: 'GET', url, token }))).toBe(200);
    expect([400, 401]).toContain(await open('Bearer'));
    expect([400, 401]).toContain(await open('DPoP'));
    expect([400, 401]).toContain(await open('DPoP', await prove(await newPair(), { method: 'GET', url, token })));
    expect([400, 401]).toContain(await open('Bearer', await prove(pair, { method: 'GET', url, token })));
    const once = await prove(pair, { method: 'GET', url, token });
    const both = await Promise.all([open('DPoP', once), open('DPoP', once)]);
    expect(both.filter((status) => status === 200)).toHaveLength(1);
  });

  test('stays bound when its person proves themselves again', async () => {
    const admin = await registerAdministrator(provider.world);
    const redirectUris = ['com.example.desk:/callback'];
    const desk = await newClient(provider, admin, { name: 'Desk', type: 'PUBLIC', firstParty: true, scopes: ['app'], redirectUris });
    const pair = await newPair();
    const { token } = await boundTo(pair, desk, { parameters: { scope: 'openid app' } });
    const mutate = async (field: string, type: string, input: object) => {
      const response = await fetch(`${provider.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `DPoP ${token}`, dpop: await prove(pair, { token }) },
        body: JSON.stringify({
          query: `mutation ($input: ${type}!) { ${field}(input: $input) { flow { id tokens { accessToken tokenType } } } }`,
          variables: { input },
        }),
      });
      const answer: Data = await response.json();
      return answer.data[field].flow;
    };
    const { id: flowId } = await mutate('startSignIn', 'StartSignInInput', { purpose: 'STEP_UP' });
    const { tokens } = await mutate('continueSignIn', 'ContinueSignInInput', { flowId, password });
    expect(tokens.tokenType).toBe('DPoP');
    expect(decodeJwt(tokens.accessToken)).toMatchObject({ cnf: { jkt: pair.thumbprint } });
    expect((await ask({ authorization: `Bearer ${tokens.accessToken}` })).status).toBe(401);
  });

  test('is worth nothing without a proof, or with one that was made for something else', async () => {
    const pair = await newPair();
    const { token } = await boundTo(pair);
    const { token: another } = await boundTo(pair);
    const good = (proof: Proof = {}) => prove(pair, { token, ...proof });
    const used = await good();
    expect((await ask({ authorization: `DPoP ${token}`, dpop: used })).status).toBe(200);
    const foreign = await newPair();
    const proofs: Record<string, string | undefined> = {
      'no proof': undefined,
      'a proof that was shown': used,
      'another method': await good({ method: 'GET' }),
      'another path': await good({ url: `${provider.url}/graphql/partner` }),
      'another host': await good({ url: 'https://evil.example/graphql' }),
      'another scheme': await good({ url: `${provider.url.replace('http:', 'https:')}/graphql` }),
      'no address': await good({ claims: { htu: undefined } }),
      'the token of another': await good({ token: another }),
      'no token': await prove(pair),
      'another key': await prove(foreign, { token }),
      'another key in the header than the one that signed': await prove({ ...foreign, jwk: pair.jwk }, { token }),
      'its own key in the header, signed by another': await prove({ ...pair, jwk: foreign.jwk }, { token }),
      'a private key in the header': await prove(
        { ...pair, jwk: await exportJWK((await generateKeyPair('ES256', { extractable: true })).privateKey) },
        { token },
      ),
      'of two minutes ago': await good({ claims: { iat: now() - 120 } }),
      'of in two minutes': await good({ claims: { iat: now() + 120 } }),
      'without a time': await good({ claims: { iat: undefined } }),
      'without an id': await good({ claims: { jti: undefined } }),
      'with an empty id': await good({ claims: { jti: '' } }),
      'another type': await good({ header: { typ: 'JWT' } }),
      'no type': await good({ header: { typ: undefined } }),
      'a secret that both know': await new SignJWT({
        jti: randomUUID(),
        htm: 'POST',
        htu: `${provider.url}/graphql`,
        iat: now(),
        ath: hashOf(token),
      })
        .setProtectedHeader({ alg: 'HS256', typ: 'dpop+jwt', jwk: { kty: 'oct', k: 'c2VjcmV0' } as object })
        .sign(new TextEncoder().encode('secret-secret-secret-secret-secret')),
      'no algorithm': `${Buffer.from(JSON.stringify({ alg: 'none', typ: 'dpop+jwt', jwk: pair.jwk })).toString('base64url')}.${(await good()).split('.')[1]}.`,
      rubbish: 'rubbish',
      'two proofs': `${await good()}, ${await good()}`,
    };
    for (const [name, dpop] of Object.entries(proofs)) {
      const answer = await ask({ authorization: `DPoP ${token}`, ...(dpop === undefined ? {} : { dpop }) });
      expect([name, answer.status, reasonOf(answer)]).toEqual([name, 401, dpop === undefined ? 'DPOP_MISSING' : 'DPOP_INVALID']);
      expect(answer.challenge).toContain('DPoP');
    }
    expect(reasonOf(await ask({ authorization: `Bearer ${token}` }))).toBe('DPOP_MISSING');
    expect(reasonOf(await ask({ authorization: `Bearer ${token}`, dpop: await good() }))).toBe('DPOP_MISSING');
    expect((await ask({ authorization: `DPoP ${token}`, dpop: await good() })).status).toBe(200);
  });

  test('counts one proof once, also when it comes twice at the same moment', async () => {
    const pair = await newPair();
    const { token } = await boundTo(pair);
    const headers = { authorization: `DPoP ${token}`, dpop: await prove(pair, { token }) };
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(headers)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test('is refused on a socket without its proof', async () => {
    const { token } = await boundTo(await newPair());
    for (const authorization of [`DPoP ${token}`, `Bearer ${token}`]) {
      const socket = openSocket(provider.url, {
        query: 'subscription { sessionEnded { reason } }',
        variables: {},
        headers: { authorization },
      });
      expect(await socket.ended()).toMatchObject({ code: 4403 });
      await socket.close();
    }
  });
});

test('a token that is bound to none is sent as Bearer, whatever proof comes with it', async () => {
  const pair = await newPair();
  const { accessToken: token } = await tokensFor(shop, ana);
  expect(reasonOf(await ask({ authorization: `DPoP ${token}`, dpop: await prove(pair, { token }) }))).toBe('DPOP_INVALID');
  expect((await ask({ authorization: `Bearer ${token}`, dpop: await prove(pair, { token }) })).status).toBe(200);
});

describe('a refresh token', () => {
  const refresh = async (client: Client, refreshToken: string, pair?: Pair, proof: Proof = {}) => {
    const form = {
      grant_type: 'refresh_token',
      refresh_token: refreshToken,
      client_id: client.id,
      ...(client.secret ? { client_secret: client.secret } : {}),
    };
    const dpop: Record<string, string> = pair ? { dpop: await prove(pair, { url: `${provider.url}/oauth/token`, ...proof }) } : {};
    return (await post(provider, '/oauth/token', form, dpop)).body;
  };

  test('of a public client is good with its key alone; who has not got it spends nothing', async () => {
    const [pair, other] = [await newPair(), await newPair()];
    const { refreshToken } = await boundTo(pair, phone);
    expect((await refresh(phone, refreshToken)).error).toBe('invalid_grant');
    expect((await refresh(phone, refreshToken, other)).error).toBe('invalid_grant');
    const next = await refresh(phone, refreshToken, pair);
    expect(next).toMatchObject({ token_type: 'DPoP' });
    expect(decodeJwt(next.access_token)).toMatchObject({ cnf: { jkt: pair.thumbprint } });
    // Nor is a lost answer given to who has not got it.
    expect((await refresh(phone, refreshToken, other)).error).toBe('invalid_grant');
  });

  test('of a confidential client may change its key, for the client shows its secret', async () => {
    const [pair, other] = [await newPair(), await newPair()];
    const { refreshToken } = await boundTo(pair);
    const next = await refresh(shop, refreshToken, other);
    expect(decodeJwt(next.access_token)).toMatchObject({ cnf: { jkt: other.thumbprint } });
  });

  test('with a proof that does not hold is refused and not used up', async () => {
    const pair = await newPair();
    const { refreshToken } = await boundTo(pair, phone);
    for (const proof of [
      { url: `${provider.url}/graphql` },
      { method: 'GET' },
      { claims: { iat: now() - 600 } },
      { header: { typ: 'JWT' } },
    ])
      expect((await refresh(phone, refreshToken, pair, proof)).error).toBe('invalid_dpop_proof');
    expect((await refresh(phone, refreshToken, pair)).access_token).toBeTruthy();
  });
});

test('a library that knows the protocol gets along', async () => {
  const pair = await openid.randomDPoPKeyPair();
  const DPoP = openid.getDPoPHandle(phone.config, pair);
  const tokens = await exchange(phone, await letIn(phone, ana), {}, { DPoP });
  expect(tokens.token_type).toBe('dpop');
  expect((await openid.fetchUserInfo(phone.config, tokens.access_token, ana.id, { DPoP })).sub).toBe(ana.id);
  const response = await openid.fetchProtectedResource(
    phone.config,
    tokens.access_token,
    new URL(`${provider.url}/graphql`),
    'POST',
    '{"query":"{ viewer { id } }"}',
    new Headers({ 'content-type': 'application/json' }),
    { DPoP },
  );
  expect(await response.json()).toEqual({ data: { viewer: { id: ana.id } } });
  const next = await openid.refreshTokenGrant(phone.config, tokens.refresh_token ?? '', {}, { DPoP });
  expect(next.token_type).toBe('dpop');
  expect(await errorOf(openid.fetchUserInfo(phone.config, next.access_token, ana.id))).toMatch(/invalid_token|invalid_request/);
});

test('an authorization that names a key beforehand gives its code to that key alone', async () => {
  const [pair, other] = [await newPair(), await newPair()];
  const url = `${provider.url}/oauth/token`;
  const exchangeWith = async (key: Pair | undefined) => {
    const granted = await letIn(phone, ana, { parameters: { dpop_jkt: pair.thumbprint } });
    const headers: Record<string, string> = key ? { dpop: await prove(key, { url }) } : {};
    return (await post(provider, '/oauth/token', codeForm(phone, granted), headers)).body;
  };
  for (const key of [undefined, other]) expect((await exchangeWith(key)).error).toBe('invalid_grant');
  expect((await exchangeWith(pair)).token_type).toBe('DPoP');
});
