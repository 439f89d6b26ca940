import { testSubgraph } from '@supergraph/platform/testing';
import { stockDepleted, stockReplenished } from '@supergraph/schema/events/inventory';
import { ratingUpdated } from '@supergraph/schema/events/reviews';
import { subgraph } from '../index.ts';
import { eur, listProducts, nextSku, world } from './world.ts';

const harness = testSubgraph(subgraph);
const { run, deliver, close } = harness;
afterAll(close);
const a = world(harness);
const b = world(harness);
type Fields = Record<string, unknown>;
const variant = (overrides: Fields = {}) => ({ sku: nextSku(), prices: [eur('10')], ...overrides });
const color = (choice: string) => [{ code: 'color', choices: [choice] }];
const stock = (product: { id: string; variants: { id: string }[] }, nth: number, version = 1) => ({
  variantId: product.variants[nth]?.id ?? '',
  productId: product.id,
  sellerId: a.seller.id,
  orderable: 1,
  version,
});
const rating = (subjectId: string, average: number | null, version = 1) => ({
  subjectType: 'PRODUCT' as const,
  subjectId,
  average,
  count: 1,
  score: 0,
  histogram: [0, 0, 0, 0, 1],
  version,
});

describe('filters', () => {
  test('values of one attribute are joined by OR, attributes and fields by AND, numbers, days and booleans too', async () => {
    const tags = ['filters'];
    const make = (title: string, attributes: Fields[]) => a.published({ title, tags, attributes });
    await make('First', [
      { code: 'language', text: 'English' },
      { code: 'pages', number: '90' },
      { code: 'since', date: '2020-01-01' },
      { code: 'signed', boolean: true },
    ]);
    await make('Second', [
      { code: 'language', text: 'German' },
      { code: 'pages', number: '250.5' },
      { code: 'since', date: '2022-06-01' },
      { code: 'signed', boolean: false },
    ]);
    await make('Third', [
      { code: 'language', text: 'French' },
      { code: 'pages', number: '1000' },
    ]);
    const found = (...attributes: Fields[]) => a.titles({ filter: { tags, attributes }, orderBy: { field: 'TITLE', direction: 'ASC' } });
    expect(await found({ code: 'language', values: ['English', 'French'] })).toEqual(['First', 'Third']);
    expect(await found({ code: 'language', values: ['English', 'French'] }, { code: 'pages', from: '100' })).toEqual(['Third']);
    expect(await found({ code: 'pages', from: '90', to: '250.5' })).toEqual(['First', 'Second']);
    expect(await found({ code: 'since', fromDate: '2020-01-02' })).toEqual(['Second']);
    expect(await found({ code: 'since', toDate: '2020-01-01' })).toEqual(['First']);
    expect(await found({ code: 'signed', is: false })).toEqual(['Second']);
    expect(await found({ code: 'nothing', values: ['x'] })).toEqual([]);
  });

  test('attributes, price and stock must hold for one and the same active variant', async () => {
    const options = [{ name: 'Color', values: ['red', 'green'] }];
    const of = (value: string, price: string) =>
      variant({ optionValues: [{ option: 'Color', value }], attributes: color(value), prices: [eur(price)] });
    const shirt = await a.published({ title: 'Shirt', options, variants: [of('red', '10'), of('green', '50')] });
    await deliver(stockReplenished, stock(shirt, 0));
    const found = (filter: Fields) => a.titles({ filter: { title: 'shirt', ...filter } });
    const red = { attributes: [{ code: 'color', values: ['red'] }] };
    expect(await found({ ...red, priceTo: '20' })).toEqual(['Shirt']);
    expect(await found({ ...red, priceFrom: '20' })).toEqual([]);
    expect(await found({ inStock: true, priceTo: '20', currency: 'EUR' })).toEqual(['Shirt']);
    expect(await found({ inStock: true, priceFrom: '20' })).toEqual([]);
    expect(
      await found({
        attributes: [
          { code: 'color', values: ['red'] },
          { code: 'color', values: ['green'] },
        ],
      }),
    ).toEqual([]);
    await a.give('archiveProductVariant', { id: shirt.variants[0].id });
    expect(await found(red)).toEqual([]);
  });

  test('a category means itself and all below it, also after a move', async () => {
    const top = await a.give('createProductCategory', { name: 'Top' });
    const middle = await a.give('createProductCategory', { name: 'Middle', parentId: top.id });
    const leaf = await a.give('createProductCategory', { name: 'Leaf', parentId: middle.id });
    const other = await a.give('createProductCategory', { name: 'Elsewhere' });
    await a.published({ title: 'Deep', categoryIds: [leaf.id] });
    for (const id of [top.id, middle.id, leaf.id]) expect(await a.titles({ filter: { categoryIds: [id] } })).toEqual(['Deep']);
    await a.give('moveProductCategory', { id: middle.id, parentId: other.id });
    expect(await a.titles({ filter: { categoryIds: [top.id] } })).toEqual([]);
    expect(await a.titles({ filter: { categoryIds: [other.id] } })).toEqual(['Deep']);
    const read = `query ($id: ID!) { productCategory(id: $id) { children { name path { name } } products(first: 5) { totalCount nodes { title } } } }`;
    expect((await run(read, { variables: { id: other.id }, as: null })).data.productCategory).toEqual({
      children: [{ name: 'Middle', path: [{ name: 'Elsewhere' }, { name: 'Middle' }] }],
      products: { totalCount: 1, nodes: [{ title: 'Deep' }] },
    });
  });

  test('tags must all be there; SKUs, sellers, types, states and times narrow the list', async () => {
    const sku = nextSku();
    const product = await a.published({ title: 'Tagged', tags: ['Étoile', 'two'], variants: [variant({ sku, barcode: '9780306406157' })] });
    const draft = await a.draft({ title: 'Drafted', tags: ['etoile'] });
    const found = (filter: Fields, options = {}) => a.titles({ filter }, options);
    expect(await found({ tags: ['etoile', 'TWO'] })).toEqual(['Tagged']);
    expect(await found({ tags: ['etoile', 'three'] })).toEqual([]);
    expect(await found({ skus: [sku.toLowerCase(), 'unknown'] })).toEqual(['Tagged']);
    expect(await found({ barcode: '0306406152' })).toEqual(['Tagged']);
    expect(await found({ barcode: 'garbage' })).toEqual([]);
    expect(await found({ sellerIds: [b.seller.id] })).toEqual([]);
    expect(await found({ tags: ['etoile'], typeCodes: ['thing'] })).toEqual(['Tagged']);
    expect(await found({ tags: ['etoile'], typeCodes: ['book'] })).toEqual([]);
    expect(await found({ tags: ['etoile'], updatedAfter: product.publishedAt })).toEqual([]);
    const statuses = ['DRAFT', 'ACTIVE'];
    expect(await found({ tags: ['etoile'], statuses })).toEqual(['Tagged']);
    expect(await found({ statuses: ['DRAFT'] })).toEqual([]);
    const asStaff = { as: harness.viewer, in: a.seller };
    expect((await found({ tags: ['etoile'], statuses }, asStaff)).toSorted()).toEqual(['Drafted', 'Tagged']);
    expect(await found({ tags: ['etoile'], statuses }, { as: harness.viewer, in: b.seller })).toEqual([]);
    expect((await a.read(draft.id)) === null).toBe(true);
  });

  test("an organization's own list has every state, for its staff alone", async () => {
    await b.draft({ title: 'B draft' });
    await b.published({ title: 'B active' });
    const read = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Organization { catalogProducts(orderBy: { field: TITLE, direction: ASC }) { totalCount nodes { title status } } } } }`;
    const variables = { of: [{ __typename: 'Organization', id: b.seller.id }] };
    expect((await run(read, { variables, in: b.seller })).data._entities).toEqual([
      {
        catalogProducts: {
          totalCount: 2,
          nodes: [
            { title: 'B active', status: 'ACTIVE' },
            { title: 'B draft', status: 'DRAFT' },
          ],
        },
      },
    ]);
    expect((await run(read, { variables, in: a.seller })).data._entities).toEqual([{ catalogProducts: null }]);
    expect((await run(read, { variables, as: null })).codes).toEqual(['UNAUTHENTICATED']);
  });
});

describe('text search', () => {
  test('looks in title, tags, attributes and description, folds case and accents, takes phrases and exclusions', async () => {
    await a.published({
      title: 'Café Noir',
      description: '<p>A <b>dark</b> roast</p>',
      tags: ['Espresso'],
      attributes: [{ code: 'language', text: 'Portuguese' }],
    });
    await a.published({ title: 'Noir Café Roast Dark', tags: ['filterkaffee'] });
    const found = (search: string) => a.titles({ filter: { search } });
    expect(await found('CAFE noir')).toHaveLength(2);
    expect(await found('"cafe noir"')).toEqual(['Café Noir']);
    expect(await found('café -espresso')).toEqual(['Noir Café Roast Dark']);
    expect(await found('portuguese')).toEqual(['Café Noir']);
    expect(await found('dark roast noir')).toEqual(['Noir Café Roast Dark', 'Café Noir']);
    expect(await found('noir tea')).toEqual([]);
    expect(await a.titles({ filter: { title: 'espresso' } })).toEqual([]);
    expect((await run('{ productSuggestions(prefix: "CAFÉ") }', { as: null })).data.productSuggestions).toEqual(['Café Noir']);
    expect((await run('{ productSuggestions(prefix: "%") }', { as: null })).data.productSuggestions).toEqual([]);
    expect((await run('{ productSuggestions(prefix: "a", limit: 0) }', { as: null })).codes).toEqual(['BAD_USER_INPUT']);
  });

  test.each(['%', ':*', '"', '-', '& | !', "'; drop", '\\', 'a:*b', '"never ended', '((', '\u0000', 'a\u0000b'])(
    '%j is plain text and never an error',
    async (search) => {
      expect((await run(listProducts, { variables: { filter: { search } }, as: null })).codes).toEqual([]);
      expect((await run(listProducts, { variables: { filter: { title: search } }, as: null })).codes).toEqual([]);
    },
  );
});

describe('orders and pages', () => {
  const fields = ['NEWEST', 'TITLE', 'PRICE', 'RATING', 'BEST_SELLING', 'UPDATED_AT'] as const;
  const tags = ['paged'];
  const products: { id: string; title: string; variants: { id: string }[] }[] = [];
  beforeAll(async () => {
    for (const [index, title] of ['Delta', 'alpha', 'Charlie', 'Élan', 'bravo', 'alpha'].entries())
      products.push(await a.published({ title, tags, variants: [variant({ prices: [eur(String(30 - 5 * (index % 4)))] })] }));
    await deliver(ratingUpdated, rating(products[1]?.id ?? '', 4.5));
    await deliver(ratingUpdated, rating(products[4]?.id ?? '', 2));
  });

  test.each(fields.flatMap((field) => (['ASC', 'DESC'] as const).map((direction) => [field, direction] as const)))(
    'by %s %s, pages forward and back have everything once, in the same order',
    async (field, direction) => {
      const list = { filter: { tags }, orderBy: { field, direction } };
      const page = async (variables: Fields) => (await run(listProducts, { variables: { ...list, ...variables }, as: null })).data.products;
      const all = (await page({ first: 100 })).nodes.map(({ id }: { id: string }) => id);
      expect(new Set(all).size).toBe(6);
      const forward: string[] = [];
      for (let after: string | null = null, more = true; more;) {
        const { nodes, pageInfo, totalCount } = await page({ first: 2, after });
        expect(totalCount).toBe(6);
        forward.push(...nodes.map(({ id }: { id: string }) => id));
        after = pageInfo.endCursor;
        more = pageInfo.hasNextPage;
      }
      expect(forward).toEqual(all);
      const back: string[] = [];
      for (let before: string | null = null, more = true; more;) {
        const { nodes, pageInfo } = await page({ last: 4, before });
        back.unshift(...nodes.map(({ id }: { id: string }) => id));
        before = pageInfo.startCursor;
        more = pageInfo.hasPreviousPage;
      }
      expect(back).toEqual(all);
    },
  );

  test('titles are ordered whatever their case and accents; what has no rating comes last either way', async () => {
    const ordered = (field: string, direction: string, filter: Fields = {}) =>
      a.titles({ filter: { tags, ...filter }, orderBy: { field, direction } });
    expect(await ordered('TITLE', 'ASC')).toEqual(['alpha', 'alpha', 'bravo', 'Charlie', 'Delta', 'Élan']);
    expect((await ordered('RATING', 'DESC')).slice(0, 2)).toEqual(['alpha', 'bravo']);
    expect((await ordered('RATING', 'ASC')).slice(0, 2)).toEqual(['bravo', 'alpha']);
    expect(await ordered('RATING', 'ASC', { minRating: 3 })).toEqual(['alpha']);
    expect((await ordered('PRICE', 'ASC', { currency: 'EUR' }))[0]).toBe('Élan');
  });

  test('a cursor belongs to its filter, order and direction', async () => {
    const orderBy = { field: 'TITLE', direction: 'ASC' };
    const { endCursor: after } = (await run(listProducts, { variables: { first: 1, filter: { tags }, orderBy }, as: null })).data.products
      .pageInfo;
    for (const other of [
      { filter: {}, orderBy },
      { filter: { tags }, orderBy: { ...orderBy, direction: 'DESC' } },
      { filter: { tags }, orderBy: { ...orderBy, field: 'PRICE' } },
    ])
      expect((await run(listProducts, { variables: { ...other, after }, as: null })).codes).toEqual(['BAD_USER_INPUT']);
  });

  test('inserting while paging neither repeats nor skips an unchanged product', async () => {
    const list = { filter: { tags }, orderBy: { field: 'TITLE', direction: 'ASC' } };
    const first = (await run(listProducts, { variables: { ...list, first: 3 }, as: null })).data.products;
    await a.published({ title: 'Aardvark', tags });
    const second = (await run(listProducts, { variables: { ...list, first: 3, after: first.pageInfo.endCursor }, as: null })).data.products;
    expect([...first.nodes, ...second.nodes].map(({ title }: { title: string }) => title)).toEqual([
      'alpha',
      'alpha',
      'bravo',
      'Charlie',
      'Delta',
      'Élan',
    ]);
  });

  test.each([
    [{ first: 0 }, 'first'],
    [{ first: 101 }, 'first'],
    [{ first: 1, last: 1 }, 'last'],
    [{ after: 'nonsense' }, 'after'],
    [{ orderBy: { field: 'RELEVANCE', direction: 'DESC' } }, 'orderBy.field'],
    [{ filter: { search: 'x'.repeat(10_000) } }, 'filter.search'],
    [{ filter: { categoryIds: ['x'] } }, 'filter.categoryIds.0'],
    [{ filter: { minRating: 7 } }, 'filter.minRating'],
  ])('%j is refused, naming %s', async (variables, path) => {
    const { codes, errors } = await run(listProducts, { variables, as: null });
    expect(codes).toEqual(['BAD_USER_INPUT']);
    expect(errors?.[0]?.extensions?.['issues']).toMatchObject([{ path }]);
  });
});

describe('news of other domains', () => {
  test('stock that runs out and comes back moves the filter; what is older or comes twice is dropped', async () => {
    const product = await a.published({ title: 'Stocked' });
    const inStock = () => a.titles({ filter: { title: 'stocked', inStock: true } });
    expect(await inStock()).toEqual([]);
    const { eventId } = await deliver(stockReplenished, stock(product, 0, 3));
    await deliver(stockReplenished, stock(product, 0, 3), { eventId });
    expect(await inStock()).toEqual(['Stocked']);
    await deliver(stockDepleted, stock(product, 0, 2));
    expect(await inStock()).toEqual(['Stocked']);
    await deliver(stockDepleted, stock(product, 0, 4));
    expect(await inStock()).toEqual([]);
    const untracked = await a.published({ title: 'Stocked for ever', variants: [variant({ trackInventory: false })] });
    await deliver(stockDepleted, stock(untracked, 0));
    expect(await inStock()).toEqual(['Stocked for ever']);
  });

  test('a product is in stock while any of its active variants is', async () => {
    const options = [{ name: 'Size', values: ['S', 'M'] }];
    const size = (value: string) => variant({ optionValues: [{ option: 'Size', value }] });
    const product = await a.published({ title: 'Sized', options, variants: [size('S'), size('M')] });
    const inStock = () => a.titles({ filter: { title: 'sized', inStock: true } });
    await deliver(stockReplenished, stock(product, 0));
    await deliver(stockReplenished, stock(product, 1));
    await deliver(stockDepleted, stock(product, 0, 2));
    expect(await inStock()).toEqual(['Sized']);
    await deliver(stockDepleted, stock(product, 1, 2));
    expect(await inStock()).toEqual([]);
  });

  test('a rating counts by its version, for drafts too, and only those of products', async () => {
    const draft = await a.draft({ title: 'Rated' });
    await deliver(ratingUpdated, rating(draft.id, 4.2, 5));
    await deliver(ratingUpdated, rating(draft.id, 1, 4));
    await deliver(ratingUpdated, { ...rating(draft.id, 1, 9), subjectType: 'RECIPE' as const });
    await a.give('publishProduct', { id: draft.id });
    expect(await a.titles({ filter: { title: 'rated', minRating: 4.1 } })).toEqual(['Rated']);
    const { eventId } = await deliver(ratingUpdated, rating(draft.id, null, 6));
    await deliver(ratingUpdated, rating(draft.id, null, 6), { eventId });
    expect(await a.titles({ filter: { title: 'rated', minRating: 1 } })).toEqual([]);
  });
});
