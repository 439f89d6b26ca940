import { orderSellers, reservationLines, reservations, warehouses } from '@supergraph/db/inventory/tables';
import type { Db } from '@supergraph/platform/database';
import { and, asc, eq, exists, inArray, lte, sql } from 'drizzle-orm';
import type { Warehouse } from './warehouses.ts';

export type Reservation = typeof reservations.$inferSelect;
export type ReservationLine = typeof reservationLines.$inferSelect;
export type ReservationLineRow = ReservationLine & { readonly warehouse: Warehouse | null };

/** The organization whose stock an order reserved; needs no tenant. */
export async function findSellerOfOrder(db: Db, orderId: string): Promise<string | undefined> {
  const [row] = await db.select().from(orderSellers).where(eq(orderSellers.orderId, orderId));
  return row?.organizationId;
}

/** Notes whose stock an order reserves; false when that stands already. A parallel call for the same order waits here. */
export async function claimOrder(tx: Db, orderId: string, organizationId: string): Promise<boolean> {
  const claimed = await tx
    .insert(orderSellers)
    .values({ orderId, organizationId })
    .onConflictDoNothing()
    .returning({ orderId: orderSellers.orderId });
  return claimed.length > 0;
}

/** Reservations of the tenant by id. */
export async function findReservations(db: Db, ids: readonly string[]): Promise<Reservation[]> {
  if (ids.length === 0) return [];
  return db
    .select()
    .from(reservations)
    .where(inArray(reservations.id, [...ids]));
}

/** The reservation of an order. */
export async function findReservationOfOrder(db: Db, orderId: string): Promise<Reservation | undefined> {
  const [reservation] = await db.select().from(reservations).where(eq(reservations.orderId, orderId));
  return reservation;
}

/** Reservations locked until the transaction ends, in the order of their ids; their items must be locked before. */
export async function lockReservations(tx: Db, ids: readonly string[]): Promise<Reservation[]> {
  if (ids.length === 0) return [];
  return tx
    .select()
    .from(reservations)
    .where(inArray(reservations.id, [...ids]))
    .orderBy(asc(reservations.id))
    .for('update');
}

const linesOfReservation = and(
  eq(reservationLines.organizationId, reservations.organizationId),
  eq(reservationLines.reservationId, reservations.id),
);

/** Reservations of these variants whose time is over. */
export async function findOverdue(tx: Db, variantIds: readonly string[], now: Date): Promise<string[]> {
  if (variantIds.length === 0) return [];
  const rows = await tx
    .select({ id: reservations.id })
    .from(reservations)
    .where(
      and(
        lte(reservations.expiresAt, now),
        exists(
          tx
            .select({ id: reservationLines.id })
            .from(reservationLines)
            .where(and(linesOfReservation, inArray(reservationLines.variantId, [...variantIds]))),
        ),
      ),
    )
    .orderBy(asc(reservations.id));
  return rows.map(({ id }) => id);
}

const isOpen = sql`${reservationLines.fulfilled} + ${reservationLines.released} < ${reservationLines.quantity}`;

/** Lines that still reserve something of these variants. */
export async function findOpenLines(tx: Db, variantIds: readonly string[]): Promise<ReservationLine[]> {
  if (variantIds.length === 0) return [];
  return tx
    .select()
    .from(reservationLines)
    .where(and(inArray(reservationLines.variantId, [...variantIds]), isOpen));
}

/** The lines of reservations, in the order in which they were made. */
export async function findLines(db: Db, reservationIds: readonly string[]): Promise<ReservationLine[]> {
  if (reservationIds.length === 0) return [];
  return db
    .select()
    .from(reservationLines)
    .where(inArray(reservationLines.reservationId, [...reservationIds]))
    .orderBy(asc(reservationLines.id));
}

/** The lines of reservations with their warehouses. */
export async function findLineRows(db: Db, reservationIds: readonly string[]): Promise<ReservationLineRow[]> {
  if (reservationIds.length === 0) return [];
  const rows = await db
    .select({ row: reservationLines, warehouse: warehouses })
    .from(reservationLines)
    .leftJoin(warehouses, eq(warehouses.id, reservationLines.warehouseId))
    .where(inArray(reservationLines.reservationId, [...reservationIds]))
    .orderBy(asc(reservationLines.id));
  return rows.map(({ row, warehouse }) => ({ ...row, warehouse }));
}

/** Inserts a reservation. */
export async function insertReservation(tx: Db, values: typeof reservations.$inferInsert): Promise<Reservation> {
  const [reservation] = await tx.insert(reservations).values(values).returning();
  if (!reservation) throw new Error('the insert gave no row back');
  return reservation;
}

/** Inserts the lines of a reservation. */
export async function insertLines(tx: Db, lines: readonly (typeof reservationLines.$inferInsert)[]): Promise<ReservationLine[]> {
  return lines.length === 0
    ? []
    : tx
        .insert(reservationLines)
        .values([...lines])
        .returning();
}

/** Changes reservations that are locked. */
export async function updateReservations(
  tx: Db,
  ids: readonly string[],
  values: Pick<Reservation, 'status'> & Partial<Pick<Reservation, 'expiresAt'>>,
): Promise<void> {
  if (ids.length > 0)
    await tx
      .update(reservations)
      .set(values)
      .where(inArray(reservations.id, [...ids]));
}

/** Writes how much of each line was given back; the lines exist. */
export async function writeReleased(tx: Db, lines: readonly ReservationLine[]): Promise<void> {
  if (lines.length === 0) return;
  await tx
    .insert(reservationLines)
    .values([...lines])
    .onConflictDoUpdate({ target: reservationLines.id, set: { released: sql`excluded.released` } });
}
