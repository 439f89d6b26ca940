import {
  createdAt,
  deadLetterTable,
  id,
  idempotencyTable,
  inboxTable,
  moment,
  outboxTable,
  publicRead,
  tenantOnly,
  tsvector,
  updatedAt,
} from '@supergraph/platform/columns';
import { type SQL, sql } from 'drizzle-orm';
import {
  boolean,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  smallint,
  text,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';

export const reviewsSchema = pgSchema('reviews');

export const subjectKind = reviewsSchema.enum('subject_kind', ['PRODUCT', 'RECIPE', 'COURSE']);
export const subjectStatus = reviewsSchema.enum('subject_status', ['OPEN', 'CLOSED']);
export const reviewStatus = reviewsSchema.enum('review_status', ['PENDING', 'PUBLISHED', 'REJECTED', 'REMOVED']);
export const voteValue = reviewsSchema.enum('vote_value', ['HELPFUL', 'NOT_HELPFUL']);
export const reportReason = reviewsSchema.enum('report_reason', ['SPAM', 'OFFENSIVE', 'OFF_TOPIC', 'FALSE_CLAIM', 'PRIVACY', 'OTHER']);
export const inactivityCause = reviewsSchema.enum('inactivity_cause', ['SUSPENDED', 'ARCHIVED']);
export const moderationMode = reviewsSchema.enum('moderation_mode', ['BEFORE', 'AFTER']);
/** What a rating is summed up over: a thing of one kind, or all things of a seller. */
export const ratingScope = reviewsSchema.enum('rating_scope', ['PRODUCT', 'RECIPE', 'COURSE', 'SELLER']);

/** The register of what can be reviewed, copied from its owners' events. */
export const subjects = reviewsSchema.table(
  'subjects',
  {
    kind: subjectKind().notNull(),
    id: uuid().notNull(),
    ownerId: uuid().notNull(),
    status: subjectStatus().notNull(),
    title: text(),
    version: integer().notNull(),
  },
  (table) => [primaryKey({ name: 'subjects_key', columns: [table.kind, table.id] }), index('subjects_owner').on(table.ownerId)],
);

export const reviews = reviewsSchema.table(
  'reviews',
  {
    id: id(),
    kind: subjectKind().notNull(),
    subjectId: uuid().notNull(),
    /** The organization that sells the subject. */
    ownerId: uuid().notNull(),
    /** Null when the person's account is gone. */
    authorId: uuid(),
    rating: smallint().notNull(),
    title: text(),
    body: text(),
    locale: text(),
    /** Of the text without case and spacing, to find the same text again; null without text. */
    textHash: text(),
    verified: boolean().notNull(),
    status: reviewStatus().notNull(),
    rejectionReason: text(),
    hasWaitingEdit: boolean().notNull().default(false),
    helpfulCount: integer().notNull().default(0),
    notHelpfulCount: integer().notNull().default(0),
    openReports: integer().notNull().default(0),
    /** Lower bound of Wilson's interval at 95 %: how helpful a review is at least, given how few have voted. */
    helpfulness: doublePrecision()
      .notNull()
      .generatedAlwaysAs(
        (): SQL => sql`case when ${reviews.helpfulCount} + ${reviews.notHelpfulCount} = 0 then 0 else
          ((${reviews.helpfulCount} + 1.9208::double precision)
            - 1.96::double precision * sqrt(${reviews.helpfulCount}::double precision * ${reviews.notHelpfulCount} / (${reviews.helpfulCount} + ${reviews.notHelpfulCount}) + 0.9604::double precision))
          / (${reviews.helpfulCount} + ${reviews.notHelpfulCount} + 3.8416::double precision) end`,
      ),
    searchVector: tsvector()
      .notNull()
      .generatedAlwaysAs((): SQL => sql`to_tsvector('simple', coalesce(${reviews.title}, '') || ' ' || coalesce(${reviews.body}, ''))`),
    version: integer().notNull().default(1),
    createdAt: createdAt(),
    publishedAt: moment(),
    editedAt: moment(),
    deletedAt: moment(),
  },
  (table) => {
    const live = sql`${table.deletedAt} is null`;
    const ofSubject = [table.kind, table.subjectId, table.status] as const;
    return [
      uniqueIndex('reviews_one_per_person').on(table.authorId, table.kind, table.subjectId).where(live),
      index('reviews_newest')
        .on(...ofSubject, table.id)
        .where(live),
      index('reviews_top')
        .on(...ofSubject, table.helpfulness, table.verified, table.id)
        .where(live),
      index('reviews_highest')
        .on(...ofSubject, table.rating, table.id)
        .where(live),
      index('reviews_lowest')
        .on(...ofSubject, sql`(-${table.rating})`, table.id)
        .where(live),
      index('reviews_most_helpful')
        .on(...ofSubject, table.helpfulCount, table.id)
        .where(live),
      index('reviews_owner_page').on(table.ownerId, table.status, table.id).where(live),
      index('reviews_author_page').on(table.authorId, table.id).where(live),
      index('reviews_author_recent').on(table.authorId, table.createdAt),
      index('reviews_waiting')
        .on(table.id)
        .where(sql`(${table.status} = 'PENDING' or ${table.hasWaitingEdit}) and ${table.deletedAt} is null`),
      index('reviews_search').using('gin', table.searchVector),
      check('reviews_rating', sql`${table.rating} between 1 and 5`),
      check('reviews_counters', sql`${table.helpfulCount} >= 0 and ${table.notHelpfulCount} >= 0 and ${table.openReports} >= 0`),
    ];
  },
);

const reviewId = () =>
  uuid()
    .notNull()
    .references(() => reviews.id, { onDelete: 'cascade' });

export type AspectRatings = Readonly<Record<string, number>>;

/** Former texts of a review, and the one that waits for a moderator. */
export const reviewEdits = reviewsSchema.table(
  'review_edits',
  {
    id: id(),
    reviewId: reviewId(),
    /** True for what waits to take effect, false for what stood before. */
    waiting: boolean().notNull(),
    rating: smallint().notNull(),
    title: text(),
    body: text(),
    aspects: jsonb().$type<AspectRatings>().notNull(),
    submittedAt: moment().notNull(),
  },
  (table) => [
    uniqueIndex('review_edits_waiting')
      .on(table.reviewId)
      .where(sql`${table.waiting}`),
    index('review_edits_page').on(table.reviewId, table.id),
  ],
);

export const reviewAspects = reviewsSchema.table(
  'review_aspects',
  { reviewId: reviewId(), code: text().notNull(), rating: smallint().notNull() },
  (table) => [
    primaryKey({ name: 'review_aspects_key', columns: [table.reviewId, table.code] }),
    check('review_aspects_rating', sql`${table.rating} between 1 and 5`),
  ],
);

export const reviewVotes = reviewsSchema.table(
  'review_votes',
  {
    id: id(),
    reviewId: reviewId(),
    /** Null when the person's account is gone; the vote stays counted. */
    voterId: uuid(),
    /** Null when it was taken back; the row stays for the pace. */
    value: voteValue(),
    votedAt: moment().notNull(),
  },
  (table) => [
    unique('review_votes_one_per_person').on(table.reviewId, table.voterId),
    index('review_votes_recent').on(table.voterId, table.votedAt),
  ],
);

export const reviewReports = reviewsSchema.table(
  'review_reports',
  {
    id: id(),
    reviewId: reviewId(),
    /** Null when the person's account is gone. */
    reporterId: uuid(),
    reason: reportReason().notNull(),
    note: text(),
    createdAt: createdAt(),
    resolvedAt: moment(),
  },
  (table) => [
    unique('review_reports_one_per_person').on(table.reviewId, table.reporterId),
    index('review_reports_page').on(table.reviewId, table.id),
    index('review_reports_recent').on(table.reporterId, table.createdAt),
  ],
);

export const reviewReplies = reviewsSchema.table(
  'review_replies',
  {
    reviewId: reviewId().primaryKey(),
    organizationId: uuid(),
    /** Null when the person's account is gone. */
    replierId: uuid(),
    body: text().notNull(),
    createdAt: createdAt(),
    editedAt: moment(),
  },
  (table) => [index('review_replies_replier').on(table.replierId)],
);

/** Sums over published reviews, written in the transaction that changes them. */
export const ratingSummaries = reviewsSchema.table(
  'rating_summaries',
  {
    scope: ratingScope().notNull(),
    id: uuid().notNull(),
    count: integer().notNull().default(0),
    sum: integer().notNull().default(0),
    stars1: integer().notNull().default(0),
    stars2: integer().notNull().default(0),
    stars3: integer().notNull().default(0),
    stars4: integer().notNull().default(0),
    stars5: integer().notNull().default(0),
    verifiedCount: integer().notNull().default(0),
    version: integer().notNull().default(0),
    /** When the others were last told, and whether they have yet to hear the present state. */
    toldAt: moment(),
    tellDue: boolean().notNull().default(false),
  },
  (table) => [
    primaryKey({ name: 'rating_summaries_key', columns: [table.scope, table.id] }),
    index('rating_summaries_due')
      .on(table.toldAt)
      .where(sql`${table.tellDue}`),
    check(
      'rating_summaries_count',
      sql`${table.count} = ${table.stars1} + ${table.stars2} + ${table.stars3} + ${table.stars4} + ${table.stars5}`,
    ),
    check(
      'rating_summaries_sum',
      sql`${table.sum} = ${table.stars1} + 2 * ${table.stars2} + 3 * ${table.stars3} + 4 * ${table.stars4} + 5 * ${table.stars5}`,
    ),
    check(
      'rating_summaries_bounds',
      sql`least(${table.stars1}, ${table.stars2}, ${table.stars3}, ${table.stars4}, ${table.stars5}, ${table.verifiedCount}) >= 0 and ${table.verifiedCount} <= ${table.count}`,
    ),
  ],
);

export const aspectSummaries = reviewsSchema.table(
  'aspect_summaries',
  {
    scope: ratingScope().notNull(),
    id: uuid().notNull(),
    code: text().notNull(),
    count: integer().notNull().default(0),
    sum: integer().notNull().default(0),
  },
  (table) => [
    primaryKey({ name: 'aspect_summaries_key', columns: [table.scope, table.id, table.code] }),
    check('aspect_summaries_bounds', sql`${table.count} >= 0 and ${table.sum} between ${table.count} and 5 * ${table.count}`),
  ],
);

/** The mean rating of a kind, refreshed daily. */
export const kindMeans = reviewsSchema.table('kind_means', {
  kind: subjectKind().primaryKey(),
  mean: doublePrecision().notNull(),
  refreshedAt: updatedAt(),
});

/** Who received or enrolled in what. */
export const entitlements = reviewsSchema.table(
  'entitlements',
  { userId: uuid().notNull(), kind: subjectKind().notNull(), subjectId: uuid().notNull(), since: moment().notNull() },
  (table) => [
    primaryKey({ name: 'entitlements_key', columns: [table.userId, table.kind, table.subjectId] }),
    index('entitlements_subject').on(table.kind, table.subjectId),
  ],
);

/** Who stands on a seller's side. */
export const members = reviewsSchema.table(
  'members',
  {
    organizationId: uuid().notNull(),
    userId: uuid().notNull(),
    roleKey: text(),
    permissions: text().array().notNull(),
    active: boolean().notNull(),
    removed: boolean().notNull().default(false),
    epoch: integer().notNull(),
  },
  (table) => [primaryKey({ name: 'members_key', columns: [table.organizationId, table.userId] }), index('members_user').on(table.userId)],
);

/** Why a seller may not act: one row for each cause, so that the end of one does not end the other. */
export const inactiveSellers = reviewsSchema.table(
  'inactive_sellers',
  { organizationId: uuid().notNull(), cause: inactivityCause().notNull() },
  (table) => [primaryKey({ name: 'inactive_sellers_key', columns: [table.organizationId, table.cause] })],
);

export const suspendedPeople = reviewsSchema.table('suspended_people', { userId: uuid().primaryKey() });

/** How a seller wants its reviews: everybody may know it, the seller alone may change it. */
export const policies = reviewsSchema
  .table(
    'policies',
    {
      organizationId: uuid().primaryKey(),
      moderation: moderationMode().notNull().default('AFTER'),
      verifiedOnly: boolean().notNull().default(false),
      updatedAt: updatedAt(),
    },
    (table) => [tenantOnly(table.organizationId), publicRead('policies', sql`true`)],
  )
  .enableRLS();

export const outbox = outboxTable(reviewsSchema);
export const inbox = inboxTable(reviewsSchema);
export const idempotency = idempotencyTable(reviewsSchema);
export const deadLetters = deadLetterTable(reviewsSchema);
