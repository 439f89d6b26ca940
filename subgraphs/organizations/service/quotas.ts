import { asTenant, type Db } from '@supergraph/platform/database';
import { conflict, notFound, rateLimited } from '@supergraph/platform/errors';
import { idInput, optional, parseInput } from '@supergraph/platform/input';
import type { Log } from '@supergraph/platform/log';
import type { Emitter } from '@supergraph/platform/outbox';
import { quotaChanged } from '@supergraph/schema/events/organizations';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { isQuotaKey, limitUnlessSet, mayReport, periodOf, type QuotaKey, quotaKeys } from '../quota-keys.ts';
import { countInvitations } from '../store/invitations.ts';
import { countSeatedMembers, listOwnerIds } from '../store/memberships.ts';
import { lockOrganization, type Organization } from '../store/organizations.ts';
import { addUsage, findLimits, findUsage, saveNearness, saveUsage, upsertQuota, type Usage } from '../store/quotas.ts';
import { record } from './audit.ts';
import { requestNotice, tell } from './tell.ts';

export interface Quota {
  readonly key: QuotaKey;
  readonly limit: number | null;
  readonly used: number;
  readonly resetsAt: Date | null;
}

const seats = 'seats';
const invitationsPerDay = 'invitations.per_day';
/** From this share on the owners are told; below the second one it is forgotten that they were. */
const nearFrom = 0.9;
const farBelow = 0.8;

const QuotaSetting = z.strictObject({
  id: idInput,
  key: z.string().refine(isQuotaKey, `must be one of ${quotaKeys.join(', ')}`),
  limit: optional(
    z
      .union([z.number(), z.bigint()])
      .transform(Number)
      .refine((limit) => Number.isSafeInteger(limit) && limit >= 0, 'must be 0 or more, or null for unlimited'),
  ),
});

const countSeats = async (tx: Db, organizationId: string, now: Date): Promise<number> =>
  (await countSeatedMembers(tx, organizationId)) + (await countInvitations(tx, organizationId, 'PENDING', now));

/** What was counted before a period began is over. */
function usedOf(key: QuotaKey, usage: Usage | undefined, now: Date): number {
  const period = periodOf(key, now);
  return usage && (!period || usage.countedAt >= period.beganAt) ? usage.used : 0;
}

/** What was set, unlimited too; else what holds for everybody. */
const limitIn = (limits: ReadonlyMap<string, number | null>, key: QuotaKey): number | null => {
  const set = limits.get(key);
  return set === undefined ? limitUnlessSet(key) : set;
};

/** All limits of a tenant with their use, in the order of the keys. */
async function readQuotas(tx: Db, organizationId: string, now: Date): Promise<Quota[]> {
  const [limits, usage] = [await findLimits(tx, organizationId), await findUsage(tx, organizationId)];
  const seated = await countSeats(tx, organizationId, now);
  return quotaKeys.map((key) => ({
    key,
    limit: limitIn(limits, key),
    used: key === seats ? seated : usedOf(key, usage.get(key), now),
    resetsAt: periodOf(key, now)?.endsAt ?? null,
  }));
}

async function readQuota(tx: Db, organizationId: string, key: QuotaKey, now: Date): Promise<Quota> {
  const found = (await readQuotas(tx, organizationId, now)).find((quota) => quota.key === key);
  if (!found) throw new Error('a quota is not in the list of quotas');
  return found;
}

/** Throws QUOTA_EXCEEDED unless so many more seats are free; the tenant's row must be locked. */
export async function requireSeats(tx: Db, organizationId: string, more: number, now: Date): Promise<void> {
  if (more === 0) return;
  const { limit, used } = await readQuota(tx, organizationId, seats, now);
  if (limit !== null && used + more > limit)
    throw conflict(`all ${limit} seats are taken; take invitations back or ask for more seats`, {
      reason: 'QUOTA_EXCEEDED',
      quota: seats,
      limit,
    });
}

