import { NoTenantChosen } from '@supergraph/platform/database';
import { badInput, conflict, notFound, staleVersion } from '@supergraph/platform/errors';
import { idInput, optional, parseInput } from '@supergraph/platform/input';
import { z } from 'zod';
import type { Context } from '../context.ts';
import type { Item } from '../store/items.ts';
import { usableWarehouses } from './adjust-stock.ts';
import { changeKnownStock, refuseUnknown } from './register.ts';
import { addMissingLevels, levelAt, openStock, saveStock, setLevel } from './stock.ts';

const units = z.int().min(0, 'must not be negative').max(1_000_000, 'must be at most 1000000');
const Configuration = z.strictObject({
  variantId: idInput,
  version: z.int(),
  lowStockThreshold: optional(units),
  backorderLimits: optional(
    z
      .array(z.strictObject({ warehouseId: idInput, limit: units }))
      .max(100, 'must have at most 100 warehouses')
      .superRefine((limits, check) => {
        limits.forEach(({ warehouseId }, index) => {
          if (limits.findIndex((limit) => limit.warehouseId === warehouseId) < index)
            check.addIssue({ code: 'custom', path: [index, 'warehouseId'], message: 'stands in an earlier entry' });
        });
      }),
  ),
});

/** Sets a variant's low-stock threshold and backorder limits. */
export async function configureStock(ctx: Context, input: unknown): Promise<Item> {
  const { variantId, version, lowStockThreshold, backorderLimits: limits = [] } = parseInput(Configuration, input);
  const { organization } = ctx;
  if (!organization) throw new NoTenantChosen();
  return changeKnownStock(ctx, organization.id, async (tx) => {
    const warehouses = await usableWarehouses(
      tx,
      limits.map(({ warehouseId }) => warehouseId),
    );
    const stock = await openStock(tx, organization.id, [variantId]);
    refuseUnknown([variantId], stock.items);
    const item = stock.items.get(variantId);
    if (!item) throw notFound('Variant');
    if (item.kind === 'BUNDLE')
      throw badInput([{ path: 'variantId', message: 'is a bundle, which has no stock of its own; configure its components' }]);
    if (item.version !== version) throw staleVersion(item.version);
    await addMissingLevels(
      tx,
      stock,
      [...warehouses.values()].map((warehouse) => ({ variantId, warehouse })),
    );
    const taken = limits
      .map(({ warehouseId, limit }) => ({ level: levelAt(stock, variantId, warehouseId), limit }))
      .filter(({ level, limit }) => level.reserved > level.onHand + limit);
    if (taken.length > 0)
      throw conflict('orders have taken more backorders than that already; choose a higher limit', {
        reason: 'STOCK_RESERVED',
        levels: taken.map(({ level: { warehouseId, onHand, reserved, backorderLimit } }) => ({
          variantId,
          warehouseId,
          onHand,
          reserved,
          backorderLimit,
        })),
      });
    for (const { warehouseId, limit } of limits) setLevel(stock, levelAt(stock, variantId, warehouseId), { backorderLimit: limit });
    stock.items.set(variantId, { ...item, version: item.version + 1, lowStockThreshold: lowStockThreshold ?? item.lowStockThreshold });
    await saveStock(ctx, tx, stock);
    return stock.items.get(variantId) ?? item;
  });
}
