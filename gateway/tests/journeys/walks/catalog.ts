import { v7 } from 'uuid';
import { becomes } from '../../support/eventually.ts';
import { type Data, give, type World } from '../../support/journey.ts';
import { hears } from '../../support/listen.ts';
import { register } from '../../support/people.ts';
import {
  adjust,
  createCategory,
  createProduct,
  createType,
  found,
  openEmptyShop,
  openWarehouse,
  price,
  publishProduct,
  type Staff,
  titles,
  updateProduct,
} from './shop.ts';
import type { Walk } from './walk.ts';

const isbn13 = '9780306406157';
const isbn10 = '0-306-40615-2';

interface Bookstore {
  readonly world: World;
  readonly shop: Staff;
  readonly typeId: string;
  readonly fictionId: string;
  readonly fantasyId: string;
}

interface Book {
  readonly id: string;
  readonly hardcover: string;
  readonly paperback: string;
}

/** From an empty shop to a book that everybody finds, on sale while somebody looks, and out of print in the end. */
export const walkCatalog: Walk = async (world) => {
  const store = await furnish(world, await openEmptyShop(world, await register(world, 'Ana'), 'Book Shop'));
  const book = await publish(store);
  await findIt(store);
  await seeItWhole(store, book);
  await putOnSale(store, book);
  await stockPaperback(store, book);
  await turnPages(store);
  await editAtOnce(store, book);
  await keepStrangersOut(store, book);
  await endPaperback(store, book);
};

async function furnish(world: World, shop: Staff): Promise<Bookstore> {
  const { productType } = await shop.act(createType, {
    input: {
      code: 'book',
      name: 'Book',
      attributes: [
        { code: 'isbn', name: 'ISBN', kind: 'ISBN', required: true },
        { code: 'language', name: 'Language', kind: 'TEXT', filterable: true },
      ],
    },
  });
  const fiction = (await shop.act(createCategory, { input: { name: 'Fiction' } })).category;
  const fantasy = (await shop.act(createCategory, { input: { name: 'Fantasy', parentId: fiction.id } })).category;
  expect(fantasy.path).toEqual([{ name: 'Fiction' }, { name: 'Fantasy' }]);
  return { world, shop, typeId: productType.id, fictionId: fiction.id, fantasyId: fantasy.id };
}

const read = `query ($id: ID!) { product(id: $id) { title version variants { id version title price { amount { amount } } } } }`;
const readAsGuest = (world: World, { id }: Pick<Book, 'id'>): Promise<Data> => give(world, read, { variables: { id } });

async function publish({ world, shop, typeId, fantasyId }: Bookstore): Promise<Book> {
  const prices = (euro: string, dollar: string) => [price(euro), price(dollar, 'USD')];
  const format = (value: string) => [{ option: 'Format', value }];
  const { product } = await shop.act(createProduct, {
    input: {
      typeId,
      title: `Lighthouse ${shop.word}`,
      options: [{ name: 'Format', values: ['Hardcover', 'Paperback'] }],
      variants: [
        { sku: v7(), barcode: isbn13, optionValues: format('Hardcover'), prices: prices('30', '33') },
        { sku: v7(), optionValues: format('Paperback'), prices: prices('12', '13.5') },
      ],
    },
  });
  expect(product.status).toBe('DRAFT');
  expect(await readAsGuest(world, product)).toBeNull();

  const refused = await shop.try(publishProduct, { input: { id: product.id } });
  expect(refused.codes).toEqual(['BAD_USER_INPUT']);
  const issues = refused.errors[0]?.extensions['issues'] as { path: string }[];
  expect(issues.map(({ path }) => path)).toEqual(['categoryIds', 'attributes.isbn']);
  const attributes = [
    { code: 'isbn', text: isbn10 },
    { code: 'language', text: 'en' },
  ];
  await shop.act(updateProduct, { input: { id: product.id, version: product.version, categoryIds: [fantasyId], attributes } });
  expect(await shop.act(publishProduct, { input: { id: product.id } })).toEqual({ product: { status: 'ACTIVE' } });
  const [hardcover, paperback] = product.variants;
  return { id: product.id, hardcover: hardcover.id, paperback: paperback.id };
}

