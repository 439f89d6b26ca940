import { decodeProtectedHeader } from 'jose';
import * as openid from 'openid-client';
import { eventually } from '../support/eventually.ts';
import { give, type Person } from '../support/journey.ts';
import { register, registerAdministrator } from '../support/people.ts';
import {
  again,
  type Client,
  configure,
  errorOf,
  exchange,
  letIn,
  newClient,
  type Provider,
  startProvider,
  tokensFor,
  viewerBy,
} from './support.ts';

// The keys change under the feet of clients, which must not notice unless a key was stolen.
let provider: Provider;
let admin: Person;
let ana: Person;
let shop: Client;
beforeAll(async () => {
  provider = await startProvider();
  admin = await registerAdministrator(provider.world);
  ana = await register(provider.world, 'Ana');
  shop = await newClient(provider, ana);
});
afterAll(async () => {
  await provider?.end();
});

const rotate = async (emergency = false): Promise<void> => {
  await give(
    provider.world,
    'mutation ($input: RotateSigningKeyInput!) { rotateSigningKey(input: $input) { signingKeys { kid state } } }',
    {
      input: { emergency },
      token: (await again(provider, admin)).token,
    },
  );
};
const published = async (): Promise<string[]> => {
  // The gateway reads the keys twice a minute, and at once for a key that it does not know.
  await viewerBy(provider, `${headerOfUnknownKey}.e30.AAAA`);
  const { keys } = (await (await fetch(`${provider.url}/oauth/jwks`)).json()) as { keys: { kid: string }[] };
  return keys.map(({ kid }) => kid).toSorted();
};
const headerOfUnknownKey = Buffer.from(JSON.stringify({ alg: 'ES256', typ: 'at+jwt', kid: 'unknown' })).toString('base64url');
/** The next key is published, and signs once it has been known for a day. */
const rotateInTime = async (): Promise<void> => {
  const before = (await published()).length;
  await rotate();
  await eventually('the next key to be published', async () => (await published()).length === before + 1);
  await provider.inDatabase((sql) => sql`update accounts.signing_keys set active_from = now() where state = 'NEXT'`);
  await rotate();
};
const kidOf = (token: string): string => decodeProtectedHeader(token).kid ?? '';

test('the next key signs in its time; tokens of both hold, and what was begun under the old one goes on', async () => {
  const before = await tokensFor(shop, ana);
  const granted = await letIn(shop, ana);
  const [old = ''] = await published();
  expect([kidOf(before.accessToken), kidOf(before.id_token ?? '')]).toEqual([old, old]);
  await rotateInTime();
  const after = await exchange(shop, granted);
  const next = kidOf(after.access_token);
  expect(next).not.toBe(old);
  expect(kidOf(after.id_token ?? '')).toBe(next);
  expect(await published()).toEqual([old, next].toSorted());
  // A library that reads the keys anew verifies the ID token against them.
  const strict = await configure(provider.url, shop.id, shop.secret);
  openid.enableNonRepudiationChecks(strict);
  const checked = await exchange({ config: strict }, await letIn(shop, ana));
  expect(checked.claims()?.sub).toBe(ana.id);
  const refreshed = await openid.refreshTokenGrant(shop.config, before.refreshToken);
  expect(kidOf(refreshed.access_token)).toBe(next);
  for (const token of [before.accessToken, after.access_token, refreshed.access_token]) {
    expect(await viewerBy(provider, token)).toBe(ana.id);
    expect(await openid.tokenIntrospection(shop.config, token)).toMatchObject({ active: true });
    expect(await openid.fetchUserInfo(shop.config, token, ana.id)).toMatchObject({ sub: ana.id });
  }
  // An ID token of the old key still says who signs out.
  const leaving = openid.buildEndSessionUrl(shop.config, { id_token_hint: before.id_token ?? '' });
  expect((await fetch(leaving)).status).toBe(200);
});

test('requests while keys change are never refused', async () => {
  const { accessToken, refreshToken } = await tokensFor(shop, ana);
  let isOver = false;
  let newest = refreshToken;
  const failures: unknown[] = [];
  const asking = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const viewer = await viewerBy(provider, accessToken);
        if (viewer !== ana.id) failures.push(viewer);
      }
    }),
  );
  const refreshing = (async () => {
    while (!isOver) {
      const next = await openid.refreshTokenGrant(shop.config, newest);
      newest = next.refresh_token ?? '';
      const viewer = await viewerBy(provider, next.access_token);
      if (viewer !== ana.id) failures.push(viewer);
    }
  })();
  for (let round = 0; round < 3; round += 1) await rotateInTime();
  isOver = true;
  await Promise.all([asking, refreshing]);
  expect(failures).toEqual([]);
});

test('what a stolen key signed is refused everywhere; sessions go on with new tokens', async () => {
  const before = await tokensFor(shop, ana);
  const own = (await again(provider, ana)).token;
  const socket = provider.world.subscribe('subscription { sessionEnded { reason } }', { token: before.accessToken });
  await rotate(true);
  for (const token of [before.accessToken, own])
    await eventually('the refusal', async () => (await viewerBy(provider, token))?.startsWith('UNAUTHENTICATED'));
  expect(await socket.ended()).toMatchObject({ code: 4403 });
  await eventually('the end of the key', async () => !(await published()).includes(kidOf(before.accessToken)));
  expect(await openid.tokenIntrospection(shop.config, before.accessToken)).toEqual({ active: false });
  expect(await errorOf(openid.fetchUserInfo(shop.config, before.accessToken, ana.id))).toBe('invalid_token');
  const next = await openid.refreshTokenGrant(shop.config, before.refreshToken);
  expect(await viewerBy(provider, next.access_token)).toBe(ana.id);
  expect((await tokensFor(shop, ana)).claims()?.sub).toBe(ana.id);
});
