import { readFileSync } from 'node:fs';
import { buildSchema, parse } from 'graphql';
import { apiSdlsOf, composeSubgraphs, isComposedFrom, placeholderUrl } from '../src/compose.ts';

const shared = readFileSync(new URL('../../schema/shared.graphql', import.meta.url), 'utf8');
const accounts = {
  name: 'accounts',
  sdl: `${shared}
type User @key(fields: "id") { id: ID! name: String! @authenticated secret: String @inaccessible @tag(name: "internal") }
type Query { user(id: ID!): User @public users(first: Int, orderBy: SortDirection): [User!]! @cost(weight: 3) @listSize(slicingArguments: ["first"], requireOneSlicingArgument: false) }`,
};
const catalog = {
  name: 'catalog',
  sdl: `${shared}
type User @key(fields: "id") { id: ID! spent: Money @policy(policies: [["platform:admin"]]) @cacheControl(maxAge: 9, scope: PRIVATE) }`,
};
const composed = composeSubgraphs([catalog, accounts]);

test('one graph comes of two domains, with rules and costs', () => {
  for (const part of [
    '@authenticated',
    '@policy(policies: [["platform:admin"]])',
    '@cost(weight: 3)',
    '@cacheControl(maxAge: 9, scope: PRIVATE)',
    '@listSize(slicingArguments: ["first"]',
  ]) {
    expect(composed.supergraphSdl).toContain(part);
  }
  expect(composed.supergraphSdl).toContain(placeholderUrl('catalog'));
  expect(() => parse(composed.supergraphSdl)).not.toThrow();
});

test('the API schema has no inaccessible field and no machinery', () => {
  const apiSdl = composed.apiSdls.get('public') ?? '';
  expect(() => buildSchema(apiSdl)).not.toThrow();
  expect(apiSdl).toContain('spent: Money');
  expect(apiSdl).not.toMatch(/secret|join__|@authenticated|cacheControl/);
  expect(apiSdlsOf(composed.supergraphSdl)).toEqual(composed.apiSdls);
});

test('the order of the domains does not matter', () => {
  expect(composeSubgraphs([accounts, catalog])).toEqual(composed);
});

test('the stamp tells whether the SDL is still the same', () => {
  expect(isComposedFrom(composed.supergraphSdl, [accounts, catalog])).toBe(true);
  expect(isComposedFrom(composed.supergraphSdl, [accounts])).toBe(false);
  expect(isComposedFrom(composed.supergraphSdl, [accounts, { ...catalog, sdl: `${catalog.sdl} ` }])).toBe(false);
});

test('everything that does not compose is listed, with a mend', () => {
  const clash = { name: 'shop', sdl: `${shared}\ntype Query { user(id: ID!): User user2: Int }\ntype User { name: Int }` };
  expect(() => composeSubgraphs([accounts, clash])).toThrow(/do not compose:\n- \[[A-Z_]+\] [\s\S]*\n- \[[\s\S]*\nmend: /);
});

test('SDL that cannot be read names its domain', () => {
  expect(() => composeSubgraphs([accounts, { name: 'shop', sdl: 'type {' }])).toThrow(/- \[shop\] Syntax Error[\s\S]*mend:/);
});
