import { type CaseGroup, type Row, same } from './case.ts';

const moved = () => {
  throw new Error('this field has moved');
};

const overriding: CaseGroup = {
  rule: '@override moves a field',
  subgraphs: [
    {
      name: 'old',
      sdl: 'type Query { product: Product } type Product @key(fields: "id") { id: ID! price: Int stock: Int rank: String note: String }',
      resolvers: {
        Query: { product: () => ({ id: '1' }) },
        Product: { __resolveReference: same, price: moved, stock: () => 1, rank: () => 'old', note: () => 'old' },
      },
    },
    {
      name: 'fresh',
      sdl: `type Product @key(fields: "id") {
        id: ID! price: Int @override(from: "old") stock: Int @override(from: "old", label: "percent(50)") rank: String @override(from: "old", label: "new-rank")
        tax: Int @requires(fields: "weight") weight: Int @external
      }`,
      resolvers: {
        Product: { __resolveReference: same, price: () => 5, stock: () => 2, rank: () => 'new', tax: ({ weight }: Row) => weight * 2 },
      },
    },
    {
      name: 'scales',
      sdl: 'type Product @key(fields: "id") { id: ID! weight: Int note: String @override(from: "old") total: Int @requires(fields: "price") price: Int @external }',
      resolvers: { Product: { __resolveReference: same, weight: () => 3, note: () => 'scales', total: ({ price }: Row) => price + 1 } },
    },
  ],
  cases: [
    { name: 'for everybody', document: '{ product { price } }', data: { product: { price: 5 } }, asked: ['fresh', 'old'] },
    {
      name: 'also where another field requires it',
      document: '{ product { total } }',
      data: { product: { total: 6 } },
      asked: ['fresh', 'old', 'scales'],
    },
    {
      name: 'and the rest stays',
      document: '{ product { note price weight tax } }',
      data: { product: { note: 'scales', price: 5, weight: 3, tax: 6 } },
    },
    {
      name: 'not yet, while its label is off',
      document: '{ product { stock rank } }',
      data: { product: { stock: 1, rank: 'old' } },
      asked: ['old'],
    },
    {
      name: 'for the callers for whom its label is on',
      document: '{ product { stock rank } }',
      labels: ['percent(50)'],
      data: { product: { stock: 2, rank: 'old' } },
      asked: ['fresh', 'old'],
    },
    {
      name: 'for each label apart',
      document: '{ product { stock rank } }',
      labels: ['new-rank'],
      data: { product: { stock: 1, rank: 'new' } },
    },
    {
      name: 'for all labels at once',
      document: '{ product { stock rank price } }',
      labels: ['percent(50)', 'new-rank'],
      data: { product: { stock: 2, rank: 'new', price: 5 } },
      asked: ['fresh', 'old'],
    },
  ],
};

const chain = (name: string, own: string, value: string) => ({
  name,
  sdl: `type Query { page: Page @shareable pages: [Page!] @shareable }
    type Page @shareable { title: String body: Body ${own}: String }
    type Body { text: String link: Link } extend type Body @shareable { note: String }
    type Link @shareable { url: String label: String }`
    .replace('type Body {', 'type Body @shareable {')
    .replace(' extend type Body @shareable { note: String }', ''),
  resolvers: {
    Query: {
      page: () => ({ title: 't', [own]: value, body: { text: 'b', link: { url: 'u', label: 'l' } } }),
      pages: () => [
        { title: 't', [own]: value, body: null },
        { title: 'u', [own]: value, body: { text: null, link: null } },
      ],
    },
  },
});

const shareable: CaseGroup = {
  rule: '@shareable fields come from wherever they are',
  subgraphs: [chain('left', 'fromLeft', 'L'), chain('right', 'fromRight', 'R')],
  cases: [
    {
      name: 'one subgraph is enough for what it has',
      document: '{ page { title body { link { url label } text } } }',
      data: { page: { title: 't', body: { link: { url: 'u', label: 'l' }, text: 'b' } } },
    },
    {
      name: 'two halves of one value come together',
      document: '{ page { fromLeft title fromRight } }',
      data: { page: { fromLeft: 'L', title: 't', fromRight: 'R' } },
      asked: ['left', 'right'],
    },
    {
      name: 'in lists too, in their order',
      document: '{ pages { fromRight body { text } fromLeft title } }',
      data: {
        pages: [
          { fromRight: 'R', body: null, fromLeft: 'L', title: 't' },
          { fromRight: 'R', body: { text: null }, fromLeft: 'L', title: 'u' },
        ],
      },
    },
    {
      name: 'each alias is fetched for itself',
      document: '{ a: page { fromLeft } b: page { fromRight } }',
      data: { a: { fromLeft: 'L' }, b: { fromRight: 'R' } },
      asked: ['left', 'right'],
    },
  ],
};

