import { createArena } from './arena.ts';

/* Fields with `@requires` and `@fromContext` in one fetch: an object that lacks what one of them requires loses that one alone. */

type Row = Record<string, any>;

const lines: Record<string, Row> = { a: { duty: 1, title: 'A' }, b: { duty: 2 }, c: { title: 'C' }, d: {} };
const arena = createArena([
  {
    name: 'shop',
    sdl: `type Query { carts: [Cart!]! }
      type Cart @key(fields: "id") @context(name: "owner") { id: ID! currency: String! lines: [Line!]! }
      type Line @key(fields: "id") {
        id: ID!
        duty: Int @external
        title: String @external
        fee(currency: String @fromContext(field: "$owner { currency }")): String @requires(fields: "duty")
        label(loud: Boolean = false): String @requires(fields: "title")
      }`,
    resolvers: {
      Query: {
        carts: () => [
          { id: '1', currency: 'EUR', lines: Object.keys(lines).map((id) => ({ id })) },
          { id: '2', currency: 'USD', lines: [{ id: 'b' }, { id: 'a' }] },
        ],
      },
      Line: {
        __resolveReference: (reference: Row) => reference,
        fee: ({ duty }: Row, { currency }: Row) => `${duty} ${currency}`,
        label: ({ title }: Row, { loud }: Row) => `${title}${loud ? '!' : ''}`,
      },
    },
  },
  { name: 'parts', sdl: 'type Line @key(fields: "id") { id: ID! duty: Int title: String }', resolvers: {} },
]);
/** A subgraph that leaves out what it does not know. */
arena.service('parts').disturb = ({ variables }) => {
  const { representations } = variables as { representations: Row[] };
  return Promise.resolve({ data: { _entities: representations.map(({ id }) => ({ __typename: 'Line', ...lines[id as string] })) } });
};
/** The fields of each fetch of lines, the values that go along, and the lines. */
const asked = () =>
  arena
    .service('shop')
    .requests.splice(0)
    .slice(1)
    .map(({ query, variables }) => {
      const { representations, ...rest } = variables as { representations: Row[] };
      const values = Object.entries(rest).map(([name, value]) => [name.startsWith('contextualArgument') ? 'currency' : name, value]);
      return [query.match(/(fee|label)(?=\()/g), Object.fromEntries(values), representations.map(({ id }) => id as string).join('')];
    });

test('each place has its own value, with each set of fields', async () => {
  const document = 'query ($loud: Boolean) { carts { lines { fee label(loud: $loud) } } }';
  const { data, errors } = await arena.runOurs(document, { loud: true });
  expect(errors).toEqual([]);
  expect(data).toEqual({
    carts: [
      {
        lines: [
          { fee: '1 EUR', label: 'A!' },
          { fee: '2 EUR', label: null },
          { fee: null, label: 'C!' },
          { fee: null, label: null },
        ],
      },
      {
        lines: [
          { fee: '2 USD', label: null },
          { fee: '1 USD', label: 'A!' },
        ],
      },
    ],
  });
  const made = asked();
  expect(made).toHaveLength(5);
  expect(made).toEqual(
    expect.arrayContaining([
      [['label'], { loud: true }, 'c'],
      [['fee'], { currency: 'EUR' }, 'b'],
      [['fee'], { currency: 'USD' }, 'b'],
      [['label', 'fee'], { loud: true, currency: 'EUR' }, 'a'],
      [['label', 'fee'], { loud: true, currency: 'USD' }, 'a'],
    ]),
  );
});
