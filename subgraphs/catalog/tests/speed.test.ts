import { observeQueries } from '@supergraph/platform/database';
import { testSubgraph } from '@supergraph/platform/testing';
import { sql as query } from 'drizzle-orm';
import { subgraph } from '../index.ts';
import { type ListConditions, type ListRequest, productsQuery } from '../store/listing.ts';
import { eur, nextSku, world } from './world.ts';

const harness = testSubgraph(subgraph);
const { run, owner, context, close } = harness;
afterAll(close);
const a = world(harness);
const scale = 6_000;

async function statementsOf(work: () => Promise<unknown>): Promise<number> {
  const seen: string[] = [];
  const stop = observeQueries((statement) => {
    if (/"catalog"\./.test(statement) && !statement.includes('"outbox"')) seen.push(statement);
  });
  await work();
  stop();
  return seen.length;
}

describe('statements', () => {
  beforeAll(async () => {
    const options = [{ name: 'Size', values: ['S', 'M'] }];
    const of = (value: string) => ({
      sku: nextSku(),
      optionValues: [{ option: 'Size', value }],
      prices: [eur('10')],
      attributes: [{ code: 'color', choices: ['red'] }],
    });
    for (let n = 0; n < 25; n += 1)
      await a.published({
        title: `Product ${n}`,
        options,
        variants: [of('S'), of('M')],
        attributes: [{ code: 'language', text: 'English' }],
      });
  });

  test('a list with variants, prices, categories and attributes costs at most seven', async () => {
    const document = `{ products(first: 100) { totalCount nodes { title seller { id } type { code } categories { name } primaryCategory { name } attributes { definition { name } text }
      priceRange { min { amount } } variants { title isPurchasable attributes { choices } currencies price { amount { amount } } } } } }`;
    expect(await statementsOf(() => run(document, { as: null }))).toBeLessThanOrEqual(7);
  });

  test('twenty products with variants and prices cost three, and a hundred references no more', async () => {
    const document = '{ products(first: 20) { nodes { id title variants { id title price { amount { amount } } } } } }';
    expect(await statementsOf(() => run(document, { as: null }))).toBe(3);
    const { data } = await run('{ products(first: 100) { nodes { id } } }', { as: null });
    const of = data.products.nodes.map(({ id }: { id: string }) => ({ __typename: 'Product', id }));
    const references =
      'query ($of: [_Any!]!) { _entities(representations: $of) { ... on Product { title variants { id price { amount { amount } } } } } }';
    expect(await statementsOf(() => run(references, { variables: { of }, as: null }))).toBe(3);
  });
});

