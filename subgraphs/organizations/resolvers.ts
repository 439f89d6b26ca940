import { permissions } from './permissions.ts';
import { permissionsOf, permissionsOfMember, statusOfInvitation } from './policy.ts';
import type { CompleteResolvers } from './schema.types.ts';
import { pageOfAuditEvents } from './service/audit.ts';
import { cancelDeletion, deletionOf, scheduleDeletion } from './service/deletion.ts';
import { recordOf } from './service/dns.ts';
import { addDomain, changeDomain, domainsOf, removeDomain, verifyDomain } from './service/domains.ts';
import {
  acceptInvitation,
  declineInvitation,
  findByToken,
  findInvitation,
  ownInvitations,
  pageOfInvitations,
} from './service/invitations.ts';
import { inviteMembers, resendInvitation, revokeInvitation } from './service/invite.ts';
import {
  changeMember,
  findMember,
  findOwnMember,
  leave,
  memberCountOf,
  pageOfMembers,
  pageOfOwnMembers,
  reinstateMember,
  removeMember,
  suspendMember,
  transferOwnership,
} from './service/members.ts';
import { findMembershipContext, listActiveOrganizations } from './service/membership-context.ts';
import {
  changeOrganization,
  createOrganization,
  findBySlug,
  findOrganization,
  pageOfOrganizations,
  reinstateOrganization,
  requireOrganization,
  suspendOrganization,
} from './service/organization.ts';
import { quotasOf, setQuota } from './service/quotas.ts';
import {
  changeRole,
  createRole,
  deleteRole,
  findRole,
  isAssignable,
  memberCountOfRole,
  requireKnownRole,
  rolesOf,
} from './service/roles.ts';
import { changeSettings, settingsOf } from './service/settings.ts';
import { changeTeam, createTeam, deleteTeam, findTeam, pageOfTeamMembers, pageOfTeams, teamsOf } from './service/teams.ts';
import { watchMemberships, watchOrganization } from './service/watch.ts';
import type { Member } from './store/memberships.ts';
import type { Organization } from './store/organizations.ts';

