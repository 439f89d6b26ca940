import type { SubgraphOfWorld } from '../services.ts';

/** One operation and the answer that was worked out by hand. */
export interface Case {
  readonly name: string;
  readonly document: string;
  readonly variables?: Readonly<Record<string, unknown>>;
  readonly data: unknown;
  /** Place and code of every error; `any` where only the place matters. */
  readonly errors?: readonly (readonly [readonly (string | number)[], string])[];
  /** The subgraphs that are asked, in alphabetical order, each as often as it is asked. */
  readonly asked?: readonly string[];
  /** Labels of `@override` that are on. */
  readonly labels?: readonly string[];
}

/** A rule of composition that users meet, with the subgraphs that show it. */
export interface CaseGroup {
  readonly rule: string;
  readonly subgraphs: readonly SubgraphOfWorld[];
  readonly cases: readonly Case[];
}

/** What reaches a resolver: rows and representations. */
export type Row = Record<string, any>;

/** Finds a row by one field. */
export const by =
  (rows: readonly Row[], field = 'id') =>
  (reference: Row): Row | null =>
    rows.find((row) => row[field] === reference[field]) ?? null;

/** Takes a representation as the entity. */
export const same = (reference: Row): Row => reference;