const intersections: CaseGroup = {
  rule: 'enums, inputs and arguments of which subgraphs know different parts',
  subgraphs: [
    {
      name: 'a',
      sdl: `enum In { UP DOWN SIDE } enum Out { OK BAD } enum Both { X Y }
        input Filter { from: Int = 1 to: Int! text: String both: Both }
        type Query { list(filter: Filter, order: In = UP): [Item!] @shareable hidden: Int @inaccessible one(id: ID! = "1"): Item }
        type Item @key(fields: "id") { id: ID! state: Out both: Both secret: String @inaccessible }`,
      resolvers: {
        Query: {
          list: (_: unknown, { filter, order }: Row) => [
            { id: `${order}${filter?.from ?? ''}${filter?.to ?? ''}`, state: 'OK', both: 'X' },
          ],
          one: (_: unknown, { id }: Row) => ({ id, state: 'BAD', both: 'Y', secret: 's' }),
        },
        Item: { __resolveReference: ({ id }: Row) => ({ id, state: 'OK', both: 'X', secret: `secret ${id}` }) },
      },
    },
    {
      name: 'b',
      sdl: `enum In { UP DOWN } enum Out { OK WORSE LOST @inaccessible } enum Both { X Y }
        input Filter { from: Int = 1 to: Int both: Both }
        type Query { list(filter: Filter, order: In = UP): [Item!] @shareable }
        type Item @key(fields: "id") { id: ID! other(both: Both = Y): Out secret: String @external shown: String @requires(fields: "secret") }`,
      resolvers: {
        Query: { list: (_: unknown, { filter, order }: Row) => [{ id: `${order}${filter?.from ?? ''}${filter?.to ?? ''}` }] },
        Item: {
          __resolveReference: same,
          other: ({ id }: Row, { both }: Row) => (id === 'lost' ? 'LOST' : both === 'X' ? 'WORSE' : 'OK'),
          shown: ({ secret }: Row) => secret,
        },
      },
    },
  ],
  cases: [
    { name: 'a value that all know', document: '{ list(order: DOWN, filter: { to: 3 }) { id } }', data: { list: [{ id: 'DOWN13' }] } },
    {
      name: 'by variables',
      document: 'query ($filter: Filter, $order: In) { list(order: $order, filter: $filter) { id } }',
      variables: { filter: { from: 2, to: 4 }, order: 'UP' },
      data: { list: [{ id: 'UP24' }] },
    },
    {
      name: 'defaults where a variable is not given',
      document: 'query ($order: In, $to: Int = 7) { list(order: $order, filter: { to: $to, both: X }) { id } }',
      data: { list: [{ id: 'UP17' }] },
    },
    {
      name: 'an optional field that one of them wants',
      document: 'query ($filter: Filter) { list(filter: $filter) { id } }',
      variables: { filter: { from: 1 } },
      data: undefined,
      errors: [[undefined as never, 'BAD_USER_INPUT']],
    },
    { name: 'results of both', document: '{ one { state other both } }', data: { one: { state: 'BAD', other: 'OK', both: 'Y' } } },
    { name: 'a result that only one of them knows', document: '{ one { other(both: X) } }', data: { one: { other: 'WORSE' } } },
    {
      name: 'a value that clients may not see is an error and null',
      document: '{ one(id: "lost") { id other } }',
      data: { one: { id: 'lost', other: null } },
      errors: [[['one', 'other'], 'any']],
    },
    { name: 'a field that clients may not see is used inside', document: '{ one { shown } }', data: { one: { shown: 's' } } },
  ],
};

export const sharing: readonly CaseGroup[] = [overriding, shareable, intersections];
