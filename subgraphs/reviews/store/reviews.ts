import {
  inactiveSellers,
  members,
  aspectSummaries,
  type AspectRatings,
  ratingSummaries,
  reviewAspects,
  reviewEdits,
  reviewReplies,
  reviewReports,
  reviews,
  reviewVotes,
} from '@supergraph/db/reviews/tables';
import type { Db } from '@supergraph/platform/database';
import { deleteInOrder } from '@supergraph/platform/tenant-erasure';
import { and, asc, count, desc, eq, gt, inArray, isNotNull, isNull, ne, sql } from 'drizzle-orm';
import type { SubjectKind } from '../aspects.ts';
import { type Edit, type NewReview, type Reply, type Review, reviewColumns } from './rows.ts';

/** Lets one person's writes here pass one after the other until the transaction ends; taken before any row. */
export async function lockPerson(tx: Db, userId: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`reviews:${userId}`}, 0))`);
}

/** Reviews by id, in any order; unknown and deleted ones are left out. */
export const findReviews = (db: Db, ids: readonly string[]): Promise<Review[]> =>
  db
    .select(reviewColumns)
    .from(reviews)
    .where(and(inArray(reviews.id, [...ids]), isNull(reviews.deletedAt)));

/** A review, locked until the transaction ends. */
export async function lockReview(tx: Db, id: string): Promise<Review | null> {
  const [review] = await tx
    .select(reviewColumns)
    .from(reviews)
    .where(and(eq(reviews.id, id), isNull(reviews.deletedAt)))
    .for('update');
  return review ?? null;
}

/** One author's live reviews of things of a kind. */
export const findReviewsBy = (db: Db, authorId: string, kind: SubjectKind, subjectIds: readonly string[]): Promise<Review[]> =>
  db
    .select(reviewColumns)
    .from(reviews)
    .where(
      and(eq(reviews.authorId, authorId), eq(reviews.kind, kind), inArray(reviews.subjectId, [...subjectIds]), isNull(reviews.deletedAt)),
    );

/** Inserts a review with its stars by criterion. */
export async function insertReview(tx: Db, values: NewReview, aspects: AspectRatings): Promise<Review> {
  const [review] = await tx.insert(reviews).values(values).returning(reviewColumns);
  if (!review) throw new Error('the insert gave no row back');
  await insertAspects(tx, review.id, aspects);
  return review;
}

/** Changes a review. */
export async function updateReview(tx: Db, id: string, values: Partial<NewReview>): Promise<Review> {
  const [review] = await tx.update(reviews).set(values).where(eq(reviews.id, id)).returning(reviewColumns);
  if (!review) throw new Error('the review that was changed is gone');
  return review;
}

/** Takes a review and all that was said in it away; the row stays for the pace of its author. */
export async function eraseReview(tx: Db, id: string, deletedAt: Date): Promise<void> {
  await tx.update(reviews).set({ deletedAt, title: null, body: null, textHash: null, hasWaitingEdit: false }).where(eq(reviews.id, id));
  await tx.delete(reviewEdits).where(eq(reviewEdits.reviewId, id));
  await tx.delete(reviewReplies).where(eq(reviewReplies.reviewId, id));
  await tx.delete(reviewAspects).where(eq(reviewAspects.reviewId, id));
}

/** How many other live reviews of an author have the same text. */
export async function countSameText(db: Db, authorId: string, textHash: string, exceptId?: string): Promise<number> {
  const [row] = await db
    .select({ total: count() })
    .from(reviews)
    .where(
      and(
        eq(reviews.authorId, authorId),
        eq(reviews.textHash, textHash),
        isNull(reviews.deletedAt),
        exceptId ? ne(reviews.id, exceptId) : undefined,
      ),
    );
  return row?.total ?? 0;
}

/** Stars by criterion of many reviews, in the order of the codes. */
export const findAspects = (db: Db, reviewIds: readonly string[]): Promise<(typeof reviewAspects.$inferSelect)[]> =>
  db
    .select()
    .from(reviewAspects)
    .where(inArray(reviewAspects.reviewId, [...reviewIds]))
    .orderBy(asc(reviewAspects.code));

/** One review's stars by criterion. */
export const findAspectRatings = async (db: Db, reviewId: string): Promise<AspectRatings> =>
  Object.fromEntries((await findAspects(db, [reviewId])).map(({ code, rating }) => [code, rating]));

async function insertAspects(tx: Db, reviewId: string, aspects: AspectRatings): Promise<void> {
  const rows = Object.entries(aspects).map(([code, rating]) => ({ reviewId, code, rating }));
  if (rows.length > 0) await tx.insert(reviewAspects).values(rows);
}

/** Puts stars by criterion in place of a review's former ones. */
export async function replaceAspects(tx: Db, reviewId: string, aspects: AspectRatings): Promise<void> {
  await tx.delete(reviewAspects).where(eq(reviewAspects.reviewId, reviewId));
  await insertAspects(tx, reviewId, aspects);
}

const waitingOf = (reviewId: string) => and(eq(reviewEdits.reviewId, reviewId), eq(reviewEdits.waiting, true));

/** The changes that wait for a moderator, of many reviews. */
export const findWaitingEdits = (db: Db, reviewIds: readonly string[]): Promise<Edit[]> =>
  db
    .select()
    .from(reviewEdits)
    .where(and(inArray(reviewEdits.reviewId, [...reviewIds]), eq(reviewEdits.waiting, true)));

/** Keeps a text of a review: a former one, or the one that waits. */
export async function insertEdit(tx: Db, values: typeof reviewEdits.$inferInsert): Promise<void> {
  await tx.insert(reviewEdits).values(values);
}

/** Takes the waiting change away. */
export async function deleteWaitingEdit(tx: Db, reviewId: string): Promise<void> {
  await tx.delete(reviewEdits).where(waitingOf(reviewId));
}

/** Makes the waiting change one of the former texts. */
export async function archiveWaitingEdit(tx: Db, reviewId: string): Promise<void> {
  await tx.update(reviewEdits).set({ waiting: false }).where(waitingOf(reviewId));
}

// ——— Votes ———

export type Vote = (typeof reviewVotes.$inferSelect)['value'];

/** One person's votes on many reviews, those taken back left out. */
export const findVotes = (db: Db, voterId: string, reviewIds: readonly string[]): Promise<(typeof reviewVotes.$inferSelect)[]> =>
  db
    .select()
    .from(reviewVotes)
    .where(and(eq(reviewVotes.voterId, voterId), inArray(reviewVotes.reviewId, [...reviewIds]), isNotNull(reviewVotes.value)));

/** Writes a person's vote, in place of a former one. */
export async function saveVote(tx: Db, vote: { reviewId: string; voterId: string; value: Vote; votedAt: Date }): Promise<void> {
  const { value, votedAt } = vote;
  await tx
    .insert(reviewVotes)
    .values(vote)
    .onConflictDoUpdate({ target: [reviewVotes.reviewId, reviewVotes.voterId], set: { value, votedAt } });
}

// ——— Reports ———

/** Writes a person's report; false when there was one. */
export async function insertReport(tx: Db, values: typeof reviewReports.$inferInsert): Promise<boolean> {
  const rows = await tx.insert(reviewReports).values(values).onConflictDoNothing().returning({ id: reviewReports.id });
  return rows.length > 0;
}

/** Closes a review's open reports. */
export async function closeReports(tx: Db, reviewId: string, resolvedAt: Date): Promise<void> {
  await tx
    .update(reviewReports)
    .set({ resolvedAt })
    .where(and(eq(reviewReports.reviewId, reviewId), isNull(reviewReports.resolvedAt)));
}

// ——— Replies ———

/** The answers to many reviews. */
export const findReplies = (db: Db, reviewIds: readonly string[]): Promise<Reply[]> =>
  db
    .select()
    .from(reviewReplies)
    .where(inArray(reviewReplies.reviewId, [...reviewIds]));

/** Writes an answer, in place of a former one; `createdAt` stays that of the first. */
export async function saveReply(tx: Db, reply: typeof reviewReplies.$inferInsert & { createdAt: Date }): Promise<boolean> {
  const { body, replierId, organizationId, createdAt: editedAt } = reply;
  const [saved] = await tx
    .insert(reviewReplies)
    .values(reply)
    .onConflictDoUpdate({ target: reviewReplies.reviewId, set: { body, replierId, organizationId, editedAt } })
    .returning({ editedAt: reviewReplies.editedAt });
  return saved?.editedAt === null;
}

/** Deletes an answer; false when there was none. */
export async function deleteReply(tx: Db, reviewId: string): Promise<boolean> {
  const rows = await tx.delete(reviewReplies).where(eq(reviewReplies.reviewId, reviewId)).returning({ reviewId: reviewReplies.reviewId });
  return rows.length > 0;
}

// ——— Pace ———

/** What a person does at a limited pace. */
export type Act = 'REVIEW' | 'VOTE' | 'REPORT';

/** When the person did it for the n-th last time since a moment; undefined when they did it less often. */
export async function findNthLast(db: Db, act: Act, userId: string, n: number, since: Date): Promise<Date | undefined> {
  const times = {
    REVIEW: () =>
      db
        .select({ at: reviews.createdAt })
        .from(reviews)
        .where(and(eq(reviews.authorId, userId), gt(reviews.createdAt, since)))
        .orderBy(desc(reviews.createdAt))
        .limit(n),
    VOTE: () =>
      db
        .select({ at: reviewVotes.votedAt })
        .from(reviewVotes)
        .where(and(eq(reviewVotes.voterId, userId), gt(reviewVotes.votedAt, since)))
        .orderBy(desc(reviewVotes.votedAt))
        .limit(n),
    REPORT: () =>
      db
        .select({ at: reviewReports.createdAt })
        .from(reviewReports)
        .where(and(eq(reviewReports.reporterId, userId), gt(reviewReports.createdAt, since)))
        .orderBy(desc(reviewReports.createdAt))
        .limit(n),
  };
  return (await times[act]())[n - 1]?.at;
}

// ——— Erasing ———

/** Deletes about so many reviews of what an organization sold, with all that hangs from them, and its members; whether some may be left. */
export const eraseSeller = (tx: Db, organizationId: string, most: number): Promise<boolean> =>
  deleteInOrder(tx, [reviews.ownerId, members.organizationId, inactiveSellers.organizationId], organizationId, most);

/** Deletes the sums of things and of a seller. */
export async function eraseSummaries(tx: Db, ids: readonly string[]): Promise<void> {
  await tx.delete(ratingSummaries).where(inArray(ratingSummaries.id, [...ids]));
  await tx.delete(aspectSummaries).where(inArray(aspectSummaries.id, [...ids]));
}
