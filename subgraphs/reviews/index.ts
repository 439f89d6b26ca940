import { deadLetters, idempotency, inbox, outbox } from '@supergraph/db/reviews/tables';
import { defineSubgraph } from '@supergraph/platform/subgraph';
import { defineTenantRows } from '@supergraph/platform/tenant-erasure';
import { tenantRowEvents } from '@supergraph/schema/events/platform';
import { consumers } from './consumers.ts';
import { createLoaders } from './loaders.ts';
import { resolvers } from './resolvers.ts';
import { seed } from './seed.ts';
import { personalData } from './service/personal-data.ts';
import { touches } from './touches.ts';
import { workers } from './workers.ts';
import { forgetTenant } from './service/forget-tenant.ts';

export const subgraph = defineSubgraph({
  name: 'reviews',
  sdl: new URL('schema.graphql', import.meta.url),
  tables: { outbox, inbox, deadLetters, idempotency },
  resolvers,
  loaders: createLoaders,
  consumers,
  tenantRows: defineTenantRows(tenantRowEvents('reviews'), forgetTenant),
  personalData,
  touches,
  workers,
  seed,
});
