import { attributeDefinitions, categories, products, productTypes } from '@supergraph/db/catalog/tables';
import type { Db } from '@supergraph/platform/database';
import { and, arrayContains, asc, eq, inArray, isNull, max, or, sql } from 'drizzle-orm';

export type Category = typeof categories.$inferSelect;
export type Definition = typeof attributeDefinitions.$inferSelect;
export type NewDefinition = Omit<typeof attributeDefinitions.$inferInsert, 'typeId' | 'sellerId'>;
export type ProductType = typeof productTypes.$inferSelect & { readonly attributes: readonly Definition[] };

const largestList = 500;

async function withDefinitions(db: Db, types: readonly (typeof productTypes.$inferSelect)[]): Promise<ProductType[]> {
  if (types.length === 0) return [];
  const definitions = await db
    .select()
    .from(attributeDefinitions)
    .where(
      inArray(
        attributeDefinitions.typeId,
        types.map(({ id }) => id),
      ),
    )
    .orderBy(asc(attributeDefinitions.position));
  const byType = Map.groupBy(definitions, ({ typeId }) => typeId);
  return types.map((type) => ({ ...type, attributes: byType.get(type.id) ?? [] }));
}

/** Types by id with their attributes, in any order; unknown ids are left out. */
export const findTypes = async (db: Db, ids: readonly string[]): Promise<ProductType[]> =>
  withDefinitions(
    db,
    await db
      .select()
      .from(productTypes)
      .where(inArray(productTypes.id, [...ids])),
  );

/** The types of everybody and those of one seller, by code. */
export const findTypesFor = async (db: Db, sellerId: string | null): Promise<ProductType[]> =>
  withDefinitions(
    db,
    await db
      .select()
      .from(productTypes)
      .where(or(isNull(productTypes.sellerId), sellerId === null ? undefined : eq(productTypes.sellerId, sellerId)))
      .orderBy(asc(productTypes.code), asc(productTypes.id))
      .limit(largestList),
  );

/** Inserts a type without attributes. */
export async function insertType(tx: Db, values: typeof productTypes.$inferInsert): Promise<typeof productTypes.$inferSelect> {
  const [row] = await tx.insert(productTypes).values(values).returning();
  if (!row) throw new Error('the insert gave no row back');
  return row;
}

/** Renames a type. */
export const updateType = (tx: Db, id: string, name: string): Promise<unknown> =>
  tx.update(productTypes).set({ name }).where(eq(productTypes.id, id));

/** Gives a type these attributes and no others; those that it had keep their ids. */
export async function replaceDefinitions(
  tx: Db,
  type: typeof productTypes.$inferSelect,
  rows: readonly NewDefinition[],
  gone: readonly string[],
): Promise<void> {
  if (gone.length > 0) await tx.delete(attributeDefinitions).where(inArray(attributeDefinitions.id, [...gone]));
  if (rows.length === 0) return;
  await tx
    .insert(attributeDefinitions)
    .values(rows.map((row) => ({ ...row, typeId: type.id, sellerId: type.sellerId })))
    .onConflictDoUpdate({
      target: [attributeDefinitions.typeId, attributeDefinitions.code],
      set: {
        name: sql`excluded.name`,
        unit: sql`excluded.unit`,
        choices: sql`excluded.choices`,
        required: sql`excluded.required`,
        filterable: sql`excluded.filterable`,
        position: sql`excluded.position`,
      },
    });
}

/** Whether the caller's products are of a type. */
export async function isTypeUsed(tx: Db, typeId: string): Promise<boolean> {
  const rows = await tx.select({ id: products.id }).from(products).where(eq(products.typeId, typeId)).limit(1);
  return rows.length > 0;
}

/** Categories by id, in any order; unknown ids are left out. */
export const findCategories = (db: Db, ids: readonly string[]): Promise<Category[]> =>
  db
    .select()
    .from(categories)
    .where(inArray(categories.id, [...ids]));

/** The categories right below others, in their order. */
export const findChildren = (db: Db, parentIds: readonly string[]): Promise<Category[]> =>
  db
    .select()
    .from(categories)
    .where(inArray(categories.parentId, [...parentIds]))
    .orderBy(asc(categories.position), asc(categories.id))
    .limit(largestList * parentIds.length);

/** The roots of a seller's tree, or of everybody's, in their order. */
export const findRoots = (db: Db, sellerId: string | null): Promise<Category[]> =>
  db
    .select()
    .from(categories)
    .where(and(isNull(categories.parentId), sellerId === null ? isNull(categories.sellerId) : eq(categories.sellerId, sellerId)))
    .orderBy(asc(categories.position), asc(categories.id))
    .limit(largestList);

/** Keeps everybody else from changing an owner's tree until the transaction ends. */
export const lockTree = (tx: Db, sellerId: string | null): Promise<unknown> =>
  tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`catalog.categories:${sellerId ?? 'everybody'}`}, 0))`);

/** Inserts a category. */
export async function insertCategory(tx: Db, values: typeof categories.$inferInsert): Promise<Category> {
  const [row] = await tx.insert(categories).values(values).returning();
  if (!row) throw new Error('the insert gave no row back');
  return row;
}

/** Changes a category. */
export async function updateCategoryRow(tx: Db, id: string, change: Partial<typeof categories.$inferInsert>): Promise<Category> {
  const [row] = await tx.update(categories).set(change).where(eq(categories.id, id)).returning();
  if (!row) throw new Error('the category that was locked is gone');
  return row;
}

/** A category and everything below it. */
export const findSubtree = (db: Db, id: string): Promise<Category[]> =>
  db
    .select()
    .from(categories)
    .where(arrayContains(categories.path, [id]));

/** Deletes a category; its foreign keys refuse when something stands in it. */
export const deleteCategory = (tx: Db, id: string): Promise<unknown> => tx.delete(categories).where(eq(categories.id, id));

/** The place behind the last sibling. */
export async function findNextPlace(db: Db, sellerId: string | null, parentId: string | null): Promise<number> {
  const ofOwner = sellerId === null ? isNull(categories.sellerId) : eq(categories.sellerId, sellerId);
  const [row] = await db
    .select({ last: max(categories.position) })
    .from(categories)
    .where(and(ofOwner, parentId === null ? isNull(categories.parentId) : eq(categories.parentId, parentId)));
  return (row?.last ?? -1) + 1;
}
