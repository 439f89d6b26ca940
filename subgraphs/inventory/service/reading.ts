import { inTenant } from '@supergraph/platform/database';
import { badInput } from '@supergraph/platform/errors';
import { idInput, optional, parseInput, text } from '@supergraph/platform/input';
import { type Connection, type PageArguments, readPage, toConnection } from '@supergraph/platform/page';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { isChosenOrganization } from '../policy.ts';
import { countItems, type Item, itemKey, listItems } from '../store/items.ts';
import { countMovements, listMovements, type MovementRow } from '../store/levels.ts';
import { listWarehouses, type Warehouse } from '../store/warehouses.ts';
import { findLineRows, findReservations } from '../store/reservations.ts';
import type { ReservationOf } from './reservations.ts';

type Tenant = { readonly id: string };
type Arguments = PageArguments & { readonly filter?: unknown; readonly orderBy?: unknown };

const ids = optional(z.array(idInput).max(100, 'must have at most 100 ids'));
const ItemFilter = z.strictObject({
  search: optional(text({ min: 1, max: 100 })),
  warehouseId: optional(idInput),
  status: optional(z.enum(['IN_STOCK', 'LOW', 'BACKORDER', 'OUT_OF_STOCK', 'NOT_TRACKED'])),
  productIds: ids,
  availableBelow: optional(z.int()),
});
const ItemOrder = z.strictObject({ field: z.enum(['SKU', 'AVAILABLE', 'VALUE', 'UPDATED_AT']), direction: z.enum(['ASC', 'DESC']) });
const MovementFilter = z.strictObject({
  variantIds: ids,
  warehouseIds: ids,
  kinds: optional(z.array(z.enum(['RECEIPT', 'SHIPMENT', 'RETURN', 'ADJUSTMENT', 'COUNT', 'TRANSFER_OUT', 'TRANSFER_IN']))),
  from: optional(z.date()),
  to: optional(z.date()),
  reference: optional(z.string().max(500, 'must have at most 500 characters')),
});

/** An id that cannot be one is simply unknown. */
const isId = (id: string) => idInput.safeParse(id).success;

/** A warehouse of the chosen organization, or null. */
export async function findWarehouse(ctx: Context, id: string): Promise<Warehouse | null> {
  return isId(id) ? ctx.loaders.warehouseById.load(id) : null;
}

/** A reservation of the chosen organization with its lines, or null. */
export async function findReservation(ctx: Context, id: string): Promise<ReservationOf | null> {
  if (!ctx.organization || !isId(id)) return null;
  return inTenant(ctx, async (tx) => {
    const [reservation] = await findReservations(tx, [id]);
    return reservation ? { ...reservation, lines: await findLineRows(tx, [id]) } : null;
  });
}

/** An organization's warehouses; null unless it is the chosen one. */
export async function warehousesOf(ctx: Context, { id }: Tenant): Promise<Warehouse[] | null> {
  if (!isChosenOrganization(ctx.organization, id)) return null;
  return inTenant(ctx, (tx) => listWarehouses(tx, id));
}

/** An organization's simple variants with their stock; null unless it is the chosen one. */
export async function pageOfItems(ctx: Context, { id }: Tenant, args: Arguments): Promise<Connection<Item> | null> {
  if (!isChosenOrganization(ctx.organization, id)) return null;
  const filter = parseInput(ItemFilter, args.filter ?? {});
  const order = parseInput(ItemOrder, args.orderBy ?? { field: 'SKU', direction: 'ASC' });
  const page = readPage(ctx, args, ['stockItems', id, filter, order]);
  const rows = await inTenant(ctx, (tx) => listItems(tx, page, id, filter, order));
  return toConnection(
    ctx,
    page,
    rows,
    (item) => itemKey(item, order),
    () => inTenant(ctx, (tx) => countItems(tx, id, filter)),
  );
}

/** An organization's ledger; null unless it is the chosen one. */
export async function pageOfMovements(ctx: Context, { id }: Tenant, args: Arguments): Promise<Connection<MovementRow> | null> {
  if (!isChosenOrganization(ctx.organization, id)) return null;
  const filter = parseInput(MovementFilter, args.filter ?? {});
  if (filter.from && filter.to && filter.from > filter.to) throw badInput([{ path: 'filter.to', message: 'must not be before from' }]);
  const page = readPage(ctx, args, ['stockMovements', id, filter]);
  const rows = await inTenant(ctx, (tx) => listMovements(tx, page, id, filter));
  return toConnection(
    ctx,
    page,
    rows,
    (movement) => [movement.id],
    () => inTenant(ctx, (tx) => countMovements(tx, id, filter)),
  );
}

/** The stock of a variant for its own organization; bundles have none. */
export async function findStock(ctx: Context, variantId: string): Promise<Item | null> {
  if (!ctx.organization || !isId(variantId)) return null;
  const item = await ctx.loaders.itemByVariant.load(variantId);
  return item?.kind === 'SIMPLE' ? item : null;
}
