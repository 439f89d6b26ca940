import { defineEvent } from '@supergraph/platform/events';
import { z } from 'zod';

const stock = z.object({ variantId: z.uuid(), productId: z.uuid(), sellerId: z.uuid(), orderable: z.int(), version: z.int() });

/** What can be ordered fell to the threshold or below. */
export const stockLow = defineEvent('inventory.stock.low', 1, 'variantId', stock);

/** Nothing can be ordered any more. */
export const stockDepleted = defineEvent('inventory.stock.depleted', 1, 'variantId', stock);

/** Something can be ordered again. */
export const stockReplenished = defineEvent('inventory.stock.replenished', 1, 'variantId', stock);

/** A movement changed a level. */
export const stockAdjusted = defineEvent(
  'inventory.stock.adjusted',
  1,
  'variantId',
  z.object({
    movementId: z.uuid(),
    variantId: z.uuid(),
    warehouseId: z.uuid(),
    sellerId: z.uuid(),
    kind: z.enum(['RECEIPT', 'SHIPMENT', 'RETURN', 'ADJUSTMENT', 'COUNT', 'TRANSFER_OUT', 'TRANSFER_IN']),
    delta: z.int(),
    onHand: z.int(),
  }),
);

const reservation = z.object({
  reservationId: z.uuid(),
  orderId: z.uuid(),
  lines: z.array(z.object({ orderLineId: z.uuid(), variantId: z.uuid(), warehouseId: z.uuid(), quantity: z.int() })),
});

/** Stock is held for an order. */
export const reservationHeld = defineEvent('inventory.reservation.held', 1, 'orderId', reservation);

/** Held stock belongs to a confirmed order. */
export const reservationCommitted = defineEvent('inventory.reservation.committed', 1, 'orderId', reservation);

/** Reserved stock was given back. */
export const reservationReleased = defineEvent('inventory.reservation.released', 1, 'orderId', reservation);

/** A hold's time was over. */
export const reservationExpired = defineEvent('inventory.reservation.expired', 1, 'orderId', reservation);

/** A confirmed order lost stock. */
export const reservationShorted = defineEvent(
  'inventory.reservation.shorted',
  1,
  'orderId',
  z.object({
    orderId: z.uuid(),
    cause: z.enum(['EXPIRED', 'ADJUSTMENT']),
    lines: z.array(z.object({ orderLineId: z.uuid(), variantId: z.uuid(), short: z.int() })),
  }),
);
