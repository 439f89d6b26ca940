import { becomes, eventually } from '../../support/eventually.ts';
import { hears } from '../../support/listen.ts';
import { type Answer, type Data, give, type Person, type World } from '../../support/journey.ts';
import { register, registerAdministrator } from '../../support/people.ts';
import { found } from './shop.ts';
import type { Walk } from './walk.ts';

interface Acme {
  readonly world: World;
  readonly ana: Person;
  readonly bo: Person;
  readonly cy: Person;
  readonly id: string;
}

/** Two are invited, one becomes the owner, and tenants stay apart. */
export const walkOrganizations: Walk = async (world) => {
  const [ana, bo, cy] = [await register(world, 'Ana'), await register(world, 'Bo'), await register(world, 'Cy')];
  const acme: Acme = { world, ana, bo, cy, id: await found(world, ana, 'Acme') };
  await inviteTwo(acme);
  await inviteAgain(acme);
  await giveRole(acme);
  await stayApart(acme);
  await askForSecondFactor(acme);
  await fillSeats(acme);
  await handOver(acme);
  await passAway(acme);
};

const invite = `mutation ($input: InviteMembersInput!) {
  inviteMembers(input: $input) { invitations { id email status role { key } } failures { code } }
}`;
const accept = `mutation ($input: AcceptInvitationInput!) {
  acceptInvitation(input: $input) { membership { id status role { key } user { displayName } } }
}`;
const open = ({ world }: Acme, token: string, who: Person) => world.ask(accept, { input: { token }, token: who.token });
const actAs = ({ world, id }: Acme, who: Person, query: string, input?: object): Promise<Answer> =>
  world.ask(query, { ...(input ? { input } : {}), token: who.token, organizationId: id });

/** What somebody's request in the organization answers; it must not be refused. */
async function done(acme: Acme, who: Person, query: string, input?: object): Promise<Data> {
  return give(acme.world, query, { ...(input ? { input } : {}), token: who.token, organizationId: acme.id });
}

async function linksOf({ world }: Acme, people: readonly Person[], act: () => Promise<unknown>): Promise<string[]> {
  const seen = people.flatMap(({ email }) => world.mails(email).flatMap(({ secret }) => secret ?? []));
  await act();
  return Promise.all(people.map(({ email }) => world.mail(email, seen)));
}

async function inviteTwo(acme: Acme): Promise<void> {
  const { world, ana, bo, cy } = acme;
  const [bosSecret = '', cysSecret = ''] = await linksOf(acme, [bo, cy], async () => {
    const invited = await done(acme, ana, invite, { invitations: [{ email: bo.email }, { email: cy.email }] });
    expect(invited.failures).toEqual([]);
    expect(invited.invitations).toMatchObject([bo, cy].map(({ email }) => ({ email, status: 'PENDING', role: { key: 'MEMBER' } })));
  });
  expect(bosSecret).not.toBe(cysSecret);
  expect((await open(acme, bosSecret, cy)).codes).toEqual(['FORBIDDEN WRONG_ADDRESS']);

  const changes = world.subscribe('subscription { membershipChanged { status title organization { name } } }', { token: bo.token });
  const { membership } = (await open(acme, bosSecret, bo)).data.acceptInvitation;
  // The name comes from accounts.
  expect(membership).toMatchObject({ status: 'ACTIVE', user: { displayName: bo.displayName } });
  let titles = 0;
  const entitle = async () => {
    const { version } = await membershipOf(acme, bo);
    await done(acme, ana, updateMember, { membershipId: membership.id, version, title: `Clerk ${(titles += 1)}` });
  };
  expect(await hears(changes, entitle)).toMatchObject({ membershipChanged: { status: 'ACTIVE', organization: { name: 'Acme' } } });
  await changes.close();
}

const updateMember = `mutation ($input: UpdateOrganizationMemberInput!) {
  updateOrganizationMember(input: $input) { membership { version role { key } } }
}`;

/** The membership of somebody, as they see it themselves. */
async function membershipOf(acme: Acme, who: Person): Promise<Data> {
  const { viewerMembership } = await done(
    acme,
    who,
    '{ currentOrganization { viewerMembership { id version permissions role { key } } } }',
  );
  return viewerMembership;
}

async function rolesOf(acme: Acme): Promise<Record<string, string>> {
  const { roles } = await done(acme, acme.ana, '{ currentOrganization { roles { id key } } }');
  return Object.fromEntries((roles as { id: string; key: string }[]).map(({ id, key }) => [key, id]));
}

async function inviteAgain(acme: Acme): Promise<void> {
  const { ana, cy } = acme;
  const first = await acme.world.mail(cy.email);
  const [second = ''] = await linksOf(acme, [cy], async () =>
    done(acme, ana, invite, { invitations: [{ email: cy.email, roleId: (await rolesOf(acme))['GUEST'] }] }),
  );
  expect((await open(acme, first, cy)).codes).toEqual(['NOT_FOUND']);
  expect((await open(acme, second, cy)).data.acceptInvitation.membership).toMatchObject({ status: 'ACTIVE', role: { key: 'GUEST' } });
}

async function giveRole(acme: Acme): Promise<void> {
  const { ana, bo } = acme;
  const permissions = ['crm.contact.read', 'crm.contact.write', 'crm.deal.read', 'crm.deal.write'];
  const { role } = await done(
    acme,
    ana,
    'mutation ($input: CreateOrganizationRoleInput!) { createOrganizationRole(input: $input) { role { id } } }',
    { key: 'SALES', name: 'Sales', permissions },
  );
  const before = await membershipOf(acme, bo);
  await done(acme, ana, updateMember, { membershipId: before.id, version: before.version, roleId: role.id });
  await becomes('the permissions of the role', async () => (await membershipOf(acme, bo)).permissions, permissions);
  const { id, version } = await membershipOf(acme, bo);
  const grab = { membershipId: id, version, roleId: (await rolesOf(acme))['ADMIN'] };
  expect((await actAs(acme, bo, updateMember, grab)).codes[0]).toMatch(/^FORBIDDEN/);
}

