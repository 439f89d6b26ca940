import { person, testSubgraph } from '@supergraph/platform/testing';
import { subgraph } from '../index.ts';
import { keepAuditMonths } from '../store/audit.ts';
import { codeAt, factors } from './factor-support.ts';
import { documents, password, people } from './support.ts';

const graph = testSubgraph(subgraph);
const { run, subscribe, stopClock, close } = graph;
const { register, attempt, signIn, latestToken } = people(graph);
const { now, half, proceed, newcomer, enroll, stepUp } = factors(graph);
afterAll(close);
beforeAll(() => stopClock());

const admin = person({ roles: ['USER', 'ADMIN'] });
const entry = 'id name at actor { id } onBehalfOf { id } target ipAddress details hash';
const all = `query ($first: Int, $after: String, $filter: AuditEventFilter) { auditEvents(first: $first, after: $after, filter: $filter) { nodes { ${entry} } pageInfo { hasNextPage endCursor } } }`;
const own = `query ($id: ID!, $first: Int, $after: String, $filter: AuditEventFilter) { user(id: $id) { securityEvents(first: $first, after: $after, filter: $filter) { edges { cursor } nodes { ${entry} } pageInfo { hasNextPage endCursor } } } }`;
const verify = 'query ($from: DateTime!, $to: DateTime!) { verifyAuditChain(from: $from, to: $to) { sound checked firstBroken } }';
const ever = { from: '2000-01-01T00:00:00.000Z', to: '2100-01-01T00:00:00.000Z' };
const verifyAll = async () => (await run(verify, { as: admin, variables: ever })).data.verifyAuditChain;
const namesOf = async (id: string, variables: object = {}) =>
  (await run(own, { as: admin, variables: { id, first: 100, ...variables } })).data.user.securityEvents.nodes.map(
    ({ name }: { name: string }) => name,
  );

