import { outbox } from '@supergraph/db/catalog/tables';
import type { Db } from '@supergraph/platform/database';
import type { EventContract } from '@supergraph/platform/events';
import { emit, type Emitter } from '@supergraph/platform/outbox';
import { productChanged, type productPublished, variantChanged } from '@supergraph/schema/events/catalog';
import { isListed } from '../policy.ts';
import type { Product } from '../store/products.ts';
import type { Price, Variant } from '../store/variants.ts';
import { isPurchasable } from './reads.ts';
import type { WholeProduct } from './whole.ts';

type ListedPayload = ReturnType<(typeof productPublished.payload)['parse']>;
type VariantPayload = ReturnType<(typeof variantChanged.payload)['parse']>;

/** What events of listed products tell. */
export function listedPayload({ product, type, categoryIds, variants }: WholeProduct): ListedPayload {
  const { id: productId, sellerId, version, slug, title, description, tags, publishedAt } = product;
  return {
    productId,
    sellerId,
    version,
    slug,
    typeCode: type.code,
    title,
    description,
    categoryIds: [...categoryIds],
    collectionIds: [],
    tags,
    credits: [],
    attributes: product.attributes.flatMap((attribute) => textsOf(attribute).map((value) => ({ code: attribute.code, value }))),
    variantIds: variants.filter(({ status }) => status === 'ACTIVE').map(({ id }) => id),
    mediaFileId: null,
    publishedAt: publishedAt?.toISOString() ?? null,
  };
}

function textsOf({ text, number, boolean, date, choices }: Product['attributes'][number]): string[] {
  if (choices) return [...choices];
  const value = text ?? number ?? date ?? boolean;
  return value === undefined ? [] : [String(value)];
}

/** What events of variants tell. */
export function variantPayload({ product, prices }: WholeProduct, variant: Variant, changed: readonly string[]): VariantPayload {
  const {
    id: variantId,
    productId,
    sellerId,
    sku,
    barcode,
    title,
    kind,
    taxClass,
    weightGrams,
    requiresShipping,
    trackInventory,
    revision,
  } = variant;
  const own = prices.get(variantId) ?? [];
  return {
    variantId,
    productId,
    sellerId,
    sku,
    barcode,
    title,
    kind,
    components: [],
    prices: own.map(pricePayload),
    taxClass,
    weightGrams,
    requiresShipping,
    trackInventory,
    isPurchasable: isPurchasable(product, variant, own),
    changed: [...changed],
    version: revision,
  };
}

const pricePayload = ({ currency, regularMinor, saleMinor, saleStartsAt, saleEndsAt }: Price): VariantPayload['prices'][number] => ({
  currency,
  regularMinor,
  saleMinor,
  saleStartsAt: saleStartsAt?.toISOString() ?? null,
  saleEndsAt: saleEndsAt?.toISOString() ?? null,
});

/** Tells of a product, whatever the request's tenant: the event belongs to its seller. */
export const tellProduct = <Payload>(
  ctx: Emitter,
  tx: Db,
  contract: EventContract<Payload>,
  product: Pick<Product, 'sellerId'>,
  payload: Payload,
) => emit(ctx, tx, outbox, contract, payload, { organizationId: product.sellerId });

/** Tells of variants of a product. */
export async function tellVariants(
  ctx: Emitter,
  tx: Db,
  whole: WholeProduct,
  ids: readonly string[],
  changed: readonly string[],
  contract: EventContract<VariantPayload> = variantChanged,
): Promise<void> {
  for (const variant of whole.variants.filter(({ id }) => ids.includes(id)))
    await tellProduct(ctx, tx, contract, whole.product, variantPayload(whole, variant, changed));
}

/** Tells that a product changed, if shoppers can see it. */
export async function tellChanged(ctx: Emitter, tx: Db, whole: WholeProduct): Promise<void> {
  if (isListed(whole.product)) await tellProduct(ctx, tx, productChanged, whole.product, listedPayload(whole));
}
