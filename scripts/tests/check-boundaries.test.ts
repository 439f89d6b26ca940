import { judgeFile } from '../check-boundaries.ts';

const judge = (file: string, specifier: string) => judgeFile(file, `import { a } from '${specifier}';\n`);

test.each([
  ['platform/src/page.ts', './errors.ts'],
  ['platform/src/page.ts', 'drizzle-orm'],
  ['schema/events/catalog.ts', '@supergraph/platform/events'],
  ['db/catalog/tables.ts', '@supergraph/platform/columns'],
  ['db/catalog/tables.ts', './enums.ts'],
  ['subgraphs/catalog/service.ts', '@supergraph/platform/input'],
  ['subgraphs/catalog/service.ts', '@supergraph/schema/events/catalog'],
  ['subgraphs/search/consumers.ts', '@supergraph/schema/events/catalog'],
  ['subgraphs/catalog/service.ts', '@supergraph/db/catalog/tables'],
  ['subgraphs/catalog/store.ts', '@supergraph/db/catalog/tables'],
  ['subgraphs/catalog/store.ts', './context.ts'],
  ['subgraphs/catalog/resolvers.ts', './service.ts'],
  ['subgraphs/catalog/resolvers.ts', './service/place-order.ts'],
  ['subgraphs/catalog/service/place-order.ts', '../store.ts'],
  ['subgraphs/catalog/service/place-order.ts', './shared.ts'],
  ['subgraphs/catalog/mappers.ts', './service.ts'],
  ['subgraphs/catalog/index.ts', './resolvers.ts'],
  ['subgraphs/registry.ts', './catalog/index.ts'],
  ['subgraphs/serve.ts', './registry.ts'],
  ['gateway/main.ts', '@supergraph/subgraphs/registry'],
  ['gateway/main.ts', './src/gateway.ts'],
  ['gateway/src/gateway.ts', '@supergraph/platform/http'],
  ['gateway/tests/journey.test.ts', '../testing.ts'],
  ['subgraphs/catalog/service.test.ts', './store.ts'],
  ['subgraphs/catalog/tests/products.test.ts', '../index.ts'],
  ['subgraphs/catalog/tests/products.test.ts', '@supergraph/platform/testing'],
  ['scripts/schema.ts', '../gateway/src/compose.ts'],
])('%s may import %s', (file, specifier) => {
  expect(judge(file, specifier)).toEqual([]);
});

test.each([
  ['platform/src/page.ts', '@supergraph/db/catalog/tables', /^tables belong to their domain/],
  ['platform/src/page.ts', '@supergraph/schema/events/catalog', /^let a domain consume/],
  ['schema/events/catalog.ts', '@supergraph/db/catalog/tables', /^tables belong/],
  ['db/catalog/tables.ts', '@supergraph/db/accounts/tables', /^ask accounts through the graph/],
  ['db/catalog/tables.ts', '@supergraph/schema/events/catalog', /^let a domain consume/],
  [
    'subgraphs/catalog/x.ts',
    '@supergraph/db/accounts/tables',
    /^ask accounts through the graph \(an @key stub\) or copy what you need from its events$/,
  ],
  ['subgraphs/catalog/x.ts', '../accounts/service.ts', /^ask accounts/],
  ['subgraphs/catalog/x.ts', '../../db/catalog/tables.ts', /^import @supergraph\/db\/catalog\/tables$/],
  ['subgraphs/catalog/x.ts', '../../platform/src/page.ts', /^import @supergraph\/platform\/page$/],
  ['subgraphs/catalog/service.ts', '../registry.ts', /^only composition roots/],
  ['subgraphs/catalog/service.ts', './resolvers.ts', /never back/],
  ['subgraphs/catalog/store.ts', './service.ts', /never back/],
  ['subgraphs/catalog/store.ts', './loaders.ts', /never back/],
  ['subgraphs/catalog/helper.ts', './resolvers.ts', /never back/],
  ['subgraphs/catalog/resolvers.ts', '@supergraph/db/catalog/tables', /through the service/],
  ['subgraphs/catalog/resolvers.ts', 'drizzle-orm', /no SQL/],
  ['subgraphs/catalog/tests/products.test.ts', '../../accounts/index.ts', /^ask accounts/],
  ['subgraphs/registry.ts', './catalog/service.ts', /index\.ts/],
  ['gateway/src/gateway.ts', '@supergraph/subgraphs/registry', /^only composition roots/],
  ['gateway/src/gateway.ts', '../main.ts', /^move what both need/],
  ['gateway/main.ts', '../subgraphs/catalog/index.ts', /registry/],
  ['platform/src/page.ts', '../../scripts/domains.ts', /platform/],
])('%s may not import %s', (file, specifier, mend) => {
  expect(judge(file, specifier)).toEqual([{ message: expect.stringContaining(`${file} imports `), mend: expect.stringMatching(mend) }]);
});

test('every form of import is seen', () => {
  const forms = [
    `import '../accounts/a.ts';`,
    `import type { A } from '../accounts/a.ts';`,
    `import {\n  a,\n  b,\n} from '../accounts/a.ts';`,
    `export { a } from '../accounts/a.ts';`,
    `export * from "../accounts/a.ts";`,
    `const a = await import('../accounts/a.ts');`,
  ];
  for (const form of forms) expect(judgeFile('subgraphs/catalog/x.ts', form)).toHaveLength(1);
});
