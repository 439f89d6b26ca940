import { jest } from '@jest/globals';
import { nobody } from '@supergraph/platform/context';
import { organizationWith, person, type RunOptions } from '@supergraph/platform/testing';
import { sql } from 'drizzle-orm';
import { v7 } from 'uuid';
import { testGraphWith } from '../../testing.ts';

const graph = testGraphWith({ cacheMb: 16 }, 'accounts', 'catalog', 'inventory', 'organizations', 'reviews');
afterAll(() => graph.close());

type Input = Readonly<Record<string, unknown>>;
const owner = person({ scopes: ['catalog:write', 'inventory:write', 'organizations:write', 'organizations:read', 'reviews:write'] });

const mutation = (name: string, selection: string) =>
  `mutation ($input: ${name[0]?.toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { ${selection} } }`;

/** Changes something as another gateway would: this one hears of it by the event alone. */
async function elsewhere(
  domain: string,
  name: string,
  selection: string,
  input: Input,
  { as = owner, in: organization = null }: RunOptions = {},
) {
  const runtime = await graph.runtime();
  const answer = await runtime.subgraphs.get(domain)?.execute({
    query: mutation(name, selection),
    variables: { input },
    identity: { ...nobody(v7()), viewer: as, organization },
    deadline: Date.now() + 10_000,
    signal: new AbortController().signal,
  });
  expect(answer?.errors).toBeUndefined();
  await graph.settle();
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of any shape
  return answer?.data?.[name] as any;
}

/** How many requests the domains get for what is done. */
async function asking(work: () => Promise<unknown>): Promise<number> {
  const runtime = await graph.runtime();
  const spies = [...runtime.subgraphs.values()].map((subgraph) => jest.spyOn(subgraph, 'execute'));
  await work();
  const count = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
  spies.forEach((spy) => spy.mockRestore());
  return count;
}

const price = (amount: string) => ({ regular: { amount, currency: 'EUR' } });
const permissions = ['catalog.product.write', 'inventory.stock.read', 'inventory.stock.write'];

/** An organization that sells, its staff, and what they do. */
async function openShop(name: string) {
  const { organization } = await elsewhere('organizations', 'createOrganization', 'organization { id version }', { name });
  const seller = organizationWith(permissions, { id: organization.id });
  const act = (domain: string, what: string, selection: string, input: Input) => elsewhere(domain, what, selection, input, { in: seller });
  const { productType } = await act('catalog', 'createProductType', 'productType { id }', { code: 'thing', name: 'Thing', attributes: [] });
  const { category } = await act('catalog', 'createProductCategory', 'category { id }', { name: 'Things' });
  const draft = async (title: string) => {
    const variants = [{ sku: v7(), prices: [price('10.00')] }];
    const input = { typeId: productType.id, title, categoryIds: [category.id], variants };
    const { product } = await act('catalog', 'createProduct', 'product { id version variants { id version } }', input);
    const [variant] = product.variants;
    return {
      id: product.id as string,
      version: product.version as number,
      variantId: variant.id as string,
      variantVersion: variant.version,
    };
  };
  const publish = (id: string) => act('catalog', 'publishProduct', 'product { version }', { id });
  const published = async (title: string) => {
    const product = await draft(title);
    const { product: after } = await publish(product.id);
    return { ...product, version: after.version as number };
  };
  return { organization, seller, act, draft, publish, published };
}

const page = `query ($id: ID!) { product(id: $id) {
  title status seller { name } rating { average count } categories { name } priceRange { min { amount } }
  variants { sku price { amount { amount currency } onSale } availability { status quantity } }
} }`;
const list = '{ products(first: 100) { totalCount nodes { id title rating { average } } } }';

