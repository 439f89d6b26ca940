import { v7 } from 'uuid';
import { found } from './journeys/walks/shop.ts';
import { newClient, type Provider, startProvider, tokensFor } from './oauth/support.ts';
import { eventually } from './support/eventually.ts';
import { give, type Person } from './support/journey.ts';
import { register } from './support/people.ts';

// What works in one organization alone (rule 17 of access tokens): nothing of its owner's that belongs to none, or to another one.
let provider: Provider;
let ana: Person;
let bo: Person;
let acme: string;
let other: string;
/** A talk between people in general, and one within the organization. */
let personal: { id: string; messageId: string };
let within: { id: string; messageId: string };

const scopes = [
  'accounts:read',
  'chat:read',
  'chat:write',
  'notifications:read',
  'notifications:write',
  'organizations:read',
  'organizations:write',
];

beforeAll(async () => {
  provider = await startProvider();
  const { world } = provider;
  [ana, bo] = [await register(world, 'Ana'), await register(world, 'Bo')];
  [acme, other] = [await found(world, ana, 'Acme'), await found(world, ana, 'Umbrella')];
  await found(world, bo, 'Bo and sons');
  personal = await talk('createConversation', { name: 'Friends', userIds: [bo.id] });
  const invite = 'mutation ($input: InviteMembersInput!) { inviteMembers(input: $input) { invitations { id } } }';
  const roles = await give(world, '{ currentOrganization { roles { id key } } }', { token: ana.token, organizationId: acme });
  const roleId = roles.roles.find(({ key }: { key: string }) => key === 'MEMBER').id;
  const { invitations } = await give(world, invite, {
    input: { invitations: [{ email: bo.email, roleId }] },
    token: ana.token,
    organizationId: acme,
  });
  const accept = 'mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { __typename } }';
  await give(world, accept, { input: { invitationId: invitations[0].id }, token: bo.token });
  within = await talk('createConversation', { name: 'Colleagues', userIds: [bo.id] }, acme);
});
afterAll(async () => {
  await provider?.end();
});

async function talk(mutation: string, input: object, organizationId?: string): Promise<{ id: string; messageId: string }> {
  const type = `${mutation[0]?.toUpperCase()}${mutation.slice(1)}Input`;
  const begin = `mutation ($input: ${type}!) { ${mutation}(input: $input) { conversation { id } } }`;
  const asked = { token: ana.token, ...(organizationId ? { organizationId } : {}) };
  // Chat hears of people and members by events.
  const conversation = await eventually('the conversation', async () => {
    const { data, codes } = await provider.world.ask(begin, { ...asked, input });
    return codes.length === 0 && data[mutation].conversation;
  });
  const send = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }';
  const { message } = await give(provider.world, send, {
    ...asked,
    input: { conversationId: conversation.id, body: 'Hello', clientMessageId: v7() },
  });
  return { id: conversation.id, messageId: message.id };
}

async function personalToken(): Promise<string> {
  const create = 'mutation ($input: CreateAccessTokenInput!) { createAccessToken(input: $input) { secret } }';
  return (await give(provider.world, create, { input: { name: 'Robot', scopes, organizationId: acme }, token: ana.token })).secret;
}

async function tokenOfApp(): Promise<string> {
  const app = await newClient(provider, bo, { name: 'Desk', scopes });
  const tokens = await tokensFor(app, ana, { organization: acme, parameters: { scope: `openid ${scopes.join(' ')}` } });
  return tokens.accessToken;
}

describe.each([
  ['a personal access token', personalToken],
  ['an app’s token', tokenOfApp],
])('%s of one organization', (_, make) => {
  let token: string;
  beforeAll(async () => {
    token = await make();
  });
  const ask = async (query: string, input?: object) => provider.world.ask(query, { token, ...(input ? { input } : {}) });

  test('sees the talks of its organization, and none of people in general', async () => {
    const talks = `{
      viewer { conversations { nodes { id } totalCount } unreadConversationCount }
      here: conversation(id: "${within.id}") { id } there: conversation(id: "${personal.id}") { id }
      said: message(id: "${within.messageId}") { id } whispered: message(id: "${personal.messageId}") { id }
    }`;
    const { data } = await ask(talks);
    expect(data).toEqual({
      viewer: { conversations: { nodes: [{ id: within.id }], totalCount: 1 }, unreadConversationCount: 0 },
      here: { id: within.id },
      there: null,
      said: { id: within.messageId },
      whispered: null,
    });
    const whole = await provider.world.ask(talks, { token: ana.token, organizationId: acme });
    expect([whole.data.there, whole.data.viewer.conversations.totalCount]).toEqual([{ id: personal.id }, 2]);
  });

  test('says nothing there, and hears nothing', async () => {
    const send = 'mutation ($input: SendMessageInput!) { sendMessage(input: $input) { message { id } } }';
    expect((await ask(send, { conversationId: personal.id, body: 'Psst', clientMessageId: v7() })).codes).toEqual(['NOT_FOUND']);
    const socket = provider.world.subscribe(`subscription { messageAdded(conversationId: "${personal.id}") { cursor } }`, { token });
    await expect(socket.next()).rejects.toThrow(/NOT_FOUND|not found/i);
  });

  test('sees its own membership, and no other one', async () => {
    const { data } = await ask(
      `{ viewer { memberships { nodes { organization { id } } totalCount } organizationInvitations { id } }
        organization(id: "${other}") { id viewerMembership { id } memberCount roles { id } settings { locale } } }`,
    );
    expect(data).toEqual({
      viewer: { memberships: { nodes: [{ organization: { id: acme } }], totalCount: 1 }, organizationInvitations: [] },
      organization: { id: other, viewerMembership: null, memberCount: null, roles: null, settings: null },
    });
  });

  test('founds, joins and leaves no organization', async () => {
    const own = '{ viewer { memberships { nodes { id organization { id } } } } }';
    const { memberships } = await give(provider.world, own, { token: ana.token });
    const membershipId = memberships.nodes.find(({ organization }: { organization: { id: string } }) => organization.id === other).id;
    const leave = 'mutation ($input: LeaveOrganizationInput!) { leaveOrganization(input: $input) { __typename } }';
    expect((await ask(leave, { membershipId })).codes).toEqual(['NOT_FOUND']);
    const create = 'mutation ($input: CreateOrganizationInput!) { createOrganization(input: $input) { __typename } }';
    expect((await ask(create, { name: 'More' })).codes).toEqual(['FORBIDDEN CONFINED_TO_ORGANIZATION']);
    const accept = 'mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { __typename } }';
    expect((await ask(accept, { token: 'x'.repeat(43) })).codes).toEqual(['FORBIDDEN CONFINED_TO_ORGANIZATION']);
  });

  test('has no feed of notices', async () => {
    expect((await ask('{ viewer { notifications { nodes { id } } } }')).data.viewer.notifications).toBeNull();
    const mark = 'mutation ($input: MarkNotificationsReadInput!) { markNotificationsRead(input: $input) { __typename } }';
    expect((await ask(mark, { all: true })).codes).toEqual(['FORBIDDEN CONFINED_TO_ORGANIZATION']);
  });
});
