import { observeQueries } from '@supergraph/platform/database';
import { testSubgraph } from '@supergraph/platform/testing';
import { demoSellers, demoVariantId } from '@supergraph/schema/demo';
import { stockDepleted, stockReplenished } from '@supergraph/schema/events/inventory';
import { randomUUID } from 'node:crypto';
import { subgraph } from '../index.ts';
import { seed } from '../seed.ts';
import { shop, staffOf } from './support.ts';

const harness = testSubgraph(subgraph);
const { run, settle, emitted, advance, context, owner, close } = harness;
afterAll(close);

/** A small generator whose numbers follow from its seed. */
function numbersFrom(seedNumber: number): () => number {
  let state = seedNumber >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Levels that the ledger, the reservations or the items contradict: the recount of the rules on the ledger, the bounds and the value. */
async function findContradictions(): Promise<unknown[]> {
  const sql = await owner();
  const rows = await sql`
    with ledger as (select variant_id, warehouse_id, sum(quantity)::int as on_hand, sum(value_minor)::bigint as value from inventory.movements group by 1, 2),
      owed as (select variant_id, warehouse_id, sum(quantity - fulfilled - released)::int as reserved from inventory.reservation_lines group by 1, 2),
      sums as (select variant_id, sum(on_hand)::int as on_hand, sum(reserved)::int as reserved, sum(value_minor)::bigint as value from inventory.levels group by 1)
    select 'level' as what, l.variant_id from inventory.levels l left join ledger m using (variant_id, warehouse_id) left join owed o using (variant_id, warehouse_id)
      where l.on_hand <> coalesce(m.on_hand, 0) or l.value_minor <> coalesce(m.value, 0) or l.reserved <> coalesce(o.reserved, 0) or l.on_hand < 0 or l.reserved < 0 or l.reserved > l.on_hand + l.backorder_limit
    union all select 'item', i.variant_id from inventory.items i left join sums s using (variant_id)
      where i.on_hand <> coalesce(s.on_hand, 0) or i.reserved <> coalesce(s.reserved, 0) or i.value_minor <> coalesce(s.value, 0)
    union all select 'availability', i.variant_id from inventory.items i join inventory.availabilities a using (variant_id) where a.orderable <> i.orderable or a.status <> i.status
    union all select 'after', m.variant_id from (select *, sum(quantity) over (partition by variant_id, warehouse_id order by id) as running from inventory.movements) m where m.running < 0`;
  return [...rows];
}

test('after a mixed random load of parallel changes the recount agrees', async () => {
  const seedNumber = Number(process.env['TEST_SEED'] ?? 20_261_124);
  const random = numbersFrom(seedNumber);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const { open, warehouse, variant, put, adjust, reserve, release } = shop(harness);
  await open();
  const places = [await warehouse({ priority: 1 }), await warehouse({ priority: 2 }), await warehouse({ priority: 3 })];
  const simple = [await variant(), await variant(), await variant(), await variant()];
  const bundle = await variant({
    kind: 'BUNDLE',
    components: simple.slice(0, 2).map((variantId, index) => ({ variantId, quantity: index + 1 })),
  });
  for (const variantId of simple) for (const place of places) await put(variantId, place, 15, '1.37');
  const orders: string[] = [];
  let moved = 0;
  const lines = () =>
    Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
      variantId: pick([...simple, bundle]),
      quantity: 1 + Math.floor(random() * 4),
    }));
  const actions = [
    async () => {
      const orderId = randomUUID();
      const { data, codes } = await reserve(lines(), {
        orderId,
        expiresAt: new Date(Date.now() + moved + (random() < 0.3 ? 60_000 : 900_000)).toISOString(),
      });
      if (data) orders.push(orderId);
      return codes;
    },
    async () => (orders.length > 0 ? (await release(pick(orders))).codes : []),
    async () =>
      (
        await adjust([
          {
            variantId: pick(simple),
            warehouseId: pick(places),
            delta: 1 + Math.floor(random() * 6),
            unitCost: { amount: (random() * 3).toFixed(2), currency: 'EUR' },
          },
        ])
      ).codes,
    async () => {
      const [one, two] = [pick(simple), pick(simple)];
      const changes = [...new Set([one, two])].map((variantId) => ({
        variantId,
        warehouseId: pick(places),
        delta: -1 - Math.floor(random() * 5),
      }));
      return (await adjust(changes, { releaseReservations: random() < 0.5 })).codes;
    },
  ];
  const codes: unknown[] = [];
  for (let round = 0; round < 12; round += 1) {
    if (round === 6) advance((moved = 61_000));
    codes.push(...(await Promise.all(Array.from({ length: 12 }, () => pick(actions)()))).flat());
  }
  await settle();
  expect({ seedNumber, other: codes.filter((code) => code !== 'CONFLICT'), contradictions: await findContradictions() }).toEqual({
    seedNumber,
    other: [],
    contradictions: [],
  });
  advance(-61_000);
});

