import { invitationAccepted, invitationCreated, invitationDeclined } from '@supergraph/schema/events/organizations';
import { notificationRequested } from '@supergraph/schema/events/notifications';
import { person } from '@supergraph/platform/testing';
import {
  acceptInvitation,
  createRole,
  createTeam,
  declineInvitation,
  inviteMembers,
  removeMember,
  resendInvitation,
  revokeInvitation,
  setQuota,
  suspendOrganization,
  testOrganizations,
  updateSettings,
} from './support.ts';

const { run, advance, register, found, act, roles, bring, mails, emitted, owner, addresses, enter, close } = testOrganizations();
afterAll(close);

const mine = `query ($ids: [_Any!]!) { _entities(representations: $ids) { ... on User { organizationInvitations { id email status role { key } organization { name } } memberships { totalCount } } } }`;
const ofUser = (id: string) => ({ variables: { ids: [{ __typename: 'User', id }] } });
const list = `query ($first: Int, $after: String, $filter: OrganizationInvitationFilter) { currentOrganization { invitations(first: $first, after: $after, filter: $filter) { nodes { email status } totalCount pageInfo { hasNextPage endCursor } } } }`;
const byToken = `query ($token: String!) { invitationByToken(token: $token) { status } }`;
const administrator = person({ roles: ['ADMIN'] });

test('of many addresses the good ones are invited and the bad ones are told apart', async () => {
  const [ada, ben] = [await register('Ada'), await register('Ben')];
  const id = await found(ada, 'Mixed');
  await bring(ada, id, ben);
  await act(ada, id, updateSettings, { version: 1, allowedInviteDomains: ['example.com'] });
  const emails = ['good@example.com', 'no address', 'GOOD@example.com', ben.email, 'far@elsewhere.org'];
  const { data } = await act(ada, id, inviteMembers, { invitations: emails.map((email) => ({ email })) });
  expect(data.inviteMembers.invitations).toMatchObject([
    { email: 'good@example.com', role: { key: 'MEMBER' }, invitedBy: { id: ada.viewer.userId } },
  ]);
  expect(data.inviteMembers.failures.map(({ index, code }: { index: number; code: string }) => [index, code])).toEqual([
    [1, 'INVALID_ADDRESS'],
    [2, 'DUPLICATE'],
    [3, 'ALREADY_MEMBER'],
    [4, 'ADDRESS_NOT_ALLOWED'],
  ]);
  expect((await act(ada, id, inviteMembers, { invitations: [] })).codes).toEqual(['BAD_USER_INPUT']);
});

test('an idempotency key invites once and sends one mail', async () => {
  const ada = await register('Ada');
  const id = await found(ada, 'Once');
  const input = { invitations: [{ email: 'once@example.com' }, { email: '?' }], idempotencyKey: 'same' };
  const answers = await Promise.all([1, 2].map(() => act(ada, id, inviteMembers, input)));
  expect(answers[0]?.data).toEqual(answers[1]?.data);
  expect((await mails()).filter(({ to }) => to.includes('once@'))).toHaveLength(1);
  expect((await act(ada, id, inviteMembers, { ...input, invitations: [{ email: 'x@example.com' }] })).codes).toEqual(['CONFLICT']);
});

test('nobody invites above themselves, with a role of another tenant, or as an owner unless they are one', async () => {
  const [ada, ben, zoe] = [await register('Ada'), await register('Ben'), await register('Zoe')];
  const [id, other] = [await found(ada, 'Guarded'), await found(zoe, 'Elsewhere')];
  const made = await act(ada, id, createRole, {
    key: 'HOST',
    name: 'Host',
    permissions: ['organizations.member.invite', 'organizations.member.read'],
  });
  const hostId = made.data.createOrganizationRole.role.id;
  await bring(ada, id, ben, 'HOST');
  const { ADMIN, OWNER, GUEST } = await roles(ada, id);
  const invite = (roleId: string | undefined) => act(ben, id, inviteMembers, { invitations: [{ email: 'new@example.com', roleId }] });
  expect(await invite(ADMIN)).toMatchObject({ codes: ['FORBIDDEN'], reasons: ['GRANT_EXCEEDS_OWN'] });
  expect(await invite(OWNER)).toMatchObject({ codes: ['FORBIDDEN'], reasons: ['OWNER_ONLY'] });
  expect((await invite(undefined)).reasons).toEqual(['GRANT_EXCEEDS_OWN']);
  expect((await invite((await roles(zoe, other))['GUEST'])).codes).toEqual(['BAD_USER_INPUT']);
  expect((await invite(GUEST)).codes).toEqual([]);
  expect((await invite(hostId)).codes).toEqual([]);
});

