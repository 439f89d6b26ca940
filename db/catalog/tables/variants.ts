import { createdAt, id, moment, tenantOnly, updatedAt } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  char,
  check,
  index,
  integer,
  jsonb,
  primaryKey,
  smallint,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { productId, readWithProduct } from './products.ts';
import { type StoredAttribute, type StoredOptionValue, catalog, variantKind, variantStatus } from './schema.ts';

export const variants = catalog.table(
  'variants',
  {
    id: id(),
    productId: productId(),
    sellerId: uuid().notNull(),
    /** Rises with each edit: what `version` of an input is held against. */
    version: integer().notNull().default(1),
    /** Rises with each event, also when only the product's state changed: what consumers hold events against. */
    revision: integer().notNull().default(1),
    sku: text().notNull(),
    barcode: text(),
    title: text().notNull(),
    status: variantStatus().notNull().default('ACTIVE'),
    kind: variantKind().notNull().default('SIMPLE'),
    optionValues: jsonb().$type<readonly StoredOptionValue[]>().notNull().default([]),
    optionHash: text().notNull(),
    attributes: jsonb().$type<readonly StoredAttribute[]>().notNull().default([]),
    taxClass: text().notNull().default('standard'),
    weightGrams: integer(),
    requiresShipping: boolean().notNull().default(true),
    trackInventory: boolean().notNull().default(true),
    costMinor: bigint({ mode: 'number' }),
    costCurrency: char({ length: 3 }),
    position: integer().notNull(),
    firstPublishedAt: moment(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    uniqueIndex('variants_sku').on(table.sellerId, sql`lower(${table.sku})`),
    // An archived variant keeps its SKU for good, but its combination may be offered anew.
    uniqueIndex('variants_options')
      .on(table.productId, table.optionHash)
      .where(sql`${table.status} = 'ACTIVE'`),
    tenantOnly(table.sellerId),
    readWithProduct('variants', table.productId),
    check('variants_weight', sql`${table.weightGrams} >= 0`),
  ],
);

const price = () => ({
  currency: char({ length: 3 }).notNull(),
  saleMinor: bigint({ mode: 'number' }),
  saleStartsAt: moment(),
  saleEndsAt: moment(),
});

export const variantPrices = catalog.table(
  'variant_prices',
  {
    variantId: uuid()
      .notNull()
      .references(() => variants.id, { onDelete: 'cascade' }),
    productId: productId(),
    sellerId: uuid().notNull(),
    position: smallint().notNull(),
    regularMinor: bigint({ mode: 'number' }).notNull(),
    ...price(),
    /** When the running reduction began; earlier than the sale's start when one sale followed another. */
    reductionBeganAt: moment(),
    priorLowestMinor: bigint({ mode: 'number' }),
  },
  (table) => [
    primaryKey({ name: 'variant_prices_key', columns: [table.variantId, table.currency] }),
    index('variant_prices_product').on(table.productId),
    tenantOnly(table.sellerId),
    readWithProduct('variant_prices', table.productId),
    check('variant_prices_regular', sql`${table.regularMinor} >= 0`),
    check('variant_prices_sale', sql`${table.saleMinor} >= 0 and ${table.saleMinor} < ${table.regularMinor}`),
  ],
);

/** What was set when; only ever added to. */
export const variantPriceHistory = catalog.table(
  'variant_price_history',
  {
    id: id(),
    variantId: uuid()
      .notNull()
      .references(() => variants.id, { onDelete: 'cascade' }),
    sellerId: uuid().notNull(),
    /** Null: from then on there was no price in this currency. */
    regularMinor: bigint({ mode: 'number' }),
    ...price(),
    setAt: moment().notNull(),
  },
  (table) => [unique('variant_price_history_moment').on(table.variantId, table.currency, table.setAt), tenantOnly(table.sellerId)],
);
