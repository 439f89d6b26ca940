import { defineEvent } from '@supergraph/platform/events';
import { z } from 'zod';

export const reviewSubjectType = z.enum(['PRODUCT', 'RECIPE', 'COURSE']);

const review = z.object({
  reviewId: z.uuid(),
  subjectType: reviewSubjectType,
  subjectId: z.uuid(),
  ownerId: z.uuid(),
  authorId: z.uuid().nullable(),
  rating: z.int(),
  verified: z.boolean(),
  version: z.int(),
});

/** Somebody wrote a review. */
export const reviewSubmitted = defineEvent('reviews.review.submitted', 1, 'reviewId', review);

/** A review is public. */
export const reviewPublished = defineEvent('reviews.review.published', 1, 'reviewId', review);

/** A moderator did not let a review through. */
export const reviewRejected = defineEvent('reviews.review.rejected', 1, 'reviewId', review);

/** A moderator took a review away. */
export const reviewRemoved = defineEvent('reviews.review.removed', 1, 'reviewId', review);

/** Its author changed a review. */
export const reviewEdited = defineEvent('reviews.review.edited', 1, 'reviewId', review);

/** Its author deleted a review. */
export const reviewDeleted = defineEvent('reviews.review.deleted', 1, 'reviewId', review);

/** The subject's side answered a review for the first time. */
export const replyPosted = defineEvent(
  'reviews.reply.posted',
  1,
  'reviewId',
  z.object({
    reviewId: z.uuid(),
    subjectType: reviewSubjectType,
    subjectId: z.uuid(),
    authorId: z.uuid().nullable(),
    replierId: z.uuid(),
  }),
);

/** Somebody reported a review; `openReports` is how many different people have, since a moderator last looked. */
export const reviewReported = defineEvent('reviews.review.reported', 1, 'reviewId', z.object({ reviewId: z.uuid(), openReports: z.int() }));

/** A thing's rating changed; the last state is always sent. */
export const ratingUpdated = defineEvent(
  'reviews.rating.updated',
  1,
  'subjectId',
  z.object({
    subjectType: reviewSubjectType,
    subjectId: z.uuid(),
    average: z.number().nullable(),
    count: z.int(),
    score: z.number(),
    histogram: z.array(z.int()).length(5),
    version: z.int(),
  }),
);
