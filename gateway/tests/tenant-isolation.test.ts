import { resolve } from 'node:path';
import { listMigrations } from '@supergraph/platform/migrate';
import { createTestDatabase } from '@supergraph/platform/test-database';
import postgres from 'postgres';

/** Tables that name a tenant and are not its rows, each with the reason why no tenant's door stands before it. */
const open = new Map([
  ['accounts.access_tokens', 'a person’s; it may be bound to a tenant'],
  ['accounts.app_grants', 'a person’s; it may limit an app to a tenant'],
  ['accounts.audit_events', 'the platform’s log; it says where something was done'],
  ['accounts.sessions', 'a person’s; one of an app may be limited to a tenant'],
  ['accounts.users', 'a service account says whose it is'],
  ['inventory.order_sellers', 'read by order before the tenant is known; holds two ids'],
  ['reviews.inactive_sellers', 'public: whether a seller acts; two words, asked for every answer'],
  ['reviews.members', 'a copy of who stands on a seller’s side, asked for every reader of a review'],
  ['reviews.review_replies', 'public with the review; says in whose name it was answered'],
]);

test('row-level security is forced on every table that names a tenant, in every domain', async () => {
  const domains = listMigrations(resolve(import.meta.dirname, '../../db')).map(({ domain }) => domain);
  const database = await createTestDatabase();
  const sql = postgres(database.ownerUrl, { max: 1, onnotice: () => undefined });
  try {
    const rows = await sql<{ name: string; forced: boolean; policies: number }[]>`
      select n.nspname || '.' || c.relname as name, c.relrowsecurity and c.relforcerowsecurity as forced,
        (select count(*)::int from pg_policy p where p.polrelid = c.oid) as policies
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname in ${sql(domains)} and c.relkind in ('r', 'p') and not c.relispartition
        and exists (select 1 from pg_attribute a where a.attrelid = c.oid and not a.attisdropped and a.attname in ('organization_id', 'seller_id'))`;
    expect(rows.length).toBeGreaterThan(40);
    const unguarded = rows.filter(({ forced, policies }) => !forced || policies === 0).map(({ name }) => name);
    expect(unguarded.filter((name) => !open.has(name))).toEqual([]);
    expect([...open.keys()].filter((name) => !unguarded.includes(name))).toEqual([]);
    const owned = await sql`
      select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_roles r on r.oid = c.relowner
      where n.nspname in ${sql(domains)} and starts_with(r.rolname, 'supergraph_')`;
    expect(owned).toHaveLength(0);
    const bypassing = await sql`select rolname from pg_roles where starts_with(rolname, 'supergraph_') and (rolbypassrls or rolsuper)`;
    expect(bypassing).toHaveLength(0);
  } finally {
    await sql.end({ timeout: 2 });
    await database.drop();
  }
});

const ofPlatform = 'types and categories are public, and may be the platform’s own, which has no seller';
const ofPeople = 'it also holds the talks of people in general, which have no tenant; a second key names the tenant of all others';

/** Keys between rows of tenants that do not name the tenant, each with the reason. */
const keysWithoutTenant = new Map([
  ['catalog.attribute_definitions_type_id_product_types_id_fk', ofPlatform],
  ['catalog.categories_parent_id_categories_id_fk', ofPlatform],
  ['catalog.product_categories_category_id_categories_id_fk', ofPlatform],
  ['catalog.products_type_id_product_types_id_fk', ofPlatform],
  ['chat.change_log_conversation', ofPeople],
  ['chat.message_versions_conversation', ofPeople],
  ['chat.messages_conversation', ofPeople],
  ['chat.participants_conversation', ofPeople],
  ['chat.reactions_conversation', ofPeople],
]);

test('a key that points from a tenant’s row to another names the tenant, in every domain', async () => {
  const domains = listMigrations(resolve(import.meta.dirname, '../../db')).map(({ domain }) => domain);
  const database = await createTestDatabase();
  const sql = postgres(database.ownerUrl, { max: 1, onnotice: () => undefined });
  try {
    const keys = await sql<{ name: string; names: boolean }[]>`
      with tenant as (
        select c.oid, c.oid::regclass::text as name, a.attnum
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and not a.attisdropped and a.attname in ('organization_id', 'seller_id')
        where n.nspname in ${sql(domains)} and c.relkind in ('r', 'p') and not c.relispartition)
      select split_part(mine.name, '.', 1) || '.' || k.conname as name,
        array_position(k.conkey, mine.attnum) is not null and array_position(k.conkey, mine.attnum) = array_position(k.confkey, other.attnum) as names
      from pg_constraint k join tenant mine on mine.oid = k.conrelid join tenant other on other.oid = k.confrelid
      where k.contype = 'f' and mine.name <> all (${[...open.keys()]}) and other.name <> all (${[...open.keys()]})`;
    expect(keys.length).toBeGreaterThan(20);
    const silent = keys.filter(({ names }) => !names).map(({ name }) => name);
    expect(silent.filter((name) => !keysWithoutTenant.has(name))).toEqual([]);
    expect([...keysWithoutTenant.keys()].filter((name) => !silent.includes(name))).toEqual([]);
  } finally {
    await sql.end({ timeout: 2 });
    await database.drop();
  }
});
