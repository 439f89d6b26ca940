import { outbox } from '@supergraph/db/organizations/tables';
import { asTenant, type Db } from '@supergraph/platform/database';
import type { Log } from '@supergraph/platform/log';
import { emit, type Emitter } from '@supergraph/platform/outbox';
import { defineWorker } from '@supergraph/platform/workers';
import { organizationDeleted, organizationErasureOverdue, tenantRowsAsked } from '@supergraph/schema/events/organizations';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { eraseOwnRows, ledger, listErasable, lockDeletion } from '../store/erasures.ts';
import { findAnyOrganization, holdSlug, type Organization, updateOrganization } from '../store/organizations.ts';
import { heldUntil } from './slugs.ts';
import { tell } from './tell.ts';

const dayMs = 86_400_000;
const erasedAtOnce = 1_000;
const sweptAtOnce = 1_000;

/** Asks who keeps rows of tenants; whoever starts later says so by itself. */
export async function askForKeepers(ctx: Context): Promise<void> {
  await ctx.db.transaction((tx) => emit(ctx, tx, outbox, tenantRowsAsked, { domain: 'organizations' }, { organizationId: null }));
}

/** Erases one tenant when its time has come, and takes it up wherever it stands. */
export const eraseOrganization = defineWorker<{ organizationId: string }, Context['loaders']>({
  name: 'erase-organization',
  data: z.object({ organizationId: z.uuid() }),
  run: (ctx, { organizationId }) => carryOn(ctx, organizationId),
});

/** Takes up tenants whose own run was lost, and asks silent domains again. */
export const sweepDeletions = defineWorker<Record<string, never>, Context['loaders']>({
  name: 'sweep-deletions',
  data: z.strictObject({}),
  schedule: '29 * * * *',
  run: async (ctx) => {
    for (const organizationId of await listErasable(ctx.db, ctx.now(), sweptAtOnce)) {
      ctx.signal.throwIfAborted();
      await carryOn(ctx, organizationId);
    }
  },
});

async function carryOn(ctx: Context, organizationId: string): Promise<void> {
  await asTenant(ctx.db, organizationId, async (tx) => {
    const organization = await lockDeletion(tx, organizationId);
    if (!organization?.erasesAt || organization.erasesAt > ctx.now()) return;
    if (organization.erasingAt) await remind(ctx, tx, organizationId);
    else await begin(ctx, tx, organizationId);
    await buryWhenErased(ctx, tx, organization);
  });
  const tenant = await findAnyOrganization(ctx.db, organizationId);
  if (tenant?.status !== 'DELETED') return;
  while (await asTenant(ctx.db, organizationId, (tx) => eraseOwnRows(tx, organizationId, erasedAtOnce))) ctx.signal.throwIfAborted();
  // Last, for it is what the sweeper finds the tenant by.
  await asTenant(ctx.db, organizationId, (tx) => updateOrganization(tx, organizationId, { erasesAt: null }));
}

/** Asks every domain that keeps rows of tenants, once. */
async function begin(ctx: Emitter, tx: Db, organizationId: string): Promise<void> {
  await ledger.begin(tx, organizationId, ctx.now());
  await updateOrganization(tx, organizationId, { erasingAt: ctx.now() });
  await tell(ctx, tx, organizationDeleted, { organizationId });
}

async function remind(ctx: Emitter & { readonly log: Log }, tx: Db, organizationId: string): Promise<void> {
  const now = ctx.now();
  const domains = await ledger.askSilentAgain(tx, organizationId, new Date(now.getTime() - dayMs), now);
  if (domains.length === 0) return;
  ctx.log.error({ organizationId, domains }, 'domains have not erased a deleted tenant within a day; they are asked again');
  await tell(ctx, tx, organizationErasureOverdue, { organizationId, domains });
}

/** When all have answered, a tombstone is left: the id, and nothing that was said. */
async function buryWhenErased(ctx: Emitter, tx: Db, { id, slug }: Organization): Promise<void> {
  if ((await ledger.list(tx, id)).some(({ doneAt }) => doneAt === null)) return;
  await holdSlug(tx, { slug, organizationId: id, heldUntil: heldUntil(ctx.now()) });
  await updateOrganization(tx, id, { status: 'DELETED', name: 'Deleted organization', slug: `deleted-${id.replaceAll('-', '')}` });
}

/** Notes that a domain has erased a tenant's rows, and goes on when it was the last one. */
export async function hearErased(ctx: Context, tx: Db, organizationId: string, domain: string): Promise<void> {
  await asTenant(tx, organizationId, async (own) => {
    const organization = await lockDeletion(own, organizationId);
    if (!organization?.erasingAt) return;
    await ledger.close(own, organizationId, domain, ctx.now());
    await ctx.workers.enqueue(own, eraseOrganization, { organizationId }, { singletonKey: organizationId });
  });
}
