import { person } from '@supergraph/platform/testing';
import { serviceAccountCreated, userDeleted, userRegistered } from '@supergraph/schema/events/accounts';
import { memberAdded, memberRemoved } from '@supergraph/schema/events/organizations';
import { contextOf, removeMember, setQuota, testOrganizations, updateMember } from './support.ts';

const { run, deliver, settle, register, found, act, roles, emitted, close } = testOrganizations();
afterAll(close);

const seats = `{ currentOrganization { memberCount quotas { key used } } }`;
const contextFor = async (userId: string, organizationId: string) =>
  (await run(contextOf, { variables: { userId, organizationId }, service: 'gateway', as: null })).data.membershipContext;
const usedSeats = ({ data }: Awaited<ReturnType<typeof run>>) =>
  data.currentOrganization.quotas.find(({ key }: { key: string }) => key === 'seats').used;

/** Accounts tells of the account and of its tenant. */
async function makeService(organizationId: string, { inOrder = true } = {}): Promise<string> {
  const { userId } = person({ kind: 'SERVICE' });
  const described = { kind: 'SERVICE', handle: `s-${userId.slice(-8)}`, displayName: 'Sync', email: null, locale: null } as const;
  const tellOfAccount = () => deliver(userRegistered, { ...described, userId, timeZone: null, version: 1 });
  if (inOrder) await tellOfAccount();
  const { eventId } = await deliver(serviceAccountCreated, { userId, organizationId }, { organizationId });
  await deliver(serviceAccountCreated, { userId, organizationId }, { organizationId, eventId });
  await deliver(serviceAccountCreated, { userId, organizationId }, { organizationId });
  if (!inOrder) await tellOfAccount();
  return userId;
}

test('a service account becomes a guest once, holds no seat, and gets more by a role', async () => {
  const ada = await register('Ada');
  const id = await found(ada, 'Robots');
  const [first, second] = [await makeService(id), await makeService(id, { inOrder: false })];
  expect((await emitted(memberAdded)).filter(({ userId }) => userId === first || userId === second)).toMatchObject([
    { roleKey: 'GUEST', permissions: [] },
    { roleKey: 'GUEST', permissions: [] },
  ]);
  const read = await act(ada, id, seats);
  expect(read.data.currentOrganization.memberCount).toBe(3);
  expect(usedSeats(read)).toBe(1);
  const administrator = await register('Root', { roles: ['USER', 'ADMIN'] });
  expect((await run(setQuota, { input: { id, key: 'seats', limit: 1 }, as: administrator.viewer })).codes).toEqual([]);
  const third = await makeService(id);
  const { membershipId, roleKey } = await contextFor(third, id);
  expect(roleKey).toBe('GUEST');
  const { MEMBER } = await roles(ada, id);
  expect((await act(ada, id, updateMember, { membershipId, version: 1, roleId: MEMBER })).codes).toEqual([]);
  expect((await contextFor(third, id)).permissions).toContain('crm.contact.read');
});

test('its membership ends with the account, and removing it is told, so that accounts ends the account', async () => {
  const ada = await register('Ada');
  const id = await found(ada, 'Endings');
  const [gone, removed] = [await makeService(id), await makeService(id)];
  await deliver(userDeleted, { userId: gone });
  await settle();
  expect(await contextFor(gone, id)).toBeNull();
  const { membershipId } = await contextFor(removed, id);
  expect((await act(ada, id, removeMember, { membershipId })).codes).toEqual([]);
  expect(await emitted(memberRemoved)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ userId: gone, reason: 'ACCOUNT_DELETED' }),
      expect.objectContaining({ userId: removed, reason: 'REMOVED' }),
    ]),
  );
  expect((await act(ada, id, seats)).data.currentOrganization.memberCount).toBe(1);
});

test('an account of an organization that is not there makes nothing', async () => {
  const nowhere = '01999999-0000-7000-8000-000000000000';
  const userId = await makeService(nowhere);
  expect((await emitted(memberAdded)).filter((event) => event.userId === userId)).toEqual([]);
});
