import {
  entitlements,
  members,
  reviewEdits,
  reviewReplies,
  reviewReports,
  reviews,
  reviewVotes,
  suspendedPeople,
} from '@supergraph/db/reviews/tables';
import type { Db } from '@supergraph/platform/database';
import { behind, type Reading } from '@supergraph/platform/personal-data';
import { deleteInOrder } from '@supergraph/platform/tenant-erasure';
import { and, asc, eq, inArray, isNull, sql } from 'drizzle-orm';
import { eraseReview, findAspects } from './reviews.ts';

type Page = Pick<Reading, 'tx' | 'userId' | 'after' | 'limit'>;

/** What the person said of things, with their stars by criterion; those that they deleted say nothing any more. */
export async function readReviews({ tx, userId, after, limit }: Page) {
  const rows = await tx
    .select({
      id: reviews.id,
      subjectKind: reviews.kind,
      subjectId: reviews.subjectId,
      rating: reviews.rating,
      title: reviews.title,
      body: reviews.body,
      locale: reviews.locale,
      verified: reviews.verified,
      status: reviews.status,
      rejectionReason: reviews.rejectionReason,
      createdAt: reviews.createdAt,
      publishedAt: reviews.publishedAt,
      editedAt: reviews.editedAt,
      deletedAt: reviews.deletedAt,
    })
    .from(reviews)
    .where(and(eq(reviews.authorId, userId), behind([reviews.id], after)))
    .orderBy(asc(reviews.id))
    .limit(limit);
  if (rows.length === 0) return [];
  const aspects = Map.groupBy(
    await findAspects(
      tx,
      rows.map(({ id }) => id),
    ),
    ({ reviewId }) => reviewId,
  );
  return rows.map((row) => ({
    ...row,
    aspects: Object.fromEntries((aspects.get(row.id) ?? []).map(({ code, rating }) => [code, rating])),
  }));
}

/** What the person said before they changed it, and what waits for a moderator. */
export const readEdits = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({
      id: reviewEdits.id,
      reviewId: reviewEdits.reviewId,
      waiting: reviewEdits.waiting,
      rating: reviewEdits.rating,
      title: reviewEdits.title,
      body: reviewEdits.body,
      aspects: reviewEdits.aspects,
      submittedAt: reviewEdits.submittedAt,
    })
    .from(reviews)
    .innerJoin(reviewEdits, eq(reviewEdits.reviewId, reviews.id))
    .where(and(eq(reviews.authorId, userId), behind([reviewEdits.id], after)))
    .orderBy(asc(reviewEdits.id))
    .limit(limit);

/** Which reviews the person found helpful or not. */
export const readVotes = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({ id: reviewVotes.id, reviewId: reviewVotes.reviewId, value: reviewVotes.value, votedAt: reviewVotes.votedAt })
    .from(reviewVotes)
    .where(and(eq(reviewVotes.voterId, userId), behind([reviewVotes.id], after)))
    .orderBy(asc(reviewVotes.id))
    .limit(limit);

/** Which reviews the person reported, and why. */
export const readReports = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({
      id: reviewReports.id,
      reviewId: reviewReports.reviewId,
      reason: reviewReports.reason,
      note: reviewReports.note,
      createdAt: reviewReports.createdAt,
      resolvedAt: reviewReports.resolvedAt,
    })
    .from(reviewReports)
    .where(and(eq(reviewReports.reporterId, userId), behind([reviewReports.id], after)))
    .orderBy(asc(reviewReports.id))
    .limit(limit);

/** What the person answered in the name of a seller. */
export const readReplies = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({
      reviewId: reviewReplies.reviewId,
      organizationId: reviewReplies.organizationId,
      body: reviewReplies.body,
      createdAt: reviewReplies.createdAt,
      editedAt: reviewReplies.editedAt,
    })
    .from(reviewReplies)
    .where(and(eq(reviewReplies.replierId, userId), behind([reviewReplies.reviewId], after)))
    .orderBy(asc(reviewReplies.reviewId))
    .limit(limit);

