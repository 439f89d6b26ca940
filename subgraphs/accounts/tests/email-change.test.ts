import { testSubgraph } from '@supergraph/platform/testing';
import { userEmailChanged } from '@supergraph/schema/events/accounts';
import { notificationRequested } from '@supergraph/schema/events/notifications';
import { subgraph } from '../index.ts';
import { factors } from './factor-support.ts';
import { documents, outcomesOf, password, people } from './support.ts';

const graph = testSubgraph(subgraph);
const { run, emitted, advance, close } = graph;
const { mailsTo, latestToken, register, signUp, signIn, attempt } = people(graph);
const { newcomer } = factors(graph);
afterAll(close);
beforeAll(() => graph.stopClock());

const hour = 3_600_000;
const addressOf = async (id: string, as: Parameters<typeof run>[1]) =>
  (await run('query ($id: ID!) { user(id: $id) { email pendingEmail } }', { ...as, variables: { id } })).data.user;
const verify = (token: string) => run(documents.verify, { as: null, input: { token } });
const revert = (token: string) => run(documents.revertEmail, { as: null, input: { token } });

/** A person who asked for a new address and opened its link. */
async function moved(handle: string, email: string) {
  const person = await newcomer(handle);
  await run(documents.changeEmail, { as: person.as, input: { email } });
  const answer = await verify(await latestToken(email));
  return { ...person, answer, undo: await latestToken(`${handle}@example.org`) };
}