describe('the audit log (rule 23)', () => {
  test('is one chain, however many write at once', async () => {
    const handles = ['chain_a', 'chain_b', 'chain_c', 'chain_d'];
    for (const handle of handles) await register(handle);
    await Promise.all(
      [...handles, ...handles, ...handles].map((handle, index) => attempt(handle, index % 3 ? password : 'wrong wrong wrong')),
    );
    const owner = await graph.owner();
    const rows = await owner`select position, hash, previous_hash, at from accounts.audit_events order by position`;
    expect(rows.length).toBeGreaterThanOrEqual(16);
    rows.forEach((row, index) => {
      expect(Number(row['position'])).toBe(index + 1);
      expect(row['previous_hash']).toBe(rows[index - 1]?.['hash'] ?? '');
      expect(row['at'] >= (rows[index - 1]?.['at'] ?? row['at'])).toBe(true);
    });
    expect(await verifyAll()).toEqual({ sound: true, checked: rows.length, firstBroken: null });
  });

  test("only grows: the service's role can neither write nor change it, and the owner meets a trigger", async () => {
    const { db } = await graph.context();
    const { auditEvents, auditHead } = await import('@supergraph/db/accounts/tables');
    const denied = { cause: { code: '42501' } };
    const forged = { id: admin.userId, position: 999, name: 'forged', at: new Date(), details: {}, previousHash: '', hash: '' };
    await expect(db.update(auditEvents).set({ name: 'forged' }).execute()).rejects.toMatchObject(denied);
    await expect(db.delete(auditEvents).execute()).rejects.toMatchObject(denied);
    await expect(db.insert(auditEvents).values(forged).execute()).rejects.toMatchObject(denied);
    await expect(db.update(auditHead).set({ position: 0 }).execute()).rejects.toMatchObject(denied);
    const owner = await graph.owner();
    const month = (await owner`select tableoid::regclass::text as name from accounts.audit_events limit 1`)[0]?.['name'] as string;
    const { sql } = await import('drizzle-orm');
    // oxlint-disable-next-line eslint/no-restricted-properties -- a partition's name, from the catalog
    await expect(db.execute(sql.raw(`delete from ${month}`))).rejects.toMatchObject(denied);
    await expect(owner`update accounts.audit_events set name = 'forged'`).rejects.toMatchObject({ code: '42501' });
    await expect(owner`delete from accounts.audit_events`).rejects.toMatchObject({ code: '42501' });
  });

  test('shows a changed entry, a missing one, a swapped one and a missing end', async () => {
    const owner = await graph.owner();
    const middle = (await owner`select id, position, details from accounts.audit_events where position = 5`)[0] as Record<string, any>;
    const next = (await owner`select id from accounts.audit_events where position = 6`)[0] as Record<string, any>;
    const withoutGuard = async (work: () => Promise<unknown>) => {
      await owner`alter table accounts.audit_events disable trigger audit_events_fixed`;
      await work();
      await owner`alter table accounts.audit_events enable trigger audit_events_fixed`;
    };
    await withoutGuard(() => owner`update accounts.audit_events set details = '{"forged": true}' where position = 5`);
    expect(await verifyAll()).toMatchObject({ sound: false, firstBroken: middle['id'] });
    await withoutGuard(() => owner`update accounts.audit_events set details = ${owner.json(middle['details'])} where position = 5`);
    expect(await verifyAll()).toMatchObject({ sound: true });
    await withoutGuard(async () => {
      await owner`create table accounts.kept as select * from accounts.audit_events where position = 5`;
      await owner`delete from accounts.audit_events where position = 5`;
    });
    expect(await verifyAll()).toMatchObject({ sound: false, firstBroken: next['id'] });
    await owner`insert into accounts.audit_events select * from accounts.kept`;
    await withoutGuard(async () => {
      await owner`truncate accounts.kept`;
      await owner`insert into accounts.kept select * from accounts.audit_events order by position desc limit 1`;
      await owner`delete from accounts.audit_events where position = (select max(position) from accounts.audit_events)`;
    });
    expect(await verifyAll()).toMatchObject({ sound: false, firstBroken: null });
    await owner`insert into accounts.audit_events select * from accounts.kept`;
    expect(await verifyAll()).toMatchObject({ sound: true });
  });

  test('is checked in parts, by administrators alone', async () => {
    const owner = await graph.owner();
    const [third, seventh] = await owner`select at from accounts.audit_events where position in (3, 7) order by position`;
    const variables = { from: third?.['at'].toISOString(), to: seventh?.['at'].toISOString() };
    const { data } = await run(verify, { as: admin, variables });
    const [{ count }] =
      (await owner`select count(*)::int from accounts.audit_events where at >= ${third?.['at']} and at < ${seventh?.['at']}`) as any;
    expect(data.verifyAuditChain).toEqual({ sound: true, checked: count, firstBroken: null });
    expect((await run(verify, { as: admin, variables: { from: ever.to, to: ever.from } })).codes).toEqual(['BAD_USER_INPUT']);
    const nothing = { from: ever.from, to: '2001-01-01T00:00:00.000Z' };
    expect((await run(verify, { as: admin, variables: nothing })).data.verifyAuditChain).toEqual({
      sound: true,
      checked: 0,
      firstBroken: null,
    });
    expect((await run(verify, { variables: ever })).codes).toEqual(['FORBIDDEN']);
    expect((await run(all)).codes).toEqual(['FORBIDDEN']);
    expect((await run(all, { as: null })).codes).toEqual(['UNAUTHENTICATED']);
  });

  test('lives in months: the next ones are there, those of more than 400 days ago go as a whole, nothing else', async () => {
    const owner = await graph.owner();
    const months = async () =>
      (
        await owner`select relname from pg_class join pg_inherits on inhrelid = oid where inhparent = 'accounts.audit_events'::regclass order by 1`
      ).map(({ relname }) => relname as string);
    const nameOf = (at: Date) => `audit_events_${at.toISOString().slice(0, 7).replace('-', '_')}`;
    const today = new Date();
    const ago = (days: number) => new Date(today.getTime() - days * 86_400_000);
    for (const days of [800, 395])
      await owner`select accounts.append_audit(jsonb_populate_record(null::accounts.audit_events, ${owner.json({ id: person().userId, name: 'old', at: ago(days).toISOString(), details: {} })}))`;
    expect(await months()).toEqual(expect.arrayContaining([nameOf(ago(800)), nameOf(ago(395)), nameOf(today)]));
    const { db } = await graph.context();
    await keepAuditMonths(db);
    const left = await months();
    expect(left).toEqual(expect.arrayContaining([nameOf(ago(395)), nameOf(today)]));
    expect(left).not.toContain(nameOf(ago(800)));
    expect(left.at(-1)).toBe(nameOf(new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() + 2, 1))));
  });
});

