import { buildSchema, parse } from 'graphql';
import { giveKeys } from '../../src/engine/keys.ts';
import { createKinds } from '../../src/engine/kinds.ts';
import { merge } from '../../src/engine/merge.ts';
import { createRepresenter } from '../../src/engine/represent.ts';
import { rewrite, valueFrom } from '../../src/engine/rewrite.ts';
import { emptyTree, type Tree } from '../../src/engine/tree.ts';
import { placesAt, targetsAt } from '../../src/engine/walk.ts';

const schema = buildSchema(`
  type Query { media(first: Int): [Media!] book: Book }
  interface Media { id: ID! title: String }
  interface Paper implements Media { id: ID! title: String }
  type Book implements Media & Paper { id: ID! title: String pages(unit: String): Int }
  type Film implements Media { id: ID! title: String }
  union Found = Book | Film
`);
const kinds = createKinds(schema);

describe('merging', () => {
  test('goes into objects and lists, and the later value wins', () => {
    const target = { a: 1, b: { c: [{ d: 1 }, null, [{ e: 1 }]] }, kept: true };
    merge(target, { a: 2, b: { c: [{ f: 2 }, { g: 3 }, [{ h: 4 }]], i: null } });
    expect(target).toEqual({ a: 2, b: { c: [{ d: 1, f: 2 }, { g: 3 }, [{ e: 1, h: 4 }]], i: null }, kept: true });
  });
  test('keys that would change what objects are have no effect', () => {
    const target = emptyTree();
    merge(target, JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"toString":"text"}') as Tree);
    expect(({} as Tree)['polluted']).toBeUndefined();
    expect(Object.keys(target)).toEqual(['constructor', 'toString']);
  });
  test('a null or another kind of value takes the place of what was there, nothing at all does not', () => {
    const target: Tree = { a: { b: 1 }, c: [1], d: 1 };
    merge(target, { a: null, c: { e: 1 }, d: undefined });
    expect(target).toEqual({ a: null, c: { e: 1 }, d: 1 });
  });
});

describe('walking', () => {
  const shared = { id: 'same' };
  const root: Tree = {
    list: [{ of: shared }, null, { of: null }, { of: shared }, 'text', { of: [1] }],
    matrix: [[{ x: 1 }, null], null, [{ x: 2 }]],
  };
  test('finds objects through lists, and passes over all that is none', () => {
    expect(targetsAt(root, ['list', '@', 'of'])).toEqual([shared, shared]);
    expect(targetsAt(root, ['matrix', '@', '@'])).toEqual([{ x: 1 }, { x: 2 }]);
    expect(targetsAt(root, ['missing', '@', 'of'])).toEqual([]);
    expect(targetsAt(root, ['list', 'of'])).toEqual([]);
    expect(targetsAt(root, ['constructor'])).toEqual([]);
  });
  test('knows each place of an object, and what it stands in', () => {
    const places = placesAt(root, ['list', '@', 'of']).get(shared);
    expect(places?.map(({ path }) => path)).toEqual([
      ['list', 0, 'of'],
      ['list', 3, 'of'],
    ]);
    expect(places?.[0]?.parents).toEqual([{ of: shared }, root]);
  });
});

