import type { Viewer } from '@supergraph/platform/context';
import { person, testSubgraph } from '@supergraph/platform/testing';
import { credentialRemoved } from '@supergraph/schema/events/accounts';
import { notificationRequested } from '@supergraph/schema/events/notifications';
import { subgraph } from '../index.ts';
import { codeAt, factors } from './factor-support.ts';
import { documents, password, people, viewerOf } from './support.ts';

const graph = testSubgraph(subgraph);
const { run, emitted, advance, close } = graph;
const { register, attempt, signIn } = people(graph);
const { now, start, proceed, half, authenticator, newcomer, enroll, stepUp } = factors(graph);
afterAll(close);
beforeAll(() => graph.stopClock());

const step = 30_000;
const day = 24 * 3_600_000;
const noticesOf = async (userId: string) =>
  (await emitted(notificationRequested.of('accounts')))
    .filter(({ kind, recipientIds }) => kind === 'CREDENTIAL_CHANGED' && recipientIds.includes(userId))
    .map(({ data }) => `${data['credential']} ${data['change']}`);

describe('a trusted device (rules 6 and 7)', () => {
  const trusted = async (handle: string) => {
    const person = await newcomer(handle);
    const { secret } = await enroll(person.as);
    advance(step);
    const { data } = await proceed((await half(handle)).id, { totpCode: codeAt(secret, await now()), trustDevice: true });
    const { deviceToken, tokens } = data.continueSignIn.flow;
    return { ...person, secret, deviceToken: deviceToken as string, on: viewerOf(tokens.accessToken) };
  };
  const signInOn = async (handle: string, deviceToken: string, secret = password) =>
    (await proceed((await start(handle, { deviceToken })).id, { password: secret })).data?.continueSignIn?.flow ?? null;
  const sessions = '{ viewer { sessions { nodes { id current methods trustedUntil } } } }';

  test('needs no second factor for 30 days, says so, and is not as good as two factors', async () => {
    const { deviceToken, on } = await trusted('device_ana');
    const trustedUntil = new Date((await now()).getTime() + 30 * day).toISOString();
    expect((await run(sessions, { as: on })).data.viewer.sessions.nodes).toContainEqual(
      expect.objectContaining({ id: on.sessionId, trustedUntil }),
    );
    await run(documents.revoke, { as: on, input: { sessionId: on.sessionId } });
    const again = await signInOn('device_ana', deviceToken);
    expect(again).toMatchObject({ status: 'COMPLETED', deviceToken: null });
    const viewer = viewerOf(again.tokens.accessToken);
    expect(viewer).toMatchObject({ acr: 'aal1', amr: ['pwd'] });
    expect((await run(documents.generateCodes, { as: viewer, input: {} })).reasons).toEqual(['STEP_UP_REQUIRED']);
    expect(await signInOn('device_ana', 'something else')).toMatchObject({ status: 'SECOND_FACTOR' });
    advance(30 * day);
    expect(await signInOn('device_ana', deviceToken)).toMatchObject({ status: 'SECOND_FACTOR' });
  });

  test('is trusted for its own account only, and no more once its session is revoked or the password changes', async () => {
    const { deviceToken, as, on } = await trusted('device_lost');
    await trusted('device_other');
    expect(await signInOn('device_other', deviceToken)).toMatchObject({ status: 'SECOND_FACTOR' });
    expect(await signInOn('device_lost', deviceToken)).toMatchObject({ status: 'COMPLETED' });
    await run(documents.revoke, { as, input: { sessionId: on.sessionId } });
    expect(await signInOn('device_lost', deviceToken)).toMatchObject({ status: 'SECOND_FACTOR' });
    const third = await trusted('device_changed');
    const strong = { ...third.as, acr: 'aal2' as const, authTime: Math.floor((await now()).getTime() / 1_000) };
    const newPassword = 'another lantern by the pier';
    expect((await run(documents.changePassword, { as: strong, input: { newPassword } })).codes).toEqual([]);
    expect(await signInOn('device_changed', third.deviceToken, newPassword)).toMatchObject({ status: 'SECOND_FACTOR' });
  });

  test('keeps its own count of wrong passwords, so that strangers do not lock its owner out', async () => {
    const { deviceToken } = await trusted('device_calm');
    for (let n = 0; n < 10; n += 1) await attempt('device_calm', 'wrong wrong wrong');
    expect((await attempt('device_calm')).codes).toEqual(['UNAUTHENTICATED']);
    expect(await signInOn('device_calm', deviceToken)).toMatchObject({ status: 'COMPLETED' });
    for (let n = 0; n < 10; n += 1) await signInOn('device_calm', deviceToken, 'wrong wrong wrong');
    expect(await signInOn('device_calm', deviceToken)).toBeNull();
  });

  test('that was trusted before there was a second factor is not trusted after', async () => {
    await register('device_early');
    const { data } = await attempt('device_early', password, { trustDevice: true });
    const { deviceToken } = data.continueSignIn.flow;
    const { as } = await signIn('device_early');
    await enroll(as);
    expect(await signInOn('device_early', deviceToken)).toMatchObject({ status: 'SECOND_FACTOR' });
  });
});

