import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import { ApolloServerPluginUsageReporting } from '@apollo/server/plugin/usageReporting';
import { GraphQLError } from 'graphql';
import type { GatewayPlugin } from '../../src/http/apollo-lane.ts';
import { createTestKey, startTestGateway, type TestGateway, type TestKey } from '../../testing.ts';
import { accounts, catalog, organizations, type PeopleState, reviews } from '../fixtures.ts';
import { get, json, query, send } from '../support/http.ts';

const state: PeopleState = { keySet: null, keySetAsked: 0, ended: [], memberships: new Map() };
let key: TestKey;
beforeAll(async () => {
  key = await createTestKey('http://graph.test');
  state.keySet = key.keySet;
});

describe('plugins of Apollo Server', () => {
  const seen: string[] = [];
  const watching: GatewayPlugin = {
    serverWillStart: () => (seen.push('start'), Promise.resolve({ serverWillStop: () => (seen.push('stop'), Promise.resolve()) })),
    requestDidStart: ({ contextValue }) => {
      seen.push(`request of ${contextValue.identified.identity.viewer?.userId ?? 'a guest'}`);
      return Promise.resolve({
        didResolveOperation: ({ operationName }) => {
          if (operationName === 'Forbidden') throw new GraphQLError('not this one', { extensions: { code: 'FORBIDDEN' } });
          return Promise.resolve();
        },
        didEncounterErrors: ({ errors }) => (seen.push(...errors.map(({ message }) => message)), Promise.resolve()),
        willSendResponse: ({ response }) => {
          response.http.headers.set('x-seen', 'yes');
          if (response.body.kind === 'single') response.body.singleResult.extensions = { seen: true };
          return Promise.resolve();
        },
      });
    },
  };
  let gateway: TestGateway;
  beforeAll(async () => {
    const subgraphs = [accounts(state), organizations(state), catalog(), reviews()];
    gateway = await startTestGateway({ subgraphs, plugins: [watching, ApolloServerPluginLandingPageLocalDefault({ footer: false })] });
  });

  test('see requests and errors, and change answers', async () => {
    const answer = await send(gateway, { ...query('{ reviewCount }'), headers: { ...json, authorization: `Bearer ${await key.sign()}` } });
    expect([answer.text, answer.headers['x-seen']]).toEqual(['{"data":{"reviewCount":3},"extensions":{"seen":true}}', 'yes']);
    await send(gateway, query('{ nothing }'));
    await send(gateway, query('{ product(id: "3") { stars } }'));
    expect(seen).toEqual([
      'start',
      // Each contract has a server of its own.
      'start',
      'request of ada',
      'request of a guest',
      'Cannot query field "nothing" on type "Query".',
      'request of a guest',
      'Rating not found',
    ]);
  });
  test('refuse what they do not want', async () => {
    const { status, text } = await send(gateway, { body: { query: 'query Forbidden { reviewCount }', operationName: 'Forbidden' } });
    expect([status, JSON.parse(text)]).toEqual([
      403,
      { errors: [{ message: 'not this one', extensions: { code: 'FORBIDDEN' } }], extensions: { seen: true } },
    ]);
  });
  test('bring a page for people, beside which GET goes on', async () => {
    const page = await send(gateway, { method: 'GET', headers: { accept: 'text/html' } });
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html']);
    expect(page.text).toContain('<html');
    expect((await send(gateway, get({ query: '{ reviewCount }' }))).text).toContain('"reviewCount":3');
    const without = await startTestGateway({ subgraphs: [catalog()], plugins: [{}] });
    expect((await send(without, { method: 'GET', headers: { accept: 'text/html' } })).status).toBe(406);
    await without.stop();
  });
  test('a plugin that fails unexpectedly is masked', async () => {
    const failing: GatewayPlugin = { requestDidStart: () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.1:6379')) };
    const own = await startTestGateway({ subgraphs: [catalog()], plugins: [failing] });
    const { status, text } = await send(own, query('{ product(id: "1") { id } }'));
    expect([status, JSON.parse(text)]).toEqual([
      500,
      {
        errors: [
          { message: 'something went wrong on our side', extensions: { code: 'INTERNAL_SERVER_ERROR', errorId: expect.any(String) } },
        ],
      },
    ]);
    await own.stop();
  });
  test('report usage to whom a composition root says', async () => {
    const reports: number[] = [];
    const collector = createServer((incoming, response) => {
      let size = 0;
      incoming.on('data', (chunk: Buffer) => (size += chunk.length));
      incoming.on('end', () => (reports.push(size), response.end()));
    }).listen(0, '127.0.0.1');
    await once(collector, 'listening');
    const endpointUrl = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
    Object.assign(process.env, { APOLLO_KEY: 'service:shop:secret', APOLLO_GRAPH_REF: 'shop@test' });
    const own = await startTestGateway({
      subgraphs: [catalog()],
      plugins: [ApolloServerPluginUsageReporting({ endpointUrl, sendReportsImmediately: true, sendTraces: false })],
    });
    delete process.env['APOLLO_KEY'];
    delete process.env['APOLLO_GRAPH_REF'];
    expect((await send(own, query('query Names { product(id: "1") { name } }'))).text).toBe('{"data":{"product":{"name":"Tea"}}}');
    while (reports.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await own.stop();
    collector.close();
    expect(reports[0]).toBeGreaterThan(20);
  });
  test('are told when the server stops', async () => {
    await gateway.stop();
    expect(seen.at(-1)).toBe('stop');
  });
});
