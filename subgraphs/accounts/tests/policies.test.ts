import { person, testSubgraph } from '@supergraph/platform/testing';
import { policyPublished } from '@supergraph/schema/events/accounts';
import { subgraph } from '../index.ts';
import { outcomesOf, people } from './support.ts';

const graph = testSubgraph(subgraph);
const { run, emitted, settle, close } = graph;
const { register } = people(graph);
afterAll(close);

const admin = person({ roles: ['USER', 'ADMIN'] });
const fields = 'policy { id name text state version }';
const save = `mutation ($input: SavePolicyInput!) { savePolicy(input: $input) { ${fields} } }`;
const activate = `mutation ($input: ActivatePolicyInput!) { activatePolicy(input: $input) { ${fields} } }`;
const retire = `mutation ($input: RetirePolicyInput!) { retirePolicy(input: $input) { ${fields} } }`;
const simulate = 'query ($input: SimulateAccessInput!) { simulateAccess(input: $input) { allowed determiningPolicies errors } }';
const list =
  'query ($filter: PolicyFilter, $first: Int, $after: String) { policies(filter: $filter, first: $first, after: $after) { nodes { id state } totalCount pageInfo { hasNextPage endCursor } } }';

const text = 'forbid(principal, action == Action::"Mutation.updateProfile", resource) when { context.acr == "aal1" };';

interface Saved {
  readonly id: string;
  readonly version: number;
}

async function draft(more: object = {}): Promise<Saved> {
  const { data, errors } = await run(save, { as: admin, input: { name: 'No profile changes', text, ...more } });
  if (errors) throw new Error(JSON.stringify(errors));
  return data.savePolicy.policy;
}

const act = (document: string, { id, version }: Saved) => run(document, { as: admin, input: { policyId: id, version } });

