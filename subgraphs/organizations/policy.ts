import { hasPermission } from '@supergraph/platform/access';
import type { ChosenOrganization, Viewer } from '@supergraph/platform/context';
import { memberPermissionKeys, permissionKeys } from './permissions.ts';
import type { Invitation, InvitationStatus } from './store/invitations.ts';
import type { Member } from './store/memberships.ts';
import type { Role } from './store/roles.ts';

type RoleLike = Pick<Role, 'builtIn' | 'key' | 'permissions'>;
type Standing = Pick<Member, 'guestsSeeMembers'> & { readonly role: RoleLike };

/** What a role gives: built-in ones by the table, so that new keys reach owners and administrators by themselves. */
export function permissionsOf({ builtIn, key, permissions }: RoleLike): readonly string[] {
  if (!builtIn) return permissions;
  if (key === 'OWNER' || key === 'ADMIN') return permissionKeys;
  return key === 'MEMBER' ? memberPermissionKeys : [];
}

/** What a member may do: what their role gives, and for guests what the settings open to them. */
export function permissionsOfMember({ role, guestsSeeMembers }: Standing): readonly string[] {
  const opened = role.builtIn && role.key === 'GUEST' && guestsSeeMembers ? ['organizations.member.read'] : [];
  return [...permissionsOf(role), ...opened];
}

/** What of these permissions somebody does not hold and so cannot give. */
export function missingToGrant(actor: Standing, permissions: readonly string[]): string[] {
  const held = new Set(permissionsOfMember(actor));
  return permissions.filter((permission) => !held.has(permission));
}

export const isOwner = ({ role }: { readonly role: Pick<Role, 'builtIn' | 'key'> }): boolean => role.builtIn && role.key === 'OWNER';

/** Whether a membership still counts. */
export const isLive = ({ status }: Pick<Member, 'status'>): boolean => status === 'ACTIVE' || status === 'SUSPENDED';

interface Asking {
  readonly viewer: Pick<Viewer, 'userId'> | null;
  readonly organization: ChosenOrganization | null;
}

/** A membership is seen by its person, and in its own tenant by those who may see members. */
export const canSeeMembership = (asking: Asking, membership: Pick<Member, 'userId' | 'organizationId'>): boolean =>
  asking.viewer?.userId === membership.userId ||
  (asking.organization?.id === membership.organizationId && hasPermission(asking, 'organizations.member.read'));

/** An invitation is seen in its own tenant by those who may invite. */
export const canSeeInvitation = (asking: Asking, invitation: Pick<Invitation, 'organizationId'>): boolean =>
  asking.organization?.id === invitation.organizationId && hasPermission(asking, 'organizations.member.invite');

/** The state that people see: nobody has to write down that time is over. */
export const statusOfInvitation = ({ status, expiresAt }: Pick<Invitation, 'status' | 'expiresAt'>, now: Date): InvitationStatus =>
  status === 'PENDING' && expiresAt <= now ? 'EXPIRED' : status;

/** Whether an address is of one of these domains; an empty list allows all. */
export const isAllowedAddress = (emailFold: string, domains: readonly string[]): boolean =>
  domains.length === 0 || domains.includes(emailFold.slice(emailFold.lastIndexOf('@') + 1));
