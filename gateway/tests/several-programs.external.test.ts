import { rmSync } from 'node:fs';
import { createExternalDatabase, external, forgetQueues } from '@supergraph/platform/tests/support/external';
import postgres from 'postgres';
import { addProduct, openShop } from './journeys/walks/shop.ts';
import { type AppProcess, makeDataDirectory, startAppProcess } from './support/app-process.ts';
import { eventually } from './support/eventually.ts';
import { createWorld, give, type Person, type World } from './support/journey.ts';
import { password, register, signIn } from './support/people.ts';
import { domainNames } from './support/services.ts';

// Three whole programs behind one address, as in production: PostgreSQL, RabbitMQ and Redis are all that they share.
const domains = domainNames();
const publicUrl = 'http://graph.test';
const dataDirectory = makeDataDirectory();
let database: Awaited<ReturnType<typeof createExternalDatabase>>;
const apps: AppProcess[] = [];
let worlds: World[] = [];
let admin: Person;
beforeAll(async () => {
  // What another run left there is not of this database.
  await forgetQueues(domains);
  database = await createExternalDatabase();
  for (let number = 0; number < 3; number += 1)
    apps.push(
      await startAppProcess({
        dataDirectory,
        environment: {
          SEED: 'none',
          PUBLIC_URL: publicUrl,
          DATABASE_URL: database.url,
          AMQP_URL: external.amqp,
          REDIS_URL: external.redis,
          INTERNAL_KEY: 'a key that only these programs know, all three',
        },
      }),
    );
  worlds = apps.map(createWorld);
  const root = await register(at(0), 'Root');
  const sql = postgres(database.url, { max: 1, onnotice: () => undefined });
  await sql`update accounts.users set roles = '{USER,ADMIN}' where id = ${root.id}`;
  await sql.end();
  admin = { ...root, ...(await signIn(at(0), root.email)) };
});
afterAll(async () => {
  await Promise.all(worlds.map((world) => world.close()));
  await Promise.all(apps.map((app) => app.end()));
  rmSync(dataDirectory, { recursive: true, force: true });
  await forgetQueues(domains);
  await database?.drop();
});

function at(number: number): World {
  const world = worlds[number] ?? (number === 0 && apps[0] ? (worlds[0] = createWorld(apps[0])) : undefined);
  if (!world) throw new Error(`there is no program ${number}`);
  return world;
}

const viewer = '{ viewer { id } }';
const viewersOf = (token: string) => Promise.all(worlds.map(async (world) => (await world.ask(viewer, { token })).data?.viewer?.id));
const refused = (token: string) =>
  eventually('the refusal by all three', async () => {
    const answers = await Promise.all(worlds.map((world) => world.ask(viewer, { token })));
    return answers.every(({ codes }) => codes[0]?.startsWith('UNAUTHENTICATED'));
  });

test('a sign-in begun at one goes on at another; its tokens hold at all three and are refreshed anywhere', async () => {
  const ana = await register(at(0), 'Ana');
  const begun = await give(at(0), 'mutation ($input: StartSignInInput!) { startSignIn(input: $input) { flow { id } } }', {
    input: { identifier: ana.email },
  });
  const { flow } = await give(
    at(1),
    'mutation ($input: ContinueSignInInput!) { continueSignIn(input: $input) { flow { tokens { accessToken refreshToken } } } }',
    { input: { flowId: begun.flow.id, password } },
  );
  expect(await viewersOf(flow.tokens.accessToken)).toEqual([ana.id, ana.id, ana.id]);
  const { tokens } = await give(
    at(2),
    'mutation ($input: RefreshSessionInput!) { refreshSession(input: $input) { tokens { accessToken } } }',
    { input: { refreshToken: flow.tokens.refreshToken } },
  );
  expect(await viewersOf(tokens.accessToken)).toEqual([ana.id, ana.id, ana.id]);
});

