import { moment, publicRead, tenantOnly } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import { boolean, index, integer, numeric, uuid } from 'drizzle-orm/pg-core';
import { catalog } from './schema.ts';

/** What of a seller's state hides its products, with the times of the events last heard. */
export const sellers = catalog.table(
  'sellers',
  {
    id: uuid().primaryKey(),
    suspended: boolean().notNull().default(false),
    suspensionHeardAt: moment(),
    archived: boolean().notNull().default(false),
    archivingHeardAt: moment(),
  },
  (table) => [tenantOnly(table.id)],
);

/** Whose a product or variant is, and when the clock next changes the product: for work that comes without a tenant. */
export const directory = catalog.table('directory', { id: uuid().primaryKey(), sellerId: uuid().notNull(), dueAt: moment() }, (table) => [
  index('directory_due')
    .on(table.dueAt)
    .where(sql`${table.dueAt} is not null`),
  index('directory_seller').on(table.sellerId),
  tenantOnly(table.sellerId),
  publicRead('directory', sql`true`),
]);

/** What inventory said last of a variant. */
export const variantStock = catalog.table(
  'variant_stock',
  { variantId: uuid().primaryKey(), sellerId: uuid().notNull(), inStock: boolean().notNull(), version: integer().notNull() },
  (table) => [index('variant_stock_seller').on(table.sellerId), tenantOnly(table.sellerId)],
);

/** What reviews said last of a product: public numbers, and known before the product is. */
export const productRatings = catalog.table('product_ratings', {
  productId: uuid().primaryKey(),
  average: numeric(),
  version: integer().notNull(),
});
