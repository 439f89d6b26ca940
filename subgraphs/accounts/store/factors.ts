import { passkeys, passwords, recoveryCodes, totpCredentials, totpSteps } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { and, asc, count, eq, gt, inArray, isNotNull, isNull, lt, max, min } from 'drizzle-orm';

export type Totp = typeof totpCredentials.$inferSelect;

/** Recovery codes that were made together, as one credential. */
export interface RecoverySet {
  readonly id: string;
  readonly userId: string;
  readonly createdAt: Date;
  readonly lastUsedAt: Date | null;
  readonly remaining: number;
}

/** Confirmed authenticator apps of accounts, oldest first. */
export const findTotps = (db: Db, userIds: readonly string[]): Promise<Totp[]> =>
  db
    .select()
    .from(totpCredentials)
    .where(and(inArray(totpCredentials.userId, [...userIds]), isNotNull(totpCredentials.confirmedAt)))
    .orderBy(asc(totpCredentials.id));

/** Since when an account has had a second factor: the first of its authenticator apps and passkeys; null for none. */
export async function findSecondFactorSince(db: Db, userId: string): Promise<Date | null> {
  const { confirmedAt } = totpCredentials;
  const totps = db
    .select({ since: min(confirmedAt).as('since') })
    .from(totpCredentials)
    .where(and(eq(totpCredentials.userId, userId), isNotNull(confirmedAt)));
  const keys = db
    .select({ since: min(passkeys.createdAt).as('since') })
    .from(passkeys)
    .where(and(eq(passkeys.userId, userId), isNull(passkeys.disabledAt)));
  const rows = await totps.unionAll(keys);
  const moments = rows.flatMap(({ since }) => since ?? []).toSorted((a, b) => a.getTime() - b.getTime());
  return moments[0] ?? null;
}

/** Inserts an enrollment. */
export async function insertTotp(db: Db, values: typeof totpCredentials.$inferInsert): Promise<void> {
  await db.insert(totpCredentials).values(values);
}

const waiting = (id: string, sessionId: string, now: Date) =>
  and(
    eq(totpCredentials.id, id),
    eq(totpCredentials.sessionId, sessionId),
    isNull(totpCredentials.confirmedAt),
    gt(totpCredentials.expiresAt, now),
  );

/** An enrollment that waits for its first code, or null. */
export async function findEnrollment(db: Db, id: string, sessionId: string, now: Date): Promise<Totp | null> {
  const [enrollment] = await db
    .select()
    .from(totpCredentials)
    .where(waiting(id, sessionId, now));
  return enrollment ?? null;
}

/** Confirms an enrollment, once; null when it is over. */
export async function confirmTotp(db: Db, id: string, sessionId: string, now: Date): Promise<Totp | null> {
  const [totp] = await db
    .update(totpCredentials)
    .set({ confirmedAt: now })
    .where(waiting(id, sessionId, now))
    .returning();
  return totp ?? null;
}

/** Uses a time step of an account up; of two that race one wins. */
export async function useTotpStep(tx: Db, userId: string, step: number, now: Date): Promise<boolean> {
  const rows = await tx.insert(totpSteps).values({ userId, step, usedAt: now }).onConflictDoNothing().returning({ step: totpSteps.step });
  return rows.length > 0;
}

/** Notes that an authenticator app was proved; false when it is gone. */
export async function touchTotp(tx: Db, id: string, now: Date): Promise<boolean> {
  const rows = await tx
    .update(totpCredentials)
    .set({ lastUsedAt: now })
    .where(and(eq(totpCredentials.id, id), isNotNull(totpCredentials.confirmedAt)))
    .returning({ id: totpCredentials.id });
  return rows.length > 0;
}

/** Takes an account's authenticator app away; whether it was there. */
export async function deleteTotp(tx: Db, userId: string, id: string): Promise<boolean> {
  const rows = await tx
    .delete(totpCredentials)
    .where(and(eq(totpCredentials.id, id), eq(totpCredentials.userId, userId), isNotNull(totpCredentials.confirmedAt)))
    .returning({ id: totpCredentials.id });
  return rows.length > 0;
}

/** Puts new recovery codes in place of all older ones. */
export async function replaceRecoveryCodes(
  tx: Db,
  userId: string,
  setId: string,
  hashes: readonly string[],
  createdAt: Date,
): Promise<void> {
  await deleteRecoveryCodes(tx, userId);
  await tx.insert(recoveryCodes).values(hashes.map((hash) => ({ userId, setId, hash, createdAt })));
}

/** Uses a recovery code up; false when it is unknown or used. Of two that race one wins. */
export async function consumeRecoveryCode(tx: Db, userId: string, hash: string, now: Date): Promise<boolean> {
  const rows = await tx
    .update(recoveryCodes)
    .set({ consumedAt: now })
    .where(and(eq(recoveryCodes.userId, userId), eq(recoveryCodes.hash, hash), isNull(recoveryCodes.consumedAt)))
    .returning({ id: recoveryCodes.id });
  return rows.length > 0;
}

/** The recovery codes of accounts, as one credential each. */
export async function findRecoverySets(db: Db, userIds: readonly string[]): Promise<RecoverySet[]> {
  const rows = await db
    .select({
      id: recoveryCodes.setId,
      userId: recoveryCodes.userId,
      createdAt: min(recoveryCodes.createdAt),
      lastUsedAt: max(recoveryCodes.consumedAt),
      all: count(),
      used: count(recoveryCodes.consumedAt),
    })
    .from(recoveryCodes)
    .where(inArray(recoveryCodes.userId, [...userIds]))
    .groupBy(recoveryCodes.setId, recoveryCodes.userId);
  return rows.map(({ all, used, createdAt, ...row }) => ({ ...row, createdAt: createdAt as Date, remaining: all - used }));
}

/** Takes all recovery codes of an account away. */
export async function deleteRecoveryCodes(tx: Db, userId: string): Promise<void> {
  await tx.delete(recoveryCodes).where(eq(recoveryCodes.userId, userId));
}

/** Takes an account's password away, if it is this one; whether it was. */
export async function deletePasswordById(tx: Db, userId: string, id: string): Promise<boolean> {
  const rows = await tx
    .delete(passwords)
    .where(and(eq(passwords.id, id), eq(passwords.userId, userId)))
    .returning({ id: passwords.id });
  return rows.length > 0;
}

/** Takes away all that an account could prove beside its password. */
export async function deleteFactors(tx: Db, userId: string): Promise<void> {
  await tx.delete(totpCredentials).where(eq(totpCredentials.userId, userId));
  await tx.delete(totpSteps).where(eq(totpSteps.userId, userId));
  await deleteRecoveryCodes(tx, userId);
}

/** Forgets enrollments that were not finished, and time steps whose codes are long over. */
export async function sweepFactors(db: Db, before: Date): Promise<void> {
  await db.delete(totpCredentials).where(and(isNull(totpCredentials.confirmedAt), lt(totpCredentials.expiresAt, before)));
  await db.delete(totpSteps).where(lt(totpSteps.usedAt, before));
}
