import { organizationWith, person, testSubgraph } from '@supergraph/platform/testing';
import { variantArchived, variantChanged, variantCreated } from '@supergraph/schema/events/catalog';
import { stockAdjusted, stockDepleted, stockLow, stockReplenished } from '@supergraph/schema/events/inventory';
import { organizationDeleted, organizationUpdated } from '@supergraph/schema/events/organizations';
import { tenantErased } from '@supergraph/schema/events/platform';
import { observeQueries } from '@supergraph/platform/database';
import { randomUUID } from 'node:crypto';
import type { TransactionSql } from 'postgres';
import { subgraph } from '../index.ts';
import { adjustStock, configureStock, createWarehouse, shop, staffOf, variantPayload } from './support.ts';

let facts: object[] = [];
let asked = 0;
const harness = testSubgraph(subgraph, {
  answers: {
    catalog: () => {
      asked += 1;
      return { variantFacts: facts };
    },
  },
});
const { run, deliver, emitted, subscribe, owner, viewer, close } = harness;
afterAll(close);

const updateWarehouse = `mutation ($input: UpdateWarehouseInput!) { updateWarehouse(input: $input) { warehouse { version name sellsOnline } } }`;
const archiveWarehouse = `mutation ($input: ArchiveWarehouseInput!) { archiveWarehouse(input: $input) { warehouse { archivedAt } } }`;
const readWarehouse = `query ($id: ID!) { warehouse(id: $id) { id code address { line1 } } }`;
const warehousesQuery = `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Organization { warehouses { code } } } }`;
const itemsQuery = `query ($r: [_Any!]!, $first: Int, $after: String, $filter: StockItemFilter, $order: StockItemOrder) { _entities(representations: $r) { ... on Organization { stockItems(first: $first, after: $after, filter: $filter, orderBy: $order) { nodes { id available value { amount } levels { onHand } } pageInfo { hasNextPage endCursor } totalCount } } } }`;
const movementsQuery = `query ($r: [_Any!]!, $first: Int, $after: String, $filter: StockMovementFilter) { _entities(representations: $r) { ... on Organization { stockMovements(first: $first, after: $after, filter: $filter) { nodes { quantity onHandAfter kind warehouse { code } value { amount } actor { id } } pageInfo { hasNextPage endCursor } totalCount } } } }`;
const organization = (id: string) => ({ r: [{ __typename: 'Organization', id }] });
const issuesOf = (errors: Awaited<ReturnType<typeof run>>['errors']) =>
  ((errors?.[0]?.extensions?.['issues'] ?? []) as { path: string }[]).map(({ path }) => path);

