import { flows, refreshTokens, sessions } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { keyset, type Page } from '@supergraph/platform/page';
import { and, asc, count, eq, exists, gt, gte, inArray, isNotNull, isNull, lt, ne, type SQL, sql } from 'drizzle-orm';

export type Session = typeof sessions.$inferSelect;
export type RefreshToken = typeof refreshTokens.$inferSelect;
export type Flow = typeof flows.$inferSelect;
export type NewFlow = typeof flows.$inferInsert;

/** Sessions by id, ended ones too. */
export const findSessions = (db: Db, ids: readonly string[]): Promise<Session[]> =>
  db
    .select()
    .from(sessions)
    .where(inArray(sessions.id, [...ids]));

/** A session that goes on, or null. */
export async function findOpenSession(db: Db, id: string, now: Date): Promise<Session | null> {
  const [session] = await findSessions(db, [id]);
  return session && !session.endedAt && session.expiresAt > now ? session : null;
}

const openOf = (userId: string) => and(eq(sessions.userId, userId), isNull(sessions.endedAt));

/** A person's open sessions, newest first. */
export function listSessions(db: Db, page: Page, userId: string, now: Date): Promise<Session[]> {
  const { where, orderBy } = keyset(page, [{ column: sessions.id, direction: 'DESC', type: 'uuid' }]);
  return db
    .select()
    .from(sessions)
    .where(and(openOf(userId), gt(sessions.expiresAt, now), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
}

/** How many sessions a person has open. */
export async function countSessions(db: Db, userId: string, now: Date): Promise<number> {
  const [row] = await db
    .select({ total: count() })
    .from(sessions)
    .where(and(openOf(userId), gt(sessions.expiresAt, now)));
  return row?.total ?? 0;
}

/** Whether a person ever had a session, and whether one on this device. */
export async function knowsDevice(
  db: Db,
  userId: string,
  device: { os: string | null; browser: string | null },
): Promise<{ any: boolean; same: boolean }> {
  const ofPerson = and(eq(sessions.userId, userId), isNull(sessions.actorId));
  const like = and(sql`${sessions.os} is not distinct from ${device.os}`, sql`${sessions.browser} is not distinct from ${device.browser}`);
  const some = (which: SQL | undefined) =>
    exists(
      db
        .select({ one: sql`1` })
        .from(sessions)
        .where(which),
    );
  const [known] = await db.execute<{ any: boolean; same: boolean }>(
    sql`select ${some(ofPerson)} as any, ${some(and(ofPerson, like))} as same`,
  );
  if (!known) throw new Error('the question gave no row back');
  return known;
}

/** Inserts a session. */
export async function insertSession(db: Db, values: typeof sessions.$inferInsert): Promise<Session> {
  const [session] = await db.insert(sessions).values(values).returning();
  if (!session) throw new Error('the insert gave no row back');
  return session;
}

/** Changes an open session; null when it is over. */
export async function updateSession(
  db: Db,
  id: string,
  now: Date,
  changes: Partial<Pick<Session, 'authTime' | 'lastSeenAt' | 'methods' | 'acr'>>,
): Promise<Session | null> {
  const [session] = await db
    .update(sessions)
    .set(changes)
    .where(and(eq(sessions.id, id), isNull(sessions.endedAt), gt(sessions.expiresAt, now)))
    .returning();
  return session ?? null;
}

/** The session that began with a grant, named by its hash, or null; an ended one too. */
export async function findSessionOfGrant(db: Db, grantHash: string): Promise<Session | null> {
  const [session] = await db.select().from(sessions).where(eq(sessions.grantId, grantHash));
  return session ?? null;
}

/** Binds a session's refresh tokens to a key, by its thumbprint. */
export async function bindSession(db: Db, id: string, boundKey: string): Promise<void> {
  await db.update(sessions).set({ boundKey }).where(eq(sessions.id, id));
}

/** Open sessions that began with a grant: a client's with a person, or those of an organization, of one person there or of all. */
export const findGrantSessions = (
  db: Db,
  { userId, clientId, organizationId }: { readonly userId?: string; readonly clientId?: string; readonly organizationId?: string },
): Promise<Session[]> =>
  db
    .select()
    .from(sessions)
    .where(
      and(
        isNull(sessions.endedAt),
        isNotNull(sessions.grantId),
        userId ? eq(sessions.userId, userId) : undefined,
        clientId ? eq(sessions.clientId, clientId) : undefined,
        organizationId ? eq(sessions.organizationId, organizationId) : undefined,
      ),
    );

/** Ends open sessions of a person: all, one, or all but one. Gives those that ended by this. */
export function endSessions(
  db: Db,
  userId: string,
  at: Date,
  reason: string,
  which: { only?: string | undefined; but?: string | undefined } = {},
): Promise<Session[]> {
  return db
    .update(sessions)
    .set({ endedAt: at, endReason: reason })
    .where(and(openOf(userId), which.only ? eq(sessions.id, which.only) : undefined, which.but ? ne(sessions.id, which.but) : undefined))
    .returning();
}

/** Ends open sessions in which somebody acts: those of an administrator, or those as a person. */
export function endActingSessions(
  db: Db,
  whose: { readonly actorId: string } | { readonly userId: string },
  at: Date,
  reason: string,
): Promise<Session[]> {
  const of = 'actorId' in whose ? eq(sessions.actorId, whose.actorId) : and(eq(sessions.userId, whose.userId), isNotNull(sessions.actorId));
  return db
    .update(sessions)
    .set({ endedAt: at, endReason: reason })
    .where(and(of, isNull(sessions.endedAt)))
    .returning();
}

/** Sessions whose longest life is over though nobody ended them. */
export const findExpiredSessions = (db: Db, now: Date, limit: number): Promise<Session[]> =>
  db
    .select()
    .from(sessions)
    .where(and(isNull(sessions.endedAt), lt(sessions.expiresAt, now)))
    .limit(limit);

/** Removes what sessions tell of a person; that they ended stays. */
export async function blankSessions(db: Db, userId: string): Promise<void> {
  await db.update(sessions).set({ deviceName: '', os: null, browser: null, ipAddress: null }).where(eq(sessions.userId, userId));
}

/** Ids of sessions that ended from a moment on, oldest end first. */
export async function listEnded(db: Db, since: Date, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: sessions.id })
    .from(sessions)
    .where(gte(sessions.endedAt, since))
    .orderBy(asc(sessions.endedAt))
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** Inserts a refresh token, of which only the hash is kept. */
export async function insertRefreshToken(db: Db, values: typeof refreshTokens.$inferInsert): Promise<void> {
  await db.insert(refreshTokens).values(values);
}

/** Uses a refresh token up in favor of its successor; null when it is unknown, used or idle for too long. Of two that race one wins. */
export async function consumeRefreshToken(
  db: Db,
  hash: string,
  now: Date,
  successor: { successorHash: string; sealedSuccessor: string },
): Promise<RefreshToken | null> {
  const [token] = await db
    .update(refreshTokens)
    .set({ consumedAt: now, ...successor })
    .where(and(eq(refreshTokens.hash, hash), isNull(refreshTokens.consumedAt), gt(refreshTokens.idleUntil, now)))
    .returning();
  return token ?? null;
}

/** A refresh token by its hash, used ones too. */
export async function findRefreshToken(db: Db, hash: string): Promise<RefreshToken | null> {
  const [token] = await db.select().from(refreshTokens).where(eq(refreshTokens.hash, hash));
  return token ?? null;
}

/** A refresh token that nobody used, locked so that nobody does until the transaction ends; null when it was. */
export async function lockUnusedRefreshToken(db: Db, hash: string): Promise<RefreshToken | null> {
  const [token] = await db
    .select()
    .from(refreshTokens)
    .where(and(eq(refreshTokens.hash, hash), isNull(refreshTokens.consumedAt)))
    .for('update');
  return token ?? null;
}

/** Inserts a flow. */
export async function insertFlow(db: Db, values: NewFlow): Promise<Flow> {
  const [flow] = await db.insert(flows).values(values).returning();
  if (!flow) throw new Error('the insert gave no row back');
  return flow;
}

/** A flow by its id, or null. */
export async function findFlow(db: Db, id: string): Promise<Flow | null> {
  const [flow] = await db.select().from(flows).where(eq(flows.id, id));
  return flow ?? null;
}

/** Moves a flow on from where it was read; null when it is over or somebody else moved it. */
export async function moveFlow(
  db: Db,
  { id, status }: Pick<Flow, 'id' | 'status'>,
  now: Date,
  changes: Partial<Pick<Flow, 'status' | 'userId' | 'proven'>>,
): Promise<Flow | null> {
  const [flow] = await db
    .update(flows)
    .set(changes)
    .where(and(eq(flows.id, id), eq(flows.status, status), gt(flows.expiresAt, now)))
    .returning();
  return flow ?? null;
}

/** Counts a second proof before it is checked; null when the flow takes no more. */
export async function countSecondAttempt(db: Db, id: string, most: number, now: Date): Promise<Flow | null> {
  const [flow] = await db
    .update(flows)
    .set({ secondAttempts: sql`${flows.secondAttempts} + 1` })
    .where(and(eq(flows.id, id), eq(flows.status, 'SECOND_FACTOR'), lt(flows.secondAttempts, most), gt(flows.expiresAt, now)))
    .returning();
  return flow ?? null;
}

/** Ends flows of a person in which a password was proved that holds no more. */
export async function failHalfFlows(db: Db, userId: string): Promise<void> {
  await db
    .update(flows)
    .set({ status: 'FAILED' })
    .where(and(eq(flows.userId, userId), eq(flows.status, 'SECOND_FACTOR')));
}

/** Takes away a person's flows. */
export async function deleteFlows(db: Db, userId: string): Promise<void> {
  await db.delete(flows).where(eq(flows.userId, userId));
}

/** Forgets flows and refresh tokens that were over long ago. */
export async function sweepSessions(db: Db, before: Date): Promise<void> {
  await db.delete(flows).where(lt(flows.expiresAt, before));
  await db
    .delete(refreshTokens)
    .where(inArray(refreshTokens.sessionId, db.select({ id: sessions.id }).from(sessions).where(lt(sessions.endedAt, before))));
}
