import { person, testSubgraph } from '@supergraph/platform/testing';
import {
  sessionEnded,
  userDeleted,
  userDeletionCancelled,
  userDeletionScheduled,
  userReinstated,
  userRolesChanged,
  userSuspended,
} from '@supergraph/schema/events/accounts';
import { subgraph } from '../index.ts';
import { documents, outcomesOf, people } from './support.ts';

const graph = testSubgraph(subgraph);
const { run, emitted, settle, advance, close } = graph;
const { register, attempt, signIn } = people(graph);
afterAll(close);

const admin = person({ roles: ['USER', 'ADMIN'] });
const day = 24 * 3_600_000;
const profile =
  'query ($id: ID!) { user(id: $id) { id kind handle displayName bio status version email pendingEmail locale timeZone roles mfaEnabled credentials { id } } }';
const setAdmins = async (ids: readonly string[]) => {
  const owner = await graph.owner();
  await owner`update accounts.users set roles = case when id = any(${owner.array([...ids], 2951)}::uuid[]) then '{USER,ADMIN}' else '{USER}' end::accounts.platform_role[] where status <> 'ERASED'`;
};

describe('administrators', () => {
  test('suspend and reinstate; others see nothing of it; each step is told once', async () => {
    const { id: userId } = await register('unruly');
    const { refreshToken } = await signIn('unruly');
    await setAdmins([]);
    expect((await run(documents.suspend, { as: person(), input: { userId } })).codes).toEqual(['FORBIDDEN']);
    expect((await run(documents.suspend, { as: admin, input: { userId: person().userId } })).codes).toEqual(['NOT_FOUND']);
    expect(
      (await run(documents.suspend, { as: admin, input: { userId: 'x', reason: 'y'.repeat(501) } })).errors?.[0]?.extensions?.['issues'],
    ).toHaveLength(2);
    const answers = await Promise.all([1, 2].map(() => run(documents.suspend, { as: admin, input: { userId, reason: 'spam' } })));
    expect(outcomesOf(answers)).toEqual(['NOT_ACTIVE', 'done']);
    expect(await emitted(userSuspended)).toEqual([{ userId, reason: 'spam' }]);
    expect((await run(profile, { variables: { id: userId } })).data.user.status).toBe('ACTIVE');
    expect((await run(documents.refresh, { as: null, input: { refreshToken } })).reasons).toEqual(['INVALID_GRANT']);
    const refused = await attempt('unruly');
    expect([refused.codes, refused.errors?.[0]?.message]).toEqual([['UNAUTHENTICATED'], 'wrong credentials']);
    expect((await run(documents.reinstate, { as: person(), input: { userId } })).codes).toEqual(['FORBIDDEN']);
    expect((await run(documents.reinstate, { as: admin, input: { userId: person().userId } })).codes).toEqual(['NOT_FOUND']);
    expect((await run(documents.reinstate, { as: admin, input: { userId } })).codes).toEqual([]);
    expect((await run(documents.reinstate, { as: admin, input: { userId } })).reasons).toEqual(['NOT_SUSPENDED']);
    expect(await emitted(userReinstated)).toEqual([{ userId, reason: null }]);
    expect((await attempt('unruly')).codes).toEqual([]);
  });

  test('a suspension that races with a sign-in leaves no open session', async () => {
    const { id: userId } = await register('slippery');
    await setAdmins([]);
    await Promise.all([
      attempt('slippery'),
      attempt('slippery'),
      run(documents.suspend, { as: admin, input: { userId } }),
      attempt('slippery'),
    ]);
    const owner = await graph.owner();
    expect(await owner`select 1 from accounts.sessions where user_id = ${userId} and ended_at is null`).toHaveLength(0);
  });

  test('give roles; the person gets USER in any case', async () => {
    const { id: userId } = await register('promoted');
    expect((await run(documents.setRoles, { as: admin, input: { userId, roles: ['MODERATOR'] } })).data.setUserRoles.user.roles).toEqual([
      'USER',
      'MODERATOR',
    ]);
    expect(await emitted(userRolesChanged)).toContainEqual({ userId, roles: ['USER', 'MODERATOR'] });
    expect((await run(documents.setRoles, { as: admin, input: { userId: person().userId, roles: [] } })).codes).toEqual(['NOT_FOUND']);
    expect((await run(documents.setRoles, { as: admin, input: { userId: 'x', roles: [] } })).codes).toEqual(['BAD_USER_INPUT']);
    expect(
      (await run(documents.setRoles, { as: person({ roles: ['USER', 'MODERATOR'] }), input: { userId, roles: ['ADMIN'] } })).codes,
    ).toEqual(['FORBIDDEN']);
    const owner = await graph.owner();
    await owner`update accounts.users set kind = 'SERVICE' where id = ${userId}`;
    expect((await run(documents.setRoles, { as: admin, input: { userId, roles: ['ADMIN'] } })).reasons).toEqual(['NOT_A_PERSON']);
    expect((await attempt('promoted')).codes).toEqual(['UNAUTHENTICATED']);
  });

  test('take a role: whoever lost it goes on with no token that names it, and signs in anew', async () => {
    const { id: userId } = await register('demoted');
    await setAdmins([(await register('steady_boss')).id]);
    const trusted = await attempt('demoted', undefined, { trustDevice: true });
    const { refreshToken } = trusted.data.continueSignIn.flow.tokens;
    const { as } = await signIn('demoted');
    const setRoles = async (roles: readonly string[]) =>
      expect((await run(documents.setRoles, { as: admin, input: { userId, roles } })).codes).toEqual([]);
    const ends = async () => (await emitted(sessionEnded)).filter((event) => event.userId === userId);
    await setRoles(['MODERATOR', 'ADMIN']);
    expect(await ends()).toEqual([]);
    await setRoles(['MODERATOR']);
    expect(await ends()).toHaveLength(2);
    expect(await ends()).toContainEqual({ userId, sessionId: as.sessionId, clientId: 'first-party', reason: 'ROLES_CHANGED' });
    expect((await run(documents.refresh, { as: null, input: { refreshToken } })).reasons).toEqual(['INVALID_GRANT']);
    const { as: again } = await signIn('demoted');
    expect(again.roles).toEqual(['USER', 'MODERATOR']);
    await setRoles(['MODERATOR']);
    expect(await ends()).toHaveLength(2);
    const owner = await graph.owner();
    // Nobody suspects the device.
    expect(await owner`select 1 from accounts.trusted_devices where user_id = ${userId}`).toHaveLength(1);
  });

  test('the last active one is neither demoted, suspended nor deleted, also when two go at once', async () => {
    const [one, two] = [await register('boss_one'), await register('boss_two')];
    await setAdmins([one.id, two.id]);
    const demote = (userId: string) => run(documents.setRoles, { as: admin, input: { userId, roles: ['USER'] } });
    const suspend = (userId: string) => run(documents.suspend, { as: admin, input: { userId } });
    const outcomes = await Promise.all([demote(one.id), suspend(two.id)]);
    expect(outcomesOf(outcomes)).toEqual(['LAST_ADMIN', 'done']);
    const owner = await graph.owner();
    await owner`update accounts.users set status = 'ACTIVE' where id = ${two.id}`;
    await setAdmins([one.id]);
    expect([(await demote(one.id)).reasons, (await suspend(one.id)).reasons]).toEqual([['LAST_ADMIN'], ['LAST_ADMIN']]);
    const { as } = await signIn('boss_one');
    expect((await run(documents.scheduleDeletion, { as, input: {} })).reasons).toEqual(['LAST_ADMIN']);
    expect((await run(documents.setRoles, { as: admin, input: { userId: one.id, roles: ['ADMIN', 'MODERATOR'] } })).codes).toEqual([]);
  });
});

