import { attemptCounters } from '@supergraph/db/accounts/tables';
import type { Viewer } from '@supergraph/platform/context';
import { person, testSubgraph } from '@supergraph/platform/testing';
import { sessionCompromised, sessionEnded } from '@supergraph/schema/events/accounts';
import { notificationRequested } from '@supergraph/schema/events/notifications';
import { subgraph } from '../index.ts';
import { passwordPath } from '../policy.ts';
import { countAttempt } from '../store/records.ts';
import { hashing } from '../service/hashing.ts';
import { refreshTokens } from '../service/refresh.ts';
import type { Context } from '../context.ts';
import { documents, outcomesOf, password, people, viewerOf } from './support.ts';

const graph = testSubgraph(subgraph);
const { run, subscribe, emitted, advance, stopClock, close } = graph;
const { signUp, register, attempt, signIn } = people(graph);
afterAll(close);
const notices = async (kind: string, userId: string) =>
  (await emitted(notificationRequested.of('accounts'))).filter((notice) => notice.kind === kind && notice.recipientIds.includes(userId));
const minute = 60_000;
const refresh = (refreshToken: string) => run(documents.refresh, { as: null, input: { refreshToken } });

describe('a flow', () => {
  test('looks the same for an unknown identifier, and its answer costs the same hash', async () => {
    await register('known');
    const start = async (identifier: string) => (await run(documents.start, { as: null, input: { identifier } })).data.startSignIn.flow;
    const [known, unknown] = [await start('known'), await start('nobody_at_all')];
    const own = { id: expect.any(String), expiresAt: expect.any(String) };
    expect(unknown).toEqual({ ...known, ...own, passkeyOptions: { ...known.passkeyOptions, challenge: expect.any(String) } });
    const timed = async (identifier: string) => {
      const begun = performance.now();
      const { codes, errors } = await attempt(identifier, 'wrong wrong wrong');
      return { codes, message: errors?.[0]?.message, took: performance.now() - begun };
    };
    const answers = [await timed('known'), await timed('nobody_at_all')];
    for (const answer of answers) expect(answer).toMatchObject({ codes: ['UNAUTHENTICATED'], message: 'wrong credentials' });
    expect(Math.min(...answers.map(({ took }) => took))).toBeGreaterThan(5);
  });

  test('gives its tokens once, also when two right answers race', async () => {
    await register('twice');
    const { data } = await run(documents.start, { as: null, input: { identifier: 'twice' } });
    const flowId = data.startSignIn.flow.id;
    const answers = await Promise.all([1, 2].map(() => run(documents.proceed, { as: null, input: { flowId, password } })));
    expect(outcomesOf(answers)).toEqual(['NOT_FOUND', 'done']);
    const { data: read } = await run('query ($id: ID!) { signInFlow(id: $id) { status nextSteps tokens { accessToken } } }', {
      as: null,
      variables: { id: flowId },
    });
    expect(read.signInFlow).toEqual({ status: 'COMPLETED', nextSteps: [], tokens: null });
  });

  test('ends after 10 minutes', async () => {
    const { data } = await run(documents.start, { as: null, input: { identifier: 'twice' } });
    advance(10 * minute + 1);
    const { id } = data.startSignIn.flow;
    expect((await run(documents.proceed, { as: null, input: { flowId: id, password } })).codes).toEqual(['NOT_FOUND']);
    expect(
      (await run('query ($id: ID!) { signInFlow(id: $id) { status nextSteps } }', { as: null, variables: { id } })).data.signInFlow,
    ).toEqual({ status: 'EXPIRED', nextSteps: [] });
    expect((await run('{ signInFlow(id: "nonsense") { id } }', { as: null })).data.signInFlow).toBeNull();
  });

  test('wants exactly one proof of a kind that it takes, a known client and a readable identifier', async () => {
    const { data } = await run(documents.start, { as: null, input: { identifier: 'twice' } });
    expect((await run(documents.proceed, { as: null, input: { flowId: data.startSignIn.flow.id } })).codes).toEqual(['BAD_USER_INPUT']);
    const both = { flowId: data.startSignIn.flow.id, password, totpCode: '123456' };
    const { errors } = await run(documents.proceed, { as: null, input: both });
    expect(errors?.[0]?.extensions?.['issues']).toMatchObject([{ path: 'password' }, { path: 'totpCode' }]);
    const tooEarly = { flowId: both.flowId, totpCode: '123456' };
    expect((await run(documents.proceed, { as: null, input: tooEarly })).codes).toEqual(['BAD_USER_INPUT']);
    expect((await run(documents.start, { as: null, input: { identifier: 'twi\u0000ce' } })).codes).toEqual(['BAD_USER_INPUT']);
    expect((await signUp('nul_key', { idempotencyKey: '\u0000' })).codes).toEqual(['BAD_USER_INPUT']);
    expect((await run(documents.start, { as: null, input: { identifier: 'twice', clientId: 'unknown' } })).codes).toEqual(['NOT_FOUND']);
  });

  test('ten wrong passwords in a row close the password path for a minute, then for two, and never for good', async () => {
    advance(11 * minute);
    await register('locked');
    const wrong = async (times: number) => {
      for (let n = 0; n < times; n += 1) expect((await attempt('locked', 'wrong wrong wrong')).codes).toEqual(['UNAUTHENTICATED']);
    };
    await wrong(10);
    const closed = await attempt('locked');
    expect([closed.codes, closed.errors?.[0]?.message]).toEqual([['UNAUTHENTICATED'], 'wrong credentials']);
    advance(minute + 1);
    await wrong(1);
    advance(minute + 1);
    expect((await attempt('locked')).codes).toEqual(['UNAUTHENTICATED']);
    advance(minute);
    expect((await attempt('locked')).codes).toEqual([]);
    await wrong(9);
    expect((await attempt('locked')).codes).toEqual([]);
  });

  test('attempts are counted before they are checked: of many at once no eleventh gets through', async () => {
    advance(11 * minute);
    await register('stormed');
    await Promise.all(Array.from({ length: 12 }, () => attempt('stormed', 'wrong wrong wrong')));
    const owner = await graph.owner();
    const [row] = await owner`select failures from accounts.attempt_counters where key like 'account:%' order by updated_at desc limit 1`;
    expect(row?.['failures']).toBe(10);
    expect((await attempt('stormed')).codes).toEqual(['UNAUTHENTICATED']);
  });

  test('fifty failures of a source network in 10 minutes are RATE_LIMITED, for unknown identifiers too', async () => {
    advance(11 * minute);
    await register('neighbor');
    for (let n = 0; n < 10; n += 1) await Promise.all(Array.from({ length: 5 }, (_, m) => attempt(`nobody${n}${m}`, 'wrong wrong wrong')));
    const refused = await attempt('neighbor');
    expect(refused.codes).toEqual(['RATE_LIMITED']);
    expect(refused.errors?.[0]?.extensions?.['retryAfterSeconds']).toBeGreaterThan(500);
    advance(10 * minute);
    expect((await attempt('neighbor')).codes).toEqual([]);
  });

  test('a success forgets the failures of its account, not those of its network', async () => {
    advance(11 * minute);
    await register('honest');
    const fail = (round: number) =>
      Promise.all(Array.from({ length: 8 }, (_, n) => attempt(n === 0 ? 'honest' : `nobody_here_${round}_${n}`, 'wrong wrong wrong')));
    for (let round = 0; round < 6; round += 1) await fail(round);
    expect((await attempt('honest')).codes).toEqual([]);
    const owner = await graph.owner();
    const count = async (prefix: string) =>
      (
        await owner`select failures from accounts.attempt_counters where key like ${`${prefix}:%`} and updated_at = (select max(updated_at) from accounts.attempt_counters where key like ${`${prefix}:%`})`
      )[0]?.['failures'];
    expect(await count('network')).toBe(48);
    // Two more may be wrong; what comes after them is not looked at, right or wrong.
    for (const codes of [['UNAUTHENTICATED'], ['UNAUTHENTICATED'], ['RATE_LIMITED']])
      expect((await attempt('honest', 'wrong wrong wrong')).codes).toEqual(codes);
    expect((await attempt('honest')).codes).toEqual(['RATE_LIMITED']);
    advance(11 * minute);
  });

  test('whoever is signed in gets their tokens, also when their attempt cannot be taken back', async () => {
    await register('settled');
    const owner = await graph.owner();
    await owner`create function accounts.refuse_less() returns trigger language plpgsql as $$ begin raise exception 'not today'; end $$`;
    await owner`create trigger refuse_less before update on accounts.attempt_counters for each row when (new.failures < old.failures and new.window_started_at = old.window_started_at) execute function accounts.refuse_less()`;
    try {
      const begun = await run(documents.start, { as: null, input: { identifier: 'settled' } });
      const { data } = await run(documents.proceed, { as: null, input: { flowId: begun.data.startSignIn.flow.id, password } });
      expect(data.continueSignIn.flow.tokens.refreshToken).toEqual(expect.any(String));
    } finally {
      await owner`drop function accounts.refuse_less() cascade`;
    }
  });

  test('nothing is counted of an attempt that is not let in', async () => {
    await register('patient');
    const owner = await graph.owner();
    const counters = () => owner`select key, failures from accounts.attempt_counters order by key`;
    const begun = await run(documents.start, { as: null, input: { identifier: 'patient' } });
    const proceed = () => run(documents.proceed, { as: null, input: { flowId: begun.data.startSignIn.flow.id, password } });
    const earlier = await counters();
    const held = Promise.withResolvers<void>();
    const others = Array.from({ length: hashing.mostAdmitted }, () => hashing.admit(() => held.promise));
    expect((await proceed()).errors?.[0]?.extensions).toMatchObject({ code: 'RATE_LIMITED', reason: 'PASSWORDS_BUSY' });
    expect(await counters()).toEqual(earlier);
    held.resolve();
    await Promise.all(others);
    expect((await proceed()).codes).toEqual([]);
  });

  test('a password is counted in the form in which it compares, whatever keyboard wrote it', async () => {
    // As many characters as may be; keyboards that write accents apart send more.
    const words = 'é quiet hérons wadé béyond thé pale shore ';
    const chosen = words.repeat(7).slice(0, 256);
    const apart = chosen.normalize('NFD');
    expect([chosen.length, apart.length > 256]).toEqual([256, true]);
    await register('accented', { password: apart });
    expect((await attempt('accented', apart)).codes).toEqual([]);
    expect((await attempt('accented', chosen)).codes).toEqual([]);
    expect((await attempt('accented', `${chosen}x`)).codes).toEqual(['BAD_USER_INPUT']);
  });

  test('a sign-in from a new device tells the person, the first one does not', async () => {
    const { id } = await register('traveler');
    await signIn('traveler');
    await signIn('traveler');
    expect(await notices('NEW_DEVICE', id)).toHaveLength(0);
    const owner = await graph.owner();
    await owner`update accounts.sessions set browser = 'Safari' where user_id = ${id}`;
    await signIn('traveler');
    expect(await notices('NEW_DEVICE', id)).toHaveLength(1);
  });

  test('a hash of an older cost is made anew at the next sign-in', async () => {
    const { id } = await register('ancient');
    const { hash } = await import('@node-rs/argon2');
    const owner = await graph.owner();
    await owner`update accounts.passwords set hash = ${await hash(password, { memoryCost: 8_192, timeCost: 1, parallelism: 1 })} where user_id = ${id}`;
    await signIn('ancient');
    const [row] = await owner`select hash from accounts.passwords where user_id = ${id}`;
    expect(row?.['hash']).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect((await attempt('ancient')).codes).toEqual([]);
  });

  test('a hash of the cost that is set, or of a dearer one, stays', async () => {
    const { id } = await register('prudent');
    const { hash } = await import('@node-rs/argon2');
    const owner = await graph.owner();
    const dear = await hash(password, { memoryCost: 20_480, timeCost: 2, parallelism: 1 });
    await owner`update accounts.passwords set hash = ${dear} where user_id = ${id}`;
    await signIn('prudent');
    expect(await owner`select hash from accounts.passwords where user_id = ${id}`).toEqual([{ hash: dear }]);
  });
});

