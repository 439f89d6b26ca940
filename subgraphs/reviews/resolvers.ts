import { aspectName, aspectsOf } from './aspects.ts';
import type { SubjectRef } from './mappers.ts';
import type { CompleteResolvers } from './schema.types.ts';
import { changeReview, deleteReview } from './service/edit-review.ts';
import { moderateReview } from './service/moderate-review.ts';
import { averageOf, scoreOf } from './service/rating.ts';
import { deleteReviewReply, replyToReview, reportReview, voteReview } from './service/react.ts';
import {
  findAspectAverages,
  findPendingEdit,
  findRating,
  findRejectionReason,
  findReview,
  findViewerReview,
  pageOfAuthor,
  pageOfHistory,
  pageOfQueue,
  pageOfReports,
  pageOfReviews,
} from './service/reading.ts';
import { findModeration, pageOfReceived, setReviewModeration } from './service/seller.ts';
import { findEligibility } from './service/standing.ts';
import { submitReview } from './service/submit-review.ts';
import { watchRatings, watchReviews } from './service/watching.ts';
import type { Review, Summary } from './store/rows.ts';

const subjectOf = (kind: Summary['scope'], id: string): SubjectRef | null => (kind === 'PRODUCT' ? { __typename: 'Product', id } : null);
const personOf = (id: string | null) => (id === null ? null : { id });
const namedAspect = ({ code, rating }: { code: string; rating: number }) => ({ code, rating, name: aspectName(code) });
const byCode = (a: { code: string }, b: { code: string }) => (a.code < b.code ? -1 : 1);

export const resolvers: CompleteResolvers = {
  Query: {
    review: (_, { id }, ctx) => findReview(ctx, id),
    reviewAspects: (_, { kind }) => aspectsOf(kind),
    reviewModerationQueue: (_, args, ctx) => pageOfQueue(ctx, args),
  },
  Mutation: {
    submitReview: async (_, { input }, ctx) => ({ review: await submitReview(ctx, input) }),
    updateReview: async (_, { input }, ctx) => ({ review: await changeReview(ctx, input) }),
    deleteReview: (_, { input }, ctx) => deleteReview(ctx, input),
    voteReview: async (_, { input }, ctx) => ({ review: await voteReview(ctx, input) }),
    replyToReview: async (_, { input }, ctx) => ({ review: await replyToReview(ctx, input) }),
    deleteReviewReply: async (_, { input }, ctx) => ({ review: await deleteReviewReply(ctx, input) }),
    reportReview: async (_, { input }, ctx) => ({ reported: await reportReview(ctx, input) }),
    setReviewModeration: async (_, { input }, ctx) => ({ moderation: await setReviewModeration(ctx, input) }),
    moderateReview: async (_, { input }, ctx) => ({ review: await moderateReview(ctx, input) }),
  },
  Subscription: {
    reviewPublished: { subscribe: (_, { subject }, ctx) => watchReviews(ctx, subject), resolve: (review: Review) => review },
    ratingUpdated: {
      subscribe: (_, { subjects }, ctx) => watchRatings(ctx, subjects),
      resolve: (rating: Summary) => ({ subject: subjectOf(rating.scope, rating.id), rating }),
    },
  },
  Product: {
    rating: ({ id }, _, ctx) => findRating(ctx, 'PRODUCT', id),
    reviews: ({ id }, args, ctx) => pageOfReviews(ctx, 'PRODUCT', id, args, 'TOP'),
    viewerReview: ({ id }, _, ctx) => findViewerReview(ctx, 'PRODUCT', id),
    viewerReviewEligibility: ({ id }, _, ctx) => findEligibility(ctx, { kind: 'PRODUCT', id }),
  },
  User: { reviews: ({ id }, args, ctx) => pageOfAuthor(ctx, id, args) },
  Organization: {
    productRating: ({ id }, _, ctx) => findRating(ctx, 'SELLER', id),
    receivedReviews: ({ id }, args, ctx) => pageOfReceived(ctx, id, args),
    reviewModeration: ({ id }, _, ctx) => findModeration(ctx, id),
  },
  Review: {
    __resolveReference: ({ id }, ctx) => findReview(ctx, id),
    subject: ({ kind, subjectId }) => subjectOf(kind, subjectId),
    subjectKind: ({ kind }) => kind,
    author: ({ authorId }) => personOf(authorId),
    aspects: async ({ id }, _, ctx) => (await ctx.loaders.aspectsByReview.load(id)).map(namedAspect),
    viewerVote: async ({ id }, _, ctx) => (ctx.viewer ? (await ctx.loaders.viewerVoteByReview.load(id))?.value : null),
    reply: ({ id }, _, ctx) => ctx.loaders.replyByReview.load(id),
    pendingEdit: (review, _, ctx) => findPendingEdit(ctx, review),
    rejectionReason: (review, _, ctx) => findRejectionReason(ctx, review),
    history: (review, args, ctx) => pageOfHistory(ctx, review, args),
    reports: (review, args, ctx) => pageOfReports(ctx, review, args),
  },
  ReviewReply: {
    author: ({ replierId }) => personOf(replierId),
    organization: ({ organizationId }) => personOf(organizationId),
  },
  ReviewEdit: {
    aspects: ({ aspects }) =>
      Object.entries(aspects)
        .map(([code, rating]) => namedAspect({ code, rating }))
        .toSorted(byCode),
  },
  ReviewReport: { reporter: ({ reporterId }) => personOf(reporterId) },
  RatingSummary: {
    average: ({ sum, count }) => averageOf(sum, count),
    score: (summary) => scoreOf(summary),
    histogram: ({ stars }) => stars.map((count, index) => ({ rating: index + 1, count })),
    aspects: async (summary, _, ctx) =>
      (await findAspectAverages(ctx, summary)).map(({ code, count, sum }) => ({
        code,
        name: aspectName(code),
        count,
        average: averageOf(sum, count),
      })),
  },
};
