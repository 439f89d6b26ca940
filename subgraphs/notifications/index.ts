import { deadLetters, inbox, outbox } from '@supergraph/db/notifications/tables';
import { defineSubgraph } from '@supergraph/platform/subgraph';
import { defineTenantRows } from '@supergraph/platform/tenant-erasure';
import { tenantRowEvents } from '@supergraph/schema/events/platform';
import { consumers } from './consumers.ts';
import { createLoaders } from './loaders.ts';
import { resolvers } from './resolvers.ts';
import { seed } from './seed.ts';
import { personalData } from './service/personal-data.ts';
import { workers } from './workers.ts';
import { forgetTenant } from './service/erase.ts';

export const subgraph = defineSubgraph({
  name: 'notifications',
  sdl: new URL('schema.graphql', import.meta.url),
  tables: { outbox, inbox, deadLetters },
  resolvers,
  loaders: createLoaders,
  consumers,
  tenantRows: defineTenantRows(tenantRowEvents('notifications'), forgetTenant),
  personalData,
  workers,
  seed,
});
