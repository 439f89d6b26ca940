import { jest } from '@jest/globals';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { eventTopic, type LiveTransport } from '@supergraph/platform/bus';
import { upstreamUnavailable } from '@supergraph/platform/errors';
import { createLog } from '@supergraph/platform/log';
import { hashPersonalToken, isWellFormed, personalTokenChecksum } from '@supergraph/platform/personal-token';
import { WebSocket } from 'ws';
import { createEndedAccess } from '../src/ended-access.ts';
import { startTestGateway, type TestGateway } from '../testing.ts';
import { accounts, catalog, type MembershipRow, organizations, type PeopleState, reviews, type TokenRow } from './fixtures.ts';

const state = {
  keySet: { keys: [] },
  keySetAsked: 0,
  ended: [],
  memberships: new Map(),
  tokens: new Map<string, TokenRow>(),
  tokensAsked: 0,
};
const people = accounts(state satisfies PeopleState);
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway({ subgraphs: [people, organizations(state), catalog(), reviews()] });
});
afterAll(() => gateway.stop());

let made = 0;
/** A token that accounts knows, but for what `row` changes. */
function makeToken(row: Partial<TokenRow> = {}): { secret: string; id: string } {
  const body = `pat_AbCdEf01${randomBytes(32).toString('base64url')}`;
  const secret = `${body}${personalTokenChecksum(body)}`;
  const id = `token-${(made += 1)}`;
  const known: TokenRow = {
    id,
    userId: 'ada',
    kind: 'PERSON',
    scopes: ['catalog:margin'],
    organizationId: null,
    acr: 'aal1',
    expiresAt: new Date(Date.now() + 3_600_000),
    ...row,
  };
  state.tokens.set(hashPersonalToken(secret), known);
  return { secret, id };
}

/** The same with another last letter. */
const mistyped = (secret: string) => `${secret.slice(0, -1)}${secret.endsWith('0') ? '1' : '0'}`;

const who = '{ viewer { id email scopes permissions } }';
const post = (query: string, secret: string, headers: Record<string, string> = {}) =>
  fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${secret}`, ...headers },
    body: JSON.stringify({ query }),
  });
const ask = async (query: string, secret: string, headers: Record<string, string> = {}) => {
  const response = await post(query, secret, headers);
  return { status: response.status, body: (await response.json()) as { data?: any; errors?: { extensions: Record<string, unknown> }[] } };
};
const revoke = (tokenId: string) =>
  gateway.live.broadcast(eventTopic('accounts.access_token.revoked'), JSON.stringify({ payload: { userId: 'ada', tokenId } }));

test('a token with one letter changed, or cut off, has not its form', () => {
  const { secret } = makeToken();
  expect(isWellFormed(secret)).toBe(true);
  const at = 20;
  const changed = `${secret.slice(0, at)}${secret[at] === 'a' ? 'b' : 'a'}${secret.slice(at + 1)}`;
  for (const wrong of [changed, secret.slice(0, -1), `${secret}0`, secret.replace('pat_', 'par_')]) expect(isWellFormed(wrong)).toBe(false);
});

describe('a personal access token (rule 17)', () => {
  test('acts for its account with its own scopes and no others', async () => {
    const { secret } = makeToken({ scopes: ['catalog:margin'] });
    expect((await ask(who, secret)).body.data.viewer).toEqual({
      id: 'ada',
      email: 'ada@example.com',
      scopes: ['catalog:margin'],
      permissions: [],
    });
    const { body } = await ask('mutation { write }', secret);
    expect(body.errors?.[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', reason: 'SCOPE_MISSING' });
  });

  test('is asked for once in a while; rubbish asks nobody; the unknown and the expired are refused', async () => {
    const { secret } = makeToken();
    const before = state.tokensAsked;
    await Promise.all(Array.from({ length: 5 }, () => ask(who, secret)));
    expect(state.tokensAsked - before).toBe(1);
    const refused = { status: 401, body: { errors: [{ extensions: { code: 'UNAUTHENTICATED', reason: 'TOKEN_INVALID' } }] } };
    expect(await ask(who, mistyped(secret))).toMatchObject(refused);
    expect(await ask(who, 'pat_rubbish')).toMatchObject(refused);
    expect(state.tokensAsked - before).toBe(1);
    const gone = makeToken();
    state.tokens.clear();
    expect(await ask(who, gone.secret)).toMatchObject(refused);
    expect(await ask(who, makeToken({ expiresAt: new Date(Date.now() - 1) }).secret)).toMatchObject(refused);
  });

  test('with an organization works in that one only, chosen by itself', async () => {
    const row: MembershipRow = {
      organizationId: 'acme',
      membershipId: 'm1',
      roleKey: 'GUEST',
      permissions: ['people.budget.read'],
      teamIds: [],
      requireMfa: false,
      status: 'ACTIVE',
      epoch: 1,
    };
    state.memberships.set('robot acme', row).set('robot other', { ...row, organizationId: 'other' });
    const { secret } = makeToken({ userId: 'robot', kind: 'SERVICE', organizationId: 'acme' });
    const budget = '{ currentOrganization { id budget } }';
    expect((await ask(budget, secret)).body.data.currentOrganization).toEqual({ id: 'acme', budget: 7 });
    expect((await ask(budget, secret, { 'x-organization-id': 'acme' })).body.data.currentOrganization.id).toBe('acme');
    expect((await ask(budget, secret, { 'x-organization-id': 'other' })).body.errors?.[0]?.extensions).toEqual({ code: 'NOT_FOUND' });
    state.memberships.delete('robot acme');
    gateway.live.broadcast(eventTopic('organizations.member.removed'), JSON.stringify({ payload: {} }));
    expect((await ask(budget, secret)).body.errors?.[0]?.extensions).toEqual({ code: 'NOT_FOUND' });
  });

  test('knows its organization however the id is spelled', async () => {
    const organizationId = '0198c0de-aaaa-7bbb-8ccc-0123456789ab';
    const row = { organizationId, membershipId: 'm3', roleKey: 'GUEST', permissions: [], teamIds: [], requireMfa: false };
    state.memberships.set(`ada ${organizationId}`, { ...row, status: 'ACTIVE', epoch: 1 });
    const upper = { 'x-organization-id': organizationId.toUpperCase() };
    const here = '{ currentOrganization { id } }';
    for (const secret of [makeToken({ organizationId }).secret, makeToken().secret])
      expect((await ask(here, secret, upper)).body).toMatchObject({ data: { currentOrganization: { id: organizationId } } });
    // What was known under either spelling ends with the membership.
    state.memberships.delete(`ada ${organizationId}`);
    gateway.live.broadcast(eventTopic('organizations.member.removed'), JSON.stringify({ payload: { organizationId, userId: 'ada' } }));
    for (const headers of [upper, { 'x-organization-id': organizationId }])
      expect((await ask(here, makeToken().secret, headers)).body.errors?.[0]?.extensions).toEqual({ code: 'NOT_FOUND' });
  });

  test('made with two factors is good where an organization asks for two', async () => {
    const row = { organizationId: 'strict', membershipId: 'm2', roleKey: 'MEMBER', permissions: [], teamIds: [], requireMfa: true };
    state.memberships.set('ada strict', { ...row, status: 'ACTIVE', epoch: 1 });
    const inside = { 'x-organization-id': 'strict' };
    expect((await ask(who, makeToken({ acr: 'aal2' }).secret, inside)).status).toBe(200);
    expect((await ask(who, makeToken().secret, inside)).body.errors?.[0]?.extensions).toMatchObject({ reason: 'STEP_UP_REQUIRED' });
  });

  test('is refused at once when it is revoked, and its sockets are closed with 4403, its streams ended', async () => {
    const { secret, id } = makeToken();
    const other = makeToken();
    const open = async (bearer: string) => {
      const socket = new WebSocket(gateway.socketUrl, 'graphql-transport-ws');
      await once(socket, 'open');
      socket.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${bearer}` } }));
      await once(socket, 'message');
      return socket;
    };
    const [socket, kept] = [await open(secret), await open(other.secret)];
    const stream = await fetch(`${gateway.url}/stream`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream', authorization: `Bearer ${secret}` },
      body: JSON.stringify({ query: 'subscription { endless { name } }' }),
    });
    state.tokens.delete(hashPersonalToken(secret));
    const closed = once(socket, 'close');
    revoke(id);
    expect((await closed)[0]).toBe(4403);
    expect(await stream.text()).toContain('SESSION_ENDED');
    expect((await ask(who, secret)).status).toBe(401);
    expect((await ask(who, other.secret)).status).toBe(200);
    expect(kept.readyState).toBe(WebSocket.OPEN);
    kept.close();
  });

  test('cannot be judged while accounts is away: 503, not 401', async () => {
    const { secret } = makeToken();
    people.disturb = () => Promise.resolve({ errors: [{ message: 'away', extensions: { code: 'UPSTREAM_UNAVAILABLE' } }] });
    expect((await ask(who, secret)).status).toBe(503);
    people.disturb = undefined;
    expect((await ask(who, secret)).status).toBe(200);
  });
});

