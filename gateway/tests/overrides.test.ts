import { composeServices } from '@apollo/composition';
import { operationFromDocument, ROUTER_SUPPORTED_SUPERGRAPH_FEATURES, Supergraph } from '@apollo/federation-internals';
import { QueryPlanner } from '@apollo/query-planner';
import { readSettings } from '@supergraph/platform/config';
import { type Identity, nobody } from '@supergraph/platform/context';
import { person } from '@supergraph/platform/testing';
import { parse } from 'graphql';
import { pino } from 'pino';
import { createExecutor } from '../src/gateway.ts';
import type { ExecutorRequest } from '../src/executor.ts';
import { createOverrides, overrideLabelsOf } from '../src/overrides.ts';
import { openGraph } from '../src/supergraph.ts';
import { fixedSupergraph } from '../src/supergraph-source.ts';

const imports = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@override"])';
const { supergraphSdl = '' } = composeServices([
  {
    name: 'old',
    typeDefs: parse(`${imports} type Query { item: Item } type Item @key(fields: "id") { id: ID! stock: Int place: String name: String }`),
  },
  {
    name: 'new',
    typeDefs: parse(
      `${imports} type Item @key(fields: "id") { id: ID! stock: Int @override(from: "old", label: "percent(25)") place: String @override(from: "old", label: "new-places") name: String @override(from: "old", label: "percent(25)") }`,
    ),
  },
]);
const guest = (requestId: string): Identity => nobody(requestId);
const user = (userId: string): Identity => ({ ...nobody('request'), viewer: person({ userId }) });
const users = Array.from({ length: 4_000 }, (_, index) => user(`user-${index}`));

test('the labels of a supergraph are found, each once', () => {
  expect(overrideLabelsOf(supergraphSdl)).toEqual(['new-places', 'percent(25)']);
  expect(overrideLabelsOf('type Query { a: Int }')).toEqual([]);
});

describe('percent(n)', () => {
  const inside = (label: string) => {
    const overrides = createOverrides([label]);
    return new Set(users.filter((identity) => overrides(identity).get(label)));
  };
  test('is on for n of a hundred users, always the same ones', () => {
    for (const [label, share] of [
      ['percent(0)', 0],
      ['percent(2.5)', 0.025],
      ['percent(25)', 0.25],
      ['percent(50)', 0.5],
      ['percent(100)', 1],
    ] as const) {
      const found = inside(label);
      expect(Math.abs(found.size / users.length - share)).toBeLessThan(0.02);
      expect(inside(label)).toEqual(found);
    }
  });
  test('keeps those that it has when n grows', () => {
    const [some, more] = [inside('percent(25)'), inside('percent(50)')];
    expect([...some].every((identity) => more.has(identity))).toBe(true);
  });
  test('counts guests by request', () => {
    const overrides = createOverrides(['percent(50)']);
    const on = Array.from({ length: 1_000 }, (_, index) => overrides(guest(`request-${index}`)).get('percent(50)')).filter(Boolean).length;
    expect(Math.abs(on - 500)).toBeLessThan(60);
    expect(overrides(guest('request-1'))).toBe(overrides(guest('request-1')));
  });
});

describe('other labels', () => {
  const labels = ['new-places', 'beta', 'percent(0)'];
  test('are off, unless the setting or a hook turns them on', () => {
    const plain = createOverrides(labels);
    expect(plain(guest('1'))).toEqual(
      new Map([
        ['new-places', false],
        ['beta', false],
        ['percent(0)', false],
      ]),
    );
    const set = createOverrides(labels, { active: new Set(['beta', 'percent(0)']) });
    expect(set(guest('1'))).toEqual(
      new Map([
        ['new-places', false],
        ['beta', true],
        ['percent(0)', true],
      ]),
    );
    const hooked = createOverrides(labels, {
      active: new Set(['beta']),
      decide: (label, { viewer }) => (label === 'beta' ? viewer !== null : undefined),
    });
    expect(hooked(guest('1')).get('beta')).toBe(false);
    expect(hooked(user('ada')).get('beta')).toBe(true);
  });
  test('are checked where they are set', () => {
    expect(readSettings({ OVERRIDE_LABELS: ' beta , a:b/c.d_e-f,percent(12.5)' }).overrideLabels).toEqual(
      new Set(['beta', 'a:b/c.d_e-f', 'percent(12.5)']),
    );
    for (const wrong of ['1beta', 'percent(101)', 'a b']) {
      expect(() => readSettings({ OVERRIDE_LABELS: wrong })).toThrow(/OVERRIDE_LABELS must be labels separated by commas/);
    }
  });
});

