import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import postgres, { type Sql } from 'postgres';
import { startEmbeddedDatabase } from './embedded-database.ts';
import { listMigrations, migrateAll } from './migrate.ts';

export interface TestDatabase {
  /** What the program under test connects to; its role is the domain's. */
  readonly url: string;
  /** The owner's address, for migrations and for looking behind the policies. */
  readonly ownerUrl: string;
  drop(): Promise<void>;
}

export interface TestServer {
  readonly url: string;
  /** The migrated database that every test database is a copy of. */
  readonly template: string;
  stop(): Promise<void>;
}

const root = resolve(import.meta.dirname, '../..');
const serverVariable = 'SUPERGRAPH_TEST_SERVER';
const templateVariable = 'SUPERGRAPH_TEST_TEMPLATE';
const templatePrefix = 'supergraph_template_';
const copyPrefix = 'supergraph_test_';
const leftOverAfterSeconds = 3_600;
const lockKey = 7_320_192;

/** Starts the test cluster (or uses TEST_DATABASE_URL), makes its template and tells the test workers of both. */
export async function startTestServer(): Promise<TestServer> {
  const given = process.env['TEST_DATABASE_URL'];
  const server = given
    ? { url: given, stop: () => Promise.resolve() }
    : await startEmbeddedDatabase({ directory: join(root, '.data', 'test-postgres'), fastAndUnsafe: true });
  const template = await makeTemplate(server.url);
  process.env[serverVariable] = server.url;
  process.env[templateVariable] = template;
  return { ...server, template };
}

/** A copy of the migrated template, for one test file. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { url, template } = await useTestServer();
  const name = `${copyPrefix}${Math.floor(Date.now() / 1_000)}_${randomBytes(6).toString('hex')}`;
  // Copying the files beats writing every page to the log, as long as the server does not wait for the disk.
  await asAdministrator(url, (sql) => sql`create database ${sql(name)} template ${sql(template)} strategy file_copy`);
  const address = addressOf(url, name);
  return {
    url: address,
    ownerUrl: address,
    drop: () => asAdministrator(url, async (sql) => void (await sql`drop database if exists ${sql(name)} with (force)`)),
  };
}

let started: Promise<TestServer> | undefined;

async function useTestServer(): Promise<{ url: string; template: string }> {
  const url = process.env[serverVariable];
  const template = process.env[templateVariable];
  return url && template ? { url, template } : (started ??= startTestServer());
}

function addressOf(server: string, database: string): string {
  const url = new URL(server);
  url.pathname = `/${database}`;
  return url.href;
}

async function asAdministrator<Result>(server: string, work: (sql: Sql) => Promise<Result>): Promise<Result> {
  const sql = postgres(addressOf(server, 'postgres'), { max: 1, fetch_types: false, connect_timeout: 10, onnotice: () => undefined });
  try {
    return await work(sql);
  } finally {
    await sql.end({ timeout: 2 });
  }
}

/** The template's name is the hash of what made it, so it is made again exactly when a migration changed. */
async function makeTemplate(server: string): Promise<string> {
  const folder = join(root, 'db');
  const migrations = listMigrations(folder);
  const template =
    templatePrefix + hashOf([...migrations.map(({ migrationsFolder }) => migrationsFolder), join(import.meta.dirname, 'migrate.ts')]);
  await asAdministrator(server, async (sql) => {
    await sql`select pg_advisory_lock(${lockKey})`;
    const found = await sql<{ name: string }[]>`
      select datname as name from pg_database where starts_with(datname, ${templatePrefix}) or starts_with(datname, ${copyPrefix})`;
    const names = found.map(({ name }) => name);
    if (names.includes(template)) return;
    await dropUnused(sql, names);
    const building = `${template}_new`;
    await sql`drop database if exists ${sql(building)} with (force)`;
    await sql`create database ${sql(building)} template template0`;
    const ownerUrl = addressOf(server, building);
    await migrateAll(migrations.map((migration) => ({ ...migration, ownerUrl })));
    await sql`alter database ${sql(building)} rename to ${sql(template)}`;
  });
  return template;
}

async function dropUnused(sql: Sql, names: readonly string[]): Promise<void> {
  const oldest = Date.now() / 1_000 - leftOverAfterSeconds;
  const unused = names.filter((name) => name.startsWith(templatePrefix) || Number(name.slice(copyPrefix.length).split('_')[0]) < oldest);
  for (const name of unused) {
    try {
      await sql`drop database if exists ${sql(name)}`;
    } catch (error) {
      // 55006: another run is using it, and will leave it to the next.
      if (!(error instanceof postgres.PostgresError && error.code === '55006')) throw error;
    }
  }
}

function hashOf(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths.flatMap(filesBelow)) hash.update(relative(root, path)).update(readFileSync(path));
  return hash.digest('hex').slice(0, 16);
}

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesBelow(join(path, name)));
}