describe('changing the address (rule 4)', () => {
  test('takes effect when the link to the new one is opened, once; until then the old one counts', async () => {
    const { id, as } = await newcomer('mover');
    const asked = await run(documents.changeEmail, { as, input: { email: 'Mover@New.example' } });
    expect(asked.data.changeEmail.user).toEqual({ email: 'mover@example.org', pendingEmail: 'Mover@New.example' });
    expect((await attempt('mover@new.example')).codes).toEqual(['UNAUTHENTICATED']);
    const token = await latestToken('mover@new.example');
    expect(outcomesOf(await Promise.all([verify(token), verify(token)]))).toEqual(['NOT_FOUND', 'done']);
    expect(await addressOf(id, { as })).toEqual({ email: 'Mover@New.example', pendingEmail: null });
    expect((await attempt('MOVER@new.example')).codes).toEqual([]);
    expect((await attempt('mover@example.org')).codes).toEqual(['UNAUTHENTICATED']);
    expect(await emitted(userEmailChanged)).toContainEqual({ userId: id, email: 'Mover@New.example', version: 2 });
    const kinds = (await emitted(notificationRequested.of('accounts')))
      .filter(({ recipientIds }) => recipientIds.includes(id))
      .map(({ kind }) => kind);
    expect(kinds).toContain('EMAIL_CHANGED');
    expect((await mailsTo('mover@example.org')).at(-1)).toMatchObject({ subject: 'The address of your account was changed' });
  });

  test('is undone by the link to the old address for 72 hours, once, and all sessions end', async () => {
    const { id, as, refreshToken, undo } = await moved('robbed', 'robber@evil.example');
    const thief = await signIn('robber@evil.example');
    advance(71 * hour);
    expect(outcomesOf(await Promise.all([revert(undo), revert(undo)]))).toEqual(['NOT_FOUND', 'done']);
    expect(await addressOf(id, { as })).toEqual({ email: 'robbed@example.org', pendingEmail: null });
    for (const token of [refreshToken, thief.refreshToken])
      expect((await run(documents.refresh, { as: null, input: { refreshToken: token } })).reasons).toEqual(['INVALID_GRANT']);
    expect(await emitted(userEmailChanged)).toContainEqual({ userId: id, email: 'robbed@example.org', version: 3 });
    const late = await moved('late_undo', 'late@new.example');
    advance(72 * hour + 1);
    expect((await revert(late.undo)).codes).toEqual(['NOT_FOUND']);
    expect((await revert('')).codes).toEqual(['BAD_USER_INPUT']);
  });

  test('cannot be made final by changing it again, nor by a new password', async () => {
    const { id, as, undo } = await moved('chained', 'first@evil.example');
    await run(documents.changeEmail, { as, input: { email: 'second@evil.example' } });
    await verify(await latestToken('second@evil.example'));
    const thiefsUndo = await latestToken('first@evil.example');
    await run(documents.changePassword, { as, input: { newPassword: 'another lantern by the pier' } });
    await run(documents.requestReset, { as: null, input: { email: 'second@evil.example' } });
    const thiefsReset = await latestToken('second@evil.example');
    expect((await revert(undo)).codes).toEqual([]);
    expect((await addressOf(id, { as })).email).toBe('chained@example.org');
    expect((await revert(thiefsUndo)).codes).toEqual(['NOT_FOUND']);
    expect(
      (await run(documents.reset, { as: null, input: { token: thiefsReset, newPassword: 'nine patient otters read' } })).codes,
    ).toEqual(['NOT_FOUND']);
  });

  test('does not outlive whoever asked for it: a new password and the end of all other sessions end it', async () => {
    const ways: Record<string, (person: Awaited<ReturnType<typeof newcomer>>, email: string) => Promise<unknown>> = {
      reset: async (_person, email) => {
        await run(documents.requestReset, { as: null, input: { email } });
        return run(documents.reset, { as: null, input: { token: await latestToken(email), newPassword: 'nine patient otters read' } });
      },
      change: ({ as }) => run(documents.changePassword, { as, input: { newPassword: 'nine patient otters read' } }),
      others: ({ as }) => run(documents.revokeOthers, { as, input: {} }),
    };
    for (const [name, shutOut] of Object.entries(ways)) {
      const person = await newcomer(`waiting_${name}`);
      await run(documents.changeEmail, { as: person.as, input: { email: `${name}@evil.example` } });
      await shutOut(person, `waiting_${name}@example.org`);
      const asked = [name, await addressOf(person.id, { as: person.as }), (await verify(await latestToken(`${name}@evil.example`))).codes];
      expect(asked).toEqual([name, { email: `waiting_${name}@example.org`, pendingEmail: null }, ['NOT_FOUND']]);
    }
  });

  test('gives a first address to whom another provider brought without one, who may have a password from then on', async () => {
    const { id, as } = await newcomer('guest_of_theirs');
    const owner = await graph.owner();
    await owner`delete from accounts.passwords where user_id = ${id}`;
    await owner`update accounts.users set email = null, email_fold = null where id = ${id}`;
    const before = (await mailsTo('guest_of_theirs@example.org')).length;
    const asked = await run(documents.changeEmail, { as, input: { email: 'guest@new.example' } });
    expect(asked.data.changeEmail.user).toEqual({ email: null, pendingEmail: 'guest@new.example' });
    expect((await verify(await latestToken('guest@new.example'))).codes).toEqual([]);
    expect(await addressOf(id, { as })).toEqual({ email: 'guest@new.example', pendingEmail: null });
    // Nobody else is told, and there is nothing to go back to.
    expect(await mailsTo('guest_of_theirs@example.org')).toHaveLength(before);
    expect(await owner`select 1 from accounts.secret_links where user_id = ${id} and purpose = 'REVERT_EMAIL'`).toHaveLength(0);
    await run(documents.requestReset, { as: null, input: { email: 'guest@new.example' } });
    const input = { token: await latestToken('guest@new.example'), newPassword: password };
    expect((await run(documents.reset, { as: null, input })).codes).toEqual([]);
    expect((await attempt('guest@new.example')).codes).toEqual([]);
  });

  test('that waits is over with a reset of the password, too', async () => {
    const handle = 'reset_victim';
    const { id, as } = await newcomer(handle);
    await run(documents.changeEmail, { as, input: { email: `${handle}@evil.example` } });
    const token = await latestToken(`${handle}@evil.example`);
    const newPassword = 'another lantern by the pier';
    await run(documents.requestReset, { as: null, input: { email: `${handle}@example.org` } });
    await run(documents.reset, { as: null, input: { token: await latestToken(`${handle}@example.org`), newPassword } });
    expect((await verify(token)).codes).toEqual(['NOT_FOUND']);
    expect(await addressOf(id, { as })).toEqual({ email: `${handle}@example.org`, pendingEmail: null });
  });

  test('does not tell that somebody else has the address; the mail does', async () => {
    const { as } = await newcomer('curious');
    await register('taken_one');
    const free = await run(documents.changeEmail, { as, input: { email: 'free@new.example' } });
    const taken = await run(documents.changeEmail, { as, input: { email: 'Taken_One@example.org' } });
    expect(taken).toEqual({
      ...free,
      data: { changeEmail: { user: { ...free.data.changeEmail.user, pendingEmail: 'Taken_One@example.org' } } },
    });
    expect((await mailsTo('taken_one@example.org')).at(-1)).toMatchObject({
      subject: 'This address has an account already',
      token: undefined,
    });
  });

  test('loses against whoever verified the address first, and wins over a registration that waits', async () => {
    const { id, as } = await newcomer('slow_mover');
    await run(documents.changeEmail, { as, input: { email: 'quick_one@example.org' } });
    const slow = await latestToken('quick_one@example.org');
    await register('quick_one');
    expect((await verify(slow)).codes).toEqual(['NOT_FOUND']);
    expect((await addressOf(id, { as })).email).toBe('slow_mover@example.org');
    await signUp('waiting_one');
    const waiting = await latestToken('waiting_one@example.org');
    await run(documents.changeEmail, { as, input: { email: 'waiting_one@example.org' } });
    expect((await verify(await latestToken('waiting_one@example.org'))).data.verifyEmail.user.id).toBe(id);
    expect((await verify(waiting)).codes).toEqual(['NOT_FOUND']);
  });

  test('asks for a fresh proof and another address; a newer wish ends the older; a key sends one mail; the link ends after 24 hours', async () => {
    const { as } = await newcomer('careful_mover');
    const change = (email: string, more: object = {}) => run(documents.changeEmail, { as, input: { email, ...more } });
    const stale = { ...as, authTime: as.authTime - 601 };
    expect((await run(documents.changeEmail, { as: stale, input: { email: 'a@new.example' } })).reasons).toEqual(['STEP_UP_REQUIRED']);
    expect((await run(documents.changeEmail, { as: null, input: { email: 'a@new.example' } })).codes).toEqual(['UNAUTHENTICATED']);
    expect((await change('Careful_Mover@example.org')).codes).toEqual(['BAD_USER_INPUT']);
    expect((await change('a@new.example', { idempotencyKey: '' })).codes).toEqual(['BAD_USER_INPUT']);
    await change('a@new.example', { idempotencyKey: 'k' });
    await change('a@new.example', { idempotencyKey: 'k' });
    expect(await mailsTo('a@new.example')).toHaveLength(1);
    expect((await change('b@new.example', { idempotencyKey: 'k' })).reasons).toEqual(['IDEMPOTENCY_KEY_REUSED']);
    await change('b@new.example');
    expect((await verify(await latestToken('a@new.example'))).codes).toEqual(['NOT_FOUND']);
    advance(24 * hour + 1);
    expect((await verify(await latestToken('b@new.example'))).codes).toEqual(['NOT_FOUND']);
    expect((await attempt('careful_mover', password)).codes).toEqual([]);
  });
});
