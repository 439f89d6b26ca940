import { type Connection } from '@supergraph/platform/page';
import { inTenant } from '@supergraph/platform/database';
import { optional, parseInput } from '@supergraph/platform/input';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { forget } from '../loaders.ts';
import { savePolicy } from '../store/register.ts';
import type { Policy, Review } from '../store/rows.ts';
import { pageOfReviews, type ReviewListArguments } from './reading.ts';
import { policyOr } from './standing.ts';

/** What a seller's things received; null for every organization but the chosen one. */
export async function pageOfReceived(ctx: Context, organizationId: string, args: ReviewListArguments): Promise<Connection<Review> | null> {
  return ctx.organization?.id === organizationId ? pageOfReviews(ctx, 'SELLER', organizationId, args, 'NEWEST') : null;
}

/** A seller's settings; null for every organization but the chosen one. */
export async function findModeration(ctx: Context, organizationId: string): Promise<Policy | null> {
  if (ctx.organization?.id !== organizationId) return null;
  return policyOr(await ctx.loaders.policyBySeller.load(organizationId), organizationId);
}

const settings = z
  .strictObject({ moderation: optional(z.enum(['BEFORE', 'AFTER'])), verifiedOnly: optional(z.boolean()) })
  .refine(({ moderation, verifiedOnly }) => moderation !== undefined || verifiedOnly !== undefined, 'must name something to set');

/** Sets how the chosen organization's reviews become public; what is left out stays. */
export async function setReviewModeration(ctx: Context, raw: unknown): Promise<Policy> {
  const { moderation, verifiedOnly } = parseInput(settings, raw);
  const change = { ...(moderation && { moderation }), ...(verifiedOnly !== undefined && { verifiedOnly }) };
  const policy = await inTenant(ctx, (tx) => savePolicy(tx, ctx.organization?.id ?? '', change, ctx.now()));
  forget(ctx.loaders);
  return policy;
}
