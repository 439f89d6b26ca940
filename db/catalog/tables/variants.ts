import { createdAt, id, moment, tenantOnly, updatedAt } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  boolean,
  char,
  check,
  foreignKey,
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
import { readWithProduct, withProduct } from './products.ts';
import { type StoredAttribute, type StoredOptionValue, catalog, variantKind, variantStatus } from './schema.ts';

export const variants = catalog.table(
  'variants',
  {
    id: id(),
    productId: uuid().notNull(),
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
    withProduct('variants_of_product', table),
    // So that rows can point at it together with the seller.
    uniqueIndex('variants_of_seller').on(table.sellerId, table.id),
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

/** The key that ties a row to a variant of its own seller, and takes it away with it. */
export const withVariant = (name: string, { sellerId, variantId }: { readonly sellerId: AnyPgColumn; readonly variantId: AnyPgColumn }) =>
  foreignKey({ name, columns: [sellerId, variantId], foreignColumns: [variants.sellerId, variants.id] }).onDelete('cascade');

const price = () => ({
  currency: char({ length: 3 }).notNull(),
  saleMinor: bigint({ mode: 'number' }),
  saleStartsAt: moment(),
  saleEndsAt: moment(),
});

export const variantPrices = catalog.table(
  'variant_prices',
  {
    variantId: uuid().notNull(),
    productId: uuid().notNull(),
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
    withProduct('variant_prices_of_product', table),
    withVariant('variant_prices_of_variant', table),
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
    variantId: uuid().notNull(),
    sellerId: uuid().notNull(),
    /** Null: from then on there was no price in this currency. */
    regularMinor: bigint({ mode: 'number' }),
    ...price(),
    setAt: moment().notNull(),
  },
  (table) => [
    unique('variant_price_history_moment').on(table.variantId, table.currency, table.setAt),
    withVariant('variant_price_history_of_variant', table),
    tenantOnly(table.sellerId),
  ],
);