test('a product page is answered from memory, and shows each change at once after its event', async () => {
  const shop = await openShop('Acme');
  const product = await shop.published('Lamp');
  const read = async () => {
    const { data, errors } = await graph.run(page, { variables: { id: product.id }, as: null });
    expect(errors).toBeUndefined();
    return data.product;
  };
  expect(await asking(read)).toBeGreaterThan(3);
  expect(await asking(read)).toBe(0);
  expect(await asking(() => graph.run(page, { variables: { id: product.id } }))).toBe(0);

  await shop.act('catalog', 'updateProduct', 'product { id }', { id: product.id, version: product.version, title: 'Lantern' });
  expect(await read()).toMatchObject({
    title: 'Lantern',
    seller: { name: 'Acme' },
    rating: { count: 0 },
    priceRange: { min: { amount: '10.00' } },
  });

  const variant = { variantId: product.variantId, version: product.variantVersion };
  await shop.act('catalog', 'setVariantPrices', 'variant { id }', { ...variant, prices: [price('12.50')] });
  expect(await read()).toMatchObject({ priceRange: { min: { amount: '12.50' } }, variants: [{ price: { amount: { amount: '12.50' } } }] });

  const reviewer = person({ scopes: ['reviews:write'] });
  const subject = { kind: 'PRODUCT', id: product.id };
  await elsewhere('reviews', 'submitReview', 'review { status }', { subject, rating: 4 }, { as: reviewer });
  expect(await read()).toMatchObject({ rating: { average: 4, count: 1 } });

  const address = { line1: 'Street 1', locality: 'Berlin', countryCode: 'DE' };
  const { warehouse } = await shop.act('inventory', 'createWarehouse', 'warehouse { id }', { code: 'B', name: 'Berlin', address });
  const lines = [{ variantId: product.variantId, warehouseId: warehouse.id, delta: 7 }];
  await shop.act('inventory', 'adjustStock', 'results { __typename }', { lines, reason: 'OPENING' });
  expect(await read()).toMatchObject({ variants: [{ availability: { quantity: 7 } }] });

  const { id, version } = shop.organization;
  await elsewhere(
    'organizations',
    'updateOrganization',
    'organization { name }',
    { version, name: 'Acme & Co' },
    {
      in: organizationWith(['organizations.settings.write'], { id, role: 'OWNER' }),
    },
  );
  expect(await read()).toMatchObject({ seller: { name: 'Acme & Co' } });
  expect(await asking(read)).toBe(0);
});

test('lists show what is published, changed and taken away', async () => {
  const shop = await openShop('Lists');
  const titles = async () => {
    const { data } = await graph.run(list, { as: null });
    expect(data.products.totalCount).toBe(data.products.nodes.length);
    return data.products.nodes
      .map(({ title }: { title: string }) => title)
      .filter((title: string) => title.startsWith('Lists')) as string[];
  };
  const countOnly = async () => (await graph.run('{ products { totalCount } }', { as: null })).data.products.totalCount as number;
  const before = await countOnly();
  expect(await titles()).toEqual([]);
  const first = await shop.published('Lists one');
  expect([await titles(), await countOnly()]).toEqual([['Lists one'], before + 1]);
  const second = await shop.draft('Lists two');
  const missing = 'query ($id: ID!) { product(id: $id) { title } }';
  expect((await graph.run(missing, { variables: { id: second.id }, as: null })).data.product).toBeNull();
  await shop.publish(second.id);
  expect((await graph.run(missing, { variables: { id: second.id }, as: null })).data.product).toEqual({ title: 'Lists two' });
  expect(await titles()).toEqual(['Lists two', 'Lists one']);
  expect(await asking(titles)).toBe(0);
  await shop.act('catalog', 'updateProduct', 'product { id }', { id: first.id, version: first.version, title: 'Lists 1' });
  expect(await titles()).toEqual(['Lists two', 'Lists 1']);
  await shop.act('catalog', 'unpublishProduct', 'product { id }', { id: second.id });
  expect([await titles(), await countOnly()]).toEqual([['Lists 1'], before + 1]);
  expect((await graph.run(missing, { variables: { id: second.id }, as: null })).data.product).toBeNull();
});

