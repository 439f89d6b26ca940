import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { person, testSubgraph } from '@supergraph/platform/testing';
import { sessionCompromised, sessionEnded, sessionStarted, userRegistered } from '@supergraph/schema/events/accounts';
import { notificationRequested } from '@supergraph/schema/events/notifications';
import { subgraph } from '../index.ts';
import { documents, password, people, viewerOf } from './support.ts';

const graph = testSubgraph(subgraph);
const { run, subscribe, emitted, advance, stopClock, close, settings } = graph;
const { mailsTo, latestToken, signUp, register, attempt, signIn } = people(graph);
afterAll(close);

const email = 'ana@example.org';
const ana = { email, password, displayName: 'Ana', handle: 'ana', locale: 'pt-pt', timeZone: 'Europe/Lisbon' };

test('the walk: from signing up to thinking again', async () => {
  const asked = await run(documents.signUp, { as: null, input: ana });
  expect(asked).toMatchObject({ data: { signUp: { emailSentTo: email } }, codes: [] });
  const token = await latestToken(email);
  expect((await mailsTo(email))[0]?.text).toContain(`${settings.publicUrl}/verify-email?token=${token}`);
  const { data: verified } = await run(documents.verify, { as: null, input: { token } });
  const userId = verified.verifyEmail.user.id as string;
  expect(await emitted(userRegistered)).toContainEqual({
    userId,
    kind: 'PERSON',
    handle: 'ana',
    displayName: 'Ana',
    email,
    locale: 'pt-PT',
    timeZone: 'Europe/Lisbon',
    version: 1,
  });

  const again = await run(documents.signUp, { as: null, input: { ...ana, handle: 'ana_again' } });
  expect(again).toEqual(asked);
  expect((await mailsTo(email)).at(-1)?.subject).toBe('You already have an account');

  const { data: signedIn } = await attempt(email);
  expect(signedIn.continueSignIn.flow).toMatchObject({
    status: 'COMPLETED',
    nextSteps: [],
    tokens: { tokenType: 'Bearer', expiresIn: 600, scope: 'app' },
  });
  const first = signedIn.continueSignIn.flow.tokens;
  const as = viewerOf(first.accessToken);
  const { data } = await run(documents.viewer, { as });
  expect(data.viewer).toMatchObject({
    id: userId,
    handle: 'ana',
    email,
    roles: ['USER'],
    locale: 'pt-PT',
    mfaEnabled: false,
    status: 'ACTIVE',
    credentials: [{ label: 'Password' }],
  });
  expect(data.viewer.sessions).toMatchObject({
    totalCount: 1,
    nodes: [
      { id: as.sessionId, current: true, methods: ['PASSWORD'], device: { name: 'Firefox on Linux', os: 'Linux', browser: 'Firefox' } },
    ],
  });
  expect(await emitted(sessionStarted)).toContainEqual({ userId, sessionId: as.sessionId, clientId: 'first-party', reason: null });

  const second = await signIn('ANA');
  const { data: rotated } = await run(documents.refresh, { as: null, input: { refreshToken: second.refreshToken } });
  const newest = rotated.refreshSession.tokens.refreshToken;
  advance(30_000);
  expect(await run(documents.refresh, { as: null, input: { refreshToken: second.refreshToken } })).toMatchObject({
    codes: ['UNAUTHENTICATED'],
    reasons: ['INVALID_GRANT'],
  });
  expect((await run(documents.refresh, { as: null, input: { refreshToken: newest } })).reasons).toEqual(['INVALID_GRANT']);
  expect(await emitted(sessionCompromised)).toHaveLength(1);
  expect(await emitted(notificationRequested.of('accounts'))).toContainEqual(
    expect.objectContaining({ kind: 'SESSION_COMPROMISED', recipientIds: [userId] }),
  );
  expect((await run(documents.refresh, { as: null, input: { refreshToken: first.refreshToken } })).codes).toEqual([]);

  const admin = person({ roles: ['USER', 'ADMIN'] });
  const ends = await subscribe('subscription { sessionEnded { sessionId reason at } }', { as });
  expect((await run(documents.suspend, { as: admin, input: { userId, reason: 'spam' } })).data.suspendUser.user.status).toBe('SUSPENDED');
  expect((await ends.next()).value).toMatchObject({ data: { sessionEnded: { sessionId: as.sessionId, reason: 'SUSPENDED' } } });
  expect((await ends.next()).done).toBe(true);
  expect((await attempt(email)).codes).toEqual(['UNAUTHENTICATED']);
  expect((await emitted(sessionEnded)).filter((event) => event.reason === 'SUSPENDED')).toHaveLength(1);

  await run(documents.reinstate, { as: admin, input: { userId } });
  const third = await signIn(email);
  expect((await run(documents.scheduleDeletion, { as: third.as, input: {} })).data.scheduleAccountDeletion.user.status).toBe(
    'DELETION_SCHEDULED',
  );
  const fourth = await signIn(email);
  expect((await run(documents.cancelDeletion, { as: fourth.as, input: {} })).data.cancelAccountDeletion.user.status).toBe('ACTIVE');
});

