import { attemptCounters } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { and, eq, gt, isNull, lt, lte, or, sql } from 'drizzle-orm';

export type AttemptCounter = typeof attemptCounters.$inferSelect;

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
