import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { jest } from '@jest/globals';
import { nobody } from '@supergraph/platform/context';
import { signIdentity, verifyIdentity } from '@supergraph/platform/identity-token';
import { parseAnswer } from '@supergraph/platform/graphql-answer';
import { createLog } from '@supergraph/platform/log';
import { createRemoteSubgraph } from '@supergraph/platform/remote';
import { identityHeader, type RunningServer, serveSubgraph } from '@supergraph/platform/service-server';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import { person } from '@supergraph/platform/testing';
import { decodeJwt, SignJWT } from 'jose';
import { catalog, type Fixture, watchers } from './fixtures.ts';

const log = createLog(process.env['TEST_LOG_LEVEL'] ?? 'silent', 'test');
const internalKey = 'k'.repeat(64);
const settings = { internalKey };
const identity = {
  ...nobody('request-1'),
  viewer: person({ scopes: ['catalog:margin'] }),
  client: { ipAddress: '192.0.2.1', userAgent: 'tests' },
};
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const closing: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

const ask = (
  client: SubgraphClient,
  query: string,
  options: { ms?: number; signal?: AbortSignal; variables?: Record<string, unknown> } = {},
) =>
  client.execute({
    query,
    variables: options.variables,
    identity,
    deadline: Date.now() + (options.ms ?? 20_000),
    signal: options.signal ?? new AbortController().signal,
  });
const unavailable = { data: null, errors: [{ message: expect.any(String), extensions: { code: 'UPSTREAM_UNAVAILABLE' } }] };

async function fake(handler: RequestListener): Promise<{ client: SubgraphClient; server: Server }> {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const client = createRemoteSubgraph({
    name: 'catalog',
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`,
    settings,
    log,
  });
  closing.push(async () => {
    await client.close();
    server.closeAllConnections();
    server.close();
  });
  return { client, server };
}
const json = (response: Parameters<RequestListener>[1], body: unknown, status = 200) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

describe('internal tokens', () => {
  test('carry the identity and the deadline, for 60 seconds', async () => {
    const token = signIdentity(internalKey, 'catalog', identity, 1_234);
    expect(await verifyIdentity(internalKey, 'catalog', token)).toEqual({ identity, deadline: 1_234 });
    const { exp = 0, iat = 0 } = decodeJwt(token);
    expect(exp - iat).toBe(60);
  });
  test('are shared by the fetches of one request to one subgraph, never with a later deadline', () => {
    const asker = { ...identity };
    const first = signIdentity(internalKey, 'catalog', asker, 5_000);
    expect(signIdentity(internalKey, 'catalog', asker, 5_100)).toBe(first);
    for (const other of [
      signIdentity(internalKey, 'catalog', asker, 5_101),
      signIdentity(internalKey, 'catalog', asker, 4_999),
      signIdentity(internalKey, 'reviews', asker, 4_999),
      signIdentity('y'.repeat(64), 'reviews', asker, 4_999),
      signIdentity(internalKey, 'reviews', { ...asker, requestId: 'another' }, 4_999),
    ])
      expect(other).not.toBe(first);
  });
  test('nothing else is accepted', async () => {
    const good = signIdentity(internalKey, 'catalog', identity, 1);
    const [head, payload, signature] = good.split('.') as [string, string, string];
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const raw = new TextEncoder().encode(internalKey);
    const forge = (header: { alg: string; typ?: string }) =>
      new SignJWT({ identity, deadline: 1 })
        .setProtectedHeader(header)
        .setAudience('catalog')
        .setIssuedAt()
        .setExpirationTime('60s')
        .sign(raw);
    const header = JSON.parse(Buffer.from(head, 'base64url').toString()) as { typ: string };
    const forgeries = [
      'rubbish',
      `${encode({ alg: 'none', typ: header.typ })}.${payload}.`,
      `${head}.${encode({ ...decodeJwt(good), identity: { ...identity, service: 'root' } })}.${signature}`,
      signIdentity('x'.repeat(64), 'catalog', identity, 1),
      signIdentity(internalKey, 'reviews', identity, 1),
      await forge({ alg: 'HS256', typ: header.typ }),
      await forge({ alg: 'HS256', typ: 'JWT' }),
    ];
    for (const token of forgeries)
      await expect(verifyIdentity(internalKey, 'catalog', token)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    jest.useFakeTimers({ now: Date.now() + 70_000, doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    await expect(verifyIdentity(internalKey, 'catalog', good)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
    jest.useRealTimers();
  });
});

describe('a served domain', () => {
  let subgraph: Fixture;
  let server: RunningServer;
  let client: SubgraphClient;
  beforeAll(async () => {
    subgraph = catalog();
    server = await serveSubgraph({ subgraph, settings, port: 0, host: '127.0.0.1', log });
    client = createRemoteSubgraph({ name: 'catalog', url: `http://127.0.0.1:${server.port}/graphql`, settings, log });
    closing.push(
      () => server.stop(),
      () => client.close(),
    );
  });
  const post = (init: RequestInit, path = '/graphql') => fetch(`http://127.0.0.1:${server.port}${path}`, { method: 'POST', ...init });

  test('answers with the same identity, deadline, data and errors as in process', async () => {
    expect(await ask(client, '{ product(id: "1") { margin } }')).toEqual({ data: { product: { margin: 10 } } });
    expect(subgraph.requests.at(-1)?.identity).toEqual(identity);
    expect(subgraph.requests.at(-1)?.deadline).toBeGreaterThan(Date.now());
    expect(await ask(client, 'mutation { rename(id: "1", name: "taken") { id } }')).toEqual({
      data: { rename: null },
      errors: [{ message: 'the name is taken', path: ['rename'], extensions: { code: 'CONFLICT', reason: 'NAME_TAKEN' } }],
    });
  });
  test('refuses whoever has no token for it, before it reads the body', async () => {
    for (const token of [undefined, 'rubbish', signIdentity(internalKey, 'reviews', identity, 1)]) {
      const response = await post({
        body: '{"query":"{ __typename }"}',
        headers: { 'content-type': 'application/json', ...(token ? { [identityHeader]: token } : {}) },
      });
      expect([response.status, await response.json()]).toEqual([
        401,
        { errors: [{ message: expect.any(String), extensions: { code: 'UNAUTHENTICATED' } }] },
      ]);
    }
  });
  test('answers in JSON to everything else', async () => {
    const headers = {
      'content-type': 'application/json',
      [identityHeader]: signIdentity(internalKey, 'catalog', identity, Date.now() + 1_000),
    };
    const statuses = [
      (await post({ body: '{"query":', headers })).status,
      (await post({ body: '[]', headers })).status,
      (await post({ body: JSON.stringify({ query: 'x'.repeat(1_100_000) }), headers })).status,
      (await post({}, '/other')).status,
      (await fetch(`http://127.0.0.1:${server.port}/graphql`)).status,
    ];
    expect(statuses).toEqual([400, 400, 413, 404, 405]);
  });
  test('a caller that leaves ends the signal of the resolvers', async () => {
    const { aborted, open } = watchers;
    const leaving = new AbortController();
    const answer = ask(client, '{ slow }', { ms: 60_000, signal: leaving.signal });
    while (watchers.open === open) await sleep(5);
    leaving.abort();
    await answer;
    while (watchers.aborted === aborted) await sleep(5);
    expect(watchers.aborted).toBe(aborted + 1);
  });
});

