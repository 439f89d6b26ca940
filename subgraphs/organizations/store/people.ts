import { people } from '@supergraph/db/organizations/tables';
import type { Db } from '@supergraph/platform/database';
import { inArray, lte, sql } from 'drizzle-orm';

export type Person = typeof people.$inferSelect;

/** Addresses are compared in this form. */
export const foldAddress = (email: string): string => email.normalize('NFC').trim().toLowerCase();

/** Who has these addresses, as far as accounts has told. */
export async function findPeopleByAddress(db: Db, emailFolds: readonly string[]): Promise<Map<string, string>> {
  const rows = await db
    .select({ userId: people.userId, emailFold: people.emailFold })
    .from(people)
    .where(inArray(people.emailFold, [...emailFolds]));
  return new Map(rows.flatMap(({ userId, emailFold }) => (emailFold === null ? [] : [[emailFold, userId] as const])));
}

/** What people call themselves. */
export async function findNames(db: Db, userIds: readonly string[]): Promise<Map<string, string>> {
  const rows = await db
    .select({ userId: people.userId, displayName: people.displayName })
    .from(people)
    .where(inArray(people.userId, [...userIds]));
  return new Map(rows.map(({ userId, displayName }) => [userId, displayName]));
}

/** Notes what accounts tells of a person; false when something newer is known, or that they are gone. */
export async function upsertPerson(
  tx: Db,
  userId: string,
  version: number,
  known: Partial<Omit<Person, 'userId' | 'version'>>,
): Promise<boolean> {
  const noted = await tx
    .insert(people)
    .values({ ...known, userId, version })
    .onConflictDoUpdate({ target: people.userId, set: { ...known, version }, setWhere: lte(people.version, version) })
    .returning({ userId: people.userId });
  return noted.length > 0;
}

/** Notes whether a person's account may be used. */
export async function setAccountStatus(tx: Db, userId: string, status: Person['status']): Promise<void> {
  await tx.insert(people).values({ userId, status }).onConflictDoUpdate({ target: people.userId, set: { status } });
}

/** Notes that an account acts for a tenant and is no person, whatever else is heard of it, and when. */
export async function markAsService(tx: Db, userId: string): Promise<void> {
  await tx
    .insert(people)
    .values({ userId, kind: 'SERVICE' })
    .onConflictDoUpdate({ target: people.userId, set: { kind: 'SERVICE' } });
}

/** Forgets a person; a tombstone without data keeps late events from bringing them back. */
export async function erasePerson(tx: Db, userId: string): Promise<void> {
  const erased = { status: 'SUSPENDED', handle: '', displayName: '', emailFold: null, locale: null, version: sql`2147483647` } as const;
  await tx
    .insert(people)
    .values({ userId, status: 'SUSPENDED', version: 2_147_483_647 })
    .onConflictDoUpdate({ target: people.userId, set: erased });
}
