import { type SmtpServer, startSmtpServer } from '@supergraph/platform/tests/support/smtp-server';
import { inviteMembers, type Someone, testOrganizations } from './support.ts';

const minute = 60_000;
let server: SmtpServer;
let world: ReturnType<typeof testOrganizations>;
let ada: Someone;
let id: string;

beforeAll(async () => {
  server = await startSmtpServer();
  world = testOrganizations({ smtpUrl: server.url, mailFrom: 'Shop <hello@shop.example>' });
  world.stopClock();
  ada = await world.register('Ada');
  id = await world.found(ada, 'Posted');
});
afterAll(async () => {
  await world.close();
  await server.close();
});

const invite = async (email: string) => {
  const { codes } = await world.act(ada, id, inviteMembers, { invitations: [{ email }] });
  expect(codes).toEqual([]);
  await world.settle();
};
const takenFor = (email: string) => server.taken.filter(({ to }) => to === email);
const waiting = async () => (await (await world.owner())`select 1 from organizations.mail_queue where sealed is not null`).length;

test('an invitation goes out by SMTP, from whom the settings say, and leaves nothing in the queue', async () => {
  await invite('posted@example.org');
  const [mail] = takenFor('posted@example.org');
  expect(mail?.source).toMatch(/^From: Shop <hello@shop.example>\r?$/m);
  expect(mail?.source).toMatch(/^Subject: You are invited to Posted\r?$/m);
  expect(mail?.source.replaceAll(/=\r?\n/g, '')).toContain('/invitations?token=3D');
  expect(await waiting()).toBe(0);
});

test('it waits while the mail server is away, and goes out once when that is back', async () => {
  const port = Number(new URL(server.url).port);
  await server.close();
  await invite('patient@example.org');
  expect(await waiting()).toBe(1);
  server = await startSmtpServer(port);
  await world.settle();
  expect(takenFor('patient@example.org')).toHaveLength(0);
  world.advance(minute);
  await world.settle();
  await world.settle();
  expect(takenFor('patient@example.org')).toHaveLength(1);
  expect(await waiting()).toBe(0);
});

test('what the mail server will never take is given up, and what it does not take in a day, too', async () => {
  server.refusal = '550 no such person';
  await invite('nobody@example.org');
  expect(await waiting()).toBe(0);
  server.refusal = '451 later';
  await invite('never@example.org');
  expect(await waiting()).toBe(1);
  for (let hour = 0; hour < 27; hour++) {
    world.advance(60 * minute);
    await world.settle();
  }
  expect(await waiting()).toBe(0);
  server.refusal = undefined;
  expect([takenFor('nobody@example.org'), takenFor('never@example.org')]).toEqual([[], []]);
});
