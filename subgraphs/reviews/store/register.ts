import { entitlements, inactiveSellers, members, policies, reviews, subjects, suspendedPeople } from '@supergraph/db/reviews/tables';
import type { Db } from '@supergraph/platform/database';
import { and, eq, inArray, isNull, lt, lte, sql } from 'drizzle-orm';
import type { SubjectKind } from '../aspects.ts';
import { type Entitlement, type Member, type Policy, type Review, reviewColumns, type Subject } from './rows.ts';

/** Registered things of a kind, in any order; unknown ones are left out. */
export const findSubjects = (db: Db, kind: SubjectKind, ids: readonly string[]): Promise<Subject[]> =>
  db
    .select()
    .from(subjects)
    .where(and(eq(subjects.kind, kind), inArray(subjects.id, [...ids])));

/** Registers a thing, or what changed about it; an older version than the known one changes nothing. */
export async function saveSubject(db: Db, subject: Subject): Promise<void> {
  const { ownerId, status, version } = subject;
  await db
    .insert(subjects)
    .values(subject)
    .onConflictDoUpdate({
      target: [subjects.kind, subjects.id],
      set: { ownerId, status, version, title: sql`coalesce(excluded.title, ${subjects.title})` },
      setWhere: lt(subjects.version, version),
    });
}

/** Deletes at most so many subjects of an owner; their ids. */
export async function deleteSubjectsOf(tx: Db, ownerId: string, most: number): Promise<string[]> {
  const some = tx.select({ id: subjects.id }).from(subjects).where(eq(subjects.ownerId, ownerId)).limit(most);
  const rows = await tx
    .delete(subjects)
    .where(and(eq(subjects.ownerId, ownerId), inArray(subjects.id, some)))
    .returning({ id: subjects.id });
  return rows.map(({ id }) => id);
}

// ——— People ———

/** One person's memberships in some organizations. */
export const findMemberships = (db: Db, userId: string, organizationIds: readonly string[]): Promise<Member[]> =>
  db
    .select()
    .from(members)
    .where(and(eq(members.userId, userId), inArray(members.organizationId, [...organizationIds])));

/** Who of an organization may speak for it, at most 500 people. */
export async function findSpeakers(db: Db, organizationId: string, permission: string): Promise<string[]> {
  const rows = await db
    .select({ userId: members.userId })
    .from(members)
    .where(
      and(
        eq(members.organizationId, organizationId),
        eq(members.active, true),
        eq(members.removed, false),
        sql`${permission} = any(${members.permissions})`,
      ),
    )
    .limit(500);
  return rows.map(({ userId }) => userId);
}

/** Writes a membership; an older epoch than the known one changes nothing. */
export async function saveMember(db: Db, member: Omit<Member, 'removed'>): Promise<void> {
  const { roleKey, permissions, active, epoch } = member;
  await db
    .insert(members)
    .values(member)
    .onConflictDoUpdate({
      target: [members.organizationId, members.userId],
      set: { roleKey, permissions, active, removed: false, epoch },
      setWhere: lte(members.epoch, epoch),
    });
}

/** Suspends, reinstates or ends a membership; an older epoch than the known one changes nothing. An unknown one is noted, so that its older events find it. */
export async function changeMember(
  db: Db,
  change: { organizationId: string; userId: string; epoch: number; active: boolean; removed: boolean },
): Promise<void> {
  const { active, removed, epoch } = change;
  await db
    .insert(members)
    .values({ ...change, roleKey: null, permissions: [] })
    .onConflictDoUpdate({
      target: [members.organizationId, members.userId],
      set: { active, removed, epoch },
      setWhere: lte(members.epoch, epoch),
    });
}

/** Gives all members of a role its new permissions, or with `becomes` those of the role that takes its place. */
export async function changeRole(
  db: Db,
  change: { organizationId: string; roleKey: string; becomes?: string; permissions: string[]; epoch: number },
): Promise<void> {
  const { organizationId, roleKey, becomes = roleKey, permissions, epoch } = change;
  await db
    .update(members)
    .set({ roleKey: becomes, permissions, epoch })
    .where(and(eq(members.organizationId, organizationId), eq(members.roleKey, roleKey), lte(members.epoch, epoch)));
}

