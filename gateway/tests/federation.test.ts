import { nobody, type Identity } from '@supergraph/platform/context';
import { createLog } from '@supergraph/platform/log';
import { person } from '@supergraph/platform/testing';
import { parse } from 'graphql';
import { answerText } from '../src/answer.ts';
import { composeSubgraphs } from '../src/compose.ts';
import { createExecutor } from '../src/gateway.ts';
import type { Executor } from '../src/executor.ts';
import { accounts, catalog, type Fixture, type PeopleState, reviews, watchers } from './fixtures.ts';

const log = createLog(process.env['TEST_LOG_LEVEL'] ?? 'silent', 'test');
const state: PeopleState = { keySet: { keys: [] }, keySetAsked: 0, ended: [], memberships: new Map() };
const people = accounts(state);
const shop = catalog();
const opinions = reviews();
const fixtures: Fixture[] = [people, shop, opinions];
const { supergraphSdl } = composeSubgraphs(fixtures.map(({ name, sdl }) => ({ name, sdl })));
const clients = new Map(fixtures.map((one) => [one.name, one]));
const executor = createExecutor({ supergraphSdl, clients, log, fetchMs: 20_000 });
const hasty = createExecutor({ supergraphSdl, clients, log, fetchMs: 150 });

const guest: Identity = nobody('request');
const signedIn = (scopes: string[] = []): Identity => ({ ...guest, viewer: person({ scopes }) });
const ask = async (
  query: string,
  identity = guest,
  variables: Record<string, unknown> = {},
  { signal = new AbortController().signal, through = executor }: { signal?: AbortSignal; through?: Executor } = {},
) => {
  const result = await through.execute({
    document: parse(query),
    operationName: undefined,
    variables,
    identity,
    signal,
    deadline: Date.now() + 20_000,
  });
  return JSON.parse(answerText(result)) as {
    data: any;
    errors?: { message: string; path?: (string | number)[]; extensions: Record<string, unknown> }[];
  };
};
const placed = (errors: { path?: unknown; extensions: Record<string, unknown> }[] = []) =>
  errors.map(({ path, extensions }) => [path, extensions['code']]);

beforeEach(() => {
  for (const one of fixtures) {
    one.disturb = undefined;
    one.requests.length = 0;
  }
});

describe('fields of several domains', () => {
  test('come together in one answer', async () => {
    expect(await ask('{ products(first: 2) { nodes { name seller { name reviewed } reviews { body author { id name } } } } }')).toEqual({
      data: {
        products: {
          nodes: ['1', '2'].map((id, index) => ({
            name: ['Tea', 'Pot'][index],
            seller: { name: `user u${id}`, reviewed: 1 },
            reviews: [{ body: `about ${id}`, author: { id: `u${id}`, name: `user u${id}` } }],
          })),
        },
      },
    });
  });
  test('variables, aliases, fragments and conditions travel', async () => {
    const query =
      'query ($id: ID!, $yes: Boolean!) { tea: product(id: $id) { ...F title: name id @skip(if: $yes) } } fragment F on Product { marks: rating }';
    expect(await ask(query, guest, { id: '1', yes: true })).toEqual({ data: { tea: { title: 'Tea', marks: 1.5 } } });
  });
  test('mutations answer with their domain errors', async () => {
    expect(await ask('mutation { rename(id: "1", name: "Chai") { name rating } }')).toEqual({
      data: { rename: { name: 'Chai', rating: 1.5 } },
    });
    const taken = await ask('mutation { again: rename(id: "1", name: "taken") { name } }');
    expect(taken).toEqual({
      data: { again: null },
      errors: [{ message: 'the name is taken', path: ['again'], extensions: { code: 'CONFLICT', reason: 'NAME_TAKEN' } }],
    });
  });
  test('an unexpected error is masked and carries an id', async () => {
    const { errors } = await ask('mutation { rename(id: "1", name: "crash") { name } }');
    expect(errors).toEqual([
      {
        message: 'something went wrong on our side',
        path: ['rename'],
        extensions: { code: 'INTERNAL_SERVER_ERROR', errorId: expect.any(String) },
      },
    ]);
  });
  test('bad variables are told before anything is asked', async () => {
    const { errors } = await ask('query ($id: ID!) { product(id: $id) { name } }', guest, {});
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'BAD_USER_INPUT', issues: [{ path: 'id' }] });
    expect(shop.requests).toHaveLength(0);
  });
  test('what is inaccessible does not exist', () => {
    expect(executor.schema.getQueryType()?.getFields()).not.toHaveProperty('hidden');
    expect(executor.schema.getQueryType()?.getFields()).not.toHaveProperty('signingKeySet');
  });
});

