import { becomes } from '../../support/eventually.ts';
import { give } from '../../support/journey.ts';
import { hears } from '../../support/listen.ts';
import { register } from '../../support/people.ts';
import { addProduct, adjust, openEmptyShop, openShop, openWarehouse, titles } from './shop.ts';
import type { Walk } from './walk.ts';

const stockOf = 'query ($id: ID!) { variant(id: $id) { stock { onHand reserved available value { amount currency } } } }';

/** Two warehouses are filled, and the product's page follows; how much there is exactly, only the seller knows. */
export const walkInventory: Walk = async (world) => {
  const shop = await openShop(world, await register(world, 'Ana'), 'Stock Shop');
  const book = await addProduct(shop, 'Tide');
  const [main, side] = [await openWarehouse(shop, 'MAIN', 1), await openWarehouse(shop, 'SIDE', 2)];
  const read = `query ($id: ID!) { product(id: $id) {
    availability { status variantsInStock } variants { availability { status quantity maxOrderQuantity } }
  } }`;
  const look = () => give(world, read, { variables: { id: book.id } });
  await becomes('the variant in inventory', look, {
    availability: { status: 'OUT_OF_STOCK', variantsInStock: 0 },
    variants: [{ availability: { status: 'OUT_OF_STOCK', quantity: 0, maxOrderQuantity: 0 } }],
  });

  const changes = world.subscribe(
    'subscription ($ids: [ID!]!) { availabilityChanged(variantIds: $ids) { id title availability { status quantity } } }',
    { variables: { ids: [book.variantId] } },
  );
  let onHand = 0;
  const putOne = async () => {
    expect(await adjust(shop, book.variantId, side, 1, '2.00')).toBe((onHand += 1));
  };
  const { availabilityChanged } = await hears(changes, putOne);
  // The title comes from catalog.
  expect(availabilityChanged).toMatchObject({ id: book.variantId, title: `Tide ${shop.word}` });
  await adjust(shop, book.variantId, main, 20 - onHand, '2.00');
  const heard = await changes.next(({ availabilityChanged: variant }) => variant.availability.quantity === null);
  expect(heard.availabilityChanged.availability).toEqual({ status: 'IN_STOCK', quantity: null });
  await changes.close();

  expect(await shop.act(stockOf, { variables: { id: book.variantId } })).toEqual({
    stock: { onHand: 20, reserved: 0, available: 20, value: { amount: '40.00', currency: 'EUR' } },
  });
  await becomes('the filter of the catalog', () => titles(world, shop, { inStock: true }), ['Tide']);
  // A shopper is told how many there are only where there are few.
  expect((await look()).variants).toMatchObject([{ availability: { status: 'IN_STOCK', quantity: null } }]);
  await adjust(shop, book.variantId, main, -(20 - onHand));
  await becomes('the few that are left', async () => (await look()).variants[0].availability.quantity, onHand);

  const stranger = await openEmptyShop(world, await register(world, 'Bo'), 'Elsewhere');
  expect(await stranger.act(stockOf, { variables: { id: book.variantId } })).toEqual({ stock: null });
  await expect(adjust(stranger, book.variantId, main, 1)).rejects.toThrow('NOT_FOUND');
  expect(await give(world, stockOf, { variables: { id: book.variantId } })).toEqual({ stock: null });
};
