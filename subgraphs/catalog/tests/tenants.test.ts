import { person, testSubgraph } from '@supergraph/platform/testing';
import {
  organizationArchived,
  organizationDeleted,
  organizationReinstated,
  organizationRestored,
  organizationSuspended,
} from '@supergraph/schema/events/organizations';
import { tenantErased } from '@supergraph/schema/events/platform';
import { subgraph } from '../index.ts';
import { documents, eur, nextSku, world } from './world.ts';

const harness = testSubgraph(subgraph);
const { run, deliver, emitted, owner, context, close } = harness;
afterAll(close);
const a = world(harness);

test("a suspended organization's staff read and change nothing", async () => {
  const resting = { in: { ...a.seller, inactive: true } };
  const made = await a.give('createProductCategory', { name: 'Before' });
  for (const refused of [
    await a.send('createProductCategory', { name: 'After' }, resting),
    await a.send('updateProductCategory', { id: made.id, name: 'Changed' }, resting),
  ])
    expect(refused).toMatchObject({ codes: ['FORBIDDEN'], reasons: ['ORGANIZATION_INACTIVE'] });
  const { data } = await run(`query ($id: ID!) { productCategory(id: $id) { name } }`, { variables: { id: made.id }, ...resting });
  expect(data.productCategory).toEqual({ name: 'Before' });
});

test('while nobody can tell whether somebody is still staff, they read and change nothing', async () => {
  const unsure = { in: { ...a.seller, uncertain: true } };
  const made = await a.give('createProductCategory', { name: 'Sure' });
  expect((await a.send('createProductCategory', { name: 'Unsure' }, unsure)).codes).toEqual(['UPSTREAM_UNAVAILABLE']);
  const { data } = await run(`query ($id: ID!) { productCategory(id: $id) { name } }`, { variables: { id: made.id }, ...unsure });
  expect(data.productCategory).toEqual({ name: 'Sure' });
});

