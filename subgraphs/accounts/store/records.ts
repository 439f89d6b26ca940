import { attemptCounters } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { and, eq, gt, isNull, lt, lte, or, sql } from 'drizzle-orm';

export type AttemptCounter = typeof attemptCounters.$inferSelect;

/** Makes whoever else wants this lock wait until the transaction ends. */
export async function lockFor(tx: Db, name: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`accounts:${name}`}, 0))`);
}

/** When a path closes, and for how long: with that many attempts for the first of these times, with each more for the next. */
export interface Closing {
  readonly from: number;
  /** In milliseconds; the last one counts for all that follow. */
  readonly forMs: readonly number[];
}

/** Counts an attempt before it is checked, unless the path is closed; null then. A path that was closed goes on counting where it stood. */
export async function countAttempt(db: Db, key: string, now: Date, { from, forMs }: Closing): Promise<AttemptCounter | null> {
  const failures = sql`${attemptCounters.failures} + 1`;
  const steps = sql`array[${sql.join(
    forMs.map((ms) => sql`${ms}::bigint`),
    sql`, `,
  )}]`;
  const closedMs = sql`(${steps})[least(${failures} - ${from}::int + 1, ${forMs.length}::int)]`;
  const closedUntil = sql`case when ${failures} >= ${from}::int then ${now.toISOString()}::timestamptz + ${closedMs} * interval '1 millisecond' end`;
  const [counted] = await db
    .insert(attemptCounters)
    .values({ key, failures: 1, windowStartedAt: now, updatedAt: now })
    .onConflictDoUpdate({
      target: attemptCounters.key,
      set: { failures, updatedAt: now, closedUntil },
      setWhere: or(isNull(attemptCounters.closedUntil), lte(attemptCounters.closedUntil, now)),
    })
    .returning();
  return counted ?? null;
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
