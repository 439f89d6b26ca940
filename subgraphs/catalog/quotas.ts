import { outbox, quotaLimits } from '@supergraph/db/catalog/tables';
import { defineQuotas } from '@supergraph/platform/quotas';
import { quotaEvents } from '@supergraph/schema/events/platform';
import { countProductsInUse } from './store/products.ts';

/** How many products an organization may have that are not archived. */
export const productQuota = 'catalog.products';

export const quotas = defineQuotas({
  events: quotaEvents('catalog'),
  limits: quotaLimits,
  outbox,
  keys: { [productQuota]: countProductsInUse },
});
