import { warehouses } from '@supergraph/db/inventory/tables';
import type { Db } from '@supergraph/platform/database';
import { asc, count, eq, inArray, isNotNull } from 'drizzle-orm';

export type Warehouse = typeof warehouses.$inferSelect;
export type NewWarehouse = typeof warehouses.$inferInsert;

/** Warehouses of the tenant by id. */
export async function findWarehouses(db: Db, ids: readonly string[]): Promise<Warehouse[]> {
  if (ids.length === 0) return [];
  return db
    .select()
    .from(warehouses)
    .where(inArray(warehouses.id, [...ids]));
}

/** Warehouses that nobody may change or archive until the transaction ends. */
export async function shareWarehouses(tx: Db, ids: readonly string[]): Promise<Warehouse[]> {
  if (ids.length === 0) return [];
  return tx
    .select()
    .from(warehouses)
    .where(inArray(warehouses.id, [...ids]))
    .orderBy(asc(warehouses.id))
    .for('share');
}

/** One warehouse, locked until the transaction ends. */
export async function lockWarehouse(tx: Db, id: string): Promise<Warehouse | undefined> {
  const [warehouse] = await tx.select().from(warehouses).where(eq(warehouses.id, id)).for('update');
  return warehouse;
}

/** All warehouses of a tenant, archived ones last, else by priority. */
export const listWarehouses = (db: Db, organizationId: string): Promise<Warehouse[]> =>
  db
    .select()
    .from(warehouses)
    .where(eq(warehouses.organizationId, organizationId))
    .orderBy(asc(isNotNull(warehouses.archivedAt)), asc(warehouses.priority), asc(warehouses.id))
    .limit(100);

/** How many warehouses a tenant has, archived ones included. */
export async function countWarehouses(db: Db, organizationId: string): Promise<number> {
  const [row] = await db.select({ total: count() }).from(warehouses).where(eq(warehouses.organizationId, organizationId));
  return row?.total ?? 0;
}

/** Inserts a warehouse. */
export async function insertWarehouse(tx: Db, values: NewWarehouse): Promise<Warehouse> {
  const [warehouse] = await tx.insert(warehouses).values(values).returning();
  if (!warehouse) throw new Error('the insert gave no row back');
  return warehouse;
}

/** Changes a warehouse that is locked. */
export async function updateWarehouse(tx: Db, id: string, values: Partial<NewWarehouse>): Promise<Warehouse> {
  const [warehouse] = await tx.update(warehouses).set(values).where(eq(warehouses.id, id)).returning();
  if (!warehouse) throw new Error('the locked warehouse is gone');
  return warehouse;
}
