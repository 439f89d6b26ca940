/* oxlint-disable eslint/no-restricted-properties -- names made in this test, which no parameter can carry */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sql } from 'drizzle-orm';
import postgres, { type Sql } from 'postgres';
import { openDatabase } from '../src/database.ts';
import { migrateAll, migrateDomain, MigrationFailed, migrationLock } from '../src/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../src/test-database.ts';
import { writeMigrations } from './support/migrations.ts';

const first = { '0000_init': 'CREATE SCHEMA "shop";\n--> statement-breakpoint\nCREATE TABLE "shop"."items" (id int primary key);' };
let server: TestDatabase;
let owner: Sql;

beforeEach(async () => {
  server = await createTestDatabase();
  owner = postgres(server.ownerUrl, { max: 1, onnotice: () => undefined });
});
afterEach(async () => {
  await owner.end();
  await server.drop();
});

const migrate = (migrationsFolder: string, domain = 'shop') => migrateDomain({ ownerUrl: server.ownerUrl, domain, migrationsFolder });
const tables = async () =>
  (await owner`select tablename from pg_tables where schemaname = 'shop' order by 1`).map(({ tablename }) => tablename);

test('migrations run once, in order, and are named', async () => {
  const folder = writeMigrations(first);
  expect((await migrate(folder)).map((file) => file.split('/').at(-1))).toEqual(['0000_init.sql']);
  expect(await migrate(folder)).toEqual([]);
  writeMigrations({ ...first, '0001_more': 'CREATE TABLE shop.more (id int)' }, folder);
  expect(await migrate(folder)).toHaveLength(1);
  expect(await tables()).toEqual(['items', 'more']);
});

test('of processes that start together one migrates and the others wait for it', async () => {
  const folder = writeMigrations({ '0000_init': 'CREATE TABLE shop.items (id int)', '0001_wait': 'select pg_sleep(0.3)' });
  const script = `import { migrateDomain } from ${JSON.stringify(join(import.meta.dirname, '../src/migrate.ts'))};
    console.log((await migrateDomain(${JSON.stringify({ ownerUrl: server.ownerUrl, domain: 'shop', migrationsFolder: folder })})).length);`;
  const start = () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], { cwd: import.meta.dirname });
  const outputs = await Promise.all([start(), start(), start()]);
  expect(outputs.map(({ stdout }) => Number(stdout)).sort((a, b) => a - b)).toEqual([0, 0, 2]);
});

test('a broken migration names its file and leaves the schema as it was', async () => {
  const folder = writeMigrations(first);
  await migrate(folder);
  writeMigrations(
    {
      ...first,
      '0001_good': 'CREATE TABLE shop.good (id int)',
      '0002_broken': 'CREATE TABLE shop.late (id int);--> statement-breakpoint\nALTER TABLE shop.nothing ADD x int',
    },
    folder,
  );
  const error = await migrate(folder).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(MigrationFailed);
  expect((error as Error).message).toMatch(/0002_broken\.sql: relation "shop\.nothing" does not exist\nmend: /);
  expect(await tables()).toEqual(['items']);
  writeMigrations({ ...first, '0001_good': 'CREATE TABLE shop.good (id int)', '0002_mended': 'select 1' }, folder);
  expect(await migrate(folder)).toHaveLength(2);
});

test('a file that was edited after it ran is refused', async () => {
  await migrate(writeMigrations(first));
  await expect(migrate(writeMigrations({ '0000_init': 'CREATE TABLE shop.other (id int)' }))).rejects.toThrow(
    /was edited after it ran\nmend: /,
  );
});

test('a migration whose branch was merged late still runs', async () => {
  const folder = writeMigrations({
    '0000_init': first['0000_init'],
    '0001_mine': 'select 1',
    '0002_theirs': 'CREATE TABLE shop.theirs (id int)',
  });
  await migrate(folder);
  await owner`delete from migrations.shop where created_at = ${1_700_000_000_001}`;
  expect((await migrate(folder)).map((file) => file.split('/').at(-1))).toEqual(['0001_mine.sql']);
});

