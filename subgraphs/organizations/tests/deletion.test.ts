import { notificationRequested } from '@supergraph/schema/events/notifications';
import {
  memberRemoved,
  organizationArchived,
  organizationDeleted,
  organizationErasureOverdue,
  organizationRestored,
} from '@supergraph/schema/events/organizations';
import { userDeleted } from '@supergraph/schema/events/accounts';
import { tenantErased, tenantRowsKept } from '@supergraph/schema/events/platform';
import { sweepDeletions } from '../service/erasure.ts';
import {
  cancelDeletion,
  contextOf,
  createOrganization,
  createTeam,
  inviteMembers,
  scheduleDeletion,
  setQuota,
  type Someone,
  suspendOrganization,
  testOrganizations,
  updateOrganization,
} from './support.ts';

const { unproven, run, deliver, register, enter, found, act, bring, emitted, settle, advance, stopClock, context, owner, close } =
  testOrganizations();
stopClock();
afterAll(close);

const day = 86_400_000;
const term = 30 * day;
const domains = ['catalog', 'chat'];
const statusOf = `query ($id: ID!) { organization(id: $id) { status deletion { domainsDone domainsPending } } }`;
const look = async ({ viewer }: Someone, id: string) => (await run(statusOf, { variables: { id }, as: viewer })).data.organization;
const told = async <Payload extends { organizationId: string }>(contract: Parameters<typeof emitted<Payload>>[0], id: string) =>
  (await emitted(contract)).filter(({ organizationId }) => organizationId === id);
const answer = (domain: string, organizationId: string) => deliver(tenantErased.of(domain), { organizationId }, { organizationId });
const sweep = async () => {
  const ctx = await context();
  await ctx.workers.enqueue(ctx.db, sweepDeletions, {});
  await settle();
};

/** The clock of the tests runs ahead of the one by which people prove themselves. */
const fresh = (who: Someone): Someone => ({ ...who, viewer: { ...who.viewer, authTime: 4_000_000_000 } });

beforeAll(async () => {
  for (const domain of domains) await deliver(tenantRowsKept.of(domain), { domain });
});

