import type { Viewer } from '@supergraph/platform/context';
import { hashPersonalToken, isWellFormed } from '@supergraph/platform/personal-token';
import { person, testSubgraph } from '@supergraph/platform/testing';
import { accessTokenCreated, accessTokenRevoked, sessionEnded } from '@supergraph/schema/events/accounts';
import { notificationRequested } from '@supergraph/schema/events/notifications';
import { memberRemoved } from '@supergraph/schema/events/organizations';
import { subgraph } from '../index.ts';
import { expiryWarner } from '../service/access-tokens/manage.ts';
import { factors } from './factor-support.ts';
import { documents, outcomesOf, people } from './support.ts';

/** Who is a member where, as organizations says. */
const memberships = new Map<string, { status: string; permissions: string[] }>();
const graph = testSubgraph(subgraph, {
  answers: {
    organizations: (_document, { userId, organizationId }) => ({
      membershipContext: memberships.get(`${String(userId)} ${String(organizationId)}`) ?? null,
    }),
  },
});
const { run, emitted, advance, deliver, close } = graph;
const { register, latestToken, signIn } = people(graph);
const { newcomer, now } = factors(graph);
afterAll(close);
beforeAll(() => graph.stopClock());

const day = 86_400_000;
const scopes = ['accounts:read'];
const contextQuery =
  'query ($hash: String!) { accessTokenContext(hash: $hash) { id userId kind scopes organizationId acr expiresAt locale timeZone } }';
const contextOf = async (secret: string) =>
  (await run(contextQuery, { service: 'gateway', variables: { hash: hashPersonalToken(secret) } })).data.accessTokenContext;
const make = async (as: Viewer, input: object = {}) => {
  const answer = await run(documents.createToken, { as, input: { name: 'CI', scopes, ...input } });
  return {
    ...answer,
    secret: answer.data?.createAccessToken?.secret as string,
    id: answer.data?.createAccessToken?.accessToken?.id as string,
  };
};
const removed = (organizationId: string, userId: string) =>
  ({ organizationId, userId, membershipId: person().userId, epoch: 2, reason: 'REMOVED' }) as const;

