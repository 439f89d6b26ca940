import { testSubgraph } from '@supergraph/platform/testing';
import { subgraph } from '../index.ts';
import { compose } from '@supergraph/platform/mail-content';
import { contentOf } from '../mail/templates.ts';
import { mailSweeper, pauseAfter } from '../mail/queue.ts';
import { type SmtpServer, startSmtpServer } from '@supergraph/platform/tests/support/smtp-server';
import { documents, password, people } from './support.ts';

const minute = 60_000;
const hour = 60 * minute;

describe('mails by SMTP', () => {
  let server: SmtpServer;
  let graph: ReturnType<typeof testSubgraph>;
  beforeAll(async () => {
    server = await startSmtpServer();
    graph = testSubgraph(subgraph, { settings: { smtpUrl: server.url, mailFrom: 'Shop <hello@shop.example>' } });
    graph.stopClock();
  });
  afterAll(async () => {
    await graph.close();
    await server.close();
  });
  const signUp = async (handle: string) => {
    const input = { email: `${handle}@example.org`, password, displayName: `The ${handle}`, handle };
    const answer = await graph.run(documents.signUp, { as: null, input });
    await graph.settle();
    return answer.codes;
  };
  const sweep = async () => mailSweeper.run(await graph.context(), {});
  const takenFor = (handle: string) => server.taken.filter(({ to }) => to === `${handle}@example.org`);
  const waiting = async () =>
    (await (await graph.owner())`select attempts, sealed is not null as waits from accounts.mail_queue where sealed is not null`).length;

  test('go out in both forms, from whom the settings say, and leave the queue empty', async () => {
    expect(await signUp('posted')).toEqual([]);
    const [mail] = takenFor('posted');
    expect(mail?.source).toMatch(/^From: Shop <hello@shop.example>$/m);
    expect(mail?.source).toMatch(/^Subject: Confirm your address$/m);
    expect(mail?.source).toContain('text/plain');
    expect(mail?.source).toContain('text/html');
    expect(await waiting()).toBe(0);
    const token = /token=3D([\w-]+(?:=\r\n[\w-]+)*)/.exec(mail?.source ?? '')?.[1]?.replaceAll('=\r\n', '');
    expect((await graph.run(documents.verify, { as: null, input: { token } })).codes).toEqual([]);
  });

  test('wait while the server is away, for a minute, then longer, and go out once when it is back', async () => {
    const port = Number(new URL(server.url).port);
    await server.close();
    expect(await signUp('patient')).toEqual([]);
    expect(await waiting()).toBe(1);
    server = await startSmtpServer(port);
    await sweep();
    expect(takenFor('patient')).toHaveLength(0);
    graph.advance(minute);
    await Promise.all([sweep(), sweep()]);
    await sweep();
    expect(takenFor('patient')).toHaveLength(1);
    expect(await waiting()).toBe(0);
    expect([1, 2, 3, 7, 30].map((attempts) => pauseAfter(attempts) / minute)).toEqual([1, 2, 4, 60, 60]);
  });

  test('are given up after 24 hours, or at once where the server will never take them', async () => {
    server.refusal = '451 come back later';
    await signUp('late_one');
    for (let hours = 0; hours < 23; hours += 1) {
      graph.advance(hour);
      await sweep();
    }
    expect(await waiting()).toBe(1);
    graph.advance(2 * hour);
    await sweep();
    expect(await waiting()).toBe(0);
    server.refusal = '550 nobody of that name';
    await signUp('nobody_there');
    expect(await waiting()).toBe(0);
    server.refusal = undefined;
    graph.advance(hour);
    await sweep();
    expect([...takenFor('late_one'), ...takenFor('nobody_there')]).toEqual([]);
  });

  test('of which one cannot be read do not hold up the others', async () => {
    const owner = await graph.owner();
    await owner`insert into accounts.mail_queue (id, sealed, next_try_at, give_up_at) values (gen_random_uuid(), 'rubbish', now() - interval '1 day', now() + interval '400 days')`;
    server.refusal = '451 come back later';
    await signUp('behind_rubbish');
    server.refusal = undefined;
    graph.advance(minute);
    await sweep();
    expect(takenFor('behind_rubbish')).toHaveLength(1);
  });
});

test('what people call themselves is text in a mail, not markup', () => {
  const { html, text } = compose(
    contentOf('https://shop.example', { kind: 'VERIFY', to: 'a@example.org', name: '<img src=x> & "co"', token: 't' }),
  );
  expect(html).not.toContain('<img');
  expect(html).toContain('Hello &#60;img src=x&#62; &#38; &#34;co&#34;,');
  expect(text).toContain('Hello <img src=x> & "co",');
  expect(html).toContain('href="https://shop.example/verify-email?token=t"');
});

test('without a server mails are captured, readable by their owner alone', async () => {
  const graph = testSubgraph(subgraph);
  const { signUp, mailsTo } = people(graph);
  await signUp('captured');
  expect(await mailsTo('captured@example.org')).toHaveLength(1);
  const { readdirSync, statSync } = await import('node:fs');
  const folder = `${graph.settings.dataDirectory}/mail`;
  for (const file of readdirSync(folder)) expect(statSync(`${folder}/${file}`).mode & 0o777).toBe(0o600);
  await graph.close();
});
