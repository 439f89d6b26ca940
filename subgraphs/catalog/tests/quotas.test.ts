import { testSubgraph } from '@supergraph/platform/testing';
import { quotaChanged } from '@supergraph/schema/events/organizations';
import { usageReported } from '@supergraph/schema/events/platform';
import { subgraph } from '../index.ts';
import { eur, nextSku, staff, world } from './world.ts';

const harness = testSubgraph(subgraph);
const { deliver, emitted, settle, close } = harness;
afterAll(close);

const key = 'catalog.products';
const setLimit = (organizationId: string, limit: number | null, eventId?: string) =>
  deliver(quotaChanged, { organizationId, key, limit }, { organizationId, ...(eventId ? { eventId } : {}) });

/** A seller of their own, whose staff may or may not make one more product. */
async function sells() {
  const seller = staff();
  const own = world(harness, seller);
  const first = await own.draft();
  const input = { typeId: first.type.id, title: 'Lamp', categoryIds: first.categories.map(({ id }: { id: string }) => id) };
  const tryProduct = () => own.send('createProduct', { ...input, variants: [{ sku: nextSku(), prices: [eur('10.00')] }] });
  return { ...own, organizationId: seller.id, tryProduct };
}

/** How much was told last that an organization uses. */
async function told(organizationId: string): Promise<number | undefined> {
  await settle();
  const reports = await emitted(usageReported.of('catalog'));
  return reports.findLast((report) => report.organizationId === organizationId && report.key === key)?.used;
}

test('an organization has as many products as its limit allows; archiving makes room, and restoring takes it', async () => {
  const a = await sells();
  const { organizationId } = a;
  const { eventId } = await setLimit(organizationId, 2);
  const { id: second } = await a.draft();
  const refused = await a.tryProduct();
  expect(refused).toMatchObject({ codes: ['CONFLICT'], reasons: ['QUOTA_EXCEEDED'] });
  expect(refused.errors?.[0]?.extensions).toMatchObject({ quota: key, limit: 2 });
  expect(await told(organizationId)).toBe(2);

  await a.give('archiveProduct', { id: second });
  expect(await told(organizationId)).toBe(1);
  await a.draft();
  expect(await a.send('restoreProduct', { id: second })).toMatchObject({ reasons: ['QUOTA_EXCEEDED'] });

  // Below what there is, a limit stops growth and takes nothing away.
  await setLimit(organizationId, 1);
  expect((await a.tryProduct()).reasons).toEqual(['QUOTA_EXCEEDED']);
  expect(await told(organizationId)).toBe(2);
  await setLimit(organizationId, null);
  expect((await a.send('restoreProduct', { id: second })).codes).toEqual([]);
  expect(await told(organizationId)).toBe(3);
  // The first event once more changes nothing.
  await setLimit(organizationId, 2, eventId);
  expect((await a.tryProduct()).codes).toEqual([]);
});

test('of two that want the last place one gets it; another organization is not asked', async () => {
  const [a, b] = [await sells(), await sells()];
  await setLimit(a.organizationId, 2);
  const outcomes = await Promise.all([a.tryProduct(), a.tryProduct(), a.tryProduct(), b.tryProduct()]);
  const wanted = outcomes.slice(0, 3).map(({ reasons }) => reasons[0] ?? 'made');
  expect(wanted.filter((each) => each === 'made')).toHaveLength(1);
  expect(wanted.filter((each) => each === 'QUOTA_EXCEEDED')).toHaveLength(2);
  expect(outcomes[3]?.codes).toEqual([]);
});

test('limits of other domains are not kept', async () => {
  const organizationId = staff().id;
  await deliver(quotaChanged, { organizationId, key: 'crm.contacts', limit: 0 }, { organizationId });
  const rows = await (await harness.owner())`select key from catalog.quota_limits where organization_id = ${organizationId}`;
  expect(rows).toEqual([]);
});
