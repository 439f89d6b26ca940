import { idempotency, type StoredOption } from '@supergraph/db/catalog/tables';
import type { Db } from '@supergraph/platform/database';
import { conflict, notFound } from '@supergraph/platform/errors';
import { idempotent } from '@supergraph/platform/idempotency';
import { parseInput } from '@supergraph/platform/input';
import { variantCreated } from '@supergraph/schema/events/catalog';
import { v7 } from 'uuid';
import type { Context } from '../context.ts';
import { productQuota, quotas } from '../quotas.ts';
import {
  findSlugsLike,
  findProducts,
  insertCategoriesOfProducts,
  insertProducts,
  insertSlug,
  type Product,
  type ProductChange,
  replaceCategoriesOfProduct,
  updateProductRow,
  upsertDirectory,
} from '../store/products.ts';
import { findSeller } from '../store/sellers.ts';
import { findCategories, findTypes, type ProductType } from '../store/taxonomy.ts';
import { insertVariants, updateTitles } from '../store/variants.ts';
import { checkAttributes } from './attributes.ts';
import { refreshProduct } from './changes.ts';
import { CreateProduct, type CreateProductInput, UpdateProduct } from './inputs.ts';
import { tellChanged, tellVariants } from './messages.ts';
import { writePrices } from './prices.ts';
import { freeSlug, toSlug } from './text.ts';
import { checkVariant, toNewVariant } from './variant-rows.ts';
import { change, isSlugTaken, refuse, refuseTakenOptions, refuseTakenSkus, requireProduct } from './writing.ts';

/** Makes a draft with its variants in the chosen organization. */
export async function createProduct(ctx: Context, input: unknown): Promise<Product> {
  const { idempotencyKey, ...wanted } = parseInput(CreateProduct, input);
  const request = { operation: 'createProduct', key: idempotencyKey, input: { ...wanted, organization: ctx.organization?.id } };
  return change(ctx, async (tx, sellerId) => {
    const id = await idempotent(ctx, tx, idempotency, request, () => insertWhole(ctx, tx, sellerId, wanted));
    const [product] = await findProducts(tx, [id]);
    if (!product) throw new Error('the product that was made is gone');
    return product;
  });
}

async function insertWhole(ctx: Context, tx: Db, sellerId: string, input: Omit<CreateProductInput, 'idempotencyKey'>): Promise<string> {
  const type = await requireType(tx, input.typeId, sellerId);
  await requireCategories(tx, input.categoryIds ?? [], sellerId);
  const attributes = checkAttributes(type, input.attributes ?? [], false, 'attributes');
  const options: readonly StoredOption[] = input.options ?? [];
  const checked = input.variants.map((variant, index) => checkVariant(type, options, variant, `variants.${index}`));
  refuse([...attributes.issues, ...checked.flatMap(({ issues }) => issues)]);

  await quotas.requireRoom(tx, sellerId, productQuota);
  const now = ctx.now();
  const product = { id: v7(), sellerId, title: input.title };
  const variants = checked.map(({ value }, position) => toNewVariant(value, { product, position, firstPublishedAt: null, now }));
  await refuseTakenSkus(
    tx,
    sellerId,
    variants.map(({ sku }) => sku),
  );
  refuseTakenOptions(variants);

  const seller = await findSeller(tx, sellerId);
  const slug = await insertWithSlug(tx, { ...product, wantedSlug: input.slug }, (savepoint, slug) =>
    insertProducts(savepoint, [
      {
        ...product,
        slug,
        typeId: type.id,
        subtitle: input.subtitle || null,
        description: input.description || null,
        tags: [...(input.tags ?? [])],
        attributes: attributes.value,
        options,
        hidden: seller !== null && (seller.suspended || seller.archived),
        createdAt: now,
        updatedAt: now,
      },
    ]),
  );
  if (slug === null) throw conflict(`the slug ${input.slug ?? toSlug(input.title)} is taken`, { reason: 'SLUG_TAKEN', slug: input.slug });
  const categoryIds = input.categoryIds ?? [];
  await insertCategoriesOfProducts(
    tx,
    categoryIds.map((categoryId, position) => ({ productId: product.id, categoryId, sellerId, position })),
  );
  const made = await insertVariants(tx, variants);
  await upsertDirectory(
    tx,
    made.map(({ id }) => ({ id, sellerId, dueAt: null })),
  );
  await writePrices(
    tx,
    made.map((variant) => ({ variant, prices: input.variants[variant.position]?.prices ?? [] })),
    now,
  );
  await quotas.noteUse(ctx, tx, sellerId, productQuota);
  const whole = await refreshProduct(ctx, tx, product.id);
  await tellVariants(
    ctx,
    tx,
    whole,
    made.map(({ id }) => id),
    [],
    variantCreated,
  );
  return product.id;
}

