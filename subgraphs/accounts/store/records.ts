import { attemptCounters, mailQueue, signingKeys } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { and, asc, eq, gt, inArray, isNotNull, isNull, lt, lte, or, sql } from 'drizzle-orm';

export type AttemptCounter = typeof attemptCounters.$inferSelect;
export type SigningKey = typeof signingKeys.$inferSelect;
export type QueuedMail = typeof mailQueue.$inferSelect;

/** Makes whoever else wants this lock wait until the transaction ends. */
export async function lockFor(tx: Db, name: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`accounts:${name}`}, 0))`);
}

/** Counts an attempt before it is checked, unless the path is closed; null then. A path that was closed goes on counting where it stood. */
export async function countAttempt(
  db: Db,
  key: string,
  now: Date,
  closedUntil: (failures: number) => Date | null,
): Promise<AttemptCounter | null> {
  return db.transaction(async (tx) => {
    await tx.insert(attemptCounters).values({ key, failures: 0, windowStartedAt: now, updatedAt: now }).onConflictDoNothing();
    const [counted] = await tx
      .update(attemptCounters)
      .set({ failures: sql`${attemptCounters.failures} + 1`, updatedAt: now })
      .where(and(eq(attemptCounters.key, key), or(isNull(attemptCounters.closedUntil), lte(attemptCounters.closedUntil, now))))
      .returning();
    if (!counted) return null;
    await tx
      .update(attemptCounters)
      .set({ closedUntil: closedUntil(counted.failures) })
      .where(eq(attemptCounters.key, key));
    return counted;
  });
}

/** Counts an attempt in a window of time that begins anew when it is over; the counter as it is now. */
export async function countInWindow(db: Db, key: string, now: Date, windowMs: number): Promise<AttemptCounter> {
  const oldest = new Date(now.getTime() - windowMs).toISOString();
  const over = sql`${attemptCounters.windowStartedAt} <= ${oldest}::timestamptz`;
  const [counted] = await db
    .insert(attemptCounters)
    .values({ key, failures: 1, windowStartedAt: now, updatedAt: now })
    .onConflictDoUpdate({
      target: attemptCounters.key,
      set: {
        failures: sql`case when ${over} then 1 else ${attemptCounters.failures} + 1 end`,
        windowStartedAt: sql`case when ${over} then ${now.toISOString()}::timestamptz else ${attemptCounters.windowStartedAt} end`,
        updatedAt: now,
      },
    })
    .returning();
  if (!counted) throw new Error('the counter gave no row back');
  return counted;
}

/** Takes one attempt back, because it did not fail. */
export async function uncount(db: Db, key: string): Promise<void> {
  await db
    .update(attemptCounters)
    .set({ failures: sql`${attemptCounters.failures} - 1` })
    .where(and(eq(attemptCounters.key, key), gt(attemptCounters.failures, 0)));
}

/** Forgets a counter. */
export async function resetCounter(db: Db, key: string): Promise<void> {
  await db.delete(attemptCounters).where(eq(attemptCounters.key, key));
}

/** Forgets counters that nothing was added to for long. */
export async function sweepCounters(db: Db, before: Date): Promise<void> {
  await db.delete(attemptCounters).where(lt(attemptCounters.updatedAt, before));
}

/** Every signing key that verifiers may meet. */
export const listPublishedKeys = (db: Db): Promise<SigningKey[]> =>
  db
    .select()
    .from(signingKeys)
    .where(inArray(signingKeys.state, ['NEXT', 'ACTIVE', 'RETIRED']));

/** The key that signs, or null before the first start. */
export async function findActiveKey(db: Db): Promise<SigningKey | null> {
  const [key] = await db.select().from(signingKeys).where(eq(signingKeys.state, 'ACTIVE'));
  return key ?? null;
}

/** Inserts a signing key. */
export async function insertSigningKey(db: Db, values: typeof signingKeys.$inferInsert): Promise<void> {
  await db.insert(signingKeys).values(values);
}

/** Puts a mail into the queue; its id. */
export async function insertMail(tx: Db, values: typeof mailQueue.$inferInsert): Promise<string> {
  const [mail] = await tx.insert(mailQueue).values(values).returning({ id: mailQueue.id });
  if (!mail) throw new Error('the insert gave no row back');
  return mail.id;
}

/** A mail that still waits, locked; null when it is sent, given up, or being sent by somebody else. */
export async function claimMail(tx: Db, id: string): Promise<QueuedMail | null> {
  const [mail] = await tx
    .select()
    .from(mailQueue)
    .where(and(eq(mailQueue.id, id), isNotNull(mailQueue.sealed)))
    .for('update', { skipLocked: true });
  return mail ?? null;
}

/** Mails that wait, oldest first. */
export async function listWaitingMail(db: Db, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: mailQueue.id })
    .from(mailQueue)
    .where(isNotNull(mailQueue.sealed))
    .orderBy(asc(mailQueue.id))
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** Empties a mail; with a time, because it was sent then. */
export async function emptyMail(tx: Db, id: string, sentAt: Date | null): Promise<void> {
  await tx.update(mailQueue).set({ sealed: null, sentAt }).where(eq(mailQueue.id, id));
}

/** Notes a failed attempt to send. */
export async function countMailAttempt(db: Db, id: string): Promise<void> {
  await db
    .update(mailQueue)
    .set({ attempts: sql`${mailQueue.attempts} + 1` })
    .where(eq(mailQueue.id, id));
}
