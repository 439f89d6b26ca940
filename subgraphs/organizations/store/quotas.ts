import { quotas, quotaUsage } from '@supergraph/db/organizations/tables';
import type { Db } from '@supergraph/platform/database';
import { and, eq, lte, sql } from 'drizzle-orm';

export type Usage = typeof quotaUsage.$inferSelect;

/** A tenant's limits that were set, by key; null is unlimited. */
export async function findLimits(tx: Db, organizationId: string): Promise<Map<string, number | null>> {
  const rows = await tx.select().from(quotas).where(eq(quotas.organizationId, organizationId));
  return new Map(rows.map(({ key, limit }) => [key, limit]));
}

/** Sets a limit of a tenant. */
export async function upsertQuota(tx: Db, organizationId: string, key: string, limit: number | null): Promise<void> {
  await tx
    .insert(quotas)
    .values({ organizationId, key, limit })
    .onConflictDoUpdate({ target: [quotas.organizationId, quotas.key], set: { limit } });
}

/** What is known of the use of a tenant's quotas, by key. */
export async function findUsage(tx: Db, organizationId: string): Promise<Map<string, Usage>> {
  const rows = await tx.select().from(quotaUsage).where(eq(quotaUsage.organizationId, organizationId));
  return new Map(rows.map((row) => [row.key, row]));
}

/** Notes how much of a quota is used; false when something newer is known. */
export async function saveUsage(tx: Db, { organizationId, key, used, countedAt }: Omit<Usage, 'near' | 'nearRound'>): Promise<boolean> {
  const saved = await tx
    .insert(quotaUsage)
    .values({ organizationId, key, used, countedAt })
    .onConflictDoUpdate({
      target: [quotaUsage.organizationId, quotaUsage.key],
      set: { used, countedAt },
      setWhere: lte(quotaUsage.countedAt, countedAt),
    })
    .returning({ key: quotaUsage.key });
  return saved.length > 0;
}

/** Adds to what was counted of a quota, from zero when that was before the period began. */
export async function addUsage(tx: Db, organizationId: string, key: string, more: number, beganAt: Date, now: Date): Promise<void> {
  const since = beganAt.toISOString();
  await tx
    .insert(quotaUsage)
    .values({ organizationId, key, used: more, countedAt: now })
    .onConflictDoUpdate({
      target: [quotaUsage.organizationId, quotaUsage.key],
      set: {
        used: sql`case when ${quotaUsage.countedAt} < ${since}::timestamptz then 0 else ${quotaUsage.used} end + ${more}`,
        countedAt: now,
      },
    });
}

/** Notes whether little is left of a quota; the number of times that it came to that. */
export async function saveNearness(tx: Db, organizationId: string, key: string, near: boolean, now: Date): Promise<number> {
  await tx.insert(quotaUsage).values({ organizationId, key, countedAt: now }).onConflictDoNothing();
  const [row] = await tx
    .update(quotaUsage)
    .set({ near, nearRound: near ? sql`${quotaUsage.nearRound} + 1` : quotaUsage.nearRound })
    .where(and(eq(quotaUsage.organizationId, organizationId), eq(quotaUsage.key, key)))
    .returning({ round: quotaUsage.nearRound });
  return row?.round ?? 0;
}
