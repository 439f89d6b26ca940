import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { RequestContext, Viewer } from '@supergraph/platform/context';
import { DomainError } from '@supergraph/platform/errors';
import { tracesOf } from '@supergraph/platform/personal-data-testing';
import { person, testSubgraph } from '@supergraph/platform/testing';
import { personalDataKept } from '@supergraph/schema/events/platform';
import { subgraph } from '../index.ts';
import type { Loaders } from '../loaders.ts';
import { collector, exportKeeper } from '../service/exports/collect.ts';
import { answerDownload } from '../service/exports/download.ts';
import { documents, outcomesOf, people } from './support.ts';

/** A domain beside accounts, with two pages of one collection; while it is away it answers nothing, or only the first page. */
const shop = { away: false, awayAfterFirst: false, asked: [] as (string | null)[] };
const unavailable = () => new DomainError('UPSTREAM_UNAVAILABLE', 'away');
function shopAnswers(document: string, { after = null, userId }: Readonly<Record<string, unknown>>): unknown {
  if (shop.away) throw unavailable();
  if (document.includes('_personalHoldings')) return { _personalHoldings: [{ name: 'orders', description: 'What you ordered.' }] };
  if (after && shop.awayAfterFirst) throw unavailable();
  shop.asked.push(after as string | null);
  const rows = after ? [{ order: 'three' }] : [{ order: 'one', userId }, { order: 'two' }];
  return { _personalData: { rows, next: after ? null : '["two"]' } };
}

