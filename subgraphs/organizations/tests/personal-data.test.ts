import { exportOf, staysOf, tracesOf } from '@supergraph/platform/personal-data-testing';
import { userDeleted, userUpdated } from '@supergraph/schema/events/accounts';
import { memberRemoved } from '@supergraph/schema/events/organizations';
import { personErased } from '@supergraph/schema/events/platform';
import { personalData } from '../service/personal-data.ts';
import { createTeam, declineInvitation, inviteMembers, type Someone, testOrganizations, updateMember } from './support.ts';

const graph = testOrganizations();
const { run, act, bring, register, found, roles, deliver, settle, emitted, owner, close } = graph;
afterAll(close);

const erase = async ({ viewer: { userId } }: Someone) => {
  await deliver(userDeleted, { userId });
  await settle();
};
const invite = async (inviter: Someone, organizationId: string, email: string): Promise<string> => {
  const roleId = (await roles(inviter, organizationId))['MEMBER'];
  const { data } = await act(inviter, organizationId, inviteMembers, { invitations: [{ email, roleId }] });
  return data.inviteMembers.invitations[0].id;
};
/** Lena in Ada's organization, with a team and a title, having invited Otto; two more have invited her. */
async function world() {
  const [ada, lena, otto] = [await register('Ada'), await register('Lenaquill'), await register('Ottobright')];
  const [acme, later, never] = [await found(ada, 'Acme'), await found(otto, 'Later'), await found(otto, 'Never')];
  const membershipId = await bring(ada, acme, lena, 'ADMIN');
  await act(ada, acme, updateMember, { membershipId, version: 1, title: 'Quillkeeper' });
  await act(ada, acme, createTeam, { name: 'Readers', membershipIds: [membershipId] });
  const sent = await invite(lena, acme, otto.email);
  const waiting = await invite(otto, later, lena.email);
  const declined = await invite(otto, never, lena.email);
  expect((await run(declineInvitation, { input: { invitationId: declined }, as: lena.viewer })).codes).toEqual([]);
  return { ada, lena, otto, acme, membershipId, sent, waiting, declined };
}

test('a person gets their memberships, teams, invitations and acts, and nothing of others', async () => {
  const { ada, lena, otto, acme, membershipId, sent, waiting, declined } = await world();
  const files = await exportOf(graph, lena.viewer.userId);
  expect(files['profile']).toEqual([expect.objectContaining({ displayName: 'Lenaquill', email: lena.email })]);
  expect(files['memberships']).toEqual([
    expect.objectContaining({ id: membershipId, organizationId: acme, organization: 'Acme', status: 'ACTIVE', title: 'Quillkeeper' }),
  ]);
  expect(files['memberships']?.[0]?.['role']).toEqual(expect.any(String));
  expect(files['teams']).toEqual([expect.objectContaining({ organizationId: acme, team: 'Readers' })]);
  expect(files['invitations-to-address']?.map(({ id }) => id)).toEqual(expect.arrayContaining([waiting, declined]));
  expect(files['invitations-to-address']).toHaveLength(3);
  expect(files['invitations']?.map(({ status }) => status)).toEqual(['ACCEPTED', 'PENDING', 'DECLINED']);
  expect(files['invitations-sent']?.map(({ id }) => id)).toEqual([sent]);
  expect(files['acts']?.map(({ name }) => name)).toEqual(expect.arrayContaining(['invitation.accepted', 'invitation.created']));
  const text = JSON.stringify(files);
  expect(text).not.toMatch(/ottobright|token|hash/i);
  expect(text).not.toContain(ada.viewer.userId);
  expect(text).not.toContain(otto.viewer.userId);
  const others = JSON.stringify(await exportOf(graph, otto.viewer.userId));
  expect(others).not.toMatch(/lenaquill|quillkeeper/i);
});

test('erasure ends memberships and invitations, takes names, titles and addresses, and is answered', async () => {
  const { ada, lena, acme, waiting } = await world();
  const { userId } = lena.viewer;
  const sql = await owner();
  const said = [lena.email];
  expect(await tracesOf(sql, 'organizations', said)).toEqual(expect.arrayContaining(['invitations.email', 'people.email_fold']));
  await erase(lena);
  expect(await tracesOf(sql, 'organizations', said)).toEqual([]);
  const [titles] =
    await sql`select count(*)::int as left from organizations.memberships where user_id = ${userId} and (title is not null or member_name <> '')`;
  expect(titles).toEqual({ left: 0 });
  const allowed = new Set([...staysOf(personalData), 'audit_events.details']);
  expect((await tracesOf(sql, 'organizations', [userId])).filter((column) => !allowed.has(column))).toEqual([]);
  expect((await emitted(memberRemoved)).filter((removed) => removed.userId === userId)).toEqual([
    expect.objectContaining({ organizationId: acme, reason: 'ACCOUNT_DELETED' }),
  ]);
  const list = `{ currentOrganization { members { nodes { user { id } } } invitations { nodes { id email status } } } }`;
  const { data } = await act(ada, acme, list);
  expect(data.currentOrganization.members.nodes.map(({ user }: { user: { id: string } }) => user.id)).toEqual([ada.viewer.userId]);
  expect(data.currentOrganization.invitations.nodes).toContainEqual(
    expect.objectContaining({ email: 'erased@erased.invalid', status: 'ACCEPTED' }),
  );
  const [pending] = await sql`select status, email from organizations.invitations where id = ${waiting}`;
  expect(pending).toEqual({ status: 'REVOKED', email: 'erased@erased.invalid' });
  expect(await emitted(personErased.of('organizations'))).toContainEqual({ userId });
});

test('a second erasure changes nothing and is answered again; late news does not bring the person back', async () => {
  const { lena } = await world();
  const { userId } = lena.viewer;
  await erase(lena);
  const sql = await owner();
  const state = () => sql`select * from organizations.memberships where user_id = ${userId}`;
  const before = await state();
  await erase(lena);
  expect(await state()).toEqual(before);
  expect((await emitted(personErased.of('organizations'))).filter((erased) => erased.userId === userId)).toHaveLength(2);
  const names = { handle: 'lena', displayName: 'Lenaquill', avatarFileId: null, locale: null, timeZone: null, version: 9 };
  await deliver(userUpdated, { userId, ...names });
  expect((await exportOf(graph, userId))['profile']).toEqual([expect.objectContaining({ displayName: '', email: null })]);
});

test('an erasure that ended between two steps goes on where it stood', async () => {
  const { lena } = await world();
  const { userId } = lena.viewer;
  const sql = await owner();
  // As after a crash that left only what the last step does.
  await sql`update organizations.memberships set status = 'REMOVED', ended_at = now(), title = null, member_name = '' where user_id = ${userId}`;
  await erase(lena);
  expect(await tracesOf(sql, 'organizations', [lena.email])).toEqual([]);
});
