import type { Hints } from '../generate-values.ts';
import type { Data, Row, WorldDefinition } from '../world-definition.ts';

/** Interfaces and unions over several subgraphs, `@interfaceObject` (with `@requires`), `@provides` on unions and interfaces. */
const works = `
  type Query {
    shelf: [Media!]!
    any(ids: [ID!] = ["b1", "f1"]): [Media]
    book(id: ID!): Book
    item: Item
    items: [Item]
    creators: [Creator!]!
  }
  interface Media @key(fields: "id") { id: ID! title: String! creator: Creator sequel: Media }
  type Book implements Media @key(fields: "id") {
    id: ID! title: String! @shareable creator: Creator sequel: Book pages: Int isbn: String!
  }
  type Film implements Media @key(fields: "id") {
    id: ID! title: String! @shareable creator: Creator sequel: Media minutes: Int
  }
  type Song implements Media @key(fields: "id") {
    id: ID! title: String! @shareable creator: Creator sequel: Song minutes: Float
  }
  interface Creator { name: String! }
  type Person implements Creator @key(fields: "name") { name: String! born: Int works: [Media!] }
  type Group implements Creator { name: String! members: [Person!] size: String }
  type Note { text: String about: Media }
  union Item = Book | Film | Note
`;

const ratings = `
  type Query { best(limit: Int = 2): [Media!]! rated(id: ID!): Media }
  type Media @key(fields: "id") @interfaceObject {
    id: ID!
    title: String! @external
    rating: Int!
    slug: String @requires(fields: "title")
    similar: [Media]
    note: Remark
  }
  type Remark { text: String! on: Media! }
  type Person @key(fields: "name") { name: String! fans(scale: Int! = 1): Int }
`;

const streams = `
  type Query { streams: [Stream] playables: [Playable]! playing: Playable }
  interface Playable { url: String seconds: Int! }
  type Film implements Playable @key(fields: "id") { id: ID! url: String seconds: Int! trailer: Clip }
  type Song implements Playable @key(fields: "id") { id: ID! url: String seconds: Int! lyrics(line: Int): String }
  type Clip implements Playable { url: String seconds: Int! of: Film }
  type Advert { brand: String! id: Int }
  union Stream = Film | Song | Clip | Advert
`;

const library = `
  type Query {
    lent: [Thing]! @provides(fields: "... on Book { title } ... on Film { title }")
    work: Work @provides(fields: "... on Film { title }")
    works: [Work!]!
  }
  interface Work { id: ID! lender: String }
  type Book implements Work @key(fields: "id") { id: ID! title: String! @external lender: String copies: Int }
  type Film implements Work @key(fields: "id") { id: ID! title: String! @external lender: String tapes: Int! }
  union Thing = Book | Film
`;

const data = (): Data => ({
  Book: [
    {
      __typename: 'Book',
      id: 'b1',
      title: 'Dune',
      creator: 'Frank',
      sequel: 'b2',
      pages: 600,
      isbn: '978',
      rating: 5,
      copies: 2,
      lender: 'city',
    },
    {
      __typename: 'Book',
      id: 'b2',
      title: 'Messiah',
      creator: 'Frank',
      sequel: null,
      pages: null,
      isbn: '979',
      rating: 3,
      copies: 0,
      lender: null,
    },
    // Without an isbn, which may not be.
    {
      __typename: 'Book',
      id: 'b3',
      title: 'Lost',
      creator: null,
      sequel: null,
      pages: 10,
      isbn: null,
      rating: 1,
      copies: null,
      lender: 'town',
    },
  ],
  Film: [
    {
      __typename: 'Film',
      id: 'f1',
      title: 'Alien',
      creator: 'Crew',
      sequel: 's1',
      minutes: 117,
      rating: 4,
      url: 'a.mp4',
      seconds: 7020,
      tapes: 1,
      lender: 'city',
    },
    {
      __typename: 'Film',
      id: 'f2',
      title: 'Heat',
      creator: 'Ann',
      sequel: null,
      minutes: null,
      rating: 2,
      url: null,
      seconds: 10200,
      tapes: null,
      lender: null,
    },
  ],
  Song: [
    // Ratings do not know this one.
    { __typename: 'Song', id: 's1', title: 'Hymn', creator: 'Ann', sequel: 's1', minutes: 3.5, rating: 5, url: 'h.mp3', seconds: 210 },
  ],
  Person: [
    { __typename: 'Person', name: 'Frank', born: 1920, works: ['b1', 'b2'], fans: 10 },
    { __typename: 'Person', name: 'Ann', born: null, works: ['f2', 's1'], fans: null },
  ],
  Group: [{ __typename: 'Group', name: 'Crew', members: ['Ann', 'Frank'], size: 'big' }],
  Clip: [{ __typename: 'Clip', url: 'c.mp4', seconds: 30, of: 'f1' }],
});

