import type { Envelope, EventContract } from '@supergraph/platform/events';
import { serviceAccountCreated, userEmailChanged, userReinstated, userSuspended, userUpdated } from '@supergraph/schema/events/accounts';
import { tenantRowsKept, usageReported } from '@supergraph/schema/events/platform';
import {
  acceptInvitation,
  cancelDeletion,
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
  revokeInvitation,
  scheduleDeletion,
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

const { run, deliver, register, found, act, bring, roles, emitted, close } = testOrganizations();
afterAll(close);

let told = 0;
const isNotice = ({ name }: Envelope) => name.endsWith('.notification.requested');
/** What an act told the other domains, in its order; notices have keys of their own, and so no place among the others. */
async function news(act: Promise<{ readonly codes: readonly unknown[] }>): Promise<readonly Envelope[]> {
  expect((await act).codes).toEqual([]);
  const all = await emitted();
  const fresh = all.slice(told);
  told = all.length;
  return [...fresh.filter((event) => !isNotice(event)), ...fresh.filter(isNotice)];
}
const short = (envelopes: readonly Envelope[]) => envelopes.map(({ name, payload }) => [name.replace('organizations.', ''), payload]);
/** The notice of a kind to somebody; what the notice says further is told by the tests of its act. */
const notice = (kind: string, { viewer }: Someone, organizationId: string) => [
  'notification.requested',
  expect.objectContaining({ kind, recipientIds: [viewer.userId], organizationId }),
];
const skip = async () => void (told = (await emitted()).length);

interface World {
  readonly ada: Someone;
  readonly ben: Someone;
  readonly id: string;
}
async function world(name: string): Promise<World> {
  const [ada, ben] = [await register('Ada'), await register('Ben')];
  const id = await found(ada, name);
  return { ada, ben, id };
}
const epoch: unknown = expect.any(Number);
const newId: unknown = expect.any(String);

test('a tenant tells that it is made, changed, suspended, archived and back, each with its own key', async () => {
  await skip();
  const { ada, id } = await world('Teller');
  const described = {
    organizationId: id,
    slug: 'teller',
    name: 'Teller',
    logoFileId: null,
    locale: 'en',
    timeZone: 'UTC',
    currency: 'EUR',
  };
  const owner = { organizationId: id, membershipId: newId, userId: ada.viewer.userId, roleKey: 'OWNER', teamIds: [], epoch };
  const made = await news(Promise.resolve({ codes: [] }));
  expect(short(made)).toEqual([
    ['organization.created', { ...described, version: epoch }],
    ['member.added', { ...owner, permissions: expect.any(Array) }],
  ]);
  const administrator = await register('Root', { roles: ['USER', 'ADMIN'] });
  const platform = (document: string, input: object) => run(document, { input, as: administrator.viewer });
  const rest = [
    await news(act(ada, id, updateOrganization, { version: 1, name: 'Told', slug: 'told' })),
    await news(
      act(ada, id, updateSettings, { version: 1, locale: 'de', timeZone: 'Europe/Berlin', currency: 'CHF', guestsSeeMembers: true }),
    ),
    await news(platform(setQuota, { id, key: 'seats', limit: 40 })),
    await news(platform(suspendOrganization, { id })),
    await news(platform(reinstateOrganization, { id })),
    await news(act(ada, id, scheduleDeletion, {})),
    await news(act(ada, id, cancelDeletion, {})),
  ];
  const renamed = { ...described, slug: 'told', name: 'Told' };
  const places = { locale: 'de', timeZone: 'Europe/Berlin', currency: 'CHF' };
  const settings = {
    ...places,
    requireMfa: false,
    defaultRoleId: (await roles(ada, id))['MEMBER'],
    invitationDays: 7,
    guestsSeeMembers: true,
    allowedInviteDomains: [],
    weekStartsOn: 1,
    version: 2,
  };
  expect(rest.map(short)).toEqual([
    [['organization.updated', { ...renamed, version: epoch }]],
    [
      ['organization.updated', { ...renamed, ...places, version: epoch }],
      ['settings.updated', { organizationId: id, settings }],
    ],
    [['quota.changed', { organizationId: id, key: 'seats', limit: 40 }]],
    [['organization.suspended', { organizationId: id }]],
    [['organization.reinstated', { organizationId: id }]],
    [['organization.archived', { organizationId: id }], notice('ORGANIZATION_ARCHIVED', ada, id)],
    [['organization.restored', { organizationId: id }]],
  ]);
  // One key for all of a tenant, so that they arrive in their order.
  for (const { key, organizationId, name } of [...made, ...rest.flat()].filter((event) => !isNotice(event)))
    expect([name, key, organizationId]).toEqual([name, id, id]);
});

test('invitations tell that they are made, renewed and answered; a link that is taken back is no news', async () => {
  const { ada, ben, id } = await world('Inviter');
  const cy = await register('Cy');
  const stranger = `stranger-${id}@example.com`;
  await skip();
  const invite = (email: string) => act(ada, id, inviteMembers, { invitations: [{ email }] });
  const created = { organizationId: id, invitationId: newId, roleKey: 'MEMBER', invitedById: ada.viewer.userId };
  for (const who of [ben, ben, cy])
    expect(short(await news(invite(who.email)))).toEqual([
      ['invitation.created', { ...created, inviteeUserId: who.viewer.userId }],
      notice('INVITED', who, id),
    ]);
  expect(short(await news(invite(stranger)))).toEqual([['invitation.created', { ...created, inviteeUserId: null }]]);
  const read = await act(ada, id, `{ currentOrganization { invitations { nodes { id email } } } }`);
  const idOf = (address: string): string =>
    read.data.currentOrganization.invitations.nodes.find(({ email }: { email: string }) => email === address).id;
  const answered = ({ viewer, email }: Someone) => ({ organizationId: id, invitationId: idOf(email), userId: viewer.userId });
  expect(short(await news(run(acceptInvitation, { input: { invitationId: idOf(ben.email) }, as: ben.viewer })))).toEqual([
    ['invitation.accepted', answered(ben)],
    ['member.added', expect.objectContaining({ organizationId: id, userId: ben.viewer.userId, roleKey: 'MEMBER', teamIds: [], epoch })],
  ]);
  expect(short(await news(run(declineInvitation, { input: { invitationId: idOf(cy.email) }, as: cy.viewer })))).toEqual([
    ['invitation.declined', answered(cy)],
  ]);
  expect(await news(act(ada, id, revokeInvitation, { id: idOf(stranger) }))).toEqual([]);
});

test('members, teams and roles tell what everybody may do from then on, and the epoch rises', async () => {
  const { ada, ben, id } = await world('Changer');
  const membershipId = await bring(ada, id, ben);
  const desk = await act(ada, id, createRole, { key: 'DESK', name: 'Desk', permissions: ['crm.deal.read'] });
  const roleId = desk.data.createOrganizationRole.role.id;
  const { GUEST } = await roles(ada, id);
  const whose = { organizationId: id, membershipId, userId: ben.viewer.userId, epoch };
  const may = (roleKey: string, permissions: readonly string[], teamIds: readonly unknown[]) => [
    'member.updated',
    { ...whose, roleKey, permissions, teamIds },
  ];
  const team = (teamId: string, verb: string, members: readonly Someone[]) => [
    `team.${verb}`,
    { organizationId: id, teamId, memberUserIds: members.map(({ viewer }) => viewer.userId) },
  ];
  const role = { organizationId: id, roleId, key: 'DESK', epoch };
  const all: Envelope[] = [];
  const after = async (document: string, input: object) => {
    const fresh = await news(act(ada, id, document, input));
    all.push(...fresh);
    return short(fresh);
  };
  await skip();
  expect(await after(updateMember, { membershipId, version: 1, roleId })).toEqual([
    may('DESK', ['crm.deal.read'], []),
    notice('ROLE_CHANGED', ben, id),
  ]);
  expect(await after(updateRole, { id: roleId, version: 1, permissions: ['crm.deal.write'] })).toEqual([
    ['role.updated', { ...role, permissions: ['crm.deal.write'] }],
  ]);
  const teams = await after(createTeam, { name: 'Crew', membershipIds: [membershipId] });
  const [[, made] = []] = teams;
  const { teamId } = made as { teamId: string };
  expect(teams).toEqual([team(teamId, 'updated', [ben]), may('DESK', ['crm.deal.write'], [teamId])]);
  expect(await after(updateTeam, { id: teamId, version: 1, removeMembershipIds: [membershipId] })).toEqual([
    team(teamId, 'updated', []),
    may('DESK', ['crm.deal.write'], []),
  ]);
  expect(await after(deleteTeam, { id: teamId })).toEqual([team(teamId, 'deleted', [])]);
  expect(await after(deleteRole, { id: roleId, replacementRoleId: GUEST })).toEqual([
    ['role.deleted', { ...role, replacementKey: 'GUEST', permissions: [] }],
  ]);
  expect(await after(suspendMember, { membershipId })).toEqual([['member.suspended', { ...whose, reason: 'SUSPENDED' }]]);
  expect(await after(reinstateMember, { membershipId })).toEqual([
    ['member.reinstated', { ...whose, reason: 'REINSTATED' }],
    may('GUEST', [], []),
  ]);
  expect(await after(removeMember, { membershipId })).toEqual([
    ['member.removed', { ...whose, reason: 'REMOVED' }],
    notice('REMOVED', ben, id),
  ]);
  const epochs = all.flatMap(({ payload }) => (payload as { epoch?: number }).epoch ?? []);
  expect(epochs).toEqual([...new Set(epochs)].toSorted((one, other) => one - other));
});

test('ownership that is handed over and a member who leaves are told, and nothing is told of what was refused', async () => {
  const { ada, ben, id } = await world('Leaver');
  const membershipId = await bring(ada, id, ben);
  await skip();
  const handed = short(await news(act(ada, id, transferOwnership, { membershipId })));
  expect(handed).toEqual([
    ['member.updated', expect.objectContaining({ userId: ben.viewer.userId, roleKey: 'OWNER' })],
    ['member.updated', expect.objectContaining({ userId: ada.viewer.userId, roleKey: 'ADMIN' })],
    notice('OWNERSHIP', ben, id),
  ]);
  const left = { organizationId: id, membershipId: newId, userId: ada.viewer.userId, epoch, reason: 'LEFT' };
  expect(short(await news(act(ada, id, leaveOrganization, {})))).toEqual([['member.removed', left]]);
  expect((await act(ben, id, leaveOrganization, {})).reasons).toEqual(['LAST_OWNER']);
  expect((await act(ben, id, updateOrganization, { version: 9, name: 'Never' })).codes).toEqual(['CONFLICT']);
  expect((await act(ben, id, inviteMembers, { invitations: [{ email: 'rubbish' }] })).codes).toEqual([]);
  expect(await news(Promise.resolve({ codes: [] }))).toEqual([]);
});

test('news that are delivered twice work once', async () => {
  const { ada, ben, id } = await world('Echo');
  await bring(ada, id, ben, 'ADMIN');
  const administrator = await register('Root', { roles: ['USER', 'ADMIN'] });
  await run(setQuota, { input: { id, key: 'files.bytes', limit: 100 }, as: administrator.viewer });
  const twice = async <Payload>(contract: EventContract<Payload>, payload: Payload) => {
    await skip();
    const { eventId } = await deliver(contract, payload, { organizationId: id });
    const first = short(await news(Promise.resolve({ codes: [] })));
    await deliver(contract, payload, { organizationId: id, eventId });
    expect([contract.name, await news(Promise.resolve({ codes: [] }))]).toEqual([contract.name, []]);
    return first.map(([name]) => name);
  };
  const { userId } = ada.viewer;
  const names = { handle: 'ada-echo', displayName: 'Ada Echo', avatarFileId: null, locale: 'en', timeZone: null };
  expect(await twice(userUpdated, { userId, ...names, version: 2 })).toEqual([]);
  expect(await twice(userEmailChanged, { userId, email: 'ada.echo@example.com', version: 3 })).toEqual([]);
  expect(await twice(usageReported.of('files'), { organizationId: id, key: 'files.bytes', used: 95 })).toEqual(['notification.requested']);
  const robot = await register('Robot', { kind: 'SERVICE' });
  expect(await twice(serviceAccountCreated, { userId: robot.viewer.userId, organizationId: id })).toEqual(['member.added']);
  expect(await twice(userSuspended, { userId, reason: null })).toEqual(['member.updated', 'notification.requested']);
  expect(await twice(userSuspended, { userId: ben.viewer.userId, reason: null })).toEqual(['organization.suspended']);
  expect(await twice(userReinstated, { userId: ben.viewer.userId, reason: null })).toEqual(['organization.reinstated']);
  expect(await twice(tenantRowsKept.of('files'), { domain: 'files' })).toEqual([]);
  const read = `{ currentOrganization { memberCount quotas { key used } members(filter: { search: "Ada Echo" }) { totalCount } } }`;
  const { currentOrganization } = (await act(ada, id, read)).data;
  expect(currentOrganization).toMatchObject({ memberCount: 3, members: { totalCount: 1 } });
  expect(currentOrganization.quotas).toContainEqual({ key: 'files.bytes', used: 95 });
});
