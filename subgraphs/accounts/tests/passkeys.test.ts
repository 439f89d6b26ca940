import type { Viewer } from '@supergraph/platform/context';
import { testSubgraph } from '@supergraph/platform/testing';
import { credentialAdded, credentialRemoved } from '@supergraph/schema/events/accounts';
import { notificationRequested } from '@supergraph/schema/events/notifications';
import { subgraph } from '../index.ts';
import type { Authenticator } from './authenticator.ts';
import { factors } from './factor-support.ts';
import { documents, outcomesOf, password, people, viewerOf } from './support.ts';

const graph = testSubgraph(subgraph);
const { run, emitted, advance, close, settings } = graph;
const { attempt } = people(graph);
const { start, proceed, half, authenticator, newcomer, enroll, registerPasskey } = factors(graph);
afterAll(close);
beforeAll(() => graph.stopClock());

const minute = 60_000;

/** A person with a passkey of a device. */
async function withPasskey(handle: string, device?: Authenticator) {
  const key = device ?? (await authenticator());
  const person = await newcomer(handle);
  const { data } = await registerPasskey(person.as, key);
  return { ...person, device: key, passkey: data.finishPasskeyRegistration.credential as { id: string } };
}

const answer = async (device: Authenticator, flow: { id: string; passkeyOptions: any }, as: Viewer | null = null) =>
  proceed(flow.id, { passkeyAssertion: await device.get(flow.passkeyOptions) }, as);

describe('registering a passkey (rule 9)', () => {
  test('keeps what the authenticator answered, names it after the device, and tells', async () => {
    const { id, as } = await newcomer('key_ana');
    const device = await authenticator();
    const { data } = await run(documents.startPasskey, { as, input: { attachment: 'PLATFORM' } });
    const { options } = data.startPasskeyRegistration;
    expect(options).toMatchObject({
      rp: { id: new URL(settings.publicUrl).hostname, name: 'Supergraph' },
      user: { name: 'key_ana@example.org', displayName: 'The key_ana' },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'required', authenticatorAttachment: 'platform' },
      excludeCredentials: [],
    });
    expect(Buffer.from(options.user.id, 'base64url').toString('hex')).toBe(id.replaceAll('-', ''));
    const response = await device.create(options);
    const { data: finished } = await run(documents.finishPasskey, { as, input: { response } });
    expect(finished.finishPasskeyRegistration).toMatchObject({
      credential: { label: 'Firefox on Linux', backedUp: false, transports: ['internal'] },
      user: { mfaEnabled: true },
    });
    expect(await emitted(credentialAdded)).toContainEqual({ userId: id, kind: 'PASSKEY' });
    const again = await run(documents.startPasskey, { as, input: {} });
    expect(again.data.startPasskeyRegistration.options.excludeCredentials).toEqual([
      { id: response.id, type: 'public-key', transports: ['internal'] },
    ]);
    const twice = await run(documents.finishPasskey, {
      as,
      input: { response: await device.create(again.data.startPasskeyRegistration.options) },
    });
    expect(twice.reasons).toEqual(['PASSKEY_KNOWN']);
  });

  test('takes its challenge once, within 5 minutes, in its own session', async () => {
    const { as } = await newcomer('key_once');
    const other = await newcomer('key_other');
    const begin = async () => (await run(documents.startPasskey, { as, input: {} })).data.startPasskeyRegistration.options;
    const respond = async (options: any) => ({ response: await (await authenticator()).create(options) });
    const late = await begin();
    advance(5 * minute + 1);
    expect((await run(documents.finishPasskey, { as, input: await respond(late) })).codes).toEqual(['NOT_FOUND']);
    const options = await begin();
    expect((await run(documents.finishPasskey, { as: other.as, input: await respond(options) })).codes).toEqual(['NOT_FOUND']);
    const answers = await Promise.all([1, 2].map(async () => run(documents.finishPasskey, { as, input: await respond(options) })));
    expect(outcomesOf(answers)).toEqual(['NOT_FOUND', 'done']);
  });

  test('wants the exact origin and relying party, and an answer of the right form', async () => {
    const { as } = await newcomer('key_exact');
    const begin = async () => (await run(documents.startPasskey, { as, input: {} })).data.startPasskeyRegistration.options;
    const { origin, hostname, port } = new URL(settings.publicUrl);
    const cheats = [
      { origin: `${origin}.evil.example`, rpId: hostname },
      { origin: `https://${hostname}:${port}`, rpId: hostname },
      { rpId: 'evil.example' },
    ];
    for (const cheat of cheats) {
      const response = await (await authenticator(cheat)).create(await begin());
      expect((await run(documents.finishPasskey, { as, input: { response } })).codes).toEqual(['UNAUTHENTICATED']);
    }
    const { codes, errors } = await run(documents.finishPasskey, { as, input: { response: { id: '?', type: 'password' }, label: '' } });
    expect(codes).toEqual(['BAD_USER_INPUT']);
    expect(errors?.[0]?.extensions?.['issues']).toContainEqual(expect.objectContaining({ path: 'response.response' }));
    expect((await run(documents.credentials, { as })).data.viewer.credentials).toHaveLength(1);
  });
});

