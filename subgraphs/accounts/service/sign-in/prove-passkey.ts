import type { VerifiedAuthenticationResponse } from '@simplewebauthn/server';
import { optional } from '@supergraph/platform/input';
import { z } from 'zod';
import type { Context } from '../../context.ts';
import { consumeChallenge, disablePasskey, findPasskeyByCredential, type Passkey, usePasskey } from '../../store/passkeys.ts';
import type { Flow } from '../../store/sessions.ts';
import { tellRemoved } from '../factors/tell.ts';
import { challengeIn, relyingParty, userHandleOf, webauthn } from '../factors/webauthn.ts';
import type { Proven } from './proofs.ts';

const base64url = z
  .string()
  .regex(/^[\w-]+$/, 'must be base64url')
  .max(10_000);

/** AuthenticationResponseJSON of WebAuthn, as far as it is read. */
export const Assertion = z.object({
  id: base64url,
  rawId: base64url,
  type: z.literal('public-key'),
  response: z.object({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    userHandle: optional(z.string().max(200)),
  }),
});
export type Assertion = z.infer<typeof Assertion>;

/** Checks what a passkey signed; its challenge is used up by a wrong answer, too. */
export async function provePasskey(ctx: Context, flow: Flow, assertion: Assertion): Promise<Proven | null> {
  const challenge = challengeIn(assertion.response.clientDataJSON);
  if (!challenge || !(await consumeChallenge(ctx.db, challenge, { flowId: flow.id }, ctx.now()))) return null;
  const passkey = await findPasskeyByCredential(ctx.db, assertion.id);
  if (!passkey || !isMeant(flow, passkey, assertion)) return null;
  const verified = await verify(ctx, flow, passkey, assertion, challenge);
  if (!verified) return null;
  const { newCounter, credentialBackedUp, userVerified } = verified;
  if (!isBeyond(newCounter, passkey.counter)) {
    await disable(ctx, passkey);
    return null;
  }
  return {
    userId: passkey.userId,
    method: 'PASSKEY',
    isStrong: userVerified,
    useUp: (tx) => usePasskey(tx, passkey.id, { counter: newCounter, backedUp: credentialBackedUp, verifiedUser: userVerified }, ctx.now()),
  };
}

/** An open flow is anybody's; any other is the account's that it names, known or not. */
function isMeant(flow: Flow, passkey: Passkey, { response: { userHandle } }: Assertion): boolean {
  const isOwners = !userHandle || userHandle === Buffer.from(userHandleOf(passkey.userId)).toString('base64url');
  return isOwners && (flow.isOpen || flow.userId === passkey.userId);
}

type Info = VerifiedAuthenticationResponse['authenticationInfo'];

async function verify(ctx: Context, flow: Flow, passkey: Passkey, assertion: Assertion, challenge: string): Promise<Info | null> {
  const { id: expectedRPID, origin: expectedOrigin } = relyingParty(ctx);
  const { verifyAuthenticationResponse } = await webauthn();
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response: { ...assertion, clientExtensionResults: {} },
    expectedChallenge: challenge,
    expectedOrigin,
    expectedRPID,
    requireUserVerification: flow.status === 'FIRST_FACTOR',
    // The counter is compared only once the signature holds, so that a forged answer disables nothing.
    credential: { id: passkey.credentialId, publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')), counter: 0 },
  }).catch((error: unknown) => {
    ctx.log.info({ error }, 'the answer of a passkey does not hold');
    return { verified: false, authenticationInfo: null };
  });
  return verified ? authenticationInfo : null;
}

/** Authenticators without a counter always say 0. */
const isBeyond = (counter: number, known: number): boolean => counter > known || (counter === 0 && known === 0);

async function disable(ctx: Context, { id, userId }: Passkey): Promise<void> {
  await ctx.db.transaction(async (tx) => {
    if (await disablePasskey(tx, id, ctx.now()))
      await tellRemoved(ctx, tx, { userId, credentialId: id, kind: 'PASSKEY', reason: 'COUNTER_WENT_BACK' }, 'DISABLED');
  });
}
