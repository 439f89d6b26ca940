import { type Db, inTenant } from '@supergraph/platform/database';
import { badInput, conflict, type Issue, isUniqueViolation, notFound, staleVersion } from '@supergraph/platform/errors';
import type { Context } from '../context.ts';
import { findProductForChange, type Product } from '../store/products.ts';
import { findVariantForChange, findVariants, findVariantsBySku, type Variant } from '../store/variants.ts';

/** Runs a change in the chosen organization and gives the loaders nothing old to answer with. */
export async function change<Result>(ctx: Context, work: (tx: Db, sellerId: string) => Promise<Result>): Promise<Result> {
  const result = await inTenant(ctx, (tx) => work(tx, ctx.organization?.id ?? '')).catch((error: unknown) => {
    throw translated(error);
  });
  for (const loader of Object.values(ctx.loaders)) loader.clearAll();
  return result;
}

/** Two requests may race past the checks; the unique indexes then say who was first. */
function translated(error: unknown): unknown {
  if (isUniqueViolation(error, 'variants_sku')) return conflict('one of the SKUs was taken a moment ago', { reason: 'SKU_TAKEN' });
  if (isUniqueViolation(error, 'variants_options'))
    return conflict('the combination of options was taken a moment ago', { reason: 'OPTIONS_TAKEN' });
  if (isSlugTaken(error)) return conflict('the slug was taken a moment ago', { reason: 'SLUG_TAKEN' });
  return error;
}

/** Whether another product got the slug first. */
export const isSlugTaken = (error: unknown): boolean =>
  isUniqueViolation(error, 'products_slug') || isUniqueViolation(error, 'product_slugs_key');

/** Throws BAD_USER_INPUT if anything is wrong. */
export function refuse(issues: readonly Issue[]): void {
  if (issues.length > 0) throw badInput(issues);
}

/** A product of the chosen organization, held until the transaction ends; with a version, that one. */
export async function requireProduct(tx: Db, id: string, sellerId: string, version?: number): Promise<Product> {
  const product = await findProductForChange(tx, id, sellerId);
  if (!product) throw notFound('Product');
  if (version !== undefined && product.version !== version) throw staleVersion(product.version);
  return product;
}

/**
 * A variant of the chosen organization and its product, both held until the transaction ends; with a version, that one.
 * The product is held first, as everywhere: two changes that hold in different orders would wait for each other.
 */
export async function requireVariant(
  tx: Db,
  id: string,
  sellerId: string,
  version?: number,
): Promise<{ variant: Variant; product: Product }> {
  const [seen] = await findVariants(tx, [id]);
  if (seen?.sellerId !== sellerId) throw notFound('ProductVariant');
  const product = await requireProduct(tx, seen.productId, sellerId);
  const variant = await findVariantForChange(tx, id, sellerId);
  if (!variant) throw notFound('ProductVariant');
  if (version !== undefined && variant.version !== version) throw staleVersion(variant.version);
  return { variant, product };
}

/** Throws CONFLICT naming the SKUs that other variants of the seller have or had. */
export async function refuseTakenSkus(tx: Db, sellerId: string, skus: readonly string[], exceptVariantId?: string): Promise<void> {
  const folded = skus.map((sku) => sku.toLowerCase());
  const twice = skus.find((_, index) => folded.indexOf(folded[index] ?? '') !== index);
  const taken = (await findVariantsBySku(tx, sellerId, skus)).filter(({ id }) => id !== exceptVariantId).map(({ sku }) => sku);
  const named = twice === undefined ? taken : [...taken, twice];
  if (named.length > 0)
    throw conflict(`the SKU ${named.join(', ')} is taken; a SKU is never given away again`, { reason: 'SKU_TAKEN', skus: named });
}

/** Throws CONFLICT naming a combination that an active variant of the product has. */
export function refuseTakenOptions(variants: readonly Pick<Variant, 'id' | 'optionHash' | 'optionValues' | 'title'>[]): void {
  const twice = variants.find(({ optionHash }, index) => variants.findIndex((other) => other.optionHash === optionHash) !== index);
  if (!twice) return;
  const name = twice.optionValues.map(({ option, value }) => `${option} ${value}`).join(', ') || 'without options';
  throw conflict(`there is a variant ${name} already`, { reason: 'OPTIONS_TAKEN' });
}
