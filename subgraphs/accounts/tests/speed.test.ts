import { type Page, readPage } from '@supergraph/platform/page';
import { rowsRead } from '@supergraph/platform/reads-testing';
import { testSubgraph } from '@supergraph/platform/testing';
import { type Db, observeQueries } from '@supergraph/platform/database';
import type { Context } from '../context.ts';
import { subgraph } from '../index.ts';
import { listAccessTokens } from '../store/access-tokens.ts';
import { findAuditBounds, listAudit, listAuditBehind } from '../store/audit.ts';
import { listOAuthClients } from '../store/oauth-clients.ts';
import { countSessions, knowsDevice, listSessions } from '../store/sessions.ts';
import { findUserByEmail, listUsers, lockAdmins, type UserWishes } from '../store/users.ts';

const harness = testSubgraph(subgraph);
const { owner, context, run, close } = harness;
afterAll(close);
const people = 30_000;
/** What a page of twenty may read, in whatever order and with whatever is looked for. */
const few = 400;

let ctx: Context;
let someone = '';
/** The tables of which a work read more than a page needs. */
const readFar = async (work: (tx: Db) => Promise<unknown>): Promise<string[]> =>
  [...(await rowsRead(ctx.db, 'accounts', work))].flatMap(([name, count]) => (count > few ? [`${name}: ${count}`] : []));
/** The first page, and one in the middle. */
const pages = (keys: readonly (string | number)[]): Page[] => {
  const first = readPage(ctx, { first: 20 }, 'speed');
  return [first, { ...first, position: keys }, { ...first, backward: true }];
};

beforeAll(async () => {
  ctx = await context();
  const sql = await owner();
  await sql`insert into accounts.users (id, handle, display_name, email, email_fold, kind, status, roles, erases_at, created_at)
    select md5('u' || n)::uuid, 'person_' || n, initcap(left(md5(n::text), 7)) || ' ' || initcap(left(md5('x' || n), 8)), n || '@example.org', n || '@example.org',
      case when n % 3000 = 0 then 'SERVICE' else 'PERSON' end::accounts.user_kind,
      case when n % 2000 = 1 then 'SUSPENDED' when n % 2000 = 2 then 'DELETION_SCHEDULED' when n % 500 = 3 then 'ERASED' else 'ACTIVE' end::accounts.user_status,
      case when n % 10000 = 5 then '{USER,ADMIN}' when n % 5000 = 6 then '{USER,MODERATOR}' else '{USER}' end::accounts.platform_role[],
      now() + interval '3 days', now() - n * interval '1 minute'
    from generate_series(1, ${people}) n`;
  await sql`insert into accounts.sessions (id, user_id, client_id, scope, device_name, os, browser, methods, acr, auth_time, created_at, last_seen_at, expires_at)
    select gen_random_uuid(), md5('u' || 1 + n % 5000)::uuid, 'first-party', 'app', 'Firefox on Linux', 'Linux', 'Firefox', '{PASSWORD}', 'aal1', now(), now(), now(), now() + interval '90 days'
    from generate_series(1, ${people}) n`;
  await sql`insert into accounts.access_tokens (id, user_id, name, prefix, hash, scopes, expires_at, created_by_id, acr)
    select gen_random_uuid(), md5('u' || 1 + n % 5000)::uuid, 'token', 'pat_' || n, 'hash ' || n, '{catalog:read}', now() + interval '90 days', md5('u' || 1 + n % 5000)::uuid, 'aal1'
    from generate_series(1, ${people}) n`;
  // Written past the chain, which would make them one by one.
  await sql`insert into accounts.audit_events (id, position, name, at, actor_id, subject_id, organization_id, target, details, previous_hash, hash)
    select gen_random_uuid(), 1000 + n, case when n % 5000 = 0 then 'policy.published' else 'session.started' end, now() + n * interval '1 second',
      md5('u' || 1 + n % 3000)::uuid, md5('u' || 1 + n % 3000)::uuid, case when n % 3000 = 0 then md5('o' || n)::uuid end, 'target ' || n, '{}', '', ''
    from generate_series(1, ${people}) n`;
  // What waits to be sorted into an index makes it look dear; at work the database tidies up by itself.
  await sql`vacuum analyze`;
  const [row] = await sql<{ id: string }[]>`select md5('u7')::uuid as id`;
  someone = row?.id ?? '';
});

