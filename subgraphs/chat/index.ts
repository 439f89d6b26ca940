import { deadLetters, idempotency, inbox, outbox } from '@supergraph/db/chat/tables';
import { defineSubgraph } from '@supergraph/platform/subgraph';
import { defineTenantRows } from '@supergraph/platform/tenant-erasure';
import { tenantRowEvents } from '@supergraph/schema/events/platform';
import { consumers } from './consumers.ts';
import { createLoaders } from './loaders.ts';
import { resolvers } from './resolvers.ts';
import { seed } from './seed/index.ts';
import { personalData } from './service/personal-data.ts';
import { listenToTyping } from './service/typing.ts';
import { eraseTenantRows } from './store/tenant-rows.ts';

export const subgraph = defineSubgraph({
  name: 'chat',
  sdl: new URL('schema.graphql', import.meta.url),
  tables: { outbox, inbox, deadLetters, idempotency },
  resolvers,
  loaders: createLoaders,
  consumers,
  tenantRows: defineTenantRows(tenantRowEvents('chat'), (_ctx, tx, organizationId, most) => eraseTenantRows(tx, organizationId, most)),
  personalData,
  prepare: listenToTyping,
  seed,
});