describe('what concerns a person', () => {
  test('is recorded: every sign-in, failure, credential, role and administrative act', async () => {
    const { id, version } = await register('story_ana');
    await attempt('story_ana', 'wrong wrong wrong');
    const { as } = await signIn('story_ana');
    await run(documents.update, { as, input: { version, displayName: 'Anna' } });
    const { secret } = await enroll(as);
    await run(documents.generateCodes, { as, input: {} });
    const { data } = await run(documents.startTotp, { as, input: {} });
    const wrong = { enrollmentId: data.startTotpEnrollment.enrollmentId, code: codeAt(secret, await now(), 77) };
    await run(documents.confirmTotp, { as, input: wrong });
    await proceed((await half('story_ana')).id, { totpCode: codeAt(secret, await now(), 77) });
    await run(documents.requestReset, { as: null, input: { email: 'story_ana@example.org' } });
    await run(documents.reset, {
      as: null,
      input: { token: await latestToken('story_ana@example.org'), newPassword: 'another lantern by the pier' },
    });
    await run(documents.setRoles, { as: admin, input: { userId: id, roles: ['MODERATOR'] } });
    await run(documents.suspend, { as: admin, input: { userId: id, reason: 'spam' } });
    await run(documents.reinstate, { as: admin, input: { userId: id } });
    expect((await namesOf(id)).toReversed()).toEqual([
      'user.registered',
      'sign_in.failed',
      'session.started',
      'user.updated',
      'credential.added',
      'credential.added',
      'credential.refused',
      'sign_in.failed',
      'password.reset_requested',
      'password.reset',
      'user.roles_changed',
      'user.suspended',
      'user.reinstated',
    ]);
    const secrets = [secret, password, 'another lantern'];
    const owner = await graph.owner();
    const rows = JSON.stringify(await owner`select row_to_json(e)::text from accounts.audit_events e`);
    for (const text of secrets) expect(rows).not.toContain(text);
  });

  test('is recorded: proofs, passwords, tokens, addresses and ends of sessions, up to the erasure', async () => {
    const { id, as } = await newcomer('tale_ana');
    const before = (await namesOf(id)).length;
    const fresh = await stepUp(as);
    await run(documents.changePassword, { as: fresh, input: { newPassword: 'another lantern by the pier' } });
    const { data } = await run(documents.createToken, { as: fresh, input: { name: 'CI', scopes: ['accounts:read'] } });
    await run(documents.revokeToken, { as: fresh, input: { accessTokenId: data.createAccessToken.accessToken.id } });
    await run(documents.changeEmail, { as: fresh, input: { email: 'tale@new.example' } });
    await run(documents.verify, { as: null, input: { token: await latestToken('tale@new.example') } });
    await run(documents.revertEmail, { as: null, input: { token: await latestToken('tale_ana@example.org') } });
    const { as: there } = await signIn('tale_ana', 'another lantern by the pier');
    await run(documents.revoke, { as: there, input: { sessionId: there.sessionId } });
    const { as: last } = await signIn('tale_ana', 'another lantern by the pier');
    await run(documents.revokeOthers, { as: last, input: {} });
    await run(documents.scheduleDeletion, { as: last, input: {} });
    await run(documents.cancelDeletion, { as: last, input: {} });
    await run(documents.scheduleDeletion, { as: last, input: {} });
    const story = [
      'session.stepped_up',
      'password.changed',
      'access_token.created',
      'access_token.revoked',
      'email.change_requested',
      'email.changed',
      'email.change_reverted',
      'session.started',
      'session.ended',
      'session.started',
      'sessions.ended',
      'user.deletion_scheduled',
      'user.deletion_cancelled',
      'user.deletion_scheduled',
    ];
    expect((await namesOf(id)).toReversed().slice(before)).toEqual(story);
    graph.advance(14 * 86_400_000 + 1_000);
    await graph.settle();
    const { nodes } = (await run(all, { as: admin, variables: { first: 1, filter: { names: ['user.erased'] } } })).data.auditEvents;
    expect(nodes).toMatchObject([{ target: id, actor: null }]);
    const rows = JSON.stringify(await (await graph.owner())`select row_to_json(e)::text from accounts.audit_events e`);
    for (const text of [data.createAccessToken.secret, 'another lantern', 'tale@new.example']) expect(rows).not.toContain(text);
  });

  test('is seen by the person and by administrators, in pages and filtered; from where others acted is not the person’s', async () => {
    const { id, as } = await newcomer('seen_ana');
    await run(documents.suspend, { as: admin, input: { userId: id, reason: 'spam' } });
    await run(documents.reinstate, { as: admin, input: { userId: id } });
    const first = (await run(own, { as, variables: { id, first: 2 } })).data.user.securityEvents;
    expect(first.nodes).toMatchObject([
      { name: 'user.reinstated' },
      { name: 'user.suspended', details: { reason: 'spam' }, ipAddress: null },
    ]);
    const second = (await run(own, { as, variables: { id, first: 2, after: first.pageInfo.endCursor } })).data.user.securityEvents;
    expect(second).toMatchObject({
      nodes: [{ name: 'session.started', actor: { id }, ipAddress: '192.0.2.1' }, { name: 'user.registered' }],
      pageInfo: { hasNextPage: false },
    });
    const filter = { names: ['user.suspended', 'session.ended'], actorId: admin.userId, at: { from: ever.from, to: ever.to } };
    const seen = (await run(own, { as: admin, variables: { id, filter } })).data.user.securityEvents.nodes;
    expect(seen).toMatchObject([{ name: 'user.suspended', ipAddress: '192.0.2.1', target: id }]);
    expect((await run(all, { as: admin, variables: { first: 1, filter: { subjectId: id } } })).data.auditEvents).toMatchObject({
      nodes: [{ name: 'user.reinstated' }],
      pageInfo: { hasNextPage: true },
    });
    expect((await run(own, { variables: { id } })).data.user.securityEvents).toBeNull();
    const bad = { names: [], actorId: 'x', target: '\u0000' };
    const { codes, errors } = await run(own, { as, variables: { id, filter: bad } });
    expect(codes).toEqual(['BAD_USER_INPUT']);
    expect(errors?.[0]?.extensions?.['issues']).toHaveLength(3);
  });

  test('comes live, to the person alone, and can be resumed behind a cursor of the list', async () => {
    const { id, as } = await newcomer('live_ana');
    const other = await newcomer('live_bo');
    const document = 'subscription ($after: String) { securityEventAdded(after: $after) { cursor node { name actor { id } } } }';
    const events = await subscribe(document, { as });
    await signIn('live_bo');
    await attempt('live_ana', 'wrong wrong wrong');
    const { value } = await events.next();
    expect(value).toMatchObject({ data: { securityEventAdded: { node: { name: 'sign_in.failed', actor: null } } } });
    await events.return();
    await signIn('live_ana');
    await signIn('live_ana');
    const { edges } = (await run(own, { as, variables: { id } })).data.user.securityEvents;
    const resumed = await subscribe(document, { as, variables: { after: edges[1].cursor } });
    expect((await resumed.next()).value).toMatchObject({
      data: { securityEventAdded: { cursor: edges[0].cursor, node: { name: 'session.started' } } },
    });
    await attempt('live_ana', 'wrong wrong wrong');
    expect((await resumed.next()).value).toMatchObject({ data: { securityEventAdded: { node: { name: 'sign_in.failed' } } } });
    await resumed.return();
    const failures = [
      subscribe(document, { as, variables: { after: 'nonsense' } }),
      subscribe(document, { as: other.as, variables: { after: edges[1].cursor } }),
    ];
    for (const failure of failures) await expect(failure).rejects.toThrow('CURSOR_EXPIRED');
    await expect(subscribe(document, { as: null })).rejects.toThrow('UNAUTHENTICATED');
  });
});