test('drafts and what belongs to another tenant never leave through memory, whoever asks first', async () => {
  const [mine, theirs] = [await openShop('Mine'), await openShop('Theirs')];
  const [draft, shown] = [await mine.draft('Secret plan'), await mine.published('Open secret')];
  const askers: readonly (readonly [RunOptions, boolean])[] = [
    [{ as: null }, false],
    [{}, false],
    [{ in: mine.seller }, true],
    [{ in: { ...mine.seller, permissions: [] } }, false],
    [{ in: theirs.seller }, false],
    [{ as: person({ roles: ['USER', 'ADMIN'] }) }, false],
  ];
  const one = 'query ($id: ID!) { product(id: $id) { title rating { count } } }';
  const many = '{ products(first: 100, filter: { statuses: [DRAFT, ACTIVE] }) { nodes { title } } }';
  const own = '{ product(id: "ID") { variants { sku cost { amount } } } }'.replace('ID', shown.id);
  for (const order of [askers, askers.toReversed()])
    for (const [options, sees] of [...order, ...order]) {
      const { data } = await graph.run(one, { ...options, variables: { id: draft.id } });
      expect([options, data.product]).toEqual([options, sees ? { title: 'Secret plan', rating: { count: 0 } } : null]);
      const titles = (await graph.run(many, options)).data.products.nodes.map(({ title }: { title: string }) => title) as string[];
      expect([options, titles.includes('Secret plan')]).toEqual([options, sees]);
      const { codes } = await graph.run(own, options);
      expect([options, codes.length > 0]).toEqual([options, !(options.in?.permissions.includes('catalog.product.write') ?? false)]);
    }
});

test('what staff changes they read again at once, without waiting for an event', async () => {
  const shop = await openShop('Quick');
  const product = await shop.published('Quick one');
  const title = async (options: RunOptions) =>
    (await graph.run('query ($id: ID!) { product(id: $id) { title } }', { ...options, variables: { id: product.id } })).data.product
      .title as string;
  expect(await title({ as: null })).toBe('Quick one');
  const update = mutation('updateProduct', 'product { id }');
  const { errors } = await graph.run(update, { in: shop.seller, input: { id: product.id, version: product.version, title: 'Quicker' } });
  expect([errors, await title({ as: null }), await title({ in: shop.seller })]).toEqual([undefined, 'Quicker', 'Quicker']);
});

test('the names of people are known for as long as they do not change', async () => {
  const runtime = await graph.runtime();
  const ada = person();
  const accounts = runtime.subgraphs.get('accounts')?.systemContext();
  await accounts?.db.execute(sql`insert into accounts.users (id, handle, display_name) values (${ada.userId}, 'ada', 'Ada')`);
  const shop = await openShop('Names');
  const product = await shop.published('Named');
  const subject = { kind: 'PRODUCT', id: product.id };
  await elsewhere('reviews', 'submitReview', 'review { id }', { subject, rating: 5 }, { as: { ...ada, scopes: ['reviews:write'] } });
  const written = 'query ($id: ID!) { product(id: $id) { reviews(first: 5) { nodes { author { displayName handle } } } } }';
  const author = async () => {
    const { data, errors } = await graph.run(written, { variables: { id: product.id }, as: null });
    expect(errors).toBeUndefined();
    return data.product.reviews.nodes[0].author;
  };
  const askedOfAccounts = async (work: () => Promise<unknown>) => {
    const spy = jest.spyOn(runtime.subgraphs.get('accounts') as NonNullable<ReturnType<typeof runtime.subgraphs.get>>, 'execute');
    await work();
    const { length } = spy.mock.calls;
    spy.mockRestore();
    return length;
  };
  expect(await author()).toEqual({ displayName: 'Ada', handle: 'ada' });
  expect(await askedOfAccounts(author)).toBe(0);
  const changes = { version: 1, displayName: 'Ada of the Shop' };
  await elsewhere('accounts', 'updateProfile', 'user { id }', changes, { as: { ...ada, scopes: ['accounts:write'] } });
  expect(await author()).toEqual({ displayName: 'Ada of the Shop', handle: 'ada' });
});