test('the role may use what migrations make, what a migration revokes stays revoked, views ask with the reader’s rights', async () => {
  const folder = writeMigrations({
    '0000_init': `CREATE TABLE shop.log (id bigint generated always as identity, line text);
      REVOKE UPDATE, DELETE ON shop.log FROM supergraph_shop;
      CREATE TABLE shop.secrets (tenant uuid); ALTER TABLE shop.secrets ENABLE ROW LEVEL SECURITY;
      CREATE VIEW shop.seen AS SELECT * FROM shop.secrets;`,
  });
  await migrate(folder);
  await owner`insert into shop.secrets values (gen_random_uuid())`;
  const { db, close } = openDatabase({ url: server.url, domain: 'shop', poolSize: 1 });
  await db.execute(sql`insert into shop.log (line) values ('a')`);
  await expect(db.execute(sql`update shop.log set line = 'b'`)).rejects.toMatchObject({ cause: { code: '42501' } });
  await expect(db.execute(sql`truncate shop.log`)).rejects.toMatchObject({ cause: { code: '42501' } });
  expect(await db.execute(sql`select * from shop.seen`)).toHaveLength(0);
  await close();
  const [state] = await owner`select relforcerowsecurity from pg_class where oid = 'shop.secrets'::regclass`;
  expect(state).toEqual({ relforcerowsecurity: true });
});

test('one domain’s role cannot read another domain’s tables', async () => {
  await migrate(writeMigrations(first));
  await migrate(writeMigrations({ '0000_init': 'CREATE TABLE bank.accounts (id int)' }), 'bank');
  const { db, close } = openDatabase({ url: server.url, domain: 'bank', poolSize: 1 });
  await expect(db.execute(sql`select * from shop.items`)).rejects.toMatchObject({ cause: { code: '42501' } });
  await close();
});

test('an owner without superuser rights can migrate, and its tables are closed without a tenant', async () => {
  const name = `owner_${Date.now()}`;
  await owner.unsafe(`create role ${name} login createrole password 'x'`);
  await owner.unsafe(`create database ${name} owner ${name}`);
  const url = new URL(server.ownerUrl);
  url.pathname = `/${name}`;
  const inside = postgres(url.href, { max: 1, onnotice: () => undefined });
  url.username = name;
  url.password = 'x';
  const domain = `shop${Date.now()}`;
  const folder = writeMigrations({
    '0000_init': `CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public; CREATE TABLE ${domain}.rows (tenant uuid);
      ALTER TABLE ${domain}.rows ENABLE ROW LEVEL SECURITY;
      CREATE POLICY tenant_only ON ${domain}.rows USING (tenant = nullif(current_setting('app.organization_id', true), '')::uuid);`,
  });
  await inside`grant create on schema public to ${inside(name)}`;
  try {
    expect(await migrateDomain({ ownerUrl: url.href, domain, migrationsFolder: folder })).toHaveLength(1);
    expect(await migrateDomain({ ownerUrl: url.href, domain, migrationsFolder: folder })).toEqual([]);
    await inside`insert into ${inside(domain)}.rows values (gen_random_uuid())`;
    const { db, close } = openDatabase({ url: url.href, domain, poolSize: 1 });
    expect(await db.execute(sql`select * from ${sql.identifier(domain)}.rows`)).toHaveLength(0);
    await close();
    const asOwner = postgres(url.href, { max: 1 });
    expect(await asOwner`select * from ${asOwner(domain)}.rows`).toHaveLength(0);
    await asOwner.end();
  } finally {
    await inside.end();
    await owner.unsafe(`drop database ${name} with (force)`);
    await owner.unsafe(`drop role if exists supergraph_${domain}; drop role ${name}`);
  }
});

test('26 domains with nothing new only look, and wait for nobody who migrates', async () => {
  const all = Array.from({ length: 26 }, (_, at) => ({
    ownerUrl: server.ownerUrl,
    domain: `wide${at}`,
    migrationsFolder: writeMigrations({
      '0000_init': `CREATE TABLE wide${at}.a (id int primary key)`,
      '0001_b': `CREATE TABLE wide${at}.b (id int primary key)`,
    }),
  }));
  expect(await migrateAll(all)).toHaveLength(52);
  // Whoever had something to do would have to wait for this lock.
  await owner`select pg_advisory_lock(${migrationLock})`;
  expect(await migrateAll(all)).toEqual([]);
});

test('the extensions that domains may use are there', async () => {
  const names = await owner`select name from pg_available_extensions where name in ('pg_trgm', 'unaccent', 'btree_gin') order by 1`;
  expect(names.map(({ name }) => name)).toEqual(['btree_gin', 'pg_trgm', 'unaccent']);
  for (const extension of ['pg_trgm', 'unaccent', 'btree_gin'])
    await owner.unsafe(`create extension if not exists ${extension} schema public`);
});
