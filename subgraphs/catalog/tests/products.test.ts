import { person, testSubgraph } from '@supergraph/platform/testing';
import {
  productArchived,
  productChanged,
  productPublished,
  productUnpublished,
  variantChanged,
  variantCreated,
} from '@supergraph/schema/events/catalog';
import { subgraph } from '../index.ts';
import { sweepDueProducts } from '../service/changes.ts';
import { documents, eur, nextSku, staff, world } from './world.ts';

const harness = testSubgraph(subgraph);
const { run, emitted, advance, close } = harness;
afterAll(close);
const a = world(harness);
const b = world(harness);
const unknownId = '019dd000-0000-7000-8000-000000000000';
const issuesOf = (answer: Awaited<ReturnType<typeof run>>) =>
  (answer.errors?.[0]?.extensions?.['issues'] ?? []) as { path: string; message: string }[];
const variant = (overrides: object = {}) => ({ sku: nextSku(), prices: [eur('10')], ...overrides });

describe('who may write', () => {
  test.each(Object.keys(documents) as (keyof typeof documents)[])('%s is for staff with the scope and the permission', async (name) => {
    const document = documents[name];
    const input = inputs[name];
    expect((await run(document, { input, as: null, in: a.seller })).codes).toEqual(['UNAUTHENTICATED']);
    expect((await run(document, { input, as: person({ scopes: [] }), in: a.seller })).codes).toEqual(['FORBIDDEN']);
    expect((await run(document, { input, in: staff([]) })).codes).toEqual(['FORBIDDEN']);
  });

  test('without a chosen organization a product cannot be made', async () => {
    expect((await run(documents.createProduct, { input: inputs.createProduct })).codes).toEqual(['BAD_USER_INPUT']);
  });

  test("another seller's things are unknown, whatever is done to them", async () => {
    const product = await a.published();
    const id = product.id as string;
    const [{ id: variantId }] = product.variants;
    const category = await a.give('createProductCategory', { name: 'Mine alone' });
    const { typeId } = await a.basics();
    const tries: [keyof typeof documents, object][] = [
      ['updateProduct', { id, version: 1 }],
      ['publishProduct', { id }],
      ['unpublishProduct', { id }],
      ['archiveProduct', { id }],
      ['restoreProduct', { id }],
      ['createProductVariant', { productId: id, ...variant() }],
      ['updateProductVariant', { id: variantId, version: 1 }],
      ['archiveProductVariant', { id: variantId }],
      ['setVariantPrices', { variantId, version: 1, prices: [] }],
      ['updateProductType', { id: typeId }],
      ['updateProductCategory', { id: category.id }],
      ['moveProductCategory', { id: category.id }],
      ['deleteProductCategory', { id: category.id }],
      ['createProductCategory', { name: 'Below', parentId: category.id }],
    ];
    for (const [name, input] of tries) expect([name, ...(await b.send(name, input)).codes]).toEqual([name, 'NOT_FOUND']);
    for (const [name, input] of tries.slice(0, -1)) {
      const unknown = Object.fromEntries(
        Object.entries(input).map(([key, value]) => [key, ['id', 'productId', 'variantId'].includes(key) ? unknownId : (value as unknown)]),
      );
      expect([name, ...(await b.send(name, unknown)).codes]).toEqual([name, 'NOT_FOUND']);
    }
    const { typeId: own } = await b.basics();
    expect((await b.send('createProduct', { typeId: own, title: 'x', categoryIds: [category.id], variants: [variant()] })).codes).toEqual([
      'NOT_FOUND',
    ]);
  });
});

