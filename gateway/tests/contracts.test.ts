import { composeServices } from '@apollo/composition';
import { buildSchema, type GraphQLSchema, parse } from 'graphql';
import { createClient as createEventClient } from 'graphql-sse';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { apiSdlsOf, composeSubgraphs } from '../src/compose.ts';
import { type Contract, contractSdlOf } from '../src/contracts.ts';
import type { SourceListener } from '../src/supergraph-source.ts';
import { createTestKey, startTestGateway, type TestGateway, type TestKey } from '../testing.ts';
import { accounts, fixture, organizations, type PeopleState } from './fixtures.ts';

const imports = '"@key", "@tag", "@inaccessible"';
const federation = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: [${imports}]) directive @public on OBJECT | FIELD_DEFINITION`;
/** One subgraph without the shared definitions, as a supergraph. */
const supergraphOf = (sdl: string): string => {
  const { supergraphSdl, errors } = composeServices([{ name: 'shop', url: 'http://shop.test', typeDefs: parse(`${federation} ${sdl}`) }]);
  if (!supergraphSdl) throw new Error(errors?.join('\n'));
  return supergraphSdl;
};

/** The API schema of one contract over one subgraph. */
const apiOf = (sdl: string, { include = [], exclude = [] }: Partial<Contract>): GraphQLSchema =>
  buildSchema(apiSdlsOf(supergraphOf(sdl), [{ name: 'tested', include, exclude }]).get('tested') ?? '');
const fieldsOf = (schema: GraphQLSchema, type: string): string[] => {
  const found = schema.getType(type);
  return found && 'getFields' in found ? Object.keys(found.getFields()) : [];
};

const argumentsOf = (schema: GraphQLSchema, field: string): readonly string[] | undefined => {
  const { [field]: found } = schema.getQueryType()?.getFields() ?? {};
  return found?.args.map(({ name }) => name);
};

describe('what a contract hides', () => {
  const sdl = `
    type Query {
      a(open: Int, shut: Int @tag(name: "x")): Int @public
      b: Int @public @tag(name: "x")
      c(input: Input, color: Color): Thing @public
      d: Closed @public @tag(name: "x")
      e: Found @public @tag(name: "x")
      f: Stamp @public @tag(name: "x")
      g: [Open] @public
    }
    input Input { open: Int shut: Secret @tag(name: "x") }
    input Secret @tag(name: "x") { a: Int }
    enum Color { RED GREEN @tag(name: "x") }
    type Thing @public { id: ID! shut: Shade @tag(name: "x") }
    type Closed @tag(name: "x") @public { id: ID! }
    union Found @tag(name: "x") = Thing | Closed
    scalar Stamp @tag(name: "x")
    enum Shade @tag(name: "x") { DARK }
    interface Open { id: ID! }
    type Door implements Open @public { id: ID! }
    type Gate implements Open @public @tag(name: "x") { id: ID! }
  `;
  const api = apiOf(sdl, { exclude: ['x'] });

  test('fields, arguments, input fields, values and all kinds of types with an excluded tag', () => {
    expect(fieldsOf(api, 'Query')).toEqual(['a', 'c', 'g']);
    expect(argumentsOf(api, 'a')).toEqual(['open']);
    expect(fieldsOf(api, 'Input')).toEqual(['open']);
    expect(api.getType('Color')).toHaveProperty('_values.length', 1);
    expect(fieldsOf(api, 'Thing')).toEqual(['id']);
    for (const type of ['Closed', 'Found', 'Stamp', 'Secret', 'Shade', 'Gate'])
      expect([type, api.getType(type)]).toEqual([type, undefined]);
  });
  test('implementations of a visible interface stay', () => {
    expect(api.getType('Door')).toBeDefined();
  });
  test('nothing where no tag says so: the text stays as it is', () => {
    const text = supergraphOf('type Query { a: Int @public @tag(name: "y") }');
    expect(contractSdlOf(text, { name: 'tested', include: [], exclude: ['x'] })).toBe(text);
    expect(contractSdlOf(text, { name: 'tested', include: ['y'], exclude: [] })).toBe(text);
  });
  test('line for line the supergraph stays the same, so that errors point to the right place', () => {
    const text = supergraphOf(sdl);
    const filtered = contractSdlOf(text, { name: 'tested', include: [], exclude: ['x'] });
    expect(
      filtered
        .replaceAll(' @inaccessible', '')
        .split('\n')
        .slice(10, text.split('\n').length - 1),
    ).toEqual(text.split('\n').slice(10, -1));
  });
});

describe('included tags', () => {
  const sdl = `
    type Query { a: Int @public @tag(name: "in") b: Int @public c: Thing @public @tag(name: "in") d: Found @public @tag(name: "in") e: Part @public @tag(name: "in") }
    type Thing @public { id: ID! @tag(name: "in") name: String other: Rest }
    type Rest @public { id: ID! }
    type Part @public @tag(name: "in") { id: ID! name(size: Size): String shut: Int @tag(name: "out") }
    union Found @tag(name: "in") = Thing
    enum Size { S }
  `;
  test('alone let in fields and unions; a type stands for its fields; what only they use comes along', () => {
    const api = apiOf(sdl, { include: ['in'] });
    expect(fieldsOf(api, 'Query')).toEqual(['a', 'c', 'd', 'e']);
    expect(fieldsOf(api, 'Thing')).toEqual(['id']);
    expect(fieldsOf(api, 'Part')).toEqual(['id', 'name', 'shut']);
    expect([api.getType('Rest'), api.getType('Size')]).toEqual([undefined, expect.anything()]);
  });
  test('yield to excluded ones', () => {
    expect(fieldsOf(apiOf(sdl, { include: ['in'], exclude: ['out'] }), 'Part')).toEqual(['id', 'name']);
  });
});

describe('types go', () => {
  test('when no visible field leads to them any more', () => {
    const sdl = `
      type Query { a: A @public b: B @public @tag(name: "x") }
      type A @public { id: ID! }
      type B @public { c: C d(input: D): Int }
      type C @public { e: E }
      input D { e: E }
      enum E { ONE }
    `;
    const api = apiOf(sdl, { exclude: ['x'] });
    for (const type of ['B', 'C', 'D', 'E']) expect([type, api.getType(type)]).toEqual([type, undefined]);
    expect(api.getType('A')).toBeDefined();
  });
  test('when nothing of them is left to see', () => {
    const sdl = `
      type Query { a: Found @public }
      union Found = A | B
      type A @public { id: ID! }
      type B @public { id: ID! @tag(name: "x") name: String @inaccessible }
    `;
    expect(apiOf(sdl, { exclude: ['x'] }).getType('B')).toBeUndefined();
  });
});

describe('a contract that does not hold names the contract and the field', () => {
  test.each([
    [
      'a visible field leads to a hidden type',
      'type Query { a: A @public } type A @public @tag(name: "x") { id: ID! }',
      /"A" is @inaccessible but is referenced by "Query\.a"/,
    ],
    [
      'an argument that must be given is hidden',
      'type Query { a(b: Int! @tag(name: "x")): Int @public }',
      /"Query\.a\(b:\)" is @inaccessible but is a required argument/,
    ],
    [
      'an input field that must be given is hidden',
      'type Query { a(b: I): Int @public } input I { c: Int d: Int! @tag(name: "x") }',
      /"I\.d" is @inaccessible but is a required input field/,
    ],
    [
      'an object hides what its interface shows',
      'type Query { a: N @public } interface N { id: ID! } type A implements N @public { id: ID! @tag(name: "x") name: Int }',
      /"A\.id" is @inaccessible but implements the interface field "N\.id"/,
    ],
    [
      'a default is a hidden value',
      'type Query { a(b: E = TWO): Int @public } enum E { ONE TWO @tag(name: "x") }',
      /"E\.TWO" is @inaccessible but is used in the default value/,
    ],
    ['nothing is left to ask', 'type Query { a: Int @public @tag(name: "x") }', /"Query" is @inaccessible but is the root query type/],
  ])('%s', (_name, sdl, fault) => {
    expect(() => apiOf(sdl, { exclude: ['x'] })).toThrow(fault);
    expect(() => apiOf(sdl, { exclude: ['x'] })).toThrow(/^the contract "tested" does not hold:\n- .*\nmend: /);
  });
});

const state: PeopleState = { keySet: null, keySetAsked: 0, ended: [], memberships: new Map() };
const shopSdl = `
  type Query {
    product(id: ID!, margin: Boolean @tag(name: "partner")): Product @public
    wholesale(filter: WholesaleFilter, sort: Sort): [Product!] @public @tag(name: "partner")
    list(sort: Sort, filter: Filter): [Product!] @public
    secret: String @public @inaccessible @tag(name: "internal")
  }
  type Subscription { sold: Product @public bought: Product @public @tag(name: "partner") }
  input WholesaleFilter @tag(name: "partner") { least: Int }
  input Filter { name: String least: Int @tag(name: "partner") }
  enum Sort { NAME MARGIN @tag(name: "partner") }
  type Product @key(fields: "id") @public { id: ID! @tag(name: "partner") name: String margin: Int @tag(name: "partner") deal: Deal @tag(name: "partner") }
  type Deal @public { percent: Int }
