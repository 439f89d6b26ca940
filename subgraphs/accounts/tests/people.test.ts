import { person, testSubgraph } from '@supergraph/platform/testing';
import { userRegistered, userUpdated } from '@supergraph/schema/events/accounts';
import { demo, demoPeople } from '@supergraph/schema/demo';
import { subgraph } from '../index.ts';
import { documents, outcomesOf, people } from './support.ts';

const graph = testSubgraph(subgraph);
const { run, emitted, advance, close } = graph;
const { register, signIn } = people(graph);
afterAll(close);

const admin = person({ roles: ['USER', 'ADMIN'] });
const day = 24 * 3_600_000;
const profile =
  'query ($id: ID!) { user(id: $id) { id kind handle displayName bio status version email pendingEmail locale timeZone roles mfaEnabled credentials { id } } }';
const search =
  'query ($first: Int, $after: String, $last: Int, $before: String, $filter: UserFilter, $orderBy: UserOrder) { users(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) { nodes { handle } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }';

describe('an account', () => {
  test('shows its personal parts to the person and to administrators, null to everybody else', async () => {
    const { id } = await register('private', { locale: 'de', timeZone: 'Europe/Berlin' });
    const { as } = await signIn('private');
    const personal = {
      email: 'private@example.org',
      locale: 'de',
      timeZone: 'Europe/Berlin',
      roles: ['USER'],
      mfaEnabled: false,
      credentials: [{ id: expect.any(String) }],
      pendingEmail: null,
    };
    expect((await run(profile, { as, variables: { id } })).data.user).toMatchObject({ handle: 'private', status: 'ACTIVE', ...personal });
    expect((await run(profile, { as: admin, variables: { id } })).data.user).toMatchObject(personal);
    const hidden = { email: null, locale: null, timeZone: null, roles: null, mfaEnabled: null, credentials: null };
    expect((await run(profile, { variables: { id } })).data.user).toMatchObject({ handle: 'private', ...hidden });
  });

  test('is found by id and by handle in any case; the unknown is null', async () => {
    const { id } = await register('findable');
    const document = 'query ($id: ID!, $handle: String!) { user(id: $id) { handle } userByHandle(handle: $handle) { id } }';
    expect((await run(document, { variables: { id, handle: 'FINDABLE' } })).data).toEqual({
      user: { handle: 'findable' },
      userByHandle: { id },
    });
    expect((await run(document, { variables: { id: 'nonsense', handle: 'nobody\u0000' } })).data).toEqual({
      user: null,
      userByHandle: null,
    });
    expect((await run(document, { as: null, variables: { id, handle: 'x' } })).codes).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED']);
  });

  test('viewer is null for guests, and FORBIDDEN without the scope', async () => {
    expect(await run('{ viewer { id } }', { as: null })).toMatchObject({ data: { viewer: null }, codes: [] });
    expect((await run('{ viewer { id } }', { as: person({ scopes: ['crm:read'] }) })).codes).toEqual(['FORBIDDEN']);
  });

  test('many references cost one query; a missing one is null', async () => {
    const ids = [(await register('batch_a')).id, (await register('batch_b')).id, person().userId];
    const document = 'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on User { handle } } }';
    const { observeQueries } = await import('@supergraph/platform/database');
    const queries: string[] = [];
    const stop = observeQueries((statement) => queries.push(statement));
    const { data } = await run(document, { as: null, variables: { representations: ids.map((id) => ({ __typename: 'User', id })) } });
    stop();
    expect(data._entities).toEqual([{ handle: 'batch_a' }, { handle: 'batch_b' }, null]);
    expect(queries.filter((statement) => statement.includes('"accounts"."users"'))).toHaveLength(1);
  });
});

