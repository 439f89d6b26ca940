import { auditEvents, invitations, memberships, people } from '@supergraph/db/organizations/tables';
import { asTenant, type Db } from '@supergraph/platform/database';
import type { Emitter } from '@supergraph/platform/outbox';
import { definePersonalData, holding, stays } from '@supergraph/platform/personal-data';
import { memberRemoved } from '@supergraph/schema/events/organizations';
import { personalDataEvents } from '@supergraph/schema/events/platform';
import type { Context } from '../context.ts';
import { findLiveMember, listTenantsOf, updateMembership } from '../store/memberships.ts';
import { lockOrganization, updateOrganization } from '../store/organizations.ts';
import { erasePerson } from '../store/people.ts';
import {
  blankInvitation,
  listNamedInvitations,
  listWorded,
  type OwnRow,
  readActs,
  readAddressed,
  readInvitations,
  readMemberships,
  readPerson,
  readSent,
  readTeams,
} from '../store/personal-data.ts';
import { record } from './audit.ts';
import { replaceLostOwner } from './owners.ts';
import { leaveTeams } from './team-members.ts';
import { tellStanding } from './tell.ts';

const tenantsAtOnce = 20;
const rowsAtOnce = 100;
const byId = ({ id }: { readonly id: string }) => [id];

/** What organizations holds of people. Tenants keep that somebody was a member and what was done; not who it was. */
export const personalData = definePersonalData({
  events: personalDataEvents('organizations'),
  columns: [
    ...stays('a tombstone without data keeps late news from bringing the person back', people.userId),
    ...stays('the tenant keeps that somebody was a member, and until when', memberships.userId),
    ...stays('the log of a tenant is kept for 400 days', auditEvents.actorId),
    ...stays('who invited whom leads to nobody any more, and no address is left', invitations.invitedById, invitations.inviteeUserId),
  ],
  holdings: [
    holding({
      name: 'profile',
      description: 'Your names and your address as your account has them, copied so that members find you.',
      read: readPerson,
      key: ({ userId }) => [userId],
    }),
    holding({
      name: 'memberships',
      description: 'The organizations that you are or were a member of.',
      read: readMemberships,
      key: byId,
    }),
    holding({ name: 'teams', description: 'The teams that you are in.', read: readTeams, key: ({ teamId }) => [teamId] }),
    holding({ name: 'invitations', description: 'Invitations to you.', read: readInvitations, key: byId }),
    holding({
      name: 'invitations-to-address',
      description: 'Invitations to your present address, known as yours or not.',
      read: readAddressed,
      key: byId,
    }),
    holding({
      name: 'invitations-sent',
      description: 'Invitations that you sent in the name of an organization, without whom you invited.',
      read: readSent,
      key: byId,
    }),
    holding({
      name: 'acts',
      description: 'What the logs of organizations say that you did in them, for 400 days; the rest of an entry is the organization’s.',
      read: readActs,
      key: byId,
    }),
  ],
  erase: eraseSome,
});

/** A stretch of a person's erasure; the address goes last, for it is what invitations are found by. */
async function eraseSome(ctx: Context, tx: Db, userId: string): Promise<boolean> {
  const tenants = await listTenantsOf(tx, userId);
  // In the order of their ids, so that two events never wait for each other.
  const next = tenants.map(({ organizationId }) => organizationId).toSorted();
  for (const organizationId of next.slice(0, tenantsAtOnce)) await leave(ctx, tx, organizationId, userId);
  if (next.length > tenantsAtOnce) return true;
  const worded = await listWorded(tx, userId, rowsAtOnce);
  await forEachTenant(tx, worded, (own, membership) => updateMembership(own, membership, { title: null, memberName: '' }));
  const invited = await listNamedInvitations(tx, userId, rowsAtOnce);
  await forEachTenant(tx, invited, blankInvitation);
  if (worded.length === rowsAtOnce || invited.length > 0) return true;
  await erasePerson(tx, userId);
  return false;
}

async function forEachTenant(tx: Db, rows: readonly OwnRow[], change: (own: Db, row: OwnRow) => Promise<void>): Promise<void> {
  for (const row of rows.toSorted((one, other) => (one.organizationId < other.organizationId ? -1 : 1)))
    await asTenant(tx, row.organizationId, async (own) => {
      // Pending invitations hold seats, which are counted under this lock.
      await lockOrganization(own, row.organizationId);
      await change(own, row);
    });
}

async function leave(ctx: Emitter, tx: Db, organizationId: string, userId: string): Promise<void> {
  await replaceLostOwner(ctx, tx, organizationId, userId);
  await asTenant(tx, organizationId, async (own) => {
    const organization = await lockOrganization(own, organizationId);
    const member = await findLiveMember(own, organizationId, userId);
    if (!member) return;
    await updateMembership(own, member, { status: 'REMOVED', endedAt: ctx.now(), title: null });
    // Of a tenant that is being erased nothing is told.
    if (!organization) return;
    await leaveTeams(ctx, own, member);
    const { epoch } = await updateOrganization(own, organizationId, {}, -1);
    await tellStanding(ctx, own, memberRemoved, member, epoch, 'ACCOUNT_DELETED');
    await record(ctx, own, organizationId, { name: 'member.removed', target: member.id, details: { userId, reason: 'ACCOUNT_DELETED' } });
  });
}
