import type { Db } from '@supergraph/platform/database';
import { defineWorker } from '@supergraph/platform/workers';
import { reservationExpired } from '@supergraph/schema/events/inventory';
import { z } from 'zod';
import {
  findLineRows,
  findLines,
  findOverdue,
  findReservations,
  lockReservations,
  type Reservation,
  type ReservationLine,
  type ReservationLineRow,
  updateReservations,
  writeReleased,
} from '../store/reservations.ts';
import { changeStock, levelAt, openStock, saveStock, setLevel, type Stock } from './stock.ts';
import { type SystemContext, tell } from './telling.ts';

/** A reservation with its lines. */
export type ReservationOf = Reservation & { readonly lines: readonly ReservationLineRow[] };

/** A reservation with its lines, read in the transaction that made or changed it. */
export async function readReservation(tx: Db, id: string): Promise<ReservationOf> {
  const [reservation] = await findReservations(tx, [id]);
  if (!reservation) throw new Error('the reservation is gone');
  return { ...reservation, lines: await findLineRows(tx, [id]) };
}

/** How much of a line is still reserved. */
export const restOf = ({ quantity, fulfilled, released }: ReservationLine): number => quantity - fulfilled - released;

/** Part of a line. */
export interface Portion {
  readonly line: ReservationLine;
  readonly quantity: number;
}

/** How events name parts of lines. */
export const toEventLines = (portions: readonly Portion[]) =>
  portions.map(({ line: { orderLineId, variantId, warehouseId }, quantity }) => ({ orderLineId, variantId, warehouseId, quantity }));

/** Gives parts of lines back to their levels; the items must be in `stock`, the reservations locked. */
export async function giveBack(tx: Db, stock: Stock, portions: readonly Portion[]): Promise<Portion[]> {
  const real = portions.filter(({ quantity }) => quantity > 0);
  for (const { line, quantity } of real) {
    const level = levelAt(stock, line.variantId, line.warehouseId);
    setLevel(stock, level, { reserved: level.reserved - quantity });
  }
  await writeReleased(
    tx,
    real.map(({ line, quantity }) => ({ ...line, released: line.released + quantity })),
  );
  return real;
}

/** Locks variants for a change after ending the holds of them whose time is over, so that these block nobody. */
export async function openFreedStock(ctx: SystemContext, tx: Db, organizationId: string, variantIds: readonly string[]): Promise<Stock> {
  const overdue = await findOverdue(tx, variantIds, ctx.now());
  const theirs = await findLines(tx, overdue);
  const stock = await openStock(tx, organizationId, [...new Set([...variantIds, ...theirs.map(({ variantId }) => variantId)])]);
  await endHolds(ctx, tx, stock, overdue);
  return stock;
}

/** Ends those holds whose time is over; a reservation that is short already only gives back what it has left. */
async function endHolds(ctx: SystemContext, tx: Db, stock: Stock, reservationIds: readonly string[]): Promise<void> {
  const now = ctx.now();
  const due = (await lockReservations(tx, reservationIds)).filter(({ expiresAt }) => expiresAt && expiresAt <= now);
  const lines = await findLines(
    tx,
    due.map(({ id }) => id),
  );
  const freed = await giveBack(
    tx,
    stock,
    lines.map((line) => ({ line, quantity: restOf(line) })),
  );
  for (const status of ['EXPIRED', 'SHORT'] as const) {
    const ids = due.filter((reservation) => (reservation.status === 'SHORT') === (status === 'SHORT')).map(({ id }) => id);
    await updateReservations(tx, ids, { status, expiresAt: null });
  }
  for (const { id: reservationId, orderId } of due) {
    const portions = freed.filter(({ line }) => line.reservationId === reservationId);
    await tell(ctx, tx, stock.organizationId, reservationExpired, { reservationId, orderId, lines: toEventLines(portions) });
  }
}

const Hold = z.object({ reservationId: z.uuid(), organizationId: z.uuid() });

/** Ends a hold whose time is over; one that has more time waits again. */
export const expiryWorker = defineWorker({
  name: 'expire-reservation',
  data: Hold,
  run: (ctx, { reservationId, organizationId }) =>
    changeStock(ctx, organizationId, async (tx) => {
      const [reservation] = await findReservations(tx, [reservationId]);
      if (!reservation?.expiresAt) return;
      if (reservation.expiresAt > ctx.now()) return enqueueExpiry(ctx, tx, reservation);
      const lines = await findLines(tx, [reservationId]);
      const stock = await openStock(tx, organizationId, [...new Set(lines.map(({ variantId }) => variantId))]);
      await endHolds(ctx, tx, stock, [reservationId]);
      await saveStock(ctx, tx, stock);
    }),
});

/** Has a hold ended at its time, in the transaction that makes it. */
export async function enqueueExpiry(ctx: SystemContext, tx: Db, { id, organizationId, expiresAt }: Reservation): Promise<void> {
  if (!expiresAt) return;
  // Rounded up, so that the worker does not come in the second before.
  const startAfter = new Date(Math.ceil(expiresAt.getTime() / 1_000) * 1_000);
  await ctx.workers.enqueue(tx, expiryWorker, { reservationId: id, organizationId }, { startAfter });
}
