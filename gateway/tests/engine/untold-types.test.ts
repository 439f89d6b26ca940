import { fixture } from '../fixtures.ts';
import { smallGraph } from './small-graph.ts';

type Row = Record<string, any>;

const known: Row[] = [
  { __typename: 'Book', id: 'b1', title: 'Dune' },
  { __typename: 'Film', id: 'f1', title: 'Heat', minutes: 170 },
];
const works = fixture(
  'works',
  `type Query @public { item: Item media: Media }
  interface Media @key(fields: "id") { id: ID! title: String! }
  type Book implements Media @key(fields: "id") @public { id: ID! title: String! }
  type Film implements Media @key(fields: "id") @public { id: ID! title: String! minutes: Int }
  union Item = Book | Film`,
  {
    Query: { item: () => known[1], media: () => known[1] },
    Media: { __resolveReference: ({ id }: Row) => known.find((row) => row['id'] === id) ?? null },
  },
);
/** Knows nothing of the types behind the interface. */
const ratings = fixture(
  'ratings',
  `type Query @public { rated: [Media] best: Media! gone: Media }
  type Media @key(fields: "id") @interfaceObject @public { id: ID! stars: Int next: Media }`,
  {
    Query: { rated: () => [{ id: 'f1' }, { id: 'gone' }, { id: 'b1' }], best: () => ({ id: 'gone' }), gone: () => ({ id: 'gone' }) },
    Media: { __resolveReference: (reference: Row) => reference, stars: () => 4, next: ({ id }: Row) => ({ id }) },
  },
);

beforeEach(() => {
  for (const one of [works, ratings]) one.disturb = undefined;
});

describe.each([['generated code', true] as const, ['closures', false] as const])(
  'an object whose type nobody tells, by %s',
  (_, generateCode) => {
    const graph = smallGraph([works, ratings], generateCode);

    test.each<[string, unknown]>([
      ['{ rated { ... on Film { id } } }', { rated: [{ id: 'f1' }, null, {}] }],
      ['{ rated { ... on Media { ... on Film { stars } } } }', { rated: [{ stars: 4 }, null, {}] }],
      ['{ rated { stars ... on Film { minutes } } }', { rated: [{ stars: 4, minutes: 170 }, null, { stars: 4 }] }],
      ['{ rated { __typename stars } }', { rated: [{ __typename: 'Film', stars: 4 }, null, { __typename: 'Book', stars: 4 }] }],
      ['{ gone { next { ... on Book { id } } stars } }', { gone: { next: null, stars: 4 } }],
    ])('is null where what is selected depends on it: %s', async (document, data) => {
      expect(await graph.run(document)).toEqual({ data, errors: [] });
    });

    test.each<[string, unknown]>([
      [
        '{ rated { id stars } }',
        {
          rated: [
            { id: 'f1', stars: 4 },
            { id: 'gone', stars: 4 },
            { id: 'b1', stars: 4 },
          ],
        },
      ],
      ['{ gone { ... on Media { stars } ...F } } fragment F on Media { next { stars } }', { gone: { stars: 4, next: { stars: 4 } } }],
      ['{ gone { stars ... on Film @include(if: false) { minutes } } }', { gone: { stars: 4 } }],
    ])('is shown where the same is selected of all: %s', async (document, data) => {
      expect(await graph.run(document)).toEqual({ data, errors: [] });
    });

    test('is a null that goes up where none may be', async () => {
      const { data, errors } = await graph.run('{ best { ... on Book { id } } }');
      expect(data).toBeNull();
      expect(errors.map(({ path }) => path)).toEqual([['best']]);
    });

    test('has the error of whoever would know it, at its place', async () => {
      works.disturb = () => Promise.resolve({ data: null, errors: [{ message: 'closed', extensions: { code: 'CONFLICT' } }] });
      const closed = (...path: (string | number)[]) => ({ message: 'closed', path, extensions: { code: 'CONFLICT' } });
      expect(await graph.run('{ rated { ... on Film { id } } }')).toEqual({
        data: { rated: [null, null, null] },
        errors: [closed('rated', 0), closed('rated', 1), closed('rated', 2)],
      });
      expect(await graph.run('{ gone { stars name: __typename } }')).toEqual({ data: { gone: null }, errors: [closed('gone')] });
      expect(await graph.run('{ best { ... on Book { id } } }')).toEqual({ data: null, errors: [closed('best')] });
    });

    test.each<[string, string, unknown]>([
      ['item', '{ item { ... on Film { minutes } } }', { minutes: 5 }],
      ['item', '{ item { ... on Film { title } ... on Book { title } } }', { __typename: null, title: 'x' }],
      ['media', '{ media { ... on Film { minutes } } }', { __typename: 'Media', minutes: 5 }],
    ])('is null and an error where its owner, who has it, forgets to tell: %s of %s', async (field, document, given) => {
      works.disturb = () => Promise.resolve({ data: { [field]: given } });
      const { data, errors } = await graph.run(document);
      expect(data).toEqual({ [field]: null });
      expect(errors.map(({ path, extensions }) => [path, extensions?.['code']])).toEqual([[[field], 'UPSTREAM_UNAVAILABLE']]);
    });
  },
);
