import {
  availabilities,
  itemComponents,
  items,
  levels,
  orderSellers,
  reservationLines,
  reservations,
  sellers,
  warehouses,
} from '@supergraph/db/inventory/tables';
import type { Db } from '@supergraph/platform/database';
import { and, eq, exists, lt, not, ne, sql } from 'drizzle-orm';

/** Takes over a newer version of an organization's currency; the currency itself only while nothing has a value. */
export async function upsertSeller(tx: Db, seller: typeof sellers.$inferInsert): Promise<void> {
  await tx
    .insert(sellers)
    .values({ ...seller, version: -1 })
    .onConflictDoNothing();
  const newer = and(eq(sellers.organizationId, seller.organizationId), lt(sellers.version, seller.version));
  const valued = tx
    .select({ id: levels.id })
    .from(levels)
    .where(and(eq(levels.organizationId, seller.organizationId), ne(levels.valueMinor, 0)));
  await tx
    .update(sellers)
    .set({ currency: seller.currency })
    .where(and(newer, not(exists(valued))));
  await tx.update(sellers).set({ version: seller.version }).where(newer);
}

/** Removes all rows of the tenant whose door is open. */
export async function eraseTenant(tx: Db, organizationId: string): Promise<void> {
  const rooms = [reservationLines, reservations, orderSellers, levels, itemComponents, availabilities, items, warehouses, sellers];
  for (const room of rooms) await tx.delete(room).where(eq(room.organizationId, organizationId));
  // The ledger is closed to this role; the function removes the rows of the tenant of this transaction.
  await tx.execute(sql`select inventory.erase_movements()`);
}
