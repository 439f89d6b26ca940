import { defineEvent } from '@supergraph/platform/events';
import { z } from 'zod';

const organization = z.object({ organizationId: z.uuid() });
const described = organization.extend({
  slug: z.string(),
  name: z.string(),
  logoFileId: z.uuid().nullable(),
  locale: z.string(),
  timeZone: z.string(),
  currency: z.string(),
  version: z.int(),
});

/** A tenant was made. */
export const organizationCreated = defineEvent('organizations.organization.created', 1, 'organizationId', described);

/** A tenant's name, slug, logo or locale changed. */
export const organizationUpdated = defineEvent('organizations.organization.updated', 1, 'organizationId', described);

/** A tenant may be read but not changed. */
export const organizationSuspended = defineEvent('organizations.organization.suspended', 1, 'organizationId', organization);

/** A suspended tenant works again. */
export const organizationReinstated = defineEvent('organizations.organization.reinstated', 1, 'organizationId', organization);

/** A tenant's deletion was scheduled. */
export const organizationArchived = defineEvent('organizations.organization.archived', 1, 'organizationId', organization);

/** A tenant's deletion was called off. */
export const organizationRestored = defineEvent('organizations.organization.restored', 1, 'organizationId', organization);

/** A tenant is to be erased; every domain removes its rows and answers `<domain>.tenant.erased`. */
export const organizationDeleted = defineEvent('organizations.organization.deleted', 1, 'organizationId', organization);

/** Whoever keeps rows of tenants is asked to say so; at each start of organizations. */
export const tenantRowsAsked = defineEvent('organizations.tenant_rows.asked', 1, 'domain', z.object({ domain: z.string() }));

/** These domains have not answered within a day that they erased a deleted tenant; they are asked again. */
export const organizationErasureOverdue = defineEvent(
  'organizations.organization.erasure_overdue',
  1,
  'organizationId',
  organization.extend({ domains: z.array(z.string()) }),
);

const membership = organization.extend({ membershipId: z.uuid(), userId: z.uuid(), epoch: z.int() });
const activeMembership = membership.extend({ roleKey: z.string(), permissions: z.array(z.string()), teamIds: z.array(z.uuid()) });

/** A person became a member. */
export const memberAdded = defineEvent('organizations.member.added', 1, 'organizationId', activeMembership);

/** A member's role or teams changed. */
export const memberUpdated = defineEvent('organizations.member.updated', 1, 'organizationId', activeMembership);

const endedMembership = membership.extend({ reason: z.enum(['REMOVED', 'LEFT', 'ACCOUNT_DELETED', 'SUSPENDED', 'REINSTATED']) });

/** A member may not act for now. */
export const memberSuspended = defineEvent('organizations.member.suspended', 1, 'organizationId', endedMembership);

/** A suspended member may act again. */
export const memberReinstated = defineEvent('organizations.member.reinstated', 1, 'organizationId', endedMembership);

/** A membership ended. */
export const memberRemoved = defineEvent('organizations.member.removed', 1, 'organizationId', endedMembership);

/** A role's permissions changed, and with them those of all its members. */
export const roleUpdated = defineEvent(
  'organizations.role.updated',
  1,
  'organizationId',
  organization.extend({ roleId: z.uuid(), key: z.string(), permissions: z.array(z.string()), epoch: z.int() }),
);

/** A custom role is gone; whoever had it has the replacement, whose permissions these are. */
export const roleDeleted = defineEvent(
  'organizations.role.deleted',
  1,
  'organizationId',
  organization.extend({
    roleId: z.uuid(),
    key: z.string(),
    replacementKey: z.string(),
    permissions: z.array(z.string()),
    epoch: z.int(),
  }),
);

const team = organization.extend({ teamId: z.uuid(), memberUserIds: z.array(z.uuid()) });

/** A team was made, or its name or its members changed; these are all its members now. */
export const teamUpdated = defineEvent('organizations.team.updated', 1, 'organizationId', team);

/** A team is gone; these were its members. */
export const teamDeleted = defineEvent('organizations.team.deleted', 1, 'organizationId', team);

/** How a tenant works changed; these are all its settings now. */
export const organizationSettingsUpdated = defineEvent(
  'organizations.settings.updated',
  1,
  'organizationId',
  organization.extend({
    settings: z.object({
      requireMfa: z.boolean(),
      defaultRoleId: z.uuid(),
      invitationDays: z.int(),
      guestsSeeMembers: z.boolean(),
      allowedInviteDomains: z.array(z.string()),
      locale: z.string(),
      timeZone: z.string(),
      currency: z.string(),
      weekStartsOn: z.int(),
      version: z.int(),
    }),
  }),
);

/** A limit was set; null is unlimited. The domain that owns the quota enforces it. */
export const quotaChanged = defineEvent(
  'organizations.quota.changed',
  1,
  'organizationId',
  organization.extend({ key: z.string(), limit: z.int().nullable() }),
);

const invitation = organization.extend({ invitationId: z.uuid() });

/** Somebody was invited; the link travels by mail alone. */
export const invitationCreated = defineEvent(
  'organizations.invitation.created',
  1,
  'organizationId',
  invitation.extend({ inviteeUserId: z.uuid().nullable(), roleKey: z.string(), invitedById: z.uuid() }),
);

/** An invitation was accepted. */
export const invitationAccepted = defineEvent(
  'organizations.invitation.accepted',
  1,
  'organizationId',
  invitation.extend({ userId: z.uuid() }),
);

/** An invitation was declined. */
export const invitationDeclined = defineEvent(
  'organizations.invitation.declined',
  1,
  'organizationId',
  invitation.extend({ userId: z.uuid() }),
);
