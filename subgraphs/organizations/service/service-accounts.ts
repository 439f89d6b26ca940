import { asTenant, type Db } from '@supergraph/platform/database';
import type { Emitter } from '@supergraph/platform/outbox';
import { memberAdded } from '@supergraph/schema/events/organizations';
import { findLiveMember, insertMembership } from '../store/memberships.ts';
import { lockOrganization, updateOrganization } from '../store/organizations.ts';
import { markAsService } from '../store/people.ts';
import { findRoleByKey } from '../store/roles.ts';
import { record } from './audit.ts';
import { tellActive } from './tell.ts';

/** A service account belongs to its tenant as a guest: it holds no seat, and may do what single objects grant until it gets a role. */
export async function welcomeServiceAccount(
  ctx: Emitter,
  tx: Db,
  { organizationId, userId }: { readonly organizationId: string; readonly userId: string },
  actorId: string | null,
): Promise<void> {
  await markAsService(tx, userId);
  await asTenant(tx, organizationId, async (own) => {
    const organization = await lockOrganization(own, organizationId);
    if (!organization || (await findLiveMember(own, organizationId, userId))) return;
    const guest = await findRoleByKey(own, organizationId, 'GUEST');
    if (!guest) throw new Error('an organization lacks its built-in roles');
    await insertMembership(own, { organizationId, userId, roleId: guest.id, joinedBy: 'ADDED', joinedAt: ctx.now() });
    const { epoch } = await updateOrganization(own, organizationId, {}, 1);
    const member = await findLiveMember(own, organizationId, userId);
    if (!member) throw new Error('the membership that was made is gone');
    await tellActive(ctx, own, memberAdded, member, epoch);
    await record(ctx, own, organizationId, { name: 'service_account.added', target: member.id, details: { userId }, actorId });
  });
}