test('the sample stock is consistent, made once, and told: what is there and what is sold out', async () => {
  const ctx = await context();
  let statements = 0;
  const stop = observeQueries(() => (statements += 1));
  await seed(ctx);
  stop();
  // One for each thing would be thousands.
  expect(statements).toBeLessThan(200);
  await seed(ctx);
  expect(await findContradictions()).toEqual([]);
  const sql = await owner();
  const [counts] =
    await sql`select count(*)::int as items, count(*) filter (where status = 'OUT_OF_STOCK')::int as out, count(*) filter (where status = 'LOW')::int as low from inventory.items where sku like 'DEMO-%'`;
  expect(counts).toMatchObject({ items: 641, out: expect.any(Number), low: expect.any(Number) });
  const told = async (contract: typeof stockDepleted) =>
    (await emitted(contract)).filter(({ sellerId }) => demoSellers.some(({ id }) => id === sellerId)).length;
  const { items, out } = counts as { items: number; out: number };
  expect([await told(stockDepleted), await told(stockReplenished)]).toEqual([out, items - out]);
  const { data } = await run(
    `query ($r: [_Any!]!) { _entities(representations: $r) { ... on ProductVariant { availability { status } stock { levels { warehouse { code } } } } } }`,
    {
      variables: { r: [{ __typename: 'ProductVariant', id: demoVariantId(1, 1) }] },
      in: staffOf(demoSellers[0]?.id),
    },
  );
  expect(data._entities[0]).toMatchObject({
    availability: { status: expect.any(String) },
    stock: { levels: [{ warehouse: { code: 'HB-1' } }, { warehouse: { code: 'HB-2' } }] },
  });
});

test('lists and the ledger are read by index', async () => {
  const sql = await owner();
  const { id: organizationId } = staffOf();
  await sql`insert into inventory.items (variant_id, organization_id, product_id, sku, title, kind, tracked, catalog_version, status, available, on_hand) select gen_random_uuid(), case when n % 50 = 0 then ${organizationId}::uuid else gen_random_uuid() end, gen_random_uuid(), 'S' || n, 'T', 'SIMPLE', true, 1, 'IN_STOCK', n, n from generate_series(1, 6000) n`;
  await sql`insert into inventory.movements (id, organization_id, variant_id, warehouse_id, kind, quantity, on_hand_after, value_minor) select gen_random_uuid(), case when n % 50 = 0 then ${organizationId}::uuid else gen_random_uuid() end, gen_random_uuid(), gen_random_uuid(), 'RECEIPT', 1, 1, 1 from generate_series(1, 6000) n`;
  await sql`insert into inventory.availabilities select variant_id, product_id, organization_id, kind, tracked, false, on_hand, on_hand, status from inventory.items where organization_id not in (select organization_id from inventory.availabilities)`;
  await sql`analyze inventory.items, inventory.movements, inventory.availabilities`;
  const planOf = async (query: ReturnType<typeof sql>) => JSON.stringify(await sql`explain ${query}`);
  const [some] = await sql`select variant_id as id, product_id as product from inventory.items where organization_id = ${organizationId}`;
  expect(
    await planOf(
      sql`select * from inventory.items where organization_id = ${organizationId} and kind = 'SIMPLE' order by sku, variant_id limit 21`,
    ),
  ).toContain('items_by_sku');
  expect(
    await planOf(
      sql`select * from inventory.items where organization_id = ${organizationId} and kind = 'SIMPLE' order by available desc, variant_id desc limit 21`,
    ),
  ).toContain('items_by_available');
  expect(
    await planOf(sql`select * from inventory.movements where organization_id = ${organizationId} order by id desc limit 21`),
  ).toContain('movements_page');
  expect(await planOf(sql`select * from inventory.availabilities where product_id = ${some?.['product'] as string}`)).toContain(
    'availabilities_by_product',
  );
});
