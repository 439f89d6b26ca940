import { setTimeout as sleep } from 'node:timers/promises';
import { demoPeople } from '@supergraph/schema/demo';
import type { Sql } from 'postgres';
import { milliseconds } from '../../measure.ts';
import { atMost, type Figure } from '../../results/figures.ts';
import { post } from '../identity/people.ts';

const goals = { roleChangeMs: 5_000, inviteMs: 1_000 };
const permission = 'organizations.audit.read';
const lookEveryMs = 10;

const create = 'mutation ($input: CreateOrganizationInput!) { createOrganization(input: $input) { organization { id } } }';
const createRole = 'mutation ($input: CreateOrganizationRoleInput!) { createOrganizationRole(input: $input) { role { id version } } }';
const updateRole = 'mutation ($input: UpdateOrganizationRoleInput!) { updateOrganizationRole(input: $input) { role { id version } } }';
const invite = 'mutation ($input: InviteMembersInput!) { inviteMembers(input: $input) { invitations { id } failures { index message } } }';
const audit = 'query ($id: ID!) { organization(id: $id) { auditEvents(first: 1) { nodes { id } } } }';

/** An organization of one of the sample people, who owns it. */
export interface Tenant {
  readonly url: string;
  readonly organizationId: string;
  readonly ownerToken: string;
}

export async function foundTenant(url: string, ownerToken: string): Promise<Tenant> {
  const { createOrganization } = await post<{ createOrganization: { organization: { id: string } } }>(
    url,
    create,
    { input: { name: 'A large tenant' } },
    ownerToken,
  );
  return { url, organizationId: createOrganization.organization.id, ownerToken };
}

async function givePermission(tenant: Tenant, role: { id: string; version: number }): Promise<void> {
  const input = { id: role.id, version: role.version, permissions: [permission] };
  await post(tenant.url, updateRole, { input }, tenant.ownerToken, tenant.organizationId);
}

/** Whether the gateway lets a member read what the permission opens. */
async function mayRead({ url, organizationId }: Tenant, token: string): Promise<boolean> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, 'x-organization-id': organizationId },
    body: JSON.stringify({ query: audit, variables: { id: organizationId } }),
  });
  const { data } = (await response.json()) as { data?: { organization: { auditEvents: object | null } | null } | null };
  return Boolean(data?.organization?.auditEvents);
}

/** A role of many members gets a permission: how long the change takes, and until the gateway lets one of them use it. */
export async function changeRole(tenant: Tenant, sql: Sql, memberCount: number, token: string): Promise<Figure[]> {
  const { organizationId } = tenant;
  const member = demoPeople[2];
  if (!member) throw new Error('the sample world has no third person');
  const input = { key: 'BENCH', name: 'Bench', permissions: [] };
  const made = await post<{ createOrganizationRole: { role: { id: string; version: number } } }>(
    tenant.url,
    createRole,
    { input },
    tenant.ownerToken,
    organizationId,
  );
  const { role } = made.createOrganizationRole;
  await sql`insert into organizations.memberships (id, organization_id, user_id, role_id, joined_by)
    select gen_random_uuid(), ${organizationId}, case when n = 1 then ${member.id}::uuid else gen_random_uuid() end, ${role.id}, 'INVITED'
    from generate_series(1, ${memberCount}) n`;
  if (await mayRead(tenant, token)) throw new Error('the member may do already what the role does not allow yet');
  const begun = performance.now();
  await givePermission(tenant, role);
  const changedMs = performance.now() - begun;
  while (!(await mayRead(tenant, token))) await sleep(lookEveryMs);
  const people = memberCount.toLocaleString('en');
  return [
    { what: `a role of ${people} members changes`, value: milliseconds(changedMs) },
    atMost('until the gateway knows of it', performance.now() - begun, goals.roleChangeMs, milliseconds),
  ];
}

/** Invites as many as one request may. */
export async function inviteMany(tenant: Tenant, sql: Sql, count: number): Promise<Figure[]> {
  const [role] = await sql<{ id: string }[]>`
    select id from organizations.roles where organization_id = ${tenant.organizationId} and key = 'MEMBER'`;
  const invitations = Array.from({ length: count }, (_, n) => ({ email: `guest-${n}@example.org`, roleId: role?.id }));
  const begun = performance.now();
  const { inviteMembers } = await post<{ inviteMembers: { invitations: object[]; failures: object[] } }>(
    tenant.url,
    invite,
    { input: { invitations } },
    tenant.ownerToken,
    tenant.organizationId,
  );
  const tookMs = performance.now() - begun;
  if (inviteMembers.invitations.length !== count) throw new Error(`not all were invited: ${JSON.stringify(inviteMembers.failures)}`);
  return [atMost(`${count} people are invited at once`, tookMs, goals.inviteMs, milliseconds)];
}
