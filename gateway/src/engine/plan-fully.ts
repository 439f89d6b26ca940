import type { QueryPlan } from '@apollo/query-planner';
import { type DocumentNode, getNamedType, isInterfaceType, Kind, type SelectionNode, TypeInfo, visit, visitWithTypeInfo } from 'graphql';
import type { Graph, PlanOptions } from './graph.ts';
import { type Coverage, coverageAt, coverageOf, holesIn } from './holes.ts';
import type { ObjectShape, ValueShape } from './shape.ts';

/** A plan and what it asks for. */
export interface FullPlan {
  readonly plan: QueryPlan;
  readonly coverage: Coverage;
}

/**
 * Plans a document so that it leaves out as little as can be. The planner drops a field that leads to an interface of
 * which its subgraph knows no type, if nothing below it can be had; asked for the type as well, it keeps the field,
 * and the subgraph itself says what stands there. `wanted` is the shape of all that the document selects. Throws
 * where no plan can be made.
 */
export function planFully(graph: Graph, document: DocumentNode, options: PlanOptions, wanted: () => ObjectShape): FullPlan {
  const first = withCoverage(graph.plan(document, options));
  const objects = holesIn(wanted(), first.coverage).filter(({ field }) => !isLeaf(field.value));
  if (objects.length === 0) return first;
  const second = planWithTypes(graph, document, options);
  const mends = second && objects.some(({ path }) => coverageAt(second.coverage, path.slice(0, -1)).has(path.at(-1) ?? ''));
  return mends ? second : first;
}

const withCoverage = (plan: QueryPlan): FullPlan => ({ plan, coverage: coverageOf(plan) });

const isLeaf = (value: ValueShape): boolean => (value.kind === 'list' ? isLeaf(value.item) : value.kind === 'leaf');

function planWithTypes(graph: Graph, document: DocumentNode, options: PlanOptions): FullPlan | undefined {
  const asking = askTypes(graph, document);
  if (asking === document) return undefined;
  try {
    return withCoverage(graph.plan(asking, options));
  } catch {
    // The planner has interfaces of which it cannot ask the type; there is a plan without.
    return undefined;
  }
}

/** Asks each interface for its type, under a name that the planner does not take for its own. */
function askTypes({ schema, typeKey }: Graph, document: DocumentNode): DocumentNode {
  const name = (value: string) => ({ kind: Kind.NAME, value }) as const;
  const typename: SelectionNode = { kind: Kind.FIELD, alias: name(typeKey), name: name('__typename') };
  const types = new TypeInfo(schema);
  return visit(
    document,
    visitWithTypeInfo(types, {
      Field: {
        leave: (node) => {
          const { selectionSet } = node;
          if (!selectionSet || !isInterfaceType(getNamedType(types.getType()))) return undefined;
          return { ...node, selectionSet: { ...selectionSet, selections: [typename, ...selectionSet.selections] } };
        },
      },
    }),
  );
}