test('the same choice is the same map, however many people ask', () => {
  const overrides = createOverrides(['percent(10)', 'percent(60)', 'beta']);
  expect(new Set(users.map(overrides)).size).toBe(3);
});

test('a decision moves the fields of a plan from one subgraph to the other', () => {
  const supergraph = Supergraph.build(supergraphSdl, { supportedFeatures: ROUTER_SUPPORTED_SUPERGRAPH_FEATURES });
  const operation = operationFromDocument(supergraph.apiSchema(), parse('{ item { stock place } }'));
  const planner = new QueryPlanner(supergraph);
  const overrides = createOverrides(overrideLabelsOf(supergraphSdl));
  const askedOf = (identity: Identity) => {
    const plan = JSON.stringify(planner.buildQueryPlan(operation, { overrideConditions: new Map(overrides(identity)) }));
    return [plan.includes('stock place'), plan.includes('"serviceName":"new"')];
  };
  const decided = users.map((identity) => [identity, overrides(identity).get('percent(25)')] as const);
  const outside = decided.find(([, on]) => !on)?.[0] ?? guest('1');
  const inside = decided.find(([, on]) => on)?.[0] ?? guest('1');
  expect(askedOf(outside)).toEqual([true, false]);
  expect(askedOf(inside)).toEqual([false, true]);
});

test('every request reaches the executor with its choice; labels that no field has are warned of', async () => {
  const lines: any[] = [];
  const seen: ExecutorRequest['overrides'][] = [];
  const client = {
    name: 'old',
    execute: () => Promise.resolve({ data: { item: null } }),
    subscribe: () => Promise.resolve({ data: null }),
    close: () => Promise.resolve(),
  };
  const log = pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const graph = await openGraph({
    source: fixedSupergraph(supergraphSdl),
    clients: new Map([
      ['old', client],
      ['new', { ...client, name: 'new' }],
    ]),
    overrides: { active: new Set(['new-places', 'new-placse']) },
    log,
    build: (sdl, clients) => {
      const executor = createExecutor({ supergraphSdl: sdl, clients, log });
      const note = ({ overrides }: Pick<ExecutorRequest, 'overrides'>) => void seen.push(overrides);
      return {
        ...executor,
        execute: (request) => (note(request), executor.execute(request)),
        executeInParts: (request) => (note(request), executor.executeInParts(request)),
        subscribe: (request) => (note(request), executor.subscribe(request)),
      };
    },
  });
  const document = parse('{ item { stock } }');
  const { current } = graph.of('public');
  const request = { document, operationName: undefined, variables: undefined, identity: guest('1'), signal: new AbortController().signal };
  expect(await current.execute({ ...request, deadline: Date.now() + 5_000 })).toEqual({ data: '{"item":null}' });
  await current.executeInParts({ ...request, deadline: Date.now() + 5_000 });
  await current.subscribe(request);
  expect(seen).toHaveLength(3);
  for (const overrides of seen)
    expect(overrides).toEqual(
      new Map([
        ['new-places', true],
        ['percent(25)', expect.any(Boolean)],
      ]),
    );
  expect(lines).toEqual([expect.objectContaining({ reason: 'new-placse', mend: expect.stringContaining('OVERRIDE_LABELS') })]);
  await graph.close();
});