describe('a request', () => {
  const bodies: string[] = [];
  let client: SubgraphClient;
  let answer = '{"data":{"ok":true}}';
  beforeAll(async () => {
    ({ client } = await fake((request, response) => {
      let body = '';
      request
        .on('data', (chunk) => (body += chunk))
        .on('end', () => {
          bodies.push(body);
          response.writeHead(200, { 'content-type': 'application/graphql-response+json; charset=utf-8' }).end(answer);
        });
    }));
  });
  const request = { query: 'query Q($a: Int) { ok }', identity, signal: new AbortController().signal };
  const send = (more: object) => client.execute({ ...request, deadline: Date.now() + 5_000, ...more });

  test('carries the variables as text where their caller has written them', async () => {
    const variablesText = '{"a":1,"representations":[{"__typename":"Ö","id":"\\"1\\""}]}';
    expect(await send({ variablesText, variables: { a: 2 }, operationName: 'Q' })).toEqual({ data: { ok: true } });
    expect(bodies.at(-1)).toBe(`{"query":"query Q($a: Int) { ok }","operationName":"Q","variables":${variablesText}}`);
    await send({ variables: { a: '\u2028"' } });
    expect(JSON.parse(bodies.at(-1) ?? '')).toEqual({ query: request.query, variables: { a: '\u2028"' } });
    await send({});
    expect(JSON.parse(bodies.at(-1) ?? '')).toEqual({ query: request.query });
  });
  test('gets the text of its answer when it asks for it, and everybody makes objects of their own of it', async () => {
    answer = '{"data":{"ok":{"__proto__":{"a":1}}},"errors":[{"message":"m","stack":"s","extensions":{"code":"CONFLICT"}}]}';
    const { text, ...first } = await send({ wantsText: true });
    expect(text).toBe(answer);
    const second = parseAnswer(text ?? '');
    expect(second).toEqual(first);
    expect(second.errors).toEqual([{ message: 'm', extensions: { code: 'CONFLICT' } }]);
    expect(second.data).not.toBe(first.data);
    expect(Object.keys(second.data?.['ok'] ?? {})).toEqual(['__proto__']);
    expect(await send({})).not.toHaveProperty('text');
  });
});

