import { oauthArtifacts, sessions } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { and, eq, gt, inArray, isNotNull, isNull, lt, notExists, sql } from 'drizzle-orm';

export type OAuthArtifact = typeof oauthArtifacts.$inferSelect;
export type NewOAuthArtifact = typeof oauthArtifacts.$inferInsert;

const named = (kind: string, idHash: string) => and(eq(oauthArtifacts.kind, kind), eq(oauthArtifacts.idHash, idHash));

/** Stores an artifact, in place of the one of that kind and id. */
export async function putArtifact(db: Db, artifact: NewOAuthArtifact): Promise<void> {
  const { sealed, grantId, uidHash, userCodeHash, userId, clientId, expiresAt } = artifact;
  await db
    .insert(oauthArtifacts)
    .values(artifact)
    .onConflictDoUpdate({
      target: [oauthArtifacts.kind, oauthArtifacts.idHash],
      set: { sealed, grantId, uidHash, userCodeHash, userId, clientId, expiresAt },
    });
}

/** Stores an artifact unless there is one of that kind and id; whether it did. Of two that race one wins. */
export async function addArtifact(db: Db, artifact: NewOAuthArtifact): Promise<boolean> {
  return (await addArtifacts(db, [artifact])).length > 0;
}

const rowsAtOnce = 500;

/** Stores artifacts, but for those of a kind and id that there are already, with few statements; the hashes of what it stored. */
export async function addArtifacts(db: Db, artifacts: readonly NewOAuthArtifact[]): Promise<string[]> {
  const added: string[] = [];
  for (let from = 0; from < artifacts.length; from += rowsAtOnce) {
    const some = artifacts.slice(from, from + rowsAtOnce);
    const rows = await db.insert(oauthArtifacts).values(some).onConflictDoNothing().returning({ idHash: oauthArtifacts.idHash });
    added.push(...rows.map(({ idHash }) => idHash));
  }
  return added;
}

/** An artifact that is not over, used ones too, or null. */
export async function findArtifact(db: Db, kind: string, idHash: string, now: Date): Promise<OAuthArtifact | null> {
  const [found] = await db
    .select()
    .from(oauthArtifacts)
    .where(and(named(kind, idHash), gt(oauthArtifacts.expiresAt, now)));
  return found ?? null;
}

/** An artifact by what else it is known by, or null. */
export async function findArtifactBy(
  db: Db,
  kind: string,
  by: { readonly uidHash: string } | { readonly userCodeHash: string },
  now: Date,
): Promise<OAuthArtifact | null> {
  const matches = 'uidHash' in by ? eq(oauthArtifacts.uidHash, by.uidHash) : eq(oauthArtifacts.userCodeHash, by.userCodeHash);
  const [found] = await db
    .select()
    .from(oauthArtifacts)
    .where(and(eq(oauthArtifacts.kind, kind), matches, gt(oauthArtifacts.expiresAt, now)));
  return found ?? null;
}

/** An artifact that nobody takes away until the transaction ends, or null. */
export async function lockArtifact(tx: Db, kind: string, idHash: string, now: Date): Promise<OAuthArtifact | null> {
  const [found] = await tx
    .select()
    .from(oauthArtifacts)
    .where(and(named(kind, idHash), gt(oauthArtifacts.expiresAt, now)))
    .for('update');
  return found ?? null;
}

/** Uses an artifact up; false when it was used or is not there. Of two that race one wins. */
export async function consumeArtifact(db: Db, kind: string, idHash: string, now: Date): Promise<boolean> {
  const used = await db
    .update(oauthArtifacts)
    .set({ consumedAt: now })
    .where(and(named(kind, idHash), isNull(oauthArtifacts.consumedAt)))
    .returning({ kind: oauthArtifacts.kind });
  return used.length > 0;
}

/** Notes something beside an artifact, and beside what was noted before. */
export async function noteOnArtifact(db: Db, kind: string, idHash: string, details: Record<string, unknown>): Promise<void> {
  const known = sql`coalesce(${oauthArtifacts.details}, '{}')`;
  await db
    .update(oauthArtifacts)
    .set({ details: sql`${known} || ${JSON.stringify(details)}::jsonb` })
    .where(named(kind, idHash));
}

