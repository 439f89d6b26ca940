import { asTenant, type Db } from '@supergraph/platform/database';
import { stockDepleted, stockLow, stockReplenished } from '@supergraph/schema/events/inventory';
import { statusOf } from '../policy.ts';
import { type Item, lockItems, writeItems } from '../store/items.ts';
import { findLevels, insertLevels, type LevelRow, writeLevels } from '../store/levels.ts';
import type { Warehouse } from '../store/warehouses.ts';
import { type SystemContext, tell } from './telling.ts';

/** Some variants' stock, locked for a change: change it here, then `saveStock` writes it and tells of it. */
export interface Stock {
  readonly organizationId: string;
  readonly items: Map<string, Item>;
  readonly levels: Map<string, LevelRow>;
  readonly before: ReadonlyMap<string, Item>;
  readonly changedLevels: Set<string>;
}

const place = (variantId: string, warehouseId: string) => `${variantId}/${warehouseId}`;
const attempts = 5;

/** Whether the database gave a transaction up for the sake of another one. */
function isContention(error: unknown): boolean {
  const cause = error instanceof Error && error.cause ? error.cause : error;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return code === '40001' || code === '40P01';
}

/** Runs a change of one organization's stock in a transaction; what loses against another change is tried again, never shown. */
export async function changeStock<Result>(ctx: SystemContext, organizationId: string, work: (tx: Db) => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await asTenant(ctx.db, organizationId, work);
    } catch (error) {
      if (attempt >= attempts || !isContention(error)) throw error;
    }
  }
}

/** Locks variants and reads their levels. Every change of stock begins here, so that locks are taken in one order. */
export async function openStock(tx: Db, organizationId: string, variantIds: readonly string[]): Promise<Stock> {
  const items = await lockItems(tx, variantIds);
  const levels = await findLevels(
    tx,
    items.map(({ variantId }) => variantId),
  );
  const byVariant = items.map((item) => [item.variantId, item] as const);
  return {
    organizationId,
    items: new Map(byVariant),
    before: new Map(byVariant),
    levels: new Map(levels.map((level) => [place(level.variantId, level.warehouseId), level])),
    changedLevels: new Set(),
  };
}

/** Adds empty levels where there are none yet. */
export async function addMissingLevels(
  tx: Db,
  stock: Stock,
  wanted: readonly { variantId: string; warehouse: Warehouse }[],
): Promise<void> {
  const missing = new Map(wanted.map((entry) => [place(entry.variantId, entry.warehouse.id), entry]));
  for (const key of stock.levels.keys()) missing.delete(key);
  const rows = await insertLevels(
    tx,
    [...missing.values()].map(({ variantId, warehouse }) => ({
      organizationId: stock.organizationId,
      variantId,
      warehouseId: warehouse.id,
    })),
  );
  for (const row of rows) {
    const entry = missing.get(place(row.variantId, row.warehouseId));
    if (entry) stock.levels.set(place(row.variantId, row.warehouseId), { ...row, warehouse: entry.warehouse });
  }
}

/** The level of a variant in a warehouse; it must have been read or added. */
export function levelAt(stock: Stock, variantId: string, warehouseId: string): LevelRow {
  const level = stock.levels.get(place(variantId, warehouseId));
  if (!level) throw new Error(`the level of ${variantId} in ${warehouseId} was not read`);
  return level;
}

/** Changes a level in memory. */
export function setLevel(
  stock: Stock,
  level: LevelRow,
  change: Partial<Pick<LevelRow, 'onHand' | 'reserved' | 'backorderLimit' | 'valueMinor'>>,
): void {
  const key = place(level.variantId, level.warehouseId);
  stock.levels.set(key, { ...level, ...change });
  stock.changedLevels.add(key);
}

/** What can still be ordered of a level; nothing where its warehouse does not sell. */
export const orderableOf = ({ warehouse, onHand, reserved, backorderLimit }: LevelRow): number =>
  warehouse.sellsOnline && !warehouse.archivedAt ? onHand - reserved + backorderLimit : 0;

/** Writes what changed: levels, the items' sums and what shoppers see; tells of limits that were crossed. */
export async function saveStock(ctx: SystemContext, tx: Db, stock: Stock): Promise<void> {
  const now = ctx.now();
  const changed = [...stock.changedLevels].flatMap((key) => stock.levels.get(key) ?? []);
  await writeLevels(
    tx,
    changed.map((level) => ({ ...level, updatedAt: now })),
  );
  const byVariant = Map.groupBy(stock.levels.values(), ({ variantId }) => variantId);
  const items = [...stock.items.values()].map((item) => ({
    ...summed(item, byVariant.get(item.variantId) ?? []),
    stockVersion: item.stockVersion + 1,
    updatedAt: now,
  }));
  await writeItems(tx, items);
  for (const item of items) {
    stock.items.set(item.variantId, item);
    await tellCrossings(ctx, tx, stock.before.get(item.variantId), item);
  }
}

const sumOf = (levels: readonly LevelRow[], of: (level: LevelRow) => number) => levels.reduce((total, level) => total + of(level), 0);

function summed(item: Item, levels: readonly LevelRow[]): Item {
  const onHand = sumOf(levels, (level) => level.onHand);
  const reserved = sumOf(levels, (level) => level.reserved);
  const selling = item.archivedAt ? [] : levels.filter(({ warehouse }) => warehouse.sellsOnline && !warehouse.archivedAt);
  const sums = {
    onHand,
    reserved,
    available: onHand - reserved,
    inStock: sumOf(selling, (level) => Math.max(0, level.onHand - level.reserved)),
    orderable: sumOf(selling, orderableOf),
    valueMinor: sumOf(levels, (level) => level.valueMinor),
  };
  return { ...item, ...sums, status: statusOf({ ...item, ...sums, archived: item.archivedAt !== null }) };
}

const isLow = (item: Item) => item.tracked && item.orderable <= item.lowStockThreshold;
const isDepleted = (item: Item) => item.tracked && item.orderable <= 0;

/** Each limit is told of when it is crossed, not for every movement beyond it. */
async function tellCrossings(ctx: SystemContext, tx: Db, before: Item | undefined, after: Item): Promise<void> {
  if (!before || after.kind === 'BUNDLE') return;
  const { variantId, productId, organizationId, orderable, stockVersion } = after;
  const payload = { variantId, productId, sellerId: organizationId, orderable, version: stockVersion };
  if (!isLow(before) && isLow(after)) await tell(ctx, tx, organizationId, stockLow, payload);
  if (!isDepleted(before) && isDepleted(after)) await tell(ctx, tx, organizationId, stockDepleted, payload);
  if (isDepleted(before) && !isDepleted(after)) await tell(ctx, tx, organizationId, stockReplenished, payload);
}
