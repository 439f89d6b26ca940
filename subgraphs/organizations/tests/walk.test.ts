import { memberAdded, memberRemoved, organizationCreated, organizationDeleted, roleUpdated } from '@supergraph/schema/events/organizations';
import { notificationRequested } from '@supergraph/schema/events/notifications';
import { tenantErased, tenantRowsKept } from '@supergraph/schema/events/platform';
import {
  acceptInvitation,
  contextOf,
  createOrganization,
  createRole,
  inviteMembers,
  leaveOrganization,
  revokeInvitation,
  scheduleDeletion,
  type Someone,
  setQuota,
  testOrganizations,
  transferOwnership,
  updateMember,
  updateSettings,
} from './support.ts';

const { run, subscribe, deliver, register, enter, act, roles, mails, emitted, settle, advance, close } = testOrganizations();
afterAll(close);

const byToken = `query ($token: String!) { invitationByToken(token: $token) { email role { key } organization { id name slug } } }`;
const linkOf = async ({ email }: Someone, nth = -1) => (await mails()).filter(({ to }) => to.includes(email)).at(nth)?.token ?? '';

let ana: Someone;
let bo: Someone;
let cy: Someone;
let acme: string;

test('Ana creates Acme, invites Bo and Cy, and both links are in the captured mail', async () => {
  [ana, bo, cy] = [await register('Ana'), await register('Bo'), await register('Cy')];
  const { data } = await run(createOrganization, { input: { name: 'Acme' }, as: ana.viewer });
  const { organization } = data.createOrganization;
  expect(organization).toMatchObject({
    slug: 'acme',
    status: 'ACTIVE',
    memberCount: 1,
    viewerMembership: { role: { key: 'OWNER' }, joinedBy: 'CREATED' },
  });
  acme = organization.id;
  expect(await emitted(organizationCreated)).toContainEqual(
    expect.objectContaining({ organizationId: acme, slug: 'acme', currency: 'EUR' }),
  );
  const MEMBER = (await roles(ana, acme))['MEMBER'];
  const invited = await act(ana, acme, inviteMembers, { invitations: [bo, cy].map(({ email }) => ({ email, roleId: MEMBER })) });
  expect(invited.data.inviteMembers).toMatchObject({
    invitations: [{ email: bo.email, status: 'PENDING' }, { email: cy.email }],
    failures: [],
  });
  expect(await linkOf(bo)).toMatch(/^[\w-]{43}$/);
  expect(await linkOf(cy)).toMatch(/^[\w-]{43}$/);
});

test("Cy's account cannot use Bo's link and learns the tenant's name alone; Bo accepts and hears of it", async () => {
  const token = await linkOf(bo);
  const wrong = await run(byToken, { variables: { token }, as: cy.viewer });
  expect(wrong).toMatchObject({ data: { invitationByToken: null }, codes: ['FORBIDDEN'], reasons: ['WRONG_ADDRESS'] });
  expect(wrong.errors?.[0]?.extensions).toEqual({ code: 'FORBIDDEN', reason: 'WRONG_ADDRESS', organizationName: 'Acme' });
  expect((await run(acceptInvitation, { input: { token }, as: cy.viewer })).reasons).toEqual(['WRONG_ADDRESS']);
  expect((await run(byToken, { variables: { token }, as: bo.viewer })).data.invitationByToken).toMatchObject({
    email: bo.email,
    organization: { name: 'Acme' },
  });

  const changes = await subscribe(`subscription { membershipChanged { status role { key } organization { name } } }`, { as: bo.viewer });
  const { data } = await run(acceptInvitation, { input: { token }, as: bo.viewer });
  expect(data.acceptInvitation.membership).toMatchObject({
    joinedBy: 'INVITED',
    role: { key: 'MEMBER' },
    organization: { memberCount: 2 },
    user: { id: bo.viewer.userId },
  });
  expect((await changes.next()).value).toMatchObject({
    data: { membershipChanged: { status: 'ACTIVE', role: { key: 'MEMBER' }, organization: { name: 'Acme' } } },
  });
  await changes.return();
  expect(await emitted(memberAdded)).toContainEqual(
    expect.objectContaining({ userId: bo.viewer.userId, roleKey: 'MEMBER', organizationId: acme }),
  );
  expect((await run(acceptInvitation, { input: { token }, as: bo.viewer })).codes).toEqual(['NOT_FOUND']);
});

