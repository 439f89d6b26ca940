import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import postgres, { type Sql, type TransactionSql } from 'postgres';
import { domainRole } from './database.ts';
import type { Log } from './log.ts';

export interface DomainMigration {
  /** Connects as the owner of the tables: a superuser, or a role with CREATEROLE and CREATE on the database. */
  readonly ownerUrl: string;
  readonly domain: string;
  /** Where drizzle-kit wrote the domain's SQL and its journal. */
  readonly migrationsFolder: string;
  readonly log?: Pick<Log, 'info'> | undefined;
}

/** A migration that could not run; all of its domain's changes of this start were taken back. */
export class MigrationFailed extends Error {
  override readonly name = 'MigrationFailed';
  /** The file's path, relative to where the program was started. */
  readonly file: string;
  constructor(file: string, problem: string, mend: string, cause?: unknown) {
    super(`${file}: ${problem}\nmend: ${mend}`, { cause });
    this.file = file;
  }
}

interface Step {
  readonly file: string;
  readonly statements: readonly string[];
  readonly when: number;
  readonly hash: string;
}

const bookkeeping = 'migrations';
/** The advisory lock of whoever migrates this database. */
export const migrationLock = 7_320_191;
const lockWaitMs = 120_000;
const tableLockMs = 10_000;

/** The domains of a folder such as `db`: those that have migrations, in alphabetical order. */
export function listMigrations(folder: string): { domain: string; migrationsFolder: string }[] {
  return readdirSync(folder)
    .sort()
    .map((domain) => ({ domain, migrationsFolder: join(folder, domain, 'migrations') }))
    .filter(({ migrationsFolder }) => existsSync(join(migrationsFolder, 'meta', '_journal.json')));
}

/** Brings one domain's schema up to its migrations; returns the files that ran. Throws MigrationFailed. */
export async function migrateDomain(migration: DomainMigration): Promise<string[]> {
  return migrateAll([migration]);
}

/** Brings many domains up to date, over one connection per address; returns the files that ran. Throws MigrationFailed. */
export async function migrateAll(migrations: readonly DomainMigration[]): Promise<string[]> {
  const ran: string[] = [];
  for (const [ownerUrl, group] of Map.groupBy(migrations, (migration) => migration.ownerUrl)) {
    const sql = postgres(ownerUrl, {
      max: 1,
      fetch_types: false,
      prepare: false,
      connect_timeout: 10,
      onnotice: () => undefined,
      connection: { application_name: 'supergraph migrations', TimeZone: 'UTC' },
    });
    try {
      ran.push(...(await migrateGroup(sql, group)));
    } finally {
      await sql.end({ timeout: 2 });
    }
  }
  return ran;
}

async function migrateGroup(sql: Sql, group: readonly DomainMigration[]): Promise<string[]> {
  const plans = group.map((migration) => ({ migration, steps: readSteps(migration.migrationsFolder) }));
  const known = await readApplied(sql);
  const needsWork = ({ migration, steps }: (typeof plans)[number]) =>
    pendingSteps(known, migration.domain, steps).length > 0 || !known.roles.has(domainRole(migration.domain));
  if (!plans.some(needsWork)) return [];

  await takeLock(sql);
  // Somebody else may have migrated while this process waited for the lock; closing the connection gives it back.
  const current = await readApplied(sql);
  const ran: string[] = [];
  for (const { migration, steps } of plans) {
    const { domain, log } = migration;
    const pending = pendingSteps(current, domain, steps);
    if (pending.length === 0 && current.roles.has(domainRole(domain))) continue;
    await ensureRole(sql, domain);
    await sql.begin((tx) => migrateOne(tx, domain, pending));
    for (const { file } of pending) log?.info({ migration: file }, 'migrated');
    ran.push(...pending.map(({ file }) => file));
  }
  return ran;
}

/** Reads the journal in its order, in the form drizzle's own migrator uses; a domain without one gets an empty schema. */
function readSteps(migrationsFolder: string): Step[] {
  if (!existsSync(`${migrationsFolder}/meta/_journal.json`)) return [];
  const journal = JSON.parse(readFileSync(`${migrationsFolder}/meta/_journal.json`, 'utf8')) as { entries: { tag: string }[] };
  return readMigrationFiles({ migrationsFolder }).map(({ sql: statements, folderMillis, hash }, at) => ({
    file: relative(process.cwd(), `${migrationsFolder}/${journal.entries[at]?.tag}.sql`),
    statements,
    when: folderMillis,
    hash,
  }));
}

interface Applied {
  /** The domain roles that exist and that this login may take. */
  readonly roles: ReadonlySet<string>;
  /** Per domain: when a migration was made, to the hash of its file. */
  readonly domains: ReadonlyMap<string, ReadonlyMap<number, string>>;
}

