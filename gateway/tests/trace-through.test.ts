import { observeQueries } from '@supergraph/platform/database';
import { createLog, requestLog } from '@supergraph/platform/log';
import { startTracing } from '@supergraph/platform/start-tracing';
import { nobody } from '@supergraph/platform/context';
import { organizationWith, person } from '@supergraph/platform/testing';
import { testGraph } from '../testing.ts';
import { ask, startAppProcess } from './support/app-process.ts';
import { type ReceivedSpan, type SpanReceiver, startSpanReceiver } from './support/span-receiver.ts';

// One change travels through the real domains: request, statements, event, and what another domain makes of it.
const graph = testGraph('accounts', 'organizations', 'inventory');
const log = createLog(process.env['TEST_LOG_LEVEL'] ?? 'silent', 'test');
let receiver: SpanReceiver;
let stopTracing: () => Promise<void>;
beforeAll(async () => {
  receiver = await startSpanReceiver();
  const tracing = { endpoint: receiver.url, headers: {}, sampler: 'parentbased_always_on', ratio: 1, serviceName: undefined };
  // The domains' own work is not of interest.
  await graph.runtime();
  stopTracing = await startTracing({ settings: { tracing }, service: 'gateway', log });
});
afterAll(async () => {
  await graph.close();
  await receiver.close();
});

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const create = 'mutation Found($input: CreateOrganizationInput!) { createOrganization(input: $input) { organization { id } } }';

test('a request, its statements, its events and what follows from them are one trace', async () => {
  const statements: string[] = [];
  const stopObserving = observeQueries((text) => statements.push(text));
  const input = { name: 'Hidden Harbor Ltd', slug: 'hidden-harbor', currency: 'EUR' };
  const { data, errors } = await graph.run(create, { input, traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
  expect([errors, data.createOrganization.organization.id]).toEqual([undefined, expect.any(String)]);
  await graph.settle();
  stopObserving();
  await stopTracing();

  const spans = receiver.spans.filter((span) => span.traceId === traceId);
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const parentOf = ({ parentSpanId = '' }: ReceivedSpan) => byId.get(parentSpanId)?.name;
  const named = (name: string) => spans.filter((span) => span.name === name);
  const inserts = named('INSERT').map((span) => [parentOf(span), /"\w+"\."(\w+)"/.exec(String(span.attributes['db.query.text']))?.[1]]);
  expect(named('mutation')[0]).toMatchObject({ parentSpanId: '00f067aa0ba902b7', attributes: { 'graphql.operation.name': 'Found' } });
  expect(inserts).toEqual(
    expect.arrayContaining([
      ['fetch organizations', 'organizations'],
      ['fetch organizations', 'outbox'],
      ['handle organizations.organization.created', 'sellers'],
    ]),
  );
  expect(named('handle organizations.organization.created').map(({ kind, attributes }) => [kind, attributes['subgraph']])).toEqual([
    [5, 'inventory'],
  ]);
  // The envelope carries the context of the fetch that wrote the event.
  expect(named('handle organizations.organization.created').map(parentOf)).toEqual(['fetch organizations']);

  const commented = statements.filter((text) => text.includes(traceId));
  expect(commented).toContainEqual(
    expect.stringMatching(
      /^insert into "organizations"\."outbox" .* \/\*traceparent='00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01'\*\/$/s,
    ),
  );
  expect(receiver.text()).not.toContain('Hidden Harbor');
  expect(receiver.text()).not.toContain('hidden-harbor');
});

test('statements of requests that nobody records carry no comment, so that they stay prepared', async () => {
  const statements: string[] = [];
  const stopObserving = observeQueries((text) => statements.push(text));
  await graph.run(create, { input: { name: 'Open Harbor Ltd', currency: 'EUR' }, traceparent: `00-${traceId}-00f067aa0ba902b7-00` });
  stopObserving();
  expect(statements.length).toBeGreaterThan(0);
  expect(statements.filter((text) => text.includes('traceparent'))).toEqual([]);
});

test('the program sends its spans to the collector that its settings name, the last ones when it stops', async () => {
  const before = receiver.spans.length;
  const app = await startAppProcess({
    environment: { SEED: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_SERVICE_NAME: 'shop' },
  });
  await ask(app, 'query Last { products { totalCount } }');
  expect(await app.end()).toBe(0);
  const spans = receiver.spans.slice(before);
  const query = spans.find(({ attributes }) => attributes['graphql.operation.name'] === 'Last');
  expect(query).toMatchObject({ name: 'query', service: 'shop' });
  expect(spans.filter(({ traceId }) => traceId === query?.traceId).map(({ name }) => name)).toEqual(
    expect.arrayContaining(['plan', 'fetch catalog', 'SELECT']),
  );
});

test("a request's log lines tell its trace, person and tenant", () => {
  const viewer = person();
  const organization = organizationWith([]);
  const identity = { ...nobody('request-1'), viewer, organization, traceparent: `00-${traceId}-00f067aa0ba902b7-01` };
  expect(requestLog(log, identity).bindings()).toEqual({
    service: 'test',
    requestId: 'request-1',
    trace: traceId,
    userId: viewer.userId,
    tenant: organization.id,
  });
});