test('an owner who has just proven themselves schedules it; members read, nobody writes, and it can be called off', async () => {
  const [ada, ben] = [await register('Ada'), await register('Ben')];
  const id = await found(ada, 'Going');
  await bring(ada, id, ben, 'ADMIN');
  const stale = { ...ada, viewer: { ...ada.viewer, authTime: ada.viewer.authTime - 3_600 } };
  expect(await act(stale, id, scheduleDeletion, {})).toMatchObject({ codes: ['UNAUTHENTICATED'], reasons: ['STEP_UP_REQUIRED'] });
  const strangers = {
    program: { kind: 'SERVICE' },
    'a token': { sessionId: null },
    'an administrator': { actorId: ben.viewer.userId },
  } as const;
  for (const [name, as] of Object.entries(strangers)) {
    const { reasons } = await act({ ...ada, viewer: { ...ada.viewer, ...as } }, id, scheduleDeletion, {});
    expect([name, reasons]).toEqual([name, ['STEP_UP_REQUIRED']]);
  }
  unproven.add(ada.viewer.userId);
  expect((await act(ada, id, scheduleDeletion, {})).reasons).toEqual(['STEP_UP_REQUIRED']);
  unproven.clear();
  expect(await act(ben, id, scheduleDeletion, {})).toMatchObject({ codes: ['FORBIDDEN'], reasons: ['OWNER_ONLY'] });
  expect((await run(scheduleDeletion, { input: {}, as: ada.viewer })).codes).toEqual(['BAD_USER_INPUT']);
  expect((await act(ada, id, scheduleDeletion, { reason: 'x'.repeat(501) })).codes).toEqual(['BAD_USER_INPUT']);
  const { data } = await act(ada, id, scheduleDeletion, { reason: 'we close' });
  const { deletion, status } = data.scheduleOrganizationDeletion.organization;
  expect([status, Date.parse(deletion.erasesAt) - Date.parse(deletion.scheduledAt)]).toEqual(['DELETION_SCHEDULED', term]);
  expect(deletion).toMatchObject({ domainsDone: [], domainsPending: domains });
  expect(await look(ben, id)).toMatchObject({ status: 'DELETION_SCHEDULED', deletion: { domainsPending: domains } });
  expect((await look(await register('Eve'), id)).deletion).toBeNull();
  expect((await act(ada, id, updateOrganization, { version: 1, name: 'Never' })).reasons).toEqual(['ORGANIZATION_INACTIVE']);
  expect((await act(ada, id, scheduleDeletion, {})).reasons).toEqual(['ORGANIZATION_STATE']);
  const notices = (await emitted(notificationRequested.of('organizations'))).filter(({ kind }) => kind === 'ORGANIZATION_ARCHIVED');
  expect(notices.flatMap(({ recipientIds }) => recipientIds)).toEqual([ada.viewer.userId, ben.viewer.userId]);
  expect((await act(ben, id, cancelDeletion, {})).reasons).toEqual(['OWNER_ONLY']);
  const kept = await act(ada, id, cancelDeletion, {});
  expect(kept.data.cancelOrganizationDeletion.organization).toMatchObject({ status: 'ACTIVE', deletion: null });
  expect((await act(ada, id, cancelDeletion, {})).reasons).toEqual(['ORGANIZATION_STATE']);
  const log = `{ currentOrganization { auditEvents(first: 2) { nodes { name details } } } }`;
  expect((await act(ada, id, log)).data.currentOrganization.auditEvents.nodes).toEqual([
    { name: 'organization.deletion_cancelled', details: { reason: null } },
    { name: 'organization.deletion_scheduled', details: { reason: 'we close', erasesAt: deletion.erasesAt } },
  ]);
  advance(term + day);
  await sweep();
  expect(await look(ada, id)).toMatchObject({ status: 'ACTIVE', deletion: null });
  expect([await told(organizationArchived, id), await told(organizationRestored, id), await told(organizationDeleted, id)]).toMatchObject([
    [{ organizationId: id }],
    [{ organizationId: id }],
    [],
  ]);
});

test('a suspended tenant whose deletion is called off is suspended again', async () => {
  const [ada, root] = [fresh(await register('Ada')), await register('Root', { roles: ['USER', 'ADMIN'] })];
  const id = await found(ada, 'Twice');
  await run(suspendOrganization, { input: { id }, as: root.viewer });
  expect((await act(ada, id, scheduleDeletion, {})).codes).toEqual([]);
  const { data } = await act(ada, id, cancelDeletion, {});
  expect(data.cancelOrganizationDeletion.organization.status).toBe('SUSPENDED');
});

