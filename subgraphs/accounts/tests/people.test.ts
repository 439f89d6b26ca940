import { person, testSubgraph } from '@supergraph/platform/testing';
import {
  userDeleted,
  userDeletionCancelled,
  userDeletionScheduled,
  userReinstated,
  userRegistered,
  userRolesChanged,
  userSuspended,
  userUpdated,
} from '@supergraph/schema/events/accounts';
import { demo, demoPeople } from '@supergraph/schema/demo';
import { subgraph } from '../index.ts';
import { documents, outcomesOf, people } from './support.ts';

const graph = testSubgraph(subgraph);
const { run, emitted, settle, advance, close } = graph;
const { register, attempt, signIn } = people(graph);
afterAll(close);

const admin = person({ roles: ['USER', 'ADMIN'] });
const day = 24 * 3_600_000;
const profile =
  'query ($id: ID!) { user(id: $id) { id kind handle displayName bio status version email pendingEmail locale timeZone roles mfaEnabled credentials { id } } }';
const search =
  'query ($first: Int, $after: String, $last: Int, $before: String, $filter: UserFilter, $orderBy: UserOrder) { users(first: $first, after: $after, last: $last, before: $before, filter: $filter, orderBy: $orderBy) { nodes { handle } totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }';
const setAdmins = async (ids: readonly string[]) => {
  const owner = await graph.owner();
  await owner`update accounts.users set roles = case when id = any(${owner.array([...ids], 2951)}::uuid[]) then '{USER,ADMIN}' else '{USER}' end::accounts.platform_role[] where status <> 'ERASED'`;
};

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

describe('administrators', () => {
  test('suspend and reinstate; others see nothing of it; each step is told once', async () => {
    const { id: userId } = await register('unruly');
    const { refreshToken } = await signIn('unruly');
    await setAdmins([]);
    expect((await run(documents.suspend, { as: person(), input: { userId } })).codes).toEqual(['FORBIDDEN']);
    expect((await run(documents.suspend, { as: admin, input: { userId: person().userId } })).codes).toEqual(['NOT_FOUND']);
    expect(
      (await run(documents.suspend, { as: admin, input: { userId: 'x', reason: 'y'.repeat(501) } })).errors?.[0]?.extensions?.['issues'],
    ).toHaveLength(2);
    const answers = await Promise.all([1, 2].map(() => run(documents.suspend, { as: admin, input: { userId, reason: 'spam' } })));
    expect(outcomesOf(answers)).toEqual(['NOT_ACTIVE', 'done']);
    expect(await emitted(userSuspended)).toEqual([{ userId, reason: 'spam' }]);
    expect((await run(profile, { variables: { id: userId } })).data.user.status).toBe('ACTIVE');
    expect((await run(documents.refresh, { as: null, input: { refreshToken } })).reasons).toEqual(['INVALID_GRANT']);
    const refused = await attempt('unruly');
    expect([refused.codes, refused.errors?.[0]?.message]).toEqual([['UNAUTHENTICATED'], 'wrong credentials']);
    expect((await run(documents.reinstate, { as: person(), input: { userId } })).codes).toEqual(['FORBIDDEN']);
    expect((await run(documents.reinstate, { as: admin, input: { userId: person().userId } })).codes).toEqual(['NOT_FOUND']);
    expect((await run(documents.reinstate, { as: admin, input: { userId } })).codes).toEqual([]);
    expect((await run(documents.reinstate, { as: admin, input: { userId } })).reasons).toEqual(['NOT_SUSPENDED']);
    expect(await emitted(userReinstated)).toEqual([{ userId, reason: null }]);
    expect((await attempt('unruly')).codes).toEqual([]);
  });

  test('a suspension that races with a sign-in leaves no open session', async () => {
    const { id: userId } = await register('slippery');
    await setAdmins([]);
    await Promise.all([
      attempt('slippery'),
      attempt('slippery'),
      run(documents.suspend, { as: admin, input: { userId } }),
      attempt('slippery'),
    ]);
    const owner = await graph.owner();
    expect(await owner`select 1 from accounts.sessions where user_id = ${userId} and ended_at is null`).toHaveLength(0);
  });

  test('give roles; the person gets USER in any case', async () => {
    const { id: userId } = await register('promoted');
    expect((await run(documents.setRoles, { as: admin, input: { userId, roles: ['MODERATOR'] } })).data.setUserRoles.user.roles).toEqual([
      'USER',
      'MODERATOR',
    ]);
    expect(await emitted(userRolesChanged)).toContainEqual({ userId, roles: ['USER', 'MODERATOR'] });
    expect((await run(documents.setRoles, { as: admin, input: { userId: person().userId, roles: [] } })).codes).toEqual(['NOT_FOUND']);
    expect((await run(documents.setRoles, { as: admin, input: { userId: 'x', roles: [] } })).codes).toEqual(['BAD_USER_INPUT']);
    expect(
      (await run(documents.setRoles, { as: person({ roles: ['USER', 'MODERATOR'] }), input: { userId, roles: ['ADMIN'] } })).codes,
    ).toEqual(['FORBIDDEN']);
    const owner = await graph.owner();
    await owner`update accounts.users set kind = 'SERVICE' where id = ${userId}`;
    expect((await run(documents.setRoles, { as: admin, input: { userId, roles: ['ADMIN'] } })).reasons).toEqual(['NOT_A_PERSON']);
    expect((await attempt('promoted')).codes).toEqual(['UNAUTHENTICATED']);
  });

  test('the last active one is neither demoted, suspended nor deleted, also when two go at once', async () => {
    const [one, two] = [await register('boss_one'), await register('boss_two')];
    await setAdmins([one.id, two.id]);
    const demote = (userId: string) => run(documents.setRoles, { as: admin, input: { userId, roles: ['USER'] } });
    const suspend = (userId: string) => run(documents.suspend, { as: admin, input: { userId } });
    const outcomes = await Promise.all([demote(one.id), suspend(two.id)]);
    expect(outcomesOf(outcomes)).toEqual(['LAST_ADMIN', 'done']);
    const owner = await graph.owner();
    await owner`update accounts.users set status = 'ACTIVE' where id = ${two.id}`;
    await setAdmins([one.id]);
    expect([(await demote(one.id)).reasons, (await suspend(one.id)).reasons]).toEqual([['LAST_ADMIN'], ['LAST_ADMIN']]);
    const { as } = await signIn('boss_one');
    expect((await run(documents.scheduleDeletion, { as, input: {} })).reasons).toEqual(['LAST_ADMIN']);
    expect((await run(documents.setRoles, { as: admin, input: { userId: one.id, roles: ['ADMIN', 'MODERATOR'] } })).codes).toEqual([]);
  });
});

