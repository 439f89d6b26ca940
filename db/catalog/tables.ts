import {
  createdAt,
  deadLetterTable,
  id,
  idempotencyTable,
  inboxTable,
  moment,
  outboxTable,
  publicRead,
  tenantOnly,
  tenantOrNone,
  tsvector,
  updatedAt,
} from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  boolean,
  char,
  check,
  date,
  index,
  integer,
  jsonb,
  numeric,
  pgSchema,
  primaryKey,
  smallint,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';

export const catalog = pgSchema('catalog');
export const productStatus = catalog.enum('product_status', ['DRAFT', 'SCHEDULED', 'ACTIVE', 'ARCHIVED']);
export const variantStatus = catalog.enum('variant_status', ['ACTIVE', 'ARCHIVED']);
export const variantKind = catalog.enum('variant_kind', ['SIMPLE', 'BUNDLE']);
export const attributeKind = catalog.enum('attribute_kind', ['TEXT', 'NUMBER', 'BOOLEAN', 'DATE', 'CHOICE', 'CHOICES', 'ISBN']);

/** One attribute of a product or variant, as it is kept on the row; exactly one value is there. */
export interface StoredAttribute {
  readonly definitionId: string;
  readonly code: string;
  readonly text?: string;
  readonly number?: string;
  readonly boolean?: boolean;
  readonly date?: string;
  readonly choices?: readonly string[];
}
export interface StoredOption {
  readonly name: string;
  readonly values: readonly string[];
}
export interface StoredOptionValue {
  readonly option: string;
  readonly value: string;
}

/** What of a seller's state hides its products; `suspendedAt` and `archivedAt` are the times of the events last heard. */
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

export const productTypes = catalog.table(
  'product_types',
  { id: id(), sellerId: uuid(), code: text().notNull(), name: text().notNull(), createdAt: createdAt() },
  (table) => [
    unique('product_types_code').on(table.sellerId, table.code).nullsNotDistinct(),
    tenantOrNone(table.sellerId),
    publicRead('product_types', sql`true`),
  ],
);

export const attributeDefinitions = catalog.table(
  'attribute_definitions',
  {
    id: id(),
    typeId: uuid()
      .notNull()
      .references(() => productTypes.id, { onDelete: 'cascade' }),
    sellerId: uuid(),
    code: text().notNull(),
    name: text().notNull(),
    kind: attributeKind().notNull(),
    unit: text(),
    choices: text().array().notNull().default([]),
    required: boolean().notNull().default(false),
    filterable: boolean().notNull().default(false),
    perVariant: boolean().notNull().default(false),
    position: integer().notNull(),
  },
  (table) => [
    unique('attribute_definitions_code').on(table.typeId, table.code),
    tenantOrNone(table.sellerId),
    publicRead('attribute_definitions', sql`true`),
  ],
);

export const categories = catalog.table(
  'categories',
  {
    id: id(),
    sellerId: uuid(),
    slug: text().notNull(),
    name: text().notNull(),
    parentId: uuid().references((): AnyPgColumn => categories.id, { onDelete: 'restrict' }),
    /** From the root to the category itself. */
    path: uuid().array().notNull(),
    position: integer().notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    unique('categories_slug').on(table.sellerId, table.slug).nullsNotDistinct(),
    index('categories_children').on(table.parentId, table.position),
    index('categories_path').using('gin', table.path),
    tenantOrNone(table.sellerId),
    publicRead('categories', sql`true`),
    check('categories_depth', sql`cardinality(${table.path}) between 1 and 8`),
  ],
);