const slugTries = 5;

/** Inserts under the wanted slug, or under the first free one made from the title; null when the wanted one is taken. */
async function insertWithSlug(
  tx: Db,
  { sellerId, title, wantedSlug }: { sellerId: string; title: string; wantedSlug: string | undefined },
  insert: (savepoint: Db, slug: string) => Promise<unknown>,
): Promise<string | null> {
  const base = wantedSlug ?? (toSlug(title) || 'product');
  for (let attempt = 1; attempt <= slugTries; attempt += 1) {
    const taken = await findSlugsLike(tx, sellerId, base, null);
    if (wantedSlug && taken.includes(wantedSlug)) return null;
    const slug = freeSlug(base, taken);
    try {
      // In a savepoint: another request may take the slug first, and this one then takes the next.
      await tx.transaction((savepoint) => insert(savepoint, slug));
      return slug;
    } catch (error) {
      if (!isSlugTaken(error)) throw error;
    }
  }
  return null;
}

async function requireType(tx: Db, id: string, sellerId: string): Promise<ProductType> {
  const [type] = await findTypes(tx, [id]);
  if (!type || (type.sellerId !== null && type.sellerId !== sellerId)) throw notFound('ProductType');
  return type;
}

async function requireCategories(tx: Db, ids: readonly string[], sellerId: string): Promise<void> {
  const known = await findCategories(tx, ids);
  const usable = known.filter((category) => category.sellerId === null || category.sellerId === sellerId);
  if (usable.length < ids.length) throw notFound('ProductCategory');
}

/** Changes a product of the chosen organization; what is left out stays. */
export async function updateProduct(ctx: Context, input: unknown): Promise<Product> {
  const { id, version, categoryIds, slug, ...fields } = parseInput(UpdateProduct, input);
  return change(ctx, async (tx, sellerId) => {
    const product = await requireProduct(tx, id, sellerId, version);
    const type = await requireType(tx, product.typeId, sellerId);
    if (categoryIds) await requireCategories(tx, categoryIds, sellerId);
    const attributes = fields.attributes && checkAttributes(type, fields.attributes, false, 'attributes');
    refuse(attributes?.issues ?? []);
    if (slug && !(await insertSlug(tx, { sellerId, slug, productId: id })))
      throw conflict(`the slug ${slug} is taken`, { reason: 'SLUG_TAKEN', slug });

    const { title, tags, subtitle, description } = fields;
    const changed: ProductChange = {
      ...(slug && { slug }),
      ...(title && { title }),
      ...(tags && { tags: [...tags] }),
      ...(attributes && { attributes: attributes.value }),
      ...(subtitle !== undefined && { subtitle: subtitle || null }),
      ...(description !== undefined && { description: description || null }),
    };
    await updateProductRow(tx, product, changed, ctx.now());
    if (categoryIds) await replaceCategoriesOfProduct(tx, product, categoryIds);
    if (title && product.options.length === 0) await updateTitles(tx, id, title);
    const whole = await refreshProduct(ctx, tx, id);
    await tellChanged(ctx, tx, whole);
    return whole.product;
  });
}
