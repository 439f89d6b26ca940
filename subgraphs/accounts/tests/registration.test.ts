import { observeQueries } from '@supergraph/platform/database';
import { testSubgraph } from '@supergraph/platform/testing';
import { credentialAdded } from '@supergraph/schema/events/accounts';
import { notificationRequested } from '@supergraph/schema/events/notifications';
import { subgraph } from '../index.ts';
import { factors } from './factor-support.ts';
import { documents, outcomesOf, people } from './support.ts';

const graph = testSubgraph(subgraph);
const { run, settle, emitted, advance, close } = graph;
const { mailsTo, latestToken, signUp, register, attempt, signIn } = people(graph);
const { newcomer } = factors(graph);
afterAll(close);
const notices = async (kind: string, userId: string) =>
  (await emitted(notificationRequested.of('accounts'))).filter((notice) => notice.kind === kind && notice.recipientIds.includes(userId));
const minute = 60_000;
const refresh = (refreshToken: string) => run(documents.refresh, { as: null, input: { refreshToken } });

describe('signing up', () => {
  test('a pending registration owns nothing: it cannot sign in and does not reserve the address', async () => {
    await signUp('pending');
    expect((await attempt('pending@example.org')).codes).toEqual(['UNAUTHENTICATED']);
    expect((await signUp('pending', { handle: 'pending_too' })).codes).toEqual([]);
    expect((await mailsTo('pending@example.org')).map(({ subject }) => subject)).toEqual(['Confirm your address', 'Confirm your address']);
  });

  test('of several registrations for one address the one whose link is opened wins with its own password, also in parallel', async () => {
    await signUp('racer', { password: 'the first of two lanterns' });
    await signUp('racer', { handle: 'racer_b', email: 'Racer@Example.org', password: 'the second of two lanterns' });
    const [first, second] = (await mailsTo('racer@example.org')).map(({ token }) => token);
    const answers = await Promise.all([second, first].map((token) => run(documents.verify, { as: null, input: { token } })));
    expect(outcomesOf(answers)).toEqual(['NOT_FOUND', 'done']);
    const winner = answers.find(({ codes }) => codes.length === 0)?.data.verifyEmail.user.handle;
    const [right, wrong] = winner === 'racer_b' ? ['second', 'first'] : ['first', 'second'];
    expect((await attempt('racer@example.org', `the ${right} of two lanterns`)).codes).toEqual([]);
    expect((await attempt('racer@example.org', `the ${wrong} of two lanterns`)).codes).toEqual(['UNAUTHENTICATED']);
  });

  test('a link is used once and ends after 24 hours', async () => {
    await signUp('late');
    const token = await latestToken('late@example.org');
    advance(24 * 60 * minute + 1);
    expect((await run(documents.verify, { as: null, input: { token } })).codes).toEqual(['NOT_FOUND']);
    await signUp('once');
    const fresh = await latestToken('once@example.org');
    expect((await run(documents.verify, { as: null, input: { token: fresh } })).codes).toEqual([]);
    expect((await run(documents.verify, { as: null, input: { token: fresh } })).codes).toEqual(['NOT_FOUND']);
    expect((await run(documents.verify, { as: null, input: { token: '' } })).codes).toEqual(['BAD_USER_INPUT']);
  });

  test('a handle that was taken before the link was opened gets a suffix', async () => {
    await signUp('wanted');
    await signUp('quicker', { handle: 'wanted' });
    const [slow, quick] = [await latestToken('wanted@example.org'), await latestToken('quicker@example.org')];
    expect((await run(documents.verify, { as: null, input: { token: quick } })).data.verifyEmail.user.handle).toBe('wanted');
    expect((await run(documents.verify, { as: null, input: { token: slow } })).data.verifyEmail.user.handle).toMatch(
      /^wanted_[0-9a-f]{8}$/,
    );
    expect(await signUp('third', { handle: 'wanted' })).toMatchObject({ codes: ['CONFLICT'], reasons: ['HANDLE_TAKEN'] });
  });

  test('bad handle, weak password, U+0000 in a text, unknown places: all issues at once', async () => {
    const bad = { email: 'x@example.org', handle: 'A!', password: 'short', displayName: 'A\u0000', locale: '??', timeZone: 'Mars/Base' };
    const { codes, errors } = await run(documents.signUp, { as: null, input: bad });
    expect(codes).toEqual(['BAD_USER_INPUT']);
    const issues = errors?.[0]?.extensions?.['issues'] as { path: string }[];
    expect(new Set(issues.map(({ path }) => path))).toEqual(new Set(['handle', 'password', 'displayName', 'locale', 'timeZone']));
  });

  test('a handle has 3 to 30 of a-z, 0-9 and _ (rule 24), a password 10 to 256 characters in the form in which it compares (rule 5)', async () => {
    const signUpWith = async (more: object) => (await signUp('bounded', more)).codes;
    for (const handle of ['ab', 'x'.repeat(31), 'Abc', 'a-b', 'a b', 'äbc', 'a.b'])
      expect([handle, await signUpWith({ handle })]).toEqual([handle, ['BAD_USER_INPUT']]);
    for (const handle of ['a_0', 'z'.repeat(30)]) expect([handle, await signUpWith({ handle })]).toEqual([handle, []]);
    const strong = 'Vq7!zR2#k';
    const long = `${strong}${'nine purple comets hum '.repeat(20)}`;
    // A ligature is two letters in the form in which passwords compare.
    for (const secret of [strong, long.slice(0, 257), `${long.slice(0, 255)}ﬁ`, `${strong}\u0007mW`])
      expect([secret, await signUpWith({ password: secret })]).toEqual([secret, ['BAD_USER_INPUT']]);
    for (const secret of [`${strong}m`, long.slice(0, 256), `${strong.slice(1)}ﬁ`])
      expect([secret, await signUpWith({ password: secret })]).toEqual([secret, []]);
  });

  test('common passwords and those made of the own data are refused; nothing like it is kept', async () => {
    const weak = ['password123', '1234567890', 'qwertyuiop', 'ferdinand2020', 'aaaaaaaaaaaa', 'x'.repeat(257)];
    for (const secret of weak)
      expect([secret, ...(await signUp('ferdinand', { password: secret })).codes]).toEqual([secret, 'BAD_USER_INPUT']);
    expect(await mailsTo('ferdinand@example.org')).toEqual([]);
  });

  test('a repeated idempotency key sends one mail, also in parallel; another input is refused', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => signUp('repeated', { idempotencyKey: 'k' })));
    expect(answers.map(({ data }) => data.signUp.emailSentTo)).toEqual(Array.from({ length: 3 }, () => 'repeated@example.org'));
    expect(await mailsTo('repeated@example.org')).toHaveLength(1);
    expect(await signUp('repeated', { idempotencyKey: 'k', displayName: 'Other' })).toMatchObject({
      codes: ['CONFLICT'],
      reasons: ['IDEMPOTENCY_KEY_REUSED'],
    });
  });

  test('the link is sent again; without a registration the answer is the same and only the mail tells', async () => {
    await signUp('resent');
    const known = await run(documents.resend, { as: null, input: { email: 'resent@example.org' } });
    const unknown = await run(documents.resend, { as: null, input: { email: 'nobody@example.org' } });
    expect([known, unknown]).toMatchObject([
      { data: { resendVerification: { emailSentTo: 'resent@example.org' } } },
      { data: { resendVerification: { emailSentTo: 'nobody@example.org' } } },
    ]);
    expect((await mailsTo('nobody@example.org')).map(({ token }) => token)).toEqual([undefined]);
    expect((await run(documents.verify, { as: null, input: { token: await latestToken('resent@example.org') } })).codes).toEqual([]);
    expect((await run(documents.resend, { as: null, input: { email: 'resent@example.org', idempotencyKey: '' } })).codes).toEqual([
      'BAD_USER_INPUT',
    ]);
  });

  test('a mail that could not be sent is sent later, once', async () => {
    const owner = await graph.owner();
    await signUp('crashed');
    await owner`delete from worker.job where name = 'accounts.send-mail' and state = 'created'`;
    await settle();
    const { workers } = await import('../workers.ts');
    const sweep = workers.find(({ name }) => name === 'sweep-mail');
    const ctx = await graph.context();
    await sweep?.run(ctx, {} as never);
    await sweep?.run(ctx, {} as never);
    expect(await mailsTo('crashed@example.org')).toHaveLength(1);
  });
});