const every = ({ Book = [], Film = [], Song = [] }: Data): Row[] => [...Book, ...Film, ...Song];
const find = (all: Data, id: unknown): Row | null => every(all).find((row) => row['id'] === id) ?? null;
const findAll = (all: Data, ids: readonly unknown[] | null | undefined) => ids?.map((id) => find(all, id)) ?? null;
const note = { __typename: 'Note', text: 'buy', about: 'f2' };
const creators = ({ Person = [], Group = [] }: Data): Row[] => [...Person, ...Group];

export const media: WorldDefinition = {
  name: 'media',
  subgraphs: { works, ratings, streams, library },
  data,
  missing: { ratings: ({ id }) => id === 's1' },
  fields: {
    Query: {
      shelf: (_, __, all) => every(all),
      any: (_, { ids }, all) => findAll(all, ids),
      book: (_, { id }, { Book = [] }) => Book.find((row) => row['id'] === id) ?? null,
      item: (_, __, all) => find(all, 'f1'),
      items: (_, __, all) => [find(all, 'b1'), null, note, find(all, 'f2')],
      creators: (_, __, all) => creators(all),
      best: (_, { limit }, all) =>
        every(all)
          .filter(({ rating, id }) => rating > 2 && id !== 's1')
          .slice(0, limit ?? 1),
      rated: (_, { id }, all) => (id === 's1' ? null : find(all, id)),
      streams: (_, __, all) => [find(all, 'f1'), null, { __typename: 'Advert', brand: 'Tea', id: 7 }, find(all, 's1'), all['Clip']?.[0]],
      playables: (_, __, all) => [all['Clip']?.[0], find(all, 's1'), null, find(all, 'f2')],
      playing: (_, __, all) => find(all, 's1'),
      lent: (_, __, all) => [find(all, 'b1'), find(all, 'f2'), null],
      work: (_, __, all) => find(all, 'f1'),
      works: (_, __, all) => [find(all, 'b2'), find(all, 'f2')],
    },
    Media: {
      creator: ({ creator }, _, all) => creators(all).find(({ name }) => name === creator) ?? null,
      sequel: ({ sequel }, _, all) => find(all, sequel),
      slug: ({ title }) => title?.toLowerCase() ?? null,
      similar: ({ rating }, _, all) =>
        every(all)
          .filter((row) => row['id'] !== 's1' && Math.abs(row['rating'] - rating) === 1)
          .concat(null as never),
      note: (row) => (row['rating'] > 3 ? { text: `${row['id']} is good`, on: row } : null),
    },
    Remark: {},
    Film: { trailer: ({ id }, _, { Clip = [] }) => Clip.find((row) => row['of'] === id) ?? null },
    Song: { lyrics: ({ title }, { line }) => `${title} ${line ?? ''}` },
    Clip: { of: ({ of }, _, all) => find(all, of) },
    Person: {
      works: ({ works: ids }, _, all) => findAll(all, ids),
      fans: ({ fans }, { scale }) => (fans === null ? null : fans * scale),
    },
    Group: { members: ({ members }, _, { Person = [] }) => members.map((name: string) => Person.find((row) => row['name'] === name)) },
    Note: { about: ({ about }, _, all) => find(all, about) },
  },
};

export const mediaHints: Hints = { id: ['b1', 'b3', 'f1', 's1', 'x'], ids: ['b1', 'b2', 'f2', 's1', 'x'] };
