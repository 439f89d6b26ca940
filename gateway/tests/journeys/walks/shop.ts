import { v7 } from 'uuid';
import { type Answer, type AskOptions, type Data, give, type Person, type World } from '../../support/journey.ts';

/** An organization of this person's. */
export async function found(world: World, { token }: Person, name: string): Promise<string> {
  const { organization } = await give(
    world,
    'mutation ($input: CreateOrganizationInput!) { createOrganization(input: $input) { organization { id } } }',
    { input: { name }, token },
  );
  return organization.id as string;
}

/** Somebody who acts for an organization. */
export interface Staff {
  readonly owner: Person;
  readonly organizationId: string;
  /** A word that all titles of this shop hold and no other shop's. */
  readonly word: string;
  act(query: string, options?: Pick<AskOptions, 'input' | 'variables'>): Promise<Data>;
  try(query: string, options?: Pick<AskOptions, 'input' | 'variables'>): Promise<Answer>;
}

export interface Shop extends Staff {
  readonly typeId: string;
  readonly categoryId: string;
}

/** An organization that has nothing to sell yet. */
export async function openEmptyShop(world: World, owner: Person, name: string): Promise<Staff> {
  const organizationId = await found(world, owner, name);
  const as = { token: owner.token, organizationId };
  return {
    owner,
    organizationId,
    word: newWord(),
    act: (query, options) => give(world, query, { ...options, ...as }),
    try: (query, options) => world.ask(query, { ...options, ...as }),
  };
}

/** An organization that sells, with a product type and a category. */
export async function openShop(world: World, owner: Person, name: string): Promise<Shop> {
  const staff = await openEmptyShop(world, owner, name);
  const { productType } = await staff.act(createType, {
    input: { code: 'book', name: 'Book', attributes: [{ code: 'isbn', name: 'ISBN', kind: 'ISBN' }] },
  });
  const { category } = await staff.act(createCategory, { input: { name: 'Fiction' } });
  return { ...staff, typeId: productType.id, categoryId: category.id };
}

export const createType = 'mutation ($input: CreateProductTypeInput!) { createProductType(input: $input) { productType { id } } }';
export const createCategory =
  'mutation ($input: CreateProductCategoryInput!) { createProductCategory(input: $input) { category { id path { name } } } }';
export const createProduct =
  'mutation ($input: CreateProductInput!) { createProduct(input: $input) { product { id version status variants { id version } } } }';
export const updateProduct =
  'mutation ($input: UpdateProductInput!) { updateProduct(input: $input) { product { version attributes { text } } } }';
export const publishProduct = 'mutation ($input: PublishProductInput!) { publishProduct(input: $input) { product { status } } }';

/** A word that nobody else says: letters alone, so that search takes it for one word and no filter for a telephone number. */
const newWord = (): string => Array.from(v7().replaceAll('-', ''), (digit) => 'abcdefghijklmnop'[Number.parseInt(digit, 16)]).join('');

export interface Product {
  readonly id: string;
  readonly variantId: string;
}

export const price = (amount: string, currency = 'EUR') => ({ regular: { amount, currency } });

/** A published product of one variant. */
export async function addProduct(shop: Shop, title: string): Promise<Product> {
  const { product } = await shop.act(createProduct, {
    input: {
      typeId: shop.typeId,
      title: `${title} ${shop.word}`,
      categoryIds: [shop.categoryId],
      variants: [{ sku: v7(), prices: [price('12.00')] }],
    },
  });
  const published = await shop.act(publishProduct, { input: { id: product.id } });
  expect(published.product.status).toBe('ACTIVE');
  return { id: product.id, variantId: product.variants[0].id };
}

/** Titles of a shop's products that fit, without its word; as a guest. */
export async function titles(world: World, { organizationId, word }: Staff, filter: object = {}): Promise<string[]> {
  const { nodes } = await give(
    world,
    'query ($filter: ProductFilter) { products(first: 50, filter: $filter, orderBy: { field: TITLE, direction: ASC }) { nodes { title } } }',
    { variables: { filter: { sellerIds: [organizationId], ...filter } } },
  );
  return (nodes as { title: string }[]).map(({ title }) => title.replace(` ${word}`, ''));
}

/** A warehouse of the shop's. */
export async function openWarehouse({ act }: Staff, code: string, priority: number): Promise<string> {
  const { warehouse } = await act('mutation ($input: CreateWarehouseInput!) { createWarehouse(input: $input) { warehouse { id } } }', {
    input: { code, name: code, priority, address: { line1: 'Quay 1', locality: 'Bremen', countryCode: 'DE' } },
  });
  return warehouse.id as string;
}

/** Puts so many pieces on the shelf, or takes them off; how many are there then. */
export async function adjust({ act }: Staff, variantId: string, warehouseId: string, delta: number, unitCost?: string): Promise<number> {
  const cost = unitCost ? { unitCost: { amount: unitCost, currency: 'EUR' } } : {};
  const { results } = await act('mutation ($input: AdjustStockInput!) { adjustStock(input: $input) { results { level { onHand } } } }', {
    input: { reason: 'CORRECTION', lines: [{ variantId, warehouseId, delta, ...cost }] },
  });
  return results[0].level.onHand as number;
}