describe('signing in with a passkey (rules 6 and 9)', () => {
  test('is offered for every identifier alike, and alone is as good as two factors', async () => {
    const { id, device } = await withPasskey('only_ana');
    const [known, unknown] = [await start('only_ana'), await start('nobody_here')];
    const blank = (flow: any) => ({ ...flow, id: '', expiresAt: '', passkeyOptions: { ...flow.passkeyOptions, challenge: '' } });
    expect(blank(unknown)).toEqual(blank(known));
    expect(known).toMatchObject({ nextSteps: ['PASSWORD', 'PASSKEY'], passkeyOptions: { userVerification: 'required', timeout: 300_000 } });
    const { data } = await answer(device, known);
    expect(data.continueSignIn.flow).toMatchObject({ status: 'COMPLETED', passkeyOptions: null });
    const viewer = viewerOf(data.continueSignIn.flow.tokens.accessToken);
    expect(viewer).toMatchObject({ userId: id, acr: 'aal2', amr: ['hwk', 'mfa'] });
    expect((await run(documents.generateCodes, { as: viewer, input: {} })).codes).toEqual([]);
    expect((await answer(device, unknown)).codes).toEqual(['UNAUTHENTICATED']);
  });

  test('works without naming anybody, for what the browser offers by itself', async () => {
    const { id, device } = await withPasskey('auto_ana');
    const flow = await start(undefined);
    expect(flow).toMatchObject({ status: 'FIRST_FACTOR', nextSteps: ['PASSKEY'] });
    expect((await proceed(flow.id, { password })).codes).toEqual(['BAD_USER_INPUT']);
    const { data } = await answer(device, flow);
    expect(viewerOf(data.continueSignIn.flow.tokens.accessToken).userId).toBe(id);
    const stranger = await authenticator();
    expect((await answer(stranger, await start(undefined))).codes).toEqual(['UNAUTHENTICATED']);
  });

  test('uses each challenge once, also for a wrong answer, and gives a new one for the next try', async () => {
    const { device } = await withPasskey('chall_ana');
    const flow = await start('chall_ana');
    const stranger = await authenticator();
    const good = await device.get(flow.passkeyOptions);
    expect((await answer(stranger, flow)).codes).toEqual(['UNAUTHENTICATED']);
    expect((await proceed(flow.id, { passkeyAssertion: good })).codes).toEqual(['UNAUTHENTICATED']);
    const read = async () => (await run(documents.flow, { as: null, variables: { id: flow.id } })).data.signInFlow.passkeyOptions;
    const next = await read();
    expect(next.challenge).not.toBe(flow.passkeyOptions.challenge);
    expect((await read()).challenge).toBe(next.challenge);
    advance(5 * minute + 1);
    expect((await answer(device, { id: flow.id, passkeyOptions: next })).codes).toEqual(['UNAUTHENTICATED']);
    const elsewhere = await start('chall_ana');
    expect((await proceed(flow.id, { passkeyAssertion: await device.get(elsewhere.passkeyOptions) })).codes).toEqual(['UNAUTHENTICATED']);
    const racing = await start('chall_ana');
    const assertions = [await device.get(racing.passkeyOptions), await device.get(racing.passkeyOptions)];
    const answers = await Promise.all(assertions.map((passkeyAssertion) => proceed(racing.id, { passkeyAssertion })));
    expect(answers.filter(({ codes }) => codes.length === 0)).toHaveLength(1);
  });

  test('wants the right origin, the owner, and an authenticator that knows them; a closed password path does not matter', async () => {
    const { device } = await withPasskey('exact_ana');
    const other = await withPasskey('exact_eve');
    const touchOnly = await withPasskey('exact_touch', await authenticator({ verifiesUser: false }));
    expect((await answer(other.device, await start('exact_ana'))).codes).toEqual(['UNAUTHENTICATED']);
    expect((await answer(touchOnly.device, await start('exact_touch'))).codes).toEqual(['UNAUTHENTICATED']);
    const broken = await device.get((await start('exact_ana')).passkeyOptions);
    const flow = await start('exact_ana');
    const tampered = await device.get(flow.passkeyOptions);
    const passkeyAssertion = { ...tampered, response: { ...tampered.response, signature: broken.response.signature } };
    expect((await proceed(flow.id, { passkeyAssertion })).codes).toEqual(['UNAUTHENTICATED']);
    expect((await proceed((await start('exact_ana')).id, { passkeyAssertion: { id: 'x' } })).codes).toEqual(['BAD_USER_INPUT']);
    for (let n = 0; n < 10; n += 1) await attempt('exact_ana', 'wrong wrong wrong');
    expect((await attempt('exact_ana')).codes).toEqual(['UNAUTHENTICATED']);
    expect((await answer(device, await start('exact_ana'))).codes).toEqual([]);
  });

  test('whose counter goes back disables the passkey, but not before the signature holds', async () => {
    const { id, device } = await withPasskey('clone_ana');
    const signIn = async () => (await answer(device, await start('clone_ana'))).codes;
    expect(await signIn()).toEqual([]);
    device.rewind(0);
    const forged = await start('clone_ana');
    const assertion = await device.get(forged.passkeyOptions);
    const signature = Buffer.from(assertion.response.signature, 'base64url');
    signature[signature.length - 1]! ^= 1;
    const passkeyAssertion = { ...assertion, response: { ...assertion.response, signature: signature.toString('base64url') } };
    expect((await proceed(forged.id, { passkeyAssertion })).codes).toEqual(['UNAUTHENTICATED']);
    device.rewind(10);
    expect(await signIn()).toEqual([]);
    device.rewind(3);
    expect(await signIn()).toEqual(['UNAUTHENTICATED']);
    device.rewind(50);
    expect(await signIn()).toEqual(['UNAUTHENTICATED']);
    expect(await emitted(credentialRemoved)).toEqual([{ userId: id, kind: 'PASSKEY' }]);
    const notices = (await emitted(notificationRequested.of('accounts'))).filter(({ recipientIds }) => recipientIds.includes(id));
    expect(notices.map(({ data }) => data['change'])).toContain('DISABLED');
  });

  test('without a counter works again and again', async () => {
    const { device } = await withPasskey('zero_ana', await authenticator({ counts: false }));
    for (let n = 0; n < 3; n += 1) expect((await answer(device, await start('zero_ana'))).codes).toEqual([]);
  });
});