const graph = testSubgraph(subgraph, { answers: { shop: shopAnswers }, settings: { publicUrl: 'https://graph.test' } });
const { run, settle, advance, deliver, owner } = graph;
const { register, signIn, mailsTo } = people(graph);
let server: Server;
beforeAll(async () => {
  graph.stopClock();
  const ctx = (await graph.context()) as unknown as RequestContext<Loaders>;
  server = createServer((request, response) => {
    answerDownload(request, response, ctx).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  await deliver(personalDataKept.of('shop'), { domain: 'shop' });
});
beforeEach(() => Object.assign(shop, { away: false, awayAfterFirst: false, asked: [] }));
afterAll(async () => {
  server.close();
  await graph.close();
});

const [minute, hour] = [60_000, 3_600_000];
const day = 24 * hour;
const request = 'mutation ($input: RequestDataExportInput!) { requestDataExport(input: $input) { dataExport { id status } } }';
const listed = '{ viewer { dataExports { id status readyAt expiresAt files { name domain description bytes url } } } }';
const one = 'query ($id: ID!) { dataExport(id: $id) { id status files { name url } } }';
const ask = (as: Viewer) => run(request, { as, input: {} });
const exportsOf = async (as: Viewer) => (await run(listed, { as })).data.viewer.dataExports;
/** The clock stands still between the calls of a test, and moves past what was proved before. */
const fresh = (as: Viewer): Viewer => ({ ...as, authTime: as.authTime + 10 * 365 * 86_400 });
async function newcomer(handle: string) {
  const { id } = await register(handle, { displayName: `Quill ${handle}` });
  return { id, as: fresh((await signIn(handle)).as), email: `${handle}@example.org` };
}
const keep = async () => exportKeeper.run(await graph.context(), {});
const get = (url: string, method = 'GET') => {
  const { pathname, search } = new URL(url);
  return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${pathname}${search}`, { method });
};

describe('asking for a copy', () => {
  test('takes a fresh proof in a session of one’s own; every bad field is named', async () => {
    const { as } = await newcomer('ask_ana');
    const stale = { ...as, authTime: 1 };
    const token = { ...as, sessionId: null };
    for (const viewer of [stale, token, { ...as, actorId: person().userId }])
      expect((await ask(viewer)).reasons).toEqual(['STEP_UP_REQUIRED']);
    expect((await run(request, { as: null, input: {} })).codes).toEqual(['UNAUTHENTICATED']);
    expect((await run(request, { as, input: { reason: 'x'.repeat(501) } })).codes).toEqual(['BAD_USER_INPUT']);
    expect(await exportsOf(as)).toEqual([]);
  });

  test('is done once at a time and once a day, also when two ask at once', async () => {
    const { as } = await newcomer('ask_bo');
    expect(outcomesOf(await Promise.all([ask(as), ask(as)]))).toEqual(['EXPORT_RUNNING', 'done']);
    const refused = await ask(as);
    expect(refused.codes).toEqual(['CONFLICT']);
    expect(refused.errors?.[0]?.extensions?.['until']).toBe(new Date((await graph.context()).now().getTime() + day).toISOString());
    await settle();
    advance(hour);
    const limited = await ask(as);
    expect(limited.codes).toEqual(['RATE_LIMITED']);
    expect(limited.errors?.[0]?.extensions?.['retryAfterSeconds']).toBe(23 * 3_600);
    advance(23 * hour);
    expect((await ask(as)).codes).toEqual([]);
    await settle();
  });
});

describe('a copy', () => {
  test('holds one file for each collection of each domain, is told by mail, and is the person’s alone', async () => {
    const { id, as, email } = await newcomer('copy_ana');
    const stranger = await newcomer('copy_eve');
    const admin = person({ roles: ['USER', 'ADMIN'] });
    const { data } = await ask(as);
    const exportId: string = data.requestDataExport.dataExport.id;
    expect(data.requestDataExport.dataExport.status).toBe('PREPARING');
    await settle();
    const [made] = await exportsOf(as);
    expect(made).toMatchObject({ id: exportId, status: 'READY' });
    expect(new Date(made.expiresAt).getTime() - new Date(made.readyAt).getTime()).toBe(7 * day);
    const orders = made.files.find(({ name }: { name: string }) => name === 'shop-orders.json');
    expect(orders).toMatchObject({ domain: 'shop', description: 'What you ordered.' });
    expect(made.files.map(({ name }: { name: string }) => name)).toEqual(
      expect.arrayContaining(['accounts-profile.json', 'accounts-sessions.json', 'accounts-security-events.json']),
    );
    expect(shop.asked).toEqual([null, '["two"]']);
    expect(await (await get(orders.url)).json()).toEqual([{ order: 'one', userId: id }, { order: 'two' }, { order: 'three' }]);
    const profile = made.files.find(({ name }: { name: string }) => name === 'accounts-profile.json');
    expect(await (await get(profile.url)).json()).toEqual([expect.objectContaining({ id, email })]);
    const empty = made.files.find(({ name }: { name: string }) => name === 'accounts-apps.json');
    expect(await (await get(empty.url)).json()).toEqual([]);
    const mail = (await mailsTo(email)).at(-1);
    expect(mail).toMatchObject({ subject: 'The copy of your data is ready', token: undefined });
    for (const viewer of [stranger.as, admin]) {
      expect((await run(one, { as: viewer, variables: { id: exportId } })).data.dataExport).toBeNull();
      const others = 'query ($id: ID!) { user(id: $id) { dataExports { id } } }';
      expect((await run(others, { as: viewer, variables: { id } })).data.user.dataExports).toBeNull();
    }
    for (const viewer of [
      { ...as, sessionId: null },
      { ...as, actorId: admin.userId },
    ])
      expect((await run(one, { as: viewer, variables: { id: exportId } })).data.dataExport.files[0].url).toBeNull();
    expect((await run(one, { as, variables: { id: 'x' } })).data.dataExport).toBeNull();
  });

  test('is kept compressed and encrypted', async () => {
    const { as } = await newcomer('copy_sealed');
    await ask(as);
    await settle();
    const sql = await owner();
    const parts = await sql`select sealed from accounts.data_export_parts`;
    expect(parts.length).toBeGreaterThan(5);
    for (const { sealed } of parts) {
      expect((sealed as Buffer).includes('copy_sealed')).toBe(false);
      // A gzip member begins so.
      expect((sealed as Buffer).subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))).toBe(false);
    }
    expect((await tracesOf(sql, 'accounts', ['copy_sealed'])).filter((column) => column.startsWith('data_export'))).toEqual([]);
  });

  test('waits for a domain that is away, goes on where it stood, and takes no page twice', async () => {
    const { as } = await newcomer('copy_patient');
    shop.awayAfterFirst = true;
    await ask(as);
    await settle();
    expect(await exportsOf(as)).toMatchObject([{ status: 'PREPARING', files: [] }]);
    expect(shop.asked).toEqual([null]);
    advance(30_000);
    await settle();
    expect(shop.asked).toEqual([null]);
    shop.awayAfterFirst = false;
    advance(minute);
    await settle();
    const [made] = await exportsOf(as);
    expect(made.status).toBe('READY');
    expect(shop.asked).toEqual([null, '["two"]']);
    const orders = made.files.find(({ name }: { name: string }) => name === 'shop-orders.json');
    expect(await (await get(orders.url)).json()).toHaveLength(3);
  });

  test('that two runs work on at once is whole and has every row once', async () => {
    const { as } = await newcomer('copy_twice');
    const { data } = await ask(as);
    const exportId: string = data.requestDataExport.dataExport.id;
    const ctx = await graph.context();
    await Promise.all([collector.run(ctx, { exportId }), collector.run(ctx, { exportId })]);
    advance(2 * minute);
    await settle();
    const [made] = await exportsOf(as);
    expect(made.status).toBe('READY');
    const orders = made.files.find(({ name }: { name: string }) => name === 'shop-orders.json');
    expect(await (await get(orders.url)).json()).toEqual([expect.objectContaining({ order: 'one' }), { order: 'two' }, { order: 'three' }]);
    const sql = await owner();
    const [sizes] = await sql`select (select bytes::int from accounts.data_exports where id = ${exportId}) as whole,
      (select sum(bytes)::int from accounts.data_export_files where export_id = ${exportId}) as files`;
    expect(sizes?.['whole']).toBe(sizes?.['files']);
  });

  test('fails after 24 hours without one of the domains, keeps nothing, and says so', async () => {
    const { as, email } = await newcomer('copy_failed');
    shop.away = true;
    const { data } = await ask(as);
    await settle();
    for (let hours = 0; hours < 24; hours += 1) {
      advance(hour);
      await settle();
    }
    expect(await exportsOf(as)).toMatchObject([{ status: 'FAILED', files: [] }]);
    const sql = await owner();
    expect(
      await sql`select 1 from accounts.data_export_files where export_id = ${data.requestDataExport.dataExport.id as string}`,
    ).toHaveLength(0);
    expect((await mailsTo(email)).at(-1)?.subject).toBe('The copy of your data could not be made');
    shop.away = false;
    expect((await ask(as)).codes).toEqual([]);
  });

  test('that is too large fails at once', async () => {
    const { as } = await newcomer('copy_large');
    const { data } = await ask(as);
    const sql = await owner();
    await sql`update accounts.data_exports set bytes = ${256 * 1024 * 1024 - 10} where id = ${data.requestDataExport.dataExport.id as string}`;
    await settle();
    expect(await exportsOf(as)).toMatchObject([{ status: 'FAILED', files: [] }]);
  });

  test('is taken up again when its run was lost', async () => {
    const { as } = await newcomer('copy_lost');
    const { data } = await ask(as);
    const sql = await owner();
    await sql`delete from worker.job where name like '%collect-data-export%'`;
    await settle();
    expect(await exportsOf(as)).toMatchObject([{ status: 'PREPARING' }]);
    await keep();
    await settle();
    expect(await exportsOf(as)).toMatchObject([{ id: data.requestDataExport.dataExport.id, status: 'READY' }]);
  });

  test('expires after 7 days, is removed, and forgotten after 30', async () => {
    const { as } = await newcomer('copy_old');
    await ask(as);
    await settle();
    const [made] = await exportsOf(as);
    advance(7 * day);
    expect(await exportsOf(as)).toMatchObject([{ status: 'EXPIRED', files: [] }]);
    await keep();
    const sql = await owner();
    expect(await sql`select 1 from accounts.data_export_files where export_id = ${made.id}`).toHaveLength(0);
    advance(23 * day);
    await keep();
    expect(await exportsOf(as)).toEqual([]);
  });
});

describe('a link', () => {
  const linked = async (handle: string) => {
    const someone = await newcomer(handle);
    await ask(someone.as);
    await settle();
    const [made] = await exportsOf(someone.as);
    const urlOf = (name: string): string => made.files.find((file: { name: string }) => file.name === name).url;
    return { ...someone, made, urlOf };
  };

  test('gives the file to be saved, remembered by nobody, and the log says so', async () => {
    const { as, made, urlOf } = await linked('link_ana');
    const url = urlOf('shop-orders.json');
    expect(url).toMatch(new RegExp(`^https://graph\\.test/accounts/exports/${made.id}/shop-orders\\.json\\?`));
    const head = await get(url, 'HEAD');
    const answer = await get(url);
    const bytes = Buffer.from(await answer.arrayBuffer()).byteLength;
    expect(bytes).toBe(made.files.find((file: { name: string }) => file.name === 'shop-orders.json').bytes);
    for (const { status, headers } of [head, answer]) {
      expect(status).toBe(200);
      expect(Object.fromEntries(headers)).toMatchObject({
        'content-type': 'application/json; charset=utf-8',
        'content-length': String(bytes),
        'content-disposition': 'attachment; filename="shop-orders.json"',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      });
    }
    const log =
      '{ viewer { securityEvents(first: 5, filter: { names: ["data_export.requested", "data_export.ready", "data_export.downloaded"] }) { nodes { name target details } } } }';
    const { nodes } = (await run(log, { as })).data.viewer.securityEvents;
    expect(nodes.map(({ name }: { name: string }) => name)).toEqual([
      'data_export.downloaded',
      'data_export.ready',
      'data_export.requested',
    ]);
    expect(nodes[0]).toMatchObject({ target: made.id, details: { file: 'shop-orders.json' } });
  });

  test('holds for 15 minutes, for its own file and export, and as it was made', async () => {
    const { made, urlOf } = await linked('link_bo');
    const other = await linked('link_cy');
    const url = urlOf('shop-orders.json');
    const later = new URL(url);
    later.searchParams.set('expires', String(Number(later.searchParams.get('expires')) + hour));
    const unsigned = new URL(url);
    unsigned.searchParams.delete('signature');
    const wrong = [
      url.replace('shop-orders', 'accounts-profile'),
      url.replace(made.id, other.made.id),
      url.replace(made.id, 'x'),
      later.href,
      unsigned.href,
      `${url}x`,
      url.replace('shop-orders.json', '..%2Fshop-orders.json'),
    ];
    for (const bad of wrong) expect([bad, (await get(bad)).status]).toEqual([bad, 404]);
    expect((await get(url, 'POST')).status).toBe(405);
    advance(15 * minute - 1);
    expect((await get(url)).status).toBe(200);
    advance(1);
    expect((await get(url)).status).toBe(404);
  });

  test('leads nowhere while its person is suspended', async () => {
    const { id, urlOf } = await linked('link_kept_out');
    const url = urlOf('shop-orders.json');
    const admin = person({ roles: ['USER', 'ADMIN'] });
    expect((await run(documents.suspend, { as: admin, input: { userId: id, reason: 'taken over' } })).codes).toEqual([]);
    expect((await get(url)).status).toBe(404);
    expect((await get(url, 'HEAD')).status).toBe(404);
  });

  test('leads nowhere once the copy is over, or its person erased', async () => {
    const { id, as, urlOf } = await linked('link_gone');
    const url = urlOf('shop-orders.json');
    await run(documents.scheduleDeletion, { as, input: {} });
    advance(14 * day + 1_000);
    await settle();
    const sql = await owner();
    expect(await sql`select 1 from accounts.data_exports where user_id = ${id}`).toHaveLength(0);
    expect((await get(url)).status).toBe(404);
  });
});
