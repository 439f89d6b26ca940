import { person } from '@supergraph/platform/testing';
import { userDeleted, userEmailChanged, userRegistered } from '@supergraph/schema/events/accounts';
import { notificationRequested } from '@supergraph/schema/events/notifications';
import { memberAdded } from '@supergraph/schema/events/organizations';
import { proveDomains } from '../service/domain-proofs.ts';
import { type DnsServer, startDnsServer } from './dns-server.ts';
import {
  acceptInvitation,
  addDomain,
  contextOf,
  createRole,
  declineInvitation,
  deleteRole,
  inviteMembers,
  leaveOrganization,
  removeDomain,
  removeMember,
  setQuota,
  type Someone,
  suspendMember,
  testOrganizations,
  updateDomain,
  verifyDomain,
} from './support.ts';

let dns: DnsServer;
let world: ReturnType<typeof testOrganizations>;

beforeAll(async () => {
  dns = await startDnsServer();
  world = testOrganizations({ dnsServers: [dns.address] });
  world.stopClock();
});
afterAll(async () => {
  await world.close();
  await dns.close();
});

const read = `{ currentOrganization { domains { id name status autoJoin joinRole { key } dnsRecord verifiedAt } } }`;
interface Domain {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly dnsRecord: string;
  readonly autoJoin: boolean;
}
const domainsOf = async (who: Someone, id: string): Promise<Domain[]> => (await world.act(who, id, read)).data.currentOrganization.domains;
const add = async (who: Someone, id: string, name: string): Promise<Domain> => {
  const { data, errors } = await world.act(who, id, addDomain, { name });
  if (errors) throw new Error(JSON.stringify(errors));
  return data.addOrganizationDomain.domain;
};
/** Enters the record as people do. */
const enter = ({ dnsRecord }: Domain): void => {
  const [name = '', , text = ''] = dnsRecord.split(' ');
  dns.records.set(name, ['something else', text]);
};
const prove = async (who: Someone, id: string, name: string): Promise<Domain> => {
  const domain = await add(who, id, name);
  enter(domain);
  const { data, errors } = await world.act(who, id, verifyDomain, { id: domain.id });
  if (errors) throw new Error(JSON.stringify(errors));
  return data.verifyOrganizationDomain.domain;
};
/** A tenant whose proven domain lets people in. */
const open = async (name: string): Promise<{ ada: Someone; id: string; domain: Domain }> => {
  const ada = await world.register('Ada');
  const id = await world.found(ada, name);
  const domain = await prove(ada, id, `${name.toLowerCase()}.org`);
  const { codes } = await world.act(ada, id, updateDomain, { id: domain.id, autoJoin: true });
  expect(codes).toEqual([]);
  return { ada, id, domain };
};
let number = 0;
/** A person whom accounts tells of with this address. */
const arrive = async (email: string): Promise<Someone> => {
  const viewer = person();
  world.addresses.set(viewer.userId, email);
  const described = { kind: 'PERSON', handle: `comer-${++number}`, displayName: 'Comer', locale: null, timeZone: null } as const;
  await world.deliver(userRegistered, { ...described, userId: viewer.userId, email, version: 1 });
  return { viewer, email };
};
const contextFor = async ({ viewer }: Someone, organizationId: string) =>
  (await world.run(contextOf, { variables: { userId: viewer.userId, organizationId }, service: 'gateway', as: null })).data
    .membershipContext;
const offersOf = async ({ viewer }: Someone) => {
  const document = `query ($who: [_Any!]!) { _entities(representations: $who) { ... on User { organizationInvitations { id status role { key } invitedBy { id } organization { name } } } } }`;
  const { data } = await world.run(document, { variables: { who: [{ __typename: 'User', id: viewer.userId }] }, as: viewer });
  return data._entities[0].organizationInvitations;
};
const daily = async (times = 1) => {
  const ctx = await world.context();
  for (let day = 0; day < times; day++) {
    world.advance(86_400_000);
    await ctx.workers.enqueue(ctx.db, proveDomains, {});
    await world.settle();
  }
};

