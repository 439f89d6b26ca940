import { auditGraph, describeFinding } from '../rules.ts';
import { rules } from '../rules/audits.ts';

const good = `
"A product."
type Product @key(fields: "id") @public {
  "Its id."
  id: ID!
  "Who sells it."
  seller: User
  "Others like it."
  similar("How many." first: Int, "Where to go on." after: String): ProductConnection!
}
"Products."
type ProductConnection @public {
  "Entries."
  edges: [ProductEdge!]!
  "Products."
  nodes: [Product!]!
  "Where it stands."
  pageInfo: PageInfo!
}
"An entry."
type ProductEdge @public {
  "The product."
  node: Product!
  "Its place."
  cursor: String!
}
type User @key(fields: "id") {
  id: ID!
  "What they sell."
  products("How many." first: Int, "Where to go on." after: String): ProductConnection @authenticated
}
"A kind."
enum ProductKind {
  "Simple."
  SIMPLE
}
"A new product."
input CreateProductInput {
  "Its name."
  name: String!
}
"The new product."
type CreateProductPayload @authenticated {
  "It."
  product: Product!
}
type Query {
  "One product."
  product("Its id." id: ID!): Product @public
  "For neighbors."
  productFacts("Ids." ids: [ID!]!): [Product!]! @inaccessible @tag(name: "internal")
}
type Mutation {
  "Makes one."
  createProduct("What." input: CreateProductInput!): CreateProductPayload! @requiresScopes(scopes: [["catalog:write"]])
}
type Subscription {
  "It changed."
  productChanged("Its id." id: ID!): Product @public
}
`;
const accounts = {
  name: 'accounts',
  sdl: `
"A person."
type User @key(fields: "id") @public {
  "Their id."
  id: ID!
}`,
};
const shared = '"Money." type Money { amount: String }';

const audit = (sdl: string) => auditGraph([accounts, { name: 'catalog', sdl }], shared);
/** What the rules find when a part of the good SDL is replaced. */
function findingsWith(part: string, replacement: string): string[] {
  expect(good).toContain(part);
  return audit(good.replace(part, replacement)).findings.map(({ rule, at }) => `${rule} ${at}`);
}

test('good SDL has no finding', () => {
  expect(audit(good).findings).toEqual([]);
});

