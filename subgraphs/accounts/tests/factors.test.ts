import { testSubgraph } from '@supergraph/platform/testing';
import { credentialAdded } from '@supergraph/schema/events/accounts';
import { notificationRequested } from '@supergraph/schema/events/notifications';
import { subgraph } from '../index.ts';
import { codeAt, factors } from './factor-support.ts';
import { documents, outcomesOf, password, people, viewerOf } from './support.ts';

const graph = testSubgraph(subgraph);
const { run, emitted, advance, close } = graph;
const { signIn } = people(graph);
const { now, start, proceed, half, newcomer, enroll, stepUp } = factors(graph);
afterAll(close);
beforeAll(() => graph.stopClock());

const step = 30_000;
const minute = 60_000;
const noticesOf = async (userId: string) =>
  (await emitted(notificationRequested.of('accounts')))
    .filter(({ kind, recipientIds }) => kind === 'CREDENTIAL_CHANGED' && recipientIds.includes(userId))
    .map(({ data }) => `${data['credential']} ${data['change']}`);

test('RFC 6238 holds for the codes of these tests', () => {
  expect(codeAt('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ', new Date(59_000))).toBe('287082');
});

describe('an authenticator app (rule 8)', () => {
  test('is enrolled by step-up, confirmed by its first code, and asked for from then on', async () => {
    const { id, as } = await newcomer('totp_ana');
    const stale = { ...as, authTime: as.authTime - 601 };
    expect((await run(documents.startTotp, { as: stale, input: {} })).reasons).toEqual(['STEP_UP_REQUIRED']);
    const { secret, otpauthUri, confirmed } = await enroll(as, 'Phone');
    expect(Object.fromEntries(new URL(otpauthUri).searchParams)).toMatchObject({
      secret,
      issuer: 'Supergraph',
      algorithm: 'SHA1',
      digits: '6',
      period: '30',
    });
    expect(confirmed.data.confirmTotpEnrollment).toMatchObject({ credential: { label: 'Phone' }, user: { mfaEnabled: true } });
    expect(await emitted(credentialAdded)).toContainEqual({ userId: id, kind: 'TOTP' });
    expect(await noticesOf(id)).toEqual(['TOTP ADDED']);
    const flow = await half('totp_ana');
    expect(flow).toMatchObject({ status: 'SECOND_FACTOR', nextSteps: ['TOTP'], tokens: null, passkeyOptions: null });
    advance(step);
    const { data } = await proceed(flow.id, { totpCode: codeAt(secret, await now()) });
    expect(data.continueSignIn.flow).toMatchObject({ status: 'COMPLETED', nextSteps: [] });
    expect(viewerOf(data.continueSignIn.flow.tokens.accessToken)).toMatchObject({ acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] });
  });

  test('each time step is accepted once per account: at enrollment, in flows one after the other, and in flows at once', async () => {
    const { as } = await newcomer('totp_once');
    const { secret } = await enroll(as);
    const used = codeAt(secret, await now());
    expect((await proceed((await half('totp_once')).id, { totpCode: used })).codes).toEqual(['UNAUTHENTICATED']);
    advance(step);
    const code = codeAt(secret, await now());
    const flows = [await half('totp_once'), await half('totp_once'), await half('totp_once')];
    const answers = await Promise.all(flows.map(({ id }) => proceed(id, { totpCode: code })));
    expect(outcomesOf(answers)).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED', 'done']);
    expect((await proceed((await half('totp_once')).id, { totpCode: code })).codes).toEqual(['UNAUTHENTICATED']);
  });

  test('a clock may be off by one step, not by two', async () => {
    const { as } = await newcomer('totp_drift');
    const { secret } = await enroll(as);
    advance(10 * step);
    const { id } = await half('totp_drift');
    for (const steps of [-2, 2])
      expect((await proceed(id, { totpCode: codeAt(secret, await now(), steps) })).codes).toEqual(['UNAUTHENTICATED']);
    expect((await proceed(id, { totpCode: codeAt(secret, await now(), -1) })).codes).toEqual([]);
    expect((await proceed((await half('totp_drift')).id, { totpCode: codeAt(secret, await now(), 1) })).codes).toEqual([]);
  });

  test('its enrollment is good for 10 minutes, once, in its session; the first code must be right', async () => {
    const { as } = await newcomer('totp_late');
    const other = (await signIn('totp_late')).as;
    const { data } = await run(documents.startTotp, { as, input: {} });
    const { enrollmentId, secret } = data.startTotpEnrollment;
    const input = async () => ({ enrollmentId, code: codeAt(secret, await now()) });
    expect((await run(documents.confirmTotp, { as: other, input: await input() })).codes).toEqual(['NOT_FOUND']);
    expect((await run(documents.confirmTotp, { as, input: { enrollmentId, code: codeAt(secret, await now(), 5) } })).codes).toEqual([
      'UNAUTHENTICATED',
    ]);
    expect(
      (await run(documents.confirmTotp, { as, input: { enrollmentId: 'x', code: '12' } })).errors?.[0]?.extensions?.['issues'],
    ).toHaveLength(2);
    advance(10 * minute + 1);
    expect((await run(documents.confirmTotp, { as, input: await input() })).codes).toEqual(['NOT_FOUND']);
    expect((await run(documents.credentials, { as })).data.viewer).toMatchObject({
      mfaEnabled: false,
      credentials: [{ label: 'Password' }],
    });
  });

  test('its secret is encrypted at rest and belongs to its account alone; there are at most three', async () => {
    const { id, as } = await newcomer('totp_three');
    const apps = [];
    for (let n = 0; n < 3; n += 1) {
      advance(step);
      apps.push(await enroll({ ...as, acr: 'aal2', authTime: Math.floor((await now()).getTime() / 1_000) }));
    }
    const owner = await graph.owner();
    const rows = await owner`select row_to_json(t)::text as text from accounts.totp_credentials t where user_id = ${id}`;
    expect(rows).toHaveLength(3);
    for (const { secret } of apps) expect(JSON.stringify(rows)).not.toContain(secret);
    const input = {};
    expect((await run(documents.startTotp, { as: { ...as, acr: 'aal2' }, input })).reasons).toEqual(['TOO_MANY_CREDENTIALS']);
    const thief = await newcomer('totp_thief');
    await owner`insert into accounts.totp_credentials (id, user_id, session_id, label, sealed_secret, expires_at, confirmed_at) select gen_random_uuid(), ${thief.id}, session_id, label, sealed_secret, expires_at, confirmed_at from accounts.totp_credentials where user_id = ${id} limit 1`;
    advance(step);
    const stolen = await proceed((await half('totp_thief')).id, { totpCode: codeAt(apps[0]?.secret ?? '', await now()) });
    expect(stolen.codes).toEqual(['INTERNAL_SERVER_ERROR']);
  });
});

