import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import type { Viewer } from '@supergraph/platform/context';
import { person, testSubgraph, type TestSubgraph } from '@supergraph/platform/testing';
import { sessionEnded, sessionStarted, signingKeyRotated } from '@supergraph/schema/events/accounts';
import { notificationRequested } from '@supergraph/schema/events/notifications';
import { subgraph } from '../index.ts';
import { ensureSigningKey, keyKeeper } from '../service/signing-keys.ts';
import { factors } from './factor-support.ts';
import { documents, outcomesOf, people, viewerOf } from './support.ts';

const minute = 60_000;
const hour = 60 * minute;
const makeAdmin = async ({ owner }: TestSubgraph, id: string) =>
  (await owner())`update accounts.users set roles = '{USER,ADMIN}' where id = ${id}`;

describe('acting as somebody (rule 21)', () => {
  const graph = testSubgraph(subgraph);
  const { run, emitted, close } = graph;
  const { newcomer, now } = factors(graph);
  afterAll(close);
  beforeAll(() => graph.stopClock());
  const boss = async (handle: string) => {
    const made = await newcomer(handle);
    await makeAdmin(graph, made.id);
    return { id: made.id, as: { ...made.as, roles: ['USER', 'ADMIN'] } satisfies Viewer };
  };
  const act = (as: Viewer | null, userId: string, reason = 'ticket 7') => run(documents.impersonate, { as, input: { userId, reason } });

  test('gives a token of 15 minutes with `act` and no refresh; the person is told and sees what is done', async () => {
    const { id: actorId, as } = await boss('acting_boss');
    const ana = await newcomer('acted_ana');
    const { data } = await act(as, ana.id);
    const { accessToken, ...rest } = data.startImpersonation.tokens;
    expect(rest).toEqual({ expiresIn: 900, refreshToken: null, idToken: null, scope: 'app' });
    expect(decodeJwt(accessToken)).toMatchObject({ sub: ana.id, act: { sub: actorId }, roles: ['USER'] });
    const acting = viewerOf(accessToken);
    await run(documents.update, { as: acting, input: { version: ana.version, displayName: 'Anna' } });
    const document =
      '{ viewer { securityEvents { nodes { name actor { id } onBehalfOf { id } ipAddress details } } sessions { nodes { id device { name } ipAddress } } } }';
    const { securityEvents, sessions } = (await run(document, { as: ana.as })).data.viewer;
    expect(securityEvents.nodes.slice(0, 2)).toMatchObject([
      { name: 'user.updated', actor: { id: actorId }, onBehalfOf: { id: ana.id }, ipAddress: null },
      { name: 'impersonation.started', actor: { id: actorId }, onBehalfOf: null, details: { reason: 'ticket 7' } },
    ]);
    expect(sessions.nodes).toContainEqual({ id: acting.sessionId, device: { name: 'An administrator' }, ipAddress: null });
    const notices = (await emitted(notificationRequested.of('accounts'))).filter(({ recipientIds }) => recipientIds.includes(ana.id));
    expect(notices.map(({ kind }) => kind)).toEqual(['IMPERSONATED']);
    const started = { userId: ana.id, sessionId: acting.sessionId, clientId: 'first-party', reason: 'IMPERSONATION' };
    expect(await emitted(sessionStarted)).toContainEqual(started);
    graph.advance(15 * minute);
    expect((await run(document, { as: ana.as })).data.viewer.sessions.nodes).not.toContainEqual(
      expect.objectContaining({ id: acting.sessionId }),
    );
  });

  test('cannot step up, act on, or be done by or to the wrong people', async () => {
    const { as } = await boss('careful_boss');
    const other = await boss('other_boss');
    const ana = await newcomer('careful_ana');
    const acting = viewerOf((await act(as, ana.id)).data.startImpersonation.tokens.accessToken);
    const strong = { ...acting, acr: 'aal2' as const, authTime: Math.floor((await now()).getTime() / 1_000) };
    expect((await run(documents.changePassword, { as: strong, input: { newPassword: 'another lantern by the pier' } })).reasons).toEqual([
      'STEP_UP_REQUIRED',
    ]);
    expect((await run(documents.start, { as: strong, input: { purpose: 'STEP_UP' } })).codes).toEqual(['FORBIDDEN']);
    expect((await act({ ...as, actorId: other.id }, ana.id)).codes).toEqual(['FORBIDDEN']);
    expect((await act(as, other.id)).reasons).toEqual(['ADMINISTRATOR']);
    expect((await act(as, as.userId)).reasons).toEqual(['ADMINISTRATOR']);
    expect((await act(ana.as, ana.id)).codes).toEqual(['FORBIDDEN']);
    expect((await act(null, ana.id)).codes).toEqual(['UNAUTHENTICATED']);
    expect((await act(person({ roles: ['USER', 'ADMIN'] }), ana.id)).codes).toEqual(['FORBIDDEN']);
    expect((await act(as, person().userId)).codes).toEqual(['NOT_FOUND']);
    const bad = await run(documents.impersonate, { as, input: { userId: 'x', reason: ' ' } });
    expect(bad.errors?.[0]?.extensions?.['issues']).toHaveLength(2);
    await run(documents.suspend, { as, input: { userId: ana.id } });
    expect((await act(as, ana.id)).reasons).toEqual(['NOT_ACTIVE']);
  });

  test('ends with the administrator’s role or account, with the person’s wish, and when the person becomes an administrator', async () => {
    const first = await boss('ending_boss');
    await boss('staying_boss');
    const admin = person({ roles: ['USER', 'ADMIN'] });
    const ana = await newcomer('ending_ana');
    const actingSession = async (as: Viewer) => viewerOf((await act(as, ana.id)).data.startImpersonation.tokens.accessToken).sessionId;
    const ended = async (sessionId: string | null) => (await emitted(sessionEnded)).some((event) => event.sessionId === sessionId);
    const refused = await actingSession(first.as);
    await run(documents.revoke, { as: ana.as, input: { sessionId: refused } });
    expect(await ended(refused)).toBe(true);
    const demoted = await actingSession(first.as);
    await run(documents.setRoles, { as: admin, input: { userId: first.id, roles: [] } });
    expect(await ended(demoted)).toBe(true);
    const second = await boss('suspended_boss');
    const suspended = await actingSession(second.as);
    await run(documents.suspend, { as: admin, input: { userId: second.id } });
    expect(await ended(suspended)).toBe(true);
    const third = await boss('third_boss');
    const promoted = await actingSession(third.as);
    await run(documents.setRoles, { as: admin, input: { userId: ana.id, roles: ['ADMIN'] } });
    expect(await ended(promoted)).toBe(true);
    expect(await ended(ana.as.sessionId)).toBe(false);
  });

  test('ends when the administrator shuts out whoever has their account: all of it may have been somebody else', async () => {
    const ended = async (sessionId: string | null) => (await emitted(sessionEnded)).some((event) => event.sessionId === sessionId);
    const ana = await newcomer('robbed_ana');
    const ways: Record<string, (as: Viewer) => Promise<unknown>> = {
      password: (as) => run(documents.changePassword, { as, input: { newPassword: 'another lantern by the pier' } }),
      others: (as) => run(documents.revokeOthers, { as, input: {} }),
    };
    for (const [name, shutOut] of Object.entries(ways)) {
      const admin = await boss(`robbed_by_${name}`);
      const { sessionId } = viewerOf((await act(admin.as, ana.id)).data.startImpersonation.tokens.accessToken);
      await shutOut(admin.as);
      expect([name, await ended(sessionId)]).toEqual([name, true]);
    }
    expect(await ended(ana.as.sessionId)).toBe(false);
  });
});

