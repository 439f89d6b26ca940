import { requireViewer } from '@supergraph/platform/context';
import type { Context } from '../../context.ts';
import { canSeePersonal } from '../../policy.ts';
import type { User } from '../../store/users.ts';

export const manageServiceAccounts = 'organizations.service_account.manage';

const membership =
  'query ($userId: ID!, $organizationId: ID!) { membershipContext(userId: $userId, organizationId: $organizationId) { status permissions } }';

/** What the viewer may do in an organization right now, as organizations says; null unless it is theirs and in use. */
export async function permissionsIn(ctx: Context, organizationId: string): Promise<readonly string[] | null> {
  const { userId } = requireViewer(ctx);
  const { membershipContext: found } = await ctx.call<{ membershipContext: { status: string; permissions: string[] } | null }>(
    'organizations',
    membership,
    { userId, organizationId },
  );
  return found?.status === 'ACTIVE' ? found.permissions : null;
}

/** Whether the viewer manages this service account: by permission in its organization, wherever they act right now. */
export async function managesService(ctx: Context, { kind, organizationId }: User): Promise<boolean> {
  if (kind !== 'SERVICE' || !organizationId || !ctx.viewer) return false;
  return (await permissionsIn(ctx, organizationId))?.includes(manageServiceAccounts) ?? false;
}

/** Whether an account's tokens concern the viewer: their own, an administrator's view, or a service account that they manage. */
export async function maySeeTokens(ctx: Context, userId: string): Promise<boolean> {
  if (canSeePersonal(ctx.viewer, userId)) return true;
  const user = await ctx.loaders.userById.load(userId);
  return user !== null && managesService(ctx, user);
}