/** Those of some people who are suspended. */
export async function findSuspended(db: Db, userIds: readonly string[]): Promise<{ userId: string }[]> {
  return db
    .select()
    .from(suspendedPeople)
    .where(inArray(suspendedPeople.userId, [...userIds]));
}

/** Notes that a seller may not act, or that one cause of it is over. */
export async function saveInactivity(
  tx: Db,
  organizationId: string,
  cause: (typeof inactiveSellers.$inferInsert)['cause'],
  inactive: boolean,
): Promise<void> {
  if (inactive) await tx.insert(inactiveSellers).values({ organizationId, cause }).onConflictDoNothing();
  else await tx.delete(inactiveSellers).where(and(eq(inactiveSellers.organizationId, organizationId), eq(inactiveSellers.cause, cause)));
}

/** Whether a seller may not act for now. */
export async function isInactive(tx: Db, organizationId: string): Promise<boolean> {
  const rows = await tx
    .select({ cause: inactiveSellers.cause })
    .from(inactiveSellers)
    .where(eq(inactiveSellers.organizationId, organizationId))
    .limit(1);
  return rows.length > 0;
}

/** Notes that a person is suspended, or no longer. */
export async function saveSuspension(db: Db, userId: string, suspended: boolean): Promise<void> {
  if (suspended) await db.insert(suspendedPeople).values({ userId }).onConflictDoNothing();
  else await db.delete(suspendedPeople).where(eq(suspendedPeople.userId, userId));
}

// ——— Entitlements ———

/** Which of some things a person received. */
export const findEntitlements = (db: Db, userId: string, kind: SubjectKind, subjectIds: readonly string[]): Promise<Entitlement[]> =>
  db
    .select()
    .from(entitlements)
    .where(and(eq(entitlements.userId, userId), eq(entitlements.kind, kind), inArray(entitlements.subjectId, [...subjectIds])));

/** Notes that a person received a thing, and locks their unverified review of it, if there is one. */
export async function insertEntitlement(tx: Db, entitlement: Entitlement): Promise<Review | null> {
  await tx.insert(entitlements).values(entitlement).onConflictDoNothing();
  const { userId, kind, subjectId } = entitlement;
  const [review] = await tx
    .select(reviewColumns)
    .from(reviews)
    .where(
      and(
        eq(reviews.authorId, userId),
        eq(reviews.kind, kind),
        eq(reviews.subjectId, subjectId),
        eq(reviews.verified, false),
        isNull(reviews.deletedAt),
      ),
    )
    .for('update');
  return review ?? null;
}

// ——— Policies ———

/** The sellers' settings; sellers that never set them are left out. */
export const findPolicies = (db: Db, organizationIds: readonly string[]): Promise<Policy[]> =>
  db
    .select({ organizationId: policies.organizationId, moderation: policies.moderation, verifiedOnly: policies.verifiedOnly })
    .from(policies)
    .where(inArray(policies.organizationId, [...organizationIds]));

/** Writes a seller's settings; only behind the seller's door. */
export async function savePolicy(
  tx: Db,
  organizationId: string,
  change: Partial<Omit<Policy, 'organizationId'>>,
  updatedAt: Date,
): Promise<Policy> {
  const [policy] = await tx
    .insert(policies)
    .values({ organizationId, ...change, updatedAt })
    .onConflictDoUpdate({ target: policies.organizationId, set: { ...change, updatedAt } })
    .returning();
  if (!policy) throw new Error('the insert gave no row back');
  return policy;
}

/** Forgets a seller's settings; only behind the seller's door. */
export async function deletePolicy(tx: Db, organizationId: string): Promise<void> {
  await tx.delete(policies).where(eq(policies.organizationId, organizationId));
}
