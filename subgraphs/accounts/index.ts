import { deadLetters, inbox, outbox } from '@supergraph/db/accounts/tables';
import { defineSubgraph } from '@supergraph/platform/subgraph';
import { defineTenantRows } from '@supergraph/platform/tenant-erasure';
import { tenantRowEvents } from '@supergraph/schema/events/platform';
import { consumers } from './consumers.ts';
import { createLoaders } from './loaders.ts';
import { resolvers } from './resolvers.ts';
import { seed } from './seed.ts';
import { oauthPaths } from './oauth/paths.ts';
import { ensureFirstPartyClient } from './service/oauth/clients.ts';
import { ensureSigningKey } from './service/signing-keys.ts';
import { workers } from './workers.ts';
import { eraseTenant } from './service/service-accounts.ts';

export const subgraph = defineSubgraph({
  name: 'accounts',
  sdl: new URL('schema.graphql', import.meta.url),
  tables: { outbox, inbox, deadLetters },
  resolvers,
  loaders: createLoaders,
  consumers,
  tenantRows: defineTenantRows(tenantRowEvents('accounts'), eraseTenant),
  workers,
  prepare: async (ctx) => {
    await ensureSigningKey(ctx);
    await ensureFirstPartyClient(ctx);
  },
  routes: { paths: oauthPaths, open: async () => (await import('./oauth/handler.ts')).handleOAuth },
  seed,
});
