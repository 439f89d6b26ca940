import type { RequestContext } from '@supergraph/platform/context';
import { asTenant, type Db } from '@supergraph/platform/database';
import { defineWorker } from '@supergraph/platform/workers';
import { productArchived, productPublished, productUnpublished } from '@supergraph/schema/events/catalog';
import { z } from 'zod';
import { isListed } from '../policy.ts';
import { replaceListings } from '../store/listing.ts';
import {
  findDueProducts,
  findProductForChange,
  listProductIdsOfSeller,
  type Product,
  updateProductRow,
  upsertDirectory,
} from '../store/products.ts';
import { findPriceRecords, replacePrices, updateRevisions } from '../store/variants.ts';
import { listedPayload, tellProduct, tellVariants } from './messages.ts';
import { referenceOf } from './pricing.ts';
import { missingToPublish } from './publishable.ts';
import { dueAt, listingRowsOf, loadWhole, type WholeProduct } from './whole.ts';

/** What changes need of a context: requests, consumers and workers all have it. */
export type Changer = Pick<RequestContext, 'db' | 'workers' | 'now' | 'outboxWritten' | 'viewer' | 'organization' | 'traceparent'>;

/** Brings lists, filters and the clock up to date with one product, in the transaction that changed it. */
export async function refreshProduct(ctx: Changer, tx: Db, productId: string): Promise<WholeProduct> {
  const [whole] = await refreshProducts(ctx, tx, [productId]);
  if (!whole) throw new Error('the product that was changed is gone');
  const at = dueAt(whole, ctx.now());
  const { id, sellerId } = whole.product;
  if (at)
    await ctx.workers.enqueue(tx, advanceProduct, { productId: id, sellerId }, { startAfter: at, singletonKey: `${id}:${at.getTime()}` });
  return whole;
}

/** As `refreshProduct` for many; the sweep finds what is due. */
export async function refreshProducts(ctx: Pick<Changer, 'now'>, tx: Db, ids: readonly string[]): Promise<WholeProduct[]> {
  const now = ctx.now();
  const wholes = await loadWhole(tx, ids);
  await replaceListings(tx, ids, await listingRowsOf(tx, wholes, now));
  const entries = wholes.map((whole) => ({ id: whole.product.id, sellerId: whole.product.sellerId, dueAt: dueAt(whole, now) }));
  await upsertDirectory(tx, entries);
  return wholes;
}

const batchSize = 200;

/** Brings lists up to date with all products of a seller, after it was hidden or shown. */
export async function refreshSeller(ctx: Pick<Changer, 'now'>, tx: Db, sellerId: string): Promise<void> {
  let after: string | null = null;
  for (;;) {
    const rows: { id: string }[] = await listProductIdsOfSeller(tx, sellerId, after, batchSize);
    if (rows.length === 0) return;
    await refreshProducts(
      ctx,
      tx,
      rows.map(({ id }) => id),
    );
    after = rows.at(-1)?.id ?? null;
  }
}

// ——— Becoming visible and invisible ———

/** Shows a product to shoppers from now on. */
export async function activate(ctx: Changer, tx: Db, product: Product, until: Date | null): Promise<Product> {
  const now = ctx.now();
  const firstPublishedAt = product.firstPublishedAt ?? now;
  await updateProductRow(tx, product, { status: 'ACTIVE', publishAt: null, publishedAt: now, unpublishAt: until, firstPublishedAt }, now);
  const [before] = await loadWhole(tx, [product.id]);
  const ids = activeIds(before);
  await updateRevisions(tx, ids, now);
  await renewReferences(tx, product.id);
  const whole = await refreshProduct(ctx, tx, product.id);
  await tellProduct(ctx, tx, productPublished, whole.product, listedPayload(whole));
  await tellVariants(ctx, tx, whole, ids, ['isPurchasable']);
  return whole.product;
}

const activeIds = (whole: WholeProduct | undefined): string[] =>
  (whole?.variants ?? []).filter(({ status }) => status === 'ACTIVE').map(({ id }) => id);

