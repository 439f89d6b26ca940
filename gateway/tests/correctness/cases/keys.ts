import { by, type CaseGroup, type Row, same } from './case.ts';

const hops: CaseGroup = {
  rule: 'an entity with several keys is found through a third subgraph',
  subgraphs: [
    {
      name: 'a',
      sdl: 'type Query { item: Item items: [Item] } type Item @key(fields: "id") { id: ID! a: String }',
      resolvers: {
        Query: { item: () => ({ id: '1' }), items: () => [{ id: '1' }, null, { id: '2' }, { id: '1' }] },
        Item: { __resolveReference: same, a: ({ id }: Row) => `a${id}` },
      },
    },
    {
      name: 'b',
      sdl: 'type Item @key(fields: "id") @key(fields: "sku { code }") { id: ID! sku: Sku b: String } type Sku @shareable { code: String }',
      resolvers: {
        Item: {
          __resolveReference: ({ id, sku }: Row) => ({
            id: id ?? sku.code.slice(1),
            sku: id === '2' ? null : { code: `s${id ?? sku.code.slice(1)}` },
          }),
          b: ({ id }: Row) => `b${id}`,
        },
      },
    },
    {
      name: 'c',
      sdl: 'type Query { bySku: Item } type Item @key(fields: "sku { code }") @key(fields: "serial") { sku: Sku serial: Int c: String } type Sku @shareable { code: String }',
      resolvers: {
        Query: { bySku: () => ({ sku: { code: 's1' }, serial: 10 }) },
        Item: {
          __resolveReference: ({ sku, serial }: Row) => {
            if (!sku && !serial) return null;
            return { sku: sku ?? { code: `s${serial / 10}` }, serial: serial ?? Number(sku.code.slice(1)) * 10 };
          },
          c: ({ serial }: Row) => `c${serial}`,
        },
      },
    },
    {
      name: 'd',
      sdl: 'type Item @key(fields: "serial") { serial: Int d(times: Int = 1): String }',
      resolvers: { Item: { __resolveReference: same, d: ({ serial }: Row, { times }: Row) => `d${serial * times}` } },
    },
  ],
  cases: [
    { name: 'three hops', document: '{ item { d } }', data: { item: { d: 'd10' } }, asked: ['a', 'b', 'c', 'd'] },
    {
      name: 'fields on the way',
      document: '{ item { d c b a id } }',
      data: { item: { d: 'd10', c: 'c10', b: 'b1', a: 'a1', id: '1' } },
      asked: ['a', 'b', 'c', 'd'],
    },
    { name: 'the other way', document: '{ bySku { a } }', data: { bySku: { a: 'a1' } }, asked: ['a', 'b', 'c'] },
    {
      name: 'in a list with nulls, the same one twice, and one whose key is null',
      document: '{ items { d } }',
      data: { items: [{ d: 'd10' }, null, { d: null }, { d: 'd10' }] },
    },
    { name: 'under two aliases', document: '{ item { x: d(times: 2) y: d } }', data: { item: { x: 'd20', y: 'd10' } } },
  ],
};

const orders: Row[] = [
  { shop: { id: 's' }, number: 1, lines: [{ part: 'a' }, { part: 'b' }], note: 'first' },
  { shop: { id: 's' }, number: 2, lines: [], note: 'second' },
  { shop: { id: 't' }, number: 1, lines: [{ part: 'b' }, { part: 'a' }], note: null },
];
const asked: Row[] = [];
const complex: CaseGroup = {
  rule: 'a key of objects and lists',
  subgraphs: [
    {
      name: 'orders',
      sdl: 'type Query { orders: [Order!]! } type Order @key(fields: "shop { id } number lines { part }") { shop: Shop! number: Int! lines: [Line!]! note: String } type Shop @key(fields: "id") { id: ID! } type Line @shareable { part: String }',
      resolvers: { Query: { orders: () => orders }, Order: { __resolveReference: same }, Shop: { __resolveReference: same } },
    },
    {
      name: 'billing',
      sdl: 'type Order @key(fields: "shop { id } number lines { part }") { shop: Shop! number: Int! lines: [Line!]! bill: String shopName: String @requires(fields: "shop { name }") } type Shop @key(fields: "id") { id: ID! name: String @external } type Line @shareable { part: String }',
      resolvers: {
        Order: {
          __resolveReference: (reference: Row) => {
            asked.push(reference);
            return reference;
          },
          bill: ({ shop, number, lines }: Row) => `${shop.id}${number}${lines.map(({ part }: Row) => part).join('')}`,
          shopName: ({ shop }: Row) => shop.name,
        },
      },
    },
    {
      name: 'shops',
      sdl: 'type Shop @key(fields: "id") { id: ID! name: String }',
      resolvers: { Shop: { __resolveReference: ({ id }: Row) => ({ id, name: `shop ${id}` }) } },
    },
  ],
  cases: [
    {
      name: 'travels whole',
      document: '{ orders { bill note } }',
      data: {
        orders: [
          { bill: 's1ab', note: 'first' },
          { bill: 's2', note: 'second' },
          { bill: 't1ba', note: null },
        ],
      },
      asked: ['billing', 'orders'],
    },
    {
      name: 'while the client sees a part of it',
      document: '{ orders { lines { part } bill } }',
      data: {
        orders: [
          { lines: [{ part: 'a' }, { part: 'b' }], bill: 's1ab' },
          { lines: [], bill: 's2' },
          { lines: [{ part: 'b' }, { part: 'a' }], bill: 't1ba' },
        ],
      },
    },
    {
      name: 'an entity inside of the key has fields of its own',
      document: '{ orders { shop { name } bill } }',
      data: {
        orders: [
          { shop: { name: 'shop s' }, bill: 's1ab' },
          { shop: { name: 'shop s' }, bill: 's2' },
          { shop: { name: 'shop t' }, bill: 't1ba' },
        ],
      },
    },
    {
      name: '@requires of an entity inside of the key',
      document: '{ orders { shopName } }',
      data: { orders: [{ shopName: 'shop s' }, { shopName: 'shop s' }, { shopName: 'shop t' }] },
    },
    {
      name: 'under names of the client',
      document: '{ orders { lines: note number: bill shop { id: name } } }',
      data: {
        orders: [
          { lines: 'first', number: 's1ab', shop: { id: 'shop s' } },
          { lines: 'second', number: 's2', shop: { id: 'shop s' } },
          { lines: null, number: 't1ba', shop: { id: 'shop t' } },
        ],
      },
    },
  ],
};

