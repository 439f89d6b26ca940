import { signingKeys } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { and, asc, desc, eq, inArray, lte } from 'drizzle-orm';

export type SigningKey = typeof signingKeys.$inferSelect;

/** How many keys are shown; older ones were removed long ago. */
const mostListed = 100;

/** Every signing key that verifiers may meet. */
export const listPublishedKeys = (db: Db): Promise<SigningKey[]> =>
  db
    .select()
    .from(signingKeys)
    .where(inArray(signingKeys.state, ['NEXT', 'ACTIVE', 'RETIRED']));

/** The keys whose private parts sign or signed what still holds, the one that signs first. */
export const listSigningPairs = (db: Db): Promise<SigningKey[]> =>
  db
    .select()
    .from(signingKeys)
    .where(inArray(signingKeys.state, ['ACTIVE', 'RETIRED']))
    .orderBy(asc(signingKeys.state), desc(signingKeys.createdAt));

/** The newest keys in every state. */
export const listSigningKeys = (db: Db): Promise<SigningKey[]> =>
  db.select().from(signingKeys).orderBy(desc(signingKeys.createdAt), desc(signingKeys.kid)).limit(mostListed);

/** The one key that waits or signs, or null. */
export async function findKey(db: Db, state: 'NEXT' | 'ACTIVE'): Promise<SigningKey | null> {
  const [key] = await db.select().from(signingKeys).where(eq(signingKeys.state, state));
  return key ?? null;
}

/** The key that signs, or null before the first start. */
export const findActiveKey = (db: Db): Promise<SigningKey | null> => findKey(db, 'ACTIVE');

/** Inserts a signing key. */
export async function insertSigningKey(db: Db, values: typeof signingKeys.$inferInsert): Promise<SigningKey> {
  const [key] = await db.insert(signingKeys).values(values).returning();
  if (!key) throw new Error('the insert gave no row back');
  return key;
}

/** Changes where a key stands. */
export async function updateSigningKey(
  db: Db,
  kid: string,
  changes: Partial<Pick<SigningKey, 'state' | 'activeFrom' | 'removeAfter' | 'sealedPrivateKey'>>,
): Promise<void> {
  await db.update(signingKeys).set(changes).where(eq(signingKeys.kid, kid));
}

/** Removes retired keys whose time is over, the private parts for ever; which ones. */
export async function removeOldKeys(db: Db, now: Date): Promise<string[]> {
  const rows = await db
    .update(signingKeys)
    .set({ state: 'REMOVED', sealedPrivateKey: '' })
    .where(and(eq(signingKeys.state, 'RETIRED'), lte(signingKeys.removeAfter, now)))
    .returning({ kid: signingKeys.kid });
  return rows.map(({ kid }) => kid);
}
