import {
  memberAdded,
  memberReinstated,
  memberRemoved,
  memberSuspended,
  memberUpdated,
  organizationReinstated,
  organizationSuspended,
  roleDeleted,
  roleUpdated,
} from '@supergraph/schema/events/organizations';
import { notificationRequested } from '@supergraph/schema/events/notifications';
import {
  serviceAccountCreated,
  userDeleted,
  userEmailChanged,
  userReinstated,
  userSuspended,
  userUpdated,
} from '@supergraph/schema/events/accounts';
import {
  acceptInvitation,
  contextOf,
  createOrganization,
  createRole,
  createTeam,
  deleteRole,
  inviteMembers,
  leaveOrganization,
  reinstateMember,
  removeMember,
  resendInvitation,
  type Someone,
  suspendMember,
  testOrganizations,
  transferOwnership,
  updateMember,
  updateRole,
  updateSettings,
} from './support.ts';

const { owner, run, subscribe, deliver, settle, register, enter, found, act, roles, bring, emitted, close } = testOrganizations();
afterAll(close);

const list = `query ($first: Int, $after: String, $filter: MemberFilter, $orderBy: MemberOrder) { currentOrganization { memberCount members(first: $first, after: $after, filter: $filter, orderBy: $orderBy) { nodes { user { id } status role { key memberCount } } totalCount pageInfo { hasNextPage endCursor } } } }`;
const contextFor = async ({ viewer }: Someone, organizationId: string) =>
  (await run(contextOf, { variables: { userId: viewer.userId, organizationId }, service: 'gateway', as: null })).data.membershipContext;
const people = async (...names: string[]): Promise<Someone[]> => Promise.all(names.map((name) => register(name)));

test('a tenant is told by its own id, however the question spells it', async () => {
  const [ada] = (await people('Ada')) as [Someone];
  const id = await found(ada, 'Spelling');
  expect(await contextFor(ada, id.toUpperCase())).toMatchObject({ organizationId: id, roleKey: 'OWNER' });
});

test("a change of role takes effect at once and raises the tenant's epoch; a stale version is a conflict", async () => {
  const [ada, ben] = (await people('Ada', 'Ben')) as [Someone, Someone];
  const id = await found(ada, 'Epoch');
  const membershipId = await bring(ada, id, ben);
  const before = await contextFor(ben, id);
  const { ADMIN } = await roles(ada, id);
  const { data } = await act(ada, id, updateMember, { membershipId, version: 1, roleId: ADMIN, title: 'Chief' });
  expect(data.updateOrganizationMember.membership).toMatchObject({ version: 2, title: 'Chief', role: { key: 'ADMIN' } });
  const after = await contextFor(ben, id);
  expect(after.roleKey).toBe('ADMIN');
  expect(after.epoch).toBeGreaterThan(before.epoch);
  expect((await act(ada, id, updateMember, { membershipId, version: 1, title: 'Late' })).errors?.[0]?.extensions).toMatchObject({
    code: 'CONFLICT',
    currentVersion: 2,
  });
  expect(
    (await act(ada, id, updateMember, { membershipId, version: 2, title: '' })).data.updateOrganizationMember.membership.title,
  ).toBeNull();
  expect(await emitted(memberUpdated)).toContainEqual(expect.objectContaining({ membershipId, roleKey: 'ADMIN', epoch: after.epoch }));
});

test('suspending and reinstating follow the states, and a suspended member has no context', async () => {
  const [ada, ben] = (await people('Ada', 'Ben')) as [Someone, Someone];
  const id = await found(ada, 'Pause');
  const membershipId = await bring(ada, id, ben);
  expect((await act(ada, id, reinstateMember, { membershipId })).reasons).toEqual(['MEMBERSHIP_STATE']);
  expect((await act(ada, id, suspendMember, { membershipId })).data.suspendOrganizationMember.membership.status).toBe('SUSPENDED');
  expect(await contextFor(ben, id)).toBeNull();
  expect((await act(ada, id, suspendMember, { membershipId })).reasons).toEqual(['MEMBERSHIP_STATE']);
  expect((await act(ada, id, reinstateMember, { membershipId })).data.reinstateOrganizationMember.membership.status).toBe('ACTIVE');
  expect((await contextFor(ben, id)).roleKey).toBe('MEMBER');
  expect((await act(ada, id, removeMember, { membershipId })).data.removeOrganizationMember.membership.status).toBe('REMOVED');
  for (const document of [suspendMember, reinstateMember, removeMember]) {
    expect((await act(ada, id, document, { membershipId })).reasons).toEqual(['MEMBERSHIP_STATE']);
    expect((await act(ada, id, document, { membershipId: id })).codes).toEqual(['NOT_FOUND']);
    expect((await act(ada, id, document, { membershipId: 'x' })).codes).toEqual(['BAD_USER_INPUT']);
  }
  expect(await emitted(memberSuspended)).toContainEqual(expect.objectContaining({ membershipId, reason: 'SUSPENDED' }));
  expect(await emitted(memberReinstated)).toContainEqual(expect.objectContaining({ membershipId, reason: 'REINSTATED' }));
  expect(await emitted(memberRemoved)).toContainEqual(expect.objectContaining({ membershipId, reason: 'REMOVED' }));
  expect(await emitted(notificationRequested.of('organizations'))).toContainEqual(
    expect.objectContaining({ kind: 'REMOVED', recipientIds: [ben.viewer.userId] }),
  );
});

