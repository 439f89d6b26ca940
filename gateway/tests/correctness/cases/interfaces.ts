import { by, type CaseGroup, type Row } from './case.ts';

const works: Row[] = [
  { __typename: 'Book', id: 'b1', title: 'Dune', pages: 600 },
  { __typename: 'Film', id: 'f1', title: 'Heat', minutes: 170 },
];
const worksSubgraph = {
  name: 'works',
  sdl: `type Query { all: [Media!]! work(id: ID!): Media films: [Film!]! }
    interface Media @key(fields: "id") { id: ID! title: String! }
    type Book implements Media @key(fields: "id") { id: ID! title: String! pages: Int }
    type Film implements Media @key(fields: "id") { id: ID! title: String! minutes: Int }`,
  resolvers: {
    Query: { all: () => works, work: (_: unknown, { id }: Row) => by(works)({ id }), films: () => works.slice(1) },
    Media: { __resolveReference: by(works) },
    Book: { __resolveReference: by(works) },
    Film: { __resolveReference: by(works) },
  },
};
const ratings = {
  name: 'ratings',
  sdl: `type Query { best: Media top: [Media!]! }
    type Media @key(fields: "id") @interfaceObject {
      id: ID! title: String! @external stars: Int! slug: String @requires(fields: "title") next: Media
    }`,
  resolvers: {
    Query: { best: () => ({ id: 'f1' }), top: () => [{ id: 'f1' }, { id: 'gone' }, { id: 'b1' }] },
    Media: {
      __resolveReference: (reference: Row) => reference,
      stars: ({ id }: Row) => (id === 'b1' ? 5 : 4),
      slug: ({ title }: Row) => title.toLowerCase(),
      next: ({ id }: Row) => ({ id: id === 'b1' ? 'f1' : 'b1' }),
    },
  },
};

const objects: CaseGroup = {
  rule: '@interfaceObject adds fields to every implementation',
  subgraphs: [worksSubgraph, ratings],
  cases: [
    {
      name: 'through the interface',
      document: '{ all { title stars } }',
      data: {
        all: [
          { title: 'Dune', stars: 5 },
          { title: 'Heat', stars: 4 },
        ],
      },
      asked: ['ratings', 'works'],
    },
    { name: 'through one implementation', document: '{ films { stars } }', data: { films: [{ stars: 4 }] } },
    { name: 'in a fragment on one implementation', document: '{ all { ... on Film { stars } } }', data: { all: [{}, { stars: 4 }] } },
    {
      name: 'asked of the subgraph itself, its fields need no other',
      document: '{ best { id stars } }',
      data: { best: { id: 'f1', stars: 4 } },
      asked: ['ratings'],
    },
    {
      name: 'the type is known elsewhere',
      document: '{ best { __typename } }',
      data: { best: { __typename: 'Film' } },
      asked: ['ratings', 'works'],
    },
    {
      name: 'the type and its own fields',
      document: '{ best { stars ... on Film { minutes } ... on Book { pages } } }',
      data: { best: { stars: 4, minutes: 170 } },
    },
    {
      name: 'a type condition without fields of others',
      document: '{ top { ... on Book { id } } }',
      data: null,
      errors: [[['top', 1], 'any']],
    },
    {
      name: 'what nobody knows as an implementation has no type',
      document: '{ top { id title } }',
      data: null,
      errors: [[['top', 1, 'title'], 'any']],
    },
    {
      name: 'there and back',
      document: '{ best { next { title next { __typename title stars } } } }',
      data: { best: { next: { title: 'Dune', next: { __typename: 'Film', title: 'Heat', stars: 4 } } } },
    },
    {
      name: '@requires takes a field of the implementations along',
      document: '{ all { slug } }',
      data: { all: [{ slug: 'dune' }, { slug: 'heat' }] },
    },
    { name: '@requires from the subgraph itself', document: '{ best { slug } }', data: { best: { slug: 'heat' } } },
    {
      name: '@requires of one implementation',
      document: '{ work(id: "f1") { ... on Film { slug minutes } } }',
      data: { work: { slug: 'heat', minutes: 170 } },
    },
    { name: 'an unknown id is null', document: '{ work(id: "x") { stars __typename } }', data: { work: null } },
  ],
};

