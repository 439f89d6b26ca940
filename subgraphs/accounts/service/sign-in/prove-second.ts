import type { Context } from '../../context.ts';
import { resetCounter } from '../../store/records.ts';
import { touchTotp, useTotpStep } from '../../store/factors.ts';
import type { Flow } from '../../store/sessions.ts';
import { useRecoveryCode } from '../factors/recovery-codes.ts';
import { findShowing } from '../factors/totp.ts';
import { countOnPath, totpKey } from './attempts.ts';
import type { Proven } from './proofs.ts';

/** Checks a code of an authenticator app; each time step of an account is used once. */
export async function proveTotp(ctx: Context, { userId }: Flow, code: string): Promise<Proven | null> {
  if (!userId) return null;
  const isOpen = await countOnPath(ctx, totpKey(userId));
  const showing = await findShowing(ctx, ctx.db, userId, code);
  if (!isOpen || !showing) return null;
  const useUp: Proven['useUp'] = async (tx) => {
    const now = ctx.now();
    if (!(await useTotpStep(tx, userId, showing.step, now)) || !(await touchTotp(tx, showing.totp.id, now))) return false;
    await resetCounter(tx, totpKey(userId));
    return true;
  };
  return { userId, method: 'TOTP', isStrong: false, useUp };
}

/** Takes a recovery code; whether it is one shows when it is used up, in one statement. */
export async function proveRecoveryCode(ctx: Context, { userId }: Flow, code: string): Promise<Proven | null> {
  if (!userId) return null;
  return { userId, method: 'RECOVERY_CODE', isStrong: false, useUp: (tx) => useRecoveryCode(ctx, tx, userId, code) };
}
