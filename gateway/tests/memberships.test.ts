import { eventTopic } from '@supergraph/platform/bus';
import { type DomainError, upstreamUnavailable } from '@supergraph/platform/errors';
import { createInProcessLive } from '@supergraph/platform/in-process-bus';
import { createMemberships, type Membership } from '../src/memberships.ts';

const held: Membership = {
  organizationId: 'shop',
  membershipId: 'm1',
  roleKey: 'MEMBER',
  permissions: ['catalog.product.write'],
  teamIds: [],
  requireMfa: false,
  status: 'ACTIVE',
  requestsPerMinute: null,
  epoch: 1,
};

/** Memberships as organizations tells them, which can change and be away. */
function told(first: Membership | null | Error) {
  // Nothing is as old as the beginning of time.
  const state = { answer: first, asked: 0, now: 1_000_000 };
  const live = createInProcessLive();
  const call = <Data>() => {
    state.asked += 1;
    return state.answer instanceof Error ? Promise.reject(state.answer) : Promise.resolve({ membershipContext: state.answer } as Data);
  };
  const memberships = createMemberships(call, live, { now: () => state.now });
  const find = () => memberships.find('ada', 'shop');
  return { state, live, memberships, find };
}

test('what organizations told is known for five seconds, or until it tells of a change', async () => {
  const { state, live, find, memberships } = told(held);
  await find();
  await find();
  expect(state.asked).toBe(1);
  state.now += 5_001;
  await find();
  expect(state.asked).toBe(2);
  live.broadcast(eventTopic('organizations.member.removed'), '{}');
  state.answer = null;
  expect(await find()).toBeNull();
  memberships.close();
});

test('a change in one tenant makes nobody ask about another', async () => {
  const { state, live, memberships } = told(held);
  const change = (organizationId: string) =>
    live.broadcast(eventTopic('organizations.role.updated'), JSON.stringify({ payload: { organizationId } }));
  await memberships.find('ada', 'shop');
  await memberships.find('ada', 'kitchen');
  expect(state.asked).toBe(2);
  change('kitchen');
  await memberships.find('ada', 'shop');
  expect(state.asked).toBe(2);
  await memberships.find('ada', 'kitchen');
  expect(state.asked).toBe(3);
  memberships.close();
});

test('an answer that was under way when something changed is not known afterwards, nor while organizations is away', async () => {
  const { state, live, find, memberships } = told(held);
  const early = find();
  live.broadcast(eventTopic('organizations.member.removed'), JSON.stringify({ payload: { organizationId: 'shop' } }));
  expect(await early).toEqual(held);
  state.answer = upstreamUnavailable();
  await expect(find()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  memberships.close();
});

test('while organizations is away, what was known within a minute counts for reading', async () => {
  const { state, find, memberships } = told(held);
  await find();
  state.answer = upstreamUnavailable();
  state.now += 10_000;
  expect(await find()).toEqual({ ...held, isUncertain: true });
  // It is asked again each time, and believed as soon as it answers.
  expect(await find()).toEqual({ ...held, isUncertain: true });
  expect(state.asked).toBe(3);
  state.answer = { ...held, epoch: 2 };
  expect(await find()).toEqual({ ...held, epoch: 2 });
  state.answer = upstreamUnavailable();
  state.now += 61_000;
  await expect(find()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' } satisfies Partial<DomainError>);
  memberships.close();
});

test('nobody becomes a member because organizations is away, and who was told not to be one stays none', async () => {
  const { state, live, find, memberships } = told(upstreamUnavailable());
  await expect(find()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  state.answer = held;
  await find();
  live.broadcast(eventTopic('organizations.member.removed'), '{}');
  state.answer = upstreamUnavailable();
  await expect(find()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  state.answer = held;
  await find();
  state.now += 5_001;
  state.answer = null;
  expect(await find()).toBeNull();
  state.now += 5_001;
  state.answer = upstreamUnavailable();
  await expect(find()).rejects.toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
  memberships.close();
});

test('a fault that is no outage is told as one', async () => {
  const { state, find, memberships } = told(held);
  await find();
  state.now += 5_001;
  state.answer = new Error('a bug');
  await expect(find()).rejects.toThrow('a bug');
  memberships.close();
});
