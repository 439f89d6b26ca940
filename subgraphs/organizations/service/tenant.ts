import { requireViewer } from '@supergraph/platform/context';
import { asPerson, asTenant, type Db, NoTenantChosen } from '@supergraph/platform/database';
import { badInput, conflict, forbidden, notFound } from '@supergraph/platform/errors';
import { requireStepUp } from '@supergraph/platform/step-up';
import type { Context } from '../context.ts';
import { isOwner, missingToGrant, permissionsOf, permissionsOfMember } from '../policy.ts';
import { countOwned, findLiveMember, type Member } from '../store/memberships.ts';
import { lockOrganization, type Organization, takeTurns } from '../store/organizations.ts';
import { findRolesOf, type Role } from '../store/roles.ts';

/** A change of a tenant, under the lock of its row. */
export interface Act {
  readonly tx: Db;
  readonly organization: Organization;
  readonly actor: Member;
}

/** Forgets what the request's loaders know, because it changed. */
export function forgetLoaded({ loaders }: Pick<Context, 'loaders'>): void {
  for (const loader of Object.values(loaders)) loader.clearAll();
}

/** Members may read a tenant that does not work, but nobody may write. */
export function requireActive({ status }: Pick<Organization, 'status'>): void {
  if (status !== 'ACTIVE')
    throw forbidden('the organization is suspended; nothing in it can be changed', { reason: 'ORGANIZATION_INACTIVE' });
}

/**
 * Runs a change in the chosen tenant, under the lock of its row, for an active member who holds the permission right
 * now: the request's own copy may be seconds old.
 */
export async function actInTenant<Result>(ctx: Context, permission: string, work: (act: Act) => Promise<Result>): Promise<Result> {
  const { userId } = requireViewer(ctx);
  const chosen = ctx.organization?.id;
  if (!chosen) throw new NoTenantChosen();
  const result = await asTenant(ctx.db, chosen, async (tx) => {
    const organization = await lockOrganization(tx, chosen);
    const actor = organization && (await findLiveMember(tx, chosen, userId));
    if (!organization || actor?.status !== 'ACTIVE') throw notFound('Organization');
    if (!permissionsOfMember(actor).includes(permission)) throw forbidden(`this needs org:${permission}`, { reason: 'PERMISSION_MISSING' });
    requireActive(organization);
    return work({ tx, organization, actor });
  });
  forgetLoaded(ctx);
  return result;
}

/** Runs what owners alone may do with a tenant that need not be active, under the lock of its row, after a fresh proof. */
export async function actAsOwner<Result>(ctx: Context, work: (act: Act) => Promise<Result>): Promise<Result> {
  const { userId } = requireViewer(ctx);
  const chosen = ctx.organization?.id;
  if (!chosen) throw new NoTenantChosen();
  await requireStepUp(ctx);
  const result = await asTenant(ctx.db, chosen, async (tx) => {
    const organization = await lockOrganization(tx, chosen);
    const actor = organization && (await findLiveMember(tx, chosen, userId));
    if (!organization || actor?.status !== 'ACTIVE') throw notFound('Organization');
    if (!isOwner(actor)) throw forbidden('only owners may do this', { reason: 'OWNER_ONLY' });
    return work({ tx, organization, actor });
  });
  forgetLoaded(ctx);
  return result;
}

/** The tenant's role with this id; BAD_USER_INPUT at the path for another tenant's or an unknown one. */
export async function requireRole({ tx, organization }: Act, roleId: string, path: string): Promise<Role> {
  const [role] = await findRolesOf(tx, organization.id, [roleId]);
  if (!role) throw badInput([{ path, message: 'is no role of this organization' }]);
  return role;
}

/** Nobody gives what they do not hold, and only owners make owners. */
export function requireGrantable({ actor }: Pick<Act, 'actor'>, role: Role): void {
  if (isOwner({ role }) && !isOwner(actor)) throw ownersOnly();
  const missing = missingToGrant(actor, permissionsOf(role));
  if (missing.length > 0) throw forbidden('the role holds more than you do', { reason: 'GRANT_EXCEEDS_OWN', permissions: missing });
}

export const ownersOnly = () => forbidden('only owners make or unmake owners', { reason: 'OWNER_ONLY' });

/** One person owns a bounded number of tenants; acts that make the same person an owner wait for each other. */
export async function requireMayOwn({ settings }: Pick<Context, 'settings'>, tx: Db, userId: string): Promise<void> {
  const ownedLimit = settings.organizationsPerOwner;
  await takeTurns(tx, `owner:${userId}`);
  const owned = await asPerson(tx, userId, (own) => countOwned(own, userId));
  if (owned >= ownedLimit)
    throw conflict(`a person may own at most ${ownedLimit} organizations`, {
      reason: 'QUOTA_EXCEEDED',
      quota: 'organizations.owned',
      limit: ownedLimit,
    });
}