test('a domain is proven by its TXT record; until it is there the domain waits', async () => {
  const ada = await world.register('Ada');
  const id = await world.found(ada, 'Prover');
  const domain = await add(ada, id, ' Prover.Example.ORG. ');
  expect(domain).toMatchObject({
    name: 'prover.example.org',
    status: 'PENDING',
    autoJoin: false,
    joinRole: { key: 'MEMBER' },
    verifiedAt: null,
  });
  expect(domain.dnsRecord).toMatch(/^_supergraph-verification\.prover\.example\.org TXT supergraph-verification=[\w-]{27}$/);
  expect(await world.act(ada, id, verifyDomain, { id: domain.id })).toMatchObject({ codes: ['CONFLICT'], reasons: ['DOMAIN_NOT_PROVEN'] });
  dns.records.set('_supergraph-verification.prover.example.org', ['supergraph-verification=of-somebody-else']);
  expect((await world.act(ada, id, verifyDomain, { id: domain.id })).reasons).toEqual(['DOMAIN_NOT_PROVEN']);
  expect((await domainsOf(ada, id))[0]?.status).toBe('PENDING');
  enter(domain);
  const { data } = await world.act(ada, id, verifyDomain, { id: domain.id });
  expect(data.verifyOrganizationDomain.domain).toMatchObject({ status: 'VERIFIED', verifiedAt: expect.any(String) });
  expect((await world.act(ada, id, addDomain, { name: 'prover.example.org' })).reasons).toEqual(['DOMAIN_EXISTS']);
  expect((await world.act(ada, id, removeDomain, { id: domain.id })).data.removeOrganizationDomain.deletedId).toBe(domain.id);
  expect((await world.act(ada, id, removeDomain, { id: domain.id })).codes).toEqual(['NOT_FOUND']);
});

test('a name server that keeps silent is given 5 seconds, and the domain stays as it is', async () => {
  const ada = await world.register('Ada');
  const id = await world.found(ada, 'Silence');
  const domain = await add(ada, id, 'silence.org');
  enter(domain);
  dns.silent = true;
  const began = Date.now();
  expect((await world.act(ada, id, verifyDomain, { id: domain.id })).codes).toEqual(['UPSTREAM_UNAVAILABLE']);
  dns.silent = false;
  expect(Date.now() - began).toBeLessThan(9_000);
  expect((await domainsOf(ada, id))[0]?.status).toBe('PENDING');
});

test('what is done with domains is in the audit log, also that a proof ended', async () => {
  const { ada, id, domain } = await open('Logged');
  await world.act(ada, id, removeDomain, { id: domain.id });
  const again = await prove(ada, id, 'logged.org');
  dns.records.delete('_supergraph-verification.logged.org');
  await daily(7);
  const log = `{ currentOrganization { auditEvents(first: 20) { nodes { name target actor { id } details } } } }`;
  const { nodes } = (await world.act(ada, id, log)).data.currentOrganization.auditEvents;
  const by = { id: ada.viewer.userId };
  expect(nodes.toReversed().slice(1)).toEqual([
    { name: 'domain.added', target: domain.id, actor: by, details: { name: 'logged.org' } },
    { name: 'domain.verified', target: domain.id, actor: by, details: { name: 'logged.org' } },
    { name: 'domain.updated', target: domain.id, actor: by, details: { name: 'logged.org', autoJoin: { from: false, to: true } } },
    { name: 'domain.removed', target: domain.id, actor: by, details: { name: 'logged.org' } },
    { name: 'domain.added', target: again.id, actor: by, details: { name: 'logged.org' } },
    { name: 'domain.verified', target: again.id, actor: by, details: { name: 'logged.org' } },
    { name: 'domain.failed', target: again.id, actor: null, details: { name: 'logged.org' } },
  ]);
});

test('what cannot be asked, or is not there for now, takes a proof from nobody who looks by hand', async () => {
  const { ada, id, domain } = await open('Keeper');
  dns.silent = true;
  expect((await world.act(ada, id, verifyDomain, { id: domain.id })).codes).toEqual(['UPSTREAM_UNAVAILABLE']);
  dns.silent = false;
  dns.records.delete('_supergraph-verification.keeper.org');
  expect((await world.act(ada, id, verifyDomain, { id: domain.id })).reasons).toEqual(['DOMAIN_NOT_PROVEN']);
  expect((await domainsOf(ada, id))[0]).toMatchObject({ status: 'VERIFIED', autoJoin: true });
});

test('what is no domain, and public mail providers, are refused', async () => {
  const ada = await world.register('Ada');
  const id = await world.found(ada, 'Refuser');
  for (const name of [
    '',
    'nonsense',
    'co.uk',
    '192.0.2.1',
    'a b.org',
    'http://x.org',
    'gmail.com',
    'mail.gmx.de',
    `${'x'.repeat(250)}.org`,
  ])
    expect([name, (await world.act(ada, id, addDomain, { name })).codes]).toEqual([name, ['BAD_USER_INPUT']]);
  expect((await add(ada, id, 'müller.de')).name).toBe('xn--mller-kva.de');
});

