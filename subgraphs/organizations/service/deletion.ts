import { asTenant } from '@supergraph/platform/database';
import { conflict } from '@supergraph/platform/errors';
import { optional, parseInput, text } from '@supergraph/platform/input';
import { organizationArchived, organizationRestored } from '@supergraph/schema/events/organizations';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { ledger } from '../store/erasures.ts';
import { listKeeperIds } from '../store/memberships.ts';
import { type Organization, updateOrganization } from '../store/organizations.ts';
import { record } from './audit.ts';
import { eraseOrganization } from './erasure.ts';
import { findOwnMember } from './members.ts';
import { requestNotice, tell } from './tell.ts';
import { actAsOwner } from './tenant.ts';

/** How far a tenant's deletion is. */
export interface Deletion {
  readonly scheduledAt: Date;
  readonly erasesAt: Date;
  readonly domainsDone: readonly string[];
  readonly domainsPending: readonly string[];
}

const Reason = z.strictObject({ reason: optional(text({ max: 500 })) });
const wrongState = (message: string) => conflict(message, { reason: 'ORGANIZATION_STATE' });

/** Lets the chosen tenant be erased in a while; until then its owners may think again. */
export async function scheduleDeletion(ctx: Context, input: unknown): Promise<Organization> {
  const { reason = null } = parseInput(Reason, input);
  return actAsOwner(ctx, async ({ tx, organization }) => {
    const { id, status } = organization;
    if (status !== 'ACTIVE' && status !== 'SUSPENDED') throw wrongState('the deletion is scheduled already');
    const now = ctx.now();
    const erasesAt = new Date(now.getTime() + ctx.settings.organizationDeletionSeconds * 1_000);
    const change = { status: 'DELETION_SCHEDULED', statusBefore: status, deletionScheduledAt: now, erasesAt } as const;
    const changed = await updateOrganization(tx, id, change);
    await ctx.workers.enqueue(tx, eraseOrganization, { organizationId: id }, { startAfter: erasesAt });
    await tell(ctx, tx, organizationArchived, { organizationId: id });
    for (const recipientId of await listKeeperIds(tx, id))
      await requestNotice(ctx, tx, {
        kind: 'ORGANIZATION_ARCHIVED',
        recipientId,
        organization,
        subject: { type: 'Organization', id },
        fact: changed.epoch,
        data: { erasesAt: erasesAt.toISOString() },
      });
    const details = { erasesAt: erasesAt.toISOString(), reason };
    await record(ctx, tx, id, { name: 'organization.deletion_scheduled', target: id, details });
    return changed;
  });
}

/** Keeps the chosen tenant after all; it is again what it was. */
export async function cancelDeletion(ctx: Context, input: unknown): Promise<Organization> {
  const { reason = null } = parseInput(Reason, input);
  return actAsOwner(ctx, async ({ tx, organization: { id, status, statusBefore } }) => {
    if (status !== 'DELETION_SCHEDULED') throw wrongState('the organization is not going to be deleted');
    const change = { status: statusBefore ?? 'ACTIVE', statusBefore: null, deletionScheduledAt: null, erasesAt: null } as const;
    const changed = await updateOrganization(tx, id, change);
    await tell(ctx, tx, organizationRestored, { organizationId: id });
    await record(ctx, tx, id, { name: 'organization.deletion_cancelled', target: id, details: { reason } });
    return changed;
  });
}

/** How far the deletion of a tenant is, for its members; null while none is scheduled. */
export async function deletionOf(ctx: Context, organization: Organization): Promise<Deletion | null> {
  const { id, deletionScheduledAt, erasesAt, erasingAt } = organization;
  if (!deletionScheduledAt || !erasesAt || (await findOwnMember(ctx, id))?.status !== 'ACTIVE') return null;
  const times = { scheduledAt: deletionScheduledAt, erasesAt };
  if (!erasingAt) return { ...times, domainsDone: [], domainsPending: await ledger.listKeepers(ctx.db) };
  const asked = await asTenant(ctx.db, id, (tx) => ledger.list(tx, id));
  const namesOf = (isDone: boolean) => asked.filter(({ doneAt }) => (doneAt !== null) === isDone).map(({ domain }) => domain);
  return { ...times, domainsDone: namesOf(true), domainsPending: namesOf(false) };
}
