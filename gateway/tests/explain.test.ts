import { type Identity, nobody } from '@supergraph/platform/context';
import { createLog } from '@supergraph/platform/log';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import { person } from '@supergraph/platform/testing';
import { createClient } from 'graphql-ws';
import { parse } from 'graphql';
import { WebSocket } from 'ws';
import { type Answer, type Increment, isIncremental } from '../src/answer.ts';
import { composeSubgraphs } from '../src/compose.ts';
import type { Explained, ToldNode } from '../src/explained.ts';
import { createExecutor } from '../src/gateway.ts';
import { startTestGateway, type TestGateway } from '../testing.ts';
import { accounts, catalog, type Fixture, fixture, organizations, type PeopleState, reviews } from './fixtures.ts';

const log = createLog(process.env['TEST_LOG_LEVEL'] ?? 'silent', 'test');
const state: PeopleState = { keySet: { keys: [] }, keySetAsked: 0, ended: [], memberships: new Map() };
const domains = (): Fixture[] => [accounts(state), organizations(state), catalog(), reviews()];

interface Asked {
  readonly variables?: Record<string, unknown>;
  readonly identity?: Identity;
  readonly explain?: boolean;
}

/** An engine over the sample domains, or over these. */
function engine(clients: readonly (SubgraphClient & { sdl: string })[] = domains()) {
  const { supergraphSdl } = composeSubgraphs(clients.map(({ name, sdl }) => ({ name, sdl })));
  const executor = createExecutor({ supergraphSdl, clients: new Map(clients.map((one) => [one.name, one])), log });
  const documents = new Map<string, ReturnType<typeof parse>>();
  const requestOf = (query: string, { variables, identity = nobody('request'), explain = true }: Asked) => {
    const document = documents.get(query) ?? parse(query);
    documents.set(query, document);
    const { signal } = new AbortController();
    return { document, operationName: undefined, variables, identity, explain, signal, deadline: Date.now() + 60_000 };
  };
  return {
    ask: (query: string, asked: Asked = {}) => executor.execute(requestOf(query, asked)),
    askInParts: (query: string, asked: Asked = {}) => executor.executeInParts(requestOf(query, asked)),
    explain: async (query: string, asked: Asked = {}) => explained(await executor.execute(requestOf(query, asked))),
  };
}

const explained = ({ extensions }: Pick<Answer, 'extensions'>) => extensions as unknown as Explained;

/** Every fetch of a plan, in its order. */
function fetchesOf(node: ToldNode | undefined): { subgraph: string; path: string; requires?: string; asks: string }[] {
  if (!node) return [];
  if (node.kind === 'Fetch') return [node];
  if (node.kind === 'Sequence' || node.kind === 'Parallel') return node.nodes.flatMap(fetchesOf);
  throw new Error(`a ${node.kind} was not expected`);
}