export const products = catalog.table(
  'products',
  {
    id: id(),
    sellerId: uuid().notNull(),
    typeId: uuid()
      .notNull()
      .references(() => productTypes.id, { onDelete: 'restrict' }),
    version: integer().notNull().default(1),
    status: productStatus().notNull().default('DRAFT'),
    slug: text().notNull(),
    title: text().notNull(),
    subtitle: text(),
    /** Sanitized HTML. */
    description: text(),
    tags: text().array().notNull().default([]),
    attributes: jsonb().$type<readonly StoredAttribute[]>().notNull().default([]),
    options: jsonb().$type<readonly StoredOption[]>().notNull().default([]),
    /** The seller is suspended or about to be erased. */
    hidden: boolean().notNull().default(false),
    firstPublishedAt: moment(),
    publishAt: moment(),
    publishedAt: moment(),
    unpublishAt: moment(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    unique('products_slug').on(table.sellerId, table.slug),
    index('products_seller_page').on(table.sellerId, table.id),
    index('products_type').on(table.typeId),
    tenantOnly(table.sellerId),
    // What was sold once still shows on old orders when it is archived; the service keeps it out of everything else.
    publicRead(
      'products',
      sql`not ${table.hidden} and (${table.status} = 'ACTIVE' or ${table.status} = 'ARCHIVED' and ${table.firstPublishedAt} is not null)`,
    ),
  ],
);

const productId = () =>
  uuid()
    .notNull()
    .references(() => products.id, { onDelete: 'cascade' });

/** Rows of a product are seen by whoever sees the product: its own policies hold inside the condition. */
const readWithProduct = (name: string, column: AnyPgColumn) =>
  publicRead(name, sql`exists (select from ${products} shown where shown.id = ${column})`);

/** Every slug that a product has or had; the current one stands on the product. */
export const productSlugs = catalog.table(
  'product_slugs',
  { sellerId: uuid().notNull(), slug: text().notNull(), productId: productId(), createdAt: createdAt() },
  (table) => [
    primaryKey({ name: 'product_slugs_key', columns: [table.sellerId, table.slug] }),
    index('product_slugs_product').on(table.productId),
    tenantOnly(table.sellerId),
    readWithProduct('product_slugs', table.productId),
  ],
);

export const productCategories = catalog.table(
  'product_categories',
  {
    productId: productId(),
    categoryId: uuid()
      .notNull()
      .references(() => categories.id, { onDelete: 'restrict' }),
    sellerId: uuid().notNull(),
    /** 0 is the primary one. */
    position: smallint().notNull(),
  },
  (table) => [
    primaryKey({ name: 'product_categories_key', columns: [table.productId, table.categoryId] }),
    index('product_categories_category').on(table.categoryId),
    tenantOnly(table.sellerId),
    readWithProduct('product_categories', table.productId),
  ],
);

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

/** Lists are read far more often than written, and a waiting list of changes makes each reading slow. */
const readyToRead = { fastupdate: false };

const listingColumns = () => ({
  productId: productId(),
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
  index('shelf_updated').on(table.sellerId, table.currency, table.updatedAt, table.productId),
  index('shelf_title').on(table.sellerId, table.currency, table.titleSort, table.productId),
  index('shelf_newest').on(table.sellerId, table.currency, table.publishedAt, table.productId),
  tenantOnly(table.sellerId),
]);

/** The active variants of products as filters see them: one row per currency, and one under `*`. */
export const offers = catalog.table(
  'offers',
  {
    variantId: uuid()
      .notNull()
      .references(() => variants.id, { onDelete: 'cascade' }),
    currency: text().notNull(),
    productId: productId(),
    sellerId: uuid().notNull(),
    /** Shoppers may see the product. */
    listed: boolean().notNull(),
    /** Now, in the main unit. */
    price: numeric(),
    onSale: boolean().notNull(),
    inStock: boolean().notNull(),
  },
  (table) => [
    primaryKey({ name: 'offers_key', columns: [table.variantId, table.currency] }),
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
    productId: productId(),
    variantId: uuid().references(() => variants.id, { onDelete: 'cascade' }),
    sellerId: uuid().notNull(),
    listed: boolean().notNull(),
    code: text().notNull(),
    text: text(),
    number: numeric(),
    date: date(),
  },
  (table) => [
    index('facet_values_text').on(table.code, table.text, table.productId),
    index('facet_values_number').on(table.code, table.number, table.productId),
    index('facet_values_date').on(table.code, table.date, table.productId),
    index('facet_values_product').on(table.productId),
    tenantOnly(table.sellerId),
    publicRead('facet_values', sql`${table.listed}`),
  ],
);

/** What inventory said last of a variant. */
export const variantStock = catalog.table(
  'variant_stock',
  { variantId: uuid().primaryKey(), sellerId: uuid().notNull(), inStock: boolean().notNull(), version: integer().notNull() },
  (table) => [tenantOnly(table.sellerId)],
);

/** What reviews said last of a product: public numbers, and known before the product is. */
export const productRatings = catalog.table('product_ratings', {
  productId: uuid().primaryKey(),
  average: numeric(),
  version: integer().notNull(),
});

export const outbox = outboxTable(catalog);
export const inbox = inboxTable(catalog);
export const idempotency = idempotencyTable(catalog);
export const deadLetters = deadLetterTable(catalog);
