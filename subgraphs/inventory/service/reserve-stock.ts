import { idempotency } from '@supergraph/db/inventory/tables';
import type { Db } from '@supergraph/platform/database';
import { badInput, conflict, notFound } from '@supergraph/platform/errors';
import { idempotent } from '@supergraph/platform/idempotency';
import { idInput, optional, parseInput } from '@supergraph/platform/input';
import { reservationHeld } from '@supergraph/schema/events/inventory';
import { z } from 'zod';
import { findComponents, findItems, type Item } from '../store/items.ts';
import { claimOrder, findReservationOfOrder, insertLines, insertReservation } from '../store/reservations.ts';
import { allocate, demandsOf, findShortages, type ResolvedLine, type Source } from './allocation.ts';
import { changeKnownStock, refuseUnknown } from './register.ts';
import { enqueueExpiry, openFreedStock, readReservation, type ReservationOf, toEventLines } from './reservations.ts';
import { levelAt, orderableOf, saveStock, setLevel, type Stock } from './stock.ts';
import { type SystemContext, tell } from './telling.ts';

const day = 86_400_000;
const longestHold = 30 * day;

/** Order lines as orders names them. */
export const orderLines = z
  .array(
    z.strictObject({
      orderLineId: idInput,
      variantId: idInput,
      quantity: z.int().min(1, 'must be at least 1').max(1_000_000, 'must be at most 1000000'),
    }),
  )
  .min(1, 'must not be empty')
  .max(100, 'must have at most 100 lines')
  .superRefine((lines, check) => {
    lines.forEach(({ orderLineId }, index) => {
      if (lines.findIndex((line) => line.orderLineId === orderLineId) < index)
        check.addIssue({ code: 'custom', path: [index, 'orderLineId'], message: 'stands in an earlier line' });
    });
  });

const NewReservation = z.strictObject({
  orderId: idInput,
  sellerId: idInput,
  lines: orderLines,
  expiresAt: z.date(),
  shipToCountry: optional(z.string().length(2, 'must be two letters')),
  idempotencyKey: z.string().min(1, 'must not be empty').max(200, 'must have at most 200 characters'),
});
type NewReservation = z.output<typeof NewReservation>;
type OrderLine = NewReservation['lines'][number];

/** Holds stock for an order, all of it or none; the same order gets the same reservation. */
export async function reserveStock(ctx: SystemContext, input: unknown): Promise<ReservationOf> {
  const { idempotencyKey: key, ...wanted } = parseInput(NewReservation, input);
  return changeKnownStock(ctx, wanted.sellerId, async (tx) => {
    const id = await idempotent(ctx, tx, idempotency, { operation: 'reserveStock', key, input: wanted }, () =>
      reserveOnce(ctx, tx, wanted),
    );
    return readReservation(tx, id);
  });
}

async function reserveOnce(ctx: SystemContext, tx: Db, wanted: Omit<NewReservation, 'idempotencyKey'>): Promise<string> {
  if (await claimOrder(tx, wanted.orderId, wanted.sellerId)) return reserve(ctx, tx, wanted);
  const earlier = await findReservationOfOrder(tx, wanted.orderId);
  if (!earlier) throw notFound('Order');
  return earlier.id;
}

async function reserve(
  ctx: SystemContext,
  tx: Db,
  { orderId, sellerId: organizationId, lines, expiresAt, shipToCountry }: Omit<NewReservation, 'idempotencyKey'>,
): Promise<string> {
  const ahead = expiresAt.getTime() - ctx.now().getTime();
  if (ahead <= 0 || ahead > longestHold) throw badInput([{ path: 'expiresAt', message: 'must be in the future, at most 30 days ahead' }]);
  const recipe = await readRecipes(tx, lines);
  const stock = await openFreedStock(ctx, tx, organizationId, recipe.simpleIds);
  const resolved = resolveLines(lines, recipe, stock);
  const sources = sourcesOf(stock);
  const shortages = findShortages(resolved, sources);
  if (shortages.length > 0) throw conflict('there is not enough in stock; order less of what is short', { reason: 'SHORTAGE', shortages });

  const allocations = allocate(demandsOf(resolved), sources);
  const reservation = await insertReservation(tx, {
    organizationId,
    orderId,
    status: 'HELD',
    expiresAt,
    shipToCountry,
    createdAt: ctx.now(),
  });
  const rows = await insertLines(
    tx,
    allocations.map((allocation) => ({ ...allocation, organizationId, reservationId: reservation.id })),
  );
  for (const { variantId, warehouseId, quantity } of rows) {
    const level = levelAt(stock, variantId, warehouseId);
    setLevel(stock, level, { reserved: level.reserved + quantity });
  }
  await saveStock(ctx, tx, stock);
  await enqueueExpiry(ctx, tx, reservation);
  await tell(ctx, tx, organizationId, reservationHeld, {
    reservationId: reservation.id,
    orderId,
    lines: toEventLines(rows.map((line) => ({ line, quantity: line.quantity }))),
  });
  return reservation.id;
}

interface Recipes {
  readonly ordered: ReadonlyMap<string, Item>;
  readonly components: ReadonlyMap<string, readonly { readonly variantId: string; readonly quantity: number }[]>;
  /** Everything that the lines come down to. */
  readonly simpleIds: readonly string[];
}

/** What the ordered variants are made of; throws UnknownVariants. */
export async function readRecipes(tx: Db, lines: readonly Pick<OrderLine, 'variantId'>[]): Promise<Recipes> {
  const ids = [...new Set(lines.map(({ variantId }) => variantId))];
  const ordered = new Map((await findItems(tx, ids)).map((item) => [item.variantId, item]));
  refuseUnknown(ids, ordered);
  const bundleIds = ids.filter((variantId) => ordered.get(variantId)?.kind === 'BUNDLE');
  const rows = await findComponents(tx, bundleIds);
  const components = Map.groupBy(
    rows.map(({ bundleId, componentId, quantity }) => ({ bundleId, variantId: componentId, quantity })),
    ({ bundleId }) => bundleId,
  );
  const simpleIds = [
    ...new Set([...ids.filter((variantId) => !bundleIds.includes(variantId)), ...rows.map(({ componentId }) => componentId)]),
  ];
  return { ordered, components, simpleIds };
}

/** Comes down from order lines to simple variants that are tracked; what is no longer sold takes itself, of which there is none. */
function resolveLines(lines: readonly OrderLine[], { ordered, components, simpleIds }: Recipes, stock: Stock): ResolvedLine[] {
  refuseUnknown(simpleIds, stock.items);
  return lines.map((line) => {
    const parts =
      ordered.get(line.variantId)?.kind === 'BUNDLE'
        ? (components.get(line.variantId) ?? [])
        : [{ variantId: line.variantId, quantity: 1 }];
    const items = [ordered.get(line.variantId), ...parts.map(({ variantId }) => stock.items.get(variantId))];
    const takes = parts.filter(({ variantId }) => stock.items.get(variantId)?.tracked);
    if (parts.length === 0 || items.some((item) => item?.archivedAt))
      return { ...line, takes: [{ variantId: line.variantId, quantity: 1 }] };
    return { ...line, takes };
  });
}

function sourcesOf(stock: Stock): Source[] {
  return [...stock.levels.values()]
    .toSorted((one, other) => one.warehouse.priority - other.warehouse.priority || (one.warehouseId < other.warehouseId ? -1 : 1))
    .filter(({ variantId }) => !stock.items.get(variantId)?.archivedAt)
    .map((level) => ({ warehouseId: level.warehouseId, variantId: level.variantId, orderable: orderableOf(level) }));
}
