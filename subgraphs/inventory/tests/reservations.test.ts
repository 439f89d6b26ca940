import { testSubgraph } from '@supergraph/platform/testing';
import { reservationExpired, reservationHeld, reservationReleased, reservationShorted } from '@supergraph/schema/events/inventory';
import { randomUUID } from 'node:crypto';
import { subgraph } from '../index.ts';
import { reserveStock, shop } from './support.ts';

const harness = testSubgraph(subgraph, { answers: { catalog: () => ({ variantFacts: [] }) } });
const { run, settle, emitted, advance, close } = harness;
afterAll(close);

const first = <T>(list: readonly T[]): T => {
  const [item] = list;
  if (item === undefined) throw new Error('there is nothing');
  return item;
};

test('stock is held for an order and no longer available', async () => {
  const { open, warehouse, variant, put, reserve, stockOf, availability } = shop(harness);
  await open();
  const [place, id] = [await warehouse(), await variant()];
  await put(id, place, 20, '2.00');
  const { data, codes } = await reserve([{ variantId: id, quantity: 3 }]);
  expect(codes).toEqual([]);
  expect(data.reserveStock.reservation).toMatchObject({
    status: 'HELD',
    lines: [{ variant: { id }, warehouse: { id: place }, quantity: 3, released: 0 }],
  });
  expect(await stockOf(id)).toMatchObject({ onHand: 20, reserved: 3, available: 17, value: { amount: '40.00' }, averageCost: '2.000000' });
  expect(await availability(id)).toEqual({ status: 'IN_STOCK', quantity: null, maxOrderQuantity: 999, restockExpectedOn: null });
  const { orderId, id: reservationId } = data.reserveStock.reservation;
  expect(await emitted(reservationHeld)).toContainEqual(expect.objectContaining({ orderId, reservationId }));
});

test('reserving is all or nothing, and every short line is named at once', async () => {
  const { warehouse, variant, put, orderInput, reserveWith, stockOf } = shop(harness);
  const place = await warehouse();
  const [plenty, scarce, none] = [await variant(), await variant(), await variant()];
  await put(plenty, place, 10);
  await put(scarce, place, 3);
  const input = orderInput([
    { variantId: plenty, quantity: 1 },
    { variantId: scarce, quantity: 2 },
    { variantId: scarce, quantity: 2 },
    { variantId: none, quantity: 1 },
  ]);
  const { data, codes, reasons, errors } = await reserveWith(input);
  expect({ data, codes, reasons }).toEqual({ data: null, codes: ['CONFLICT'], reasons: ['SHORTAGE'] });
  expect(errors?.[0]?.extensions?.['shortages']).toEqual([
    { orderLineId: input.lines[2]?.orderLineId, variantId: scarce, requested: 2, orderable: 1 },
    { orderLineId: input.lines[3]?.orderLineId, variantId: none, requested: 1, orderable: 0 },
  ]);
  expect(await stockOf(plenty)).toMatchObject({ reserved: 0 });
  expect(await stockOf(scarce)).toMatchObject({ reserved: 0 });
});

test('the first warehouse by priority that serves everything is chosen, else the fewest', async () => {
  const { warehouse, variant, put, reserve, stockOf } = shop(harness);
  const [near, far, closed] = [
    await warehouse({ priority: 1 }),
    await warehouse({ priority: 2 }),
    await warehouse({ priority: 3, sellsOnline: false }),
  ];
  const [one, two] = [await variant(), await variant()];
  await put(one, near, 5);
  await put(one, far, 5);
  await put(two, far, 5);
  await put(two, closed, 50);
  const together = await reserve([
    { variantId: one, quantity: 2 },
    { variantId: two, quantity: 2 },
  ]);
  expect(together.data.reserveStock.reservation.lines.map(({ warehouse: { id } }: { warehouse: { id: string } }) => id)).toEqual([
    far,
    far,
  ]);
  const alone = await reserve([{ variantId: one, quantity: 2 }]);
  expect(alone.data.reserveStock.reservation.lines).toMatchObject([{ warehouse: { id: near } }]);
  const split = await reserve([{ variantId: one, quantity: 6 }]);
  expect(split.data.reserveStock.reservation.lines.map(({ quantity }: { quantity: number }) => quantity).toSorted()).toEqual([3, 3]);
  expect((await reserve([{ variantId: two, quantity: 4 }])).reasons).toEqual(['SHORTAGE']);
  expect(await stockOf(two)).toMatchObject({ onHand: 55, reserved: 2 });
});