async function findIt({ world, shop, fictionId }: Bookstore): Promise<void> {
  const filters = [
    { title: `lighthouse ${shop.word}` },
    { search: shop.word },
    { categoryIds: [fictionId] },
    { barcode: isbn10 },
    { attributes: [{ code: 'language', values: ['en'] }] },
  ];
  for (const filter of filters) await becomes('the search', () => titles(world, shop, filter), ['Lighthouse']);
  expect(await titles(world, shop, { attributes: [{ code: 'language', values: ['de'] }] })).toEqual([]);
}

/** One request over five domains. */
async function seeItWhole({ world, shop }: Bookstore, { id }: Book): Promise<void> {
  const query = `query ($id: ID!) { product(id: $id) {
    title seller { name } rating { average count } reviews(first: 3) { totalCount nodes { id } }
    variants { title price(currency: "USD") { amount { amount } } availability { status quantity } }
  } }`;
  const nothing = { status: 'OUT_OF_STOCK', quantity: 0 };
  await becomes('the book everywhere', () => give(world, query, { variables: { id } }), {
    title: `Lighthouse ${shop.word}`,
    seller: { name: 'Book Shop' },
    rating: { average: null, count: 0 },
    reviews: { totalCount: 0, nodes: [] },
    variants: [
      { title: 'Hardcover', price: { amount: { amount: '33.00' } }, availability: nothing },
      { title: 'Paperback', price: { amount: { amount: '13.50' } }, availability: nothing },
    ],
  });
}

async function versionOf(store: Bookstore, book: Book, variantId: string): Promise<number> {
  const { variants } = await readAsGuest(store.world, book);
  return (variants as { id: string; version: number }[]).find(({ id }) => id === variantId)?.version ?? 0;
}

async function putOnSale(store: Bookstore, book: Book): Promise<void> {
  const { world, shop } = store;
  const updates = world.subscribe(
    `subscription ($ids: [ID!]!) { productUpdated(ids: $ids) {
      subtitle seller { name } variants { title price { amount { amount } onSale priorLowest { amount } discountPercent } }
    } }`,
    { variables: { ids: [book.id] } },
  );
  let subtitles = 0;
  await hears(updates, async () => {
    const { version } = await readAsGuest(world, book);
    await shop.act(updateProduct, { input: { id: book.id, version, subtitle: `Impression ${(subtitles += 1)}` } });
  });
  await shop.act('mutation ($input: SetVariantPricesInput!) { setVariantPrices(input: $input) { variant { version } } }', {
    input: {
      variantId: book.paperback,
      version: await versionOf(store, book, book.paperback),
      prices: [{ ...price('12.00'), sale: { amount: '8.00', currency: 'EUR' } }],
    },
  });
  const reduced = ({ productUpdated }: Data) => productUpdated.variants.some((variant: Data) => variant.price.onSale);
  const { productUpdated } = await updates.next(reduced);
  expect(productUpdated.seller).toEqual({ name: 'Book Shop' });
  expect(productUpdated.variants).toContainEqual({
    title: 'Paperback',
    price: { amount: { amount: '8.00' }, onSale: true, priorLowest: { amount: '12.00' }, discountPercent: 33 },
  });
  await updates.close();
}

async function stockPaperback({ world, shop }: Bookstore, { paperback }: Book): Promise<void> {
  await adjust(shop, paperback, await openWarehouse(shop, 'MAIN', 1), 3);
  await becomes('what is in stock', () => titles(world, shop, { inStock: true }), ['Lighthouse']);
  // Only the hardcover costs so much, and none of it is there.
  expect(await titles(world, shop, { priceFrom: '20' })).toEqual(['Lighthouse']);
  expect(await titles(world, shop, { inStock: true, priceFrom: '20' })).toEqual([]);
}

