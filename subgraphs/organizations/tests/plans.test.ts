import { observeQueries } from '@supergraph/platform/database';
import { person, type RunOptions } from '@supergraph/platform/testing';
import { v7 } from 'uuid';
import { proveDomains } from '../service/domain-proofs.ts';
import { sweepDeletions } from '../service/erasure.ts';
import { contextOf, type Someone, testOrganizations } from './support.ts';

const { run, register, found, enter, roles, bring, settle, context, owner, close } = testOrganizations();
afterAll(close);

let ada: Someone;
let id: string;
let inside: RunOptions;
let membershipId: string;

/** One tenant among many, in tables that are too large to be read for a page. */
beforeAll(async () => {
  const ben = await register('Ben');
  ada = await register('Ada');
  id = await found(ada, 'Planned');
  membershipId = await bring(ada, id, ben);
  inside = { as: ada.viewer, in: await enter(ada, id) };
  const sql = await owner();
  await sql`insert into organizations.organizations (id, slug, name) select gen_random_uuid(), 'bulk-' || n, 'Bulk ' || n from generate_series(1, 2000) n`;
  await sql`
    insert into organizations.roles (id, organization_id, key, name)
    select gen_random_uuid(), o.id, 'R' || n, 'Role ' || n from organizations.organizations o, generate_series(1, 5) n where o.slug like 'bulk-%'`;
  await sql`
    insert into organizations.settings (organization_id, default_role_id, locale, time_zone, currency)
    select organization_id, id, 'en', 'UTC', 'EUR' from organizations.roles where key = 'R1'`;
  await sql`
    insert into organizations.memberships (id, organization_id, user_id, role_id, joined_by)
    select gen_random_uuid(), organization_id, gen_random_uuid(), id, 'ADDED' from organizations.roles, generate_series(1, 4) where key like 'R_'`;
  await sql`insert into organizations.people (user_id, handle, display_name, email_fold) select user_id, 'h', 'Name', user_id || '@x.org' from organizations.memberships on conflict do nothing`;
  await sql`
    insert into organizations.teams (id, organization_id, name)
    select gen_random_uuid(), o.id, 'Team ' || n from organizations.organizations o, generate_series(1, 5) n where o.slug like 'bulk-%'`;
  await sql`
    insert into organizations.team_members (organization_id, team_id, membership_id)
    select m.organization_id, t.id, m.id from organizations.memberships m join organizations.teams t on t.organization_id = m.organization_id where t.name = 'Team 1'`;
  await sql`
    insert into organizations.invitations (id, organization_id, email, email_fold, role_id, token_hash, expires_at)
    select gen_random_uuid(), organization_id, id || '@y.org', id || '@y.org', id, gen_random_uuid()::text, now() + interval '7 days' from organizations.roles where key like 'R_'`;
  await sql`
    insert into organizations.audit_events (id, organization_id, name, actor_id, target, details)
    select gen_random_uuid(), o.id, 'bulk.entry', gen_random_uuid(), o.id::text, '{}' from organizations.organizations o, generate_series(1, 10) where o.slug like 'bulk-%'`;
  await sql`
    insert into organizations.domains (id, organization_id, name, challenge, join_role_id, status, verified_at, checked_at)
    select gen_random_uuid(), organization_id, id || '.org', 'c', id, 'VERIFIED', now(), now() from organizations.roles where key like 'R_'`;
  await sql`
    insert into organizations.quotas (organization_id, key, "limit")
    select o.id, 'key.' || n, 5 from organizations.organizations o, generate_series(1, 5) n where o.slug like 'bulk-%'`;
  await sql`
    insert into organizations.quota_usage (organization_id, key, counted_at)
    select organization_id, key, now() from organizations.quotas`;
  await sql`analyze`;
});

/** What of the large tables is read from end to end by what the work asks. */
async function scannedBy(work: () => Promise<unknown>): Promise<string[]> {
  const statements = new Set<string>();
  const stop = observeQueries((statement) => {
    if (/^\s*(select|update)\b/i.test(statement) && statement.includes('"organizations".')) statements.add(statement);
  });
  try {
    await work();
  } finally {
    stop();
  }
  expect(statements.size).toBeGreaterThan(0);
  const sql = await owner();
  return sql.begin(async (tx) => {
    await tx`set local role supergraph_organizations`;
    const scans = [];
    for (const statement of statements) {
      // oxlint-disable-next-line no-restricted-properties -- the statement is one of ours, and only its plan is asked for
      const lines = await tx.unsafe(`explain (generic_plan) ${statement}`);
      const plan = lines.map((line) => String(line['QUERY PLAN'])).join('\n');
      const read = [...plan.matchAll(/Seq Scan on (\w+)/g)].map(([, table]) => table ?? '');
      const large = read.filter((table) => !/^(outbox|inbox|idempotency|erasing_domains|slug_holds|mail_queue|erasures)/.test(table));
      if (large.length > 0) scans.push(`${large.join(', ')} in ${statement}\n${plan}`);
    }
    return scans;
  });
}
const asked = async (document: string, options: RunOptions) => {
  const { errors } = await run(document, options);
  expect(errors ?? []).toEqual([]);
};
const here = (fields: string) => () => asked(`{ currentOrganization { ${fields} } }`, inside);
const own = (fields: string) => () =>
  asked(`query ($who: [_Any!]!) { _entities(representations: $who) { ... on User { ${fields} } } }`, {
    as: ada.viewer,
    variables: { who: [{ __typename: 'User', id: ada.viewer.userId }] },
  });

