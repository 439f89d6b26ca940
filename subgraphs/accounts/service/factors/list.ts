import type { Context } from '../../context.ts';
import { canSeePersonal } from '../../policy.ts';
import type { RecoverySet, Totp } from '../../store/factors.ts';
import type { Passkey } from '../../store/passkeys.ts';
import type { Password } from '../../store/users.ts';

/** A way in as its owner sees it. */
export type Credential =
  | (Password & { readonly __typename: 'PasswordCredential' })
  | (Passkey & { readonly __typename: 'PasskeyCredential' })
  | (Totp & { readonly __typename: 'TotpCredential' })
  | (RecoverySet & { readonly __typename: 'RecoveryCodesCredential' });

/** An account's ways in; null for whom they do not concern. */
export async function credentialsOf(ctx: Context, userId: string): Promise<Credential[] | null> {
  if (!canSeePersonal(ctx.viewer, userId)) return null;
  const { passwordByUser, passkeysByUser, totpsByUser, recoveryCodesByUser } = ctx.loaders;
  const [password, passkeys, totps, codes] = await Promise.all([
    passwordByUser.load(userId),
    passkeysByUser.load(userId),
    totpsByUser.load(userId),
    recoveryCodesByUser.load(userId),
  ]);
  return [
    ...(password ? [{ ...password, __typename: 'PasswordCredential' as const }] : []),
    ...passkeys.map((passkey) => ({ ...passkey, __typename: 'PasskeyCredential' as const })),
    ...totps.map((totp) => ({ ...totp, __typename: 'TotpCredential' as const })),
    ...(codes ? [{ ...codes, __typename: 'RecoveryCodesCredential' as const }] : []),
  ];
}

/** Whether signing in takes a second factor; null for whom it does not concern. */
export async function mfaEnabled(ctx: Context, userId: string): Promise<boolean | null> {
  if (!canSeePersonal(ctx.viewer, userId)) return null;
  const { passkeysByUser, totpsByUser } = ctx.loaders;
  const factors = await Promise.all([passkeysByUser.load(userId), totpsByUser.load(userId)]);
  return factors.flat().length > 0;
}