test('the same order gets the same reservation, also in parallel and under another key', async () => {
  const { warehouse, variant, put, orderInput, reserveWith, stockOf } = shop(harness);
  const [place, id] = [await warehouse(), await variant()];
  await put(id, place, 10);
  const input = orderInput([{ variantId: id, quantity: 2 }]);
  const answers = await Promise.all([input, input, { ...input, idempotencyKey: 'another' }, input].map(reserveWith));
  expect(new Set(answers.map(({ data }) => data.reserveStock.reservation.id)).size).toBe(1);
  expect(await stockOf(id)).toMatchObject({ reserved: 2 });
  const other = await reserveWith({ ...orderInput([{ variantId: id, quantity: 1 }]), idempotencyKey: input.idempotencyKey });
  expect(other).toMatchObject({ codes: ['CONFLICT'], reasons: ['IDEMPOTENCY_KEY_REUSED'] });
});

test('bad orders are refused field by field, unknown variants are not found, clients may not ask', async () => {
  const { warehouse, variant, put, orderInput, reserve, reserveWith } = shop(harness);
  const [place, id] = [await warehouse(), await variant()];
  await put(id, place, 10);
  const { codes, errors } = await reserve([
    { variantId: id, quantity: 0 },
    { variantId: id, quantity: 1_000_001 },
    { variantId: 'x', quantity: 1 },
  ]);
  expect(codes).toEqual(['BAD_USER_INPUT']);
  expect(((errors?.[0]?.extensions?.['issues'] ?? []) as { path: string }[]).map(({ path }) => path)).toEqual([
    'lines.0.quantity',
    'lines.1.quantity',
    'lines.2.variantId',
  ]);
  expect((await reserve([{ variantId: id, quantity: 1 }], { expiresAt: new Date(0).toISOString() })).codes).toEqual(['BAD_USER_INPUT']);
  const twice = orderInput([{ variantId: id, quantity: 1 }]);
  expect((await reserveWith({ ...twice, lines: [...twice.lines, ...twice.lines] })).codes).toEqual(['BAD_USER_INPUT']);
  expect((await reserve([{ variantId: randomUUID(), quantity: 1 }])).codes).toEqual(['NOT_FOUND']);
  expect((await reserve([{ variantId: id, quantity: 1 }], { sellerId: randomUUID() })).codes).toEqual(['NOT_FOUND']);
  expect((await run(reserveStock, { input: twice })).codes).toEqual(['FORBIDDEN']);
});

test('sixteen orders of the last ten units at once sell exactly ten', async () => {
  const { warehouse, variant, put, reserve, stockOf, availability } = shop(harness);
  const [place, id] = [await warehouse(), await variant()];
  await put(id, place, 10);
  const answers = await Promise.all(Array.from({ length: 16 }, () => reserve([{ variantId: id, quantity: 1 }])));
  expect(answers.filter(({ data }) => data)).toHaveLength(10);
  expect(answers.filter(({ data }) => !data).map(({ reasons }) => reasons)).toEqual(Array.from({ length: 6 }, () => ['SHORTAGE']));
  expect(await stockOf(id)).toMatchObject({ onHand: 10, reserved: 10, available: 0 });
  expect(await availability(id)).toMatchObject({ status: 'OUT_OF_STOCK', quantity: 0, maxOrderQuantity: 0 });
});

test('orders that take the same variants in opposite order never block each other', async () => {
  const { warehouse, variant, put, reserve, stockOf } = shop(harness);
  const [place, one, two] = [await warehouse(), await variant(), await variant()];
  await put(one, place, 20);
  await put(two, place, 20);
  const lines = [
    { variantId: one, quantity: 1 },
    { variantId: two, quantity: 1 },
  ];
  const answers = await Promise.all(Array.from({ length: 12 }, (_, n) => reserve(n % 2 ? lines : lines.toReversed())));
  expect(answers.flatMap(({ codes }) => codes)).toEqual([]);
  expect([await stockOf(one), await stockOf(two)]).toMatchObject([{ reserved: 12 }, { reserved: 12 }]);
});

test('backorders can be taken up to their limit', async () => {
  const { staff, warehouse, variant, put, reserve, availability } = shop(harness);
  const [place, id] = [await warehouse(), await variant()];
  await put(id, place, 1);
  const configure = `mutation ($input: ConfigureStockInput!) { configureStock(input: $input) { item { version } } }`;
  await run(configure, { input: { variantId: id, version: 1, backorderLimits: [{ warehouseId: place, limit: 4 }] }, in: staff });
  expect((await reserve([{ variantId: id, quantity: 3 }])).codes).toEqual([]);
  expect(await availability(id)).toMatchObject({ status: 'BACKORDER', quantity: 2 });
  expect((await reserve([{ variantId: id, quantity: 3 }])).reasons).toEqual(['SHORTAGE']);
});

