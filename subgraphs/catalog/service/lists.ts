import { inTenant } from '@supergraph/platform/database';
import { badInput } from '@supergraph/platform/errors';
import { idInput, optional, parseInput } from '@supergraph/platform/input';
import { type Connection, type PageArguments, readPage, toConnection } from '@supergraph/platform/page';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { isStaff } from '../policy.ts';
import { countProducts, findTitles, type ListConditions, listProducts, type ListRequest } from '../store/listing.ts';
import type { Product } from '../store/products.ts';
import { countPriceChanges, listPriceChanges, type PriceChange, type Variant } from '../store/variants.ts';
import { toBarcode } from './barcodes.ts';
import { fold, readSearch } from './text.ts';

const few = <T>(schema: z.ZodType<T>, max = 100) => optional(z.array(schema).max(max, `must have at most ${max} entries`));
/** PostgreSQL keeps no text with a NUL, so there is nothing to find. */
const plain = (max: number) =>
  z
    .string()
    .max(max, `must have at most ${max} characters`)
    .transform((text) => text.replaceAll('\0', ' '));
const words = plain(200).transform(readSearch);
const decimal = z.string().regex(/^-?\d{1,30}(\.\d{1,30})?$/, 'must be a decimal number such as 12.50');
const status = z.enum(['DRAFT', 'SCHEDULED', 'ACTIVE', 'ARCHIVED']);

const AttributeFilter = z.strictObject({
  code: plain(60),
  values: few(plain(1_000)),
  from: optional(decimal),
  to: optional(decimal),
  fromDate: optional(z.string()),
  toDate: optional(z.string()),
  is: optional(z.boolean()),
});

const Filter = z.strictObject({
  search: optional(words),
  title: optional(words),
  // What is no barcode is nobody's.
  barcode: optional(
    z
      .string()
      .max(40, 'must have at most 40 characters')
      .transform((text) => toBarcode(text) ?? ''),
  ),
  skus: few(plain(60).transform((sku) => sku.toLowerCase())),
  sellerIds: few(idInput),
  typeCodes: few(plain(60)),
  categoryIds: few(idInput),
  tags: few(plain(60).transform(fold), 50),
  attributes: few(AttributeFilter, 20),
  currency: optional(z.string()),
  priceFrom: optional(decimal),
  priceTo: optional(decimal),
  onSale: optional(z.boolean()),
  inStock: optional(z.boolean()),
  minRating: optional(z.number().min(0, 'must be between 0 and 5').max(5, 'must be between 0 and 5')),
  statuses: few(status, 4),
  updatedAfter: optional(z.date()),
});

const order = z.strictObject({
  field: z.enum(['RELEVANCE', 'NEWEST', 'TITLE', 'PRICE', 'RATING', 'BEST_SELLING', 'UPDATED_AT']),
  direction: z.enum(['ASC', 'DESC']),
});
const ListArguments = z.object({ filter: optional(Filter), orderBy: optional(order) });

export interface ListArguments extends PageArguments {
  readonly filter?: unknown;
  readonly orderBy?: unknown;
}
type Statuses = readonly Product['status'][];

function readRequest(args: ListArguments, from: ListRequest['from'], fixed: Partial<ListConditions>, usual: Statuses): ListRequest {
  const { filter, orderBy } = parseInput(ListArguments, { filter: args.filter, orderBy: args.orderBy });
  if (orderBy?.field === 'RELEVANCE' && !filter?.search)
    throw badInput([{ path: 'orderBy.field', message: 'RELEVANCE needs filter.search' }]);
  return {
    from,
    conditions: { ...filter, statuses: filter?.statuses ?? usual, ...fixed },
    order: orderBy ?? { field: filter?.search ? 'RELEVANCE' : 'NEWEST', direction: 'DESC' },
  };
}

/** Everybody's list shows what is active; staff who ask for other states get their own organization's products. */
export async function pageOfProducts(ctx: Context, args: ListArguments, fixed: Partial<ListConditions> = {}): Promise<Connection<Product>> {
  const request = readRequest(args, 'listing', fixed, ['ACTIVE']);
  const { statuses } = request.conditions;
  if (isStaff(ctx) && statuses.some((status) => status !== 'ACTIVE')) return pageOf(ctx, args, { ...request, from: 'shelf' });
  return pageOf(ctx, args, {
    ...request,
    conditions: { ...request.conditions, statuses: statuses.filter((status) => status === 'ACTIVE') },
  });
}

/** A seller's own products in every state; null for whoever does not act in it. */
export async function pageOfSeller(ctx: Context, sellerId: string, args: ListArguments): Promise<Connection<Product> | null> {
  if (ctx.organization?.id !== sellerId) return null;
  return pageOf(ctx, args, readRequest(args, 'shelf', {}, ['DRAFT', 'SCHEDULED', 'ACTIVE', 'ARCHIVED']));
}

async function pageOf(ctx: Context, args: PageArguments, request: ListRequest): Promise<Connection<Product>> {
  const page = readPage(ctx, args, ['products', request, request.from === 'shelf' ? ctx.organization?.id : null]);
  const read: typeof inTenant = request.from === 'shelf' ? inTenant : (scope, work) => work(scope.db);
  const rows = await read(ctx, (db) => listProducts(db, page, request));
  const keys = new Map(rows.map((row) => [row.product.id, row.keys]));
  for (const { product } of rows) ctx.loaders.productById.prime(product.id, product);
  return toConnection(
    ctx,
    page,
    rows.map(({ product }) => product),
    (product) => keys.get(product.id) ?? [],
    () => read(ctx, (db) => countProducts(db, request)),
  );
}

/** Titles that begin so. */
export async function suggestTitles(ctx: Context, args: { prefix: string; limit?: number | null | undefined }): Promise<string[]> {
  const Suggestions = z.object({
    prefix: plain(200),
    limit: optional(z.int().min(1, 'must be between 1 and 20').max(20, 'must be between 1 and 20')),
  });
  const { prefix, limit } = parseInput(Suggestions, args);
  const begin = fold(prefix).trim();
  return begin === '' ? [] : findTitles(ctx.db, begin, limit ?? 8);
}

/** What was set for a variant in a currency, the newest first; null for whoever is not its seller's staff. */
export async function pageOfPriceHistory(
  ctx: Context,
  variant: Variant,
  args: PageArguments & { currency: string },
): Promise<Connection<PriceChange> | null> {
  if (ctx.organization?.id !== variant.sellerId) return null;
  const page = readPage(ctx, args, ['priceHistory', variant.id, args.currency]);
  const rows = await inTenant(ctx, (tx) => listPriceChanges(tx, page, variant.id, args.currency));
  return toConnection(
    ctx,
    page,
    rows,
    (row) => [row.setAt, row.id],
    () => inTenant(ctx, (tx) => countPriceChanges(tx, variant.id, args.currency)),
  );
}