describe('an access token (rule 17)', () => {
  test('is shown once, in its form, and kept as a hash alone; the gateway is told whom it stands for', async () => {
    const { id: userId, as } = await newcomer('pat_ana');
    const { data, secret, id } = await make(as, { name: 'Backup' });
    const { accessToken } = data.createAccessToken;
    expect(isWellFormed(secret)).toBe(true);
    expect(secret.startsWith(accessToken.prefix)).toBe(true);
    expect(accessToken).toMatchObject({ name: 'Backup', scopes, organization: null, lastUsedAt: null });
    expect(accessToken.expiresAt).toBe(new Date((await now()).getTime() + 90 * day).toISOString());
    const context = await contextOf(secret);
    expect(context).toMatchObject({ id, userId, kind: 'PERSON', scopes, organizationId: null, acr: 'aal1' });
    const owner = await graph.owner();
    const rows =
      await owner`select row_to_json(t)::text as text from accounts.access_tokens t union all select row_to_json(e)::text from accounts.audit_events e`;
    expect(JSON.stringify([rows, await emitted()])).not.toContain(secret.slice(12));
    expect(await emitted(accessTokenCreated)).toContainEqual({ userId, tokenId: id, organizationId: null });
    const listed = (await run(documents.tokens, { as, variables: { id: userId } })).data.user.accessTokens;
    expect(listed).toMatchObject({ totalCount: 1, nodes: [{ id, name: 'Backup', lastUsedAt: (await now()).toISOString() }] });
    expect(await contextOf(`${secret}x`)).toBeNull();
    expect((await run(contextQuery, { variables: { hash: hashPersonalToken(secret) } })).codes).toEqual(['FORBIDDEN']);
  });

  test('cannot have a scope that its maker has not, nor all of them at once, nor an administrator’s, nor live longer than 366 days; bad fields are named together', async () => {
    const { as } = await newcomer('pat_scopes');
    const wide = { ...as, scopes: ['accounts:read', 'accounts:write', 'crm:read', 'app', 'accounts:admin'] };
    expect((await make(wide, { scopes: ['crm:read', 'crm:read'] })).data.createAccessToken.accessToken.scopes).toEqual(['crm:read']);
    const { errors } = await make(wide, {
      scopes: ['crm:read', 'crm:write', 'app', 'accounts:admin', '*'],
      expiresAt: new Date((await now()).getTime() + 367 * day).toISOString(),
    });
    const issues = errors?.[0]?.extensions?.['issues'] as { path: string }[];
    expect(issues.map(({ path }) => path)).toEqual(['scopes.1', 'scopes.2', 'scopes.3', 'scopes.4', 'expiresAt']);
    const worse = await make(wide, { name: ' ', scopes: [], organizationId: 'x', serviceAccountId: 'y' });
    expect(worse.errors?.[0]?.extensions?.['issues']).toHaveLength(4);
    expect((await make(wide, { scopes: ['crm:read'], expiresAt: (await now()).toISOString() })).codes).toEqual(['BAD_USER_INPUT']);
    const until = async (ms: number) => ({ scopes: ['crm:read'], expiresAt: new Date((await now()).getTime() + ms).toISOString() });
    expect((await make(wide, await until(366 * day))).codes).toEqual([]);
    expect((await make(wide, await until(366 * day + 1))).codes).toEqual(['BAD_USER_INPUT']);
  });

  test('is made by step-up only: not by a stale proof, a token or an acting administrator', async () => {
    const { as } = await newcomer('pat_step');
    for (const who of [
      { ...as, authTime: as.authTime - 601 },
      { ...as, sessionId: null },
      { ...as, actorId: as.userId },
    ])
      expect((await make(who)).reasons).toEqual(['STEP_UP_REQUIRED']);
    expect((await run(documents.createToken, { as: null, input: { name: 'x', scopes } })).codes).toEqual(['UNAUTHENTICATED']);
  });

  test('works in one organization of its maker’s, and ends with the membership, told once', async () => {
    const { id: userId, as } = await newcomer('pat_org');
    const [mine, closed, foreign] = [person().userId, person().userId, person().userId];
    memberships
      .set(`${userId} ${mine}`, { status: 'ACTIVE', permissions: [] })
      .set(`${userId} ${closed}`, { status: 'SUSPENDED', permissions: [] });
    const inMine = await make(as, { organizationId: mine });
    expect(inMine.data.createAccessToken.accessToken.organization).toEqual({ id: mine });
    for (const organizationId of [foreign, closed]) expect((await make(as, { organizationId })).codes).toEqual(['NOT_FOUND']);
    const anywhere = await make(as);
    const eventId = person().userId;
    await deliver(memberRemoved, removed(mine, userId), { organizationId: mine, eventId });
    await deliver(memberRemoved, removed(mine, userId), { organizationId: mine, eventId });
    expect(await contextOf(inMine.secret)).toBeNull();
    expect(await contextOf(anywhere.secret)).not.toBeNull();
    expect((await emitted(accessTokenRevoked)).filter(({ tokenId }) => tokenId === inMine.id)).toHaveLength(1);
  });

  test('and what apps may do for a person there end with the membership, told once', async () => {
    const { id: userId, as } = await newcomer('pat_apps');
    const [mine, other] = [person().userId, person().userId];
    const [inMine, before, inOther] = [await signIn('pat_apps'), await signIn('pat_apps'), await signIn('pat_apps')];
    const owner = await graph.owner();
    const begin = (session: Viewer, organizationId: string, clientId: string) =>
      owner`update accounts.sessions set grant_id = ${`grant ${session.sessionId}`}, organization_id = ${organizationId}, client_id = ${clientId} where id = ${session.sessionId}`;
    for (const name of ['shop', 'desk'])
      await owner`insert into accounts.oauth_clients (id, name, type, redirect_uris, post_logout_redirect_uris, scopes, first_party)
        values (${name}, ${name}, 'PUBLIC', '{}', '{}', '{accounts:read}', false)`;
    await owner`insert into accounts.app_grants (id, user_id, client_id, scopes, organization_id)
      values (gen_random_uuid(), ${userId}, 'shop', '{accounts:read}', ${mine}), (gen_random_uuid(), ${userId}, 'desk', '{accounts:read}', ${other})`;
    await begin(inMine.as, mine, 'shop');
    // The app was let in once more since, for another organization.
    await begin(before.as, mine, 'desk');
    await begin(inOther.as, other, 'desk');
    const eventId = person().userId;
    await deliver(memberRemoved, removed(mine, userId), { organizationId: mine, eventId });
    await deliver(memberRemoved, removed(mine, userId), { organizationId: mine, eventId });
    await deliver(memberRemoved, removed(mine, userId), { organizationId: mine });
    const ends = (await emitted(sessionEnded)).filter((event) => event.userId === userId);
    expect(ends).toHaveLength(2);
    expect(new Set(ends.map(({ sessionId }) => sessionId))).toEqual(new Set([inMine.as.sessionId, before.as.sessionId]));
    const { authorizedApps } = (await run('{ viewer { authorizedApps { client { id } organization { id } } } }', { as })).data.viewer;
    expect(authorizedApps).toEqual([{ client: { id: 'desk' }, organization: { id: other } }]);
  });

  test('is revoked by its owner once, and by nobody else', async () => {
    const { id: userId, as } = await newcomer('pat_revoke');
    const { secret, id: accessTokenId } = await make(as);
    const stranger = await newcomer('pat_stranger');
    const revoke = (who: Viewer | null, id = accessTokenId) => run(documents.revokeToken, { as: who, input: { accessTokenId: id } });
    expect((await revoke(stranger.as)).codes).toEqual(['NOT_FOUND']);
    expect((await revoke(as, person().userId)).codes).toEqual(['NOT_FOUND']);
    expect((await revoke(as, 'x')).codes).toEqual(['BAD_USER_INPUT']);
    expect((await revoke(null)).codes).toEqual(['UNAUTHENTICATED']);
    expect((await run(documents.tokens, { as: stranger.as, variables: { id: userId } })).data.user.accessTokens).toBeNull();
    const since = new Date((await now()).getTime() - 1).toISOString();
    const answers = await Promise.all([revoke(as), revoke(as)]);
    expect(outcomesOf(answers)).toEqual(['NOT_FOUND', 'done']);
    expect(await contextOf(secret)).toBeNull();
    expect(await emitted(accessTokenRevoked)).toContainEqual({ userId, tokenId: accessTokenId, organizationId: null });
    const { data } = await run('query ($since: DateTime!) { revokedAccessTokens(since: $since) }', {
      service: 'gateway',
      variables: { since },
    });
    expect(data.revokedAccessTokens).toContain(accessTokenId);
    expect((await run(documents.tokens, { as, variables: { id: userId } })).data.user.accessTokens.totalCount).toBe(0);
  });

  test('ends by time, with a suspension, with the account, and with a password reset that says so', async () => {
    const admin = person({ roles: ['USER', 'ADMIN'] });
    const { id: userId, as } = await newcomer('pat_ends');
    const [short, long] = [await make(as, { expiresAt: new Date((await now()).getTime() + day).toISOString() }), await make(as)];
    advance(day);
    expect([await contextOf(short.secret), (await contextOf(long.secret))?.id]).toEqual([null, long.id]);
    const reset = async (more: object) => {
      await run(documents.requestReset, { as: null, input: { email: 'pat_ends@example.org' } });
      const token = await latestToken('pat_ends@example.org');
      return run(documents.reset, { as: null, input: { token, newPassword: 'nine patient otters read', ...more } });
    };
    expect((await reset({})).codes).toEqual([]);
    expect((await contextOf(long.secret))?.id).toBe(long.id);
    expect((await reset({ revokeAccessTokens: true })).codes).toEqual([]);
    expect(await contextOf(long.secret)).toBeNull();
    const signInAgain = async () => (await signIn('pat_ends', 'nine patient otters read')).as;
    const second = await signInAgain();
    const suspended = await make(second);
    await register('pat_boss');
    expect((await run(documents.suspend, { as: admin, input: { userId } })).codes).toEqual([]);
    expect(await contextOf(suspended.secret)).toBeNull();
    expect((await make(second)).codes).toEqual(['UNAUTHENTICATED']);
    await run(documents.reinstate, { as: admin, input: { userId } });
    expect(await contextOf(suspended.secret)).toBeNull();
    const third = await signInAgain();
    const last = await make(third);
    await run(documents.scheduleDeletion, { as: third, input: {} });
    expect((await contextOf(last.secret))?.id).toBe(last.id);
    advance(14 * day + 1_000);
    await graph.settle();
    expect(await contextOf(last.secret)).toBeNull();
    expect((await emitted(accessTokenRevoked)).map(({ tokenId }) => tokenId)).toEqual(
      expect.arrayContaining([long.id, suspended.id, last.id]),
    );
  });

  test('is one of at most 50 that hold, also when two are made at once', async () => {
    const { id: userId, as } = await newcomer('pat_fifty');
    const owner = await graph.owner();
    await owner`insert into accounts.access_tokens (id, user_id, created_by_id, name, prefix, hash, scopes, acr, expires_at)
      select gen_random_uuid(), ${userId}, ${userId}, 'n', 'pat_x', 'hash ' || n, '{}', 'aal1', now() + interval '400 days' from generate_series(1, 49) n`;
    expect(outcomesOf(await Promise.all([make(as), make(as)]))).toEqual(['TOO_MANY_ACCESS_TOKENS', 'done']);
    const first = (await run(documents.tokens, { as, variables: { id: userId, first: 40 } })).data.user.accessTokens;
    expect(first).toMatchObject({ totalCount: 50, pageInfo: { hasNextPage: true } });
    const second = (await run(documents.tokens, { as, variables: { id: userId, first: 40, after: first.pageInfo.endCursor } })).data.user
      .accessTokens;
    expect(new Set([...first.nodes, ...second.nodes].map(({ id }: { id: string }) => id)).size).toBe(50);
  });

  test('is warned of once, seven days before its end, unless it lives no longer than that', async () => {
    const { id: userId, as } = await newcomer('pat_warn');
    const at = async (days: number) => new Date((await now()).getTime() + days * day).toISOString();
    const [month, week] = [await make(as, { name: 'Month', expiresAt: await at(30) }), await make(as, { expiresAt: await at(6) })];
    const warnings = async () =>
      (await emitted(notificationRequested.of('accounts'))).filter(
        ({ kind, recipientIds }) => kind === 'TOKEN_EXPIRING' && recipientIds.includes(userId),
      );
    const warn = async () => expiryWarner.run(await graph.context(), {});
    await warn();
    expect(await warnings()).toEqual([]);
    advance(23 * day);
    await Promise.all([warn(), warn()]);
    await warn();
    expect(await warnings()).toMatchObject([{ data: { name: 'Month' }, dedupeKey: `accounts:TOKEN_EXPIRING:${month.id}` }]);
    expect(week.codes).toEqual([]);
  });

  test('is an entity that is shown to whom it concerns', async () => {
    const { as } = await newcomer('pat_entity');
    const { id } = await make(as);
    const document = 'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on AccessToken { name } } }';
    const variables = { representations: [{ __typename: 'AccessToken', id }] };
    expect((await run(document, { as, variables })).data._entities).toEqual([{ name: 'CI' }]);
    expect((await run(document, { variables })).data._entities).toEqual([null]);
  });
});
