import { externalIdentities, externalVisits } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { and, asc, count, eq, gt, inArray, isNull, lt } from 'drizzle-orm';

export type ExternalIdentity = typeof externalIdentities.$inferSelect;
export type ExternalVisit = typeof externalVisits.$inferSelect;

/** Whose account at another provider this is, or null. */
export async function findExternalIdentity(db: Db, issuer: string, subject: string): Promise<ExternalIdentity | null> {
  const [found] = await db
    .select()
    .from(externalIdentities)
    .where(and(eq(externalIdentities.issuer, issuer), eq(externalIdentities.subject, subject)));
  return found ?? null;
}

/** People's accounts at other providers, in the order in which they were linked. */
export const findExternalIdentities = (db: Db, userIds: readonly string[]): Promise<ExternalIdentity[]> =>
  db
    .select()
    .from(externalIdentities)
    .where(inArray(externalIdentities.userId, [...userIds]))
    .orderBy(asc(externalIdentities.id));

/** Links an account at another provider, unless somebody has it; null then. Of two that race one wins. */
export async function insertExternalIdentity(db: Db, values: typeof externalIdentities.$inferInsert): Promise<ExternalIdentity | null> {
  const [identity] = await db.insert(externalIdentities).values(values).onConflictDoNothing().returning();
  return identity ?? null;
}

/** How many accounts elsewhere a person has linked. */
export async function countLinked(db: Db, userId: string): Promise<number> {
  const [row] = await db.select({ total: count() }).from(externalIdentities).where(eq(externalIdentities.userId, userId));
  return row?.total ?? 0;
}

/** Notes that somebody signed in with it. */
export async function touchExternalIdentity(db: Db, id: string, now: Date): Promise<boolean> {
  const touched = await db
    .update(externalIdentities)
    .set({ lastUsedAt: now })
    .where(eq(externalIdentities.id, id))
    .returning({ id: externalIdentities.id });
  return touched.length > 0;
}

/** Takes a link away; whether it was there and the person's. */
export async function deleteExternalIdentity(db: Db, userId: string, id: string): Promise<boolean> {
  const gone = await db
    .delete(externalIdentities)
    .where(and(eq(externalIdentities.userId, userId), eq(externalIdentities.id, id)))
    .returning({ id: externalIdentities.id });
  return gone.length > 0;
}

/** Takes all links of a person away. */
export async function deleteExternalIdentities(db: Db, userId: string): Promise<void> {
  await db.delete(externalIdentities).where(eq(externalIdentities.userId, userId));
}

/** Notes a visit that begins. */
export async function insertVisit(db: Db, values: typeof externalVisits.$inferInsert): Promise<void> {
  await db.insert(externalVisits).values(values);
}

/** A link of ours that nobody went by yet, or null. */
export async function findLinkVisit(db: Db, linkHash: string, now: Date): Promise<ExternalVisit | null> {
  const [visit] = await db
    .select()
    .from(externalVisits)
    .where(and(eq(externalVisits.linkHash, linkHash), isNull(externalVisits.stateHash), gt(externalVisits.expiresAt, now)));
  return visit ?? null;
}

/** Lets a link of ours begin its visit, once: it becomes the visit of the browser that opened it. */
export async function beginLinkedVisit(
  db: Db,
  linkHash: string,
  now: Date,
  changes: Pick<typeof externalVisits.$inferInsert, 'stateHash' | 'browserHash' | 'sealed'>,
): Promise<ExternalVisit | null> {
  const [visit] = await db
    .update(externalVisits)
    .set(changes)
    .where(and(eq(externalVisits.linkHash, linkHash), isNull(externalVisits.stateHash), gt(externalVisits.expiresAt, now)))
    .returning();
  return visit ?? null;
}

/** A visit that comes back to the browser that went, used up; null for any other. */
export async function takeVisit(
  db: Db,
  { provider, stateHash, browserHash }: { readonly provider: string; readonly stateHash: string; readonly browserHash: string },
  now: Date,
): Promise<ExternalVisit | null> {
  const [visit] = await db
    .update(externalVisits)
    .set({ consumedAt: now })
    .where(
      and(
        eq(externalVisits.stateHash, stateHash),
        eq(externalVisits.browserHash, browserHash),
        eq(externalVisits.provider, provider),
        isNull(externalVisits.consumedAt),
        gt(externalVisits.expiresAt, now),
      ),
    )
    .returning();
  return visit ?? null;
}

/** Forgets visits that are over. */
export async function sweepVisits(db: Db, now: Date): Promise<void> {
  await db.delete(externalVisits).where(lt(externalVisits.expiresAt, now));
}
