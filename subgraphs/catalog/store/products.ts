import { categories, directory, productCategories, products, productSlugs } from '@supergraph/db/catalog/tables';
import type { Db } from '@supergraph/platform/database';
import { and, asc, count, eq, getTableColumns, gt, inArray, isNotNull, like, lte, ne, or, sql } from 'drizzle-orm';

export type Product = typeof products.$inferSelect;
export type ProductChange = Partial<Omit<typeof products.$inferInsert, 'id' | 'sellerId'>>;

/** Products by id, in any order; unknown and hidden ones are left out. */
export const findProducts = (db: Db, ids: readonly string[]): Promise<Product[]> =>
  db
    .select()
    .from(products)
    .where(inArray(products.id, [...ids]));

/** A seller's product, held until the transaction ends. */
export async function findProductForChange(tx: Db, id: string, sellerId: string): Promise<Product | null> {
  const [row] = await tx
    .select()
    .from(products)
    .where(and(eq(products.id, id), eq(products.sellerId, sellerId)))
    .for('update');
  return row ?? null;
}

/** The product that has or had a slug. */
export async function findProductBySlug(db: Db, sellerId: string, slug: string): Promise<Product | null> {
  const [row] = await db
    .select(getTableColumns(products))
    .from(productSlugs)
    .innerJoin(products, eq(products.id, productSlugs.productId))
    .where(and(eq(productSlugs.sellerId, sellerId), eq(productSlugs.slug, slug)));
  return row ?? null;
}

/** A seller's products in the order of their ids, behind one of them. */
export const listProductIdsOfSeller = (db: Db, sellerId: string, after: string | null, size: number): Promise<{ id: string }[]> =>
  db
    .select({ id: products.id })
    .from(products)
    .where(and(eq(products.sellerId, sellerId), after === null ? undefined : gt(products.id, after)))
    .orderBy(asc(products.id))
    .limit(size);

/** How many products of an organization are not archived. */
export async function countProductsInUse(tx: Db, sellerId: string): Promise<number> {
  const [row] = await tx
    .select({ total: count() })
    .from(products)
    .where(and(eq(products.sellerId, sellerId), ne(products.status, 'ARCHIVED')));
  return row?.total ?? 0;
}

/** Inserts products with their current slugs. */
export async function insertProducts(tx: Db, rows: readonly (typeof products.$inferInsert & { id: string })[]): Promise<Product[]> {
  const made = await tx
    .insert(products)
    .values([...rows])
    .returning();
  await tx.insert(productSlugs).values(made.map(({ id, sellerId, slug, createdAt }) => ({ sellerId, slug, productId: id, createdAt })));
  return made;
}

/** Changes a product and counts its version up. */
export async function updateProductRow(tx: Db, product: Pick<Product, 'id'>, change: ProductChange, now: Date): Promise<Product> {
  const [row] = await tx
    .update(products)
    .set({ ...change, version: sql`${products.version} + 1`, updatedAt: now })
    .where(eq(products.id, product.id))
    .returning();
  if (!row) throw new Error('the product that was locked is gone');
  return row;
}

/** Hides or shows all products of a seller. */
export const updateHidden = (tx: Db, sellerId: string, hidden: boolean): Promise<unknown> =>
  tx.update(products).set({ hidden }).where(eq(products.sellerId, sellerId));

/** A seller's slugs that are a base or the base with a number, taken by other products than this one. */
export async function findSlugsLike(db: Db, sellerId: string, base: string, exceptProductId: string | null): Promise<string[]> {
  const rows = await db
    .select({ slug: productSlugs.slug, productId: productSlugs.productId })
    .from(productSlugs)
    .where(and(eq(productSlugs.sellerId, sellerId), or(eq(productSlugs.slug, base), like(productSlugs.slug, `${base}-%`))));
  return rows.filter(({ productId }) => productId !== exceptProductId).map(({ slug }) => slug);
}

/** Notes a new slug of a product; one that it had before stays. False when another product has it. */
export async function insertSlug(
  tx: Db,
  slug: { readonly sellerId: string; readonly slug: string; readonly productId: string },
): Promise<boolean> {
  const [row] = await tx
    .insert(productSlugs)
    .values(slug)
    .onConflictDoUpdate({
      target: [productSlugs.sellerId, productSlugs.slug],
      set: { slug: slug.slug },
      setWhere: eq(productSlugs.productId, slug.productId),
    })
    .returning({ slug: productSlugs.slug });
  return row !== undefined;
}

export interface CategoryOfProduct {
  readonly productId: string;
  readonly category: typeof categories.$inferSelect;
}

/** Categories of products, the primary one first. */
export const findCategoriesOfProducts = (db: Db, productIds: readonly string[]): Promise<CategoryOfProduct[]> =>
  db
    .select({ productId: productCategories.productId, category: categories })
    .from(productCategories)
    .innerJoin(categories, eq(categories.id, productCategories.categoryId))
    .where(inArray(productCategories.productId, [...productIds]))
    .orderBy(asc(productCategories.productId), asc(productCategories.position));

/** Puts a product into these categories and no others. */
export async function replaceCategoriesOfProduct(
  tx: Db,
  product: Pick<Product, 'id' | 'sellerId'>,
  categoryIds: readonly string[],
): Promise<void> {
  await tx.delete(productCategories).where(eq(productCategories.productId, product.id));
  await insertCategoriesOfProducts(
    tx,
    categoryIds.map((categoryId, position) => ({ productId: product.id, categoryId, sellerId: product.sellerId, position })),
  );
}

/** Puts products into categories. */
export async function insertCategoriesOfProducts(tx: Db, rows: readonly (typeof productCategories.$inferInsert)[]): Promise<void> {
  if (rows.length > 0) await tx.insert(productCategories).values([...rows]);
}

export type DirectoryEntry = typeof directory.$inferSelect;

/** Whose products and variants are; unknown ids are left out. */
export const findOwners = (db: Db, ids: readonly string[]): Promise<DirectoryEntry[]> =>
  db
    .select()
    .from(directory)
    .where(inArray(directory.id, [...ids]));

/** Notes whose things are and when the clock changes them next. */
export async function upsertDirectory(tx: Db, rows: readonly DirectoryEntry[]): Promise<void> {
  if (rows.length === 0) return;
  await tx
    .insert(directory)
    .values([...rows])
    .onConflictDoUpdate({ target: directory.id, set: { dueAt: sql`excluded.due_at` } });
}

/** Products that the clock should have changed by now. */
export const findDueProducts = (db: Db, now: Date, size: number): Promise<DirectoryEntry[]> =>
  db
    .select()
    .from(directory)
    .where(and(isNotNull(directory.dueAt), lte(directory.dueAt, now)))
    .orderBy(asc(directory.dueAt))
    .limit(size);
