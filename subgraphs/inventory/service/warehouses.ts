import { type Db, inTenant } from '@supergraph/platform/database';
import { conflict, isUniqueViolation, notFound, staleVersion } from '@supergraph/platform/errors';
import { idInput, nameText, optional, parseInput } from '@supergraph/platform/input';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { clearBackorderLimits, listVariantsIn, sumWarehouse } from '../store/levels.ts';
import * as store from '../store/warehouses.ts';
import { openStock, saveStock } from './stock.ts';

export type Warehouse = store.Warehouse;

const mostWarehouses = 100;
const line = (max: number) => optional(nameText({ max }));
const Address = z.strictObject({
  name: line(200),
  company: line(200),
  line1: nameText({ max: 200 }),
  line2: line(200),
  locality: nameText({ max: 200 }),
  region: line(100),
  postalCode: line(20),
  countryCode: z.string().length(2, 'must be two letters'),
  phone: line(40),
});
const fields = {
  code: z.string().regex(/^[A-Za-z0-9_-]{1,20}$/, 'must be 1 to 20 letters, digits, - and _'),
  name: nameText({ max: 200 }),
  address: Address,
  priority: z.int().min(1, 'must be at least 1').max(1_000, 'must be at most 1000'),
  sellsOnline: z.boolean(),
};
const NewWarehouse = z.strictObject({ ...fields, priority: optional(fields.priority), sellsOnline: optional(fields.sellsOnline) });
const Known = { id: idInput, version: z.int() };
const WarehouseChange = z.strictObject({
  ...Known,
  code: optional(fields.code),
  name: optional(fields.name),
  address: optional(fields.address),
  priority: optional(fields.priority),
  sellsOnline: optional(fields.sellsOnline),
});
const WarehouseArchive = z.strictObject(Known);

async function withFreeCode<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (isUniqueViolation(error, 'warehouses_code'))
      throw conflict('another warehouse has this code; choose another one', { reason: 'CODE_TAKEN' });
    throw error;
  }
}

/** Makes a warehouse of the chosen organization. */
export async function createWarehouse(ctx: Context, input: unknown): Promise<Warehouse> {
  const { priority = 100, sellsOnline = true, ...values } = parseInput(NewWarehouse, input);
  return withFreeCode(() =>
    inTenant(ctx, async (tx) => {
      const organizationId = ctx.organization?.id ?? '';
      if ((await store.countWarehouses(tx, organizationId)) >= mostWarehouses)
        throw conflict('there are 100 warehouses already', { reason: 'TOO_MANY_WAREHOUSES' });
      return store.insertWarehouse(tx, { ...values, priority, sellsOnline, organizationId, createdAt: ctx.now() });
    }),
  );
}

async function requireWarehouse(tx: Db, { id, version }: { id: string; version: number }): Promise<Warehouse> {
  const warehouse = await store.lockWarehouse(tx, id);
  if (!warehouse) throw notFound('Warehouse');
  if (warehouse.version !== version) throw staleVersion(warehouse.version);
  if (warehouse.archivedAt) throw conflict('the warehouse is archived', { reason: 'WAREHOUSE_ARCHIVED' });
  return warehouse;
}

/** Changes a warehouse; whether it sells online changes what can be ordered of everything in it. */
export async function updateWarehouse(ctx: Context, input: unknown): Promise<Warehouse> {
  const { id, version, ...change } = parseInput(WarehouseChange, input);
  return withFreeCode(() =>
    inTenant(ctx, async (tx) => {
      const before = await requireWarehouse(tx, { id, version });
      const after = await store.updateWarehouse(tx, id, { ...change, version: before.version + 1 });
      if (before.sellsOnline !== after.sellsOnline) await refreshItemsIn(ctx, tx, after, await listVariantsIn(tx, id));
      return after;
    }),
  );
}

/** Archives a warehouse that holds and owes nothing. */
export async function archiveWarehouse(ctx: Context, input: unknown): Promise<Warehouse> {
  const asked = parseInput(WarehouseArchive, input);
  return inTenant(ctx, async (tx) => {
    const before = await requireWarehouse(tx, asked);
    // Locked first, so that no order takes a backorder in between.
    const variantIds = await listVariantsIn(tx, before.id);
    for (const some of batchesOf(variantIds)) await openStock(tx, before.organizationId, some);
    const { onHand, reserved } = await sumWarehouse(tx, before.id);
    if (onHand > 0 || reserved > 0)
      throw conflict('the warehouse still holds or owes stock; empty it first', { reason: 'WAREHOUSE_IN_USE', onHand, reserved });
    await clearBackorderLimits(tx, before.id, ctx.now());
    const after = await store.updateWarehouse(tx, before.id, { archivedAt: ctx.now(), version: before.version + 1 });
    await refreshItemsIn(ctx, tx, after, variantIds);
    return after;
  });
}

const batchSize = 500;

/** A warehouse may hold more variants than a statement takes; the batches keep the order in which items are locked. */
const batchesOf = (variantIds: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(variantIds.length / batchSize) }, (_, index) =>
    variantIds.slice(index * batchSize, (index + 1) * batchSize),
  );

/** Sums anew what stands in a warehouse that began or ceased to count. */
async function refreshItemsIn(ctx: Context, tx: Db, { organizationId }: Warehouse, variantIds: readonly string[]): Promise<void> {
  for (const some of batchesOf(variantIds)) await saveStock(ctx, tx, await openStock(tx, organizationId, some));
}
