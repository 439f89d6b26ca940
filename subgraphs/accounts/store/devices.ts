import { sessions, trustedDevices } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { and, eq, gt, inArray, lt, ne } from 'drizzle-orm';

export type TrustedDevice = typeof trustedDevices.$inferSelect;

/** Trusted devices by id, those that are over too. */
export const findDevices = (db: Db, ids: readonly string[]): Promise<TrustedDevice[]> =>
  db
    .select()
    .from(trustedDevices)
    .where(inArray(trustedDevices.id, [...ids]));

/** The trusted device of a secret, or null. */
export async function findDeviceByHash(db: Db, hash: string, now: Date): Promise<TrustedDevice | null> {
  const [device] = await db
    .select()
    .from(trustedDevices)
    .where(and(eq(trustedDevices.hash, hash), gt(trustedDevices.expiresAt, now)));
  return device ?? null;
}

/** Inserts a trusted device; its id. */
export async function insertDevice(db: Db, values: typeof trustedDevices.$inferInsert): Promise<string> {
  const [device] = await db.insert(trustedDevices).values(values).returning({ id: trustedDevices.id });
  if (!device) throw new Error('the insert gave no row back');
  return device.id;
}

/** Notes that a person's trusted device is used; false when it is trusted no more. */
export async function touchDevice(tx: Db, id: string, userId: string, now: Date): Promise<boolean> {
  const rows = await tx
    .update(trustedDevices)
    .set({ lastUsedAt: now })
    .where(and(eq(trustedDevices.id, id), eq(trustedDevices.userId, userId), gt(trustedDevices.expiresAt, now)))
    .returning({ id: trustedDevices.id });
  return rows.length > 0;
}

/** Ends the trust in a person's devices: these, or all but that of one session. */
export async function deleteDevices(
  tx: Db,
  userId: string,
  which: { readonly only: readonly string[] } | { readonly butOfSession: string | null },
): Promise<void> {
  const of = eq(trustedDevices.userId, userId);
  if ('only' in which) {
    if (which.only.length > 0) await tx.delete(trustedDevices).where(and(of, inArray(trustedDevices.id, [...which.only])));
    return;
  }
  const kept = which.butOfSession ? await deviceOf(tx, which.butOfSession) : null;
  await tx.delete(trustedDevices).where(and(of, kept ? ne(trustedDevices.id, kept) : undefined));
}

async function deviceOf(db: Db, sessionId: string): Promise<string | null> {
  const [session] = await db.select({ deviceId: sessions.deviceId }).from(sessions).where(eq(sessions.id, sessionId));
  return session?.deviceId ?? null;
}

/** Forgets devices whose trust is over. */
export async function sweepDevices(db: Db, now: Date): Promise<void> {
  await db.delete(trustedDevices).where(lt(trustedDevices.expiresAt, now));
}
