import {
  createdAt,
  currentPerson,
  currentTenant,
  deadLetterTable,
  id,
  idempotencyTable,
  inboxTable,
  moment,
  outboxTable,
  publicRead,
  tenantOnly,
  updatedAt,
} from '@supergraph/platform/columns';
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  char,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgPolicy,
  pgSchema,
  primaryKey,
  text,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';

export const inventory = pgSchema('inventory');

export const variantKind = inventory.enum('variant_kind', ['SIMPLE', 'BUNDLE']);
export const availabilityStatus = inventory.enum('availability_status', ['IN_STOCK', 'LOW', 'BACKORDER', 'OUT_OF_STOCK', 'NOT_TRACKED']);
export const movementKind = inventory.enum('movement_kind', [
  'RECEIPT',
  'SHIPMENT',
  'RETURN',
  'ADJUSTMENT',
  'COUNT',
  'TRANSFER_OUT',
  'TRANSFER_IN',
]);
export const reservationStatus = inventory.enum('reservation_status', ['HELD', 'COMMITTED', 'FULFILLED', 'EXPIRED', 'RELEASED', 'SHORT']);

interface StoredAddress {
  readonly name?: string | undefined;
  readonly company?: string | undefined;
  readonly line1: string;
  readonly line2?: string | undefined;
  readonly locality: string;
  readonly region?: string | undefined;
  readonly postalCode?: string | undefined;
  readonly countryCode: string;
  readonly phone?: string | undefined;
}

/** The currency in which an organization's stock is valued. */
export const sellers = inventory.table(
  'sellers',
  {
    organizationId: uuid().primaryKey(),
    currency: char({ length: 3 }).notNull(),
    version: integer().notNull(),
  },
  (table) => [tenantOnly(table.organizationId)],
);

export const warehouses = inventory.table(
  'warehouses',
  {
    id: id(),
    organizationId: uuid().notNull(),
    version: integer().notNull().default(1),
    code: text().notNull(),
    name: text().notNull(),
    address: jsonb().$type<StoredAddress>().notNull(),
    /** Smaller serves first. */
    priority: integer().notNull(),
    sellsOnline: boolean().notNull(),
    archivedAt: moment(),
    createdAt: createdAt(),
  },
  (table) => [
    unique('warehouses_code').on(table.organizationId, table.code),
    unique('warehouses_tenant').on(table.organizationId, table.id),
    tenantOnly(table.organizationId),
  ],
);

/** What the catalog sells, and the sums of a variant's levels; a bundle has none. */
export const items = inventory.table(
  'items',
  {
    variantId: uuid().primaryKey(),
    organizationId: uuid().notNull(),
    productId: uuid().notNull(),
    sku: text().notNull(),
    title: text().notNull(),
    kind: variantKind().notNull(),
    tracked: boolean().notNull(),
    archivedAt: moment(),
    /** The catalog's version of the variant. */
    catalogVersion: integer().notNull(),
    /** The version that staff name when they configure the item. */
    version: integer().notNull().default(1),
    /** Rises with each change of the sums; travels with the stock events. */
    stockVersion: integer().notNull().default(0),
    lowStockThreshold: integer().notNull().default(0),
    onHand: integer().notNull().default(0),
    reserved: integer().notNull().default(0),
    available: integer().notNull().default(0),
    /** What is on the shelves of warehouses that sell online and not reserved. */
    inStock: integer().notNull().default(0),
    /** What can be ordered: `inStock` and the backorder limits. */
    orderable: integer().notNull().default(0),
    valueMinor: bigint({ mode: 'number' }).notNull().default(0),
    status: availabilityStatus().notNull(),
    updatedAt: updatedAt(),
  },
  (table) => [
    unique('items_tenant').on(table.organizationId, table.variantId),
    index('items_by_sku').on(table.organizationId, table.sku, table.variantId),
    index('items_by_available').on(table.organizationId, table.available, table.variantId),
    index('items_by_value').on(table.organizationId, table.valueMinor, table.variantId),
    index('items_by_update').on(table.organizationId, table.updatedAt, table.variantId),
    index('items_by_product').on(table.organizationId, table.productId),
    check('items_available', sql`${table.available} = ${table.onHand} - ${table.reserved}`),
    tenantOnly(table.organizationId),
  ],
);

