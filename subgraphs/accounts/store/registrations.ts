import { registrations, secretLinks } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { and, desc, eq, gt, inArray, isNull, lt } from 'drizzle-orm';

export type Registration = typeof registrations.$inferSelect;
export type SecretLink = typeof secretLinks.$inferSelect;

/** Inserts a registration that waits for its link. */
export async function insertRegistration(db: Db, values: typeof registrations.$inferInsert): Promise<Registration> {
  const [registration] = await db.insert(registrations).values(values).returning();
  if (!registration) throw new Error('the insert gave no row back');
  return registration;
}

/** The newest registration that waits for an address, or null. */
export async function findWaiting(db: Db, emailFold: string, now: Date): Promise<Registration | null> {
  const [registration] = await db
    .select()
    .from(registrations)
    .where(and(eq(registrations.emailFold, emailFold), gt(registrations.expiresAt, now)))
    .orderBy(desc(registrations.id))
    .limit(1);
  return registration ?? null;
}

/** Takes a waiting registration out, once; null when it is over. */
export async function takeRegistration(db: Db, id: string, now: Date): Promise<Registration | null> {
  const [registration] = await db
    .delete(registrations)
    .where(and(eq(registrations.id, id), gt(registrations.expiresAt, now)))
    .returning();
  return registration ?? null;
}

/** Ends every registration that waits for an address. */
export async function deleteRegistrations(db: Db, emailFold: string): Promise<void> {
  await db.delete(registrations).where(eq(registrations.emailFold, emailFold));
}

/** Inserts a link of which only the hash is kept. */
export async function insertLink(db: Db, values: typeof secretLinks.$inferInsert): Promise<void> {
  await db.insert(secretLinks).values(values);
}

/** Uses a link up; null when it is unknown, used or over. Of two that race one wins. */
export async function consumeLink(db: Db, purpose: SecretLink['purpose'], hash: string, now: Date): Promise<SecretLink | null> {
  const [link] = await db
    .update(secretLinks)
    .set({ consumedAt: now })
    .where(
      and(eq(secretLinks.hash, hash), eq(secretLinks.purpose, purpose), isNull(secretLinks.consumedAt), gt(secretLinks.expiresAt, now)),
    )
    .returning();
  return link ?? null;
}

/** The address whose registration a verification link opens, or null. */
export async function findLinkedAddress(db: Db, hash: string): Promise<string | null> {
  const [row] = await db
    .select({ emailFold: registrations.emailFold })
    .from(secretLinks)
    .innerJoin(registrations, eq(registrations.id, secretLinks.registrationId))
    .where(and(eq(secretLinks.hash, hash), eq(secretLinks.purpose, 'VERIFY')));
  return row?.emailFold ?? null;
}

/** A link that could still be used, or null. */
export async function findLink(db: Db, purpose: SecretLink['purpose'], hash: string, now: Date): Promise<SecretLink | null> {
  const [link] = await db
    .select()
    .from(secretLinks)
    .where(
      and(eq(secretLinks.hash, hash), eq(secretLinks.purpose, purpose), isNull(secretLinks.consumedAt), gt(secretLinks.expiresAt, now)),
    );
  return link ?? null;
}

/** Takes away an account's links for these purposes. */
export async function deleteLinks(db: Db, userId: string, purposes: readonly SecretLink['purpose'][]): Promise<void> {
  await db.delete(secretLinks).where(and(eq(secretLinks.userId, userId), inArray(secretLinks.purpose, [...purposes])));
}

/** Forgets registrations and links that are over. */
export async function sweepRegistrations(db: Db, now: Date): Promise<void> {
  await db.delete(registrations).where(lt(registrations.expiresAt, now));
  await db.delete(secretLinks).where(lt(secretLinks.expiresAt, now));
}