/** Page after page, each product comes once and in order. */
async function turnPages({ world, shop, typeId, fictionId }: Bookstore): Promise<void> {
  for (const title of ['Anchor', 'Beacon', 'Compass', 'Dune']) {
    const attributes = [{ code: 'isbn', text: isbn13 }];
    const variants = [{ sku: v7(), prices: [price('12.00')] }];
    const input = { typeId, title: `${title} ${shop.word}`, categoryIds: [fictionId], attributes, variants };
    const { product } = await shop.act(createProduct, { input });
    await shop.act(publishProduct, { input: { id: product.id } });
  }
  const query = `query ($filter: ProductFilter, $after: String) {
    products(first: 2, after: $after, filter: $filter, orderBy: { field: TITLE, direction: ASC }) {
      nodes { title } pageInfo { hasNextPage endCursor }
    }
  }`;
  const seen: string[] = [];
  let after: string | undefined;
  do {
    const { nodes, pageInfo } = await give(world, query, { variables: { filter: { sellerIds: [shop.organizationId] }, after } });
    seen.push(...(nodes as { title: string }[]).map(({ title }) => title.split(' ')[0] ?? ''));
    after = pageInfo.hasNextPage ? (pageInfo.endCursor as string) : undefined;
  } while (after);
  expect(seen).toEqual(['Anchor', 'Beacon', 'Compass', 'Dune', 'Lighthouse']);
}

async function editAtOnce({ world, shop }: Bookstore, book: Book): Promise<void> {
  const { version } = await readAsGuest(world, book);
  const edit = (subtitle: string) => shop.try(updateProduct, { input: { id: book.id, version, subtitle } });
  const answers = await Promise.all(['A story', 'A novel'].map(edit));
  expect(answers.flatMap(({ codes }) => codes)).toEqual([expect.stringMatching(/^CONFLICT/)]);
  expect(answers.flatMap(({ errors }) => errors.map(({ extensions }) => extensions['currentVersion'] as number))).toEqual([version + 1]);
}

async function keepStrangersOut({ world, shop, typeId }: Bookstore, book: Book): Promise<void> {
  const { product: draft } = await shop.act(createProduct, {
    input: { typeId, title: 'Secret', variants: [{ sku: v7(), prices: [price('1.00')] }] },
  });
  const { token } = await register(world, 'Bo');
  const elsewhere = { token, organizationId: await found(world, { token } as never, 'Elsewhere') };
  expect(await give(world, read, { variables: { id: draft.id }, ...elsewhere })).toBeNull();
  const input = { id: book.id, version: 1, title: 'Mine' };
  expect((await world.ask(updateProduct, { input, ...elsewhere })).codes).toEqual(['NOT_FOUND']);
  expect((await world.ask(updateProduct, { input, token, organizationId: shop.organizationId })).codes).toEqual(['NOT_FOUND']);
  expect((await world.ask(updateProduct, { input })).codes[0]).toMatch(/^UNAUTHENTICATED/);
}

async function endPaperback({ world, shop }: Bookstore, { id, paperback }: Book): Promise<void> {
  await shop.act('mutation ($input: ArchiveProductVariantInput!) { archiveProductVariant(input: $input) { variant { id } } }', {
    input: { id: paperback },
  });
  const left = await give(world, 'query ($id: ID!) { product(id: $id) { variants { title isPurchasable } } }', { variables: { id } });
  expect(left.variants).toEqual([{ title: 'Hardcover', isPurchasable: true }]);
  const kept = await shop.act('query ($id: ID!) { variant(id: $id) { title status isPurchasable } }', { variables: { id: paperback } });
  expect(kept).toEqual({ title: 'Paperback', status: 'ARCHIVED', isPurchasable: false });
}
