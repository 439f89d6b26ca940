import { createdAt, id, publicRead, tenantOrNone } from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import { type AnyPgColumn, boolean, check, index, integer, text, unique, uuid } from 'drizzle-orm/pg-core';
import { attributeKind, catalog } from './schema.ts';

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
