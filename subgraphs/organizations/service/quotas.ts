import { asTenant, type Db } from '@supergraph/platform/database';
import { conflict, notFound } from '@supergraph/platform/errors';
import { idInput, optional, parseInput } from '@supergraph/platform/input';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { countInvitations } from '../store/invitations.ts';
import { countSeatedMembers } from '../store/memberships.ts';
import { findQuota, lockOrganization, type Organization, upsertQuota } from '../store/organizations.ts';
import { record } from './audit.ts';

export interface Quota {
  readonly key: string;
  readonly limit: number | null;
  readonly used: number;
  readonly resetsAt: Date | null;
}

const seats = 'seats';

const QuotaSetting = z.strictObject({
  id: idInput,
  key: z.literal(seats, 'must be seats'),
  limit: optional(
    z
      .union([z.number(), z.bigint()])
      .transform(Number)
      .refine((limit) => Number.isSafeInteger(limit) && limit >= 0, 'must be 0 or more, or null for unlimited'),
  ),
});

async function seatsOf(tx: Db, organizationId: string, now: Date): Promise<Quota> {
  const limit = await findQuota(tx, organizationId, seats);
  const members = await countSeatedMembers(tx, organizationId);
  const pending = await countInvitations(tx, organizationId, 'PENDING', now);
  return { key: seats, limit, used: members + pending, resetsAt: null };
}

/** Throws QUOTA_EXCEEDED unless so many more seats are free; the tenant's row must be locked. */
export async function requireSeats(tx: Db, organizationId: string, more: number, now: Date): Promise<void> {
  if (more === 0) return;
  const { limit, used } = await seatsOf(tx, organizationId, now);
  if (limit !== null && used + more > limit)
    throw conflict(`all ${limit} seats are taken; take invitations back or ask for more seats`, {
      reason: 'QUOTA_EXCEEDED',
      quota: seats,
      limit,
    });
}

/** The limits of the chosen tenant with their use; null for another one. */
export async function quotasOf(ctx: Context, { id }: Organization): Promise<Quota[] | null> {
  if (ctx.organization?.id !== id) return null;
  return asTenant(ctx.db, id, async (tx) => [await seatsOf(tx, id, ctx.now())]);
}

/** Sets a limit; the platform's administrators alone come here. */
export async function setQuota(ctx: Context, input: unknown): Promise<Quota> {
  const { id, key, limit } = parseInput(QuotaSetting, input);
  return asTenant(ctx.db, id, async (tx) => {
    if (!(await lockOrganization(tx, id))) throw notFound('Organization');
    await upsertQuota(tx, id, key, limit ?? null);
    await record(ctx, tx, id, { name: 'quota.changed', target: key, details: { limit: limit ?? null } });
    return seatsOf(tx, id, ctx.now());
  });
}
