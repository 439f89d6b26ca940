import type { Viewer } from '@supergraph/platform/context';
import { observeQueries } from '@supergraph/platform/database';
import { hashPersonalToken } from '@supergraph/platform/personal-token';
import { organizationWith, person, testSubgraph } from '@supergraph/platform/testing';
import { accessTokenRevoked, serviceAccountCreated, sessionEnded, userDeleted, userRegistered } from '@supergraph/schema/events/accounts';
import { memberRemoved, organizationDeleted } from '@supergraph/schema/events/organizations';
import { tenantErased } from '@supergraph/schema/events/platform';
import type { Context } from '../context.ts';
import { subgraph } from '../index.ts';
import { endServiceTokens } from '../service/oauth/service-tokens.ts';
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
const { run, emitted, deliver, settle, close } = graph;
const { newcomer } = factors(graph);
const { signIn } = people(graph);
afterAll(close);
beforeAll(() => graph.stopClock());

const scopes = ['accounts:read'];
const manage = 'organizations.service_account.manage';
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
/** What the audit log has of an account, oldest first. */
const recordedOf = async (id: string): Promise<string[]> => {
  const document = 'query ($filter: AuditEventFilter) { auditEvents(first: 20, filter: $filter) { nodes { name } } }';
  const { data } = await run(document, { as: person({ roles: ['USER', 'ADMIN'] }), variables: { filter: { subjectId: id } } });
  return data.auditEvents.nodes.map(({ name }: { name: string }) => name).toReversed();
};
const removed = (organizationId: string, userId: string) =>
  ({ organizationId, userId, membershipId: person().userId, epoch: 2, reason: 'REMOVED' }) as const;

