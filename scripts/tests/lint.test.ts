import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repository } from '../domains.ts';

const folder = mkdtempSync(join(tmpdir(), 'lint-'));
afterAll(() => rmSync(folder, { recursive: true }));

const header = `import { sql } from 'drizzle-orm';\nimport type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';\nexport declare const db: PostgresJsDatabase;\nexport const base = sql\`select 1\`;\n`;
const faults: Record<string, [file: string, line: string]> = {
  'no-floating-promises': ['subgraphs/one/store.ts', `export function forget(): void {\n  db.execute(base);\n}`],
  'no-explicit-any': ['platform/src/two.ts', 'export const two = (value: any): string => String(value);'],
  'sql.raw': ['subgraphs/three/store.ts', `export const three = (name: string) => sql.raw(name);`],
  'sql.identifier': ['db/four/tables.ts', `export const four = (name: string) => sql.identifier(name);`],
  unsafe: ['gateway/src/five.ts', `export const five = (client: { unsafe(text: string): string }) => client.unsafe('');`],
  safeFetch: ['subgraphs/six/service.ts', `export const six = () => fetch('http://localhost');`],
  'Date.now': ['subgraphs/seven/service.ts', `export const seven = () => Date.now();`],
  'no-default-export': ['subgraphs/eight/index.ts', `export default db;`],
};

function lint(): string {
  for (const [file, line] of Object.values(faults)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `${header}${line}\n`);
  }
  mkdirSync(join(folder, 'platform/src'), { recursive: true });
  writeFileSync(join(folder, 'platform/src/database.ts'), `${header}export const allowed = (text: string) => sql.raw(text);\n`);
  for (const file of ['.oxlintrc.json', 'tsconfig.json', 'package.json']) copyFileSync(join(repository, file), join(folder, file));
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  const oxlint = join(repository, 'node_modules/oxlint/bin/oxlint');
  return spawnSync(process.execPath, [oxlint, '--format=unix'], { cwd: folder, encoding: 'utf8' }).stdout;
}

test('the linter finds what the house forbids, and only that', () => {
  const found = lint()
    .split('\n')
    .filter((line) => /^\S+:\d+:\d+:/.test(line));
  for (const [words, [file]] of Object.entries(faults)) {
    expect(found.filter((line) => line.startsWith(file) && line.includes(words))).toHaveLength(1);
  }
  expect(found.filter((line) => line.startsWith('platform/src/database.ts'))).toEqual([]);
  expect(found).toHaveLength(Object.keys(faults).length);
});
