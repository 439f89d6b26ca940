import { asTenant } from '@supergraph/platform/database';
import { auditEvents } from '@supergraph/db/organizations/tables';
import { serviceAccountCreated, userDeleted, userReinstated, userSuspended } from '@supergraph/schema/events/accounts';
import { eq, sql } from 'drizzle-orm';
import { forgetOldAudit } from '../service/audit.ts';
import {
  acceptInvitation,
  createRole,
  createTeam,
  declineInvitation,
  deleteRole,
  deleteTeam,
  inviteMembers,
  leaveOrganization,
  reinstateMember,
  reinstateOrganization,
  removeMember,
  resendInvitation,
  revokeInvitation,
  setQuota,
  type Someone,
  suspendMember,
  suspendOrganization,
  testOrganizations,
  transferOwnership,
  updateMember,
  updateOrganization,
  updateRole,
  updateSettings,
  updateTeam,
} from './support.ts';

const { run, deliver, register, enter, found, act, bring, settle, owner, context, close } = testOrganizations();
afterAll(close);

const read = `query ($first: Int, $after: String, $filter: OrganizationAuditFilter) { currentOrganization { auditEvents(first: $first, after: $after, filter: $filter) { nodes { id name at target details actor { id } } edges { cursor } totalCount pageInfo { hasNextPage endCursor } } } }`;

interface Entry {
  readonly name: string;
  readonly target: string | null;
  readonly actor: { readonly id: string } | null;
  readonly details: Readonly<Record<string, unknown>>;
}
const page = async (who: Someone, organizationId: string, variables: Readonly<Record<string, unknown>> = {}) =>
  (await act(who, organizationId, read, undefined, variables)).data.currentOrganization.auditEvents;
/** Oldest first. */
const entries = async (who: Someone, organizationId: string, filter?: object): Promise<Entry[]> =>
  (await page(who, organizationId, { first: 100, ...(filter ? { filter } : {}) })).nodes.toReversed();
const fine = async (result: ReturnType<typeof act>) => {
  const { data, errors } = await result;
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
};

test('every act of members is in the log, with who did it, to what, and what changed', async () => {
  const [ada, ben, cy] = [await register('Ada'), await register('Ben'), await register('Cy')];
  const id = await found(ada, 'Ledger');
  await fine(act(ada, id, updateOrganization, { version: 1, name: 'Ledgers' }));
  await fine(act(ada, id, updateSettings, { version: 1, invitationDays: 3 }));
  const invitations = [{ email: ben.email }, { email: cy.email }, { email: 'x@example.com' }];
  const { inviteMembers: invited } = await fine(act(ada, id, inviteMembers, { invitations }));
  const [forBen, forCy, forX] = invited.invitations.map((invitation: { id: string }) => invitation.id);
  await fine(act(ada, id, resendInvitation, { id: forX }));
  await fine(act(ada, id, revokeInvitation, { id: forX }));
  await fine(run(declineInvitation, { input: { invitationId: forCy }, as: cy.viewer }));
  const { acceptInvitation: accepted } = await fine(run(acceptInvitation, { input: { invitationId: forBen }, as: ben.viewer }));
  const membershipId = accepted.membership.id;
  const key = { key: 'SALES', name: 'Sales', permissions: ['crm.deal.read'] };
  const { createOrganizationRole: made } = await fine(act(ada, id, createRole, key));
  await fine(act(ada, id, updateRole, { id: made.role.id, version: 1, permissions: ['crm.deal.write'] }));
  await fine(act(ada, id, deleteRole, { id: made.role.id }));
  const adasOwn = (await enter(ada, id)).membershipId;
  const { createTeam: team } = await fine(act(ada, id, createTeam, { name: 'Crew', membershipIds: [adasOwn] }));
  await fine(act(ada, id, updateTeam, { id: team.team.id, version: 1, addMembershipIds: [membershipId] }));
  await fine(act(ada, id, updateMember, { membershipId, version: 1, title: 'Mate', teamIds: [] }));
  await fine(act(ada, id, deleteTeam, { id: team.team.id }));
  await fine(act(ada, id, suspendMember, { membershipId }));
  await fine(act(ada, id, reinstateMember, { membershipId }));
  await fine(act(ada, id, transferOwnership, { membershipId }));
  const adas = (await enter(ada, id)).membershipId;
  await fine(run(leaveOrganization, { input: { membershipId: adas }, as: ada.viewer }));
  const again = await bring(ben, id, cy);
  await fine(act(ben, id, removeMember, { membershipId: again }));
  const log = await entries(ben, id);
  expect(log.map(({ name }) => name)).toEqual([
    'organization.created',
    'organization.updated',
    'settings.updated',
    ...invitations.map(() => 'invitation.created'),
    'invitation.renewed',
    'invitation.revoked',
    'invitation.declined',
    'invitation.accepted',
    'role.created',
    'role.updated',
    'role.deleted',
    'team.created',
    'team.updated',
    'member.updated',
    'team.deleted',
    'member.suspended',
    'member.reinstated',
    'ownership.transferred',
    'member.left',
    'invitation.created',
    'invitation.accepted',
    'member.removed',
  ]);
  const one = (name: string) => log.find((entry) => entry.name === name);
  expect(one('organization.updated')).toMatchObject({
    actor: { id: ada.viewer.userId },
    details: { name: { from: 'Ledger', to: 'Ledgers' } },
  });
  expect(one('settings.updated')?.details).toEqual({ invitationDays: { from: 7, to: 3 } });
  expect(one('role.updated')?.details).toEqual({ key: 'SALES', permissions: { from: ['crm.deal.read'], to: ['crm.deal.write'] } });
  expect(one('team.created')?.details).toEqual({ name: 'Crew', membershipIds: [adasOwn] });
  expect(one('team.updated')?.details).toEqual({ addMembershipIds: [membershipId], removeMembershipIds: [] });
  expect(one('member.updated')).toMatchObject({
    target: membershipId,
    details: { userId: ben.viewer.userId, title: { from: null, to: 'Mate' } },
  });
  expect(one('member.left')?.actor).toEqual({ id: ada.viewer.userId });
  expect(JSON.stringify(log)).not.toContain('@example.com');
});

