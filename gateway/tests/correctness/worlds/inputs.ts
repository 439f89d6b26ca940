import type { Hints } from '../generate-values.ts';
import type { Data, Row, WorldDefinition } from '../world-definition.ts';

/** Enums and inputs of which subgraphs know different parts, arguments with defaults, `@inaccessible`, custom scalars. */
const search = `
  scalar JSON
  scalar DateTime
  scalar BigInt
  enum Order { UP DOWN RANDOM }
  enum State { ON OFF LOST @inaccessible }
  enum Level { LOW HIGH }
  input Range { from: Int = 1 to: Int note: String }
  input Point { x: Float! y: Float! = 0.5 tags: [String!]! = ["a"] }
  input Query1 { range: Range points: [[Point!]!] order: Order = UP when: DateTime raw: JSON level: Level and: [Query1!] }
  type Query {
    search(query: Query1! = { order: DOWN }, limit: Int! = 2): [Hit!]
    echo(text: String = "hello", number: Int, flag: Boolean! = true, ids: [ID!], big: BigInt, json: JSON, when: DateTime, float: Float): Echo!
    shared(order: Order, range: Range): [Hit!]! @shareable
    hidden: String @inaccessible
    hit(id: ID!): Hit
  }
  type Hit @key(fields: "id") { id: ID! state: State level: Level size(unit: Unit! = CM, round: Boolean): Float score(order: Order = UP): Int secret: Int @inaccessible }
  enum Unit { CM INCH }
  type Echo { text: String number: Int flag: Boolean! ids: [ID!] big: BigInt json: JSON when: DateTime float: Float }
`;

const index = `
  enum Order { UP DOWN }
  enum Unit { CM INCH }
  enum State { ON OFF BROKEN LOST }
  input Range { from: Int = 1 to: Int }
  type Query { shared(order: Order, range: Range): [Hit!]! @shareable first(state: [Order!]! = [UP]): Hit! }
  type Hit @key(fields: "id") {
    id: ID!
    weight(range: Range = { from: 3 }): Int
    condition: State
    twin: Hit
    hiddenTwin: Hit @inaccessible
    sorted(by: Order! = DOWN): [Int!]!
    secret: Int @external
    hint: String @requires(fields: "secret")
    size(unit: Unit! = CM, round: Boolean): Float @external
    inches: Float @requires(fields: "size(unit: INCH)")
    rounded: Float @requires(fields: "size(round: true) secret")
  }
`;

const data = (): Data => ({
  Hit: [
    { __typename: 'Hit', id: '1', state: 'ON', level: 'LOW', millimeters: 254, condition: 'BROKEN', numbers: [3, 1, 2], secret: 7 },
    // A state that clients must not see.
    { __typename: 'Hit', id: '2', state: 'LOST', level: null, millimeters: 10, condition: 'LOST', numbers: [], secret: null },
    { __typename: 'Hit', id: '3', state: null, level: 'HIGH', millimeters: null, condition: 'OFF', numbers: [5], secret: 0 },
  ],
});

const all = ({ Hit = [] }: Data): Row[] => Hit;
const sort = (rows: Row[], order: unknown): Row[] => (order === 'DOWN' ? rows.toReversed() : rows);
const within = (rows: Row[], range: { from?: number | null; to?: number | null } | null | undefined): Row[] =>
  rows.filter(({ id }) => Number(id) >= (range?.from ?? 0) && Number(id) <= (range?.to ?? 9));

function sizeOf({ millimeters }: Row, { unit, round }: { unit?: string; round?: boolean }): number | null {
  if (millimeters === null) return null;
  const size = unit === 'INCH' ? millimeters / 25.4 : millimeters / 10;
  return round ? Math.round(size) : size;
}

export const inputs: WorldDefinition = {
  name: 'inputs',
  subgraphs: { search, index },
  data,
  fields: {
    Query: {
      search: (_, { query, limit }, rows) => sort(within(all(rows), query.range), query.order).slice(0, limit),
      echo: (_, args) => args,
      shared: (_, { order, range }, rows) => sort(within(all(rows), range), order),
      hit: (_, { id }, rows) => all(rows).find((row) => row['id'] === id) ?? null,
      first: (_, { state }, rows) => sort(all(rows), state[0])[0],
    },
    Hit: {
      size: sizeOf,
      inches: (row) => sizeOf(row, { unit: 'INCH' }),
      rounded: (row) => sizeOf(row, { unit: 'CM', round: true }),
      score: ({ id }, { order }) => (order === 'UP' ? Number(id) : order === 'DOWN' ? -Number(id) : null),
      weight: ({ id }, { range }) => (range ? Number(id) * (range.from ?? 0) + (range.to ?? 0) : null),
      twin: ({ id }, _, rows) => all(rows).find((row) => row['id'] === String(4 - Number(id))) ?? null,
      sorted: ({ numbers }, { by }) => numbers.toSorted((a: number, b: number) => (by === 'UP' ? a - b : b - a)),
      hint: ({ secret }) => (secret ? `more than ${secret - 1}` : null),
    },
  },
  // What is required arrives under the name of the field, whatever its arguments were.
  own: { index: { Hit: { inches: ({ size }) => size, rounded: ({ size }) => size } } },
  rivals: [['inches', 'rounded']],
};

export const inputsHints: Hints = {
  JSON: [{ a: [1, 'x', null], b: { c: true } }, [1, 2], 'text', 0, false, null],
  DateTime: ['2024-01-01T00:00:00.000Z'],
  BigInt: [9007199254740991, 0],
  Int: [0, 1, 3, -2147483648, 2147483647],
  Float: [0.25, 3, -1e-7, 1e21],
  String: ['tea', '', 'quote " back \\ line\nbreak \u2028 é 漢 😀'],
  id: ['1', '2', '3', 'none'],
  limit: [0, 1, 5],
  from: [1, 2],
  to: [2, 3],
};
