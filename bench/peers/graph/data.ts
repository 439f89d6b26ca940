/** What the four subgraphs know; every body has the length that a real one might have, so that an answer weighs some 87 KB. */
export interface User {
  readonly id: string;
  readonly name: string;
  readonly username: string;
  readonly birthday: number;
}
export interface Product {
  readonly upc: string;
  readonly name: string;
  readonly price: number;
  readonly weight: number;
  readonly inStock: boolean;
}
export interface Review {
  readonly id: string;
  readonly body: string;
  readonly upc: string;
  readonly authorId: string;
}

const names = ['Mira Holm', 'Jonas Lind', 'Tove Dahl', 'Emil Rask', 'Sara Voss', 'Nils Bern'];

export const users: readonly User[] = names.map((name, index) => ({
  id: String(index + 1),
  name,
  username: name.toLowerCase().replace(' ', '.'),
  birthday: 640_000_000 + index * 31_536_000,
}));

const goods: readonly (readonly [name: string, price: number, weight: number, inStock: boolean])[] = [
  ['Table', 899, 100, true],
  ['Couch', 1_299, 1_000, false],
  ['Glass', 54, 50, false],
  ['Chair', 349, 60, true],
  ['Lamp', 120, 8, true],
  ['Shelf', 1_750, 420, false],
  ['Mirror', 260, 90, true],
  ['Carpet', 980, 310, true],
  ['Clock', 75, 12, false],
];

export const products: readonly Product[] = goods.map(([name, price, weight, inStock], index) => ({
  upc: String(index + 1),
  name,
  price,
  weight,
  inStock,
}));

const sentence = 'It came on time, stands where it should, and after a year of daily use there is still nothing to complain about. ';
const text = (length: number): string => sentence.repeat(Math.ceil(length / sentence.length)).slice(0, length);

/** One long, one short and many middling reviews, as they are found anywhere. */
const bodies: readonly (readonly [upc: string, length: number])[] = [
  ['1', 430],
  ['1', 300],
  ['1', 280],
  ['1', 150],
  ['2', 430],
  ['2', 300],
  ['2', 280],
  ['2', 150],
  ['3', 150],
  ['4', 150],
  ['4', 850],
];

export const reviews: readonly Review[] = bodies.map(([upc, length], index) => ({
  id: String(index + 1),
  body: text(length),
  upc,
  authorId: '1',
}));