test('an access token is an at+jwt of ES256 that the published keys verify, with the claims of the page', async () => {
  stopClock();
  await register('token_reader');
  const { accessToken } = await signIn('token_reader');
  const { data } = await run('{ signingKeySet }', { service: 'gateway' });
  expect(JSON.stringify(data.signingKeySet)).not.toContain('"d"');
  const keys = createLocalJWKSet(data.signingKeySet);
  const { payload } = await jwtVerify(accessToken, keys, {
    algorithms: ['ES256'],
    typ: 'at+jwt',
    issuer: settings.publicUrl,
    audience: `${settings.publicUrl}/graphql`,
    currentDate: (await graph.context()).now(),
  });
  expect(decodeProtectedHeader(accessToken)).toMatchObject({ alg: 'ES256', typ: 'at+jwt', kid: data.signingKeySet.keys[0].kid });
  expect(payload).toMatchObject({ client_id: 'first-party', scope: 'app', roles: ['USER'], acr: 'aal1', amr: ['pwd'], kind: 'PERSON' });
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(600);
  expect(payload['auth_time']).toBe(payload.iat);
  expect(payload.jti).toBeTruthy();
});

test('an ID token tells the client who signed in; it is for the client and not for the graph', async () => {
  stopClock();
  const { id } = await register('id_reader');
  const { data: begun } = await run(documents.start, { as: null, input: { identifier: 'id_reader' } });
  const finish = 'mutation ($input: ContinueSignInInput!) { continueSignIn(input: $input) { flow { tokens { accessToken idToken } } } }';
  const { data } = await run(finish, { as: null, input: { flowId: begun.startSignIn.flow.id, password } });
  const { accessToken, idToken } = data.continueSignIn.flow.tokens;
  const { data: published } = await run('{ signingKeySet }', { service: 'gateway' });
  const { payload } = await jwtVerify(idToken, createLocalJWKSet(published.signingKeySet), {
    algorithms: ['ES256'],
    typ: 'JWT',
    issuer: settings.publicUrl,
    audience: 'first-party',
    currentDate: (await graph.context()).now(),
  });
  const { sid, auth_time, iat, exp } = decodeJwt(accessToken);
  expect(payload).toEqual({ iss: settings.publicUrl, aud: 'first-party', sub: id, sid, acr: 'aal1', amr: ['pwd'], auth_time, iat, exp });
});

test('a client may not ask for what is internal', async () => {
  expect((await run('{ signingKeySet }')).codes).toEqual(['FORBIDDEN']);
  expect((await run('{ endedSessions(since: "2026-01-01T00:00:00.000Z") }')).codes).toEqual(['FORBIDDEN']);
});

test('other domains get summaries of accounts and sessions that ended', async () => {
  const { id } = await register('summed_up');
  const { as } = await signIn('summed_up');
  const since = new Date((await graph.context()).now().getTime() - 1_000);
  await run(documents.revoke, { as, input: { sessionId: as.sessionId } });
  const document =
    'query ($ids: [ID!]!, $email: EmailAddress!, $since: DateTime!) { userSummaries(ids: $ids) { id email handle status } userByEmail(email: $email) { id } endedSessions(since: $since) }';
  const variables = { ids: [id, person().userId], email: 'Summed_Up@example.org', since: since.toISOString() };
  const { data } = await run(document, { service: 'organizations', variables });
  expect(data).toMatchObject({
    userSummaries: [{ id, email: 'summed_up@example.org', handle: 'summed_up', status: 'ACTIVE' }],
    userByEmail: { id },
  });
  expect(data.endedSessions).toContain(as.sessionId);
});

test('secrets enter neither events nor audit rows nor the mail queue', async () => {
  await register('careful');
  const { refreshToken, accessToken } = await signIn('careful');
  await signUp('careful', { handle: 'careful2' });
  const owner = await graph.owner();
  const rows =
    await owner`select row_to_json(a)::text as text from accounts.audit_events a union all select row_to_json(m)::text from accounts.mail_queue m`;
  const everything = JSON.stringify([await emitted(), rows]);
  for (const secret of [password, refreshToken, accessToken, await latestToken('careful@example.org')])
    expect(everything).not.toContain(secret);
  expect(await owner`select 1 from accounts.mail_queue where sealed is not null`).toHaveLength(0);
});
