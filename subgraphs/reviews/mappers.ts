import type { Aspect } from './aspects.ts';
import type { Edit, Policy, Reply, Report, Review, Summary } from './store/rows.ts';

/** What a review is about, as the graph refers to it. */
export interface SubjectRef {
  readonly __typename: 'Product';
  readonly id: string;
}
export type ReviewSubjectMapper = SubjectRef;
export type ReviewMapper = Review;
export type ReviewReplyMapper = Reply;
export type ReviewEditMapper = Edit;
export type ReviewReportMapper = Report;
export type RatingSummaryMapper = Summary;
export type ReviewModerationPolicyMapper = Policy;
export type ReviewAspectMapper = Aspect;
