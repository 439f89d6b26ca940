import { hasPermission } from '@supergraph/platform/access';
import type { Identity, Viewer } from '@supergraph/platform/context';
import type { Member, Review, Subject } from './store/rows.ts';

/** What the organizations domain calls the right to speak for a seller here. */
export const replyPermission = 'reviews.review.reply';

type Person = Pick<Viewer, 'userId' | 'roles'> | null;
export type Block = 'ALREADY_REVIEWED' | 'OWN_SUBJECT' | 'NOT_VERIFIED' | 'SUBJECT_CLOSED' | 'SUSPENDED';

/** Moderators and administrators see everything and decide. */
export const isModerator = (viewer: Person): boolean => viewer?.roles.some((role) => role === 'MODERATOR' || role === 'ADMIN') ?? false;

/** Published reviews are public; the others are their author's and the moderators'. */
export const canSeeReview = (viewer: Person, review: Pick<Review, 'status' | 'authorId' | 'deletedAt'>): boolean =>
  review.deletedAt === null && (review.status === 'PUBLISHED' || canSeeInside(viewer, review));

/** What waits and why something was refused is between the author and the moderators. */
export const canSeeInside = (viewer: Person, review: Pick<Review, 'authorId'>): boolean =>
  viewer !== null && (viewer.userId === review.authorId || isModerator(viewer));

/** What decides whether somebody may review a thing. */
export interface Standing {
  readonly subject: Pick<Subject, 'status'>;
  readonly own: boolean;
  readonly suspended: boolean;
  readonly reviewed: boolean;
  readonly verified: boolean;
  readonly verifiedOnly: boolean;
}

/** Why a person may not review a thing, or null. */
export function blockOf({ subject, own, suspended, reviewed, verified, verifiedOnly }: Standing): Block | null {
  if (suspended) return 'SUSPENDED';
  if (own) return 'OWN_SUBJECT';
  if (reviewed) return 'ALREADY_REVIEWED';
  if (subject.status === 'CLOSED') return 'SUBJECT_CLOSED';
  return verifiedOnly && !verified ? 'NOT_VERIFIED' : null;
}

/** Whether the caller speaks for the seller: by the chosen organization's live permission, else by our copy of the membership. */
export function speaksFor(identity: Pick<Identity, 'organization'>, ownerId: string, member: Member | null): boolean {
  if (identity.organization?.id === ownerId) return hasPermission(identity, replyPermission);
  return member !== null && member.active && !member.removed && member.permissions.includes(replyPermission);
}

/** Whether the caller belongs to the seller, in whatever role. */
export const belongsTo = (identity: Pick<Identity, 'organization'>, ownerId: string, member: Member | null): boolean =>
  identity.organization?.id === ownerId || (member !== null && !member.removed);