test('staff make, change and archive warehouses; a stale version and a taken code are conflicts', async () => {
  const { staff, warehouse } = shop(harness);
  const id = await warehouse({ code: 'A-1', priority: 2 });
  await warehouse({ code: 'B-1', priority: 1 });
  expect((await run(readWarehouse, { variables: { id }, in: staff })).data.warehouse).toEqual({
    id,
    code: 'A-1',
    address: { line1: 'Quay 1' },
  });
  const input = { code: 'A-1', name: 'Again', address: { line1: 'x', locality: 'y', countryCode: 'DE' } };
  expect((await run(createWarehouse, { input, in: staff })).reasons).toEqual(['CODE_TAKEN']);
  const bad = await run(createWarehouse, {
    input: { code: '!', name: ' ', priority: 0, address: { line1: '', locality: 'y', countryCode: 'DE' } },
    in: staff,
  });
  expect(issuesOf(bad.errors)).toEqual(['code', 'name', 'address.line1', 'priority']);
  const changed = await run(updateWarehouse, { input: { id, version: 1, name: 'North hall' }, in: staff });
  expect(changed.data.updateWarehouse.warehouse).toEqual({ version: 2, name: 'North hall', sellsOnline: true });
  const stale = await run(updateWarehouse, { input: { id, version: 1, name: 'South hall' }, in: staff });
  expect(stale.errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', reason: 'STALE_VERSION', currentVersion: 2 });
  expect((await run(warehousesQuery, { variables: organization(staff.id), in: staff })).data._entities[0].warehouses).toEqual([
    { code: 'B-1' },
    { code: 'A-1' },
  ]);
  expect((await run(archiveWarehouse, { input: { id, version: 2 }, in: staff })).data.archiveWarehouse.warehouse.archivedAt).not.toBeNull();
  expect((await run(updateWarehouse, { input: { id, version: 3, name: 'x' }, in: staff })).reasons).toEqual(['WAREHOUSE_ARCHIVED']);
});

test('a warehouse is archived only when it holds and owes nothing', async () => {
  const { staff, warehouse, variant, put, adjust } = shop(harness);
  const [id, variantId] = [await warehouse(), await variant()];
  await put(variantId, id, 2);
  const refused = await run(archiveWarehouse, { input: { id, version: 1 }, in: staff });
  expect(refused.errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', reason: 'WAREHOUSE_IN_USE', onHand: 2, reserved: 0 });
  await put(variantId, id, -2);
  expect((await run(archiveWarehouse, { input: { id, version: 1 }, in: staff })).codes).toEqual([]);
  expect((await adjust([{ variantId, warehouseId: id, delta: 1 }])).reasons).toEqual(['WAREHOUSE_ARCHIVED']);
});

test('a warehouse that stops selling online takes its stock out of the availability', async () => {
  const { staff, warehouse, variant, put, availability } = shop(harness);
  const [id, variantId] = [await warehouse(), await variant()];
  await put(variantId, id, 7);
  expect(await availability(variantId)).toMatchObject({ quantity: 7 });
  await run(updateWarehouse, { input: { id, version: 1, sellsOnline: false }, in: staff });
  expect(await availability(variantId)).toMatchObject({ status: 'OUT_OF_STOCK', quantity: 0 });
});

test("another organization's staff, members without the permission, guests and tokens without the scope get nowhere", async () => {
  const { staff, warehouse, variant, put, stockOf } = shop(harness);
  const [id, variantId] = [await warehouse(), await variant()];
  await put(variantId, id, 3);
  const stranger = staffOf();
  expect(await run(readWarehouse, { variables: { id }, in: stranger })).toMatchObject({ data: { warehouse: null }, codes: [] });
  expect(await stockOf(variantId, stranger)).toBeNull();
  expect((await run(itemsQuery, { variables: organization(staff.id), in: stranger })).data._entities[0].stockItems).toBeNull();
  expect((await run(movementsQuery, { variables: organization(staff.id), in: stranger })).data._entities[0].stockMovements).toBeNull();
  const attempts = [
    run(updateWarehouse, { input: { id, version: 1, name: 'mine' }, in: stranger }),
    run(archiveWarehouse, { input: { id, version: 1 }, in: stranger }),
    run(adjustStock, { input: { lines: [{ variantId, warehouseId: id, delta: 1 }], reason: 'FOUND' }, in: stranger }),
    run(configureStock, { input: { variantId, version: 1, lowStockThreshold: 1 }, in: stranger }),
  ];
  expect((await Promise.all(attempts)).map(({ codes }) => codes)).toEqual([['NOT_FOUND'], ['NOT_FOUND'], ['NOT_FOUND'], ['NOT_FOUND']]);
  const input = { lines: [{ variantId, warehouseId: id, delta: 1 }], reason: 'FOUND' };
  expect((await run(adjustStock, { input, in: organizationWith(['inventory.stock.read'], { id: staff.id }) })).codes).toEqual([
    'FORBIDDEN',
  ]);
  expect((await run(adjustStock, { input, in: staff, as: person({ scopes: [] }) })).codes).toEqual(['FORBIDDEN']);
  expect((await run(adjustStock, { input, as: null })).codes).toEqual(['UNAUTHENTICATED']);
  expect((await run(adjustStock, { input })).codes).toEqual(['BAD_USER_INPUT']);
});

test('every bad line of an adjustment is named, and nothing is written', async () => {
  const { warehouse, variant, put, adjust, stockOf, open } = shop(harness);
  await open();
  const [id, variantId] = [await warehouse(), await variant()];
  await put(variantId, id, 3);
  const line = { variantId, warehouseId: id };
  const { codes, errors } = await adjust([
    { ...line, delta: 0 },
    { ...line, delta: 1_000_001 },
    { ...line, delta: -1, unitCost: { amount: '1.00', currency: 'EUR' } },
    { ...line, warehouseId: 'x', delta: 1 },
  ]);
  expect(codes).toEqual(['BAD_USER_INPUT']);
  expect(issuesOf(errors)).toEqual(expect.arrayContaining(['lines.0.delta', 'lines.1.delta', 'lines.2.unitCost', 'lines.3.warehouseId']));
  expect(
    issuesOf(
      (
        await adjust([
          { ...line, delta: 1 },
          { ...line, delta: 2 },
        ])
      ).errors,
    ),
  ).toEqual(['lines.1']);
  expect(issuesOf((await adjust([{ ...line, delta: 1, unitCost: { amount: '1.00', currency: 'USD' } }])).errors)).toEqual([
    'lines.0.unitCost.currency',
  ]);
  expect(
    (
      await adjust([
        { ...line, delta: 1 },
        { ...line, warehouseId: randomUUID(), delta: 1 },
      ])
    ).codes,
  ).toEqual(['NOT_FOUND']);
  expect((await adjust([])).codes).toEqual(['BAD_USER_INPUT']);
  expect(await stockOf(variantId)).toMatchObject({ onHand: 3 });
});

test('the value is the moving average, rounded half away from zero, and an empty level is worth nothing', async () => {
  const { open, warehouse, variant, put, adjust, stockOf } = shop(harness);
  await open();
  const [id, variantId] = [await warehouse(), await variant()];
  await put(variantId, id, 2, '1.00');
  await put(variantId, id, 1, '0.01');
  expect(await stockOf(variantId)).toMatchObject({ value: { amount: '2.01' }, averageCost: '0.670000' });
  await put(variantId, id, 1, '1.00');
  const values: string[] = [];
  for (let n = 0; n < 4; n += 1)
    values.push((await adjust([{ variantId, warehouseId: id, delta: -1 }])).data.adjustStock.results[0].movement.value.amount);
  expect(values).toEqual(['-0.75', '-0.75', '-0.76', '-0.75']);
  expect(await stockOf(variantId)).toMatchObject({ onHand: 0, value: { amount: '0.00' }, averageCost: null });
});

test('a repeated adjustment with one key moves stock once, also in parallel', async () => {
  const { warehouse, variant, adjust, stockOf } = shop(harness);
  const [id, variantId] = [await warehouse(), await variant()];
  const answers = await Promise.all([1, 2, 3].map(() => adjust([{ variantId, warehouseId: id, delta: 5 }], { idempotencyKey: 'count' })));
  expect(new Set(answers.map(({ data }) => data.adjustStock.results[0].movement.id)).size).toBe(1);
  expect(answers[0]?.data.adjustStock.results[0]).toMatchObject({
    level: { onHand: 5 },
    movement: { quantity: 5, onHandAfter: 5, actor: { id: viewer.userId } },
  });
  expect((await adjust([{ variantId, warehouseId: id, delta: 6 }], { idempotencyKey: 'count' })).reasons).toEqual([
    'IDEMPOTENCY_KEY_REUSED',
  ]);
  expect(await stockOf(variantId)).toMatchObject({ onHand: 5 });
  expect((await emitted(stockAdjusted)).filter((event) => event.variantId === variantId)).toEqual([
    expect.objectContaining({ warehouseId: id, kind: 'ADJUSTMENT', delta: 5, onHand: 5 }),
  ]);
});

test('the ledger cannot be changed or deleted by the service, and a level cannot break its bounds', async () => {
  const { staff, warehouse, variant, put } = shop(harness);
  const [id, variantId] = [await warehouse(), await variant()];
  await put(variantId, id, 5);
  const sql = await owner();
  const as = (work: (tx: TransactionSql) => Promise<unknown>) =>
    sql.begin(async (tx) => {
      await tx`set local role supergraph_inventory`;
      await tx`select set_config('app.organization_id', ${staff.id}, true)`;
      return work(tx);
    });
  await expect(as((tx) => tx`update inventory.movements set quantity = 1`)).rejects.toThrow('permission denied');
  await expect(as((tx) => tx`delete from inventory.movements`)).rejects.toThrow('permission denied');
  await expect(as((tx) => tx`update inventory.levels set on_hand = -1`)).rejects.toThrow('check constraint');
  await expect(as((tx) => tx`update inventory.levels set reserved = -1`)).rejects.toThrow('check constraint');
  await expect(as((tx) => tx`update inventory.levels set reserved = 6`)).rejects.toThrow('check constraint');
  await expect(as((tx) => tx`update inventory.levels set value_minor = -1`)).rejects.toThrow('check constraint');
  expect(
    await sql.begin(async (tx) => {
      await tx`set local role supergraph_inventory`;
      return tx`select * from inventory.levels`;
    }),
  ).toHaveLength(0);
});

test('limits are told of once for each crossing', async () => {
  const { staff, warehouse, variant, put } = shop(harness);
  const [id, variantId] = [await warehouse(), await variant()];
  await run(configureStock, { input: { variantId, version: 1, lowStockThreshold: 5 }, in: staff });
  for (const delta of [10, -4, -2, -1, -3, 2, -2, 9]) await put(variantId, id, delta);
  const told = async (contract: typeof stockLow) =>
    (await emitted(contract)).filter((event) => event.variantId === variantId).map(({ orderable }) => orderable);
  expect(await told(stockLow)).toEqual([4]);
  expect(await told(stockDepleted)).toEqual([0, 0]);
  expect(await told(stockReplenished)).toEqual([10, 2, 9]);
  const versions = (await emitted())
    .filter(({ key, name }) => key === variantId && /low|depleted|replenished/.test(name))
    .map(({ payload }) => (payload as { version: number }).version);
  expect(versions).toEqual(versions.toSorted((one, other) => one - other));
});

test('the threshold and backorder limits are configured under the version that was read', async () => {
  const { staff, warehouse, variant, put, reserve, availability } = shop(harness);
  const [id, variantId] = [await warehouse(), await variant()];
  await put(variantId, id, 4);
  const limit = (version: number, more: object) => run(configureStock, { input: { variantId, version, ...more }, in: staff });
  expect((await limit(1, { lowStockThreshold: 4, backorderLimits: [{ warehouseId: id, limit: 3 }] })).data.configureStock.item).toEqual({
    version: 2,
    lowStockThreshold: 4,
    levels: [{ backorderLimit: 3 }],
  });
  expect(await availability(variantId)).toMatchObject({ status: 'IN_STOCK', quantity: 7 });
  await reserve([{ variantId, quantity: 6 }]);
  expect((await limit(1, { lowStockThreshold: 4 })).reasons).toEqual(['STALE_VERSION']);
  expect((await limit(2, { backorderLimits: [{ warehouseId: id, limit: 1 }] })).reasons).toEqual(['STOCK_RESERVED']);
  expect(
    (
      await limit(2, {
        lowStockThreshold: -1,
        backorderLimits: [
          { warehouseId: id, limit: 1 },
          { warehouseId: id, limit: 2 },
        ],
      })
    ).codes,
  ).toEqual(['BAD_USER_INPUT']);
  expect((await limit(2, { backorderLimits: [{ warehouseId: randomUUID(), limit: 1 }] })).codes).toEqual(['NOT_FOUND']);
  const races = await Promise.all([1, 2, 3].map((threshold) => limit(2, { lowStockThreshold: threshold })));
  expect(races.filter(({ data }) => data)).toHaveLength(1);
});

test('everybody sees the status, and the quantity up to ten', async () => {
  const { warehouse, variant, put, availability, entity } = shop(harness);
  const productId = randomUUID();
  const [id, variantId, other] = [await warehouse(), await variant({ productId }), await variant({ productId })];
  await put(variantId, id, 10);
  expect(await availability(variantId)).toMatchObject({ status: 'IN_STOCK', quantity: 10, maxOrderQuantity: 10 });
  await put(variantId, id, 1);
  expect(await availability(variantId)).toMatchObject({ quantity: null, maxOrderQuantity: 999 });
  expect(await availability(other)).toMatchObject({ status: 'OUT_OF_STOCK' });
  expect(await availability(randomUUID())).toBeNull();
  expect(await entity('Product', [productId, randomUUID()])).toMatchObject([
    { availability: { status: 'IN_STOCK', variantsInStock: 1 } },
    { availability: null },
  ]);
});

test('the availability of a hundred variants, bundles too, is read in two statements without a transaction', async () => {
  const { warehouse, variant, put, entity } = shop(harness);
  const [id, part] = [await warehouse(), await variant()];
  await put(part, id, 9);
  const productId = randomUUID();
  const simple: string[] = [];
  for (let n = 0; n < 60; n += 1) simple.push(await variant({ productId }));
  const bundles: string[] = [];
  for (let n = 0; n < 40; n += 1)
    bundles.push(await variant({ kind: 'BUNDLE', productId, components: [{ variantId: part, quantity: 2 }] }));
  const statements: string[] = [];
  const stop = observeQueries((statement) => statements.push(statement));
  const found = await entity('ProductVariant', [...simple, ...bundles]);
  const ofVariants = statements.splice(0).filter((statement) => /availabilities|item_components/.test(statement));
  await entity('Product', [productId, randomUUID()]);
  const ofProducts = statements.splice(0).filter((statement) => /availabilities|item_components/.test(statement));
  stop();
  expect(found.filter(({ availability }) => availability?.['quantity'] === 4)).toHaveLength(40);
  expect([ofVariants.length, ofProducts.length]).toEqual([2, 2]);
});

test('the second page of items and movements follows the first, in every order', async () => {
  const { staff, open, warehouse, variant, put } = shop(harness);
  await open();
  const id = await warehouse({ code: 'P-1' });
  const made: string[] = [];
  for (const [index, sku] of ['A', 'B', 'C'].entries()) {
    const variantId = await variant({ sku, title: `Tea ${sku}_1` });
    made.push(variantId);
    await put(variantId, id, index + 1, '1.00');
  }
  const list = async (variables: object) =>
    (await run(itemsQuery, { variables: { ...organization(staff.id), ...variables }, in: staff })).data._entities[0].stockItems;
  for (const field of ['SKU', 'AVAILABLE', 'VALUE', 'UPDATED_AT']) {
    const order = { field, direction: 'DESC' };
    const first = await list({ first: 2, order });
    expect(first).toMatchObject({ nodes: [{ id: made[2] }, { id: made[1] }], totalCount: 3, pageInfo: { hasNextPage: true } });
    expect(await list({ first: 2, order, after: first.pageInfo.endCursor })).toMatchObject({
      nodes: [{ id: made[0] }],
      pageInfo: { hasNextPage: false },
    });
  }
  expect((await list({ filter: { search: 'tea b_' } })).nodes).toMatchObject([{ id: made[1] }]);
  expect((await list({ filter: { search: '%' } })).totalCount).toBe(0);
  expect((await list({ filter: { availableBelow: 2, warehouseId: id, status: 'IN_STOCK' } })).nodes).toMatchObject([
    { id: made[0], levels: [{ onHand: 1 }] },
  ]);
  const ledger = async (variables: object) =>
    (await run(movementsQuery, { variables: { ...organization(staff.id), ...variables }, in: staff })).data._entities[0].stockMovements;
  const newest = await ledger({ first: 2 });
  expect(newest).toMatchObject({
    nodes: [{ quantity: 3, onHandAfter: 3, kind: 'ADJUSTMENT', warehouse: { code: 'P-1' }, value: { amount: '3.00' } }, { quantity: 2 }],
    totalCount: 3,
  });
  expect(await ledger({ first: 2, after: newest.pageInfo.endCursor })).toMatchObject({
    nodes: [{ quantity: 1 }],
    pageInfo: { hasNextPage: false },
  });
  expect(
    (await ledger({ filter: { variantIds: [made[0]], kinds: ['ADJUSTMENT'], warehouseIds: [id], from: '2020-01-01T00:00:00.000Z' } }))
      .totalCount,
  ).toBe(1);
  expect((await run(itemsQuery, { variables: { ...organization(staff.id), first: 101 }, in: staff })).codes).toEqual(['BAD_USER_INPUT']);
});

test('an unknown variant is asked of the catalog once, then it is not found', async () => {
  const { staff, warehouse, adjust } = shop(harness);
  const id = await warehouse();
  asked = 0;
  facts = [];
  expect((await adjust([{ variantId: randomUUID(), warehouseId: id, delta: 1 }])).codes).toEqual(['NOT_FOUND']);
  expect(asked).toBe(1);
  const { variantId, productId, sku, title, kind, components, trackInventory, isPurchasable, version } = variantPayload(staff.id);
  facts = [{ variantId, productId, sellerId: staff.id, sku, title, kind, components, trackInventory, isPurchasable, version }];
  expect((await adjust([{ variantId, warehouseId: id, delta: 4 }])).data.adjustStock.results).toMatchObject([{ level: { onHand: 4 } }]);
  const foreign = { ...facts[0], variantId: randomUUID(), sellerId: randomUUID() };
  facts = [foreign];
  expect((await adjust([{ variantId: foreign.variantId, warehouseId: id, delta: 4 }])).codes).toEqual(['NOT_FOUND']);
});

test('older news of a variant is dropped, a second delivery changes nothing, an archived variant cannot be ordered', async () => {
  const { staff, warehouse, put, reserve, availability, stockOf } = shop(harness);
  const id = await warehouse();
  const payload = variantPayload(staff.id, { version: 2 });
  const { variantId } = payload;
  const { eventId } = await deliver(variantCreated, payload);
  await deliver(variantCreated, payload, { eventId });
  await put(variantId, id, 5);
  await deliver(variantChanged, { ...payload, trackInventory: false, version: 1 });
  expect(await availability(variantId)).toMatchObject({ quantity: 5 });
  await deliver(variantChanged, { ...payload, trackInventory: false, version: 3 });
  expect(await availability(variantId)).toMatchObject({ status: 'NOT_TRACKED' });
  await deliver(variantChanged, { ...payload, trackInventory: true, version: 4 });
  expect(await availability(variantId)).toMatchObject({ quantity: 5 });
  await deliver(variantArchived, { ...payload, isPurchasable: false, version: 5 });
  expect(await availability(variantId)).toMatchObject({ status: 'OUT_OF_STOCK', quantity: 0 });
  expect((await reserve([{ variantId, quantity: 1 }])).reasons).toEqual(['SHORTAGE']);
  expect(await stockOf(variantId)).toMatchObject({ onHand: 5 });
});

test('stock that has a value keeps the currency in which it was valued', async () => {
  const { staff, open, warehouse, variant, put, stockOf } = shop(harness);
  await open();
  const [id, variantId] = [await warehouse(), await variant()];
  const changed = {
    organizationId: staff.id,
    slug: 'shop',
    name: 'Shop',
    logoFileId: null,
    locale: 'en',
    timeZone: 'UTC',
    currency: 'JPY',
  };
  await put(variantId, id, 2, '1.00');
  await deliver(organizationUpdated, { ...changed, version: 2 });
  expect((await stockOf(variantId)).value).toEqual({ amount: '2.00' });
  await put(variantId, id, -2);
  await deliver(organizationUpdated, { ...changed, version: 3 });
  expect((await stockOf(variantId)).value).toEqual({ amount: '0' });
});

test("a deleted organization's rows go, the ledger too, and that is told; others keep theirs", async () => {
  const { staff, open, warehouse, variant, put, reserve } = shop(harness);
  const other = shop(harness);
  await open();
  for (const one of [{ warehouse, variant, put, reserve }, other]) {
    const [id, variantId] = [await one.warehouse(), await one.variant()];
    await one.put(variantId, id, 2);
    await one.reserve([{ variantId, quantity: 1 }]);
  }
  const { eventId } = await deliver(organizationDeleted, { organizationId: staff.id });
  await deliver(organizationDeleted, { organizationId: staff.id }, { eventId });
  expect((await emitted(tenantErased.of('inventory'))).filter(({ organizationId }) => organizationId === staff.id)).toHaveLength(1);
  const sql = await owner();
  const tables = [
    'sellers',
    'warehouses',
    'items',
    'availabilities',
    'levels',
    'movements',
    'reservations',
    'reservation_lines',
    'order_sellers',
  ];
  for (const table of tables) {
    const [row] =
      await sql`select count(*) filter (where organization_id = ${staff.id})::int as gone, count(*) filter (where organization_id = ${other.staff.id})::int as kept from inventory.${sql(table)}`;
    expect([table, row?.['gone'], (row?.['kept'] as number) > 0]).toEqual([table, 0, table !== 'sellers']);
  }
});

test('shoppers hear when what they see of a variant or bundle changes, and only then', async () => {
  const { warehouse, variant, put, reserve } = shop(harness);
  const [id, variantId] = [await warehouse(), await variant()];
  const bundle = await variant({ kind: 'BUNDLE', components: [{ variantId, quantity: 2 }] });
  await put(variantId, id, 20);
  const watch = `subscription ($ids: [ID!]!) { availabilityChanged(variantIds: $ids) { id availability { quantity } } }`;
  const events = await subscribe(watch, { variables: { ids: [variantId] }, as: null });
  const ofBundle = await subscribe(watch, { variables: { ids: [bundle] }, as: null });
  // Of twenty and of nineteen a shopper sees the same: more than ten. Of the bundle there were ten.
  const next = events.next();
  await put(variantId, id, -1);
  expect((await ofBundle.next()).value).toMatchObject({ data: { availabilityChanged: { id: bundle, availability: { quantity: 9 } } } });
  await reserve([{ variantId, quantity: 10 }]);
  expect((await next).value).toMatchObject({ data: { availabilityChanged: { id: variantId, availability: { quantity: 9 } } } });
  expect((await ofBundle.next()).value).toMatchObject({ data: { availabilityChanged: { id: bundle, availability: { quantity: 4 } } } });
  await Promise.all([events.return(), ofBundle.return()]);
});

test('staff hear of changed levels and low stock of their own organization', async () => {
  const { staff, warehouse, variant, put, reserve } = shop(harness);
  const [id, other, variantId] = [await warehouse(), await warehouse({ priority: 500 }), await variant()];
  await put(variantId, id, 5);
  await run(configureStock, { input: { variantId, version: 1, lowStockThreshold: 3 }, in: staff });
  const levels = await subscribe(`subscription ($w: [ID!]) { stockLevelChanged(warehouseIds: $w) { onHand reserved warehouse { id } } }`, {
    variables: { w: [id] },
    in: staff,
  });
  const low = await subscribe(`subscription { lowStockReached { id available levels { reserved } } }`, { in: staff });
  const foreign = await subscribe(`subscription { stockLevelChanged { id } }`, { in: staffOf() });
  const heard: unknown[] = [];
  const ended = foreign.next().then((answer) => heard.push(answer));
  await put(variantId, other, 1);
  await reserve([{ variantId, quantity: 4 }]);
  expect((await levels.next()).value).toMatchObject({ data: { stockLevelChanged: { onHand: 5, reserved: 4, warehouse: { id } } } });
  expect((await low.next()).value).toMatchObject({ data: { lowStockReached: { id: variantId, available: 2 } } });
  await Promise.all([levels.return(), low.return()]);
  expect(heard).toEqual([]);
  // It waits for an event that never comes, and ends with the test.
  ended.catch(() => undefined);
  await expect(subscribe(`subscription { lowStockReached(after: "x") { id } }`, { in: staff })).rejects.toThrow('CURSOR_EXPIRED');
  await expect(subscribe(`subscription { lowStockReached { id } }`)).rejects.toThrow('X-Organization-Id');
  await expect(subscribe(`subscription { lowStockReached { id } }`, { as: null })).rejects.toThrow('UNAUTHENTICATED');
});
