import {
  type entitlements,
  type members,
  type policies,
  type ratingScope,
  type ratingSummaries,
  type reviewEdits,
  type reviewReplies,
  type reviewReports,
  reviews,
  type reviewStatus,
  type subjects,
} from '@supergraph/db/reviews/tables';
import { getTableColumns } from 'drizzle-orm';

/** All of a review but the search vector, which is large and for the index alone. */
const { searchVector: _searchVector, ...columns } = getTableColumns(reviews);
export const reviewColumns = columns;

export type Review = Omit<typeof reviews.$inferSelect, 'searchVector'>;
export type NewReview = typeof reviews.$inferInsert;
export type Edit = typeof reviewEdits.$inferSelect;
export type Reply = typeof reviewReplies.$inferSelect;
export type Report = typeof reviewReports.$inferSelect;
export type Subject = typeof subjects.$inferSelect;
export type Member = typeof members.$inferSelect;
export type Policy = Pick<typeof policies.$inferSelect, 'organizationId' | 'moderation' | 'verifiedOnly'>;
export type Entitlement = typeof entitlements.$inferSelect;
export type SummaryRow = typeof ratingSummaries.$inferSelect;
export type ReviewStatus = (typeof reviewStatus.enumValues)[number];
export type RatingScope = (typeof ratingScope.enumValues)[number];

/** What all published reviews of a thing, or of a seller's things, say together. */
export interface Summary {
  readonly scope: RatingScope;
  readonly id: string;
  readonly count: number;
  readonly sum: number;
  /** How many gave 1, 2, 3, 4 and 5 stars. */
  readonly stars: readonly [number, number, number, number, number];
  readonly verifiedCount: number;
  /** The mean of the kind. */
  readonly mean: number;
  readonly version: number;
}
