import { fixture } from '../fixtures.ts';
import { smallGraph } from './small-graph.ts';

/* A plan asks for what is selected of some objects of all that stand at the same path; errors are told where the client asked. */

const pets = fixture(
  'pets',
  `type Query @public { pets: [Pet!]! }
  interface Pet { owner: Person! }
  type Dog implements Pet @public { owner: Person! }
  type Cat implements Pet @public { owner: Person! friends: [Person!] }
  type Person @key(fields: "id") @public { id: ID! }`,
  {
    Query: {
      pets: () => [
        { __typename: 'Dog', owner: { id: '1' } },
        { __typename: 'Cat', owner: { id: '2' }, friends: [{ id: '1' }] },
      ],
    },
  },
);
const moods = fixture('moods', 'type Person @key(fields: "id") @public { id: ID! mood: String moods: [String!] }', {});
const parties = fixture(
  'parties',
  'type Person @key(fields: "id") @public { id: ID! mood: String @external cheer: String @requires(fields: "mood") }',
  { Person: { __resolveReference: (person: object) => person, cheer: () => 'yes' } },
);
const refuse = () => Promise.resolve({ data: null, errors: [{ message: 'closed', extensions: { code: 'CONFLICT' } }] });
moods.disturb = refuse;
const graph = smallGraph([pets, moods, parties]);

test.each<[string, string, unknown, readonly (readonly (string | number)[])[]]>([
  [
    'a field of one type only',
    '{ pets { owner { id } ... on Dog { owner { mood } } } }',
    [{ owner: { id: '1', mood: null } }, { owner: { id: '2' } }],
    [['pets', 0, 'owner', 'mood']],
  ],
  [
    'the same field under another name elsewhere',
    '{ pets { owner { a: moods } ... on Dog { owner { moods } } } }',
    [{ owner: { a: null, moods: null } }, { owner: { a: null } }],
    [
      ['pets', 0, 'owner', 'a'],
      ['pets', 0, 'owner', 'moods'],
      ['pets', 1, 'owner', 'a'],
    ],
  ],
  [
    'a field that another one of the object requires: its error is the reason',
    '{ pets { ... on Dog { owner { mood } } ... on Cat { owner { cheer } } } }',
    [{ owner: { mood: null } }, { owner: { cheer: null } }],
    [
      ['pets', 0, 'owner', 'mood'],
      ['pets', 1, 'owner'],
    ],
  ],
  [
    'a field in a list',
    '{ pets { ... on Cat { friends { mood } owner { id } } ... on Dog { owner { mood } } } }',
    [{ owner: { mood: null } }, { friends: [{ mood: null }], owner: { id: '2' } }],
    [
      ['pets', 0, 'owner', 'mood'],
      ['pets', 1, 'friends', 0, 'mood'],
    ],
  ],
])('%s', async (_, document, found, places) => {
  const { data, errors } = await graph.run(document);
  expect(data).toEqual({ pets: found });
  expect(errors).toHaveLength(places.length);
  expect(errors.map(({ path }) => path)).toEqual(expect.arrayContaining([...places]));
  expect(new Set(errors.map(({ message }) => message))).toEqual(new Set(['closed']));
});