test('a suspended member leaves or is removed like an active one, and a late repeat does not end the next membership', async () => {
  const [ada, ben, cy] = (await people('Ada', 'Ben', 'Cy')) as [Someone, Someone, Someone];
  const id = await found(ada, 'Exits');
  const [bens, cys] = [await bring(ada, id, ben), await bring(ada, id, cy)];
  for (const membershipId of [bens, cys]) await act(ada, id, suspendMember, { membershipId });
  const leave = { input: { membershipId: bens }, as: ben.viewer };
  expect((await run(leaveOrganization, leave)).data.leaveOrganization.membership.status).toBe('LEFT');
  expect((await act(ada, id, removeMember, { membershipId: cys })).data.removeOrganizationMember.membership.status).toBe('REMOVED');
  expect((await run(leaveOrganization, leave)).codes).toEqual(['NOT_FOUND']);
  const again = await bring(ada, id, ben);
  expect((await run(leaveOrganization, leave)).codes).toEqual(['NOT_FOUND']);
  expect(await contextFor(ben, id)).toMatchObject({ membershipId: again });
  const read = await act(ada, id, list, undefined, { filter: { status: 'LEFT' } });
  expect(read.data.currentOrganization.members).toMatchObject({ nodes: [{ user: { id: ben.viewer.userId } }], totalCount: 1 });
});

test('a person hears how their membership begins, changes and ends, and nothing of those of others', async () => {
  const [ada, ben, cy] = (await people('Ada', 'Ben', 'Cy')) as [Someone, Someone, Someone];
  const id = await found(ada, 'Heard');
  const changes = await subscribe(`subscription { membershipChanged { id status role { key } teams { id } organization { name } } }`, {
    as: ben.viewer,
  });
  const heard = async () => (await changes.next()).value?.data?.['membershipChanged'];
  const membershipId = await bring(ada, id, ben);
  const others = await bring(ada, id, cy);
  const told = { id: membershipId, role: { key: 'MEMBER' }, teams: [], organization: { name: 'Heard' } };
  expect(await heard()).toEqual({ ...told, status: 'ACTIVE' });
  await act(ada, id, suspendMember, { membershipId: others });
  await act(ada, id, suspendMember, { membershipId });
  expect(await heard()).toEqual({ ...told, status: 'SUSPENDED' });
  await act(ada, id, removeMember, { membershipId: others });
  await act(ada, id, removeMember, { membershipId });
  expect(await heard()).toEqual({ ...told, status: 'REMOVED' });
  await changes.return();
});

