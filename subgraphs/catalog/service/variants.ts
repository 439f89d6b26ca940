import type { Db } from '@supergraph/platform/database';
import { conflict } from '@supergraph/platform/errors';
import { parseInput } from '@supergraph/platform/input';
import { variantArchived, variantCreated } from '@supergraph/schema/events/catalog';
import type { Context } from '../context.ts';
import { type Product, updateProductRow, upsertDirectory } from '../store/products.ts';
import { findTypes, type ProductType } from '../store/taxonomy.ts';
import {
  findNextPosition,
  findVariants,
  findVariantsOfProducts,
  insertVariants,
  updateVariantRow,
  type Variant,
  type VariantChange,
} from '../store/variants.ts';
import { checkAttributes, checkOptionValues, hashOfOptions, titleOf } from './attributes.ts';
import { refreshProduct } from './changes.ts';
import { CreateVariant, OneOfMany, UpdateVariant } from './inputs.ts';
import { tellChanged, tellVariants } from './messages.ts';
import { writePrices } from './prices.ts';
import { checkVariant, toNewVariant } from './variant-rows.ts';
import { change, refuse, refuseTakenOptions, refuseTakenSkus, requireProduct, requireVariant } from './writing.ts';

const mostVariants = 250;

async function typeOf(tx: Db, product: Product): Promise<ProductType> {
  const [type] = await findTypes(tx, [product.typeId]);
  if (!type) throw new Error('a product without a type');
  return type;
}

const activeOf = async (tx: Db, product: Product): Promise<Variant[]> =>
  (await findVariantsOfProducts(tx, [product.id])).filter(({ status }) => status === 'ACTIVE');

/** A change of a variant is one of its product too. */
async function tellBoth(
  ctx: Context,
  tx: Db,
  product: Product,
  variant: Variant,
  changed: readonly string[],
  contract?: typeof variantCreated,
): Promise<Variant> {
  await updateProductRow(tx, product, {}, ctx.now());
  const whole = await refreshProduct(ctx, tx, product.id);
  await tellVariants(ctx, tx, whole, [variant.id], changed, contract);
  await tellChanged(ctx, tx, whole);
  const [row] = await findVariants(tx, [variant.id]);
  return row ?? variant;
}

/** Adds a variant to a product of the chosen organization. */
export async function createVariant(ctx: Context, input: unknown): Promise<Variant> {
  const { productId, ...wanted } = parseInput(CreateVariant, input);
  return change(ctx, async (tx, sellerId) => {
    const product = await requireProduct(tx, productId, sellerId);
    const checked = checkVariant(await typeOf(tx, product), product.options, wanted, '');
    refuse(checked.issues);
    const { position, total } = await findNextPosition(tx, productId);
    if (total >= mostVariants) throw conflict(`a product has at most ${mostVariants} variants`, { reason: 'TOO_MANY_VARIANTS' });
    await refuseTakenSkus(tx, sellerId, [wanted.sku]);
    const now = ctx.now();
    const row = toNewVariant(checked.value, { product, position, firstPublishedAt: product.status === 'ACTIVE' ? now : null, now });
    refuseTakenOptions([...(await activeOf(tx, product)), row]);
    const [variant] = await insertVariants(tx, [row]);
    if (!variant) throw new Error('the insert gave no row back');
    await upsertDirectory(tx, [{ id: variant.id, sellerId, dueAt: null }]);
    await writePrices(tx, [{ variant, prices: wanted.prices }], now);
    return tellBoth(ctx, tx, product, variant, [], variantCreated);
  });
}

/** Changes a variant of the chosen organization; what is left out stays. */
export async function updateVariant(ctx: Context, input: unknown): Promise<Variant> {
  const { id, version, ...wanted } = parseInput(UpdateVariant, input);
  return change(ctx, async (tx, sellerId) => {
    const { variant, product } = await requireVariant(tx, id, sellerId, version);
    const { attributes, optionValues, cost, ...plain } = wanted;
    const stored = attributes && checkAttributes(await typeOf(tx, product), attributes, true, 'attributes');
    const combination = optionValues && checkOptionValues(product.options, optionValues, 'optionValues');
    refuse([...(stored?.issues ?? []), ...(combination?.issues ?? [])]);
    if (plain.sku) await refuseTakenSkus(tx, sellerId, [plain.sku], id);
    const changes: VariantChange = {
      ...Object.fromEntries(Object.entries(plain).filter(([, value]) => value !== undefined)),
      ...(stored && { attributes: stored.value }),
      ...(combination && combinationOf(product, combination.value)),
      ...(cost !== undefined && { costMinor: cost?.minor ?? null, costCurrency: cost?.currency ?? null }),
    };
    if (combination && variant.status === 'ACTIVE') {
      const others = (await activeOf(tx, product)).filter((other) => other.id !== id);
      refuseTakenOptions([...others, { ...variant, ...combinationOf(product, combination.value) }]);
    }
    const changed = await updateVariantRow(tx, variant, changes, ctx.now());
    return tellBoth(
      ctx,
      tx,
      product,
      changed,
      Object.keys(wanted).filter((name) => wanted[name as keyof typeof wanted] !== undefined),
    );
  });
}

const combinationOf = (product: Product, values: Variant['optionValues']) => ({
  optionValues: values,
  optionHash: hashOfOptions(values),
  title: titleOf(product.title, values),
});

/** Ends the sale of a variant of the chosen organization. */
export async function archiveVariant(ctx: Context, input: unknown): Promise<Variant> {
  const { id, version } = parseInput(OneOfMany, input);
  return change(ctx, async (tx, sellerId) => {
    const { variant, product } = await requireVariant(tx, id, sellerId, version);
    if (variant.status === 'ARCHIVED') throw conflict('the variant is archived already', { reason: 'ARCHIVED' });
    const archived = await updateVariantRow(tx, variant, { status: 'ARCHIVED' }, ctx.now());
    return tellBoth(ctx, tx, product, archived, ['status'], variantArchived);
  });
}