describe('mails', () => {
  test('beyond a hundred in 10 minutes are refused to a source network', async () => {
    const owner = await graph.owner();
    await signUp('flooder');
    await owner`update accounts.attempt_counters set failures = 100 where key like 'mail:%'`;
    const email = 'flooder@example.org';
    const answers = [
      await signUp('flooder'),
      await run(documents.resend, { as: null, input: { email } }),
      await run(documents.requestReset, { as: null, input: { email } }),
    ];
    expect(answers.map(({ codes }) => codes)).toEqual([['RATE_LIMITED'], ['RATE_LIMITED'], ['RATE_LIMITED']]);
    advance(10 * minute);
    expect((await run(documents.resend, { as: null, input: { email } })).codes).toEqual([]);
  });
});

describe('a forgotten password', () => {
  test('is set anew by a link that works once, within the hour; every session ends and the path is open again', async () => {
    const { id } = await register('forgetful');
    const before = await signIn('forgetful');
    for (let n = 0; n < 10; n += 1) await attempt('forgetful', 'wrong wrong wrong');
    const answer = await run(documents.requestReset, { as: null, input: { email: 'Forgetful@example.org' } });
    expect(answer.data.requestPasswordReset.emailSentTo).toBe('Forgetful@example.org');
    const token = await latestToken('forgetful@example.org');
    const newPassword = 'nine patient otters read';
    expect((await run(documents.reset, { as: null, input: { token, newPassword: 'forgetful99' } })).codes).toEqual(['BAD_USER_INPUT']);
    const answers = await Promise.all([1, 2].map(() => run(documents.reset, { as: null, input: { token, newPassword } })));
    expect(outcomesOf(answers)).toEqual(['NOT_FOUND', 'done']);
    expect((await refresh(before.refreshToken)).reasons).toEqual(['INVALID_GRANT']);
    expect((await attempt('forgetful', newPassword)).codes).toEqual([]);
    expect(await notices('CREDENTIAL_CHANGED', id)).toHaveLength(1);
    await run(documents.requestReset, { as: null, input: { email: 'forgetful@example.org' } });
    const late = await latestToken('forgetful@example.org');
    advance(60 * minute + 1);
    expect((await run(documents.reset, { as: null, input: { token: late, newPassword } })).codes).toEqual(['NOT_FOUND']);
  });

  test('is a first one for whoever had none: one more way in, of which the person and the other domains are told', async () => {
    const { id } = await register('wordless');
    const owner = await graph.owner();
    await owner`delete from accounts.passwords where user_id = ${id}`;
    const added = async () => (await emitted(credentialAdded)).filter(({ userId }) => userId === id);
    const reset = async (newPassword: string) => {
      await run(documents.requestReset, { as: null, input: { email: 'wordless@example.org' } });
      const token = await latestToken('wordless@example.org');
      expect((await run(documents.reset, { as: null, input: { token, newPassword } })).codes).toEqual([]);
    };
    await reset('nine patient otters read');
    expect(await added()).toEqual([{ userId: id, kind: 'PASSWORD' }]);
    await reset('four brave kettles hum');
    expect(await added()).toHaveLength(1);
    expect((await notices('CREDENTIAL_CHANGED', id)).map(({ data }) => data['change'])).toEqual(['ADDED', 'CHANGED']);
  });

  test('of an unknown address gives the same answer; the mail tells the truth; the mail comes once per key', async () => {
    const input = { email: 'stranger@example.org', idempotencyKey: 'one' };
    expect((await run(documents.requestReset, { as: null, input })).data.requestPasswordReset).toEqual({
      emailSentTo: 'stranger@example.org',
    });
    await run(documents.requestReset, { as: null, input });
    expect((await mailsTo('stranger@example.org')).map(({ subject }) => subject)).toEqual(['There is no account with this address']);
  });
});