test.each([
  ['leaves', leaveOrganization],
  ['is removed', removeMember],
])('what a member made stays when the member %s, and the member is named by id', async (_how, document) => {
  const [ada, ben, cy] = (await people('Ada', 'Ben', 'Cy')) as [Someone, Someone, Someone];
  const id = await found(ada, 'Kept');
  const membershipId = await bring(ada, id, ben, 'ADMIN');
  const { data } = await act(ben, id, inviteMembers, { invitations: [{ email: cy.email }] });
  const [{ id: invitationId }] = data.inviteMembers.invitations;
  await act(ben, id, createRole, { key: 'DESK', name: 'Desk', permissions: ['crm.deal.read'] });
  await act(ben, id, createTeam, { name: 'Crew', membershipIds: [membershipId] });
  const who = document === leaveOrganization ? ben : ada;
  expect((await act(who, id, document, { membershipId })).codes).toEqual([]);
  const read = `{ currentOrganization { roles { key } teams { nodes { name members { totalCount } } } invitations { nodes { id status invitedBy { id } } }
    auditEvents(first: 20, filter: { names: ["role.created", "team.created"] }) { nodes { name actor { id } } } } }`;
  const { currentOrganization } = (await act(ada, id, read)).data;
  expect(currentOrganization.roles).toContainEqual({ key: 'DESK' });
  expect(currentOrganization.teams.nodes).toEqual([{ name: 'Crew', members: { totalCount: 0 } }]);
  expect(currentOrganization.invitations.nodes).toContainEqual({
    id: invitationId,
    status: 'PENDING',
    invitedBy: { id: ben.viewer.userId },
  });
  expect(currentOrganization.auditEvents.nodes).toEqual(
    ['team.created', 'role.created'].map((name) => ({ name, actor: { id: ben.viewer.userId } })),
  );
  expect((await run(acceptInvitation, { input: { invitationId }, as: cy.viewer })).codes).toEqual([]);
});

test("another tenant's members are out of reach, and plain members may not manage", async () => {
  const [ada, ben, eve] = (await people('Ada', 'Ben', 'Eve')) as [Someone, Someone, Someone];
  const [id, other] = [await found(ada, 'Home'), await found(eve, 'Away')];
  const membershipId = await bring(ada, id, ben);
  for (const [document, input] of [
    [suspendMember, { membershipId }],
    [removeMember, { membershipId }],
    [transferOwnership, { membershipId }],
    [updateMember, { membershipId, version: 1, title: 'x' }],
  ] as const) {
    expect((await act(eve, other, document, input)).codes).toEqual(['NOT_FOUND']);
    expect((await act(ben, id, document, input)).codes).toEqual(['FORBIDDEN']);
    expect((await run(document, { input, as: null })).codes).toEqual(['UNAUTHENTICATED']);
  }
  const foreignRole = (await roles(eve, other))['MEMBER'];
  expect((await act(ada, id, updateMember, { membershipId, version: 1, roleId: foreignRole })).codes).toEqual(['BAD_USER_INPUT']);
  expect((await run(leaveOrganization, { input: { membershipId }, as: eve.viewer })).codes).toEqual(['NOT_FOUND']);
  expect((await run(leaveOrganization, { input: {}, as: eve.viewer })).codes).toEqual(['BAD_USER_INPUT']);
});

test('the last owner cannot be lost by any act, also when two owners act at the same time', async () => {
  const [ada, ben] = (await people('Ada', 'Ben')) as [Someone, Someone];
  const id = await found(ada, 'Owners');
  const { membershipId } = await contextFor(ada, id);
  const { MEMBER } = await roles(ada, id);
  for (const [document, input] of [
    [leaveOrganization, {}],
    [removeMember, { membershipId }],
    [suspendMember, { membershipId }],
    [updateMember, { membershipId, version: 1, roleId: MEMBER }],
  ] as const)
    expect(await act(ada, id, document, input)).toMatchObject({ codes: ['CONFLICT'], reasons: ['LAST_OWNER'] });
  await bring(ada, id, ben, 'OWNER');
  const [inAda, inBen] = [await enter(ada, id), await enter(ben, id)];
  const both = await Promise.all([
    run(leaveOrganization, { input: {}, as: ada.viewer, in: inAda }),
    run(leaveOrganization, { input: {}, as: ben.viewer, in: inBen }),
  ]);
  expect(both.flatMap(({ reasons }) => reasons)).toEqual(['LAST_OWNER']);
});

test('two owners who demote, suspend or remove each other at the same time leave one of them', async () => {
  for (const deed of ['demote', 'suspend', 'remove'] as const) {
    const [ada, ben] = (await people('Ada', 'Ben')) as [Someone, Someone];
    const id = await found(ada, `Duel by ${deed}`);
    await bring(ada, id, ben, 'OWNER');
    const { MEMBER } = await roles(ada, id);
    const [inAda, inBen] = [await enter(ada, id), await enter(ben, id)];
    const strike = ({ viewer }: Someone, own: typeof inAda, { membershipId }: typeof inAda) =>
      deed === 'demote'
        ? run(updateMember, { input: { membershipId, version: 1, roleId: MEMBER }, as: viewer, in: own })
        : run(deed === 'suspend' ? suspendMember : removeMember, { input: { membershipId }, as: viewer, in: own });
    const both = await Promise.all([strike(ada, inAda, inBen), strike(ben, inBen, inAda)]);
    const owners = [await contextFor(ada, id), await contextFor(ben, id)].filter((context) => context?.roleKey === 'OWNER');
    expect([deed, both.filter(({ codes }) => codes.length === 0).length, owners.length]).toEqual([deed, 1, 1]);
  }
});

