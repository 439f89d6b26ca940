import { policies } from '@supergraph/db/accounts/tables';
import type { Db } from '@supergraph/platform/database';
import { keyset, type Page } from '@supergraph/platform/page';
import { and, count, eq, inArray, sql } from 'drizzle-orm';

export type Policy = typeof policies.$inferSelect;

export interface PolicyWishes {
  readonly state?: Policy['state'] | undefined;
}

const matches = ({ state }: PolicyWishes) => (state ? eq(policies.state, state) : undefined);

/** Policies by id. */
export const findPolicies = (db: Db, ids: readonly string[]): Promise<Policy[]> =>
  db
    .select()
    .from(policies)
    .where(inArray(policies.id, [...ids]));

/** The policies in force. */
export const listActivePolicies = (db: Db): Promise<Policy[]> =>
  db.select().from(policies).where(eq(policies.state, 'ACTIVE')).orderBy(policies.id);

/** Policies, newest first. */
export function listPolicies(db: Db, page: Page, wishes: PolicyWishes): Promise<Policy[]> {
  const { where, orderBy } = keyset(page, [{ column: policies.id, direction: 'DESC', type: 'uuid' }]);
  return db
    .select()
    .from(policies)
    .where(and(matches(wishes), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
}

/** How many policies there are. */
export async function countPolicies(db: Db, wishes: PolicyWishes): Promise<number> {
  const [row] = await db.select({ total: count() }).from(policies).where(matches(wishes));
  return row?.total ?? 0;
}

/** Inserts a draft. */
export async function insertPolicy(db: Db, values: typeof policies.$inferInsert): Promise<Policy> {
  const [policy] = await db.insert(policies).values(values).returning();
  if (!policy) throw new Error('the insert gave no row back');
  return policy;
}

/** Changes a policy of the version and in the state that were read; null when somebody else changed it. */
export async function updatePolicy(
  db: Db,
  { id, version, state }: Pick<Policy, 'id' | 'version' | 'state'>,
  changes: Partial<Pick<Policy, 'name' | 'text' | 'state'>> & Pick<Policy, 'updatedAt'>,
): Promise<Policy | null> {
  const [policy] = await db
    .update(policies)
    .set({ ...changes, version: sql`${policies.version} + 1` })
    .where(and(eq(policies.id, id), eq(policies.version, version), eq(policies.state, state)))
    .returning();
  return policy ?? null;
}