test('a hold ends by itself when its time is over, once', async () => {
  const { warehouse, variant, put, reserve, stockOf } = shop(harness);
  const [place, id] = [await warehouse(), await variant()];
  await put(id, place, 2);
  const expiresAt = new Date(Date.now() + 60_000).toISOString();
  const { data } = await reserve([{ variantId: id, quantity: 2 }], { expiresAt });
  await settle();
  expect(await stockOf(id)).toMatchObject({ reserved: 2 });
  advance(62_000);
  await settle();
  expect(await stockOf(id)).toMatchObject({ reserved: 0, available: 2 });
  const { orderId } = data.reserveStock.reservation;
  expect((await emitted(reservationExpired)).filter((event) => event.orderId === orderId)).toHaveLength(1);
  advance(-62_000);
});

test('whoever reserves first ends the holds that are over, of bundles of other variants too', async () => {
  const { warehouse, variant, put, reserve, stockOf, release } = shop(harness);
  const [place, id, other] = [await warehouse(), await variant(), await variant()];
  await put(id, place, 2);
  await put(other, place, 2);
  const expiresAt = new Date(Date.now() + 60_000).toISOString();
  const held = await reserve(
    [
      { variantId: id, quantity: 2 },
      { variantId: other, quantity: 2 },
    ],
    { expiresAt },
  );
  advance(60_001);
  const ahead = new Date(Date.now() + 900_000).toISOString();
  const answers = await Promise.all([1, 2, 3].map(() => reserve([{ variantId: id, quantity: 1 }], { expiresAt: ahead })));
  expect(answers.filter(({ data }) => data)).toHaveLength(2);
  expect(await stockOf(other)).toMatchObject({ reserved: 0 });
  const again = await release(held.data.reserveStock.reservation.orderId);
  expect(again.data.releaseStock.reservation).toMatchObject({ status: 'EXPIRED', expiresAt: null });
  expect(await stockOf(id)).toMatchObject({ reserved: 2 });
  advance(-60_001);
});

test('reserved stock is given back whole or by line, once for each key', async () => {
  const { warehouse, variant, put, orderInput, reserveWith, release, stockOf } = shop(harness);
  const [place, one, two] = [await warehouse(), await variant(), await variant()];
  await put(one, place, 5);
  await put(two, place, 5);
  const input = orderInput([
    { variantId: one, quantity: 3 },
    { variantId: two, quantity: 2 },
  ]);
  await reserveWith(input);
  const part = { idempotencyKey: 'part', lines: [{ ...first(input.lines), quantity: 1 }] };
  const answers = await Promise.all([1, 2, 3].map(() => release(input.orderId, part)));
  expect(answers.map(({ data }) => data.releaseStock.reservation.status)).toEqual(['HELD', 'HELD', 'HELD']);
  expect(await stockOf(one)).toMatchObject({ reserved: 2 });
  const whole = await release(input.orderId);
  expect(whole.data.releaseStock.reservation).toMatchObject({
    status: 'RELEASED',
    lines: [
      { quantity: 3, released: 3 },
      { quantity: 2, released: 2 },
    ],
  });
  expect((await release(input.orderId)).data.releaseStock.reservation.status).toBe('RELEASED');
  expect([await stockOf(one), await stockOf(two)]).toMatchObject([{ reserved: 0 }, { reserved: 0 }]);
  const told = (await emitted(reservationReleased)).filter(({ orderId }) => orderId === input.orderId);
  expect(told.map(({ lines }) => lines.map(({ quantity }) => quantity))).toEqual([[1], [2, 2]]);
  expect((await release(randomUUID())).codes).toEqual(['NOT_FOUND']);
});

test('a bundle takes its components and is as available as the scarcest', async () => {
  const { warehouse, variant, put, orderInput, reserveWith, release, reserve, availability, stockOf, entity, adjust } = shop(harness);
  const [place, book, pen] = [await warehouse(), await variant(), await variant()];
  const productId = randomUUID();
  const bundle = await variant({
    kind: 'BUNDLE',
    productId,
    components: [
      { variantId: book, quantity: 1 },
      { variantId: pen, quantity: 3 },
    ],
  });
  expect(await availability(bundle)).toMatchObject({ status: 'OUT_OF_STOCK', quantity: 0 });
  await put(book, place, 5);
  await put(pen, place, 10);
  expect(await availability(bundle)).toMatchObject({ status: 'IN_STOCK', quantity: 3, maxOrderQuantity: 3 });
  expect(await entity('Product', [productId])).toMatchObject([{ availability: { status: 'IN_STOCK', variantsInStock: 1 } }]);
  const input = orderInput([
    { variantId: bundle, quantity: 2 },
    { variantId: pen, quantity: 4 },
  ]);
  expect((await reserveWith(input)).codes).toEqual([]);
  expect([await stockOf(book), await stockOf(pen), await stockOf(bundle)]).toMatchObject([{ reserved: 2 }, { reserved: 10 }, null]);
  const { errors } = await reserve([{ variantId: bundle, quantity: 1 }]);
  expect(errors?.[0]?.extensions?.['shortages']).toMatchObject([{ variantId: bundle, requested: 1, orderable: 0 }]);
  await release(input.orderId, { lines: [{ ...first(input.lines), quantity: 1 }] });
  expect([await stockOf(book), await stockOf(pen)]).toMatchObject([{ reserved: 1 }, { reserved: 7 }]);
  expect((await adjust([{ variantId: bundle, warehouseId: place, delta: 1 }])).codes).toEqual(['BAD_USER_INPUT']);
});