describe('signing keys (rule 19)', () => {
  const graph = testSubgraph(subgraph);
  const { run, emitted, advance, close } = graph;
  const { register, signIn } = people(graph);
  afterAll(close);
  beforeAll(() => graph.stopClock());
  const admin = person({ roles: ['USER', 'ADMIN'] });
  const rotate = async (emergency?: boolean) =>
    (await run(documents.rotateKey, { as: admin, input: emergency === undefined ? {} : { emergency } })).data.rotateSigningKey.signingKeys;
  const keep = async () => keyKeeper.run(await graph.context(), {});
  const statesOf = (keys: { state: string }[]) => keys.map(({ state }) => state);
  const list = async () => (await run('{ signingKeys { kid algorithm state activeFrom removeAfter } }', { as: admin })).data.signingKeys;
  const published = async () => (await run('{ signingKeySet }', { service: 'gateway' })).data.signingKeySet;
  const holds = async (token: string) =>
    jwtVerify(token, createLocalJWKSet(await published()), { algorithms: ['ES256'], currentDate: (await graph.context()).now() }).then(
      () => true,
      () => false,
    );
  const kidOf = (token: string) => decodeProtectedHeader(token).kid;

  test('are published 24 hours before they sign, sign until the next one does, and verify until their last token is over', async () => {
    await register('key_user');
    const before = (await signIn('key_user')).accessToken;
    const prepared = await rotate();
    expect(statesOf(prepared)).toEqual(expect.arrayContaining(['NEXT', 'ACTIVE']));
    expect(prepared).toHaveLength(2);
    expect(await rotate()).toEqual(prepared);
    expect((await published()).keys).toHaveLength(2);
    expect(kidOf((await signIn('key_user')).accessToken)).toBe(kidOf(before));
    advance(24 * hour - minute);
    await keep();
    const last = (await signIn('key_user')).accessToken;
    expect(kidOf(last)).toBe(kidOf(before));
    advance(minute);
    await Promise.all([keep(), keep()]);
    const after = (await signIn('key_user')).accessToken;
    const next = prepared.find(({ state }: { state: string }) => state === 'NEXT');
    expect(kidOf(after)).toBe(next.kid);
    expect([await holds(last), await holds(after)]).toEqual([true, true]);
    expect(await emitted(signingKeyRotated)).toEqual([{ kid: next.kid, emergency: false }]);
    advance(16 * minute);
    await keep();
    expect((await published()).keys).toHaveLength(2);
    advance(5 * minute);
    await keep();
    expect(statesOf(await list()).toSorted()).toEqual(['ACTIVE', 'REMOVED']);
    expect((await published()).keys).toEqual([expect.objectContaining({ kid: next.kid })]);
  });

  test('in an emergency are removed at once, with the one that waits; tokens of theirs hold no more, and sessions go on', async () => {
    await register('key_robbed');
    const { accessToken, refreshToken } = await signIn('key_robbed');
    await rotate();
    const stolen = kidOf(accessToken);
    const keys = await rotate(true);
    expect(keys.filter(({ state }: { state: string }) => state === 'ACTIVE')).toHaveLength(1);
    expect(statesOf(keys)).not.toContain('NEXT');
    expect(keys.find(({ kid }: { kid: string }) => kid === stolen).state).toBe('REMOVED');
    expect(await holds(accessToken)).toBe(false);
    const { data } = await run(documents.refresh, { as: null, input: { refreshToken } });
    expect(await holds(data.refreshSession.tokens.accessToken)).toBe(true);
    const active = keys.find(({ state }: { state: string }) => state === 'ACTIVE');
    expect(await emitted(signingKeyRotated)).toContainEqual({ kid: active.kid, emergency: true });
  });

  test('are one active and at most one next, however many rotate at once; private parts are encrypted and go with the key', async () => {
    await Promise.all([rotate(), rotate(), rotate(true), rotate(), rotate(true)]);
    await Promise.all([1, 2].map(async () => ensureSigningKey(await graph.context())));
    const states = statesOf(await list());
    expect(states.filter((state) => state === 'ACTIVE')).toHaveLength(1);
    expect(states.filter((state) => state === 'NEXT').length).toBeLessThanOrEqual(1);
    const owner = await graph.owner();
    const rows = await owner`select state, sealed_private_key, public_jwk from accounts.signing_keys`;
    for (const row of rows) {
      expect(JSON.stringify(row)).not.toContain('"d"');
      expect(row['sealed_private_key'] === '').toBe(row['state'] === 'REMOVED');
    }
  });

  test('are seen and changed by administrators alone, and each change is in the audit log', async () => {
    for (const [document, options] of [
      ['{ signingKeys { kid } }', {}],
      [documents.rotateKey, { input: {} }],
    ] as const) {
      expect((await run(document, options)).codes).toEqual(['FORBIDDEN']);
      expect((await run(document, { ...options, as: null })).codes).toEqual(['UNAUTHENTICATED']);
    }
    const events =
      '{ auditEvents(first: 100, filter: { names: ["signing_key.rotated", "signing_key.activated", "signing_key.removed"] }) { nodes { name } } }';
    const { nodes } = (await run(events, { as: admin })).data.auditEvents;
    expect(new Set(nodes.map(({ name }: { name: string }) => name))).toEqual(
      new Set(['signing_key.rotated', 'signing_key.activated', 'signing_key.removed']),
    );
    expect(outcomesOf([await run(documents.rotateKey, { as: admin, input: {} })])).toEqual(['done']);
  });

  test('sign at once where no lead is asked for', async () => {
    const quick = testSubgraph(subgraph, { settings: { signingKeyLeadSeconds: 0 } });
    const { data } = await quick.run(documents.rotateKey, { as: admin, input: {} });
    expect(statesOf(data.rotateSigningKey.signingKeys).toSorted()).toEqual(['ACTIVE', 'RETIRED']);
    await quick.close();
  });
});
