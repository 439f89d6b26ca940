import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { operationsOf } from '../persist.ts';

const parts = 'fragment Parts on Product { title ...Price }';
const price = 'fragment Price on Product { price { amount } }';

test('each operation comes with the fragments that it uses, and type names', () => {
  const operations = operationsOf(
    new Map([
      ['a.graphql', 'query A { products { ...Parts } } mutation B { rename }'],
      ['fragments.graphql', `${parts} ${price} fragment Unused on Product { id }`],
    ]),
  );
  expect(operations).toMatchObject([
    { name: 'A', type: 'query', id: expect.stringMatching(/^[0-9a-f]{64}$/) },
    { name: 'B', type: 'mutation', body: 'mutation B {\n  rename\n}' },
  ]);
  expect(operations[0]?.body.match(/fragment \w+|__typename/g)).toEqual([
    '__typename',
    'fragment Parts',
    '__typename',
    'fragment Price',
    '__typename',
    '__typename',
  ]);
});
test('what cannot be persisted is named', () => {
  const of =
    (...texts: string[]) =>
    () =>
      operationsOf(new Map(texts.map((text, index) => [`${index}.graphql`, text])));
  expect(of('{ a }')).toThrow(/0\.graphql has no name/);
  expect(of('query A { a }', 'query A { b }')).toThrow(/1\.graphql and 0\.graphql both name an operation A/);
  expect(of('query A { ...Gone }')).toThrow(/uses the fragment Gone/);
  expect(of('query A {')).toThrow(/0\.graphql is no GraphQL: Syntax Error/);
});
test('the command writes a manifest of a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'persist-'));
  writeFileSync(join(folder, 'a.graphql'), 'query A { hello }');
  const script = resolve(import.meta.dirname, '../persist.ts');
  const run = (...options: string[]) => spawnSync(process.execPath, [script, ...options], { encoding: 'utf8', cwd: folder });
  expect(run('out.json', '.')).toMatchObject({ status: 0, stdout: expect.stringContaining('1 operations') });
  expect(JSON.parse(readFileSync(join(folder, 'out.json'), 'utf8'))).toMatchObject({
    format: 'apollo-persisted-query-manifest',
    version: 1,
    operations: [{ name: 'A', type: 'query', body: 'query A {\n  hello\n}' }],
  });
  expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining('mend: npm run persist') });
});