/** Before the first publication no price counts, so the reference prices of sales that wait are worked out then. */
async function renewReferences(tx: Db, productId: string): Promise<void> {
  const [whole] = await loadWhole(tx, [productId]);
  if (!whole) return;
  const onSale = whole.variants.filter(({ id }) => whole.prices.get(id)?.some(({ saleMinor }) => saleMinor !== null));
  if (onSale.length === 0) return;
  const ids = onSale.map(({ id }) => id);
  const records = await findPriceRecords(tx, ids);
  const prices = onSale.flatMap((variant) =>
    (whole.prices.get(variant.id) ?? []).map((price) => {
      const own = records.filter((record) => record.variantId === variant.id && record.currency === price.currency);
      return { ...price, ...referenceOf(own, variant.firstPublishedAt) };
    }),
  );
  await replacePrices(tx, ids, prices);
}

/** Hides a product from shoppers: as a draft, or archived for good. */
export async function deactivate(ctx: Changer, tx: Db, product: Product, status: 'DRAFT' | 'ARCHIVED'): Promise<Product> {
  await updateProductRow(tx, product, { status, publishAt: null, publishedAt: null, unpublishAt: null }, ctx.now());
  const [before] = await loadWhole(tx, [product.id]);
  const ids = activeIds(before);
  if (product.status === 'ACTIVE') await updateRevisions(tx, ids, null);
  const whole = await refreshProduct(ctx, tx, product.id);
  const { id: productId, sellerId, version } = whole.product;
  if (status === 'ARCHIVED') await tellProduct(ctx, tx, productArchived, product, { productId, sellerId, version });
  else if (product.status === 'ACTIVE') await tellProduct(ctx, tx, productUnpublished, product, { productId, sellerId, version });
  if (product.status === 'ACTIVE') await tellVariants(ctx, tx, whole, ids, ['isPurchasable']);
  return whole.product;
}

// ——— The clock ———

/** Does what the clock asks of one product: publishes, unpublishes, begins or ends a sale. May come late or twice. */
export const advanceProduct = defineWorker<{ productId: string; sellerId: string }>({
  name: 'advance-product',
  data: z.object({ productId: z.uuid(), sellerId: z.uuid() }),
  run: (ctx, { productId, sellerId }) => asTenant(ctx.db, sellerId, (tx) => advance(ctx, tx, productId, sellerId)),
});

const sweepSize = 200;

/** Takes up what is due and was not done in time. */
export const sweepDueProducts = defineWorker<Record<string, never>>({
  name: 'sweep-due-products',
  data: z.record(z.string(), z.never()),
  schedule: '* * * * *',
  run: async (ctx) => {
    for (const { id, sellerId } of await findDueProducts(ctx.db, ctx.now(), sweepSize)) {
      ctx.signal.throwIfAborted();
      await asTenant(ctx.db, sellerId, (tx) => advance(ctx, tx, id, sellerId));
    }
  },
});

async function advance(ctx: Changer, tx: Db, productId: string, sellerId: string): Promise<void> {
  const product = await findProductForChange(tx, productId, sellerId);
  if (!product) return;
  const now = ctx.now();
  if (product.status === 'SCHEDULED' && product.publishAt && product.publishAt <= now) {
    const [whole] = await loadWhole(tx, [productId]);
    // What became unfit while it waited goes back to its staff.
    const fit = whole && missingToPublish(whole).length === 0;
    await (fit ? activate(ctx, tx, product, product.unpublishAt) : deactivate(ctx, tx, product, 'DRAFT'));
    return;
  }
  if (product.status === 'ACTIVE' && product.unpublishAt && product.unpublishAt <= now) {
    await deactivate(ctx, tx, product, 'DRAFT');
    return;
  }
  await advanceSales(ctx, tx, productId, now);
}

async function advanceSales(ctx: Changer, tx: Db, productId: string, now: Date): Promise<void> {
  const [before] = await loadWhole(tx, [productId]);
  if (!before) return;
  const passed = activeIds(before).filter((id) =>
    before.prices
      .get(id)
      ?.some(({ saleStartsAt, saleEndsAt }) => (saleStartsAt && saleStartsAt <= now) || (saleEndsAt && saleEndsAt <= now)),
  );
  if (passed.length > 0) await updateRevisions(tx, passed, null);
  const whole = await refreshProduct(ctx, tx, productId);
  if (isListed(whole.product)) await tellVariants(ctx, tx, whole, passed, ['prices']);
}