describe('recovery codes (rule 8)', () => {
  test('are ten, work in any order and writing, each once, also when two race; using one tells the person, at two left it warns', async () => {
    const { id, as } = await newcomer('codes_ana');
    const { secret } = await enroll(as);
    const { data } = await run(documents.generateCodes, { as, input: {} });
    const { codes, credential } = data.generateRecoveryCodes;
    expect(new Set(codes).size).toBe(10);
    expect(credential).toMatchObject({ label: 'Recovery codes', remaining: 10 });
    const flows = [await half('codes_ana'), await half('codes_ana')];
    expect(flows[0].nextSteps).toEqual(['TOTP', 'RECOVERY_CODE']);
    const raced = await Promise.all(flows.map((flow) => proceed(flow.id, { recoveryCode: codes[7] })));
    expect(outcomesOf(raced)).toEqual(['UNAUTHENTICATED', 'done']);
    const winner = raced.find((answer) => answer.codes.length === 0)?.data.continueSignIn.flow;
    expect(viewerOf(winner.tokens.accessToken)).toMatchObject({ acr: 'aal2', amr: ['pwd', 'kba', 'mfa'] });
    const useCode = async (recoveryCode: string) => (await proceed((await half('codes_ana')).id, { recoveryCode })).codes;
    expect(await useCode(codes[7])).toEqual(['UNAUTHENTICATED']);
    expect(await useCode(` ${codes[3].toUpperCase().replaceAll('-', '').replaceAll('0', 'O')} `)).toEqual([]);
    expect(await noticesOf(id)).not.toContain('RECOVERY_CODES NEARLY_USED_UP');
    for (const index of [0, 1, 2, 4, 5, 6]) expect(await useCode(codes[index])).toEqual([]);
    const notices = await noticesOf(id);
    expect(notices.filter((notice) => notice === 'RECOVERY_CODE USED')).toHaveLength(8);
    expect(notices.filter((notice) => notice === 'RECOVERY_CODES NEARLY_USED_UP')).toHaveLength(1);
    const owner = await graph.owner();
    const kept = JSON.stringify(await owner`select row_to_json(c)::text from accounts.recovery_codes c where user_id = ${id}`);
    for (const code of codes) expect(kept).not.toContain(code.replaceAll('-', ''));
    expect(secret).toBeTruthy();
  });

  test('made anew void the old ones, at aal2 only', async () => {
    const { as } = await newcomer('codes_anew');
    const { secret } = await enroll(as);
    const first = (await run(documents.generateCodes, { as, input: { reason: 'first' } })).data.generateRecoveryCodes.codes;
    advance(minute);
    const trusting = { ...as, authTime: Math.floor((await now()).getTime() / 1_000) };
    expect((await run(documents.generateCodes, { as: trusting, input: {} })).reasons).toEqual(['STEP_UP_REQUIRED']);
    const fresh = await stepUp(as, { totpCode: codeAt(secret, await now()) });
    const second = (await run(documents.generateCodes, { as: fresh, input: {} })).data.generateRecoveryCodes.codes;
    expect((await proceed((await half('codes_anew')).id, { recoveryCode: first[0] })).codes).toEqual(['UNAUTHENTICATED']);
    expect((await proceed((await half('codes_anew')).id, { recoveryCode: second[0] })).codes).toEqual([]);
    expect((await run(documents.credentials, { as })).data.viewer.credentials).toContainEqual(
      expect.objectContaining({ __typename: 'RecoveryCodesCredential', remaining: 9 }),
    );
  });
});

