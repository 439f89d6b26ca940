import { type Answered, createArena } from './arena.ts';
import { faultsOfAnswer } from './valid.ts';

type Tree = Record<string, any>;
const items: Tree[] = [
  { __typename: 'Item', id: '1', name: 'Tea', size: 'S', count: 1, price: 1.5, ready: true, tags: ['a'], grid: [[1]], raw: { a: 1 } },
  { __typename: 'Item', id: '2', name: 'Pot', size: 'L', count: 2, price: 2, ready: false, tags: [], grid: [], raw: 'x' },
];
export const arena = createArena(
  [
    {
      name: 'things',
      sdl: `scalar JSON enum Size { S L }
        type Query { item: Item items: [Item]! thing: Thing node: Node }
        type Item implements Node @key(fields: "id") {
          id: ID! name: String size: Size count: Int price: Float ready: Boolean tags: [String!] grid: [[Int]] raw: JSON must: Inner
        }
        type Inner { value: Int! } interface Node { id: ID! }
        type Note implements Node { id: ID! text: String } union Thing = Item | Note`,
      resolvers: {
        Query: { item: () => items[0], items: () => items, thing: () => items[0], node: () => items[0] },
        Item: { __resolveReference: (reference: Tree) => reference, must: () => ({ value: 1 }) },
      },
    },
    {
      name: 'stars',
      sdl: `type Query { starred: Int } type Item @key(fields: "id") { id: ID! stars: Int review: Review must2: Int! }
        type Review { text: String by: String }`,
      resolvers: {
        Query: { starred: () => 9 },
        Item: {
          __resolveReference: ({ id }: Tree) => ({ id }),
          stars: ({ id }: Tree) => Number(id),
          review: ({ id }: Tree) => ({ text: `about ${id}` }),
          must2: () => 2,
        },
      },
    },
  ],
  { fetchMs: 100 },
);
/** After each test: everybody answers as before, and no object has got anything from an answer. */
export function isClean(): void {
  for (const service of arena.services) service.disturb = undefined;
  expect(({} as Tree)['polluted']).toBeUndefined();
  expect(([] as unknown as Tree)['polluted']).toBeUndefined();
}

export const down = 'UPSTREAM_UNAVAILABLE';
/** Place and code of errors. */
export type Told = readonly (readonly [readonly (string | number)[], string])[];

/** The answer while one subgraph answers so; it keeps to the schema whatever came. */
export async function answerWhile(service: string, says: () => unknown, document: string): Promise<Answered> {
  arena.service(service).disturb = async () => says();
  const answer = await arena.runOurs(document);
  expect(await faultsOfAnswer(arena.schema, document, answer)).toEqual([]);
  return answer;
}

/** The same with no more of the errors than their places and codes, in the order of their places. */
export async function ask(document: string, service: string, says: () => unknown) {
  const { data, errors } = await answerWhile(service, says, document);
  const told = errors.map(({ path, extensions }) => [path, extensions?.['code']]);
  return { data, told: told.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) };
}
