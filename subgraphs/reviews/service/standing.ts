import { inactiveOrganization, requireActiveOrganization } from '@supergraph/platform/access';
import type { Identity } from '@supergraph/platform/context';
import type { Db } from '@supergraph/platform/database';
import { conflict, forbidden, notFound, rateLimited } from '@supergraph/platform/errors';
import type { SubjectKind } from '../aspects.ts';
import type { Context } from '../context.ts';
import { belongsTo, type Block, blockOf, speaksFor } from '../policy.ts';
import { findEntitlements, findMemberships, findPolicies, findSuspended, isInactive } from '../store/register.ts';
import { type Act, findNthLast, findReviewsBy } from '../store/reviews.ts';
import type { Policy, Subject } from '../store/rows.ts';
import { isId } from './checks.ts';

/** A thing that can be reviewed, as inputs name it. */
export interface SubjectInput {
  readonly kind: SubjectKind;
  readonly id: string;
}

/** A registered thing, or null; catalog is asked about products that the register does not know. */
export async function findSubject(ctx: Context, { kind, id }: SubjectInput): Promise<Subject | null> {
  return kind === 'PRODUCT' && isId(id) ? ctx.loaders.productById.load(id) : null;
}

/** A registered thing, or NOT_FOUND. */
export async function requireSubject(ctx: Context, input: SubjectInput): Promise<Subject> {
  const subject = await findSubject(ctx, input);
  if (!subject) throw notFound('Subject');
  return subject;
}

/** A seller's settings; reviews are public at once, and everybody may write, unless the seller said otherwise. */
export const policyOr = (policy: Policy | null | undefined, organizationId: string): Policy =>
  policy ?? { organizationId, moderation: 'AFTER', verifiedOnly: false };

/** A seller's settings as they are in a transaction. */
export const findPolicy = async (tx: Db, organizationId: string): Promise<Policy> =>
  policyOr((await findPolicies(tx, [organizationId]))[0], organizationId);

/** Whether the viewer may review a thing; null for a guest and for an unknown thing. */
export async function findEligibility(
  ctx: Context,
  input: SubjectInput,
): Promise<{ allowed: boolean; reason: Block | null; verified: boolean } | null> {
  if (!ctx.viewer) return null;
  const subject = await findSubject(ctx, input);
  if (!subject) return null;
  const { loaders } = ctx;
  const [member, suspension, review, entitlement, policy] = await Promise.all([
    loaders.viewerMembershipBySeller.load(subject.ownerId),
    loaders.suspensionByPerson.load(ctx.viewer.userId),
    loaders.viewerReviewByProduct.load(subject.id),
    loaders.viewerEntitlementByProduct.load(subject.id),
    loaders.policyBySeller.load(subject.ownerId),
  ]);
  const reason = blockOf({
    subject,
    own: belongsTo(ctx, subject.ownerId, member),
    suspended: suspension !== null,
    reviewed: review !== null,
    verified: entitlement !== null,
    verifiedOnly: policyOr(policy, subject.ownerId).verifiedOnly,
  });
  return { allowed: reason === null, reason, verified: entitlement !== null };
}

const sentences: Readonly<Record<Block, string>> = {
  ALREADY_REVIEWED: 'you have reviewed this; change that review instead',
  OWN_SUBJECT: 'this is your own, so you cannot review it',
  NOT_VERIFIED: 'this seller takes reviews of people who received the thing only',
  SUBJECT_CLOSED: 'this is no longer offered and takes no new reviews',
  SUSPENDED: 'your account is suspended',
};

/** Throws why a person may not review a thing now; otherwise says whether the review will be verified, and the seller's settings. */
export async function requireEligible(
  identity: Pick<Identity, 'organization'>,
  tx: Db,
  userId: string,
  subject: Subject,
): Promise<{ verified: boolean; policy: Policy }> {
  const [earlier] = await findReviewsBy(tx, userId, subject.kind, [subject.id]);
  const [member] = await findMemberships(tx, userId, [subject.ownerId]);
  const [suspension] = await findSuspended(tx, [userId]);
  const [entitlement] = await findEntitlements(tx, userId, subject.kind, [subject.id]);
  const policy = await findPolicy(tx, subject.ownerId);
  const verified = entitlement !== undefined;
  const own = belongsTo(identity, subject.ownerId, member ?? null);
  const block = blockOf({
    subject,
    own,
    suspended: suspension !== undefined,
    reviewed: earlier !== undefined,
    verified,
    verifiedOnly: policy.verifiedOnly,
  });
  if (block === 'ALREADY_REVIEWED') throw alreadyReviewed(earlier?.id);
  if (block) throw forbidden(sentences[block], { reason: block });
  return { verified, policy };
}

/** The error of a second review, which names the first. */
export const alreadyReviewed = (reviewId: string | undefined) =>
  conflict(sentences.ALREADY_REVIEWED, { reason: 'ALREADY_REVIEWED', ...(reviewId ? { reviewId } : {}) });

/** Throws FORBIDDEN unless the caller speaks for the seller, and while the seller is suspended or about to be deleted. */
export async function requireSpeaker(identity: Pick<Identity, 'organization'>, tx: Db, userId: string, ownerId: string): Promise<void> {
  const [member] = await findMemberships(tx, userId, [ownerId]);
  if (!speaksFor(identity, ownerId, member ?? null)) throw forbidden("only the seller's side may answer this review");
  // The request need not name the seller, so its own copy of the state is asked, too.
  requireActiveOrganization({ organization: identity.organization?.id === ownerId ? identity.organization : null });
  if (await isInactive(tx, ownerId)) throw inactiveOrganization();
}

const hourMs = 3_600_000;
const limits: Readonly<Record<Act, number>> = { REVIEW: 10, VOTE: 60, REPORT: 20 };

/** Throws RATE_LIMITED when a person has done something as often as an hour allows; call it behind `lockPerson`. */
export async function keepPace(ctx: Pick<Context, 'now'>, tx: Db, act: Act, userId: string): Promise<void> {
  const now = ctx.now().getTime();
  const oldest = await findNthLast(tx, act, userId, limits[act], new Date(now - hourMs));
  if (oldest) throw rateLimited((oldest.getTime() + hourMs - now) / 1_000);
}
