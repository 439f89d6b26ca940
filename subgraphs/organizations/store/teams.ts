import { invitations, memberships, teamMembers, teams } from '@supergraph/db/organizations/tables';
import type { Db } from '@supergraph/platform/database';
import { keyset, type Page } from '@supergraph/platform/page';
import { and, count, eq, inArray, sql } from 'drizzle-orm';

export type Team = typeof teams.$inferSelect;
type TeamKey = Pick<Team, 'organizationId' | 'id'>;

/** Teams by id that the transaction may read. */
export const findTeams = (db: Db, ids: readonly string[]): Promise<Team[]> =>
  db
    .select()
    .from(teams)
    .where(inArray(teams.id, [...ids]));

/** A tenant's teams among these ids. */
export const findTeamsOf = (tx: Db, organizationId: string, ids: readonly string[]): Promise<Team[]> =>
  tx
    .select()
    .from(teams)
    .where(and(eq(teams.organizationId, organizationId), inArray(teams.id, [...ids])));

const nameOf = sql<string>`lower(${teams.name})`;

/** A tenant's teams by name. */
export function listTeams(db: Db, page: Page, organizationId: string): Promise<(Team & { key: string })[]> {
  const { where, orderBy } = keyset(page, [
    { column: nameOf, direction: 'ASC', type: 'text' },
    { column: teams.id, direction: 'ASC', type: 'uuid' },
  ]);
  return db
    .select({
      id: teams.id,
      organizationId: teams.organizationId,
      name: teams.name,
      version: teams.version,
      createdAt: teams.createdAt,
      key: nameOf,
    })
    .from(teams)
    .where(and(eq(teams.organizationId, organizationId), where))
    .orderBy(...orderBy)
    .limit(page.size + 1);
}

/** How many teams a tenant has. */
export async function countTeams(db: Db, organizationId: string): Promise<number> {
  const [row] = await db.select({ total: count() }).from(teams).where(eq(teams.organizationId, organizationId));
  return row?.total ?? 0;
}

/** Inserts a team. */
export async function insertTeam(tx: Db, values: typeof teams.$inferInsert): Promise<Team> {
  const [made] = await tx.insert(teams).values(values).returning();
  if (!made) throw new Error('the insert gave no row back');
  return made;
}

/** Changes a team and raises its version. */
export async function updateTeam(tx: Db, { organizationId, id }: TeamKey, change: Partial<Pick<Team, 'name'>>): Promise<Team> {
  const [changed] = await tx
    .update(teams)
    .set({ ...change, version: sql`${teams.version} + 1` })
    .where(and(eq(teams.organizationId, organizationId), eq(teams.id, id)))
    .returning();
  if (!changed) throw new Error('the team to change is gone');
  return changed;
}

/** Deletes a team that has no members, and takes it out of invitations. */
export async function deleteTeam(tx: Db, { organizationId, id }: TeamKey): Promise<void> {
  await tx
    .update(invitations)
    .set({ teamIds: sql`array_remove(${invitations.teamIds}, ${id}::uuid)` })
    .where(and(eq(invitations.organizationId, organizationId), sql`${id}::uuid = any(${invitations.teamIds})`));
  await tx.delete(teams).where(and(eq(teams.organizationId, organizationId), eq(teams.id, id)));
}

/** The members of teams of a tenant, by membership and person. */
export const findTeamMembers = (
  tx: Db,
  organizationId: string,
  teamIds: readonly string[],
): Promise<{ teamId: string; membershipId: string; userId: string }[]> =>
  tx
    .select({ teamId: teamMembers.teamId, membershipId: teamMembers.membershipId, userId: memberships.userId })
    .from(teamMembers)
    .innerJoin(memberships, and(eq(memberships.organizationId, teamMembers.organizationId), eq(memberships.id, teamMembers.membershipId)))
    .where(and(eq(teamMembers.organizationId, organizationId), inArray(teamMembers.teamId, [...teamIds])))
    .orderBy(teamMembers.teamId, teamMembers.membershipId);

/** Puts memberships into a team; those that are in it stay. */
export async function insertTeamMembers(tx: Db, { organizationId, id }: TeamKey, membershipIds: readonly string[]): Promise<void> {
  if (membershipIds.length === 0) return;
  await tx
    .insert(teamMembers)
    .values(membershipIds.map((membershipId) => ({ organizationId, teamId: id, membershipId })))
    .onConflictDoNothing();
}

/** Takes memberships out of a team; all of them unless some are named. */
export async function deleteTeamMembers(tx: Db, { organizationId, id }: TeamKey, membershipIds?: readonly string[]): Promise<void> {
  await tx
    .delete(teamMembers)
    .where(
      and(
        eq(teamMembers.organizationId, organizationId),
        eq(teamMembers.teamId, id),
        membershipIds ? inArray(teamMembers.membershipId, [...membershipIds]) : undefined,
      ),
    );
}