test('whom one suspends all refuse, and open sockets at each are closed', async () => {
  const bo = await register(at(1), 'Bo');
  expect(await viewersOf(bo.token)).toEqual([bo.id, bo.id, bo.id]);
  const sockets = worlds.map((world) => world.subscribe('subscription { notificationAdded { cursor } }', { token: bo.token }));
  await give(at(0), 'mutation ($input: SuspendUserInput!) { suspendUser(input: $input) { user { status } } }', {
    input: { userId: bo.id, reason: 'sells what is not hers' },
    token: admin.token,
  });
  await refused(bo.token);
  for (const socket of sockets) expect(await socket.ended()).toMatchObject({ code: 4403 });
});

test('a session that ends at one ends at all; the person’s others go on', async () => {
  const cleo = await register(at(2), 'Cleo');
  const other = await signIn(at(1), cleo.email);
  expect(await viewersOf(other.token)).toEqual([cleo.id, cleo.id, cleo.id]);
  await give(at(0), 'mutation ($input: RevokeOtherSessionsInput!) { revokeOtherSessions(input: $input) { endedCount } }', {
    input: {},
    token: cleo.token,
  });
  await refused(other.token);
  expect(await viewersOf(cleo.token)).toEqual([cleo.id, cleo.id, cleo.id]);
});

test('a key that is changed in an emergency is gone everywhere, and what the new one signs is taken at once', async () => {
  const dora = await register(at(0), 'Dora');
  expect(await viewersOf(dora.token)).toEqual([dora.id, dora.id, dora.id]);
  const { token } = await signIn(at(0), admin.email);
  await give(at(1), 'mutation ($input: RotateSigningKeyInput!) { rotateSigningKey(input: $input) { signingKeys { kid } } }', {
    input: { emergency: true },
    token,
  });
  const next = await signIn(at(2), dora.email);
  expect(await viewersOf(next.token)).toEqual([dora.id, dora.id, dora.id]);
  await refused(dora.token);
});

test('who is removed from an organization at one acts for it nowhere', async () => {
  const owner = await register(at(0), 'Eli');
  const shop = await openShop(at(0), owner, 'Wide Shop');
  const { id } = await addProduct(shop, 'Soap');
  const fay = await register(at(1), 'Fay');
  await shop.act('mutation ($input: InviteMembersInput!) { inviteMembers(input: $input) { invitations { id } } }', {
    input: { invitations: [{ email: fay.email }] },
  });
  const link = await eventually(
    'the invitation',
    () =>
      at(1)
        .mails(fay.email)
        .findLast(({ subject }) => subject.includes('Wide'))?.secret,
  );
  const { membership } = await give(
    at(1),
    'mutation ($input: AcceptInvitationInput!) { acceptInvitation(input: $input) { membership { id } } }',
    {
      input: { token: link },
      token: fay.token,
    },
  );
  const read = (world: World) =>
    world.ask('query ($id: ID!) { product(id: $id) { id } currentOrganization { id } }', {
      variables: { id },
      token: fay.token,
      organizationId: shop.organizationId,
    });
  for (const world of worlds) expect((await read(world)).data?.currentOrganization).toEqual({ id: shop.organizationId });
  await shop.act('mutation ($input: RemoveOrganizationMemberInput!) { removeOrganizationMember(input: $input) { membership { id } } }', {
    input: { membershipId: membership.id },
  });
  await eventually('the refusal by all three', async () => {
    const answers = await Promise.all(worlds.map(read));
    expect(answers.map(({ codes }) => codes[0])).toEqual(['NOT_FOUND', 'NOT_FOUND', 'NOT_FOUND']);
    return true;
  });
});

test('what one writes, a subscriber at another hears', async () => {
  const gil = await register(at(0), 'Gil');
  const heard = at(2).subscribe('subscription { securityEventAdded { node { name } } }', { token: gil.token });
  await give(at(1), 'mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { user { id } } }', {
    input: { version: (await give(at(1), '{ viewer { version } }', { token: gil.token })).version, displayName: 'Gilbert' },
    token: gil.token,
  });
  await eventually('the event', async () => JSON.stringify(await heard.next()).includes('user.updated'));
});
