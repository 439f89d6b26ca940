import { ask, down, isClean, type Told } from './rubbish.ts';

/* What subgraphs may answer instead of what they were asked: the rest of the answer stands, and nothing else happens. */

afterEach(isClean);

describe('an answer that is none', () => {
  const never = () => new Promise(() => undefined);
  const answers: readonly (readonly [string, () => unknown])[] = [
    ['nothing', () => undefined],
    ['null', () => null],
    ['a text', () => 'a text'],
    ['a number', () => 7],
    ['a list', () => []],
    ['an empty object', () => ({})],
    ['data null', () => ({ data: null })],
    ['data a text', () => ({ data: 'text' })],
    ['data a list', () => ({ data: [] })],
    [
      'an exception',
      () => {
        throw new Error('10.0.0.7:5432 refused');
      },
    ],
    ['a rejection', () => Promise.reject(new Error('socket hang up'))],
    ['never', never],
    ['an error without a path', () => ({ data: null, errors: [{ message: 'postgres://secret', extensions: { code: down } }] })],
  ];
  test.each(answers)('of a root field: %s', async (_, answer) => {
    expect(await ask('{ starred item { id name } }', 'things', answer)).toEqual({
      data: { starred: 9, item: null },
      told: [[['item'], down]],
    });
  });
  test.each(answers)('of entities: %s', async (_, answer) => {
    expect(await ask('{ items { name stars } }', 'stars', answer)).toEqual({
      data: {
        items: [
          { name: 'Tea', stars: null },
          { name: 'Pot', stars: null },
        ],
      },
      told: [
        [['items', 0, 'stars'], down],
        [['items', 1, 'stars'], down],
      ],
    });
  });
  test.each(answers)('of entities whose field may not be null: %s', async (_, answer) => {
    const { data, told } = await ask('{ items { name must2 } item { name } }', 'stars', answer);
    expect(data).toEqual({ items: [null, null], item: { name: 'Tea' } });
    expect(told.map(([path]) => path)).toEqual([
      ['items', 0, 'must2'],
      ['items', 1, 'must2'],
    ]);
  });
});

describe('a list of entities that is none', () => {
  const entity = (id: number, more: object = {}) => ({ __typename: 'Item', stars: id, ...more });
  const all: Told = [
    [['items', 0, 'stars'], down],
    [['items', 1, 'stars'], down],
  ];
  test.each<[string, unknown]>([
    ['missing', undefined],
    ['null', null],
    ['a text', 'entities'],
    ['an object', { 0: entity(1), 1: entity(2), length: 2 }],
    ['too short', [entity(1)]],
    ['empty', []],
    ['too long', [entity(1), entity(2), entity(3)]],
  ])('%s', async (_, _entities) => {
    expect(await ask('{ items { name stars } }', 'stars', () => ({ data: { _entities } }))).toEqual({
      data: {
        items: [
          { name: 'Tea', stars: null },
          { name: 'Pot', stars: null },
        ],
      },
      told: all,
    });
  });
  test.each<[string, unknown]>([
    ['a text', 'entity'],
    ['a number', 4],
    ['a list', [entity(1)]],
    ['true', true],
    ['an entity of an unknown type', { __typename: 'Nonsense', stars: 5 }],
    ['an entity of another type', { __typename: 'Review', stars: 5 }],
  ])('with an item that is %s', async (_, item) => {
    expect(await ask('{ items { name stars } }', 'stars', () => ({ data: { _entities: [item, entity(2)] } }))).toEqual({
      data: {
        items: [
          { name: 'Tea', stars: null },
          { name: 'Pot', stars: 2 },
        ],
      },
      told: [[['items', 0, 'stars'], down]],
    });
  });
  test.each<[string, unknown, unknown]>([
    ['null', null, null],
    ['without __typename', { stars: 5 }, 5],
    ['with keys that nobody asked for', { ...entity(5), id: '7', name: 'stolen', secret: 1 }, 5],
    [
      'with __proto__',
      JSON.parse('{"__typename":"Item","stars":5,"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}'),
      5,
    ],
  ])('an item that is %s keeps the object what it was', async (_, item, stars) => {
    expect(await ask('{ items { __typename id name stars } }', 'stars', () => ({ data: { _entities: [item, entity(2)] } }))).toEqual({
      data: {
        items: [
          { __typename: 'Item', id: '1', name: 'Tea', stars },
          { __typename: 'Item', id: '2', name: 'Pot', stars: 2 },
        ],
      },
      told: [],
    });
  });
});