const inputs: Record<keyof typeof documents, object> = {
  createProductType: { code: 'x', name: 'x' },
  updateProductType: { id: unknownId },
  createProductCategory: { name: 'x' },
  updateProductCategory: { id: unknownId },
  moveProductCategory: { id: unknownId },
  deleteProductCategory: { id: unknownId },
  createProduct: { typeId: unknownId, title: 'x', variants: [{ sku: 'x', prices: [] }] },
  updateProduct: { id: unknownId, version: 1 },
  publishProduct: { id: unknownId },
  unpublishProduct: { id: unknownId },
  archiveProduct: { id: unknownId },
  restoreProduct: { id: unknownId },
  createProductVariant: { productId: unknownId, sku: 'x', prices: [] },
  updateProductVariant: { id: unknownId, version: 1 },
  archiveProductVariant: { id: unknownId },
  setVariantPrices: { variantId: unknownId, version: 1, prices: [] },
};

describe('visibility', () => {
  test('shoppers see active products, staff of the seller all of them, others none of the rest', async () => {
    const draft = await a.draft({ title: 'Hidden' });
    const reference = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Product { title } ... on ProductVariant { sku } } }`;
    const of = [
      { __typename: 'Product', id: draft.id },
      { __typename: 'ProductVariant', id: draft.variants[0].id },
      { __typename: 'Product', id: unknownId },
      { __typename: 'Product', id: 'nonsense' },
    ];
    for (const options of [{ as: null }, { in: b.seller }, { in: staff([]) }]) {
      expect(await a.read(draft.id, options)).toBeNull();
      expect(await run(reference, { variables: { of }, ...options })).toMatchObject({
        data: { _entities: [null, null, null, null] },
        codes: [],
      });
    }
    expect(await a.read(draft.id, { as: harness.viewer, in: a.seller })).toMatchObject({ title: 'Hidden' });
    await a.give('publishProduct', { id: draft.id });
    expect(await a.read(draft.id)).toMatchObject({ title: 'Hidden', status: 'ACTIVE' });
    expect(
      (
        await run(`query ($id: ID!) { variant(id: $id) { sku product { title } cost { amount } } }`, {
          variables: { id: draft.variants[0].id },
          as: null,
        })
      ).codes,
    ).toEqual(['UNAUTHENTICATED']);
    expect(
      (
        await run(`query ($id: ID!) { variant(id: $id) { product { title } } product(id: "no id") { id } }`, {
          variables: { id: draft.variants[0].id },
          as: null,
        })
      ).data,
    ).toEqual({ variant: { product: { title: 'Hidden' } }, product: null });
  });

  test('an archived product is gone for shoppers, but its variants still show on orders', async () => {
    const { id, variants } = await a.published({ title: 'Once sold' });
    await a.give('archiveProduct', { id });
    expect(await a.read(id)).toBeNull();
    const { data } = await run(
      `query ($of: [_Any!]!, $id: ID!) { variant(id: $id) { id } _entities(representations: $of) { ... on ProductVariant { title isPurchasable product { status } } } }`,
      {
        variables: { id: variants[0].id, of: [{ __typename: 'ProductVariant', id: variants[0].id }] },
        as: null,
      },
    );
    expect(data).toEqual({ variant: null, _entities: [{ title: 'Once sold', isPurchasable: false, product: { status: 'ARCHIVED' } }] });
  });
});

describe('states', () => {
  test('a product goes the ways that it may, and no others', async () => {
    const { id } = await a.draft();
    const refused = async (...names: (keyof typeof documents)[]) => {
      for (const name of names) expect([name, ...(await a.send(name, { id })).reasons]).toEqual([name, 'WRONG_STATE']);
    };
    await refused('unpublishProduct', 'restoreProduct');
    expect(await a.give('publishProduct', { id })).toMatchObject({ status: 'ACTIVE', publishedAt: expect.any(String) });
    await refused('publishProduct', 'restoreProduct');
    expect(await a.give('unpublishProduct', { id })).toMatchObject({ status: 'DRAFT', publishedAt: null });
    expect(await a.give('publishProduct', { id, at: new Date(Date.now() + 1e9) })).toMatchObject({ status: 'SCHEDULED' });
    await refused('publishProduct', 'archiveProduct', 'restoreProduct');
    expect(await a.give('unpublishProduct', { id })).toMatchObject({ status: 'DRAFT', publishAt: null });
    expect(await a.give('archiveProduct', { id })).toMatchObject({ status: 'ARCHIVED' });
    await refused('publishProduct', 'unpublishProduct', 'archiveProduct');
    expect(await a.give('restoreProduct', { id })).toMatchObject({ status: 'DRAFT' });
    expect((await a.send('unpublishProduct', { id, version: 1 })).errors?.[0]?.extensions).toMatchObject({
      reason: 'STALE_VERSION',
      currentVersion: 7,
    });
    const told = async (contract: typeof productUnpublished) => (await emitted(contract)).filter(({ productId }) => productId === id);
    expect(await told(productUnpublished)).toHaveLength(1);
    expect(await told(productArchived)).toHaveLength(1);
    expect((await emitted(productPublished)).filter(({ productId }) => productId === id)).toHaveLength(1);
  });

  test('the clock publishes and unpublishes, and a sweep takes up what was missed', async () => {
    const at = new Date(Date.now() + 3_600_000);
    const until = new Date(Date.now() + 7_200_000);
    const { id } = await a.draft({ title: 'Clockwork' });
    expect(await a.give('publishProduct', { id, at, until })).toMatchObject({ status: 'SCHEDULED', unpublishAt: until.toISOString() });
    await harness.settle();
    expect(await a.read(id)).toBeNull();
    advance(3_601_000);
    await harness.settle();
    expect(await a.read(id)).toMatchObject({ status: 'ACTIVE', publishAt: null });
    advance(3_600_000);
    await sweepDueProducts.run(await harness.context(), {});
    expect(await a.read(id)).toBeNull();
    expect(await a.titles({ filter: { title: 'Clockwork' } })).toEqual([]);
  });

  test('the end must come after the beginning', async () => {
    const { id } = await a.draft();
    expect(issuesOf(await a.send('publishProduct', { id, until: new Date(0) }))).toEqual([
      { path: 'until', message: 'must be after the publication' },
    ]);
  });

  test('everything that is missing to publish is listed at once', async () => {
    const type = await a.give('createProductType', {
      code: 'strict',
      name: 'Strict',
      attributes: [
        { code: 'must', name: 'Must', kind: 'TEXT', required: true },
        { code: 'each', name: 'Each', kind: 'TEXT', required: true, perVariant: true },
      ],
    });
    const { id } = await a.draft({ typeId: type.id, categoryIds: [], variants: [variant({ prices: [] })] });
    expect(issuesOf(await a.send('publishProduct', { id })).map(({ path }) => path)).toEqual([
      'categoryIds',
      'variants',
      'attributes.must',
      'attributes.each',
    ]);
  });
});

describe('uniqueness', () => {
  test('a SKU is taken for good whatever its case, for one seller', async () => {
    const sku = nextSku();
    const product = await a.draft({ variants: [variant({ sku })] });
    const again = await a.send('createProduct', {
      typeId: (await a.basics()).typeId,
      title: 'x',
      variants: [variant({ sku: sku.toLowerCase() })],
    });
    expect(again).toMatchObject({ codes: ['CONFLICT'], reasons: ['SKU_TAKEN'] });
    expect(again.errors?.[0]?.message).toContain(sku);
    await a.give('archiveProductVariant', { id: product.variants[0].id });
    expect((await a.send('createProductVariant', { productId: product.id, ...variant({ sku }) })).reasons).toEqual(['SKU_TAKEN']);
    expect((await b.draft({ variants: [variant({ sku })] })).status).toBe('DRAFT');
    const found = await run(`query ($sku: String!) { variantBySku(sku: $sku) { sku status } }`, {
      variables: { sku: sku.toLowerCase() },
      in: a.seller,
    });
    expect(found.data.variantBySku).toEqual({ sku, status: 'ARCHIVED' });
  });

  test('of two requests that race for a SKU one wins and one is told', async () => {
    const { typeId } = await a.basics();
    const sku = nextSku();
    const answers = await Promise.all(
      [1, 2, 3].map((n) => a.send('createProduct', { typeId, title: `Race ${n}`, variants: [variant({ sku })] })),
    );
    expect(answers.flatMap(({ codes }) => codes)).toEqual(['CONFLICT', 'CONFLICT']);
  });

  test('slugs come from titles, count up, also in a race, and lead on when they change', async () => {
    const { typeId } = await a.basics();
    const made = await Promise.all([1, 2, 3].map(() => a.give('createProduct', { typeId, title: 'Ärger & Öl', variants: [variant()] })));
    expect(made.map(({ slug }) => slug as string).toSorted()).toEqual(['arger-ol', 'arger-ol-2', 'arger-ol-3']);
    const first = made.find(({ slug }) => slug === 'arger-ol');
    expect((await a.send('createProduct', { typeId, title: 'x', slug: 'arger-ol', variants: [variant()] })).reasons).toEqual([
      'SLUG_TAKEN',
    ]);
    expect((await a.send('updateProduct', { id: first.id, version: 1, slug: 'arger-ol-2' })).reasons).toEqual(['SLUG_TAKEN']);
    await a.give('updateProduct', { id: first.id, version: 1, slug: 'peace', categoryIds: [(await a.basics()).categoryId] });
    await a.give('publishProduct', { id: first.id });
    const bySlug = `query ($sellerId: ID!, $slug: String!) { productBySlug(sellerId: $sellerId, slug: $slug) { slug } }`;
    for (const slug of ['peace', 'arger-ol'])
      expect((await run(bySlug, { variables: { sellerId: a.seller.id, slug }, as: null })).data.productBySlug).toEqual({ slug: 'peace' });
    for (const variables of [
      { sellerId: b.seller.id, slug: 'peace' },
      { sellerId: a.seller.id, slug: 'arger-ol-2' },
      { sellerId: 'x', slug: 'y' },
    ])
      expect((await run(bySlug, { variables, as: null })).data.productBySlug).toBeNull();
  });

  test('there is one variant per combination of options, and only of options that there are', async () => {
    const options = [{ name: 'Size', values: ['S', 'M'] }];
    const size = (value: string) => [{ option: 'Size', value }];
    const { id } = await a.draft({ options, variants: [variant({ optionValues: size('S') })] });
    expect((await a.send('createProductVariant', { productId: id, ...variant({ optionValues: size('s') }) })).reasons).toEqual([
      'OPTIONS_TAKEN',
    ]);
    expect(issuesOf(await a.send('createProductVariant', { productId: id, ...variant({ optionValues: size('XL') }) }))).toMatchObject([
      { path: 'optionValues.0.value' },
    ]);
    expect(issuesOf(await a.send('createProductVariant', { productId: id, ...variant() }))).toMatchObject([{ path: 'optionValues' }]);
    const race = await Promise.all(
      [1, 2].map(() => a.send('createProductVariant', { productId: id, ...variant({ optionValues: size('M') }) })),
    );
    expect(race.flatMap(({ reasons }) => reasons)).toEqual(['OPTIONS_TAKEN']);
    const { variants } = await a.read(id, { as: harness.viewer, in: a.seller });
    expect(variants.map(({ title }: { title: string }) => title)).toEqual(['S', 'M']);
    expect((await a.send('updateProductVariant', { id: variants[1].id, version: 1, optionValues: size('S') })).reasons).toEqual([
      'OPTIONS_TAKEN',
    ]);
    await a.give('archiveProductVariant', { id: variants[0].id });
    expect((await a.send('archiveProductVariant', { id: variants[0].id })).codes).toEqual(['CONFLICT']);
    expect(await a.give('updateProductVariant', { id: variants[1].id, version: 1, optionValues: size('S') })).toMatchObject({
      title: 'S',
      version: 2,
    });
  });

  test('a repeated idempotency key makes one product, also in parallel', async () => {
    const { typeId } = await a.basics();
    const input = { typeId, title: 'Once', variants: [variant()], idempotencyKey: 'k1' };
    const answers = await Promise.all([1, 2, 3].map(() => a.send('createProduct', input)));
    expect(new Set(answers.map(({ data }) => data.createProduct.product.id)).size).toBe(1);
    expect((await a.send('createProduct', { ...input, title: 'Other' })).reasons).toEqual(['IDEMPOTENCY_KEY_REUSED']);
  });
});

describe('bad input', () => {
  test('every wrong field is named at once, and nothing is written', async () => {
    const { typeId } = await a.basics();
    const answer = await a.send('createProduct', {
      typeId,
      title: ' ',
      variants: [
        variant(),
        variant({ sku: '', barcode: '4006381333932', prices: [{ ...eur('10.005'), sale: { amount: '1', currency: 'USD' } }, eur('-1')] }),
        variant({ kind: 'BUNDLE', components: [{ variantId: unknownId, quantity: 1 }] }),
        variant({ prices: [{ ...eur('5'), sale: { amount: '5', currency: 'EUR' } }, eur('6'), { ...eur('7'), saleEndsAt: new Date() }] }),
      ],
    });
    expect(answer.codes).toEqual(['BAD_USER_INPUT']);
    const paths = issuesOf(answer).map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining([
        'title',
        'variants.1.sku',
        'variants.1.barcode',
        'variants.1.prices.0.regular.amount',
        'variants.1.prices.1.regular',
        'variants.2.kind',
        'variants.2.components',
        'variants.3.prices.0.sale',
        'variants.3.prices.2.saleEndsAt',
      ]),
    );
    expect(issuesOf(answer).find(({ path }) => path === 'variants.1.prices.0.regular.amount')?.message).toBe(
      'has at most 2 decimals for EUR',
    );
    expect((await a.send('createProduct', { typeId, title: 'x', variants: [variant({ prices: [eur('NaN')] })] })).codes).toEqual([
      'BAD_USER_INPUT',
    ]);
  });

  test('attributes are held against the type: code, kind, choice, place', async () => {
    const { typeId } = await a.basics();
    const answer = await a.send('createProduct', {
      typeId,
      title: 'x',
      attributes: [
        { code: 'nothing', text: 'x' },
        { code: 'pages', text: 'many' },
        { code: 'color', choices: ['red'] },
        { code: 'isbn', text: '978' },
        { code: 'signed' },
      ],
      variants: [
        variant({ attributes: [{ code: 'color', choices: ['pink'] }] }),
        variant({ attributes: [{ code: 'color', choices: ['red', 'blue'] }] }),
      ],
    });
    expect(issuesOf(answer).map(({ path }) => path)).toEqual([
      'attributes.0.code',
      'attributes.1.text',
      'attributes.2.code',
      'attributes.3.text',
      'attributes.4.boolean',
      'variants.0.attributes.0.choices',
      'variants.1.attributes.0.choices',
    ]);
  });

  test('a barcode is a GTIN or an ISBN, kept as its 13 digits', async () => {
    const product = await a.draft({ variants: [variant({ barcode: '4 006381 333931' })] });
    expect(product.variants[0].barcode).toBe('4006381333931');
    expect(await a.give('updateProductVariant', { id: product.variants[0].id, version: 1, barcode: '080442957X' })).toMatchObject({
      barcode: '9780804429573',
    });
  });

  test('scripts, styles and event attributes never come out of a description', async () => {
    const { description } = await a.draft({
      description: '<p onclick="x()">Hi<script>alert(1)</script><style>p{}</style> <a href="javascript:x">a</a> <b>b</b></p>',
    });
    expect(description).toBe('<p>Hi <a rel="noopener nofollow ugc">a</a> <b>b</b></p>');
  });
});

describe('concurrent edits', () => {
  test('a stale version is refused with the current one, and nothing is written', async () => {
    const product = await a.draft();
    const answers = await Promise.all([1, 2, 3].map((n) => a.send('updateProduct', { id: product.id, version: 1, title: `Edit ${n}` })));
    expect(answers.flatMap(({ reasons }) => reasons)).toEqual(['STALE_VERSION', 'STALE_VERSION']);
    const [{ id }] = product.variants;
    expect(
      await a.give('updateProductVariant', { id, version: 1, weightGrams: 5, cost: { amount: '2.50', currency: 'EUR' } }),
    ).toMatchObject({
      version: 2,
      weightGrams: 5,
      cost: { amount: '2.50', currency: 'EUR' },
      product: { version: 3 },
    });
    expect((await a.send('setVariantPrices', { variantId: id, version: 1, prices: [eur('1')] })).errors?.[0]?.extensions).toMatchObject({
      code: 'CONFLICT',
      currentVersion: 2,
    });
    expect((await a.send('archiveProductVariant', { id, version: 1 })).reasons).toEqual(['STALE_VERSION']);
  });

  test('changes of a listed product are told with rising versions, those of a draft are not', async () => {
    const product = await a.published();
    const changed = await a.give('updateProduct', { id: product.id, version: product.version, tags: ['New'], title: 'Renamed' });
    const draft = await a.draft();
    await a.give('updateProduct', { id: draft.id, version: 1, title: 'Quiet' });
    const told = (await emitted(productChanged)).filter(({ productId }) => [product.id, draft.id].includes(productId));
    expect(told).toMatchObject([{ productId: product.id, version: changed.version, tags: ['New'], title: 'Renamed' }]);
    const [{ id }] = product.variants;
    await a.give('updateProductVariant', { id, version: 1, weightGrams: 9 });
    const ofVariant = [...(await emitted(variantCreated)), ...(await emitted(variantChanged))].filter(({ variantId }) => variantId === id);
    expect(ofVariant.map(({ changed: names }) => names)).toEqual([[], ['isPurchasable'], ['weightGrams']]);
    expect(ofVariant.map(({ version }) => version)).toEqual([1, 2, 3]);
    const facts = `query ($ids: [ID!]!) { variantFacts(ids: $ids) { variantId productId sellerId sku title kind components { quantity variant { id } } trackInventory isPurchasable version } }`;
    expect((await run(facts, { variables: { ids: [id] }, service: 'inventory' })).data.variantFacts).toMatchObject([
      { version: 3, isPurchasable: true, components: [], title: 'Renamed' },
    ]);
  });
});

describe('facts for other domains', () => {
  test('they are told of products in any state; unknown ones are left out, clients are refused', async () => {
    const [one, two] = [await a.draft({ title: 'One' }), await b.published({ title: 'Two' })];
    const facts = `query ($ids: [ID!]!) { productFacts(ids: $ids) { productId sellerId status title version } }`;
    const { data } = await run(facts, { variables: { ids: [one.id, two.id, unknownId] }, service: 'reviews' });
    expect(data.productFacts.toSorted((x: { title: string }, y: { title: string }) => x.title.localeCompare(y.title))).toEqual([
      { productId: one.id, sellerId: a.seller.id, status: 'DRAFT', title: 'One', version: 1 },
      { productId: two.id, sellerId: b.seller.id, status: 'ACTIVE', title: 'Two', version: 2 },
    ]);
    expect((await run(facts, { variables: { ids: [one.id] }, in: a.seller })).codes).toEqual(['FORBIDDEN']);
    expect((await run(facts, { variables: { ids: Array.from({ length: 101 }, () => one.id) }, service: 'reviews' })).codes).toEqual([
      'BAD_USER_INPUT',
    ]);
  });
});