describe('a flow with a second factor (rule 6)', () => {
  test('fails with the fifth wrong second proof, however many are tried at once, and takes no right one after it', async () => {
    const { as } = await newcomer('flow_five');
    const { secret } = await enroll(as);
    advance(step);
    const wrong = codeAt(secret, await now(), 40);
    const { id } = await half('flow_five');
    const answers = await Promise.all(Array.from({ length: 8 }, () => proceed(id, { totpCode: wrong })));
    expect(outcomesOf(answers)).toEqual([
      ...Array.from({ length: 3 }, () => 'NOT_FOUND'),
      ...Array.from({ length: 5 }, () => 'UNAUTHENTICATED'),
    ]);
    expect((await run(documents.flow, { as: null, variables: { id } })).data.signInFlow).toMatchObject({ status: 'FAILED', nextSteps: [] });
    expect((await proceed(id, { totpCode: codeAt(secret, await now()) })).codes).toEqual(['NOT_FOUND']);
    expect((await proceed((await half('flow_five')).id, { totpCode: codeAt(secret, await now()) })).codes).toEqual([]);
  });

  test('takes only second proofs then, and ends after 10 minutes, tokens given once', async () => {
    const { as } = await newcomer('flow_order');
    const { secret } = await enroll(as);
    advance(step);
    const { id } = await half('flow_order');
    expect((await proceed(id, { password })).codes).toEqual(['BAD_USER_INPUT']);
    const totpCode = codeAt(secret, await now());
    const answers = await Promise.all([1, 2].map(() => proceed(id, { totpCode })));
    expect(answers.filter(({ codes }) => codes.length === 0)).toHaveLength(1);
    const late = await half('flow_order');
    advance(10 * minute + 1);
    expect((await proceed(late.id, { totpCode: codeAt(secret, await now()) })).codes).toEqual(['NOT_FOUND']);
    expect((await run(documents.flow, { as: null, variables: { id: late.id } })).data.signInFlow.status).toBe('EXPIRED');
  });

  test('whose password was changed half-way ends', async () => {
    const { as } = await newcomer('flow_changed');
    const { secret } = await enroll(as);
    const { id } = await half('flow_changed');
    expect((await run(documents.changePassword, { as, input: { newPassword: 'another lantern by the pier' } })).codes).toEqual([]);
    advance(step);
    expect((await proceed(id, { totpCode: codeAt(secret, await now()) })).codes).toEqual(['NOT_FOUND']);
  });

  test('ten wrong codes in a row close the path of codes for a minute, and recovery codes stay open (rule 7)', async () => {
    const { as } = await newcomer('flow_ten');
    const { secret } = await enroll(as);
    const { codes } = (await run(documents.generateCodes, { as, input: {} })).data.generateRecoveryCodes;
    advance(step);
    for (let n = 0; n < 2; n += 1) {
      const { id } = await half('flow_ten');
      for (let m = 0; m < 5; m += 1) await proceed(id, { totpCode: codeAt(secret, await now(), 40) });
    }
    const { id } = await half('flow_ten');
    const closed = await proceed(id, { totpCode: codeAt(secret, await now()) });
    expect([closed.codes, closed.errors?.[0]?.message]).toEqual([['UNAUTHENTICATED'], 'wrong credentials']);
    expect((await proceed(id, { recoveryCode: codes[0] })).codes).toEqual([]);
    advance(minute + step);
    expect((await proceed((await half('flow_ten')).id, { totpCode: codeAt(secret, await now()) })).codes).toEqual([]);
  });
});

