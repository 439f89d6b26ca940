import { hasPermission } from '@supergraph/platform/access';
import { asPerson, asTenant } from '@supergraph/platform/database';
import { badInput, conflict, isUniqueViolation, notFound, staleVersion } from '@supergraph/platform/errors';
import { idInput, nameText, optional, parseInput } from '@supergraph/platform/input';
import { type Connection, type PageArguments, readPage, toConnection } from '@supergraph/platform/page';
import type { Emitter } from '@supergraph/platform/outbox';
import { memberUpdated, teamDeleted } from '@supergraph/schema/events/organizations';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { isLive } from '../policy.ts';
import { countMembers, findMembersOf, listMembers, type Member } from '../store/memberships.ts';
import { type Organization, updateOrganization } from '../store/organizations.ts';
import {
  countTeams,
  deleteTeam as deleteTeamRow,
  deleteTeamMembers,
  findTeamMembers,
  findTeamsOf,
  insertTeam,
  insertTeamMembers,
  listTeams,
  type Team,
  updateTeam,
} from '../store/teams.ts';
import { changesOf, record } from './audit.ts';
import { findOwnMember } from './members.ts';
import { requireRoom, requireRoomForTeam, tellTeams, tooMany } from './team-members.ts';
import { tell, tellActive } from './tell.ts';
import { type Act, actInTenant } from './tenant.ts';

const manage = 'organizations.team.manage';
const teamLimit = 500;
const name = nameText({ max: 60 });
const membershipIds = optional(z.array(idInput).max(100, 'must be at most 100'));

const NewTeam = z.strictObject({ name, membershipIds });
const TeamChange = z.strictObject({
  id: idInput,
  version: z.int(),
  name: optional(name),
  addMembershipIds: membershipIds,
  removeMembershipIds: membershipIds,
});

/** A team that the viewer may see: of a tenant of theirs, or of the chosen one. */
export async function findTeam(ctx: Context, id: string): Promise<Team | null> {
  return ctx.viewer && idInput.safeParse(id).success ? ctx.loaders.teamById.load(id) : null;
}

/** Those of the teams that are there. */
export async function teamsOf(ctx: Context, ids: readonly string[]): Promise<Team[]> {
  const found = await Promise.all(ids.map((id) => findTeam(ctx, id)));
  return found.filter((team) => team !== null);
}

/** All teams of a tenant; null unless the viewer is an active member. */
export async function pageOfTeams(ctx: Context, { id }: Organization, args: PageArguments): Promise<Connection<Team> | null> {
  const own = await findOwnMember(ctx, id);
  if (own?.status !== 'ACTIVE') return null;
  const page = readPage(ctx, args, ['teams', id]);
  const rows = await asPerson(ctx.db, own.userId, (tx) => listTeams(tx, page, id));
  return toConnection(
    ctx,
    page,
    rows,
    (row) => [row.key, row.id],
    () => asPerson(ctx.db, own.userId, (tx) => countTeams(tx, id)),
  );
}

/** The members of a team of the chosen tenant; null where the viewer may not see members. */
export async function pageOfTeamMembers(ctx: Context, team: Team, args: PageArguments): Promise<Connection<Member> | null> {
  const { organizationId, id: teamId } = team;
  if (ctx.organization?.id !== organizationId || !hasPermission(ctx, 'organizations.member.read')) return null;
  const page = readPage(ctx, args, ['team-members', teamId]);
  const order = { field: 'JOINED_AT', direction: 'DESC' } as const;
  const rows = await asTenant(ctx.db, organizationId, (tx) => listMembers(tx, page, organizationId, { teamId }, order));
  return toConnection(
    ctx,
    page,
    rows,
    (row) => [row.id],
    () => asTenant(ctx.db, organizationId, (tx) => countMembers(tx, organizationId, { teamId })),
  );
}

const translate = (error: unknown): unknown =>
  isUniqueViolation(error, 'teams_name') ? conflict('the organization has a team with this name', { reason: 'TEAM_NAME_TAKEN' }) : error;

async function requireTeam({ tx, organization }: Act, id: string): Promise<Team> {
  const [team] = await findTeamsOf(tx, organization.id, [id]);
  if (!team) throw notFound('Team');
  return team;
}