/** Whether one more seat is free. */
export async function hasSeat(tx: Db, organizationId: string, now: Date): Promise<boolean> {
  const { limit, used } = await readQuota(tx, organizationId, seats, now);
  return limit === null || used < limit;
}

/** Counts mails of invitations; RATE_LIMITED when today's are used up. The tenant's row must be locked. */
export async function spendInvitations(ctx: Emitter, tx: Db, organizationId: string, more: number): Promise<void> {
  const now = ctx.now();
  const { limit, used, resetsAt } = await readQuota(tx, organizationId, invitationsPerDay, now);
  if (limit !== null && used + more > limit) throw rateLimited(((resetsAt ?? now).getTime() - now.getTime()) / 1_000);
  await addUsage(tx, organizationId, invitationsPerDay, more, periodOf(invitationsPerDay, now)?.beganAt ?? now, now);
}

/** Tells the owners once when little is left of a limit, and again only after there was room. */
export async function watchNearness(ctx: Emitter, tx: Db, organization: Organization, key: QuotaKey): Promise<void> {
  const now = ctx.now();
  const { limit, used } = await readQuota(tx, organization.id, key, now);
  const isKnown = (await findUsage(tx, organization.id)).get(key)?.near ?? false;
  if (isKnown && (limit === null || used < limit * farBelow)) await saveNearness(tx, organization.id, key, false, now);
  if (isKnown || limit === null || used === 0 || used < limit * nearFrom) return;
  const round = await saveNearness(tx, organization.id, key, true, now);
  for (const recipientId of await listOwnerIds(tx, organization.id))
    await requestNotice(ctx, tx, {
      kind: 'QUOTA_NEAR',
      recipientId,
      organization,
      subject: { type: 'Organization', id: organization.id },
      fact: `${key}:${round}`,
      data: { quota: key, used: String(used), limit: String(limit) },
    });
}

/** The limits of the chosen tenant with their use; null for another one. */
export async function quotasOf(ctx: Context, { id }: Organization): Promise<Quota[] | null> {
  if (ctx.organization?.id !== id) return null;
  return asTenant(ctx.db, id, (tx) => readQuotas(tx, id, ctx.now()));
}

/** Sets a limit; the platform's administrators alone come here. Below the use it stops growth and deletes nothing. */
export async function setQuota(ctx: Context, input: unknown): Promise<Quota> {
  const { id, key, limit = null } = parseInput(QuotaSetting, input);
  return asTenant(ctx.db, id, async (tx) => {
    const organization = await lockOrganization(tx, id);
    if (!organization) throw notFound('Organization');
    const from = limitIn(await findLimits(tx, id), key);
    await upsertQuota(tx, id, key, limit);
    await tell(ctx, tx, quotaChanged, { organizationId: id, key, limit });
    await watchNearness(ctx, tx, organization, key);
    await record(ctx, tx, id, { name: 'quota.changed', target: key, details: { limit: { from, to: limit } } });
    return readQuota(tx, id, key, ctx.now());
  });
}

interface Report {
  readonly organizationId: string;
  readonly key: string;
  readonly used: number;
  /** The domain that tells. */
  readonly domain: string;
  readonly countedAt: Date;
}

/** Notes what a domain tells of the use of one of its quotas. */
export async function hearUsage(
  ctx: Emitter & { readonly log: Log },
  tx: Db,
  { organizationId, key, used, domain, countedAt }: Report,
): Promise<void> {
  if (!isQuotaKey(key) || !mayReport(domain, key)) {
    ctx.log.warn({ organizationId, key, domain }, 'a domain told of the use of a quota that is not its own; mend: quota-keys.ts');
    return;
  }
  await asTenant(tx, organizationId, async (own) => {
    const organization = await lockOrganization(own, organizationId);
    if (organization && (await saveUsage(own, { organizationId, key, used: Math.max(0, used), countedAt })))
      await watchNearness(ctx, own, organization, key);
  });
}
