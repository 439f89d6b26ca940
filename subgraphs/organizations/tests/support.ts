import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RuntimeSettings } from '@supergraph/platform/config';
import type { ChosenOrganization, Viewer } from '@supergraph/platform/context';
import { person, type RunResult, testSubgraph, type TestSubgraph } from '@supergraph/platform/testing';
import { userRegistered } from '@supergraph/schema/events/accounts';
import { subgraph } from '../index.ts';

export interface Someone {
  readonly viewer: Viewer;
  readonly email: string;
}

/** The subgraph under test with a fake accounts that knows who has which address. */
export function testOrganizations(settings: Partial<RuntimeSettings> = {}) {
  const addresses = new Map<string, string>();
  /** Whose proof accounts does not take for enough. */
  const unproven = new Set<string>();
  const accounts = (_document: string, { ids = [], userId }: Readonly<Record<string, unknown>>) => ({
    isProven: !unproven.has(String(userId)),
    userSummaries: (ids as string[]).map((id) => ({ id, email: addresses.get(id) ?? null, status: 'ACTIVE' })),
  });
  const graph = testSubgraph(subgraph, { answers: { accounts }, settings });
  let number = 0;

  /** A person whom accounts has told of. */
  const register = async (name: string, overrides: Partial<Viewer> = {}): Promise<Someone> => {
    const viewer = person(overrides);
    const handle = `${name.toLowerCase()}-${++number}`;
    const email = `${handle}@example.com`;
    addresses.set(viewer.userId, email);
    await graph.deliver(userRegistered, {
      userId: viewer.userId,
      kind: viewer.kind,
      handle,
      displayName: name,
      email,
      locale: 'en',
      timeZone: 'UTC',
      version: 1,
    });
    return { viewer, email };
  };

  /** The organization as the gateway would choose it for a request of this person. */
  const enter = async (who: Someone, organizationId: string): Promise<ChosenOrganization> => {
    const variables = { userId: who.viewer.userId, organizationId };
    const { data } = await graph.run(contextOf, { variables, service: 'gateway', as: null });
    const context = data.membershipContext;
    if (!context) throw new Error('no active member');
    return { id: organizationId, membershipId: context.membershipId, role: context.roleKey, permissions: context.permissions };
  };

  const found = async (owner: Someone, name = 'Acme'): Promise<string> => {
    const { data } = await graph.run(createOrganization, { input: { name }, as: owner.viewer });
    return data.createOrganization.organization.id;
  };

  const act = async (
    who: Someone,
    organizationId: string,
    document: string,
    input?: unknown,
    variables?: Readonly<Record<string, unknown>>,
  ): Promise<RunResult> =>
    graph.run(document, {
      as: who.viewer,
      in: await enter(who, organizationId),
      ...(input === undefined ? {} : { input }),
      ...(variables ? { variables } : {}),
    });

  const roles = async (who: Someone, organizationId: string): Promise<Record<string, string>> => {
    const { data } = await graph.run(`query ($id: ID!) { organization(id: $id) { roles { id key } } }`, {
      variables: { id: organizationId },
      as: who.viewer,
    });
    return Object.fromEntries(data.organization.roles.map(({ id, key }: { id: string; key: string }) => [key, id]));
  };

  /** Invites and accepts; the membership's id. */
  const bring = async (owner: Someone, organizationId: string, guest: Someone, key = 'MEMBER'): Promise<string> => {
    const roleId = (await roles(owner, organizationId))[key];
    const invited = await act(owner, organizationId, inviteMembers, { invitations: [{ email: guest.email, roleId }] });
    const invitationId = invited.data.inviteMembers.invitations[0].id;
    const { data, errors } = await graph.run(acceptInvitation, { input: { invitationId }, as: guest.viewer });
    if (errors) throw new Error(JSON.stringify(errors));
    return data.acceptInvitation.membership.id;
  };

  return { ...graph, addresses, unproven, register, enter, found, act, roles, bring, mails: () => mailsOf(graph) };
}

export interface Captured {
  readonly to: string;
  readonly token: string;
  readonly raw: string;
}

/** The mails that went out, oldest first. */
async function mailsOf(graph: TestSubgraph): Promise<Captured[]> {
  await graph.settle();
  const folder = join(graph.settings.dataDirectory, 'mail');
  await mkdir(folder, { recursive: true });
  const files = (await readdir(folder)).toSorted();
  return Promise.all(
    files.map(async (file) => {
      const raw = await readFile(join(folder, file), 'utf8');
      const plain = raw.replaceAll(/=\r?\n/g, '').replaceAll('=3D', '=');
      return { to: /^To: (.+?)\r?$/m.exec(raw)?.[1] ?? '', token: /token=([\w-]+)/.exec(plain)?.[1] ?? '', raw };
    }),
  );
}