/** In force here as soon as the event of it is told. */
async function known(state: 'ACTIVE' | 'NONE'): Promise<void> {
  await settle();
  const { policies } = await graph.context();
  for (let tries = 0; policies.state !== state; tries += 1) {
    if (tries > 500) throw new Error(`the policies are still ${policies.state}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const changeName = (as: ReturnType<typeof person>, version: number) =>
  run('mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { version } } }', {
    as,
    input: { version, displayName: 'New' },
  });

describe('a stored policy', () => {
  test('is written, put in force, and taken out of force', async () => {
    const { id, handle } = await register('ana');
    const ana = person({ userId: id });
    const saved = await draft();
    expect(saved).toMatchObject({ state: 'DRAFT', version: 1, text });
    expect((await changeName(ana, 1)).codes).toEqual([]);

    const active = (await act(activate, saved)).data.activatePolicy.policy;
    expect(active).toMatchObject({ id: saved.id, state: 'ACTIVE', version: 2 });
    await known('ACTIVE');
    const refused = await changeName(ana, 2);
    expect(refused).toMatchObject({ codes: ['FORBIDDEN'], reasons: ['POLICY'] });
    // Who is forbidden something is not told by what.
    expect(JSON.stringify(refused.errors)).not.toContain('No profile changes');
    expect((await changeName({ ...ana, acr: 'aal2' }, 2)).codes).toEqual([]);

    const retired = (await act(retire, active)).data.retirePolicy.policy;
    expect(retired).toMatchObject({ state: 'RETIRED', version: 3 });
    await known('NONE');
    expect((await changeName(ana, 3)).codes).toEqual([]);
    expect(await emitted(policyPublished)).toEqual([
      { policyId: saved.id, version: 2, text, state: 'ACTIVE' },
      { policyId: saved.id, version: 3, text, state: 'RETIRED' },
    ]);
    expect(handle).toBe('ana');
    const { data } = await run('{ auditEvents(first: 20) { nodes { name target } } }', { as: admin });
    for (const name of ['policy.saved', 'policy.activated', 'policy.retired'])
      expect(data.auditEvents.nodes).toContainEqual({ name, target: saved.id });
  });

  test('is governed where something else points at an entity, and where nobody is signed in', async () => {
    const { id } = await register('bea');
    const reference = {
      query: 'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on User { handle } } }',
      variables: { representations: [{ __typename: 'User', id }] },
    };
    const read = () => run(reference.query, { as: person(), variables: reference.variables });
    const policy = (
      await act(activate, await draft({ text: `forbid(principal, action == Action::"Entity.User", resource == User::"${id}");` }))
    ).data.activatePolicy.policy;
    const guests = (
      await act(
        activate,
        await draft({ text: 'forbid(principal == User::"anybody", action == Action::"Query.externalProviders", resource);' }),
      )
    ).data.activatePolicy.policy;
    await known('ACTIVE');
    expect(await read()).toMatchObject({ data: { _entities: [null] }, codes: ['FORBIDDEN'] });
    const providers = '{ externalProviders { key } }';
    expect((await run(providers, { as: null })).codes).toEqual(['FORBIDDEN']);
    expect((await run(providers, { as: person() })).codes).toEqual([]);
    await act(retire, policy);
    await act(retire, guests);
    await known('NONE');
    expect((await read()).data).toEqual({ _entities: [{ handle: 'bea' }] });
  });

  test('that forbids everything can be retired all the same', async () => {
    const policy = (await act(activate, await draft({ text: 'forbid(principal, action, resource);' }))).data.activatePolicy.policy;
    await known('ACTIVE');
    expect((await run('{ viewer { id } }', { as: admin })).codes).toEqual(['FORBIDDEN']);
    expect((await run(list, { as: admin, variables: { filter: { state: 'ACTIVE' } } })).data.policies.nodes).toEqual([
      { id: policy.id, state: 'ACTIVE' },
    ]);
    expect((await act(retire, policy)).codes).toEqual([]);
    await known('NONE');
    expect((await run('{ viewer { id } }', { as: null })).codes).toEqual([]);
  });

  test.each([
    ['permits', 'permit(principal, action, resource);', /must be a forbid/],
    ['is two', 'forbid(principal, action, resource); forbid(principal, action, resource);', /exactly one policy, not 2/],
    ['is none', '// nothing', /exactly one policy, not 0/],
    ['has slots', 'forbid(principal == ?principal, action, resource);', /slots/],
    ['names an unknown action', 'forbid(principal, action == Action::"Mutation.fly", resource);', /Mutation\.fly/],
    ['names an unknown type', 'forbid(principal is Robot, action, resource);', /Robot/],
    ['reads what is not there', 'forbid(principal, action, resource) when { context.mood == "bad" };', /mood/],
    ['compares what cannot be equal', 'forbid(principal, action, resource) when { context.acr == 2 };', /.+/],
    ['is broken', 'forbid(principal, action, resource) when {\n context.acr == ;', /line 2/],
    ['governs its own end', 'forbid(principal, action == Action::"Mutation.retirePolicy", resource);', /retirePolicy/],
    ['is too long', `forbid(principal, action, resource); //${'x'.repeat(10_000)}`, /at most 10000/],
  ])('is refused when it %s', async (_what, bad, message) => {
    const { codes, errors } = await run(save, { as: admin, input: { name: 'Bad', text: bad } });
    expect(codes).toEqual(['BAD_USER_INPUT']);
    const issues = errors?.[0]?.extensions?.['issues'] as { path: string; message: string }[];
    expect(issues.map(({ path }) => path)).toContain('text');
    expect(JSON.stringify(issues)).toMatch(message);
  });

  test('is changed from the version that was read, as a draft alone', async () => {
    const saved = await draft();
    const changed = await draft({ policyId: saved.id, version: 1, name: 'Other' });
    expect(changed).toMatchObject({ id: saved.id, version: 2, name: 'Other' });
    const stale = await run(save, { as: admin, input: { policyId: saved.id, version: 1, name: 'x', text } });
    expect(stale).toMatchObject({ codes: ['CONFLICT'], reasons: ['STALE_VERSION'] });
    expect(stale.errors?.[0]?.extensions?.['currentVersion']).toBe(2);
    const both = await Promise.all([act(activate, changed), act(activate, changed)]);
    expect(outcomesOf(both)).toEqual(['POLICY_ACTIVE', 'done']);
    const active = { id: saved.id, version: 3 };
    const late = await run(save, { as: admin, input: { policyId: saved.id, version: 3, name: 'x', text } });
    expect(late.reasons).toEqual(['POLICY_ACTIVE']);
    await act(retire, active);
    expect((await act(retire, { id: saved.id, version: 4 })).reasons).toEqual(['POLICY_RETIRED']);
    expect((await act(activate, { id: saved.id, version: 4 })).reasons).toEqual(['POLICY_RETIRED']);
    expect((await act(retire, { id: admin.userId, version: 1 })).codes).toEqual(['NOT_FOUND']);
    expect((await run(save, { as: admin, input: { policyId: saved.id, name: 'x', text } })).codes).toEqual(['BAD_USER_INPUT']);
    await known('NONE');
  });

  test('is for administrators', async () => {
    const input = { name: 'x', text };
    for (const [document, variables] of [
      [save, { input }],
      [activate, { input: { policyId: admin.userId, version: 1 } }],
      [retire, { input: { policyId: admin.userId, version: 1 } }],
      [list, {}],
      [simulate, { input: { action: 'Query.viewer' } }],
    ] as const)
      expect((await run(document, { as: person(), variables })).codes).toEqual(['FORBIDDEN']);
    expect((await run('{ activePolicies { id } }', { as: admin })).codes).toEqual(['FORBIDDEN']);
  });
});