describe('a passkey as the second factor', () => {
  test('completes a flow after the password, also where it only notices a touch', async () => {
    const { device } = await withPasskey('second_ana', await authenticator({ verifiesUser: false }));
    const flow = await half('second_ana');
    expect(flow).toMatchObject({ status: 'SECOND_FACTOR', nextSteps: ['PASSKEY'] });
    expect(flow.passkeyOptions).toMatchObject({ userVerification: 'preferred', allowCredentials: [{ type: 'public-key' }] });
    const { data } = await answer(device, flow);
    expect(viewerOf(data.continueSignIn.flow.tokens.accessToken)).toMatchObject({ acr: 'aal2', amr: ['pwd', 'hwk', 'mfa'] });
  });

  test('counts among the five wrong second proofs', async () => {
    const { device } = await withPasskey('second_five');
    const stranger = await authenticator();
    const flow = await half('second_five');
    const options = async () => (await run(documents.flow, { as: null, variables: { id: flow.id } })).data.signInFlow.passkeyOptions;
    for (let n = 0; n < 5; n += 1)
      expect((await answer(stranger, { id: flow.id, passkeyOptions: await options() })).codes).toEqual(['UNAUTHENTICATED']);
    expect(await options()).toBeNull();
    expect((await answer(device, flow)).codes).toEqual(['NOT_FOUND']);
  });

  test('steps up alone, and removing it is refused while it is the only way in (rules 10 and 16)', async () => {
    const { as, device, passkey } = await withPasskey('up_key');
    advance(minute * 11);
    const flow = await start(undefined, { purpose: 'STEP_UP' }, as);
    expect(flow).toMatchObject({ nextSteps: ['PASSWORD', 'PASSKEY'], passkeyOptions: { allowCredentials: [{ type: 'public-key' }] } });
    const { data } = await answer(device, flow, as);
    const fresh = viewerOf(data.continueSignIn.flow.tokens.accessToken);
    expect(fresh).toMatchObject({ sessionId: as.sessionId, acr: 'aal2' });
    const { credentials } = (await run(documents.credentials, { as: fresh })).data.viewer;
    const idOf = (type: string) => credentials.find((credential: { __typename: string }) => credential.__typename === type).id;
    expect((await run(documents.remove, { as: fresh, input: { credentialId: idOf('PasswordCredential') } })).codes).toEqual([]);
    expect((await attempt('up_key')).codes).toEqual(['UNAUTHENTICATED']);
    expect((await run(documents.remove, { as: fresh, input: { credentialId: passkey.id } })).reasons).toEqual(['LAST_CREDENTIAL']);
    const again = await start(undefined, { purpose: 'STEP_UP' }, fresh);
    expect(again.nextSteps).toEqual(['PASSKEY']);
    expect((await answer(device, await start('up_key'))).codes).toEqual([]);
  });
});