describe('step-up (rule 16)', () => {
  test('asks for two factors once the person has a second one, in a sign-in before and after it', async () => {
    const { as } = await newcomer('up_two');
    const other = (await signIn('up_two')).as;
    const input = { newPassword: 'another lantern by the pier' };
    const { secret } = await enroll(as);
    // What was proved before the factor was there could not contain it.
    expect((await run(documents.generateCodes, { as: other, input: {} })).codes).toEqual([]);
    advance(minute);
    const passwordOnly = { ...as, authTime: Math.floor((await now()).getTime() / 1_000) };
    expect((await run(documents.changePassword, { as: passwordOnly, input })).reasons).toEqual(['STEP_UP_REQUIRED']);
    const { id, nextSteps } = await start(undefined, { purpose: 'STEP_UP' }, as);
    expect(nextSteps).toEqual(['PASSWORD']);
    const first = await proceed(id, { password }, as);
    expect(first.data.continueSignIn.flow).toMatchObject({ status: 'SECOND_FACTOR', nextSteps: ['TOTP', 'RECOVERY_CODE'], tokens: null });
    expect((await proceed(id, { totpCode: codeAt(secret, await now()) }, other)).codes).toEqual(['NOT_FOUND']);
    const { data } = await proceed(id, { totpCode: codeAt(secret, await now()) }, as);
    const fresh = viewerOf(data.continueSignIn.flow.tokens.accessToken);
    expect(fresh).toMatchObject({ sessionId: as.sessionId, acr: 'aal2', amr: ['pwd', 'otp', 'mfa'] });
    expect((await run(documents.changePassword, { as: fresh, input })).codes).toEqual([]);
  });
});
