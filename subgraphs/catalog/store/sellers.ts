import {
  attributeDefinitions,
  categories,
  directory,
  productRatings,
  products,
  productTypes,
  quotaLimits,
  sellers,
  variantStock,
} from '@supergraph/db/catalog/tables';
import type { Db } from '@supergraph/platform/database';
import { deleteAtMost, deleteInOrder } from '@supergraph/platform/tenant-erasure';
import { eq, inArray, isNull, lt, or, sql } from 'drizzle-orm';

export type Seller = typeof sellers.$inferSelect;

/** What is known of a seller's state; null while nothing was ever heard. */
export async function findSeller(db: Db, id: string): Promise<Seller | null> {
  const [row] = await db.select().from(sellers).where(eq(sellers.id, id));
  return row ?? null;
}

/** Notes whether a seller is suspended, unless something newer was heard. */
export async function updateSuspension(tx: Db, id: string, suspended: boolean, heardAt: Date): Promise<void> {
  await tx
    .insert(sellers)
    .values({ id, suspended, suspensionHeardAt: heardAt })
    .onConflictDoUpdate({
      target: sellers.id,
      set: { suspended, suspensionHeardAt: heardAt },
      setWhere: or(isNull(sellers.suspensionHeardAt), lt(sellers.suspensionHeardAt, heardAt)),
    });
}

/** Notes whether a seller is archived, unless something newer was heard. */
export async function updateArchiving(tx: Db, id: string, archived: boolean, heardAt: Date): Promise<void> {
  await tx
    .insert(sellers)
    .values({ id, archived, archivingHeardAt: heardAt })
    .onConflictDoUpdate({
      target: sellers.id,
      set: { archived, archivingHeardAt: heardAt },
      setWhere: or(isNull(sellers.archivingHeardAt), lt(sellers.archivingHeardAt, heardAt)),
    });
}

/** How many rows hang from a product, about. */
const rowsOfProduct = 20;

/** Removes about so many rows of a seller; what hangs from products goes with them. Whether some may be left. */
export async function eraseSeller(tx: Db, sellerId: string, most: number): Promise<boolean> {
  const productsAtOnce = Math.ceil(most / rowsOfProduct);
  if ((await deleteAtMost(tx, products.sellerId, sellerId, productsAtOnce)) === productsAtOnce) return true;
  // Few, and categories point at each other.
  await tx.delete(attributeDefinitions).where(eq(attributeDefinitions.sellerId, sellerId));
  await tx.delete(productTypes).where(eq(productTypes.sellerId, sellerId));
  await tx.delete(categories).where(eq(categories.sellerId, sellerId));
  return deleteInOrder(tx, [variantStock.sellerId, directory.sellerId, quotaLimits.organizationId, sellers.id], sellerId, most);
}

/** Notes whether a variant is in stock; false when something newer was heard. */
export async function upsertStock(tx: Db, row: typeof variantStock.$inferInsert): Promise<boolean> {
  const changed = await tx
    .insert(variantStock)
    .values(row)
    .onConflictDoUpdate({
      target: variantStock.variantId,
      set: { inStock: row.inStock, version: row.version },
      setWhere: lt(variantStock.version, row.version),
    })
    .returning({ variantId: variantStock.variantId });
  return changed.length > 0;
}

/** Which of these variants are in stock. */
export async function findInStock(db: Db, variantIds: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await db
    .select()
    .from(variantStock)
    .where(inArray(variantStock.variantId, [...variantIds]));
  return new Set(rows.filter(({ inStock }) => inStock).map(({ variantId }) => variantId));
}

/** Notes a product's rating; false when something newer was heard. */
export async function upsertRating(tx: Db, row: { productId: string; average: string | null; version: number }): Promise<boolean> {
  const changed = await tx
    .insert(productRatings)
    .values(row)
    .onConflictDoUpdate({
      target: productRatings.productId,
      set: { average: sql`excluded.average`, version: row.version },
      setWhere: lt(productRatings.version, row.version),
    })
    .returning({ productId: productRatings.productId });
  return changed.length > 0;
}

/** Average ratings by product; products without one are left out. */
export async function findRatings(db: Db, productIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const rows = await db
    .select()
    .from(productRatings)
    .where(inArray(productRatings.productId, [...productIds]));
  return new Map(rows.flatMap(({ productId, average }) => (average === null ? [] : [[productId, average] as const])));
}
