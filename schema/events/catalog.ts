import { defineEvent } from '@supergraph/platform/events';
import { z } from 'zod';

const product = z.object({ productId: z.uuid(), sellerId: z.uuid(), version: z.int() });
const listed = product.extend({
  slug: z.string(),
  typeCode: z.string(),
  title: z.string(),
  description: z.string().nullable(),
  categoryIds: z.array(z.uuid()),
  collectionIds: z.array(z.uuid()),
  tags: z.array(z.string()),
  credits: z.array(z.object({ name: z.string(), role: z.string() })),
  attributes: z.array(z.object({ code: z.string(), value: z.string() })),
  variantIds: z.array(z.uuid()),
  mediaFileId: z.uuid().nullable(),
  publishedAt: z.iso.datetime().nullable(),
});

/** Shoppers can see a product from now on. */
export const productPublished = defineEvent('catalog.product.published', 1, 'productId', listed);

/** A product that shoppers can see changed. */
export const productChanged = defineEvent('catalog.product.updated', 1, 'productId', listed);

/** Shoppers can no longer see a product. */
export const productUnpublished = defineEvent('catalog.product.unpublished', 1, 'productId', product);

/** A product is no longer sold. */
export const productArchived = defineEvent('catalog.product.archived', 1, 'productId', product);

const variant = z.object({
  variantId: z.uuid(),
  productId: z.uuid(),
  sellerId: z.uuid(),
  sku: z.string(),
  barcode: z.string().nullable(),
  title: z.string(),
  kind: z.enum(['SIMPLE', 'BUNDLE']),
  components: z.array(z.object({ variantId: z.uuid(), quantity: z.int() })),
  prices: z.array(
    z.object({
      currency: z.string(),
      regularMinor: z.int(),
      saleMinor: z.int().nullable(),
      saleStartsAt: z.iso.datetime().nullable(),
      saleEndsAt: z.iso.datetime().nullable(),
    }),
  ),
  taxClass: z.string(),
  weightGrams: z.int().nullable(),
  requiresShipping: z.boolean(),
  trackInventory: z.boolean(),
  isPurchasable: z.boolean(),
  changed: z.array(z.string()),
  version: z.int(),
});

/** A variant was made. */
export const variantCreated = defineEvent('catalog.variant.created', 1, 'variantId', variant);

/** A variant changed; `changed` names the fields. */
export const variantChanged = defineEvent('catalog.variant.updated', 1, 'variantId', variant);

/** A variant is no longer sold. */
export const variantArchived = defineEvent('catalog.variant.archived', 1, 'variantId', variant);
