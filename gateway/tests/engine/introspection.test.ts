import { getIntrospectionQuery, graphqlSync } from 'graphql';
import { fixture } from '../fixtures.ts';
import { smallGraph } from './small-graph.ts';

const tea = fixture('catalog', 'type Query @public { tea(strong: Boolean = true): String @deprecated(reason: "cold") }', {
  Query: { tea: () => 'tea' },
});
const graph = smallGraph([tea]);

test('introspection tells the schema as graphql-js does', async () => {
  const source = getIntrospectionQuery();
  const { data } = graphqlSync({ schema: graph.executor.schema, source });
  expect(await graph.run(source)).toEqual({ data: JSON.parse(JSON.stringify(data)), errors: [] });
});

test('arguments and aliases below introspection are the names of the answer', async () => {
  const { data } = await graph.run(
    '{ type: __type(name: "Query") { now: fields { name } fields(includeDeprecated: true) { title: name } } tea }',
  );
  expect(data).toEqual({ type: { now: [], fields: [{ title: 'tea' }] }, tea: 'tea' });
});