/** What the person received or enrolled in. */
export const readEntitlements = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({ subjectKind: entitlements.kind, subjectId: entitlements.subjectId, since: entitlements.since })
    .from(entitlements)
    .where(and(eq(entitlements.userId, userId), behind([entitlements.kind, entitlements.subjectId], after)))
    .orderBy(asc(entitlements.kind), asc(entitlements.subjectId))
    .limit(limit);

/** On which sellers' side the person stands or stood. */
export const readMemberships = ({ tx, userId, after, limit }: Page) =>
  tx
    .select({
      organizationId: members.organizationId,
      roleKey: members.roleKey,
      permissions: members.permissions,
      active: members.active,
      removed: members.removed,
    })
    .from(members)
    .where(and(eq(members.userId, userId), behind([members.organizationId], after)))
    .orderBy(asc(members.organizationId))
    .limit(limit);

/** Whether the person is suspended. */
export const readSuspension = ({ tx, userId, after, limit }: Page) =>
  tx
    .select()
    .from(suspendedPeople)
    .where(and(eq(suspendedPeople.userId, userId), behind([suspendedPeople.userId], after)))
    .limit(limit);

/** Closes about so many reports of a person and makes them nobody's, without what was said; whether some may be left. */
export async function orphanReports(tx: Db, userId: string, now: Date, most: number): Promise<boolean> {
  const found = await tx.select({ id: reviewReports.id }).from(reviewReports).where(eq(reviewReports.reporterId, userId)).limit(most);
  if (found.length === 0) return false;
  const these = inArray(
    reviewReports.id,
    found.map(({ id }) => id),
  );
  const open = await tx
    .update(reviewReports)
    .set({ resolvedAt: now })
    .where(and(these, isNull(reviewReports.resolvedAt)))
    .returning({ reviewId: reviewReports.reviewId });
  // A person reports a review once at most.
  if (open.length > 0)
    await tx
      .update(reviews)
      .set({ openReports: sql`${reviews.openReports} - 1` })
      .where(
        inArray(
          reviews.id,
          open.map(({ reviewId }) => reviewId),
        ),
      );
  await tx.update(reviewReports).set({ reporterId: null, note: null }).where(these);
  return found.length === most;
}

/** Makes about so many votes of a person nobody's; they stay counted. */
export async function orphanVotes(tx: Db, userId: string, most: number): Promise<boolean> {
  const some = tx.select({ id: reviewVotes.id }).from(reviewVotes).where(eq(reviewVotes.voterId, userId)).limit(most);
  const done = await tx.update(reviewVotes).set({ voterId: null }).where(inArray(reviewVotes.id, some)).returning({ id: reviewVotes.id });
  return done.length === most;
}

/** Makes about so many answers of a person nobody's; they were the seller's. */
export async function orphanReplies(tx: Db, userId: string, most: number): Promise<boolean> {
  const some = tx.select({ id: reviewReplies.reviewId }).from(reviewReplies).where(eq(reviewReplies.replierId, userId)).limit(most);
  const done = await tx
    .update(reviewReplies)
    .set({ replierId: null })
    .where(inArray(reviewReplies.reviewId, some))
    .returning({ reviewId: reviewReplies.reviewId });
  return done.length === most;
}

/** Makes about so many reviews of a person nobody's. Published ones stay as they are, without former texts; what nobody else reads goes. */
export async function orphanReviews(tx: Db, userId: string, now: Date, most: number): Promise<boolean> {
  const found = await tx
    .select({ id: reviews.id, status: reviews.status, deletedAt: reviews.deletedAt })
    .from(reviews)
    .where(eq(reviews.authorId, userId))
    .limit(most);
  if (found.length === 0) return false;
  for (const { id, status, deletedAt } of found) if (status !== 'PUBLISHED' && !deletedAt) await eraseReview(tx, id, now);
  const ids = found.map(({ id }) => id);
  await tx.delete(reviewEdits).where(inArray(reviewEdits.reviewId, ids));
  await tx.update(reviews).set({ authorId: null, textHash: null, hasWaitingEdit: false }).where(inArray(reviews.id, ids));
  return found.length === most;
}

/** Forgets about so many memberships and entitlements of a person, and that they are suspended; whether some may be left. */
export const forgetStanding = (tx: Db, userId: string, most: number): Promise<boolean> =>
  deleteInOrder(tx, [members.userId, entitlements.userId, suspendedPeople.userId], userId, most);
