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
import { deleteInOrder } from '@supergraph/platform/tenant-erasure';
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

const rooms = [reservationLines, reservations, orderSellers, levels, itemComponents, availabilities, items, warehouses, sellers];

/** Removes about so many rows of the tenant whose door is open; whether some may be left. */
export async function eraseTenant(tx: Db, organizationId: string, most: number): Promise<boolean> {
  const columns = rooms.map((room) => room.organizationId);
  if (await deleteInOrder(tx, columns, organizationId, most)) return true;
  // The ledger is closed to this role; the function removes rows of the tenant of this transaction.
  const [row] = await tx.execute<{ gone: string }>(sql`select inventory.erase_movements(${most}) as gone`);
  return Number(row?.gone ?? 0) === most;
}