/** The relay of events looks for new ones, and the service for new policies, whenever they like. */
const isInBackground = (statement: string): boolean => statement.includes('"published_at" is null') || statement.includes('"policies"');

/** What the database is asked before an answer is there. */
async function statementsOf(ask: () => Promise<unknown>): Promise<string[]> {
  await settle();
  const statements: string[] = [];
  const stop = observeQueries((statement) => void (isInBackground(statement) || statements.push(statement)));
  await ask();
  stop();
  return statements;
}

describe('whether somebody has an account is told by no work that is done before the answer (rule 2)', () => {
  const guest = (document: string, input: object) => () => run(document, { as: null, input });
  const account = { displayName: 'Somebody', password: 'four unrelated brave words' };

  test.each([
    ['signUp', (email: string, handle: string) => guest(documents.signUp, { ...account, email, handle })],
    ['resendVerification', (email: string) => guest(documents.resend, { email })],
    ['requestPasswordReset', (email: string) => guest(documents.requestReset, { email })],
    ['startSignIn', (email: string) => guest(documents.start, { identifier: email })],
    ['a wrong password', (email: string) => () => attempt(email, 'not the right one at all')],
  ])('%s', async (name, ask) => {
    const tag = name.replace(/\W/g, '_').toLowerCase();
    await register(`known_${tag}`);
    await signUp(`waiting_${tag}`);
    const known = await statementsOf(ask(`known_${tag}@example.org`, `h1_${tag}`));
    const waiting = await statementsOf(ask(`waiting_${tag}@example.org`, `h2_${tag}`));
    const unknown = await statementsOf(ask(`nobody_${tag}@example.org`, `h3_${tag}`));
    expect(known.length).toBeGreaterThan(1);
    expect(known).toEqual(unknown);
    expect(waiting).toEqual(unknown);
  });

  test('nor that somebody else has the address that one wants', async () => {
    await register('has_it');
    const { as } = await newcomer('wants_it');
    const change = (email: string) => () => run(documents.changeEmail, { as, input: { email } });
    const free = await statementsOf(change('wanted@new.example'));
    expect(await statementsOf(change('has_it@example.org'))).toEqual(free);
  });

  test('what is made for the sake of time alone opens nothing', async () => {
    await register('decoy');
    await signUp('decoy', { handle: 'decoy_two', password: 'six unrelated brave words' });
    await run(documents.requestReset, { as: null, input: { email: 'decoy_nobody@example.org' } });
    const owner = await graph.owner();
    const links =
      await owner`select count(*)::int as open from accounts.secret_links where user_id is null and registration_id is null and expires_at > created_at`;
    expect(links[0]).toEqual({ open: 0 });
    const waiting =
      await owner`select count(*)::int as waiting from accounts.registrations where email_fold = 'decoy@example.org' and expires_at > created_at`;
    expect(waiting[0]).toEqual({ waiting: 0 });
    await run(documents.resend, { as: null, input: { email: 'decoy@example.org' } });
    const mails = (await mailsTo('decoy@example.org')).map(({ subject, token }) => [subject, token]);
    expect(mails.slice(-2)).toEqual([
      ['You already have an account', undefined],
      ['You already have an account', undefined],
    ]);
    expect((await attempt('decoy@example.org', 'six unrelated brave words')).codes).toEqual(['UNAUTHENTICATED']);
  });
});
