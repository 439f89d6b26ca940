import { testSubgraph } from '@supergraph/platform/testing';
import { stockDepleted, stockReplenished } from '@supergraph/schema/events/inventory';
import { subgraph } from '../index.ts';
import { shop, staffOf } from './support.ts';

const harness = testSubgraph(subgraph);
const { settle, emitted, advance, close } = harness;
afterAll(close);

test('from the first delivery to the last unit: stock, holds, ten buyers at once, an unpaid order, a stranger', async () => {
  const { open, warehouse, variant, put, adjust, reserve, availability, stockOf, staff } = shop(harness);
  await open();
  // Two warehouses and a new variant, of which nothing is there.
  const main = await warehouse({ code: 'MAIN', priority: 1 });
  await warehouse({ code: 'SIDE', priority: 2 });
  const variantId = await variant();
  expect(await availability(variantId)).toMatchObject({ status: 'OUT_OF_STOCK', quantity: 0 });
  // Twenty come at 2.00.
  await put(variantId, main, 20, '2.00');
  expect(await stockOf(variantId)).toMatchObject({ onHand: 20, value: { amount: '40.00' } });
  // An order of three is held.
  const kept = await reserve([{ variantId, quantity: 3 }]);
  expect(kept.data.reserveStock.reservation).toMatchObject({ status: 'HELD' });
  expect(await stockOf(variantId)).toMatchObject({ reserved: 3, available: 17 });
  // Ten buyers want two each of the remaining seventeen.
  const soon = new Date(Date.now() + 60_000).toISOString();
  const buyers = await Promise.all(Array.from({ length: 10 }, () => reserve([{ variantId, quantity: 2 }], { expiresAt: soon })));
  const short = buyers.filter(({ data }) => !data);
  expect(short.map(({ codes, reasons }) => [codes, reasons])).toEqual([
    [['CONFLICT'], ['SHORTAGE']],
    [['CONFLICT'], ['SHORTAGE']],
  ]);
  expect(short[0]?.errors?.[0]?.extensions?.['shortages']).toMatchObject([{ variantId, requested: 2, orderable: 1 }]);
  expect(await stockOf(variantId)).toMatchObject({ reserved: 19, available: 1 });
  // They do not pay: what they held can be ordered again.
  advance(62_000);
  await settle();
  expect(await stockOf(variantId)).toMatchObject({ reserved: 3, available: 17 });
  // What orders have reserved cannot be taken from the shelf.
  expect((await adjust([{ variantId, warehouseId: main, delta: -18 }], { reason: 'LOSS' })).reasons).toEqual(['STOCK_RESERVED']);
  await adjust([{ variantId, warehouseId: main, delta: -17 }], { reason: 'LOSS' });
  expect(await availability(variantId)).toMatchObject({ status: 'OUT_OF_STOCK', quantity: 0, maxOrderQuantity: 0 });
  expect(await stockOf(variantId)).toMatchObject({ onHand: 3, value: { amount: '6.00' } });
  expect([(await emitted(stockReplenished)).length, (await emitted(stockDepleted)).length]).toEqual([1, 1]);
  // Staff of another organization see none of it.
  expect(await stockOf(variantId, staffOf())).toBeNull();
  expect(await stockOf(variantId, staff)).not.toBeNull();
  advance(-62_000);
});