test('what the platform does and what only follows is in the log, too', async () => {
  const [ada, ben, root] = [await register('Ada'), await register('Ben'), await register('Root', { roles: ['USER', 'ADMIN'] })];
  const id = await found(ada, 'Follow');
  const helper = await register('Helper', { kind: 'SERVICE' });
  await deliver(
    serviceAccountCreated,
    { userId: helper.viewer.userId, organizationId: id },
    { organizationId: id, actorId: ada.viewer.userId },
  );
  await fine(run(setQuota, { input: { id, key: 'seats', limit: 9 }, as: root.viewer }));
  await fine(run(suspendOrganization, { input: { id, reason: 'unpaid' }, as: root.viewer }));
  await fine(run(reinstateOrganization, { input: { id }, as: root.viewer }));
  await deliver(userSuspended, { userId: ada.viewer.userId, reason: null });
  await deliver(userReinstated, { userId: ada.viewer.userId, reason: null });
  await bring(ada, id, ben, 'ADMIN');
  await deliver(userDeleted, { userId: ada.viewer.userId });
  await settle();
  const log = await entries(ben, id);
  expect(log.slice(1).map(({ name, actor, details }) => [name, actor?.id ?? null, details])).toMatchObject([
    ['service_account.added', ada.viewer.userId, { userId: helper.viewer.userId }],
    ['quota.changed', root.viewer.userId, { limit: { from: null, to: 9 } }],
    ['organization.suspended', root.viewer.userId, { because: 'PLATFORM', reason: 'unpaid' }],
    ['organization.reinstated', root.viewer.userId, {}],
    ['organization.suspended', null, { because: 'NO_OWNER' }],
    ['organization.reinstated', null, {}],
    ['invitation.created', ada.viewer.userId, { roleKey: 'ADMIN' }],
    ['invitation.accepted', ben.viewer.userId, { roleKey: 'ADMIN' }],
    ['ownership.inherited', null, { to: ben.viewer.userId }],
    ['member.removed', null, { reason: 'ACCOUNT_DELETED' }],
  ]);
});

test('an administrator who acts as somebody else is the one who did it', async () => {
  const [ada, root] = [await register('Ada'), await register('Root')];
  const id = await found(ada, 'Masks');
  const masked = { ...ada, viewer: { ...ada.viewer, actorId: root.viewer.userId } };
  await fine(act(masked, id, updateOrganization, { version: 1, name: 'Masked' }));
  const [entry] = await entries(ada, id, { names: ['organization.updated'] });
  expect(entry).toMatchObject({ actor: { id: root.viewer.userId }, details: { onBehalfOf: ada.viewer.userId } });
});

test('what failed is not in the log', async () => {
  const ada = await register('Ada');
  const id = await found(ada, 'Fails');
  expect((await act(ada, id, updateOrganization, { version: 7, name: 'Never' })).codes).toEqual(['CONFLICT']);
  expect((await run(leaveOrganization, { input: {}, as: ada.viewer, in: await enter(ada, id) })).reasons).toEqual(['LAST_OWNER']);
  expect((await entries(ada, id)).map(({ name }) => name)).toEqual(['organization.created']);
});

