import { levels, movements, warehouses } from '@supergraph/db/inventory/tables';
import type { Db } from '@supergraph/platform/database';
import { keyset, type Page } from '@supergraph/platform/page';
import { and, asc, count, eq, gt, gte, inArray, lt, or, type SQL, sql, sum } from 'drizzle-orm';
import type { Warehouse } from './warehouses.ts';

export type Level = typeof levels.$inferSelect;
export type Movement = typeof movements.$inferSelect;
export type NewMovement = typeof movements.$inferInsert;
export type LevelRow = Level & { readonly warehouse: Warehouse };
export type MovementRow = Movement & { readonly warehouse: Warehouse };

const withWarehouse = <Row extends object>({ row, warehouse }: { row: Row; warehouse: Warehouse }) => ({ ...row, warehouse });

/** The tenant's levels of variants with their warehouses: by variant, then by priority. */
export async function findLevels(db: Db, variantIds: readonly string[]): Promise<LevelRow[]> {
  if (variantIds.length === 0) return [];
  const rows = await db
    .select({ row: levels, warehouse: warehouses })
    .from(levels)
    .innerJoin(warehouses, eq(warehouses.id, levels.warehouseId))
    .where(inArray(levels.variantId, [...variantIds]))
    .orderBy(asc(levels.variantId), asc(warehouses.priority), asc(warehouses.id));
  return rows.map(withWarehouse);
}

/** Levels by id with their warehouses. */
export async function findLevelsById(db: Db, ids: readonly string[]): Promise<LevelRow[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .select({ row: levels, warehouse: warehouses })
    .from(levels)
    .innerJoin(warehouses, eq(warehouses.id, levels.warehouseId))
    .where(inArray(levels.id, [...ids]));
  return rows.map(withWarehouse);
}

/** Writes levels whose items are locked, new ones and old ones, all at once. */
export async function writeLevels(tx: Db, rows: readonly Level[]): Promise<void> {
  if (rows.length === 0) return;
  await tx
    .insert(levels)
    .values(
      rows.map(({ id, organizationId, variantId, warehouseId, onHand, reserved, backorderLimit, valueMinor, updatedAt }) => ({
        id,
        organizationId,
        variantId,
        warehouseId,
        onHand,
        reserved,
        backorderLimit,
        valueMinor,
        updatedAt,
      })),
    )
    .onConflictDoUpdate({
      target: [levels.variantId, levels.warehouseId],
      set: {
        onHand: sql`excluded.on_hand`,
        reserved: sql`excluded.reserved`,
        backorderLimit: sql`excluded.backorder_limit`,
        valueMinor: sql`excluded.value_minor`,
        updatedAt: sql`excluded.updated_at`,
      },
    });
}

/** What a warehouse holds and owes, over all variants. */
export async function sumWarehouse(tx: Db, warehouseId: string): Promise<{ onHand: number; reserved: number }> {
  const [row] = await tx
    .select({ onHand: sum(levels.onHand), reserved: sum(levels.reserved) })
    .from(levels)
    .where(eq(levels.warehouseId, warehouseId));
  return { onHand: Number(row?.onHand ?? 0), reserved: Number(row?.reserved ?? 0) };
}

/** Variants that count for availability in a warehouse, by id: those that it holds, owes or may owe. */
export async function listVariantsIn(tx: Db, warehouseId: string): Promise<string[]> {
  const rows = await tx
    .select({ variantId: levels.variantId })
    .from(levels)
    .where(and(eq(levels.warehouseId, warehouseId), or(gt(levels.onHand, 0), gt(levels.reserved, 0), gt(levels.backorderLimit, 0))))
    .orderBy(asc(levels.variantId));
  return rows.map(({ variantId }) => variantId);
}

/** Takes the backorder limits of a warehouse that is given up. */
export async function clearBackorderLimits(tx: Db, warehouseId: string, now: Date): Promise<void> {
  await tx
    .update(levels)
    .set({ backorderLimit: 0, updatedAt: now })
    .where(and(eq(levels.warehouseId, warehouseId), gt(levels.backorderLimit, 0)));
}

/** Adds lines to the ledger. */
export async function insertMovements(tx: Db, rows: readonly NewMovement[]): Promise<Movement[]> {
  return rows.length === 0
    ? []
    : tx
        .insert(movements)
        .values([...rows])
        .returning();
}

/** Adds empty levels for variants whose items are locked. */
export async function insertLevels(tx: Db, rows: readonly (typeof levels.$inferInsert)[]): Promise<Level[]> {
  return rows.length === 0
    ? []
    : tx
        .insert(levels)
        .values([...rows])
        .returning();
}

/** Movements by id with their warehouses. */
export async function findMovements(db: Db, ids: readonly string[]): Promise<MovementRow[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .select({ row: movements, warehouse: warehouses })
    .from(movements)
    .innerJoin(warehouses, eq(warehouses.id, movements.warehouseId))
    .where(inArray(movements.id, [...ids]));
  return rows.map(withWarehouse);
}

export interface MovementFilter {
  readonly variantIds?: readonly string[] | undefined;
  readonly warehouseIds?: readonly string[] | undefined;
  readonly kinds?: readonly Movement['kind'][] | undefined;
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
  readonly reference?: string | undefined;
}

const wantedMovements = (organizationId: string, filter: MovementFilter): SQL | undefined =>
  and(
    eq(movements.organizationId, organizationId),
    filter.variantIds ? inArray(movements.variantId, [...filter.variantIds]) : undefined,
    filter.warehouseIds ? inArray(movements.warehouseId, [...filter.warehouseIds]) : undefined,
    filter.kinds ? inArray(movements.kind, [...filter.kinds]) : undefined,
    filter.from ? gte(movements.occurredAt, filter.from) : undefined,
    filter.to ? lt(movements.occurredAt, filter.to) : undefined,
    filter.reference === undefined ? undefined : eq(movements.reference, filter.reference),
  );

/** A tenant's ledger, newest first: ids are UUIDv7, so they sort by time. */
export async function listMovements(db: Db, page: Page, organizationId: string, filter: MovementFilter): Promise<MovementRow[]> {
  const { where, orderBy } = keyset(page, [{ column: movements.id, direction: 'DESC', type: 'uuid' }]);
  const rows = await db
    .select({ row: movements, warehouse: warehouses })
    .from(movements)
    .innerJoin(warehouses, eq(warehouses.id, movements.warehouseId))
    .where(and(wantedMovements(organizationId, filter), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
  return rows.map(withWarehouse);
}

/** How many movements fit. */
export async function countMovements(db: Db, organizationId: string, filter: MovementFilter): Promise<number> {
  const [row] = await db.select({ total: count() }).from(movements).where(wantedMovements(organizationId, filter));
  return row?.total ?? 0;
}
