import { currencyDigits } from '@supergraph/platform/input';
import type { Price, PriceRecord } from '../store/variants.ts';

type Sale = Pick<Price, 'saleMinor' | 'saleStartsAt' | 'saleEndsAt'>;

/** What a variant costs at one moment, in minor units. */
export interface PriceNow {
  readonly currency: string;
  readonly amountMinor: number;
  readonly regularMinor: number;
  readonly onSale: boolean;
  readonly saleEndsAt: Date | null;
  readonly priorLowestMinor: number | null;
  readonly discountPercent: number | null;
}

const isRunning = (sale: Sale, now: Date): boolean =>
  sale.saleMinor !== null &&
  (sale.saleStartsAt === null || sale.saleStartsAt <= now) &&
  (sale.saleEndsAt === null || now < sale.saleEndsAt);

/** Works a price out at reading time, so that nobody sees a sale before its minute or after it. */
export function priceAt(price: Omit<Price, 'productId' | 'sellerId' | 'position'>, now: Date): PriceNow {
  const { currency, regularMinor } = price;
  const plain = {
    currency,
    regularMinor,
    amountMinor: regularMinor,
    onSale: false,
    saleEndsAt: null,
    priorLowestMinor: null,
    discountPercent: null,
  };
  if (price.saleMinor === null || !isRunning(price, now)) return plain;
  const amountMinor = price.saleMinor;
  const prior = price.priorLowestMinor;
  const reduced = prior !== null && amountMinor < prior;
  return {
    ...plain,
    amountMinor,
    onSale: true,
    saleEndsAt: price.saleEndsAt,
    priorLowestMinor: reduced ? prior : null,
    discountPercent: reduced ? Math.floor((100 * (prior - amountMinor)) / prior) : null,
  };
}

/** The next moment at which a sale begins or ends. */
export function nextBoundary(prices: readonly Sale[], now: Date): Date | null {
  const later = prices.flatMap(({ saleMinor, saleStartsAt, saleEndsAt }) => (saleMinor === null ? [] : [saleStartsAt, saleEndsAt]));
  return earliest(later.filter((at) => at !== null && at > now));
}

/** The earliest of some moments. */
export const earliest = (moments: readonly (Date | null)[]): Date | null =>
  moments.reduce((first, at) => (at !== null && (first === null || at < first) ? at : first), null);

/** An amount in the main unit, as text: 1250, EUR becomes 12.50. */
export function toMainUnit(minor: number, currency: string): string {
  const digits = currencyDigits(currency) ?? 2;
  const text = String(minor).padStart(digits + 1, '0');
  return digits === 0 ? text : `${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

// ——— The lawful reference price ———

const day = 86_400_000;
type PriceRecordLike = Pick<PriceRecord, 'regularMinor' | 'saleMinor' | 'saleStartsAt' | 'saleEndsAt' | 'setAt'>;

interface Span {
  readonly from: number;
  readonly to: number;
  readonly minor: number;
  readonly sale: boolean;
}

/** What was in force when, by what was set when (the oldest first). */
function spansOf(records: readonly PriceRecordLike[]): Span[] {
  return records.flatMap((record, index) => {
    const { regularMinor, saleMinor } = record;
    if (regularMinor === null) return [];
    const [from, to] = [record.setAt.getTime(), records[index + 1]?.setAt.getTime() ?? Infinity];
    const regular = (begin: number, end: number): Span => ({ from: begin, to: end, minor: regularMinor, sale: false });
    if (saleMinor === null) return [regular(from, to)];
    const begin = Math.min(Math.max(from, record.saleStartsAt?.getTime() ?? from), to);
    const end = Math.max(Math.min(to, record.saleEndsAt?.getTime() ?? Infinity), begin);
    return [regular(from, begin), { from: begin, to: end, minor: saleMinor, sale: true }, regular(end, to)].filter(
      (span) => span.to > span.from,
    );
  });
}

export interface Reduction {
  readonly reductionBeganAt: Date | null;
  readonly priorLowestMinor: number | null;
}

/**
 * The lowest price in force in the 30 days before the last reduction began, or since the first publication if that is
 * less. Sales without a day at regular price between them are one reduction.
 */
export function referenceOf(records: readonly PriceRecordLike[], firstPublishedAt: Date | null): Reduction {
  const spans = spansOf(records);
  const sales = spans.filter(({ sale }) => sale);
  let began = sales.at(-1)?.from;
  if (began === undefined) return { reductionBeganAt: null, priorLowestMinor: null };
  for (const sale of sales.toReversed()) if (began - sale.to < day) began = Math.min(began, sale.from);
  const reductionBeganAt = new Date(began);
  if (firstPublishedAt === null) return { reductionBeganAt, priorLowestMinor: null };
  const from = Math.max(began - 30 * day, firstPublishedAt.getTime());
  const before = spans.filter((span) => span.from < (began ?? 0) && span.to > from && from < (began ?? 0)).map(({ minor }) => minor);
  return { reductionBeganAt, priorLowestMinor: before.length === 0 ? null : Math.min(...before) };
}
