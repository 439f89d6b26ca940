import { appGrants, oauthClients } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { keyset, type Page } from '@supergraph/platform/page';
import { and, count, desc, eq, inArray, isNull, sql } from 'drizzle-orm';

export type OAuthClient = typeof oauthClients.$inferSelect;
export type NewOAuthClient = typeof oauthClients.$inferInsert;
export type AppGrant = typeof appGrants.$inferSelect;

/** Clients by id, disabled ones too. */
export const findOAuthClients = (db: Db, ids: readonly string[]): Promise<OAuthClient[]> =>
  db
    .select()
    .from(oauthClients)
    .where(inArray(oauthClients.id, [...ids]));

/** A client that nobody changes until the transaction ends, or null; others may look at it in the same way. */
export async function lockClientAsItIs(tx: Db, id: string): Promise<OAuthClient | null> {
  const [client] = await tx.select().from(oauthClients).where(eq(oauthClients.id, id)).for('share');
  return client ?? null;
}

/** Clients, newest first: somebody's, or all. */
export function listOAuthClients(db: Db, page: Page, ownerId: string | null): Promise<OAuthClient[]> {
  const { where, orderBy } = keyset(page, [
    { column: oauthClients.createdAt, direction: 'DESC', type: 'timestamptz' },
    { column: oauthClients.id, direction: 'DESC', type: 'text' },
  ]);
  return db
    .select()
    .from(oauthClients)
    .where(and(ownerId ? eq(oauthClients.ownerId, ownerId) : undefined, where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
}

/** How many clients there are: somebody's, or all. */
export async function countOAuthClients(db: Db, ownerId: string | null): Promise<number> {
  const [row] = await db
    .select({ total: count() })
    .from(oauthClients)
    .where(ownerId ? eq(oauthClients.ownerId, ownerId) : undefined);
  return row?.total ?? 0;
}

/** Inserts a client unless there is one with that id. */
export async function insertOAuthClient(db: Db, values: NewOAuthClient): Promise<OAuthClient | null> {
  const [client] = await db.insert(oauthClients).values(values).onConflictDoNothing().returning();
  return client ?? null;
}

/** Changes a client of the version that was read; null when somebody else changed it. */
export async function updateOAuthClient(
  db: Db,
  id: string,
  version: number,
  changes: Partial<
    Pick<OAuthClient, 'name' | 'logoUrl' | 'redirectUris' | 'postLogoutRedirectUris' | 'scopes' | 'disabledAt' | 'secretHash'>
  >,
): Promise<OAuthClient | null> {
  const [client] = await db
    .update(oauthClients)
    .set({ ...changes, version: sql`${oauthClients.version} + 1` })
    .where(and(eq(oauthClients.id, id), eq(oauthClients.version, version)))
    .returning();
  return client ?? null;
}

/** Takes a person's clients out of use: nobody is left who answers for them. */
export async function disableClientsOf(db: Db, ownerId: string, now: Date): Promise<void> {
  await db
    .update(oauthClients)
    .set({ disabledAt: now })
    .where(and(eq(oauthClients.ownerId, ownerId), isNull(oauthClients.disabledAt)));
}

/** What a person allows a client now, or null. */
export async function findAppGrant(db: Db, userId: string, clientId: string): Promise<AppGrant | null> {
  const [grant] = await db
    .select()
    .from(appGrants)
    .where(and(eq(appGrants.userId, userId), eq(appGrants.clientId, clientId), isNull(appGrants.revokedAt)));
  return grant ?? null;
}

/** What people allow, newest first; at most 100 of each. */
export const listAppGrants = (db: Db, userIds: readonly string[]): Promise<AppGrant[]> =>
  db
    .select()
    .from(appGrants)
    .where(and(inArray(appGrants.userId, [...userIds]), isNull(appGrants.revokedAt)))
    .orderBy(desc(appGrants.id))
    .limit(100 * userIds.length);

/** Notes what a person allows a client; scopes that were allowed before stay so. */
export async function allowApp(
  db: Db,
  {
    userId,
    clientId,
    scopes,
    organizationId,
    grantedAt,
  }: Pick<AppGrant, 'userId' | 'clientId' | 'scopes' | 'organizationId' | 'grantedAt'>,
): Promise<void> {
  await db
    .insert(appGrants)
    .values({ userId, clientId, scopes, organizationId, grantedAt })
    .onConflictDoUpdate({
      target: [appGrants.userId, appGrants.clientId],
      targetWhere: isNull(appGrants.revokedAt),
      set: {
        scopes: sql`array(select distinct unnest(${appGrants.scopes} || excluded.scopes) order by 1)`,
        organizationId,
        grantedAt,
      },
    });
}

/** Notes that a client used what it was allowed. */
export async function touchAppGrant(db: Db, userId: string, clientId: string, now: Date): Promise<void> {
  await db
    .update(appGrants)
    .set({ lastUsedAt: now })
    .where(and(eq(appGrants.userId, userId), eq(appGrants.clientId, clientId), isNull(appGrants.revokedAt)));
}

/** Which permissions end: one of a person's, all of a person's, those of a person in an organization, all in an organization. */
export type AppGrantChoice = {
  readonly id?: string;
  readonly userId?: string;
  readonly organizationId?: string;
};

/** Ends permissions; gives those that ended by this. */
export async function revokeAppGrants(db: Db, { id, userId, organizationId }: AppGrantChoice, now: Date): Promise<AppGrant[]> {
  if (!id && !userId && !organizationId) throw new Error('say which permissions end');
  return db
    .update(appGrants)
    .set({ revokedAt: now })
    .where(
      and(
        isNull(appGrants.revokedAt),
        id ? eq(appGrants.id, id) : undefined,
        userId ? eq(appGrants.userId, userId) : undefined,
        organizationId ? eq(appGrants.organizationId, organizationId) : undefined,
      ),
    )
    .returning();
}
