import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { nobody, type Viewer } from '@supergraph/platform/context';
import { createLog } from '@supergraph/platform/log';
import { listMigrations } from '@supergraph/platform/migrate';
import { tracesOf } from '@supergraph/platform/personal-data-testing';
import { createRemoteSubgraph } from '@supergraph/platform/remote';
import { serveSubgraph } from '@supergraph/platform/service-server';
import { person } from '@supergraph/platform/testing';
import { demo, demoPeople, demoSellers } from '@supergraph/schema/demo';
import { decodeJwt } from 'jose';
import { testGraph } from '../testing.ts';

const domains = listMigrations(resolve(import.meta.dirname, '../../db')).map(({ domain }) => domain);
/** Catalog says what sellers sell, and names nobody. */
const keepers = domains.filter((domain) => domain !== 'catalog');
const graph = testGraph(...domains);
const { run, settle, advance } = graph;
/** A member of the first sample organization, who reviews, talks and is told things. */
const dmitri = demoPeople[3]!;
const admin = person({ roles: ['USER', 'ADMIN'] });
let server: Server;
beforeAll(async () => {
  await graph.seed();
  await settle();
  const routes = (await graph.runtime()).subgraphs.get('accounts')?.routes;
  server = createServer((request, response) => void routes?.handle(request, response, nobody('download')));
  await new Promise<void>((done) => server.listen(0, done));
});
afterAll(async () => {
  server.close();
  await graph.close();
});

const day = 24 * 3_600_000;

