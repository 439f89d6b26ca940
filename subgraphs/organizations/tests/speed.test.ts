import { createHash } from 'node:crypto';
import type { Db } from '@supergraph/platform/database';
import { type Page, readPage } from '@supergraph/platform/page';
import { rowsRead } from '@supergraph/platform/reads-testing';
import { asTenant } from '@supergraph/platform/tenants';
import type { Context } from '../context.ts';
import { listAuditEvents } from '../store/audit.ts';
import { listInvitations } from '../store/invitations.ts';
import { findContext, listMembers, listOwnMembers, type MemberWishes } from '../store/memberships.ts';
import { listOrganizations, type OrganizationWishes } from '../store/organizations.ts';
import { listTeams } from '../store/teams.ts';
import { testOrganizations } from './support.ts';

const { register, found, context, owner, close } = testOrganizations();
afterAll(close);
const tenants = 20_000;
const members = 20_000;
const events = 20_000;
/** What a page of twenty may read, in whatever order and with whatever is looked for. */
const few = 400;

let ctx: Context;
let organizationId = '';
let teamId = '';
let roleId = '';
let rareRoleId = '';
let someone = '';

const statuses = ['ACTIVE', 'SUSPENDED', 'DELETION_SCHEDULED', 'DELETED'] as const;

/** The tables of which a work read more than a page needs, behind the large tenant's door. */
const readFar = async (work: (tx: Db) => Promise<unknown>): Promise<string[]> => {
  const counts = await rowsRead(ctx.db, 'organizations', (tx) => asTenant(tx, organizationId, work));
  return [...counts].flatMap(([name, count]) => (count > few ? [`${name}: ${count}`] : []));
};
/** A word that few have, as the database makes it of a number. */
const wordOf = (seed: string) => createHash('md5').update(seed).digest('hex').slice(0, 7);
/** The first page, one in the middle, and the last. */
const pages = (keys: readonly (string | number)[]): Page[] => {
  const first = readPage(ctx, { first: 20 }, 'speed');
  return [first, { ...first, position: keys }, { ...first, backward: true }];
};

beforeAll(async () => {
  ctx = await context();
  const olga = await register('Olga');
  organizationId = await found(olga, 'Large');
  someone = olga.viewer.userId;
  const sql = await owner();
  await sql`insert into organizations.organizations (id, slug, name, status)
    select md5('o' || n)::uuid, 'tenant-' || left(md5('s' || n), 6) || n, initcap(left(md5('n' || n), 7)) || ' ' || n,
      case when n % 4000 = 1 then 'SUSPENDED' when n % 4000 = 2 then 'DELETION_SCHEDULED' else 'ACTIVE' end::organizations.organization_status
    from generate_series(1, ${tenants}) n`;
  const [role] = await sql<
    { id: string }[]
  >`select id from organizations.roles where organization_id = ${organizationId} and key = 'MEMBER'`;
  roleId = role?.id ?? '';
  const [rare] = await sql<
    { id: string }[]
  >`select id from organizations.roles where organization_id = ${organizationId} and key = 'OWNER'`;
  rareRoleId = rare?.id ?? '';
  const [team] = await sql<{ id: string }[]>`
    insert into organizations.teams (id, organization_id, name) values (gen_random_uuid(), ${organizationId}, 'Team') returning id`;
  teamId = team?.id ?? '';
  await sql`insert into organizations.teams (id, organization_id, name)
    select gen_random_uuid(), ${organizationId}, 'Team ' || n from generate_series(1, ${few / 2}) n`;
  await sql`insert into organizations.people (user_id, handle, display_name)
    select md5('u' || n)::uuid, 'person_' || n, initcap(left(md5(n::text), 7)) || ' ' || n from generate_series(1, ${members * 2}) n`;
  await sql`insert into organizations.memberships (id, organization_id, user_id, role_id, status, joined_by, ended_at, member_name)
    select md5('m' || n)::uuid, ${organizationId}, md5('u' || n)::uuid, ${roleId}, case when n % 3 = 0 then 'REMOVED' else 'ACTIVE' end::organizations.membership_status, 'INVITED', case when n % 3 = 0 then now() end, initcap(left(md5(n::text), 7)) || ' ' || n
    from generate_series(1, ${members}) n`;
  await sql`insert into organizations.team_members (organization_id, team_id, membership_id)
    select ${organizationId}, ${teamId}, md5('m' || n)::uuid from generate_series(1, ${members}) n where n % 500 = 1`;
  await sql`insert into organizations.audit_events (id, organization_id, name, at, actor_id, target, details)
    select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, ${organizationId}, case when n % 4000 = 0 then 'domain.verified' else 'member.joined' end,
      now() - (${events} - n) * interval '1 minute', md5('u' || n % 2000)::uuid, 'target ' || n, '{}'
    from generate_series(1, ${events}) n`;
  await sql`insert into organizations.invitations (id, organization_id, email, email_fold, role_id, status, token_hash, invited_by_id, expires_at, team_ids)
    select gen_random_uuid(), ${organizationId}, 'i' || n || '@example.org', 'i' || n || '@example.org', ${roleId}, case when n % 2000 = 1 then 'PENDING' else 'ACCEPTED' end::organizations.invitation_status, 'hash ' || n, ${someone}, now() + interval '3 days', '{}'
    from generate_series(1, ${events}) n`;
  // What waits to be sorted into an index makes it look dear; at work the database tidies up by itself.
  await sql`vacuum analyze`;
});

