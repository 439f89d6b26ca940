import { testSubgraph } from '@supergraph/platform/testing';
import { variantChanged } from '@supergraph/schema/events/catalog';
import { subgraph } from '../index.ts';
import { referenceOf } from '../service/pricing.ts';
import { eur, nextSku, world } from './world.ts';

const harness = testSubgraph(subgraph);
const { run, advance, settle, emitted, close } = harness;
afterAll(close);
const a = world(harness);
const hour = 3_600_000;
const day = 24 * hour;
const at = (days: number) => new Date(Date.UTC(2026, 0, 1) + days * day);
const set = (days: number, regularMinor: number | null, saleMinor: number | null = null, from = days, to: number | null = null) => ({
  setAt: at(days),
  regularMinor,
  saleMinor,
  saleStartsAt: saleMinor === null ? null : at(from),
  saleEndsAt: to === null ? null : at(to),
});

describe('the reference price', () => {
  test('is the lowest price in force in the 30 days before the reduction began', () => {
    expect(referenceOf([set(0, 900), set(5, 2_000), set(40, 1_500), set(45, 1_800, 1_000)], at(0))).toEqual({
      reductionBeganAt: at(45),
      priorLowestMinor: 1_500,
    });
    expect(referenceOf([set(0, 900), set(20, 2_000), set(45, 2_000, 1_000)], at(0)).priorLowestMinor).toBe(900);
  });
  test('counts from the first publication, if that is less', () => {
    expect(referenceOf([set(0, 500), set(40, 1_000), set(50, 1_000, 800)], at(42)).priorLowestMinor).toBe(1_000);
    expect(referenceOf([set(0, 500, 400)], at(1)).priorLowestMinor).toBeNull();
    expect(referenceOf([set(0, 500, 400, 3)], null)).toEqual({ reductionBeganAt: at(3), priorLowestMinor: null });
  });
  test('counts only the part of a planned sale that came to be', () => {
    expect(referenceOf([set(0, 1_000, 700, 5, 10), set(3, 1_000), set(20, 1_000, 900)], at(0)).priorLowestMinor).toBe(1_000);
  });
  test('treats a sale that follows another without a day at regular price as the same reduction', () => {
    expect(referenceOf([set(0, 1_000), set(20, 1_000, 900, 20, 25), set(25.5, 1_000, 800)], at(0))).toEqual({
      reductionBeganAt: at(20),
      priorLowestMinor: 1_000,
    });
    expect(referenceOf([set(0, 1_000), set(20, 1_000, 900, 20, 25), set(26, 1_000, 800)], at(0))).toEqual({
      reductionBeganAt: at(26),
      priorLowestMinor: 900,
    });
  });
});

const euro = (amount: string) => ({ amount, currency: 'EUR' });

test('a sale exists between its start and its end, to the minute, in prices and in lists, and the clock tells of it', async () => {
  const product = await a.published({ title: 'Timed', variants: [{ sku: nextSku(), prices: [eur('20')] }] });
  const [{ id: variantId }] = product.variants;
  const saleStartsAt = new Date(Date.now() + hour);
  const saleEndsAt = new Date(Date.now() + 2 * hour);
  const price = async () => (await a.read(product.id)).variants[0].price;
  const listed = (onSale: boolean) => a.titles({ filter: { title: 'timed', onSale, priceTo: '15', currency: 'EUR' } });
  await a.give('setVariantPrices', { variantId, version: 1, prices: [{ ...eur('20'), sale: euro('15'), saleStartsAt, saleEndsAt }] });
  expect(await price()).toMatchObject({ amount: { amount: '20.00' }, onSale: false, discountPercent: null });
  expect(await listed(true)).toEqual([]);
  advance(hour + 1_000);
  expect(await price()).toMatchObject({
    amount: { amount: '15.00' },
    regular: { amount: '20.00' },
    onSale: true,
    saleEndsAt: saleEndsAt.toISOString(),
    priorLowest: { amount: '20.00' },
    discountPercent: 25,
  });
  await settle();
  expect(await listed(true)).toEqual(['Timed']);
  advance(hour);
  expect(await price()).toMatchObject({ amount: { amount: '20.00' }, onSale: false });
  await settle();
  expect(await listed(true)).toEqual([]);
  const told = (await emitted(variantChanged)).filter((event) => event.variantId === variantId);
  expect(told.map(({ changed }) => changed)).toEqual([['isPurchasable'], ['prices'], ['prices'], ['prices']]);
  expect(new Set(told.map(({ version }) => version)).size).toBe(4);
});

