import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { listDomains, repository } from '../domains.ts';
import { generateDomain, generateTypes, listMappers } from '../generate.ts';

const schema = `
type Product implements Named @key(fields: "id") {
  id: ID!
  name: String!
  price: Money!
  title(locale: String): String!
  seller: User
  createdAt: DateTime!
  note: String
  kind: ProductKind!
}
enum ProductKind { SIMPLE BUNDLE }
interface Named { name: String! }
union Hit = Product | User
type User @key(fields: "id") { id: ID! products(first: Int, after: String): ProductConnection! }
type File @key(fields: "id", resolvable: false) { id: ID! }
type ProductConnection { edges: [ProductEdge!]! nodes: [Product!]! pageInfo: PageInfo! totalCount: Int! }
type ProductEdge { node: Product! cursor: String! }
input CreateProductInput { name: String! bytes: BigInt }
type CreateProductPayload { product: Product! }
type Query { product(id: ID!): Product hits: [Hit!]! }
type Mutation { createProduct(input: CreateProductInput!): CreateProductPayload! }
type Subscription { productChanged(id: ID!): Product }
`;
const mappers = `export type ProductMapper = {
  id: string; name: string; priceMinor: number; sellerId: string; createdAt: Date; note?: string | null; kind: 'SIMPLE' | 'BUNDLE'; title: string;
};
`;
const context = `export interface Context { readonly userId: string }\n`;
const resolvers = `import type { Connection } from '@supergraph/platform/page';
import type { ProductMapper } from './mappers.ts';
import type { CompleteResolvers } from './schema.types.ts';

declare const product: ProductMapper;
declare const page: Connection<ProductMapper>;
declare function changes(id: string, userId: string): AsyncGenerator<ProductMapper>;

export const resolvers: CompleteResolvers = {
  Query: {
    product: (_, { id }) => ({ ...product, id }),
    hits: () => [product, { id: '1' }],
  },
  Mutation: {
    createProduct: (_, { input }) => ({ product: { ...product, name: input.name } }),
  },
  Subscription: {
    productChanged: { subscribe: (_, { id }, ctx) => changes(id, ctx.userId), resolve: (change: ProductMapper) => change },
  },
  Product: {
    __resolveReference: ({ id }) => ({ ...product, id }),
    price: ({ priceMinor }) => ({ amount: String(priceMinor), currency: 'EUR' }),
    title: ({ title }, { locale }) => title + locale,
    seller: ({ sellerId }) => ({ id: sellerId }),
  },
  User: {
    products: () => page,
  },
  Named: { __resolveType: () => 'Product' },
  Hit: { __resolveType: (hit) => ('name' in hit ? 'Product' : 'User') },
};
`;

const data = join(repository, '.data');
mkdirSync(data, { recursive: true });
const root = mkdtempSync(join(data, 'types-'));
afterAll(() => rmSync(root, { recursive: true }));

function writeDomain(name: string, files: Record<string, string>): void {
  const folder = join(root, 'subgraphs', name);
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
}

/** One domain for each line that is taken away; tsc reads them all at once. */
const removals: Record<string, RegExp> = {
  product: /^ {4}product: .*$/m,
  hits: /^ {4}hits: .*$/m,
  createProduct: /^ {4}createProduct: .*$/m,
  productChanged: /^ {4}productChanged: .*$/m,
  __resolveReference: /^ {4}__resolveReference: .*$/m,
  price: /^ {4}price: .*$/m,
  title: /^ {4}title: .*$/m,
  seller: /^ {4}seller: .*$/m,
  products: /^ {4}products: .*$/m,
  User: /^ {2}User: \{[^}]*\},$/m,
  Hit: /^ {2}Hit: .*$/m,
  Named: /^ {2}Named: .*$/m,
};

test('the compiler names each resolver that is missing, and asks for no other', async () => {
  mkdirSync(join(root, 'schema'));
  writeFileSync(join(root, 'schema/shared.graphql'), readFileSync(join(repository, 'schema/shared.graphql')));
  writeFileSync(
    join(root, 'tsconfig.json'),
    JSON.stringify({
      extends: '../../tsconfig.json',
      compilerOptions: { incremental: false, tsBuildInfoFile: null },
      include: ['subgraphs'],
    }),
  );
  const files = { 'schema.graphql': schema, 'mappers.ts': mappers, 'context.ts': context };
  writeDomain('complete', { ...files, 'resolvers.ts': resolvers });
  await generateDomain('complete', { root });
  const types = readFileSync(join(root, 'subgraphs/complete/schema.types.ts'), 'utf8');
  for (const [name, line] of Object.entries(removals)) {
    expect(resolvers).toMatch(line);
    writeDomain(`without${name}`, { ...files, 'schema.types.ts': types, 'resolvers.ts': resolvers.replace(line, '') });
  }
  writeDomain('wrong', {
    ...files,
    'mappers.ts': mappers.replace('createdAt: Date', 'createdAt: number'),
    'schema.types.ts': types,
    'resolvers.ts': resolvers,
  });
  const tsc = spawnSync(process.execPath, [join(repository, 'node_modules/typescript/bin/tsc'), '-p', root, '--pretty', 'false'], {
    encoding: 'utf8',
  });
  // An error's further lines are indented.
  const errors = tsc.stdout.split(/\n(?=\S)/);
  const about = (domain: string) => errors.filter((error) => error.includes(`subgraphs/${domain}/`)).join('\n');

  expect(about('complete')).toBe('');
  for (const name of Object.keys(removals))
    expect(about(`without${name}`)).toMatch(new RegExp(`'${name}' is missing|missing the following properties[^\n]*\\b${name}\\b`));
  expect(about('wrong')).toContain("'createdAt' is missing");
});

test('a second run changes nothing', async () => {
  expect(listDomains(root)).toContain('complete');
  expect(await generateDomain('complete', { root })).toBe(false);
});

test('scalars are what resolvers work with', async () => {
  const types = await generateTypes('scalar DateTime scalar JSON scalar BigInt type Query { at: DateTime }', '');
  expect(types).toContain('DateTime: { input: Date; output: Date; }');
  expect(types).toContain('JSON: { input: unknown; output: unknown; }');
  expect(types).toContain('BigInt: { input: bigint | number; output: bigint | number; }');
});

test('a scalar that nobody mapped is refused', async () => {
  await expect(generateTypes('scalar Moon type Query { at: Moon }', '')).rejects.toThrow(/Moon/);
});

test('a mapper for a type that does not exist is refused', async () => {
  writeDomain('strange', { 'schema.graphql': 'type Query { a: Int }', 'mappers.ts': 'export type MoonMapper = string;' });
  await expect(generateDomain('strange', { root })).rejects.toThrow(/maps Moon[\s\S]*mend:/);
});

test('mappers are found in every form of export', () => {
  const source = `export type AMapper = string;\nexport interface BMapper {}\nexport type { Row as CMapper, DMapper } from './store.ts';\ntype EMapper = 1;`;
  expect(listMappers(source)).toEqual(['A', 'B', 'C', 'D']);
});
