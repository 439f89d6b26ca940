import { serverAudits } from 'graphql-http';
import { startTestGateway, type TestGateway } from '../../testing.ts';
import { catalog } from '../fixtures.ts';

const gateways: Record<string, TestGateway> = {};
beforeAll(async () => {
  gateways['direct'] = await startTestGateway({ subgraphs: [catalog()], settings: { development: true } });
  gateways['apollo'] = await startTestGateway({ subgraphs: [catalog()], settings: { development: true }, plugins: [{}] });
});
afterAll(() => Promise.all(Object.values(gateways).map((gateway) => gateway.stop())));

/** What the draft leaves open: bad documents get 400 with `application/json`, too, and a form is no GET of ours. */
const otherwise = new Set([
  'MAY accept application/x-www-form-urlencoded formatted GET requests',
  'SHOULD use 200 status code on document parsing failure when accepting application/json',
  'SHOULD use 200 status code on document validation failure when accepting application/json',
  'SHOULD use a status code of 200 on variable coercion failure when accepting application/json',
]);

/** As a client of ours asks: a GET shows that no foreign page made the browser send it. */
const ask = (url: string, init: RequestInit = {}) => {
  const headers = new Headers(init.headers);
  headers.set('apollo-require-preflight', '1');
  return fetch(url, { ...init, headers });
};

test.each(['direct', 'apollo'])('every audit of GraphQL over HTTP passes on the %s lane', async (lane) => {
  const audits = serverAudits({ url: gateways[lane]?.url ?? '', fetchFn: ask });
  const results = await Promise.all(audits.map((audit) => audit.fn()));
  expect(results.length).toBeGreaterThan(50);
  const others = results.filter(({ status, name }) => status === 'error' || (status !== 'ok' && !otherwise.has(name)));
  expect(others.map((result) => `${result.status}: ${result.name}: ${'reason' in result ? result.reason : ''}`)).toEqual([]);
});