describe('plans', () => {
  const colors = ['red', 'green', 'blue'];
  let categoryId = '';
  beforeAll(async () => {
    const { typeId, categoryId: top } = await a.basics();
    categoryId = (await a.give('createProductCategory', { name: 'Busy', parentId: top })).id;
    const sql = await owner();
    // One product of twenty is this seller's.
    const sellerOf = sql`case when n % 20 = 0 then ${a.seller.id}::uuid else md5('seller' || n % 100)::uuid end`;
    await sql`insert into catalog.products (id, seller_id, type_id, status, slug, title)
      select md5('p' || n)::uuid, ${sellerOf}, ${typeId}, 'ACTIVE', 'slug-' || n, 'Thing number ' || n from generate_series(1, ${scale}) n`;
    await sql`insert into catalog.variants (id, product_id, seller_id, sku, title, option_hash, position)
      select md5('v' || n)::uuid, md5('p' || n)::uuid, ${sellerOf}, 'S' || n, 'x', 'h', 0 from generate_series(1, ${scale}) n`;
    await sql`insert into catalog.listing (product_id, seller_id, currency, status, type_code, title, title_sort, price_up, price_down, on_sale, in_stock, rating_up, rating_down, sold30d, published_at, updated_at, tags, category_ids, skus, barcodes, search, title_search)
      select md5('p' || n)::uuid, ${sellerOf}, c, 'ACTIVE', 'type' || n % 30, 'Thing number ' || n, 'thing number ' || n, n % 500, n % 500, n % 10 = 0, n % 3 > 0, n % 5, n % 5, n % 90,
        now() - n * interval '1 minute', now() - n * interval '1 minute', array['tag' || n % 200], array[case when n % 60 = 0 then ${categoryId}::uuid else md5('c' || n % 80)::uuid end], array['s' || n], array['b' || n],
        to_tsvector('simple', 'thing number ' || n || ' word' || n % 100), to_tsvector('simple', 'thing number ' || n)
      from generate_series(1, ${scale}) n, unnest(array['*', 'EUR']) c`;
    await sql`insert into catalog.offers (variant_id, currency, product_id, seller_id, listed, price, on_sale, in_stock)
      select md5('v' || n)::uuid, c, md5('p' || n)::uuid, ${sellerOf}, true, n % 500, n % 10 = 0, n % 3 > 0 from generate_series(1, ${scale}) n, unnest(array['*', 'EUR']) c`;
    await sql`insert into catalog.facet_values (id, product_id, variant_id, seller_id, listed, code, text, number)
      select md5('f' || n || code)::uuid, md5('p' || n)::uuid, null, ${sellerOf}, true, code, case when code = 'color' then (${colors}::text[])[1 + n % 3] else 'm' || n % 50 end, n % 700
      from generate_series(1, ${scale}) n, unnest(array['color', 'material', 'pages']) code`;
    await sql`analyze`;
  });

  const fields = ['NEWEST', 'TITLE', 'PRICE', 'RATING', 'BEST_SELLING', 'UPDATED_AT'] as const;
  const orders = fields.flatMap((field) => (['ASC', 'DESC'] as const).map((direction) => ({ field, direction })));
  const filters = (): Partial<ListConditions>[] => [
    { search: [{ words: 'word7', excluded: false }] },
    { title: [{ words: 'number 77', excluded: false }] },
    { barcode: 'b77' },
    { skus: ['s77', 's78'] },
    { sellerIds: [a.seller.id] },
    { typeCodes: ['type7'] },
    { categoryIds: [categoryId] },
    { tags: ['tag7'] },
    { currency: 'EUR', priceFrom: '100', priceTo: '110' },
    { currency: 'EUR', onSale: true },
    { inStock: true },
    { minRating: 4 },
    { updatedAfter: new Date(Date.now() - 600_000) },
    {
      attributes: [
        { code: 'material', values: ['m7'] },
        { code: 'pages', from: '100', to: '130' },
      ],
    },
    {
      currency: 'EUR',
      categoryIds: [categoryId],
      attributes: [
        { code: 'color', values: ['red'] },
        { code: 'material', values: ['m0', 'm1'] },
      ],
      priceFrom: '0',
      priceTo: '400',
    },
  ];

  async function tablesScanned(request: ListRequest, position: (string | number)[] | null = null): Promise<string[]> {
    const { db } = await context();
    const plan = await db.execute<{ 'QUERY PLAN': string }>(
      query`explain ${productsQuery(db, { size: 20, backward: false, position, scope: '' }, request).getSQL()}`,
    );
    return plan.flatMap((row) => /Seq Scan on (listing|products|offers|facet_values|variants)/.exec(row['QUERY PLAN'])?.[1] ?? []);
  }

  test('no order of a list scans a table, on the first page or later', async () => {
    for (const order of orders) {
      const request: ListRequest = { from: 'listing', conditions: { statuses: ['ACTIVE'] }, order };
      expect([order, ...(await tablesScanned(request))]).toEqual([order]);
      const key = {
        NEWEST: new Date().toISOString(),
        UPDATED_AT: new Date().toISOString(),
        TITLE: 'thing',
        PRICE: 250,
        RATING: 3,
        BEST_SELLING: 40,
      }[order.field];
      expect([order, ...(await tablesScanned(request, [key, a.seller.id]))]).toEqual([order]);
    }
  });

  test('no filter of a list scans a table, whatever the order', async () => {
    for (const filter of filters()) {
      const byFit = filter.search ? [{ field: 'RELEVANCE', direction: 'DESC' } as const] : [];
      for (const order of [...orders, ...byFit]) {
        const request: ListRequest = { from: 'listing', conditions: { ...filter, statuses: ['ACTIVE'] }, order };
        expect([filter, order, ...(await tablesScanned(request))]).toEqual([filter, order]);
      }
    }
  });
});
