import { badInput, conflict } from '@supergraph/platform/errors';
import { parseInput } from '@supergraph/platform/input';
import type { Context } from '../context.ts';
import { productQuota, quotas } from '../quotas.ts';
import { type Product, updateProductRow } from '../store/products.ts';
import { activate, deactivate, refreshProduct } from './changes.ts';
import { OneOfMany, PublishProduct } from './inputs.ts';
import { missingToPublish } from './publishable.ts';
import { loadWhole } from './whole.ts';
import { change, refuse, requireProduct } from './writing.ts';

type Status = Product['status'];

function requireStatus(product: Product, allowed: readonly Status[], verb: string): void {
  if (!allowed.includes(product.status))
    throw conflict(`a product that is ${product.status} cannot be ${verb}`, { reason: 'WRONG_STATE', status: product.status });
}

/** Shows a product to shoppers, now or from a moment on. */
export async function publishProduct(ctx: Context, input: unknown): Promise<Product> {
  const { id, at, until } = parseInput(PublishProduct, input);
  const now = ctx.now();
  if (until && until <= (at && at > now ? at : now)) throw badInput([{ path: 'until', message: 'must be after the publication' }]);
  return change(ctx, async (tx, sellerId) => {
    const product = await requireProduct(tx, id, sellerId);
    requireStatus(product, ['DRAFT'], 'published');
    const [whole] = await loadWhole(tx, [id]);
    refuse(whole ? missingToPublish(whole) : []);
    if (!at || at <= now) return activate(ctx, tx, product, until ?? null);
    await updateProductRow(tx, product, { status: 'SCHEDULED', publishAt: at, unpublishAt: until ?? null }, now);
    return (await refreshProduct(ctx, tx, id)).product;
  });
}

/** Makes an active or scheduled product a draft. */
export async function unpublishProduct(ctx: Context, input: unknown): Promise<Product> {
  const { id, version } = parseInput(OneOfMany, input);
  return change(ctx, async (tx, sellerId) => {
    const product = await requireProduct(tx, id, sellerId, version);
    requireStatus(product, ['ACTIVE', 'SCHEDULED'], 'unpublished');
    return deactivate(ctx, tx, product, 'DRAFT');
  });
}

/** Ends the sale of a product. */
export async function archiveProduct(ctx: Context, input: unknown): Promise<Product> {
  const { id, version } = parseInput(OneOfMany, input);
  return change(ctx, async (tx, sellerId) => {
    const product = await requireProduct(tx, id, sellerId, version);
    requireStatus(product, ['DRAFT', 'ACTIVE'], 'archived');
    const archived = await deactivate(ctx, tx, product, 'ARCHIVED');
    await quotas.noteUse(ctx, tx, sellerId, productQuota);
    return archived;
  });
}

/** Makes an archived product a draft again. */
export async function restoreProduct(ctx: Context, input: unknown): Promise<Product> {
  const { id, version } = parseInput(OneOfMany, input);
  return change(ctx, async (tx, sellerId) => {
    const product = await requireProduct(tx, id, sellerId, version);
    requireStatus(product, ['ARCHIVED'], 'restored');
    await quotas.requireRoom(tx, sellerId, productQuota);
    await quotas.noteUse(ctx, tx, sellerId, productQuota);
    await updateProductRow(tx, product, { status: 'DRAFT' }, ctx.now());
    return (await refreshProduct(ctx, tx, id)).product;
  });
}
