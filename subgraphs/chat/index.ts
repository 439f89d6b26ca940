import { deadLetters, inbox, outbox } from '@supergraph/db/chat/tables';
import { defineSubgraph } from '@supergraph/platform/subgraph';
import { consumers } from './consumers.ts';
import { createLoaders } from './loaders.ts';
import { resolvers } from './resolvers.ts';
import { seed } from './seed/index.ts';
import { listenToTyping } from './service/typing.ts';

export const subgraph = defineSubgraph({
  name: 'chat',
  sdl: new URL('schema.graphql', import.meta.url),
  tables: { outbox, inbox, deadLetters },
  resolvers,
  loaders: createLoaders,
  consumers,
  prepare: listenToTyping,
  seed,
});
