import { accessTokens, users } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { keyset, type Page } from '@supergraph/platform/page';
import { and, asc, count, eq, gt, gte, inArray, isNull, lt, lte, or, type SQL, sql } from 'drizzle-orm';
import type { User } from './users.ts';

export type AccessToken = typeof accessTokens.$inferSelect;

const live = (now: Date) => and(isNull(accessTokens.revokedAt), gt(accessTokens.expiresAt, now));

/** Tokens by id, those that are over too. */
export const findAccessTokens = (db: Db, ids: readonly string[]): Promise<AccessToken[]> =>
  db
    .select()
    .from(accessTokens)
    .where(inArray(accessTokens.id, [...ids]));

/** An account's tokens that hold, newest first. */
export function listAccessTokens(db: Db, page: Page, userId: string, now: Date): Promise<AccessToken[]> {
  const { where, orderBy } = keyset(page, [{ column: accessTokens.id, direction: 'DESC', type: 'uuid' }]);
  return db
    .select()
    .from(accessTokens)
    .where(and(eq(accessTokens.userId, userId), live(now), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
}

/** How many tokens of an account hold. */
export async function countAccessTokens(db: Db, userId: string, now: Date): Promise<number> {
  const [row] = await db
    .select({ total: count() })
    .from(accessTokens)
    .where(and(eq(accessTokens.userId, userId), live(now)));
  return row?.total ?? 0;
}

/** Inserts a token, of which only the hash is kept. */
export async function insertAccessToken(db: Db, values: typeof accessTokens.$inferInsert): Promise<AccessToken> {
  const [token] = await db.insert(accessTokens).values(values).returning();
  if (!token) throw new Error('the insert gave no row back');
  return token;
}

/** A token that holds, with its account, or null. */
export async function findLiveToken(db: Db, hash: string, now: Date): Promise<{ token: AccessToken; user: User } | null> {
  const [found] = await db
    .select({ token: accessTokens, user: users })
    .from(accessTokens)
    .innerJoin(users, eq(users.id, accessTokens.userId))
    .where(and(eq(accessTokens.hash, hash), live(now)));
  return found ?? null;
}

/** Notes that a token is used, at most once in a while. */
export async function touchAccessToken(db: Db, id: string, now: Date, notAfter: Date): Promise<void> {
  await db
    .update(accessTokens)
    .set({ lastUsedAt: now })
    .where(and(eq(accessTokens.id, id), or(isNull(accessTokens.lastUsedAt), lt(accessTokens.lastUsedAt, notAfter))));
}

/** Which tokens shall end; everything that is given must hold, and at least one thing must be. */
export interface TokenChoice {
  readonly id?: string;
  readonly userId?: string;
  readonly organizationId?: string;
}

/** Ends tokens that hold; gives those that ended by this. */
export async function revokeTokens(tx: Db, { id, userId, organizationId }: TokenChoice, now: Date): Promise<AccessToken[]> {
  const chosen: SQL[] = [];
  if (id) chosen.push(eq(accessTokens.id, id));
  if (userId) chosen.push(eq(accessTokens.userId, userId));
  if (organizationId) chosen.push(eq(accessTokens.organizationId, organizationId));
  if (chosen.length === 0) throw new Error('which tokens shall end must be said');
  return tx
    .update(accessTokens)
    .set({ revokedAt: now })
    .where(and(...chosen, live(now)))
    .returning();
}

/** Ids of tokens that were revoked from a moment on, the earliest first. */
export async function listRevoked(db: Db, since: Date, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: accessTokens.id })
    .from(accessTokens)
    .where(gte(accessTokens.revokedAt, since))
    .orderBy(asc(accessTokens.revokedAt))
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** Takes tokens that end soon and of which nobody was warned; of two that ask at once one gets each. Those that live no longer than the warning runs ahead are left out. */
export function takeExpiring(tx: Db, now: Date, before: Date, warningMs: number, limit: number): Promise<AccessToken[]> {
  const chosen = tx
    .select({ id: accessTokens.id })
    .from(accessTokens)
    .where(
      and(
        isNull(accessTokens.warnedAt),
        live(now),
        lte(accessTokens.expiresAt, before),
        sql`${accessTokens.expiresAt} - ${accessTokens.createdAt} > ${warningMs / 1_000} * interval '1 second'`,
      ),
    )
    .limit(limit)
    .for('update', { skipLocked: true });
  return tx.update(accessTokens).set({ warnedAt: now }).where(inArray(accessTokens.id, chosen)).returning();
}

/** Forgets tokens that ended long ago. */
export async function sweepAccessTokens(db: Db, before: Date): Promise<void> {
  await db.delete(accessTokens).where(or(lt(accessTokens.revokedAt, before), lt(accessTokens.expiresAt, before)));
}
