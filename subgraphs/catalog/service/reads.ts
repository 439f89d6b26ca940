import { notFound } from '@supergraph/platform/errors';
import { idInput, parseInput } from '@supergraph/platform/input';
import { inTenant } from '@supergraph/platform/database';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { canSeeArchivedVariants, canSeeOnOrders, canSeeProduct } from '../policy.ts';
import { readerOf } from '../reader.ts';
import { findProductBySlug, type Product } from '../store/products.ts';
import { type Category, findRoots, findTypesFor, type ProductType } from '../store/taxonomy.ts';
import { findVariantsBySku, type Price, type Variant } from '../store/variants.ts';
import { type PriceNow, priceAt } from './pricing.ts';

/** What is no id is an unknown one. */
const isId = (id: string): boolean => idInput.safeParse(id).success;

/** A product that the caller may see, or null. */
export async function findProduct(ctx: Context, id: string): Promise<Product | null> {
  const product = isId(id) ? await ctx.loaders.productById.load(id) : null;
  return product && canSeeProduct(ctx, product) ? product : null;
}

/** The product with a slug, or with an earlier one, that the caller may see. */
export async function findBySlug(ctx: Context, sellerId: string, slug: string): Promise<Product | null> {
  if (!isId(sellerId) || slug.includes('\0')) return null;
  const product = await readerOf(ctx)((db) => findProductBySlug(db, sellerId, slug.toLowerCase()));
  return product && canSeeProduct(ctx, product) ? product : null;
}

async function findVariantIf(ctx: Context, id: string, mayShow: (product: Product) => boolean): Promise<Variant | null> {
  const variant = isId(id) ? await ctx.loaders.variantById.load(id) : null;
  const product = variant && (await ctx.loaders.productById.load(variant.productId));
  return product && mayShow(product) ? variant : null;
}

/** A variant whose product the caller may see, or null. */
export const findVariant = (ctx: Context, id: string): Promise<Variant | null> =>
  findVariantIf(ctx, id, (product) => canSeeProduct(ctx, product));

/** A variant that another domain refers to: it still shows on orders when its product is archived. */
export const findReferredVariant = (ctx: Context, id: string): Promise<Variant | null> =>
  findVariantIf(ctx, id, (product) => canSeeOnOrders(ctx, product));

/** The product of a variant that the caller sees. */
export async function requireProductOf(ctx: Context, variant: Variant): Promise<Product> {
  const product = await ctx.loaders.productById.load(variant.productId);
  if (!product) throw notFound('Product');
  return product;
}

/** A product's variants: the active ones, and for staff the archived ones too. */
export async function listVariants(ctx: Context, product: Product): Promise<readonly Variant[]> {
  const variants = await ctx.loaders.variantsOfProduct.load(product.id);
  return canSeeArchivedVariants(ctx, product) ? variants : variants.filter(({ status }) => status === 'ACTIVE');
}

/** A variant of the chosen organization by its SKU. */
export async function findBySku(ctx: Context, sku: string): Promise<Variant | null> {
  const { organization } = ctx;
  if (sku.includes('\0')) return null;
  const [variant] = await inTenant(ctx, (tx) => findVariantsBySku(tx, organization?.id ?? '', [sku]));
  return variant ?? null;
}

/** A variant's prices, the first one first. */
export async function listPrices(ctx: Context, variant: Pick<Variant, 'id' | 'productId'>): Promise<readonly Price[]> {
  const prices = await ctx.loaders.pricesOfProduct.load(variant.productId);
  return prices.filter(({ variantId }) => variantId === variant.id);
}

/** A variant's price of now; null where it has none in the currency. */
export async function findPrice(ctx: Context, variant: Variant, currency: string | null | undefined): Promise<PriceNow | null> {
  const prices = await listPrices(ctx, variant);
  const price = currency ? prices.find((candidate) => candidate.currency === currency) : prices[0];
  return price ? priceAt(price, ctx.now()) : null;
}

/** The lowest and the highest price of now of a product's active variants. */
export async function findPriceRange(
  ctx: Context,
  product: Product,
  currency: string | null | undefined,
): Promise<{ min: PriceNow; max: PriceNow } | null> {
  const variants = (await ctx.loaders.variantsOfProduct.load(product.id)).filter(({ status }) => status === 'ACTIVE');
  const prices = (await Promise.all(variants.map((variant) => listPrices(ctx, variant)))).flat();
  const meant = currency ?? prices[0]?.currency;
  const now = prices
    .filter((price) => price.currency === meant)
    .map((price) => priceAt(price, ctx.now()))
    .toSorted((a, b) => a.amountMinor - b.amountMinor);
  const [min, max] = [now[0], now.at(-1)];
  return min && max ? { min, max } : null;
}

/** Whether a variant can be bought, stock aside. */
export const isPurchasable = (
  product: Pick<Product, 'status' | 'hidden'>,
  variant: Pick<Variant, 'status'>,
  prices: readonly Price[],
): boolean => product.status === 'ACTIVE' && !product.hidden && variant.status === 'ACTIVE' && prices.length > 0;

/** Whether a variant can be bought now, stock aside. */
export async function findPurchasable(ctx: Context, variant: Variant): Promise<boolean> {
  return isPurchasable(await requireProductOf(ctx, variant), variant, await listPrices(ctx, variant));
}

/** A product's type, with its attributes. */
export async function requireTypeOf(ctx: Context, product: Pick<Product, 'typeId'>): Promise<ProductType> {
  const type = await ctx.loaders.typeById.load(product.typeId);
  if (!type) throw notFound('ProductType');
  return type;
}

/** Stored attributes with their definitions, in the order of the type. */
export async function listAttributes(ctx: Context, product: Pick<Product, 'typeId'>, attributes: Product['attributes']) {
  if (attributes.length === 0) return [];
  const type = await requireTypeOf(ctx, product);
  return type.attributes.flatMap((definition) => {
    const attribute = attributes.find(({ definitionId }) => definitionId === definition.id);
    return attribute ? [{ ...attribute, definition }] : [];
  });
}

/** A category, which everybody may see, or null. */
export const findCategory = async (ctx: Context, id: string): Promise<Category | null> =>
  isId(id) ? ctx.loaders.categoryById.load(id) : null;

/** The categories below one, or the roots of a seller's tree. */
export async function listCategories(
  ctx: Context,
  args: { sellerId?: string | null | undefined; parentId?: string | null | undefined },
): Promise<readonly Category[]> {
  const { sellerId, parentId } = parseInput(z.object({ sellerId: idInput.nullish(), parentId: idInput.nullish() }), args);
  if (!parentId) return findRoots(ctx.db, sellerId ?? null);
  const children = await ctx.loaders.childrenOfCategory.load(parentId);
  return sellerId ? children.filter((child) => child.sellerId === sellerId) : children;
}

/** From the root to a category. */
export async function listPath(ctx: Context, category: Category): Promise<Category[]> {
  const path = await Promise.all(category.path.map((id) => ctx.loaders.categoryById.load(id)));
  return path.filter((step) => step !== null);
}

/** The types of everybody and those of a seller. */
export async function listTypes(ctx: Context, args: { sellerId?: string | null | undefined }): Promise<ProductType[]> {
  const { sellerId } = parseInput(z.object({ sellerId: idInput.nullish() }), args);
  return findTypesFor(ctx.db, sellerId ?? null);
}