async function stayApart(acme: Acme): Promise<void> {
  const { world, ana, bo, id } = acme;
  const dan = await register(world, 'Dan');
  const beta = await found(world, dan, 'Beta');
  const current = '{ currentOrganization { name } }';
  expect(await give(world, current, { token: bo.token, organizationId: id })).toEqual({ name: 'Acme' });
  expect((await world.ask(current, { token: ana.token, organizationId: beta })).codes).toEqual(['NOT_FOUND']);
  expect((await world.ask(current, { token: dan.token, organizationId: id })).codes).toEqual(['NOT_FOUND']);
}

/** Nobody has a second factor yet, so nobody may ask it of all. */
async function askForSecondFactor(acme: Acme): Promise<void> {
  const { settings } = await done(acme, acme.ana, '{ currentOrganization { settings { version requireMfa } } }');
  expect(settings.requireMfa).toBe(false);
  const asked = await actAs(
    acme,
    acme.ana,
    'mutation ($input: UpdateOrganizationSettingsInput!) { updateOrganizationSettings(input: $input) { settings { requireMfa } } }',
    { version: settings.version, requireMfa: true },
  );
  expect(asked.codes).toEqual(['UNAUTHENTICATED STEP_UP_REQUIRED']);
}

async function fillSeats(acme: Acme): Promise<void> {
  const { world, ana, id } = acme;
  const admin = await registerAdministrator(world);
  const { quota } = await give(world, 'mutation ($input: SetQuotaInput!) { setQuota(input: $input) { quota { limit used } } }', {
    input: { id, key: 'seats', limit: 4 },
    token: admin.token,
  });
  expect(quota).toEqual({ limit: 4, used: 3 });
  const another = (name: string) => actAs(acme, ana, invite, { invitations: [{ email: `${name}.${id}@example.org` }] });
  const fourth = await another('four');
  expect((await another('five')).codes).toEqual(['CONFLICT QUOTA_EXCEEDED']);
  await done(acme, ana, 'mutation ($input: RevokeInvitationInput!) { revokeInvitation(input: $input) { invitation { status } } }', {
    id: fourth.data.inviteMembers.invitations[0].id,
  });
  expect((await another('five')).codes).toEqual([]);
}

async function handOver(acme: Acme): Promise<void> {
  const { world, ana, bo, id } = acme;
  const leave = 'mutation ($input: LeaveOrganizationInput!) { leaveOrganization(input: $input) { membership { status } } }';
  expect((await actAs(acme, ana, leave, {})).codes).toEqual(['CONFLICT LAST_OWNER']);
  const { id: membershipId } = await membershipOf(acme, bo);
  const handed = await done(
    acme,
    ana,
    'mutation ($input: TransferOwnershipInput!) { transferOwnership(input: $input) { membership { role { key } } previousOwner { role { key } } } }',
    { membershipId },
  );
  expect(handed).toEqual({ membership: { role: { key: 'OWNER' } }, previousOwner: { role: { key: 'ADMIN' } } });
  // A change takes effect in all processes within 5 seconds.
  await eventually(
    'the new owner at the gateway',
    async () => (await actAs(acme, bo, '{ currentOrganization { domains { id } } }')).codes.length === 0,
  );

  const changes = world.subscribe('subscription ($id: ID!) { organizationChanged(organizationId: $id) { name } }', {
    variables: { id },
    token: ana.token,
  });
  let names = 0;
  const rename = async () => {
    const { version } = await done(acme, bo, '{ currentOrganization { version } }');
    await done(acme, bo, 'mutation ($input: UpdateOrganizationInput!) { updateOrganization(input: $input) { organization { id } } }', {
      version,
      name: `Acme ${(names += 1)}`,
    });
  };
  expect(await hears(changes, rename)).toEqual({ organizationChanged: { name: expect.stringMatching(/^Acme \d+$/) as string } });
  expect(await done(acme, ana, leave, {})).toEqual({ membership: { status: 'LEFT' } });
  await changes.ended();
  await eventually('the end of the membership at the gateway', async () =>
    (await actAs(acme, ana, '{ currentOrganization { name } }')).codes.includes('NOT_FOUND'),
  );
}

/** Bo deletes what he owns: nobody writes any more, every domain erases what it kept, and it is gone. */
async function passAway(acme: Acme): Promise<void> {
  const { world, bo, id } = acme;
  const scheduled = await done(
    acme,
    bo,
    'mutation { scheduleOrganizationDeletion(input: {}) { organization { status deletion { domainsPending } } } }',
  );
  expect(scheduled.organization).toMatchObject({
    status: 'DELETION_SCHEDULED',
    deletion: {
      domainsPending: expect.arrayContaining(['accounts', 'catalog', 'chat', 'inventory', 'notifications', 'reviews']) as string[],
    },
  });
  const category = 'mutation ($input: CreateProductCategoryInput!) { createProductCategory(input: $input) { category { id } } }';
  await eventually('that nobody writes in another domain', async () =>
    (await actAs(acme, bo, category, { name: 'Too late' })).codes.includes('FORBIDDEN ORGANIZATION_INACTIVE'),
  );
  await eventually('the end of the organization', async () => {
    const { data } = await world.ask('query ($id: ID!) { organization(id: $id) { id } }', { variables: { id }, token: bo.token });
    return data?.organization === null;
  });
}
