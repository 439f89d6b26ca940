import { reaches, requireViewer } from '@supergraph/platform/context';
import { asPerson, asTenant, NoTenantChosen } from '@supergraph/platform/database';
import { conflict, notFound, staleVersion } from '@supergraph/platform/errors';
import { idInput, optional, parseInput, text } from '@supergraph/platform/input';
import { type Connection, type PageArguments, readPage, toConnection } from '@supergraph/platform/page';
import { requireStepUp } from '@supergraph/platform/step-up';
import { memberReinstated, memberRemoved, memberSuspended, memberUpdated } from '@supergraph/schema/events/organizations';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { canSeeMembership, isLive, isOwner } from '../policy.ts';
import {
  countMembers,
  countOwnMembers,
  findLiveMember,
  findMemberOf,
  findMembers,
  listMembers,
  listOwnMembers,
  type Member,
  type MemberOrder,
  updateMembership,
} from '../store/memberships.ts';
import { lockOrganization, type Organization, updateOrganization } from '../store/organizations.ts';
import { findRoleByKey, type Role } from '../store/roles.ts';
import { changesOf, record } from './audit.ts';
import { requireOtherOwner } from './owners.ts';
import { leaveTeams, requireTeams, setTeams, teamIdsInput } from './team-members.ts';
import { requestNotice, tellActive, tellStanding } from './tell.ts';
import { type Act, actInTenant, forgetLoaded, ownersOnly, requireGrantable, requireMayOwn, requireRole } from './tenant.ts';

const manage = 'organizations.member.manage';
const MemberWishes = z.strictObject({
  search: optional(text({ min: 1, max: 100 })),
  roleId: optional(idInput),
  teamId: optional(idInput),
  status: optional(z.enum(['ACTIVE', 'SUSPENDED', 'REMOVED', 'LEFT'])),
});
const MemberChange = z.strictObject({
  membershipId: idInput,
  version: z.int(),
  roleId: optional(idInput),
  teamIds: optional(teamIdsInput),
  title: optional(text({ max: 100 })),
});
const OneMember = z.strictObject({ membershipId: idInput });
const Leaving = z.strictObject({ membershipId: optional(idInput) });

/** A membership that the viewer may see, or null. */
export async function findMember(ctx: Context, id: string): Promise<Member | null> {
  if (!idInput.safeParse(id).success) return null;
  const member = await ctx.loaders.memberById.load(id);
  return member && canSeeMembership(ctx, member) ? member : null;
}

/** The viewer's own live membership of a tenant. */
export const findOwnMember = async (ctx: Context, organizationId: string): Promise<Member | null> =>
  ctx.viewer ? ctx.loaders.ownMemberByOrganization.load(organizationId) : null;

/** How many members a tenant has; null unless the viewer is an active one. */
export async function memberCountOf(ctx: Context, organization: Organization): Promise<number | null> {
  const own = await findOwnMember(ctx, organization.id);
  return own?.status === 'ACTIVE' ? organization.memberCount : null;
}

/** The members of the chosen tenant; null for another one. */
export async function pageOfMembers(
  ctx: Context,
  { id }: Organization,
  { filter, orderBy, ...args }: PageArguments & { filter?: unknown; orderBy?: MemberOrder | null | undefined },
): Promise<Connection<Member> | null> {
  if (ctx.organization?.id !== id) return null;
  const wishes = parseInput(MemberWishes, filter ?? {});
  const order = orderBy ?? { field: 'JOINED_AT', direction: 'DESC' };
  const page = readPage(ctx, args, ['members', id, wishes, order]);
  const rows = await asTenant(ctx.db, id, (tx) => listMembers(tx, page, id, wishes, order));
  const keyOf = (row: (typeof rows)[number]) => (order.field === 'NAME' ? [row.memberName, row.id] : [row.id]);
  return toConnection(ctx, page, rows, keyOf, () => asTenant(ctx.db, id, (tx) => countMembers(tx, id, wishes)));
}

/** The viewer's own live memberships; null on other people. */
export async function pageOfOwnMembers(ctx: Context, userId: string, args: PageArguments): Promise<Connection<Member> | null> {
  if (ctx.viewer?.userId !== userId) return null;
  const only = ctx.organization?.confined ? ctx.organization.id : null;
  const page = readPage(ctx, args, ['memberships', userId, only]);
  const rows = await asPerson(ctx.db, userId, (tx) => listOwnMembers(tx, page, userId, only));
  return toConnection(
    ctx,
    page,
    rows,
    (row) => [row.id],
    () => asPerson(ctx.db, userId, (tx) => countOwnMembers(tx, userId, only)),
  );
}

const wrongState = (message: string) => conflict(message, { reason: 'MEMBERSHIP_STATE' });

