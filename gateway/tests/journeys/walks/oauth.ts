import * as openid from 'openid-client';
import { eventually } from '../../support/eventually.ts';
import { give, type Person, type World } from '../../support/journey.ts';
import { password, register, registerAdministrator, signIn } from '../../support/people.ts';
import { openWebBrowser } from '../../support/web-browser.ts';
import type { Walk } from './walk.ts';

const callback = 'https://shop.example/callback';
const create = 'mutation ($input: CreateOAuthClientInput!) { createOAuthClient(input: $input) { client { id } secret } }';

/** From refreshing over an app that people sign in to, and a code that is used twice, to new keys. */
export const walkOAuth: Walk = async (world) => {
  const ana = await register(world, 'Ana');
  await refreshAtTheEndpoint(world, ana);
  await useApp(world, ana);
  await changeKeys(world, ana);
};

/** The second client refreshes; the access token from before goes on. */
async function refreshAtTheEndpoint(world: World, ana: Person): Promise<void> {
  const second = await signIn(world, ana.email);
  const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'first-party', refresh_token: second.refreshToken });
  const response = await fetch(`${world.url}/oauth/token`, { method: 'POST', body });
  expect(response.status).toBe(200);
  const { access_token } = (await response.json()) as { access_token: string };
  for (const token of [second.token, access_token]) expect(await give(world, '{ viewer { id } }', { token })).toEqual({ id: ana.id });
}

async function useApp(world: World, ana: Person): Promise<void> {
  const input = { name: 'Shop', type: 'CONFIDENTIAL', redirectUris: [callback], scopes: ['accounts:read'] };
  const { client, secret } = await give(world, create, { input, token: ana.token });
  const config = await openid.discovery(new URL(world.url), client.id, secret, undefined, { execute: [openid.allowInsecureRequests] });
  const verifier = openid.randomPKCECodeVerifier();
  const browser = openWebBrowser([callback]);
  const page = await browser.open(
    openid.buildAuthorizationUrl(config, {
      redirect_uri: callback,
      scope: 'openid email accounts:read',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }),
  );
  const consent = await browser.submit(page, 'password', { identifier: ana.email, password });
  expect(consent.html).toContain('See your account');
  const { url } = await browser.submit(consent, 'allow');
  const exchange = () => openid.authorizationCodeGrant(config, url, { pkceCodeVerifier: verifier });
  const tokens = await exchange();
  const info = () => openid.fetchUserInfo(config, tokens.access_token, ana.id);
  expect(await info()).toMatchObject({ email: ana.email, email_verified: true });
  const seen = await give(world, '{ viewer { authorizedApps { client { name } } sessions { nodes { client { name } } } } }', {
    token: ana.token,
  });
  expect(seen.authorizedApps).toEqual([{ client: { name: 'Shop' } }]);
  expect(seen.sessions.nodes).toContainEqual({ client: { name: 'Shop' } });
  // A second use of the code ends what the first one gave.
  await expect(exchange()).rejects.toMatchObject({ error: 'invalid_grant' });
  await expect(info()).rejects.toBeDefined();
  await expect(openid.refreshTokenGrant(config, tokens.refresh_token ?? '')).rejects.toMatchObject({ error: 'invalid_grant' });
  await eventually('the end of the app’s session at the gateway', async () => {
    const { codes } = await world.ask('{ viewer { id } }', { token: tokens.access_token });
    return codes[0]?.startsWith('UNAUTHENTICATED');
  });
}

/** The next key is published before it signs; what both sign holds. */
async function changeKeys(world: World, ana: Person): Promise<void> {
  const keys = async () => ((await (await fetch(`${world.url}/oauth/jwks`)).json()) as { keys: unknown[] }).keys.length;
  const before = await keys();
  const root = await registerAdministrator(world);
  await give(world, 'mutation ($input: RotateSigningKeyInput!) { rotateSigningKey(input: $input) { signingKeys { kid } } }', {
    input: {},
    token: root.token,
  });
  await eventually('the next key', async () => (await keys()) === before + 1);
  const { token } = await signIn(world, ana.email);
  for (const each of [ana.token, token]) expect(await give(world, '{ viewer { id } }', { token: each })).toEqual({ id: ana.id });
}
