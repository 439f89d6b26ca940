import fc from 'fast-check';
import { buildSchema, executeSync, type FragmentDefinitionNode, getOperationAST, Kind, parse } from 'graphql';
import { decide } from '../../src/engine/conditions.ts';
import { findFlaws } from '../../src/engine/flaws.ts';
import { generateWriter } from '../../src/engine/generate-writer.ts';
import { shapeOf } from '../../src/engine/shape.ts';
import type { Tree } from '../../src/engine/tree.ts';
import { composeWriter } from '../../src/engine/write.ts';

const schema = buildSchema(`
  scalar JSON
  enum Size { SMALL LARGE }
  interface Media { id: ID! title: String }
  type Book implements Media { id: ID! title: String pages: Int! next: Book! parts: [[Media]!] }
  type Film implements Media { id: ID! title: String minutes: Float isLong: Boolean }
  union Found = Book | Film
  type Query {
    text: String number: Int size: Size sizes: [Size!] any: JSON
    book: Book books: [Book!]! media: [Media] found: [Found!] closed: Int closedAlways: Int! constructor: String
  }
`);
const closed = new Map([
  ['_denied0', { responseKey: 'closed', nonNull: false }],
  ['_denied1', { responseKey: 'closedAlways', nonNull: true }],
]);

/** Both writers' text, which must be one, and what `findFlaws` finds. */
function write(query: string, data: Tree, variables: Record<string, boolean> = {}, names: [string, string][] = [], unknown: Tree[] = []) {
  const document = decide(parse(query), (name) => variables[name] === true, '_type');
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const one of document.definitions) if (one.kind === Kind.FRAGMENT_DEFINITION) fragments.set(one.name.value, one);
  const selections = getOperationAST(document)!.selectionSet;
  const shape = shapeOf({ schema, fragments, closed, names: new Map(names), typeKey: '_type' }, schema.getQueryType()!, [selections]);
  const [generated, composed] = [generateWriter(shape), composeWriter(shape)].map((writer) => {
    const writing = { introspect: () => '"introspected"', flawed: false };
    return { text: writer(data, writing), flawed: writing.flawed };
  });
  expect(composed).toEqual(generated);
  const flaws = findFlaws(shape, { data, unknown: new Set(unknown) });
  if (unknown.length === 0) expect(generated?.flawed).toBe(flaws.length > 0);
  return { text: generated?.text, flaws: flaws.map(({ kind, path }) => [kind, path.join('.')]) };
}

