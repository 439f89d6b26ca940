import { organizationSettingsUpdated, roleDeleted } from '@supergraph/schema/events/organizations';
import { contextOf, createRole, deleteRole, testOrganizations, updateSettings } from './support.ts';

const { run, register, found, act, roles, bring, emitted, owner, close } = testOrganizations();
afterAll(close);

test('a role deletion that breaks in the middle changes nothing: nobody is without a role', async () => {
  const [ada, ben] = [await register('Ada'), await register('Ben')];
  const id = await found(ada, 'Broken');
  const made = await act(ada, id, createRole, { key: 'DOOMED', name: 'Doomed', permissions: [] });
  const role = made.data.createOrganizationRole.role;
  await bring(ada, id, ben, 'DOOMED');
  const sql = await owner();
  await sql`create function organizations.break() returns trigger language plpgsql as $$ begin raise exception 'the power went out'; end $$`;
  await sql`create trigger breaking before delete on organizations.roles for each row execute function organizations.break()`;
  const { MEMBER } = await roles(ada, id);
  const broken = await act(ada, id, deleteRole, { id: role.id, replacementRoleId: MEMBER });
  expect(broken.codes).toEqual(['INTERNAL_SERVER_ERROR']);
  expect(JSON.stringify(broken.errors)).not.toContain('power');
  const context = { variables: { userId: ben.viewer.userId, organizationId: id }, service: 'gateway', as: null };
  expect((await run(contextOf, context)).data.membershipContext.roleKey).toBe('DOOMED');
  const log = `{ currentOrganization { auditEvents(filter: { names: ["role.deleted"] }) { totalCount } } }`;
  expect((await act(ada, id, log)).data.currentOrganization.auditEvents.totalCount).toBe(0);
  expect(await emitted(roleDeleted)).toEqual([]);
  await sql`drop function organizations.break() cascade`;
  expect((await act(ada, id, deleteRole, { id: role.id, replacementRoleId: MEMBER })).codes).toEqual([]);
  expect((await run(contextOf, context)).data.membershipContext.roleKey).toBe('MEMBER');
});

test('settings that changed are told as a whole', async () => {
  const ada = await register('Ada');
  const id = await found(ada, 'Told');
  await act(ada, id, updateSettings, { version: 1, weekStartsOn: 7, allowedInviteDomains: ['Example.com'] });
  expect(await emitted(organizationSettingsUpdated)).toMatchObject([
    { organizationId: id, settings: { weekStartsOn: 7, allowedInviteDomains: ['example.com'], invitationDays: 7, version: 2 } },
  ]);
});