describe('errors stand where they happened', () => {
  test('of one entity in a list', async () => {
    const { data, errors } = await ask('{ products { nodes { id stars } } }');
    expect(data.products.nodes).toEqual([
      { id: '1', stars: 5 },
      { id: '2', stars: 5 },
      { id: '3', stars: null },
    ]);
    expect(errors).toEqual([{ message: 'Rating not found', path: ['products', 'nodes', 2, 'stars'], extensions: { code: 'NOT_FOUND' } }]);
  });
  test('of one entity among others that were not asked for', async () => {
    const { data, errors } = await ask('{ found { ... on Product { id stars } ... on Shop { title } } }');
    expect(data.found).toEqual([{ title: 'Corner' }, { id: '1', stars: 5 }, { id: '3', stars: null }]);
    expect(placed(errors)).toEqual([[['found', 2, 'stars'], 'NOT_FOUND']]);
  });
  test('below an alias and another entity', async () => {
    people.disturb = async ({ variables }) => ({
      data: { _entities: ((variables?.['representations'] ?? []) as unknown[]).map(() => ({ name: null })) },
      errors: [
        {
          message: 'no name',
          path: ['_entities', 1, 'name'],
          extensions: { code: 'CONFLICT', serviceName: 'accounts', stacktrace: ['at secret.ts'] },
        },
      ],
    });
    const { errors } = await ask('{ list: products { nodes { by: seller { name } } } }');
    expect(errors).toEqual([{ message: 'no name', path: ['list', 'nodes', 1, 'by', 'name'], extensions: { code: 'CONFLICT' } }]);
  });
  test('a subgraph that is down nulls its own fields and names the place', async () => {
    opinions.disturb = () => Promise.reject(new Error('connect ECONNREFUSED 127.0.0.1:4105'));
    const { data, errors } = await ask('{ products(first: 2) { nodes { name stars reviews { body } } } reviewCount }');
    expect(data).toEqual({
      products: {
        nodes: [
          { name: 'Tea', stars: null, reviews: null },
          { name: 'Pot', stars: null, reviews: null },
        ],
      },
      reviewCount: null,
    });
    expect(placed(errors)).toEqual(
      expect.arrayContaining([
        [['reviewCount'], 'UPSTREAM_UNAVAILABLE'],
        [['products', 'nodes', 0, 'stars'], 'UPSTREAM_UNAVAILABLE'],
        [['products', 'nodes', 1, 'reviews'], 'UPSTREAM_UNAVAILABLE'],
      ]),
    );
    expect(errors).toHaveLength(5);
    expect(JSON.stringify(errors)).not.toMatch(/reviews"?,? ?service|ECONN|4105|opinions/);
  });
  test('a non-null field of a subgraph that is down takes its parents with it', async () => {
    opinions.disturb = () => Promise.resolve({ data: null, errors: [{ message: 'away', extensions: { code: 'UPSTREAM_UNAVAILABLE' } }] });
    const { data, errors } = await ask('{ product(id: "1") { name rating } reviewCount }');
    expect(data).toEqual({ product: null, reviewCount: null });
    expect(placed(errors)).toEqual(expect.arrayContaining([[['product', 'rating'], 'UPSTREAM_UNAVAILABLE']]));
  });
  test('rubbish for an answer is masked', async () => {
    opinions.disturb = () => Promise.resolve({ data: { _entities: 'rubbish' } } as never);
    const { data, errors } = await ask('{ product(id: "1") { name stars } }');
    expect(data).toEqual({ product: { name: 'Tea', stars: null } });
    expect(placed(errors)).toEqual([[['product', 'stars'], 'UPSTREAM_UNAVAILABLE']]);
  });
});

describe('time', () => {
  test('a hung subgraph costs its own fields only, and its signal ends', async () => {
    watchers.aborted = 0;
    const begun = Date.now();
    const { data, errors } = await ask('{ slow reviewCount }', guest, {}, { through: hasty });
    expect(data).toEqual({ slow: null, reviewCount: 3 });
    expect(placed(errors)).toEqual([[['slow'], 'UPSTREAM_UNAVAILABLE']]);
    // Ended by the subgraph's own time, not by the request's.
    expect(Date.now() - begun).toBeLessThan(10_000);
    expect(watchers.aborted).toBe(1);
  });
  test('a client that leaves ends the signal of its subgraph calls at once', async () => {
    watchers.aborted = 0;
    const { open } = watchers;
    const leaving = new AbortController();
    const answer = ask('{ slow }', guest, {}, { signal: leaving.signal });
    while (watchers.open === open) await new Promise((resolve) => setTimeout(resolve, 5));
    leaving.abort();
    await answer;
    expect(watchers.aborted).toBe(1);
  });
});

describe('access rules at the edge', () => {
  test('a denied field is null with an error, its siblings stay, and nobody is asked for it', async () => {
    const { data, errors } = await ask('{ product(id: "1") { name notes } secret }');
    expect(data).toEqual({ product: { name: 'Tea', notes: null }, secret: null });
    expect(placed(errors)).toEqual([
      [['product', 'notes'], 'UNAUTHENTICATED'],
      [['secret'], 'UNAUTHENTICATED'],
    ]);
    expect(shop.requests.map(({ query }) => query).join()).not.toMatch(/notes|secret/);
    expect(await ask('{ product(id: "1") { notes } secret }', signedIn())).toEqual({
      data: { product: { notes: 'dusty' }, secret: 'tell nobody' },
    });
  });
  test('a denied non-null field takes its parents with it, as far as they cannot be null', async () => {
    const { data, errors } = await ask('{ product(id: "1") { name margin } products(first: 2) { nodes { margin } } }', signedIn());
    expect(data).toBeNull();
    expect(placed(errors)).toEqual(
      expect.arrayContaining([
        [['product', 'margin'], 'FORBIDDEN'],
        [['products', 'nodes', 1, 'margin'], 'FORBIDDEN'],
      ]),
    );
    expect((await ask('{ product(id: "1") { margin } reviewCount }', signedIn())).data).toEqual({ product: null, reviewCount: 3 });
    expect((await ask('{ product(id: "1") { margin } }', signedIn(['catalog:margin']))).data).toEqual({ product: { margin: 10 } });
  });
  test('nothing is fetched when everything is denied', async () => {
    expect(await ask('{ secret other: secret }')).toMatchObject({
      data: { secret: null, other: null },
      errors: [{ path: ['secret'] }, { path: ['other'] }],
    });
    expect(await ask('{ requiredSecret }')).toMatchObject({ data: null, errors: [{ path: ['requiredSecret'] }] });
    expect(await ask('mutation { write }')).toMatchObject({ data: { write: null } });
    expect(fixtures.flatMap(({ requests }) => requests)).toEqual([]);
  });
  test('fragments, aliases, interfaces and skipped fields are judged too', async () => {
    const { data, errors } = await ask(
      '{ product(id: "1") { ...F @include(if: true) hide: notes @skip(if: true) } } fragment F on Product { my: notes seller { mail: email name } }',
    );
    expect(data).toEqual({ product: { my: null, seller: null } });
    expect(placed(errors)).toEqual([
      [['product', 'my'], 'UNAUTHENTICATED'],
      [['product', 'seller', 'mail'], 'UNAUTHENTICATED'],
    ]);
    const bags = await ask('{ bag { id content } }');
    expect(bags.data).toEqual({
      bag: [
        { id: '1', content: 'air' },
        { id: '2', content: null },
      ],
    });
    expect(placed(bags.errors)).toEqual([[['bag', 1, 'content'], 'UNAUTHENTICATED']]);
  });
  test('one document serves different viewers', async () => {
    const document = parse('{ secret }');
    const as = (identity: Identity) =>
      executor.execute({
        document,
        operationName: undefined,
        variables: {},
        identity,
        signal: new AbortController().signal,
        deadline: Date.now() + 20_000,
      });
    expect((await as(guest)).data).toBe('{"secret":null}');
    expect((await as(signedIn())).data).toBe('{"secret":"tell nobody"}');
    expect((await as(guest)).data).toBe('{"secret":null}');
  });
});
