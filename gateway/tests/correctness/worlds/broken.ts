import { conflict } from '@supergraph/platform/errors';
import type { Data, Row, WorldDefinition } from '../world-definition.ts';

/** A subgraph that is down, one that says nothing, and fields that throw: what is whole stays. */
const people = `
  type Query { people: [Person]! person(id: ID): Person strict: Person! }
  type Person @key(fields: "id") { id: ID! name: String! friend: Person friends: [Person!] matrix: [[Person]!] pet: Pet pets: [Pet] fails(hard: Boolean): Int rarely: Int! }
  interface Pet { name: String! owner: Person! }
  type Dog implements Pet @key(fields: "name") { name: String! owner: Person! barks: Boolean }
  type Cat implements Pet @key(fields: "name") { name: String! owner: Person! lives: Int! }
`;

const down = `
  type Query { status: String need: Need! }
  type Need { text: String }
  type Person @key(fields: "id") { id: ID! mood: String moods: [String!] soul: Soul }
  type Soul { weight: Int! }
  type Dog @key(fields: "name") { name: String! leash: String }
`;

const mute = `
  type Query { silence: String words: [String!] }
  type Person @key(fields: "id") { id: ID! voice: String song: Song }
  type Song { title: String! }
  type Cat @key(fields: "name") { name: String! purr: Int }
`;

const flaky = `
  type Person @key(fields: "id") { id: ID! score: Int level: Int! luck: [Int]! badge: Badge! }
  type Badge { title: String! shine: Int }
`;

const data = (): Data => ({
  Person: [
    { __typename: 'Person', id: '1', name: 'Ada', friend: '2', friends: ['2', '3'], pet: 'Rex', score: 1, level: 1, luck: [1, null] },
    { __typename: 'Person', id: '2', name: 'Bob', friend: '1', friends: null, pet: 'Tom', score: 2, level: 2, luck: [] },
    { __typename: 'Person', id: '3', name: null, friend: null, friends: ['1'], pet: null, score: 3, level: 3, luck: null },
  ],
  Dog: [{ __typename: 'Dog', name: 'Rex', owner: '1', barks: true }],
  Cat: [
    { __typename: 'Cat', name: 'Tom', owner: '2', lives: 9 },
    { __typename: 'Cat', name: 'Sam', owner: '9', lives: null },
  ],
});

const find = ({ Person = [] }: Data, id: unknown): Row | null => Person.find((row) => row['id'] === id) ?? null;
const pets = ({ Dog = [], Cat = [] }: Data): Row[] => [...Dog, ...Cat];

export const broken: WorldDefinition = {
  name: 'broken',
  subgraphs: { people, down, mute, flaky },
  data,
  down: ['down'],
  mute: ['mute'],
  fields: {
    Query: {
      people: (_, __, rows) => [find(rows, '1'), null, find(rows, '2'), find(rows, '3')],
      person: (_, { id }, rows) => find(rows, id ?? '1'),
      strict: (_, __, rows) => find(rows, '2'),
    },
    Person: {
      friend: ({ friend }, _, rows) => find(rows, friend),
      friends: ({ friends }, _, rows) => friends?.map((id: string) => find(rows, id)) ?? null,
      matrix: ({ id }, _, rows) => [[find(rows, id), null], [], [find(rows, '1')]],
      pet: ({ pet }, _, rows) => pets(rows).find(({ name }) => name === pet) ?? null,
      pets: (_, __, rows) => [pets(rows)[0], null, pets(rows)[2]],
      fails: ({ id }, { hard }) => {
        if (hard || id === '2') throw new Error(`failed for ${id}`);
        return Number(id);
      },
      rarely: ({ id }) => {
        if (id === '3') throw conflict('never for three', { reason: 'THREE' });
        return 1;
      },
      score: ({ id, score }) => {
        if (id === '1') throw conflict('no score');
        return score;
      },
      level: ({ id, level }) => {
        if (id === '2') throw new Error('no level');
        return level;
      },
      badge: ({ id }) => ({ title: id === '1' ? null : 'good', shine: 3 }),
    },
    Dog: { owner: ({ owner }, _, rows) => find(rows, owner) },
    Cat: { owner: ({ owner }, _, rows) => find(rows, owner) },
  },
};