test('a proven name belongs to one organization, and ids of others are unknown', async () => {
  const [ada, eve] = [await world.register('Ada'), await world.register('Eve')];
  const [one, two] = [await world.found(ada, 'Holder'), await world.found(eve, 'Rival')];
  const held = await prove(ada, one, 'holder.org');
  const wanted = await add(eve, two, 'holder.org');
  enter(wanted);
  expect(await world.act(eve, two, verifyDomain, { id: wanted.id })).toMatchObject({ codes: ['CONFLICT'], reasons: ['DOMAIN_TAKEN'] });
  for (const document of [verifyDomain, updateDomain, removeDomain])
    expect((await world.act(eve, two, document, { id: held.id })).codes).toEqual(['NOT_FOUND']);
  const ben = await world.register('Ben');
  await world.bring(ada, one, ben);
  expect((await world.act(ben, one, addDomain, { name: 'other.org' })).codes).toEqual(['FORBIDDEN']);
  expect(await world.act(ben, one, read)).toMatchObject({ codes: ['FORBIDDEN'], data: { currentOrganization: { domains: null } } });
});

test('the role that comes with joining is one that the viewer may give, and not that of owners', async () => {
  const ada = await world.register('Ada');
  const id = await world.found(ada, 'Giver');
  const domain = await prove(ada, id, 'giver.org');
  const { OWNER, GUEST } = await world.roles(ada, id);
  const owner = await world.act(ada, id, updateDomain, { id: domain.id, joinRoleId: OWNER });
  expect(owner.errors?.[0]?.extensions?.['issues']).toMatchObject([{ path: 'joinRoleId' }]);
  expect((await world.act(ada, id, updateDomain, { id: domain.id, joinRoleId: id })).codes).toEqual(['BAD_USER_INPUT']);
  const made = await world.act(ada, id, createRole, { key: 'DOOR', name: 'Door', permissions: ['organizations.settings.write'] });
  const ben = await world.register('Ben');
  await world.bring(ada, id, ben, 'DOOR');
  expect((await world.act(ben, id, updateDomain, { id: domain.id, autoJoin: true })).reasons).toEqual(['GRANT_EXCEEDS_OWN']);
  const guest = await world.act(ben, id, updateDomain, { id: domain.id, autoJoin: true, joinRoleId: GUEST });
  expect(guest.data.updateOrganizationDomain.domain).toMatchObject({ autoJoin: true, joinRole: { key: 'GUEST' } });
  const door = made.data.createOrganizationRole.role.id;
  expect((await world.act(ada, id, updateDomain, { id: domain.id, joinRoleId: door })).codes).toEqual([]);
  const { MEMBER } = await world.roles(ada, id);
  expect((await world.act(ada, id, deleteRole, { id: door, replacementRoleId: MEMBER })).codes).toEqual([]);
  expect((await domainsOf(ada, id))[0]).toMatchObject({ joinRole: { key: 'MEMBER' } });
  const pending = await add(ada, id, 'unproven.org');
  expect((await world.act(ada, id, updateDomain, { id: pending.id, autoJoin: true })).reasons).toEqual(['DOMAIN_NOT_PROVEN']);
});

test('people join when they register or change their address; a like-sounding domain lets nobody in', async () => {
  const { ada, id } = await open('Joiners');
  const comer = await arrive('Comer@Joiners.org');
  expect(await contextFor(comer, id)).toMatchObject({ roleKey: 'MEMBER' });
  for (const email of ['x@notjoiners.org', 'x@sub.joiners.org', 'x@joiners.org.evil.com'])
    expect([email, await contextFor(await arrive(email), id)]).toEqual([email, null]);
  const late = await arrive('late@example.com');
  await world.deliver(userEmailChanged, { userId: late.viewer.userId, email: 'late@joiners.org', version: 2 });
  expect(await contextFor(late, id)).toMatchObject({ roleKey: 'MEMBER' });
  const members = await world.act(
    ada,
    id,
    `{ currentOrganization { members { nodes { joinedBy user { id } } } auditEvents(filter: { names: ["member.joined_by_domain"] }) { totalCount } } }`,
  );
  expect(members.data.currentOrganization.members.nodes).toContainEqual({ joinedBy: 'DOMAIN', user: { id: late.viewer.userId } });
  expect(members.data.currentOrganization.auditEvents.totalCount).toBe(2);
  expect((await world.emitted(memberAdded)).filter(({ organizationId }) => organizationId === id)).toHaveLength(3);
});