describe('a value of another kind than the schema says', () => {
  const wrong: readonly (readonly [string, unknown])[] = [
    ['name', 7],
    ['name', ['a']],
    ['name', { toString: 'x' }],
    ['size', 'XXL'],
    ['size', 1],
    ['size', 'toString'],
    ['count', '1'],
    ['count', 1.5],
    ['count', 2 ** 31],
    ['price', 'dear'],
    ['price', NaN],
    ['ready', 1],
    ['ready', 'true'],
  ];
  test.each(wrong)('%s is %p', async (field, value) => {
    const answer = { data: { item: { id: '1', name: 'Tea', size: 'S', count: 1, price: 1.5, ready: true, [field]: value } } };
    const { data, told } = await ask('{ starred item { id name size count price ready } }', 'things', () => answer);
    expect({ data, told }).toEqual({
      data: { starred: 9, item: { id: '1', name: 'Tea', size: 'S', count: 1, price: 1.5, ready: true, [field]: null } },
      told: [[['item', field], down]],
    });
  });
  test.each<[string, string, unknown, unknown, readonly (string | number)[]]>([
    [
      'a null where a field may not be',
      '{ item { name must { value } } }',
      { item: { must: {} } },
      { item: { name: null, must: null } },
      ['item', 'must', 'value'],
    ],
    ['a list where an object belongs', '{ item { id } }', { item: [{ id: '1' }] }, { item: null }, ['item']],
    ['a text where an object belongs', '{ item { id } }', { item: 'Tea' }, { item: null }, ['item']],
    [
      'an object where a list belongs',
      '{ item { tags } }',
      { item: { tags: { 0: 'a', length: 1 } } },
      { item: { tags: null } },
      ['item', 'tags'],
    ],
    ['a text where a list belongs', '{ item { tags } }', { item: { tags: 'abc' } }, { item: { tags: null } }, ['item', 'tags']],
    [
      'a list that is not deep enough',
      '{ item { grid } }',
      { item: { grid: [1, [2]] } },
      { item: { grid: [null, [2]] } },
      ['item', 'grid', 0],
    ],
    [
      'a list that is too deep',
      '{ item { grid } }',
      { item: { grid: [[[1]], [2]] } },
      { item: { grid: [[null], [2]] } },
      ['item', 'grid', 0, 0],
    ],
    ['an item of another kind in a list', '{ item { tags } }', { item: { tags: ['a', 7] } }, { item: { tags: null } }, ['item', 'tags', 1]],
    ['a null item where none may be', '{ item { tags } }', { item: { tags: ['a', null] } }, { item: { tags: null } }, ['item', 'tags', 1]],
    [
      'a null that goes up',
      '{ item { name must { value } } }',
      { item: { name: 'Tea', must: { value: null } } },
      { item: { name: 'Tea', must: null } },
      ['item', 'must', 'value'],
    ],
    ['a null where a list may not be', '{ items { id } }', { items: null }, null, ['items']],
    ['a union without __typename', '{ thing { __typename ... on Item { name } } }', { thing: { name: 'Tea' } }, { thing: null }, ['thing']],
    [
      'a union without __typename, of which that is not shown',
      '{ thing { ... on Item { name } } }',
      { thing: { name: 'Tea' } },
      { thing: null },
      ['thing'],
    ],
    [
      'a union of an unknown type',
      '{ thing { __typename ... on Item { name } } }',
      { thing: { __typename: 'Nonsense', name: 'Tea' } },
      { thing: null },
      ['thing'],
    ],
    [
      'a union of a type that is no part of it',
      '{ thing { __typename ... on Item { name } } }',
      { thing: { __typename: 'Review', name: 'Tea' } },
      { thing: null },
      ['thing'],
    ],
    [
      'an interface whose __typename is a number',
      '{ node { __typename id } }',
      { node: { __typename: 7, id: '1' } },
      { node: null },
      ['node'],
    ],
    ['an interface of its own name', '{ node { __typename id } }', { node: { __typename: 'Node', id: '1' } }, { node: null }, ['node']],
    [
      'an interface whose __typename is __proto__',
      '{ node { __typename id } }',
      { node: { __typename: '__proto__', id: '1' } },
      { node: null },
      ['node'],
    ],
  ])('%s', async (_, document, given, data, path) => {
    const answered = await ask(document, 'things', () => ({ data: given }));
    expect(answered.data).toEqual(data);
    expect(answered.told.map(([place]) => place)).toEqual([path]);
  });
  test('a scalar of the subgraph’s own may be anything', async () => {
    for (const raw of [0, '', false, [null], { __proto__: null, a: { b: [1] } }, JSON.parse('{"__proto__":{"polluted":true}}')]) {
      const { data, told } = await ask('{ item { raw } }', 'things', () => ({ data: { item: { raw } } }));
      expect(JSON.stringify({ data, told })).toBe(JSON.stringify({ data: { item: { raw } }, told: [] }));
    }
  });
  test('what is missing in an object is null', async () => {
    expect((await ask('{ item { id name count } starred }', 'things', () => ({ data: { item: { id: '1' } } }))).data).toEqual({
      item: { id: '1', name: null, count: null },
      starred: 9,
    });
  });
});