describe('few rows are read', () => {
  test('by all organizations, whatever they are looked for by', async () => {
    const wishes: OrganizationWishes[] = [
      {},
      { search: wordOf('n77') },
      { search: 'nobody of this name' },
      ...statuses.map((status) => ({ status })),
    ];
    for (const field of ['CREATED_AT', 'NAME'] as const)
      for (const direction of ['ASC', 'DESC'] as const)
        for (const wished of wishes)
          for (const page of pages(field === 'NAME' ? ['M', someone] : [someone])) {
            const far = await readFar((tx) => listOrganizations(tx, page, wished, { field, direction }));
            expect([field, direction, wished, far]).toEqual([field, direction, wished, []]);
          }
  });

  test('by the members of a large tenant, whatever they are looked for by', async () => {
    const wishes: MemberWishes[] = [
      {},
      { roleId },
      { roleId: rareRoleId },
      { teamId },
      { status: 'ACTIVE' },
      { status: 'REMOVED' },
      { status: 'SUSPENDED' },
      { search: wordOf('77') },
      { search: 'nobody of this name' },
    ];
    for (const direction of ['ASC', 'DESC'] as const)
      for (const wished of wishes)
        for (const field of ['JOINED_AT', 'NAME'] as const)
          for (const page of pages(field === 'NAME' ? ['M', someone] : [someone])) {
            const far = await readFar((tx) => listMembers(tx, page, organizationId, wished, { field, direction }));
            expect([field, direction, wished, far]).toEqual([field, direction, wished, []]);
          }
  });

  test('by a person’s own memberships, and by what a request may do', async () => {
    for (const page of pages([someone])) expect(await readFar((tx) => listOwnMembers(tx, page, someone))).toEqual([]);
    expect(await readFar((tx) => findContext(tx, organizationId, someone))).toEqual([]);
  });

  test('by teams', async () => {
    for (const page of pages(['team 5', someone])) expect(await readFar((tx) => listTeams(tx, page, organizationId))).toEqual([]);
  });

  test('by invitations', async () => {
    for (const status of [undefined, 'PENDING', 'EXPIRED', 'ACCEPTED'] as const)
      for (const page of pages([someone]))
        expect([status, await readFar((tx) => listInvitations(tx, page, organizationId, status, new Date()))]).toEqual([status, []]);
  });

  test('by the audit log, whatever is looked for in it', async () => {
    const from = new Date(Date.now() - 10_000 * 60_000);
    const to = new Date(from.getTime() + 3_600_000);
    const sought = [
      {},
      { names: ['domain.verified'] },
      { actorId: someone },
      { target: 'target 77' },
      { from, to },
      { names: ['member.joined'], to },
    ];
    for (const one of sought)
      for (const page of pages([from.toISOString(), someone]))
        expect([one, await readFar((tx) => listAuditEvents(tx, page, organizationId, one))]).toEqual([one, []]);
  });
});