test('when its time has come every domain is asked once; when all have answered a tombstone is left and no row', async () => {
  const [ada, ben] = [fresh(await register('Ada')), await register('Ben')];
  const id = await found(ada, 'Erased');
  await bring(ada, id, ben);
  const helper = await register('Helper');
  await bring(ada, id, helper, 'GUEST');
  const { membershipId } = await enter(ben, id);
  await act(ada, id, createTeam, { name: 'Crew', membershipIds: [membershipId] });
  await act(ada, id, inviteMembers, { invitations: [{ email: 'never@example.com' }] });
  const root = await register('Root', { roles: ['USER', 'ADMIN'] });
  await run(setQuota, { input: { id, key: 'seats', limit: 50 }, as: root.viewer });
  const { slug } = (await act(ada, id, `{ currentOrganization { slug } }`)).data.currentOrganization;
  expect((await act(ada, id, scheduleDeletion, {})).codes).toEqual([]);
  await settle();
  expect(await told(organizationDeleted, id)).toEqual([]);
  advance(term);
  await sweep();
  await sweep();
  expect(await told(organizationDeleted, id)).toEqual([{ organizationId: id }]);
  expect(await look(ada, id)).toEqual({ status: 'DELETION_SCHEDULED', deletion: { domainsDone: [], domainsPending: domains } });
  expect((await act(ada, id, cancelDeletion, {})).codes).toEqual(['NOT_FOUND']);
  // What other domains tell while they erase makes no new rows and is told to nobody.
  await deliver(userDeleted, { userId: helper.viewer.userId });
  await settle();
  expect(await told(memberRemoved, id)).toEqual([]);
  await answer('chat', id);
  await settle();
  expect(await look(ada, id)).toMatchObject({ deletion: { domainsDone: ['chat'], domainsPending: ['catalog'] } });
  await answer('catalog', id);
  await answer('catalog', id);
  await settle();
  expect(await look(ada, id)).toBeNull();
  const context = { variables: { userId: ada.viewer.userId, organizationId: id }, service: 'gateway', as: null };
  expect((await run(contextOf, context)).data.membershipContext).toBeNull();
  const sql = await owner();
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.columns where table_schema = 'organizations' and column_name = 'organization_id' and table_name <> 'slug_holds'`;
  expect(tables.length).toBeGreaterThan(10);
  for (const { name } of tables)
    expect([name, ...(await sql`select 1 from ${sql(`organizations.${name}`)} where organization_id = ${id}`)]).toEqual([name]);
  const [tombstone] = await sql`select status, name, slug, erases_at from organizations.organizations where id = ${id}`;
  expect(tombstone).toEqual({
    status: 'DELETED',
    name: 'Deleted organization',
    slug: `deleted-${id.replaceAll('-', '')}`,
    erases_at: null,
  });
  // The slug is held for as long as any other that was given up.
  expect((await run(createOrganization, { input: { name: 'Again', slug }, as: ben.viewer })).reasons).toEqual(['SLUG_TAKEN']);
  await sweep();
  expect(await told(organizationDeleted, id)).toHaveLength(1);
});

test('an erasure that broke off is taken up until no row is left', async () => {
  const [ada, ben] = [fresh(await register('Ada')), await register('Ben')];
  const id = await found(ada, 'Broken off');
  await bring(ada, id, ben);
  const sql = await owner();
  const rows = () => sql`select id from organizations.memberships where organization_id = ${id}`;
  await act(ada, id, scheduleDeletion, {});
  await settle();
  advance(term);
  await sweep();
  await sql`create function organizations.break() returns trigger language plpgsql as $$ begin raise exception 'the power went out'; end $$`;
  await sql`create trigger breaking before delete on organizations.memberships for each row execute function organizations.break()`;
  for (const domain of domains) await answer(domain, id);
  await settle();
  // What is left of it is nobody's to see.
  expect(await look(ada, id)).toBeNull();
  expect(await rows()).toHaveLength(2);
  const context = { variables: { userId: ada.viewer.userId, organizationId: id }, service: 'gateway', as: null };
  expect((await run(contextOf, context)).data.membershipContext).toBeNull();
  await sql`drop function organizations.break() cascade`;
  await sweep();
  expect(await rows()).toHaveLength(0);
  expect(await told(organizationDeleted, id)).toHaveLength(1);
});

test('a domain that is silent for a day is asked again, it alone, until it answers', async () => {
  const ada = fresh(await register('Ada'));
  const id = await found(ada, 'Silent');
  await act(ada, id, scheduleDeletion, {});
  await settle();
  advance(term);
  await sweep();
  await answer('chat', id);
  advance(day / 2);
  await sweep();
  expect(await told(organizationErasureOverdue, id)).toEqual([]);
  advance(day / 2);
  await sweep();
  await sweep();
  expect(await told(organizationErasureOverdue, id)).toEqual([{ organizationId: id, domains: ['catalog'] }]);
  expect(await look(ada, id)).toMatchObject({ deletion: { domainsDone: ['chat'], domainsPending: ['catalog'] } });
  await answer('catalog', id);
  await settle();
  expect(await look(ada, id)).toBeNull();
  expect(await told(organizationDeleted, id)).toHaveLength(1);
});