describe('deletion', () => {
  test('is scheduled by step-up, can be thought over for 14 days, and then erases the person but for id and handle', async () => {
    const { id: userId } = await register('leaving');
    const { as } = await signIn('leaving');
    expect((await run(documents.scheduleDeletion, { as: { ...as, authTime: as.authTime - 601 }, input: {} })).reasons).toEqual([
      'STEP_UP_REQUIRED',
    ]);
    expect((await run(documents.scheduleDeletion, { as: null, input: {} })).codes).toEqual(['UNAUTHENTICATED']);
    const { data } = await run(documents.scheduleDeletion, { as, input: { reason: 'moving on' } });
    expect(data.scheduleAccountDeletion.user.status).toBe('DELETION_SCHEDULED');
    expect((await run(documents.scheduleDeletion, { as, input: {} })).reasons).toEqual(['NOT_ACTIVE']);
    expect((await emitted(userDeletionScheduled)).at(-1)).toEqual({ userId, erasesAt: data.scheduleAccountDeletion.erasesAt });
    expect((await run(profile, { variables: { id: userId } })).data.user.status).toBe('ACTIVE');
    advance(13 * day);
    await settle();
    const back = await signIn('leaving');
    expect((await run(documents.cancelDeletion, { as: back.as, input: {} })).data.cancelAccountDeletion.user.status).toBe('ACTIVE');
    expect((await run(documents.cancelDeletion, { as: back.as, input: {} })).reasons).toEqual(['NOT_SCHEDULED']);
    expect(await emitted(userDeletionCancelled)).toContainEqual({ userId });
    advance(2 * day);
    await settle();
    expect(await emitted(userDeleted)).toEqual([]);
    const last = await signIn('leaving');
    await run(documents.scheduleDeletion, { as: last.as, input: {} });
    advance(14 * day + 1_000);
    await settle();
    expect(await emitted(userDeleted)).toEqual([{ userId }]);
    expect((await run(profile, { as: admin, variables: { id: userId } })).data.user).toMatchObject({
      id: userId,
      status: 'ERASED',
      displayName: 'Erased account',
      bio: null,
      email: null,
      roles: [],
      credentials: [],
    });
    expect((await run(documents.refresh, { as: null, input: { refreshToken: last.refreshToken } })).reasons).toEqual(['INVALID_GRANT']);
    expect((await attempt('leaving@example.org')).codes).toEqual(['UNAUTHENTICATED']);
    const owner = await graph.owner();
    const left =
      await owner`select (select json_agg(u) from accounts.users u where id = ${userId})::text || (select json_agg(s) from accounts.sessions s where user_id = ${userId})::text as text`;
    expect(left[0]?.['text']).not.toMatch(/leaving|Firefox|192\.0\.2/);
    advance(60 * day);
    const { reasons } = await run(documents.signUp, {
      as: null,
      input: { email: 'new@example.org', password: 'four brave kettles hum', displayName: 'New', handle: 'leaving' },
    });
    expect(reasons).toEqual(['HANDLE_TAKEN']);
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
