import { testSubgraph } from '@supergraph/platform/testing';
import { demoProductCount, demoProductId, demoSellers, demoVariantId } from '@supergraph/schema/demo';
import { productPublished, variantCreated } from '@supergraph/schema/events/catalog';
import { subgraph } from '../index.ts';
import { staff } from './world.ts';

const { run, emitted, context, close } = testSubgraph(subgraph);
afterAll(close);

test('the sample world has products of all sellers, and filling it twice changes nothing', async () => {
  const ctx = await context();
  await subgraph.seed?.(ctx);
  const events = await emitted(variantCreated);
  await subgraph.seed?.(ctx);
  expect(await emitted(variantCreated)).toHaveLength(events.length);

  const read = `query ($id: ID!, $variant: ID!, $seller: ID!) {
    product(id: $id) { title description seller { id } type { code } categories { name path { name } } attributes { definition { code } } variants { id price { amount { currency } } } }
    variant(id: $variant) { product { id } sku }
    products(first: 100, orderBy: { field: PRICE, direction: ASC }) { totalCount nodes { priceRange(currency: "USD") { min { amount currency } } } }
    onSale: products(filter: { onSale: true, sellerIds: [$seller] }) { totalCount nodes { variants { price { onSale discountPercent } } } }
    productCategories { name children { name } }
    productTypes { code attributes { code } }
  }`;
  const { data, errors } = await run(read, {
    variables: { id: demoProductId(1), variant: demoVariantId(2, 3), seller: demoSellers[0]?.id },
    as: null,
  });
  expect(errors).toBeUndefined();
  expect(data.product).toMatchObject({
    seller: { id: demoSellers[0]?.id },
    type: { code: 'book' },
    variants: [{ id: demoVariantId(1, 1) }, { id: demoVariantId(1, 2) }],
  });
  expect(data.variant).toMatchObject({ product: { id: demoProductId(2) } });
  expect(data.productCategories).toHaveLength(4);
  expect(data.productTypes).toHaveLength(4);
  expect(data.onSale.nodes[0].variants[0].price).toMatchObject({ onSale: true, discountPercent: expect.any(Number) });
  const drafts = await run('{ products(filter: { statuses: [DRAFT] }) { totalCount } }', {
    in: { ...staff(), id: demoSellers[0]?.id ?? '' },
  });
  expect(drafts.data.products.totalCount).toBeGreaterThan(0);
  expect(data.products.totalCount).toBeLessThan(demoProductCount);
  expect(await emitted(productPublished)).toHaveLength(data.products.totalCount);
});
