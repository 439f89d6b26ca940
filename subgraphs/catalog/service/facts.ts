import { asTenant, type Db } from '@supergraph/platform/database';
import { parseInput, idInput } from '@supergraph/platform/input';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { findOwners, findProducts, type Product } from '../store/products.ts';
import { findPricesOfProducts, findVariants, type Variant } from '../store/variants.ts';
import { isPurchasable } from './reads.ts';

const Ids = z.object({ ids: z.array(idInput).max(100, 'must be at most 100') });

/** Reads things by id, whosesoever and in whatever state they are; each seller's rows behind its own door. */
async function readEach<Row>(
  ctx: Context,
  args: { readonly ids: readonly string[] },
  find: (db: Db, ids: readonly string[]) => Promise<readonly Row[]>,
): Promise<Row[]> {
  const { ids } = parseInput(Ids, args);
  const owners = Map.groupBy(await findOwners(ctx.db, [...new Set(ids)]), ({ sellerId }) => sellerId);
  const rows: Row[] = [];
  for (const [sellerId, entries] of owners) {
    const found = await asTenant(ctx.db, sellerId, (tx) =>
      find(
        tx,
        entries.map(({ id }) => id),
      ),
    );
    rows.push(...found);
  }
  return rows;
}

/** What other domains must know of products. */
export async function listProductFacts(ctx: Context, args: { readonly ids: readonly string[] }) {
  const products = await readEach<Product>(ctx, args, findProducts);
  return products.map(({ id, sellerId, status, title, version }) => ({ productId: id, sellerId, status, title, version }));
}

/** What other domains must know of variants. */
export const listVariantFacts = (ctx: Context, args: { readonly ids: readonly string[] }) =>
  readEach(ctx, args, async (tx, ids) => {
    const variants = await findVariants(tx, ids);
    const productIds = [...new Set(variants.map(({ productId }) => productId))];
    const products = new Map((await findProducts(tx, productIds)).map((product) => [product.id, product]));
    const prices = Map.groupBy(await findPricesOfProducts(tx, productIds), ({ variantId }) => variantId);
    return variants.map((variant) => toFacts(variant, products.get(variant.productId), prices.get(variant.id) ?? []));
  });

function toFacts(variant: Variant, product: Product | undefined, prices: Awaited<ReturnType<typeof findPricesOfProducts>>) {
  const { id: variantId, productId, sellerId, sku, title, kind, trackInventory, revision: version } = variant;
  const components: { variant: Variant; quantity: number }[] = [];
  const purchasable = product !== undefined && isPurchasable(product, variant, prices);
  return { variantId, productId, sellerId, sku, title, kind, components, trackInventory, isPurchasable: purchasable, version };
}