async function requireLiveMembers({ tx, organization }: Act, ids: readonly string[], path: string): Promise<Member[]> {
  const found = new Map((await findMembersOf(tx, organization.id, ids)).filter(isLive).map((member) => [member.id, member]));
  const issues = ids.flatMap((id, index) => (found.has(id) ? [] : [{ path: `${path}.${index}`, message: 'is no live membership' }]));
  if (issues.length > 0) throw badInput(issues);
  return [...found.values()];
}

/** Tells what members may do whose teams changed; one epoch for all of them. */
async function tellMembers(ctx: Emitter, { tx, organization }: Act, ids: readonly string[]): Promise<void> {
  const { epoch } = await updateOrganization(tx, organization.id);
  const members = await findMembersOf(tx, organization.id, ids);
  for (const member of members) if (member.status === 'ACTIVE') await tellActive(ctx, tx, memberUpdated, member, epoch);
}

async function addMembers({ tx }: Act, team: Team, members: readonly Member[]): Promise<void> {
  requireRoomForTeam(members, team);
  await insertTeamMembers(
    tx,
    team,
    members.map(({ id }) => id),
  );
  await requireRoom(tx, team);
}

/** Makes a team of the chosen tenant. */
export async function createTeam(ctx: Context, input: unknown): Promise<Team> {
  const { name: wanted, membershipIds: ids = [] } = parseInput(NewTeam, input);
  try {
    return await actInTenant(ctx, manage, async (act) => {
      const { tx, organization } = act;
      const members = await requireLiveMembers(act, ids, 'membershipIds');
      if ((await countTeams(tx, organization.id)) >= teamLimit) throw tooMany('teams', teamLimit, 'an organization has');
      const team = await insertTeam(tx, { organizationId: organization.id, name: wanted, createdAt: ctx.now() });
      await addMembers(act, team, members);
      await tellTeams(ctx, tx, organization.id, [team.id]);
      await tellMembers(
        ctx,
        act,
        members.map(({ id }) => id),
      );
      await record(ctx, tx, organization.id, { name: 'team.created', target: team.id, details: { name: wanted, membershipIds: ids } });
      return team;
    });
  } catch (error) {
    throw translate(error);
  }
}

/** Changes a team of the chosen tenant. */
export async function changeTeam(ctx: Context, input: unknown): Promise<Team> {
  const { id, version, name: wanted, addMembershipIds = [], removeMembershipIds = [] } = parseInput(TeamChange, input);
  try {
    return await actInTenant(ctx, manage, async (act) => {
      const { tx, organization } = act;
      const team = await requireTeam(act, id);
      if (team.version !== version) throw staleVersion(team.version);
      const added = await requireLiveMembers(act, addMembershipIds, 'addMembershipIds');
      await deleteTeamMembers(tx, team, removeMembershipIds);
      await addMembers(act, team, added);
      const changed = await updateTeam(tx, team, wanted === undefined ? {} : { name: wanted });
      await tellTeams(ctx, tx, organization.id, [id]);
      await tellMembers(ctx, act, [...new Set([...addMembershipIds, ...removeMembershipIds])]);
      const details = { ...changesOf(team, changed, ['name']), addMembershipIds, removeMembershipIds };
      await record(ctx, tx, organization.id, { name: 'team.updated', target: id, details });
      return changed;
    });
  } catch (error) {
    throw translate(error);
  }
}

/** Deletes a team of the chosen tenant; its members stay in the tenant. */
export async function deleteTeam(ctx: Context, input: unknown): Promise<string> {
  const { id } = parseInput(z.strictObject({ id: idInput }), input);
  return actInTenant(ctx, manage, async (act) => {
    const { tx, organization } = act;
    const team = await requireTeam(act, id);
    const members = await findTeamMembers(tx, organization.id, [id]);
    await deleteTeamMembers(tx, team);
    await deleteTeamRow(tx, team);
    const memberUserIds = members.map(({ userId }) => userId);
    await tell(ctx, tx, teamDeleted, { organizationId: organization.id, teamId: id, memberUserIds });
    await tellMembers(
      ctx,
      act,
      members.map(({ membershipId }) => membershipId),
    );
    await record(ctx, tx, organization.id, { name: 'team.deleted', target: id, details: { name: team.name } });
    return id;
  });
}