describe('a null that may not be', () => {
  const must = (...entities: unknown[]) => ask('{ items { name must2 } }', 'stars', () => ({ data: { _entities: entities } }));
  const pot = { name: 'Pot', must2: 2 };
  const given = { __typename: 'Item', must2: 2 };

  test('is silent where the subgraph knows no such entity: it is missing or hidden', async () => {
    expect(await must(null, given)).toEqual({ data: { items: [null, pot] }, told: [] });
  });
  test.each<[string, unknown]>([
    ['null', { __typename: 'Item', must2: null }],
    ['left out', { __typename: 'Item' }],
  ])('is an error where the entity is there: %s', async (_, entity) => {
    expect(await must(entity, given)).toEqual({ data: { items: [null, pot] }, told: [[['items', 0, 'must2'], down]] });
  });
  test('is told once where the subgraph says why, with a place or without', async () => {
    const says = (path?: unknown) => () => ({
      data: { _entities: [{ must2: null }, given] },
      errors: [{ message: 'not now', path, extensions: { code: 'CONFLICT' } }],
    });
    const document = '{ items { name must2 } }';
    const placed = await ask(document, 'stars', says(['_entities', 0, 'must2']));
    expect(placed).toEqual({ data: { items: [null, pot] }, told: [[['items', 0, 'must2'], 'CONFLICT']] });
    // Of two root fields one is the reason, and took the other with it.
    const errors = [{ message: 'not now', path: ['item', 'id'], extensions: { code: 'CONFLICT' } }];
    expect(await ask('{ items { id } item { id } }', 'things', () => ({ data: null, errors }))).toEqual({
      data: null,
      told: [[['item', 'id'], 'CONFLICT']],
    });
    const { told } = await ask('{ item { must { value } } }', 'things', () => ({
      data: { item: { must: { value: null } } },
      errors: [{ message: 'not now', extensions: { code: 'CONFLICT' } }],
    }));
    expect(told).toEqual([[undefined, 'CONFLICT']]);
  });
});
