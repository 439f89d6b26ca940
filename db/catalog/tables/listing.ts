import { id, moment, publicRead, tenantOnly, tsvector } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import { boolean, date, doublePrecision, index, integer, numeric, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { withProduct } from './products.ts';
import { catalog, productStatus } from './schema.ts';
import { withVariant } from './variants.ts';

/** Lists are read far more often than written, and a waiting list of changes makes each reading slow. */
const readyToRead = { fastupdate: false };

const listingColumns = () => ({
  productId: uuid().notNull(),
  sellerId: uuid().notNull(),
  /** A currency, or `*`: the row of lists that name none, in the product's first currency. */
  currency: text().notNull(),
  status: productStatus().notNull(),
  typeCode: text().notNull(),
  titleSort: text().notNull(),
  title: text().notNull(),
  /** The lowest price of now in the main unit, twice: what has none comes last either way. */
  priceUp: numeric().notNull(),
  priceDown: numeric().notNull(),
  /** Whether any active variant is; what is asked together with prices or attributes is asked of `offers`. */
  onSale: boolean().notNull(),
  inStock: boolean().notNull(),
  ratingUp: numeric().notNull(),
  ratingDown: numeric().notNull(),
  sold30d: integer().notNull().default(0),
  publishedAt: moment().notNull(),
  updatedAt: moment().notNull(),
  tags: text().array().notNull(),
  categoryIds: uuid().array().notNull(),
  skus: text().array().notNull(),
  barcodes: text().array().notNull(),
  search: tsvector().notNull(),
  titleSearch: tsvector().notNull(),
});

/**
 * What shoppers list, filter and search: nothing but products that everybody may see. Hence everybody may read every
 * row, and must: behind a policy with a condition PostgreSQL uses no index for text search and arrays.
 */
export const listing = catalog.table('listing', listingColumns(), (table) => [
  primaryKey({ name: 'listing_key', columns: [table.productId, table.currency] }),
  withProduct('listing_of_product', table),
  index('listing_newest').on(table.currency, table.publishedAt, table.productId),
  index('listing_title').on(table.currency, table.titleSort, table.productId),
  index('listing_title_prefix').on(table.currency, table.titleSort.op('text_pattern_ops')),
  index('listing_price_up').on(table.currency, table.priceUp, table.productId),
  index('listing_price_down').on(table.currency, table.priceDown, table.productId),
  index('listing_rating_up').on(table.currency, table.ratingUp, table.productId),
  index('listing_rating_down').on(table.currency, table.ratingDown, table.productId),
  index('listing_sold').on(table.currency, table.sold30d, table.productId),
  index('listing_updated').on(table.currency, table.updatedAt, table.productId),
  index('listing_seller').on(table.sellerId, table.currency, table.productId),
  index('listing_search').using('gin', table.search).with(readyToRead),
  index('listing_title_search').using('gin', table.titleSearch).with(readyToRead),
  index('listing_tags').using('gin', table.tags).with(readyToRead),
  index('listing_categories').using('gin', table.categoryIds).with(readyToRead),
  index('listing_skus').using('gin', table.skus).with(readyToRead),
  index('listing_barcodes').using('gin', table.barcodes).with(readyToRead),
  tenantOnly(table.sellerId),
  publicRead('listing', sql`true`),
]);

/** The same for a seller's own staff: its products in every state. */
export const shelf = catalog.table('shelf', listingColumns(), (table) => [
  primaryKey({ name: 'shelf_key', columns: [table.productId, table.currency] }),
  withProduct('shelf_of_product', table),
  index('shelf_updated').on(table.sellerId, table.currency, table.updatedAt, table.productId),
  index('shelf_title').on(table.sellerId, table.currency, table.titleSort, table.productId),
  index('shelf_newest').on(table.sellerId, table.currency, table.publishedAt, table.productId),
  tenantOnly(table.sellerId),
]);

/**
 * The active variants of products as filters see them: one row per currency, and one under `*`. Numbers are floats
 * here and in `facetValues`: behind a policy PostgreSQL uses an index only for comparisons that cannot leak a row,
 * which those of `numeric` are not.
 */
export const offers = catalog.table(
  'offers',
  {
    variantId: uuid().notNull(),
    currency: text().notNull(),
    productId: uuid().notNull(),
    sellerId: uuid().notNull(),
    /** Shoppers may see the product. */
    listed: boolean().notNull(),
    /** Now, in the main unit. */
    price: doublePrecision(),
    onSale: boolean().notNull(),
    inStock: boolean().notNull(),
  },
  (table) => [
    primaryKey({ name: 'offers_key', columns: [table.variantId, table.currency] }),
    withProduct('offers_of_product', table),
    withVariant('offers_of_variant', table),
    index('offers_price').on(table.currency, table.price, table.productId),
    index('offers_product').on(table.productId, table.currency),
    tenantOnly(table.sellerId),
    publicRead('offers', sql`${table.listed}`),
  ],
);

/** Values of filterable attributes, of a product or of one of its active variants. */
export const facetValues = catalog.table(
  'facet_values',
  {
    id: id(),
    productId: uuid().notNull(),
    variantId: uuid(),
    sellerId: uuid().notNull(),
    listed: boolean().notNull(),
    code: text().notNull(),
    text: text(),
    number: doublePrecision(),
    date: date(),
  },
  (table) => [
    withProduct('facet_values_of_product', table),
    withVariant('facet_values_of_variant', table),
    index('facet_values_text').on(table.code, table.text, table.productId),
    index('facet_values_number').on(table.code, table.number, table.productId),
    index('facet_values_date').on(table.code, table.date, table.productId),
    index('facet_values_product').on(table.productId),
    tenantOnly(table.sellerId),
    publicRead('facet_values', sql`${table.listed}`),
  ],
);