test("a person finds the invitations of their verified address, and nobody else's", async () => {
  const [ada, ben, eve] = [await register('Ada'), await register('Ben'), await register('Eve')];
  const id = await found(ada, 'Waiting');
  const { data } = await act(ada, id, inviteMembers, { invitations: [{ email: ben.email.toUpperCase() }] });
  const invitationId = data.inviteMembers.invitations[0].id;
  const own = await run(mine, { ...ofUser(ben.viewer.userId), as: ben.viewer });
  expect(own.data._entities[0].organizationInvitations).toMatchObject([
    { id: invitationId, status: 'PENDING', role: { key: 'MEMBER' }, organization: { name: 'Waiting' } },
  ]);
  expect((await run(mine, { ...ofUser(ben.viewer.userId), as: eve.viewer })).data._entities[0]).toEqual({
    organizationInvitations: null,
    memberships: null,
  });
  expect((await run(mine, { ...ofUser(eve.viewer.userId), as: eve.viewer })).data._entities[0].organizationInvitations).toEqual([]);
  for (const document of [acceptInvitation, declineInvitation]) {
    expect((await run(document, { input: { invitationId }, as: eve.viewer })).codes).toEqual(['NOT_FOUND']);
    expect((await run(document, { input: {}, as: ben.viewer })).codes).toEqual(['BAD_USER_INPUT']);
    expect((await run(document, { input: { invitationId, token: 'x' }, as: ben.viewer })).codes).toEqual(['BAD_USER_INPUT']);
    expect((await run(document, { input: { invitationId }, as: null })).codes).toEqual(['UNAUTHENTICATED']);
  }
  // Who loses the address loses the invitation.
  addresses.set(ben.viewer.userId, 'moved@example.com');
  expect((await run(acceptInvitation, { input: { invitationId }, as: ben.viewer })).codes).toEqual(['NOT_FOUND']);
  addresses.set(ben.viewer.userId, ben.email);
  const notices = await emitted(notificationRequested.of('organizations'));
  expect(notices).toContainEqual(
    expect.objectContaining({
      kind: 'INVITED',
      recipientIds: [ben.viewer.userId],
      subject: { type: 'OrganizationInvitation', id: invitationId },
    }),
  );
  expect(JSON.stringify(await emitted())).not.toContain((await mails()).at(-1)?.token);
  expect(await emitted(invitationCreated)).toContainEqual({
    organizationId: id,
    invitationId,
    inviteeUserId: ben.viewer.userId,
    roleKey: 'MEMBER',
    invitedById: ada.viewer.userId,
  });
});

test('inviting again replaces role, teams and term; the earlier link is dead for whoever reads, accepts or declines', async () => {
  const [ada, ben] = [await register('Ada'), await register('Ben')];
  const id = await found(ada, 'Renewed');
  const { GUEST } = await roles(ada, id);
  const team = async (name: string) => (await act(ada, id, createTeam, { name })).data.createTeam.team.id;
  const [one, two] = [await team('One'), await team('Two')];
  const invite = async (input: object) =>
    (await act(ada, id, inviteMembers, { invitations: [{ email: ben.email, ...input }] })).data.inviteMembers.invitations[0];
  const before = await invite({ teamIds: [one] });
  const dead = (await mails()).at(-1)?.token;
  advance(86_400_000);
  const after = await invite({ roleId: GUEST, teamIds: [two] });
  expect(after).toMatchObject({ id: before.id, status: 'PENDING', role: { key: 'GUEST' } });
  expect(Date.parse(after.expiresAt) - Date.parse(before.expiresAt)).toBeGreaterThanOrEqual(86_400_000);
  expect((await run(byToken, { variables: { token: dead }, as: ben.viewer })).data.invitationByToken).toBeNull();
  for (const document of [acceptInvitation, declineInvitation])
    expect((await run(document, { input: { token: dead }, as: ben.viewer })).codes).toEqual(['NOT_FOUND']);
  const token = (await mails()).at(-1)?.token;
  expect((await run(acceptInvitation, { input: { token }, as: ben.viewer })).codes).toEqual([]);
  const { data } = await act(ada, id, `{ currentOrganization { teams { nodes { name members { totalCount } } } } }`);
  expect(data.currentOrganization.teams.nodes).toEqual([
    { name: 'One', members: { totalCount: 0 } },
    { name: 'Two', members: { totalCount: 1 } },
  ]);
});

