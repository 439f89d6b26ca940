import type { Identity } from '@supergraph/platform/context';
import type { SubgraphAnswer } from '@supergraph/platform/subgraph';
import type { CompiledFetch } from './compiled-fetch.ts';
import type { EntityCache } from './engine-cache.ts';
import type { PlacedError, Told } from './errors.ts';
import type { FetchReport } from './fetch-report.ts';
import type { Recording } from './recording.ts';
import type { Tree } from './tree.ts';

/** What a fetch asks of a subgraph. */
export interface FetchRequest {
  readonly fetch: Pick<CompiledFetch, 'node' | 'path'>;
  readonly service: string;
  readonly query: string;
  readonly operationName: string | undefined;
  readonly variables: () => Readonly<Record<string, unknown>>;
  /** The same as JSON, for subgraphs that are asked over a wire. */
  readonly variablesText: () => string;
  /** How many entities are asked for; 0 for root fields. */
  readonly entities: number;
  /** How many objects of the answer want one of them, or one that needed no asking. */
  readonly wanted: number;
  /** How many entities needed no asking, since they are known from earlier requests. */
  readonly remembered: number;
  /** Only an answer to somebody who asked since the same moment will do. */
  readonly since: string | undefined;
}

/** Asks a subgraph within the operation's time; never rejects. */
export type Ask = (request: FetchRequest) => Promise<SubgraphAnswer>;

/** What a subgraph said of one entity, for all that refer to it. */
export interface EntityAnswer {
  entity: Tree | null;
  readonly errors: EntityError[];
}

/** An error of an entity; without a rest of a path it concerns all that was asked of it. */
export interface EntityError extends Told {
  readonly rest: readonly (string | number)[] | undefined;
}

/** An entity that is being asked for, or was. */
export interface PendingEntity {
  readonly answer: EntityAnswer;
  /** Resolves when the answer is complete. */
  arrival: Promise<void>;
}

/** Entities by the names of their representations. */
export type KnownEntities = Map<string, Map<string, PendingEntity>>;

/** One run of a compiled plan. */
export interface Run {
  readonly data: Tree;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Who asks. */
  readonly identity: Identity;
  readonly ask: Ask;
  /** Makes of a subgraph's error what may leave. */
  readonly tell: (error: NonNullable<SubgraphAnswer['errors']>[number]) => Told;
  readonly errors: PlacedError[];
  /** Objects of which some subgraph said nothing that was asked: they may lack fields, and nobody is to blame for it. */
  readonly unknown: Set<Tree>;
  /** Entities that were asked for in this run: by what was asked of them, then by their representations. */
  readonly entities: Map<string, KnownEntities>;
  /** What is known of entities from other runs. */
  readonly entityCache: EntityCache | undefined;
  /** The moment from which on the answer is to be known; undefined where it will not be kept. */
  readonly since: string | undefined;
  /** Called when a fetch that others wait for, by its id in the plan, is done. */
  readonly arrived: ((id: string) => void) | undefined;
  /** Hears what came of each fetch. */
  readonly report: (report: FetchReport) => void;
  /** Notes how the run goes, where somebody asked for it. */
  readonly recording: Recording | undefined;
}

/** A compiled part of a plan; nothing to wait for when it gives nothing back. */
export type Step = (run: Run) => Promise<void> | undefined;
