import { entityTag, listTag, touch } from '@supergraph/platform/touches';
import {
  productArchived,
  productChanged,
  productPublished,
  productUnpublished,
  variantArchived,
  variantChanged,
  variantCreated,
} from '@supergraph/schema/events/catalog';

/** Any change of a product may bring it into a list, take it out or move it there. */
const product = ({ productId }: { readonly productId: string }) => [entityTag('Product', productId), listTag('Product')];

const variant = ({ productId, variantId }: { readonly productId: string; readonly variantId: string }) => [
  ...product({ productId }),
  entityTag('ProductVariant', variantId),
  listTag('ProductVariant'),
];

/** A variant is seen where its product is, and may be called like it. */
const listed = ({ productId, variantIds }: { readonly productId: string; readonly variantIds: readonly string[] }) => [
  ...product({ productId }),
  ...variantIds.map((id) => entityTag('ProductVariant', id)),
  listTag('ProductVariant'),
];

export const touches = [
  touch(productPublished, listed),
  touch(productChanged, listed),
  touch(productUnpublished, product),
  touch(productArchived, product),
  touch(variantCreated, variant),
  touch(variantChanged, variant),
  touch(variantArchived, variant),
];
