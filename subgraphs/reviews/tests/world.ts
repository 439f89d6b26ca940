import { organizationWith, person, type TestSubgraph } from '@supergraph/platform/testing';
import { memberAdded } from '@supergraph/schema/events/organizations';
import { productPublished } from '@supergraph/schema/events/catalog';
import { v7 } from 'uuid';

export const permission = 'reviews.review.reply';
export const moderator = person({ roles: ['USER', 'MODERATOR'] });

/** A product's event as catalog sends it. */
export const productEvent = (productId: string, sellerId: string, version = 1) => ({
  productId,
  sellerId,
  version,
  slug: 'tea',
  typeCode: 'general',
  title: 'Tea',
  description: null,
  categoryIds: [],
  collectionIds: [],
  tags: [],
  credits: [],
  attributes: [],
  variantIds: [],
  mediaFileId: null,
  publishedAt: null,
});

export const membershipEvent = (organizationId: string, userId: string, permissions: string[] = [permission], epoch = 1) => ({
  organizationId,
  userId,
  membershipId: v7(),
  roleKey: 'ADMIN',
  permissions,
  teamIds: [],
  epoch,
});

export const fields = `id version subjectKind subject { ... on Product { id } } author { id } rating title body verified status createdAt publishedAt editedAt helpfulCount notHelpfulCount viewerVote rejectionReason aspects { code name rating } reply { body editedAt author { id } organization { id } } pendingEdit { rating title body aspects { code rating } }`;
export const documents = {
  submit: `mutation ($input: SubmitReviewInput!) { submitReview(input: $input) { review { ${fields} } } }`,
  update: `mutation ($input: UpdateReviewInput!) { updateReview(input: $input) { review { ${fields} } } }`,
  remove: `mutation ($input: DeleteReviewInput!) { deleteReview(input: $input) { deletedId rating { average count histogram { rating count } } } }`,
  vote: `mutation ($input: VoteReviewInput!) { voteReview(input: $input) { review { ${fields} } } }`,
  reply: `mutation ($input: ReplyToReviewInput!) { replyToReview(input: $input) { review { ${fields} } } }`,
  unreply: `mutation ($input: DeleteReviewReplyInput!) { deleteReviewReply(input: $input) { review { ${fields} } } }`,
  report: `mutation ($input: ReportReviewInput!) { reportReview(input: $input) { reported } }`,
  moderate: `mutation ($input: ModerateReviewInput!) { moderateReview(input: $input) { review { ${fields} } } }`,
  settings: `mutation ($input: SetReviewModerationInput!) { setReviewModeration(input: $input) { moderation { moderation verifiedOnly } } }`,
  review: `query ($id: ID!) { review(id: $id) { ${fields} } }`,
} as const;

/** Asks for fields of one entity, as the gateway does. */
export const entity = (type: string, selection: string, parameters = '') =>
  `query ($representations: [_Any!]!${parameters ? `, ${parameters}` : ''}) { _entities(representations: $representations) { ... on ${type} { id ${selection} } } }`;

/** Short forms of what most tests do first. */
export function worldOf({ run, deliver }: TestSubgraph) {
  const product = async (seller = organizationWith([permission])) => {
    const owner = person();
    const id = v7();
    await deliver(productPublished, productEvent(id, seller.id));
    await deliver(memberAdded, membershipEvent(seller.id, owner.userId));
    return { id, seller, owner };
  };
  const submit = (productId: string, as = person(), input: Record<string, unknown> = {}) =>
    run(documents.submit, { input: { subject: { kind: 'PRODUCT', id: productId }, rating: 4, ...input }, as });
  const submitted = async (productId: string, as = person(), input: Record<string, unknown> = {}) => {
    const { data, errors } = await submit(productId, as, input);
    if (!data) throw new Error(JSON.stringify(errors));
    return data.submitReview.review;
  };
  const ratingOf = async (productId: string) => {
    const { data } = await run(
      entity('Product', 'rating { average count verifiedCount score histogram { rating count } aspects { code average count } }'),
      {
        variables: { representations: [{ __typename: 'Product', id: productId }] },
        as: null,
      },
    );
    const { rating } = data._entities[0];
    return { ...rating, histogram: rating.histogram.map(({ count }: { count: number }) => count) };
  };
  return { product, submit, submitted, ratingOf };
}