test('what is not tracked is always orderable and never reserved', async () => {
  const { warehouse, variant, put, reserve, availability, stockOf } = shop(harness);
  const [place, id] = [await warehouse(), await variant({ trackInventory: false })];
  await put(id, place, 1);
  const { data } = await reserve([{ variantId: id, quantity: 500 }]);
  expect(data.reserveStock.reservation).toMatchObject({ status: 'HELD', lines: [] });
  expect(await stockOf(id)).toMatchObject({ reserved: 0, onHand: 1 });
  expect(await availability(id)).toMatchObject({ status: 'NOT_TRACKED', quantity: null, maxOrderQuantity: 999 });
});

test('an adjustment that takes reserved stock is refused, or the newest reservations become short', async () => {
  const { warehouse, variant, put, reserve, adjust, stockOf, release } = shop(harness);
  const [place, id] = [await warehouse(), await variant()];
  await put(id, place, 10);
  const orders = [await reserve([{ variantId: id, quantity: 4 }]), await reserve([{ variantId: id, quantity: 4 }])].map(
    ({ data }) => data.reserveStock.reservation.orderId,
  );
  const refused = await adjust([{ variantId: id, warehouseId: place, delta: -5 }]);
  expect(refused).toMatchObject({ codes: ['CONFLICT'], reasons: ['STOCK_RESERVED'] });
  expect(refused.errors?.[0]?.extensions?.['levels']).toMatchObject([{ index: 0, variantId: id, onHand: 10, reserved: 8, delta: -5 }]);
  expect((await adjust([{ variantId: id, warehouseId: place, delta: -11 }], { releaseReservations: true })).reasons).toEqual([
    'STOCK_TOO_LOW',
  ]);
  const done = await adjust([{ variantId: id, warehouseId: place, delta: -5 }], {
    releaseReservations: true,
    reason: 'DAMAGE',
    note: 'water',
  });
  expect(done.data.adjustStock.results).toMatchObject([
    { index: 0, level: { onHand: 5, reserved: 5 }, movement: { quantity: -5, onHandAfter: 5, reason: 'DAMAGE', reference: 'water' } },
  ]);
  expect((await emitted(reservationShorted)).filter(({ orderId }) => orders.includes(orderId))).toEqual([
    { orderId: orders[1], cause: 'ADJUSTMENT', lines: [expect.objectContaining({ variantId: id, short: 3 })] },
  ]);
  expect((await release(orders[1])).data.releaseStock.reservation).toMatchObject({
    status: 'SHORT',
    lines: [{ quantity: 4, released: 4 }],
  });
  expect(await stockOf(id)).toMatchObject({ onHand: 5, reserved: 4 });
});

test('orders can ask whether a warehouse can ship', async () => {
  const { warehouse, variant, put, orderInput, reserveWith } = shop(harness);
  const [place, other, id] = [await warehouse(), await warehouse(), await variant()];
  await put(id, place, 3);
  const input = orderInput([{ variantId: id, quantity: 3 }]);
  await reserveWith(input);
  const shippable = `query ($orderId: ID!, $warehouseId: ID!, $lines: [ReserveLineInput!]!) { shippable(orderId: $orderId, warehouseId: $warehouseId, lines: $lines) }`;
  const ask = async (overrides: object) =>
    (
      await run(shippable, {
        variables: { orderId: input.orderId, warehouseId: place, lines: input.lines, ...overrides },
        service: 'orders',
      })
    ).data.shippable;
  expect(await ask({})).toBe(true);
  expect(await ask({ warehouseId: other })).toBe(false);
  expect(await ask({ orderId: randomUUID() })).toBe(false);
  expect(await ask({ lines: input.lines.map((line) => ({ ...line, quantity: 4 })) })).toBe(false);
});
