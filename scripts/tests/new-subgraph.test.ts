import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { addToRegistry, addToScopes, fillIn, problemsWithName, renderTemplate } from '../new-subgraph.ts';

const folder = mkdtempSync(join(tmpdir(), 'new-subgraph-'));
const templates = join(folder, 'templates');
const root = join(folder, 'repository');
afterAll(() => rmSync(folder, { recursive: true }));

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

beforeAll(() => {
  write(join(templates, 'subgraphs/__domain__/schema.graphql.tmpl'), 'type __Domain__ { id: ID! }');
  write(join(templates, 'subgraphs/__domain__/tests/__domain__.test.ts.tmpl'), `const url = '__DOMAIN___URL';`);
  write(join(templates, 'db/__domain__/tables.ts.tmpl'), `export const __domain__ = pgSchema('__domain__');`);
  write(join(templates, 'README.md'), 'not a template');
  write(join(root, 'db/orders/tables.ts'), '');
  write(join(root, 'subgraphs/orders/index.ts'), '');
});

test('a domain is rendered from the templates', () => {
  expect(renderTemplate('loyalty', { root, templates })).toEqual([
    'db/loyalty/tables.ts',
    'subgraphs/loyalty/schema.graphql',
    'subgraphs/loyalty/tests/loyalty.test.ts',
  ]);
  expect(readFileSync(join(root, 'subgraphs/loyalty/schema.graphql'), 'utf8')).toBe('type Loyalty { id: ID! }');
  expect(readFileSync(join(root, 'subgraphs/loyalty/tests/loyalty.test.ts'), 'utf8')).toBe(`const url = 'LOYALTY_URL';`);
  expect(readFileSync(join(root, 'db/loyalty/tables.ts'), 'utf8')).toBe(`export const loyalty = pgSchema('loyalty');`);
});

test('nothing is overwritten', () => {
  write(join(root, 'db/points/tables.ts'), 'mine');
  expect(() => renderTemplate('points', { root, templates })).toThrow(/EEXIST/);
  expect(readFileSync(join(root, 'db/points/tables.ts'), 'utf8')).toBe('mine');
});

test('a missing template says so', () => {
  expect(() => renderTemplate('tea', { root, templates: join(folder, 'nowhere') })).toThrow(/no template[\s\S]*mend:/);
});

test('a name is filled in in three forms', () => {
  expect(fillIn('__domain__ __Domain__ __DOMAIN__', 'tea')).toBe('tea Tea TEA');
});

test.each(['', 'Loyalty', 'loyal-ty', '1tea', 'tea_', 'registry', 'orders'])('the name "%s" is refused with a mend', (name) => {
  expect(problemsWithName(name, root)).toEqual([expect.stringContaining('\nmend: ')]);
});

test('all that is wrong with a name is said at once, and what exists is named', () => {
  expect(problemsWithName('orders', root)).toEqual([expect.stringContaining('subgraphs/orders and db/orders exist')]);
  write(join(root, 'db/Tea/tables.ts'), '');
  expect(problemsWithName('Tea', root)).toHaveLength(2);
});

test('a good name has no problem', () => {
  expect(problemsWithName('tea', root)).toEqual([]);
});

describe('the registry', () => {
  const lazy = `export const registry = {\n  accounts: () => import('./accounts/index.ts'),\n  orders: () => import('./orders/index.ts'),\n};\n`;
  const plain = `export { subgraph as accounts } from './accounts/index.ts';\nexport { subgraph as orders } from './orders/index.ts';\n`;

  test.each([
    ['aaa', 1],
    ['loyalty', 2],
    ['zoo', 3],
  ])('gets %s in alphabetical order', (name, line) => {
    expect(addToRegistry(lazy, name).split('\n')[line]).toBe(`  ${name}: () => import('./${name}/index.ts'),`);
    expect(addToRegistry(lazy, name).split('\n')).toHaveLength(6);
  });

  test('gets a line in the form of its neighbors', () => {
    expect(addToRegistry(plain, 'loyalty').split('\n')[1]).toBe(`export { subgraph as loyalty } from './loyalty/index.ts';`);
  });

  test('gets its first line', () => {
    expect(addToRegistry('export const registry: Registry = {};\n', 'tea')).toBe(
      `export const registry: Registry = {\n  tea: () => import('./tea/index.ts'),\n};\n`,
    );
    expect(() => addToRegistry('export const registry = 1;\n', 'tea')).toThrow(/no place for tea[\s\S]*mend:/);
  });
});

describe('the scope of a new domain', () => {
  const source = `export const scopes = {\n  'accounts:read': 'a',\n  'chat:write': 'b',\n};\n`;
  test.each([
    ['billing', 2],
    ['weather', 3],
  ])('gets words at its place: %s', (name, line) => {
    expect(addToScopes(source, name).split('\n')[line]).toBe(`  '${name}:write': 'Change what you keep in ${name}',`);
  });

  test('needs others to stand among', () => {
    expect(() => addToScopes('export const scopes = {};', 'tea')).toThrow(/no scopes[\s\S]*mend:/);
  });
});
