import { on } from '@supergraph/platform/consumers';
import { asPerson, asTenant, type Db } from '@supergraph/platform/database';
import { person, testSubgraph } from '@supergraph/platform/testing';
import { demoPeople, demoSellers } from '@supergraph/schema/demo';
import { memberAdded, organizationCreated } from '@supergraph/schema/events/organizations';
import {
  auditEvents,
  domains,
  erasures,
  invitations,
  mailQueue,
  memberships,
  organizations,
  quotas,
  quotaUsage,
  roles,
  settings,
  slugHolds,
  teams,
} from '@supergraph/db/organizations/tables';
import { usageReported } from '@supergraph/schema/events/platform';
import { sql } from 'drizzle-orm';
import type { Context } from '../context.ts';
import { subgraph } from '../index.ts';
import { seed } from '../seed.ts';
import { foldAddress } from '../store/people.ts';
import { asHolder, asInvited } from '../store/invitations.ts';
import { hashToken } from '../service/invite.ts';
import { contextOf, inviteMembers } from './support.ts';

/** What a consumer that names no tenant sees of memberships. */
const seenByConsumer: string[][] = [];
const looking = on(usageReported.any, async (_ctx, tx: Db) => {
  const rows = await tx.selectDistinct({ organizationId: memberships.organizationId }).from(memberships);
  seenByConsumer.push(rows.map(({ organizationId }) => organizationId));
});
const graph = testSubgraph(
  { ...subgraph, consumers: [...(subgraph.consumers ?? []), looking] },
  {
    answers: {
      accounts: (_, { ids }) => ({ userSummaries: (ids as string[]).map((id) => ({ id, email: 'who@example.com', status: 'ACTIVE' })) }),
    },
  },
);
const { run, emitted, owner, close } = graph;
afterAll(close);

const [harbor, north] = [demoSellers[0]!, demoSellers[1]!];
const first = demoPeople[0]!;
const viewer = person({ userId: first.id });
let ctx: Context;

beforeAll(async () => {
  ctx = await graph.context();
  await seed(ctx);
});

test('the sample world has its sellers with owners and members, told to the others, and is made once', async () => {
  await seed(ctx);
  expect(await emitted(organizationCreated)).toHaveLength(demoSellers.length);
  expect(await emitted(memberAdded)).toHaveLength(demoSellers.flatMap(({ members }) => members).length);
  const own = await run(
    `query ($who: [_Any!]!) { _entities(representations: $who) { ... on User { memberships(first: 1) { nodes { organization { slug } role { key } } totalCount pageInfo { endCursor hasNextPage } } } } }`,
    {
      variables: { who: [{ __typename: 'User', id: first.id }] },
      as: viewer,
    },
  );
  expect(own.data._entities[0].memberships).toMatchObject({ totalCount: 2, pageInfo: { hasNextPage: true } });
  const context = await run(contextOf, { variables: { userId: first.id, organizationId: harbor.id }, service: 'gateway', as: null });
  expect(context.data.membershipContext).toMatchObject({ roleKey: 'OWNER', epoch: 1 });
});

test("the second page of one's own memberships follows the first", async () => {
  const document = `query ($who: [_Any!]!, $after: String) { _entities(representations: $who) { ... on User { memberships(first: 1, after: $after) { nodes { organization { slug } } pageInfo { endCursor hasNextPage } } } } }`;
  const ask = async (after: string | null) =>
    (await run(document, { variables: { who: [{ __typename: 'User', id: first.id }], after }, as: viewer })).data._entities[0].memberships;
  const one = await ask(null);
  const two = await ask(one.pageInfo.endCursor);
  expect([...one.nodes, ...two.nodes].map(({ organization }: { organization: { slug: string } }) => organization.slug).toSorted()).toEqual([
    'harbor-books',
    'north-kitchen',
  ]);
  expect(two.pageInfo.hasNextPage).toBe(false);
});

test('without a tenant no row of a tenant is seen, and none can be written; names of organizations are public', async () => {
  for (const table of [memberships, roles, settings, quotas, quotaUsage, invitations, mailQueue, auditEvents, domains, erasures, teams])
    expect(await ctx.db.select().from(table).limit(1)).toEqual([]);
  expect(await ctx.db.select().from(organizations)).toHaveLength(demoSellers.length);
  await expect(ctx.db.insert(quotas).values({ organizationId: harbor.id, key: 'seats', limit: 1 })).rejects.toThrow();
  expect(await ctx.db.update(organizations).set({ name: 'Mine' }).returning()).toEqual([]);
});

