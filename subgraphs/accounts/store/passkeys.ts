import { passkeys, webauthnChallenges } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { and, asc, desc, eq, gt, inArray, isNull, lt } from 'drizzle-orm';

export type Passkey = typeof passkeys.$inferSelect;
export type Challenge = typeof webauthnChallenges.$inferSelect;

/** Passkeys of accounts that may be used, oldest first. */
export const findPasskeys = (db: Db, userIds: readonly string[]): Promise<Passkey[]> =>
  db
    .select()
    .from(passkeys)
    .where(and(inArray(passkeys.userId, [...userIds]), isNull(passkeys.disabledAt)))
    .orderBy(asc(passkeys.id));

/** The passkey that its authenticator calls so, if it may be used, or null. */
export async function findPasskeyByCredential(db: Db, credentialId: string): Promise<Passkey | null> {
  const [passkey] = await db
    .select()
    .from(passkeys)
    .where(and(eq(passkeys.credentialId, credentialId), isNull(passkeys.disabledAt)));
  return passkey ?? null;
}

/** Inserts a passkey; one that is known already is a unique violation. */
export async function insertPasskey(db: Db, values: typeof passkeys.$inferInsert): Promise<Passkey> {
  const [passkey] = await db.insert(passkeys).values(values).returning();
  if (!passkey) throw new Error('the insert gave no row back');
  return passkey;
}

/** What a signature says beside that it is right. */
export interface Signed {
  readonly counter: number;
  readonly backedUp: boolean;
  readonly verifiedUser: boolean;
}

/** Notes a signature, if its counter is beyond the last one; authenticators without one always say 0. */
export async function usePasskey(tx: Db, id: string, { counter, backedUp, verifiedUser }: Signed, now: Date): Promise<boolean> {
  const isBeyond = counter === 0 ? eq(passkeys.counter, 0) : lt(passkeys.counter, counter);
  const rows = await tx
    .update(passkeys)
    .set({ counter, backedUp, lastUsedAt: now, ...(verifiedUser ? { verifiesUser: true } : {}) })
    .where(and(eq(passkeys.id, id), isNull(passkeys.disabledAt), isBeyond))
    .returning({ id: passkeys.id });
  return rows.length > 0;
}

/** Lets a passkey be used no more; whether it could be until now. */
export async function disablePasskey(tx: Db, id: string, now: Date): Promise<boolean> {
  const rows = await tx
    .update(passkeys)
    .set({ disabledAt: now })
    .where(and(eq(passkeys.id, id), isNull(passkeys.disabledAt)))
    .returning({ id: passkeys.id });
  return rows.length > 0;
}

/** Takes an account's passkey away; whether it was there. */
export async function deletePasskey(tx: Db, userId: string, id: string): Promise<boolean> {
  const rows = await tx
    .delete(passkeys)
    .where(and(eq(passkeys.id, id), eq(passkeys.userId, userId), isNull(passkeys.disabledAt)))
    .returning({ id: passkeys.id });
  return rows.length > 0;
}

/** Takes away all of an account's passkeys. */
export async function deletePasskeys(tx: Db, userId: string): Promise<void> {
  await tx.delete(passkeys).where(eq(passkeys.userId, userId));
  await tx.delete(webauthnChallenges).where(eq(webauthnChallenges.userId, userId));
}

/** Inserts a challenge. */
export async function insertChallenge(db: Db, values: typeof webauthnChallenges.$inferInsert): Promise<void> {
  await db.insert(webauthnChallenges).values(values);
}

/** A flow's challenge that still waits for an answer, or null. */
export async function findChallenge(db: Db, flowId: string, now: Date): Promise<Challenge | null> {
  const [challenge] = await db
    .select()
    .from(webauthnChallenges)
    .where(and(eq(webauthnChallenges.flowId, flowId), isNull(webauthnChallenges.consumedAt), gt(webauthnChallenges.expiresAt, now)))
    .orderBy(desc(webauthnChallenges.id))
    .limit(1);
  return challenge ?? null;
}

/** Uses a challenge up: that of a flow, or that of a registration in a session. False when it is unknown, used or over. */
export async function consumeChallenge(
  db: Db,
  challenge: string,
  owner: { readonly flowId: string } | { readonly sessionId: string },
  now: Date,
): Promise<boolean> {
  const owned =
    'flowId' in owner
      ? and(eq(webauthnChallenges.purpose, 'PROVE'), eq(webauthnChallenges.flowId, owner.flowId))
      : and(eq(webauthnChallenges.purpose, 'REGISTER'), eq(webauthnChallenges.sessionId, owner.sessionId));
  const rows = await db
    .update(webauthnChallenges)
    .set({ consumedAt: now })
    .where(
      and(eq(webauthnChallenges.challenge, challenge), owned, isNull(webauthnChallenges.consumedAt), gt(webauthnChallenges.expiresAt, now)),
    )
    .returning({ id: webauthnChallenges.id });
  return rows.length > 0;
}

/** Forgets challenges that are over. */
export async function sweepChallenges(db: Db, before: Date): Promise<void> {
  await db.delete(webauthnChallenges).where(lt(webauthnChallenges.expiresAt, before));
}
