import { conflict } from '@supergraph/platform/errors';
import { type CaseGroup, type Row, same } from './case.ts';

const log: string[] = [];
const write = (text: string): number => log.push(text);

const mutations: CaseGroup = {
  rule: 'mutations run one after the other',
  subgraphs: [
    {
      name: 'left',
      sdl: `type Query { log: [String!]! } type Mutation { begin: Int! left(text: String!): Item failLeft: Int both(text: String!): Item @shareable }
        type Item @key(fields: "id") { id: ID! l: String }`,
      resolvers: {
        Query: { log: () => log },
        Mutation: {
          begin: () => {
            log.length = 0;
            return 0;
          },
          left: (_: unknown, { text }: Row) => ({ id: `${write(text)}` }),
          failLeft: () => {
            write('failed');
            throw conflict('not now', { reason: 'BUSY' });
          },
          both: (_: unknown, { text }: Row) => ({ id: `${write(text)}` }),
        },
        Item: { __resolveReference: same, l: ({ id }: Row) => `l${id} of ${log.length}` },
      },
    },
    {
      name: 'right',
      sdl: `type Mutation { right(text: String!, times: Int = 1): Item! failRight: Int! both(text: String!): Item @shareable } type Item @key(fields: "id") { id: ID! r: String }`,
      resolvers: {
        Mutation: {
          right: (_: unknown, { text, times }: Row) => ({ id: `${write(text.repeat(times))}` }),
          failRight: () => {
            write('failed');
            throw conflict('never');
          },
          both: (_: unknown, { text }: Row) => ({ id: `${write(text)}` }),
        },
        Item: { __resolveReference: same, r: ({ id }: Row) => `r${id} of ${log.length}` },
      },
    },
  ],
  cases: [
    {
      name: 'over two subgraphs, in the order of the document',
      document: 'mutation { begin a: left(text: "a") { id } b: right(text: "b") { id } c: left(text: "c") { id } }',
      data: { begin: 0, a: { id: '1' }, b: { id: '2' }, c: { id: '3' } },
      asked: ['left', 'left', 'right'],
    },
    {
      name: 'each with its fields of other subgraphs before the next',
      document: 'mutation { begin a: left(text: "a") { r l } b: right(text: "b") { l r } }',
      data: { begin: 0, a: { r: 'r1 of 1', l: 'l1 of 1' }, b: { l: 'l2 of 2', r: 'r2 of 2' } },
    },
    {
      name: 'and go on after one that failed',
      document: 'mutation { begin failLeft b: right(text: "b") { id } }',
      data: { begin: 0, failLeft: null, b: { id: '2' } },
      errors: [[['failLeft'], 'CONFLICT']],
    },
    {
      name: 'a null where none may be takes the answer with it',
      document: 'mutation { begin failRight }',
      data: null,
      errors: [[['failRight'], 'CONFLICT']],
    },
    {
      name: 'one that two subgraphs have runs once',
      document: 'mutation { begin both(text: "x") { id l r } }',
      data: { begin: 0, both: { id: '1', l: 'l1 of 1', r: 'r1 of 1' } },
    },
    {
      name: 'the same one under two names runs twice',
      document: 'mutation ($n: Int) { begin x: right(text: "x", times: $n) { id } y: right(text: "y") { id r } }',
      variables: { n: 2 },
      data: { begin: 0, x: { id: '1' }, y: { id: '2', r: 'r2 of 2' } },
    },
    {
      name: 'through fragments',
      document: 'mutation { begin ...F } fragment F on Mutation { a: left(text: "a") { ... { r } } __typename }',
      data: { begin: 0, a: { r: 'r1 of 1' }, __typename: 'Mutation' },
    },
    {
      name: 'a left out one does not run',
      document: 'mutation ($no: Boolean = false) { begin a: left(text: "a") @include(if: $no) { id } b: right(text: "b") { id } }',
      data: { begin: 0, b: { id: '1' } },
    },
  ],
};