describe('a neighbour that misbehaves', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });
  /** Only what deadlines and breakers read; the sockets keep their time. */
  const stoppedClock = () => {
    const now = { ms: Date.now() };
    jest.spyOn(Date, 'now').mockImplementation(() => now.ms);
    return now;
  };

  test('hung: the deadline ends the call', async () => {
    const { client } = await fake(() => undefined);
    expect(await ask(client, '{ a }', { ms: 100 })).toEqual(unavailable);
  });
  test('rubbish, a page, another form and 100 MB', async () => {
    const answers: RequestListener[] = [
      (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"data":'),
      (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>catalog at 10.0.0.1</h1>'),
      (_, response) => json(response, { hello: 'world' }),
      (_, response) => json(response, { data: 'text' }),
      (_, response) => json(response, null),
      (_, response) => json(response, { message: 'stack at catalog:4101' }, 500),
      (_, response) => {
        response.writeHead(200, { 'content-type': 'application/json' });
        const chunk = Buffer.alloc(1_048_576, 'x');
        let sent = 0;
        const more = () => {
          while (!response.destroyed && sent < 100) {
            sent += 1;
            if (!response.write(chunk)) return void response.once('drain', more);
          }
          response.end();
        };
        more();
      },
    ];
    let step = 0;
    const { client } = await fake((request, response) => answers[step]?.(request, response));
    for (; step < answers.length; step++) {
      const answer = await ask(client, '{ a }');
      expect([step, answer]).toEqual([step, unavailable]);
      expect(JSON.stringify(answer)).not.toMatch(/catalog|10\.0|410/);
    }
  });
  test('errors pass on only message, path and extensions', async () => {
    const { client } = await fake((_, response) =>
      json(response, {
        data: null,
        errors: [{ message: 'm', path: ['a', 0], locations: [{}], stack: 'x', extensions: { code: 'CONFLICT' } }, 'text'],
        extensions: { ftv1: 'x' },
      }),
    );
    expect(await ask(client, '{ a }')).toEqual({
      data: null,
      errors: [
        { message: 'm', path: ['a', 0], extensions: { code: 'CONFLICT' } },
        { message: expect.any(String), extensions: { code: 'INTERNAL_SERVER_ERROR' } },
      ],
    });
  });
  test('a query is tried once more after 503, a mutation never', async () => {
    const seen: string[] = [];
    const { client } = await fake((request, response) => {
      let body = '';
      request
        .on('data', (chunk) => (body += chunk))
        .on('end', () => {
          seen.push((JSON.parse(body) as { query: string }).query);
          if (seen.length % 2 === 1) return void json(response, {}, 503);
          json(response, { data: { ok: true } });
        });
    });
    expect(await ask(client, 'query { a }')).toEqual({ data: { ok: true } });
    seen.length = 0;
    expect(await ask(client, 'mutation { a }')).toEqual(unavailable);
    expect(seen).toHaveLength(1);
  });
  test('retries have a budget', async () => {
    let calls = 0;
    const { client } = await fake((_, response) => {
      calls += 1;
      json(response, {}, 503);
    });
    for (let step = 0; step < 6; step++) await ask(client, '{ a }');
    expect(calls).toBeLessThanOrEqual(6 + 2);
  });
  test('the breaker opens after ten failures, answers at once, lets one probe through and closes again', async () => {
    let broken = true;
    let calls = 0;
    const { client } = await fake((_, response) => {
      calls += 1;
      json(response, broken ? {} : { data: { ok: true } }, broken ? 500 : 200);
    });
    const now = stoppedClock();
    for (let step = 0; step < 12; step++) await ask(client, '{ a }');
    expect(calls).toBe(10);
    expect(await ask(client, '{ a }')).toEqual(unavailable);
    now.ms += 1_000;
    await Promise.all([ask(client, '{ a }'), ask(client, '{ a }'), ask(client, '{ a }')]);
    expect(calls).toBe(11);
    broken = false;
    now.ms += 1_000;
    expect(await ask(client, '{ a }')).toEqual({ data: { ok: true } });
    expect(await ask(client, '{ a }')).toEqual({ data: { ok: true } });
    expect(calls).toBe(13);
  });
  test('callers that leave do not count against it', async () => {
    const { client } = await fake((request, response) =>
      setTimeout(() => json(response, { data: { ok: true } }), request.url === '/graphql' ? 50 : 0),
    );
    await Promise.all(Array.from({ length: 15 }, () => ask(client, '{ a }', { signal: AbortSignal.timeout(10) })));
    expect(await ask(client, '{ a }')).toEqual({ data: { ok: true } });
  });
  test('a neighbour that hangs opens the breaker, also when the gateway gives up first', async () => {
    let calls = 0;
    const { client } = await fake(() => {
      calls += 1;
    });
    const now = stoppedClock();
    const leaving = new AbortController();
    const hanging = Array.from({ length: 10 }, () => ask(client, 'mutation { a }', { ms: 60_000, signal: leaving.signal }));
    while (calls < 10) await sleep(5);
    now.ms += 60_000;
    leaving.abort();
    await Promise.all(hanging);
    expect(await ask(client, '{ a }')).toEqual(unavailable);
    expect(calls).toBe(10);
  });
  test('nobody there', async () => {
    const { client, server } = await fake(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    expect(await ask(client, '{ a }')).toEqual(unavailable);
    await client.close();
    expect(await ask(client, '{ a }')).toEqual(unavailable);
  });
});