`;
const stockSdl = 'type Product @key(fields: "id") @public { id: ID! @tag(name: "partner") stock: Int }';
const tea = { __typename: 'Product', id: '1', name: 'Tea', margin: 7, deal: { percent: 5 } };
const shop = fixture('shop', shopSdl, {
  Query: { product: () => tea, wholesale: () => [tea], list: () => [tea], secret: () => 'secret' },
  Subscription: {
    sold: {
      subscribe: async function* () {
        yield { sold: tea };
      },
    },
    bought: {
      subscribe: async function* () {
        yield { bought: tea };
      },
    },
  },
});
const stock = fixture('stock', stockSdl, { Product: { __resolveReference: ({ id }: { id: string }) => ({ id, stock: Number(id) + 1 }) } });
const subgraphs = [accounts(state), organizations(state), shop, stock];

let key: TestKey;
let gateway: TestGateway;
let closed: TestGateway;
let listener: SourceListener | undefined;
const { supergraphSdl } = composeSubgraphs(subgraphs);
beforeAll(async () => {
  key = await createTestKey('http://graph.test');
  state.keySet = key.keySet;
  const source = {
    open: (given: SourceListener) => {
      listener = given;
      return Promise.resolve({ supergraphSdl, close: () => Promise.resolve() });
    },
  };
  gateway = await startTestGateway({ subgraphs, source });
  closed = await startTestGateway({ subgraphs, settings: { development: false } });
});
afterAll(() => Promise.all([gateway.stop(), closed.stop()]));

const ask = async (at: TestGateway, query: string, options: { path?: string; token?: string; variables?: object } = {}) => {
  const response = await fetch(`${at.url}${options.path ?? ''}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(options.token ? { authorization: `Bearer ${options.token}` } : {}) },
    body: JSON.stringify({ query, variables: options.variables }),
  });
  return { status: response.status, text: await response.text() };
};
const dataOf = async (...args: Parameters<typeof ask>) => (JSON.parse((await ask(...args)).text) as { data?: unknown }).data;
const collect = async (results: AsyncIterable<unknown>) => {
  const all: unknown[] = [];
  for await (const result of results) all.push(result);
  return all;
};