export const itemComponents = inventory.table(
  'item_components',
  {
    bundleId: uuid().notNull(),
    componentId: uuid().notNull(),
    organizationId: uuid().notNull(),
    quantity: integer().notNull(),
  },
  (table) => [
    primaryKey({ name: 'item_components_key', columns: [table.bundleId, table.componentId] }),
    foreignKey({
      name: 'item_components_bundle',
      columns: [table.organizationId, table.bundleId],
      foreignColumns: [items.organizationId, items.variantId],
    }),
    index('item_components_by_component').on(table.componentId),
    index('item_components_by_tenant').on(table.organizationId),
    check('item_components_quantity', sql`${table.quantity} > 0`),
    tenantOnly(table.organizationId),
    publicRead('components', sql`true`),
  ],
);

/** All that shoppers may read; kept in the transaction of each change of the levels. */
export const availabilities = inventory.table(
  'availabilities',
  {
    variantId: uuid().primaryKey(),
    productId: uuid().notNull(),
    organizationId: uuid().notNull(),
    kind: variantKind().notNull(),
    tracked: boolean().notNull(),
    archived: boolean().notNull(),
    inStock: integer().notNull(),
    orderable: integer().notNull(),
    status: availabilityStatus().notNull(),
  },
  (table) => [
    foreignKey({
      name: 'availabilities_item',
      columns: [table.organizationId, table.variantId],
      foreignColumns: [items.organizationId, items.variantId],
    }),
    index('availabilities_by_product').on(table.productId),
    index('availabilities_by_tenant').on(table.organizationId),
    tenantOnly(table.organizationId),
    publicRead('availabilities', sql`true`),
  ],
);

export const levels = inventory.table(
  'levels',
  {
    id: id(),
    organizationId: uuid().notNull(),
    variantId: uuid().notNull(),
    warehouseId: uuid().notNull(),
    onHand: integer().notNull().default(0),
    reserved: integer().notNull().default(0),
    backorderLimit: integer().notNull().default(0),
    valueMinor: bigint({ mode: 'number' }).notNull().default(0),
    updatedAt: updatedAt(),
  },
  (table) => [
    unique('levels_place').on(table.variantId, table.warehouseId),
    index('levels_by_tenant').on(table.organizationId, table.variantId),
    index('levels_by_warehouse').on(table.warehouseId, table.variantId),
    foreignKey({
      name: 'levels_item',
      columns: [table.organizationId, table.variantId],
      foreignColumns: [items.organizationId, items.variantId],
    }),
    foreignKey({
      name: 'levels_warehouse',
      columns: [table.organizationId, table.warehouseId],
      foreignColumns: [warehouses.organizationId, warehouses.id],
    }),
    check('levels_on_hand', sql`${table.onHand} between 0 and 10000000`),
    check('levels_backorder_limit', sql`${table.backorderLimit} between 0 and 1000000`),
    check('levels_reserved', sql`${table.reserved} >= 0 and ${table.reserved} <= ${table.onHand} + ${table.backorderLimit}`),
    check('levels_value', sql`${table.valueMinor} >= 0 and (${table.onHand} > 0 or ${table.valueMinor} = 0)`),
    tenantOnly(table.organizationId),
  ],
);