test("an owner who leaves while the other one's account is suspended either stays or leaves a tenant that rests", async () => {
  const [ada, ben, cy] = (await people('Ada', 'Ben', 'Cy')) as [Someone, Someone, Someone];
  const id = await found(ada, 'Both gone');
  await bring(ada, id, ben, 'OWNER');
  await bring(ada, id, cy);
  const inside = await enter(ben, id);
  const [, left] = await Promise.all([
    deliver(userSuspended, { userId: ada.viewer.userId, reason: null }),
    run(leaveOrganization, { input: {}, as: ben.viewer, in: inside }),
  ]);
  const { status } = await contextFor(cy, id);
  expect([left.reasons, status]).toEqual(left.codes.length > 0 ? [['LAST_OWNER'], 'ACTIVE'] : [[], 'SUSPENDED']);
});

test('ownership goes to nobody whose account is suspended, and the owner stays one', async () => {
  const [ada, ben] = (await people('Ada', 'Ben')) as [Someone, Someone];
  const id = await found(ada, 'Absent heir');
  const membershipId = await bring(ada, id, ben);
  await deliver(userSuspended, { userId: ben.viewer.userId, reason: null });
  expect(await act(ada, id, transferOwnership, { membershipId })).toMatchObject({ codes: ['CONFLICT'], reasons: ['LAST_OWNER'] });
  expect([(await contextFor(ada, id)).roleKey, (await contextFor(ben, id)).roleKey]).toEqual(['OWNER', 'MEMBER']);
  await deliver(userReinstated, { userId: ben.viewer.userId, reason: null });
  expect((await act(ada, id, transferOwnership, { membershipId })).codes).toEqual([]);
  const told = (await emitted(memberUpdated)).filter(({ organizationId }) => organizationId === id);
  expect(told.map(({ userId, roleKey }) => [userId, roleKey])).toEqual([
    [ben.viewer.userId, 'OWNER'],
    [ada.viewer.userId, 'ADMIN'],
  ]);
  expect(await emitted(notificationRequested.of('organizations'))).toContainEqual(
    expect.objectContaining({ kind: 'OWNERSHIP', recipientIds: [ben.viewer.userId], organizationId: id }),
  );
});

test('nobody owns more than 10 tenants, by invitation, change of role or transfer either', async () => {
  const [ada, max] = (await people('Ada', 'Max')) as [Someone, Someone];
  const id = await found(ada, 'Eleventh');
  const membershipId = await bring(ada, id, max);
  const second = await found(ada, 'Twelfth');
  const { OWNER } = await roles(ada, second);
  const invited = await act(ada, second, inviteMembers, { invitations: [{ email: max.email, roleId: OWNER }] });
  for (let n = 1; n <= 10; n++) expect((await run(createOrganization, { input: { name: `Max ${n}` }, as: max.viewer })).codes).toEqual([]);
  const refused = { codes: ['CONFLICT'], reasons: ['QUOTA_EXCEEDED'] };
  expect(await act(ada, id, transferOwnership, { membershipId })).toMatchObject(refused);
  expect(await act(ada, id, updateMember, { membershipId, version: 1, roleId: (await roles(ada, id))['OWNER'] })).toMatchObject(refused);
  const invitationId = invited.data.inviteMembers.invitations[0].id;
  expect(await run(acceptInvitation, { input: { invitationId }, as: max.viewer })).toMatchObject(refused);
  expect([(await contextFor(max, id)).roleKey, await contextFor(max, second)]).toEqual(['MEMBER', null]);
});