test('Cy is invited again as GUEST: the first link is dead, the second works', async () => {
  const first = await linkOf(cy);
  const GUEST = (await roles(ana, acme))['GUEST'];
  await act(ana, acme, inviteMembers, { invitations: [{ email: cy.email.toUpperCase(), roleId: GUEST }] });
  const second = (await mails()).at(-1)?.token ?? '';
  expect(second).not.toBe(first);
  expect((await run(byToken, { variables: { token: first }, as: cy.viewer })).data.invitationByToken).toBeNull();
  expect((await run(acceptInvitation, { input: { token: first }, as: cy.viewer })).codes).toEqual(['NOT_FOUND']);
  const { data } = await run(acceptInvitation, { input: { token: second }, as: cy.viewer });
  expect(data.acceptInvitation.membership).toMatchObject({ role: { key: 'GUEST' }, permissions: [] });
});

test('Bo gets the role Sales, sees its permissions, and cannot make himself ADMIN', async () => {
  const permissions = ['crm.contact.read', 'crm.contact.write', 'crm.deal.read', 'crm.deal.write'];
  const made = await act(ana, acme, createRole, { key: 'SALES', name: 'Sales', permissions });
  const { role } = made.data.createOrganizationRole;
  const inAcme = await enter(bo, acme);
  const given = await act(ana, acme, updateMember, { membershipId: inAcme.membershipId, version: 1, roleId: role.id });
  expect(given.data.updateOrganizationMember.membership).toMatchObject({ role: { key: 'SALES' }, version: 2 });
  const seen = await run(`query ($id: ID!) { organization(id: $id) { viewerMembership { permissions } } }`, {
    variables: { id: acme },
    as: bo.viewer,
  });
  expect(seen.data.organization.viewerMembership.permissions).toEqual(permissions);
  const ADMIN = (await roles(ana, acme))['ADMIN'];
  const grab = { membershipId: inAcme.membershipId, version: 2, roleId: ADMIN };
  expect((await act(bo, acme, updateMember, grab)).codes).toEqual(['FORBIDDEN']);
  // The permissions of an older request do not help: they are read again under the lock.
  expect(
    (await run(updateMember, { input: grab, as: bo.viewer, in: { ...inAcme, permissions: ['organizations.member.manage'] } })).codes,
  ).toEqual(['FORBIDDEN']);
  expect(await emitted(notificationRequested.of('organizations'))).toContainEqual(
    expect.objectContaining({
      kind: 'ROLE_CHANGED',
      recipientIds: [bo.viewer.userId],
      data: { organizationName: 'Acme', roleName: 'Sales' },
    }),
  );
});

test('for a tenant that one is no member of, and for one that does not exist, there is the same lack of a context', async () => {
  const dan = await register('Dan');
  const { data } = await run(createOrganization, { input: { name: 'Beta' }, as: dan.viewer });
  const ask = async (organizationId: string) =>
    (await run(contextOf, { variables: { userId: ana.viewer.userId, organizationId }, service: 'gateway', as: null })).data
      .membershipContext;
  expect(await ask(data.createOrganization.organization.id)).toBeNull();
  expect(await ask('01999999-0000-7000-8000-000000000000')).toBeNull();
  expect(await ask('nonsense')).toBeNull();
  expect(await ask(acme)).toMatchObject({ roleKey: 'OWNER', requireMfa: false, status: 'ACTIVE', teamIds: [] });
});

test('turning requireMfa on needs a second factor, and then the context asks it of everybody', async () => {
  const refused = await act(ana, acme, updateSettings, { version: 1, requireMfa: true });
  expect(refused).toMatchObject({ codes: ['UNAUTHENTICATED'], reasons: ['STEP_UP_REQUIRED'] });
  const strong = { ...ana, viewer: { ...ana.viewer, acr: 'aal2' as const } };
  const acting = { ...strong, viewer: { ...strong.viewer, actorId: bo.viewer.userId } };
  expect((await act(acting, acme, updateSettings, { version: 1, requireMfa: true })).reasons).toEqual(['STEP_UP_REQUIRED']);
  const { data } = await act(strong, acme, updateSettings, { version: 1, requireMfa: true });
  expect(data.updateOrganizationSettings.settings).toMatchObject({ requireMfa: true, version: 2 });
  const context = await run(contextOf, { variables: { userId: bo.viewer.userId, organizationId: acme }, service: 'gateway', as: null });
  expect(context.data.membershipContext.requireMfa).toBe(true);
  const read = await run(`{ currentOrganization { id name settings { requireMfa } } }`, { as: ana.viewer, in: await enter(ana, acme) });
  expect(read.data.currentOrganization).toMatchObject({ name: 'Acme', settings: { requireMfa: true } });
});

