import type { FetchNode, QueryPlanSelectionNode } from '@apollo/query-planner';
import { Kind, parse, type SelectionNode, type SelectionSetNode } from 'graphql';
import type { CompiledFetch, PlanFacts } from './compiled-fetch.ts';
import { createRepresenter, type Representer } from './represent.ts';
import type { PendingEntity } from './run.ts';
import type { Tree } from './tree.ts';

/** An object of the answer, and the entity that it refers to. */
export interface Target {
  readonly object: Tree;
  readonly entity: PendingEntity;
}

/** Entities that this step is the first to ask for. */
export interface Batch {
  readonly entities: PendingEntity[];
  readonly texts: string[];
  readonly objects: Tree[];
}

/** A fetch of entities, with what makes their representations. */
export interface EntityFetch extends CompiledFetch {
  readonly representer: Representer;
  /** The fetch of the plan that it is, or is made of. */
  readonly planned: CompiledFetch;
  /** What its entities are known by in the whole run; undefined where they are not to be shared. */
  readonly sharedName: string | undefined;
  /** Each object that refers to an entity gets a copy of its own. */
  readonly givesCopies: boolean;
}

/** Compiles what a fetch of entities says. */
export function entityFetch(
  compiled: CompiledFetch,
  requires: readonly QueryPlanSelectionNode[],
  { hasContexts }: Pick<PlanFacts, 'hasContexts'>,
  isWhole?: (typeName: unknown) => boolean,
): EntityFetch {
  const { node, kinds } = compiled;
  return {
    ...compiled,
    planned: compiled,
    representer: createRepresenter(kinds, requires, node.inputRewrites, isWhole),
    sharedName: !node.contextRewrites?.length && isFlatFetch(node.operation) ? anonymous(node) : undefined,
    givesCopies: hasContexts,
  };
}

/**
 * Entities are known beyond one fetch only where nothing hangs below their fields: what is merged into one object
 * must not show up at another place that asked for something else.
 */
function isFlatFetch(operation: string): boolean {
  const isFlat = (selection: SelectionNode): boolean => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return selection.selectionSet.selections.every(isFlat);
    return selection.kind === Kind.FIELD && !selection.selectionSet;
  };
  const sets = parse(operation).definitions.flatMap((one) => (one.kind === Kind.OPERATION_DEFINITION ? [one.selectionSet] : []));
  const below = ({ selections }: SelectionSetNode) =>
    selections.flatMap((one) => (one.kind === Kind.FIELD ? (one.selectionSet?.selections ?? []) : []));
  return sets.flatMap(below).every(isFlat);
}

/** The fetch without its name, which differs from place to place. */
const anonymous = ({ serviceName, operation }: FetchNode): string => `${serviceName}\n${operation.replace(/^query \w+/, 'query')}\n`;
