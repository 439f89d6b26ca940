import { once } from 'node:events';
import { hkdfSync } from 'node:crypto';
import { nobody } from '@supergraph/platform/context';
import { signIdentity } from '@supergraph/platform/identity-token';
import { createLog } from '@supergraph/platform/log';
import { identityHeader, type RunningServer, serveSubgraph } from '@supergraph/platform/service-server';
import { person } from '@supergraph/platform/testing';
import { decodeJwt, type JWK, type JWTPayload, SignJWT } from 'jose';
import * as openid from 'openid-client';
import { WebSocket } from 'ws';
import { createTestKey, startTestGateway, type TestGateway, type TestKey } from '../../testing.ts';
import { accounts, catalog, organizations, type PeopleState, reviews } from '../fixtures.ts';
import { register } from '../support/people.ts';
import { encode, forgeriesOf, knock, now, origin, refusedEverywhere, unsigned, type Verdict } from './forged.ts';
import { type Client, errorOf, letIn, newClient, type Provider, startProvider, tokensFor } from './support.ts';

// Tokens that are none of ours, at every door.
let key: TestKey;
let forgeries: Record<string, string>;
beforeAll(async () => {
  key = await createTestKey(origin);
  forgeries = await forgeriesOf(key);
});

describe('at the edge', () => {
  const state: PeopleState = { keySet: null, keySetAsked: 0, ended: [], memberships: new Map() };
  const endless = 'subscription { endless { name } }';
  let gateway: TestGateway;
  beforeAll(async () => {
    state.keySet = key.keySet;
    gateway = await startTestGateway({ subgraphs: [accounts(state), organizations(state), catalog(), reviews()] });
  });
  afterAll(() => gateway?.stop());

  test('a token that holds is let in by every door', async () => {
    for (const token of [await key.sign(), await key.sign({ aud: [`${origin}/graphql`, 'https://other.example'] })])
      expect(await knock(gateway.url, token, endless)).toEqual(['let in', 'let in', 'let in']);
  });

  test('no forgery is, by any', async () => {
    for (const [name, token] of Object.entries(forgeries))
      expect([name, await knock(gateway.url, token, endless)]).toEqual([name, refusedEverywhere]);
  });

  test('nor is what a key signed that was removed', async () => {
    const removed = await createTestKey(origin, 'removed');
    state.keySet = { keys: [...key.keySet.keys, ...removed.keySet.keys] };
    const own = await startTestGateway({ subgraphs: [accounts(state), organizations(state), catalog(), reviews()] });
    const token = await removed.sign();
    expect(await knock(own.url, token, endless)).toEqual(['let in', 'let in', 'let in']);
    await own.stop();
    state.keySet = key.keySet;
    const later = await startTestGateway({ subgraphs: [accounts(state), organizations(state), catalog(), reviews()] });
    expect(await knock(later.url, token, endless)).toEqual(refusedEverywhere);
    await later.stop();
  });
});

