import { requireViewer } from '@supergraph/platform/context';
import { conflict, isUniqueViolation } from '@supergraph/platform/errors';
import { nameText, optional, parseInput } from '@supergraph/platform/input';
import type { VerifiedRegistrationResponse } from '@simplewebauthn/server';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { consumeChallenge, findPasskeys, insertChallenge, insertPasskey, type Passkey } from '../../store/passkeys.ts';
import { findOpenSession } from '../../store/sessions.ts';
import { lockUser, type User } from '../../store/users.ts';
import { record } from '../audit.ts';
import { readDevice } from '../device.ts';
import { noLongerValid, platformName, wrongCredentials } from '../shared.ts';
import { requireStepUp } from '../step-up.ts';
import { distrustDevices } from './second.ts';
import { tellAdded } from './tell.ts';
import { challengeIn, challengeMs, makeChallenge, relyingParty, userHandleOf, webauthn } from './webauthn.ts';

const mostPasskeys = 20;
const mostTransports = 10;

const Start = z.strictObject({ attachment: optional(z.enum(['PLATFORM', 'CROSS_PLATFORM'])) });
const base64url = z.string().regex(/^[\w-]+$/, 'must be base64url');
const Finish = z.strictObject({
  response: z.object({
    id: base64url,
    rawId: base64url,
    type: z.literal('public-key'),
    response: z.object({
      clientDataJSON: base64url,
      attestationObject: base64url,
      transports: optional(z.array(z.string().regex(/^[a-z-]{1,20}$/)).max(mostTransports)).transform((transports) => transports ?? []),
    }),
  }),
  label: optional(nameText({ max: 100 })),
});
type Response = z.infer<typeof Finish>['response'];

const tooMany = () => conflict(`an account has at most ${mostPasskeys} passkeys; remove one first`, { reason: 'TOO_MANY_CREDENTIALS' });

/** What a browser needs to make a passkey. */
export async function startPasskeyRegistration(ctx: Context, input: unknown): Promise<object> {
  const { userId, sessionId } = await requireStepUp(ctx);
  const { attachment } = parseInput(Start, input);
  const user = await ctx.loaders.userById.load(userId);
  const known = await findPasskeys(ctx.db, [userId]);
  if (known.length >= mostPasskeys) throw tooMany();
  const { generateRegistrationOptions } = await webauthn();
  const options = await generateRegistrationOptions({
    rpName: platformName,
    rpID: relyingParty(ctx).id,
    userName: user?.email ?? user?.handle ?? userId,
    userDisplayName: user?.displayName ?? '',
    userID: userHandleOf(userId),
    challenge: makeChallenge(),
    timeout: challengeMs,
    attestationType: 'none',
    excludeCredentials: known.map(({ credentialId, transports }) => ({ id: credentialId, transports })),
    authenticatorSelection: {
      // Passkeys are found without naming anybody, and can be the only factor.
      residentKey: 'required',
      userVerification: 'preferred',
      ...(attachment ? { authenticatorAttachment: attachment === 'PLATFORM' ? 'platform' : 'cross-platform' } : {}),
    },
  });
  const now = ctx.now();
  const expiresAt = new Date(now.getTime() + challengeMs);
  await insertChallenge(ctx.db, { purpose: 'REGISTER', challenge: options.challenge, userId, sessionId, createdAt: now, expiresAt });
  return options;
}

/** Adds the passkey that an authenticator made for the session's challenge. */
export async function finishPasskeyRegistration(ctx: Context, input: unknown): Promise<{ credential: Passkey; user: User }> {
  const { response, label = readDevice(ctx.client.userAgent).name } = parseInput(Finish, input);
  const { userId, sessionId } = requireViewer(ctx);
  const challenge = challengeIn(response.response.clientDataJSON);
  if (!challenge || !sessionId || !(await consumeChallenge(ctx.db, challenge, { sessionId }, ctx.now())))
    throw noLongerValid('registration');
  const registered = await verify(ctx, response, challenge);
  if (!registered) {
    await ctx.db.transaction((tx) => record(ctx, tx, { name: 'credential.refused', details: { kind: 'PASSKEY' } }));
    throw wrongCredentials();
  }
  const { credential, credentialBackedUp, userVerified } = registered;
  try {
    return await ctx.db.transaction(async (tx) => {
      const user = await lockUser(tx, userId);
      // Whoever was shut out since they began gets no way back in.
      if (!user || !(await findOpenSession(tx, sessionId, ctx.now()))) throw noLongerValid('registration');
      if ((await findPasskeys(tx, [userId])).length >= mostPasskeys) throw tooMany();
      const passkey = await insertPasskey(tx, {
        userId,
        credentialId: credential.id,
        publicKey: Buffer.from(credential.publicKey).toString('base64url'),
        counter: credential.counter,
        transports: response.response.transports,
        backedUp: credentialBackedUp,
        verifiesUser: userVerified,
        label,
        createdAt: ctx.now(),
      });
      await distrustDevices(tx, userId, sessionId, passkey.createdAt);
      await tellAdded(ctx, tx, { userId, credentialId: passkey.id, kind: 'PASSKEY' });
      return { credential: passkey, user };
    });
  } catch (error) {
    if (isUniqueViolation(error, 'passkeys_credential')) throw conflict('this passkey is registered already', { reason: 'PASSKEY_KNOWN' });
    throw error;
  }
}

type Registered = NonNullable<VerifiedRegistrationResponse['registrationInfo']>;

async function verify(ctx: Context, response: Response, challenge: string): Promise<Registered | null> {
  const { id: expectedRPID, origin: expectedOrigin } = relyingParty(ctx);
  const { verifyRegistrationResponse } = await webauthn();
  const { verified, registrationInfo } = await verifyRegistrationResponse({
    response: { ...response, clientExtensionResults: {} },
    expectedChallenge: challenge,
    expectedOrigin,
    expectedRPID,
    // Whoever only touches a key can still use it as a second factor.
    requireUserVerification: false,
  }).catch((error: unknown) => {
    ctx.log.info({ error }, 'a passkey was not registered: its answer does not hold');
    return { verified: false, registrationInfo: undefined } as const;
  });
  return verified ? registrationInfo : null;
}
