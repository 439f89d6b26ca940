import type { FetchNode, QueryPlan } from '@apollo/query-planner';
import type { Identity } from '@supergraph/platform/context';
import type { OperationTypeNode } from 'graphql';
import type { Answer } from '../answer.ts';
import type { ExecutorRequest } from '../executor.ts';
import type { Graph } from './graph.ts';
import type { Operation } from './operation.ts';
import type { Planned } from './planned.ts';
import type { Run } from './run.ts';
import type { Tree } from './tree.ts';

/** What an engine remembers beyond one run. Without it everybody is asked anew, and the way there costs nothing. */
export interface EngineCache {
  /** Reads a plan before it is compiled; the plan to run also asks for what tells when its answers are outdated. */
  readPlan(plan: QueryPlan, kind: OperationTypeNode): QueryPlan;
  /** The answer that is kept, or else the one that is worked out. */
  answer(planned: Planned, request: ExecutorRequest, work: Work): Promise<Answer>;
  /** What one run may know of entities; nothing for operations that must not read old data. */
  entitiesFor(operation: Operation, identity: Identity): EntityCache | undefined;
  /** Notes that an operation may have changed something. */
  changed(operation: Operation): void;
}

/** Makes what one engine remembers of its supergraph; undefined where nothing in it may be kept. */
export type CacheOf = (graph: Graph, supergraphSdl: string) => EngineCache | undefined;

/** Works an answer out; `since` names the moment from which on it is to be known, where it may be kept. */
export type Work = (since?: string) => Promise<WorkedOut>;

/** An answer with what it was made of. */
export interface WorkedOut {
  readonly answer: Answer;
  readonly run: Pick<Run, 'data' | 'entityCache'>;
}

/** What is remembered of entities, for one run. */
export interface EntityCache {
  /** When the first thing that the run took from here is too old, in milliseconds since 1970. */
  readonly freshUntil: number;
  /** Looks for entities, whose answers may depend on the variables; undefined where none of the fetch's are kept. */
  find(fetch: FetchNode, variables: Readonly<Record<string, unknown>>, sought: SoughtEntities): Promise<FoundEntities> | undefined;
}

export interface SoughtEntities {
  /** The representations that they are asked for by. */
  readonly texts: readonly string[];
  /** What refers to each. */
  readonly objects: readonly Tree[];
}

export interface FoundEntities {
  /** In the order in which they were looked for. */
  readonly entities: readonly (Tree | undefined)[];
  /** The moment from which on the others are to be known; undefined where they will not be kept. */
  readonly since: string | undefined;
  /** Keeps what a subgraph said of some of them, by their place; it is read at once and may be changed afterwards. */
  readonly keep: (answers: ReadonlyMap<number, Tree>) => void;
}