describe('a profile', () => {
  test('changes only from the version that was read; the others stay and are told the current one', async () => {
    const { id, version } = await register('editor');
    const { as } = await signIn('editor');
    const input = { version, displayName: 'The Editor', bio: 'Reads.', locale: 'fr', timeZone: 'Europe/Paris' };
    const answers = await Promise.all([1, 2].map(() => run(documents.update, { as, input })));
    expect(outcomesOf(answers)).toEqual(['STALE_VERSION', 'done']);
    expect(answers.find(({ codes }) => codes.length)?.errors?.[0]?.extensions).toMatchObject({
      reason: 'STALE_VERSION',
      currentVersion: 2,
    });
    const { data } = await run(documents.update, { as, input: { version: 2, bio: null } });
    expect(data.updateProfile.user).toEqual({
      handle: 'editor',
      displayName: 'The Editor',
      bio: null,
      locale: 'fr',
      timeZone: 'Europe/Paris',
      version: 3,
    });
    expect(await emitted(userUpdated)).toContainEqual({
      userId: id,
      handle: 'editor',
      displayName: 'The Editor',
      avatarFileId: null,
      locale: 'fr',
      timeZone: 'Europe/Paris',
      version: 3,
    });
  });

  test('a given-up handle is held for 30 days, for its giver alone', async () => {
    const mine = await register('first_name');
    await register('other_one');
    const [as, other] = [(await signIn('first_name')).as, (await signIn('other_one')).as];
    expect(
      (await run(documents.update, { as, input: { version: mine.version, handle: 'second_name' } })).data.updateProfile.user.handle,
    ).toBe('second_name');
    const wanted = { version: 1, handle: 'first_name' };
    expect((await run(documents.update, { as: other, input: wanted })).reasons).toEqual(['HANDLE_TAKEN']);
    expect((await run(documents.update, { as: other, input: { ...wanted, handle: 'second_name' } })).reasons).toEqual(['HANDLE_TAKEN']);
    expect((await run(documents.update, { as, input: { version: 2, handle: 'first_name' } })).codes).toEqual([]);
    expect((await run(documents.update, { as, input: { version: 3, handle: 'second_name' } })).codes).toEqual([]);
    advance(30 * day + 1);
    expect((await run(documents.update, { as: other, input: wanted })).codes).toEqual([]);
  });

  test('of two who want one handle at once one gets it', async () => {
    const racers = [];
    for (const handle of ['racer_one', 'racer_two']) {
      await register(handle);
      racers.push((await signIn(handle)).as);
    }
    const answers = await Promise.all(racers.map((as) => run(documents.update, { as, input: { version: 1, handle: 'the_prize' } })));
    expect(outcomesOf(answers)).toEqual(['HANDLE_TAKEN', 'done']);
  });

  test('bad fields are named all at once; guests and tokens without the scope are refused', async () => {
    const { codes, errors } = await run(documents.update, {
      input: { version: 1, handle: 'No', displayName: ' ', bio: 'x'.repeat(501), locale: 'no way', timeZone: '+01:00' },
    });
    expect(codes).toEqual(['BAD_USER_INPUT']);
    expect(errors?.[0]?.extensions?.['issues']).toHaveLength(5);
    expect((await run(documents.update, { as: null, input: { version: 1 } })).codes).toEqual(['UNAUTHENTICATED']);
    expect((await run(documents.update, { as: person({ scopes: [] }), input: { version: 1 } })).codes).toEqual(['FORBIDDEN']);
    expect((await run(documents.update, { input: { version: 1 } })).codes).toEqual(['NOT_FOUND']);
  });
});

