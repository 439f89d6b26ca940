import { items, levels, movements, outbox, sellers, warehouses } from '@supergraph/db/inventory/tables';
import { asTenant, type Db } from '@supergraph/platform/database';
import { emitAll } from '@supergraph/platform/outbox';
import { seedId, seedRandom, seedTime } from '@supergraph/platform/seed';
import {
  demoProductCount,
  demoProductId,
  type DemoSeller,
  demoSellerOf,
  demoSellers,
  demoVariantCount,
  demoVariantId,
} from '@supergraph/schema/demo';
import { stockDepleted, stockReplenished } from '@supergraph/schema/events/inventory';
import type { Context } from './context.ts';
import { statusOf } from './policy.ts';
import { findWarehouses } from './store/warehouses.ts';
import { writeAvailabilities } from './store/items.ts';

const lowStockThreshold = 5;
const places = [
  { code: 'HB-1', name: 'Harbor hall', line1: 'Kaistraße 4', locality: 'Bremen', postalCode: '28195', countryCode: 'DE' },
  { code: 'HB-2', name: 'Back room of the shop', line1: 'Am Wall 118', locality: 'Bremen', postalCode: '28195', countryCode: 'DE' },
  { code: 'NK-1', name: 'Central store', line1: 'Industrivej 22', locality: 'Aarhus', postalCode: '8000', countryCode: 'DK' },
  { code: 'NK-2', name: 'Harborside store', line1: 'Nordhavnsgade 3', locality: 'Aarhus', postalCode: '8000', countryCode: 'DK' },
  { code: 'FT-1', name: 'Valley depot', line1: 'Route des Alpes 71', locality: 'Annecy', postalCode: '74000', countryCode: 'FR' },
  { code: 'SS-1', name: 'Studio cellar', line1: 'Spinnereistraße 7', locality: 'Leipzig', postalCode: '04179', countryCode: 'DE' },
];
/** Which of the places are whose. */
const placesOf = [[0, 1], [2, 3], [4], [5]];

/** Warehouses of the sample sellers and an opening stock of everything they sell; a few things are low or sold out. */
export async function seed(ctx: Context): Promise<void> {
  for (const [index, seller] of demoSellers.entries())
    await asTenant(ctx.db, seller.id, (tx) => seedSeller(ctx, tx, seller, placesOf[index] ?? []));
}

async function seedSeller(ctx: Context, tx: Db, seller: DemoSeller, numbers: readonly number[]): Promise<void> {
  const own = numbers.map((number, nth) => warehouseRow(seller, number, nth));
  const known = await findWarehouses(
    tx,
    own.map(({ id }) => id),
  );
  if (known.length > 0) return;
  const stock = openingStock(
    seller,
    own.map(({ id }) => id),
  );
  await tx.insert(sellers).values({ organizationId: seller.id, currency: seller.currency, version: 0 }).onConflictDoNothing();
  await tx.insert(warehouses).values(own);
  // The catalog's events may have come first.
  await tx
    .insert(items)
    .values(stock.map(({ item }) => item))
    .onConflictDoNothing();
  await tx.insert(levels).values(stock.flatMap(({ levels: rows }) => rows));
  await tx.insert(movements).values(stock.flatMap(({ movements: rows }) => rows));
  await writeAvailabilities(
    tx,
    stock.map(({ item }) => item),
  );
  // Others know of no stock yet: the first that there is lifts each thing from nothing.
  const [there, soldOut] = [stock.filter(({ item }) => item.orderable > 0), stock.filter(({ item }) => item.orderable === 0)];
  await emitAll(ctx, tx, outbox, stockReplenished, there.map(edgeOf), { organizationId: seller.id });
  await emitAll(ctx, tx, outbox, stockDepleted, soldOut.map(edgeOf), { organizationId: seller.id });
}

const edgeOf = ({ item: { variantId, productId, organizationId: sellerId, orderable, stockVersion: version } }: Opening) => ({
  variantId,
  productId,
  sellerId,
  orderable,
  version,
});
type Opening = ReturnType<typeof openingStock>[number];

function warehouseRow(seller: DemoSeller, number: number, nth: number) {
  const { code = '', name = '', ...address } = places[number] ?? {};
  return {
    id: seedId('warehouse', number + 1),
    organizationId: seller.id,
    code,
    name,
    address: { company: seller.name, line1: '', locality: '', countryCode: 'DE', ...address },
    priority: nth + 1,
    sellsOnline: true,
    createdAt: seedTime(number + 1),
  };
}

const quantityFor = (chance: number, amount: number): number => {
  if (chance < 0.05) return 0;
  return chance < 0.13 ? 1 + Math.floor(amount * lowStockThreshold) : 12 + Math.floor(amount * 170);
};

/** Every variant of a seller with its levels and the movements that they are the sums of. */
function openingStock(seller: DemoSeller, warehouseIds: readonly string[]) {
  const random = seedRandom(`inventory:${seller.slug}`);
  const products = Array.from({ length: demoProductCount }, (_, index) => index + 1).filter(
    (product) => demoSellerOf(product).id === seller.id,
  );
  return products.flatMap((product) =>
    Array.from({ length: demoVariantCount(product) }, (_, index) => {
      const number = (product - 1) * 4 + index + 1;
      const variant = { product, variantId: demoVariantId(product, index + 1), number };
      return openingOf(seller, warehouseIds, variant, {
        quantity: quantityFor(random(), random()),
        unitCostMinor: 250 + Math.floor(random() * 24) * 125,
      });
    }),
  );
}

function openingOf(
  { id: organizationId }: DemoSeller,
  warehouseIds: readonly string[],
  { product, variantId, number }: { product: number; variantId: string; number: number },
  { quantity, unitCostMinor }: { quantity: number; unitCostMinor: number },
) {
  const at = seedTime(number);
  const aside = warehouseIds.length > 1 ? Math.floor(quantity * 0.3) : 0;
  const parts = warehouseIds.map((warehouseId, nth) => ({ warehouseId, nth, onHand: nth === 0 ? quantity - aside : aside }));
  const sums = {
    onHand: quantity,
    reserved: 0,
    available: quantity,
    inStock: quantity,
    orderable: quantity,
    valueMinor: quantity * unitCostMinor,
  };
  const status = statusOf({ tracked: true, archived: false, inStock: quantity, orderable: quantity, lowStockThreshold });
  const place = ({ nth, warehouseId }: (typeof parts)[number]) => ({ n: number * 10 + nth, organizationId, variantId, warehouseId });
  return {
    item: {
      ...sums,
      variantId,
      organizationId,
      productId: demoProductId(product),
      sku: `DEMO-${number}`,
      title: `Sample ${number}`,
      kind: 'SIMPLE' as const,
      tracked: true,
      archivedAt: null,
      // The catalog's own words come with its events.
      catalogVersion: 0,
      version: 1,
      stockVersion: 1,
      lowStockThreshold,
      status,
      updatedAt: at,
    },
    levels: parts.map((part) => {
      const { n, ...where } = place(part);
      return { ...where, id: seedId('stock-level', n), onHand: part.onHand, valueMinor: part.onHand * unitCostMinor, updatedAt: at };
    }),
    movements: parts
      .filter(({ onHand }) => onHand > 0)
      .map((part) => {
        const { n, ...where } = place(part);
        const { onHand } = part;
        return {
          ...where,
          id: seedId('stock-movement', n),
          kind: 'ADJUSTMENT' as const,
          quantity: onHand,
          onHandAfter: onHand,
          valueMinor: onHand * unitCostMinor,
          reason: 'OPENING',
          reference: 'Opening balance',
          occurredAt: at,
        };
      }),
  };
}
