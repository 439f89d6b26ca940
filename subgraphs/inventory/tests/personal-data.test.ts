import { exportOf, staysOf, tracesOf } from '@supergraph/platform/personal-data-testing';
import { person, testSubgraph } from '@supergraph/platform/testing';
import { userDeleted } from '@supergraph/schema/events/accounts';
import { personErased } from '@supergraph/schema/events/platform';
import { randomUUID } from 'node:crypto';
import { subgraph } from '../index.ts';
import { personalData } from '../service/personal-data.ts';
import { adjustStock, shop, staffOf } from './support.ts';

const harness = testSubgraph(subgraph);
const { run, deliver, settle, emitted, owner, close } = harness;
afterAll(close);

/** Books once in a shop of its own. */
async function book(as: ReturnType<typeof person>, delta: number, more: object = {}) {
  const { open, warehouse, variant, staff, put } = shop(harness, staffOf());
  await open();
  const [warehouseId, variantId] = [await warehouse(), await variant()];
  await put(variantId, warehouseId, 5);
  const line = { variantId, warehouseId, delta };
  const { codes } = await run(adjustStock, { input: { lines: [line], reason: 'CORRECTION', ...more }, as, in: staff });
  expect(codes).toEqual([]);
  return { organizationId: staff.id, variantId };
}

test('a person gets what they booked in every tenant, and nothing that others booked', async () => {
  const lena = person();
  const booked = [await book(lena, 1), await book(lena, 2), await book(lena, -1, { note: 'PO-4711' })];
  const { movements = [] } = await exportOf(harness, lena.userId);
  expect(movements.map(({ organizationId, variantId, quantity }) => ({ organizationId, variantId, quantity }))).toEqual(
    [1, 2, -1].map((quantity, index) => ({ ...booked[index], quantity })),
  );
  expect(movements.map(({ reference }) => reference)).toEqual([null, null, 'PO-4711']);
  expect(JSON.stringify(movements)).not.toContain('value');
  expect((await exportOf(harness, person().userId))['movements']).toEqual([]);
});

test('erasure leaves the id in the ledger alone, and is answered each time', async () => {
  const lena = person();
  await book(lena, 3, { idempotencyKey: randomUUID() });
  const sql = await owner();
  expect(await tracesOf(sql, 'inventory', [lena.userId])).toEqual(['idempotency.scope', 'movements.actor_id']);
  for (let n = 0; n < 2; n += 1) {
    await deliver(userDeleted, { userId: lena.userId });
    await settle();
    expect(await tracesOf(sql, 'inventory', [lena.userId])).toEqual(staysOf(personalData));
  }
  expect((await emitted(personErased.of('inventory'))).filter(({ userId }) => userId === lena.userId)).toHaveLength(2);
});