describe('what would be decided', () => {
  const would = async (input: object) =>
    (await run(simulate, { as: admin, input })).data.simulateAccess as {
      allowed: boolean;
      determiningPolicies: string[];
      errors: string[];
    };

  test('follows the rules of the schema', async () => {
    const { id } = await register('cleo');
    const action = 'Mutation.updateProfile';
    expect(await would({ principalId: id, action })).toEqual({ allowed: true, determiningPolicies: [], errors: [] });
    expect(await would({ principalId: id, action, context: { scopes: ['chat:read'] } })).toEqual({
      allowed: false,
      determiningPolicies: [],
      errors: ['the token lacks the scope accounts:write'],
    });
    expect(await would({ action })).toMatchObject({ allowed: false, errors: ['sign in first'] });
    expect(await would({ principalId: id, action: 'Mutation.setUserRoles' })).toMatchObject({
      allowed: false,
      errors: ['this needs platform:admin'],
    });
    const organized = {
      principalId: id,
      action: 'Mutation.createProduct',
      context: { organizationId: admin.userId, permissions: ['catalog.product.write'] },
    };
    expect(await would(organized)).toMatchObject({ allowed: true });
  });

  test('tries drafts, and names what forbids', async () => {
    const { id } = await register('dora');
    const policy = await draft({
      text: 'forbid(principal, action in Action::"write", resource == Product::"p1") when { context has ipAddress && context.ipAddress.isInRange(ip("10.0.0.0/8")) };',
    });
    const input = {
      principalId: id,
      action: 'Mutation.archiveProduct',
      resourceType: 'Product',
      resourceId: 'p1',
      context: { ipAddress: '10.1.2.3', organizationId: admin.userId, permissions: ['catalog.product.write'] },
    };
    expect(await would(input)).toMatchObject({ allowed: true, determiningPolicies: [] });
    expect(await would({ ...input, policyIds: [policy.id] })).toMatchObject({ allowed: false, determiningPolicies: [policy.id] });
    expect(await would({ ...input, policyIds: [policy.id], context: { ...input.context, ipAddress: '192.0.2.1' } })).toMatchObject({
      allowed: true,
    });
  });

  test.each([
    ['an unknown action', { action: 'Mutation.fly' }, 'action'],
    ['a type without an id', { action: 'Query.viewer', resourceType: 'User' }, 'resourceId'],
    ['an unknown fact', { action: 'Query.viewer', context: { mood: 'bad' } }, 'mood'],
    ['a bad address', { action: 'Query.viewer', context: { ipAddress: '10.0.0.300' } }, 'ipAddress'],
  ])('refuses %s', async (_what, input, word) => {
    const { codes, errors } = await run(simulate, { as: admin, input });
    expect(codes).toEqual(['BAD_USER_INPUT']);
    expect(JSON.stringify(errors)).toContain(word);
  });

  test('knows accounts that are there', async () => {
    expect((await run(simulate, { as: admin, input: { principalId: admin.userId, action: 'Query.viewer' } })).codes).toEqual(['NOT_FOUND']);
    expect((await run(simulate, { as: admin, input: { action: 'Query.viewer', policyIds: [admin.userId] } })).codes).toEqual(['NOT_FOUND']);
  });
});

test('policies are listed newest first, by their state', async () => {
  const ids = [];
  for (let number = 0; number < 3; number += 1) ids.push((await draft({ name: `Listed ${number}` })).id);
  const first = await run(list, { as: admin, variables: { filter: { state: 'DRAFT' }, first: 2 } });
  expect(first.data.policies.nodes.map(({ id }: Saved) => id)).toEqual([ids[2], ids[1]]);
  const next = await run(list, {
    as: admin,
    variables: { filter: { state: 'DRAFT' }, first: 1, after: first.data.policies.pageInfo.endCursor },
  });
  expect(next.data.policies.nodes.map(({ id }: Saved) => id)).toEqual([ids[0]]);
  expect((await run(list, { as: admin, variables: { first: 101 } })).codes).toEqual(['BAD_USER_INPUT']);
});