test('one tenant sees and writes nothing of another, and a row cannot point into it', async () => {
  await asTenant(ctx.db, harbor.id, async (tx) => {
    const seen = await tx.select({ organizationId: memberships.organizationId }).from(memberships);
    expect(new Set(seen.map(({ organizationId }) => organizationId))).toEqual(new Set([harbor.id]));
    expect(
      await tx
        .update(settings)
        .set({ locale: 'xx' })
        .where(sql`${settings.organizationId} = ${north.id}`)
        .returning(),
    ).toEqual([]);
  });
  await expect(
    asTenant(ctx.db, harbor.id, (tx) => tx.insert(slugHolds).values({ slug: 'abc', organizationId: north.id, heldUntil: new Date() })),
  ).rejects.toThrow();
  const [foreign] = await asTenant(ctx.db, north.id, (tx) => tx.select({ id: roles.id }).from(roles).limit(1));
  const crossing = asTenant(ctx.db, harbor.id, (tx) =>
    tx.insert(memberships).values({ organizationId: harbor.id, userId: demoPeople[20]!.id, roleId: foreign!.id, joinedBy: 'ADDED' }),
  );
  await expect(crossing).rejects.toThrow();
});

test('whoever handles an event sees the tenant of that event, and without one nothing (rule 13)', async () => {
  const usage = { key: 'files.bytes', used: 1 };
  for (const organizationId of [harbor.id, north.id, null])
    await graph.deliver(usageReported.of('files'), { organizationId: organizationId ?? harbor.id, ...usage }, { organizationId });
  expect(seenByConsumer).toEqual([[harbor.id], [north.id], []]);
});

test('a person reads their own memberships in all tenants and nobody else’s, and changes none', async () => {
  await asPerson(ctx.db, first.id, async (tx) => {
    const own = await tx.select().from(memberships);
    expect(own.map(({ userId }) => userId)).toEqual([first.id, first.id]);
    expect(await tx.update(memberships).set({ title: 'King' }).returning()).toEqual([]);
    const readable = new Set(
      (await tx.select({ organizationId: roles.organizationId }).from(roles)).map(({ organizationId }) => organizationId),
    );
    expect(readable).toEqual(new Set([harbor.id, north.id]));
  });
});

test('an address opens its own invitations, a link its own one, and neither opens anything else', async () => {
  const organization = { id: harbor.id, membershipId: harbor.id, role: 'OWNER', permissions: ['organizations.member.invite'] };
  await run(inviteMembers, {
    input: { invitations: [{ email: 'One@Example.com' }, { email: 'two@example.com' }] },
    as: viewer,
    in: organization,
  });
  const look = async (tx: Db) => [
    (await tx.select().from(invitations)).length,
    (await tx.select().from(memberships)).length,
    (await tx.select().from(roles)).length,
  ];
  expect(await asInvited(ctx.db, foldAddress('ONE@example.com'), look)).toEqual([1, 0, 1]);
  expect(await asInvited(ctx.db, 'three@example.com', look)).toEqual([0, 0, 0]);
  expect(await asHolder(ctx.db, hashToken('guess'), look)).toEqual([0, 0, 0]);
  // Nothing is carried over to the next user of the connection.
  expect(await ctx.db.transaction(look)).toEqual([0, 0, 0]);
});

test('every table of tenants forces row-level security on a role that owns nothing', async () => {
  const rows = await (await owner())<{ name: string }[]>`
    select c.relname as name from pg_class c
    where c.relnamespace = 'organizations'::regnamespace and c.relkind = 'r'
      and exists (select 1 from pg_attribute a where a.attrelid = c.oid and a.attname = 'organization_id')
      and not (c.relrowsecurity and c.relforcerowsecurity)`;
  expect(rows.map(({ name }) => name)).toEqual([]);
});

test('no row can point into another tenant, and nothing but ids, links, slugs and proven names is unique across tenants', async () => {
  const admin = await owner();
  const pointing = await admin<{ name: string; carried: boolean }[]>`
    select k.conname as name,
      exists (select 1 from unnest(k.conkey, k.confkey) as pair (own, other)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = pair.own and a.attname = 'organization_id'
        join pg_attribute b on b.attrelid = k.confrelid and b.attnum = pair.other and b.attname = 'organization_id') as carried
    from pg_constraint k
    where k.contype = 'f' and k.connamespace = 'organizations'::regnamespace
      and exists (select 1 from pg_attribute a where a.attrelid = k.confrelid and a.attname = 'organization_id')`;
  expect(pointing.length).toBeGreaterThan(5);
  expect(pointing.filter(({ carried }) => !carried).map(({ name }) => name)).toEqual([]);
  const across = await admin<{ name: string; columns: string }[]>`
    select c.relname as name, (select string_agg(a.attname, ',') from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any(i.indkey)) as columns
    from pg_index i join pg_class c on c.oid = i.indexrelid
    where i.indisunique and c.relnamespace = 'organizations'::regnamespace
      and exists (select 1 from pg_attribute a where a.attrelid = i.indrelid and a.attname = 'organization_id')
      and not exists (select 1 from pg_attribute a where a.attrelid = i.indrelid and a.attnum = any(i.indkey) and a.attname = 'organization_id')`;
  const names = across.filter(({ columns }) => columns !== 'id').map(({ name }) => name);
  expect(new Set(names)).toEqual(new Set(['domains_verified', 'invitations_link', 'slug_holds_pkey']));
});