test('a passkey that only notices a touch is no way in: the password before it stays (rule 10)', async () => {
  const touch = await authenticator({ verifiesUser: false });
  const { as } = await withPasskey('touch_last', touch);
  const { data } = await answer(touch, await half('touch_last'));
  const fresh = viewerOf(data.continueSignIn.flow.tokens.accessToken);
  const { credentials } = (await run(documents.credentials, { as })).data.viewer;
  const { id: credentialId } = credentials.find((credential: { __typename: string }) => credential.__typename === 'PasswordCredential');
  const remove = () => run(documents.remove, { as: fresh, input: { credentialId } });
  expect((await remove()).reasons).toEqual(['LAST_CREDENTIAL']);
  expect((await half('touch_last')).status).toBe('SECOND_FACTOR');
  // One that knows its owner opens the account alone.
  await registerPasskey(fresh, await authenticator());
  expect((await remove()).codes).toEqual([]);
});

test('an erased account leaves no factor behind', async () => {
  const { id, as, device } = await withPasskey('erased_key');
  const { data } = await answer(device, await start(undefined, { purpose: 'STEP_UP' }, as), as);
  const fresh = viewerOf(data.continueSignIn.flow.tokens.accessToken);
  await enroll(fresh);
  await run(documents.generateCodes, { as: fresh, input: {} });
  await run(documents.scheduleDeletion, { as: fresh, input: {} });
  advance(14 * 24 * 60 * minute + 1_000);
  await graph.settle();
  const owner = await graph.owner();
  const left = await owner`
    select user_id from accounts.passkeys where user_id = ${id} union all select user_id from accounts.totp_credentials where user_id = ${id}
    union all select user_id from accounts.totp_steps where user_id = ${id} union all select user_id from accounts.recovery_codes where user_id = ${id}
    union all select user_id from accounts.webauthn_challenges where user_id = ${id} union all select user_id from accounts.trusted_devices where user_id = ${id}`;
  expect(left).toEqual([]);
});