describe('representations', () => {
  const field = (name: string, selections?: object[]) => ({ kind: 'Field', name, ...(selections ? { selections } : {}) });
  const on = (typeCondition: string, ...selections: object[]) => ({ kind: 'InlineFragment', typeCondition, selections });
  const represent = (requires: object[], entity: Tree, rewrites?: object[]) => {
    const { text, object } = createRepresenter(kinds, requires as never, rewrites as never);
    const written = text(entity);
    if (written !== undefined) expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(object(entity))));
    return written;
  };
  test('hold what is required, in its order', () => {
    expect(represent([on('Book', field('__typename'), field('id'))], { title: 'x', id: 'a"b', __typename: 'Book' })).toBe(
      '{"__typename":"Book","id":"a\\"b"}',
    );
    expect(represent([on('Paper', field('__typename'), field('id'))], { id: 1, __typename: 'Book' })).toBe('{"__typename":"Book","id":1}');
  });
  test('are not made of objects of another type, or that lack something; null is something', () => {
    const requires = [on('Book', field('__typename'), field('id'))];
    expect(represent(requires, { id: 1, __typename: 'Film' })).toBeUndefined();
    expect(represent(requires, { __typename: 'Book' })).toBeUndefined();
    expect(represent(requires, { id: 1 })).toBeUndefined();
    expect(represent(requires, { id: null, __typename: 'Book' })).toBe('{"__typename":"Book","id":null}');
  });
  test('hold objects and lists below their fields', () => {
    const requires = [on('Book', field('__typename'), field('parts', [field('id'), on('Film', field('title'))]))];
    const entity = { __typename: 'Book', parts: [{ id: 1, more: 2 }, null, [{ id: 3, __typename: 'Film', title: 't' }]] };
    expect(represent(requires, entity)).toBe('{"__typename":"Book","parts":[{"id":1},null,[{"id":3,"title":"t"}]]}');
    expect(represent(requires, { ...entity, parts: [[{ id: 1 }, { no: 'id' }]] })).toBeUndefined();
    expect(represent(requires, { ...entity, parts: [{ id: 3, __typename: 'Film' }] })).toBeUndefined();
  });
  test('hold what every fragment for their type asks for, and are not made where one of them lacks something', () => {
    const requires = [on('Book', field('__typename'), field('id')), on('Media', field('__typename'), field('title'))];
    expect(represent(requires, { __typename: 'Book', id: 1, title: 't' })).toBe('{"__typename":"Book","id":1,"title":"t"}');
    expect(represent(requires, { __typename: 'Book', id: 1 })).toBeUndefined();
    expect(represent(requires, { __typename: 'Film', title: 't' })).toBe('{"__typename":"Film","title":"t"}');
  });
  test('are not made of types that a fetch does not serve as a whole', () => {
    const requires = [on('Media', field('__typename'), field('id'))];
    const rewrites = [{ kind: 'ValueSetter', path: ['... on Book', '__typename'], setValueTo: 'Media' }] as const;
    for (const changes of [undefined, rewrites]) {
      const { text } = createRepresenter(kinds, requires as never, changes as never, (typeName) => typeName === 'Film');
      expect(text({ __typename: 'Film', id: 1 })).toBe('{"__typename":"Film","id":1}');
      expect(text({ __typename: 'Book', id: 1 })).toBeUndefined();
    }
  });
  test('call a type as the subgraph does', () => {
    const rewrites = [{ kind: 'ValueSetter', path: ['... on Book', '__typename'], setValueTo: 'Media' }];
    expect(represent([on('Book', field('__typename'), field('id'))], { __typename: 'Book', id: 1 }, rewrites)).toBe(
      '{"__typename":"Media","id":1}',
    );
  });
});

describe('rewriting', () => {
  test('renames keys and sets values where the types fit', () => {
    const value: Tree = { list: [{ __typename: 'Book', a: 0 }, { __typename: 'Film', a: 1 }, { a: 2 }] };
    rewrite(kinds, [{ kind: 'KeyRenamer', path: ['list', '... on Paper', 'a'], renameKeyTo: 'b' }], value);
    expect(JSON.parse(JSON.stringify(value))).toEqual({ list: [{ __typename: 'Book', b: 0 }, { __typename: 'Film', a: 1 }, { b: 2 }] });
  });
  test('finds what stands around an object', () => {
    const parents = [{ __typename: 'Book', own: 1 }, { other: { deep: [2] } }];
    expect(valueFrom(kinds, ['..', '... on Book', 'own'], parents)).toBe(1);
    expect(valueFrom(kinds, ['..', '..', 'other', 'deep'], parents)).toEqual([2]);
    expect(valueFrom(kinds, ['..', '... on Film', 'own'], parents)).toBeUndefined();
    expect(valueFrom(kinds, ['..', '..', '..', 'own'], parents)).toBeUndefined();
  });
});

describe('keys', () => {
  const keyed = (query: string) => {
    const { document, names } = giveKeys({ schema, fieldNames: new Set(['id', '_k0']), typeKey: '_type' }, parse(query));
    return { text: JSON.stringify(document), names: [...names] };
  };
  test('stay where a field without arguments is called by its own name', () => {
    expect(keyed('{ book { id title __typename } __schema { queryType { name } } }').names).toEqual([]);
  });
  test('are given to fields with arguments and to aliases, also of __typename; a field’s name is never taken', () => {
    expect(keyed('{ media { id: title kind: __typename } book { pages } }').names).toEqual([
      ['_k1', 'media'],
      ['_k2', 'id'],
      ['_k3', 'kind'],
      ['_k4', 'pages'],
    ]);
  });
  test('are the same for fields that may be merged, and differ with the arguments', () => {
    const { names } = keyed(
      '{ book { pages(unit: "a") } book { pages(unit: "a") ...F } } fragment F on Book { pages(unit: "a") more: pages(unit: "b") }',
    );
    expect(names).toEqual([
      ['_k1', 'pages'],
      ['_k2', 'more'],
    ]);
  });
});