test('who holds less cannot give more: not by a change of role or of its permissions, a replacement, the default or a renewed link', async () => {
  const [ada, ben, cy] = (await people('Ada', 'Ben', 'Cy')) as [Someone, Someone, Someone];
  const id = await found(ada, 'Modest');
  const held = ['member.invite', 'member.manage', 'member.read', 'role.manage', 'settings.write'].map((key) => `organizations.${key}`);
  const make = async (key: string, permissions: readonly string[]) =>
    (await act(ada, id, createRole, { key, name: key, permissions })).data.createOrganizationRole.role.id as string;
  const [clerkId, plainId] = [await make('CLERK', held), await make('PLAIN', [])];
  await bring(ada, id, ben, 'CLERK');
  const membershipId = await bring(ada, id, cy, 'PLAIN');
  const { ADMIN } = await roles(ada, id);
  const invited = await act(ada, id, inviteMembers, { invitations: [{ email: 'high@example.com', roleId: ADMIN }] });
  for (const [document, input] of [
    [updateMember, { membershipId, version: 1, roleId: ADMIN }],
    [updateRole, { id: plainId, version: 1, permissions: ['crm.deal.read'] }],
    [updateRole, { id: clerkId, version: 1, permissions: [...held, 'crm.deal.read'] }],
    [deleteRole, { id: plainId, replacementRoleId: ADMIN }],
    [updateSettings, { version: 1, defaultRoleId: ADMIN }],
    [resendInvitation, { id: invited.data.inviteMembers.invitations[0].id }],
  ] as const)
    expect(await act(ben, id, document, input)).toMatchObject({ codes: ['FORBIDDEN'], reasons: ['GRANT_EXCEEDS_OWN'] });
  expect(await contextFor(cy, id)).toMatchObject({ roleKey: 'PLAIN', permissions: [] });
  // What they hold they give.
  expect((await act(ben, id, updateRole, { id: plainId, version: 1, permissions: [held[0]] })).codes).toEqual([]);
});

test('only owners make and unmake owners', async () => {
  const [ada, ben, cy] = (await people('Ada', 'Ben', 'Cy')) as [Someone, Someone, Someone];
  const id = await found(ada, 'Ranks');
  await bring(ada, id, ben, 'ADMIN');
  const plain = await bring(ada, id, cy);
  const { OWNER } = await roles(ada, id);
  const owner = (await contextFor(ada, id)).membershipId;
  expect((await act(ben, id, updateMember, { membershipId: plain, version: 1, roleId: OWNER })).reasons).toEqual(['OWNER_ONLY']);
  for (const document of [suspendMember, removeMember])
    expect((await act(ben, id, document, { membershipId: owner })).reasons).toEqual(['OWNER_ONLY']);
  expect((await act(ben, id, transferOwnership, { membershipId: plain })).reasons).toEqual(['OWNER_ONLY']);
  expect(
    (await act(ada, id, updateMember, { membershipId: plain, version: 1, roleId: OWNER })).data.updateOrganizationMember.membership.role
      .key,
  ).toBe('OWNER');
  expect((await act(ada, id, transferOwnership, { membershipId: plain })).reasons).toEqual(['MEMBERSHIP_STATE']);
});

test("when the only owner's account is suspended the oldest administrator becomes owner; twice delivered it happens once", async () => {
  const [ada, ben, cy] = (await people('Ada', 'Ben', 'Cy')) as [Someone, Someone, Someone];
  const id = await found(ada, 'Heirs');
  await bring(ada, id, ben, 'ADMIN');
  await bring(ada, id, cy, 'ADMIN');
  const { eventId } = await deliver(userSuspended, { userId: ada.viewer.userId, reason: null });
  await deliver(userSuspended, { userId: ada.viewer.userId, reason: null }, { eventId });
  expect((await contextFor(ben, id)).roleKey).toBe('OWNER');
  expect((await contextFor(cy, id)).roleKey).toBe('ADMIN');
  const told = (await emitted(memberUpdated)).filter(({ organizationId }) => organizationId === id);
  expect(told).toHaveLength(1);
  expect(await emitted(notificationRequested.of('organizations'))).toContainEqual(
    expect.objectContaining({ kind: 'OWNERSHIP', recipientIds: [ben.viewer.userId] }),
  );
});

test('while another owner is active nobody inherits, and a service account never does', async () => {
  const [ada, ben] = (await people('Ada', 'Ben')) as [Someone, Someone];
  const robot = await register('Robot', { kind: 'SERVICE' });
  const id = await found(ada, 'No heirs');
  await deliver(serviceAccountCreated, { userId: robot.viewer.userId, organizationId: id }, { organizationId: id });
  const { membershipId } = await contextFor(robot, id);
  const { ADMIN } = await roles(ada, id);
  expect((await act(ada, id, updateMember, { membershipId, version: 1, roleId: ADMIN })).codes).toEqual([]);
  await bring(ada, id, ben, 'OWNER');
  await deliver(userSuspended, { userId: ada.viewer.userId, reason: null });
  expect([(await contextFor(robot, id)).roleKey, (await contextFor(ben, id)).status]).toEqual(['ADMIN', 'ACTIVE']);
  await deliver(userSuspended, { userId: ben.viewer.userId, reason: null });
  expect(await contextFor(robot, id)).toMatchObject({ roleKey: 'ADMIN', status: 'SUSPENDED' });
});

