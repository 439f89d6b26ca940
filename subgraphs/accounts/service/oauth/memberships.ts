import { notFound } from '@supergraph/platform/errors';
import type { Context } from '../../context.ts';

const document = 'query ($userId: ID!) { activeOrganizations(userId: $userId) { id name } }';

/** An organization, as far as other domains know it. */
export interface NamedOrganization {
  readonly id: string;
  readonly name: string;
}

/** The organizations in which a person is an active member; at most 100. */
export async function organizationsOf(ctx: Context, userId: string): Promise<NamedOrganization[]> {
  return (await ctx.call<{ activeOrganizations: NamedOrganization[] }>('organizations', document, { userId })).activeOrganizations;
}

/** NOT_FOUND unless the person is an active member. */
export async function requireMembership(ctx: Context, userId: string, organizationId: string): Promise<void> {
  if (!(await organizationsOf(ctx, userId)).some(({ id }) => id === organizationId)) throw notFound('Organization');
}
