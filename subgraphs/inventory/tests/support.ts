import { organizationWith, type TestSubgraph } from '@supergraph/platform/testing';
import { variantCreated } from '@supergraph/schema/events/catalog';
import { organizationCreated } from '@supergraph/schema/events/organizations';
import { randomUUID } from 'node:crypto';

export const staffOf = (id: string = randomUUID()) => organizationWith(['inventory.stock.read', 'inventory.stock.write'], { id });
export type Staff = ReturnType<typeof staffOf>;

export const variantPayload = (sellerId: string, overrides: object = {}) => ({
  variantId: randomUUID() as string,
  productId: randomUUID() as string,
  sellerId,
  sku: `SKU-${randomUUID().slice(0, 8)}`,
  barcode: null,
  title: 'Paperback',
  kind: 'SIMPLE' as 'SIMPLE' | 'BUNDLE',
  components: [] as { variantId: string; quantity: number }[],
  prices: [],
  taxClass: 'standard',
  weightGrams: 300,
  requiresShipping: true,
  trackInventory: true,
  isPurchasable: true,
  changed: [],
  version: 1,
  ...overrides,
});

const addressInput = { line1: 'Quay 1', locality: 'Bremen', countryCode: 'DE' };

export const createWarehouse = `mutation ($input: CreateWarehouseInput!) { createWarehouse(input: $input) { warehouse { id version code name priority sellsOnline archivedAt address { line1 countryCode } } } }`;
export const adjustStock = `mutation ($input: AdjustStockInput!) { adjustStock(input: $input) { results { index level { id onHand reserved available value { amount currency } } movement { id quantity onHandAfter reason reference actor { id } value { amount } } } } }`;
export const configureStock = `mutation ($input: ConfigureStockInput!) { configureStock(input: $input) { item { version lowStockThreshold levels { backorderLimit } } } }`;
export const reserveStock = `mutation ($input: ReserveStockInput!) { reserveStock(input: $input) { reservation { id orderId status expiresAt lines { orderLineId variant { id } warehouse { id } quantity released } } } }`;
export const releaseStock = `mutation ($input: ReleaseStockInput!) { releaseStock(input: $input) { reservation { id status expiresAt lines { quantity released } } } }`;
const entities = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on ProductVariant { id availability { status quantity maxOrderQuantity restockExpectedOn } } ... on Product { id availability { status variantsInStock restockExpectedOn } } } }`;
const stock = `query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on ProductVariant { stock { id version onHand reserved available projected lowStockThreshold averageCost value { amount } levels { id onHand reserved available backorderLimit warehouse { id code } } } } } }`;

/** What every test needs of a seller: warehouses, variants, stock, orders. */
export function shop({ run, deliver }: Pick<TestSubgraph, 'run' | 'deliver'>, staff: Staff = staffOf()) {
  const open = async (currency = 'EUR') => {
    await deliver(organizationCreated, {
      organizationId: staff.id,
      slug: 'shop',
      name: 'Shop',
      logoFileId: null,
      locale: 'en',
      timeZone: 'UTC',
      currency,
      version: 1,
    });
  };
  const warehouse = async (overrides: object = {}): Promise<string> => {
    const input = { code: randomUUID().slice(0, 8), name: 'Main', address: addressInput, ...overrides };
    const { data, errors } = await run(createWarehouse, { input, in: staff });
    if (errors) throw new Error(JSON.stringify(errors));
    return data.createWarehouse.warehouse.id;
  };
  const variant = async (overrides: object = {}): Promise<string> => {
    const payload = variantPayload(staff.id, overrides);
    await deliver(variantCreated, payload);
    return payload.variantId;
  };
  const adjust = (lines: object[], more: object = {}) => run(adjustStock, { input: { lines, reason: 'CORRECTION', ...more }, in: staff });
  const put = async (variantId: string, warehouseId: string, delta: number, unitCost?: string) => {
    const { errors } = await adjust([
      { variantId, warehouseId, delta, ...(unitCost ? { unitCost: { amount: unitCost, currency: 'EUR' } } : {}) },
    ]);
    if (errors) throw new Error(JSON.stringify(errors));
  };
  const orderInput = (lines: { variantId: string; quantity: number }[], overrides: object = {}) => ({
    orderId: randomUUID() as string,
    sellerId: staff.id,
    lines: lines.map((line) => ({ orderLineId: randomUUID() as string, ...line })),
    expiresAt: new Date(Date.now() + 900_000).toISOString(),
    idempotencyKey: randomUUID() as string,
    ...overrides,
  });
  const reserveWith = (input: object) => run(reserveStock, { input, service: 'orders', as: null });
  const reserve = (lines: { variantId: string; quantity: number }[], overrides: object = {}) => reserveWith(orderInput(lines, overrides));
  const release = (orderId: string, more: object = {}) =>
    run(releaseStock, { input: { orderId, idempotencyKey: randomUUID(), ...more }, service: 'orders', as: null });
  const entity = async (__typename: string, ids: string[]) =>
    (await run(entities, { variables: { representations: ids.map((id) => ({ __typename, id })) }, as: null })).data._entities as {
      id: string;
      availability: Record<string, unknown> | null;
    }[];
  const availability = async (variantId: string) => (await entity('ProductVariant', [variantId]))[0]?.availability;
  const stockOf = async (variantId: string, as: Staff = staff) =>
    (await run(stock, { variables: { representations: [{ __typename: 'ProductVariant', id: variantId }] }, in: as })).data._entities[0]
      .stock;
  return { staff, open, warehouse, variant, adjust, put, orderInput, reserve, reserveWith, release, entity, availability, stockOf };
}