test('an address that is no longer theirs lets nobody in, and neither does late news of somebody who is gone', async () => {
  const { id } = await open('Outdated');
  const moved = await arrive('moved@example.com');
  const change = (email: string, version: number) => world.deliver(userEmailChanged, { userId: moved.viewer.userId, email, version });
  await change('moved@elsewhere.org', 3);
  await change('moved@outdated.org', 2);
  expect(await contextFor(moved, id)).toBeNull();
  const gone = await arrive('gone@example.com');
  await world.deliver(userDeleted, { userId: gone.viewer.userId });
  await world.settle();
  await world.deliver(userEmailChanged, { userId: gone.viewer.userId, email: 'gone@outdated.org', version: 2 });
  const described = { kind: 'PERSON', handle: 'gone', displayName: 'Gone', locale: null, timeZone: null } as const;
  await world.deliver(userRegistered, { ...described, userId: gone.viewer.userId, email: 'gone@outdated.org', version: 1 });
  expect(await contextFor(gone, id)).toBeNull();
  expect((await world.emitted(memberAdded)).filter(({ organizationId }) => organizationId === id)).toHaveLength(1);
});

test('news that come twice make a person a member once, and do not bring back who left', async () => {
  const { id } = await open('Twofold');
  const viewer = person();
  const described = { kind: 'PERSON', handle: 'twofold', displayName: 'Twofold', locale: null, timeZone: null } as const;
  const news = { ...described, userId: viewer.userId, email: 'two@twofold.org', version: 1 };
  const { eventId } = await world.deliver(userRegistered, news);
  const { membershipId } = await contextFor({ viewer, email: news.email }, id);
  await world.deliver(userRegistered, news);
  expect((await world.run(leaveOrganization, { input: { membershipId }, as: viewer })).codes).toEqual([]);
  await world.deliver(userRegistered, news, { eventId });
  expect(await contextFor({ viewer, email: news.email }, id)).toBeNull();
  expect((await world.emitted(memberAdded)).filter(({ userId }) => userId === viewer.userId)).toHaveLength(1);
});

test('of two organizations that prove a name at the same time one has it', async () => {
  const [ada, eve] = [await world.register('Ada'), await world.register('Eve')];
  const [one, two] = [await world.found(ada, 'Racer'), await world.found(eve, 'Rally')];
  const [own, other] = [await add(ada, one, 'racer.org'), await add(eve, two, 'racer.org')];
  dns.records.set(
    '_supergraph-verification.racer.org',
    [own, other].map(({ dnsRecord }) => dnsRecord.split(' ')[2] ?? ''),
  );
  const both = await Promise.all([world.act(ada, one, verifyDomain, { id: own.id }), world.act(eve, two, verifyDomain, { id: other.id })]);
  expect(both.flatMap(({ reasons }) => reasons)).toEqual(['DOMAIN_TAKEN']);
  const statuses = [(await domainsOf(ada, one))[0]?.status, (await domainsOf(eve, two))[0]?.status];
  expect(new Set(statuses)).toEqual(new Set(['PENDING', 'VERIFIED']));
});

test('whoever has such an address already joins by consent, once, and may say no', async () => {
  const [willing, unwilling] = [await arrive('willing@consent.org'), await arrive('unwilling@consent.org')];
  const { id, domain } = await open('Consent');
  const stranger = await arrive('stranger@example.com');
  expect(await offersOf(willing)).toEqual([
    { id: domain.id, status: 'PENDING', role: { key: 'MEMBER' }, invitedBy: null, organization: { name: 'Consent' } },
  ]);
  expect(await offersOf(stranger)).toEqual([]);
  expect((await world.run(acceptInvitation, { input: { invitationId: domain.id }, as: stranger.viewer })).codes).toEqual(['NOT_FOUND']);
  const { data } = await world.run(acceptInvitation, { input: { invitationId: domain.id }, as: willing.viewer });
  expect(data.acceptInvitation.membership).toMatchObject({ joinedBy: 'DOMAIN', role: { key: 'MEMBER' } });
  expect(await offersOf(willing)).toEqual([]);
  expect((await world.run(acceptInvitation, { input: { invitationId: domain.id }, as: willing.viewer })).codes).toEqual(['NOT_FOUND']);
  const declined = await world.run(declineInvitation, { input: { invitationId: domain.id }, as: unwilling.viewer });
  expect(declined.data.declineInvitation.invitation.status).toBe('DECLINED');
  expect(await offersOf(unwilling)).toEqual([]);
  expect(await contextFor(unwilling, id)).toBeNull();
});