test('a sale that is no cheaper than the lowest price before shows no discount', async () => {
  const product = await a.published({ variants: [{ sku: nextSku(), prices: [eur('10')] }] });
  const [{ id: variantId }] = product.variants;
  advance(10 * day);
  await a.give('setVariantPrices', { variantId, version: 1, prices: [eur('30')] });
  advance(10 * day);
  await a.give('setVariantPrices', { variantId, version: 2, prices: [{ ...eur('30'), sale: euro('10') }] });
  expect((await a.read(product.id)).variants[0].price).toMatchObject({ onSale: true, priorLowest: null, discountPercent: null });
});

test('a product that is published with a running sale has nothing to be held against', async () => {
  const product = await a.published({ variants: [{ sku: nextSku(), prices: [{ ...eur('10'), sale: euro('8') }] }] });
  expect(product.variants[0].price).toMatchObject({ amount: { amount: '8.00' }, onSale: true, priorLowest: null });
});

test('without a price in a currency there is none: nothing is converted, and the first currency is meant unless said otherwise', async () => {
  const usd = { regular: { amount: '9', currency: 'USD' } };
  const yen = { regular: { amount: '1200', currency: 'JPY' } };
  const product = await a.published({ title: 'Monies', variants: [{ sku: nextSku(), prices: [usd, yen] }] });
  const read = `query ($id: ID!) { product(id: $id) { usd: priceRange { min { amount currency } } eur: priceRange(currency: "EUR") { min { amount } }
    variants { currencies price { amount { amount currency } } yen: price(currency: "JPY") { amount { amount currency } } euro: price(currency: "EUR") { onSale } } } }`;
  expect((await run(read, { variables: { id: product.id }, as: null })).data.product).toEqual({
    usd: { min: { amount: '9.00', currency: 'USD' } },
    eur: null,
    variants: [
      {
        currencies: ['USD', 'JPY'],
        price: { amount: { amount: '9.00', currency: 'USD' } },
        yen: { amount: { amount: '1200', currency: 'JPY' } },
        euro: null,
      },
    ],
  });
  expect(await a.titles({ filter: { title: 'monies', currency: 'EUR' } })).toEqual([]);
  expect(await a.titles({ filter: { title: 'monies', currency: 'JPY', priceFrom: '1000' } })).toEqual(['Monies']);
});

test('staff read what was set when, page by page; nobody else does', async () => {
  const product = await a.published({ variants: [{ sku: nextSku(), prices: [eur('1')] }] });
  const [{ id: variantId }] = product.variants;
  for (const [index, amount] of ['2', '3', '4'].entries()) {
    advance(day);
    await a.give('setVariantPrices', { variantId, version: index + 1, prices: [eur(amount)] });
  }
  advance(day);
  await a.give('setVariantPrices', { variantId, version: 4, prices: [{ regular: { amount: '5', currency: 'USD' } }] });
  const read = `query ($id: ID!, $first: Int, $after: String, $last: Int) { variant(id: $id) { priceHistory(first: $first, after: $after, last: $last, currency: "EUR") {
    totalCount pageInfo { hasNextPage endCursor } nodes { from to regular { amount } sale { amount } } } } }`;
  const first = (await run(read, { variables: { id: variantId, first: 3 }, in: a.seller })).data.variant.priceHistory;
  expect(first).toMatchObject({
    totalCount: 4,
    nodes: [{ regular: { amount: '4.00' }, to: expect.any(String) }, { regular: { amount: '3.00' } }, { regular: { amount: '2.00' } }],
    pageInfo: { hasNextPage: true },
  });
  expect(first.nodes[1].to).toBe(first.nodes[0].from);
  const second = (await run(read, { variables: { id: variantId, first: 3, after: first.pageInfo.endCursor }, in: a.seller })).data.variant
    .priceHistory;
  expect(second).toMatchObject({ nodes: [{ regular: { amount: '1.00' } }], pageInfo: { hasNextPage: false } });
  expect((await run(read, { variables: { id: variantId, first: 1 }, as: null })).codes).toEqual(['UNAUTHENTICATED']);
  expect((await run(read, { variables: { id: variantId, first: 1 }, in: world(harness).seller })).data.variant.priceHistory).toBeNull();
});
