import { readEntityDocument } from '../../src/engine/mend/entity-document.ts';

const document = readEntityDocument(
  `query Q($representations:[_Any!]!,$a:Int,$b:Int,$c:Int,$on:Boolean!)@tagged(by:$c){_entities(representations:$representations){
    ...on Product{__typename x(a:$a) ...Shared@include(if:$on) ...on Toy{z{...Deep}}}
    ...on Film{w}
  }} fragment Shared on Product{y(b:$b) x(a:$a)} fragment Deep on Z{deep(b:$b)}`,
);
const only = (...wanted: string[]) =>
  document.only(
    new Set(document.fields.filter(({ node, typeName }) => wanted.includes(`${typeName}.${node.name.value}`)).map(({ node }) => node)),
  );

test('every field of an entity is known with its type, those of fragments too', () => {
  const fields = document.fields.map(({ node, typeName }) => `${typeName}.${node.name.value}`);
  expect(fields).toEqual(['Product.__typename', 'Product.x', 'Product.y', 'Product.x', 'Toy.z', 'Film.w']);
});

test('some fields are asked for with their conditions, variables and fragments only', () => {
  const head = 'query Q($representations:[_Any!]!';
  const entities = '@tagged(by:$c){_entities(representations:$representations)';
  expect(only('Film.w').text).toBe(`${head}$c:Int)${entities}{...on Film{w}}}`);
  expect(only('Product.y').text).toBe(
    `${head}$b:Int$c:Int$on:Boolean!)${entities}{...on Product{...on Product@include(if:$on){y(b:$b)}}}}`,
  );
  expect(only('Toy.z').text).toBe(`${head}$b:Int$c:Int)${entities}{...on Product{...on Toy{z{...Deep}}}}}fragment Deep on Z{deep(b:$b)}`);
  expect([...only('Product.x').variables].toSorted()).toEqual(['a', 'c', 'on', 'representations']);
});

test('a document that asks for no entities is refused', () => {
  expect(() => readEntityDocument('{ product }')).toThrow('no entities');
});