describe('removing a credential (rule 10)', () => {
  test('tells the person; what it opened half-way ends; other people’s and unknown ones are not found', async () => {
    const { id, as } = await newcomer('remove_ana');
    const { confirmed, secret } = await enroll(as);
    const credentialId = confirmed.data.confirmTotpEnrollment.credential.id;
    const flow = await half('remove_ana');
    const stranger = await newcomer('remove_eve');
    expect((await run(documents.remove, { as: stranger.as, input: { credentialId } })).codes).toEqual(['NOT_FOUND']);
    expect((await run(documents.remove, { as, input: { credentialId: 'x' } })).codes).toEqual(['BAD_USER_INPUT']);
    const { data } = await run(documents.remove, { as, input: { credentialId } });
    expect(data.removeCredential).toEqual({ removedCredentialId: credentialId, user: { mfaEnabled: false } });
    expect((await run(documents.remove, { as, input: { credentialId } })).codes).toEqual(['NOT_FOUND']);
    expect(await emitted(credentialRemoved)).toContainEqual({ userId: id, kind: 'TOTP' });
    expect(await noticesOf(id)).toEqual(['TOTP ADDED', 'TOTP REMOVED']);
    advance(step);
    expect((await proceed(flow.id, { totpCode: codeAt(secret, await now()) })).codes).toEqual(['NOT_FOUND']);
    expect((await attempt('remove_ana')).data.continueSignIn.flow.status).toBe('COMPLETED');
  });

  test('elsewhere ends what it opened half-way, and is told like any other', async () => {
    const { id, as } = await newcomer('unlink_ana');
    const { secret } = await enroll(as);
    const owner = await graph.owner();
    const identity = person().userId;
    await owner`insert into accounts.external_identities (id, user_id, provider, issuer, subject, label)
      values (${identity}, ${id}, 'partner', 'https://partner.example', 'ana', 'ana@partner.example')`;
    const flow = await half('unlink_ana');
    await owner`update accounts.flows set proven = '{EXTERNAL}' where id = ${flow.id}`;
    const unlink =
      'mutation ($input: UnlinkExternalIdentityInput!) { unlinkExternalIdentity(input: $input) { unlinkedExternalIdentityId } }';
    const input = { externalIdentityId: identity };
    expect((await run(unlink, { as, input })).data.unlinkExternalIdentity).toEqual({ unlinkedExternalIdentityId: identity });
    expect(await emitted(credentialRemoved)).toContainEqual({ userId: id, kind: 'EXTERNAL' });
    expect(await noticesOf(id)).toContain('EXTERNAL REMOVED');
    advance(step);
    expect((await proceed(flow.id, { totpCode: codeAt(secret, await now()) })).codes).toEqual(['NOT_FOUND']);
  });

  test('is refused for the last way to sign in', async () => {
    const { as } = await newcomer('remove_last');
    const { codes: made } = await run(documents.generateCodes, { as, input: {} });
    const { credentials } = (await run(documents.credentials, { as })).data.viewer;
    const idOf = (type: string) => credentials.find((credential: { __typename: string }) => credential.__typename === type).id;
    expect((await run(documents.remove, { as, input: { credentialId: idOf('PasswordCredential') } })).reasons).toEqual(['LAST_CREDENTIAL']);
    expect(made).toEqual([]);
    expect((await run(documents.remove, { as, input: { credentialId: idOf('RecoveryCodesCredential') } })).codes).toEqual([]);
    expect((await attempt('remove_last')).codes).toEqual([]);
  });

  test('and adding one takes a session of one’s own, the scope, and a fresh proof', async () => {
    const { as } = await newcomer('remove_strict');
    const calls = [
      [documents.startTotp, {}],
      [documents.startPasskey, {}],
      [documents.generateCodes, {}],
      [documents.remove, { credentialId: as.userId }],
    ] as const;
    for (const [document, input] of calls) {
      expect((await run(document, { as: null, input })).codes).toEqual(['UNAUTHENTICATED']);
      expect((await run(document, { as: { ...as, scopes: ['accounts:read'] }, input })).codes).toEqual(['FORBIDDEN']);
      expect((await run(document, { as: { ...as, sessionId: null }, input })).reasons).toEqual(['STEP_UP_REQUIRED']);
      expect((await run(document, { as: { ...as, actorId: as.userId }, input })).reasons).toEqual(['STEP_UP_REQUIRED']);
      expect((await run(document, { as: { ...as, authTime: as.authTime - 601 }, input })).reasons).toEqual(['STEP_UP_REQUIRED']);
    }
  });
});

