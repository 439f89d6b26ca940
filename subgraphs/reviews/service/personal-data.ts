import { entitlements, members, reviewReplies, reviewReports, reviews, reviewVotes, suspendedPeople } from '@supergraph/db/reviews/tables';
import { definePersonalData, goes, holding } from '@supergraph/platform/personal-data';
import { personalDataEvents } from '@supergraph/schema/events/platform';
import type { Context } from '../context.ts';
import {
  forgetStanding,
  orphanReplies,
  orphanReports,
  orphanReviews,
  orphanVotes,
  readEdits,
  readEntitlements,
  readMemberships,
  readReplies,
  readReports,
  readReviews,
  readSuspension,
  readVotes,
} from '../store/personal-data.ts';
import { lockPerson } from '../store/reviews.ts';

const byId = ({ id }: { readonly id: string }) => [id];

/** What reviews holds of people. What was published stays in nobody's name, and counts. */
export const personalData = definePersonalData({
  events: personalDataEvents('reviews'),
  columns: goes(
    reviews.authorId,
    reviewVotes.voterId,
    reviewReports.reporterId,
    reviewReplies.replierId,
    entitlements.userId,
    members.userId,
    suspendedPeople.userId,
  ),
  holdings: [
    holding({
      name: 'reviews',
      description: 'What you said of things. What was published stays, in nobody’s name, when your account is erased.',
      read: readReviews,
      key: byId,
    }),
    holding({
      name: 'review-edits',
      description: 'What you said before you changed it, kept for moderators, and changes that wait for one.',
      read: readEdits,
      key: byId,
    }),
    holding({ name: 'votes', description: 'Which reviews you found helpful, or not.', read: readVotes, key: byId }),
    holding({ name: 'reports', description: 'Which reviews you reported, and why.', read: readReports, key: byId }),
    holding({
      name: 'replies',
      description: 'What you answered in the name of a seller; the answers are the seller’s.',
      read: readReplies,
      key: ({ reviewId }) => [reviewId],
    }),
    holding({
      name: 'entitlements',
      description: 'What you received, so that your review of it counts as verified.',
      read: readEntitlements,
      key: ({ subjectKind, subjectId }) => [subjectKind, subjectId],
    }),
    holding({
      name: 'memberships',
      description: 'On which sellers’ side you stand or stood: who does may answer, and may not review what they sell.',
      read: readMemberships,
      key: ({ organizationId }) => [organizationId],
    }),
    holding({
      name: 'suspension',
      description: 'That your account is suspended, while it is.',
      read: readSuspension,
      key: ({ userId }) => [userId],
    }),
  ],
  erase: async (ctx: Context, tx, userId, most) => {
    await lockPerson(tx, userId);
    return (
      (await orphanReports(tx, userId, ctx.now(), most)) ||
      (await orphanVotes(tx, userId, most)) ||
      (await orphanReplies(tx, userId, most)) ||
      (await orphanReviews(tx, userId, ctx.now(), most)) ||
      forgetStanding(tx, userId, most)
    );
  },
});
