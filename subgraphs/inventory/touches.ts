import { entityTag, touch } from '@supergraph/platform/touches';
import {
  reservationCommitted,
  reservationExpired,
  reservationHeld,
  reservationReleased,
  reservationShorted,
  stockAdjusted,
  stockDepleted,
  stockLow,
  stockReplenished,
} from '@supergraph/schema/events/inventory';

interface Place {
  readonly variantId: string;
}
const place = ({ variantId }: Place) => [entityTag('ProductVariant', variantId)];
const places = ({ lines }: { readonly lines: readonly Place[] }) => lines.flatMap(place);

/** A bundle is not told of when its components' stock changes: what is remembered of it grows old by itself, in seconds. */
export const touches = [
  touch(stockAdjusted, place),
  touch(stockLow, place),
  touch(stockDepleted, place),
  touch(stockReplenished, place),
  touch(reservationHeld, places),
  touch(reservationCommitted, places),
  touch(reservationReleased, places),
  touch(reservationExpired, places),
  touch(reservationShorted, places),
];
