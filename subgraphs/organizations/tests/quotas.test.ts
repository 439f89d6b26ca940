import { notificationRequested } from '@supergraph/schema/events/notifications';
import { quotaChanged } from '@supergraph/schema/events/organizations';
import { usageReported } from '@supergraph/schema/events/platform';
import { quotaKeys } from '../quota-keys.ts';
import {
  acceptInvitation,
  inviteMembers,
  resendInvitation,
  setQuota,
  type Someone,
  suspendOrganization,
  testOrganizations,
  updateOrganization,
} from './support.ts';

const { run, deliver, register, enter, found, act, bring, emitted, advance, stopClock, close } = testOrganizations();
stopClock();
afterAll(close);

interface Quota {
  readonly key: string;
  readonly limit: string | number | null;
  readonly used: number;
  readonly resetsAt: string | null;
}
const read = `{ currentOrganization { quotas { key limit used resetsAt } } }`;
const quotas = async (who: Someone, id: string): Promise<Quota[]> => (await act(who, id, read)).data.currentOrganization.quotas;
const quota = async (who: Someone, id: string, key: string) => (await quotas(who, id)).find((each) => each.key === key);
const administrator = async () => (await register('Root', { roles: ['USER', 'ADMIN'] })).viewer;
const limit = async (id: string, key: string, to: number | null) =>
  run(setQuota, { input: { id, key, limit: to }, as: await administrator() });
const report = (domain: string, organizationId: string, key: string, used: number) =>
  deliver(usageReported.of(domain), { organizationId, key, used }, { organizationId });
const nearNotices = async (organizationId: string) =>
  (await emitted(notificationRequested.of('organizations'))).filter(
    (notice) => notice.kind === 'QUOTA_NEAR' && notice.organizationId === organizationId,
  );

test('the gateway is told how many requests a tenant may make', async () => {
  const ada = await register('Ada');
  const id = await found(ada, 'Busy');
  const context =
    'query ($userId: ID!, $organizationId: ID!) { membershipContext(userId: $userId, organizationId: $organizationId) { requestsPerMinute } }';
  const told = async () =>
    (await run(context, { variables: { userId: ada.viewer.userId, organizationId: id }, service: 'gateway' })).data.membershipContext;
  expect(await told()).toEqual({ requestsPerMinute: null });
  await limit(id, 'api.requests_per_minute', 600);
  expect(await told()).toEqual({ requestsPerMinute: 600 });
  await limit(id, 'api.requests_per_minute', null);
  expect(await told()).toEqual({ requestsPerMinute: null });
});

test('every key is shown with limit and use; what nobody limits is unlimited, but for mails to strangers', async () => {
  const ada = await register('Ada');
  const id = await found(ada, 'Keys');
  const all = await quotas(ada, id);
  expect(all.map(({ key }) => key)).toEqual(quotaKeys);
  expect(all.filter((each) => each.limit !== null)).toMatchObject([{ key: 'invitations.per_day', limit: 500 }]);
  expect(all.filter(({ used }) => used > 0)).toMatchObject([{ key: 'seats', used: 1 }]);
  expect(all.filter(({ resetsAt }) => resetsAt !== null).map(({ key }) => key)).toEqual([
    'invitations.per_day',
    'api.requests_per_minute',
    'analytics.events_per_month',
    'predictions.per_day',
  ]);
});

test('a limit is set by administrators of the platform alone, told to the domains, and may be taken away', async () => {
  const ada = await register('Ada');
  const id = await found(ada, 'Limited');
  expect((await limit(id, 'catalog.products', 100)).data.setQuota.quota).toEqual({
    key: 'catalog.products',
    limit: 100,
    used: 0,
    resetsAt: null,
  });
  expect((await limit(id, 'catalog.products', null)).data.setQuota.quota.limit).toBeNull();
  expect((await emitted(quotaChanged)).filter(({ organizationId }) => organizationId === id)).toEqual([
    { organizationId: id, key: 'catalog.products', limit: 100 },
    { organizationId: id, key: 'catalog.products', limit: null },
  ]);
  expect((await run(setQuota, { input: { id, key: 'seats', limit: 1 }, as: ada.viewer })).codes).toEqual(['FORBIDDEN']);
  const bad = await limit('nobody', 'no.such_key', -1);
  expect(bad.errors?.[0]?.extensions?.['issues']).toMatchObject([{ path: 'id' }, { path: 'key' }, { path: 'limit' }]);
  expect((await limit('01999999-0000-7000-8000-000000000000', 'seats', 1)).codes).toEqual(['NOT_FOUND']);
});

test('a domain tells of its own quotas alone, and the newest word counts', async () => {
  const ada = await register('Ada');
  const id = await found(ada, 'Told');
  await report('catalog', id, 'catalog.products', 7);
  await report('catalog', id, 'catalog.products', 5);
  await report('chat', id, 'catalog.products', 900);
  await report('organizations', id, 'seats', 900);
  await report('catalog', id, 'catalog.unknown', 1);
  expect(await quota(ada, id, 'catalog.products')).toMatchObject({ used: 5 });
  expect(await quota(ada, id, 'seats')).toMatchObject({ used: 1 });
});

test('what is counted by day or month begins at zero again', async () => {
  const ada = await register('Ada');
  const id = await found(ada, 'Periods');
  await report('predictions', id, 'predictions.per_day', 40);
  await report('analytics', id, 'analytics.events_per_month', 70);
  const before = await quota(ada, id, 'predictions.per_day');
  expect(before).toMatchObject({ used: 40 });
  expect(before?.resetsAt).toMatch(/T00:00:00\.000Z$/);
  advance(32 * 86_400_000);
  expect(await quota(ada, id, 'predictions.per_day')).toMatchObject({ used: 0 });
  expect(await quota(ada, id, 'analytics.events_per_month')).toMatchObject({ used: 0 });
});