describe('a refresh token', () => {
  test('is used up; shown again within 10 seconds, also in parallel, it gives the same successor', async () => {
    await register('lost_answer');
    const { refreshToken } = await signIn('lost_answer');
    stopClock();
    const answers = await Promise.all([1, 2, 3].map(() => refresh(refreshToken)));
    const successors = new Set(answers.map(({ data }) => data?.refreshSession.tokens.refreshToken));
    expect(successors.size).toBe(1);
    advance(10_000);
    expect(successors).toContain((await refresh(refreshToken)).data.refreshSession.tokens.refreshToken);
    expect((await refresh([...successors][0])).codes).toEqual([]);
  });

  test('shown again when its successor was used ends the family and the session, even within 10 seconds', async () => {
    const { id } = await register('robbed');
    const { refreshToken, as } = await signIn('robbed');
    const successor = (await refresh(refreshToken)).data.refreshSession.tokens.refreshToken;
    const latest = (await refresh(successor)).data.refreshSession.tokens.refreshToken;
    expect(await refresh(refreshToken)).toMatchObject({ codes: ['UNAUTHENTICATED'], reasons: ['INVALID_GRANT'] });
    expect((await refresh(latest)).reasons).toEqual(['INVALID_GRANT']);
    expect((await emitted(sessionCompromised)).filter(({ userId }) => userId === id)).toHaveLength(1);
    expect(await emitted(sessionEnded)).toContainEqual({
      userId: id,
      sessionId: as.sessionId,
      clientId: 'first-party',
      reason: 'COMPROMISED',
    });
    expect(await notices('SESSION_COMPROMISED', id)).toHaveLength(1);
    await refresh(refreshToken);
    expect((await emitted(sessionCompromised)).filter(({ userId }) => userId === id)).toHaveLength(1);
  });

  test('is bound to its client, and never gives a wider scope', async () => {
    await register('bound');
    const { refreshToken } = await signIn('bound');
    const ctx = (await graph.context()) as unknown as Context;
    await expect(refreshTokens(ctx, { refreshToken, clientId: 'other' })).rejects.toMatchObject({
      extensions: { reason: 'INVALID_GRANT' },
    });
    await expect(refreshTokens(ctx, { refreshToken, clientId: 'first-party', scope: 'app admin' })).rejects.toMatchObject({
      extensions: { reason: 'INVALID_SCOPE' },
    });
    expect(await refreshTokens(ctx, { refreshToken, clientId: 'first-party', scope: 'app' })).toMatchObject({ scope: 'app' });
  });

  test('ends after 30 idle days, and with its session after 180 days in all', async () => {
    await register('idle');
    const { refreshToken } = await signIn('idle');
    advance(30 * 24 * 60 * minute + 1_000);
    expect((await refresh(refreshToken)).reasons).toEqual(['INVALID_GRANT']);
    let { refreshToken: current } = await signIn('idle');
    for (let n = 0; n < 7; n += 1) {
      advance(25 * 24 * 60 * minute);
      current = (await refresh(current)).data.refreshSession.tokens.refreshToken;
    }
    advance(5 * 24 * 60 * minute + 1_000);
    expect((await refresh(current)).reasons).toEqual(['INVALID_GRANT']);
    expect((await refresh('')).codes).toEqual(['BAD_USER_INPUT']);
    const { workers } = await import('../workers.ts');
    await workers.find(({ name }) => name === 'sweep-leftovers')?.run(await graph.context(), {} as never);
    expect((await emitted(sessionEnded)).filter(({ reason }) => reason === 'EXPIRED').length).toBeGreaterThan(0);
  });
});

