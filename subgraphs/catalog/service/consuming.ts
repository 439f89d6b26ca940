import { asTenant, type Db } from '@supergraph/platform/database';
import { updateRatingOfListings, updateStockOfListings } from '../store/listing-changes.ts';
import { findOwners, findProductForChange, updateHidden } from '../store/products.ts';
import { eraseSeller, findSeller, updateArchiving, updateSuspension, upsertRating, upsertStock } from '../store/sellers.ts';
import { type Changer, refreshSeller } from './changes.ts';
import { ratingOrder } from './whole.ts';

const isHidden = (seller: { suspended: boolean; archived: boolean } | null): boolean =>
  seller !== null && (seller.suspended || seller.archived);

/** Hides a seller's products while it is suspended or archived, and shows them again. */
export async function hearOfSeller(
  ctx: Changer,
  tx: Db,
  change: { readonly suspended: boolean } | { readonly archived: boolean },
  sellerId: string,
  heardAt: Date,
): Promise<void> {
  const before = isHidden(await findSeller(tx, sellerId));
  if ('suspended' in change) await updateSuspension(tx, sellerId, change.suspended, heardAt);
  else await updateArchiving(tx, sellerId, change.archived, heardAt);
  const after = isHidden(await findSeller(tx, sellerId));
  if (before === after) return;
  await updateHidden(tx, sellerId, after);
  await refreshSeller(ctx, tx, sellerId);
}

/** Removes rows of a deleted organization; whether some may be left. */
export const eraseCatalog = (_ctx: unknown, tx: Db, organizationId: string, most: number): Promise<boolean> =>
  eraseSeller(tx, organizationId, most);

/** Notes whether a variant is in stock, for the filter. */
export async function applyStock(
  tx: Db,
  { variantId, productId, sellerId, version }: { variantId: string; productId: string; sellerId: string; version: number },
  inStock: boolean,
): Promise<void> {
  if (!(await upsertStock(tx, { variantId, sellerId, inStock, version }))) return;
  // Held, so that two changes of one product do not write its rows side by side.
  if (await findProductForChange(tx, productId, sellerId)) await updateStockOfListings(tx, { variantId, productId, inStock });
}

/** Notes a product's rating, for the filter and the order. */
export async function applyRating(
  tx: Db,
  { subjectType, subjectId, average, version }: { subjectType: string; subjectId: string; average: number | null; version: number },
): Promise<void> {
  if (subjectType !== 'PRODUCT') return;
  if (!(await upsertRating(tx, { productId: subjectId, average: average === null ? null : String(average), version }))) return;
  const [owner] = await findOwners(tx, [subjectId]);
  if (!owner) return;
  await asTenant(tx, owner.sellerId, async (scoped) => {
    if (!(await findProductForChange(scoped, subjectId, owner.sellerId))) return;
    await updateRatingOfListings(scoped, subjectId, ratingOrder(average === null ? undefined : String(average)));
  });
}