const people: Row[] = [
  { id: '1', mail: 'a@x', name: 'Ada' },
  { id: '2', mail: null, name: 'Bob' },
  { id: '3', mail: 'c@x', name: 'Cy' },
];
const entities: CaseGroup = {
  rule: 'entities that are missing, null or in another order',
  subgraphs: [
    {
      name: 'people',
      sdl: 'type Query { people: [Person] person(id: ID!): Person } type Person @key(fields: "id") @key(fields: "mail") { id: ID! mail: String name: String! boss: Person }',
      resolvers: {
        Query: {
          people: () => [people[2], null, people[0], people[1], people[0]],
          person: (_: unknown, { id }: Row) => by(people)({ id }),
        },
        Person: {
          __resolveReference: (reference: Row) => by(people)(reference) ?? by(people, 'mail')(reference),
          boss: ({ id }: Row) => (id === '1' ? null : people[0]),
        },
      },
    },
    {
      name: 'cards',
      sdl: 'type Query { card: Card } type Card { owner: Person other: Person } type Person @key(fields: "id", resolvable: false) { id: ID! }',
      resolvers: { Query: { card: () => ({ owner: { id: '1' }, other: { id: 'gone' } }) } },
    },
    {
      name: 'mails',
      sdl: 'type Person @key(fields: "mail") { mail: String unread: Int inbox: Inbox! } type Inbox { size: Int! }',
      resolvers: {
        Person: {
          __resolveReference: ({ mail }: Row) => (mail && mail !== 'c@x' ? { mail } : null),
          unread: () => 5,
          inbox: () => ({ size: 1 }),
        },
      },
    },
  ],
  cases: [
    {
      name: 'each gets its own',
      document: '{ people { name unread } }',
      data: {
        people: [{ name: 'Cy', unread: null }, null, { name: 'Ada', unread: 5 }, { name: 'Bob', unread: null }, { name: 'Ada', unread: 5 }],
      },
    },
    {
      name: 'a null key and an unknown entity leave null',
      document: '{ two: person(id: "2") { unread } three: person(id: "3") { unread } }',
      data: { two: { unread: null }, three: { unread: null } },
    },
    {
      name: 'and take their object with them, without an error, where the field may not be null',
      document: '{ one: person(id: "1") { inbox { size } } three: person(id: "3") { name inbox { size } } }',
      data: { one: { inbox: { size: 1 } }, three: null },
    },
    {
      name: 'a key that is not resolvable leads out and not in',
      document: '{ card { owner { name boss { id } } } }',
      data: { card: { owner: { name: 'Ada', boss: null } } },
      asked: ['cards', 'people'],
    },
    {
      name: 'what only refers to an entity does not know whether it is there',
      document: '{ card { other { id } } }',
      data: { card: { other: { id: 'gone' } } },
      asked: ['cards'],
    },
    {
      name: 'an entity that is not there has no fields',
      document: '{ card { owner { id name } other { id boss { name } } } }',
      data: { card: { owner: { id: '1', name: 'Ada' }, other: { id: 'gone', boss: null } } },
    },
    {
      name: 'in a circle',
      document: '{ person(id: "3") { boss { name boss { name } unread } } }',
      data: { person: { boss: { name: 'Ada', boss: null, unread: 5 } } },
    },
  ],
};

export const keyCases: readonly CaseGroup[] = [hops, complex, entities];