test("a link is for its own address: another one, or one that nobody verified, learns the tenant's name and answers nothing", async () => {
  const [ada, ben, eve] = [await register('Ada'), await register('Ben'), await register('Eve')];
  const id = await found(ada, 'Addressed');
  await act(ada, id, inviteMembers, { invitations: [{ email: ben.email }] });
  const token = (await mails()).at(-1)?.token;
  addresses.delete(ben.viewer.userId);
  for (const { viewer } of [eve, ben])
    for (const result of [
      await run(byToken, { variables: { token }, as: viewer }),
      await run(acceptInvitation, { input: { token }, as: viewer }),
      await run(declineInvitation, { input: { token }, as: viewer }),
    ]) {
      expect(result.errors?.[0]?.extensions).toEqual({ code: 'FORBIDDEN', reason: 'WRONG_ADDRESS', organizationName: 'Addressed' });
      expect(JSON.stringify([result.data, result.errors])).not.toContain(ben.email);
    }
  expect((await run(byToken, { variables: { token }, as: null })).codes).toEqual(['UNAUTHENTICATED']);
  addresses.set(ben.viewer.userId, ben.email.toUpperCase());
  expect((await run(byToken, { variables: { token }, as: ben.viewer })).data.invitationByToken).toMatchObject({ status: 'PENDING' });
  expect((await run(acceptInvitation, { input: { token }, as: ben.viewer })).codes).toEqual([]);
  expect((await run(byToken, { variables: { token }, as: ben.viewer })).data.invitationByToken).toBeNull();
});

test('an invitation that is accepted, declined and taken back at the same time ends in one of them', async () => {
  const [ada, ben] = [await register('Ada'), await register('Ben')];
  const id = await found(ada, 'Contested');
  const { data } = await act(ada, id, inviteMembers, { invitations: [{ email: ben.email }] });
  const invitationId = data.inviteMembers.invitations[0].id;
  const answers = await Promise.all([
    act(ada, id, revokeInvitation, { id: invitationId }),
    run(acceptInvitation, { input: { invitationId }, as: ben.viewer }),
    run(declineInvitation, { input: { invitationId }, as: ben.viewer }),
  ]);
  const won = answers.findIndex(({ codes }) => codes.length === 0);
  expect(answers.filter(({ codes }) => codes.length === 0)).toHaveLength(1);
  const shown = (await act(ada, id, list, undefined, {})).data.currentOrganization.invitations.nodes[0].status;
  expect(shown).toBe(['REVOKED', 'ACCEPTED', 'DECLINED'][won]);
  const isMember = await enter(ben, id).then(
    () => true,
    () => false,
  );
  expect(isMember).toBe(won === 1);
});

test('an invitation is accepted once, also when it is sent many times at once', async () => {
  const [ada, ben] = [await register('Ada'), await register('Ben')];
  const id = await found(ada, 'Racing');
  await act(ada, id, inviteMembers, { invitations: [{ email: ben.email }] });
  const token = (await mails()).at(-1)?.token;
  const answers = await Promise.all([1, 2, 3, 4].map(() => run(acceptInvitation, { input: { token }, as: ben.viewer })));
  expect(answers.filter(({ codes }) => codes.length === 0)).toHaveLength(1);
  expect(answers.flatMap(({ codes }) => codes)).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND']);
  expect((await emitted(invitationAccepted)).filter(({ organizationId }) => organizationId === id)).toHaveLength(1);
});

test('declining, revoking and resending follow the states', async () => {
  const [ada, ben, eve] = [await register('Ada'), await register('Ben'), await register('Eve')];
  const id = await found(ada, 'States');
  const invite = async (email: string) =>
    (await act(ada, id, inviteMembers, { invitations: [{ email }] })).data.inviteMembers.invitations[0].id;
  const first = await invite(ben.email);
  expect((await run(declineInvitation, { input: { invitationId: first }, as: ben.viewer })).data.declineInvitation.invitation.status).toBe(
    'DECLINED',
  );
  expect(await emitted(invitationDeclined)).toContainEqual({ organizationId: id, invitationId: first, userId: ben.viewer.userId });
  expect((await act(ada, id, revokeInvitation, { id: first })).reasons).toEqual(['INVITATION_ANSWERED']);
  expect((await act(ada, id, resendInvitation, { id: first })).reasons).toEqual(['INVITATION_ANSWERED']);

  const second = await invite(ben.email);
  expect(second).not.toBe(first);
  const before = (await mails()).at(-1)?.token;
  const resent = await Promise.all([1, 2].map(() => act(ada, id, resendInvitation, { id: second, idempotencyKey: 'again' })));
  expect(resent.flatMap(({ codes }) => codes)).toEqual([]);
  expect((await mails()).filter(({ to }) => to.includes(ben.email))).toHaveLength(3);
  expect((await run(acceptInvitation, { input: { token: before }, as: ben.viewer })).codes).toEqual(['NOT_FOUND']);
  const token = (await mails()).at(-1)?.token;
  expect((await act(ada, id, revokeInvitation, { id: second })).data.revokeInvitation.invitation.status).toBe('REVOKED');
  expect((await run(acceptInvitation, { input: { token }, as: ben.viewer })).codes).toEqual(['NOT_FOUND']);

  const foreign = await found(eve, 'Foreign');
  for (const document of [revokeInvitation, resendInvitation]) {
    expect((await act(eve, foreign, document, { id: second })).codes).toEqual(['NOT_FOUND']);
    expect((await run(document, { input: { id: second }, as: eve.viewer })).codes).toEqual(['BAD_USER_INPUT']);
  }
});

