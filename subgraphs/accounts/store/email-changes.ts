import { emailChanges, users } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { and, desc, eq, gt, inArray, isNull, lt, sql } from 'drizzle-orm';
import { fold, type User } from './users.ts';

export type EmailChange = typeof emailChanges.$inferSelect;

/** Changes of accounts whose link was not opened yet, the newest first. */
export const findPendingChanges = (db: Db, userIds: readonly string[], now: Date): Promise<EmailChange[]> =>
  db
    .select()
    .from(emailChanges)
    .where(and(inArray(emailChanges.userId, [...userIds]), isNull(emailChanges.confirmedAt), gt(emailChanges.expiresAt, now)))
    .orderBy(desc(emailChanges.id));

/** Inserts a change that waits for its link; its id. */
export async function insertEmailChange(db: Db, values: typeof emailChanges.$inferInsert): Promise<string> {
  const [change] = await db.insert(emailChanges).values(values).returning({ id: emailChanges.id });
  if (!change) throw new Error('the insert gave no row back');
  return change.id;
}

/** A change by its id, or null. */
export async function findEmailChange(db: Db, id: string): Promise<EmailChange | null> {
  const [change] = await db.select().from(emailChanges).where(eq(emailChanges.id, id));
  return change ?? null;
}

/** Notes that a change took effect. */
export async function confirmEmailChange(db: Db, id: string, now: Date): Promise<void> {
  await db.update(emailChanges).set({ confirmedAt: now }).where(eq(emailChanges.id, id));
}

/** Ends changes of an account that did not take effect, and with them their links. */
export async function deletePendingChanges(db: Db, userId: string): Promise<void> {
  await db.delete(emailChanges).where(and(eq(emailChanges.userId, userId), isNull(emailChanges.confirmedAt)));
}

/** Ends all changes of an account, those that can still be undone too. */
export async function deleteEmailChanges(db: Db, userId: string): Promise<void> {
  await db.delete(emailChanges).where(eq(emailChanges.userId, userId));
}

/** Gives an account its verified address; one that somebody else has is a unique violation. */
export async function updateEmail(db: Db, userId: string, email: string): Promise<User | null> {
  const [user] = await db
    .update(users)
    .set({ email, emailFold: fold(email), version: sql`${users.version} + 1` })
    .where(and(eq(users.id, userId), inArray(users.status, ['ACTIVE', 'SUSPENDED', 'DELETION_SCHEDULED'])))
    .returning();
  return user ?? null;
}

/** Forgets changes that nobody can confirm or undo any more. */
export async function sweepEmailChanges(db: Db, before: Date): Promise<void> {
  await db.delete(emailChanges).where(lt(emailChanges.expiresAt, before));
}
