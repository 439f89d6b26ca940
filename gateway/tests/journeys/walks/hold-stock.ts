import type { CallDomain } from '@supergraph/platform/context';
import type { DomainError } from '@supergraph/platform/errors';
import { v7 } from 'uuid';
import { becomes } from '../../support/eventually.ts';
import type { World } from '../../support/journey.ts';
import { register } from '../../support/people.ts';
import { addProduct, adjust, openShop, openWarehouse } from './shop.ts';

const reserve = `mutation ($input: ReserveStockInput!) {
  reserveStock(input: $input) { reservation { orderId status } }
}`;
const release = `mutation ($input: ReleaseStockInput!) {
  releaseStock(input: $input) { reservation { status } }
}`;
const stockOf = 'query ($id: ID!) { variant(id: $id) { stock { onHand reserved available } } }';

interface Reserved {
  readonly reserveStock: { readonly reservation: { readonly orderId: string; readonly status: string } };
}

/** What another domain may ask of inventory: an order is held, ten want the rest at once, one does not pay. */
export async function holdStock(world: World, call: CallDomain): Promise<void> {
  const shop = await openShop(world, await register(world, 'Ana'), 'Order Shop');
  const { variantId } = await addProduct(shop, 'Tide');
  const warehouse = await openWarehouse(shop, 'MAIN', 1);
  const stock = async () => (await shop.act(stockOf, { variables: { id: variantId } })).stock;
  await becomes('the variant in inventory', stock, { onHand: 0, reserved: 0, available: 0 });
  await adjust(shop, variantId, warehouse, 20, '2.00');

  const hold = async (quantity: number, heldMs = 3_600_000) => {
    const order = { orderId: v7(), sellerId: shop.organizationId, expiresAt: new Date(Date.now() + heldMs).toISOString() };
    const input = { ...order, lines: [{ orderLineId: v7(), variantId, quantity }], idempotencyKey: v7() };
    return (await call<Reserved>('inventory', reserve, { input })).reserveStock.reservation;
  };
  const { orderId, status } = await hold(3);
  expect(status).toBe('HELD');
  expect(await stock()).toEqual({ onHand: 20, reserved: 3, available: 17 });

  const buyers = await Promise.allSettled(Array.from({ length: 10 }, () => hold(2)));
  const refused = buyers.flatMap((buyer) => (buyer.status === 'rejected' ? [(buyer.reason as DomainError).extensions] : []));
  const shortage = {
    code: 'CONFLICT',
    reason: 'SHORTAGE',
    shortages: [expect.objectContaining({ variantId, requested: 2, orderable: 1 })],
  };
  expect(refused).toEqual([shortage, shortage]);
  expect(await stock()).toEqual({ onHand: 20, reserved: 19, available: 1 });

  await call('inventory', release, { input: { orderId, idempotencyKey: v7() } });
  expect(await stock()).toEqual({ onHand: 20, reserved: 16, available: 4 });
  await hold(4, 1_000);
  await becomes('the end of what was not paid', stock, { onHand: 20, reserved: 16, available: 4 });
}