test('without an administrator the tenant is suspended until the owner is back', async () => {
  const [ada, ben] = (await people('Ada', 'Ben')) as [Someone, Someone];
  const id = await found(ada, 'Orphan');
  await bring(ada, id, ben);
  await deliver(userSuspended, { userId: ada.viewer.userId, reason: null });
  expect((await contextFor(ben, id)).status).toBe('SUSPENDED');
  await deliver(userReinstated, { userId: ada.viewer.userId, reason: null });
  expect((await contextFor(ben, id)).status).toBe('ACTIVE');
  expect(await emitted(organizationSuspended)).toContainEqual({ organizationId: id });
  expect(await emitted(organizationReinstated)).toContainEqual({ organizationId: id });
});

test('the memberships of a deleted account end, also when the event comes twice, and its copy is forgotten', async () => {
  const [ada, ben, cy] = (await people('Ada', 'Ben', 'Cyprian')) as [Someone, Someone, Someone];
  const id = await found(ada, 'Erased');
  await bring(ada, id, ben, 'ADMIN');
  await bring(ada, id, cy);
  for (const { viewer } of [ada, cy]) {
    const { eventId } = await deliver(userDeleted, { userId: viewer.userId });
    await deliver(userDeleted, { userId: viewer.userId }, { eventId });
    await settle();
  }
  // Late news of a person who is gone is dropped.
  await deliver(userUpdated, {
    userId: cy.viewer.userId,
    handle: 'cy',
    displayName: 'Cyprian',
    avatarFileId: null,
    locale: null,
    timeZone: null,
    version: 9,
  });
  expect(await contextFor(ada, id)).toBeNull();
  expect((await contextFor(ben, id)).roleKey).toBe('OWNER');
  const { data } = await act(ben, id, list, undefined, {});
  expect(data.currentOrganization).toMatchObject({ memberCount: 1, members: { totalCount: 1 } });
  expect(
    (await act(ben, id, list, undefined, { filter: { search: 'Cyprian', status: 'REMOVED' } })).data.currentOrganization.members.totalCount,
  ).toBe(0);
  const ends = (await emitted(memberRemoved)).filter(({ organizationId }) => organizationId === id);
  expect(ends.map(({ reason }) => reason)).toEqual(['ACCOUNT_DELETED', 'ACCOUNT_DELETED']);
});

test('members are found by name and handle, in both orders, page after page; older news of a person is dropped', async () => {
  const [ada, ben, cy] = (await people('Ada', 'Benno', 'Cyra')) as [Someone, Someone, Someone];
  const id = await found(ada, 'Paged');
  await bring(ada, id, ben);
  await bring(ada, id, cy);
  const named = { userId: ben.viewer.userId, avatarFileId: null, locale: null, timeZone: null };
  await deliver(userUpdated, { ...named, handle: 'zeno', displayName: 'Zeno', version: 3 });
  await deliver(userUpdated, { ...named, handle: 'benno', displayName: 'Benno', version: 2 });
  const [copied] = await (await owner())`select member_name from organizations.memberships where user_id = ${ben.viewer.userId}`;
  expect(copied).toEqual({ member_name: 'Zeno' });
  const names = async (variables: Readonly<Record<string, unknown>>) =>
    (await act(ada, id, list, undefined, variables)).data.currentOrganization.members;
  const order = { field: 'NAME', direction: 'ASC' };
  const first = await names({ first: 2, orderBy: order });
  expect(first).toMatchObject({
    nodes: [{ user: { id: ada.viewer.userId } }, { user: { id: cy.viewer.userId } }],
    totalCount: 3,
    pageInfo: { hasNextPage: true },
  });
  expect(await names({ first: 2, orderBy: order, after: first.pageInfo.endCursor })).toMatchObject({
    nodes: [{ user: { id: ben.viewer.userId } }],
    pageInfo: { hasNextPage: false },
  });
  const newest = await names({ first: 1 });
  expect(newest.nodes).toMatchObject([{ user: { id: cy.viewer.userId }, role: { key: 'MEMBER', memberCount: 2 } }]);
  expect((await names({ first: 1, after: newest.pageInfo.endCursor })).nodes).toMatchObject([{ user: { id: ben.viewer.userId } }]);
  expect((await names({ filter: { search: 'ZEN' } })).totalCount).toBe(1);
  expect((await names({ filter: { search: 'benno' } })).totalCount).toBe(0);
  expect((await names({ filter: { roleId: (await roles(ada, id))['OWNER'] } })).totalCount).toBe(1);
  const wrong = await act(ada, id, list, undefined, { filter: { search: '', roleId: 'x' } });
  expect(wrong.errors?.[0]?.extensions?.['issues']).toHaveLength(2);
});

