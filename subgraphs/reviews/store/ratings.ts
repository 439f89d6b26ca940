import { aspectSummaries, kindMeans, ratingSummaries } from '@supergraph/db/reviews/tables';
import type { Db } from '@supergraph/platform/database';
import { and, asc, eq, gt, inArray, lte, sql } from 'drizzle-orm';
import type { SubjectKind } from '../aspects.ts';
import type { RatingScope, SummaryRow } from './rows.ts';

/** By how much a rating changes; all of it may be negative. */
export interface RatingChange {
  readonly count: number;
  readonly sum: number;
  readonly stars: readonly [number, number, number, number, number];
  readonly verifiedCount: number;
  readonly aspects: ReadonlyMap<string, { readonly count: number; readonly sum: number }>;
}

const here = (scope: RatingScope, id: string) => and(eq(ratingSummaries.scope, scope), eq(ratingSummaries.id, id));

/** Adds a change to a rating and locks it until the transaction ends; gives the rating back. */
export async function addToSummary(tx: Db, scope: RatingScope, id: string, change: RatingChange): Promise<SummaryRow> {
  const [s1, s2, s3, s4, s5] = change.stars;
  // A row of zeros first: an upsert would hold the change itself against the checks.
  await tx.insert(ratingSummaries).values({ scope, id }).onConflictDoNothing();
  const [row] = await tx
    .update(ratingSummaries)
    .set({
      count: sql`${ratingSummaries.count} + ${change.count}`,
      sum: sql`${ratingSummaries.sum} + ${change.sum}`,
      stars1: sql`${ratingSummaries.stars1} + ${s1}`,
      stars2: sql`${ratingSummaries.stars2} + ${s2}`,
      stars3: sql`${ratingSummaries.stars3} + ${s3}`,
      stars4: sql`${ratingSummaries.stars4} + ${s4}`,
      stars5: sql`${ratingSummaries.stars5} + ${s5}`,
      verifiedCount: sql`${ratingSummaries.verifiedCount} + ${change.verifiedCount}`,
      version: sql`${ratingSummaries.version} + 1`,
    })
    .where(here(scope, id))
    .returning();
  if (!row) throw new Error('the rating that was changed is gone');
  for (const [code, { count, sum }] of change.aspects) {
    await tx.insert(aspectSummaries).values({ scope, id, code }).onConflictDoNothing();
    await tx
      .update(aspectSummaries)
      .set({ count: sql`${aspectSummaries.count} + ${count}`, sum: sql`${aspectSummaries.sum} + ${sum}` })
      .where(and(eq(aspectSummaries.scope, scope), eq(aspectSummaries.id, id), eq(aspectSummaries.code, code)));
  }
  return row;
}

/** Notes that the others were told a rating at a moment, or have yet to be told. */
export async function noteTelling(tx: Db, scope: RatingScope, id: string, note: { readonly toldAt: Date } | 'DUE'): Promise<void> {
  await tx
    .update(ratingSummaries)
    .set(note === 'DUE' ? { tellDue: true } : { toldAt: note.toldAt, tellDue: false })
    .where(here(scope, id));
}

/** A rating, locked until the transaction ends. */
export async function lockSummary(tx: Db, scope: RatingScope, id: string): Promise<SummaryRow | null> {
  const [row] = await tx.select().from(ratingSummaries).where(here(scope, id)).for('update');
  return row ?? null;
}

/** Ratings that the others have yet to hear of and were last told before a moment. */
export const findDueSummaries = (db: Db, toldBefore: Date, limit: number): Promise<SummaryRow[]> =>
  db
    .select()
    .from(ratingSummaries)
    .where(and(eq(ratingSummaries.tellDue, true), lte(ratingSummaries.toldAt, toldBefore)))
    .orderBy(asc(ratingSummaries.toldAt))
    .limit(limit);

/** Sums by criterion of many things, in the order of the codes. */
export const findAspectSummaries = (db: Db, scope: RatingScope, ids: readonly string[]): Promise<(typeof aspectSummaries.$inferSelect)[]> =>
  db
    .select()
    .from(aspectSummaries)
    .where(and(eq(aspectSummaries.scope, scope), inArray(aspectSummaries.id, [...ids]), gt(aspectSummaries.count, 0)))
    .orderBy(asc(aspectSummaries.code));

/** The mean rating of a kind; undefined before the first refresh. */
export async function findMean(db: Db, kind: SubjectKind): Promise<number | undefined> {
  const [row] = await db.select({ mean: kindMeans.mean }).from(kindMeans).where(eq(kindMeans.kind, kind));
  return row?.mean;
}

/** Computes the mean of each kind anew. */
export async function refreshMeans(db: Db, now: Date): Promise<void> {
  const means = await db
    .select({
      scope: ratingSummaries.scope,
      mean: sql`sum(${ratingSummaries.sum})::double precision / sum(${ratingSummaries.count})`.mapWith(Number),
    })
    .from(ratingSummaries)
    .where(gt(ratingSummaries.count, 0))
    .groupBy(ratingSummaries.scope);
  for (const { scope, mean } of means) {
    if (scope === 'SELLER') continue;
    await db
      .insert(kindMeans)
      .values({ kind: scope, mean, refreshedAt: now })
      .onConflictDoUpdate({ target: kindMeans.kind, set: { mean, refreshedAt: now } });
  }
}
