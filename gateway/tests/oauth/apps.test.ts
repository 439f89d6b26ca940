import * as openid from 'openid-client';
import { demo, demoPeople } from '@supergraph/schema/demo';
import { type AppProcess, ask, signInAs, startAppProcess } from '../support/app-process.ts';
import { freePorts } from '../support/services.ts';
import { openWebBrowser } from '../support/web-browser.ts';

// Strangers' clients against the program as a newcomer starts it.
let app: AppProcess;
beforeAll(async () => {
  const [port = 0] = await freePorts(1);
  app = await startAppProcess({ environment: { PORT: String(port), PUBLIC_URL: `http://127.0.0.1:${port}` } });
});
afterAll(async () => {
  await app?.end();
});

const redirectUri = 'https://shop.example/callback';
const ada = demoPeople[0]!;
const insecure = { execute: [openid.allowInsecureRequests] };

const create = `mutation ($input: CreateOAuthClientInput!) { createOAuthClient(input: $input) { client { id name type version } secret } }`;

async function register(input: object): Promise<{ id: string; secret: string | null }> {
  const token = await signInAs(app, ada.email, demo.password);
  const { data, errors } = await ask(app, create, { variables: { input: { name: 'Shop', redirectUris: [redirectUri], ...input } }, token });
  if (errors) throw new Error(JSON.stringify(errors));
  return { id: data.createOAuthClient.client.id as string, secret: data.createOAuthClient.secret as string | null };
}

test('a confidential client signs a person in', async () => {
  const { id, secret } = await register({ type: 'CONFIDENTIAL', scopes: ['accounts:read'] });
  const config = await openid.discovery(new URL(app.url), id, secret ?? undefined, undefined, insecure);
  const verifier = openid.randomPKCECodeVerifier();
  const state = openid.randomState();
  const nonce = openid.randomNonce();
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: redirectUri,
    scope: 'openid profile email accounts:read',
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  });
  const browser = openWebBrowser([redirectUri]);
  const first = await browser.open(url);
  expect(first.html).toContain('Sign in to Shop');
  const consent = await browser.submit(first, 'password', { identifier: ada.email, password: demo.password });
  expect(consent.html).toContain('Allow Shop?');
  const back = await browser.submit(consent, 'allow');
  const tokens = await openid.authorizationCodeGrant(config, back.url, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
  });
  expect(tokens.claims()).toMatchObject({ sub: ada.id, iss: app.url });
  const info = await openid.fetchUserInfo(config, tokens.access_token, ada.id);
  expect(info).toMatchObject({ name: ada.displayName, email: ada.email });
  const viewer = await ask(app, '{ viewer { id sessions { nodes { client { name } } } } }', { token: tokens.access_token });
  expect(viewer.data?.viewer?.id).toBe(ada.id);
  const next = await openid.refreshTokenGrant(config, tokens.refresh_token!);
  expect(next.access_token).toBeTruthy();
});