describe('sessions', () => {
  test('end by signing out and by revocation; those of others are not found', async () => {
    await register('owner');
    const [here, there, elsewhere] = [await signIn('owner'), await signIn('owner'), await signIn('owner')];
    expect((await run(documents.revoke, { as: person(), input: { sessionId: there.as.sessionId } })).codes).toEqual(['NOT_FOUND']);
    expect((await run(documents.revoke, { as: here.as, input: { sessionId: 'x' } })).codes).toEqual(['BAD_USER_INPUT']);
    expect((await run(documents.revoke, { as: here.as, input: { sessionId: there.as.sessionId } })).data.revokeSession.endedSessionId).toBe(
      there.as.sessionId,
    );
    expect((await run(documents.revoke, { as: here.as, input: { sessionId: there.as.sessionId } })).codes).toEqual(['NOT_FOUND']);
    expect((await refresh(there.refreshToken)).reasons).toEqual(['INVALID_GRANT']);
    expect((await run(documents.revokeOthers, { as: here.as, input: {} })).data.revokeOtherSessions.endedCount).toBe(1);
    expect((await refresh(elsewhere.refreshToken)).reasons).toEqual(['INVALID_GRANT']);
    expect((await refresh(here.refreshToken)).codes).toEqual([]);
    await run(documents.revoke, { as: here.as, input: { sessionId: here.as.sessionId } });
    expect(await emitted(sessionEnded)).toContainEqual(expect.objectContaining({ sessionId: here.as.sessionId, reason: 'SIGNED_OUT' }));
    expect((await run(documents.revoke, { as: null, input: { sessionId: here.as.sessionId } })).codes).toEqual(['UNAUTHENTICATED']);
    expect((await run(documents.revokeOthers, { as: person({ scopes: [] }), input: {} })).codes).toEqual(['FORBIDDEN']);
  });

  test('whoever subscribes from a session that is over hears so at once; a token without session may not', async () => {
    await register('listener');
    const { as } = await signIn('listener');
    await run(documents.revoke, { as, input: { sessionId: as.sessionId } });
    const events = await subscribe('subscription { sessionEnded { sessionId reason } }', { as });
    expect((await events.next()).value).toMatchObject({ data: { sessionEnded: { sessionId: as.sessionId, reason: 'SIGNED_OUT' } } });
    const withoutSession = subscribe('subscription { sessionEnded { sessionId } }', { as: person({ sessionId: null }) });
    await expect(withoutSession).rejects.toThrow('FORBIDDEN');
  });

  test('are listed in pages, newest first, to the person alone', async () => {
    const { id } = await register('paged');
    const all = [await signIn('paged'), await signIn('paged'), await signIn('paged')].map(({ as }) => as);
    const document =
      'query ($id: ID!, $after: String) { user(id: $id) { sessions(first: 2, after: $after) { nodes { id } totalCount pageInfo { hasNextPage endCursor } } } }';
    const first = (await run(document, { as: all[0] as any, variables: { id } })).data.user.sessions;
    expect(first).toMatchObject({
      nodes: [{ id: all[2]?.sessionId }, { id: all[1]?.sessionId }],
      totalCount: 3,
      pageInfo: { hasNextPage: true },
    });
    const second = (await run(document, { as: all[0] as any, variables: { id, after: first.pageInfo.endCursor } })).data.user.sessions;
    expect(second).toMatchObject({ nodes: [{ id: all[0]?.sessionId }], pageInfo: { hasNextPage: false } });
    expect((await run(document, { as: person(), variables: { id } })).data.user.sessions).toBeNull();
    const reference =
      'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Session { id current } } }';
    const variables = { representations: [{ __typename: 'Session', id: all[0]?.sessionId }] };
    expect((await run(reference, { as: all[0] as any, variables })).data._entities).toEqual([{ id: all[0]?.sessionId, current: true }]);
    expect((await run(reference, { as: person(), variables })).data._entities).toEqual([null]);
  });
});