describe('the category tree', () => {
  const admin = person({ roles: ['USER', 'ADMIN'] });
  test('is at most eight deep', async () => {
    let parentId: string | undefined;
    const ids: string[] = [];
    for (let level = 1; level <= 8; level += 1) {
      parentId = (await a.give('createProductCategory', { name: `Level ${level}`, parentId })).id as string;
      ids.push(parentId);
    }
    expect((await a.send('createProductCategory', { name: 'Ninth', parentId })).reasons).toEqual(['TOO_DEEP']);
    const pair = await a.give('createProductCategory', { name: 'Pair' });
    await a.give('createProductCategory', { name: 'Below pair', parentId: pair.id });
    expect((await a.send('moveProductCategory', { id: pair.id, parentId: ids[6] })).reasons).toEqual(['TOO_DEEP']);
    expect(await a.give('moveProductCategory', { id: pair.id, parentId: ids[5] })).toMatchObject({ parent: { id: ids[5] } });
  });

  test('has no circles, also under two moves at once', async () => {
    const [one, two] = [await a.give('createProductCategory', { name: 'One' }), await a.give('createProductCategory', { name: 'Two' })];
    expect((await a.send('moveProductCategory', { id: one.id, parentId: one.id })).reasons).toEqual(['CIRCLE']);
    const moves = await Promise.all([
      a.send('moveProductCategory', { id: one.id, parentId: two.id }),
      a.send('moveProductCategory', { id: two.id, parentId: one.id }),
    ]);
    expect(moves.flatMap(({ reasons }) => reasons)).toEqual(['CIRCLE']);
  });

  test('keeps a category that has products or children', async () => {
    const parent = await a.give('createProductCategory', { name: 'Parent' });
    const child = await a.give('createProductCategory', { name: 'Child', parentId: parent.id });
    await a.draft({ categoryIds: [child.id] });
    for (const { id } of [parent, child]) expect((await a.send('deleteProductCategory', { id })).reasons).toEqual(['NOT_EMPTY']);
    const empty = await a.give('createProductCategory', { name: 'Empty' });
    expect((await a.send('deleteProductCategory', { id: empty.id })).data.deleteProductCategory).toEqual({ deletedId: empty.id });
    expect((await a.send('deleteProductCategory', { id: empty.id })).codes).toEqual(['NOT_FOUND']);
  });

  test('has slugs of its own, for its seller', async () => {
    const made = await a.give('createProductCategory', { name: 'Größe & Maß' });
    expect(made).toMatchObject({ slug: 'grosse-mass', seller: { id: a.seller.id } });
    expect((await a.send('createProductCategory', { name: 'x', slug: 'grosse-mass' })).reasons).toEqual(['SLUG_TAKEN']);
    expect(await a.give('updateProductCategory', { id: made.id, name: 'Size', slug: 'size', position: 3 })).toMatchObject({
      name: 'Size',
      slug: 'size',
      position: 3,
    });
    expect((await world(harness).give('createProductCategory', { name: 'Size' })).slug).toBe('size');
  });

  test("what belongs to everybody is the administrators' to change", async () => {
    const create = await run(documents.createProductCategory, { input: { name: 'Everybody' }, as: admin });
    const { category } = create.data.createProductCategory;
    expect(category).toMatchObject({ seller: null });
    expect((await a.send('updateProductCategory', { id: category.id, name: 'Mine' })).codes).toEqual(['FORBIDDEN']);
    expect((await a.send('createProductCategory', { name: 'Below', parentId: category.id })).codes).toEqual(['BAD_USER_INPUT']);
    const product = await a.draft({ categoryIds: [category.id] });
    expect(product.primaryCategory).toEqual({ id: category.id });
    expect((await run(documents.deleteProductCategory, { input: { id: category.id }, as: admin })).reasons).toEqual(['NOT_EMPTY']);
    const type = (await run(documents.createProductType, { input: { code: 'shared', name: 'Shared' }, as: admin })).data.createProductType
      .productType;
    expect((await a.send('updateProductType', { id: type.id, name: 'Mine' })).codes).toEqual(['FORBIDDEN']);
    expect(await a.draft({ typeId: type.id })).toMatchObject({ type: { code: 'shared' } });
    const read = `query ($sellerId: ID) { productTypes(sellerId: $sellerId) { code } productCategories(sellerId: $sellerId) { name } }`;
    expect((await run(read, { as: null })).data).toEqual({
      productTypes: [{ code: 'shared' }],
      productCategories: [{ name: 'Everybody' }],
    });
    expect((await run(read, { variables: { sellerId: a.seller.id }, as: null })).data.productTypes).toEqual([
      { code: 'shared' },
      { code: 'thing' },
    ]);
  });
});

describe('types', () => {
  test('have attributes that keep their kind, and go only while nothing is of the type', async () => {
    const attribute = (code: string, kind = 'TEXT') => ({ code, name: code, kind });
    const type = await a.give('createProductType', { code: 'shape', name: 'Shape', attributes: [attribute('one'), attribute('two')] });
    expect((await a.send('createProductType', { code: 'shape', name: 'Again' })).reasons).toEqual(['CODE_TAKEN']);
    const bad = await a.send('createProductType', {
      code: 'Bad code',
      name: '',
      attributes: [attribute('x'), attribute('x'), attribute('y', 'CHOICE')],
    });
    expect(bad.errors?.[0]?.extensions?.['issues']).toMatchObject([
      { path: 'code' },
      { path: 'name' },
      { path: 'attributes.2.choices' },
      { path: 'attributes.1' },
    ]);
    expect((await a.send('updateProductType', { id: type.id, attributes: [attribute('one', 'NUMBER')] })).codes).toEqual([
      'BAD_USER_INPUT',
    ]);
    const renamed = await a.give('updateProductType', {
      id: type.id,
      name: 'Form',
      attributes: [{ ...attribute('one'), name: 'First' }, attribute('three')],
    });
    expect(renamed).toMatchObject({ name: 'Form', attributes: [{ id: type.attributes[0].id, name: 'First' }, { code: 'three' }] });
    await a.draft({ typeId: type.id });
    expect((await a.send('updateProductType', { id: type.id, attributes: [] })).reasons).toEqual(['IN_USE']);
  });
});

