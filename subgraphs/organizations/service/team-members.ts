import type { Db } from '@supergraph/platform/database';
import { badInput, conflict } from '@supergraph/platform/errors';
import { idInput } from '@supergraph/platform/input';
import type { Emitter } from '@supergraph/platform/outbox';
import { teamUpdated } from '@supergraph/schema/events/organizations';
import { z } from 'zod';
import type { Member } from '../store/memberships.ts';
import { deleteTeamMembers, findTeamMembers, findTeamsOf, insertTeamMembers, type Team } from '../store/teams.ts';
import { tell } from './tell.ts';
import type { Act } from './tenant.ts';

const teamMemberLimit = 1_000;
const memberTeamLimit = 50;

/** The teams of one member, as an input names them. */
export const teamIdsInput = z
  .array(idInput)
  .max(memberTeamLimit, `must be at most ${memberTeamLimit}`)
  .transform((ids) => [...new Set(ids)]);

/** More than an organization may have of something. */
export const tooMany = (quota: string, limit: number, what: string) =>
  conflict(`${what} at most ${limit}`, { reason: 'QUOTA_EXCEEDED', quota: `organizations.${quota}`, limit });

/** BAD_USER_INPUT at the path unless all are teams of the tenant. */
export async function requireTeams({ tx, organization }: Act, ids: readonly string[], path: string): Promise<void> {
  const found = new Set((await findTeamsOf(tx, organization.id, ids)).map(({ id }) => id));
  const issues = ids.flatMap((id, index) =>
    found.has(id) ? [] : [{ path: `${path}.${index}`, message: 'is no team of this organization' }],
  );
  if (issues.length > 0) throw badInput(issues);
}

/** Tells who belongs to a team now. */
export async function tellTeams(ctx: Emitter, tx: Db, organizationId: string, teamIds: readonly string[]): Promise<void> {
  if (teamIds.length === 0) return;
  const rows = await findTeamMembers(tx, organizationId, teamIds);
  for (const teamId of teamIds) {
    const memberUserIds = rows.filter((row) => row.teamId === teamId).map(({ userId }) => userId);
    await tell(ctx, tx, teamUpdated, { organizationId, teamId, memberUserIds });
  }
}

/** Throws when a team has more members than it may. */
export async function requireRoom(tx: Db, { organizationId, id }: Pick<Team, 'organizationId' | 'id'>): Promise<void> {
  if ((await findTeamMembers(tx, organizationId, [id])).length > teamMemberLimit)
    throw tooMany('team_members', teamMemberLimit, 'a team has');
}

/** Throws when one of the members is in as many teams as they may be. */
export function requireRoomForTeam(members: readonly Member[], { id }: Team): void {
  const full = members.some(({ teamIds }) => !teamIds.includes(id) && teamIds.length >= memberTeamLimit);
  if (full) throw tooMany('member_teams', memberTeamLimit, 'a member is in');
}

/** Puts a member into exactly these teams of theirs and tells of each team that changed. */
export async function setTeams(ctx: Emitter, tx: Db, member: Member, teamIds: readonly string[]): Promise<void> {
  const { organizationId, id: membershipId } = member;
  const [added, removed] = [teamIds.filter((id) => !member.teamIds.includes(id)), member.teamIds.filter((id) => !teamIds.includes(id))];
  for (const id of removed) await deleteTeamMembers(tx, { organizationId, id }, [membershipId]);
  for (const team of await findTeamsOf(tx, organizationId, added)) {
    await insertTeamMembers(tx, team, [membershipId]);
    await requireRoom(tx, team);
  }
  await tellTeams(ctx, tx, organizationId, [...removed, ...added]);
}

/** Puts a new member into those of the teams that are still there and have room. */
export async function joinTeams(ctx: Emitter, tx: Db, member: Member, teamIds: readonly string[]): Promise<void> {
  if (teamIds.length === 0) return;
  const sizes = Map.groupBy(await findTeamMembers(tx, member.organizationId, teamIds), ({ teamId }) => teamId);
  const open = (await findTeamsOf(tx, member.organizationId, teamIds)).filter(({ id }) => (sizes.get(id)?.length ?? 0) < teamMemberLimit);
  await setTeams(
    ctx,
    tx,
    member,
    open.map(({ id }) => id),
  );
}

/** Takes somebody whose membership ends out of all teams. */
export const leaveTeams = (ctx: Emitter, tx: Db, member: Member): Promise<void> => setTeams(ctx, tx, member, []);