async function give(document: string, options: Parameters<typeof run>[1]) {
  const { data, errors } = await run(document, options);
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

async function signIn(identifier: string): Promise<Viewer> {
  const begin = 'mutation ($input: StartSignInInput!) { startSignIn(input: $input) { flow { id } } }';
  const { startSignIn } = await give(begin, { as: null, input: { identifier } });
  const proceed = 'mutation ($input: ContinueSignInInput!) { continueSignIn(input: $input) { flow { tokens { accessToken } } } }';
  const { continueSignIn } = await give(proceed, { as: null, input: { flowId: startSignIn.flow.id, password: demo.password } });
  const { sub, sid, auth_time: authTime } = decodeJwt(continueSignIn.flow.tokens.accessToken) as Record<string, any>;
  return person({ userId: sub, sessionId: sid, authTime });
}

/** Downloads a file as a browser would that was sent there. */
async function download(url: string): Promise<Record<string, unknown>[]> {
  const { pathname, search } = new URL(url);
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}${search}`);
  expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
  return (await answer.json()) as Record<string, unknown>[];
}

const listed = '{ viewer { dataExports { id status files { name domain bytes url } } } }';
const erasure = 'query ($id: ID!) { user(id: $id) { status displayName erasure { domainsDone domainsPending } } }';

test('a person gets what all domains hold of them, is erased, and is named by no domain any more', async () => {
  const as = await signIn(dmitri.email);
  const sql = await graph.owner();
  const inside = { as, in: null };
  await give('mutation ($input: RequestDataExportInput!) { requestDataExport(input: $input) { dataExport { id } } }', {
    ...inside,
    input: {},
  });
  await settle();
  const { viewer } = await give(listed, inside);
  const [made] = viewer.dataExports;
  expect(made.status).toBe('READY');
  expect([...new Set(made.files.map(({ domain }: { domain: string }) => domain))]).toEqual(keepers);
  const files: Record<string, Record<string, unknown>[]> = {};
  for (const { name, url } of made.files) files[name] = await download(url);
  expect(files['accounts-profile.json']).toEqual([expect.objectContaining({ id: dmitri.id, email: dmitri.email })]);
  expect(files['accounts-sessions.json']).toEqual([expect.objectContaining({ id: as.sessionId })]);
  expect(files['accounts-security-events.json']?.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['session.started', 'data_export.requested']),
  );
  expect(files['organizations-memberships.json']).toEqual(
    expect.arrayContaining([expect.objectContaining({ organizationId: demoSellers[0]?.id, organization: 'Harbor Books' })]),
  );
  const [counts] = await sql`select
    (select count(*)::int from reviews.reviews where author_id = ${dmitri.id}) as reviews,
    (select count(*)::int from reviews.review_votes where voter_id = ${dmitri.id}) as votes,
    (select count(*)::int from chat.messages where author_id = ${dmitri.id}) as messages,
    (select count(*)::int from chat.participants where user_id = ${dmitri.id}) as places,
    (select count(*)::int from notifications.notifications where recipient_id = ${dmitri.id}) as notices`;
  const lengths = Object.fromEntries(Object.entries(files).map(([name, rows]) => [name, rows.length]));
  expect({
    reviews: lengths['reviews-reviews.json'],
    votes: lengths['reviews-votes.json'],
    messages: lengths['chat-messages.json'],
    places: lengths['chat-conversations.json'],
    notices: lengths['notifications-notifications.json'],
  }).toEqual(counts);
  expect(counts?.['reviews']).toBeGreaterThan(0);
  expect(counts?.['messages']).toBeGreaterThan(0);
  const text = JSON.stringify(files);
  for (const other of demoPeople) if (other.id !== dmitri.id) expect(text).not.toMatch(new RegExp(`${other.email}|${other.displayName}`));

  const named = [dmitri.email, dmitri.displayName];
  const keeping = [];
  for (const domain of domains) if ((await tracesOf(sql, domain, named)).length > 0) keeping.push(domain);
  expect(keeping).toEqual(['accounts', 'chat', 'notifications', 'organizations']);

  await give('mutation ($input: ScheduleAccountDeletionInput!) { scheduleAccountDeletion(input: $input) { erasesAt } }', {
    ...inside,
    input: {},
  });
  advance(14 * day + 1_000);
  await settle();
  expect((await give(erasure, { as: admin, variables: { id: dmitri.id } })).user).toEqual({
    status: 'ERASED',
    displayName: 'Erased account',
    erasure: { domainsDone: keepers, domainsPending: [] },
  });
  for (const domain of domains) expect([domain, await tracesOf(sql, domain, named)]).toEqual([domain, []]);
  // What was published and said stays, in nobody's name.
  const [left] = await sql`select (select count(*)::int from reviews.reviews where author_id = ${dmitri.id})
    + (select count(*)::int from chat.messages where author_id = ${dmitri.id})
    + (select count(*)::int from notifications.notifications where recipient_id = ${dmitri.id}) as rows`;
  expect(left).toEqual({ rows: 0 });
  // Everybody else is as they were.
  const [others] = await sql`select count(*)::int as people from accounts.users where status = 'ACTIVE' and email is not null`;
  expect(others).toEqual({ people: demoPeople.length - 1 });
});

test('domains are asked over HTTP as in this process, and clients know of no such fields', async () => {
  const chat = (await graph.runtime()).subgraphs.get('chat');
  if (!chat) throw new Error('chat does not run');
  const log = createLog('silent', 'test');
  const settings = { internalKey: 'k'.repeat(64) };
  const served = await serveSubgraph({ subgraph: chat, settings, port: 0, host: '127.0.0.1', log });
  const remote = createRemoteSubgraph({ name: 'chat', url: `http://127.0.0.1:${served.port}/graphql`, settings, log });
  try {
    const query =
      'query ($userId: ID!, $after: String) { _personalData(userId: $userId, holding: "messages", after: $after, limit: 3) _personalHoldings }';
    const ask = (client: Pick<typeof remote, 'execute'>, after: string | null, service: string | null = 'accounts') =>
      client.execute({
        query,
        variables: { userId: demoPeople[0]?.id, after },
        identity: { ...nobody('request'), viewer: service ? null : admin, service },
        deadline: Date.now() + 20_000,
        signal: new AbortController().signal,
      });
    const first = await ask(remote, null);
    expect(first).toEqual(await ask(chat, null));
    const page = first.data?.['_personalData'] as { rows: unknown[]; next: string };
    expect(page.rows).toHaveLength(3);
    const second = (await ask(remote, page.next)).data?.['_personalData'] as { rows: unknown[] };
    expect(second.rows).toHaveLength(3);
    expect(second.rows).not.toContainEqual(page.rows.at(-1));
    expect((await ask(remote, null, null)).errors?.map(({ extensions }) => extensions?.['code'])).toEqual(['FORBIDDEN']);
    expect((await run('{ _personalHoldings }', { as: admin })).codes).toEqual(['GRAPHQL_VALIDATION_FAILED']);
  } finally {
    await remote.close();
    await served.stop();
  }
});
