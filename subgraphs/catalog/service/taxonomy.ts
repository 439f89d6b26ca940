import { type Db, inScope } from '@supergraph/platform/database';
import { badInput, conflict, forbidden, isUniqueViolation, notFound } from '@supergraph/platform/errors';
import { parseInput } from '@supergraph/platform/input';
import { v7 } from 'uuid';
import type { Context } from '../context.ts';
import { canChangeTaxonomy, isStaff } from '../policy.ts';
import {
  type Category,
  deleteCategory,
  findCategories,
  findNextPlace,
  findSubtree,
  findTypes,
  insertCategory,
  insertType,
  isTypeUsed,
  lockTree,
  type NewDefinition,
  type ProductType,
  replaceDefinitions,
  updateCategoryRow,
  updateType,
} from '../store/taxonomy.ts';
import { CreateCategory, CreateType, type DefinitionInput, MoveCategory, OneOfMany, UpdateCategory, UpdateType } from './inputs.ts';
import { toSlug } from './text.ts';

/** Whose taxonomy a caller changes: the chosen organization's, or everybody's without one. */
const ownerOf = (ctx: Context): string | null => (isStaff(ctx) ? (ctx.organization?.id ?? null) : null);

async function changeTaxonomy<Result>(ctx: Context, work: (tx: Db) => Promise<Result>): Promise<Result> {
  const result = await inScope(ctx, work).catch((error: unknown) => {
    throw translated(error);
  });
  for (const loader of Object.values(ctx.loaders)) loader.clearAll();
  return result;
}

function translated(error: unknown): unknown {
  if (isUniqueViolation(error, 'categories_slug')) return conflict('the slug is taken', { reason: 'SLUG_TAKEN' });
  if (isUniqueViolation(error, 'product_types_code')) return conflict('the code is taken', { reason: 'CODE_TAKEN' });
  const cause = error instanceof Error && error.cause instanceof Error && 'code' in error.cause ? error.cause.code : undefined;
  // A foreign key: what stands in the category holds it.
  if (cause === '23503' || cause === '23001')
    return conflict('products or categories stand in it; move them first', { reason: 'NOT_EMPTY' });
  return error;
}

/** What everybody may read is forbidden to change; what belongs to another tenant is unknown. */
function requireOwner(ctx: Context, thing: { readonly sellerId: string | null } | undefined, name: string): void {
  if (!thing || (thing.sellerId !== null && thing.sellerId !== ctx.organization?.id)) throw notFound(name);
  if (!canChangeTaxonomy(ctx, thing)) throw forbidden('this belongs to the platform');
}

// ——— Types ———

const toDefinitions = (inputs: readonly DefinitionInput[]): NewDefinition[] =>
  inputs.map(({ code, name, kind, unit, choices, required, filterable, perVariant }, position) => ({
    code,
    name,
    kind,
    unit: unit ?? null,
    choices: [...(choices ?? [])],
    required: required ?? false,
    filterable: filterable ?? false,
    perVariant: perVariant ?? false,
    position,
  }));

async function readType(tx: Db, id: string): Promise<ProductType> {
  const [type] = await findTypes(tx, [id]);
  if (!type) throw notFound('ProductType');
  return type;
}

/** Makes a product type. */
export async function createType(ctx: Context, input: unknown): Promise<ProductType> {
  const { code, name, attributes } = parseInput(CreateType, input);
  return changeTaxonomy(ctx, async (tx) => {
    const type = await insertType(tx, { sellerId: ownerOf(ctx), code, name, createdAt: ctx.now() });
    await replaceDefinitions(tx, type, toDefinitions(attributes ?? []), []);
    return readType(tx, type.id);
  });
}

/** Changes a product type; attributes are matched by code. */
export async function updateProductType(ctx: Context, input: unknown): Promise<ProductType> {
  const { id, name, attributes } = parseInput(UpdateType, input);
  return changeTaxonomy(ctx, async (tx) => {
    const [type] = await findTypes(tx, [id]);
    requireOwner(ctx, type, 'ProductType');
    if (!type) throw notFound('ProductType');
    if (name) await updateType(tx, id, name);
    if (attributes) {
      const gone = type.attributes.filter(({ code }) => !attributes.some((attribute) => attribute.code === code));
      const turned = attributes.flatMap(({ code, kind, perVariant }, index) => {
        const known = type.attributes.find((attribute) => attribute.code === code);
        return known && (known.kind !== kind || known.perVariant !== (perVariant ?? false))
          ? [{ path: `attributes.${index}.kind`, message: 'cannot change, nor whose it is; make another attribute' }]
          : [];
      });
      if (turned.length > 0) throw badInput(turned);
      if (gone.length > 0 && (await isTypeUsed(tx, id)))
        throw conflict(`products are of this type, so ${gone[0]?.code} must stay`, { reason: 'IN_USE' });
      await replaceDefinitions(
        tx,
        type,
        toDefinitions(attributes),
        gone.map((definition) => definition.id),
      );
    }
    return readType(tx, id);
  });
}