test('an invitation that ran out is EXPIRED, its link dead, and inviting again renews it', async () => {
  const [ada, ben] = [await register('Ada'), await register('Ben')];
  const id = await found(ada, 'Late');
  const { data } = await act(ada, id, inviteMembers, { invitations: [{ email: ben.email }] });
  const token = (await mails()).at(-1)?.token;
  advance(8 * 86_400_000);
  expect((await run(acceptInvitation, { input: { token }, as: ben.viewer })).codes).toEqual(['NOT_FOUND']);
  expect((await act(ada, id, list, undefined, { filter: { status: 'EXPIRED' } })).data.currentOrganization.invitations).toMatchObject({
    nodes: [{ status: 'EXPIRED' }],
    totalCount: 1,
  });
  const again = await act(ada, id, inviteMembers, { invitations: [{ email: ben.email }] });
  expect(again.data.inviteMembers.invitations[0]).toMatchObject({ id: data.inviteMembers.invitations[0].id, status: 'PENDING' });
});

test('a seat is held by the pending invitation, so accepting needs no further one; parallel invitations share what is left', async () => {
  const [ada, ben] = [await register('Ada'), await register('Ben')];
  const id = await found(ada, 'Seats');
  await run(setQuota, { input: { id, key: 'seats', limit: 2 }, as: administrator });
  const answers = await Promise.all(
    [ben.email, 'b@example.com', 'c@example.com'].map((email) => act(ada, id, inviteMembers, { invitations: [{ email }] })),
  );
  expect(answers.filter(({ codes }) => codes.length === 0)).toHaveLength(1);
  expect(answers.flatMap(({ reasons }) => reasons)).toEqual(['QUOTA_EXCEEDED', 'QUOTA_EXCEEDED']);
});

test('a suspended tenant takes nobody in; a member who was removed may return with a new membership', async () => {
  const [ada, ben] = [await register('Ada'), await register('Ben')];
  const id = await found(ada, 'Return');
  const membershipId = await bring(ada, id, ben);
  await act(ada, id, removeMember, { membershipId });
  await expect(enter(ben, id)).rejects.toThrow('no active member');
  expect(await bring(ada, id, ben)).not.toBe(membershipId);
  const eve = await register('Eve');
  await act(ada, id, inviteMembers, { invitations: [{ email: eve.email }] });
  await run(suspendOrganization, { input: { id }, as: administrator });
  expect(await run(acceptInvitation, { input: { token: (await mails()).at(-1)?.token }, as: eve.viewer })).toMatchObject({
    codes: ['FORBIDDEN'],
    reasons: ['ORGANIZATION_INACTIVE'],
  });
});

test('a mail waits encrypted and is emptied when it went out; the database never holds a link', async () => {
  const ada = await register('Ada');
  const id = await found(ada, 'Sealed');
  await act(ada, id, inviteMembers, { invitations: [{ email: 'seal@example.com' }] });
  const sql = await owner();
  const [waiting] = await sql`select sealed from organizations.mail_queue where organization_id = ${id}`;
  expect(waiting?.['sealed']).not.toContain('seal@');
  const mail = (await mails()).at(-1);
  expect(mail?.raw).toContain('Sealed');
  const [sent] = await sql`select sealed, sent_at from organizations.mail_queue where organization_id = ${id}`;
  expect(sent).toEqual({ sealed: null, sent_at: expect.any(Date) });
  const [row] = await sql`select token_hash from organizations.invitations where organization_id = ${id}`;
  expect(row?.['token_hash']).not.toBe(mail?.token);
});

test('the second page of invitations follows the first; a hundred are made at once', async () => {
  const ada = await register('Ada');
  const id = await found(ada, 'Hundred');
  const { data } = await act(ada, id, inviteMembers, {
    invitations: Array.from({ length: 100 }, (_, n) => ({ email: `n${n}@example.com` })),
  });
  expect(data.inviteMembers.invitations).toHaveLength(100);
  const first = (await act(ada, id, list, undefined, { first: 60 })).data.currentOrganization.invitations;
  expect(first).toMatchObject({ totalCount: 100, pageInfo: { hasNextPage: true } });
  const second = (await act(ada, id, list, undefined, { first: 60, after: first.pageInfo.endCursor })).data.currentOrganization.invitations;
  expect(second).toMatchObject({ pageInfo: { hasNextPage: false } });
  expect(new Set([...first.nodes, ...second.nodes].map(({ email }: { email: string }) => email)).size).toBe(100);
});
