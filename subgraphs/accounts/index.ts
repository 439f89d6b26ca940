import { deadLetters, idempotency, inbox, outbox } from '@supergraph/db/accounts/tables';
import { defineSubgraph } from '@supergraph/platform/subgraph';
import { joinRoutes } from '@supergraph/platform/routes';
import { defineTenantRows } from '@supergraph/platform/tenant-erasure';
import { tenantRowEvents } from '@supergraph/schema/events/platform';
import { consumers } from './consumers.ts';
import type { Context } from './context.ts';
import { createLoaders, type Loaders } from './loaders.ts';
import { pagePaths } from './pages/paths.ts';
import { resolvers } from './resolvers.ts';
import { seed } from './seed.ts';
import { askForKeepers } from './service/erasures.ts';
import { exportsPath } from './service/exports/path.ts';
import { personalData } from './service/personal-data.ts';
import { oauthPaths } from './oauth/paths.ts';
import { ensureFirstPartyClient } from './service/oauth/clients.ts';
import { ensureSigningKey } from './service/signing-keys.ts';
import { workers } from './workers.ts';
import { touches } from './touches.ts';
import { eraseTenant } from './service/service-accounts.ts';

export const subgraph = defineSubgraph({
  name: 'accounts',
  sdl: new URL('schema.graphql', import.meta.url),
  tables: { outbox, inbox, deadLetters, idempotency },
  resolvers,
  loaders: createLoaders,
  consumers,
  tenantRows: defineTenantRows(tenantRowEvents('accounts'), eraseTenant),
  personalData,
  touches,
  workers,
  prepare: async (ctx: Context) => {
    await ensureSigningKey(ctx);
    await ensureFirstPartyClient(ctx);
    await askForKeepers(ctx);
  },
  routes: joinRoutes<Loaders>(
    { paths: oauthPaths, open: async () => (await import('./oauth/handler.ts')).handleOAuth },
    { paths: pagePaths, open: async () => (await import('./pages/answer.ts')).answerPage },
    { paths: [exportsPath], open: async () => (await import('./service/exports/download.ts')).answerDownload },
  ),
  seed,
});
