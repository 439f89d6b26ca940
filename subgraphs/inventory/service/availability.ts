import { idInput } from '@supergraph/platform/input';
import type { Context } from '../context.ts';
import {
  type Availability,
  type AvailabilityOfProduct,
  bundleSupply,
  presentAvailability,
  presentProductAvailability,
  type Supply,
} from '../policy.ts';
import type { AvailabilityRow } from '../store/items.ts';

const isId = (id: string) => idInput.safeParse(id).success;

async function supplyOf(ctx: Context, row: AvailabilityRow): Promise<Supply> {
  return row.kind === 'BUNDLE' ? bundleSupply(row, await ctx.loaders.componentsByBundle.load(row.variantId)) : row;
}

/** Whether a variant can be ordered, as everybody may see it; null when it is unknown. */
export async function availabilityOf(ctx: Context, variantId: string): Promise<Availability | null> {
  const row = isId(variantId) ? await ctx.loaders.availabilityByVariant.load(variantId) : null;
  return row && presentAvailability(await supplyOf(ctx, row));
}

/** Whether any of a product's variants can be ordered; null when none is known. */
export async function availabilityOfProduct(ctx: Context, productId: string): Promise<AvailabilityOfProduct | null> {
  const rows = isId(productId) ? await ctx.loaders.availabilitiesByProduct.load(productId) : [];
  return presentProductAvailability(await Promise.all(rows.map((row) => supplyOf(ctx, row))));
}

/** Forgets what was read of variants, because it changed. */
export function forgetAvailability(ctx: Context, variantIds: readonly string[]): void {
  for (const variantId of variantIds) {
    ctx.loaders.availabilityByVariant.clear(variantId);
    ctx.loaders.componentsByBundle.clear(variantId);
  }
}