test('fields stand in the order of the operation, under the client’s names', () => {
  expect(
    write('{ number b: text text ...F } fragment F on Query { any number }', { any: { x: [1] }, text: 't', b: 'b', number: 1 }).text,
  ).toBe('{"number":1,"b":"b","text":"t","any":{"x":[1]}}');
  expect(write('{ _k0: text }', { _k0: 'x', text: 'y' }, {}, [['_k0', 'mine']]).text).toBe('{"mine":"x"}');
});
test('texts are escaped, short ones as well as long ones', () => {
  for (const text of ['', 'a"b', 'back\\slash', 'line\nbreak', '\u0000', '\ud800', 'ü😀', 'x'.repeat(100), `${'x'.repeat(60)}"`])
    expect(write('{ text }', { text }).text).toBe(`{"text":${JSON.stringify(text)}}`);
});
test('what is missing is null, also where every object has such a member', () => {
  expect(write('{ text constructor book { id } media { id } }', {}).text).toBe('{"text":null,"constructor":null,"book":null,"media":null}');
});
test('a null goes up to what may be null', () => {
  expect(write('{ book { id pages } number }', { book: { id: '1' }, number: 1 }).text).toBe('{"book":null,"number":1}');
  expect(write('{ book { next { next { id } } } }', { book: { next: { next: {} } } }).text).toBe('{"book":null}');
  expect(write('{ books { id } }', { books: [{ id: '1' }, null] }).text).toBeUndefined();
  expect(write('{ sizes }', { sizes: ['SMALL', null] }).text).toBe('{"sizes":null}');
  expect(write('{ media { id } }', { media: [{ id: '1', __typename: 'Book' }, null, { __typename: 'Film' }] }).text).toBe(
    '{"media":[{"id":"1"},null,null]}',
  );
  expect(write('{ book { parts { title } } }', { book: { parts: [[null, { __typename: 'Film', title: 'f' }], []] } }).text).toBe(
    '{"book":{"parts":[[null,{"title":"f"}],[]]}}',
  );
});
test.each<[string, Tree, readonly string[]]>([
  ['{ book { id pages } number }', { book: { id: '1', pages: null }, number: 1 }, ['book.pages']],
  ['{ book { id pages } books { id } }', { book: { id: '1' }, books: [{ id: '1' }, null] }, ['book.pages', 'books.1']],
  ['{ sizes }', { sizes: ['SMALL', null] }, ['sizes.1']],
  ['{ media { __typename } }', { media: [{ __typename: 'Media' }, {}, { __typename: 'Book' }, null] }, ['media.0', 'media.1']],
])('what is missing and must not be is told of with its place: %s %j', (query, data, places) => {
  expect(write(query, data).flaws).toEqual(places.map((place) => ['missing', place]));
});
test('what is missing in an object that somebody does not know is no flaw, and neither is its type', () => {
  const book = { id: '1' };
  const shelf = { media: [{ __typename: 'Media' }], book };
  expect(write('{ media { __typename } book { pages } }', shelf, {}, [], [book, shelf.media[0]!]).flaws).toEqual([]);
  // But what somebody says is null was promised by him.
  const told = { book: { id: '1', pages: null } };
  expect(write('{ book { pages } }', told, {}, [], [told.book]).flaws).toEqual([['missing', 'book.pages']]);
});
test('objects of interfaces and unions are written as what they are', () => {
  const found = [
    { __typename: 'Book', pages: 3, title: 'b' },
    { __typename: 'Film', minutes: 1.5, isLong: false },
  ];
  expect(
    write('{ found { __typename ... on Media { title } ... on Book { pages } ... on Film { minutes isLong } } }', { found }).text,
  ).toBe('{"found":[{"__typename":"Book","title":"b","pages":3},{"__typename":"Film","title":null,"minutes":1.5,"isLong":false}]}');
});
test('an object that does not say what it is has the fields of its interface, but no name', () => {
  expect(write('{ media { title } }', { media: [{ title: 't' }, { __typename: 'Media', title: 'u' }] }).text).toBe(
    '{"media":[{"title":"t"},{"title":"u"}]}',
  );
  expect(write('{ media { __typename title } }', { media: [{ title: 't' }] }).text).toBe('{"media":[null]}');
});
test('conditions decide, by variable or by word', () => {
  const query =
    '{ text @skip(if: $no) number @include(if: $yes) ... on Query @include(if: false) { any } ...F @skip(if: $yes) } fragment F on Query { size }';
  expect(write(query, { text: 't', number: 1, any: 1, size: 'SMALL' }, { yes: true }).text).toBe('{"text":"t","number":1}');
});
test('an object of which everything is skipped is there, and empty', () => {
  expect(
    write('query ($no: Boolean!) { book { id @include(if: $no) ...F } } fragment F on Book { pages @skip(if: true) }', {
      book: { pages: 1 },
    }).text,
  ).toBe('{"book":{}}');
});
test('a closed field is null, or takes its parents with it, and is told of with its place', () => {
  expect(write('{ _denied0: __typename text }', { text: 't' })).toEqual({
    text: '{"closed":null,"text":"t"}',
    flaws: [['closed', 'closed']],
  });
  expect(write('{ text _denied1: __typename }', { text: 't' })).toEqual({ text: undefined, flaws: [['closed', 'closedAlways']] });
});
test.each([
  ['{ number }', { number: '1' }, 'number'],
  ['{ number }', { number: 1.5 }, 'number'],
  ['{ text }', { text: 1 }, 'text'],
  ['{ text }', { text: { toString: 'x' } }, 'text'],
  ['{ size }', { size: 'HUGE' }, 'size'],
  ['{ size }', { size: 'constructor' }, 'size'],
  ['{ book { id } }', { book: [] }, 'book'],
  ['{ book { id } }', { book: 'x' }, 'book'],
  ['{ media { id } }', { media: { id: 1 } }, 'media'],
  ['{ media { id } }', { media: [{ __typename: 'Song', id: '1' }] }, 'media.0'],
  ['{ media { id } }', { media: [{ __typename: 'toString', id: '1' }] }, 'media.0'],
  ['{ found { ... on Film { minutes } } }', { found: [{ __typename: 'Film', minutes: Number.NaN }] }, 'found.0.minutes'],
])('a value that the schema does not know is null and told of with its place: %s %j', (query, data, place) => {
  const { text, flaws } = write(query, data);
  expect(flaws).toEqual([['invalid', place]]);
  expect(text).toContain('null');
});
test('numbers of an ID are text, and what JSON cannot say is said as text', () => {
  expect(write('{ book { id } any }', { book: { id: 7 }, any: { big: 2n ** 70n } }).text).toBe(
    '{"book":{"id":"7"},"any":{"big":"1180591620717411303424"}}',
  );
});

test('whatever the data, the text is what graphql-js answers', () => {
  const film = fc.record({
    __typename: fc.constant('Film'),
    id: fc.string(),
    title: fc.option(fc.string()),
    minutes: fc.option(fc.double({ noNaN: true, noDefaultInfinity: true })),
    isLong: fc.option(fc.boolean()),
  });
  const book = fc.letrec<{ book: unknown; media: unknown }>((tie) => ({
    book: fc.record({
      __typename: fc.constant('Book'),
      id: fc.string(),
      title: fc.option(fc.string({ unit: 'binary', maxLength: 60 })),
      pages: fc.option(fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }), { freq: 8 }),
      next: fc.option(tie('book'), { maxDepth: 2 }),
      parts: fc.option(fc.array(fc.option(fc.array(fc.option(tie('media')), { maxLength: 2 }), { freq: 8 }), { maxLength: 2 }), {
        maxDepth: 2,
      }),
    }),
    media: fc.oneof(film, tie('book')),
  }));
  const data = fc.record({
    text: fc.option(fc.string({ unit: 'binary', maxLength: 60 })),
    sizes: fc.option(fc.array(fc.option(fc.constantFrom('SMALL', 'LARGE'), { freq: 8 }))),
    any: fc.jsonValue(),
    book: fc.option(book.book),
    books: fc.array(book.book, { maxLength: 3 }),
    found: fc.option(fc.array(fc.oneof(film, book.book), { maxLength: 3 })),
    media: fc.option(fc.array(fc.option(book.media), { maxLength: 3 })),
  });
  const query =
    '{ text sizes any book { ...B next { ...B next { id } } } books { title ...B } found { __typename ... on Film { id minutes isLong } ...B } media { id ...B ... on Film { title } } } fragment B on Book { pages parts { __typename title ... on Book { pages } } }';
  fc.assert(
    fc.property(data, (rootValue) => {
      const { data: expected } = executeSync({ schema, document: parse(query), rootValue });
      const { text } = write(query, rootValue);
      expect(text === undefined ? null : JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(expected)));
      if (text !== undefined) expect(text).toBe(JSON.stringify(expected));
    }),
    { numRuns: 200 },
  );
});
