import { organizationWith, person } from '@supergraph/platform/testing';
import {
  organizationCreated,
  organizationReinstated,
  organizationSuspended,
  organizationUpdated,
} from '@supergraph/schema/events/organizations';
import { permissionKeys, memberPermissionKeys } from '../permissions.ts';
import { quotaKeys } from '../quota-keys.ts';
import {
  createOrganization,
  createRole,
  inviteMembers,
  leaveOrganization,
  reinstateOrganization,
  setQuota,
  suspendOrganization,
  testOrganizations,
  updateOrganization,
  updateSettings,
} from './support.ts';

const { run, subscribe, advance, register, enter, found, act, bring, emitted, close } = testOrganizations();
afterAll(close);

const read = `query ($id: ID!) { organization(id: $id) { id slug name status memberCount roles { key } viewerMembership { id } } }`;
const bySlug = `query ($slug: String!) { organizationBySlug(slug: $slug) { id name } }`;
const all = `query ($first: Int, $after: String, $filter: OrganizationFilter, $orderBy: OrganizationOrder) { organizations(first: $first, after: $after, filter: $filter, orderBy: $orderBy) { nodes { name } totalCount pageInfo { hasNextPage endCursor } } }`;
const administrator = person({ roles: ['USER', 'ADMIN'] });

test('every bad field of a new organization is named at once', async () => {
  const { codes, errors } = await run(createOrganization, {
    input: { name: ' ', slug: '-x', locale: '?', timeZone: 'Mars/Base', idempotencyKey: '' },
  });
  expect(codes).toEqual(['BAD_USER_INPUT']);
  expect(errors?.[0]?.extensions?.['issues']).toHaveLength(5);
});

test('a guest is asked to sign in, and a token without the scope may not write', async () => {
  expect(await run(createOrganization, { input: { name: 'No' }, as: null })).toMatchObject({ data: null, codes: ['UNAUTHENTICATED'] });
  expect((await run(createOrganization, { input: { name: 'No' }, as: person({ scopes: ['organizations:read'] }) })).codes).toEqual([
    'FORBIDDEN',
  ]);
});

test('a repeated idempotency key makes one organization, also in parallel; another input is a conflict', async () => {
  const { viewer } = await register('Ida');
  const input = { name: 'Once Only', idempotencyKey: 'k' };
  const answers = await Promise.all([1, 2, 3].map(() => run(createOrganization, { input, as: viewer })));
  expect(new Set(answers.map(({ data }) => data.createOrganization.organization.id)).size).toBe(1);
  expect((await run(createOrganization, { input: { ...input, name: 'Twice' }, as: viewer })).codes).toEqual(['CONFLICT']);
});

test('a slug is taken once; one that is made from the name gives way', async () => {
  const ada = await register('Ada');
  await found(ada, 'Café Über');
  expect((await run(bySlug, { variables: { slug: 'CAFE-UBER' }, as: ada.viewer })).data.organizationBySlug).toMatchObject({
    name: 'Café Über',
  });
  expect(await run(createOrganization, { input: { name: 'Other', slug: 'cafe-uber' }, as: ada.viewer })).toMatchObject({
    codes: ['CONFLICT'],
    reasons: ['SLUG_TAKEN'],
  });
  const second = await run(createOrganization, { input: { name: 'Café Über' }, as: ada.viewer });
  expect(second.data.createOrganization.organization.slug).toMatch(/^cafe-uber-[0-9a-f]{6}$/);
});

test('a slug that was given up is held 90 days for whoever had it', async () => {
  const [ada, bea] = [await register('Ada'), await register('Bea')];
  const { data } = await run(createOrganization, { input: { name: 'Move', slug: 'old-place' }, as: ada.viewer });
  const { id } = data.createOrganization.organization;
  expect((await act(ada, id, updateOrganization, { version: 1, slug: 'new-place' })).data.updateOrganization.organization).toMatchObject({
    slug: 'new-place',
    version: 2,
  });
  expect((await run(createOrganization, { input: { name: 'Grab', slug: 'old-place' }, as: bea.viewer })).reasons).toEqual(['SLUG_TAKEN']);
  expect((await act(ada, id, updateOrganization, { version: 2, slug: 'old-place' })).codes).toEqual([]);
  expect((await run(createOrganization, { input: { name: 'Grab', slug: 'new-place' }, as: bea.viewer })).reasons).toEqual(['SLUG_TAKEN']);
  expect((await act(ada, id, updateOrganization, { version: 2, name: 'Late' })).errors?.[0]?.extensions).toMatchObject({
    code: 'CONFLICT',
    currentVersion: 3,
  });
  const versions = (await emitted(organizationUpdated)).filter(({ organizationId }) => organizationId === id).map(({ version }) => version);
  expect(versions).toEqual(versions.toSorted((a, b) => a - b));
});