/** Hashes of the grants that a person gave a client while they were signed in to a browser once. */
export async function listGrantsOfBrowser(
  db: Db,
  { userId, clientId, signedIn }: { readonly userId: string; readonly clientId: string; readonly signedIn: string },
): Promise<string[]> {
  const rows = await db
    .select({ idHash: oauthArtifacts.idHash })
    .from(oauthArtifacts)
    .where(
      and(
        eq(oauthArtifacts.kind, 'Grant'),
        eq(oauthArtifacts.userId, userId),
        eq(oauthArtifacts.clientId, clientId),
        sql`${oauthArtifacts.details}->>'signedIn' = ${signedIn}`,
      ),
    );
  return rows.map(({ idHash }) => idHash);
}

/** Takes an artifact away. */
export async function deleteArtifact(db: Db, kind: string, idHash: string): Promise<void> {
  await db.delete(oauthArtifacts).where(named(kind, idHash));
}

/** Takes away all that hangs on a grant, but the grant itself. */
export async function deleteArtifactsOfGrant(db: Db, grantId: string): Promise<void> {
  await db.delete(oauthArtifacts).where(eq(oauthArtifacts.grantId, grantId));
}

/** Takes away what is kept of a person: all, of one client, or of some kinds. */
export async function deleteArtifactsOfUser(
  db: Db,
  userId: string,
  which: { readonly clientId?: string; readonly kinds?: readonly string[] } = {},
): Promise<void> {
  await db
    .delete(oauthArtifacts)
    .where(
      and(
        eq(oauthArtifacts.userId, userId),
        which.clientId ? eq(oauthArtifacts.clientId, which.clientId) : undefined,
        which.kinds ? inArray(oauthArtifacts.kind, [...which.kinds]) : undefined,
      ),
    );
}

/** Takes away what a person answered and nobody came for yet: answers, and grants without a session, with their codes. */
export async function deletePreparedArtifacts(db: Db, userId: string): Promise<void> {
  await deleteArtifactsOfUser(db, userId, { kinds: ['Interaction'] });
  const begun = db.select({ id: sessions.id }).from(sessions).where(eq(sessions.grantId, oauthArtifacts.idHash));
  const grants = await db
    .delete(oauthArtifacts)
    .where(and(eq(oauthArtifacts.userId, userId), eq(oauthArtifacts.kind, 'Grant'), notExists(begun)))
    .returning({ idHash: oauthArtifacts.idHash });
  const hashes = grants.map(({ idHash }) => idHash);
  if (hashes.length > 0) await db.delete(oauthArtifacts).where(inArray(oauthArtifacts.grantId, hashes));
}

/** Takes away what of a kind is kept of an account, all or of one client, and gives it back. */
export const takeArtifactsOf = (tx: Db, kind: string, userId: string, clientId: string | undefined): Promise<OAuthArtifact[]> =>
  tx
    .delete(oauthArtifacts)
    .where(
      and(
        eq(oauthArtifacts.kind, kind),
        eq(oauthArtifacts.userId, userId),
        clientId === undefined ? undefined : eq(oauthArtifacts.clientId, clientId),
      ),
    )
    .returning();

/** Ids of personal tokens' like, revoked at or after a moment. */
export async function listArtifactsNoted(db: Db, kind: string, since: Date, limit: number): Promise<string[]> {
  const rows = await db
    .select({ id: sql<string>`${oauthArtifacts.details}->>'tokenId'` })
    .from(oauthArtifacts)
    .where(and(eq(oauthArtifacts.kind, kind), gt(oauthArtifacts.createdAt, since), isNotNull(oauthArtifacts.details)))
    .limit(limit);
  return rows.map(({ id }) => id);
}

/** Forgets artifacts that are over, and grants from which no session came within a day. */
export async function sweepArtifacts(db: Db, now: Date, dayAgo: Date): Promise<void> {
  await db.delete(oauthArtifacts).where(lt(oauthArtifacts.expiresAt, now));
  const begun = db.select({ id: sessions.id }).from(sessions).where(eq(sessions.grantId, oauthArtifacts.idHash));
  await db.delete(oauthArtifacts).where(and(eq(oauthArtifacts.kind, 'Grant'), lt(oauthArtifacts.createdAt, dayAgo), notExists(begun)));
}
