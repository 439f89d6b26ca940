import { becomes, eventually } from '../../support/eventually.ts';
import { type Answer, give, type Person, type World } from '../../support/journey.ts';
import { password, register, registerAdministrator, signIn, signUp } from '../../support/people.ts';
import { readNotices } from './talks.ts';
import type { Walk } from './walk.ts';

const whoAmI = '{ viewer { id } }';

/** From signing up over a stolen refresh token and a suspension to thinking again. */
export const walkAccounts: Walk = async (world) => {
  const ana = await register(world, 'Ana');
  await signUpAgain(world, ana);
  await seeSessions(world, ana);
  await loseRefreshToken(world, ana);
  await beSuspended(world, ana);
  await thinkAgain(world, ana);
};

/** The answer does not say that the account exists; the mail to its owner does. */
async function signUpAgain(world: World, { email, displayName }: Person): Promise<void> {
  const answer = await give(world, signUp, { input: { email, password, displayName, handle: `again_${Date.now().toString(36)}` } });
  expect(answer).toEqual({ emailSentTo: email });
  await becomes('the mail', async () => world.mails(email).at(-1), { subject: 'You already have an account', secret: undefined });
}

async function seeSessions(world: World, { id, handle, email, token }: Person): Promise<void> {
  const viewer = '{ viewer { id handle email sessions { totalCount nodes { current device { name } } } } }';
  expect(await give(world, viewer, { token })).toMatchObject({
    id,
    handle,
    email,
    sessions: { totalCount: 1, nodes: [{ current: true }] },
  });
  expect(await give(world, whoAmI)).toBeNull();
  const second = await signIn(world, email, 'Laptop');
  const seen = await give(world, viewer, { token: second.token });
  expect(seen.sessions.totalCount).toBe(2);
  expect(seen.sessions.nodes).toContainEqual({ current: true, device: { name: 'Laptop' } });
  await give(world, 'mutation ($input: RevokeOtherSessionsInput!) { revokeOtherSessions(input: $input) { endedCount } }', {
    input: {},
    token,
  });
}

const useRefreshToken = (world: World, refreshToken: string): Promise<Answer> =>
  world.ask('mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { tokens { accessToken refreshToken } } }', {
    input: { refreshToken },
  });

/** A refresh token that is used twice ends the session that it belongs to, and no other. */
async function loseRefreshToken(world: World, ana: Person): Promise<void> {
  const second = await signIn(world, ana.email);
  const first = (await useRefreshToken(world, second.refreshToken)).data.refreshSession.tokens;
  expect(first.refreshToken).not.toBe(second.refreshToken);
  for (const token of [second.token, first.accessToken]) expect(await give(world, whoAmI, { token })).toEqual({ id: ana.id });
  // The next tokens are used, so the first one shown again is theft at once.
  const newest = (await useRefreshToken(world, first.refreshToken)).data.refreshSession.tokens;
  expect((await useRefreshToken(world, second.refreshToken)).codes).toEqual(['UNAUTHENTICATED INVALID_GRANT']);
  expect((await useRefreshToken(world, newest.refreshToken)).codes).toEqual(['UNAUTHENTICATED INVALID_GRANT']);
  await eventually('the end of the session at the gateway', async () =>
    (await world.ask(whoAmI, { token: newest.accessToken })).codes[0]?.startsWith('UNAUTHENTICATED'),
  );
  expect(await give(world, whoAmI, { token: ana.token })).toEqual({ id: ana.id });
  await eventually('the notice of the theft', async () =>
    (await readNotices(world, ana)).edges.some(({ node }) => node.kind === 'SESSION_COMPROMISED'),
  );
}

async function beSuspended(world: World, ana: Person): Promise<void> {
  const admin = await registerAdministrator(world);
  const session = await signIn(world, ana.email);
  const ended = world.subscribe('subscription { sessionEnded { reason } }', { token: session.token });
  const { user } = await give(world, 'mutation ($input: SuspendUserInput!) { suspendUser(input: $input) { user { status } } }', {
    input: { userId: ana.id, reason: 'sells what is not hers' },
    token: admin.token,
  });
  expect(user).toEqual({ status: 'SUSPENDED' });
  expect(await ended.next()).toEqual({ sessionEnded: { reason: 'SUSPENDED' } });
  await ended.ended();
  expect((await useRefreshToken(world, session.refreshToken)).codes).toEqual(['UNAUTHENTICATED INVALID_GRANT']);
  await expect(signIn(world, ana.email)).rejects.toThrow('UNAUTHENTICATED');
  await give(world, 'mutation ($input: ReinstateUserInput!) { reinstateUser(input: $input) { user { status } } }', {
    input: { userId: ana.id },
    token: admin.token,
  });
}

async function thinkAgain(world: World, { email }: Person): Promise<void> {
  const schedule = await give(
    world,
    'mutation ($input: ScheduleAccountDeletionInput!) { scheduleAccountDeletion(input: $input) { user { status } } }',
    { input: {}, token: (await signIn(world, email)).token },
  );
  expect(schedule).toEqual({ user: { status: 'DELETION_SCHEDULED' } });
  const cancel = await give(
    world,
    'mutation ($input: CancelAccountDeletionInput!) { cancelAccountDeletion(input: $input) { user { status } } }',
    { input: {}, token: (await signIn(world, email)).token },
  );
  expect(cancel).toEqual({ user: { status: 'ACTIVE' } });
}
