import { availabilities, itemComponents, items, levels, sellers } from '@supergraph/db/inventory/tables';
import type { Db } from '@supergraph/platform/database';
import { type KeyPart, keyset, type Page } from '@supergraph/platform/page';
import { and, asc, count, eq, exists, ilike, inArray, lt, or, type SQL, sql } from 'drizzle-orm';

export type Item = typeof items.$inferSelect;
export type Component = typeof itemComponents.$inferSelect;
export type AvailabilityRow = typeof availabilities.$inferSelect;

/** Items of the tenant by variant; unknown ones are left out. */
export async function findItems(db: Db, variantIds: readonly string[]): Promise<Item[]> {
  if (variantIds.length === 0) return [];
  return db
    .select()
    .from(items)
    .where(inArray(items.variantId, [...variantIds]));
}

/** Items of the tenant, locked until the transaction ends, always in the order of their ids: whoever changes stock begins here, so that nobody waits in a circle. */
export async function lockItems(tx: Db, variantIds: readonly string[]): Promise<Item[]> {
  if (variantIds.length === 0) return [];
  return tx
    .select()
    .from(items)
    .where(inArray(items.variantId, [...variantIds]))
    .orderBy(asc(items.variantId))
    .for('update');
}

/** The components of bundles. */
export async function findComponents(db: Db, bundleIds: readonly string[]): Promise<Component[]> {
  if (bundleIds.length === 0) return [];
  return db
    .select()
    .from(itemComponents)
    .where(inArray(itemComponents.bundleId, [...bundleIds]))
    .orderBy(asc(itemComponents.componentId));
}

/** Inserts items that are new; those that are there stay. */
export async function insertItems(tx: Db, values: readonly (typeof items.$inferInsert)[]): Promise<void> {
  if (values.length > 0)
    await tx
      .insert(items)
      .values([...values])
      .onConflictDoNothing();
}

/** Writes items that exist, all at once, and what shoppers see of them. */
export async function writeItems(tx: Db, rows: readonly Item[]): Promise<void> {
  if (rows.length === 0) return;
  await tx
    .insert(items)
    .values([...rows])
    .onConflictDoUpdate({
      target: items.variantId,
      set: {
        productId: sql`excluded.product_id`,
        sku: sql`excluded.sku`,
        title: sql`excluded.title`,
        kind: sql`excluded.kind`,
        tracked: sql`excluded.tracked`,
        archivedAt: sql`excluded.archived_at`,
        catalogVersion: sql`excluded.catalog_version`,
        version: sql`excluded.version`,
        stockVersion: sql`excluded.stock_version`,
        lowStockThreshold: sql`excluded.low_stock_threshold`,
        onHand: sql`excluded.on_hand`,
        reserved: sql`excluded.reserved`,
        available: sql`excluded.available`,
        inStock: sql`excluded.in_stock`,
        orderable: sql`excluded.orderable`,
        valueMinor: sql`excluded.value_minor`,
        status: sql`excluded.status`,
        updatedAt: sql`excluded.updated_at`,
      },
    });
  await writeAvailabilities(tx, rows);
}

/** Writes what shoppers see of items. */
export async function writeAvailabilities(tx: Db, rows: readonly Item[]): Promise<void> {
  await tx
    .insert(availabilities)
    .values(
      rows.map(({ variantId, productId, organizationId, kind, tracked, archivedAt, inStock, orderable, status }) => ({
        variantId,
        productId,
        organizationId,
        kind,
        tracked,
        archived: archivedAt !== null,
        inStock,
        orderable,
        status,
      })),
    )
    .onConflictDoUpdate({
      target: availabilities.variantId,
      set: {
        productId: sql`excluded.product_id`,
        kind: sql`excluded.kind`,
        tracked: sql`excluded.tracked`,
        archived: sql`excluded.archived`,
        inStock: sql`excluded.in_stock`,
        orderable: sql`excluded.orderable`,
        status: sql`excluded.status`,
      },
    });
}

/** Replaces a bundle's components. */
export async function replaceComponents(tx: Db, bundleId: string, rows: readonly Component[]): Promise<void> {
  await tx.delete(itemComponents).where(eq(itemComponents.bundleId, bundleId));
  if (rows.length > 0) await tx.insert(itemComponents).values([...rows]);
}