test.each<[string, () => Promise<unknown>]>([
  ['members, newest first', here('members { nodes { id teams { id } role { key } } }')],
  ['members by name', here('members(orderBy: { field: NAME, direction: ASC }) { nodes { id } }')],
  ['members that are searched', here('members(filter: { search: "ada" }) { nodes { id } }')],
  ['members who left', here('members(filter: { status: LEFT }) { nodes { id } }')],
  ['members of a role', async () => here(`members(filter: { roleId: "${(await roles(ada, id))['MEMBER'] ?? ''}" }) { nodes { id } }`)()],
  ['members of a team', here(`members(filter: { teamId: "${v7()}" }) { nodes { id } }`)],
  ['roles with their members', here('roles { key memberCount }')],
  ['teams', here('teams { nodes { id members { nodes { id } } } }')],
  ['invitations', here('invitations { nodes { id role { key } teams { id } } }')],
  ['invitations of a status', here('invitations(filter: { status: PENDING }) { nodes { id } }')],
  ['domains', here('domains { id joinRole { key } }')],
  ['settings and quotas', here('settings { locale } quotas { key used }')],
  ['the audit log', here('auditEvents { nodes { id } }')],
  ['the audit log of an actor', here(`auditEvents(filter: { actorId: "${v7()}" }) { nodes { id } }`)],
  ['the audit log of a target', here('auditEvents(filter: { target: "t" }) { nodes { id } }')],
  [
    'the audit log of names and times',
    here('auditEvents(filter: { names: ["a.b"], at: { from: "2026-01-01T00:00:00Z" } }) { nodes { id } }'),
  ],
  ['memberships of a person', own('memberships { nodes { id role { key } organization { name } } }')],
  ['invitations and offers of a person', own('organizationInvitations { id }')],
  ['the invitation of a link', () => run('{ invitationByToken(token: "none") { id } }', { as: ada.viewer })],
  ['an organization by slug', () => asked('{ organizationBySlug(slug: "bulk-7") { name viewerMembership { id } } }', { as: ada.viewer })],
  [
    'all organizations, in both orders',
    async () => {
      const options = { as: person({ roles: ['USER', 'ADMIN'] }) };
      await asked('{ organizations { nodes { id } } }', options);
      await asked('{ organizations(orderBy: { field: NAME, direction: ASC }) { nodes { id } } }', options);
    },
  ],
  [
    'the context of a request',
    () => asked(contextOf, { variables: { userId: ada.viewer.userId, organizationId: id }, service: 'gateway', as: null }),
  ],
  [
    'references',
    () =>
      asked(
        'query ($of: [_Any!]!) { _entities(representations: $of) { ... on OrganizationMembership { status } ... on Organization { name } } }',
        {
          ...inside,
          variables: {
            of: [membershipId, v7()]
              .map((key) => ({ __typename: 'OrganizationMembership', id: key }))
              .concat({ __typename: 'Organization', id }),
          },
        },
      ),
  ],
  [
    'what is due of proofs and deletions',
    async () => {
      const ctx = await context();
      for (const worker of [proveDomains, sweepDeletions]) await ctx.workers.enqueue(ctx.db, worker, {});
      await settle();
    },
  ],
])('indexes find %s', async (_name, work) => {
  expect(await scannedBy(work)).toEqual([]);
});

test('references to many memberships are one statement, and so are those to many organizations', async () => {
  const ids = (await (await owner())<{ id: string }[]>`select id from organizations.organizations where slug like 'bulk-%' limit 100`).map(
    (row) => row.id,
  );
  for (const [typename, table, keys] of [
    ['Organization', 'organizations', ids],
    ['OrganizationMembership', 'memberships', [membershipId, ...ids]],
  ] as const) {
    let count = 0;
    const stop = observeQueries((statement) => {
      if (statement.includes(`from "organizations"."${table}"`)) count += 1;
    });
    await asked(`query ($of: [_Any!]!) { _entities(representations: $of) { ... on ${typename} { id } } }`, {
      ...inside,
      variables: { of: keys.map((key) => ({ __typename: typename, id: key })) },
    });
    stop();
    expect([typename, count]).toEqual([typename, 1]);
  }
});
