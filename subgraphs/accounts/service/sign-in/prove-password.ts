import type { Context } from '../../context.ts';
import { resetCounter } from '../../store/records.ts';
import type { Flow } from '../../store/sessions.ts';
import { findPasswords, touchPassword } from '../../store/users.ts';
import { isOutdated, upgradePassword, verifyPassword } from '../passwords.ts';
import { countOnPath, deviceKey } from './attempts.ts';
import type { Proven } from './proofs.ts';

/** Checks a password; a closed path, an unknown person and a wrong password cost the same hash. */
export async function provePassword(ctx: Context, flow: Flow, password: string): Promise<Proven | null> {
  const key = flow.deviceId ? deviceKey(flow.deviceId) : flow.attemptKey;
  const isOpen = await countOnPath(ctx, key);
  // Where nobody is meant the same questions are asked, with an id that nobody has.
  const ownerId = flow.userId ?? flow.id;
  const [kept] = await findPasswords(ctx.db, [ownerId]);
  const isRight = await verifyPassword(ctx, kept?.hash ?? null, password);
  // Whether the account may sign in is looked at when it is locked.
  if (!isOpen || !isRight || !kept) return null;
  const upgraded = isOutdated(ctx, kept.hash) ? await upgradePassword(ctx, password) : undefined;
  return {
    userId: kept.userId,
    method: 'PASSWORD',
    isStrong: false,
    useUp: async (tx) => {
      // The account is locked by now: a password that was changed in the meantime is another one.
      if (!(await touchPassword(tx, kept.id, kept.hash, ctx.now(), upgraded))) return false;
      await resetCounter(tx, key);
      return true;
    },
  };
}