describe('deletion', () => {
  test('is scheduled by step-up, can be thought over for 14 days, and then erases the person but for id and handle', async () => {
    const { id: userId } = await register('leaving');
    const { as } = await signIn('leaving');
    expect((await run(documents.scheduleDeletion, { as: { ...as, authTime: as.authTime - 601 }, input: {} })).reasons).toEqual([
      'STEP_UP_REQUIRED',
    ]);
    expect((await run(documents.scheduleDeletion, { as: null, input: {} })).codes).toEqual(['UNAUTHENTICATED']);
    const { data } = await run(documents.scheduleDeletion, { as, input: { reason: 'moving on' } });
    expect(data.scheduleAccountDeletion.user.status).toBe('DELETION_SCHEDULED');
    expect((await run(documents.scheduleDeletion, { as, input: {} })).reasons).toEqual(['NOT_ACTIVE']);
    expect((await emitted(userDeletionScheduled)).at(-1)).toEqual({ userId, erasesAt: data.scheduleAccountDeletion.erasesAt });
    expect((await run(profile, { variables: { id: userId } })).data.user.status).toBe('ACTIVE');
    advance(13 * day);
    await settle();
    const back = await signIn('leaving');
    expect((await run(documents.cancelDeletion, { as: back.as, input: {} })).data.cancelAccountDeletion.user.status).toBe('ACTIVE');
    expect((await run(documents.cancelDeletion, { as: back.as, input: {} })).reasons).toEqual(['NOT_SCHEDULED']);
    expect(await emitted(userDeletionCancelled)).toContainEqual({ userId });
    advance(2 * day);
    await settle();
    expect(await emitted(userDeleted)).toEqual([]);
    const last = await signIn('leaving');
    await run(documents.scheduleDeletion, { as: last.as, input: {} });
    advance(14 * day + 1_000);
    await settle();
    expect(await emitted(userDeleted)).toEqual([{ userId }]);
    expect((await run(profile, { as: admin, variables: { id: userId } })).data.user).toMatchObject({
      id: userId,
      status: 'ERASED',
      displayName: 'Erased account',
      bio: null,
      email: null,
      roles: [],
      credentials: [],
    });
    expect((await run(documents.refresh, { as: null, input: { refreshToken: last.refreshToken } })).reasons).toEqual(['INVALID_GRANT']);
    expect((await attempt('leaving@example.org')).codes).toEqual(['UNAUTHENTICATED']);
    const owner = await graph.owner();
    const left =
      await owner`select (select json_agg(u) from accounts.users u where id = ${userId})::text || (select json_agg(s) from accounts.sessions s where user_id = ${userId})::text as text`;
    expect(left[0]?.['text']).not.toMatch(/leaving|Firefox|192\.0\.2/);
    advance(60 * day);
    const { reasons } = await run(documents.signUp, {
      as: null,
      input: { email: 'new@example.org', password: 'four brave kettles hum', displayName: 'New', handle: 'leaving' },
    });
    expect(reasons).toEqual(['HANDLE_TAKEN']);
  });
});