describe('what another domain asks of accounts before something delicate (rule 16)', () => {
  const isProven = async (as: Viewer, more: { acr?: string; at?: Date; userId?: string } = {}) => {
    const { userId, sessionId, acr, authTime } = as;
    const variables = { userId, sessionId, acr, at: new Date(authTime * 1_000), ...more };
    const query =
      'query ($userId: ID!, $sessionId: ID!, $acr: String!, $at: DateTime!) { isProven(userId: $userId, sessionId: $sessionId, acr: $acr, at: $at) }';
    return (await run(query, { as: null, service: 'organizations', variables })).data.isProven as boolean;
  };

  test('a proof counts for 10 minutes, of the session’s own person, while the session is open', async () => {
    const [ana, bo] = [await newcomer('proven_ana'), await newcomer('proven_bo')];
    expect(await isProven(ana.as)).toBe(true);
    expect(await isProven(ana.as, { userId: bo.id })).toBe(false);
    expect(await isProven({ ...ana.as, sessionId: person().sessionId })).toBe(false);
    expect(await isProven(ana.as, { at: new Date((await now()).getTime() - 601_000) })).toBe(false);
    await run(documents.revokeOthers, { as: (await signIn('proven_ana')).as, input: {} });
    expect(await isProven(ana.as)).toBe(false);
  });

  test('one factor is not enough for who had two at the time; one that came later could not be asked for', async () => {
    const { as } = await newcomer('proven_twice');
    const { secret } = await enroll(as);
    expect(await isProven(as)).toBe(true);
    advance(60_000);
    const later = { at: await now() };
    expect(await isProven(as, later)).toBe(false);
    expect(await isProven(await stepUp(as, { totpCode: codeAt(secret, await now()) }))).toBe(true);
  });

  test('an app that was let in, and an administrator who acts as the person, prove nothing', async () => {
    const owner = await graph.owner();
    const { as } = await newcomer('proven_app');
    const acting = (await signIn('proven_app')).as;
    await owner`insert into accounts.oauth_clients (id, name, type, redirect_uris, post_logout_redirect_uris, scopes, first_party)
      values ('curious', 'Curious', 'PUBLIC', '{}', '{}', '{accounts:read}', false)`;
    await owner`update accounts.sessions set client_id = 'curious' where id = ${as.sessionId}`;
    await owner`update accounts.sessions set actor_id = ${person().userId} where id = ${acting.sessionId}`;
    expect([await isProven(as), await isProven(acting)]).toEqual([false, false]);
  });
});

describe('whoever is shut out while the gateway has not heard of it (rule 16)', () => {
  const newPassword = 'another lantern by the pier';
  const robbed = async (handle: string) => ({ ...(await newcomer(handle)), thief: (await signIn(handle)).as });
  const shutOut = async ({ as }: { as: Viewer }) =>
    expect((await run(documents.changePassword, { as, input: { newPassword } })).codes).toEqual([]);

  test.each([
    ['changePassword', documents.changePassword, { newPassword: 'nine patient otters read' }],
    ['changeEmail', documents.changeEmail, { email: 'thief@evil.example' }],
    ['startTotpEnrollment', documents.startTotp, {}],
    ['startPasskeyRegistration', documents.startPasskey, {}],
    ['generateRecoveryCodes', documents.generateCodes, {}],
    ['createAccessToken', documents.createToken, { name: 'Back door', scopes: ['accounts:read'] }],
  ])('is refused %s, however fresh their proof', async (name, document, input) => {
    const ana = await robbed(`r_${name.toLowerCase()}`);
    await shutOut(ana);
    expect((await run(document, { as: ana.thief, input })).reasons).toEqual(['STEP_UP_REQUIRED']);
    expect((await run(documents.generateCodes, { as: ana.as, input: {} })).codes).toEqual([]);
  });

  test('finishes no second factor that they began', async () => {
    const ana = await robbed('robbed_half');
    const device = await authenticator();
    const { options } = (await run(documents.startPasskey, { as: ana.thief, input: {} })).data.startPasskeyRegistration;
    const { enrollmentId, secret } = (await run(documents.startTotp, { as: ana.thief, input: {} })).data.startTotpEnrollment;
    const input = { response: await device.create(options) };
    await shutOut(ana);
    expect((await run(documents.finishPasskey, { as: ana.thief, input })).codes).toEqual(['NOT_FOUND']);
    const code = codeAt(secret, await now());
    expect((await run(documents.confirmTotp, { as: ana.thief, input: { enrollmentId, code } })).codes).toEqual(['NOT_FOUND']);
    expect((await run('{ viewer { mfaEnabled } }', { as: ana.as })).data.viewer).toEqual({ mfaEnabled: false });
  });
});
