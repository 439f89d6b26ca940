import type { Permission } from './permissions.ts';
import type { Quota } from './service/quotas.ts';
import type { TenantContext } from './service/membership-context.ts';
import type { Invitation } from './store/invitations.ts';
import type { Member } from './store/memberships.ts';
import type { Organization, Settings } from './store/organizations.ts';
import type { Role } from './store/roles.ts';
import type { Team } from './store/teams.ts';

export type OrganizationMapper = Organization;
export type OrganizationMembershipMapper = Member;
export type OrganizationRoleMapper = Role;
export type TeamMapper = Team;
export type OrganizationPermissionMapper = Permission;
export type OrganizationInvitationMapper = Invitation;
export type OrganizationSettingsMapper = Settings;
export type OrganizationQuotaMapper = Quota;
export type MembershipContextMapper = TenantContext;