test('with four seats the next invitation is QUOTA_EXCEEDED until a pending one is taken back', async () => {
  const administrator = await register('Root', { roles: ['USER', 'ADMIN'] });
  const set = await run(setQuota, { input: { id: acme, key: 'seats', limit: 4 }, as: administrator.viewer });
  expect(set.data.setQuota.quota).toEqual({ key: 'seats', limit: 4, used: 3, resetsAt: null });
  const fourth = await act(ana, acme, inviteMembers, { invitations: [{ email: 'four@example.com' }] });
  const { id } = fourth.data.inviteMembers.invitations[0];
  const fifth = await act(ana, acme, inviteMembers, { invitations: [{ email: 'five@example.com' }] });
  expect(fifth).toMatchObject({ codes: ['CONFLICT'], reasons: ['QUOTA_EXCEEDED'] });
  expect(fifth.errors?.[0]?.extensions).toMatchObject({ quota: 'seats', limit: 4 });
  // Renewing a pending one takes no further seat.
  expect((await act(ana, acme, inviteMembers, { invitations: [{ email: 'four@example.com' }] })).codes).toEqual([]);
  expect((await act(ana, acme, revokeInvitation, { id })).data.revokeInvitation.invitation.status).toBe('REVOKED');
  expect((await act(ana, acme, inviteMembers, { invitations: [{ email: 'five@example.com' }] })).codes).toEqual([]);
});

test('the last owner cannot leave; she hands ownership over with a fresh sign-in, leaves, and her subscription ends', async () => {
  const inAcme = await enter(ana, acme);
  expect((await run(leaveOrganization, { input: {}, as: ana.viewer, in: inAcme })).reasons).toEqual(['LAST_OWNER']);
  const input = { membershipId: (await enter(bo, acme)).membershipId };
  const stale = { ...ana, viewer: { ...ana.viewer, authTime: ana.viewer.authTime - 3_600 } };
  expect(await act(stale, acme, transferOwnership, input)).toMatchObject({ codes: ['UNAUTHENTICATED'], reasons: ['STEP_UP_REQUIRED'] });
  const { data } = await act(ana, acme, transferOwnership, input);
  expect(data.transferOwnership).toEqual({ membership: { role: { key: 'OWNER' } }, previousOwner: { role: { key: 'ADMIN' } } });

  const changes = await subscribe(`subscription ($id: ID!) { organizationChanged(organizationId: $id) { name } }`, {
    variables: { id: acme },
    as: ana.viewer,
  });
  expect(
    (await run(leaveOrganization, { input: { membershipId: inAcme.membershipId }, as: ana.viewer })).data.leaveOrganization.membership
      .status,
  ).toBe('LEFT');
  expect(await changes.next()).toMatchObject({ done: true });
  expect(await emitted(memberRemoved)).toContainEqual(expect.objectContaining({ userId: ana.viewer.userId, reason: 'LEFT' }));
  expect(await emitted(roleUpdated)).toEqual([]);
});

test('Bo schedules the deletion, nobody writes any more, every domain confirms, and the tenant is gone', async () => {
  await deliver(tenantRowsKept.of('catalog'), { domain: 'catalog' });
  const strong = { ...bo, viewer: { ...bo.viewer, acr: 'aal2' as const } };
  const { data } = await act(strong, acme, scheduleDeletion, {});
  expect(data.scheduleOrganizationDeletion.organization).toMatchObject({
    status: 'DELETION_SCHEDULED',
    deletion: { domainsPending: ['catalog'] },
  });
  expect((await act(bo, acme, inviteMembers, { invitations: [{ email: 'six@example.com' }] })).reasons).toEqual(['ORGANIZATION_INACTIVE']);
  advance(30 * 86_400_000);
  expect(await emitted(organizationDeleted)).toEqual([{ organizationId: acme }]);
  const look = `query ($id: ID!) { organization(id: $id) { deletion { domainsDone domainsPending } } }`;
  const shown = async () => (await run(look, { variables: { id: acme }, as: bo.viewer })).data.organization;
  expect(await shown()).toEqual({ deletion: { domainsDone: [], domainsPending: ['catalog'] } });
  await deliver(tenantErased.of('catalog'), { organizationId: acme }, { organizationId: acme });
  await settle();
  expect(await shown()).toBeNull();
});
