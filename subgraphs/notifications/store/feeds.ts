import { feedLog, heads } from '@supergraph/db/notifications/tables';
import type { Db } from '@supergraph/platform/database';
import { and, asc, eq, gt, inArray, lt, lte, sql } from 'drizzle-orm';
import type { FeedEntry, Head } from './rows.ts';

/** Locks people's heads, making those that are missing; always in the same order, so that nobody waits in a circle. */
export async function lockHeads(tx: Db, recipientIds: readonly string[]): Promise<Map<string, Head>> {
  const ordered = [...new Set(recipientIds)].toSorted();
  if (ordered.length === 0) return new Map();
  await tx
    .insert(heads)
    .values(ordered.map((recipientId) => ({ recipientId })))
    .onConflictDoNothing();
  const rows = await tx.select().from(heads).where(inArray(heads.recipientId, ordered)).orderBy(asc(heads.recipientId)).for('update');
  return new Map(rows.map((row) => [row.recipientId, row]));
}

/** Writes heads that are locked. */
export async function saveHeads(tx: Db, rows: readonly Head[]): Promise<void> {
  if (rows.length === 0) return;
  await tx
    .insert(heads)
    .values([...rows])
    .onConflictDoUpdate({
      target: heads.recipientId,
      set: {
        lastSeq: sql`excluded.last_seq`,
        unseen: sql`excluded.unseen`,
        unread: sql`excluded.unread`,
        unreadByCategory: sql`excluded.unread_by_category`,
      },
    });
}

/** The heads of people; who was never told anything has none. */
export const findHeads = (db: Db, recipientIds: readonly string[]): Promise<Head[]> =>
  db
    .select()
    .from(heads)
    .where(inArray(heads.recipientId, [...recipientIds]));

/** Writes entries of the log. */
export async function insertEntries(tx: Db, rows: readonly FeedEntry[]): Promise<void> {
  if (rows.length > 0) await tx.insert(feedLog).values([...rows]);
}

/** Entries behind a number, in their order. */
export const listEntries = (
  db: Db,
  recipientId: string,
  { behind, upTo = Number.MAX_SAFE_INTEGER, limit }: { behind: number; upTo?: number | undefined; limit: number },
): Promise<FeedEntry[]> =>
  db
    .select()
    .from(feedLog)
    .where(and(eq(feedLog.recipientId, recipientId), gt(feedLog.seq, behind), lte(feedLog.seq, upTo)))
    .orderBy(asc(feedLog.seq))
    .limit(limit);

/** One entry of the log, or null when it is unknown or no longer kept. */
export async function findEntry(db: Db, recipientId: string, seq: number): Promise<FeedEntry | null> {
  const [row] = await db
    .select()
    .from(feedLog)
    .where(and(eq(feedLog.recipientId, recipientId), eq(feedLog.seq, seq)));
  return row ?? null;
}

/** Forgets entries from before a moment. */
export async function deleteOldEntries(tx: Db, recipientIds: readonly string[], before: Date): Promise<void> {
  await tx.delete(feedLog).where(and(inArray(feedLog.recipientId, [...recipientIds]), lt(feedLog.at, before)));
}
