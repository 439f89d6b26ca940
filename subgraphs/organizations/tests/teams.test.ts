import { memberUpdated, teamDeleted, teamUpdated } from '@supergraph/schema/events/organizations';
import { userDeleted } from '@supergraph/schema/events/accounts';
import {
  acceptInvitation,
  contextOf,
  createTeam,
  deleteTeam,
  inviteMembers,
  leaveOrganization,
  type Someone,
  suspendMember,
  reinstateMember,
  testOrganizations,
  updateMember,
  updateTeam,
} from './support.ts';

const { run, deliver, register, found, act, bring, emitted, owner, mails, close } = testOrganizations();
afterAll(close);

const page = `query ($first: Int, $after: String) { currentOrganization { teams(first: $first, after: $after) { nodes { id name members { totalCount } } totalCount pageInfo { hasNextPage endCursor } } } }`;
const contextFor = async ({ viewer }: Someone, organizationId: string) =>
  (await run(contextOf, { variables: { userId: viewer.userId, organizationId }, service: 'gateway', as: null })).data.membershipContext;
const eventsOf = async (organizationId: string) => (await emitted(teamUpdated)).filter((event) => event.organizationId === organizationId);

async function world(name: string) {
  const [ada, ben] = [await register('Ada'), await register('Ben')];
  const id = await found(ada, name);
  const membershipId = await bring(ada, id, ben);
  const team = async (input: object) => (await act(ada, id, createTeam, input)).data.createTeam.team;
  return { ada, ben, id, membershipId, team };
}

test('a team is made with its members, and they have it in their context with the next epoch', async () => {
  const { ada, ben, id, membershipId, team } = await world('Made');
  const before = await contextFor(ben, id);
  const made = await team({ name: 'Kitchen', membershipIds: [membershipId] });
  expect(made).toMatchObject({ name: 'Kitchen', version: 1 });
  const after = await contextFor(ben, id);
  expect(after.teamIds).toEqual([made.id]);
  expect(after.epoch).toBeGreaterThan(before.epoch);
  expect(await eventsOf(id)).toEqual([{ organizationId: id, teamId: made.id, memberUserIds: [ben.viewer.userId] }]);
  expect(await emitted(memberUpdated)).toContainEqual(expect.objectContaining({ membershipId, teamIds: [made.id], epoch: after.epoch }));
  const listed = await act(ada, id, page, undefined, {});
  expect(listed.data.currentOrganization.teams.nodes).toEqual([{ id: made.id, name: 'Kitchen', members: { totalCount: 1 } }]);
});

test('names are unique in the tenant alone, in any case; bad fields are told at once', async () => {
  const { ada, id, team } = await world('Names');
  await team({ name: 'Sales' });
  expect((await act(ada, id, createTeam, { name: 'SALES' })).reasons).toEqual(['TEAM_NAME_TAKEN']);
  const other = await world('Other names');
  expect(await other.team({ name: 'Sales' })).toMatchObject({ name: 'Sales' });
  const wrong = await act(ada, id, createTeam, { name: ' ', membershipIds: ['x'] });
  expect(wrong.errors?.[0]?.extensions?.['issues']).toHaveLength(2);
  const foreign = await act(ada, id, createTeam, { name: 'Foreign', membershipIds: [other.membershipId] });
  expect(foreign.errors?.[0]?.extensions?.['issues']).toEqual([{ path: 'membershipIds.0', message: 'is no live membership' }]);
});

