import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { composeServices } from '@apollo/composition';
import { ApolloGateway } from '@apollo/gateway';
import { buildSubgraphSchema } from '@apollo/subgraph';
import { GraphQLScalarType, GraphQLSchema, graphql, parse } from 'graphql';
import { DateTimeResolver } from 'graphql-scalars';

const require = createRequire(import.meta.url);
const shared = readFileSync(new URL('../../schema/shared.graphql', import.meta.url), 'utf8');

// graphql comes as CommonJS (`main`) and as ES modules (`module`, which only bundlers read). Node and, through the order of
// `moduleFileExtensions` in jest.config.ts, jest both take `main` for `import` and for `require`, so there is one instance.
describe('there is one graphql', () => {
  test('for import and for require', () => {
    expect(require('graphql').GraphQLSchema).toBe(GraphQLSchema);
    for (const name of ['@apollo/gateway', '@apollo/subgraph', '@apollo/server', '@graphql-tools/utils']) {
      expect(createRequire(require.resolve(name))('graphql').GraphQLSchema).toBe(GraphQLSchema);
    }
  });

  test('for packages that are ES modules', () => {
    expect(DateTimeResolver).toBeInstanceOf(GraphQLScalarType);
  });

  test('for a subgraph schema, which CommonJS code builds and our code executes', async () => {
    const resolvers = { Query: { hello: () => 'world' } };
    const schema = buildSubgraphSchema([{ typeDefs: parse('type Query { hello: String! }'), resolvers }]);
    expect(schema).toBeInstanceOf(GraphQLSchema);
    expect(await graphql({ schema, source: '{ hello }' })).toEqual({ data: { hello: 'world' } });
  });

  test('on disk', () => {
    const lockfile = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'));
    expect(Object.keys(lockfile.packages).filter((path) => /(^|\/)node_modules\/graphql$/.test(path))).toEqual(['node_modules/graphql']);
  });
});

test('the gateway, which is CommonJS, can be imported by name', () => {
  expect(typeof ApolloGateway).toBe('function');
});

test('tests run on the pinned Node, as ES modules', () => {
  expect(process.version).toMatch(/^v24\./);
  expect(import.meta.url).toMatch(/^file:.*toolchain\.test\.ts$/);
});

test('shared.graphql makes a subgraph, and two of them compose', () => {
  const first = `${shared}
type Todo @key(fields: "id") @authenticated { id: ID! cost: Money! @requiresScopes(scopes: [["a:read"]]) @cost(weight: 3) }
type Query { todos(first: Int): [Todo!]! @policy(policies: [["p"]]) @listSize(slicingArguments: ["first"], requireOneSlicingArgument: false) }`;
  const second = `${shared}
type Todo @key(fields: "id") { id: ID! due: Date @public @inaccessible @tag(name: "internal") }`;
  expect(buildSubgraphSchema(parse(first))).toBeInstanceOf(GraphQLSchema);
  const { errors, supergraphSdl } = composeServices([
    { name: 'first', typeDefs: parse(first) },
    { name: 'second', typeDefs: parse(second) },
  ]);
  expect(errors).toBeUndefined();
  for (const directive of ['@cost(weight: 3)', '@listSize(', '@policy(', '@requiresScopes(', '@authenticated']) {
    expect(supergraphSdl).toContain(directive);
  }
});
