import { listing, offers, shelf, variants } from '@supergraph/db/catalog/tables';
import type { Db } from '@supergraph/platform/database';
import { and, eq, exists, ne, sql } from 'drizzle-orm';

/** The tables that hold a row per product and currency. */
const lists = [listing, shelf] as const;

/** Notes whether an active variant is in stock; one whose stock is not tracked always is. */
export async function updateStockOfListings(
  tx: Db,
  { variantId, productId, inStock }: { variantId: string; productId: string; inStock: boolean },
): Promise<void> {
  const tracked = tx
    .select({ id: variants.id })
    .from(variants)
    .where(and(eq(variants.id, variantId), eq(variants.trackInventory, true)));
  await tx
    .update(offers)
    .set({ inStock })
    .where(and(eq(offers.variantId, variantId), exists(tracked)));
  for (const table of lists) {
    const own = tx
      .select({ variantId: offers.variantId })
      .from(offers)
      .where(and(eq(offers.productId, productId), eq(offers.currency, table.currency), offers.inStock));
    const any = sql<boolean>`${exists(own)}`;
    await tx
      .update(table)
      .set({ inStock: any })
      .where(and(eq(table.productId, productId), ne(table.inStock, any)));
  }
}

/** Notes how a product is rated: what it is ordered by upwards and downwards. */
export async function updateRatingOfListings(
  tx: Db,
  productId: string,
  rating: { readonly ratingUp: string; readonly ratingDown: string },
): Promise<void> {
  for (const table of lists) await tx.update(table).set(rating).where(eq(table.productId, productId));
}