test('a slug has 3 to 40 letters, digits and hyphens, and one that is taken or held cannot be changed to', async () => {
  const [ada, bea] = [await register('Ada'), await register('Bea')];
  const id = await found(ada, 'Slugged');
  const change = (slug: string, version = 1) => act(ada, id, updateOrganization, { version, slug });
  for (const slug of ['ab', 'x'.repeat(41), 'a b', 'a_b', 'äbc', '-abc', 'abc-'])
    expect([slug, (await change(slug)).codes]).toEqual([slug, ['BAD_USER_INPUT']]);
  await run(createOrganization, { input: { name: 'Here', slug: 'right-here' }, as: bea.viewer });
  expect(await change('right-here')).toMatchObject({ codes: ['CONFLICT'], reasons: ['SLUG_TAKEN'] });
  const { data } = await run(createOrganization, { input: { name: 'Gone', slug: 'was-here' }, as: bea.viewer });
  const other = data.createOrganization.organization.id;
  expect((await act(bea, other, updateOrganization, { version: 1, slug: 'now-there' })).codes).toEqual([]);
  expect((await change('was-here')).reasons).toEqual(['SLUG_TAKEN']);
  for (const [version, slug] of ['a-1', 'z'.repeat(40)].entries()) expect((await change(slug, version + 1)).codes).toEqual([]);
  advance(91 * 86_400_000);
  expect((await change('was-here', 3)).data.updateOrganization.organization.slug).toBe('was-here');
});