describe('the plan', () => {
  test('is told as a tree in the names that the client chose', async () => {
    const { plan } = await engine().explain(
      `query Shop($first: Int, $text: String!) {
        list: products(first: $first) { nodes { title: name reviews { body } } }
        echo(text: $text)
        again: echo(text: "two  words,\\nquoted", times: 2)
      }`,
      { variables: { first: 2, text: 'secret' } },
    );
    expect(plan.root).toEqual({
      kind: 'Sequence',
      nodes: [
        {
          kind: 'Fetch',
          fetch: 1,
          subgraph: 'catalog',
          path: '',
          asks: '{ list: products(first: $first) { nodes { __typename id title: name } } echo(text: $text) again: echo(text: "two  words,\\nquoted", times: 2) }',
          variables: ['first', 'text'],
        },
        {
          kind: 'Fetch',
          fetch: 2,
          subgraph: 'reviews',
          path: 'list.nodes.@',
          requires: '{ ... on Product { __typename id } }',
          asks: '{ ... on Product { reviews { body } } }',
        },
      ],
    });
    expect(plan.text).toContain('Flatten(path: "list.nodes.@")');
    expect(JSON.stringify(plan)).not.toMatch(/_k\d|secret/);
  });
  test('says what runs side by side', async () => {
    const { plan } = await engine().explain('{ product(id: "1") { seller { name reviewed } rating } }');
    expect(plan.root).toMatchObject({ kind: 'Sequence', nodes: [{ kind: 'Fetch' }, { kind: 'Parallel' }] });
    expect(fetchesOf(plan.root).map(({ subgraph, path }) => [subgraph, path])).toEqual([
      ['catalog', ''],
      ['reviews', 'product'],
      ['reviews', 'product.seller'],
      ['accounts', 'product.seller'],
    ]);
  });
  test('is that of the variables that decide what is skipped', async () => {
    const { explain } = engine();
    const query = 'query ($more: Boolean!) { product(id: "1") { name reviews @include(if: $more) { body } } }';
    const subgraphs = async (more: boolean) => {
      const { plan, timings } = await explain(query, { variables: { more } });
      return [timings.planKnown, ...fetchesOf(plan.root).map(({ subgraph }) => subgraph)];
    };
    expect(await subgraphs(false)).toEqual([false, 'catalog']);
    expect(await subgraphs(true)).toEqual([false, 'catalog', 'reviews']);
    expect(await subgraphs(false)).toEqual([true, 'catalog']);
  });
  test('shows what a field requires of others by its own name, with the arguments that it is required with', async () => {
    const shared = 'enum Currency { EUR USD }';
    const shop = fixture(
      'shop',
      `${shared} type Query { tea: Tea @public } type Tea @key(fields: "id") @public { id: ID! price(in: Currency): Int }`,
      {
        Query: { tea: () => ({ id: 't' }) },
        Tea: { __resolveReference: (tea: object) => tea, price: (_: unknown, args: { in?: string }) => (args.in === 'USD' ? 2 : 1) },
      },
    );
    const post = fixture(
      'post',
      `${shared} type Tea @key(fields: "id") @public { id: ID! price(in: Currency): Int @external fee: Int @requires(fields: "price(in: USD)") }`,
      { Tea: { __resolveReference: (tea: object) => tea, fee: ({ price }: { price: number }) => price } },
    );
    const { plan } = await engine([shop, post]).explain('{ tea { cost: price(in: EUR) fee } }');
    expect(fetchesOf(plan.root).map(({ requires, asks }) => [requires, asks])).toEqual([
      [undefined, '{ tea { __typename id cost: price(in: EUR) price(in: USD) } }'],
      ['{ ... on Tea { __typename id price } }', '{ ... on Tea { fee } }'],
    ]);
  });
  test('is empty where nothing has to be fetched', async () => {
    const { plan, timings } = await engine().explain('{ __schema { queryType { name } } }');
    expect(plan).toEqual({ text: 'QueryPlan {}' });
    expect(timings.fetches).toEqual([]);
  });
  test('tells of what a viewer may not see only that it was not asked for', async () => {
    const { plan } = await engine().explain('{ product(id: "1") { name notes } }');
    expect(fetchesOf(plan.root).map(({ asks }) => asks)).toEqual(['{ product(id: 1) { name __typename } }']);
    const seen = await engine().explain('{ product(id: "1") { name notes } }', { identity: { ...nobody('r'), viewer: person() } });
    expect(fetchesOf(seen.plan.root).map(({ asks }) => asks)).toEqual(['{ product(id: 1) { name notes } }']);
  });
});

describe('timings', () => {
  test('say of each fetch when it ran, and of the plan whether it was there', async () => {
    const { explain } = engine();
    const query = '{ product(id: "1") { name reviews { body } } }';
    const first = (await explain(query)).timings;
    expect(first.planKnown).toBe(false);
    expect(first.planningMs).toBeGreaterThan(0);
    const { timings } = await explain(query);
    expect(timings.planKnown).toBe(true);
    const [shop, opinions] = timings.fetches;
    expect([shop, opinions]).toMatchObject([
      { fetch: 1, subgraph: 'catalog', path: '', outcome: 'ok' },
      { fetch: 2, subgraph: 'reviews', path: 'product', outcome: 'ok', entities: { wanted: 1, asked: 1, remembered: 0 } },
    ]);
    expect(opinions?.startedAtMs).toBeGreaterThanOrEqual((shop?.startedAtMs ?? 0) + (shop?.tookMs ?? 0) - 0.02);
    expect(timings.totalMs).toBeGreaterThanOrEqual((opinions?.startedAtMs ?? 0) + (opinions?.tookMs ?? 0) - 0.02);
    expect(timings.writingMs).toBeGreaterThanOrEqual(0);
  });
  test('count how often an entity is wanted and how often it is asked for', async () => {
    const { timings } = await engine().explain(
      '{ a: product(id: "1") { seller { name } } b: product(id: "1") { seller { name } } c: product(id: "1") { reviews { author { name } } } }',
    );
    const people = timings.fetches.filter(({ subgraph }) => subgraph === 'accounts');
    expect(people.reduce((sum, { entities }) => sum + (entities?.wanted ?? 0), 0)).toBe(3);
    expect(people.reduce((sum, { entities }) => sum + (entities?.asked ?? 0), 0)).toBe(1);
    expect(people.filter(({ outcome }) => outcome === 'known').map(({ entities }) => entities?.asked)).toContain(0);
  });
  test('count errors, and tell a subgraph that is away from one that refuses', async () => {
    const all = domains();
    const opinions = all.find(({ name }) => name === 'reviews') as Fixture;
    const { explain } = engine(all);
    const refused = await explain('{ products { nodes { stars } } }');
    expect(refused.timings.fetches.at(-1)).toMatchObject({ subgraph: 'reviews', outcome: 'errors', errors: 1 });
    opinions.disturb = () => Promise.reject(new Error('connect ECONNREFUSED 10.0.0.1'));
    const away = await explain('{ products { nodes { stars } } }');
    expect(away.timings.fetches.at(-1)).toMatchObject({ subgraph: 'reviews', outcome: 'unavailable', errors: 1 });
    expect(JSON.stringify(away)).not.toContain('10.0.0.1');
  });
  test('say that a fetch took the answer to the same question of somebody else', async () => {
    const shop = catalog();
    const both = Promise.withResolvers<void>();
    const remote = {
      ...shop,
      isRemote: true,
      execute: async (request: Parameters<Fixture['execute']>[0]) => {
        await both.promise;
        return shop.execute({ ...request, variables: JSON.parse(request.variablesText ?? '{}') as Record<string, unknown> });
      },
    };
    const { explain } = engine([accounts(state), organizations(state), remote, reviews()]);
    const asking = [explain('{ product(id: "1") { name } }'), explain('{ product(id: "1") { name } }')];
    both.resolve();
    const shared = (await Promise.all(asking)).map(({ timings }) => timings.fetches[0]?.shared);
    expect(shared).toEqual([undefined, true]);
    expect(shop.requests).toHaveLength(1);
  });
});