test('a changed address makes earlier invitations known to nobody and is noticed as a member', async () => {
  const [ada, ben] = (await people('Ada', 'Ben')) as [Someone, Someone];
  const id = await found(ada, 'Moved');
  await bring(ada, id, ben);
  const { eventId } = await deliver(userEmailChanged, { userId: ben.viewer.userId, email: 'Ben.New@Example.com', version: 2 });
  await deliver(userEmailChanged, { userId: ben.viewer.userId, email: 'Ben.New@Example.com', version: 2 }, { eventId });
  const { data } = await act(ada, id, inviteMembers, { invitations: [{ email: 'ben.new@example.com' }, { email: ben.email }] });
  expect(data.inviteMembers.failures).toMatchObject([{ index: 0, code: 'ALREADY_MEMBER' }]);
  expect(data.inviteMembers.invitations).toHaveLength(1);
});

test('guests hold nothing, and may see the members when the settings say so', async () => {
  const [ada, ben] = (await people('Ada', 'Ben')) as [Someone, Someone];
  const id = await found(ada, 'Guests');
  await bring(ada, id, ben, 'GUEST');
  expect((await act(ben, id, list, undefined, {})).codes).toEqual(['FORBIDDEN']);
  await act(ada, id, updateSettings, { version: 1, guestsSeeMembers: true });
  expect((await contextFor(ben, id)).permissions).toEqual(['organizations.member.read']);
  expect((await act(ben, id, list, undefined, {})).data.currentOrganization.members.totalCount).toBe(2);
});

test('roles are made of held permissions, with keys that are unique in the tenant alone', async () => {
  const [ada, ben, eve] = (await people('Ada', 'Ben', 'Eve')) as [Someone, Someone, Someone];
  const [id, other] = [await found(ada, 'Makers'), await found(eve, 'Others')];
  const managing = { key: 'KEEPER', name: 'Keeper', permissions: ['organizations.role.manage', 'crm.deal.read'] };
  expect((await act(ada, id, createRole, managing)).data.createOrganizationRole.role).toMatchObject({
    key: 'KEEPER',
    builtIn: false,
    memberCount: 0,
    version: 1,
  });
  expect((await act(ada, id, createRole, managing)).reasons).toEqual(['ROLE_KEY_TAKEN']);
  expect((await act(eve, other, createRole, managing)).codes).toEqual([]);
  const bad = await act(ada, id, createRole, { key: 'x', name: '', permissions: ['no.such.key'] });
  expect(bad.errors?.[0]?.extensions?.['issues']).toHaveLength(3);
  await bring(ada, id, ben, 'KEEPER');
  const above = await act(ben, id, createRole, { key: 'MORE', name: 'More', permissions: ['crm.deal.read', 'crm.deal.write'] });
  expect(above.errors?.[0]?.extensions).toMatchObject({ reason: 'GRANT_EXCEEDS_OWN', permissions: ['crm.deal.write'] });
  expect((await act(eve, other, createRole, { ...managing, key: 'SAME' })).codes).toEqual([]);
  expect((await run(createRole, { input: managing, as: eve.viewer })).codes).toEqual(['BAD_USER_INPUT']);
});