describe('contracts at the gateway', () => {
  const partnerQuery = '{ product(id: "1", margin: true) { id margin deal { percent } stock } }';
  const partnerData = { product: { id: '1', margin: 7, deal: { percent: 5 }, stock: 2 } };

  test('are chosen by path', async () => {
    expect(await dataOf(gateway, partnerQuery, { path: '/partner' })).toEqual(partnerData);
    expect((await ask(gateway, partnerQuery)).status).toBe(400);
    expect((await ask(gateway, '{ __typename }', { path: '/nobody' })).status).toBe(404);
  });
  test('are chosen by the token where the path chooses none', async () => {
    const token = await key.sign({ scope: 'app contract:partner' });
    expect(await dataOf(gateway, partnerQuery, { token })).toEqual(partnerData);
    expect((await ask(gateway, partnerQuery, { token: await key.sign() })).status).toBe(400);
    expect((await ask(gateway, partnerQuery, { token: await key.sign({ scope: 'app contract:nobody' }) })).status).toBe(400);
  });
  test('hold for sockets and event streams, by path and by token', async () => {
    const query = 'subscription { bought { margin stock } }';
    const expected = [{ data: { bought: { margin: 7, stock: 2 } } }];
    const refused = [expect.objectContaining({ message: 'Cannot query field "bought" on type "Subscription".' })];
    const authorization = `Bearer ${await key.sign({ scope: 'contract:partner' })}`;
    for (const [path, connectionParams, holds] of [
      ['', {}, false],
      ['/partner', {}, true],
      ['', { authorization }, true],
    ] as const) {
      const socket = createClient({ url: `${gateway.socketUrl}${path}`, webSocketImpl: WebSocket, connectionParams, retryAttempts: 0 });
      const events = createEventClient({ url: `${gateway.url}${path}/stream`, headers: { ...connectionParams }, retryAttempts: 0 });
      if (holds) {
        expect(await collect(socket.iterate({ query }))).toEqual(expected);
        expect(await collect(events.iterate({ query }))).toEqual(expected);
      } else {
        await expect(collect(socket.iterate({ query }))).rejects.toEqual(refused);
        expect(await collect(events.iterate({ query }))).toEqual([{ errors: refused }]);
      }
      await socket.dispose();
      events.dispose();
    }
    expect(
      await new Promise((resolve) => {
        const socket = new WebSocket(`${gateway.socketUrl}/nobody`, 'graphql-transport-ws');
        socket.once('error', ({ message }) => resolve(message));
      }),
    ).toMatch(/404/);
  });

  const unknown = 'unheardof';
  test.each([
    ['a field', (name: string) => `{ product(id: "1") { ${name} } }`, 'margin'],
    ['a field of the query', (name: string) => `{ ${name} { name } }`, 'wholesale'],
    ['an internal field', (name: string) => `{ ${name} }`, 'secret'],
    ['a field of the subscription', (name: string) => `subscription { ${name} { name } }`, 'bought'],
    ['an argument', (name: string) => `{ product(id: "1", ${name}: true) { name } }`, 'margin'],
    ['a value', (name: string) => `{ list(sort: ${name}) { name } }`, 'MARGIN'],
    ['an input field', (name: string) => `{ list(filter: { ${name}: 1 }) { name } }`, 'least'],
    ['a type of a fragment', (name: string) => `{ product(id: "1") { ... on ${name} { percent } } }`, 'Deal'],
    ['a type of a variable', (name: string) => `query ($v: ${name}) { list(filter: $v) { name } }`, 'WholesaleFilter'],
    ['a type that is asked for by name', (name: string) => `{ __type(name: "${name}") { name } }`, 'Deal'],
    [
      'a value in a variable',
      (name: string) => ({ query: 'query ($v: Sort) { list(sort: $v) { name } }', variables: { v: name } }),
      'MARGIN',
    ],
    [
      'an input field in a variable',
      (name: string) => ({ query: 'query ($v: Filter) { list(filter: $v) { name } }', variables: { v: { [name]: 1 } } }),
      'least',
    ],
  ])('%s that is hidden answers exactly like one that never was', async (_name, build, hidden) => {
    for (const at of [gateway, closed]) {
      const answer = async (name: string) => {
        const request = build(name);
        const { query, variables } = typeof request === 'string' ? { query: request, variables: {} } : request;
        const { status, text } = await ask(at, query, { variables });
        // The two names differ in length, and with it the columns of what stands behind them.
        return { status, text: text.replaceAll(name, '<name>').replaceAll(/"column":\d+/g, '"column":0') };
      };
      const known = await answer(hidden);
      expect(known).toEqual(await answer(unknown));
      expect(known.text).not.toContain(hidden);
    }
  });
  test('suggestions name nothing that is hidden', async () => {
    const { text } = await ask(gateway, '{ product(id: "1") { margi } wholesal { name } }');
    expect(text).not.toMatch(/margin|wholesale/);
    expect((await ask(gateway, '{ product(id: "1") { margi } }', { path: '/partner' })).text).toContain('\\"margin\\"');
  });
  test('introspection shows the contract and nothing else', async () => {
    const names = async (path: string) => {
      const data = (await dataOf(gateway, '{ __schema { types { name } } }', { path })) as { __schema: { types: { name: string }[] } };
      return data.__schema.types.map(({ name }) => name);
    };
    expect(await names('')).not.toEqual(expect.arrayContaining(['Deal']));
    expect(await names('')).not.toEqual(expect.arrayContaining(['WholesaleFilter']));
    expect(await names('/partner')).toEqual(expect.arrayContaining(['Deal', 'WholesaleFilter']));
  });
  test('hidden keys still join the subgraphs', async () => {
    expect(await dataOf(gateway, '{ product(id: "1") { name stock } }')).toEqual({ product: { name: 'Tea', stock: 2 } });
  });
  test('a supergraph in which one contract does not hold is refused as a whole', async () => {
    const broken = supergraphSdl.replace(/type Deal\s+@join__type\(graph: SHOP\)/, '$& @tag(name: "internal")');
    expect(broken).not.toBe(supergraphSdl);
    listener?.changed(broken);
    const warnings = async () =>
      (await (await fetch(`http://127.0.0.1:${gateway.adminPort}/health/ready`)).json()) as { warnings: string[] };
    for (let tries = 0; tries < 200 && (await warnings()).warnings.length === 0; tries++) await new Promise((done) => setTimeout(done, 20));
    expect((await warnings()).warnings).toEqual([
      expect.stringMatching(
        /- the contract "partner" does not hold:\n- Type "Deal" is @inaccessible but is referenced by "Product\.deal"[\s\S]*\nmend: /,
      ),
    ]);
    expect(await dataOf(gateway, partnerQuery, { path: '/partner' })).toEqual(partnerData);
  });
});
