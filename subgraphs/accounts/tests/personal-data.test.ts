import { exportOf, staysOf, tracesOf } from '@supergraph/platform/personal-data-testing';
import { person, testSubgraph } from '@supergraph/platform/testing';
import { userDeleted, userErasureOverdue } from '@supergraph/schema/events/accounts';
import { personalDataKept, personErased } from '@supergraph/schema/events/platform';
import { subgraph } from '../index.ts';
import { personalData } from '../service/personal-data.ts';
import { documents, people } from './support.ts';

const graph = testSubgraph(subgraph);
const { run, settle, emitted, advance, deliver } = graph;
const { register, signIn, attempt } = people(graph);
const admin = person({ roles: ['USER', 'ADMIN'] });
afterAll(graph.close);

const day = 24 * 3_600_000;
const erasure = 'query ($id: ID!) { user(id: $id) { erasure { domainsDone domainsPending } } }';

async function erase(handle: string): Promise<void> {
  const { as } = await signIn(handle);
  expect((await run(documents.scheduleDeletion, { as, input: { reason: 'moving on' } })).codes).toEqual([]);
  advance(14 * day + 1_000);
  await settle();
}

describe('what accounts holds of a person', () => {
  test('is given as it is, page by page, without secrets and without others', async () => {
    const { id } = await register('lena_export', { displayName: 'Lena Quillfeather', locale: 'de' });
    const other = await register('omar_export', { displayName: 'Omar Brightwater' });
    await attempt('lena_export', 'wrong wrong wrong');
    const { as } = await signIn('lena_export');
    await signIn('lena_export');
    const made = await run(documents.createToken, { as, input: { name: 'Backup robot', scopes: ['accounts:read'] } });
    await run(documents.suspend, { as: { ...admin, userId: other.id }, input: { userId: id, reason: 'a look' } });
    await run(documents.reinstate, { as: { ...admin, userId: other.id }, input: { userId: id, reason: 'all well' } });
    await run(documents.changeEmail, { as, input: { email: 'lena.new@example.org' } });
    const files = await exportOf(graph, id);
    expect(files['profile']).toEqual([
      expect.objectContaining({
        id,
        handle: 'lena_export',
        displayName: 'Lena Quillfeather',
        email: 'lena_export@example.org',
        locale: 'de',
      }),
    ]);
    expect(files['credentials']).toEqual([expect.objectContaining({ kind: 'PASSWORD' })]);
    expect(files['sessions']).toHaveLength(2);
    expect(files['sessions']?.[0]).toMatchObject({ browser: 'Firefox', ipAddress: '192.0.2.1', byAnAdministrator: false });
    expect(files['access-tokens']).toEqual([expect.objectContaining({ name: 'Backup robot', forServiceAccount: null })]);
    expect(files['address-changes']).toEqual([expect.objectContaining({ email: 'lena.new@example.org' })]);
    const events = files['security-events'] ?? [];
    expect(events.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['session.started', 'access_token.created', 'user.suspended', 'user.reinstated']),
    );
    expect(events.find(({ name }) => name === 'user.suspended')).toMatchObject({ by: 'somebody else', ipAddress: null });
    const root = { ...admin, userId: other.id };
    await (await graph.owner())`update accounts.users set roles = '{USER,ADMIN}' where id = ${other.id}`;
    expect((await run(documents.impersonate, { as: root, input: { userId: id, reason: 'a look' } })).codes).toEqual([]);
    expect((await run(documents.rotateKey, { as: root, input: {} })).codes).toEqual([]);
    const [, , acted] = (await exportOf(graph, id))['sessions'] ?? [];
    expect(acted).toMatchObject({ byAnAdministrator: true, deviceName: null, ipAddress: null });
    expect((await exportOf(graph, other.id))['acts']?.map(({ name }) => name)).toEqual([
      'user.suspended',
      'user.reinstated',
      'impersonation.started',
      'signing_key.rotated',
    ]);
    const text = JSON.stringify(files);
    expect(text).not.toContain(made.data.createAccessToken.secret);
    expect(text).not.toContain(other.id);
    expect(text).not.toMatch(/argon2|omar|Brightwater|hash/i);
  });

  test('is asked for by other domains alone, one known collection at a time', async () => {
    const ask =
      'query ($name: String!, $limit: Int!) { _personalData(userId: "019a0000-0000-7000-8000-000000000000", holding: $name, limit: $limit) }';
    expect((await run('{ _personalHoldings }', { as: admin })).codes).toEqual(['FORBIDDEN']);
    expect((await run(ask, { as: admin, variables: { name: 'profile', limit: 1 } })).codes).toEqual(['FORBIDDEN']);
    expect((await run(ask, { service: 'accounts', variables: { name: 'passwords', limit: 1 } })).codes).toEqual(['NOT_FOUND']);
    expect((await run(ask, { service: 'accounts', variables: { name: 'profile', limit: 501 } })).codes).toEqual(['BAD_USER_INPUT']);
    expect((await run(ask, { service: 'accounts', variables: { name: 'profile', limit: 1 } })).data._personalData).toEqual({
      rows: [],
      next: null,
    });
  });
});