describe('a service account (rule 18)', () => {
  const organization = () => organizationWith([manage]);
  const service = async (as: Viewer, handle: string, within = organization()) => {
    const input = { organizationId: within.id, handle, displayName: 'Robot' };
    const answer = await run(documents.createService, { as, in: within, input });
    memberships.set(`${as.userId} ${within.id}`, { status: 'ACTIVE', permissions: [manage] });
    return { ...answer, id: answer.data?.createServiceAccount?.user?.id as string, organizationId: within.id };
  };

  test('belongs to its organization, holds no role, cannot sign in, is told of and recorded', async () => {
    const { as } = await newcomer('svc_ana');
    const { data, id, organizationId } = await service(as, 'robot_one');
    expect(data.createServiceAccount.user).toMatchObject({ kind: 'SERVICE', handle: 'robot_one', displayName: 'Robot' });
    expect(await emitted(serviceAccountCreated)).toContainEqual({ userId: id, organizationId });
    expect(await emitted(userRegistered)).toContainEqual(expect.objectContaining({ userId: id, kind: 'SERVICE', email: null }));
    const admin = person({ roles: ['USER', 'ADMIN'] });
    expect((await run('query ($id: ID!) { user(id: $id) { roles } }', { as: admin, variables: { id } })).data.user.roles).toEqual([]);
    expect(await recordedOf(id)).toEqual(['service_account.created']);
    expect((await run(documents.setRoles, { as: admin, input: { userId: id, roles: ['ADMIN'] } })).reasons).toEqual(['NOT_A_PERSON']);
    const { startSignIn } = (await run(documents.start, { as: null, input: { identifier: 'robot_one' } })).data;
    expect((await run(documents.proceed, { as: null, input: { flowId: startSignIn.flow.id, password: 'anything at all' } })).codes).toEqual(
      ['UNAUTHENTICATED'],
    );
  });

  test('is made in the chosen organization by whoever may, under a free handle', async () => {
    const { as } = await newcomer('svc_may');
    const within = organization();
    const input = { organizationId: within.id, handle: 'robot_two', displayName: 'Robot' };
    expect((await run(documents.createService, { as, in: organizationWith([]), input })).codes).toEqual(['FORBIDDEN']);
    expect((await run(documents.createService, { as, input })).codes).toEqual(['BAD_USER_INPUT']);
    expect((await run(documents.createService, { as, in: organization(), input })).codes).toEqual(['NOT_FOUND']);
    expect((await run(documents.createService, { as: null, in: within, input })).codes).toEqual(['UNAUTHENTICATED']);
    const bad = { organizationId: 'x', handle: 'No!', displayName: '\u0000' };
    expect((await run(documents.createService, { as, in: within, input: bad })).errors?.[0]?.extensions?.['issues']).toHaveLength(3);
    const answers = await Promise.all([1, 2].map(() => run(documents.createService, { as, in: within, input })));
    expect(outcomesOf(answers)).toEqual(['HANDLE_TAKEN', 'done']);
  });

  test('acts by tokens that its managers make, see and revoke, in its organization alone', async () => {
    const { as } = await newcomer('svc_tokens');
    const { id, organizationId } = await service(as, 'robot_three');
    const { secret, id: tokenId, data } = await make(as, { serviceAccountId: id });
    expect(data.createAccessToken.accessToken.organization).toEqual({ id: organizationId });
    expect(await contextOf(secret)).toMatchObject({ userId: id, kind: 'SERVICE', organizationId });
    expect((await make(as, { serviceAccountId: id, organizationId: person().userId })).codes).toEqual(['NOT_FOUND']);
    const stranger = await newcomer('svc_stranger');
    expect((await make(stranger.as, { serviceAccountId: id })).codes).toEqual(['NOT_FOUND']);
    expect((await make(as, { serviceAccountId: stranger.id })).codes).toEqual(['NOT_FOUND']);
    expect((await run(documents.tokens, { as: stranger.as, variables: { id } })).data.user.accessTokens).toBeNull();
    expect((await run(documents.tokens, { as, variables: { id } })).data.user.accessTokens.nodes).toMatchObject([{ id: tokenId }]);
    memberships.set(`${as.userId} ${organizationId}`, { status: 'ACTIVE', permissions: [] });
    expect((await run(documents.revokeToken, { as, input: { accessTokenId: tokenId } })).codes).toEqual(['NOT_FOUND']);
    memberships.set(`${as.userId} ${organizationId}`, { status: 'ACTIVE', permissions: [manage] });
    expect((await run(documents.revokeToken, { as, input: { accessTokenId: tokenId } })).codes).toEqual([]);
    expect(await contextOf(secret)).toBeNull();
  });

  test('ends with its membership, which is recorded; a person who leaves stays', async () => {
    const { id: userId, as } = await newcomer('svc_leave');
    const { id, organizationId } = await service(as, 'robot_four');
    const { secret } = await make(as, { serviceAccountId: id });
    await deliver(memberRemoved, removed(organizationId, userId), { organizationId });
    expect((await contextOf(secret))?.userId).toBe(id);
    await deliver(memberRemoved, removed(organizationId, id), { organizationId });
    expect(await contextOf(secret)).toBeNull();
    expect((await emitted(userDeleted)).map((event) => event.userId)).toEqual(expect.arrayContaining([id]));
    const ends = ['access_token.created', 'access_token.revoked', 'service_account.ended'];
    expect(await recordedOf(id)).toEqual(['service_account.created', ...ends]);
    expect((await run('query ($id: ID!) { user(id: $id) { status handle } }', { variables: { id } })).data.user).toMatchObject({
      status: 'ERASED',
    });
    expect(
      (
        await run(documents.signUp, {
          as: null,
          input: { email: 'r@example.org', password: 'four brave kettles hum', displayName: 'R', handle: 'robot_four' },
        })
      ).reasons,
    ).toEqual(['HANDLE_TAKEN']);
  });

  test('and all tokens of the tenant, and what apps may do there, end when the tenant is deleted, which is confirmed, once', async () => {
    const { id: userId, as } = await newcomer('svc_tenant');
    const { id, organizationId } = await service(as, 'robot_five');
    const [robot, own, free] = [await make(as, { serviceAccountId: id }), await make(as, { organizationId }), await make(as)];
    const [here, elsewhere] = [await signIn('svc_tenant'), await signIn('svc_tenant')];
    const owner = await graph.owner();
    await owner`insert into accounts.oauth_clients (id, name, type, redirect_uris, post_logout_redirect_uris, scopes, first_party)
      select name, name, 'PUBLIC', '{}', '{}', '{accounts:read}', false from unnest(array['desk', 'shop']) name`;
    await owner`insert into accounts.app_grants (id, user_id, client_id, scopes, organization_id)
      values (gen_random_uuid(), ${userId}, 'desk', '{accounts:read}', ${organizationId})`;
    for (const [session, at, client] of [
      [here, organizationId, 'desk'],
      [elsewhere, person().userId, 'shop'],
    ] as const)
      await owner`update accounts.sessions set grant_id = ${`grant ${session.as.sessionId}`}, organization_id = ${at}, client_id = ${client} where id = ${session.as.sessionId}`;
    const eventId = person().userId;
    await deliver(organizationDeleted, { organizationId }, { organizationId, eventId });
    await deliver(organizationDeleted, { organizationId }, { organizationId, eventId });
    await settle();
    const ends = (await emitted(sessionEnded)).filter((event) => event.userId === userId);
    expect(ends.map(({ sessionId }) => sessionId)).toEqual([here.as.sessionId]);
    expect((await run('{ viewer { authorizedApps { id } } }', { as })).data.viewer.authorizedApps).toEqual([]);
    expect([await contextOf(robot.secret), await contextOf(own.secret), (await contextOf(free.secret))?.userId]).toEqual([
      null,
      null,
      userId,
    ]);
    expect((await emitted(tenantErased.of('accounts'))).filter((event) => event.organizationId === organizationId)).toHaveLength(1);
    expect((await emitted(userDeleted)).filter((event) => event.userId === id)).toHaveLength(1);
  });

  test('has all its tokens ended with few statements, each told of once, however many its program has fetched', async () => {
    const { id: userId } = await newcomer('svc_busy');
    const owner = await graph.owner();
    await owner`insert into accounts.oauth_artifacts (kind, id_hash, sealed, user_id, client_id, details, expires_at)
      select 'IssuedToken', 'busy ' || n, '', ${userId}, 'busy', jsonb_build_object('tokenId', gen_random_uuid(), 'organizationId', null), now() + interval '10 minutes'
      from generate_series(1, 1200) n`;
    const ctx = (await graph.context()) as unknown as Context;
    const end = () => ctx.db.transaction((tx) => endServiceTokens(ctx, tx, userId, 'busy'));
    let statements = 0;
    const stop = observeQueries(() => (statements += 1));
    await end();
    stop();
    expect(statements).toBeLessThan(20);
    await end();
    const told = (await emitted(accessTokenRevoked)).filter((event) => event.userId === userId);
    expect([told.length, new Set(told.map(({ tokenId }) => tokenId)).size]).toEqual([1_200, 1_200]);
  });
});