const shapes: CaseGroup = {
  rule: 'operations of every form',
  subgraphs: [
    {
      name: 'core',
      sdl: `scalar JSON
        type Query { user(id: ID = "1"): User users(ids: [ID!]!): [User]! grid: [[User]!] any: [Any] json(value: JSON): JSON say(text: String = "hi", list: [Int!] = [1, 2]): String! }
        type User @key(fields: "id") { id: ID! name(upper: Boolean! = false): String tags(first: Int): [String!]! friend: User self: User! }
        union Any = User | Box
        type Box { users: [User!] value: JSON }`,
      resolvers: {
        Query: {
          user: (_: unknown, { id }: Row) => (id ? { id } : null),
          users: (_: unknown, { ids }: Row) => ids.map((id: string) => (id === '0' ? null : { id })),
          grid: () => [[{ id: '1' }, null], [], [{ id: '2' }]],
          any: () => [
            { __typename: 'Box', users: [{ id: '3' }], value: { users: [{ __typename: 'User', id: 'not one' }] } },
            null,
            { __typename: 'User', id: '1' },
          ],
          json: (_: unknown, { value }: Row) => value,
          say: (_: unknown, { text, list }: Row) => `${text} ${JSON.stringify(list)}`,
        },
        User: {
          __resolveReference: same,
          name: ({ id }: Row, { upper }: Row) => (upper ? `USER ${id}` : `user ${id}`),
          tags: ({ id }: Row, { first }: Row) => ['a', 'b', id].slice(0, first ?? 3),
          friend: ({ id }: Row) => (Number(id) < 3 ? { id: String(Number(id) + 1) } : null),
          self: ({ id }: Row) => ({ id }),
        },
      },
    },
    {
      name: 'points',
      sdl: 'type User @key(fields: "id") { id: ID! points(scale: Int = 1): Int rank: Rank! } type Rank { title: String! }',
      resolvers: {
        User: {
          __resolveReference: same,
          points: ({ id }: Row, { scale }: Row) => Number(id) * scale,
          rank: ({ id }: Row) => ({ title: id === '2' ? null : 'gold' }),
        },
      },
    },
  ],
  cases: [
    { name: '__typename alone', document: '{ __typename }', data: { __typename: 'Query' }, asked: [] },
    {
      name: '__typename under aliases',
      document: '{ a: __typename user { b: __typename id: __typename } }',
      data: { a: 'Query', user: { b: 'User', id: 'User' } },
    },
    {
      name: 'introspection beside data',
      document: '{ __type(name: "User") { name fields { name } } user { id } }',
      data: {
        __type: {
          name: 'User',
          fields: [
            { name: 'id' },
            { name: 'name' },
            { name: 'tags' },
            { name: 'friend' },
            { name: 'self' },
            { name: 'points' },
            { name: 'rank' },
          ],
        },
        user: { id: '1' },
      },
    },
    {
      name: 'one field with several arguments',
      document: '{ user { x: name(upper: true) name y: points(scale: 10) points z: points(scale: 0) } }',
      data: { user: { x: 'USER 1', name: 'user 1', y: 10, points: 1, z: 0 } },
    },
    {
      name: 'variables: given, null, with a default, not given',
      document:
        'query ($a: ID, $b: ID = "5", $c: ID, $d: ID) { a: user(id: $a) { points } b: user(id: $b) { points } c: user(id: $c) { points } d: user(id: $d) { points } }',
      variables: { a: '3', d: null },
      data: { a: { points: 3 }, b: { points: 5 }, c: { points: 1 }, d: null },
    },
    {
      name: 'the same variable in two subgraphs',
      document: 'query ($n: Int) { user { tags(first: $n) points(scale: $n) } }',
      variables: { n: 2 },
      data: { user: { tags: ['a', 'b'], points: 2 } },
    },
    { name: 'lists of lists with nulls', document: '{ grid { points } }', data: { grid: [[{ points: 1 }, null], [], [{ points: 2 }]] } },
    {
      name: 'a null item, the same entity twice',
      document: '{ users(ids: ["2", "0", "2", "1"]) { points friend { points } } }',
      data: {
        users: [{ points: 2, friend: { points: 3 } }, null, { points: 2, friend: { points: 3 } }, { points: 1, friend: { points: 2 } }],
      },
    },
    {
      name: 'objects that look like entities inside of a scalar',
      document: '{ any { ... on Box { value users { points } } ... on User { points } } }',
      data: { any: [{ value: { users: [{ __typename: 'User', id: 'not one' }] }, users: [{ points: 3 }] }, null, { points: 1 }] },
    },
    {
      name: 'JSON in and out',
      document: 'query ($v: JSON) { a: json(value: { x: [1, "two", null, { y: $v }] }) b: json(value: $v) }',
      variables: { v: { deep: [true] } },
      data: { a: { x: [1, 'two', null, { y: { deep: [true] } }] }, b: { deep: [true] } },
    },
    {
      name: 'keys in the order of the first mention',
      document: '{ user { friend { id } name friend { points } ...F } } fragment F on User { id friend { name } }',
      data: { user: { friend: { id: '2', points: 2, name: 'user 2' }, name: 'user 1', id: '1' } },
    },
    {
      name: 'a null that goes up to the nearest place that may be null',
      document: '{ user { self { friend { rank { title } } } } users(ids: ["1"]) { rank { title } } }',
      data: { user: { self: { friend: null } }, users: [{ rank: { title: 'gold' } }] },
      errors: [[['user', 'self', 'friend', 'rank', 'title'], 'INTERNAL_SERVER_ERROR']],
    },
    {
      name: 'a null that goes up through a list',
      document: '{ users(ids: ["1", "2", "3"]) { rank { title } } grid { rank { title } } }',
      data: {
        users: [{ rank: { title: 'gold' } }, null, { rank: { title: 'gold' } }],
        grid: [[{ rank: { title: 'gold' } }, null], [], [null]],
      },
      errors: [
        [['users', 1, 'rank', 'title'], 'INTERNAL_SERVER_ERROR'],
        [['grid', 2, 0, 'rank', 'title'], 'INTERNAL_SERVER_ERROR'],
      ],
    },
    {
      name: 'conditions by literals and variables',
      document:
        'query ($yes: Boolean!, $no: Boolean = false) { user { id @skip(if: $yes) name @include(if: $no) points @include(if: $yes) @skip(if: $no) ... @include(if: false) { tags } friend @include(if: $yes) { points @skip(if: true) id } } }',
      variables: { yes: true },
      data: { user: { points: 1, friend: { id: '2' } } },
    },
    {
      name: 'everything left out',
      document: 'query ($no: Boolean!) { user @include(if: $no) { id } }',
      variables: { no: false },
      data: {},
      asked: [],
    },
    {
      name: 'names that objects have by themselves',
      document: '{ constructor: user { __proto__: id toString: name hasOwnProperty: points } }',
      data: { constructor: JSON.parse('{"__proto__":"1","toString":"user 1","hasOwnProperty":1}') },
    },
    {
      name: 'a default of a list, given as one item',
      document: 'query ($l: [Int!]) { a: say b: say(text: "q\\"\\u00e9", list: 3) c: say(list: $l, text: null) }',
      variables: { l: 4 },
      data: { a: 'hi [1,2]', b: 'q"é [3]', c: 'null [4]' },
    },
    {
      name: 'an argument of a bad type in a variable',
      document: 'query ($ids: [ID!]!) { users(ids: $ids) { id } }',
      variables: { ids: [null] },
      data: undefined,
      errors: [[undefined as never, 'BAD_USER_INPUT']],
      asked: [],
    },
  ],
};

export const operationCases: readonly CaseGroup[] = [mutations, shapes];
