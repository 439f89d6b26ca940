import { createdAt, id, moment, publicRead, tenantOnly, updatedAt } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  boolean,
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
import { type StoredAttribute, type StoredOption, catalog, productStatus } from './schema.ts';
import { categories, productTypes } from './taxonomy.ts';

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
    // Unique, so that rows can point at it together with the seller.
    uniqueIndex('products_seller_page').on(table.sellerId, table.id),
    index('products_type').on(table.typeId),
    tenantOnly(table.sellerId),
    // What was sold once still shows on old orders when it is archived; the service keeps it out of everything else.
    publicRead(
      'products',
      sql`not ${table.hidden} and (${table.status} = 'ACTIVE' or ${table.status} = 'ARCHIVED' and ${table.firstPublishedAt} is not null)`,
    ),
  ],
);

/** The key that ties a row to a product of its own seller, and takes it away with it. */
export const withProduct = (name: string, { sellerId, productId }: { readonly sellerId: AnyPgColumn; readonly productId: AnyPgColumn }) =>
  foreignKey({ name, columns: [sellerId, productId], foreignColumns: [products.sellerId, products.id] }).onDelete('cascade');

/** Rows of a product are seen by whoever sees the product: its own policies hold inside the condition. */
export const readWithProduct = (name: string, column: AnyPgColumn) =>
  publicRead(name, sql`exists (select from ${products} shown where shown.id = ${column})`);

/** Every slug that a product has or had; the current one stands on the product. */
export const productSlugs = catalog.table(
  'product_slugs',
  { sellerId: uuid().notNull(), slug: text().notNull(), productId: uuid().notNull(), createdAt: createdAt() },
  (table) => [
    primaryKey({ name: 'product_slugs_key', columns: [table.sellerId, table.slug] }),
    index('product_slugs_product').on(table.productId),
    withProduct('product_slugs_of_product', table),
    tenantOnly(table.sellerId),
    readWithProduct('product_slugs', table.productId),
  ],
);

export const productCategories = catalog.table(
  'product_categories',
  {
    productId: uuid().notNull(),
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
    withProduct('product_categories_of_product', table),
    tenantOnly(table.sellerId),
    readWithProduct('product_categories', table.productId),
  ],
);