describe('few rows are read', () => {
  const wishes: Partial<UserWishes>[] = [
    {},
    { erasedToo: true },
    { search: 'ab3' },
    { search: 'nobody of this name' },
    { email: '77@example.org' },
    { status: 'SUSPENDED' },
    { status: 'DELETION_SCHEDULED' },
    { status: 'ERASED', erasedToo: true },
    { role: 'ADMIN' },
    { role: 'MODERATOR' },
    { role: 'MODERATOR', status: 'SUSPENDED', erasedToo: true },
    { kind: 'SERVICE' },
    { from: new Date(Date.now() - 3_600_000), to: new Date() },
    { kind: 'SERVICE', search: 'person' },
    { search: 'e' },
  ];
  test.each(['HANDLE', 'CREATED_AT'] as const)('by people listed by %s, whatever they are looked for by', async (field) => {
    const key = field === 'HANDLE' ? ['person_15'] : [new Date(Date.now() - 15_000 * 60_000).toISOString(), someone];
    for (const wished of wishes)
      for (const direction of ['ASC', 'DESC'] as const)
        for (const page of pages(key)) {
          const found = await readFar((tx) => listUsers(tx, page, { erasedToo: false, ...wished }, { field, direction }));
          expect([wished, direction, page.position, found]).toEqual([wished, direction, page.position, []]);
        }
  });

  test('by the lists that a person has', async () => {
    const now = new Date();
    for (const page of pages([someone])) {
      expect(await readFar((tx) => listSessions(tx, page, someone, now))).toEqual([]);
      expect(await readFar((tx) => listAccessTokens(tx, page, someone, now))).toEqual([]);
    }
    expect(await readFar((tx) => countSessions(tx, someone, now))).toEqual([]);
  });

  test('by the clients of a person and by all of them', async () => {
    const sql = await owner();
    await sql`insert into accounts.oauth_clients (id, name, type, redirect_uris, post_logout_redirect_uris, scopes, owner_id, created_at)
      select 'client ' || n, 'Client', 'PUBLIC', '{}', '{}', '{}', md5('u' || 1 + n % 3000)::uuid, now() - n * interval '1 minute' from generate_series(1, ${people}) n`;
    await sql`analyze accounts.oauth_clients`;
    for (const page of pages([new Date().toISOString(), 'client 5'])) {
      expect(await readFar((tx) => listOAuthClients(tx, page, someone))).toEqual([]);
      expect(await readFar((tx) => listOAuthClients(tx, page, null))).toEqual([]);
    }
  });

  test('by the audit log, whatever is looked for in it', async () => {
    const from = new Date(Date.now() + 60_000);
    const to = new Date(Date.now() + 120_000);
    const sought = [
      {},
      { subjectId: someone },
      { actorId: someone },
      { target: 'target 77' },
      { names: ['policy.published'] },
      { names: ['policy.published', 'policy.retired'] },
      { organizationId: someone },
      { from, to },
      { subjectId: someone, names: ['session.started'], from, to },
    ];
    for (const one of sought)
      for (const page of pages([2_000])) expect([one, await readFar((tx) => listAudit(tx, page, one))]).toEqual([one, []]);
    expect(await readFar((tx) => listAuditBehind(tx, 2_000, [someone], 20))).toEqual([]);
    expect(await readFar((tx) => findAuditBounds(tx, from, to))).toEqual([]);
  });

  test('by what a sign-in asks', async () => {
    expect(await readFar((tx) => findUserByEmail(tx, '77@example.org'))).toEqual([]);
    expect(await readFar((tx) => knowsDevice(tx, someone, { os: 'Linux', browser: 'Firefox' }))).toEqual([]);
    expect(await readFar((tx) => knowsDevice(tx, someone, { os: null, browser: null }))).toEqual([]);
    expect(await readFar((tx) => lockAdmins(tx))).toEqual([]);
  });
});

test('many rows are noticed, in sequence and by an index', async () => {
  const slow = "select * from accounts.users where display_name = 'Nobody' order by handle limit 20";
  expect(await readFar((tx) => tx.execute(slow))).toEqual([`users: ${people}`]);
  const byIndex = async (tx: Db) => {
    await tx.execute('set local enable_seqscan = off');
    await tx.execute(slow);
  };
  expect(await readFar(byIndex)).toEqual([`users: ${people}`]);
});

test('what is looked for in a time is what lies in it', async () => {
  const at = (position: number) => ctx.db.execute<{ at: string }>(`select at from accounts.audit_events where position = ${position}`);
  const time = async (position: number) => new Date((await at(position))[0]?.at ?? '');
  const from = await time(1_010);
  const to = await time(1_013);
  const all = readPage(ctx, { first: 20 }, 'speed');
  expect((await listAudit(ctx.db, all, { from, to })).map(({ position }) => position)).toEqual([1_012, 1_011, 1_010]);
  expect(await findAuditBounds(ctx.db, from, to)).toEqual({ first: 1_010, last: 1_012, newest: 1_000 + people });
  expect(await findAuditBounds(ctx.db, to, from)).toMatchObject({ first: null, last: null });
  const later = new Date((await time(1_000 + people)).getTime() + 1);
  expect(await listAudit(ctx.db, all, { from: later })).toEqual([]);
  expect(await findAuditBounds(ctx.db, later, new Date(later.getTime() + 1_000))).toMatchObject({ first: null, last: null });
  expect(await listAudit(ctx.db, all, { to: new Date(0) })).toEqual([]);
});

test('a hundred references to people cost one statement', async () => {
  const of = Array.from({ length: 100 }, (_, n) => n + 1);
  const sql = await owner();
  const ids = await sql<{ id: string }[]>`select md5('u' || n)::uuid as id from unnest(${of}::int[]) n`;
  const seen: string[] = [];
  const stop = observeQueries((statement) => {
    if (statement.includes('"accounts"."users"')) seen.push(statement);
  });
  const { data } = await run('query ($of: [_Any!]!) { _entities(representations: $of) { ... on User { id handle displayName } } }', {
    variables: { of: ids.map(({ id }) => ({ __typename: 'User', id })) },
  });
  stop();
  expect(data._entities).toHaveLength(100);
  expect(seen).toHaveLength(1);
});
