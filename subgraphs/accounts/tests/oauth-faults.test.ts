import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseUnavailable, type Db } from '@supergraph/platform/database';
import { testSubgraph } from '@supergraph/platform/testing';
import type { Context } from '../context.ts';
import { subgraph } from '../index.ts';
import { handleOAuth } from '../oauth/handler.ts';
import { people } from './support.ts';

const graph = testSubgraph(subgraph);
const { register, signIn } = people(graph);
afterAll(graph.close);

/** Asks the token endpoint for a refresh, on this database. */
async function refreshOn(makeDb: (db: Db) => Db, refreshToken: string) {
  const ctx = (await graph.context()) as unknown as Context;
  const db = makeDb(ctx.db);
  const server = createServer((request, response) => void handleOAuth(request, response, { ...ctx, db }));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  try {
    const { port } = server.address() as AddressInfo;
    const body = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'first-party', refresh_token: refreshToken });
    const response = await fetch(`http://127.0.0.1:${port}/oauth/token`, { method: 'POST', body });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
  } finally {
    server.close();
  }
}

const gone = () => new DatabaseUnavailable('CONNECTION', 'the database is gone');

/** A database that goes away before the transaction ends. */
const endingBeforeCommit = (db: Db): Db =>
  new Proxy(db, {
    get: (target, name) =>
      name === 'transaction'
        ? (work: (tx: Db) => Promise<unknown>) =>
            target.transaction(async (tx) => {
              await work(tx);
              throw gone();
            })
        : (Reflect.get(target, name, target) as unknown),
  });

const away = (db: Db): Db =>
  new Proxy(db, {
    get: () => () => {
      throw gone();
    },
  });

test.each([
  ['is away', away],
  ['goes away before the new token is stored', endingBeforeCommit],
])('a database that %s is 503 at the token endpoint, and the old refresh token is not used up', async (_how, makeDb) => {
  const handle = `faulty_${makeDb.name.toLowerCase()}`;
  await register(handle);
  const { refreshToken } = await signIn(handle);
  const failed = await refreshOn(makeDb, refreshToken);
  expect(failed.status).toBe(503);
  expect(failed.headers.get('retry-after')).toBe('1');
  expect(failed.body['error']).toBe('temporarily_unavailable');
  const mended = await refreshOn((db) => db, refreshToken);
  expect(mended).toMatchObject({ status: 200, body: { token_type: 'Bearer', scope: 'app' } });
  expect(mended.body['refresh_token']).not.toBe(refreshToken);
});

test('what is no OAuth is told so in the words of its RFC', async () => {
  const { status, body } = await refreshOn((db) => db, '');
  expect([status, body['error']]).toEqual([400, 'invalid_request']);
  const unknown = await refreshOn((db) => db, 'rubbish');
  expect([unknown.status, unknown.body['error']]).toEqual([400, 'invalid_grant']);
});
