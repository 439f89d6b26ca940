import { testSubgraph } from '@supergraph/platform/testing';
import { productPublished, variantArchived, variantCreated } from '@supergraph/schema/events/catalog';
import { stockReplenished } from '@supergraph/schema/events/inventory';
import { subgraph } from '../index.ts';
import { documents, eur, staff, world } from './world.ts';

const harness = testSubgraph(subgraph);
const { run, subscribe, deliver, emitted, close } = harness;
afterAll(close);

const isbn13 = '9780306406157';
const isbn10 = '0-306-40615-2';

test('a bookstore sells its first book', async () => {
  const a = world(harness);
  const type = await a.give('createProductType', {
    code: 'book',
    name: 'Book',
    attributes: [
      { code: 'isbn', name: 'ISBN', kind: 'ISBN', required: true },
      { code: 'language', name: 'Language', kind: 'TEXT', filterable: true },
    ],
  });
  const fiction = await a.give('createProductCategory', { name: 'Fiction' });
  const fantasy = await a.give('createProductCategory', { name: 'Fantasy', parentId: fiction.id });
  expect(fantasy.path).toEqual([{ name: 'Fiction' }, { name: 'Fantasy' }]);

  const prices = (euro: string, dollar: string) => [eur(euro), { regular: { amount: dollar, currency: 'USD' } }];
  const book = await a.give('createProduct', {
    typeId: type.id,
    title: 'The Salt Lighthouse',
    description: '<p>A keeper and the sea.</p>',
    options: [{ name: 'Format', values: ['Hardcover', 'Paperback'] }],
    variants: [
      { sku: 'SALT-H', barcode: isbn13, optionValues: [{ option: 'Format', value: 'Hardcover' }], prices: prices('30', '33') },
      { sku: 'SALT-P', optionValues: [{ option: 'Format', value: 'Paperback' }], prices: prices('12', '13.5') },
    ],
  });
  expect(book).toMatchObject({ status: 'DRAFT', version: 1, slug: 'the-salt-lighthouse' });
  expect(await a.read(book.id)).toBeNull();

  const refused = await a.send('publishProduct', { id: book.id });
  expect(refused.codes).toEqual(['BAD_USER_INPUT']);
  expect(refused.errors?.[0]?.extensions?.['issues']).toEqual([
    { path: 'categoryIds', message: expect.any(String) },
    { path: 'attributes.isbn', message: 'is missing' },
  ]);
  const ready = await a.give('updateProduct', {
    id: book.id,
    version: 1,
    categoryIds: [fantasy.id],
    attributes: [{ code: 'isbn', text: isbn10 }],
  });
  expect(ready.attributes).toMatchObject([{ text: isbn13 }]);
  expect(await a.give('publishProduct', { id: book.id })).toMatchObject({ status: 'ACTIVE' });

  for (const filter of [{ title: 'lighthouse' }, { categoryIds: [fiction.id] }, { barcode: isbn10 }, { search: 'salt keeper' }])
    expect(await a.titles({ filter })).toEqual(['The Salt Lighthouse']);

  const [hardcover, paperback] = (await a.read(book.id)).variants;
  expect(hardcover).toMatchObject({
    title: 'Hardcover',
    isPurchasable: true,
    currencies: ['EUR', 'USD'],
    price: { amount: { amount: '30.00' } },
  });

  const updates = await subscribe(
    `subscription ($ids: [ID!]!) { productUpdated(ids: $ids) { variants { price { amount { amount } onSale priorLowest { amount } discountPercent } } } }`,
    {
      variables: { ids: [book.id] },
      as: null,
    },
  );
  await a.give('setVariantPrices', {
    variantId: paperback.id,
    version: paperback.version,
    prices: [{ ...eur('12'), sale: { amount: '8', currency: 'EUR' } }],
  });
  expect((await updates.next()).value).toMatchObject({
    data: {
      productUpdated: {
        variants: [{}, { price: { amount: { amount: '8.00' }, onSale: true, priorLowest: { amount: '12.00' }, discountPercent: 33 } }],
      },
    },
  });
  await updates.return();

  await deliver(stockReplenished, { variantId: paperback.id, productId: book.id, sellerId: a.seller.id, orderable: 3, version: 1 });
  expect(await a.titles({ filter: { inStock: true } })).toEqual(['The Salt Lighthouse']);
  expect(await a.titles({ filter: { inStock: true, priceFrom: '20' } })).toEqual([]);
  expect(await a.titles({ filter: { priceFrom: '20', currency: 'EUR' } })).toEqual(['The Salt Lighthouse']);

  const { version } = await a.read(book.id);
  const both = await Promise.all(['One', 'Two'].map((title) => a.send('updateProduct', { id: book.id, version, title })));
  expect(both.flatMap(({ codes }) => codes)).toEqual(['CONFLICT']);
  expect(both.find(({ codes }) => codes.length > 0)?.errors?.[0]?.extensions).toMatchObject({ currentVersion: version + 1 });

  const b = world(harness, staff());
  const draft = await a.draft({ title: 'Secret' });
  expect(await a.read(draft.id, { as: harness.viewer, in: b.seller })).toBeNull();
  expect((await b.send('updateProduct', { id: book.id, version: 1, title: 'Mine' })).codes).toEqual(['NOT_FOUND']);
  expect(
    (
      await run(documents.createProduct, {
        input: { typeId: type.id, title: 'x', variants: [{ sku: 'x', prices: [eur('1')] }] },
        in: b.seller,
      })
    ).codes,
  ).toEqual(['NOT_FOUND']);

  await a.give('archiveProductVariant', { id: paperback.id });
  const onOrder = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on ProductVariant { title status isPurchasable } } }`;
  const { data } = await run(onOrder, { variables: { of: [{ __typename: 'ProductVariant', id: paperback.id }] }, as: null });
  expect(data._entities).toEqual([{ title: 'Paperback', status: 'ARCHIVED', isPurchasable: false }]);

  expect(await emitted(productPublished)).toMatchObject([
    { productId: book.id, typeCode: 'book', categoryIds: [fantasy.id], attributes: [{ code: 'isbn', value: isbn13 }] },
  ]);
  expect((await emitted(variantCreated)).map(({ sku }) => sku)).toEqual(expect.arrayContaining(['SALT-H', 'SALT-P']));
  expect(await emitted(variantArchived)).toMatchObject([{ variantId: paperback.id, isPurchasable: false, changed: ['status'] }]);
});
