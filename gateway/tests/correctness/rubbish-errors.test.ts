import { placeOf } from './compare.ts';
import { answerWhile, isClean } from './rubbish.ts';

/* Errors of subgraphs that say nonsense, too much, or what nobody outside may read. */

afterEach(isClean);

const item = { id: '1', name: 'Tea' };
const document = '{ starred item { id name } }';
const whole = { starred: 9, item };
const thingsSay = (errors: unknown, data: unknown = { item }) => answerWhile('things', () => ({ data, errors }), document);

describe('a list of errors that is none', () => {
  test.each<[string, unknown]>([
    ['null', null],
    ['a text', 'broken'],
    ['a number', 3],
    ['an object', { message: 'broken' }],
    ['an empty list', []],
  ])('%s', async (_, errors) => {
    expect((await thingsSay(errors)).data).toEqual(whole);
  });
  test.each<[string, unknown]>([
    ['null', null],
    ['a text', 'broken'],
    ['a number', 3],
    ['a list', []],
    ['an empty object', {}],
    ['an object whose message is one', { message: { text: 'broken' } }],
    ['an object whose extensions are a text', { message: 'broken', extensions: 'none' }],
    ['an object whose code is a number', { message: 'broken', extensions: { code: 7 } }],
  ])('with %s in it', async (_, error) => {
    const { data, errors } = await thingsSay([error]);
    expect(data).toEqual(whole);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({
      message: expect.any(String),
      extensions: { code: 'INTERNAL_SERVER_ERROR', errorId: expect.any(String) },
    });
    expect(JSON.stringify(errors)).not.toContain('broken');
  });
});

describe('a place that is none', () => {
  test.each<[string, unknown]>([
    ['a field that was not asked for', ['nowhere']],
    ['a field below a leaf', ['item', 'name', 'deeper', 3]],
    ['an index of an object', ['item', 0]],
    ['an index that the list does not have', ['items', 99, 'name']],
    ['a text', 'item'],
    ['a number', 1],
    ['an object', { 0: 'item' }],
    ['steps of other kinds', [null, { a: 1 }, ['item'], true]],
    ['__proto__', ['__proto__', 'polluted']],
    ['an empty path', []],
    ['a very long path', Array.from({ length: 10_000 }, () => 'item')],
  ])('%s', async (_, path) => {
    const { data, errors } = await thingsSay([{ message: 'not now', path, extensions: { code: 'CONFLICT' } }]);
    expect(data).toEqual(whole);
    expect(errors.map(({ message, extensions }) => [message, extensions])).toEqual([['not now', { code: 'CONFLICT' }]]);
    // The place is one that the answer has, or none.
    const place = errors[0]?.path;
    if (place === undefined) return;
    expect(place.length).toBeGreaterThan(0);
    expect(placeOf(place, data)).toEqual(place);
  });
  test.each<[string, unknown]>([
    ['an entity that was not asked for', ['_entities', 99, 'stars']],
    ['no entity', ['_entities']],
    ['a negative index', ['_entities', -1, 'stars']],
    ['a text for an index', ['_entities', '0', 'stars']],
    ['another root field', ['elsewhere', 0]],
    ['no place at all', undefined],
  ])('of entities: %s', async (_, path) => {
    const says = () => ({
      data: { _entities: [{ stars: 1 }, { stars: null }] },
      errors: [{ message: 'not now', path, extensions: { code: 'CONFLICT' } }],
    });
    const { data, errors } = await answerWhile('stars', says, '{ items { name stars } }');
    expect(data).toEqual({
      items: [
        { name: 'Tea', stars: 1 },
        { name: 'Pot', stars: null },
      ],
    });
    expect(errors.length).toBeGreaterThan(0);
    for (const { message, path: place = [] } of errors) {
      expect(message).toBe('not now');
      expect(placeOf(place, data)).toEqual(place);
    }
  });
});

describe('an error without a place', () => {
  const says = () => ({ data: null, errors: [{ message: 'not now', extensions: { code: 'CONFLICT' } }] });
  test.each<[string, unknown, readonly (readonly string[])[]]>([
    ['{ __typename item { name } }', { __typename: 'Query', item: null }, [['item']]],
    ['{ __typename ...F } fragment F on Query { __typename item { id } }', { __typename: 'Query', item: null }, [['item']]],
    [
      '{ ... on Query { __typename thing { __typename } } item { id } }',
      { __typename: 'Query', thing: null, item: null },
      [['thing'], ['item']],
    ],
  ])('stands at what was asked for, not at what the root is called: %s', async (asked, data, places) => {
    const answer = await answerWhile('things', says, asked);
    expect(JSON.stringify(answer.data)).toBe(JSON.stringify(data));
    expect(answer.errors.map(({ path }) => path)).toEqual(places);
  });
  test('is none where nothing but the type is wanted', async () => {
    expect(await answerWhile('things', says, '{ __typename type: __typename }')).toEqual({
      data: { __typename: 'Query', type: 'Query' },
      errors: [],
    });
  });
});

describe('what may not leave', () => {
  test('secrets in extensions, and messages without a code', async () => {
    const secret = {
      stacktrace: ['at /srv/app.ts'],
      exception: { sql: 'SELECT' },
      serviceName: 'things',
      response: { url: 'http://10.0.0.7' },
      url: 'http://10.0.0.7',
    };
    const { errors } = await thingsSay([
      {
        message: 'taken',
        path: ['item', 'name'],
        locations: [{ line: 1, column: 2 }],
        extensions: { ...secret, code: 'CONFLICT', reason: 'NAME' },
      },
      { message: 'connect ECONNREFUSED 10.0.0.7:5432', path: ['item'], extensions: secret },
      { message: 'Cannot query field "x" on type "Item".', extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
    ]);
    expect(errors[0]).toEqual({ message: 'taken', path: ['item', 'name'], extensions: { code: 'CONFLICT', reason: 'NAME' } });
    expect(errors.map(({ extensions }) => extensions?.['code'])).toEqual(['CONFLICT', 'INTERNAL_SERVER_ERROR', 'INTERNAL_SERVER_ERROR']);
    for (const word of ['10.0.0.7', 'srv', 'SELECT', 'things', 'Cannot query']) expect(JSON.stringify(errors)).not.toContain(word);
  });
  test('more errors than anybody reads', async () => {
    const many = Array.from({ length: 50_000 }, (_, index) => ({
      message: `error ${index}`,
      path: ['item', 'name'],
      extensions: { code: 'CONFLICT' },
    }));
    const { data, errors } = await thingsSay(many);
    expect(data).toEqual(whole);
    expect(errors.length).toBeLessThanOrEqual(100);
  });
});

test('an error of an entity stands at each of its places', async () => {
  const says = () => ({
    data: { _entities: [{ stars: null }] },
    errors: [{ message: 'not now', path: ['_entities', 0, 'stars'], extensions: { code: 'CONFLICT' } }],
  });
  const { data, errors } = await answerWhile('stars', says, '{ a: item { stars } b: item { stars } }');
  expect(data).toEqual({ a: { stars: null }, b: { stars: null } });
  expect(errors.map(({ path }) => path)).toEqual([
    ['a', 'stars'],
    ['b', 'stars'],
  ]);
});