describe('a seller', () => {
  test('that is suspended or archived is not seen; in good standing again it is; older news are dropped', async () => {
    const b = world(harness);
    const { id, variants } = await b.published({ title: 'Standing' });
    const organizationId = b.seller.id;
    const reference = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Product { title } ... on ProductVariant { sku } } }`;
    const of = [
      { __typename: 'Product', id },
      { __typename: 'ProductVariant', id: variants[0].id },
    ];
    const seen = async () => {
      const { data } = await run(reference, { variables: { of }, as: null });
      return [
        await b.read(id),
        ...data._entities,
        ...(await b.titles({ filter: { title: 'standing' } })),
        ...(await b.titles({ filter: { title: 'standing', priceFrom: '1' } })),
      ].filter(Boolean).length;
    };
    expect(await seen()).toBe(5);
    const { eventId } = await deliver(organizationSuspended, { organizationId });
    await deliver(organizationSuspended, { organizationId }, { eventId });
    expect(await seen()).toBe(0);
    expect(await b.read(id, { as: harness.viewer, in: b.seller })).toMatchObject({
      status: 'ACTIVE',
      variants: [{ isPurchasable: false }],
    });
    await deliver(organizationArchived, { organizationId });
    await deliver(organizationReinstated, { organizationId });
    expect(await seen()).toBe(0);
    await deliver(organizationRestored, { organizationId });
    expect(await seen()).toBe(5);
  });

  test('that is deleted leaves no row, and the platform is told', async () => {
    const b = world(harness);
    await b.published();
    await b.draft();
    const kept = await a.published({ title: 'Stays' });
    const organizationId = b.seller.id;
    const { eventId } = await deliver(organizationDeleted, { organizationId });
    await deliver(organizationDeleted, { organizationId }, { eventId });
    await harness.settle();
    const sql = await owner();
    const tables = await sql<
      { name: string }[]
    >`select table_name as name from information_schema.columns where table_schema = 'catalog' and column_name = 'seller_id'`;
    expect(tables.length).toBeGreaterThan(10);
    for (const { name } of tables)
      expect([name, ...(await sql`select 1 from ${sql(`catalog.${name}`)} where seller_id = ${organizationId}`)]).toEqual([name]);
    expect(await emitted(tenantErased.of('catalog'))).toEqual([{ organizationId }]);
    expect(await a.read(kept.id)).toMatchObject({ title: 'Stays' });
  });
});

test('the database itself keeps the rows of sellers apart', async () => {
  await a.draft({
    title: 'Guarded',
    variants: [{ sku: nextSku(), prices: [eur('1')], attributes: [{ code: 'color', choices: ['red'] }] }],
  });
  const sql = await owner();
  const tables = await sql<
    { name: string; forced: boolean }[]
  >`select relname as name, relforcerowsecurity as forced from pg_class where relnamespace = 'catalog'::regnamespace and relkind = 'r'`;
  const open = tables.filter(({ forced }) => !forced).map(({ name }) => name);
  expect(open.toSorted()).toEqual(['dead_letter', 'idempotency', 'inbox', 'outbox', 'product_ratings']);
  const { db } = await context();
  const { products, shelf, variantPriceHistory, variants } = await import('@supergraph/db/catalog/tables');
  for (const table of [shelf, variantPriceHistory]) expect(await db.select().from(table)).toEqual([]);
  for (const row of await db.select().from(products)) expect(row.status).not.toBe('DRAFT');
  const shown = new Set((await db.select().from(products)).map(({ id }) => id));
  for (const row of await db.select().from(variants)) expect(shown.has(row.productId)).toBe(true);
  await expect(db.update(products).set({ title: 'Stolen' }).returning()).resolves.toEqual([]);
});
