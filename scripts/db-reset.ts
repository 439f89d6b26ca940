import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readSettingsFile } from '@supergraph/platform/config';
import { domainRole } from '@supergraph/platform/database';
import { deleteEmbeddedDatabase } from '@supergraph/platform/embedded-database';
import postgres from 'postgres';

const root = resolve(import.meta.dirname, '..');

/** Empties the development database: the embedded one, or the domains' schemas of the one that DATABASE_URL names. */
async function main(environment: NodeJS.ProcessEnv): Promise<number> {
  if (environment['NODE_ENV'] === 'production') {
    console.error(
      'db:reset deletes all data and does not run in production\nmend: unset NODE_ENV if this is really not the production database',
    );
    return 1;
  }
  const shared = environment['DATABASE_URL'];
  for (const [address, domains] of Map.groupBy(listDomains(), (domain) => environment[`DATABASE_URL_${domain.toUpperCase()}`] ?? shared)) {
    if (address) await dropSchemas(address, domains);
  }
  if (!shared) {
    const directory = join(resolve(root, environment['DATA_DIR'] ?? '.data'), 'postgres');
    await deleteEmbeddedDatabase(directory);
    console.log(`the embedded database in ${directory} is gone; npm run dev makes a new one`);
  }
  return 0;
}

function listDomains(): string[] {
  return readdirSync(join(root, 'db')).filter((name) => name !== 'node_modules' && statSync(join(root, 'db', name)).isDirectory());
}

async function dropSchemas(address: string, domains: readonly string[]): Promise<void> {
  const sql = postgres(address, { max: 1, fetch_types: false, connect_timeout: 10, onnotice: () => undefined });
  try {
    await sql.begin(async (tx) => {
      await tx`set local lock_timeout = '10s'`;
      for (const domain of domains) {
        await tx`drop schema if exists ${tx(domain)} cascade`;
        await tx`drop table if exists migrations.${tx(domain)}`;
        await revokeDefaults(tx, domain);
      }
    });
  } finally {
    await sql.end({ timeout: 2 });
  }
  console.log(`the schemas ${domains.join(', ')} of ${new URL(address).pathname.slice(1)} are gone; npm run dev makes them again`);
}

/** The role belongs to the server and may serve other databases; only what it holds in this one goes. */
async function revokeDefaults(tx: postgres.TransactionSql, domain: string): Promise<void> {
  const [found] = await tx`select from pg_roles where rolname = ${domainRole(domain)}`;
  if (found) await tx`drop owned by ${tx(domainRole(domain))}`;
}

try {
  readSettingsFile(process.argv);
  process.exitCode = await main(process.env);
} catch (error) {
  console.error(
    `the database could not be emptied: ${error instanceof Error ? error.message : String(error)}\nmend: stop what uses it (npm run dev) and see that it runs`,
  );
  process.exitCode = 1;
}
