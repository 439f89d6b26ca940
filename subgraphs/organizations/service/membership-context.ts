import { asPerson, asTenant } from '@supergraph/platform/database';
import { idInput } from '@supergraph/platform/input';
import type { Context } from '../context.ts';
import { permissionsOfMember } from '../policy.ts';
import { findContext, listActiveTenantsOf } from '../store/memberships.ts';
import type { Organization } from '../store/organizations.ts';

export interface TenantContext {
  readonly organizationId: string;
  readonly membershipId: string;
  readonly roleKey: string;
  readonly permissions: readonly string[];
  readonly teamIds: readonly string[];
  readonly requireMfa: boolean;
  readonly status: Organization['status'];
  readonly requestsPerMinute: number | null;
  readonly epoch: number;
}

/** What a person may do in a tenant right now; null unless they are an active member, also when there is no such tenant. */
export async function findMembershipContext(
  ctx: Context,
  { userId, organizationId }: { userId: string; organizationId: string },
): Promise<TenantContext | null> {
  if (!idInput.safeParse(userId).success || !idInput.safeParse(organizationId).success) return null;
  const found = await asTenant(ctx.db, organizationId, (tx) => findContext(tx, organizationId, userId));
  if (!found) return null;
  const { member, organization, requireMfa, requestsPerMinute } = found;
  return {
    organizationId: organization.id,
    membershipId: member.id,
    roleKey: member.role.key,
    permissions: permissionsOfMember(member),
    teamIds: member.teamIds,
    requireMfa,
    status: organization.status,
    requestsPerMinute,
    epoch: organization.epoch,
  };
}

/** The organizations in use in which a person is an active member. */
export async function listActiveOrganizations(ctx: Context, userId: string): Promise<{ id: string; name: string }[]> {
  if (!idInput.safeParse(userId).success) return [];
  return asPerson(ctx.db, userId, (tx) => listActiveTenantsOf(tx, userId, mostListed));
}

const mostListed = 100;
