import { currencyDigits, toMoney } from '@supergraph/platform/input';
import type { Context } from './context.ts';
import type { CompleteResolvers } from './schema.types.ts';
import { adjustStock } from './service/adjust-stock.ts';
import { availabilityOf, availabilityOfProduct } from './service/availability.ts';
import { configureStock } from './service/configure-stock.ts';
import { findReservation, findStock, findWarehouse, pageOfItems, pageOfMovements, warehousesOf } from './service/reading.ts';
import { isShippable, releaseStock } from './service/release-stock.ts';
import { reserveStock } from './service/reserve-stock.ts';
import { averageCost } from './service/valuation.ts';
import { archiveWarehouse, createWarehouse, updateWarehouse } from './service/warehouses.ts';
import { watchAvailability, watchLevels, watchLowStock } from './service/watching.ts';

interface Valued {
  readonly organizationId: string;
  readonly valueMinor: number;
}

async function valueOf(ctx: Context, { organizationId, valueMinor }: Valued) {
  const seller = await ctx.loaders.sellerById.load(organizationId);
  return seller && toMoney(valueMinor, seller.currency);
}

async function averageCostOf(ctx: Context, item: Valued & { readonly onHand: number }): Promise<string | null> {
  const seller = await ctx.loaders.sellerById.load(item.organizationId);
  return seller && averageCost(item, currencyDigits(seller.currency) ?? 2);
}

const same = <Row>(row: Row): Row => row;
const variantOf = ({ variantId }: { readonly variantId: string }) => ({ id: variantId });

export const resolvers: CompleteResolvers = {
  Query: {
    warehouse: (_, { id }, ctx) => findWarehouse(ctx, id),
    shippable: (_, args, ctx) => isShippable(ctx, args),
  },
  Mutation: {
    createWarehouse: async (_, { input }, ctx) => ({ warehouse: await createWarehouse(ctx, input) }),
    updateWarehouse: async (_, { input }, ctx) => ({ warehouse: await updateWarehouse(ctx, input) }),
    archiveWarehouse: async (_, { input }, ctx) => ({ warehouse: await archiveWarehouse(ctx, input) }),
    adjustStock: async (_, { input }, ctx) => ({ results: await adjustStock(ctx, input) }),
    configureStock: async (_, { input }, ctx) => ({ item: await configureStock(ctx, input) }),
    reserveStock: async (_, { input }, ctx) => ({ reservation: await reserveStock(ctx, input) }),
    releaseStock: async (_, { input }, ctx) => ({ reservation: await releaseStock(ctx, input) }),
  },
  Subscription: {
    availabilityChanged: { subscribe: (_, args, ctx) => watchAvailability(ctx, args), resolve: same<{ id: string }> },
    stockLevelChanged: {
      subscribe: (_, args, ctx) => watchLevels(ctx, args),
      resolve: (level: Awaited<ReturnType<Context['loaders']['levelsByVariant']['load']>>[number]) => level,
    },
    lowStockReached: {
      subscribe: (_, args, ctx) => watchLowStock(ctx, args),
      resolve: (item: NonNullable<Awaited<ReturnType<Context['loaders']['itemByVariant']['load']>>>) => item,
    },
  },
  ProductVariant: {
    availability: ({ id }, _args, ctx) => availabilityOf(ctx, id),
    stock: ({ id }, _args, ctx) => findStock(ctx, id),
  },
  Product: { availability: ({ id }, _args, ctx) => availabilityOfProduct(ctx, id) },
  Organization: {
    warehouses: (organization, _args, ctx) => warehousesOf(ctx, organization),
    stockItems: (organization, args, ctx) => pageOfItems(ctx, organization, args),
    stockMovements: (organization, args, ctx) => pageOfMovements(ctx, organization, args),
  },
  Warehouse: { __resolveReference: ({ id }, ctx) => findWarehouse(ctx, id) },
  StockItem: {
    id: (item) => item.variantId,
    variant: variantOf,
    incoming: () => 0,
    projected: (item) => item.available,
    averageCost: (item, _args, ctx) => averageCostOf(ctx, item),
    value: (item, _args, ctx) => valueOf(ctx, item),
    levels: (item, _args, ctx) => ctx.loaders.levelsByVariant.load(item.variantId),
  },
  StockLevel: {
    variant: variantOf,
    available: ({ onHand, reserved }) => onHand - reserved,
    incoming: () => 0,
    value: (level, _args, ctx) => valueOf(ctx, level),
  },
  StockMovement: {
    variant: variantOf,
    value: (movement, _args, ctx) => valueOf(ctx, movement),
    actor: ({ actorId }) => (actorId ? { id: actorId } : null),
  },
  StockReservation: { __resolveReference: ({ id }, ctx) => findReservation(ctx, id) },
  StockReservationLine: { variant: variantOf },
};