test('a person owns at most 10 tenants, also when they make several at once', async () => {
  const { viewer } = await register('Max');
  const made = await Promise.all(
    Array.from({ length: 11 }, (_, n) => run(createOrganization, { input: { name: `Many ${n} of Max` }, as: viewer })),
  );
  expect(made.filter(({ codes }) => codes.length === 0)).toHaveLength(10);
  const refused = made.find(({ codes }) => codes.length > 0);
  expect(refused?.errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', reason: 'QUOTA_EXCEEDED', limit: 10 });
});

test('how many tenants a person may own can be set', async () => {
  const strict = testOrganizations({ organizationsPerOwner: 1 });
  try {
    const { viewer } = await strict.register('Una');
    const make = (name: string) => strict.run(createOrganization, { input: { name }, as: viewer });
    expect((await make('The one')).codes).toEqual([]);
    expect((await make('The other')).errors?.[0]?.extensions).toMatchObject({ reason: 'QUOTA_EXCEEDED', limit: 1 });
  } finally {
    await strict.close();
  }
});

test('a stranger sees name and slug, and neither members nor roles; an unknown id is null', async () => {
  const [ada, eve] = [await register('Ada'), await register('Eve')];
  const id = await found(ada, 'Seen From Outside');
  expect((await run(read, { variables: { id }, as: eve.viewer })).data.organization).toMatchObject({
    name: 'Seen From Outside',
    memberCount: null,
    roles: null,
    viewerMembership: null,
  });
  expect((await run(read, { variables: { id }, as: ada.viewer })).data.organization).toMatchObject({
    memberCount: 1,
    roles: [{ key: 'OWNER' }, { key: 'ADMIN' }, { key: 'MEMBER' }, { key: 'GUEST' }],
  });
  for (const unknown of ['nonsense', '01999999-0000-7000-8000-000000000000'])
    expect(await run(read, { variables: { id: unknown }, as: ada.viewer })).toMatchObject({ data: { organization: null }, codes: [] });
});

test('tenant-only fields need a chosen tenant, and of another tenant than the chosen one they are null', async () => {
  const ada = await register('Ada');
  const [one, two] = [await found(ada, 'Chosen'), await found(ada, 'Unchosen')];
  const query = `query ($id: ID!) { organization(id: $id) { settings { locale } quotas { key } invitations { totalCount } members { totalCount } } }`;
  const without = await run(query, { variables: { id: one }, as: ada.viewer });
  expect(without.codes).toEqual(['BAD_USER_INPUT', 'BAD_USER_INPUT', 'BAD_USER_INPUT', 'BAD_USER_INPUT']);
  expect(without.errors?.[0]?.extensions).toMatchObject({ issues: [{ path: 'X-Organization-Id' }] });
  const other = await act(ada, one, query, undefined, { id: two });
  expect(other).toMatchObject({ codes: [], data: { organization: { settings: null, quotas: null, invitations: null, members: null } } });
  const own = await act(ada, one, query, undefined, { id: one });
  expect(own.data.organization).toEqual({
    settings: { locale: 'en' },
    quotas: quotaKeys.map((key) => ({ key })),
    invitations: { totalCount: 0 },
    members: { totalCount: 1 },
  });
  expect((await run(`{ currentOrganization { name } }`, { as: ada.viewer })).data.currentOrganization).toBeNull();
});

test('settings are checked as a whole, versioned, and told to subscribers of the organization', async () => {
  const ada = await register('Ada');
  const id = await found(ada, 'Settled');
  const bad = await act(ada, id, updateSettings, {
    version: 1,
    invitationDays: 31,
    weekStartsOn: 0,
    allowedInviteDomains: ['no domain'],
    timeZone: 'x',
  });
  expect(bad.errors?.[0]?.extensions?.['issues']).toHaveLength(4);
  const changes = await subscribe(`subscription ($id: ID!) { organizationChanged(organizationId: $id) { name status } }`, {
    variables: { id },
    as: ada.viewer,
  });
  const input = {
    version: 1,
    invitationDays: 3,
    guestsSeeMembers: true,
    allowedInviteDomains: ['Example.com'],
    locale: 'de-at',
    timeZone: 'Europe/Vienna',
    currency: 'CHF',
    weekStartsOn: 7,
  };
  const { data } = await act(ada, id, updateSettings, input);
  expect(data.updateOrganizationSettings.settings).toMatchObject({
    version: 2,
    locale: 'de-AT',
    allowedInviteDomains: ['example.com'],
    currency: 'CHF',
    defaultRole: { key: 'MEMBER' },
  });
  expect((await changes.next()).value).toMatchObject({ data: { organizationChanged: { name: 'Settled', status: 'ACTIVE' } } });
  await changes.return();
  expect((await act(ada, id, updateSettings, { version: 1, weekStartsOn: 1 })).errors?.[0]?.extensions).toMatchObject({
    code: 'CONFLICT',
    currentVersion: 2,
  });
  const foreign = await register('Fay');
  const roles = await run(`query ($id: ID!) { organization(id: $id) { roles { id } } }`, {
    variables: { id: await found(foreign, 'Foreign') },
    as: foreign.viewer,
  });
  expect((await act(ada, id, updateSettings, { version: 2, defaultRoleId: roles.data.organization.roles[2].id })).codes).toEqual([
    'BAD_USER_INPUT',
  ]);
  expect(await emitted(organizationUpdated)).toContainEqual(
    expect.objectContaining({ organizationId: id, locale: 'de-AT', currency: 'CHF' }),
  );
});

test('nobody but active members may watch an organization', async () => {
  const [ada, eve] = [await register('Ada'), await register('Eve')];
  const variables = { id: await found(ada, 'Private') };
  await expect(subscribe(`subscription { organizationChanged(organizationId: "x") { name } }`, { as: eve.viewer })).rejects.toThrow(
    'NOT_FOUND',
  );
  await expect(
    subscribe(`subscription ($id: ID!) { organizationChanged(organizationId: $id) { name } }`, { variables, as: eve.viewer }),
  ).rejects.toThrow('NOT_FOUND');
});

test('in a suspended tenant members read, nobody writes, and one may still leave', async () => {
  const [ada, ben] = [await register('Ada'), await register('Ben')];
  const id = await found(ada, 'Stopped');
  const membershipId = await bring(ada, id, ben);
  expect((await run(suspendOrganization, { input: { id }, as: ada.viewer })).codes).toEqual(['FORBIDDEN']);
  expect(
    (await run(suspendOrganization, { input: { id, reason: 'unpaid' }, as: administrator })).data.suspendOrganization.organization.status,
  ).toBe('SUSPENDED');
  expect((await run(suspendOrganization, { input: { id }, as: administrator })).reasons).toEqual(['ORGANIZATION_STATE']);
  for (const [document, input] of [
    [updateOrganization, { version: 1, name: 'New' }],
    [updateSettings, { version: 1, weekStartsOn: 2 }],
    [inviteMembers, { invitations: [{ email: 'x@example.com' }] }],
    [createRole, { key: 'NEW', name: 'New', permissions: [] }],
  ] as const)
    expect(await act(ada, id, document, input)).toMatchObject({ codes: ['FORBIDDEN'], reasons: ['ORGANIZATION_INACTIVE'] });
  expect((await act(ada, id, `{ currentOrganization { status members { nodes { status } } } }`)).data.currentOrganization).toMatchObject({
    status: 'SUSPENDED',
  });
  expect((await run(leaveOrganization, { input: { membershipId }, as: ben.viewer })).codes).toEqual([]);
  expect((await run(reinstateOrganization, { input: { id }, as: administrator })).data.reinstateOrganization.organization.status).toBe(
    'ACTIVE',
  );
  expect((await run(reinstateOrganization, { input: { id }, as: administrator })).reasons).toEqual(['ORGANIZATION_STATE']);
  expect(await emitted(organizationSuspended)).toContainEqual({ organizationId: id });
  expect(await emitted(organizationReinstated)).toContainEqual({ organizationId: id });
  for (const document of [suspendOrganization, reinstateOrganization])
    expect((await run(document, { input: { id: '01999999-0000-7000-8000-000000000000' }, as: administrator })).codes).toEqual([
      'NOT_FOUND',
    ]);
});

test('limits are set by administrators of the platform alone; a limit below the use deletes nothing', async () => {
  const ada = await register('Ada');
  const id = await found(ada, 'Limited');
  await act(ada, id, inviteMembers, { invitations: [{ email: 'q@example.com' }] });
  expect((await run(setQuota, { input: { id, key: 'seats', limit: 1 }, as: ada.viewer })).codes).toEqual(['FORBIDDEN']);
  expect((await run(setQuota, { input: { id, key: 'seats', limit: 1 }, as: administrator })).data.setQuota.quota).toMatchObject({
    limit: 1,
    used: 2,
  });
  expect(
    (await run(setQuota, { input: { id, key: 'chairs', limit: -1 }, as: administrator })).errors?.[0]?.extensions?.['issues'],
  ).toHaveLength(2);
  expect((await run(setQuota, { input: { id, key: 'seats', limit: null }, as: administrator })).data.setQuota.quota.limit).toBeNull();
  expect(
    (await run(setQuota, { input: { id: '01999999-0000-7000-8000-000000000000', key: 'seats', limit: 1 }, as: administrator })).codes,
  ).toEqual(['NOT_FOUND']);
  // Time frees the seat of an invitation that nobody answered.
  advance(8 * 86_400_000);
  expect((await run(setQuota, { input: { id, key: 'seats', limit: 1 }, as: administrator })).data.setQuota.quota.used).toBe(1);
});

test('administrators of the platform page through all organizations', async () => {
  const ada = await register('Ada');
  for (const name of ['Paged A', 'Paged B', 'Paged C']) await found(ada, name);
  const variables = { first: 2, filter: { search: 'paged' }, orderBy: { field: 'NAME', direction: 'ASC' } };
  const first = (await run(all, { variables, as: administrator })).data.organizations;
  expect(first).toMatchObject({ nodes: [{ name: 'Paged A' }, { name: 'Paged B' }], totalCount: 3, pageInfo: { hasNextPage: true } });
  const second = (await run(all, { variables: { ...variables, after: first.pageInfo.endCursor }, as: administrator })).data.organizations;
  expect(second).toMatchObject({ nodes: [{ name: 'Paged C' }], pageInfo: { hasNextPage: false } });
  expect((await run(all, { variables: {}, as: ada.viewer })).codes).toEqual(['FORBIDDEN']);
  expect((await run(all, { variables: { filter: { search: '%' } }, as: administrator })).data.organizations.totalCount).toBe(0);
});

test('the published permissions are those of the table, and plain members hold their column', async () => {
  const ask = `{ organizationPermissions { key domain description assignable } }`;
  const { data } = await run(ask);
  const assignable = (result: Awaited<ReturnType<typeof run>>) =>
    result.data.organizationPermissions
      .filter((permission: { assignable: boolean }) => permission.assignable)
      .map(({ key }: { key: string }) => key);
  expect(assignable(await run(ask, { in: organizationWith(['organizations.role.manage', 'crm.deal.read']) }))).toEqual([
    'organizations.role.manage',
    'crm.deal.read',
  ]);
  expect(assignable(await run(ask, { in: organizationWith(['crm.deal.read']) }))).toEqual([]);
  expect(assignable(await run(ask))).toEqual([]);
  expect(data.organizationPermissions.map(({ key }: { key: string }) => key)).toEqual(permissionKeys);
  expect(new Set(permissionKeys).size).toBe(permissionKeys.length);
  expect(permissionKeys.every((key) => /^[a-z]+\.[a-z_]+\.[a-z]+$/.test(key))).toBe(true);
  expect(memberPermissionKeys.toSorted()).toEqual(
    'analytics.report.read chat.conversation.create crm.contact.read crm.contact.write crm.deal.read crm.deal.write files.file.read files.file.write links.link.read links.link.write organizations.member.read organizations.settings.read predictions.model.read predictions.model.run tasks.project.create tasks.project.read'.split(
      ' ',
    ),
  );
});

test('a permission in the request alone opens nothing: the live membership decides', async () => {
  const [ada, eve] = [await register('Ada'), await register('Eve')];
  const id = await found(ada, 'Firm');
  const forged = organizationWith(permissionKeys, { id });
  expect((await run(updateOrganization, { input: { version: 1, name: 'Mine' }, as: eve.viewer, in: forged })).codes).toEqual(['NOT_FOUND']);
  expect((await run(updateOrganization, { input: { version: 1, name: 'Mine' }, as: eve.viewer })).codes).toEqual(['BAD_USER_INPUT']);
  expect((await enter(ada, id)).permissions).toEqual(permissionKeys);
  expect((await emitted(organizationCreated)).filter(({ organizationId }) => organizationId === id)).toHaveLength(1);
});

test('what is hidden stays hidden through references, and a batch answers in order', async () => {
  const [ada, eve] = [await register('Ada'), await register('Eve')];
  const id = await found(ada, 'Referred');
  const { membershipId } = await enter(ada, id);
  const roleId = (await run(`query ($id: ID!) { organization(id: $id) { roles { id } } }`, { variables: { id }, as: ada.viewer })).data
    .organization.roles[0].id;
  const invited = await act(ada, id, inviteMembers, { invitations: [{ email: 'ref@example.com' }] });
  const invitationId = invited.data.inviteMembers.invitations[0].id;
  const document = `query ($of: [_Any!]!) { _entities(representations: $of) { ... on Organization { name } ... on OrganizationMembership { status } ... on OrganizationRole { key } ... on OrganizationInvitation { email } } }`;
  const of = [
    { __typename: 'OrganizationMembership', id: membershipId },
    { __typename: 'OrganizationRole', id: roleId },
    { __typename: 'OrganizationInvitation', id: invitationId },
    { __typename: 'Organization', id: 'unknown' },
    { __typename: 'Organization', id },
  ];
  const own = await act(ada, id, document, undefined, { of });
  expect(own).toMatchObject({
    codes: [],
    data: { _entities: [{ status: 'ACTIVE' }, { key: 'OWNER' }, { email: 'ref@example.com' }, null, { name: 'Referred' }] },
  });
  const foreign = await run(document, { variables: { of }, as: eve.viewer });
  expect(foreign).toMatchObject({ codes: [], data: { _entities: [null, null, null, null, { name: 'Referred' }] } });
  // A guest of a shop sees who sells.
  expect((await run(document, { variables: { of: of.slice(3) }, as: null })).data._entities).toEqual([null, { name: 'Referred' }]);
});
