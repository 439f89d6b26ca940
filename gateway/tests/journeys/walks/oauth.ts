import * as openid from 'openid-client';
import { eventually } from '../../support/eventually.ts';
import { give, type Person, type World } from '../../support/journey.ts';
import { register, registerAdministrator, signIn } from '../../support/people.ts';
import { codeForm, configure, errorOf, exchange, letIn, newClient, post, tokensFor, viewerBy } from '../../oauth/support.ts';
import type { Walk } from './walk.ts';

/** From a refresh at the token endpoint over apps and stolen codes to new keys and a suspension. */
export const walkOAuth: Walk = async (world) => {
  const ana = await register(world, 'Ana');
  await refreshAtTheEndpoint(world, ana);
  await letAppIn(world, ana);
  const admin = await registerAdministrator(world);
  await changeKeys(world, ana, admin);
  await beSuspended(world, ana, admin);
};

const eventsOf = async (world: World, { token }: Person): Promise<string[]> => {
  const { securityEvents } = await give(world, '{ viewer { securityEvents(first: 20) { nodes { name } } } }', { token });
  return (securityEvents.nodes as { name: string }[]).map(({ name }) => name);
};
const refused = (world: World, token: string) =>
  eventually('the end of the token at the graph', async () => (await viewerBy({ world }, token))?.startsWith('UNAUTHENTICATED'));

/** A refresh token shown again after its successor was used is theft; the person's other sessions go on. */
async function refreshAtTheEndpoint(world: World, ana: Person): Promise<void> {
  const config = await configure(world.url, 'first-party');
  const second = await signIn(world, ana.email);
  const next = await openid.refreshTokenGrant(config, second.refreshToken);
  for (const token of [second.token, next.access_token]) expect(await viewerBy({ world }, token)).toBe(ana.id);
  const newest = await openid.refreshTokenGrant(config, next.refresh_token ?? '');
  expect(await errorOf(openid.refreshTokenGrant(config, second.refreshToken))).toBe('invalid_grant');
  expect(await errorOf(openid.refreshTokenGrant(config, newest.refresh_token ?? ''))).toBe('invalid_grant');
  await refused(world, newest.access_token);
  expect(await eventsOf(world, ana)).toContain('session.compromised');
  expect(await viewerBy({ world }, ana.token)).toBe(ana.id);
}

/** A person lets an app in, which reads who she is; its code is good once. */
async function letAppIn(world: World, ana: Person): Promise<void> {
  const app = await newClient({ world, url: world.url }, ana);
  const granted = await letIn(app, ana, { parameters: { scope: 'openid profile email accounts:read' } });
  const tokens = await exchange(app, granted);
  const info = await openid.fetchUserInfo(app.config, tokens.access_token, ana.id);
  expect(info).toMatchObject({ name: ana.displayName, preferred_username: ana.handle, email: ana.email, email_verified: true });
  expect(await viewerBy({ world }, tokens.access_token)).toBe(ana.id);
  expect((await post(world, '/oauth/token', codeForm(app, granted))).body.error).toBe('invalid_grant');
  expect(await errorOf(openid.refreshTokenGrant(app.config, tokens.refresh_token ?? ''))).toBe('invalid_grant');
  await refused(world, tokens.access_token);
}

const rotate = 'mutation ($input: RotateSigningKeyInput!) { rotateSigningKey(input: $input) { signingKeys { kid state } } }';

/** The next key is known before it signs, and what was signed before holds. */
async function changeKeys(world: World, ana: Person, admin: Person): Promise<void> {
  const app = await newClient({ world, url: world.url }, ana);
  const before = await tokensFor(app, ana);
  const { signingKeys } = await give(world, rotate, { input: {}, token: admin.token });
  const next = (signingKeys as { kid: string; state: string }[]).find(({ state }) => state === 'NEXT')?.kid;
  const { keys } = (await (await fetch(`${world.url}/oauth/jwks`)).json()) as { keys: { kid: string }[] };
  expect(keys.map(({ kid }) => kid)).toContain(next);
  const after = await openid.refreshTokenGrant(app.config, before.refreshToken);
  for (const token of [before.accessToken, after.access_token]) {
    expect(await viewerBy({ world }, token)).toBe(ana.id);
    expect(await openid.tokenIntrospection(app.config, token)).toMatchObject({ active: true });
  }
}

/** Nothing that a suspended person has, or gave away, is good any more. */
async function beSuspended(world: World, ana: Person, admin: Person): Promise<void> {
  const app = await newClient({ world, url: world.url }, ana);
  const tokens = await tokensFor(app, ana);
  const { secret } = await give(world, 'mutation ($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { secret } }', {
    input: { name: 'Program', scopes: ['accounts:read'] },
    token: ana.token,
  });
  expect(await viewerBy({ world }, secret)).toBe(ana.id);
  const ended = world.subscribe('subscription { sessionEnded { reason } }', { token: tokens.accessToken });
  await give(world, 'mutation ($input: SuspendUserInput!) { suspendUser(input: $input) { user { status } } }', {
    input: { userId: ana.id, reason: 'sells what is not hers' },
    token: admin.token,
  });
  // The socket is closed, and it may be closed before the news is out.
  const farewell = await ended.ended();
  if (farewell) expect(farewell).toMatchObject({ code: 4403 });
  else expect(await ended.next()).toEqual({ sessionEnded: { reason: 'SUSPENDED' } });
  for (const token of [tokens.accessToken, secret as string]) await refused(world, token);
  expect(await errorOf(openid.refreshTokenGrant(app.config, tokens.refreshToken))).toBe('invalid_grant');
}
