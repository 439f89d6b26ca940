import type { SelectionSetNode } from 'graphql';

/** Where a row keeps what came with a representation. */
export const given: unique symbol = Symbol('given');
/** Where a row keeps which external fields a `@provides` lets it have. */
export const provided: unique symbol = Symbol('provided');

/** An object of the data; references to others are for the world's fields to follow. */
export type Row = { readonly __typename?: string; [given]?: Row; [provided]?: SelectionSetNode; [field: string]: any };
/** The rows of each object type. */
export type Data = Record<string, Row[]>;
export type Arguments = Record<string, any>;
/** Computes a field of the whole graph; `data` holds everything, whoever owns it. */
export type FieldFunction = (row: Row, args: Arguments, data: Data) => unknown;
export type Fields = Readonly<Record<string, Readonly<Record<string, FieldFunction>>>>;

/** A small product: subgraphs, their data, and what each field means, whichever subgraph it comes from. */
export interface WorldDefinition {
  readonly name: string;
  /** SDL by subgraph, without the federation link. */
  readonly subgraphs: Readonly<Record<string, string>>;
  /** Makes the data anew. */
  readonly data: () => Data;
  /** By type (or interface) and field; a field without a function is read from its row. */
  readonly fields: Fields;
  /** By subgraph: what differs there, such as a field whose requirement arrives in another form. */
  readonly own?: Readonly<Record<string, Fields>>;
  /** Fields that require one field with different arguments; plain Apollo gives all of them the same. */
  readonly rivals?: readonly (readonly string[])[];
  /** By subgraph: which entities it does not know. */
  readonly missing?: Readonly<Record<string, (row: Row) => boolean>>;
  /** Subgraphs that cannot be reached: one error without a path, and no data. */
  readonly down?: readonly string[];
  /** Subgraphs that answer null and give no reason, which is no answer: the gateway says that they cannot be reached. */
  readonly mute?: readonly string[];
}
