import { idempotency } from '@supergraph/db/inventory/tables';
import { asTenant, type Db } from '@supergraph/platform/database';
import { notFound } from '@supergraph/platform/errors';
import { idempotent } from '@supergraph/platform/idempotency';
import { idInput, optional, parseInput } from '@supergraph/platform/input';
import { reservationReleased } from '@supergraph/schema/events/inventory';
import { z } from 'zod';
import { findLevels } from '../store/levels.ts';
import {
  findLines,
  findReservationOfOrder,
  findSellerOfOrder,
  lockReservations,
  type Reservation,
  type ReservationLine,
  updateReservations,
} from '../store/reservations.ts';
import { UnknownVariants } from './register.ts';
import { giveBack, type Portion, readReservation, type ReservationOf, restOf, toEventLines } from './reservations.ts';
import { orderLines, readRecipes } from './reserve-stock.ts';
import { changeStock, openStock, saveStock } from './stock.ts';
import { type SystemContext, tell } from './telling.ts';

const Release = z.strictObject({
  orderId: idInput,
  lines: optional(orderLines),
  idempotencyKey: z.string().min(1, 'must not be empty').max(200, 'must have at most 200 characters'),
});
type AskedLine = z.output<typeof orderLines>[number];

/** Gives back what an order has reserved, all that is left or some lines of it. */
export async function releaseStock(ctx: SystemContext, input: unknown): Promise<ReservationOf> {
  const { idempotencyKey: key, ...asked } = parseInput(Release, input);
  const organizationId = await findSellerOfOrder(ctx.db, asked.orderId);
  if (!organizationId) throw notFound('Reservation');
  return changeStock(ctx, organizationId, async (tx) => {
    const id = await idempotent(ctx, tx, idempotency, { operation: 'releaseStock', key, input: asked }, () => release(ctx, tx, asked));
    return readReservation(tx, id);
  });
}

async function release(
  ctx: SystemContext,
  tx: Db,
  { orderId, lines: asked }: { orderId: string; lines?: readonly AskedLine[] | undefined },
): Promise<string> {
  const found = await findReservationOfOrder(tx, orderId);
  if (!found) throw notFound('Reservation');
  const variantIds = (await findLines(tx, [found.id])).map(({ variantId }) => variantId);
  const stock = await openStock(tx, found.organizationId, [...new Set(variantIds)]);
  const [reservation] = await lockReservations(tx, [found.id]);
  if (!reservation) throw notFound('Reservation');
  const lines = await findLines(tx, [found.id]);
  const given = await giveBack(
    tx,
    stock,
    asked ? asked.flatMap((line) => portionsOf(lines, line)) : lines.map((line) => ({ line, quantity: restOf(line) })),
  );
  if (given.length === 0 && asked) return found.id;
  const before = reservation.status;
  const after = statusAfter(reservation, lines, given);
  if (after !== before) await updateReservations(tx, [found.id], { status: after, expiresAt: null });
  await saveStock(ctx, tx, stock);
  if (given.length > 0 || after !== before)
    await tell(ctx, tx, found.organizationId, reservationReleased, { reservationId: found.id, orderId, lines: toEventLines(given) });
  return found.id;
}

/** As much of an order line as is left, in each of its variants; the last warehouses give up first. */
function portionsOf(lines: readonly ReservationLine[], { orderLineId, variantId, quantity }: AskedLine): Portion[] {
  const its = lines.filter((line) => line.orderLineId === orderLineId && line.orderedVariantId === variantId);
  return [...Map.groupBy(its, (line) => line.variantId).values()].flatMap((group) => {
    let missing = quantity * (group[0]?.unitQuantity ?? 1);
    return group.toReversed().map((line) => {
      const portion = { line, quantity: Math.min(missing, restOf(line)) };
      missing -= portion.quantity;
      return portion;
    });
  });
}

function statusAfter({ status }: Reservation, lines: readonly ReservationLine[], given: readonly Portion[]): Reservation['status'] {
  if (status !== 'HELD' && status !== 'COMMITTED') return status;
  const left = lines.reduce((sum, line) => sum + restOf(line), 0) - given.reduce((sum, { quantity }) => sum + quantity, 0);
  if (left > 0) return status;
  return lines.some(({ fulfilled }) => fulfilled > 0) ? 'FULFILLED' : 'RELEASED';
}

const Shipment = z.strictObject({ orderId: idInput, warehouseId: idInput, lines: orderLines });

/** Whether everything is on hand in one warehouse for an order; false for an order that reserved nothing. */
export async function isShippable(ctx: SystemContext, input: unknown): Promise<boolean> {
  const { orderId, warehouseId, lines } = parseInput(Shipment, input);
  const organizationId = await findSellerOfOrder(ctx.db, orderId);
  if (!organizationId) return false;
  try {
    return await asTenant(ctx.db, organizationId, (tx) => isOnHand(tx, warehouseId, lines));
  } catch (error) {
    if (error instanceof UnknownVariants) return false;
    throw error;
  }
}

async function isOnHand(tx: Db, warehouseId: string, lines: readonly AskedLine[]): Promise<boolean> {
  const { ordered, components, simpleIds } = await readRecipes(tx, lines);
  const levels = (await findLevels(tx, simpleIds)).filter((level) => level.warehouseId === warehouseId);
  const left = new Map(levels.map(({ variantId, onHand }) => [variantId, onHand]));
  for (const line of lines) {
    if (ordered.get(line.variantId)?.tracked === false) continue;
    for (const part of components.get(line.variantId) ?? [{ variantId: line.variantId, quantity: 1 }])
      left.set(part.variantId, (left.get(part.variantId) ?? 0) - part.quantity * line.quantity);
  }
  return [...left.values()].every((onHand) => onHand >= 0);
}