/** What shoppers see of variants; needs no tenant. */
export async function findAvailabilities(db: Db, variantIds: readonly string[]): Promise<AvailabilityRow[]> {
  return db
    .select()
    .from(availabilities)
    .where(inArray(availabilities.variantId, [...variantIds]));
}

/** What shoppers see of all variants of products; needs no tenant. */
export async function findAvailabilitiesOfProducts(db: Db, productIds: readonly string[]): Promise<AvailabilityRow[]> {
  return db
    .select()
    .from(availabilities)
    .where(inArray(availabilities.productId, [...productIds]));
}

export interface ComponentAvailability {
  readonly bundleId: string;
  readonly quantity: number;
  readonly supply: AvailabilityRow | null;
}

/** What shoppers see of bundles' components; needs no tenant. */
export async function findComponentAvailabilities(db: Db, bundleIds: readonly string[]): Promise<ComponentAvailability[]> {
  if (bundleIds.length === 0) return [];
  return db
    .select({ bundleId: itemComponents.bundleId, quantity: itemComponents.quantity, supply: availabilities })
    .from(itemComponents)
    .leftJoin(availabilities, eq(availabilities.variantId, itemComponents.componentId))
    .where(inArray(itemComponents.bundleId, [...bundleIds]));
}

export interface ItemFilter {
  readonly search?: string | undefined;
  readonly warehouseId?: string | undefined;
  readonly status?: Item['status'] | undefined;
  readonly productIds?: readonly string[] | undefined;
  readonly availableBelow?: number | undefined;
}
export type ItemOrderField = 'SKU' | 'AVAILABLE' | 'VALUE' | 'UPDATED_AT';
export interface ItemOrder {
  readonly field: ItemOrderField;
  readonly direction: 'ASC' | 'DESC';
}

const escaped = (text: string) => text.replace(/[\\%_]/g, (sign) => `\\${sign}`);

function wantedItems(db: Db, organizationId: string, filter: ItemFilter): SQL | undefined {
  const pattern = filter.search === undefined ? undefined : `%${escaped(filter.search)}%`;
  return and(
    eq(items.organizationId, organizationId),
    eq(items.kind, 'SIMPLE'),
    pattern === undefined ? undefined : or(ilike(items.sku, pattern), ilike(items.title, pattern)),
    filter.status ? eq(items.status, filter.status) : undefined,
    filter.productIds ? inArray(items.productId, [...filter.productIds]) : undefined,
    filter.availableBelow === undefined ? undefined : lt(items.available, filter.availableBelow),
    filter.warehouseId === undefined
      ? undefined
      : exists(
          db
            .select({ id: levels.id })
            .from(levels)
            .where(and(eq(levels.warehouseId, filter.warehouseId), eq(levels.variantId, items.variantId))),
        ),
  );
}

/** The first key of each order; the variant's id follows. */
const orderKeys: Record<ItemOrderField, Omit<KeyPart, 'direction'>> = {
  SKU: { column: items.sku, type: 'text' },
  AVAILABLE: { column: items.available, type: 'bigint' },
  VALUE: { column: items.valueMinor, type: 'bigint' },
  UPDATED_AT: { column: items.updatedAt, type: 'timestamptz' },
};

/** A tenant's simple variants. */
export function listItems(db: Db, page: Page, organizationId: string, filter: ItemFilter, order: ItemOrder) {
  const { direction, field } = order;
  const { where, orderBy } = keyset(page, [
    { ...orderKeys[field], direction },
    { column: items.variantId, direction, type: 'uuid' },
  ]);
  return db
    .select()
    .from(items)
    .where(and(wantedItems(db, organizationId, filter), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
}

/** The values of an item's place in an order. */
export const itemKey = (item: Item, { field }: ItemOrder) => {
  const first = { SKU: item.sku, AVAILABLE: item.available, VALUE: item.valueMinor, UPDATED_AT: item.updatedAt };
  return [first[field], item.variantId];
};

/** How many simple variants fit. */
export async function countItems(db: Db, organizationId: string, filter: ItemFilter): Promise<number> {
  const [row] = await db
    .select({ total: count() })
    .from(items)
    .where(wantedItems(db, organizationId, filter));
  return row?.total ?? 0;
}

/** Currencies by organization. */
export async function findSellers(db: Db, organizationIds: readonly string[]) {
  return db
    .select()
    .from(sellers)
    .where(inArray(sellers.organizationId, [...organizationIds]));
}
