import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const usage = 'mend: npm run migration -- <domain> <name>, such as: npm run migration -- catalog add_sku (an empty file: add --custom)';

/** Writes the SQL that brings a domain's schema from its last migration to what tables.ts says now. */
function main([domain = '', name = '', ...flags]: readonly string[]): number {
  if (!/^[a-z][a-z0-9]*$/.test(domain) || !/^[a-z][a-z0-9_]*$/.test(name) || flags.some((flag) => flag !== '--custom')) {
    console.error(`a migration needs a domain and a name in snake_case\n${usage}`);
    return 1;
  }
  const tables = `db/${domain}/tables.ts`;
  if (!existsSync(join(root, tables))) {
    console.error(`${tables} does not exist\nmend: npm run new:subgraph -- ${domain}, or one of: ${domains().join(', ') || 'none yet'}`);
    return 1;
  }
  const before = migrationsOf(domain);
  const kit = join(dirname(createRequire(import.meta.url).resolve('drizzle-kit')), 'bin.cjs');
  const parameters = [
    'generate',
    '--dialect',
    'postgresql',
    '--casing',
    'snake_case',
    '--schema',
    tables,
    '--out',
    `db/${domain}/migrations`,
    '--name',
    name,
    ...flags,
  ];
  const { status } = spawnSync(process.execPath, [kit, ...parameters], { cwd: root, stdio: 'inherit' });
  if (status !== 0) return status ?? 1;
  const written = migrationsOf(domain).filter((file) => !before.includes(file));
  for (const file of written) {
    console.log(`db/${domain}/migrations/${file} was written: read it; split long locks and backfills by hand (expand, fill, contract)`);
  }
  return 0;
}

function migrationsOf(domain: string): string[] {
  const folder = join(root, 'db', domain, 'migrations');
  return existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.sql')) : [];
}

function domains(): string[] {
  return readdirSync(join(root, 'db')).filter((name) => existsSync(join(root, 'db', name, 'tables.ts')));
}

process.exitCode = main(process.argv.slice(2));