describe('accounts', () => {
  beforeAll(async () => {
    const owner = await graph.owner();
    await owner`insert into accounts.users (id, handle, display_name, email, email_fold, created_at) select gen_random_uuid(), 'crowd_' || lpad(n::text, 5, '0'), 'Person ' || md5(n::text), n || '@crowd.example', n || '@crowd.example', timestamptz '2026-01-01' + n * interval '1 minute' from generate_series(1, 6000) n`;
    // The index is read only once what waits for it is in it.
    await owner`vacuum analyze accounts.users`;
  });

  test('are searched by part of handle or name, in pages, forward and backward', async () => {
    const filter = { search: 'CROWD_0000' };
    const first = (await run(search, { variables: { first: 4, filter } })).data.users;
    expect(first).toMatchObject({
      nodes: [1, 2, 3, 4].map((n) => ({ handle: `crowd_0000${n}` })),
      totalCount: 9,
      pageInfo: { hasNextPage: true },
    });
    const second = (await run(search, { variables: { first: 4, filter, after: first.pageInfo.endCursor } })).data.users;
    expect(second.nodes).toEqual([5, 6, 7, 8].map((n) => ({ handle: `crowd_0000${n}` })));
    const back = (await run(search, { variables: { last: 2, filter, before: second.pageInfo.startCursor } })).data.users;
    expect(back.nodes).toEqual([3, 4].map((n) => ({ handle: `crowd_0000${n}` })));
    const newest = (await run(search, { variables: { first: 1, filter, orderBy: { field: 'CREATED_AT', direction: 'DESC' } } })).data.users;
    expect(newest.nodes).toEqual([{ handle: 'crowd_00009' }]);
    const next = await run(search, {
      variables: { first: 1, filter, orderBy: { field: 'CREATED_AT', direction: 'DESC' }, after: newest.pageInfo.endCursor },
    });
    expect(next.data.users.nodes).toEqual([{ handle: 'crowd_00008' }]);
    expect((await run(search, { variables: { filter: { search: '%' } } })).data.users.totalCount).toBe(0);
    expect((await run(search, { variables: { first: 101, filter: { search: '' } } })).codes).toEqual(['BAD_USER_INPUT']);
    expect((await run(search, { as: null })).codes).toEqual(['UNAUTHENTICATED']);
  });

  test('are filtered by personal things by administrators alone', async () => {
    const filter = {
      email: '7@CROWD.example',
      status: 'ACTIVE',
      role: 'USER',
      kind: 'PERSON',
      createdAt: { from: '2026-01-01T00:00:00.000Z', to: '2026-01-02T00:00:00.000Z' },
    };
    expect((await run(search, { as: admin, variables: { filter } })).data.users.nodes).toEqual([{ handle: 'crowd_00007' }]);
    for (const [name, value] of Object.entries(filter))
      expect((await run(search, { variables: { filter: { [name]: value } } })).codes).toEqual(['FORBIDDEN']);
  });

  test('the lists read an index', async () => {
    const owner = await graph.owner();
    const plans = await Promise.all([
      owner`explain (format json) select * from accounts.users where status <> 'ERASED' and handle > 'crowd_01000' order by handle limit 21`,
      owner`explain (format json) select * from accounts.users where (created_at, id) < (now(), gen_random_uuid()) order by created_at desc, id desc limit 21`,
      owner`explain (format json) select count(*) from accounts.users where search_text like '%a1b2c3%'`,
      owner`explain (format json) select id from accounts.users where 'ADMIN' = any(roles) and status = 'ACTIVE' order by id`,
    ]);
    const indexes = ['users_handle', 'users_created', 'users_search', 'users_admins'];
    plans.forEach((plan, index) => expect(JSON.stringify(plan)).toContain(indexes[index]));
  });
});

describe('the sample', () => {
  const sample = testSubgraph(subgraph);
  afterAll(sample.close);

  test('people all sign in with the demo password, are told of once, and have their roles', async () => {
    const ctx = await sample.context();
    await subgraph.seed?.(ctx);
    await subgraph.seed?.(ctx);
    expect(await sample.emitted(userRegistered)).toHaveLength(demoPeople.length);
    const rolesOf = async (index: number) =>
      (await sample.run(profile, { as: admin, variables: { id: demoPeople[index]?.id } })).data.user.roles;
    expect([await rolesOf(0), await rolesOf(1), await rolesOf(2)]).toEqual([['USER'], ['USER', 'ADMIN'], ['USER', 'MODERATOR']]);
    expect((await people(sample).attempt('ada@example.com', demo.password)).codes).toEqual([]);
    expect((await people(sample).attempt('noor', demo.password)).codes).toEqual([]);
  });
});
