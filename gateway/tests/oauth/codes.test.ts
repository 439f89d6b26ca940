import { decodeJwt } from 'jose';
import * as openid from 'openid-client';
import { eventually } from '../support/eventually.ts';
import { give, type Person } from '../support/journey.ts';
import { register } from '../support/people.ts';
import {
  askFor,
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
  viewerBy,
} from './support.ts';

// A code is good for one exchange, within a minute.
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

describe('a code', () => {
  const told = async (person: Person) => {
    const events = '{ viewer { securityEvents(first: 20) { nodes { name client { id } } } } }';
    const { securityEvents } = await give(provider.world, events, { token: person.token });
    return securityEvents.nodes as { name: string; client: { id: string } | null }[];
  };

  test('that is used twice ends what the first use gave; the person is told, and other sessions go on', async () => {
    const cleo = await register(provider.world, 'Cleo');
    const client = await newClient(provider, cleo, { name: 'Twice' });
    const before = await tokensFor(client, cleo);
    const granted = await letIn(client, cleo);
    const first = await exchange(client, granted);
    expect(await viewerBy(provider, first.access_token)).toBe(cleo.id);
    expect(await errorOf(exchange(client, granted))).toBe('invalid_grant');
    expect(await errorOf(openid.refreshTokenGrant(client.config, first.refresh_token ?? ''))).toBe('invalid_grant');
    await eventually('the end of the first tokens', async () =>
      (await viewerBy(provider, first.access_token))?.startsWith('UNAUTHENTICATED'),
    );
    expect(await told(cleo)).toContainEqual({ name: 'session.compromised', client: { id: client.id } });
    const events = await provider.inDatabase(
      (sql) =>
        sql`select envelope->'payload' as payload from accounts.outbox where name = 'accounts.session.compromised' and key = ${cleo.id}`,
    );
    const sessionId = decodeJwt(first.access_token)['sid'];
    expect(events.map(({ payload }) => payload)).toEqual([{ userId: cleo.id, sessionId, clientId: client.id, reason: 'CODE_REUSED' }]);
    expect(await viewerBy(provider, before.accessToken)).toBe(cleo.id);
    expect(await viewerBy(provider, cleo.token)).toBe(cleo.id);
    expect((await openid.refreshTokenGrant(client.config, before.refreshToken)).access_token).toBeTruthy();
  });

  test('that twenty exchange at the same moment gives tokens to one at most, and they do not stay', async () => {
    for (let round = 0; round < 3; round += 1) {
      const granted = await letIn(shop, ana);
      const answers = await Promise.all(Array.from({ length: 20 }, () => post(provider, '/oauth/token', codeForm(shop, granted))));
      const won = answers.filter(({ status }) => status === 200);
      const lost = answers.filter(({ status }) => status !== 200);
      expect(won.length).toBeLessThanOrEqual(1);
      expect(lost.map(({ status, body }) => [status, body.error])).toEqual(lost.map(() => [400, 'invalid_grant']));
      for (const { body } of won) {
        expect(await errorOf(openid.refreshTokenGrant(shop.config, body.refresh_token))).toBe('invalid_grant');
        await eventually('the end of its tokens', async () => (await viewerBy(provider, body.access_token))?.startsWith('UNAUTHENTICATED'));
      }
    }
  });

  test('is not told to whoever reads the database: the hash that is kept stands in for none, nor does that of a device or of a pushed wish', async () => {
    const tv = await newClient(provider, ana, { name: 'Television', type: 'PUBLIC', redirectUris: [] });
    const { body: started } = await post(provider, '/oauth/device_authorization', { client_id: tv.id, scope: 'openid' });
    const wish = Object.fromEntries((await askFor(shop)).url.searchParams);
    await post(provider, '/oauth/par', { ...wish, client_secret: shop.secret ?? '' });
    const granted = await letIn(shop, ana);
    const kept = await provider.inDatabase(
      (sql) => sql<{ kind: string; hash: string }[]>`select kind, id_hash as hash from accounts.oauth_artifacts`,
    );
    const hashesOf = (kind: string) => kept.filter((row) => row.kind === kind).map(({ hash }) => `~${hash}`);
    for (const code of hashesOf('AuthorizationCode'))
      expect((await post(provider, '/oauth/token', codeForm(shop, granted, { code }))).body.error).toBe('invalid_grant');
    const device = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', client_id: tv.id };
    for (const code of hashesOf('DeviceCode'))
      expect((await post(provider, '/oauth/token', { ...device, device_code: code })).body.error).toBe('invalid_grant');
    const pushed = { client_id: shop.id, redirect_uri: shop.redirectUri };
    for (const id of hashesOf('PushedAuthorizationRequest')) {
      const query = new URLSearchParams({ ...pushed, request_uri: `urn:ietf:params:oauth:request_uri:${id}` });
      const answer = await fetch(`${provider.url}/oauth/authorize?${query}`, { redirect: 'manual' });
      expect([id, answer.headers.get('location') ?? '']).toEqual([id, expect.not.stringContaining('/sign-in')]);
    }
    const kinds = ['AuthorizationCode', 'DeviceCode', 'PushedAuthorizationRequest'];
    expect(kinds.filter((kind) => hashesOf(kind).length === 0)).toEqual([]);
    // What is not guessed from the table goes on.
    expect((await post(provider, '/oauth/token', { ...device, device_code: started.device_code })).body.error).toBe(
      'authorization_pending',
    );
    expect((await exchange(shop, granted)).access_token).toBeTruthy();
  });

  test('is over after a minute', async () => {
    const granted = await letIn(shop, ana);
    await provider.inDatabase(
      (sql) => sql`update accounts.oauth_artifacts set expires_at = now() - interval '1 second' where kind = 'AuthorizationCode'`,
    );
    expect(await errorOf(exchange(shop, granted))).toBe('invalid_grant');
    const later = await letIn(shop, ana);
    const [row] = await provider.inDatabase(
      (sql) => sql<{ seconds: number }[]>`select extract(epoch from max(expires_at) - now())::float as seconds
        from accounts.oauth_artifacts where kind = 'AuthorizationCode' and expires_at > now()`,
    );
    expect(row?.seconds).toBeGreaterThan(0);
    expect(row?.seconds).toBeLessThanOrEqual(60);
    expect((await exchange(shop, later)).access_token).toBeTruthy();
  });
});