test('members come and go, the version rises, and a stale one is a conflict', async () => {
  const { ada, ben, id, membershipId, team } = await world('Moves');
  const { id: teamId } = await team({ name: 'Floor', membershipIds: [membershipId] });
  const own = (await contextFor(ada, id)).membershipId;
  const change = { id: teamId, version: 1, name: 'Ground floor', addMembershipIds: [own], removeMembershipIds: [membershipId] };
  const { data } = await act(ada, id, updateTeam, change);
  expect(data.updateTeam.team).toEqual({ id: teamId, name: 'Ground floor', version: 2, members: { nodes: [{ id: own }], totalCount: 1 } });
  expect((await contextFor(ben, id)).teamIds).toEqual([]);
  expect((await act(ada, id, updateTeam, change)).errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', currentVersion: 2 });
  expect((await eventsOf(id)).at(-1)).toEqual({ organizationId: id, teamId, memberUserIds: [ada.viewer.userId] });
});

test("a member's teams are set as a whole; teams of another tenant are refused at their place", async () => {
  const { ada, ben, id, membershipId, team } = await world('Wholes');
  const [one, two] = [await team({ name: 'One', membershipIds: [membershipId] }), await team({ name: 'Two' })];
  const set = await act(ada, id, updateMember, { membershipId, version: 1, teamIds: [two.id] });
  expect(set.data.updateOrganizationMember.membership.teams).toEqual([{ name: 'Two' }]);
  expect((await eventsOf(id)).slice(-2)).toEqual([
    { organizationId: id, teamId: one.id, memberUserIds: [] },
    { organizationId: id, teamId: two.id, memberUserIds: [ben.viewer.userId] },
  ]);
  const other = await world('Elsewhere');
  const foreign = await other.team({ name: 'Theirs' });
  const refused = await act(ada, id, updateMember, { membershipId, version: 2, teamIds: [two.id, foreign.id] });
  expect(refused.errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', issues: [{ path: 'teamIds.1' }] });
  expect((await contextFor(ben, id)).teamIds).toEqual([two.id]);
});

test('an invitation carries teams to its person, who joins those that are still there', async () => {
  const { ada, id, team } = await world('Invites');
  const [kept, gone] = [await team({ name: 'Kept' }), await team({ name: 'Gone' })];
  const cy = await register('Cy');
  const teamIds = [kept.id, gone.id];
  const bad = await act(ada, id, inviteMembers, { invitations: [{ email: cy.email, teamIds: [id] }] });
  expect(bad.errors?.[0]?.extensions).toMatchObject({ issues: [{ path: 'invitations.0.teamIds.0' }] });
  await act(ada, id, inviteMembers, { invitations: [{ email: cy.email, teamIds }] });
  const token = (await mails()).at(-1)?.token;
  const seen = `query ($token: String!) { invitationByToken(token: $token) { teams { name } } }`;
  expect((await run(seen, { variables: { token }, as: cy.viewer })).data.invitationByToken.teams).toEqual([
    { name: 'Kept' },
    { name: 'Gone' },
  ]);
  await act(ada, id, deleteTeam, { id: gone.id });
  expect((await run(acceptInvitation, { input: { token }, as: cy.viewer })).codes).toEqual([]);
  expect((await contextFor(cy, id)).teamIds).toEqual([kept.id]);
});

test('a deleted team is told with who was in it, and whoever leaves or is erased is in none', async () => {
  const { ada, ben, id, membershipId, team } = await world('Ends');
  const cy = await register('Cy');
  const third = await bring(ada, id, cy);
  const [first, second] = [
    await team({ name: 'A', membershipIds: [membershipId] }),
    await team({ name: 'B', membershipIds: [membershipId, third] }),
  ];
  expect((await act(ada, id, deleteTeam, { id: first.id })).data.deleteTeam).toEqual({ deletedId: first.id });
  expect((await act(ada, id, deleteTeam, { id: first.id })).codes).toEqual(['NOT_FOUND']);
  expect(await emitted(teamDeleted)).toContainEqual({ organizationId: id, teamId: first.id, memberUserIds: [ben.viewer.userId] });
  await run(leaveOrganization, { input: { membershipId }, as: ben.viewer });
  await deliver(userDeleted, { userId: cy.viewer.userId });
  expect((await eventsOf(id)).filter(({ teamId }) => teamId === second.id).map(({ memberUserIds }) => memberUserIds.length)).toEqual([
    2, 1, 0,
  ]);
  expect(await (await owner())`select 1 from organizations.team_members where organization_id = ${id}`).toHaveLength(0);
});

test('a change of a suspended member is told when they are back', async () => {
  const { ada, id, membershipId, team } = await world('Pauses');
  const { id: teamId } = await team({ name: 'Waiting' });
  await act(ada, id, suspendMember, { membershipId });
  await act(ada, id, updateMember, { membershipId, version: 2, teamIds: [teamId] });
  const told = async () => (await emitted(memberUpdated)).filter((event) => event.membershipId === membershipId);
  expect(await told()).toEqual([]);
  await act(ada, id, reinstateMember, { membershipId });
  expect(await told()).toEqual([expect.objectContaining({ teamIds: [teamId] })]);
});

test('at most 50 teams for a member and 500 for an organization', async () => {
  const { ada, id, membershipId, team } = await world('Limits');
  const { id: teamId } = await team({ name: 'First' });
  const sql = await owner();
  await sql`insert into organizations.teams (id, organization_id, name) select gen_random_uuid(), ${id}, 'bulk ' || n from generate_series(1, 499) n`;
  await sql`insert into organizations.team_members (organization_id, team_id, membership_id) select organization_id, id, ${membershipId} from organizations.teams where organization_id = ${id} and name like 'bulk %' limit 50`;
  expect((await act(ada, id, createTeam, { name: 'One more' })).errors?.[0]?.extensions).toMatchObject({
    reason: 'QUOTA_EXCEEDED',
    limit: 500,
  });
  const full = await act(ada, id, updateTeam, { id: teamId, version: 1, addMembershipIds: [membershipId] });
  expect(full.errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', reason: 'QUOTA_EXCEEDED', limit: 50 });
  const first = (await act(ada, id, page, undefined, { first: 100 })).data.currentOrganization.teams;
  expect(first).toMatchObject({ totalCount: 500, pageInfo: { hasNextPage: true } });
  const second = (await act(ada, id, page, undefined, { first: 100, after: first.pageInfo.endCursor })).data.currentOrganization.teams;
  expect(second.nodes[0].name > first.nodes.at(-1).name).toBe(true);
});

test('plain members see teams and change none; strangers see nothing', async () => {
  const { ada, ben, id, team } = await world('Seen');
  const { id: teamId } = await team({ name: 'Visible' });
  expect((await act(ben, id, page, undefined, {})).data.currentOrganization.teams.totalCount).toBe(1);
  for (const [document, input] of [
    [createTeam, { name: 'Mine' }],
    [updateTeam, { id: teamId, version: 1, name: 'Mine' }],
    [deleteTeam, { id: teamId }],
  ] as const)
    expect((await act(ben, id, document, input)).codes).toEqual(['FORBIDDEN']);
  const eve = await register('Eve');
  const reference = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Team { name members { totalCount } } ... on Organization { teams { totalCount } } } }`;
  const of = [
    { __typename: 'Team', id: teamId },
    { __typename: 'Organization', id },
  ];
  expect((await run(reference, { variables: { of }, as: eve.viewer })).data._entities).toEqual([null, { teams: null }]);
  expect((await run(reference, { variables: { of }, as: ada.viewer })).data._entities).toEqual([
    { name: 'Visible', members: null },
    { teams: { totalCount: 1 } },
  ]);
});
