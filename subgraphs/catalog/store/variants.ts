import { variantPriceHistory, variantPrices, variants } from '@supergraph/db/catalog/tables';
import type { Db } from '@supergraph/platform/database';
import { keyset, type Page } from '@supergraph/platform/page';
import { aliasedTable, and, asc, count, desc, eq, gt, inArray, isNotNull, min, sql } from 'drizzle-orm';

export type Variant = typeof variants.$inferSelect;
export type NewVariant = typeof variants.$inferInsert & { id: string };
export type VariantChange = Partial<Omit<typeof variants.$inferInsert, 'id' | 'sellerId' | 'productId'>>;
export type Price = typeof variantPrices.$inferSelect;
export type PriceRecord = typeof variantPriceHistory.$inferSelect;

/** Variants by id, in any order; unknown and hidden ones are left out. */
export const findVariants = (db: Db, ids: readonly string[]): Promise<Variant[]> =>
  db
    .select()
    .from(variants)
    .where(inArray(variants.id, [...ids]));

/** All variants of products, archived ones too, in their order. */
export const findVariantsOfProducts = (db: Db, productIds: readonly string[]): Promise<Variant[]> =>
  db
    .select()
    .from(variants)
    .where(inArray(variants.productId, [...productIds]))
    .orderBy(asc(variants.productId), asc(variants.position), asc(variants.id));

/** A seller's variant, held until the transaction ends. */
export async function findVariantForChange(tx: Db, id: string, sellerId: string): Promise<Variant | null> {
  const [row] = await tx
    .select()
    .from(variants)
    .where(and(eq(variants.id, id), eq(variants.sellerId, sellerId)))
    .for('update');
  return row ?? null;
}

/** A seller's variants with any of these SKUs, whatever their case. */
export const findVariantsBySku = (db: Db, sellerId: string, skus: readonly string[]): Promise<Variant[]> =>
  db
    .select()
    .from(variants)
    .where(
      and(
        eq(variants.sellerId, sellerId),
        inArray(
          sql`lower(${variants.sku})`,
          skus.map((sku) => sku.toLowerCase()),
        ),
      ),
    );

/** Inserts variants. */
export const insertVariants = (tx: Db, rows: readonly NewVariant[]): Promise<Variant[]> =>
  tx
    .insert(variants)
    .values([...rows])
    .returning();

/** Changes a variant; an edit counts its version up, every change its revision. */
export async function updateVariantRow(tx: Db, variant: Pick<Variant, 'id'>, change: VariantChange, now: Date): Promise<Variant> {
  const [row] = await tx
    .update(variants)
    .set({ ...change, version: sql`${variants.version} + 1`, revision: sql`${variants.revision} + 1`, updatedAt: now })
    .where(eq(variants.id, variant.id))
    .returning();
  if (!row) throw new Error('the variant that was locked is gone');
  return row;
}

/** Counts variants' revisions up, because something that their events tell of changed; the first publication is noted once. */
export const updateRevisions = (tx: Db, ids: readonly string[], firstPublishedAt: Date | null): Promise<Variant[]> =>
  tx
    .update(variants)
    .set({
      revision: sql`${variants.revision} + 1`,
      ...(firstPublishedAt && {
        firstPublishedAt: sql`coalesce(${variants.firstPublishedAt}, ${firstPublishedAt.toISOString()}::timestamptz)`,
      }),
    })
    .where(inArray(variants.id, [...ids]))
    .returning();

/** Names the variants of a product that has no options. */
export const updateTitles = (tx: Db, productId: string, title: string): Promise<unknown> =>
  tx.update(variants).set({ title }).where(eq(variants.productId, productId));

/** Prices of products' variants, each variant's in their order. */
export const findPricesOfProducts = (db: Db, productIds: readonly string[]): Promise<Price[]> =>
  db
    .select()
    .from(variantPrices)
    .where(inArray(variantPrices.productId, [...productIds]))
    .orderBy(asc(variantPrices.variantId), asc(variantPrices.position));

/** Gives variants these prices and no others. */
export async function replacePrices(
  tx: Db,
  variantIds: readonly string[],
  rows: readonly (typeof variantPrices.$inferInsert)[],
): Promise<void> {
  await tx.delete(variantPrices).where(inArray(variantPrices.variantId, [...variantIds]));
  if (rows.length > 0) await tx.insert(variantPrices).values([...rows]);
}

/** Notes what was set; a price that is set twice at one moment is noted once. */
export async function insertPriceRecords(tx: Db, rows: readonly (typeof variantPriceHistory.$inferInsert)[]): Promise<void> {
  if (rows.length === 0) return;
  await tx
    .insert(variantPriceHistory)
    .values([...rows])
    .onConflictDoUpdate({
      target: [variantPriceHistory.variantId, variantPriceHistory.currency, variantPriceHistory.setAt],
      set: {
        regularMinor: sql`excluded.regular_minor`,
        saleMinor: sql`excluded.sale_minor`,
        saleStartsAt: sql`excluded.sale_starts_at`,
        saleEndsAt: sql`excluded.sale_ends_at`,
      },
    });
}

/** Everything that was set for variants, the oldest first. */
export const findPriceRecords = (db: Db, variantIds: readonly string[]): Promise<PriceRecord[]> =>
  db
    .select()
    .from(variantPriceHistory)
    .where(inArray(variantPriceHistory.variantId, [...variantIds]))
    .orderBy(asc(variantPriceHistory.setAt));

export interface PriceChange extends PriceRecord {
  readonly replacedAt: Date | null;
}

const ofVariant = (variantId: string, currency: string) =>
  and(
    eq(variantPriceHistory.variantId, variantId),
    eq(variantPriceHistory.currency, currency),
    isNotNull(variantPriceHistory.regularMinor),
  );

/** What was set for a variant in a currency, the newest first, with when it was replaced. */
export async function listPriceChanges(db: Db, page: Page, variantId: string, currency: string): Promise<PriceChange[]> {
  const later = aliasedTable(variantPriceHistory, 'later');
  const { where, orderBy } = keyset(page, [
    { column: variantPriceHistory.setAt, direction: 'DESC', type: 'timestamptz' },
    { column: variantPriceHistory.id, direction: 'DESC', type: 'uuid' },
  ]);
  const replacedAt = db
    .select({ at: min(later.setAt) })
    .from(later)
    .where(and(eq(later.variantId, variantId), eq(later.currency, currency), gt(later.setAt, variantPriceHistory.setAt)));
  const rows = await db
    .select({ record: variantPriceHistory, replacedAt: sql<string | null>`(${replacedAt})` })
    .from(variantPriceHistory)
    .where(and(ofVariant(variantId, currency), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
  return rows.map(({ record, replacedAt: at }) => ({ ...record, replacedAt: at === null ? null : new Date(at) }));
}

/** How often a price was set for a variant in a currency. */
export async function countPriceChanges(db: Db, variantId: string, currency: string): Promise<number> {
  const [row] = await db.select({ total: count() }).from(variantPriceHistory).where(ofVariant(variantId, currency));
  return row?.total ?? 0;
}

/** The place behind a product's last variant. */
export async function findNextPosition(db: Db, productId: string): Promise<{ readonly position: number; readonly total: number }> {
  const rows = await db
    .select({ position: variants.position })
    .from(variants)
    .where(eq(variants.productId, productId))
    .orderBy(desc(variants.position));
  return { position: (rows[0]?.position ?? -1) + 1, total: rows.length };
}