test.each<[string, string, string, string[]]>([
  ['a field without description', '"Its id."\n', '', ['1 Product.id']],
  ['an argument without description', '"What." input', 'input', ['1 Mutation.createProduct(input)']],
  ['an input field without description', '"Its name."', '', ['1 CreateProductInput.name']],
  ['an enum value without description', '"Simple."', '', ['1 ProductKind.SIMPLE']],
  ['a field without rule', ': Product @public\n  "For', ': Product\n  "For', ['2 Query.product']],
  ['a type without rule', 'type ProductEdge @public', 'type ProductEdge', ['2 ProductEdge.node', '2 ProductEdge.cursor']],
  ['an internal field that clients see', '@inaccessible @tag', '@tag', ['3 Query.productFacts']],
  ['a mutation with a loose argument', '"What." input: CreateProductInput!', '"What." name: String!', ['4 Mutation.createProduct']],
  ['a mutation without payload', 'CreateProductPayload! @', 'Product! @', ['4 Mutation.createProduct']],
  [
    'a connection without after',
    '"How many." first: Int, "Where to go on." after: String): ProductConnection!',
    '"How many." first: Int): ProductConnection!',
    ['5 Product.similar'],
  ],
  ['a connection without nodes', '"Products."\n  nodes: [Product!]!', '', ['6 ProductConnection']],
  ['an edge without cursor', '"Its place."\n  cursor: String!', '', ['6 ProductConnection']],
  ['an enum value in lower case', 'SIMPLE', 'simple', ['7 ProductKind.simple']],
  ['an entity that nobody describes', '"A product."', '', ['1 Product']],
  ['an id that is a number', '"Its id."\n  id: ID!', '"Its id."\n  id: Int!', ['8 Product.id']],
  ['an input that names the owner', 'name: String!\n}', 'ownerId: ID!\n}', ['9 CreateProductInput.ownerId']],
  ['a type of another domain', 'enum ProductKind', 'enum Money', ['10 Money']],
  ['a subscription named after a wish', 'productChanged', 'productChanges', ['11 Subscription.productChanges']],
  ["another domain's entity, non-null", 'seller: User', 'seller: User!', ['12 Product.seller']],
  ["another domain's entities, non-null", 'seller: User', 'seller: [User!]!', ['12 Product.seller']],
  [
    "a non-null field on another domain's entity",
    'ProductConnection @authenticated',
    'ProductConnection! @authenticated',
    ['13 User.products'],
  ],
  ['a second owner', 'type User', '"A seller." type User', ['14 User']],
  ['a filter of the wrong name', 'similar(', 'similar("Which." filter: ProductKind, ', ['15 Product.similar(filter)']],
  ['a field in snake_case', 'seller:', 'sold_by:', ['16 Product.sold_by']],
  ['a shareable entity', 'type Product @key', 'type Product @shareable @key', ['17 Product']],
  [
    'reading by id that fails',
    '"Its id." id: ID!): Product @public\n  "For',
    '"Its id." id: ID!): Product! @public\n  "For',
    ['18 Query.product'],
  ],
  [
    'an entity that is remembered as a whole',
    'type Product @key(fields: "id") @public',
    'type Product @key(fields: "id") @public @cacheControl(maxAge: 9)',
    ['20 Product'],
  ],
  [
    'what has an access rule and is remembered for everybody',
    'ProductConnection @authenticated',
    'ProductConnection @authenticated @cacheControl(maxAge: 9)',
    ['20 User.products'],
  ],
  ['a deprecation without reason', 'seller: User', 'seller: User @deprecated', ['19 Product.seller']],
])('%s is found', (_, part, replacement, expected) => {
  expect(findingsWith(part, replacement)).toEqual(expected);
});

test('two domains with one root field are both told', () => {
  const other = { name: 'shop', sdl: 'type Query { "One." product("Id." id: ID!): String @public }' };
  const { findings } = auditGraph([accounts, { name: 'catalog', sdl: good }, other], shared);
  expect(findings.map(({ rule, domain, at }) => `${rule} ${domain} ${at}`)).toEqual(['10 catalog Query.product', '10 shop Query.product']);
});

test('a waiver with a reason excuses the definition that follows', () => {
  const { findings, waived } = audit(
    good.replace('  "Its name."\n  name', '  # waive rule 9: sellers are chosen\n  "Its name."\n  sellerId'),
  );
  expect(findings).toEqual([]);
  expect(waived).toMatchObject([{ rule: 9, at: 'CreateProductInput.sellerId', reason: 'sellers are chosen' }]);
});

test('a waiver on a type excuses its fields', () => {
  const { findings } = audit(
    good.replace('"An entry."\ntype ProductEdge @public', '# waive rule 2: only a test\n"An entry."\ntype ProductEdge'),
  );
  expect(findings).toEqual([]);
});

test('a waiver without a reason, or with nothing to waive, is a finding', () => {
  expect(findingsWith('  "Its name."\n  name', '  # waive rule 9\n  "Its name."\n  sellerId')).toEqual([
    '9 CreateProductInput.sellerId',
    '21 # waive rule 9',
  ]);
  expect(findingsWith('"A kind."', '# waive rule 7: no need\n"A kind."')).toEqual(['21 # waive rule 7']);
});

test('public fields are listed', () => {
  expect(audit(good).publicFields).toEqual([
    'Product.*',
    'ProductConnection.*',
    'ProductEdge.*',
    'Query.product',
    'Subscription.productChanged',
    'User.*',
  ]);
});

test('a finding says where it is and how to mend it', () => {
  const [finding] = audit(good.replace('SIMPLE', 'simple')).findings;
  expect(describeFinding(finding!)).toMatch(/^subgraphs\/catalog\/schema\.graphql:34 ProductKind\.simple: .*rule 7\)\nmend: /);
});

test('rules are numbered in order', () => {
  expect(rules.map(({ number }) => number)).toEqual(rules.map((_, index) => index + 1));
});