describe('step-up', () => {
  test('a delicate change wants a proof of the last 10 minutes; a STEP_UP flow gives a fresh access token of the same session', async () => {
    const { id } = await register('delicate');
    const other = await signIn('delicate');
    const { as } = await signIn('delicate');
    const input = { newPassword: 'another lantern by the pier' };
    advance(10 * minute + 2_000);
    expect(await run(documents.changePassword, { as, input })).toMatchObject({ codes: ['UNAUTHENTICATED'], reasons: ['STEP_UP_REQUIRED'] });
    const { data } = await run(documents.start, { as, input: { purpose: 'STEP_UP' } });
    const proof = { flowId: data.startSignIn.flow.id, password };
    expect((await run(documents.proceed, { as: other.as, input: proof })).codes).toEqual(['NOT_FOUND']);
    const { data: done } = await run(documents.proceed, { as, input: proof });
    const { accessToken, refreshToken } = done.continueSignIn.flow.tokens;
    const fresh = viewerOf(accessToken);
    expect([fresh.sessionId, refreshToken]).toEqual([as.sessionId, null]);
    expect((await run(documents.changePassword, { as: fresh, input: { newPassword: 'delicate12' } })).codes).toEqual(['BAD_USER_INPUT']);
    expect((await run(documents.changePassword, { as: fresh, input })).codes).toEqual([]);
    expect((await refresh(other.refreshToken)).reasons).toEqual(['INVALID_GRANT']);
    const ends = (await emitted(sessionEnded)).filter(({ userId }) => userId === id);
    expect(ends).toEqual([{ userId: id, sessionId: other.as.sessionId, clientId: 'first-party', reason: 'PASSWORD_CHANGED' }]);
    expect(await notices('CREDENTIAL_CHANGED', id)).toHaveLength(1);
    expect((await attempt('delicate')).codes).toEqual(['UNAUTHENTICATED']);
    expect((await attempt('delicate', input.newPassword)).codes).toEqual([]);
  });

  test.each([
    ['changeEmail', { email: 'elsewhere@example.org' }],
    ['changePassword', { newPassword: 'another lantern by the pier' }],
    ['startTotpEnrollment', {}],
    ['startPasskeyRegistration', {}],
    ['generateRecoveryCodes', {}],
    ['removeCredential', { credentialId: person().userId }],
    ['startExternalLink', { provider: 'partner' }],
    ['unlinkExternalIdentity', { externalIdentityId: person().userId }],
    ['createAccessToken', { name: 'CI', scopes: ['accounts:read'] }],
    ['createOAuthClient', { name: 'Shop', type: 'PUBLIC', redirectUris: [], scopes: ['accounts:read'] }],
    ['updateOAuthClient', { clientId: 'shop', version: 1 }],
    ['rotateClientSecret', { clientId: 'shop' }],
    ['scheduleAccountDeletion', {}],
    ['cancelAccountDeletion', {}],
    ['requestDataExport', {}],
  ])('is asked for by %s: of the last 10 minutes, in a session of one’s own (rule 16)', async (name, input) => {
    const handle = name.toLowerCase().slice(0, 30);
    await register(handle);
    const { as } = await signIn(handle);
    const document = `mutation ($input: ${name.charAt(0).toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { __typename } }`;
    const isAsked = async (who: Viewer) => (await run(document, { as: who, input })).reasons.includes('STEP_UP_REQUIRED');
    expect(await isAsked({ ...as, authTime: as.authTime - 601 })).toBe(true);
    // Neither an access token nor an acting administrator gets anywhere, however fresh the proof is.
    expect(await isAsked({ ...as, sessionId: null })).toBe(true);
    expect(await isAsked({ ...as, actorId: person().userId })).toBe(true);
    expect(await isAsked(as)).toBe(false);
  });

  test('is impossible for access tokens, acting administrators and guests', async () => {
    const input = { purpose: 'STEP_UP' };
    expect((await run(documents.start, { as: person({ sessionId: null }), input })).codes).toEqual(['FORBIDDEN']);
    expect((await run(documents.start, { as: person({ actorId: person().userId }), input })).codes).toEqual(['FORBIDDEN']);
    expect((await run(documents.start, { as: null, input })).codes).toEqual(['UNAUTHENTICATED']);
    expect(
      (
        await run(documents.changePassword, {
          as: person({ actorId: person().userId }),
          input: { newPassword: 'another lantern by the pier' },
        })
      ).reasons,
    ).toEqual(['STEP_UP_REQUIRED']);
    expect((await run(documents.changePassword, { as: null, input: { newPassword: 'x' } })).codes).toEqual(['UNAUTHENTICATED']);
  });
});