describe('straight at a subgraph', () => {
  const internalKey = 'k'.repeat(64);
  const identity = { ...nobody('request-1'), viewer: person() };
  let server: RunningServer;
  const asked = catalog();
  beforeAll(async () => {
    const log = createLog('silent', 'test');
    server = await serveSubgraph({ subgraph: asked, settings: { internalKey }, port: 0, host: '127.0.0.1', log });
  });
  afterAll(() => server?.stop());

  const post = async (headers: Record<string, string>): Promise<Verdict> => {
    const response = await fetch(`http://127.0.0.1:${server.port}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"query":"{ products { nodes { id } } }"}',
    });
    return response.status === 401 ? 'refused' : `${response.status} ${await response.text()}`;
  };
  const subscribe = async (token: string): Promise<Verdict> => {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/graphql`, 'graphql-transport-ws');
    await once(socket, 'open');
    const answers: { type: string; payload?: { extensions?: { code?: string } }[] }[] = [];
    const answered = new Promise<void>((resolve) => {
      socket.on('message', (data: Buffer) => {
        answers.push(JSON.parse(data.toString()) as never);
        if (answers.length === 2) resolve();
      });
      socket.on('close', () => resolve());
    });
    socket.send(JSON.stringify({ type: 'connection_init', payload: { identity: token, authorization: `Bearer ${token}` } }));
    const query = 'subscription { endless { name } }';
    socket.once('message', () =>
      socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query, extensions: { identity: token } } })),
    );
    await answered;
    socket.close();
    return answers.at(-1)?.type === 'error' ? 'refused' : (answers.at(-1)?.type ?? 'closed');
  };

  /** Internal tokens that are none, by what is wrong with them. */
  async function internalForgeries(): Promise<Record<string, string>> {
    const good = signIdentity(internalKey, 'catalog', identity, Date.now() + 5_000);
    const payload = decodeJwt(good);
    const [head = '', body = '', signature = ''] = good.split('.');
    const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as { alg: string; typ: string };
    const derived = Buffer.from(hkdfSync('sha256', internalKey, 'supergraph', 'internal-identity:catalog', 32));
    const sign = (claims: JWTPayload, headers: object = header) =>
      new SignJWT({ ...payload, ...claims }).setProtectedHeader(headers as never).sign(derived);
    return {
      'for another subgraph': signIdentity(internalKey, 'reviews', identity, Date.now() + 5_000),
      'under another key': signIdentity('x'.repeat(64), 'catalog', identity, Date.now() + 5_000),
      'under the key that all keys come from': await new SignJWT(payload)
        .setProtectedHeader(header)
        .sign(new TextEncoder().encode(internalKey)),
      'no algorithm': unsigned({ ...header, alg: 'none' }, payload),
      'another type': await sign({}, { ...header, typ: 'JWT' }),
      'no type': await sign({}, { alg: 'HS256' }),
      'another algorithm': await sign({}, { ...header, alg: 'HS512' }).catch(() =>
        unsigned({ ...header, alg: 'HS512' }, payload, signature),
      ),
      over: await sign({ iat: now() - 120, exp: now() - 60 }),
      'over, though it says otherwise': await sign({ iat: now() - 600, exp: now() + 600 }),
      'from the future': await sign({ iat: now() + 120, exp: now() + 180 }),
      'without an end': await sign({ exp: undefined }),
      'without an identity': await sign({ identity: undefined }),
      'without a deadline': await sign({ deadline: undefined }),
      'another person': `${head}.${encode({ ...payload, identity: { ...identity, service: 'root' } })}.${signature}`,
      'no signature': `${head}.${body}.`,
      nothing: '',
    };
  }

  test('only an internal token for it opens it', async () => {
    const good = signIdentity(internalKey, 'catalog', identity, Date.now() + 5_000);
    expect(await post({ [identityHeader]: good })).toContain('200');
    expect(await subscribe(good)).toBe('next');
    // It is no bearer.
    expect(await post({ authorization: `Bearer ${good}` })).toBe('refused');
  });

  test('no forged internal token, and no access token, real or forged, in whatever header', async () => {
    const before = asked.requests.length;
    const tokens = { ...forgeries, ...(await internalForgeries()), 'a real access token': await key.sign() };
    for (const [name, token] of Object.entries(tokens)) {
      const verdicts = [
        await post({ [identityHeader]: token }),
        await post({ authorization: `Bearer ${token}` }),
        await post({ [identityHeader]: `Bearer ${token}`, authorization: `Bearer ${token}` }),
        await subscribe(token),
      ];
      expect([name, verdicts]).toEqual([name, ['refused', 'refused', 'refused', 'refused']]);
    }
    for (const headers of [
      { 'x-user-id': person().userId },
      { [identityHeader]: JSON.stringify({ identity }) },
      { [identityHeader]: encode({ identity }) },
    ])
      expect(await post(headers as unknown as Record<string, string>)).toBe('refused');
    expect(asked.requests.length).toBe(before);
  });
});

describe('what the provider gives that is no access token', () => {
  let provider: Provider;
  let shop: Client;
  let ana: Awaited<ReturnType<typeof register>>;
  beforeAll(async () => {
    provider = await startProvider();
    ana = await register(provider.world, 'Ana');
    shop = await newClient(provider, ana);
  });
  afterAll(async () => {
    await provider?.end();
  });

  test('opens neither the graph nor userinfo, and introspection knows it not as one', async () => {
    const tokens = await tokensFor(shop, ana);
    const { back } = await letIn(shop, ana);
    const { keys } = (await (await fetch(`${provider.url}/oauth/jwks`)).json()) as { keys: (JWK & { kid: string })[] };
    const kid = keys[0]?.kid ?? '';
    const claims = decodeJwt(tokens.accessToken);
    const elsewhere = await createTestKey(provider.url, kid);
    const [head = '', body = ''] = tokens.accessToken.split('.');
    const tries: Record<string, string> = {
      'an ID token': tokens.id_token ?? '',
      'a refresh token': tokens.refreshToken,
      'a code': back.searchParams.get('code') ?? '',
      "a client's secret": shop.secret ?? '',
      "a client's id": shop.id,
      'the token of another deployment under the same name': await elsewhere.sign({ ...claims }),
      'the token of another deployment': await (
        await createTestKey('https://graph.example')
      ).sign({ ...claims, iss: 'https://graph.example' }),
      'an ID token that says that it is an access token': `${head}.${(tokens.id_token ?? '').split('.')[1]}.${(tokens.id_token ?? '').split('.')[2]}`,
      'HMAC with the public key': await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt', kid })
        .sign(new TextEncoder().encode(JSON.stringify(keys[0]))),
      'no algorithm': `${encode({ alg: 'none', typ: 'at+jwt', kid })}.${body}.`,
      'a mark of our own': `~${tokens.accessToken}`,
    };
    const graph = `${provider.url}/graphql`;
    const query = 'subscription { sessionEnded { reason } }';
    expect(await knock(graph, tokens.accessToken, query)).toEqual(['let in', 'let in', 'let in']);
    for (const [name, token] of Object.entries(tries)) {
      expect([name, await knock(graph, token, query)]).toEqual([name, refusedEverywhere]);
      const info = await fetch(`${provider.url}/oauth/userinfo`, { headers: { authorization: `Bearer ${token}` } });
      expect([name, info.status]).toEqual([name, 401]);
      const hinted = { token_type_hint: 'access_token' };
      const known = await openid.tokenIntrospection(shop.config, token, hinted);
      // Hints are no more than that: a refresh token is one, whatever else it is called.
      expect([name, known['active']]).toEqual([name, name === 'a refresh token']);
    }
    expect(await errorOf(openid.fetchUserInfo(shop.config, tokens.id_token ?? '', ana.id))).toBe('invalid_token');
  });
});