const animals: Row[] = [
  { __typename: 'Dog', id: 'd', name: 'Rex', barks: true },
  { __typename: 'Cat', id: 'c', name: 'Tom', lives: 9 },
  { __typename: 'Fish', id: 'f', name: 'Bob' },
];
const distributed: CaseGroup = {
  rule: 'an interface has other implementations in other subgraphs',
  subgraphs: [
    {
      name: 'zoo',
      sdl: `type Query { animals: [Animal]! cage: Cage }
        interface Animal { id: ID! name: String }
        type Dog implements Animal @key(fields: "id") { id: ID! name: String @shareable barks: Boolean }
        type Cat implements Animal @key(fields: "id") { id: ID! name: String lives: Int }
        type Fish implements Animal { id: ID! name: String }
        union Cage = Dog | Fish`,
      resolvers: {
        Query: { animals: () => [animals[0], null, animals[1], animals[2]], cage: () => animals[0] },
        Dog: { __resolveReference: by(animals) },
        Cat: { __resolveReference: by(animals) },
      },
    },
    {
      name: 'vets',
      sdl: `type Query { patients: [Patient!]! seen: Animal }
        interface Animal { id: ID! name: String }
        interface Treated { bill: Int }
        type Dog implements Animal & Treated @key(fields: "id") { id: ID! name: String @shareable bill: Int }
        type Cat implements Treated @key(fields: "id") { id: ID! bill: Int }
        union Patient = Dog | Cat`,
      resolvers: {
        Query: { patients: () => [animals[0], animals[1]], seen: () => animals[0] },
        Dog: { __resolveReference: by(animals), bill: () => 10 },
        Cat: { __resolveReference: by(animals), bill: () => 20 },
      },
    },
  ],
  cases: [
    {
      name: 'null items and types that one subgraph lacks',
      document: '{ animals { name ... on Treated { bill } } }',
      data: { animals: [{ name: 'Rex', bill: 10 }, null, { name: 'Tom', bill: 20 }, { name: 'Bob' }] },
    },
    {
      name: 'the types alone',
      document: '{ animals { __typename } }',
      data: { animals: [{ __typename: 'Dog' }, null, { __typename: 'Cat' }, { __typename: 'Fish' }] },
      asked: ['zoo'],
    },
    {
      name: 'a union of which each subgraph knows some',
      document: '{ patients { ... on Cat { lives bill } ... on Dog { bill name barks } } }',
      data: {
        patients: [
          { bill: 10, name: 'Rex', barks: true },
          { lives: 9, bill: 20 },
        ],
      },
    },
    {
      name: 'one name for different fields of types that exclude each other',
      document: '{ animals { ... on Dog { x: barks } ... on Cat { x: lives } ... on Fish { x: name } } }',
      data: { animals: [{ x: true }, null, { x: 9 }, { x: 'Bob' }] },
    },
    {
      name: 'one name for fields of different subgraphs',
      document: '{ animals { ... on Dog { x: bill } ... on Cat { x: name } } }',
      data: { animals: [{ x: 10 }, null, { x: 'Tom' }, {}] },
    },
    {
      name: 'a fragment that the object cannot be',
      document: '{ cage { ... on Dog { name } ... on Fish { id } } }',
      data: { cage: { name: 'Rex' } },
    },
    {
      name: 'an interface asked of a union',
      document: '{ cage { ... on Animal { name } ... on Treated { bill } __typename } }',
      data: { cage: { name: 'Rex', bill: 10, __typename: 'Dog' } },
    },
    {
      name: 'nested fragments',
      document: '{ seen { ...A } } fragment A on Animal { ... on Treated { ...B } id } fragment B on Dog { barks bill }',
      data: { seen: { barks: true, bill: 10, id: 'd' } },
    },
  ],
};

export const interfaces: readonly CaseGroup[] = [objects, distributed];