async function readApplied(sql: Sql): Promise<Applied> {
  const names = await sql<{ kind: 'role' | 'table'; name: string }[]>`
    select 'role' as kind, rolname as name from pg_roles
      where starts_with(rolname, 'supergraph_') and pg_has_role(current_user, oid, 'MEMBER')
    union all
    select 'table', tablename from pg_tables where schemaname = ${bookkeeping}`;
  const tables = names.filter(({ kind }) => kind === 'table').map(({ name }) => name);
  const rows =
    tables.length === 0
      ? []
      : await sql.unsafe<{ domain: string; hash: string; made: string }[]>(tables.map(readTable).join(' union all '));
  const domains = new Map<string, Map<number, string>>();
  for (const { domain, made, hash } of rows) {
    const of = domains.get(domain) ?? new Map<number, string>();
    domains.set(domain, of.set(Number(made), hash));
  }
  return { roles: new Set(names.filter(({ kind }) => kind === 'role').map(({ name }) => name)), domains };
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const readTable = (name: string): string =>
  `select ${literal(name)} as domain, hash, created_at::text as made from ${bookkeeping}.${quoted(name)}`;

function pendingSteps({ domains }: Applied, domain: string, steps: readonly Step[]): Step[] {
  const ran = domains.get(domain);
  const edited = steps.find(({ when, hash }) => ran?.has(when) && ran.get(when) !== hash);
  if (edited) {
    throw new MigrationFailed(
      edited.file,
      'was edited after it ran',
      'restore the file and put the change into a new migration; a database without data of worth may be dropped: npm run db:reset',
    );
  }
  return steps.filter(({ when }) => !ran?.has(when));
}

async function takeLock(sql: Sql): Promise<void> {
  await sql.unsafe(`set lock_timeout = ${lockWaitMs}`);
  try {
    await sql`select pg_advisory_lock(${migrationLock})`;
  } catch (cause) {
    const seconds = lockWaitMs / 1_000;
    throw new Error(`another process has been migrating this database for ${seconds} s\nmend: wait for it, or end it, and start again`, {
      cause,
    });
  }
}

const racedOnRole = new Set(['23505', '42710', 'XX000']);

/** Roles belong to the whole server, so another database's migration may make the same one at the same moment. */
async function ensureRole(sql: Sql, domain: string, attempts = 5): Promise<void> {
  const role = domainRole(domain);
  try {
    const [found] = await sql<{ exists: boolean; member: boolean }[]>`
      select exists (select from pg_roles where rolname = ${role}) as exists,
             exists (select from pg_roles where rolname = ${role} and pg_has_role(current_user, oid, 'MEMBER')) as member`;
    if (!found?.exists) await sql.unsafe(`create role ${quoted(role)} nologin nosuperuser nobypassrls nocreatedb nocreaterole`);
    // Who creates a role administers it, which since PostgreSQL 16 does not include taking it.
    if (!found?.exists || !found.member) await sql.unsafe(`grant ${quoted(role)} to current_user`);
  } catch (error) {
    const code = error instanceof postgres.PostgresError ? error.code : '';
    if (attempts <= 1 || !racedOnRole.has(code)) throw error;
    await ensureRole(sql, domain, attempts - 1);
  }
}

async function migrateOne(tx: TransactionSql, domain: string, steps: readonly Step[]): Promise<void> {
  const schema = quoted(domain);
  const role = quoted(domainRole(domain));
  // A migration that waits behind a long transaction makes everybody wait behind it: better to fail and start again.
  await tx.unsafe(`
    set local lock_timeout = ${tableLockMs};
    create schema if not exists ${bookkeeping};
    create table if not exists ${bookkeeping}.${schema} (id serial primary key, hash text not null, created_at bigint);
    create schema if not exists ${schema};
    grant usage on schema ${schema} to ${role};
    alter default privileges in schema ${schema} grant select, insert, update, delete on tables to ${role};
    alter default privileges in schema ${schema} grant usage, select on sequences to ${role};`);
  for (const step of steps) {
    await runStep(tx, step);
    await tx`insert into ${tx(bookkeeping)}.${tx(domain)} (hash, created_at) values (${step.hash}, ${step.when})`;
  }
  await protect(tx, domain);
}

async function runStep(tx: TransactionSql, { file, statements }: Step): Promise<void> {
  for (const statement of statements) {
    try {
      // The schema is there already, because its default privileges must be set before its tables are made.
      await tx.unsafe(statement.replace(/^(\s*create schema )(?!if not exists)/i, '$1if not exists '));
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      throw new MigrationFailed(file, problem, 'correct the file and start again; the schema is as it was before', error);
    }
  }
}

/** Row-level security also binds the owner of a table, and views read with the rights of who asks. */
async function protect(tx: TransactionSql, domain: string): Promise<void> {
  const found = await tx<{ name: string; kind: string }[]>`
    select relname as name, relkind as kind from pg_class
    where relnamespace = ${domain}::regnamespace
      and (relkind in ('r', 'p') and relrowsecurity and not relforcerowsecurity
        or relkind = 'v' and not coalesce(reloptions::text[] && array['security_invoker=true', 'security_invoker=on'], false))`;
  const statements = found.map(({ name, kind }) =>
    kind === 'v'
      ? `alter view ${quoted(domain)}.${quoted(name)} set (security_invoker = true)`
      : `alter table ${quoted(domain)}.${quoted(name)} force row level security`,
  );
  if (statements.length > 0) await tx.unsafe(statements.join(';'));
}