// ——— Categories ———

const deepest = 8;

async function requireCategory(ctx: Context, tx: Db, id: string): Promise<Category> {
  const [category] = await findCategories(tx, [id]);
  requireOwner(ctx, category, 'ProductCategory');
  if (!category) throw notFound('ProductCategory');
  return category;
}

async function requireParent(tx: Db, id: string | undefined, owner: string | null): Promise<Category | null> {
  if (id === undefined) return null;
  const [parent] = await findCategories(tx, [id]);
  if (!parent || (parent.sellerId !== null && parent.sellerId !== owner)) throw notFound('ProductCategory');
  if (parent.sellerId !== owner) throw badInput([{ path: 'parentId', message: 'is a category of the platform; choose one of your own' }]);
  return parent;
}

const tooDeep = () => conflict(`categories are at most ${deepest} deep`, { reason: 'TOO_DEEP' });

/** Makes a category. */
export async function createCategory(ctx: Context, input: unknown): Promise<Category> {
  const { name, slug, parentId, position } = parseInput(CreateCategory, input);
  const sellerId = ownerOf(ctx);
  return changeTaxonomy(ctx, async (tx) => {
    await lockTree(tx, sellerId);
    const parent = await requireParent(tx, parentId, sellerId);
    if ((parent?.path.length ?? 0) >= deepest) throw tooDeep();
    const id = v7();
    return insertCategory(tx, {
      id,
      sellerId,
      name,
      slug: slug ?? (toSlug(name) || 'category'),
      parentId: parent?.id ?? null,
      path: [...(parent?.path ?? []), id],
      position: position ?? (await findNextPlace(tx, sellerId, parent?.id ?? null)),
      createdAt: ctx.now(),
    });
  });
}

/** Changes a category. */
export async function updateCategory(ctx: Context, input: unknown): Promise<Category> {
  const { id, name, slug, position } = parseInput(UpdateCategory, input);
  return changeTaxonomy(ctx, async (tx) => {
    const category = await requireCategory(ctx, tx, id);
    const change = { ...(name && { name }), ...(slug && { slug }), ...(position !== undefined && { position }) };
    return Object.keys(change).length === 0 ? category : updateCategoryRow(tx, id, change);
  });
}

/** Puts a category with all below it elsewhere; one move in a tree at a time, so that two cannot make a circle. */
export async function moveCategory(ctx: Context, input: unknown): Promise<Category> {
  const { id, parentId, position } = parseInput(MoveCategory, input);
  return changeTaxonomy(ctx, async (tx) => {
    const { sellerId } = await requireCategory(ctx, tx, id);
    await lockTree(tx, sellerId);
    const category = await requireCategory(ctx, tx, id);
    const parent = await requireParent(tx, parentId, sellerId);
    if (parent?.path.includes(id)) throw conflict('a category cannot stand below itself', { reason: 'CIRCLE' });
    const subtree = await findSubtree(tx, id);
    const above = parent?.path ?? [];
    const depthOf = (row: Category) => row.path.length - (category.path.length - 1);
    if (subtree.some((row) => above.length + depthOf(row) > deepest)) throw tooDeep();
    const place = position ?? (await findNextPlace(tx, sellerId, parent?.id ?? null));
    await updateCategoryRow(tx, id, { parentId: parent?.id ?? null, position: place });
    for (const row of subtree) await updateCategoryRow(tx, row.id, { path: [...above, ...row.path.slice(category.path.length - 1)] });
    const [moved] = await findCategories(tx, [id]);
    return moved ?? category;
  });
}

/** Deletes an empty category. */
export async function removeCategory(ctx: Context, input: unknown): Promise<string> {
  const { id } = parseInput(OneOfMany, input);
  return changeTaxonomy(ctx, async (tx) => {
    await requireCategory(ctx, tx, id);
    await deleteCategory(tx, id);
    return id;
  });
}
