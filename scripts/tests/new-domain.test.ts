import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { repository } from '../domains.ts';

// What the first quarter of an hour of a newcomer consists of, in a copy of the repository.
const copy = join(mkdtempSync(join(tmpdir(), 'new-domain-')), 'repository');
afterAll(() => rmSync(dirname(copy), { recursive: true, force: true }));

function run(...parameters: string[]) {
  // The server of the surrounding tests has the tables of the surrounding repository.
  const { SUPERGRAPH_TEST_SERVER: _server, SUPERGRAPH_TEST_TEMPLATE: _template, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, parameters, { cwd: copy, encoding: 'utf8', env, maxBuffer: 64e6 });
  return { status, output: `${stdout}${stderr}` };
}

function copyFiles(): void {
  const listed = spawnSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], { cwd: repository, encoding: 'utf8', maxBuffer: 64e6 });
  expect(listed.status).toBe(0);
  for (const path of listed.stdout.split('\0').filter((name) => name && existsSync(join(repository, name)))) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    cpSync(join(repository, path), join(copy, path));
  }
}

/** Packages are linked to where they are; the workspaces, whose links are relative, are those of the copy. */
function linkPackages(folder: string): void {
  const source = join(repository, folder);
  if (!existsSync(source)) return;
  mkdirSync(join(copy, folder), { recursive: true });
  for (const entry of readdirSync(source, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.name === '@supergraph') linkPackages(path);
    else symlinkSync(entry.isSymbolicLink() ? readlinkSync(join(repository, path)) : join(repository, path), join(copy, path));
  }
}

let made: ReturnType<typeof run>;
beforeAll(() => {
  copyFiles();
  for (const folder of ['.', 'platform', 'schema', 'db', 'subgraphs', 'gateway']) linkPackages(join(folder, 'node_modules'));
  made = run('scripts/new-subgraph.ts', 'demo');
});

test('one command writes a new domain', () => {
  expect(made).toMatchObject({ status: 0, output: expect.stringContaining('wrote subgraphs/demo/schema.graphql') as string });
  expect(existsSync(join(copy, 'db/demo/migrations/meta/_journal.json'))).toBe(true);
  expect(existsSync(join(repository, 'subgraphs/demo'))).toBe(false);
});

test('its own tests pass before anybody has written a line', () => {
  const jest = join(repository, 'node_modules/jest/bin/jest.js');
  const tested = run('--experimental-vm-modules', '--disable-warning=ExperimentalWarning', jest, 'subgraphs/demo');
  expect(tested.output).toMatch(/^\d+ passed, 0 failed$/m);
  expect(tested.status).toBe(0);
});

test('it passes every check', () => {
  const checked = run('scripts/check.ts');
  expect(checked.output).toMatch(/^all \d+ are fine$/m);
  expect(checked.status).toBe(0);
});
