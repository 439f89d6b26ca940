import { reactionTo } from '../dev.ts';

test.each([
  ['subgraphs/catalog/schema.graphql', 'compose'],
  ['schema/shared.graphql', 'compose'],
  ['subgraphs/catalog/mappers.ts', 'compose'],
  ['subgraphs/catalog/service.ts', 'restart'],
  ['db/catalog/migrations/0001_a.sql', 'restart'],
  ['subgraphs/catalog/schema.types.ts', 'nothing'],
  ['subgraphs/catalog/service.test.ts', 'nothing'],
  ['subgraphs/catalog/tests/a.ts', 'nothing'],
  ['schema/supergraph.graphql', 'nothing'],
  ['schema/api.graphql', 'nothing'],
  ['schema/api.partner.graphql', 'nothing'],
  ['subgraphs/catalog/README.md', 'nothing'],
])('a change of %s asks for: %s', (file, reaction) => {
  expect(reactionTo(file)).toBe(reaction);
});
