import type { SubgraphClient } from '@supergraph/platform/subgraph';
import { createEmbedded } from './peers/graph/embedded.ts';

/** Stands in for accounts where the gateway asks who its callers are: one set of keys, no session that has ended. */
export const createPeople = (keySet: unknown = { keys: [] }): SubgraphClient =>
  createEmbedded({
    name: 'accounts',
    sdl: `directive @public on OBJECT | FIELD_DEFINITION
      scalar JSON
      scalar DateTime
      type Query @public { signingKeySet: JSON endedSessions(since: DateTime!): [ID!]! revokedAccessTokens(since: DateTime!): [ID!]! }`,
    resolvers: { Query: { signingKeySet: () => keySet, endedSessions: () => [], revokedAccessTokens: () => [] } },
  });
