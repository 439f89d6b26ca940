import type { Db } from '@supergraph/platform/database';
import { notFound } from '@supergraph/platform/errors';
import { statusOf } from '../policy.ts';
import { insertItems, replaceComponents } from '../store/items.ts';
import { changeStock, openStock, saveStock } from './stock.ts';
import type { SystemContext } from './telling.ts';

/** What the catalog says of a variant. */
export interface VariantFacts {
  readonly variantId: string;
  readonly productId: string;
  readonly sellerId: string;
  readonly sku: string;
  readonly title: string;
  readonly kind: 'SIMPLE' | 'BUNDLE';
  readonly components: readonly { readonly variantId: string; readonly quantity: number }[];
  readonly trackInventory: boolean;
  readonly isPurchasable: boolean;
  readonly version: number;
}

/** Older than any version of the catalog's. */
const unheard = -1;

/**
 * Takes over what the catalog says of a variant, unless something newer is known. Tracking starts from the levels on
 * record and, when it ends, releases nothing. A variant stays archived until it can be bought again.
 */
export async function registerVariant(
  ctx: SystemContext,
  tx: Db,
  facts: VariantFacts,
  { archived = false }: { archived?: boolean } = {},
): Promise<void> {
  const { variantId, productId, sellerId, sku, title, kind, version, trackInventory: tracked } = facts;
  const status = statusOf({ tracked, archived, inStock: 0, orderable: 0, lowStockThreshold: 0 });
  await insertItems(tx, [
    { variantId, productId, organizationId: sellerId, sku, title, kind, tracked, catalogVersion: unheard, status, updatedAt: ctx.now() },
  ]);
  const stock = await openStock(tx, sellerId, [variantId]);
  const item = stock.items.get(variantId);
  if (!item || item.catalogVersion >= version) return;
  const archivedAt = archived ? (item.archivedAt ?? ctx.now()) : facts.isPurchasable ? null : item.archivedAt;
  stock.items.set(variantId, { ...item, productId, sku, title, kind, tracked, archivedAt, catalogVersion: version });
  await replaceComponents(
    tx,
    variantId,
    facts.components.map(({ variantId: componentId, quantity }) => ({
      bundleId: variantId,
      componentId,
      organizationId: sellerId,
      quantity,
    })),
  );
  await saveStock(ctx, tx, stock);
}

/** A change names variants of which inventory has not heard; caught in this file alone. */
export class UnknownVariants extends Error {
  readonly variantIds: readonly string[];
  constructor(variantIds: readonly string[]) {
    super('variants that inventory has not heard of');
    this.variantIds = variantIds;
  }
}

/** Refuses to go on with variants that are not registered. */
export function refuseUnknown(variantIds: readonly string[], known: { has(variantId: string): boolean }): void {
  const unknown = variantIds.filter((variantId) => !known.has(variantId));
  if (unknown.length > 0) throw new UnknownVariants([...new Set(unknown)]);
}

/** A bundle may bring components that are as new as itself. */
const rounds = 2;

/** Runs a change of stock; variants of which inventory has not heard yet are asked of the catalog, then they are NOT_FOUND. */
export async function changeKnownStock<Result>(
  ctx: SystemContext,
  organizationId: string,
  work: (tx: Db) => Promise<Result>,
): Promise<Result> {
  for (let round = 0; ; round += 1) {
    try {
      return await changeStock(ctx, organizationId, work);
    } catch (error) {
      if (!(error instanceof UnknownVariants)) throw error;
      if (round >= rounds) throw notFound('Variant');
      await askCatalog(ctx, organizationId, error.variantIds);
    }
  }
}

const variantFacts = `query InventoryVariantFacts($ids: [ID!]!) {
  variantFacts(ids: $ids) { variantId productId sellerId sku title kind components { variant { id } quantity } trackInventory isPurchasable version }
}`;

interface CatalogAnswer {
  readonly variantFacts:
    | readonly (
        | (Omit<VariantFacts, 'components'> & {
            readonly components: readonly { readonly variant: { readonly id: string } | null; readonly quantity: number }[];
          })
        | null
      )[]
    | null;
}

async function askCatalog(ctx: SystemContext, organizationId: string, ids: readonly string[]): Promise<void> {
  const answer = await ctx.call<CatalogAnswer>('catalog', variantFacts, { ids });
  const facts = (answer.variantFacts ?? [])
    .filter((fact) => fact !== null)
    .filter(({ sellerId, variantId }) => sellerId === organizationId && ids.includes(variantId));
  if (new Set(facts.map(({ variantId }) => variantId)).size < ids.length) throw notFound('Variant');
  for (const fact of facts.toSorted((one, other) => (one.variantId < other.variantId ? -1 : 1))) {
    const components = fact.components.flatMap(({ variant, quantity }) => (variant ? [{ variantId: variant.id, quantity }] : []));
    await changeStock(ctx, organizationId, (tx) => registerVariant(ctx, tx, { ...fact, components }));
  }
}
