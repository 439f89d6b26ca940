import { type CaseGroup, type Row, same } from './case.ts';

const handedDown: CaseGroup = {
  rule: '@context hands a value down to a field',
  subgraphs: [
    {
      name: 'shop',
      sdl: `type Query { carts: [Cart!]! }
        type Cart @key(fields: "id") @context(name: "cart") { id: ID! currency: String! lines: [Line!]! owner: Owner }
        type Line @key(fields: "id") { id: ID! price(currency: String @fromContext(field: "$cart { currency }"), exact: Boolean = false): String sub: Sub }
        type Sub @key(fields: "id") { id: ID! label(currency: String @fromContext(field: "$cart { currency }"), name: String @fromContext(field: "$cart { owner { name } }")): String }
        type Owner @shareable { name: String }`,
      resolvers: {
        Query: {
          carts: () => [
            { id: '1', currency: 'EUR', lines: [{ id: 'a' }, { id: 'b' }], owner: { name: 'Ada' } },
            { id: '2', currency: 'USD', lines: [{ id: 'a' }], owner: null },
          ],
        },
        Cart: { __resolveReference: same },
        Line: {
          __resolveReference: same,
          price: ({ id }: Row, { currency, exact }: Row) => `${id} ${currency}${exact ? ' exactly' : ''}`,
          sub: ({ id }: Row) => ({ id: `${id}s` }),
        },
        Sub: { __resolveReference: same, label: ({ id }: Row, { currency, name }: Row) => `${id} ${currency} ${name ?? 'nobody'}` },
      },
    },
    {
      name: 'other',
      sdl: 'type Line @key(fields: "id") { id: ID! stock: Int }',
      resolvers: { Line: { __resolveReference: same, stock: () => 3 } },
    },
  ],
  cases: [
    {
      name: 'for each object its own',
      document: '{ carts { lines { price } } }',
      data: { carts: [{ lines: [{ price: 'a EUR' }, { price: 'b EUR' }] }, { lines: [{ price: 'a USD' }] }] },
    },
    {
      name: 'beside arguments of the client and fields of others',
      document: '{ carts { currency lines { price(exact: true) stock } } }',
      data: {
        carts: [
          {
            currency: 'EUR',
            lines: [
              { price: 'a EUR exactly', stock: 3 },
              { price: 'b EUR exactly', stock: 3 },
            ],
          },
          { currency: 'USD', lines: [{ price: 'a USD exactly', stock: 3 }] },
        ],
      },
    },
    {
      name: 'further down, two of them, one of an object',
      document: '{ carts { lines { sub { label } } } }',
      data: {
        carts: [
          { lines: [{ sub: { label: 'as EUR Ada' } }, { sub: { label: 'bs EUR Ada' } }] },
          { lines: [{ sub: { label: 'as USD nobody' } }] },
        ],
      },
    },
    {
      name: 'though the client names something else so',
      document: '{ carts { currency: id lines { price } } }',
      data: {
        carts: [
          { currency: '1', lines: [{ price: 'a EUR' }, { price: 'b EUR' }] },
          { currency: '2', lines: [{ price: 'a USD' }] },
        ],
      },
    },
  ],
};

/** Two carts refer to one line, which another subgraph is asked for once; what hangs below it stands in both carts. */
const meeting: CaseGroup = {
  rule: '@context hands each place its own value, also where they refer to one entity',
  subgraphs: [
    {
      name: 'shop',
      sdl: `type Query { carts: [Cart!]! wish: Wish }
        type Cart @key(fields: "id") @context(name: "owner") { id: ID! currency: String! line: Line }
        type Wish @context(name: "owner") { currency: String! lines: [Line!] }
        type Line @key(fields: "id") { id: ID! }
        type Part @key(fields: "id") { id: ID! price(currency: String @fromContext(field: "$owner { currency }")): String }`,
      resolvers: {
        Query: {
          carts: () => ['EUR', 'USD', 'EUR'].map((currency, index) => ({ id: `${index}`, currency, line: { id: 'l' } })),
          wish: () => ({ currency: 'GBP', lines: [{ id: 'l' }, { id: 'm' }, { id: 'l' }] }),
        },
        Part: { __resolveReference: same, price: ({ id }: Row, { currency }: Row) => `${id} ${currency}` },
      },
    },
    {
      name: 'parts',
      sdl: `type Line @key(fields: "id") { id: ID! part: Part parts: [[Part]!] box: Box } type Box { part: Part label: String }
        type Part @key(fields: "id") { id: ID! }`,
      resolvers: {
        Line: {
          __resolveReference: same,
          part: ({ id }: Row) => ({ id: `p${id}` }),
          parts: ({ id }: Row) => [[{ id: `p${id}` }, null], [{ id: 'q' }]],
          box: ({ id }: Row) => ({ label: id, part: { id: `b${id}` } }),
        },
      },
    },
  ],
  cases: [
    {
      name: 'below an entity that is asked for once',
      document: '{ carts { line { part { price } } } }',
      data: { carts: ['pl EUR', 'pl USD', 'pl EUR'].map((price) => ({ line: { part: { price } } })) },
      asked: ['parts', 'shop', 'shop', 'shop'],
    },
    {
      name: 'in lists of lists, and in objects',
      document: '{ carts { line { parts { price } box { label part { price } } } } }',
      data: {
        carts: ['EUR', 'USD', 'EUR'].map((currency) => ({
          line: {
            parts: [[{ price: `pl ${currency}` }, null], [{ price: `q ${currency}` }]],
            box: { label: 'l', part: { price: `bl ${currency}` } },
          },
        })),
      },
    },
    {
      name: 'in different parents',
      document: '{ carts { currency line { part { price } } } wish { lines { part { id price } } } }',
      data: {
        carts: ['EUR', 'USD', 'EUR'].map((currency) => ({ currency, line: { part: { price: `pl ${currency}` } } })),
        wish: { lines: ['pl', 'pm', 'pl'].map((id) => ({ part: { id, price: `${id} GBP` } })) },
      },
    },
  ],
};

export const contexts: readonly CaseGroup[] = [handedDown, meeting];
