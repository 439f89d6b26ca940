import type { Db } from '@supergraph/platform/database';
import { conflict } from '@supergraph/platform/errors';
import { parseInput } from '@supergraph/platform/input';
import type { Context } from '../context.ts';
import { findPriceRecords, findVariants, insertPriceRecords, replacePrices, updateVariantRow, type Variant } from '../store/variants.ts';
import { refreshProduct } from './changes.ts';
import { type PriceInput, SetPrices } from './inputs.ts';
import { tellVariants } from './messages.ts';
import { referenceOf } from './pricing.ts';
import { change, requireVariant } from './writing.ts';

type Priced = Pick<Variant, 'id' | 'productId' | 'sellerId' | 'firstPublishedAt'>;

/** Gives variants their prices, notes them in the history and works out what they are held against. */
export async function writePrices(
  tx: Db,
  entries: readonly { variant: Priced; prices: readonly PriceInput[] }[],
  now: Date,
): Promise<void> {
  const ids = entries.map(({ variant }) => variant.id);
  const earlier = Map.groupBy(await findPriceRecords(tx, ids), ({ variantId }) => variantId);
  const written = entries.map(({ variant, prices }) => ({ variant, ...recordsOf(variant, prices, earlier.get(variant.id) ?? [], now) }));
  await insertPriceRecords(
    tx,
    written.flatMap(({ records }) => records),
  );
  await replacePrices(
    tx,
    ids,
    written.flatMap(({ variant: { id: variantId, productId, sellerId, firstPublishedAt }, records, past }) =>
      records.flatMap((record, position) => {
        const { currency, regularMinor, saleMinor, saleStartsAt, saleEndsAt } = record;
        if (regularMinor === null) return [];
        const history = [...past.filter((candidate) => candidate.currency === currency && candidate.setAt < now), record];
        const price = { variantId, productId, sellerId, position, currency, regularMinor, saleMinor, saleStartsAt, saleEndsAt };
        return [{ ...price, ...referenceOf(history, firstPublishedAt) }];
      }),
    ),
  );
}

type Past = Awaited<ReturnType<typeof findPriceRecords>>;

function recordsOf(variant: Priced, prices: readonly PriceInput[], past: Past, now: Date) {
  const common = { variantId: variant.id, sellerId: variant.sellerId, setAt: now };
  const set = prices.map(({ regular, sale, saleStartsAt, saleEndsAt }) => ({
    ...common,
    currency: regular.currency,
    regularMinor: regular.minor as number | null,
    saleMinor: sale?.minor ?? null,
    saleStartsAt: sale ? (saleStartsAt ?? now) : null,
    saleEndsAt: saleEndsAt ?? null,
  }));
  const current = new Map(past.map((record) => [record.currency, record]));
  const withdrawn = [...current.values()]
    .filter(({ currency, regularMinor }) => regularMinor !== null && !set.some((price) => price.currency === currency))
    .map(({ currency }) => ({ ...common, currency, regularMinor: null, saleMinor: null, saleStartsAt: null, saleEndsAt: null }));
  return { records: [...set, ...withdrawn], past };
}

/** Replaces all prices of a variant. */
export async function setPrices(ctx: Context, input: unknown): Promise<Variant> {
  const { variantId, version, prices } = parseInput(SetPrices, input);
  return change(ctx, async (tx, sellerId) => {
    const { variant } = await requireVariant(tx, variantId, sellerId, version);
    if (variant.status === 'ARCHIVED') throw conflict('the variant is archived', { reason: 'ARCHIVED' });
    await writePrices(tx, [{ variant, prices }], ctx.now());
    await updateVariantRow(tx, variant, {}, ctx.now());
    const whole = await refreshProduct(ctx, tx, variant.productId);
    await tellVariants(ctx, tx, whole, [variantId], ['prices']);
    const [changed] = await findVariants(tx, [variantId]);
    return changed ?? variant;
  });
}