describe('what ended while nobody told', () => {
  const log = createLog('silent', 'test');
  const liveThat = () => {
    let tell: (connected: boolean) => void = () => undefined;
    const live: LiveTransport = {
      broadcast: () => undefined,
      listen: () => () => undefined,
      onConnection: (listener) => {
        tell = listener;
        listener(true);
        return () => undefined;
      },
      close: () => Promise.resolve(),
    };
    return { live, tell: (connected: boolean) => tell(connected) };
  };

  test('is asked for once live events come again, and closes what stands on it', async () => {
    const { live, tell } = liveThat();
    let endedSessions: string[] = [];
    let doubts = 0;
    const call = () => Promise.resolve({ endedSessions, revokedAccessTokens: ['token-9'] } as never);
    const access = createEndedAccess({ call, live, log, onDoubt: () => (doubts += 1) });
    const told: string[] = [];
    access.listen((accessId) => told.push(accessId));
    expect(() => access.requireLive(['session-9'])).not.toThrow();
    tell(false);
    endedSessions = ['session-9'];
    tell(true);
    await new Promise(setImmediate);
    expect(told.toSorted()).toEqual(['session-9', 'token-9']);
    expect(() => access.requireLive(['session-9'])).toThrow('the session has ended');
    expect(doubts).toBe(2);
    access.close();
  });

  test('is asked for again and again while they do not come', async () => {
    jest.useFakeTimers();
    const { live, tell } = liveThat();
    let asked = 0;
    const call = () => {
      asked += 1;
      return Promise.reject(upstreamUnavailable()) as never;
    };
    const access = createEndedAccess({ call, live, log, onDoubt: () => undefined });
    const atStart = asked;
    jest.advanceTimersByTime(8_000);
    expect(asked).toBe(atStart);
    tell(false);
    jest.advanceTimersByTime(8_000);
    expect(asked).toBe(atStart + 2);
    access.close();
    jest.useRealTimers();
  });
});
