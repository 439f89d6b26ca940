import { asTenant, type Db } from '@supergraph/platform/database';
import { conflict } from '@supergraph/platform/errors';
import type { Emitter } from '@supergraph/platform/outbox';
import { memberUpdated, organizationReinstated, organizationSuspended } from '@supergraph/schema/events/organizations';
import { isOwner } from '../policy.ts';
import { countOtherOwners, findLiveMember, findOldestAdministrator, type Member, updateMembership } from '../store/memberships.ts';
import { lockOrganization, type Organization, updateOrganization } from '../store/organizations.ts';
import { findRoleByKey } from '../store/roles.ts';
import { record } from './audit.ts';
import { requestNotice, tell, tellActive } from './tell.ts';

/** Throws LAST_OWNER when the tenant would be without an active owner if this member were none; its row must be locked. */
export async function requireOtherOwner(tx: Db, member: Member): Promise<void> {
  if (!isOwner(member) || member.status !== 'ACTIVE') return;
  if ((await countOtherOwners(tx, member.organizationId, member.id)) > 0) return;
  throw conflict('an organization needs an active owner; make somebody else the owner first', { reason: 'LAST_OWNER' });
}

/**
 * An owner's account can no longer be used. When no other active owner is left, the oldest active administrator becomes
 * owner; when there is none, the tenant is suspended until the owner is back.
 */
export async function replaceLostOwner(ctx: Emitter, tx: Db, organizationId: string, userId: string): Promise<void> {
  await asTenant(tx, organizationId, async (own) => {
    const organization = await lockOrganization(own, organizationId);
    const lost = organization && (await findLiveMember(own, organizationId, userId));
    if (!lost || !isOwner(lost) || lost.status !== 'ACTIVE') return;
    if ((await countOtherOwners(own, organizationId, lost.id)) > 0) return;
    const heir = await findOldestAdministrator(own, organizationId, userId);
    if (heir) await promote(ctx, own, organization, heir);
    else if (organization.status === 'ACTIVE') {
      await updateOrganization(own, organizationId, { status: 'SUSPENDED', suspendedBecause: 'NO_OWNER' });
      await tell(ctx, own, organizationSuspended, { organizationId });
      await record(ctx, own, organizationId, { name: 'organization.suspended', target: organizationId, details: { because: 'NO_OWNER' } });
    }
  });
}

async function promote(ctx: Emitter, tx: Db, organization: Organization, heir: Member): Promise<void> {
  const role = await findRoleByKey(tx, organization.id, 'OWNER');
  if (!role) throw new Error('an organization has no role for owners');
  await updateMembership(tx, heir, { roleId: role.id });
  const { epoch } = await updateOrganization(tx, organization.id);
  await tellActive(ctx, tx, memberUpdated, { ...heir, role }, epoch);
  await record(ctx, tx, organization.id, { name: 'ownership.inherited', target: organization.id, details: { to: heir.userId } });
  await requestNotice(ctx, tx, {
    kind: 'OWNERSHIP',
    recipientId: heir.userId,
    organization,
    subject: { type: 'Organization', id: organization.id },
    fact: epoch,
  });
}

/** An owner's account can be used again: a tenant that was suspended for lack of an owner works again. */
export async function welcomeOwnerBack(ctx: Emitter, tx: Db, organizationId: string, userId: string): Promise<void> {
  await asTenant(tx, organizationId, async (own) => {
    const organization = await lockOrganization(own, organizationId);
    const owner = organization && (await findLiveMember(own, organizationId, userId));
    if (!owner || !isOwner(owner) || owner.status !== 'ACTIVE') return;
    if (organization.status !== 'SUSPENDED' || organization.suspendedBecause !== 'NO_OWNER') return;
    await updateOrganization(own, organizationId, { status: 'ACTIVE', suspendedBecause: null });
    await tell(ctx, own, organizationReinstated, { organizationId });
    await record(ctx, own, organizationId, { name: 'organization.reinstated', target: organizationId });
  });
}
