import type { ChosenOrganization } from '@supergraph/platform/context';

export type AvailabilityStatus = 'IN_STOCK' | 'LOW' | 'BACKORDER' | 'OUT_OF_STOCK' | 'NOT_TRACKED';

/** What everybody may know of a variant. */
export interface Availability {
  readonly status: AvailabilityStatus;
  readonly quantity: number | null;
  readonly maxOrderQuantity: number;
  readonly restockExpectedOn: null;
}

/** What everybody may know of a product. */
export interface AvailabilityOfProduct {
  readonly status: AvailabilityStatus;
  readonly variantsInStock: number;
  readonly restockExpectedOn: null;
}

/** What a variant's availability is made from. */
export interface Supply {
  readonly kind: 'SIMPLE' | 'BUNDLE';
  readonly tracked: boolean;
  readonly archived: boolean;
  readonly inStock: number;
  readonly orderable: number;
  readonly status: AvailabilityStatus;
}

/** A part of a bundle; `supply` is null for a component that inventory has not heard of. */
export interface ComponentSupply {
  readonly quantity: number;
  readonly supply: Supply | null;
}

/** Up to so many units everybody may see how many there are. */
const largestShownQuantity = 10;
/** The most that one line of an order may ask for. */
const largestLineQuantity = 999;

/** A tenant's stock is seen by the tenant alone: the request must have chosen that organization. */
export const isChosenOrganization = (organization: Pick<ChosenOrganization, 'id'> | null, id: string): boolean => organization?.id === id;

/** What the sums of a simple variant mean for whoever wants to order it. */
export function statusOf(item: {
  tracked: boolean;
  archived: boolean;
  inStock: number;
  orderable: number;
  lowStockThreshold: number;
}): AvailabilityStatus {
  if (item.archived) return 'OUT_OF_STOCK';
  if (!item.tracked) return 'NOT_TRACKED';
  if (item.orderable <= 0) return 'OUT_OF_STOCK';
  if (item.inStock <= 0) return 'BACKORDER';
  return item.orderable <= item.lowStockThreshold ? 'LOW' : 'IN_STOCK';
}

/** How many bundles its components make, and what the scarcest of them means for it. */
export function bundleSupply(bundle: Supply, components: readonly ComponentSupply[]): Supply {
  if (bundle.archived || components.length === 0 || components.some(({ supply }) => !supply || supply.archived))
    return { ...bundle, tracked: true, inStock: 0, orderable: 0, status: 'OUT_OF_STOCK' };
  const counted = components.flatMap(({ quantity, supply }) => (supply?.tracked ? [{ quantity, supply }] : []));
  if (counted.length === 0) return { ...bundle, tracked: false, status: 'NOT_TRACKED' };
  const fewest = (of: (supply: Supply) => number) =>
    Math.max(0, Math.min(...counted.map(({ quantity, supply }) => Math.floor(of(supply) / quantity))));
  const inStock = fewest((supply) => supply.inStock);
  const orderable = fewest((supply) => supply.orderable);
  const low = counted.some(({ supply }) => supply.status === 'LOW') ? 1 : 0;
  return {
    ...bundle,
    tracked: true,
    inStock,
    orderable,
    status: statusOf({ tracked: true, archived: false, inStock, orderable, lowStockThreshold: low * orderable }),
  };
}

/** What everybody may see of a supply: the exact number only up to 10. */
export function presentAvailability({ status, orderable }: Supply): Availability {
  if (status === 'NOT_TRACKED') return { status, quantity: null, maxOrderQuantity: largestLineQuantity, restockExpectedOn: null };
  const known = Math.max(0, orderable);
  const shown = known <= largestShownQuantity;
  return { status, quantity: shown ? known : null, maxOrderQuantity: shown ? known : largestLineQuantity, restockExpectedOn: null };
}

const bestFirst: readonly AvailabilityStatus[] = ['IN_STOCK', 'NOT_TRACKED', 'LOW', 'BACKORDER', 'OUT_OF_STOCK'];

/** A product is as available as the best of its variants that are still sold. */
export function presentProductAvailability(variants: readonly Supply[]): AvailabilityOfProduct | null {
  if (variants.length === 0) return null;
  const sold = variants.filter(({ archived }) => !archived);
  const status = bestFirst.find((candidate) => sold.some((supply) => supply.status === candidate)) ?? 'OUT_OF_STOCK';
  return { status, variantsInStock: sold.filter((supply) => supply.status !== 'OUT_OF_STOCK').length, restockExpectedOn: null };
}
