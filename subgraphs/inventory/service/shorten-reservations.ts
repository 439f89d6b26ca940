import type { Db } from '@supergraph/platform/database';
import { reservationShorted } from '@supergraph/schema/events/inventory';
import { findOpenLines, lockReservations, updateReservations, writeReleased } from '../store/reservations.ts';
import { type Portion, restOf } from './reservations.ts';
import { type SystemContext, tell } from './telling.ts';

/** Takes stock from the newest reservations of some variants, which become short. */
export interface Shortening {
  /** How much the reservations have of a level. */
  available(variantId: string, warehouseId: string): number;
  /** Notes that so much is lost; gives the number back. */
  take(variantId: string, warehouseId: string, quantity: number): number;
  /** Writes what was lost and tells of it, once for each reservation. */
  save(ctx: SystemContext, organizationId: string): Promise<void>;
}

/** Locks the reservations of these variants, whose items are locked already. */
export async function openShortening(tx: Db, variantIds: readonly string[]): Promise<Shortening> {
  const ids = [...new Set((await findOpenLines(tx, variantIds)).map(({ reservationId }) => reservationId))];
  const reservations = new Map((await lockReservations(tx, ids)).map((reservation) => [reservation.id, reservation]));
  const open = (await findOpenLines(tx, variantIds)).filter(({ reservationId }) => reservations.has(reservationId));
  const newestFirst = open.toSorted((one, other) =>
    one.reservationId === other.reservationId
      ? Number(one.id < other.id) - Number(one.id > other.id)
      : one.reservationId < other.reservationId
        ? 1
        : -1,
  );
  const linesAt = (variantId: string, warehouseId: string) =>
    newestFirst.filter((line) => line.variantId === variantId && line.warehouseId === warehouseId);
  const lost: Portion[] = [];
  return {
    available: (variantId, warehouseId) => linesAt(variantId, warehouseId).reduce((sum, line) => sum + restOf(line), 0),
    take: (variantId, warehouseId, quantity) => {
      let missing = quantity;
      for (const line of linesAt(variantId, warehouseId)) {
        const taken = Math.min(missing, restOf(line));
        missing -= taken;
        if (taken > 0) lost.push({ line, quantity: taken });
      }
      return quantity;
    },
    save: async (ctx, organizationId) => {
      await writeReleased(
        tx,
        lost.map(({ line, quantity }) => ({ ...line, released: line.released + quantity })),
      );
      for (const [reservationId, portions] of Map.groupBy(lost, ({ line }) => line.reservationId)) {
        const reservation = reservations.get(reservationId);
        if (!reservation) continue;
        await updateReservations(tx, [reservationId], { status: 'SHORT' });
        const lines = portions.map(({ line: { orderLineId, variantId }, quantity: short }) => ({ orderLineId, variantId, short }));
        await tell(ctx, tx, organizationId, reservationShorted, { orderId: reservation.orderId, cause: 'ADJUSTMENT' as const, lines });
      }
    },
  };
}