test('the log is filtered and paged, and a cursor belongs to its filter', async () => {
  const [ada, ben] = [await register('Ada'), await register('Ben')];
  const id = await found(ada, 'Pages');
  const membershipId = await bring(ada, id, ben);
  for (let version = 1; version <= 3; version++) await fine(act(ada, id, updateMember, { membershipId, version, title: `T${version}` }));
  const first = await page(ada, id, { first: 2 });
  expect(first).toMatchObject({ totalCount: 6, pageInfo: { hasNextPage: true } });
  const second = await page(ada, id, { first: 4, after: first.pageInfo.endCursor });
  expect([...first.nodes, ...second.nodes].map(({ name }: Entry) => name)).toEqual([
    'member.updated',
    'member.updated',
    'member.updated',
    'invitation.accepted',
    'invitation.created',
    'organization.created',
  ]);
  expect(second.pageInfo.hasNextPage).toBe(false);
  const names = async (filter: object) => (await entries(ada, id, filter)).map(({ name }) => name);
  expect(await names({ actorId: ben.viewer.userId })).toEqual(['invitation.accepted']);
  expect(await names({ target: membershipId })).toEqual(['member.updated', 'member.updated', 'member.updated']);
  expect(await names({ names: ['invitation.created', 'invitation.accepted'] })).toEqual(['invitation.created', 'invitation.accepted']);
  const { at } = second.nodes.at(-1);
  expect(await names({ at: { to: at } })).toEqual([]);
  expect(await names({ at: { from: at } })).toHaveLength(6);
  const mixed = await act(ada, id, read, undefined, { after: first.pageInfo.endCursor, filter: { target: membershipId } });
  expect(mixed.codes).toEqual(['BAD_USER_INPUT']);
  const bad = await act(ada, id, read, undefined, { filter: { names: [], actorId: 'nobody', target: '' } });
  expect(bad.errors?.[0]?.extensions?.['issues']).toMatchObject([{ path: 'names' }, { path: 'actorId' }, { path: 'target' }]);
  const turned = await act(ada, id, read, undefined, { filter: { at: { from: at, to: at } } });
  expect(turned.errors?.[0]?.extensions?.['issues']).toEqual([{ path: 'at.to', message: 'must be after from' }]);
});

test('only those with organizations.audit.read see it, and only in the organization that they chose', async () => {
  const [ada, ben] = [await register('Ada'), await register('Ben')];
  const [id, other] = [await found(ada, 'Seen'), await found(ada, 'Unseen')];
  await bring(ada, id, ben);
  const refused = await act(ben, id, read);
  expect(refused).toMatchObject({ codes: ['FORBIDDEN'], data: { currentOrganization: { auditEvents: null } } });
  const { data } = await act(ada, id, `query ($id: ID!) { organization(id: $id) { auditEvents { totalCount } } }`, undefined, {
    id: other,
  });
  expect(data.organization.auditEvents).toBeNull();
  const auditor = { key: 'AUDITOR', name: 'Auditor', permissions: ['organizations.audit.read'] };
  const { createOrganizationRole } = await fine(act(ada, id, createRole, auditor));
  const { membershipId } = await enter(ben, id);
  await fine(act(ada, id, updateMember, { membershipId, version: 1, roleId: createOrganizationRole.role.id }));
  expect((await page(ben, id)).totalCount).toBe(5);
});

test('the service can neither change nor delete an entry, and what is older than 400 days goes in batches', async () => {
  const [ada, ctx] = [await register('Ada'), await context()];
  const [id, second] = [await found(ada, 'Old'), await found(ada, 'Older')];
  const inside = (statement: ReturnType<typeof sql>) => asTenant(ctx.db, id, (tx) => tx.execute(statement));
  await expect(inside(sql`update organizations.audit_events set name = 'x'`)).rejects.toThrow();
  await expect(inside(sql`delete from organizations.audit_events`)).rejects.toThrow();
  // Nothing of a live tenant is erased.
  expect(await inside(sql`select organizations.erase_audit(100) as gone`)).toMatchObject([{ gone: '0' }]);
  const administrator = await owner();
  for (const tenant of [id, second])
    await administrator`
      insert into organizations.audit_events (id, organization_id, name, at, details)
      select gen_random_uuid(), ${tenant}, 'old.entry', now() - interval '401 days', '{}' from generate_series(1, 1100)`;
  await ctx.workers.enqueue(ctx.db, forgetOldAudit, {});
  await settle();
  for (const tenant of [id, second]) {
    const left = await asTenant(ctx.db, tenant, (tx) => tx.select().from(auditEvents).where(eq(auditEvents.organizationId, tenant)));
    expect(left.map(({ name }) => name)).toEqual(['organization.created']);
  }
});