async function requireMember({ tx, organization, actor }: Act, membershipId: string): Promise<Member> {
  const member = await findMemberOf(tx, organization.id, membershipId);
  if (!member) throw notFound('Membership');
  if (!isLive(member)) throw wrongState('the membership has ended');
  if (isOwner(member) && !isOwner(actor)) throw ownersOnly();
  return member;
}

async function reread({ tx, organization }: Act, id: string): Promise<Member> {
  const member = await findMemberOf(tx, organization.id, id);
  if (!member) throw new Error('the membership that was changed is gone');
  return member;
}

const noticeOf = (
  act: Act,
  kind: 'ROLE_CHANGED' | 'REMOVED',
  { id, userId }: Member,
  fact: number,
  data: Readonly<Record<string, string>> = {},
) => ({ kind, recipientId: userId, organization: act.organization, subject: { type: 'OrganizationMembership', id }, fact, data }) as const;

/** Changes a member's role, teams or title in the chosen tenant. */
export async function changeMember(ctx: Context, input: unknown): Promise<Member> {
  const { membershipId, version, roleId, teamIds, title } = parseInput(MemberChange, input);
  return actInTenant(ctx, manage, async (act) => {
    const { tx } = act;
    const member = await requireMember(act, membershipId);
    if (member.version !== version) throw staleVersion(member.version);
    const role = roleId && roleId !== member.roleId ? await requireRole(act, roleId, 'roleId') : undefined;
    if (role) await requireRoleChange(ctx, act, member, role);
    if (teamIds) await requireTeams(act, teamIds, 'teamIds');
    await updateMembership(tx, member, { ...(role ? { roleId: role.id } : {}), ...(title === undefined ? {} : { title: title || null }) });
    if (teamIds) await setTeams(ctx, tx, member, teamIds);
    const changed = await reread(act, membershipId);
    const { epoch } = await updateOrganization(tx, act.organization.id);
    // Others would take a suspended member for an active one; they hear of the change on reinstatement.
    if (changed.status === 'ACTIVE') await tellActive(ctx, tx, memberUpdated, changed, epoch);
    if (role && member.id !== act.actor.id)
      await requestNotice(ctx, tx, noticeOf(act, 'ROLE_CHANGED', changed, changed.version, { roleName: role.name }));
    await record(ctx, tx, act.organization.id, { name: 'member.updated', target: membershipId, details: detailsOf(member, changed) });
    return changed;
  });
}

const shown = ({ userId, title, teamIds, role }: Member) => ({ userId, title, teamIds, roleKey: role.key });

/** Whom a change of a membership concerns, and what it changed. */
const detailsOf = (before: Member, after: Member) => ({
  userId: after.userId,
  ...changesOf(shown(before), shown(after), ['title', 'teamIds', 'roleKey']),
});

const recordOf = (name: string, { id, userId }: Member) => ({ name, target: id, details: { userId } });

async function requireRoleChange(ctx: Context, act: Act, member: Member, role: Role): Promise<void> {
  requireGrantable(act, role);
  await requireOtherOwner(act.tx, member);
  if (isOwner({ role })) await requireMayOwn(ctx, act.tx, member.userId);
}

/** Keeps a member of the chosen tenant from acting for now. */
export async function suspendMember(ctx: Context, input: unknown): Promise<Member> {
  const { membershipId } = parseInput(OneMember, input);
  return actInTenant(ctx, manage, async (act) => {
    const member = await requireMember(act, membershipId);
    if (member.status !== 'ACTIVE') throw wrongState('the member is suspended already');
    await requireOtherOwner(act.tx, member);
    await updateMembership(act.tx, member, { status: 'SUSPENDED' });
    const { epoch } = await updateOrganization(act.tx, act.organization.id);
    await tellStanding(ctx, act.tx, memberSuspended, member, epoch, 'SUSPENDED');
    await record(ctx, act.tx, act.organization.id, recordOf('member.suspended', member));
    return reread(act, membershipId);
  });
}

/** Lets a suspended member of the chosen tenant act again. */
export async function reinstateMember(ctx: Context, input: unknown): Promise<Member> {
  const { membershipId } = parseInput(OneMember, input);
  return actInTenant(ctx, manage, async (act) => {
    const member = await requireMember(act, membershipId);
    if (member.status !== 'SUSPENDED') throw wrongState('the member is not suspended');
    await updateMembership(act.tx, member, { status: 'ACTIVE' });
    const { epoch } = await updateOrganization(act.tx, act.organization.id);
    await tellStanding(ctx, act.tx, memberReinstated, member, epoch, 'REINSTATED');
    const reinstated = await reread(act, membershipId);
    // Role and teams may have changed in the meantime.
    const { epoch: next } = await updateOrganization(act.tx, act.organization.id);
    await tellActive(ctx, act.tx, memberUpdated, reinstated, next);
    await record(ctx, act.tx, act.organization.id, recordOf('member.reinstated', member));
    return reinstated;
  });
}