describe('erasure', () => {
  test('leaves an id where it is said that it stays, and nothing that says who it was', async () => {
    const { id } = await register('gone_mira', { displayName: 'Mira Thistledown' });
    const { as } = await signIn('gone_mira');
    await run(documents.createToken, { as, input: { name: 'Thistle robot', scopes: ['accounts:read'] } });
    await run(documents.changeEmail, { as, input: { email: 'mira.new@example.org' } });
    await run(documents.update, { as, input: { version: 1, bio: 'Collects thistledown.' } });
    const owner = await graph.owner();
    const said = ['thistle', 'gone_mira@', 'mira.new@'];
    expect(await tracesOf(owner, 'accounts', said)).toEqual(
      expect.arrayContaining(['users.display_name', 'users.email', 'access_tokens.name']),
    );
    await erase('gone_mira');
    expect(await tracesOf(owner, 'accounts', said)).toEqual([]);
    expect(await tracesOf(owner, 'accounts', ['gone_mira'])).toEqual(['held_handles.handle']);
    const allowed = new Set([...staysOf(personalData), 'audit_events.details', 'audit_events.target']);
    expect((await tracesOf(owner, 'accounts', [id])).filter((column) => !allowed.has(column))).toEqual([]);
    const left = await exportOf(graph, id);
    expect(left['profile']).toEqual([expect.objectContaining({ id, displayName: 'Erased account', email: null })]);
    for (const session of left['sessions'] ?? [])
      expect(session).toMatchObject({ deviceName: '', os: null, browser: null, ipAddress: null });
  });

  test('goes on where it stood, and takes what came in between', async () => {
    const { id } = await register('gone_twice');
    await erase('gone_twice');
    const owner = await graph.owner();
    const before = await exportOf(graph, id);
    for (let n = 0; n < 3; n += 1)
      await owner`insert into accounts.oauth_artifacts (kind, id_hash, sealed, user_id, expires_at) values ('Session', ${`${id}${n}`}, 'x', ${id}, now())`;
    const ctx = await graph.context();
    const step = () => ctx.db.transaction((tx) => personalData.erase(ctx, tx, id, 2));
    expect(await step()).toBe(true);
    await deliver(userDeleted, { userId: id });
    await settle();
    expect(await owner`select 1 from accounts.oauth_artifacts where user_id = ${id}`).toHaveLength(0);
    expect(await exportOf(graph, id)).toEqual(before);
  });

  test('also takes what was set aside about the person', async () => {
    const { id } = await register('gone_letter');
    const owner = await graph.owner();
    const envelope = { key: id, payload: { displayName: 'A letter of hers' } };
    await owner`insert into accounts.dead_letter (id, consumer, event_id, name, envelope, reason, attempts)
      values (${crypto.randomUUID()}, 'accounts', ${crypto.randomUUID()}, 'accounts.user.updated', ${owner.json(envelope)}, 'test', 1)`;
    await erase('gone_letter');
    expect(await tracesOf(owner, 'accounts', ['a letter of hers'])).toEqual([]);
  });

  test('is answered once by accounts itself, and seen by administrators until every domain has answered', async () => {
    const keeper = 'orders';
    await deliver(personalDataKept.of(keeper), { domain: keeper });
    const { id } = await register('gone_book');
    expect((await run(erasure, { as: admin, variables: { id } })).data.user.erasure).toBeNull();
    await erase('gone_book');
    expect((await run(erasure, { as: admin, variables: { id } })).data.user.erasure).toEqual({
      domainsDone: ['accounts'],
      domainsPending: [keeper],
    });
    expect((await run(erasure, { variables: { id } })).codes).toEqual(['FORBIDDEN']);
    const { eventId } = await deliver(personErased.of(keeper), { userId: id });
    await deliver(personErased.of(keeper), { userId: id }, { eventId });
    await deliver(personErased.of(keeper), { userId: id });
    expect((await run(erasure, { as: admin, variables: { id } })).data.user.erasure).toEqual({
      domainsDone: ['accounts', keeper],
      domainsPending: [],
    });
    await deliver(userDeleted, { userId: id });
    await settle();
    expect((await emitted(personErased.of('accounts'))).filter(({ userId }) => userId === id)).toHaveLength(2);
  });

  test('silent domains are asked again after a day, those alone, and not at once again', async () => {
    await deliver(personalDataKept.of('orders'), { domain: 'orders' });
    const { id } = await register('gone_silent');
    await erase('gone_silent');
    const asked = async () => (await emitted(userErasureOverdue)).filter(({ userId }) => userId === id);
    const { reminder } = await import('../service/erasures.ts');
    const logged: unknown[] = [];
    const remind = async () => {
      const ctx = await graph.context();
      const log = Object.assign(Object.create(ctx.log), { error: (fields: object, text: string) => logged.push([fields, text]) });
      await reminder.run({ ...ctx, log }, {});
    };
    await remind();
    expect(await asked()).toEqual([]);
    advance(day);
    await remind();
    await remind();
    expect(await asked()).toEqual([{ userId: id, domains: ['orders'] }]);
    // Operators are told as well, by whom and not by what the person was called.
    expect(logged).toEqual([
      [{ userId: id, domains: ['orders'] }, 'domains have not erased what they held of a person within a day; they are asked again'],
    ]);
    await deliver(personErased.of('orders'), { userId: id });
    advance(day);
    await remind();
    expect(await asked()).toHaveLength(1);
  });
});