test('lists and contexts use indexes in tables of many tenants', async () => {
  const admin = await owner();
  await admin`insert into organizations.organizations (id, slug, name) select gen_random_uuid(), 'bulk-' || n, 'Bulk ' || n from generate_series(1, 200) n`;
  await admin`insert into organizations.roles (id, organization_id, key, name, built_in) select gen_random_uuid(), id, 'MEMBER', 'Member', true from organizations.organizations where slug like 'bulk-%'`;
  await admin`
    insert into organizations.memberships (id, organization_id, user_id, role_id, joined_by)
    select gen_random_uuid(), r.organization_id, gen_random_uuid(), r.id, 'ADDED' from organizations.roles r join organizations.organizations o on o.id = r.organization_id, generate_series(1, 50) where o.slug like 'bulk-%'`;
  await admin`
    insert into organizations.invitations (id, organization_id, email, email_fold, role_id, invited_by_id, token_hash, expires_at)
    select gen_random_uuid(), r.organization_id, n || '@x.org', n || '@x.org', r.id, gen_random_uuid(), gen_random_uuid()::text, now() from organizations.roles r join organizations.organizations o on o.id = r.organization_id, generate_series(1, 20) n where o.slug like 'bulk-%'`;
  const [large] = await admin<{ id: string }[]>`select id from organizations.organizations where slug = 'bulk-1'`;
  await admin`
    insert into organizations.memberships (id, organization_id, user_id, role_id, joined_by)
    select gen_random_uuid(), organization_id, gen_random_uuid(), id, 'ADDED' from organizations.roles, generate_series(1, 5000) where organization_id = ${large!.id}`;
  await admin`
    insert into organizations.invitations (id, organization_id, email, email_fold, role_id, invited_by_id, token_hash, expires_at)
    select gen_random_uuid(), organization_id, 'l' || n || '@x.org', 'l' || n || '@x.org', id, gen_random_uuid(), gen_random_uuid()::text, now() from organizations.roles, generate_series(1, 3000) n where organization_id = ${large!.id}`;
  await admin`
    insert into organizations.audit_events (id, organization_id, name, details)
    select gen_random_uuid(), o.id, 'bulk.entry', '{}' from organizations.organizations o, generate_series(1, 50) where o.slug like 'bulk-%'`;
  await admin`
    insert into organizations.audit_events (id, organization_id, name, details)
    select gen_random_uuid(), ${large!.id}, 'bulk.entry', '{}' from generate_series(1, 5000)`;
  await admin`analyze organizations.audit_events`;
  await admin`analyze organizations.memberships`;
  await admin`analyze organizations.roles`;
  await admin`analyze organizations.invitations`;
  const plan = async (tx: Db, query: ReturnType<typeof sql>) => JSON.stringify(await tx.execute(sql`explain ${query}`));
  await asTenant(ctx.db, large!.id, async (tx) => {
    const page = await plan(
      tx,
      sql`select * from organizations.memberships where organization_id = ${large!.id} order by id desc limit 21`,
    );
    expect(page).toContain('memberships_page');
    expect(page).not.toContain('Sort');
    const invited = await plan(
      tx,
      sql`select * from organizations.invitations where organization_id = ${large!.id} order by id desc limit 21`,
    );
    expect(invited).toContain('invitations_page');
    expect(invited).not.toContain('Sort');
    const audited = await plan(
      tx,
      sql`select * from organizations.audit_events where organization_id = ${large!.id} order by at desc, id desc limit 21`,
    );
    expect(audited).toContain('audit_events_by_time');
    expect(audited).not.toContain('Sort');
  });
  await asTenant(ctx.db, harbor.id, async (tx) => {
    expect(
      await plan(
        tx,
        sql`select * from organizations.memberships where organization_id = ${harbor.id} and user_id = ${first.id} and status in ('ACTIVE', 'SUSPENDED')`,
      ),
    ).toMatch(/memberships_(live|of_person)/);
  });
  await asPerson(ctx.db, first.id, async (tx) => {
    expect(await plan(tx, sql`select * from organizations.memberships where user_id = ${first.id} order by id desc limit 21`)).toContain(
      'memberships_of_person',
    );
  });
  await asInvited(ctx.db, 'one@example.com', async (tx) => {
    expect(
      await plan(tx, sql`select * from organizations.invitations where email_fold = 'one@example.com' and status = 'PENDING'`),
    ).toContain('invitations_of_address');
  });
});
