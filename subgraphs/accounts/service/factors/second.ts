import type { Db } from '@supergraph/platform/database';
import { deleteDevices } from '../../store/devices.ts';
import { findRecoverySets, findSecondFactorSince, findTotps } from '../../store/factors.ts';
import { findPasskeys, type Passkey } from '../../store/passkeys.ts';

/** What an account can prove beside its password. */
export interface SecondFactors {
  readonly hasTotp: boolean;
  readonly passkeys: readonly Passkey[];
  readonly recoveryCodesLeft: number;
}

/** What an account can prove beside its password, as it stands now. */
export async function secondFactorsOf(db: Db, userId: string): Promise<SecondFactors> {
  const totps = await findTotps(db, [userId]);
  const passkeys = await findPasskeys(db, [userId]);
  const [codes] = await findRecoverySets(db, [userId]);
  return { hasTotp: totps.length > 0, passkeys, recoveryCodesLeft: codes?.remaining ?? 0 };
}

/** Whether an account has a second factor; with a moment, whether it had one by then. Recovery codes only stand in for one. */
export async function hasSecondFactor(db: Db, userId: string, by?: Date): Promise<boolean> {
  const since = await findSecondFactorSince(db, userId);
  return since !== null && (!by || since <= by);
}

/** Devices that were trusted while there was no second factor must not go without it: the first one ends their trust. */
export async function distrustDevices(tx: Db, userId: string, sessionId: string, added: Date | null): Promise<void> {
  if (added && (await hasSecondFactor(tx, userId, new Date(added.getTime() - 1)))) return;
  await deleteDevices(tx, userId, { butOfSession: sessionId });
}