/** The ledger; the service's role may neither change nor delete a row. */
export const movements = inventory.table(
  'movements',
  {
    id: id(),
    organizationId: uuid().notNull(),
    variantId: uuid().notNull(),
    warehouseId: uuid().notNull(),
    kind: movementKind().notNull(),
    quantity: integer().notNull(),
    onHandAfter: integer().notNull(),
    /** Signed like the quantity. */
    valueMinor: bigint({ mode: 'number' }).notNull(),
    reason: text(),
    reference: text(),
    actorId: uuid(),
    occurredAt: createdAt(),
  },
  (table) => [
    index('movements_page').on(table.organizationId, table.id),
    index('movements_of_level').on(table.variantId, table.warehouseId, table.id),
    index('movements_of_person')
      .on(table.actorId, table.id)
      .where(sql`${table.actorId} is not null`),
    index('movements_by_reference').on(table.organizationId, table.reference, table.id),
    // Behind no tenant's door alone: what a person asks in one tenant never shows rows of another.
    pgPolicy('person_reads_own', {
      as: 'permissive',
      for: 'select',
      to: 'public',
      using: sql`case when ${currentTenant} is null and ${table.actorId} = ${currentPerson} then true else false end`,
    }),
    check('movements_quantity', sql`${table.quantity} <> 0`),
    check('movements_on_hand_after', sql`${table.onHandAfter} >= 0`),
    tenantOnly(table.organizationId),
  ],
);

/** Whose stock an order reserved. Callers name the order alone, so this is read before the tenant is known. */
export const orderSellers = inventory.table(
  'order_sellers',
  { orderId: uuid().primaryKey(), organizationId: uuid().notNull() },
  (table) => [index('order_sellers_by_tenant').on(table.organizationId)],
);

export const reservations = inventory.table(
  'reservations',
  {
    id: id(),
    organizationId: uuid().notNull(),
    orderId: uuid().notNull(),
    status: reservationStatus().notNull(),
    /** Null once the stock is no longer held for a time. */
    expiresAt: moment(),
    shipToCountry: char({ length: 2 }),
    createdAt: createdAt(),
  },
  (table) => [
    unique('reservations_order').on(table.orderId),
    unique('reservations_tenant').on(table.organizationId, table.id),
    index('reservations_overdue')
      .on(table.expiresAt)
      .where(sql`${table.expiresAt} is not null`),
    check('reservations_expiry', sql`${table.expiresAt} is null or ${table.status} in ('HELD', 'SHORT')`),
    tenantOnly(table.organizationId),
  ],
);

/** What one warehouse reserves of one simple variant for an order line; a bundle's line has one for each component. */
export const reservationLines = inventory.table(
  'reservation_lines',
  {
    id: id(),
    organizationId: uuid().notNull(),
    reservationId: uuid().notNull(),
    orderLineId: uuid().notNull(),
    /** What was ordered: the variant itself, or the bundle that it is a component of. */
    orderedVariantId: uuid().notNull(),
    /** How many of the variant one of what was ordered takes. */
    unitQuantity: integer().notNull(),
    variantId: uuid().notNull(),
    warehouseId: uuid().notNull(),
    quantity: integer().notNull(),
    fulfilled: integer().notNull().default(0),
    released: integer().notNull().default(0),
  },
  (table) => [
    index('reservation_lines_of').on(table.reservationId, table.id),
    index('reservation_lines_open')
      .on(table.variantId, table.warehouseId, table.reservationId)
      .where(sql`${table.fulfilled} + ${table.released} < ${table.quantity}`),
    index('reservation_lines_by_tenant').on(table.organizationId),
    foreignKey({
      name: 'reservation_lines_reservation',
      columns: [table.organizationId, table.reservationId],
      foreignColumns: [reservations.organizationId, reservations.id],
    }),
    foreignKey({
      name: 'reservation_lines_warehouse',
      columns: [table.organizationId, table.warehouseId],
      foreignColumns: [warehouses.organizationId, warehouses.id],
    }),
    check(
      'reservation_lines_bounds',
      sql`${table.quantity} > 0 and ${table.fulfilled} >= 0 and ${table.released} >= 0 and ${table.fulfilled} + ${table.released} <= ${table.quantity}`,
    ),
    tenantOnly(table.organizationId),
  ],
);

export const outbox = outboxTable(inventory);
export const inbox = inboxTable(inventory);
export const idempotency = idempotencyTable(inventory);
export const deadLetters = deadLetterTable(inventory);