test('an invitation goes before the domain, a removed member does not come back by it, and no seat is taken beyond the limit', async () => {
  const { ada, id, domain } = await open('Bounds');
  await world.act(ada, id, inviteMembers, {
    invitations: [{ email: 'invited@bounds.org', roleId: (await world.roles(ada, id))['GUEST'] }],
  });
  const invited = await arrive('invited@bounds.org');
  expect(await contextFor(invited, id)).toBeNull();
  expect(await offersOf(invited)).toMatchObject([{ role: { key: 'GUEST' }, invitedBy: { id: ada.viewer.userId } }]);
  // Who was shown the domain earlier knows its id, which would give another role than the invitation.
  expect((await world.run(acceptInvitation, { input: { invitationId: domain.id }, as: invited.viewer })).codes).toEqual(['NOT_FOUND']);
  const removed = await arrive('removed@bounds.org');
  const { membershipId } = await contextFor(removed, id);
  await world.act(ada, id, removeMember, { membershipId });
  await world.deliver(userEmailChanged, { userId: removed.viewer.userId, email: 'removed@bounds.org', version: 2 });
  expect(await contextFor(removed, id)).toBeNull();
  expect(await offersOf(removed)).toEqual([]);
  const root = await world.register('Root', { roles: ['USER', 'ADMIN'] });
  await world.run(setQuota, { input: { id, key: 'seats', limit: 2 }, as: root.viewer });
  const late = await arrive('late@bounds.org');
  expect(await contextFor(late, id)).toBeNull();
  const full = await world.run(acceptInvitation, { input: { invitationId: domain.id }, as: late.viewer });
  expect(full).toMatchObject({ codes: ['CONFLICT'], reasons: ['QUOTA_EXCEEDED'] });
});

test('whoever leaves while suspended does not come back by the domain, only by an invitation', async () => {
  const { ada, id, domain } = await open('Evaders');
  const ben = await arrive('ben@evaders.org');
  const { membershipId } = await contextFor(ben, id);
  await world.act(ada, id, suspendMember, { membershipId });
  expect((await world.run(leaveOrganization, { input: { membershipId }, as: ben.viewer })).codes).toEqual([]);
  expect(await offersOf(ben)).toEqual([]);
  expect((await world.run(acceptInvitation, { input: { invitationId: domain.id }, as: ben.viewer })).codes).toEqual(['NOT_FOUND']);
  await world.deliver(userEmailChanged, { userId: ben.viewer.userId, email: 'ben@evaders.org', version: 2 });
  expect(await contextFor(ben, id)).toBeNull();
  await world.act(ada, id, inviteMembers, { invitations: [{ email: 'ben@evaders.org' }] });
  const [{ id: invitationId }] = await offersOf(ben);
  expect((await world.run(acceptInvitation, { input: { invitationId }, as: ben.viewer })).codes).toEqual([]);
});

test('the proof is repeated daily: six failures keep it, one success forgives them, seven in a row end it', async () => {
  const { ada, id, domain } = await open('Daily');
  const record = '_supergraph-verification.daily.org';
  const texts = dns.records.get(record) ?? [];
  const status = async () => (await domainsOf(ada, id))[0];
  dns.records.delete(record);
  await daily(6);
  expect(await status()).toMatchObject({ status: 'VERIFIED', autoJoin: true });
  dns.records.set(record, texts);
  await daily();
  dns.records.delete(record);
  await daily(6);
  expect(await status()).toMatchObject({ status: 'VERIFIED' });
  await daily();
  expect(await status()).toMatchObject({ status: 'FAILED', autoJoin: false });
  expect(await contextFor(await arrive('late@daily.org'), id)).toBeNull();
  const notices = (await world.emitted(notificationRequested.of('organizations'))).filter(
    (notice) => notice.kind === 'DOMAIN_FAILING' && notice.organizationId === id,
  );
  expect(notices.map(({ data }) => data['domain'])).toEqual(['daily.org', 'daily.org', 'daily.org']);
  dns.records.set(record, texts);
  expect((await world.act(ada, id, verifyDomain, { id: domain.id })).data.verifyOrganizationDomain.domain.status).toBe('VERIFIED');
});
