import { deadLetters, idempotency, inbox, outbox } from '@supergraph/db/inventory/tables';
import { defineSubgraph } from '@supergraph/platform/subgraph';
import { defineTenantRows } from '@supergraph/platform/tenant-erasure';
import { tenantRowEvents } from '@supergraph/schema/events/platform';
import { consumers } from './consumers.ts';
import { createLoaders } from './loaders.ts';
import { resolvers } from './resolvers.ts';
import { seed } from './seed.ts';
import { personalData } from './service/personal-data.ts';
import { expiryWorker } from './service/reservations.ts';
import { touches } from './touches.ts';
import { forgetTenant } from './service/tenants.ts';

export const subgraph = defineSubgraph({
  name: 'inventory',
  sdl: new URL('schema.graphql', import.meta.url),
  tables: { outbox, inbox, deadLetters, idempotency },
  resolvers,
  loaders: createLoaders,
  consumers,
  tenantRows: defineTenantRows(tenantRowEvents('inventory'), forgetTenant),
  personalData,
  touches,
  workers: [expiryWorker],
  seed,
});