test('a path closes with the tenth attempt for 1 minute, then for longer with each more, to 15', async () => {
  const { db } = await graph.context();
  let now = new Date();
  const minutes: number[] = [];
  for (let attempts = 1; attempts <= 16; attempts += 1) {
    const counted = await countAttempt(db, 'account:anybody', now, passwordPath);
    expect(counted?.failures).toBe(attempts);
    const closedUntil = counted?.closedUntil ?? now;
    minutes.push((closedUntil.getTime() - now.getTime()) / 60_000);
    if (closedUntil > now) expect(await countAttempt(db, 'account:anybody', new Date(closedUntil.getTime() - 1), passwordPath)).toBeNull();
    now = closedUntil;
  }
  expect(minutes).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 15, 15, 15]);
});

test('a hundred guesses at once count as a hundred', async () => {
  const crowd = testSubgraph(subgraph);
  try {
    const own = people(crowd);
    await own.register('crowded');
    const answers = await Promise.all(Array.from({ length: 100 }, () => own.attempt('crowded', 'wrong wrong wrong')));
    // Ten are looked at, then the path closes; of a network fifty are answered at all.
    expect(outcomesOf(answers)).toEqual([
      ...Array.from({ length: 50 }, () => 'RATE_LIMITED'),
      ...Array.from({ length: 50 }, () => 'UNAUTHENTICATED'),
    ]);
    const { db } = await crowd.context();
    const counters = await db.select().from(attemptCounters);
    const failures = (prefix: string) => counters.filter(({ key }) => key.startsWith(prefix)).map((counter) => counter.failures);
    expect(failures('network:')).toEqual([100]);
    expect(failures('account:')).toEqual([10]);
    expect((await own.attempt('crowded')).codes).toEqual(['RATE_LIMITED']);
  } finally {
    await crowd.close();
  }
});
