import { deadLetters, idempotency, inbox, outbox } from '@supergraph/db/organizations/tables';
import { defineSubgraph } from '@supergraph/platform/subgraph';
import { consumers } from './consumers.ts';
import { createLoaders } from './loaders.ts';
import { resolvers } from './resolvers.ts';
import { invitationPath } from './paths.ts';
import { seed } from './seed.ts';
import { askForKeepers } from './service/erasure.ts';
import { personalData } from './service/personal-data.ts';
import { touches } from './touches.ts';
import { workers } from './workers.ts';

export const subgraph = defineSubgraph({
  name: 'organizations',
  sdl: new URL('schema.graphql', import.meta.url),
  tables: { outbox, inbox, deadLetters, idempotency },
  resolvers,
  loaders: createLoaders,
  consumers,
  personalData,
  touches,
  workers,
  prepare: askForKeepers,
  routes: { paths: [invitationPath], open: async () => (await import('./invitation-page.ts')).answerInvitation },
  seed,
});
