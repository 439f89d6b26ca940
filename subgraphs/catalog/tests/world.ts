import { organizationWith, type RunOptions, type RunResult, type TestSubgraph } from '@supergraph/platform/testing';

export const staff = (permissions: readonly string[] = ['catalog.product.write']) => organizationWith(permissions);
type Organization = ReturnType<typeof staff>;

export const productFields = `id version status slug title description tags publishAt publishedAt unpublishAt
  seller { id } type { id code } primaryCategory { id } categories { id name }
  attributes { definition { code } text number boolean date choices }
  options { name values }
  priceRange { min { amount currency } max { amount currency } }
  variants { id version sku barcode title status isPurchasable currencies optionValues { option value } price { amount { amount currency } regular { amount } onSale saleEndsAt priorLowest { amount } discountPercent } }`;
export const variantFields = `id version sku barcode title status isPurchasable weightGrams price { amount { amount currency } regular { amount } onSale saleEndsAt priorLowest { amount } discountPercent } product { id version }`;

const mutation = (name: string, selection: string) => {
  const type = `${name[0]?.toUpperCase()}${name.slice(1)}Input!`;
  return `mutation ($input: ${type}) { ${name}(input: $input) { ${selection} } }`;
};
export const documents = {
  createProductType: mutation('createProductType', 'productType { id code name seller { id } attributes { id code kind required } }'),
  updateProductType: mutation('updateProductType', 'productType { id name attributes { id code name } }'),
  createProductCategory: mutation('createProductCategory', 'category { id slug name position parent { id } path { name } seller { id } }'),
  updateProductCategory: mutation('updateProductCategory', 'category { id slug name position }'),
  moveProductCategory: mutation('moveProductCategory', 'category { id parent { id } path { name } }'),
  deleteProductCategory: mutation('deleteProductCategory', 'deletedId'),
  createProduct: mutation('createProduct', `product { ${productFields} }`),
  updateProduct: mutation('updateProduct', `product { ${productFields} }`),
  publishProduct: mutation('publishProduct', `product { ${productFields} }`),
  unpublishProduct: mutation('unpublishProduct', `product { ${productFields} }`),
  archiveProduct: mutation('archiveProduct', `product { ${productFields} }`),
  restoreProduct: mutation('restoreProduct', `product { ${productFields} }`),
  createProductVariant: mutation('createProductVariant', `variant { ${variantFields} }`),
  updateProductVariant: mutation('updateProductVariant', `variant { ${variantFields} cost { amount currency } }`),
  archiveProductVariant: mutation('archiveProductVariant', `variant { ${variantFields} }`),
  setVariantPrices: mutation('setVariantPrices', `variant { ${variantFields} }`),
};
export const readProduct = `query ($id: ID!) { product(id: $id) { ${productFields} } }`;
export const listProducts = `query ($first: Int, $after: String, $last: Int, $before: String, $filter: ProductFilter, $orderBy: ProductOrder) {
  products(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) {
    totalCount nodes { id title } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`;

let made = 0;
export const nextSku = () => `SKU-${(made += 1)}`;
export const eur = (amount: string) => ({ regular: { amount, currency: 'EUR' } });

/** What a test does as a seller's staff. */
export function world({ run }: Pick<TestSubgraph, 'run'>, seller: Organization = staff()) {
  const send = (name: keyof typeof documents, input: object, options: RunOptions = {}): Promise<RunResult> =>
    run(documents[name], { input, in: seller, ...options });
  const give = async (name: keyof typeof documents, input: object) => {
    const { data, errors } = await send(name, input);
    if (errors) throw new Error(`${name}: ${JSON.stringify(errors)}`);
    return Object.values(Object.values(data)[0] as object)[0];
  };
  let defaults: Promise<{ typeId: string; categoryId: string }> | undefined;
  const basics = () =>
    (defaults ??= (async () => {
      const type = await give('createProductType', {
        code: 'thing',
        name: 'Thing',
        attributes: [
          { code: 'color', name: 'Color', kind: 'CHOICE', choices: ['red', 'green', 'blue'], filterable: true, perVariant: true },
          { code: 'pages', name: 'Pages', kind: 'NUMBER', filterable: true },
          { code: 'language', name: 'Language', kind: 'TEXT', filterable: true },
          { code: 'since', name: 'Since', kind: 'DATE', filterable: true },
          { code: 'signed', name: 'Signed', kind: 'BOOLEAN', filterable: true },
          { code: 'isbn', name: 'ISBN', kind: 'ISBN' },
        ],
      });
      const category = await give('createProductCategory', { name: 'Things' });
      return { typeId: type.id as string, categoryId: category.id as string };
    })());
  const draft = async (overrides: Record<string, unknown> = {}) => {
    const { typeId, categoryId } = await basics();
    return give('createProduct', {
      typeId,
      title: 'Lamp',
      categoryIds: [categoryId],
      variants: [{ sku: nextSku(), prices: [eur('10.00')] }],
      ...overrides,
    });
  };
  const published = async (overrides: Record<string, unknown> = {}) => give('publishProduct', { id: (await draft(overrides)).id });
  const read = async (id: string, options: RunOptions = {}) =>
    (await run(readProduct, { variables: { id }, as: null, ...options })).data.product;
  const titles = async (variables: object, options: RunOptions = {}) => {
    const { data, errors } = await run(listProducts, { variables: variables as Record<string, unknown>, as: null, ...options });
    if (errors) throw new Error(JSON.stringify(errors));
    return data.products.nodes.map(({ title }: { title: string }) => title) as string[];
  };
  return { seller, send, give, basics, draft, published, read, titles };
}
