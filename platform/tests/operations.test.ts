import { buildSubgraphSchema } from '@apollo/subgraph';
import { GraphQLError, parse } from 'graphql';
import { notFound } from '../src/errors.ts';
import { createOperations, isChecked, resolveEveryField } from '../src/operations.ts';

const sdl = `
  scalar JSON
  enum Size { SMALL LARGE }
  interface Named { name: String }
  union Found = Cup | Pot
  type Query {
    cup: Cup pots: [Pot!]! found: [Found] named: [Named!] echo(value: JSON, size: Size = SMALL): JSON broken: [Int!] late: Int!
    required: Cup missing: Cup
  }
  type Mutation { first: Int second: Int }
  type Cup implements Named @key(fields: "id") { id: ID! name: String size: Size count: Int waits: Int upper(suffix: String!): String must: Int! }
  type Pot implements Named { name: String lids: [[Int]] }
`;
const order: string[] = [];
const cup = { __typename: 'Cup', id: 1, name: 'cup', size: 'LARGE', count: () => 3, waits: Promise.resolve(4) };
const resolvers = {
  Query: {
    cup: () => cup,
    pots: () => Promise.resolve([{ name: 'a', lids: [[1, null], null, []] }, { name: Promise.resolve('b') }]),
    found: () => [cup, null, { __typename: 'Pot', name: 'pot' }],
    named: () => [cup],
    echo: (_: unknown, args: object) => args,
    broken: () => [1, 'x', 3],
    late: () => Promise.reject(notFound('Cup')),
    required: () => cup,
    missing: () => {
      throw new Error('an inner fault');
    },
  },
  Mutation: {
    first: async () => {
      order.push('first begins');
      await Promise.resolve();
      order.push('first ends');
      return 1;
    },
    second: () => order.push('second'),
  },
  Cup: {
    __resolveReference: ({ id }: { id: string }) => (id === '1' ? cup : null),
    upper: ({ name }: { name: string }, { suffix }: { suffix: string }) => name.toUpperCase() + suffix,
  },
};
const schema = resolveEveryField(buildSubgraphSchema([{ typeDefs: parse(sdl), resolvers: resolvers as never }]));

/** The answers of the first runs, which graphql-js gives, and of later ones, which compiled code gives. */
async function answers(query: string, variableValues: Record<string, unknown> = {}) {
  const operation = createOperations(schema).read(query);
  if (!isChecked(operation)) throw new Error('the operation is refused');
  const results = [];
  for (let run = 0; run < 4; run++) {
    const { data, errors } = await operation.execute({ variableValues, contextValue: {} });
    results.push({ data, errors: errors?.map(({ message, path }) => ({ message, path })) });
  }
  return results.map((result) => JSON.parse(JSON.stringify(result)) as unknown);
}

test.each([
  ['values, functions and promises', '{ cup { id name size count waits } pots { name lids } }'],
  ['abstract types', '{ found { __typename ... on Named { name } ... on Cup { size } } named { name ... on Cup { id } } }'],
  [
    'entities',
    '{ _entities(representations: [{ __typename: "Cup", id: "1" }, { __typename: "Cup", id: "2" }]) { __typename ... on Cup { name } } }',
  ],
  [
    'entities by a variable in a literal',
    'query ($id: ID) { _entities(representations: [{ __typename: "Cup", id: $id }]) { ... on Cup { name } } }',
    { id: '1' },
  ],
  [
    'arguments and defaults',
    'query ($suffix: String!) { echo(value: { a: [1, { b: null }] }) cup { upper(suffix: $suffix) more: upper(suffix: "?") } }',
    { suffix: '!' },
  ],
  ['variables in literals of scalars', 'query ($x: JSON) { echo(value: { a: $x }) }', { x: [1] }],
  ['variables that are left out', 'query ($size: Size) { echo(size: $size) }'],
  [
    'conditions',
    'query ($yes: Boolean!, $no: Boolean = false) { cup { id @skip(if: $yes) name @include(if: $yes) size @include(if: $no) } }',
    { yes: true },
  ],
  ['a bad item', '{ broken cup { id } }'],
  ['a null where none may be', '{ required { id must } cup { name } }'],
  ['an error that takes everything with it', '{ late cup { id } }'],
  ['an unexpected error', '{ missing { id } cup { id } }'],
  ['fragments', '{ cup { ...A } named { ...A } } fragment A on Named { name ... on Cup { ...B } } fragment B on Cup { size count }'],
  ['introspection', '{ __schema { queryType { name } } __type(name: "Cup") { fields { name } } __typename }'],
  ['a named operation', 'query Cups { cup { id } }'],
])('compiled code answers as graphql-js does: %s', async (_, query, variables: Record<string, unknown> = {}) => {
  const [first, ...later] = await answers(query, variables);
  for (const result of later) expect(result).toEqual(first);
});

test('a bad variable is refused in both, naming it', async () => {
  for (const result of await answers('query ($yes: Boolean!) { cup { id @skip(if: $yes) } }', { yes: 'maybe' }))
    expect(result).toEqual({ errors: [{ message: expect.stringContaining('Variable "$yes" got invalid value "maybe"') }] });
});

test('the root fields of a mutation run one after the other, compiled as well', async () => {
  const [first, ...later] = await answers('mutation { first second }');
  expect(first).toEqual({ data: { first: 1, second: 3 }, errors: undefined });
  expect(later).toHaveLength(3);
  expect(order.slice(-3)).toEqual(['first begins', 'first ends', 'second']);
});

test('what does not parse or fit the schema is refused, and remembered', () => {
  const operations = createOperations(schema);
  const [unknown, broken] = ['{ nothing }', '{'].map((query) => operations.read(query));
  expect(unknown).toEqual([expect.any(GraphQLError)]);
  expect(broken).toEqual([expect.any(GraphQLError)]);
  expect(operations.read('{ nothing }')).toBe(unknown);
});