/** Ends a membership of the chosen tenant; what the member made stays. */
export async function removeMember(ctx: Context, input: unknown): Promise<Member> {
  const { membershipId } = parseInput(OneMember, input);
  return actInTenant(ctx, manage, async (act) => {
    const member = await requireMember(act, membershipId);
    await requireOtherOwner(act.tx, member);
    await updateMembership(act.tx, member, { status: 'REMOVED', endedAt: ctx.now() });
    await leaveTeams(ctx, act.tx, member);
    const { epoch } = await updateOrganization(act.tx, act.organization.id, {}, -1);
    await tellStanding(ctx, act.tx, memberRemoved, member, epoch, 'REMOVED');
    await record(ctx, act.tx, act.organization.id, recordOf('member.removed', member));
    if (member.id !== act.actor.id) await requestNotice(ctx, act.tx, noticeOf(act, 'REMOVED', member, member.version));
    return reread(act, membershipId);
  });
}

/** Ends the viewer's own membership; also in a tenant that is suspended, and for a member who is. */
export async function leave(ctx: Context, input: unknown): Promise<Member> {
  const { membershipId } = parseInput(Leaving, input);
  const { userId } = requireViewer(ctx);
  const organizationId = membershipId ? await tenantOfOwn(ctx, userId, membershipId) : ctx.organization?.id;
  if (!organizationId) throw new NoTenantChosen();
  if (!reaches(ctx, organizationId)) throw notFound('Membership');
  const left = await asTenant(ctx.db, organizationId, async (tx) => {
    const organization = await lockOrganization(tx, organizationId);
    const member = organization && (await findLiveMember(tx, organizationId, userId));
    // Who came back has a new membership: a late repeat of an earlier leaving must not end it.
    if (!member || (membershipId && member.id !== membershipId)) throw notFound('Membership');
    await requireOtherOwner(tx, member);
    await updateMembership(tx, member, { status: 'LEFT', endedAt: ctx.now(), leftSuspended: member.status === 'SUSPENDED' });
    await leaveTeams(ctx, tx, member);
    const { epoch } = await updateOrganization(tx, organizationId, {}, -1);
    await tellStanding(ctx, tx, memberRemoved, member, epoch, 'LEFT');
    await record(ctx, tx, organizationId, recordOf('member.left', member));
    return findMemberOf(tx, organizationId, member.id);
  });
  if (!left) throw notFound('Membership');
  forgetLoaded(ctx);
  return left;
}

async function tenantOfOwn(ctx: Context, userId: string, membershipId: string): Promise<string> {
  const [member] = await asPerson(ctx.db, userId, (tx) => findMembers(tx, [membershipId]));
  if (!member) throw notFound('Membership');
  return member.organizationId;
}

/** Makes another active member the owner and the viewer an administrator, in one act. */
export async function transferOwnership(ctx: Context, input: unknown): Promise<{ membership: Member; previousOwner: Member }> {
  const { membershipId } = parseInput(OneMember, input);
  await requireStepUp(ctx);
  return actInTenant(ctx, manage, async (act) => {
    const { tx, organization, actor } = act;
    if (!isOwner(actor)) throw ownersOnly();
    const heir = await requireMember(act, membershipId);
    if (heir.status !== 'ACTIVE' || isOwner(heir)) throw wrongState('ownership goes to an active member who is no owner yet');
    await requireMayOwn(ctx, tx, heir.userId);
    const [owner, administrator] = [await findRoleByKey(tx, organization.id, 'OWNER'), await findRoleByKey(tx, organization.id, 'ADMIN')];
    if (!owner || !administrator) throw new Error('an organization lacks its built-in roles');
    await updateMembership(tx, heir, { roleId: owner.id });
    // Whose account is suspended cannot act, and so takes nothing over.
    await requireOtherOwner(tx, actor);
    await updateMembership(tx, actor, { roleId: administrator.id });
    const { epoch } = await updateOrganization(tx, organization.id);
    const changed = { membership: await reread(act, heir.id), previousOwner: await reread(act, actor.id) };
    await tellActive(ctx, tx, memberUpdated, changed.membership, epoch);
    await tellActive(ctx, tx, memberUpdated, changed.previousOwner, epoch);
    const subject = { type: 'Organization', id: organization.id };
    await requestNotice(ctx, tx, { kind: 'OWNERSHIP', recipientId: heir.userId, organization, subject, fact: epoch });
    const details = { from: actor.userId, to: heir.userId };
    await record(ctx, tx, organization.id, { name: 'ownership.transferred', target: organization.id, details });
    return changed;
  });
}
