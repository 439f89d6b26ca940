import { entityTag, touch } from '@supergraph/platform/touches';
import { ratingUpdated } from '@supergraph/schema/events/reviews';

export const touches = [
  touch(ratingUpdated, ({ subjectType, subjectId }) => (subjectType === 'PRODUCT' ? [entityTag('Product', subjectId)] : [])),
];
