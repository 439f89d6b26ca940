import { ada, openWorld, staff } from './support/world.ts';

const world = openWorld();
const policyOf = async (document: string, options = {}) => {
  const { cache, errors, data } = await world.ask(document, options);
  expect(errors).toBeUndefined();
  expect(data).toBeDefined();
  return cache && `${cache.scope} ${cache.maxAge}`;
};

describe('an answer may be kept as long as the least of its fields says', () => {
  test.each([
    ['a root field that says so', '{ greeting }', 'PUBLIC 60'],
    ['a root field that says nothing', '{ clock }', undefined],
    ['a root field that says 0', '{ never greeting }', undefined],
    ['one that says so beside one that does not', '{ greeting clock }', undefined],
    ['leaves follow their object', '{ product(id: "1") { label } }', 'PUBLIC 60'],
    ['leaves say less', '{ product(id: "1") { title } }', 'PUBLIC 40'],
    ['objects follow where they say so', '{ product(id: "1") { price { amount } } }', 'PUBLIC 60'],
    ['objects that say nothing are never kept', '{ product(id: "1") { related { label } } }', undefined],
    ['the type speaks where the field does not', '{ product(id: "1") { maker { name } } }', 'PUBLIC 60'],
    ['lists', '{ products { nodes { label } totalCount } }', 'PUBLIC 60'],
    ['a list of what says less', '{ product(id: "1") { notes { label } } }', 'PUBLIC 5'],
    ['nothing but the name of a type', '{ __typename }', undefined],
    ['introspection beside it', '{ greeting __type(name: "Money") { name } }', 'PUBLIC 60'],
    ['aliases', '{ a: greeting b: product(id: "1") { c: title } }', 'PUBLIC 40'],
    ['fragments', '{ product(id: "1") { ...F } } fragment F on Product { ... on Thing { label } title }', 'PUBLIC 40'],
    ['every object behind an interface', '{ things { label } }', 'PUBLIC 5'],
    ['each member of a union', '{ shelf { ... on Product { title } ... on Poster { label } } }', 'PUBLIC 40'],
    ['what another domain adds and says', '{ product(id: "1") { rating { average } } }', 'PUBLIC 30'],
    ['what another domain adds without a word', '{ product(id: "1") { label views } }', undefined],
    ['an entity that another domain begins with', '{ best { rating { count } } }', 'PUBLIC 30'],
    ['what @skip leaves out does not count', 'query ($yes: Boolean = true) { greeting clock @skip(if: $yes) }', 'PUBLIC 60'],
    ['what it does not leave out does', 'query ($no: Boolean = false) { greeting clock @skip(if: $no) }', undefined],
    ['what is private is not kept for guests', '{ greeting product(id: "1") { myRating } }', undefined],
  ])('%s: %s', async (_name, document, expected) => {
    expect(await policyOf(document)).toBe(expected);
  });

  test('PRIVATE if any is', async () => {
    expect(await policyOf('{ greeting product(id: "1") { myRating } }', { as: ada })).toBe('PRIVATE 30');
  });

  test('what has an access rule is never for everybody, whatever it says', async () => {
    expect(await policyOf('{ drafts { label } }', { as: ada, in: staff })).toBe('PRIVATE 60');
    expect(await policyOf('{ product(id: "1") { margin } }', { as: ada })).toBe('PRIVATE 60');
    const rater = { ...ada, scopes: ['rates'] };
    expect(await policyOf('{ product(id: "1") { staffRating } }', { as: rater })).toBe('PRIVATE 30');
  });

  test('what a signed-in viewer gets is never for caches on the way', async () => {
    expect(await policyOf('{ greeting }', { as: ada })).toBe('PRIVATE 60');
  });

  test('mutations and answers with errors are not kept', async () => {
    const renamed = await world.ask('mutation { rename(id: "2", title: "new") { label } }');
    expect([renamed.data.rename.label, renamed.cache]).toEqual(['new', undefined]);
    const denied = await world.ask('{ greeting product(id: "1") { margin } }');
    expect([denied.errors?.length, denied.cache]).toEqual([1, undefined]);
  });

  test('what is answered from memory says how long it still holds', async () => {
    const own = openWorld();
    await own.ask('{ greeting }');
    own.advance(20_500);
    expect((await own.ask('{ greeting }')).cache).toEqual({ maxAge: 39, scope: 'PUBLIC' });
    expect(own.asked()).toEqual({ shop: 1, rates: 0 });
  });
});
