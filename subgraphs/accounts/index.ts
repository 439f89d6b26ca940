import { deadLetters, inbox, outbox } from '@supergraph/db/accounts/tables';
import { defineSubgraph } from '@supergraph/platform/subgraph';
import { consumers } from './consumers.ts';
import { createLoaders } from './loaders.ts';
import { resolvers } from './resolvers.ts';
import { seed } from './seed.ts';
import { ensureSigningKey } from './service/signing-keys.ts';
import { workers } from './workers.ts';

export const subgraph = defineSubgraph({
  name: 'accounts',
  sdl: new URL('schema.graphql', import.meta.url),
  tables: { outbox, inbox, deadLetters },
  resolvers,
  loaders: createLoaders,
  consumers,
  workers,
  prepare: ensureSigningKey,
  seed,
});
