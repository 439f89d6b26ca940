import type { Identity } from '@supergraph/platform/context';
import type { Log } from '@supergraph/platform/log';
import type { SubgraphClient } from '@supergraph/platform/subgraph';
import { record } from '@supergraph/platform/tracing';
import { type Answer, refusedWith } from '../answer.ts';
import type { EdgeAccess, Permitted } from '../edge-access.ts';
import type { EngineCache } from './engine-cache.ts';
import { type Mask, onOurSide } from './errors.ts';
import type { Graph } from './graph.ts';
import type { Observed } from './observe.ts';
import type { Operation, Part } from './operation.ts';
import type { Run } from './run.ts';
import type { ObjectShape } from './shape.ts';
import type { Path, Tree } from './tree.ts';
import { variableErrors } from './variables.ts';

/** Where in the whole answer a part of it stands. */
export interface PartPlace {
  readonly at: Path;
  readonly root: ObjectShape;
  /** The data of the whole answer. */
  readonly data: Tree;
}

/** What queries, events and deferred parts have in common. */
export interface Engine {
  readonly graph: Graph;
  readonly access: EdgeAccess;
  readonly clients: ReadonlyMap<string, SubgraphClient>;
  readonly log: Log;
  /** Absent: nothing is remembered. */
  readonly cache: EngineCache | undefined;
  /** The planned operation, made once for all that may run the same of it. */
  prepare(permitted: Permitted, request: Pick<Observed, 'operationName' | 'overrides' | 'variables'>, inParts: boolean): Prepared;
  begin(operation: Operation, request: Observed, arrived?: (id: string) => void): Run;
  /** The answer to what a run has gathered. */
  finish(
    operation: Operation,
    part: Part,
    run: Pick<Run, 'data' | 'errors' | 'unknown' | 'variables' | 'identity' | 'recording'>,
    permitted: Permitted,
    place?: PartPlace,
  ): Answer;
  /** Logs what a client may not see, and gives the id to tell instead. */
  readonly maskFor: (identity: Identity) => Mask;
}

export interface Prepared {
  readonly operation: Operation;
  /** Somebody has asked for it before. */
  readonly isKnown: boolean;
}

/** An operation that may run, as its caller may run it. */
export interface Planned {
  readonly operation: Operation;
  readonly permitted: Permitted;
}

/** Checks variables and access and plans, or says why the operation does not run. */
export function planFor(engine: Engine, request: Omit<Observed, 'deadline'>, inParts: boolean): Planned | { readonly refused: Answer } {
  const { document, operationName, variables } = request;
  const errors = variableErrors(engine.graph.schema, document, operationName, variables);
  if (errors.length > 0) return { refused: refusedWith(...errors) };
  const { identity, recording } = request;
  const permitted = engine.access.permit(document, identity);
  const startedAt = performance.now();
  try {
    const { operation, isKnown } = engine.prepare(permitted, request, inParts);
    recording?.planned(operation, performance.now() - startedAt, isKnown);
    if (!isKnown) record('plan', identity.traceparent, { startTime: startedAt })?.end();
    return { permitted, operation };
  } catch (error) {
    record('plan', identity.traceparent, { startTime: startedAt })?.end('there is no plan');
    const extensions = engine.maskFor(identity)(error as Error);
    return { refused: { data: 'null', errors: [{ message: onOurSide, extensions }] } };
  }
}
