import { eventually } from '../../support/eventually.ts';
import { type Data, give, type Person, type World } from '../../support/journey.ts';
import { password, register, registerAdministrator } from '../../support/people.ts';
import { codeOf } from '../../support/totp.ts';
import type { Walk } from './walk.ts';

/** From a second factor over an access token to an administrator who acts as somebody, all of it in the audit log. */
export const walkCredentials: Walk = async (world) => {
  const ana = await register(world, 'Ana');
  await addSecondFactor(world, ana);
  await lendAccess(world, await register(world, 'Bo'));
  const admin = await registerAdministrator(world);
  await actAs(world, admin, await register(world, 'Cleo'));
  await rotateKeys(world, admin, ana);
};

const start = 'mutation ($input: StartSignInInput!) { startSignIn(input: $input) { flow { id nextSteps } } }';
const proceed =
  'mutation ($input: ContinueSignInInput!) { continueSignIn(input: $input) { flow { id status nextSteps tokens { accessToken } } } }';

/** A flow whose password was right. */
async function half(world: World, identifier: string): Promise<Data> {
  const { flow } = await give(world, start, { input: { identifier } });
  return (await give(world, proceed, { input: { flowId: flow.id, password } })).flow;
}

async function addSecondFactor(world: World, { email, token }: Person): Promise<void> {
  const enrollment = await give(
    world,
    'mutation ($input: StartTotpEnrollmentInput!) { startTotpEnrollment(input: $input) { enrollmentId secret } }',
    { input: {}, token },
  );
  const { enrollmentId, secret } = enrollment;
  // Codes a little off are as good, so that nobody has to wait for the next one.
  const confirmed = await give(
    world,
    'mutation ($input: ConfirmTotpEnrollmentInput!) { confirmTotpEnrollment(input: $input) { user { mfaEnabled } } }',
    { input: { enrollmentId, code: codeOf(secret, -1) }, token },
  );
  expect(confirmed).toEqual({ user: { mfaEnabled: true } });
  const { codes } = await give(world, 'mutation ($input: GenerateRecoveryCodesInput!) { generateRecoveryCodes(input: $input) { codes } }', {
    input: {},
    token,
  });
  expect(codes).toHaveLength(10);

  const second = await half(world, email);
  expect(second).toMatchObject({ status: 'SECOND_FACTOR', nextSteps: ['TOTP', 'RECOVERY_CODE'], tokens: null });
  const totpCode = codeOf(secret);
  expect((await give(world, proceed, { input: { flowId: second.id, totpCode } })).flow).toMatchObject({ status: 'COMPLETED' });
  const third = await half(world, email);
  expect((await world.ask(proceed, { input: { flowId: third.id, totpCode } })).codes).toEqual(['UNAUTHENTICATED']);
  expect((await give(world, proceed, { input: { flowId: third.id, recoveryCode: codes[4] } })).flow).toMatchObject({ status: 'COMPLETED' });
}

/** An access token does what its scopes say, and nothing from the moment of its end. */
async function lendAccess(world: World, { id, token }: Person): Promise<void> {
  const create = 'mutation ($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { secret accessToken { id } } }';
  const make = (scopes: string[]) => give(world, create, { input: { name: 'Program', scopes }, token });
  const [reading, other] = [await make(['accounts:read']), await make(['catalog:write'])];
  expect(await give(world, '{ viewer { id } }', { token: reading.secret })).toEqual({ id });
  expect((await world.ask('{ viewer { id } }', { token: other.secret })).codes).toEqual(['FORBIDDEN SCOPE_MISSING']);
  expect((await world.ask(create, { input: { name: 'More', scopes: ['accounts:read'] }, token: reading.secret })).codes).toEqual([
    'FORBIDDEN SCOPE_MISSING',
  ]);
  const events = world.subscribe('subscription { securityEventAdded { node { name } } }', { token: reading.secret });
  await heardOf(world, events, token);
  await give(world, 'mutation ($input: RevokeAccessTokenInput!) { revokeAccessToken(input: $input) { revokedAccessTokenId } }', {
    input: { accessTokenId: reading.accessToken.id },
    token,
  });
  expect(await events.ended()).toMatchObject({ code: 4403 });
  expect((await world.ask('{ viewer { id } }', { token: reading.secret })).codes[0]).toMatch(/^UNAUTHENTICATED/);
  expect((await world.ask('{ viewer { id } }', { token: other.secret })).codes).toEqual(['FORBIDDEN SCOPE_MISSING']);
}

/** Does something that is recorded until the subscriber hears of it, since only then the subscription is known to stand. */
async function heardOf(world: World, events: ReturnType<World['subscribe']>, token: string): Promise<void> {
  const hears = events.next(({ securityEventAdded }) => securityEventAdded.node.name === 'user.updated');
  let heard = false;
  void hears.then(() => (heard = true));
  await eventually('a security event', async () => {
    const { version } = await give(world, '{ viewer { version } }', { token });
    await give(world, 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { version } } }', {
      input: { version, bio: `Version ${version}` },
      token,
    });
    return heard;
  });
  await hears;
}

async function actAs(world: World, admin: Person, cleo: Person): Promise<void> {
  const { tokens } = await give(
    world,
    'mutation ($input: StartImpersonationInput!) { startImpersonation(input: $input) { tokens { accessToken refreshToken expiresIn } } }',
    { input: { userId: cleo.id, reason: 'looks into a ticket' }, token: admin.token },
  );
  expect(tokens).toMatchObject({ refreshToken: null, expiresIn: 900 });
  const acting = tokens.accessToken as string;
  expect(await give(world, '{ viewer { id } }', { token: acting })).toEqual({ id: cleo.id });
  const delicate = 'mutation ($input: ScheduleAccountDeletionInput!) { scheduleAccountDeletion(input: $input) { erasesAt } }';
  expect((await world.ask(delicate, { input: {}, token: acting })).codes).toEqual(['UNAUTHENTICATED STEP_UP_REQUIRED']);
  const seen = await give(world, '{ viewer { securityEvents(first: 1) { nodes { name actor { id displayName } details } } } }', {
    token: cleo.token,
  });
  expect(seen.securityEvents.nodes).toEqual([
    {
      name: 'impersonation.started',
      actor: { id: admin.id, displayName: admin.displayName },
      details: { reason: 'looks into a ticket' },
    },
  ]);
}

async function rotateKeys(world: World, admin: Person, ana: Person): Promise<void> {
  const { signingKeys } = await give(
    world,
    'mutation ($input: RotateSigningKeyInput!) { rotateSigningKey(input: $input) { signingKeys { state } } }',
    { input: {}, token: admin.token },
  );
  expect(signingKeys.map(({ state }: { state: string }) => state).toSorted()).toEqual(['ACTIVE', 'NEXT']);
  expect(await give(world, '{ viewer { id } }', { token: ana.token })).toEqual({ id: ana.id });
  const variables = { from: new Date(Date.now() - 3_600_000).toISOString(), to: new Date(Date.now() + 3_600_000).toISOString() };
  const chain = await give(
    world,
    'query ($from: DateTime!, $to: DateTime!) { verifyAuditChain(from: $from, to: $to) { sound checked firstBroken } }',
    { variables, token: admin.token },
  );
  expect(chain).toMatchObject({ sound: true, firstBroken: null });
  expect(Number(chain.checked)).toBeGreaterThan(10);
}