export const resolvers: CompleteResolvers = {
  Query: {
    organization: (_, { id }, ctx) => findOrganization(ctx, id),
    organizationBySlug: (_, { slug }, ctx) => findBySlug(ctx, slug),
    currentOrganization: (_, _args, ctx) => (ctx.organization ? findOrganization(ctx, ctx.organization.id) : null),
    organizationPermissions: () => permissions,
    invitationByToken: (_, { token }, ctx) => findByToken(ctx, token),
    organizations: (_, args, ctx) => pageOfOrganizations(ctx, args),
    membershipContext: (_, args, ctx) => findMembershipContext(ctx, args),
    activeOrganizations: (_, { userId }, ctx) => listActiveOrganizations(ctx, userId),
  },
  Mutation: {
    createOrganization: async (_, { input }, ctx) => ({ organization: await createOrganization(ctx, input) }),
    updateOrganization: async (_, { input }, ctx) => ({ organization: await changeOrganization(ctx, input) }),
    updateOrganizationSettings: async (_, { input }, ctx) => ({ settings: await changeSettings(ctx, input) }),
    inviteMembers: (_, { input }, ctx) => inviteMembers(ctx, input),
    resendInvitation: async (_, { input }, ctx) => ({ invitation: await resendInvitation(ctx, input) }),
    revokeInvitation: async (_, { input }, ctx) => ({ invitation: await revokeInvitation(ctx, input) }),
    acceptInvitation: async (_, { input }, ctx) => ({ membership: await acceptInvitation(ctx, input) }),
    declineInvitation: async (_, { input }, ctx) => ({ invitation: await declineInvitation(ctx, input) }),
    updateOrganizationMember: async (_, { input }, ctx) => ({ membership: await changeMember(ctx, input) }),
    suspendOrganizationMember: async (_, { input }, ctx) => ({ membership: await suspendMember(ctx, input) }),
    reinstateOrganizationMember: async (_, { input }, ctx) => ({ membership: await reinstateMember(ctx, input) }),
    removeOrganizationMember: async (_, { input }, ctx) => ({ membership: await removeMember(ctx, input) }),
    leaveOrganization: async (_, { input }, ctx) => ({ membership: await leave(ctx, input) }),
    transferOwnership: (_, { input }, ctx) => transferOwnership(ctx, input),
    createOrganizationRole: async (_, { input }, ctx) => ({ role: await createRole(ctx, input) }),
    updateOrganizationRole: async (_, { input }, ctx) => ({ role: await changeRole(ctx, input) }),
    deleteOrganizationRole: async (_, { input }, ctx) => ({ deletedId: await deleteRole(ctx, input) }),
    createTeam: async (_, { input }, ctx) => ({ team: await createTeam(ctx, input) }),
    updateTeam: async (_, { input }, ctx) => ({ team: await changeTeam(ctx, input) }),
    deleteTeam: async (_, { input }, ctx) => ({ deletedId: await deleteTeam(ctx, input) }),
    addOrganizationDomain: async (_, { input }, ctx) => ({ domain: await addDomain(ctx, input) }),
    verifyOrganizationDomain: async (_, { input }, ctx) => ({ domain: await verifyDomain(ctx, input) }),
    updateOrganizationDomain: async (_, { input }, ctx) => ({ domain: await changeDomain(ctx, input) }),
    removeOrganizationDomain: async (_, { input }, ctx) => ({ deletedId: await removeDomain(ctx, input) }),
    scheduleOrganizationDeletion: async (_, { input }, ctx) => ({ organization: await scheduleDeletion(ctx, input) }),
    cancelOrganizationDeletion: async (_, { input }, ctx) => ({ organization: await cancelDeletion(ctx, input) }),
    suspendOrganization: async (_, { input }, ctx) => ({ organization: await suspendOrganization(ctx, input) }),
    reinstateOrganization: async (_, { input }, ctx) => ({ organization: await reinstateOrganization(ctx, input) }),
    setQuota: async (_, { input }, ctx) => ({ quota: await setQuota(ctx, input) }),
  },
  Subscription: {
    membershipChanged: { subscribe: (_, _args, ctx) => watchMemberships(ctx), resolve: (member: Member) => member },
    organizationChanged: {
      subscribe: (_, { organizationId }, ctx) => watchOrganization(ctx, organizationId),
      resolve: (organization: Organization) => organization,
    },
  },
  Organization: {
    __resolveReference: ({ id }, ctx) => findOrganization(ctx, id),
    viewerMembership: (organization, _, ctx) => findOwnMember(ctx, organization.id),
    memberCount: (organization, _, ctx) => memberCountOf(ctx, organization),
    members: (organization, args, ctx) => pageOfMembers(ctx, organization, args),
    roles: (organization, _, ctx) => rolesOf(ctx, organization),
    teams: (organization, args, ctx) => pageOfTeams(ctx, organization, args),
    settings: (organization, _, ctx) => settingsOf(ctx, organization),
    quotas: (organization, _, ctx) => quotasOf(ctx, organization),
    invitations: (organization, args, ctx) => pageOfInvitations(ctx, organization, args),
    domains: (organization, _, ctx) => domainsOf(ctx, organization),
    deletion: (organization, _, ctx) => deletionOf(ctx, organization),
    auditEvents: (organization, args, ctx) => pageOfAuditEvents(ctx, organization, args),
  },
  OrganizationMembership: {
    __resolveReference: ({ id }, ctx) => findMember(ctx, id),
    organization: (member, _, ctx) => requireOrganization(ctx, member.organizationId),
    user: (member) => ({ id: member.userId }),
    teams: (member, _, ctx) => teamsOf(ctx, member.teamIds),
    permissions: (member) => permissionsOfMember(member),
  },
  OrganizationRole: {
    __resolveReference: ({ id }, ctx) => findRole(ctx, id),
    permissions: (role) => permissionsOf(role),
    memberCount: (role, _, ctx) => memberCountOfRole(ctx, role),
  },
  Team: {
    __resolveReference: ({ id }, ctx) => findTeam(ctx, id),
    members: (team, args, ctx) => pageOfTeamMembers(ctx, team, args),
  },
  OrganizationPermission: { assignable: ({ key }, _, ctx) => isAssignable(ctx, key) },
  OrganizationInvitation: {
    __resolveReference: ({ id }, ctx) => findInvitation(ctx, id),
    status: (invitation, _, ctx) => statusOfInvitation(invitation, ctx.now()),
    invitedBy: ({ invitedById }) => (invitedById === null ? null : { id: invitedById }),
  },
  OrganizationDomain: { dnsRecord: ({ name, challenge }) => recordOf(name, challenge) },
  OrganizationAuditEvent: { actor: ({ actorId }) => (actorId === null ? null : { id: actorId }) },
  OrganizationSettings: { defaultRole: (settings, _, ctx) => requireKnownRole(ctx, settings.defaultRoleId) },
  User: {
    memberships: (user, args, ctx) => pageOfOwnMembers(ctx, user.id, args),
    organizationInvitations: (user, _, ctx) => ownInvitations(ctx, user.id),
  },
};
