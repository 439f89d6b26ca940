import { reaches, type RequestContext } from '@supergraph/platform/context';
import { asPerson, asTenant, inScope } from '@supergraph/platform/database';
import { loadById, loadManyBy } from '@supergraph/platform/loader';
import { findInvitationsOf } from './store/invitations.ts';
import { findLiveMembersOf, findMembers } from './store/memberships.ts';
import { findOrganizations, findSettings } from './store/organizations.ts';
import { countMembersOfRoles, findRoles, listRoles } from './store/roles.ts';
import { findTeams } from './store/teams.ts';

/** Loaders live for one request; each opens the narrowest door to the protected rows that its keys need. */
export const createLoaders = (ctx: Pick<RequestContext, 'db' | 'viewer' | 'organization'>) => {
  const { db, viewer, organization } = ctx;
  /** A person's own rows are behind every door; a token that works in one tenant alone sees those of that one. */
  const within = <Row extends { readonly organizationId: string }>(rows: Row[]): Row[] =>
    rows.filter(({ organizationId }) => reaches(ctx, organizationId));
  return {
    organizationById: loadById(
      (ids) => findOrganizations(db, ids),
      (row) => row.id,
    ),
    memberById: loadById(
      async (ids) => within(await inScope(ctx, (tx) => findMembers(tx, ids))),
      (row) => row.id,
    ),
    /** The viewer's own live membership, by tenant. */
    ownMemberByOrganization: loadById(
      async (organizationIds) =>
        viewer ? within(await asPerson(db, viewer.userId, (tx) => findLiveMembersOf(tx, viewer.userId, organizationIds))) : [],
      (row) => row.organizationId,
    ),
    roleById: loadById(
      async (ids) => within(await inScope(ctx, (tx) => findRoles(tx, ids))),
      (row) => row.id,
    ),
    teamById: loadById(
      async (ids) => within(await inScope(ctx, (tx) => findTeams(tx, ids))),
      (row) => row.id,
    ),
    rolesByOrganization: loadManyBy(
      async (organizationIds) => within(await inScope(ctx, (tx) => listRoles(tx, organizationIds))),
      (row) => row.organizationId,
    ),
    /** Live members of roles of the chosen tenant. */
    memberCountByRole: loadById(
      async (roleIds) => (organization ? asTenant(db, organization.id, (tx) => countMembersOfRoles(tx, organization.id, roleIds)) : []),
      (row) => row.roleId,
    ),
    settingsByOrganization: loadById(
      async (organizationIds) => within(await inScope(ctx, (tx) => findSettings(tx, organizationIds))),
      (row) => row.organizationId,
    ),
    /** Invitations of the chosen tenant. */
    invitationById: loadById(
      async (ids) => (organization ? asTenant(db, organization.id, (tx) => findInvitationsOf(tx, organization.id, ids)) : []),
      (row) => row.id,
    ),
  };
};
export type Loaders = ReturnType<typeof createLoaders>;