export const contextOf = `query ($userId: ID!, $organizationId: ID!) { membershipContext(userId: $userId, organizationId: $organizationId) { organizationId membershipId roleKey permissions teamIds requireMfa status epoch } }`;
export const createOrganization = `mutation ($input: CreateOrganizationInput!) { createOrganization(input: $input) { organization { id slug name status version memberCount viewerMembership { id status role { key builtIn } permissions joinedBy } } } }`;
export const updateOrganization = `mutation ($input: UpdateOrganizationInput!) { updateOrganization(input: $input) { organization { id slug name version } } }`;
export const updateSettings = `mutation ($input: UpdateOrganizationSettingsInput!) { updateOrganizationSettings(input: $input) { settings { requireMfa invitationDays guestsSeeMembers allowedInviteDomains locale timeZone currency weekStartsOn version defaultRole { key } } } }`;
export const inviteMembers = `mutation ($input: InviteMembersInput!) { inviteMembers(input: $input) { invitations { id email status role { key } invitedBy { id } organization { name } expiresAt } failures { index email code message } } }`;
export const resendInvitation = `mutation ($input: ResendInvitationInput!) { resendInvitation(input: $input) { invitation { id status expiresAt } } }`;
export const revokeInvitation = `mutation ($input: RevokeInvitationInput!) { revokeInvitation(input: $input) { invitation { id status } } }`;
export const acceptInvitation = `mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { membership { id status joinedBy role { key } permissions organization { id name memberCount } user { id } } } }`;
export const declineInvitation = `mutation ($input: DeclineInvitationInput!) { declineInvitation(input: $input) { invitation { id status } } }`;
export const updateMember = `mutation ($input: UpdateOrganizationMemberInput!) { updateOrganizationMember(input: $input) { membership { id version title role { key } teams { name } permissions } } }`;
export const suspendMember = `mutation ($input: SuspendOrganizationMemberInput!) { suspendOrganizationMember(input: $input) { membership { id status version } } }`;
export const reinstateMember = `mutation ($input: ReinstateOrganizationMemberInput!) { reinstateOrganizationMember(input: $input) { membership { id status } } }`;
export const removeMember = `mutation ($input: RemoveOrganizationMemberInput!) { removeOrganizationMember(input: $input) { membership { id status } } }`;
export const leaveOrganization = `mutation ($input: LeaveOrganizationInput!) { leaveOrganization(input: $input) { membership { id status } } }`;
export const transferOwnership = `mutation ($input: TransferOwnershipInput!) { transferOwnership(input: $input) { membership { role { key } } previousOwner { role { key } } } }`;
export const createRole = `mutation ($input: CreateOrganizationRoleInput!) { createOrganizationRole(input: $input) { role { id key name permissions builtIn memberCount version } } }`;
export const updateRole = `mutation ($input: UpdateOrganizationRoleInput!) { updateOrganizationRole(input: $input) { role { id name permissions version } } }`;
export const deleteRole = `mutation ($input: DeleteOrganizationRoleInput!) { deleteOrganizationRole(input: $input) { deletedId } }`;
export const suspendOrganization = `mutation ($input: SuspendOrganizationInput!) { suspendOrganization(input: $input) { organization { id status } } }`;
export const reinstateOrganization = `mutation ($input: ReinstateOrganizationInput!) { reinstateOrganization(input: $input) { organization { id status } } }`;
export const setQuota = `mutation ($input: SetQuotaInput!) { setQuota(input: $input) { quota { key limit used resetsAt } } }`;
export const createTeam = `mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { id name version } } }`;
export const updateTeam = `mutation ($input: UpdateTeamInput!) { updateTeam(input: $input) { team { id name version members { nodes { id } totalCount } } } }`;
export const deleteTeam = `mutation ($input: DeleteTeamInput!) { deleteTeam(input: $input) { deletedId } }`;
export const scheduleDeletion = `mutation ($input: ScheduleOrganizationDeletionInput!) { scheduleOrganizationDeletion(input: $input) { organization { id status deletion { scheduledAt erasesAt domainsDone domainsPending } } } }`;
export const cancelDeletion = `mutation ($input: CancelOrganizationDeletionInput!) { cancelOrganizationDeletion(input: $input) { organization { id status deletion { erasesAt } } } }`;
const domain = 'domain { id name status dnsRecord autoJoin joinRole { key } verifiedAt }';
export const addDomain = `mutation ($input: AddOrganizationDomainInput!) { addOrganizationDomain(input: $input) { ${domain} } }`;
export const verifyDomain = `mutation ($input: VerifyOrganizationDomainInput!) { verifyOrganizationDomain(input: $input) { ${domain} } }`;
export const updateDomain = `mutation ($input: UpdateOrganizationDomainInput!) { updateOrganizationDomain(input: $input) { ${domain} } }`;
export const removeDomain = `mutation ($input: RemoveOrganizationDomainInput!) { removeOrganizationDomain(input: $input) { deletedId } }`;