describe('who is told', () => {
  test('only whoever asks, and nobody whose operation was refused', async () => {
    const { ask } = engine();
    expect(await ask('{ product(id: "1") { name } }', { explain: false })).toEqual({ data: '{"product":{"name":"Tea"}}' });
    expect((await ask('query ($id: ID!) { product(id: $id) { name } }')).extensions).toBeUndefined();
  });
  test('deferred parts: the plan comes first, and the last part has all timings', async () => {
    const answer = await engine().askInParts('{ products { nodes { name ... @defer(label: "later") { reviews { body } } } } }');
    if (!isIncremental(answer)) throw new Error('nothing was deferred');
    const { plan, timings } = explained(answer.initial);
    expect(plan.root).toMatchObject({
      kind: 'Defer',
      primary: { node: { kind: 'Fetch', fetch: 1 } },
      deferred: [{ label: 'later', path: 'products.nodes', after: [1], asks: '{ reviews { body } }', node: { kind: 'Fetch', fetch: 2 } }],
    });
    expect(timings.fetches.map(({ fetch }) => fetch)).toEqual([1]);
    const parts: Increment[] = [];
    for await (const increments of answer.later) parts.push(...increments);
    expect(parts).toHaveLength(3);
    expect(parts.slice(0, -1).every(({ extensions }) => extensions === undefined)).toBe(true);
    const last = explained(parts.at(-1) as Increment);
    expect(Object.keys(last)).toEqual(['timings']);
    expect(last.timings.fetches.map(({ fetch }) => fetch)).toEqual([1, 2]);
  });
});

describe('through the gateway', () => {
  const gateways: TestGateway[] = [];
  const open = async (development: boolean) => {
    const gateway = await startTestGateway({ subgraphs: domains(), settings: { development } });
    gateways.push(gateway);
    return gateway;
  };
  afterAll(async () => {
    for (const gateway of gateways) await gateway.stop();
  });
  const send = async ({ url }: TestGateway, headers: Record<string, string>) => {
    const init = {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: '{"query":"{ product(id: 1) { name } }"}',
    };
    return (await (await fetch(url, init)).json()) as { data: unknown; extensions?: unknown };
  };
  const events = async ({ socketUrl }: TestGateway, connectionParams: Record<string, string>) => {
    const client = createClient({ url: socketUrl, webSocketImpl: WebSocket, connectionParams });
    const told: unknown[] = [];
    const query = 'subscription { priceChanged(id: "1", count: 2) { price rating } }';
    for await (const { extensions } of client.iterate({ query })) told.push(extensions);
    await client.dispose();
    return told as (Explained | undefined)[];
  };

  test('with development tools, the header x-explain asks for it; over WebSocket each event tells of itself', async () => {
    const gateway = await open(true);
    expect(await send(gateway, {})).toEqual({ data: { product: { name: 'Tea' } } });
    expect(await send(gateway, { 'x-explain': '1' })).toEqual({
      data: { product: { name: 'Tea' } },
      extensions: { plan: { root: expect.objectContaining({ kind: 'Fetch' }), text: expect.any(String) }, timings: expect.any(Object) },
    });
    expect(await events(gateway, {})).toEqual([undefined, undefined]);
    const told = await events(gateway, { 'x-explain': '1' });
    expect(told).toHaveLength(2);
    for (const event of told) {
      expect(event?.plan.root).toMatchObject({ kind: 'Subscription', primary: { subgraph: 'catalog' }, rest: { subgraph: 'reviews' } });
      expect(event?.timings.fetches.map(({ subgraph }) => subgraph)).toEqual(['reviews']);
    }
  });
  test('without them nobody is told', async () => {
    const gateway = await open(false);
    expect(await send(gateway, { 'x-explain': '1' })).toEqual({ data: { product: { name: 'Tea' } } });
    expect(await events(gateway, { 'x-explain': '1' })).toEqual([undefined, undefined]);
  });
});
