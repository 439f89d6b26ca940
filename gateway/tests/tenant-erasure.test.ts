import { resolve } from 'node:path';
import { asTenant } from '@supergraph/platform/database';
import { listMigrations } from '@supergraph/platform/migrate';
import { organizationWith, person } from '@supergraph/platform/testing';
import { sql } from 'drizzle-orm';
import { testGraphWith } from '../testing.ts';

const domains = listMigrations(resolve(import.meta.dirname, '../../db')).map(({ domain }) => domain);
/** Weather, social, recipes and forum keep no rows of tenants, and organizations asks the others. */
const keepers = domains.filter((domain) => !['forum', 'organizations', 'recipes', 'social', 'weather'].includes(domain));
const graph = testGraphWith({ organizationDeletionSeconds: 0 }, ...domains);
afterAll(graph.close);

const permissions = ['catalog.product.write', 'inventory.stock.write', 'inventory.stock.read', 'organizations.service_account.manage'];
const ada = person();
const mine = { as: ada };

async function give(document: string, options: Parameters<typeof graph.run>[1]) {
  const { data, errors } = await graph.run(document, options);
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

/** Accounts is asked whether the owner proved themselves in a session that goes on. */
async function signInOwner(): Promise<void> {
  const db = (await graph.runtime()).subgraphs.get('accounts')?.systemContext().db;
  await db?.execute(sql`insert into accounts.users (id, handle, display_name) values (${ada.userId}, 'ada_passing', 'Ada')`);
  await db?.execute(sql`insert into accounts.sessions (id, user_id, client_id, scope, device_name, methods, acr, auth_time, expires_at)
    values (${ada.sessionId}, ${ada.userId}, 'first-party', 'app', 'Firefox', '{PASSWORD}', 'aal1', now(), now() + interval '1 day')`);
}

/** How many rows each table of a domain has of the tenant, by the columns that name one. */
async function rowsOf(domain: string, organizationId: string): Promise<Record<string, number>> {
  const { subgraphs } = await graph.runtime();
  const db = subgraphs.get(domain)?.systemContext().db;
  if (!db) throw new Error(`${domain} does not run`);
  return asTenant(db, organizationId, async (tx) => {
    const rows = await tx.execute<{ name: string; total: number }>(sql`
      select name, total from (
        select table_name as name,
          (xpath('//total/text()', query_to_xml(format('select count(*) as total from %I.%I where %I = %L', table_schema, table_name, column_name, ${organizationId}::text), false, true, '')))[1]::text::int as total
        from information_schema.columns
        where table_schema = ${domain} and column_name in ('organization_id', 'seller_id', 'owner_id')) as counted
      where total > 0`);
    return Object.fromEntries(rows.map(({ name, total }) => [name, total]));
  });
}

test('a deleted tenant is erased by every domain that keeps rows of tenants, and then it is gone', async () => {
  await signInOwner();
  const made = await give(`mutation ($input: CreateOrganizationInput!) { createOrganization(input: $input) { organization { id } } }`, {
    ...mine,
    input: { name: 'Passing' },
  });
  const { id } = made.createOrganization.organization;
  await graph.settle();
  const inside = { ...mine, in: organizationWith(permissions, { id }) };
  await give(`mutation ($input: CreateProductCategoryInput!) { createProductCategory(input: $input) { category { id } } }`, {
    ...inside,
    input: { name: 'Passing things' },
  });
  await give(`mutation ($input: CreateWarehouseInput!) { createWarehouse(input: $input) { warehouse { id } } }`, {
    ...inside,
    input: { code: 'P1', name: 'Passing', address: { line1: 'Street 1', locality: 'Town', countryCode: 'DE' } },
  });
  await give(`mutation ($input: CreateServiceAccountInput!) { createServiceAccount(input: $input) { user { id } } }`, {
    ...inside,
    input: { organizationId: id, handle: 'passing_robot', displayName: 'Robot' },
  });
  await graph.settle();
  for (const domain of ['catalog', 'chat', 'inventory', 'organizations'])
    expect([domain, await rowsOf(domain, id)]).not.toEqual([domain, {}]);

  const schedule = `mutation { scheduleOrganizationDeletion(input: {}) { organization { status deletion { domainsDone domainsPending } } } }`;
  const { scheduleOrganizationDeletion } = await give(schedule, inside);
  expect(scheduleOrganizationDeletion.organization).toEqual({
    status: 'DELETION_SCHEDULED',
    // Whoever keeps rows of tenants has said so at its start; a new domain that forgets it fails here.
    deletion: { domainsDone: [], domainsPending: keepers },
  });
  graph.advance(1_000);
  await graph.settle();
  expect(await give(`query ($id: ID!) { organization(id: $id) { id } }`, { ...mine, variables: { id } })).toEqual({ organization: null });
  for (const domain of ['catalog', 'chat', 'inventory', 'notifications', 'reviews'])
    expect([domain, await rowsOf(domain, id)]).toEqual([domain, {}]);
  // The slug is held for 90 days, and of accounts only the ids of what is erased are left.
  expect(await rowsOf('organizations', id)).toEqual({ slug_holds: 1 });
});
