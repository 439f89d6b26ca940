import { mailQueue } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { and, asc, eq, isNotNull, lt, lte, sql } from 'drizzle-orm';

export type QueuedMail = typeof mailQueue.$inferSelect;

/** Puts a mail into the queue; its id. */
export async function insertMail(tx: Db, values: typeof mailQueue.$inferInsert): Promise<string> {
  const [mail] = await tx.insert(mailQueue).values(values).returning({ id: mailQueue.id });
  if (!mail) throw new Error('the insert gave no row back');
  return mail.id;
}

/** Takes a mail that is due, and counts the try; null when it is sent, given up, waits, or somebody else has it. Nobody takes it again until then. */
export async function claimMail(db: Db, id: string, now: Date, until: Date): Promise<QueuedMail | null> {
  const [mail] = await db
    .update(mailQueue)
    .set({ nextTryAt: until, attempts: sql`${mailQueue.attempts} + 1` })
    .where(and(eq(mailQueue.id, id), isNotNull(mailQueue.sealed), lte(mailQueue.nextTryAt, now)))
    .returning();
  return mail ?? null;
}

/** Lets a mail that could not be sent wait until then. */
export async function postponeMail(db: Db, id: string, until: Date): Promise<void> {
  await db.update(mailQueue).set({ nextTryAt: until }).where(eq(mailQueue.id, id));
}

/** Mails that are due, the longest waiting first. */
export async function listDueMail(db: Db, now: Date, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: mailQueue.id })
    .from(mailQueue)
    .where(and(isNotNull(mailQueue.sealed), lte(mailQueue.nextTryAt, now)))
    .orderBy(asc(mailQueue.nextTryAt))
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** Empties a mail; with a time, because it was sent then. */
export async function emptyMail(db: Db, id: string, { sentAt }: { sentAt: Date | null }): Promise<void> {
  await db.update(mailQueue).set({ sealed: null, sentAt }).where(eq(mailQueue.id, id));
}

/** Forgets mails that were sent or given up long ago. */
export async function sweepMail(db: Db, before: Date): Promise<void> {
  await db.delete(mailQueue).where(lt(mailQueue.giveUpAt, before));
}