test("a role's change works on all its members and reaches their subscriptions; built-in roles stay", async () => {
  const [ada, ben] = (await people('Ada', 'Ben')) as [Someone, Someone];
  const id = await found(ada, 'Rolling');
  const { data } = await act(ada, id, createRole, { key: 'DESK', name: 'Desk', permissions: ['crm.deal.read'] });
  const role = data.createOrganizationRole.role;
  await bring(ada, id, ben, 'DESK');
  const changes = await subscribe(`subscription { membershipChanged { permissions } }`, { as: ben.viewer });
  const permissions = ['crm.deal.read', 'crm.deal.write'];
  expect((await act(ada, id, updateRole, { id: role.id, version: 1, permissions })).data.updateOrganizationRole.role).toMatchObject({
    version: 2,
    permissions,
    name: 'Desk',
  });
  expect((await changes.next()).value).toMatchObject({ data: { membershipChanged: { permissions } } });
  await changes.return();
  expect((await contextFor(ben, id)).permissions).toEqual(permissions);
  expect((await act(ada, id, updateRole, { id: role.id, version: 1, name: 'Late' })).errors?.[0]?.extensions).toMatchObject({
    code: 'CONFLICT',
    currentVersion: 2,
  });
  const MEMBER = (await roles(ada, id))['MEMBER'];
  expect((await act(ada, id, updateRole, { id: MEMBER, version: 1, permissions: [] })).reasons).toEqual(['BUILT_IN_ROLE']);
  expect((await act(ada, id, deleteRole, { id: MEMBER })).reasons).toEqual(['BUILT_IN_ROLE']);
  expect((await act(ada, id, updateRole, { id, version: 1 })).codes).toEqual(['NOT_FOUND']);
  expect(await emitted(roleUpdated)).toContainEqual(expect.objectContaining({ roleId: role.id, permissions }));
});

test('a deleted role makes nobody an owner, neither its members nor those who come later', async () => {
  const [ada, ben] = (await people('Ada', 'Ben')) as [Someone, Someone];
  const id = await found(ada, 'Replaced');
  const made = await act(ada, id, createRole, { key: 'FIRST', name: 'First', permissions: [] });
  const roleId = made.data.createOrganizationRole.role.id;
  await act(ada, id, updateSettings, { version: 1, defaultRoleId: roleId });
  await bring(ada, id, ben, 'FIRST');
  const { OWNER, GUEST } = await roles(ada, id);
  const refused = await act(ada, id, deleteRole, { id: roleId, replacementRoleId: OWNER });
  expect(refused.errors?.[0]?.extensions?.['issues']).toEqual([{ path: 'replacementRoleId', message: 'must not be the role of owners' }]);
  expect((await contextFor(ben, id)).roleKey).toBe('FIRST');
  expect((await act(ada, id, updateSettings, { version: 2, defaultRoleId: OWNER })).codes).toEqual(['BAD_USER_INPUT']);
  expect((await act(ada, id, deleteRole, { id: roleId, replacementRoleId: GUEST })).codes).toEqual([]);
  const invited = await act(ada, id, inviteMembers, { invitations: [{ email: 'later@example.com' }] });
  expect(invited.data.inviteMembers.invitations).toMatchObject([{ role: { key: 'GUEST' } }]);
});

test('a role in use is deleted only with a replacement, and then nobody is without a role', async () => {
  const [ada, ben] = (await people('Ada', 'Ben')) as [Someone, Someone];
  const id = await found(ada, 'Deleting');
  const make = async (key: string) =>
    (await act(ada, id, createRole, { key, name: key, permissions: [] })).data.createOrganizationRole.role.id;
  const [used, unused] = [await make('USED'), await make('UNUSED')];
  await bring(ada, id, ben, 'USED');
  expect((await act(ada, id, deleteRole, { id: used })).reasons).toEqual(['ROLE_IN_USE']);
  expect((await act(ada, id, deleteRole, { id: used, replacementRoleId: used })).codes).toEqual(['BAD_USER_INPUT']);
  expect((await act(ada, id, deleteRole, { id: used, replacementRoleId: id })).codes).toEqual(['BAD_USER_INPUT']);
  expect((await contextFor(ben, id)).roleKey).toBe('USED');
  const { MEMBER } = await roles(ada, id);
  expect((await act(ada, id, deleteRole, { id: used, replacementRoleId: MEMBER })).data.deleteOrganizationRole.deletedId).toBe(used);
  expect((await contextFor(ben, id)).roleKey).toBe('MEMBER');
  expect((await act(ada, id, deleteRole, { id: unused })).codes).toEqual([]);
  expect((await act(ada, id, deleteRole, { id: unused })).codes).toEqual(['NOT_FOUND']);
  expect(await emitted(roleDeleted)).toContainEqual(expect.objectContaining({ roleId: used, key: 'USED', replacementKey: 'MEMBER' }));
  expect((await emitted(memberAdded)).some(({ organizationId }) => organizationId === id)).toBe(true);
});
