import { outbox } from '@supergraph/db/reviews/tables';
import type { Db } from '@supergraph/platform/database';
import type { EventContract } from '@supergraph/platform/events';
import { emit } from '@supergraph/platform/outbox';
import { notificationRequested } from '@supergraph/schema/events/notifications';
import { replyPosted, reviewPublished, reviewReported } from '@supergraph/schema/events/reviews';
import type { Context } from '../context.ts';
import { replyPermission } from '../policy.ts';
import { findSpeakers } from '../store/register.ts';
import type { Review } from '../store/rows.ts';

type ReviewEvent = typeof reviewPublished extends EventContract<infer Payload> ? Payload : never;

/** Tells the other domains what happened to a review. */
export async function tellReview(ctx: Context, tx: Db, contract: EventContract<ReviewEvent>, review: Review): Promise<void> {
  const { id: reviewId, kind: subjectType, subjectId, ownerId, authorId, rating, verified, version } = review;
  await emit(
    ctx,
    tx,
    outbox,
    contract,
    { reviewId, subjectType, subjectId, ownerId, authorId, rating, verified, version },
    { organizationId: ownerId },
  );
}

/** Tells the other domains that the subject's side answered a review. */
export async function tellReply(ctx: Context, tx: Db, review: Review, replierId: string): Promise<void> {
  const { id: reviewId, kind: subjectType, subjectId, ownerId: organizationId, authorId } = review;
  await emit(ctx, tx, outbox, replyPosted, { reviewId, subjectType, subjectId, authorId, replierId }, { organizationId });
}

/** Tells the other domains that somebody reported a review. */
export async function tellReported(ctx: Context, tx: Db, { id: reviewId, ownerId }: Review, openReports: number): Promise<void> {
  await emit(ctx, tx, outbox, reviewReported, { reviewId, openReports }, { organizationId: ownerId });
}

/** Tells the other domains that a review is public, and the seller's side that it has one. */
export async function tellPublished(ctx: Context, tx: Db, review: Review): Promise<void> {
  await tellReview(ctx, tx, reviewPublished, review);
  const recipientIds = await findSpeakers(tx, review.ownerId, replyPermission);
  if (recipientIds.length === 0) return;
  await notify(ctx, tx, review, {
    kind: 'RECEIVED',
    recipientIds,
    dedupeKey: `reviews.received.${review.id}`,
    groupKey: `reviews.received.${review.subjectId}`,
  });
}

/** Tells a review's author what others did to it; nobody when the account is gone. */
export async function tellAuthor(
  ctx: Context,
  tx: Db,
  review: Review,
  kind: 'REPLY' | 'PUBLISHED' | 'REJECTED',
  fact: string,
): Promise<void> {
  if (!review.authorId) return;
  await notify(ctx, tx, review, {
    kind,
    recipientIds: [review.authorId],
    dedupeKey: `reviews.${kind.toLowerCase()}.${review.id}.${fact}`,
    groupKey: null,
  });
}

interface Notice {
  readonly kind: 'REPLY' | 'PUBLISHED' | 'REJECTED' | 'RECEIVED';
  readonly recipientIds: string[];
  readonly dedupeKey: string;
  readonly groupKey: string | null;
}

async function notify(ctx: Context, tx: Db, review: Review, notice: Notice): Promise<void> {
  const payload = {
    ...notice,
    // Moderators stay unnamed, and so does whom a personal notice is about.
    actorId: notice.kind === 'RECEIVED' ? review.authorId : null,
    organizationId: notice.kind === 'RECEIVED' ? review.ownerId : null,
    subject: { type: 'Review', id: review.id },
    data: { subjectKind: review.kind, subjectId: review.subjectId, rating: review.rating, status: review.status },
    urgency: 'NORMAL' as const,
    notBefore: null,
    expiresAt: null,
  };
  await emit(ctx, tx, outbox, notificationRequested.of('reviews'), payload, { organizationId: payload.organizationId });
}