test('owners are told once when nine tenths are used, and again only after there was room', async () => {
  const [ada, ben] = [await register('Ada'), await register('Ben')];
  const id = await found(ada, 'Near');
  await bring(ada, id, ben, 'ADMIN');
  await limit(id, 'files.bytes', 1_000);
  await report('files', id, 'files.bytes', 899);
  expect(await nearNotices(id)).toEqual([]);
  await report('files', id, 'files.bytes', 900);
  await report('files', id, 'files.bytes', 990);
  expect(await nearNotices(id)).toMatchObject([
    { recipientIds: [ada.viewer.userId], data: { quota: 'files.bytes', used: '900', limit: '1000', organizationName: 'Near' } },
  ]);
  await report('files', id, 'files.bytes', 850);
  await report('files', id, 'files.bytes', 950);
  expect(await nearNotices(id)).toHaveLength(1);
  await report('files', id, 'files.bytes', 700);
  await report('files', id, 'files.bytes', 950);
  const again = await nearNotices(id);
  expect(new Set(again.map(({ dedupeKey }) => dedupeKey)).size).toBe(2);
});

test('a limit below the use stops growth and deletes nothing', async () => {
  const [ada, ben, cy] = [await register('Ada'), await register('Ben'), await register('Cy')];
  const id = await found(ada, 'Lowered');
  await bring(ada, id, ben);
  const invited = await act(ada, id, inviteMembers, { invitations: [{ email: cy.email }] });
  const invitationId = invited.data.inviteMembers.invitations[0].id;
  expect((await limit(id, 'seats', 1)).data.setQuota.quota).toMatchObject({ limit: 1, used: 3 });
  const refused = await act(ada, id, inviteMembers, { invitations: [{ email: 'more@example.com' }] });
  expect(refused.errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', reason: 'QUOTA_EXCEEDED', quota: 'seats', limit: 1 });
  // The seat of a pending invitation is held already.
  expect((await run(acceptInvitation, { input: { invitationId }, as: cy.viewer })).codes).toEqual([]);
  expect(await quota(ada, id, 'seats')).toMatchObject({ used: 3 });
});

test('mails of invitations are a rate: RATE_LIMITED until the next day', async () => {
  const ada = await register('Ada');
  const id = await found(ada, 'Rates');
  await limit(id, 'invitations.per_day', 3);
  const invited = await act(ada, id, inviteMembers, { invitations: [{ email: 'r1@example.com' }, { email: 'r2@example.com' }] });
  const [{ id: invitationId }] = invited.data.inviteMembers.invitations;
  const more = { invitations: [{ email: 'r3@example.com' }, { email: 'r4@example.com' }] };
  const refused = await act(ada, id, inviteMembers, more);
  expect(refused.codes).toEqual(['RATE_LIMITED']);
  expect(refused.errors?.[0]?.extensions?.['retryAfterSeconds']).toBeLessThanOrEqual(86_400);
  expect((await act(ada, id, resendInvitation, { id: invitationId })).codes).toEqual([]);
  expect((await act(ada, id, resendInvitation, { id: invitationId })).codes).toEqual(['RATE_LIMITED']);
  expect(await quota(ada, id, 'invitations.per_day')).toMatchObject({ limit: 3, used: 3 });
  advance(86_400_000);
  expect(await quota(ada, id, 'invitations.per_day')).toMatchObject({ used: 0 });
  expect((await act(ada, id, inviteMembers, more)).codes).toEqual([]);
});

test('without a limit of its own a tenant mails 500 invitations a day, and any number where that was allowed', async () => {
  const ada = await register('Ada');
  const id = await found(ada, 'Young');
  const inviteHundred = (round: number) =>
    act(ada, id, inviteMembers, { invitations: Array.from({ length: 100 }, (_, n) => ({ email: `y${round}-${n}@example.com` })) });
  for (let round = 0; round < 5; round++) expect((await inviteHundred(round)).codes).toEqual([]);
  expect((await inviteHundred(5)).codes).toEqual(['RATE_LIMITED']);
  await limit(id, 'invitations.per_day', null);
  expect(await quota(ada, id, 'invitations.per_day')).toMatchObject({ limit: null, used: 500 });
  expect((await inviteHundred(5)).codes).toEqual([]);
});

test('members read a suspended tenant and nobody writes, by the live row and by the context alike', async () => {
  const ada = await register('Ada');
  const id = await found(ada, 'Resting');
  await run(suspendOrganization, { input: { id }, as: await administrator() });
  const inside = await enter(ada, id);
  const change = { input: { version: 1, name: 'Never' }, as: ada.viewer };
  const byRow = await run(updateOrganization, { ...change, in: inside });
  const byContext = await run(updateOrganization, { ...change, in: { ...inside, inactive: true } });
  for (const refused of [byRow, byContext]) expect(refused).toMatchObject({ codes: ['FORBIDDEN'], reasons: ['ORGANIZATION_INACTIVE'] });
  const looked = await run(`{ currentOrganization { status members { totalCount } } }`, {
    as: ada.viewer,
    in: { ...inside, inactive: true },
  });
  expect(looked.data.currentOrganization).toEqual({ status: 'SUSPENDED', members: { totalCount: 1 } });
});

test('an event of a tenant that is not there is harmless', async () => {
  const organizationId = '01999999-0000-7000-8000-000000000000';
  await report('files', organizationId, 'files.bytes', 3);
  expect(await nearNotices(organizationId)).toEqual([]);
});
